package dev.quanyu;

import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A client of one platform, which threads may share. It keeps its connection. The services hang on it by name: what the
 * contract calls PointsService is {@code points()}.
 *
 * <pre>{@code
 * try (var quanyu = Client.of("https://quanyu.example.com", System.getenv("QUANYU_API_KEY"))) {
 *     quanyu.points().redeemPoints(RedeemPointsRequest.newBuilder()...build());
 * }
 * }</pre>
 *
 * <p>Within its deadline a unary call whose contract says that it is safe to repeat is repeated after what passes: a platform
 * that is away or has too much to do, a connection that broke, an attempt that ran out of its part of the deadline. A request
 * with an empty request_id gets one, which all attempts keep. What fails is a {@link QuanyuException}.
 */
public final class Client extends Services implements AutoCloseable {
    /** The library's version, which is that of the contracts. */
    public static final String VERSION = "0.1.0";

    private static final int HTTP_PORT = 80;
    private static final int HTTPS_PORT = 443;
    private static final int PING_AFTER_SECONDS = 30;
    private static final int PING_TIMEOUT_SECONDS = 10;
    private static final int CLOSE_SECONDS_MAX = 5;

    private final ManagedChannel channel;

    private Client(ManagedChannel channel, Calls calls) {
        super(calls);
        this.channel = channel;
    }

    /** A client of the platform at an address, {@code http://host:port} or {@code https://host}, by an API key or a token. */
    public static Client of(String address, String key) {
        return builder(address).key(key).build();
    }

    /** The same, where more is to be said. */
    public static Builder builder(String address) {
        return new Builder(address);
    }

    /** Ends the connection, and the calls that are under way. */
    @Override
    public void close() {
        channel.shutdownNow();
        try {
            channel.awaitTermination(CLOSE_SECONDS_MAX, TimeUnit.SECONDS);
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
    }

    ManagedChannel channel() {
        return channel;
    }

    /** What a client is made of. */
    public static final class Builder {
        private final String host;
        private final int port;
        private final boolean isSecure;
        private Supplier<String> key = () -> "";
        private Duration deadline = Duration.ofSeconds(10);
        private boolean retries = true;
        private Tls tls = Tls.SYSTEM;

        private Builder(String address) {
            var at = addressOf(address);
            isSecure = at.getScheme().equals("https");
            host = at.getHost();
            port = at.getPort() >= 0 ? at.getPort() : isSecure ? HTTPS_PORT : HTTP_PORT;
        }

        /** An API key or a token. */
        public Builder key(String key) {
            return key(() -> key);
        }

        /** What gives the key, asked at each attempt. */
        public Builder key(Supplier<String> source) {
            key = source;
            return this;
        }

        /** How long a call may take with all its attempts, where it does not say itself: 10 seconds if this is not called. */
        public Builder deadline(Duration deadline) {
            if (deadline.isNegative() || deadline.isZero()) {
                throw new IllegalArgumentException("a call has a deadline of more than 0: " + deadline);
            }
            this.deadline = deadline;
            return this;
        }

        /** Makes nothing be repeated. */
        public Builder withoutRetries() {
            retries = false;
            return this;
        }

        /** How https:// is spoken. */
        public Builder tls(Tls tls) {
            this.tls = tls;
            return this;
        }

        /** The client. It connects with its first call. */
        public Client build() {
            var credentials = isSecure ? tls.credentials() : InsecureChannelCredentials.create();
            var builder = Grpc.newChannelBuilderForAddress(host, port, credentials)
                    .userAgent("quanyu-java/" + VERSION)
                    // Retries are the SDK's alone: those of gRPC know neither the budget nor the deadline of an attempt.
                    .disableRetry()
                    .disableServiceConfigLookUp()
                    .keepAliveTime(PING_AFTER_SECONDS, TimeUnit.SECONDS)
                    .keepAliveTimeout(PING_TIMEOUT_SECONDS, TimeUnit.SECONDS);
            if (isSecure && tls.serverName() != null) {
                builder.overrideAuthority(tls.serverName());
            }
            var channel = builder.build();
            var reconnection = new Reconnection(channel, Time.REAL);
            return new Client(channel, new Calls(channel, reconnection, key, deadline, retries, Time.REAL));
        }

        private static URI addressOf(String address) {
            try {
                var at = new URI(address);
                var isPlain = at.getRawQuery() == null && at.getRawFragment() == null && at.getRawUserInfo() == null
                        && (at.getRawPath().isEmpty() || at.getRawPath().equals("/"));
                if (at.getHost() != null && isPlain && (at.getScheme().equals("http") || at.getScheme().equals("https"))) {
                    return at;
                }
            } catch (URISyntaxException | NullPointerException none) {
                // Told below.
            }
            throw new IllegalArgumentException(
                    address + " is no address: write http:// or https://, the host and perhaps a port");
        }
    }
}
