"""How refused calls end: with a sentence, with when to come back, and later for those who do not listen."""

import grpc

from enf2enf_server.gate.pushback import Pushback
from enf2enf_server.ops.errors import AccessError, CrowdError, FullError, IdleError, StartingError
from enf2enf_server.ops.transport import Transport

PUSHBACK = "grpc-retry-pushback-ms"  # of gRPC's retry design (gRFC A6)
_NEVER = "-1"
_WORTHLESS = (AccessError, CrowdError, IdleError)  # a caller that keeps the rules is not refused so again and again
_PASSING = (FullError, StartingError)  # callers refused so are told when to come back
_WORTHLESS_SECONDS, _WORTHLESS_FREE = 4.0, 5
_PROBES_A_SECOND = 20  # of a connection


class RefusedCall(Exception):
    """A call that is to be ended with a status, everything that it held having been given back."""

    def __init__(self, status: grpc.Status, cause: Exception):
        super().__init__(status.details)
        self.status, self.cause = status, cause


class Refusals:
    """Ends refused calls. For one event loop.

    Args:
        patience: longest delay, in seconds, of a refusal to a caller that is refused again and again.
    """

    def __init__(self, patience: float):
        self._pushback, self._patience = Pushback(), patience

    async def slow_down(self, peer: str) -> None:
        """Delays a connection that probes, in the long run, more than `_PROBES_A_SECOND` times a second."""
        await self._pushback.hold(f"probes of {peer}", 1 / _PROBES_A_SECOND, 2 * _PROBES_A_SECOND, self._patience)

    async def end(self, context: Transport, refused: RefusedCall) -> None:
        """Ends a call with its status. Raises what ends gRPC's own handling, where it is gRPC's."""
        trailers = (*context.trailing_metadata(), *refused.status.trailing_metadata)
        cause, seconds = refused.cause, 0.0
        if isinstance(cause, _PASSING):
            seconds = self._pushback.seconds()
            trailers += ((PUSHBACK, str(round(1e3 * seconds))),)
        elif isinstance(cause, IdleError):
            trailers += ((PUSHBACK, _NEVER),)
        if isinstance(cause, _WORTHLESS):
            await self._pushback.hold(context.peer(), _WORTHLESS_SECONDS, _WORTHLESS_FREE, self._patience)
        elif isinstance(cause, _PASSING):
            await self._pushback.hold(context.peer(), seconds, free=1, most=seconds)
        await context.abort(refused.status.code, refused.status.details, trailers)
