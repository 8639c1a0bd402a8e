"""What both clients tell gRPC about their connection."""

import os
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import grpc
from grpc_health.v1 import health_pb2_grpc

from enf2enf.client.proxy import proxy_of
from enf2enf.errors import ConfigError, ServiceError
from enf2enf.plain import is_line, is_number, is_whole, shown
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc

PathLike = str | os.PathLike[str]

_PORTS = 65535  # of a greater number gRPC takes the last 16 bits
_MOST_SECONDS = 1e9  # gRPC counts nanoseconds since 1970 in 64 bits

_OPTIONS = (
    ("grpc.max_receive_message_length", 64 << 20),
    # gRPC's own waits (1 s, growing to 120 s) would outlast every retry after a restart of the server.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 2_000),
    # A peer that vanished without a word is noticed while a call is on; idle connections are left in peace.
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
)


class Stubs:
    """The services of a server, over a channel of either kind."""

    def __init__(self, channel: grpc.Channel | grpc.aio.Channel):
        self.surrogate = pb_grpc.SurrogateStub(channel)
        self.repository = pb_grpc.ModelRepositoryStub(channel)
        self.health = health_pb2_grpc.HealthStub(channel)


def opened(kind: ModuleType, target: str, credentials: grpc.ChannelCredentials | None) -> Any:
    """A channel to `host:port`, made by `grpc` or by `grpc.aio`; over plain text without credentials."""
    options = (*_OPTIONS, ("grpc.enable_http_proxy", int(proxy_of(target) is not None)))
    if credentials is None:
        return kind.insecure_channel(target, options)
    return kind.secure_channel(target, credentials, options)


def closed() -> ServiceError:
    """The error of a call of a client that is closed."""
    return ServiceError("client", "an open connection", "a closed one")


def unpicklable() -> ServiceError:
    """The error of a client that is to be sent to another process."""
    return ServiceError("client", "one that every process makes of its own", "one to be pickled or copied")


def named(target: str) -> str:
    """The target as errors name it: with the proxy on the way there, which nobody may have thought of."""
    variable = proxy_of(target)
    return target if variable is None else f"{target} (through the proxy of {variable})"


def tls(ca: PathLike | None, certificate: PathLike | None, key: PathLike | None) -> grpc.ChannelCredentials:
    """Credentials from PEM files.

    Args:
        ca: certificates that the server's must be signed by; None: those that gRPC ships with.
        certificate, key: of this client, for servers that ask for them (mutual TLS); both or neither.

    Raises:
        ConfigError: a file that cannot be read, or one of the two without the other.
    """
    if (certificate is None) != (key is None):
        raise ConfigError("certificate and key", "both or neither", "one of them")
    return grpc.ssl_channel_credentials(*(None if path is None else _pem(path) for path in (ca, key, certificate)))


def _pem(path: PathLike) -> bytes:
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ConfigError(str(path), "a PEM file", error.strerror or type(error).__name__) from error
    if b"-----BEGIN " not in data:
        raise ConfigError(str(path), "a PEM file", "no line -----BEGIN ...")
    return data


def checked_target(target: str) -> str:
    """The target. Raises `ConfigError` where it is no text, an empty one, or has a port that is none."""
    if not is_line(target) or not target.strip():
        raise ConfigError("target", "host:port", shown(target))
    port = target.rpartition(":")[2]
    if not target.startswith("unix") and port.isdecimal() and not 1 <= int(port[:6]) <= _PORTS:
        raise ConfigError("target", f"host:port, a port from 1 to {_PORTS}", shown(target))
    return target


def checked_timeout(timeout: float | None) -> float | None:
    """The seconds. Raises `ConfigError` where no deadline can be so far away."""
    if timeout is not None and not (is_number(timeout) and 0 < timeout <= _MOST_SECONDS):
        raise ConfigError("timeout", f"more than 0 and at most {_MOST_SECONDS:g} seconds, or None", shown(timeout))
    return timeout


def checked_in_flight(calls: int) -> int:
    """The number of calls. Raises `ConfigError` where none could be made."""
    if not is_whole(calls, 1, sys.maxsize):
        raise ConfigError("in_flight", "a whole number of 1 or more", shown(calls))
    return calls


def checked_token(token: str | None) -> str | None:
    """The token. Raises `ConfigError`, without repeating the secret, if it cannot travel in a header."""
    if token is not None and not (token.isascii() and token.isprintable() and token.strip() == token != ""):
        raise ConfigError("token", "printable ASCII without blanks around it", "another text")
    return token
