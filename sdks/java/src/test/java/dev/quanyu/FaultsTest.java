package dev.quanyu;

import static dev.quanyu.PlatformProcess.balanceOf;
import static dev.quanyu.PlatformProcess.memberWith;
import static dev.quanyu.PlatformProcess.redemption;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quanyu.points.v1.RedeemPointsRequest;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.MethodDescriptor;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executors;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

/** Calls through a proxy that cuts connections before and after a request got through, and answers late. */
@EnabledIfEnvironmentVariable(named = PlatformProcess.BINARY, matches = ".+")
class FaultsTest {
    private static final int CALLS = 200;
    private static final int CALLERS = 4;

    @TempDir
    static Path folder;

    private static PlatformProcess platform;
    private static Client direct;

    @BeforeAll
    static void start() throws IOException {
        platform = new PlatformProcess(folder, Map.of());
        direct = platform.client();
        PlatformProcess.openShop(direct);
    }

    @AfterAll
    static void end() throws InterruptedException {
        direct.close();
        platform.close();
    }

    @Test
    void redemptionsTakeWhatTheySay() throws IOException {
        assertEquals(CALLS, taken("faults", 1, new Counting(false), services -> request -> services.points().redeemPoints(request)));
    }

    @Test
    void redemptionsByFuturesTakeWhatTheySay() throws IOException {
        assertEquals(CALLS, taken("futures", 2, new Counting(false), services -> request -> services.points().redeemPointsAsync(request).join()));
    }

    @Test
    void withAnotherRequestIdAtEachAttemptTheyWouldTakeMore() throws IOException {
        assertTrue(taken("forgetful", 1, new Counting(true), services -> request -> services.points().redeemPoints(request)) > CALLS);
    }

    /** Redeems one point so many times, and tells how many points that took. */
    private static long taken(String name, int seed, Counting counting, java.util.function.Function<Services, Consumer<RedeemPointsRequest>> how)
            throws IOException {
        var memberId = memberWith(direct, name, 1000);
        var callers = Executors.newFixedThreadPool(CALLERS);
        try (var faulty = new PlatformProcess.Faulty(platform, seed); var client = Client.of(faulty.address, platform.key())) {
            var channel = ClientInterceptors.intercept(client.channel(), counting);
            var services = new Services(new Calls(
                    channel, new Reconnection(client.channel(), Time.REAL), platform::key, Duration.ofSeconds(30), true, Time.REAL));
            var call = how.apply(services);
            var calls = IntStream.range(0, CALLS)
                    .mapToObj(order -> CompletableFuture.runAsync(() -> call.accept(redemption(memberId)), callers))
                    .toArray(CompletableFuture[]::new);
            CompletableFuture.allOf(calls).join();
            long taken = 1000 - balanceOf(direct, memberId);
            System.out.printf("%d calls were sent %d times and took %d points; %s%n", CALLS, counting.sent.get(), taken, faulty.end());
            assertTrue(counting.sent.get() > CALLS);
            return taken;
        } finally {
            callers.shutdownNow();
        }
    }

    /** Counts what is sent; a forgetful one does what is wrong with most retries: each attempt is a request of its own. */
    private record Counting(boolean isForgetful, AtomicInteger sent) implements ClientInterceptor {
        Counting(boolean isForgetful) {
            this(isForgetful, new AtomicInteger());
        }

        @Override
        public <Q, A> ClientCall<Q, A> interceptCall(MethodDescriptor<Q, A> method, CallOptions options, Channel next) {
            sent.incrementAndGet();
            return new SimpleForwardingClientCall<>(next.newCall(method, options)) {
                @Override
                @SuppressWarnings("unchecked")
                public void sendMessage(Q message) {
                    super.sendMessage(isForgetful && message instanceof RedeemPointsRequest redemption
                            ? (Q) redemption.toBuilder().setRequestId(RequestIds.newRequestId()).build()
                            : message);
                }
            };
        }
    }
}
