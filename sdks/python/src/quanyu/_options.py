import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import grpc

# Retries are the SDK's alone. gRPC's own, those that a service configuration asks for and the transparent ones, would
# multiply with them and know neither the budget nor the deadline of an attempt; configurations from DNS are not asked for.
# A connection that broke is made anew at once, not after gRPC's second to two minutes. One that is dead is noticed.
OPTIONS: list[tuple[str, int | str]] = [
    ("grpc.enable_retries", 0),
    ("grpc.service_config_disable_resolution", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.min_reconnect_backoff_ms", 1000),
    ("grpc.max_reconnect_backoff_ms", 2000),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.primary_user_agent", "quanyu-python/0.1.0"),
    # A channel of its own: clients share no connections, for closing one must not close another's.
    ("grpc.use_local_subchannel_pool", 1),
]


@dataclass(frozen=True)
class Tls:
    """How `https://` is spoken, where the system's CAs and no certificate of the caller's own are not right."""

    # The CAs to trust, as PEM.
    ca_file: str | Path | None = None
    # The caller's own certificate and its key, as PEM.
    cert_file: str | Path | None = None
    key_file: str | Path | None = None
    # The name in the platform's certificate, where it is not the address's.
    server_name: str | None = None


def target(address: str) -> tuple[str, bool]:
    """The host and port of an address, and whether TLS is spoken there."""
    url = urlsplit(address)
    if url.scheme not in ("http", "https") or not url.hostname or url.path not in ("", "/") or url.query or url.username:
        raise ValueError(f"{address} is no address: write http:// or https://, the host and perhaps a port")
    host = f"[{url.hostname}]" if ":" in url.hostname else url.hostname
    return f"{host}:{url.port or (443 if url.scheme == 'https' else 80)}", url.scheme == "https"


def credentials(tls: Tls) -> tuple[grpc.ChannelCredentials, list[tuple[str, int | str]]]:
    def read(file: str | Path | None) -> bytes | None:
        return None if file is None else Path(file).read_bytes()

    roots = read(tls.ca_file) or system_roots()
    names: list[tuple[str, int | str]] = []
    if tls.server_name:
        names.append(("grpc.ssl_target_name_override", tls.server_name))
    return grpc.ssl_channel_credentials(roots, read(tls.key_file), read(tls.cert_file)), names


def system_roots() -> bytes | None:
    """The CAs that the system trusts; where Python finds none, gRPC takes those that it brings."""
    certificates = ssl.create_default_context().get_ca_certs(binary_form=True)
    return "".join(map(ssl.DER_cert_to_PEM_cert, certificates)).encode() or None
