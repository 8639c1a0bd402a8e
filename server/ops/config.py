"""What a server allows, and where it is."""

import dataclasses
import os
import re
from collections.abc import Sequence
from pathlib import Path

from enf2enf.errors import ConfigError
from enf2enf.plain import shown

MESSAGE_BYTES = 1 << 20
MOST_64 = (1 << 63) - 1  # that a number of the wire has room for
_MOST_32 = (1 << 31) - 1
_ORIGIN = re.compile(r"\*|https?://[^/\s]+")
_WIDE = ("mesh_bytes", "upload_bytes", "mesh_nodes", "mesh_cells", "points", "cached_bytes", "parser_bytes")


@dataclasses.dataclass(frozen=True)
class ServerConfig:
    """Limits of a server. A request that exceeds one is refused in a sentence that names the limit and the size.

    Args:
        mesh_bytes: largest uploaded mesh.
        uploads: uploads in progress at once.
        upload_bytes: what they may hold together.
        upload_seconds: longest that one may take.
        mesh_nodes, mesh_cells: most nodes and cells of an uploaded mesh.
        mesh_curves, mesh_sides: most closed curves in the boundary of its cells, and most sides of all of them.
        mesh_seconds: longest that a mesh may take to be read.
        points: most points of one query (explicit, nodes or grid).
        http_points: most of them over HTTP, where an answer is held as a whole.
        message_bytes: largest message that is received, and largest JSON.
        concurrent_requests: requests worked on at once; one more is refused, not queued.
        caller_percent: per cent of the concurrent requests, of uploads and of their bytes that one token may hold.
        connections: of all clients at once, and as many of HTTP; each takes a file descriptor.
        waiting_requests: calls at once whose first message has not come yet; as many of health and reflection.
        waiting_seconds: longest that it may take to come.
        cached_shapes: encoded geometries kept; the least recently used is dropped first.
        cached_bytes: memory that they may take together.
        cached_decodings: evaluators (shapes under conditions) kept; some 0.2 MB for each view.
        batch: small queries that are computed together.
        parsers: processes that read meshes.
        parser_bytes: address space of such a process.
        idle_seconds: longest that the server waits for a client, in one go or by and by, besides what bytes take.
        bytes_per_second: slowest pace of a client that sends or takes.
        look_seconds: between looks for new checkpoints.
        load_seconds: longest that a checkpoint may take to be read, compiled and tried.

    Raises:
        ConfigError: a limit that is not a positive whole number, or larger than what it travels in, or messages too
            small for our own chunks.
    """

    mesh_bytes: int = 128 << 20
    uploads: int = 128
    upload_bytes: int = 1 << 30
    upload_seconds: int = 600
    mesh_nodes: int = 2_000_000
    mesh_cells: int = 10_000_000
    mesh_curves: int = 1_000
    mesh_sides: int = 250_000
    mesh_seconds: int = 20
    points: int = 20_000_000
    http_points: int = 100_000
    message_bytes: int = 4 * MESSAGE_BYTES
    concurrent_requests: int = 64
    caller_percent: int = 75
    connections: int = 2048
    waiting_requests: int = 256
    waiting_seconds: int = 15
    cached_shapes: int = 64
    cached_bytes: int = 1 << 30
    cached_decodings: int = 256
    batch: int = 32
    parsers: int = 2
    parser_bytes: int = 4 << 30
    idle_seconds: int = 60
    bytes_per_second: int = 16_384
    look_seconds: int = 2
    load_seconds: int = 120

    @classmethod
    def of(cls, texts: Sequence[str]) -> "ServerConfig":
        """`["points=1000"]` -> the defaults but for that. Raises `ConfigError` on anything else."""
        names, given = [field.name for field in dataclasses.fields(cls)], {}
        for text in texts:
            name, equals, value = text.partition("=")
            if not equals:
                raise ConfigError("--limit", "NAME=NUMBER", shown(text))
            if name not in names:
                raise ConfigError("--limit", f"one of the names {', '.join(names)}", shown(name))
            if name in given:
                raise ConfigError(f"--limit {name}", "one number", f"{given[name]} and {shown(value)}")
            if not value.isdecimal():
                raise ConfigError(f"--limit {name}", "a positive whole number", shown(value))
            given[name] = int(value)
        try:
            return cls(**given)
        except ConfigError as error:
            raise ConfigError(f"--limit {error.name}", error.expected, error.got) from None

    def share(self, whole: int) -> int:
        """What one token may hold of a number of things; at least one."""
        return max(1, whole * self.caller_percent // 100)

    def __post_init__(self):
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            most = 100 if field.name == "caller_percent" else MOST_64 if field.name in _WIDE else _MOST_32
            if not isinstance(value, int) or not 1 <= value <= most:
                raise ConfigError(field.name, f"a positive whole number up to {most}", repr(value))
        if self.message_bytes < 2 * MESSAGE_BYTES:
            raise ConfigError("message_bytes", f"at least {2 * MESSAGE_BYTES}", str(self.message_bytes))


@dataclasses.dataclass(frozen=True)
class ServeConfig:
    """Where a server listens, whom it lets in, and how long it takes to leave.

    Args:
        path: a checkpoint, or a folder of them, see `Repository`.
        host, port: for gRPC; port 0 for a free one.
        metrics_host, metrics_port: for Prometheus, without access control; port None for none, 0 for a free one.
        http_host, http_port: for JSON over HTTP, likewise, but with the tokens and the certificate of gRPC.
        http_origin: the pages whose scripts may read the answers: `https://host`, with a port if it has one, or `*`.
        tokens: file of those who may call; None: anybody.
        certificate, key: PEM files, for TLS; None: plain text.
        client_ca: PEM file of the authority that clients must be signed by; None: any client.
        drain_seconds: what requests in progress have to end, after the first signal to stop.

    Raises:
        ConfigError: a port or a time out of range, or half of a pair of files.
    """

    path: str | os.PathLike
    host: str = "127.0.0.1"
    port: int = 50051
    metrics_host: str = "127.0.0.1"
    metrics_port: int | None = None
    http_host: str = "127.0.0.1"
    http_port: int | None = None
    http_origin: Sequence[str] = ()
    tokens: Path | None = None
    certificate: Path | None = None
    key: Path | None = None
    client_ca: Path | None = None
    drain_seconds: float = 10.0

    def address(self, port: int) -> str:
        """The host and a port of it, an IPv6 address in brackets."""
        return f"[{self.host}]:{port}" if ":" in self.host and not self.host.startswith("[") else f"{self.host}:{port}"

    def __post_init__(self):
        for name in ("port", "metrics_port", "http_port"):
            if not 0 <= (getattr(self, name) or 0) < 65536:
                raise ConfigError(f"--{name.replace('_', '-')}", "0 to 65535", str(getattr(self, name)))
        for origin in self.http_origin:
            if not _ORIGIN.fullmatch(origin):
                raise ConfigError("--http-origin", "* or an origin such as https://host:8000", shown(origin))
        if not 0 <= self.drain_seconds < 86_400:
            raise ConfigError("--drain-seconds", "0 to 86400", str(self.drain_seconds))
        if (self.certificate is None) != (self.key is None):
            raise ConfigError("TLS", "both a certificate and its key", "one of them")
        if self.client_ca is not None and self.certificate is None:
            raise ConfigError("TLS", "a certificate and its key beside the clients' authority", "none")
