package dev.quanyu;

import static dev.quanyu.PlatformProcess.balanceOf;
import static dev.quanyu.PlatformProcess.memberWith;
import static dev.quanyu.PlatformProcess.redemption;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.quanyu.identity.v1.ListChannelsRequest;
import dev.quanyu.points.v1.EarnPointsRequest;
import dev.quanyu.points.v1.Entry;
import dev.quanyu.points.v1.ExportEntriesRequest;
import dev.quanyu.points.v1.GetBalanceRequest;
import dev.quanyu.points.v1.GetBalanceResponse;
import dev.quanyu.points.v1.ListEntriesRequest;
import dev.quanyu.points.v1.PointsServiceProto;
import dev.quanyu.points.v1.PostStreamRequest;
import dev.quanyu.points.v1.Posting;
import dev.quanyu.points.v1.RedeemPointsRequest;
import io.grpc.CallOptions;
import io.grpc.ClientInterceptors;
import io.grpc.Status;
import io.grpc.stub.ClientCalls;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfEnvironmentVariable;
import org.junit.jupiter.api.io.TempDir;

@EnabledIfEnvironmentVariable(named = PlatformProcess.BINARY, matches = ".+")
class PlatformTest {
    @TempDir
    static Path folder;

    private static PlatformProcess platform;
    private static Client quanyu;

    @BeforeAll
    static void start() throws IOException {
        platform = new PlatformProcess(folder, Map.of());
        quanyu = platform.client();
        PlatformProcess.openShop(quanyu);
    }

    @AfterAll
    static void end() throws InterruptedException {
        quanyu.close();
        platform.close();
    }

    @Test
    void theExampleRunsAndRunsAgain() throws Exception {
        for (var left : List.of("169 are left\n", "139 are left\n")) {
            var told = runExample();
            assertTrue(told.endsWith(left) && told.contains("an order of 199.00 CNY earned 199\norder-2 was paid with 50\n"), told);
        }
    }

    /** Runs the example, from its source against the packed library where QUANYU_CLASSPATH names that. */
    private static String runExample() throws IOException, InterruptedException {
        var packed = System.getenv("QUANYU_CLASSPATH");
        var builder = packed == null
                ? new ProcessBuilder("java", "-cp", System.getProperty("java.class.path"), "dev.quanyu.example.Shop")
                : new ProcessBuilder("java", "-cp", packed, "example/dev/quanyu/example/Shop.java");
        builder.environment().put("QUANYU_ADDRESS", platform.address());
        builder.environment().put("QUANYU_API_KEY", platform.key());
        var process = builder.redirectErrorStream(true).start();
        var told = new String(process.getInputStream().readAllBytes(), java.nio.charset.StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), told);
        return told;
    }

    @Test
    void aRequestThatComesAgainGetsTheFirstAnswer() {
        var request = redemption(memberWith(quanyu, "again", 10)).toBuilder().setRequestId("redeem-again").build();
        assertEquals(quanyu.points().redeemPoints(request), quanyu.points().redeemPointsAsync(request).join());
        assertEquals(9, balanceOf(quanyu, request.getMemberId()));
    }

    @Test
    void aRefusalSaysWhy() {
        var request = redemption(memberWith(quanyu, "refused", 70)).toBuilder().setAmount(500).build();
        var refused = assertThrows(QuanyuException.class, () -> quanyu.points().redeemPoints(request));
        assertEquals(Status.Code.FAILED_PRECONDITION, refused.code());
        assertEquals("INSUFFICIENT_POINTS", refused.reason());
        assertEquals("quanyu.points", refused.domain());
        assertEquals("70", refused.metadata().get("available"));
        assertEquals(1, refused.attempts());
        assertFalse(refused.requestId().isEmpty());
        var nothing = RedeemPointsRequest.newBuilder().setAssetCode("Points").setAmount(-1).build();
        var wrong = assertThrows(QuanyuException.class, () -> quanyu.points().redeemPoints(nothing));
        assertEquals("INVALID_FIELD", wrong.reason());
        assertEquals(List.of("amount", "asset_code", "member_id"), wrong.violations().stream().map(Violation::field).sorted().toList());
    }

    @Test
    void listsAreIterators() {
        var memberId = memberWith(quanyu, "pages", 10);
        for (int order = 0; order < 4; order++) {
            quanyu.points().redeemPoints(redemption(memberId));
        }
        var request = ListEntriesRequest.newBuilder().setMemberId(memberId).setAssetCode("points").setPageSize(2).build();
        assertEquals(List.of(-1L, -1L, -1L, -1L, 10L), quanyu.points().listEntriesItems(request).stream().map(Entry::getAmount).toList());
        assertEquals(3, quanyu.points().listEntriesPages(request).stream().count());
    }

    @Test
    void streamsPass() throws Exception {
        var memberId = memberWith(quanyu, "streams", 10);
        try (var pages = quanyu.exports().exportEntries(ExportEntriesRequest.newBuilder().setAssetCode("points").build())) {
            for (var page : pages) {
                assertFalse(page.getResumeToken().isEmpty());
            }
        }
        try (var pages = quanyu.exports().exportEntries(ExportEntriesRequest.newBuilder().setAssetCode("gold").build())) {
            assertEquals(Status.Code.NOT_FOUND, assertThrows(QuanyuException.class, () -> pages.iterator().next()).code());
        }
        try (var postings = quanyu.postings().postStream()) {
            var sent = CompletableFuture.runAsync(() -> {
                IntStream.range(0, 100).forEach(order -> assertTrue(postings.send(posting(memberId, order))));
                postings.complete();
            });
            assertEquals(100, StreamSupport.stream(postings.spliterator(), false).count());
            sent.get(5, TimeUnit.SECONDS);
        }
        assertEquals(110, balanceOf(quanyu, memberId));
    }

    private static PostStreamRequest posting(String memberId, int order) {
        var earn = EarnPointsRequest.newBuilder().setRequestId("stream-" + order).setMemberId(memberId).setAssetCode("points").setAmount(1);
        return PostStreamRequest.newBuilder().setPosting(Posting.newBuilder().setEarn(earn)).build();
    }

    @Test
    void aWrongKeyIsRefusedAtOnce() {
        try (var stranger = Client.of(platform.address(), "qy_wrong")) {
            var error = assertThrows(QuanyuException.class, () -> balanceOf(stranger, "mbr_1"));
            assertEquals(Status.Code.UNAUTHENTICATED, error.code());
            assertEquals(1, error.attempts());
        }
    }

    @Test
    void aRestartOfThePlatformIsWaitedFor() throws Exception {
        var memberId = memberWith(quanyu, "restart", 10);
        platform.down();
        var blocking = CompletableFuture.supplyAsync(() -> quanyu.points().redeemPoints(redemption(memberId), Duration.ofMinutes(1)));
        var future = quanyu.points().redeemPointsAsync(redemption(memberId), Duration.ofMinutes(1));
        platform.up();
        assertNotNull(blocking.get(1, TimeUnit.MINUTES));
        assertNotNull(future.get(1, TimeUnit.MINUTES));
        assertEquals(8, balanceOf(quanyu, memberId));
    }

    @Test
    void aPlatformThatIsBackIsFoundAtOnceByOneWhoRepeatsNothing() throws Exception {
        var memberId = memberWith(quanyu, "back", 10);
        try (var plain = Client.builder(platform.address()).key(platform::key).withoutRetries().build()) {
            platform.down();
            // So long that gRPC by itself would wait for seconds before it connects again.
            for (int turn = 0; turn < 30; turn++) {
                assertThrows(QuanyuException.class, () -> balanceOf(plain, memberId));
                Thread.sleep(200);
            }
            platform.up();
            long began = System.nanoTime();
            while (true) {
                try {
                    assertEquals(10, balanceOf(plain, memberId));
                    break;
                } catch (QuanyuException away) {
                    assertTrue(System.nanoTime() - began < 1_000_000_000L, away.toString());
                    Thread.sleep(50);
                }
            }
        }
    }

    @Test
    void aPlatformThatIsAwayIsToldInTime() {
        long began = System.nanoTime();
        try (var nobody = Client.builder("http://127.0.0.1:" + PlatformProcess.freePort()).key("qy_any").deadline(Duration.ofMillis(500)).build()) {
            var error = assertThrows(QuanyuException.class, () -> balanceOf(nobody, "mbr_1"));
            assertEquals(Status.Code.UNAVAILABLE, error.code());
            assertTrue(error.attempts() > 1);
            assertTrue(Faults.isUnsent(error), error.toString());
        }
        assertTrue(System.nanoTime() - began < 2_000_000_000L);
    }

    @Test
    void overTlsWithACaOfOnesOwn(@TempDir Path certificates) throws Exception {
        makeCertificates(certificates);
        var environment = Map.of(
                "QUANYU_TLS__CERT_FILE", certificates.resolve("quanyu.pem").toString(),
                "QUANYU_TLS__KEY_FILE", certificates.resolve("quanyu.key").toString());
        var ca = certificates.resolve("ca.pem");
        try (var secured = new PlatformProcess(certificates, environment)) {
            var address = secured.address().replace("http:", "https:");
            try (var client = Client.builder(address).key(secured.key()).tls(new Tls(ca, null, null, "quanyu.test")).build()) {
                PlatformProcess.openShop(client);
            }
            for (var distrusted : List.of(Tls.SYSTEM, new Tls(ca, null, null, null), new Tls(null, null, null, "quanyu.test"))) {
                try (var client = Client.builder(address).key(secured.key()).tls(distrusted).build()) {
                    var error = assertThrows(QuanyuException.class, () -> client.channels().listChannels(ListChannelsRequest.getDefaultInstance()));
                    assertEquals(1, error.attempts(), error.toString());
                }
            }
        }
    }

    private static void makeCertificates(Path folder) throws IOException, InterruptedException {
        var ec = " -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes ";
        var script = "openssl req -x509" + ec + "-days 2 -subj /CN=CA -keyout ca.key -out ca.pem"
                + " && openssl req" + ec + "-subj /CN=quanyu -keyout quanyu.key -out quanyu.csr"
                + " && printf subjectAltName=DNS:quanyu.test >san"
                + " && openssl x509 -req -in quanyu.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile san -out quanyu.pem";
        var process = new ProcessBuilder("sh", "-c", script).directory(folder.toFile()).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        assertEquals(0, process.waitFor());
    }

    /** Told, not asserted: how long a call takes is the machine's as well. */
    @Test
    void whatTheSdkCostsACall() {
        var request = GetBalanceRequest.newBuilder().setMemberId(memberWith(quanyu, "costs", 10)).setAssetCode("points").build();
        var method = Method.of(PointsServiceProto.getDescriptor(), "PointsService", "GetBalance",
                GetBalanceRequest.getDefaultInstance(), GetBalanceResponse.getDefaultInstance()).descriptor();
        var bare = ClientInterceptors.intercept(quanyu.channel(), new KeyInterceptor(platform::key));
        int warm = 300;
        int turns = 800;
        var took = new long[2][turns];
        for (int turn = -warm; turn < turns; turn++) {
            for (int kind = 0; kind < 2; kind++) {
                long began = System.nanoTime();
                if (kind == 0) {
                    ClientCalls.blockingUnaryCall(bare, method, CallOptions.DEFAULT.withDeadlineAfter(10, TimeUnit.SECONDS), request);
                } else {
                    quanyu.points().getBalance(request);
                }
                if (turn >= 0) {
                    took[kind][turn] = System.nanoTime() - began;
                }
            }
        }
        java.util.Arrays.sort(took[0]);
        java.util.Arrays.sort(took[1]);
        double alone = took[0][turns / 2];
        double sdk = took[1][turns / 2];
        System.out.printf("a call takes %.3f ms, %.3f of the generated client alone%n", sdk / 1e6, sdk / alone);
    }
}
