"""Meshes into encoded shapes, queries into fields: what all services share."""

import asyncio
import dataclasses
import functools
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future

import numpy as np
from jaxtyping import Float

from enf2enf.field import Field
from enf2enf.inference.blocks import PointBlock, evaluate_blocks
from enf2enf.inference.evaluator import SMALL, FieldEvaluator
from enf2enf.inference.joint import Question
from enf2enf.io import formats
from enf2enf_server.compute import lanes
from enf2enf_server.compute.answer import FieldChunk, Summary
from enf2enf_server.compute.budget import Budget
from enf2enf_server.compute.cache import EncodedShape, ShapeCache, handle_of
from enf2enf_server.compute.conditioned_shape import ConditionedShape, Conditioning
from enf2enf_server.compute.device import Done
from enf2enf_server.compute.models import Models
from enf2enf_server.compute.resolved_query import Points, ResolvedQuery
from enf2enf_server.ops.call import Call
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.errors import HandleError, StoppingError
from enf2enf_server.ops.metrics import Metrics
from enf2enf_server.parsing.parsed_mesh import MeshLimits, ShapeOptions
from enf2enf_server.parsing.pool import Parsers

_AHEAD = 2  # further sets of conditions of a query prepared while one is answered
_FEW = 512_000  # points (at least `SMALL`) times sides up to which no thread is used: 3 ms at most


@dataclasses.dataclass(frozen=True)
class MeshOptions:
    """How an uploaded mesh is read and encoded.

    Args:
        name: of the file, or of its format.
        length_unit: of its coordinates.
        walls: patches that are walls; empty for the inner loops.
        symmetry: patches in planes of symmetry.
        model: name of the model; empty for the only one.
        version: of the model; 0 for the newest one.
    """

    name: str
    length_unit: str
    walls: tuple[str, ...]
    symmetry: tuple[str, ...]
    model: str
    version: int

    @property
    def reading(self) -> tuple[str, ...]:
        """The options that decide how the bytes are read, as texts, for the handle of the shape."""
        return formats.named(self.name).name, self.length_unit, str(len(self.walls)), *self.walls, *self.symmetry


class Engine:
    """Reads meshes in processes of their own, computes on the device's thread, keeps encoded shapes.

    Args:
        models: those that answer.
        config: the limits.
        metrics: count what is done.

    Attributes:
        conditioned: puts shapes under conditions.
    """

    def __init__(self, models: Models, config: ServerConfig, metrics: Metrics):
        self.models, self.config, self._metrics = models, config, metrics
        self.shapes = ShapeCache(config.cached_shapes, config.cached_bytes)
        self.uploads = Budget(config.upload_bytes, config.share)
        self.device, self.encoder = lanes.device(config, metrics), lanes.encoder(config)
        self._evaluators = lanes.Evaluators(config.cached_decodings)
        self.conditioned = Conditioning(config.cached_decodings)
        self._limits = MeshLimits(config.mesh_nodes, config.mesh_cells, config.mesh_curves, config.mesh_sides)
        self.parsers = Parsers(config.parsers, config.mesh_seconds, config.parser_bytes)
        metrics.watch_cache(lambda: len(self.shapes), lambda: self.shapes.bytes)
        metrics.watch_queue(lambda: len(self.device) + len(self.encoder))

    def drop(self) -> None:
        """Drops what waits for a device."""
        self.device.drop()
        self.encoder.drop()

    def close(self) -> None:
        """Drops what waits; returns when the work in progress has ended."""
        self.encoder.close()
        self.device.close()
        self.parsers.close()

    def forget(self) -> None:
        """Drops the shapes of models that are no longer loaded."""
        self.shapes.keep(self.models.loaded())

    def find(self, call: Call, handle: str) -> EncodedShape:
        """The caller's shape. Raises `HandleError` if it is not held (any more), or its model no longer serves."""
        shape = self.shapes.find(call.caller.name, handle)
        if shape is None or shape.model not in self.models.loaded():
            self._metrics.handle("lost")
            raise HandleError("handle", "one that Encode returned and that is still held", repr(handle[:80]))
        return shape

    def encode(self, call: Call, options: MeshOptions, data: bytes | bytearray) -> EncodedShape:
        """The shape of an uploaded file, cached if this caller has uploaded it before. For the call's thread."""
        model = self.models.get(options.model, options.version)
        identity = (call.caller.name, model.name, str(model.version), model.surrogate.version)
        handle = handle_of(data, (*identity, *options.reading))
        if (known := self.shapes.find(call.caller.name, handle)) is not None and known.model is model:
            self._metrics.handle("hit")
            return known.as_cached()
        surrogate = model.surrogate
        shape = ShapeOptions(surrogate.config.panels, surrogate.schema.outer_is_far, surrogate.normaliser.length)
        reading = options.name, options.length_unit, options.walls, self._limits, shape
        with call.stage("parse"):
            mesh = self.parsers.parse(data, *reading, call.alive, call.origin, options.symmetry)
        encode = functools.partial(surrogate.encode_geometry, mesh.geometry, mesh.described, mirrors=mesh.mirrors)
        done = call.wait(_done(call, self.encoder.submit("encode", encode, call.origin), "encode"))
        seconds = (call.stages["parse"], done.worked)
        owner, symmetry = call.caller.name, options.symmetry
        shape = EncodedShape(handle, model, owner, mesh, options.walls, done.value, *seconds, symmetry=symmetry)
        self.shapes.put(shape)
        self._metrics.handle("miss")
        return shape

    async def sample(self, call: Call, query: ResolvedQuery, points: Points) -> tuple[FieldChunk, Summary]:
        """The answer to a query of at most `chunk_points` points, computed together with other small ones."""
        lane = "small" if len(points) <= SMALL else "large"
        evaluator, on_wall = await self._evaluator(call, query.conditioned), query.on == "wall"
        future = self.device.submit(lane, Question(evaluator, points, on_wall), call.origin)
        try:
            if max(len(points), SMALL) * query.conditioned.shape.boundary_sides <= _FEW:
                inside = evaluator.contains(points, on_wall)
            else:
                inside = await call.in_thread(evaluator.contains, points, on_wall)
            done = await _done(call, future, "decode")
        finally:
            future.cancel()  # where the client has left before its turn
        values = evaluator.masked(done.value, inside)
        self._count(call, query, len(points))
        chunk = FieldChunk(0, query.surrogate.field(points, values, query.on))
        return chunk, self._summary(query, evaluator, len(points), _outside(values), done.worked)

    def answer(self, call: Call, query: ResolvedQuery, points: Iterator[Points]) -> Iterator[FieldChunk | Summary]:
        """The fields at all points, in their order, chunk by chunk, then the summary. For the call's thread.

        A block of a sorted query is answered once all of it is computed; while it is sent, the next one is begun, and
        no further one is held. Callers take a part only after sending the one before. They close the iterator if the
        client has cancelled or its deadline has passed, which also cancels the chunks that wait for the device.

        Args:
            call: the request.
            query: the query.
            points: its points, `block_points` at a time.
        """
        total, outside, seconds, on_wall = 0, 0, [], query.on == "wall"
        evaluator = call.wait(self._evaluator(call, query.conditioned))

        def evaluate(chunks: Iterator[Points]) -> Iterator[Float[np.ndarray, "_ components"]]:
            questions = (Question(evaluator, chunk, on_wall) for chunk in chunks)
            for done in self.device.map("large", questions, call.origin):
                call.alive()
                _took(call, done, "decode")
                seconds.append(done.worked)
                yield evaluator.masked(done.value, evaluator.contains(done.item.points, on_wall))

        for block, values in evaluate_blocks(query.blocks(points), evaluate):
            for field in _fields(query, block, values):
                call.alive()
                with call.stage("send"):
                    yield FieldChunk(total, field)
                total += len(field.points)
            outside += _outside(values)
        self._count(call, query, total)
        yield self._summary(query, evaluator, total, outside, sum(seconds))

    def answers(
        self, call: Call, queries: Sequence[ResolvedQuery], points: Callable[[], Iterator[Points]]
    ) -> Iterator[tuple[ResolvedQuery, FieldChunk | Summary]]:
        """The answers to queries for the same points, one after the other, as `answer` gives each.

        While one is computed and sent, the evaluators for the conditions of the next ones are made.
        """
        begun: deque[Future[Done]] = deque()
        try:
            for number, query in enumerate(queries):
                ahead = queries[number + 1 : number + 1 + _AHEAD] if number == 0 else queries[number + _AHEAD :][:1]
                begun += [self._begin(call, later.conditioned) for later in ahead]
                for part in self.answer(call, query, points()):
                    yield query, part
        finally:
            for future in begun:
                future.cancel()

    def _begin(self, call: Call, conditioned: ConditionedShape) -> Future[Done]:
        """Has the evaluator of a shape under conditions made and held."""
        make = functools.partial(self._evaluators.made, conditioned)
        return self.encoder.submit("encode", make, call.origin)

    async def _evaluator(self, call: Call, conditioned: ConditionedShape) -> FieldEvaluator:
        """The evaluator of a shape under conditions, made by the device if it is not held."""
        if (known := self._evaluators.find(conditioned)) is not None:
            return known
        return (await _done(call, self._begin(call, conditioned), "encode")).value

    def _summary(
        self, query: ResolvedQuery, evaluator: FieldEvaluator, points: int, outside: int, seconds: float
    ) -> Summary:
        conditioned = query.conditioned
        known = points, outside, conditioned.extrapolating, seconds, conditioned.shape.model
        return Summary(*known, evaluator.integrals)

    def _count(self, call: Call, query: ResolvedQuery, points: int) -> None:
        model = query.conditioned.shape.model
        self._metrics.points(model.name, points)
        points += call.notes.get("points", 0)  # under the conditions before
        call.notes |= {"model": model.name, "version": model.version, "points": points}


async def _done(call: Call, future: Future[Done], stage: str) -> Done:
    """The device's result; the device does not compute it where the client leaves before its turn.

    Raises:
        StoppingError: the device drops what waits.
    """
    try:
        done = await asyncio.wrap_future(future)
    except asyncio.CancelledError:
        if (task := asyncio.current_task()) is not None and task.cancelling():
            raise
        raise StoppingError.now() from None
    _took(call, done, stage)
    return done


def _took(call: Call, done: Done, stage: str) -> None:
    """Notes how long the request waited for the device, and how long the device worked for it."""
    call.took("queue", done.since, done.start)
    call.took(stage, done.start, done.end)


def _fields(query: ResolvedQuery, block: PointBlock, values: Float[np.ndarray, "points components"]) -> Iterator[Field]:
    """The fields of a block in the caller's order, a chunk at a time."""
    for number in range(block.chunk_count):
        part = slice(number * block.chunk, (number + 1) * block.chunk)
        yield query.surrogate.field(block.points[part], values[part], query.on)


def _outside(values: Float[np.ndarray, "points components"]) -> int:
    """How many points have no field."""
    return int(np.isnan(values[:, 0]).sum())
