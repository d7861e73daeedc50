package dev.quanyu;

import com.google.protobuf.Any;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import dev.quanyu.points.v1.Entry;
import dev.quanyu.points.v1.ListEntriesRequest;
import dev.quanyu.points.v1.ListEntriesResponse;
import dev.quanyu.points.v1.RedeemPointsRequest;
import dev.quanyu.points.v1.RedeemPointsResponse;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** A platform in memory, which goes through its turns and then answers at once, by a clock that goes on when it is waited for. */
final class Fake extends Channel implements Time {
    /** What becomes of one attempt: an error, or an answer after some time. */
    record Turn(Status status, Metadata trailers, Duration after) {}

    final Queue<Turn> turns = new ArrayDeque<>();
    final List<String> requestIds = new ArrayList<>();
    final List<Long> at = new ArrayList<>();
    final List<Long> limits = new ArrayList<>();
    final List<String> keys = new ArrayList<>();
    final List<Long> pauses = new ArrayList<>();
    int pages;
    int reconnections;
    /** Whether all waits are at the same time, as those of many callers are. */
    boolean isFrozen;
    private long now;

    Fake(Turn... given) {
        turns.addAll(List.of(given));
    }

    Services services() {
        return services(Duration.ofSeconds(10), true, () -> "qy_key");
    }

    Services services(Duration deadline, boolean retries, Supplier<String> key) {
        return new Services(new Calls(this, () -> reconnections++, key, deadline, retries, this));
    }

    static Turn refusal(Status.Code code, Message... details) {
        var said = com.google.rpc.Status.newBuilder().setCode(code.value()).setMessage("refused");
        for (var detail : details) {
            said.addDetails(Any.pack(detail));
        }
        var thrown = StatusProto.toStatusRuntimeException(said.build());
        return new Turn(thrown.getStatus(), thrown.getTrailers(), Duration.ZERO);
    }

    static Turn broken(Status status) {
        return new Turn(status, new Metadata(), Duration.ZERO);
    }

    static Turn slow(Duration after) {
        return new Turn(Status.OK, new Metadata(), after);
    }

    static ErrorInfo reason(String reason) {
        return ErrorInfo.newBuilder().setReason(reason).setDomain("quanyu.points").putMetadata("available", "70").build();
    }

    static RetryInfo retryAfter(Duration delay) {
        var asked = com.google.protobuf.Duration.newBuilder().setSeconds(delay.getSeconds()).setNanos(delay.getNano());
        return RetryInfo.newBuilder().setRetryDelay(asked).build();
    }

    long distinct() {
        return new HashSet<>(requestIds).size();
    }

    @Override
    public synchronized long nanos() {
        return now;
    }

    @Override
    public synchronized void sleep(long nanos) {
        pauses.add(nanos);
        now += isFrozen ? 0 : nanos;
    }

    @Override
    public String authority() {
        return "fake";
    }

    @Override
    public <Q, A> ClientCall<Q, A> newCall(MethodDescriptor<Q, A> method, CallOptions options) {
        return new ClientCall<>() {
            private Listener<A> listener;
            private Q request;

            @Override
            public void start(Listener<A> listener, Metadata headers) {
                this.listener = listener;
                keys.add(headers.get(Metadata.Key.of("authorization", Metadata.ASCII_STRING_MARSHALLER)));
            }

            @Override
            public void request(int messages) {}

            @Override
            public void cancel(String message, Throwable cause) {}

            @Override
            public void sendMessage(Q request) {
                this.request = request;
            }

            @Override
            public void halfClose() {
                long limit = options.getDeadline() == null ? Long.MAX_VALUE : options.getDeadline().timeRemaining(TimeUnit.NANOSECONDS);
                answer(listener, request, limit);
            }
        };
    }

    @SuppressWarnings("unchecked")
    private <A> void answer(ClientCall.Listener<A> listener, Object request, long limit) {
        if (request instanceof ListEntriesRequest list) {
            pages++;
            listener.onMessage((A) page(list));
            listener.onClose(Status.OK, new Metadata());
            return;
        }
        var id = request instanceof RedeemPointsRequest redemption ? redemption.getRequestId() : "";
        requestIds.add(id);
        at.add(now);
        limits.add(limit);
        var turn = turns.isEmpty() ? slow(Duration.ZERO) : turns.remove();
        if (turn.after().toNanos() > limit) {
            now += limit;
            listener.onClose(Status.DEADLINE_EXCEEDED, new Metadata());
            return;
        }
        now += turn.after().toNanos();
        if (turn.status().isOk()) {
            listener.onMessage((A) RedeemPointsResponse.newBuilder().setEntry(Entry.newBuilder().setEntryId("entry-of-" + id)).build());
        }
        listener.onClose(turn.status(), turn.trailers());
    }

    /** Answers of five entries, which are called by their places. */
    private static ListEntriesResponse page(ListEntriesRequest request) {
        int from = request.getPageToken().isEmpty() ? 0 : Integer.parseInt(request.getPageToken());
        int until = Math.min(from + request.getPageSize(), 5);
        var page = ListEntriesResponse.newBuilder();
        for (int place = from; place < until; place++) {
            page.addEntries(Entry.newBuilder().setEntryId(Integer.toString(place)));
        }
        return page.setNextPageToken(until < 5 ? Integer.toString(until) : "").build();
    }
}
