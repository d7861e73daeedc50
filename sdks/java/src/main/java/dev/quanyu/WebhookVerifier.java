package dev.quanyu;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** Verifies messages by Standard Webhooks (version 1, HMAC-SHA256). */
public final class WebhookVerifier {
    private static final Duration TOLERANCE = Duration.ofMinutes(5);
    private static final Pattern SECONDS = Pattern.compile("[0-9]{1,12}");
    private static final String ALGORITHM = "HmacSHA256";

    private final List<SecretKeySpec> keys = new ArrayList<>();
    private final Duration tolerance;
    private final Clock clock;

    /** By the secrets that are valid now: two while one follows the other. Messages are believed for five minutes. */
    public WebhookVerifier(String... secrets) {
        this(TOLERANCE, Clock.systemUTC(), secrets);
    }

    /** By a tolerance of one's own, either way, and a clock. */
    public WebhookVerifier(Duration tolerance, Clock clock, String... secrets) {
        this.tolerance = tolerance;
        this.clock = clock;
        for (var secret : secrets) {
            var key = bytesOf(secret.startsWith("whsec_") ? secret.substring("whsec_".length()) : secret);
            if (key.length == 0) {
                throw new IllegalArgumentException("a webhook's secret is whsec_ and base64");
            }
            keys.add(new SecretKeySpec(key, ALGORITHM));
        }
        if (keys.isEmpty()) {
            throw new IllegalArgumentException("a webhook has a secret");
        }
    }

    /**
     * Says that one who knows a secret has sent this very body, within the tolerance.
     *
     * @param body the body as it came, before anybody parsed it
     * @param headers those of the request, with webhook-id, webhook-timestamp and webhook-signature
     * @throws WebhookException where it is not so
     */
    public Webhook verify(byte[] body, Map<String, String> headers) throws WebhookException {
        var given = new TreeMap<String, String>(String.CASE_INSENSITIVE_ORDER);
        headers.forEach((name, value) -> {
            if (name != null && value != null) {
                given.put(name, value);
            }
        });
        var id = header(given, "webhook-id");
        var timestamp = header(given, "webhook-timestamp");
        var signatures = header(given, "webhook-signature");
        if (!SECONDS.matcher(timestamp).matches()) {
            throw new WebhookException("webhook-timestamp is no time in seconds");
        }
        var sent = Instant.ofEpochSecond(Long.parseLong(timestamp));
        if (Duration.between(sent, clock.instant()).abs().compareTo(tolerance) > 0) {
            throw new WebhookException("the message is too old, or its time has not come: see that the clock is right");
        }
        for (var key : keys) {
            if (isSigned(key, id + "." + timestamp + ".", body, signatures)) {
                return new Webhook(id, sent);
            }
        }
        throw new WebhookException("no signature is of one of the secrets: the body, the id or the time is not what was signed");
    }

    private static String header(Map<String, String> given, String name) throws WebhookException {
        var value = given.getOrDefault(name, "");
        if (value.isEmpty()) {
            throw new WebhookException("the header " + name + " is missing");
        }
        return value;
    }

    private static boolean isSigned(SecretKeySpec key, String head, byte[] body, String signatures) {
        byte[] expected;
        try {
            var mac = Mac.getInstance(ALGORITHM);
            mac.init(key);
            mac.update(head.getBytes(StandardCharsets.UTF_8));
            expected = mac.doFinal(body);
        } catch (GeneralSecurityException impossible) {
            throw new IllegalStateException("every Java has " + ALGORITHM, impossible);
        }
        for (var signature : signatures.split(" ")) {
            // Compares in constant time.
            if (signature.startsWith("v1,") && MessageDigest.isEqual(expected, bytesOf(signature.substring("v1,".length())))) {
                return true;
            }
        }
        return false;
    }

    /** What a text in base64 stands for; nothing where it is none. */
    private static byte[] bytesOf(String base64) {
        try {
            return Base64.getDecoder().decode(base64);
        } catch (IllegalArgumentException none) {
            return new byte[0];
        }
    }
}
