"""The one table from the library's errors to gRPC statuses."""

import functools
import logging

import grpc
from google.protobuf import any_pb2
from google.rpc import code_pb2, error_details_pb2, status_pb2
from grpc_status import rpc_status

from enf2enf import errors
from enf2enf_server.ops.errors import (
    AccessError,
    GoneError,
    HandleError,
    LimitError,
    ModelError,
    RightsError,
    StoppingError,
    UnknownServiceError,
)

_LOG = logging.getLogger(__name__)
_LONGEST = 500  # characters of one text: all details together must fit the 8 KB of HTTP/2 headers
_CODES = (
    (AccessError, code_pb2.UNAUTHENTICATED),
    (RightsError, code_pb2.PERMISSION_DENIED),
    (LimitError, code_pb2.RESOURCE_EXHAUSTED),
    (HandleError, code_pb2.NOT_FOUND),
    (ModelError, code_pb2.NOT_FOUND),
    (UnknownServiceError, code_pb2.NOT_FOUND),
    (GoneError, code_pb2.CANCELLED),
    (StoppingError, code_pb2.UNAVAILABLE),
    (errors.CheckpointError, code_pb2.FAILED_PRECONDITION),
    (errors.MeshError, code_pb2.INVALID_ARGUMENT),
    (errors.GeometryError, code_pb2.INVALID_ARGUMENT),
    (errors.SchemaError, code_pb2.INVALID_ARGUMENT),
    (errors.QueryError, code_pb2.INVALID_ARGUMENT),
)


def to_status(error: Exception, request_id: str) -> grpc.Status:
    """The status of an error, with its name, expectation and finding as `google.rpc.ErrorInfo`.

    Whatever is not in the table is our own fault: it is logged with its traceback under the request's id, and the
    client reads one neutral sentence.
    """
    for kind, code in _CODES:
        if isinstance(error, kind):
            return _status(code, error)
    _LOG.error("an unexpected failure", exc_info=error, extra={"request_id": request_id})
    neutral = errors.ServiceError("server", "an answer", "an internal failure, which the server's log describes")
    return _status(code_pb2.INTERNAL, neutral)


def _status(code: int, error: errors.Enf2EnfError) -> grpc.Status:
    public = next(kind for kind in type(error).__mro__ if kind.__module__ == errors.__name__)
    return _packed(code, public, *(_shorten(text) for text in (error.name, error.expected, error.got)))


@functools.lru_cache(maxsize=256)  # a crowd is refused in the same words
def _packed(code: int, public: type[errors.Enf2EnfError], name: str, expected: str, got: str) -> grpc.Status:
    info = error_details_pb2.ErrorInfo(
        reason=public.__name__, domain="enf2enf", metadata={"name": name, "expected": expected, "got": got}
    )
    detail = any_pb2.Any()
    detail.Pack(info)
    return rpc_status.to_status(
        status_pb2.Status(code=code, message=str(public(name, expected, got)), details=[detail])
    )


def _shorten(text: str) -> str:
    text = text.encode("utf-8", "replace").decode()  # a lone surrogate, from a file name, cannot travel
    return text if len(text) <= _LONGEST else text[: _LONGEST - 4] + " ..."
