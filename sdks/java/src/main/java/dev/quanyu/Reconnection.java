package dev.quanyu;

import io.grpc.ConnectivityState;
import io.grpc.ManagedChannel;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Makes a connection anew that is not there. gRPC waits a second to two minutes before it tries again, and nothing sets how
 * long: a platform that is back would be refused by its own callers. Asked before each attempt.
 */
final class Reconnection implements Runnable {
    /** However many ask, it is tried no oftener. */
    private static final long PAUSE_NANOS = 100_000_000;

    private final ManagedChannel channel;
    private final Time time;
    private final AtomicLong tried;

    Reconnection(ManagedChannel channel, Time time) {
        this.channel = channel;
        this.time = time;
        tried = new AtomicLong(time.nanos() - PAUSE_NANOS);
    }

    @Override
    public void run() {
        if (channel.getState(false) != ConnectivityState.TRANSIENT_FAILURE) {
            return;
        }
        long last = tried.get();
        long now = time.nanos();
        if (now - last >= PAUSE_NANOS && tried.compareAndSet(last, now)) {
            channel.resetConnectBackoff();
        }
    }
}
