package dev.quanyu;

import com.google.protobuf.Message;
import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/** The attempts of one call. Its request has an id from the first one on, which all of them keep. */
final class Attempts<Q extends Message> {
    /** The pause before the first repetition, at the most; it doubles each time, up to the longest. */
    private static final long PAUSE_NANOS = 50_000_000;
    private static final long PAUSE_NANOS_MAX = 2_000_000_000;
    private static final int DOUBLINGS_MAX = 16;
    /** The first attempt has this part of the whole deadline; after one that ran out of time, the next has twice as long. */
    private static final int FIRST_ATTEMPT_PART = 4;
    /** An attempt has some time, however near the end is. */
    private static final long LIMIT_NANOS_MIN = 1_000_000;

    private final Time time;
    private final Budget budget;
    private final boolean mayRepeat;
    private final long end;
    private final Q request;
    private final String requestId;
    private long limit;
    private int count = 1;

    Attempts(Method<Q, ?> method, Q request, Duration deadline, Budget budget, boolean retries, Time time) {
        if (deadline.isNegative() || deadline.isZero()) {
            throw new IllegalArgumentException("a call has a deadline of more than 0: " + deadline);
        }
        this.time = time;
        this.budget = budget;
        end = time.nanos() + deadline.toNanos();
        mayRepeat = retries && method.isSafe();
        limit = mayRepeat ? deadline.toNanos() / FIRST_ATTEMPT_PART : deadline.toNanos();
        var given = method.requestId() == null ? "" : (String) request.getField(method.requestId());
        if (method.requestId() == null || !given.isEmpty()) {
            this.request = request;
            requestId = given;
        } else {
            requestId = RequestIds.newRequestId();
            @SuppressWarnings("unchecked") // A message's builder builds messages of its kind.
            var own = (Q) request.toBuilder().setField(method.requestId(), requestId).build();
            this.request = own;
        }
        budget.deposit();
    }

    Q request() {
        return request;
    }

    /** How many nanoseconds the next attempt may take. */
    long limit() {
        return Math.max(LIMIT_NANOS_MIN, Math.min(limit, end - time.nanos()));
    }

    QuanyuException failed(Exception thrown) {
        return QuanyuException.of(thrown, requestId, count);
    }

    /** How many nanoseconds to wait before the next attempt. Throws the error where there is none. */
    long pauseAfter(QuanyuException error) {
        long pause = pause(error, count);
        if (!mayRepeat || !Faults.isPassing(error) || time.nanos() + pause - end >= 0) {
            throw error;
        }
        // Where there was no connection nothing was sent, and the platform has no more to do for it.
        if (!Faults.isUnsent(error) && !budget.withdraw()) {
            throw error;
        }
        if (error.code() == io.grpc.Status.Code.DEADLINE_EXCEEDED) {
            limit *= 2;
        }
        count++;
        return pause;
    }

    /** What the platform asks for, or else at random, so that those who failed together do not come again together. */
    static long pause(QuanyuException error, int count) {
        return error.retryDelay().map(Attempts::nanosOf).filter(asked -> asked > 0).orElseGet(() ->
                ThreadLocalRandom.current()
                        .nextLong(1, Math.min(PAUSE_NANOS_MAX, PAUSE_NANOS << Math.min(count - 1, DOUBLINGS_MAX))));
    }

    /** In nanoseconds, where a platform asks for centuries the most that there are of them by half. */
    private static long nanosOf(Duration asked) {
        return asked.getSeconds() > Integer.MAX_VALUE ? Long.MAX_VALUE / 2 : asked.toNanos();
    }
}
