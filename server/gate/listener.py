"""The connections of HTTP: how many there may be, and how long they may be silent."""

import asyncio
import contextlib
import socket
import ssl
from typing import Any

import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from enf2enf.errors import ServiceError
from enf2enf_server.ops.config import ServerConfig

_QUEUE = 1024  # connections that the system keeps until they are accepted
_PAUSE = 0.1  # seconds, where none can be accepted


class Listener:
    """Speaks HTTP/1.1 to at most `connections` at once; further ones are hung up on. For one event loop, but `bind`.

    Args:
        application: that answers.
        config: the limits.
    """

    def __init__(self, application: ASGIApp, config: ServerConfig):
        self._limits = config
        self._config = uvicorn.Config(
            application,
            http=H11Protocol,
            ws="none",
            lifespan="off",
            log_config=None,
            log_level="error",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=config.idle_seconds,
        )
        self._config.load()
        self._state, self._open = ServerState(), set[asyncio.Task]()
        self._accepting: asyncio.Task[None] | None = None

    def bind(self, host: str, port: int, tls: ssl.SSLContext | None) -> int:
        """Takes an address (port 0: any) and returns the port. Raises `ServiceError` if it is taken or is none."""
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        try:
            self._socket = socket.create_server((host, port), family=family, backlog=_QUEUE)
        except (OSError, OverflowError) as error:
            raise ServiceError("HTTP address", "a free address to listen on", f"{host}:{port}") from error
        self._socket.setblocking(False)
        self._tls = tls
        return self._socket.getsockname()[1]

    async def start(self) -> None:
        """Begins to accept connections."""
        self._accepting = asyncio.create_task(self._accept())

    async def close(self, seconds: float) -> None:
        """Accepts no more, and ends all connections: those in the middle of an answer after so many seconds."""
        if self._accepting is not None:
            self._accepting.cancel()
            await asyncio.wait((self._accepting,))
        self._socket.close()
        for connection in list(self._state.connections):
            connection.shutdown()
        if self._open:
            await asyncio.wait(self._open, timeout=seconds)
        for task in list(self._open):
            task.cancel()

    async def _accept(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(self._socket)
            except OSError:  # there are no more files to open, or the client has left already
                await asyncio.sleep(_PAUSE)
                continue
            if len(self._open) >= self._limits.connections:
                accepted.close()
                continue
            task = asyncio.create_task(self._serve(accepted))
            self._open.add(task)
            task.add_done_callback(self._open.discard)

    async def _serve(self, accepted: socket.socket) -> None:
        """The whole life of a connection."""
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)  # asyncio's own would not: it knows no protocol
        connection = _Connection(self._config, self._state, self._limits)
        patience = None if self._tls is None else self._limits.waiting_seconds
        with contextlib.suppress(OSError):  # its handshake failed
            await asyncio.get_running_loop().connect_accepted_socket(
                lambda: connection, accepted, ssl=self._tls, ssl_handshake_timeout=patience
            )
            try:
                await connection.closed
            finally:
                connection.transport.abort()


class _Connection(H11Protocol):
    """One that is hung up on where no request comes, or no answer is taken, for too long."""

    def __init__(self, config: uvicorn.Config, state: ServerState, limits: ServerConfig):
        super().__init__(config, state, {})
        self._limits, self._end = limits, None
        self.closed: asyncio.Future[None] = self.loop.create_future()

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        self._hang_up_after(self._limits.waiting_seconds)

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._stay()
        if not self.closed.done():
            self.closed.set_result(None)

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self._is_answering:
            self._stay()

    def on_response_complete(self) -> None:
        super().on_response_complete()
        if not self._is_answering:
            self._hang_up_after(self._limits.waiting_seconds)

    def pause_writing(self) -> None:
        super().pause_writing()
        self._hang_up_after(self._limits.idle_seconds)

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._is_answering:
            self._stay()

    @property
    def _is_answering(self) -> bool:
        return self.cycle is not None and not self.cycle.response_complete

    def _hang_up_after(self, seconds: float) -> None:
        self._stay()
        self._end = self.loop.call_later(seconds, self.transport.abort)

    def _stay(self) -> None:
        if self._end is not None:
            self._end.cancel()
            self._end = None
