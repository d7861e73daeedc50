package dev.quanyu;

import io.grpc.StatusException;
import io.grpc.stub.BlockingClientCall;
import java.util.Iterator;
import java.util.NoSuchElementException;

/**
 * What the platform streams, no faster than it is read. It can be read once; close it to end it early. It is not repeated:
 * what a stream has done so far its caller knows.
 *
 * @param <A> what comes
 */
public class Streamed<A> implements Iterable<A>, AutoCloseable {
    private final BlockingClientCall<?, A> call;

    Streamed(BlockingClientCall<?, A> call) {
        this.call = call;
    }

    @Override
    public final Iterator<A> iterator() {
        return new Iterator<>() {
            private A next;
            private boolean ended;

            @Override
            public boolean hasNext() {
                if (next == null && !ended) {
                    next = read();
                    ended = next == null;
                }
                return next != null;
            }

            @Override
            public A next() {
                if (!hasNext()) {
                    throw new NoSuchElementException();
                }
                var one = next;
                next = null;
                return one;
            }
        };
    }

    private A read() {
        try {
            return call.read();
        } catch (StatusException thrown) {
            throw QuanyuException.of(thrown, "", 1);
        } catch (InterruptedException interrupted) {
            throw interrupted(interrupted);
        }
    }

    /** Ends the stream, wherever it is. */
    @Override
    public final void close() {
        call.cancel("the caller has given up", null);
    }

    /** The error of a thread that was told to stop. */
    final QuanyuException interrupted(InterruptedException interrupted) {
        Thread.currentThread().interrupt();
        close();
        return QuanyuException.of(
                io.grpc.Status.CANCELLED.withDescription("the thread was interrupted").withCause(interrupted).asException(), "", 1);
    }
}
