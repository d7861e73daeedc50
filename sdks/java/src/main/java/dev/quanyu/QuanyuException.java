package dev.quanyu;

import com.google.protobuf.Any;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.rpc.BadRequest;
import com.google.rpc.ErrorInfo;
import com.google.rpc.RetryInfo;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusException;
import io.grpc.StatusRuntimeException;
import io.grpc.protobuf.StatusProto;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Why a call failed: what the platform said, or that it could not be reached. */
public final class QuanyuException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient Status status;
    private transient ErrorInfo info = ErrorInfo.getDefaultInstance();
    private final transient List<Violation> violations = new ArrayList<>();
    private transient Duration retryDelay;
    private final String requestId;
    private final int attempts;

    private QuanyuException(Exception cause, Status status, Metadata trailers, String requestId, int attempts) {
        super(status.getDescription() == null ? status.getCode().name() : status.getDescription(), cause);
        this.status = status;
        this.requestId = requestId;
        this.attempts = attempts;
        var said = StatusProto.fromStatusAndTrailers(status, trailers);
        for (Any detail : said == null ? List.<Any>of() : said.getDetailsList()) {
            try {
                read(detail);
            } catch (InvalidProtocolBufferException unreadable) {
                addSuppressed(unreadable);
            }
        }
    }

    static QuanyuException of(Exception thrown, String requestId, int attempts) {
        if (thrown instanceof StatusRuntimeException answer) {
            return new QuanyuException(thrown, answer.getStatus(), answer.getTrailers(), requestId, attempts);
        }
        if (thrown instanceof StatusException answer) {
            return new QuanyuException(thrown, answer.getStatus(), answer.getTrailers(), requestId, attempts);
        }
        return new QuanyuException(thrown, Status.fromThrowable(thrown), null, requestId, attempts);
    }

    private void read(Any detail) throws InvalidProtocolBufferException {
        if (detail.is(ErrorInfo.class)) {
            info = detail.unpack(ErrorInfo.class);
        } else if (detail.is(BadRequest.class)) {
            for (var one : detail.unpack(BadRequest.class).getFieldViolationsList()) {
                violations.add(new Violation(one.getField(), one.getDescription()));
            }
        } else if (detail.is(RetryInfo.class)) {
            var delay = detail.unpack(RetryInfo.class).getRetryDelay();
            retryDelay = Duration.ofSeconds(delay.getSeconds(), delay.getNanos());
        }
    }

    /** The status, as of gRPC. */
    public Status.Code code() {
        return status.getCode();
    }

    /** The reason, such as "INSUFFICIENT_POINTS": one of an ErrorReason of the contracts. Empty where the platform gave none. */
    public String reason() {
        return info.getReason();
    }

    /** Whose reason it is, such as "quanyu.points". */
    public String domain() {
        return info.getDomain();
    }

    /** What belongs to the reason, such as "available" and "requested". */
    public Map<String, String> metadata() {
        return info.getMetadataMap();
    }

    /** All that is wrong with the request's fields. */
    public List<Violation> violations() {
        return List.copyOf(violations);
    }

    /** How long the platform asks to wait before the request is repeated; empty where it asks for nothing. */
    public Optional<Duration> retryDelay() {
        return Optional.ofNullable(retryDelay);
    }

    /** The id of the request: repeat it with this one where it may have taken effect. Empty where nothing could. */
    public String requestId() {
        return requestId;
    }

    /** How often the request was sent. */
    public int attempts() {
        return attempts;
    }

    @Override
    public String toString() {
        var what = reason().isEmpty() ? code().name() : code().name() + " " + reason();
        return getClass().getName() + ": " + what + ": " + getMessage();
    }

    Status status() {
        return status;
    }
}
