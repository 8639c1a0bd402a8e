"""A case of the packed data as training reads it: in a frame, normalised, measured."""

import dataclasses
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, PyTree

from enf2enf.data.cache import PackedData
from enf2enf.errors import DatasetError
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.frames import FrameConfig
from enf2enf.inference.encoding import panels_from
from enf2enf.model.encoder import AbstractEncoder, Measurements
from enf2enf.model.panels import Panels
from enf2enf.model.queries import Queries, queries_at
from enf2enf.normalise import Normaliser
from enf2enf.precision import compiled
from enf2enf.schema import Schema
from enf2enf.threads import cores, threads

_AT_ONCE = 512  # points, whose distances to all panels fit a cache
_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclasses.dataclass(frozen=True)
class Measure:
    """Makes the arrays of cases.

    Args:
        normaliser, encoder, panels, turning: of the surrogate.
        frames, placements: what of every case is made, see `ModelConfig` and `TrainConfig`.
        rows: how many points every case is filled up to, with its last one.
    """

    normaliser: Normaliser
    encoder: AbstractEncoder
    panels: int
    turning: float
    frames: FrameConfig
    placements: int
    rows: int

    def __call__(self, case: tuple[PackedData, int, int]) -> tuple[np.ndarray, dict[str, PyTree[np.ndarray]]]:
        """The points of a case, one record each, and all that it has one of.

        Args:
            case: data, index in them, and number of the frame.

        Raises:
            DatasetError: a field that is zero at all points of the case, which no relative error can measure.
        """
        packed, index, image = case
        schema, geometry, conditions = packed.schema, packed.geometry(index), packed.conditions(index)
        axes = self.frames.axes(schema, conditions)[image]
        frame = self.frames.of(geometry, self.normaliser.length, [axes])[0]
        row, values = self.frames.turned(schema, conditions, axes), turned(packed.values(index), schema, axes)
        placed = geometry.cut(self.panels, frame, self.turning)
        panels = panels_from(placed, self.frames.box_of(geometry, frame), schema.open_walls)
        filled = np.minimum(np.arange(self.rows), len(values) - 1)
        points = frame.inward(packed.points(index)).astype(np.float32)[filled]
        at, on_wall = jnp.asarray(points), jnp.asarray(packed.on_wall(index)[filled])
        measured = _measure(self.encoder, panels, at, on_wall, self.placements)
        source, queries = jax.device_get(measured)
        records = np.empty(self.rows, point_type(schema))
        for name in ("points", "distance", "direction"):
            records[name] = getattr(queries, name)
        records["target"] = self.normaliser.fields(values, row)[filled]
        if "emphasis" in (records.dtype.names or ()):
            under = self.normaliser.under(row)
            records["emphasis"] = under.emphasis(under.forward(values))[filled]
        records["valid"] = np.arange(self.rows) < len(values)
        return records, {
            "source": source,
            "wall": np.resize(placed.ends[placed.on_wall], placed.ends.shape).astype(np.float32),
            "weight": self._weight(packed, index, values, row),
            "conditions": self.normaliser.condition(row),
        }

    def _weight(self, packed: PackedData, index: int, values: np.ndarray, row: np.ndarray) -> np.ndarray:
        schema, sizes = packed.schema, self.normaliser.sizes(values, row)
        if not sizes.all():
            field = schema.fields[int(sizes.argmin())].name
            raise DatasetError(f"case {packed.names[index]!r}, {field}", "a field that is not zero everywhere", "zeros")
        return (self.normaliser.field_deviation / sizes[list(schema.field_columns.groups)]).astype(np.float32)


def point_type(schema: Schema) -> np.dtype:
    """All that is kept of a point as one record, so that a point is one place in a file."""
    single, dim = np.float32, (schema.dim,)
    width = (schema.field_width,)
    fields = [("points", single, dim), ("distance", single), ("direction", single, dim), ("target", single, width)]
    if any(field.transform == "log1p" for field in schema.fields):
        fields.append(("emphasis", single, width))
    return np.dtype([*fields, ("valid", np.bool_)], align=True)


def turned(values: np.ndarray, schema: Schema, axes: Float[np.ndarray, "dim dim"]) -> np.ndarray:
    """Fields in a frame with these axes. One that is not defined at a point does not spoil the others."""
    frame, missing = Frame(np.zeros(schema.dim), axes, 1.0), np.isnan(values)
    inward = frame.columns_inward(schema.fields, np.where(missing, 0.0, values))
    return np.where(missing, np.nan, inward)


def in_threads(work: Callable[[_Item], _Result], items: Iterable[_Item]) -> Iterator[_Result]:
    """The results for all items, in order, a few of them ahead of who takes them."""
    waiting = deque()
    try:
        for item in items:
            waiting.append(threads().submit(work, item))
            if len(waiting) > 2 * cores():
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        for future in waiting:
            future.cancel()


@compiled
def _measure(
    encoder: AbstractEncoder, panels: Panels, points: Array, on_wall: Array, placements: int
) -> tuple[Measurements, Queries]:
    # One after the other: what they need at once would not fit a cache, and takes 3.6 times as long.
    measured = jax.lax.map(lambda number: encoder.measure(panels, number), jnp.arange(placements))
    one = lambda query: queries_at(panels, query[0][None], query[1])  # noqa: E731
    queries = jax.lax.map(one, (points, on_wall), batch_size=_AT_ONCE)
    return measured, jax.tree.map(lambda leaf: leaf[:, 0], queries)
