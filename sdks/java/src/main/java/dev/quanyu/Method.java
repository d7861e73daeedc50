package dev.quanyu;

import com.google.protobuf.DescriptorProtos.MethodOptions.IdempotencyLevel;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.Message;
import io.grpc.MethodDescriptor;
import io.grpc.MethodDescriptor.MethodType;
import io.grpc.protobuf.ProtoUtils;

/**
 * A method as its contract declares it.
 *
 * @param descriptor what gRPC knows of it
 * @param isSafe whether it has no effect, or has it once for its request id, however often it is called
 * @param requestId the field of the request id; null where requests have none
 */
record Method<Q extends Message, A extends Message>(
        MethodDescriptor<Q, A> descriptor, boolean isSafe, FieldDescriptor requestId) {

    static <Q extends Message, A extends Message> Method<Q, A> of(
            FileDescriptor file, String service, String name, Q request, A answer) {
        var declared = file.findServiceByName(service).findMethodByName(name);
        var type = declared.isClientStreaming()
                ? declared.isServerStreaming() ? MethodType.BIDI_STREAMING : MethodType.CLIENT_STREAMING
                : declared.isServerStreaming() ? MethodType.SERVER_STREAMING : MethodType.UNARY;
        var descriptor = MethodDescriptor.<Q, A>newBuilder()
                .setType(type)
                .setFullMethodName(MethodDescriptor.generateFullMethodName(declared.getService().getFullName(), name))
                .setRequestMarshaller(ProtoUtils.marshaller(request))
                .setResponseMarshaller(ProtoUtils.marshaller(answer))
                .build();
        var isSafe = declared.getOptions().getIdempotencyLevel() != IdempotencyLevel.IDEMPOTENCY_UNKNOWN;
        return new Method<>(descriptor, isSafe, request.getDescriptorForType().findFieldByName("request_id"));
    }
}
