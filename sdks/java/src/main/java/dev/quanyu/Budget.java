package dev.quanyu;

import java.util.function.LongSupplier;

/**
 * How many calls may still be repeated: ten a second and a tenth of all calls. Where the platform is slow because it has too
 * much to do, repeating every call would give it more.
 */
final class Budget {
    private static final double NANOS_PER_SECOND = 1e9;
    /** A hundred repetitions may be saved. */
    private static final double SAVED_MAX = 100;
    private static final double PER_SECOND = 10;
    private static final double PER_CALL = 0.1;
    /** Sums of tenths are a little less than they should be. */
    private static final double TOLERANCE = 1e-9;

    private final LongSupplier nanos;
    private long seen;
    private double left = SAVED_MAX;

    Budget(LongSupplier nanos) {
        this.nanos = nanos;
        seen = nanos.getAsLong();
    }

    /** Says that a call is made. */
    synchronized void deposit() {
        add(PER_CALL);
    }

    /** Takes one repetition out; false where none is left. */
    synchronized boolean withdraw() {
        add(0);
        if (left < 1 - TOLERANCE) {
            return false;
        }
        left--;
        return true;
    }

    private void add(double brought) {
        long now = nanos.getAsLong();
        left = Math.min(SAVED_MAX, left + (now - seen) / NANOS_PER_SECOND * PER_SECOND + brought);
        seen = now;
    }
}
