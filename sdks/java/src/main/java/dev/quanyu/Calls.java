package dev.quanyu;

import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptors;
import io.grpc.stub.ClientCalls;
import io.grpc.stub.StreamObserver;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Makes the calls of a client, and those that are safe to repeat again. */
final class Calls {
    private final Channel channel;
    private final Runnable reconnect;
    private final Duration deadline;
    private final boolean retries;
    private final Time time;
    private final Budget budget;

    Calls(Channel channel, Runnable reconnect, Supplier<String> key, Duration deadline, boolean retries, Time time) {
        this.channel = ClientInterceptors.intercept(channel, new KeyInterceptor(key));
        this.reconnect = reconnect;
        this.deadline = deadline;
        this.retries = retries;
        this.time = time;
        budget = new Budget(time::nanos);
    }

    <Q extends Message, A extends Message> A unary(Method<Q, A> method, Q request, Duration own) {
        var attempts = attempts(method, request, own);
        while (true) {
            QuanyuException error;
            reconnect.run();
            try {
                return ClientCalls.blockingUnaryCall(channel, method.descriptor(), within(attempts.limit()), attempts.request());
            } catch (RuntimeException thrown) {
                error = attempts.failed(thrown);
            }
            long pause = attempts.pauseAfter(error);
            try {
                time.sleep(pause);
            } catch (InterruptedException interrupted) {
                Thread.currentThread().interrupt();
                throw error;
            }
        }
    }

    <Q extends Message, A extends Message> CompletableFuture<A> unaryAsync(Method<Q, A> method, Q request, Duration own) {
        var result = new CompletableFuture<A>();
        attempt(method, attempts(method, request, own), result);
        return result;
    }

    private <Q extends Message, A extends Message> void attempt(
            Method<Q, A> method, Attempts<Q> attempts, CompletableFuture<A> result) {
        if (result.isDone()) {
            return;
        }
        reconnect.run();
        ClientCall<Q, A> call = channel.newCall(method.descriptor(), within(attempts.limit()));
        result.whenComplete((answer, error) -> {
            if (result.isCancelled()) {
                call.cancel("the caller has given up", null);
            }
        });
        var observer = new StreamObserver<A>() {
            @Override
            public void onNext(A answer) {
                result.complete(answer);
            }

            @Override
            public void onError(Throwable thrown) {
                try {
                    long pause = attempts.pauseAfter(attempts.failed((Exception) thrown));
                    CompletableFuture.delayedExecutor(pause, TimeUnit.NANOSECONDS).execute(() -> attempt(method, attempts, result));
                } catch (RuntimeException last) {
                    result.completeExceptionally(last);
                }
            }

            @Override
            public void onCompleted() {}
        };
        try {
            ClientCalls.asyncUnaryCall(call, attempts.request(), observer);
        } catch (RuntimeException thrown) {
            result.completeExceptionally(attempts.failed(thrown));
        }
    }

    <Q extends Message, A extends Message> Streamed<A> streamed(Method<Q, A> method, Q request, Duration own) {
        reconnect.run();
        try {
            return new Streamed<>(ClientCalls.blockingV2ServerStreamingCall(channel, method.descriptor(), streaming(own), request));
        } catch (RuntimeException thrown) {
            throw QuanyuException.of(thrown, "", 1);
        }
    }

    <Q extends Message, A extends Message> Conversation<Q, A> conversation(Method<Q, A> method, Duration own) {
        reconnect.run();
        try {
            return new Conversation<>(ClientCalls.blockingBidiStreamingCall(channel, method.descriptor(), streaming(own)));
        } catch (RuntimeException thrown) {
            throw QuanyuException.of(thrown, "", 1);
        }
    }

    <Q extends Message, A extends Message> Paged<A> pages(Method<Q, A> method, Q request) {
        return new Paged<>(() -> new PageIterator<>(this, method, request));
    }

    private <Q extends Message> Attempts<Q> attempts(Method<Q, ?> method, Q request, Duration own) {
        return new Attempts<>(method, request, own == null ? deadline : own, budget, retries, time);
    }

    private static CallOptions within(long nanos) {
        return CallOptions.DEFAULT.withDeadlineAfter(nanos, TimeUnit.NANOSECONDS);
    }

    /** Streams have no deadline but one of their own. */
    private static CallOptions streaming(Duration own) {
        return own == null ? CallOptions.DEFAULT : within(own.toNanos());
    }
}
