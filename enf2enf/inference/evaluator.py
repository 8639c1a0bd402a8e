"""Points in metres into fields in SI units, a chunk at a time, on all cores."""

import dataclasses
import functools
from collections.abc import Mapping, Sequence
from concurrent.futures import Future

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from enf2enf.dimensionless import Dimensionless
from enf2enf.forces import integrals
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.inference.blocks import BLOCK_POINTS, PointBlock, evaluate_blocks
from enf2enf.inference.encoding import View
from enf2enf.inference.programs import Programs, condition, encode
from enf2enf.model.decoder import Conditioned
from enf2enf.model.network import Network
from enf2enf.model.panels import Panels
from enf2enf.normalise import Normaliser
from enf2enf.precision import single
from enf2enf.threads import cores, map_in_threads, threads
from enf2enf.wake import across_wake, in_wake

CHUNK = 4096
"""Points that one compiled program takes at most; there is one program, whatever is asked."""
SMALL = 256
"""Points up to which a question is best answered together with others."""
_GROUP = 256  # points of a group on a CPU: what they need fits a core's cache
_FEW = 128  # points up to which groups are small
_FEW_GROUP = 64  # dearer a point by a seventh, or by a half beside another core, but a question is hardly padded


@dataclasses.dataclass(frozen=True)
class _ConditionedView:
    """A view, and the conditions as they are in its frame.

    Args:
        view: the view.
        row: the conditions in it.
        under: what fields are made dimensionless by under them.
        prepared: its latents under them.
    """

    view: View
    row: Float[np.ndarray, " inputs"]
    under: Dimensionless
    prepared: Conditioned


class FieldEvaluator:
    """The fields of one geometry under one row of conditions: the mean over its views.

    Args:
        programs, normaliser: of the surrogate.
        geometry: the geometry.
        views: pairs of a view of the geometry and the conditions in its frame.
        row: the conditions in the axes of space.
        turning: `ModelConfig.turning`, by which the walls are cut into panels.
    """

    def __init__(
        self,
        programs: Programs,
        normaliser: Normaliser,
        geometry: Geometry,
        views: Sequence[tuple[View, Float[np.ndarray, " inputs"]]],
        row: Float[np.ndarray, " inputs"],
        turning: float,
    ):
        self._programs, self._normaliser, self._geometry, self._row = programs, normaliser, geometry, row
        self._turning = turning
        self._fields = normaliser.schema.field_columns
        self._views = map_in_threads(self._conditioned, views)

    def _conditioned(self, seen: tuple[View, Float[np.ndarray, " inputs"]]) -> _ConditionedView:
        view, row = seen
        prepared = self._programs.condition(view.latents, self._normaliser.condition(row))
        return _ConditionedView(view, row, self._normaliser.under(row), jax.block_until_ready(prepared))

    def __call__(self, points: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, "points components"]:
        """Any number of points, float32; NaN inside bodies and outside the domain."""
        values, local = np.empty((len(points), self._fields.width), np.float32), self._is_local()
        starts = range(0, len(points), BLOCK_POINTS)
        blocks = (PointBlock.of(points[start : start + BLOCK_POINTS], CHUNK, local) for start in starts)
        evaluated = evaluate_blocks(blocks, functools.partial(map, self.chunk))
        for start, (block, answered) in zip(starts, evaluated, strict=True):
            values[start : start + len(block.points)] = answered
        return values

    def chunk(
        self, points: Float[np.ndarray, "points dim"], on_wall: bool = False
    ) -> Float[np.ndarray, "points components"]:
        """The same for up to `CHUNK` points, in groups that are shared out to the cores."""
        started = self.submit(points, cores(), on_wall)
        inside = self.contains(points, on_wall)  # while the threads compute
        return self.masked(self.collect(started), inside)

    def on_wall(self, points: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, "points components"]:
        """Any number of points of the walls, float32."""
        parts = [points[start : start + CHUNK] for start in range(0, len(points), CHUNK)]
        answers = [self.chunk(part, on_wall=True) for part in parts]
        return np.concatenate([np.zeros((0, self._fields.width), np.float32), *answers])

    @functools.cached_property
    def at_sides(self) -> Float[np.ndarray, "sides components"]:
        """The same at the midpoints of all sides of the walls."""
        return self.on_wall(WallSides.of(self._geometry).midpoints)

    @functools.cached_property
    def integrals(self) -> Mapping[str, float]:
        """Lift, drag and moment, see `enf2enf.forces.integrals`; none where the schema has none, or walls no fields.

        They are sums over the panels of the smooth curves that walls stand for, however finely these are cut. With them
        the drag in the wake, see `enf2enf.wake.in_wake`, where the schema says of which fields that is.
        """
        schema = self._normaliser.schema
        if schema.integrals is None:
            return {}
        first = self._views[0].view
        sides = WallSides.smooth(self._geometry, len(first.panels.vertices), first.frame, self._turning)
        fields, conditions = (
            self._fields.split(self.on_wall(sides.midpoints)),
            schema.condition_columns.split(self._row),
        )
        if not all(np.isfinite(fields[name]).all() for name in schema.integrals.fields):
            return {}
        found = integrals(schema, self._geometry, fields, conditions, sides)
        if not schema.integrals.velocity:
            return found
        points = across_wake(schema, self._geometry, conditions)
        return found | in_wake(schema, points, self._fields.split(self(points)), conditions, found["C_D"])

    def contains(self, points: Float[np.ndarray, "points dim"], on_wall: bool = False) -> Bool[np.ndarray, " points"]:
        """Whether points have a field: those of the domain that the network covers in all views.

        Args:
            points: in metres.
            on_wall: whether they are known to be of the walls, so of the domain.
        """
        inside = np.ones(len(points), bool) if on_wall else self._geometry.contains(points)
        for seen in self._views:
            inside &= seen.view.covers(points)
        return inside

    def submit(self, points: Float[np.ndarray, "points dim"], parts: int, on_wall: bool = False) -> list[list[Future]]:
        """Starts to compute normalised fields in every view, in `parts` pieces in all if there are enough points."""
        size, capacity = _program(len(points))
        parts = -(-parts // len(self._views))
        share = min(capacity, size * max(1, -(-len(points) // (size * parts))))
        pieces = [points[start : start + share] for start in range(0, len(points), share)]
        start = functools.partial(threads().submit, self._answer)
        return [[start(view, piece, size, capacity, on_wall) for piece in pieces] for view in self._views]

    def collect(self, started: Sequence[Sequence[Future]]) -> Float[np.ndarray, "points components"]:
        """The mean over the views, float32, which averages out errors that differ between them.

        Args:
            started: what `submit` returned for the points.
        """
        none = np.zeros((0, self._fields.width))
        computed = [np.concatenate([none, *(part.result() for part in parts)]) for parts in started]
        values = np.zeros(computed[0].shape)
        for seen, normalised in zip(self._views, computed, strict=True):
            physical = seen.under.backward(normalised, self._normaliser.field_deviation, self._normaliser.field_mean)
            values += seen.view.frame.columns_outward(self._fields, physical) / len(started)
        with np.errstate(over="ignore"):
            return values.astype(np.float32)

    def masked(
        self, values: Float[np.ndarray, "points components"], inside: Bool[np.ndarray, " points"]
    ) -> Float[np.ndarray, "points components"]:
        """The values themselves, NaN where there is no field, see `contains`.

        Raises:
            ConditionError: fields that are not finite, under conditions outside the training range.
        """
        self._normaliser.check_finite(values[inside], self._views[0].row)
        values[~inside] = np.nan
        return values

    def _is_local(self) -> bool:
        return self._programs.network.decoder.is_local(self._views[0].prepared)

    def _answer(
        self, seen: _ConditionedView, points: Float[np.ndarray, "points dim"], size: int, capacity: int, on_wall: bool
    ) -> Float[np.ndarray, "points components"]:
        """Normalised fields in a view of at most `capacity` points, in groups of `size`."""
        local = seen.view.frame.inward(points)
        padded = np.empty((capacity, local.shape[1]), np.float32)
        with np.errstate(over="ignore"):  # so far away there is no field
            padded[: len(local)], padded[len(local) :] = local, local[-1]
        groups = padded.reshape(-1, size, local.shape[1])
        count = np.int32(-(-len(local) // size))
        fields = self._programs.decode(seen.prepared, seen.view.panels, groups, count, np.bool_(on_wall))
        return np.asarray(fields, np.float64).reshape(capacity, -1)[: len(local)]


@single
def is_local(model: Network, normaliser: Normaliser, panels: int) -> bool:
    """Whether points close together are cheaper to decode, so that sorting them pays. Traces, computes nothing."""
    dim = normaliser.schema.dim

    def boundary() -> Panels:
        ends = jnp.zeros((panels, dim, dim))
        return Panels(ends, None, ends, jnp.zeros((2, dim)))

    latents = eqx.filter_eval_shape(encode, model, eqx.filter_eval_shape(boundary))
    conditions = jax.ShapeDtypeStruct((normaliser.condition_features,), jnp.float32)
    return model.decoder.is_local(eqx.filter_eval_shape(condition, model, latents, conditions))


def computed(points: int) -> int:
    """How many points are computed for a question of `points` points, padding included."""
    size, _ = _program(points)
    return -(-points // size) * size


def _program(points: int) -> tuple[int, int]:
    """Points of a group, and of a whole call, of the program that answers a question of `points` points."""
    if jax.default_backend() != "cpu":
        return CHUNK, CHUNK
    return (_FEW_GROUP, _FEW) if points <= _FEW else (_GROUP, CHUNK)
