package dev.quanyu;

import java.net.ConnectException;
import java.net.NoRouteToHostException;
import java.net.UnknownHostException;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import javax.net.ssl.SSLException;

/** What an error says of the connection. */
final class Faults {
    private static final int CAUSES_MAX = 16;
    /** What gRPC says, under codes that are answers otherwise, of streams that a broken connection ends. */
    private static final Pattern BROKEN = Pattern.compile(
            "RST_STREAM|GOAWAY|end-of-stream|unexpected EOS|connection reset|broken pipe|network closed|connection closed",
            Pattern.CASE_INSENSITIVE);
    /** A handshake that the connection's end cut short. */
    private static final Pattern CUT = Pattern.compile("closed|reset|broken pipe", Pattern.CASE_INSENSITIVE);

    private Faults() {}

    /** Whether the same request may fare better in a moment. */
    static boolean isPassing(QuanyuException error) {
        return switch (error.code()) {
            case UNAVAILABLE -> !error.reason().isEmpty() || !isDistrusted(error);
            case DEADLINE_EXCEEDED -> true;
            // Of a thing that somebody else changed the caller must first read what it has become.
            case ABORTED -> !error.reason().equals("ETAG_MISMATCH");
            case RESOURCE_EXHAUSTED -> error.retryDelay().isPresent();
            case INTERNAL, UNKNOWN, CANCELLED -> error.reason().isEmpty() && BROKEN.matcher(error.getMessage()).find();
            case OK, INVALID_ARGUMENT, NOT_FOUND, ALREADY_EXISTS, PERMISSION_DENIED, FAILED_PRECONDITION, OUT_OF_RANGE,
                    UNIMPLEMENTED, DATA_LOSS, UNAUTHENTICATED -> false;
        };
    }

    /** Whether the request was certainly not sent. */
    static boolean isUnsent(QuanyuException error) {
        return error.reason().isEmpty()
                && causes(error).anyMatch(cause -> cause instanceof ConnectException
                        || cause instanceof NoRouteToHostException
                        || cause instanceof UnknownHostException);
    }

    /** What time alone does not mend: one side does not trust the other, or speaks no TLS. */
    private static boolean isDistrusted(QuanyuException error) {
        return causes(error).anyMatch(cause ->
                cause instanceof SSLException && !CUT.matcher(String.valueOf(cause.getMessage())).find());
    }

    private static Stream<Throwable> causes(QuanyuException error) {
        return Stream.iterate(error.status().getCause(), cause -> cause != null, Throwable::getCause).limit(CAUSES_MAX);
    }
}
