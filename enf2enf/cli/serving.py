"""The commands around a server."""

import argparse
import contextlib
import dataclasses
import functools
import importlib
import os
import sys
from typing import TYPE_CHECKING, Any

from enf2enf.cli.command import add, named, number, path, whole
from enf2enf.cli.streams import tell
from enf2enf.errors import Enf2EnfError

if TYPE_CHECKING:
    from enf2enf_server.ops.logs import Behind

_REFUSED, _FINAL = 1, 2  # as every command; as a supervisor learns that starting again would not help
_LAST_SECONDS = 30.0  # for a server whose supervisor is gone, after it has drained


def add_commands(commands: Any) -> None:
    """Adds them to a parser."""
    _add_serve(commands)
    about = "make a secret for a caller, and the table that a server knows it by"
    token = add(commands, "token", about, "enf2enf token alice --per-second 50 >> tokens.toml", _token)
    token.add_argument("name", help="of the caller, for logs")
    token.add_argument("--concurrent", type=whole, default=None, help="calls at once; unlimited if not given")
    token.add_argument("--per-second", type=number, default=None, help="calls a second; unlimited if not given")
    token.add_argument("--admin", action="store_true", help="may load and unload models")


def _add_serve(commands: Any) -> None:
    example = "enf2enf serve elasticity\nenf2enf serve models/ --port 50051 --tokens tokens.toml --limit points=5000000"
    example += "\nenf2enf serve elasticity --http-port 8080"
    serve = add(commands, "serve", "answer over gRPC and HTTP, started again whenever it dies", example, _serve)
    serve.add_argument(
        "checkpoint", type=named, help="a checkpoint, a shipped one, or a folder of NAME.enf or NAME/VERSION.enf"
    )
    serve.add_argument("--host", default="127.0.0.1", help="where gRPC is answered (127.0.0.1); 0.0.0.0 for all")
    serve.add_argument("--port", type=whole, default=50051, help="(50051); 0 for a free one, another after a restart")
    serve.add_argument("--metrics-host", default="127.0.0.1", help="where anybody may read the metrics (127.0.0.1)")
    serve.add_argument("--metrics-port", type=whole, default=None, help="for Prometheus; none if not given")
    serve.add_argument("--http-host", default="127.0.0.1", help="where JSON is answered over HTTP (127.0.0.1)")
    serve.add_argument("--http-port", type=whole, default=None, help="for JSON over HTTP; none if not given")
    text = "a page whose scripts may read answers over HTTP, such as https://host; * for all"
    serve.add_argument("--http-origin", action="append", default=[], metavar="ORIGIN", help=text)
    serve.add_argument("--tokens", type=path, default=None, help="who may call: a file of what `enf2enf token` prints")
    serve.add_argument("--certificate", type=path, default=None, help="PEM file, for TLS; read again when it changes")
    serve.add_argument("--key", type=path, default=None, help="PEM file of the certificate's key")
    serve.add_argument("--client-ca", type=path, default=None, help="PEM file: clients must show a certificate of it")
    text = "for requests in progress, when told to stop (10)"
    serve.add_argument("--drain-seconds", type=number, default=10.0, help=text)
    text = "another limit than the default, such as points=5000000; a name that is none is answered with all"
    serve.add_argument("--limit", action="append", default=[], metavar="NAME=NUMBER", help=text)
    serve.add_argument("--log-level", default="info", help="debug, info, warning or error (info)")
    serve.add_argument("--unsupervised", action="store_true", help="one process, for a platform that starts it again")


def _serve(options: argparse.Namespace) -> int:
    import enf2enf_meshes
    from enf2enf_server.ops import logs
    from enf2enf_server.ops.config import ServeConfig, ServerConfig
    from enf2enf_server.ops.supervise import follow_parent, supervise

    given = {f.name: getattr(options, f.name) for f in dataclasses.fields(ServeConfig) if f.name != "path"}
    config = ServeConfig(enf2enf_meshes.checkpoint(options.checkpoint), **given)
    limits = ServerConfig.of(options.limit)
    if config.http_port is not None:
        for needed in ("orjson", "starlette", "uvicorn"):  # here, where what is missing is said once
            importlib.import_module(needed)
    logs.configure(options.log_level)
    if not options.unsupervised:
        code = supervise([sys.executable, "-m", "enf2enf", *options.arguments, "--unsupervised"], announced=False)
        return _REFUSED if code == _FINAL else code
    is_supervised = follow_parent(config.drain_seconds + _LAST_SECONDS)
    log = logs.hold()
    from enf2enf_server.gate.serve import serve

    code = 0
    try:
        serve(config, limits, functools.partial(_begin, log))
    except Enf2EnfError as error:
        tell(str(error))
        code = _FINAL if is_supervised else _REFUSED
    if not code or log.says_more:  # else what is held is the sentence once more
        log.begin()
    with contextlib.suppress(OSError):
        sys.stdout.flush()
        if log.written(_LAST_SECONDS if log.begun else 0.0):
            sys.stderr.flush()
    os._exit(code)  # a model that is still compiled, or hangs in a disk, is neither waited for nor torn down


def _begin(log: "Behind") -> None:
    from enf2enf_server.ops.supervise import announce

    announce()
    log.begin()


def _token(options: argparse.Namespace) -> None:
    from enf2enf_server.gate.tokens import issue

    secret, table = issue(options.name, options.concurrent, options.per_second, options.admin)
    print(table)
    tell(f"the secret, shown this once: {secret}")
