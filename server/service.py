"""The four calls: convert, one library call, convert."""

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import grpc
import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError
from enf2enf.field import Field
from enf2enf.mesh import formats, read_bytes
from enf2enf.surrogate import Surrogate
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server import convert
from enf2enf_server.cache import Shape, ShapeCache, handle_of
from enf2enf_server.config import ServerConfig
from enf2enf_server.device import Device
from enf2enf_server.errors import LimitError
from enf2enf_server.stream import Incoming

Points = Float[np.ndarray, "points dim"]


class SurrogateService(pb_grpc.SurrogateServicer):
    """Answers with one surrogate. Reads meshes on the caller's thread, computes on the device's.

    Args:
        surrogate: the model.
        config: the limits.
        device: the thread that alone calls the model.
        described: the reply to Describe.
    """

    def __init__(self, surrogate: Surrogate, config: ServerConfig, device: Device, described: pb.DescribeResponse):
        self._surrogate, self._config, self._device, self._described = surrogate, config, device, described
        self._shapes = ShapeCache(config.cached_shapes, config.cached_bytes)

    def Describe(self, request: pb.DescribeRequest, context: grpc.ServicerContext) -> pb.DescribeResponse:
        """See `surrogate.proto`."""
        return self._described

    def Encode(self, requests: Iterable[pb.EncodeRequest], context: grpc.ServicerContext) -> pb.EncodeResponse:
        """See `surrogate.proto`."""
        incoming = Incoming(requests)
        header = incoming.take("header")
        data = incoming.file(header.size, self._config.mesh_bytes)
        incoming.end()
        return self._shape(header, data).understood

    def Decode(
        self, requests: Iterable[pb.DecodeRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.DecodeResponse]:
        """See `surrogate.proto`."""
        incoming = Incoming(requests)
        header = incoming.take("header")
        for part in self._answer(self._shapes.get(header.handle), header.query, incoming):
            yield pb.DecodeResponse(**part)

    def Sample(self, request: pb.SampleRequest, context: grpc.ServicerContext) -> pb.SampleResponse:
        """See `surrogate.proto`."""
        points = [pb.DecodeRequest(points=request.points)] if request.points else []
        parts = list(self._answer(self._shapes.get(request.handle), request.query, Incoming(points)))
        if len(parts) > 2:
            size = self._surrogate.chunk_points
            raise LimitError("query", f"at most {size} points in one message", f"{parts[-1]['summary'].points} points")
        return pb.SampleResponse(chunk=parts[0]["chunk"], summary=parts[1]["summary"])

    def Predict(
        self, requests: Iterable[pb.PredictRequest], context: grpc.ServicerContext
    ) -> Iterator[pb.PredictResponse]:
        """See `surrogate.proto`."""
        incoming = Incoming(requests)
        header = incoming.take("header")
        data = incoming.file(header.size, self._config.mesh_bytes)
        query = incoming.take("query")
        shape = self._shape(header, data)
        yield pb.PredictResponse(encoded=shape.understood)
        for part in self._answer(shape, query, incoming):
            yield pb.PredictResponse(**part)

    def _shape(self, header: pb.MeshHeader, data: bytes) -> Shape:
        """The shape of an upload, from the cache if it was uploaded before."""
        walls = tuple(header.walls)
        options = (formats.named(header.name).name, header.length_unit or "m", *walls)
        handle = handle_of(data, (self._surrogate.version, *options))
        if (known := self._shapes.find(handle)) is not None:
            again = pb.EncodeResponse()
            again.CopyFrom(known.understood)
            again.cached, again.parse_seconds, again.encode_seconds = True, 0.0, 0.0
            return Shape(known.encoding, known.nodes, again)
        start = time.perf_counter()
        mesh = read_bytes(data, header.name).scaled(header.length_unit or "m")
        if len(mesh.points) > self._config.mesh_nodes:
            raise LimitError("mesh", f"at most {self._config.mesh_nodes} nodes", f"{len(mesh.points)}")
        geometry = self._surrogate.understand(mesh, walls)
        parsing = time.perf_counter() - start
        encoding, encoding_took = self._device.submit(self._surrogate.encode, geometry).result()
        length = self._described.reference_length
        reply = convert.understood(handle, mesh, geometry, walls, length, (parsing, encoding_took))
        shape = Shape(encoding, mesh.points, reply)
        self._shapes.put(handle, shape)
        return shape

    def _answer(self, shape: Shape, query: pb.Query, incoming: Incoming) -> Iterator[dict[str, Any]]:
        """The parts of the answer, each under the name of its part in the message.

        gRPC takes a part only when the one before has left, and drops the iterator where the client has cancelled or
        its deadline has passed: with it go the chunks that wait for the device.
        """
        conditions = convert.conditions(query)
        extrapolating = self._surrogate.check_conditions(conditions)
        chunks = self._points(shape, query, incoming)
        with_points = query.WhichOneof("target") == "mesh_nodes" and query.mesh_nodes.with_points
        total, outside, seconds = 0, 0, 0.0
        for field, took in self._device.map(self._decoder(shape, conditions), chunks):
            yield {"chunk": convert.chunk(field, total, with_points)}
            total, outside, seconds = total + len(field.points), outside + field.outside, seconds + took
        summary = pb.Summary(points=total, outside=outside, extrapolating=extrapolating, decode_seconds=seconds)
        yield {"summary": summary}

    def _decoder(self, shape: Shape, conditions: dict[str, Any]) -> Callable[[Points], Field]:
        """Decodes one chunk a call, having applied the conditions to the latents only once."""
        handed: deque[Points] = deque()

        def blocks() -> Iterator[Points]:
            while True:
                yield handed.popleft()

        fields = self._surrogate.decode_chunks(shape.encoding, conditions, blocks())

        def decode(points: Points) -> Field:
            handed.append(points)
            return next(fields)

        return decode

    def _points(self, shape: Shape, query: pb.Query, incoming: Incoming) -> Iterator[Points]:
        """The points of a query in chunks of the device's size, after its limits were checked."""
        target, size, dim = query.WhichOneof("target"), self._surrogate.chunk_points, self._surrogate.schema.dim
        if target is None:
            raise QueryError("target", "explicit_points, mesh_nodes or grid", "none")
        if target == "explicit_points":
            count, width = query.explicit_points.count, query.explicit_points.dim
            if count < 0 or width != dim:
                raise QueryError("explicit_points", f"a number of points of {dim} coordinates", f"{count} of {width}")
            self._admit(count)
            return incoming.points(count, dim, size)
        if target == "mesh_nodes":
            self._admit(len(shape.nodes))
            incoming.end()
            return (shape.nodes[first : first + size] for first in range(0, len(shape.nodes), size))
        grid = convert.grid(query.grid, dim)
        self._admit(grid.count)
        incoming.end()
        return grid.chunks(size)

    def _admit(self, count: int) -> None:
        if count > self._config.points:
            raise LimitError("query", f"at most {self._config.points} points", f"{count} points")
