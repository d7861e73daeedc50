package dev.quanyu;

import java.security.SecureRandom;
import java.util.UUID;

/** Ids of requests. */
public final class RequestIds {
    private static final SecureRandom CHANCE = new SecureRandom();

    private RequestIds() {}

    /**
     * A new id, which sorts by its time: a UUID of version 7 (RFC 9562). A request without an id gets one by itself; make one
     * where it has to outlive the process, and keep it.
     */
    public static String newRequestId() {
        long high = System.currentTimeMillis() << 16 | 0x7000 | CHANCE.nextInt(1 << 12);
        long low = CHANCE.nextLong() >>> 2 | 1L << 63;
        return new UUID(high, low).toString();
    }
}
