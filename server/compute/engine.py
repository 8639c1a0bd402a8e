"""Meshes into handles, questions into values: all that the services share."""

from collections.abc import Iterator
from typing import Any

from enf2enf.inference.evaluator import SMALL
from enf2enf.io import formats
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_server.compute import work
from enf2enf_server.compute.budget import Budget
from enf2enf_server.compute.cache import Shape, ShapeCache, handle_of
from enf2enf_server.compute.models import Models
from enf2enf_server.compute.resolved_query import Asked
from enf2enf_server.gate.call import Call
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.metrics import Metrics
from enf2enf_server.parsing.pool import Parsers
from enf2enf_server.wire import convert
from enf2enf_server.wire.errors import HandleError
from enf2enf_server.wire.stream import Incoming, points_of


class Engine:
    """Reads meshes in processes of their own, computes on the device's thread, remembers shapes.

    Args:
        models: those that answer.
        config: the limits.
        metrics: are told what is done.
    """

    def __init__(self, models: Models, config: ServerConfig, metrics: Metrics):
        self.models, self.config, self._metrics = models, config, metrics
        self.shapes = ShapeCache(config.cached_shapes, config.cached_bytes)
        self.uploads = Budget(config.upload_bytes)
        self.device = work.device(config, metrics)
        self.parsers = Parsers(config.parsers, config.mesh_seconds, config.parser_bytes)
        metrics.watch_cache(lambda: len(self.shapes), lambda: self.shapes.bytes)
        metrics.watch_queue(lambda: len(self.device))

    def close(self) -> None:
        """Drops what waits; returns when the work in progress has ended."""
        self.device.close()
        self.parsers.close()

    def forget(self) -> None:
        """Drops the shapes of models that are no longer loaded."""
        self.shapes.keep(self.models.loaded())

    def find(self, call: Call, handle: str) -> Shape:
        """The caller's shape. Raises `HandleError` if it is not held (any more), or its model no longer serves."""
        shape = self.shapes.find(call.caller.name, handle)
        if shape is None or shape.model not in self.models.loaded():
            self._metrics.handle("lost")
            raise HandleError("handle", "one that Encode returned and that is still held", repr(handle[:80]))
        return shape

    def encode(self, call: Call, header: pb.MeshHeader, data: bytes) -> Shape:
        """The shape of an upload, from the cache if this caller has uploaded it before."""
        model = self.models.get(header.model, header.version)
        unit, walls = header.length_unit or "m", tuple(header.walls)
        options = (formats.named(header.name).name, unit, *walls)
        identity = (call.caller.name, model.name, str(model.version), model.surrogate.version)
        handle = handle_of(data, (*identity, *options))
        if (known := self.shapes.find(call.caller.name, handle)) is not None and known.model is model:
            self._metrics.handle("hit")
            return known.again()
        limits = self.config.mesh_nodes, self.config.mesh_cells
        with call.stage("parse"):
            parsed = self.parsers.parse(data, header.name, unit, walls, *limits, alive=call.alive)
        done = call.wait(self.device.submit("encode", (model.surrogate, parsed.geometry)), "encode")
        understood = convert.understood(handle, model, parsed, walls, (call.stages["parse"], done.worked))
        shape = Shape(model, call.caller.name, done.value, parsed.nodes, understood)
        self.shapes.put(handle, shape)
        self._metrics.handle("miss")
        return shape

    def sample(self, call: Call, shape: Shape, query: pb.Query, data: bytes) -> tuple[pb.FieldChunk, pb.Summary]:
        """The answer to a question of one message, together with other small ones."""
        asked = Asked(shape, query)
        asked.admit(min(self.config.points, asked.surrogate.chunk_points))
        if asked.explicit:
            points = points_of(data, query.explicit_points.count, query.explicit_points.dim)
        else:
            points = next(asked.blocks())
        lane = "small" if len(points) <= SMALL else "large"
        done = call.wait(self.device.submit(lane, asked.task(points)), "decode")
        outside = convert.outside(done.value)
        self._answered(call, shape, len(points))
        return asked.chunk(done, 0), asked.summary(len(points), outside, done.worked)

    def answer(self, call: Call, shape: Shape, query: pb.Query, incoming: Incoming) -> Iterator[dict[str, Any]]:
        """The parts of the answer, each under the name of its part in the message.

        gRPC takes a part only when the one before has left, and drops the iterator where the client has cancelled or
        its deadline has passed: with it go the chunks that wait for the device.
        """
        asked = Asked(shape, query)
        asked.admit(self.config.points)
        if asked.explicit:
            announced = query.explicit_points
            blocks = incoming.points(announced.count, announced.dim, asked.surrogate.chunk_points)
        else:
            incoming.end()
            blocks = asked.blocks()
        total, outside, seconds = 0, 0, 0.0
        for done in self.device.map("large", (asked.task(block) for block in blocks)):
            call.alive()
            call.done(done, "decode")
            missing = convert.outside(done.value)
            with call.stage("send"):
                yield {"chunk": asked.chunk(done, total)}
            total, outside = total + len(done.value), outside + missing
            seconds += done.worked
        self._answered(call, shape, total)
        yield {"summary": asked.summary(total, outside, seconds)}

    def _answered(self, call: Call, shape: Shape, points: int) -> None:
        self._metrics.points(shape.model.name, points)
        call.notes |= {"model": shape.model.name, "version": shape.model.version, "points": points}
