package dev.quanyu;

import io.grpc.ChannelCredentials;
import io.grpc.TlsChannelCredentials;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;

/**
 * How https:// is spoken, where the system's CAs and no certificate of the caller's own are not right. What is null is not
 * said.
 *
 * @param caFile the CAs to trust instead, as PEM
 * @param certFile the caller's own certificate, as PEM
 * @param keyFile its private key, as PEM
 * @param serverName the name in the platform's certificate, where it is not the address's
 */
public record Tls(Path caFile, Path certFile, Path keyFile, String serverName) {
    /** As the system says. */
    public static final Tls SYSTEM = new Tls(null, null, null, null);

    ChannelCredentials credentials() {
        var credentials = TlsChannelCredentials.newBuilder();
        try {
            if (caFile != null) {
                credentials.trustManager(caFile.toFile());
            }
            if (certFile != null || keyFile != null) {
                if (certFile == null || keyFile == null) {
                    throw new IllegalArgumentException("a certificate of the caller's own is a certFile and a keyFile");
                }
                credentials.keyManager(certFile.toFile(), keyFile.toFile());
            }
        } catch (IOException unreadable) {
            throw new UncheckedIOException(unreadable);
        }
        return credentials.build();
    }
}
