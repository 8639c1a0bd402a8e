"""Admits calls: identifies their callers, limits their number, and turns their failures into statuses."""

import math
import threading
import time
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager, contextmanager

from enf2enf_server.gate.refusal import RefusedCall
from enf2enf_server.gate.status import to_status
from enf2enf_server.gate.tokens import Tokens
from enf2enf_server.ops import logs
from enf2enf_server.ops.call import Call
from enf2enf_server.ops.caller import ANONYMOUS, Caller
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.errors import FullError, StoppingError
from enf2enf_server.ops.lobby import Lobby
from enf2enf_server.ops.metrics import Metrics
from enf2enf_server.ops.pace import Pace
from enf2enf_server.ops.tracing import AbstractTracer
from enf2enf_server.ops.transport import Transport

_TICK = 0.01  # seconds


class Admission:
    """At most so many calls at once; a further one is refused, not queued. For one event loop, but for `drain`.

    Args:
        config: the limits.
        tokens: who may call; None: anybody.
        metrics, tracer: count and trace every call.
    """

    def __init__(self, config: ServerConfig, tokens: Tokens | None, metrics: Metrics, tracer: AbstractTracer):
        self._config, self._tokens, self._metrics, self._tracer = config, tokens, metrics, tracer
        seconds = min(config.waiting_seconds, config.idle_seconds)
        self._lobby = Lobby(config.waiting_requests, seconds, "a first message")
        self._uploads = Lobby(config.uploads, config.upload_seconds, "the rest of a file")
        self._threads = ThreadPoolExecutor(config.concurrent_requests, thread_name_prefix="call")
        self._placed: Counter[str] = Counter()
        self._calls = Lobby(math.inf, None, "an answer")
        self._draining = False
        self.stopping = threading.Event()

    @asynccontextmanager
    async def arrived(self, context: Transport, method: str) -> AsyncIterator[Call]:
        """The time of one call of `method`, such as `enf2enf.v1.Surrogate/Decode`.

        Raises:
            RefusedCall: for whatever else it or the call raises; it is counted and logged by then.
        """
        metadata, start = tuple(context.invocation_metadata() or ()), time.perf_counter()
        call = self._call(context, metadata)
        context.set_trailing_metadata(call.trailers)
        self._metrics.started()
        code = "OK"
        try:
            with self._tracer.request(method, metadata) as call.span:
                try:
                    async with self._calls.stay(method):
                        with self._caller(call, metadata):
                            yield call
                except Exception as error:
                    status = to_status(error, call.request_id)
                    code = status.code.name
                    raise RefusedCall(status, error) from error
                except BaseException:  # the client has left
                    code = "CANCELLED"
                    raise
                finally:
                    call.span.status(code)
        finally:
            self._ended(call, method, code, time.perf_counter() - start)

    def close_lobby(self) -> None:
        """Sends away the calls that have not begun."""
        self._draining = True
        self._lobby.close()

    def drain(self, seconds: float) -> None:
        """Waits for calls in progress, after `close_lobby`; after `seconds`, it tells their threads to stop."""
        until = time.monotonic() + seconds
        while len(self._calls) and time.monotonic() < until:
            time.sleep(_TICK)
        self.stopping.set()

    def end(self) -> None:
        """Ends what is still in progress, after `drain`."""
        self._calls.close()

    def close(self) -> None:
        """Lets the threads end."""
        self._threads.shutdown(wait=False)

    def _call(self, context: Transport, metadata: tuple) -> Call:
        pace = Pace(self._config.idle_seconds, self._config.bytes_per_second)
        return Call(
            context,
            logs.request_id(metadata),
            self._lobby,
            self._uploads,
            pace,
            self._place,
            self._threads,
            self.stopping,
        )

    @contextmanager
    def _caller(self, call: Call, metadata: tuple) -> Iterator[None]:
        call.caller = ANONYMOUS if self._tokens is None else self._tokens.caller(metadata)
        if self._draining:
            raise StoppingError.now()
        self._check_room(call.caller)  # before it uploads anything in vain
        with call.caller.admitted():
            yield

    @contextmanager
    def _place(self, caller: Caller) -> Iterator[None]:
        self._check_room(caller)
        self._placed[caller.name] += 1
        try:
            yield
        finally:
            self._placed[caller.name] -= 1
            if not self._placed[caller.name]:
                del self._placed[caller.name]

    def _check_room(self, caller: Caller) -> None:
        most = self._config.concurrent_requests
        if self._placed.total() >= most:
            raise FullError("server", f"at most {most} requests at once", "one more; try again")
        share = most if caller is ANONYMOUS else self._config.share(most)
        if self._placed[caller.name] >= share:
            raise FullError(f"token {caller.name!r}", f"at most {share} requests at once", "one more; try again")

    def _ended(self, call: Call, method: str, code: str, seconds: float) -> None:
        name = method.rpartition("/")[2]
        self._metrics.finished(name, code, seconds)
        for stage, spent in call.stages.items():
            self._metrics.stage(stage, spent)
        if code not in ("OK", "CANCELLED"):
            self._metrics.reject(code.lower())
        if call.span.trace_id:
            call.notes["trace_id"] = call.span.trace_id
        logs.access(call.request_id, name, code, call.caller.name, seconds, call.stages, **call.notes)
