"""A bad line: forwards every call to a real server, but breaks it where the plan says so."""

import contextlib
import dataclasses
import time
from collections.abc import Iterator
from concurrent import futures

import grpc
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status


@dataclasses.dataclass(frozen=True)
class Fault:
    """A call ends in `code` after so many replies and seconds.

    `name` and `reason`, if any, travel as ErrorInfo, `pushback` as the trailer of gRFC A6.
    """

    code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    text: str = "the line broke"
    after: int = 0
    seconds: float = 0.0
    name: str = ""
    reason: str = "QueryError"
    pushback: str | None = None

    def abort(self, context: grpc.ServicerContext) -> None:
        time.sleep(self.seconds)
        if self.pushback is not None:
            context.set_trailing_metadata([("grpc-retry-pushback-ms", self.pushback)])
        if not self.name:
            context.abort(self.code, self.text)
        parts = {"name": self.name, "expected": "what is there", "got": "another"}
        detail = any_pb2.Any()
        detail.Pack(error_details_pb2.ErrorInfo(reason=self.reason, domain="enf2enf", metadata=parts))
        status = status_pb2.Status(code=self.code.value[0], message=self.text, details=[detail])
        context.abort_with_status(rpc_status.to_status(status))


@dataclasses.dataclass(frozen=True)
class Seen:
    """A call that came in."""

    method: str
    metadata: dict[str, str]
    seconds: float  # until its deadline
    when: float  # on the clock of `time.monotonic`


class Line(grpc.GenericRpcHandler):
    """All calls are streams on the wire, and bytes."""

    def __init__(self, channel: grpc.Channel):
        self.faults: list[Fault] = []
        self.seen: list[Seen] = []
        self._channel = channel

    def service(self, details: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        forward = self._channel.stream_stream(details.method, None, None)
        method, metadata = details.method.split("/")[-1], dict(details.invocation_metadata)

        def answer(requests, context):
            self.seen.append(Seen(method, metadata, context.time_remaining(), time.monotonic()))
            fault = self.faults.pop(0) if self.faults else None
            if fault and not fault.after:
                fault.abort(context)
            try:
                for number, reply in enumerate(forward(requests, timeout=context.time_remaining()), start=1):
                    yield reply
                    if fault and number == fault.after:
                        fault.abort(context)
            except grpc.RpcError as error:
                context.set_trailing_metadata(error.trailing_metadata())
                context.abort(error.code(), error.details())

        return grpc.stream_stream_rpc_method_handler(answer)


@contextlib.contextmanager
def line_to(target: str, credentials: grpc.ServerCredentials | None = None) -> Iterator[tuple[Line, int]]:
    """The line and the port at its near end."""
    with grpc.insecure_channel(target) as channel:
        line, server = Line(channel), grpc.server(futures.ThreadPoolExecutor(40))
        server.add_generic_rpc_handlers([line])
        address = "127.0.0.1:0"
        bound = server.add_secure_port(address, credentials) if credentials else server.add_insecure_port(address)
        server.start()
        try:
            yield line, bound
        finally:
            server.stop(0).wait()
