"""Runs a server until a signal stops it."""

import contextlib
import logging
import resource
import signal
import socket
import ssl
import threading
from collections.abc import Callable

import grpc

from enf2enf.errors import ConfigError
from enf2enf.plain import shown
from enf2enf.threads import run_in_calling_thread
from enf2enf_server.gate import tls
from enf2enf_server.gate.app import SurrogateServer
from enf2enf_server.gate.tokens import Tokens
from enf2enf_server.ops.config import ServeConfig, ServerConfig
from enf2enf_server.ops.metrics import serve_metrics

_LOG = logging.getLogger(__name__)
_OTHER_FILES = 1024  # open beside connections
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def serve(config: ServeConfig, limits: ServerConfig, begun: Callable[[], None] = lambda: None) -> None:
    """Serves until SIGTERM or Ctrl-C; a second one no longer waits for requests in progress.

    Args:
        config, limits: of the server.
        begun: called once it serves.

    Raises:
        CheckpointError: no checkpoint can be loaded.
        ConfigError: the tokens or the files of TLS are none, or a host is unknown.
        ServiceError: an address is taken.
    """
    stop = threading.Event()
    for signum in _SIGNALS:
        signal.signal(signum, lambda *_: stop.set())
    for name in ("", "http_", "metrics_"):
        if getattr(config, f"{name}port") is not None:
            _check_host(f"--{name.replace('_', '-')}host", getattr(config, f"{name}host"))
    tokens = None if config.tokens is None else Tokens.read(config.tokens)
    run_in_calling_thread()
    _make_room(limits.connections * (1 if config.http_port is None else 2))
    server = SurrogateServer(config.path, limits, tokens=tokens)
    scraped = None
    if config.metrics_port is not None:
        scraped = serve_metrics(server.metrics, config.metrics_host, config.metrics_port)
        _LOG.info("metrics are to be read", extra={"host": config.metrics_host, "port": scraped.port})
    port = server.listen(config.address(config.port), _credentials(config))
    if config.http_port is not None:
        http_port = server.listen_http(config.http_host, config.http_port, _context(config), config.http_origin)
        _LOG.info("HTTP is answered", extra={"host": config.http_host, "port": http_port})
    ready = server.start()
    ready.add_done_callback(lambda _: stop.set() if ready.exception() else _announce(config, port, begun))
    stop.wait()
    for signum in _SIGNALS:
        signal.signal(signum, signal.SIG_DFL)
    server.stop(config.drain_seconds)
    if scraped is not None:
        scraped.close()
    if ready.done() and (failure := ready.exception()) is not None:
        raise failure


def _check_host(option: str, host: str) -> None:
    try:
        socket.getaddrinfo(host.strip("[]"), None)
    except (OSError, UnicodeError):  # a label that is too long, beside names that nobody knows
        raise ConfigError(option, "a name or an address of this machine", f"{shown(host)}, which is unknown") from None


def _make_room(connections: int) -> None:
    """Allows this process as many open files as it may need, as far as the system lets it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + _OTHER_FILES
    if soft < wanted:
        resource.setrlimit(
            resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
        )


def _credentials(config: ServeConfig) -> grpc.ServerCredentials | None:
    if config.certificate is None:
        return None
    assert config.key is not None  # `ServeConfig` refuses half of a pair
    return tls.credentials(config.certificate, config.key, config.client_ca)


def _context(config: ServeConfig) -> ssl.SSLContext | None:
    if config.certificate is None:
        return None
    assert config.key is not None  # `ServeConfig` refuses half of a pair
    return tls.context(config.certificate, config.key, config.client_ca)


def _announce(config: ServeConfig, port: int, begun: Callable[[], None]) -> None:
    begun()
    with contextlib.suppress(OSError):  # whoever reads it may have left
        print(f"serving {config.path} on {config.address(port)}", flush=True)
