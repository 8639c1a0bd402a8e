"""What a failed call means: pass and try again, encode again, or raise."""

import math

import grpc
from google.protobuf.message import DecodeError
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from enf2enf import errors
from enf2enf.errors import Enf2EnfError, ServiceError

_FULL = ("try again", "Concurrent RPC limit exceeded")  # ours, and gRPC's own
_PUSHBACK = "grpc-retry-pushback-ms"
_HIDDEN = "Internal error from Core"
_PARTS = ("name", "expected", "got")
_CLASSES = (kind for kind in vars(errors).values() if isinstance(kind, type))
_ERRORS = {kind.__name__: kind for kind in _CLASSES if issubclass(kind, Enf2EnfError)}


def passes(error: grpc.RpcError) -> bool:
    """Whether the same call may be answered in a moment."""
    if error.code() == grpc.StatusCode.RESOURCE_EXHAUSTED:  # mostly a limit, which will be the same in a moment
        return any(words in (error.details() or "") for words in _FULL)
    # CANCELLED comes from a server that stops, for calls that it has not begun: calls cancelled here never get here.
    return hidden(error) or error.code() in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED)


def hidden(error: grpc.RpcError) -> bool:
    """Whether grpc.aio does not tell what ended a call, because it was still writing to it (grpc/grpc#36066)."""
    return error.code() == grpc.StatusCode.INTERNAL and error.details() == _HIDDEN


def pushback(error: grpc.RpcError) -> float:
    """The seconds that the server wants to be left alone (gRFC A6): 0 where it says nothing, infinite for ever."""
    trailers = error.trailing_metadata() or ()  # pairs, which gRPC's types do not tell
    told = [str(value) for key, value in trailers if key == _PUSHBACK]  # pyright: ignore[reportGeneralTypeIssues]
    return max((float(n) / 1000 if n.isascii() and n.isdigit() else math.inf for n in told), default=0.0)


def lost_handle(error: grpc.RpcError) -> bool:
    """Whether the server does not hold the shape (any more); a model that is not there is another matter."""
    return _is_about(error, grpc.StatusCode.NOT_FOUND, "handle")


def too_many_points(error: grpc.RpcError) -> bool:
    """Whether a query has more points than its call may have."""
    return _is_about(error, grpc.StatusCode.RESOURCE_EXHAUSTED, "query")


def unknown_place(error: grpc.RpcError) -> bool:
    """Whether the server does not know a place by its name, or any that it is asked about."""
    return _is_about(error, grpc.StatusCode.INVALID_ARGUMENT, "target")


def explained(error: grpc.RpcError, target: str, seconds: float, request_id: str) -> Enf2EnfError:
    """The library's own error; a failure of the service names the request, under which the server's log has more."""
    info = _info(error)
    if info is not None:
        kind, parts = _ERRORS.get(info.reason, ServiceError), [info.metadata.get(part, "") for part in _PARTS]
    elif error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
        kind, parts = ServiceError, [target, f"an answer within {seconds:g} s", "none"]
    else:
        kind, parts = ServiceError, [target, "an answer", f"{error.code().name}: {error.details()}"]
    if kind is ServiceError and request_id not in parts[2]:
        parts[2] += f" (request {request_id})"
    return kind(*parts)


def _is_about(error: grpc.RpcError, code: grpc.StatusCode, name: str) -> bool:
    """Whether a status with this code refuses the thing of this name."""
    info = _info(error) if error.code() == code else None
    return info is not None and info.metadata.get("name") == name


def _info(error: grpc.RpcError) -> error_details_pb2.ErrorInfo | None:
    """What the server says beside the status; None where that is nothing, or nothing that makes sense."""
    info = error_details_pb2.ErrorInfo()
    try:
        # What a client raises is an error and a call in one; gRPC's types know it as the error alone.
        status = rpc_status.from_call(error)  # pyright: ignore[reportArgumentType]
        if status is None or not any(detail.Unpack(info) for detail in status.details):
            return None
    except (DecodeError, ValueError):  # bytes that are none, or of another status than the call's
        return None
    return info if info.domain == "enf2enf" else None
