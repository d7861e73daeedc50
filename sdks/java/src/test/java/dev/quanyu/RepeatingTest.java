package dev.quanyu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.google.rpc.BadRequest;
import dev.quanyu.Fake.Turn;
import dev.quanyu.points.v1.ExportEntriesRequest;
import dev.quanyu.points.v1.PointsServiceProto;
import dev.quanyu.points.v1.RedeemPointsRequest;
import dev.quanyu.points.v1.RedeemPointsResponse;
import io.grpc.Status;
import java.net.ConnectException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLHandshakeException;
import org.junit.jupiter.api.Test;

class RepeatingTest {
    private static final RedeemPointsRequest REQUEST =
            RedeemPointsRequest.newBuilder().setMemberId("mbr_1").setAssetCode("points").setAmount(1).build();
    private static final Duration SECOND = Duration.ofSeconds(1);
    private static final long MILLI = 1_000_000;

    private static QuanyuException failure(Services services) {
        return assertThrows(QuanyuException.class, () -> services.points().redeemPoints(REQUEST));
    }

    private static Turn[] times(int count, Turn turn) {
        return Collections.nCopies(count, turn).toArray(new Turn[0]);
    }

    @Test
    void aCallThatFailsForAMomentIsRepeatedWithTheRequestIdThatItGot() {
        var fake = new Fake(
                Fake.refusal(Status.Code.UNAVAILABLE), Fake.refusal(Status.Code.ABORTED), Fake.refusal(Status.Code.DEADLINE_EXCEEDED));
        var answer = fake.services().points().redeemPoints(REQUEST);
        assertEquals(4, fake.requestIds.size());
        assertEquals(1, fake.distinct());
        var id = fake.requestIds.get(0);
        assertTrue(id.matches("[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"), id);
        assertEquals("entry-of-" + id, answer.getEntry().getEntryId());
        assertEquals(Collections.nCopies(4, "Bearer qy_key"), fake.keys);
        assertEquals(4, fake.reconnections);
    }

    @Test
    void theCallersOwnRequestIdIsKeptAndEachCallGetsOneOfItsOwn() {
        var fake = new Fake(Fake.refusal(Status.Code.UNAVAILABLE));
        var points = fake.services().points();
        points.redeemPoints(REQUEST.toBuilder().setRequestId("order-1").build());
        assertEquals(List.of("order-1", "order-1"), fake.requestIds);
        points.redeemPoints(REQUEST);
        points.redeemPoints(REQUEST);
        assertEquals(3, fake.distinct());
    }

    @Test
    void requestIdsSortByTheirTime() throws InterruptedException {
        for (int turn = 0; turn < 50; turn++) {
            var first = RequestIds.newRequestId();
            Thread.sleep(2);
            assertTrue(first.compareTo(RequestIds.newRequestId()) < 0);
        }
    }

    @Test
    void aConnectionThatBreaksIsTriedAgain() {
        for (var status : List.of(
                Status.UNAVAILABLE.withDescription("io exception").withCause(new ConnectException("Connection refused")),
                Status.UNAVAILABLE.withDescription("Network closed for unknown reason"),
                Status.UNAVAILABLE.withCause(new SSLHandshakeException("Connection closed while SSL/TLS handshake was in progress")),
                Status.CANCELLED.withDescription("RST_STREAM closed stream. HTTP/2 error code: CANCEL"),
                Status.INTERNAL.withDescription("Encountered end-of-stream mid-frame"),
                Status.UNKNOWN.withDescription("Connection reset by peer"))) {
            var fake = new Fake(Fake.broken(status));
            fake.services().points().redeemPoints(REQUEST);
            assertEquals(2, fake.requestIds.size(), status.toString());
        }
    }

    @Test
    void whatTimeDoesNotMendIsNotTriedAgain() {
        for (var turn : List.of(
                Fake.broken(Status.UNAVAILABLE.withCause(new SSLHandshakeException("unable to find valid certification path"))),
                Fake.broken(Status.INTERNAL.withDescription("Invalid protobuf byte sequence")),
                Fake.broken(Status.UNKNOWN),
                Fake.broken(Status.CANCELLED.withDescription("the caller has given up")),
                Fake.refusal(Status.Code.ABORTED, Fake.reason("ETAG_MISMATCH")),
                Fake.refusal(Status.Code.RESOURCE_EXHAUSTED),
                Fake.refusal(Status.Code.NOT_FOUND))) {
            var fake = new Fake(turn);
            failure(fake.services());
            assertEquals(1, fake.requestIds.size(), turn.toString());
        }
        var said = Fake.refusal(Status.Code.INTERNAL, Fake.reason("BROKEN"));
        var fake = new Fake(new Turn(said.status().withDescription("RST_STREAM"), said.trailers(), Duration.ZERO));
        failure(fake.services());
        assertEquals(1, fake.requestIds.size());
    }

    @Test
    void aRefusalSaysAllThatThePlatformSays() {
        var bad = BadRequest.newBuilder();
        bad.addFieldViolationsBuilder().setField("amount").setDescription("must be positive");
        var fake = new Fake(Fake.refusal(Status.Code.FAILED_PRECONDITION, Fake.reason("INSUFFICIENT_POINTS"), bad.build()));
        var request = REQUEST.toBuilder().setRequestId("order-1").build();
        var error = assertThrows(QuanyuException.class, () -> fake.services().points().redeemPoints(request));
        assertEquals(Status.Code.FAILED_PRECONDITION, error.code());
        assertEquals("INSUFFICIENT_POINTS", error.reason());
        assertEquals("quanyu.points", error.domain());
        assertEquals("70", error.metadata().get("available"));
        assertEquals(List.of(new Violation("amount", "must be positive")), error.violations());
        assertTrue(error.retryDelay().isEmpty());
        assertEquals("order-1", error.requestId());
        assertEquals(1, error.attempts());
        assertEquals("dev.quanyu.QuanyuException: FAILED_PRECONDITION INSUFFICIENT_POINTS: refused", error.toString());
    }

    @Test
    void aLimitIsWaitedForAsLongAsThePlatformSays() {
        var fake = new Fake(Fake.refusal(Status.Code.RESOURCE_EXHAUSTED, Fake.retryAfter(Duration.ofMillis(3250))));
        fake.services().points().redeemPoints(REQUEST);
        assertEquals(List.of(3250 * MILLI), fake.pauses);
    }

    @Test
    void aWaitThatTheDeadlineDoesNotReachIsNotBegun() {
        for (var delay : List.of(Duration.ofSeconds(10), Duration.ofSeconds(315_576_000_000L))) {
            var fake = new Fake(Fake.refusal(Status.Code.UNAVAILABLE, Fake.retryAfter(delay)));
            assertEquals(delay, failure(fake.services()).retryDelay().orElseThrow());
            assertEquals(List.of(), fake.pauses);
        }
    }

    @Test
    void anAttemptThatTakesTooLongIsLeftForOneThatHasTwiceTheTime() {
        var fake = new Fake(times(9, Fake.slow(Duration.ofHours(1))));
        var error = failure(fake.services());
        assertEquals(Status.Code.DEADLINE_EXCEEDED, error.code());
        assertEquals(3, error.attempts());
        assertEquals(2500, Math.round(fake.limits.get(0) / 1e7) * 10);
        assertEquals(5000, Math.round(fake.limits.get(1) / 1e7) * 10);
        assertTrue(fake.limits.get(2) <= 2500 * MILLI);
        assertTrue(fake.nanos() <= 10_000 * MILLI && fake.nanos() > 9_900 * MILLI, fake.nanos() + " ns");
    }

    @Test
    void noCallOutlivesItsDeadlineOrTheClients() {
        var refusals = times(99, Fake.refusal(Status.Code.UNAVAILABLE));
        var fake = new Fake(refusals);
        var error = assertThrows(QuanyuException.class, () -> fake.services().points().redeemPoints(REQUEST, SECOND));
        assertTrue(fake.nanos() < SECOND.toNanos() && error.attempts() > 2);
        assertEquals(fake.requestIds.size(), error.attempts());
        var other = new Fake(refusals);
        failure(other.services(SECOND, true, () -> ""));
        assertTrue(other.nanos() < SECOND.toNanos());
        for (var nothing : List.of(Duration.ZERO, Duration.ofSeconds(-1))) {
            assertThrows(IllegalArgumentException.class, () -> fake.services().points().redeemPoints(REQUEST, nothing));
        }
    }

    @Test
    void pausesGrow() {
        var none = QuanyuException.of(Status.UNAVAILABLE.asException(), "", 1);
        for (int count = 1; count < 10; count++) {
            long limit = Math.min(2000, 50L << (count - 1)) * MILLI;
            long longest = 0;
            for (int turn = 0; turn < 300; turn++) {
                longest = Math.max(longest, Attempts.pause(none, count));
            }
            assertTrue(longest <= limit && longest > limit * 3 / 4, count + ": " + longest);
        }
        assertTrue(Attempts.pause(none, 1_000_000) <= 2000 * MILLI);
        var fake = new Fake(Fake.refusal(Status.Code.UNAVAILABLE, Fake.retryAfter(Duration.ZERO)));
        fake.services().points().redeemPoints(REQUEST);
        assertTrue(fake.pauses.get(0) > 0, "a delay of nothing hammers");
    }

    @Test
    void aDeadPlatformIsNotHammered() {
        var fake = new Fake(times(5000, Fake.refusal(Status.Code.UNAVAILABLE)));
        fake.isFrozen = true;
        var services = fake.services();
        for (int call = 0; call < 300; call++) {
            failure(services);
        }
        int sent = fake.requestIds.size();
        assertTrue(sent >= 429 && sent <= 430, "a hundred repetitions, and one for ten calls: " + sent);
    }

    @Test
    void whereThereIsNoConnectionTheBudgetIsNotAsked() {
        var nobody = Fake.broken(Status.UNAVAILABLE.withCause(new RuntimeException(new ConnectException("Connection refused"))));
        var fake = new Fake(times(500, nobody));
        fake.isFrozen = true;
        fake.services().points().redeemPoints(REQUEST);
        assertEquals(501, fake.requestIds.size());
    }

    @Test
    void theBudgetFillsWithTimeAndWithCalls() {
        var now = new long[1];
        var budget = new Budget(() -> now[0]);
        assertEquals(100, takeAll(budget));
        now[0] += 1_000_000_000L;
        assertEquals(10, takeAll(budget));
        for (int call = 0; call < 50; call++) {
            budget.deposit();
        }
        assertEquals(5, takeAll(budget));
        now[0] += 3_600_000_000_000L;
        assertEquals(100, takeAll(budget));
        var method = method();
        for (int call = 0; call < 10; call++) {
            new Attempts<>(method, REQUEST, SECOND, budget, true, Time.REAL);
        }
        assertEquals(1, takeAll(budget));
    }

    private static int takeAll(Budget budget) {
        int taken = 0;
        while (budget.withdraw()) {
            taken++;
        }
        return taken;
    }

    private static Method<RedeemPointsRequest, RedeemPointsResponse> method() {
        return Method.of(PointsServiceProto.getDescriptor(), "PointsService", "RedeemPoints",
                RedeemPointsRequest.getDefaultInstance(), RedeemPointsResponse.getDefaultInstance());
    }

    @Test
    void nothingIsRepeatedWhereTheContractDoesNotSayThatItIsSafeOrTheCallerDoesNotWantIt() {
        var unsafe = new Method<>(method().descriptor(), false, method().requestId());
        var fake = new Fake(Fake.refusal(Status.Code.UNAVAILABLE));
        var calls = new Calls(fake, () -> {}, () -> "", SECOND, true, fake);
        assertThrows(QuanyuException.class, () -> calls.unary(unsafe, REQUEST, null));
        assertEquals(1, fake.requestIds.size());
        assertTrue(fake.limits.get(0) > 900 * MILLI);
        var unwanted = new Fake(Fake.refusal(Status.Code.UNAVAILABLE));
        failure(unwanted.services(SECOND, false, () -> ""));
        assertEquals(1, unwanted.requestIds.size());
        assertTrue(unwanted.limits.get(0) > 900 * MILLI);
    }

    @Test
    void aThreadThatIsToldToStopDoesNotWait() {
        var fake = new Fake(Fake.refusal(Status.Code.UNAVAILABLE, Fake.retryAfter(Duration.ofSeconds(9))));
        var services = new Services(new Calls(fake, () -> {}, () -> "", Duration.ofSeconds(10), true, Time.REAL));
        Thread.currentThread().interrupt();
        failure(services);
        assertTrue(Thread.interrupted());
        assertEquals(1, fake.requestIds.size());
    }

    @Test
    void theKeyIsAskedForAtEachAttempt() {
        var fake = new Fake(Fake.refusal(Status.Code.UNAVAILABLE));
        var keys = new ArrayDeque<>(List.of("first", "second"));
        fake.services(SECOND, true, keys::remove).points().redeemPoints(REQUEST);
        assertEquals(List.of("Bearer first", "Bearer second"), fake.keys);
        var missing = new IllegalStateException("no key today");
        var services = fake.services(SECOND, true, () -> {
            throw missing;
        });
        assertSame(missing, failure(services).getCause());
        var thrown = assertThrows(CompletionException.class, () -> services.points().redeemPointsAsync(REQUEST).join());
        assertSame(missing, thrown.getCause().getCause());
        assertThrows(QuanyuException.class, () -> services.exports().exportEntries(ExportEntriesRequest.getDefaultInstance()));
        assertEquals(2, fake.requestIds.size());
    }

    @Test
    void aFutureIsRepeatedAsWell() throws Exception {
        var fake = new Fake(Fake.refusal(Status.Code.UNAVAILABLE), Fake.refusal(Status.Code.ABORTED));
        var answer = fake.services().points().redeemPointsAsync(REQUEST).get(5, TimeUnit.SECONDS);
        assertEquals(3, fake.requestIds.size());
        assertEquals(1, fake.distinct());
        assertEquals("entry-of-" + fake.requestIds.get(0), answer.getEntry().getEntryId());
        assertEquals(3, fake.reconnections);
        fake.turns.add(Fake.refusal(Status.Code.NOT_FOUND));
        var thrown = assertThrows(CompletionException.class, () -> fake.services().points().redeemPointsAsync(REQUEST, SECOND).join());
        assertEquals(Status.Code.NOT_FOUND, assertInstanceOf(QuanyuException.class, thrown.getCause()).code());
    }

    @Test
    void aFutureThatIsGivenUpIsNotRepeated() throws InterruptedException {
        var fake = new Fake(Fake.refusal(Status.Code.UNAVAILABLE, Fake.retryAfter(Duration.ofMillis(200))));
        var future = fake.services().points().redeemPointsAsync(REQUEST);
        assertFalse(future.isDone());
        future.cancel(true);
        assertThrows(CancellationException.class, future::join);
        Thread.sleep(400);
        assertEquals(1, fake.requestIds.size());
    }

    @Test
    void aStreamIsNotRepeatedAndHasOurErrors() {
        var fake = new Fake(Fake.refusal(Status.Code.UNAVAILABLE, Fake.reason("BUSY")));
        try (var stream = fake.services().exports().exportEntries(ExportEntriesRequest.getDefaultInstance())) {
            var error = assertThrows(QuanyuException.class, () -> stream.iterator().next());
            assertEquals("BUSY", error.reason());
        }
        assertEquals(1, fake.requestIds.size());
        assertEquals(1, fake.reconnections);
        assertEquals(List.of("Bearer qy_key"), fake.keys);
    }
}
