package dev.quanyu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

/** By the example of the specification, Standard Webhooks. */
class WebhookTest {
    private static final String SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private static final String OTHER = "whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD";
    private static final String BODY = "{\"test\": 2432232314}";
    private static final String SIGNATURE = "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=";
    private static final Instant THEN = Instant.ofEpochSecond(1614265330);
    private static final Map<String, String> HEADERS = Map.of(
            "webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek", "webhook-timestamp", "1614265330", "webhook-signature", SIGNATURE);

    private static Webhook verify(String body, Map<String, String> headers, Instant now, String... secrets) throws WebhookException {
        var verifier = new WebhookVerifier(Duration.ofMinutes(5), Clock.fixed(now, ZoneOffset.UTC), secrets);
        return verifier.verify(body.getBytes(StandardCharsets.UTF_8), headers);
    }

    private static Map<String, String> with(String name, String value) {
        var headers = new HashMap<>(HEADERS);
        headers.put(name, value);
        return headers;
    }

    @Test
    void aMessageOfOneWhoKnowsASecretIsBelieved() throws WebhookException {
        assertEquals(new Webhook("msg_p5jXN8AQM9LWM0D4loKWxJek", THEN), verify(BODY, HEADERS, THEN, SECRET));
        verify(BODY, HEADERS, THEN, SECRET.substring("whsec_".length()));
        verify(BODY, HEADERS, THEN, OTHER, SECRET);
        verify(BODY, with("webhook-signature", "v1,eHh4 v1a,abc v2,eQ== " + SIGNATURE), THEN, SECRET);
        var capitals = new HashMap<String, String>();
        HEADERS.forEach((name, value) -> capitals.put(name.toUpperCase(java.util.Locale.ROOT), value));
        capitals.put(null, "HTTP/1.1 200 OK");
        verify(BODY, capitals, THEN, SECRET);
    }

    @Test
    void whateverWasChangedIsNotBelieved() {
        for (var headers : List.of(
                with("webhook-id", "msg_another"),
                with("webhook-timestamp", "1614265331"),
                with("webhook-timestamp", "1614265330.0"),
                with("webhook-timestamp", "99999999999999999999"),
                with("webhook-signature", SIGNATURE.replace("v1,", "v2,")),
                with("webhook-signature", SIGNATURE.substring("v1,".length())),
                with("webhook-signature", "v1,no base64"),
                with("webhook-signature", "v1,"),
                with("webhook-signature", ""),
                Map.of("webhook-id", "msg_p5jXN8AQM9LWM0D4loKWxJek"))) {
            assertThrows(WebhookException.class, () -> verify(BODY, headers, THEN, SECRET), headers.toString());
        }
        assertThrows(WebhookException.class, () -> verify(BODY + " ", HEADERS, THEN, SECRET));
        assertThrows(WebhookException.class, () -> verify(BODY, HEADERS, THEN, OTHER));
    }

    @Test
    void aMessageIsBelievedForFiveMinutesEitherWay() throws WebhookException {
        for (int seconds : new int[] {-300, 300}) {
            verify(BODY, HEADERS, THEN.plusSeconds(seconds), SECRET);
        }
        for (int seconds : new int[] {-301, 301}) {
            assertThrows(WebhookException.class, () -> verify(BODY, HEADERS, THEN.plusSeconds(seconds), SECRET));
        }
        assertThrows(WebhookException.class, () -> new WebhookVerifier(SECRET).verify(BODY.getBytes(StandardCharsets.UTF_8), HEADERS));
    }

    @Test
    void aSecretIsBase64() {
        for (var secrets : List.of(new String[] {}, new String[] {""}, new String[] {"whsec_?"}, new String[] {SECRET, "?"})) {
            assertThrows(IllegalArgumentException.class, () -> new WebhookVerifier(secrets));
        }
    }
}
