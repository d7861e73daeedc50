package dev.quanyu;

import dev.quanyu.identity.v1.Arrival;
import dev.quanyu.identity.v1.Channel;
import dev.quanyu.identity.v1.ChannelKind;
import dev.quanyu.identity.v1.CreateChannelRequest;
import dev.quanyu.identity.v1.ResolveMemberRequest;
import dev.quanyu.points.v1.Asset;
import dev.quanyu.points.v1.AssetKind;
import dev.quanyu.points.v1.CreateAssetRequest;
import dev.quanyu.points.v1.EarnPointsRequest;
import dev.quanyu.points.v1.GetBalanceRequest;
import dev.quanyu.points.v1.RedeemPointsRequest;
import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.util.Map;
import java.util.regex.Pattern;

/** A platform of one's own, of the program that QUANYU_BINARY names. */
final class PlatformProcess implements AutoCloseable {
    static final String BINARY = "QUANYU_BINARY";
    private static final Pattern KEY = Pattern.compile("QUANYU_API_KEY=(qy_\\w+)");

    final int port = freePort();
    private final Path folder;
    private final Map<String, String> environment;
    private Process process;
    private volatile String key = "";

    PlatformProcess(Path folder, Map<String, String> environment) throws IOException {
        this.folder = folder;
        this.environment = environment;
        up();
    }

    String address() {
        return "http://127.0.0.1:" + port;
    }

    String key() {
        return key;
    }

    Client client() {
        return Client.of(address(), key);
    }

    /** Starts it, and waits until it serves. */
    void up() throws IOException {
        var builder = new ProcessBuilder(
                System.getenv(BINARY), "up", "--folder", folder.resolve("data").toString(), "--listen", "127.0.0.1:" + port);
        builder.environment().keySet().removeIf(name -> name.startsWith("QUANYU_"));
        builder.environment().put("QUANYU_PRINT_FIRST_API_KEY", "true");
        builder.environment().putAll(environment);
        process = builder.redirectError(ProcessBuilder.Redirect.INHERIT).start();
        var lines = process.inputReader();
        for (var line = lines.readLine(); line != null; line = lines.readLine()) {
            var found = KEY.matcher(line);
            key = found.find() ? found.group(1) : key;
            if (line.startsWith("Ctrl-C stops")) {
                var reader = new Thread(() -> drain(lines));
                reader.setDaemon(true);
                reader.start();
                return;
            }
        }
        throw new IOException("the platform does not serve");
    }

    private static void drain(BufferedReader lines) {
        try {
            lines.transferTo(java.io.Writer.nullWriter());
        } catch (IOException ended) {
            // So it has.
        }
    }

    /** Ends it, and waits until it has. */
    void down() throws InterruptedException {
        process.destroy();
        process.waitFor();
    }

    @Override
    public void close() throws InterruptedException {
        down();
    }

    /** The proxy that cuts connections and answers late. */
    static final class Faulty implements AutoCloseable {
        final String address;
        private final Process process;

        Faulty(PlatformProcess platform, int seed) throws IOException {
            int port = freePort();
            address = "http://127.0.0.1:" + port;
            var builder = new ProcessBuilder("python3", "../faults.py", "" + port, "" + platform.port, "" + seed);
            process = builder.redirectError(ProcessBuilder.Redirect.DISCARD).start();
            process.inputReader().readLine();
        }

        /** Ends it, and says how often it did what. */
        String end() throws IOException {
            // Of the process itself, this would close what it tells.
            process.toHandle().destroy();
            return process.inputReader().readLine();
        }

        /** Ends it. */
        @Override
        public void close() {
            process.destroy();
        }
    }

    static int freePort() {
        try (var socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException none) {
            throw new IllegalStateException(none);
        }
    }

    /** Makes the channel and the asset of a shop. */
    static void openShop(Client quanyu) {
        var channel = Channel.newBuilder().setChannelCode("shop").setKind(ChannelKind.CHANNEL_KIND_POS).setDisplayName("Shop").setTrustRank(100);
        quanyu.channels().createChannel(CreateChannelRequest.newBuilder().setChannel(channel).build());
        var asset = Asset.newBuilder().setKind(AssetKind.ASSET_KIND_POINTS);
        quanyu.assets().createAsset(CreateAssetRequest.newBuilder().setCode("points").setAsset(asset).build());
    }

    /** A new member with an amount of points. */
    static String memberWith(Client quanyu, String externalId, long amount) {
        var arrival = Arrival.newBuilder().setChannelCode("shop").setExternalId(externalId);
        var resolved = quanyu.members().resolveMember(ResolveMemberRequest.newBuilder().setArrival(arrival).build());
        var memberId = resolved.getResolution().getMemberId();
        quanyu.points().earnPoints(EarnPointsRequest.newBuilder().setMemberId(memberId).setAssetCode("points").setAmount(amount).build());
        return memberId;
    }

    static long balanceOf(Services quanyu, String memberId) {
        var request = GetBalanceRequest.newBuilder().setMemberId(memberId).setAssetCode("points").build();
        return quanyu.points().getBalance(request).getBalance().getAvailable();
    }

    static RedeemPointsRequest redemption(String memberId) {
        return RedeemPointsRequest.newBuilder().setMemberId(memberId).setAssetCode("points").setAmount(1).build();
    }
}
