package dev.quanyu;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;

/**
 * A stream in which the caller sends as well. Send in one thread and read in another: sending waits while the platform takes
 * no more, which it does not before its answers are read. Say when there is no more, by {@link #complete}.
 *
 * @param <Q> what is sent
 * @param <A> what comes
 */
public final class Conversation<Q, A> extends Streamed<A> {
    private final BlockingClientCall<Q, A> call;

    Conversation(BlockingClientCall<Q, A> call) {
        super(call);
        this.call = call;
    }

    /** Sends a message; false where the platform has ended the stream, which tells the reader why. */
    public boolean send(Q message) {
        try {
            return call.write(message);
        } catch (StatusException thrown) {
            throw QuanyuException.of(thrown, "", 1);
        } catch (InterruptedException interrupted) {
            throw interrupted(interrupted);
        }
    }

    /** Says that no more is sent. */
    public void complete() {
        call.halfClose();
    }
}
