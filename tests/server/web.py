"""A real server over HTTP, and what asks it."""

import contextlib
import dataclasses
import http.client
import json
import socket
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlencode

from enf2enf_server.gate.app import create_server


@dataclasses.dataclass(frozen=True)
class Reply:
    """What came back."""

    status: int
    headers: http.client.HTTPMessage
    data: Any


@dataclasses.dataclass(frozen=True)
class Web:
    """The addresses of one server, for HTTP and for gRPC."""

    port: int
    target: str

    def ask(self, method: str, body: bytes | None = None, headers=(), **parameters) -> Reply:
        """One request on a connection of its own."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        with contextlib.closing(connection):
            verb = "GET" if body is None else "POST"
            connection.request(verb, f"/v1/{method}?{urlencode(parameters, doseq=True)}", body, dict(headers))
            answer = connection.getresponse()
            return Reply(answer.status, answer.headers, json.loads(answer.read()))

    def decode(self, handle: str, conditions, at, headers=()) -> Reply:
        """The fields of a shape."""
        asked = {"handle": handle, "conditions": conditions, "at": at}
        return self.ask("decode", json.dumps(asked).encode(), headers)

    def line(self) -> socket.socket:
        """A bare connection."""
        return socket.create_connection(("127.0.0.1", self.port), timeout=60)

    def raw(self, *lines: str, body: bytes = b"") -> Reply:
        """The answer to what such lines, and the beginning of a body, say."""
        with self.line() as line:
            line.sendall("\r\n".join([*lines, "Host: here", "", ""]).encode() + body)
            return reply(line)


def reply(line: socket.socket) -> Reply:
    """What a bare connection answers."""
    answer = http.client.HTTPResponse(line)
    answer.begin()
    content = answer.read()
    return Reply(answer.status, answer.headers, json.loads(content) if content.startswith(b"{") else content)


@contextlib.contextmanager
def web(source, config, origins=(), tls=None, **options) -> Iterator[Web]:
    """A server that has warmed up."""
    server, port = create_server(source, config, **options)
    try:
        bound = server.listen_http("127.0.0.1", 0, tls, origins)
        server.start().result()
        yield Web(bound, f"127.0.0.1:{port}")
    finally:
        server.stop()
