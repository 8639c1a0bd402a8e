"""A split of the packed data as the arrays that training reads: normalised, stacked, padded."""

import dataclasses
from typing import Literal, Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from enf2enf.data.cache import PackedData, Track
from enf2enf.errors import DatasetError
from enf2enf.geometry.frame import Frame, reflections
from enf2enf.geometry.frames import FrameConfig
from enf2enf.inference.encoding import roles_of
from enf2enf.model.encoder import AbstractEncoder, Measurements
from enf2enf.model.panels import Panels
from enf2enf.model.queries import Queries, queries_at
from enf2enf.normalise import Normaliser
from enf2enf.precision import compiled
from enf2enf.schema import Schema
from enf2enf.threads import threads

Numbers = Array | np.ndarray
_USUAL = FrameConfig()
_AT_ONCE = 512  # points, whose distances to all panels fit a cache


class Batch(eqx.Module):
    """Some points of some cases, normalised: on the host until a step takes them.

    Attributes:
        source: what the encoder measured on each case; or its latents, once the encoder is frozen.
        conditions: condition features.
        queries: the points, and where the wall is from them.
        target: the fields there, NaN where one is not defined.
        weight: factor from normalised error to error relative to the case's RMS.
        valid: whether a point is one of the case's own, not padding.
        wall: panels of the walls, some of them twice if there are others; or None where they are not needed.
    """

    source: PyTree[Float[Numbers, "..."]]
    conditions: Float[Numbers, "cases features"]
    queries: PyTree[Float[Numbers, "..."]]
    target: Float[Numbers, "cases points components"]
    weight: Float[Numbers, "cases components"]
    valid: Bool[Numbers, "cases points"]
    wall: Float[Numbers, "cases panels 2 dim"] | None = None


@dataclasses.dataclass(frozen=True)
class SplitArrays:
    """All cases of a split.

    Args:
        everything: as one batch, whose source has an axis of placements after that of cases.
        counts: how many points of each case are real.
    """

    everything: Batch
    counts: Int[np.ndarray, " cases"]

    @classmethod
    def build(
        cls, packed: PackedData, split: str, normaliser: Normaliser, encoder: AbstractEncoder, panels: int,
        frames: FrameConfig = _USUAL, placements: int = 1, progress: Track = iter,
    ) -> Self:  # fmt: skip
        """Measure every geometry in its first frame, then in its mirrored frames as further cases.

        Args:
            packed, split: whose cases.
            normaliser, encoder, panels: of the surrogate.
            frames, placements: what of every case is made, see `ModelConfig` and `TrainConfig`.
            progress: iterates over the geometries that are being measured, and may show how far it is.

        Raises:
            DatasetError: a field that is zero at all points of a case, which no relative error can measure.
        """
        ids = packed.ids(split)
        every = [(index, image) for image in range(frames.count) for index in ids]
        cases = [_case(packed, index, normaliser, panels, frames, image) for index, image in every]
        counts = np.array([len(case["points"]) for case in cases])
        padded = {key: _stack([case[key] for case in cases]) for key in cases[0]}
        ends, is_wall, box, points, on_wall = (
            padded.pop(key) for key in ("ends", "is_wall", "box", "points", "on_wall")
        )
        role = roles_of(is_wall) if packed.schema.open_walls else None
        source, queries = _measure(encoder, (ends, role, box), points, on_wall, placements, progress)
        valid = np.arange(points.shape[1]) < counts[:, None]
        return cls(Batch(source=source, queries=queries, valid=valid, **padded), counts)

    @property
    def walls(self) -> Float[Numbers, "cases panels 2 dim"]:
        """The panels of the walls of every case."""
        assert self.everything.wall is not None  # a split has them all; only batches of a step go without
        return self.everything.wall

    def joined(self, other: Self) -> Self:
        """These cases, then the other's."""
        longest = max(self.everything.valid.shape[1], other.everything.valid.shape[1])
        one, two = (arrays._padded(longest) for arrays in (self, other))
        batch = jax.tree.map(lambda *leaves: np.concatenate(leaves), one, two)
        return type(self)(batch, np.concatenate([self.counts, other.counts]))

    def _padded(self, longest: int) -> Batch:
        missing = longest - self.everything.valid.shape[1]

        def pad(leaf: Numbers, mode: Literal["edge", "constant"]) -> np.ndarray:
            return np.pad(leaf, [(0, 0), (0, missing)] + [(0, 0)] * (leaf.ndim - 2), mode=mode)

        queries, target = jax.tree.map(
            lambda leaf: pad(leaf, "edge"), (self.everything.queries, self.everything.target)
        )
        valid = pad(self.everything.valid, "constant")
        return dataclasses.replace(self.everything, queries=queries, target=target, valid=valid)

    def take(
        self,
        cases: Int[np.ndarray, " batch"],
        points: Int[np.ndarray, "batch points"],
        placements: Int[np.ndarray, " batch"],
        panels: Int[np.ndarray, "batch panels"] | None = None,
    ) -> Batch:
        """The batch of these points (one row per case) of these cases, with latents in these places.

        Panels of their walls come with them where they are asked for.
        """
        all_ = self.everything
        per_point = (cases[:, None], points)
        return Batch(
            source=jax.tree.map(lambda leaf: leaf[cases, placements], all_.source),
            conditions=all_.conditions[cases],
            queries=jax.tree.map(lambda leaf: leaf[per_point], all_.queries),
            target=all_.target[per_point],
            weight=all_.weight[cases],
            valid=all_.valid[per_point],
            wall=None if panels is None else self.walls[cases[:, None], panels],
        )


def fit_normaliser(packed: PackedData, frames: FrameConfig = _USUAL) -> Normaliser:
    """From the train split, and nothing else; in the first frame of every case."""
    schema, train = packed.schema, packed.ids("train")
    frames.check(schema)
    axes = [frames.axes(schema, packed.conditions(index))[0] for index in train]
    rows = [frames.turned(schema, packed.conditions(index), one) for index, one in zip(train, axes, strict=True)]
    fields = (_turned(packed.values(index), schema, one) for index, one in zip(train, axes, strict=True))
    extents = np.array([packed.geometry(index).extent for index in train])
    mirrors = reflections(frames.reflections, schema.dim)
    signs = [_turned(np.ones(schema.field_width), schema, mirror) for mirror in mirrors]
    return Normaliser.fit(schema, extents, np.stack(rows), fields, signs)


def _turned(values: np.ndarray, schema: Schema, axes: Float[np.ndarray, "dim dim"]) -> np.ndarray:
    """Fields in a frame with these axes. One that is not defined at a point does not spoil the others."""
    frame, missing = Frame(np.zeros(schema.dim), axes, 1.0), np.isnan(values)
    turned = frame.columns_inward(schema.fields, np.where(missing, 0.0, values))
    return np.where(missing, np.nan, turned)


def _case(
    packed: PackedData, index: int, normaliser: Normaliser, count: int, frames: FrameConfig, image: int
) -> dict[str, np.ndarray]:
    """The arrays of a case in its frame of number `image`."""
    schema, geometry, conditions = packed.schema, packed.geometry(index), packed.conditions(index)
    axes = frames.axes(schema, conditions)[image]
    frame = frames.of(geometry, normaliser.length, [axes])[0]
    row, values = frames.turned(schema, conditions, axes), _turned(packed.values(index), schema, axes)
    sizes = normaliser.sizes(values, row)
    if not sizes.all():
        field = schema.fields[int(sizes.argmin())].name
        raise DatasetError(f"case {packed.names[index]!r}, {field}", "a field that is not zero everywhere", "zeros")
    placed = geometry.cut(count, frame)
    ends = placed.ends.astype(np.float32)
    return {
        "ends": ends,
        "is_wall": placed.on_wall,
        "wall": np.resize(ends[placed.on_wall], ends.shape),
        "box": frames.box_of(geometry, frame).astype(np.float32),
        "points": frame.inward(packed.points(index)).astype(np.float32),
        "on_wall": packed.on_wall(index),
        "target": normaliser.fields(values, row),
        "weight": (normaliser.field_deviation / sizes[list(schema.field_columns.groups)]).astype(np.float32),
        "conditions": normaliser.condition(row),
    }


def _stack(rows: list[np.ndarray]) -> np.ndarray:
    """Stack arrays of different lengths, repeating the last row of the shorter ones."""
    longest = max(len(row) for row in rows)
    same = all(len(row) == longest for row in rows)
    return np.stack(rows if same else [row[np.minimum(np.arange(longest), len(row) - 1)] for row in rows])


def _measure(
    encoder: AbstractEncoder,
    boundaries: tuple[np.ndarray, np.ndarray | None, np.ndarray],
    points: np.ndarray,
    on_wall: np.ndarray,
    placements: int,
    progress: Track,
) -> tuple:
    def work(number: int) -> tuple[PyTree[np.ndarray], PyTree[np.ndarray]]:
        own = jax.tree.map(lambda leaf: jnp.asarray(leaf[number]), (boundaries, points, on_wall))
        return jax.device_get(_measure_case(encoder, Panels(*own[0]), own[1], own[2], placements))

    waiting = [threads().submit(work, number) for number in range(len(points))]
    try:
        rows = [row.result() for row in progress(waiting)]
    finally:
        for row in waiting:
            row.cancel()
    return jax.tree.map(lambda *leaves: np.stack(leaves), *rows)


@compiled
def _measure_case(
    encoder: AbstractEncoder, panels: Panels, points: Array, on_wall: Array, placements: int
) -> tuple[Measurements, Queries]:
    # One after the other: what they need at once would not fit a cache, and takes 3.6 times as long.
    measured = jax.lax.map(lambda number: encoder.measure(panels, number), jnp.arange(placements))
    one = lambda query: queries_at(panels, query[0][None], query[1])  # noqa: E731
    queries = jax.lax.map(one, (points, on_wall), batch_size=_AT_ONCE)
    return measured, jax.tree.map(lambda leaf: leaf[:, 0], queries)
