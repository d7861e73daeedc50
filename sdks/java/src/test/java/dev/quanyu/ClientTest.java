package dev.quanyu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ClientTest {
    @Test
    void addresses() {
        var authorities = Map.of(
                "http://quanyu.test", "quanyu.test:80", "https://quanyu.test/", "quanyu.test:443",
                "https://[::1]:7400", "[::1]:7400", "http://127.0.0.1:7400", "127.0.0.1:7400");
        authorities.forEach((address, authority) -> {
            try (var client = Client.of(address, "qy_any")) {
                assertEquals(authority, client.channel().authority());
            }
        });
        for (var wrong : List.of("", "127.0.0.1:7400", "ftp://quanyu.test", "http://", "http://a/b", "http://a?b", "http://a:b@c", "http://a#b")) {
            assertThrows(IllegalArgumentException.class, () -> Client.builder(wrong), wrong);
        }
    }

    @Test
    void whatAClientCannotBeMadeOfIsToldAtOnce() {
        var builder = Client.builder("https://quanyu.test");
        assertThrows(IllegalArgumentException.class, () -> builder.deadline(Duration.ZERO));
        assertThrows(UncheckedIOException.class, () -> builder.tls(new Tls(Path.of("none"), null, null, null)).build());
        assertThrows(IllegalArgumentException.class, () -> builder.tls(new Tls(null, Path.of("pom.xml"), null, null)).build());
    }

    @Test
    void theVersionIsThatOfTheContracts() throws IOException {
        assertTrue(Files.readString(Path.of("pom.xml")).contains("<version>" + Client.VERSION + "</version>\n  <name>"));
        assertTrue(Files.readString(Path.of("../../Cargo.toml")).contains("\nversion = \"" + Client.VERSION + "\"\n"));
    }
}
