"""Cases of the packed data as the arrays that training reads: normalised, stacked, padded; in a file where large."""

import dataclasses
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from enf2enf.data.cache import PackedData, Track
from enf2enf.data.mapped import Spool, fetch, release
from enf2enf.errors import ConfigError
from enf2enf.geometry.frame import reflections
from enf2enf.geometry.frames import FrameConfig
from enf2enf.geometry.plane.moments import size
from enf2enf.model.encoder import AbstractEncoder
from enf2enf.model.queries import Queries
from enf2enf.normalise import Normaliser
from enf2enf.train.measured import Measure, in_threads, point_type, turned

LARGE = 2**30
"""Bytes: points that need more are kept in a file, and what needs no exact figure is measured on fewer cases."""
Numbers = Array | np.ndarray
Cases = Sequence[tuple[PackedData, Int[np.ndarray, " cases"]]]
_USUAL = FrameConfig()
_OF_QUERIES = tuple(field.name for field in dataclasses.fields(Queries))


class Batch(eqx.Module):
    """Some points of some cases, normalised: on the host until a step takes them.

    Attributes:
        source: what the encoder measured on each case; or its latents, once the encoder is frozen.
        conditions: condition features.
        queries: the points, and where the wall is from them.
        target: the fields there, NaN where one is not defined.
        weight: factor from normalised error to error relative to the case's RMS.
        valid: whether a point is one of the case's own, not padding.
        emphasis: factors of the errors at every point, see `Dimensionless.emphasis`; None where all are 1.
        wall: the wall panels, repeated up to the number of all panels if some are no walls; None if not needed.
    """

    source: PyTree[Float[Numbers, "..."]]
    conditions: Float[Numbers, "cases features"]
    queries: PyTree[Float[Numbers, "..."]]
    target: Float[Numbers, "cases points components"]
    weight: Float[Numbers, "cases components"]
    valid: Bool[Numbers, "cases points"]
    emphasis: Float[Numbers, "cases points components"] | None = None
    wall: Float[Numbers, "cases panels 2 dim"] | None = None


@dataclasses.dataclass(frozen=True)
class SplitArrays:
    """Cases, all of their points.

    Args:
        everything: as one batch, whose source has an axis of placements after that of cases.
        counts: how many points of each case are real.
    """

    everything: Batch
    counts: Int[np.ndarray, " cases"]

    @classmethod
    def build(
        cls, cases: Cases, normaliser: Normaliser, encoder: AbstractEncoder, panels: int,
        frames: FrameConfig = _USUAL, placements: int = 1, progress: Track = iter, folder: Path | None = None,
        turning: float = 0.0,
    ) -> Self:  # fmt: skip
        """Measure every geometry of each data set in its first frame, then in its mirrored frames as further cases.

        Args:
            cases: of which data sets which ones.
            normaliser, encoder, panels: of the surrogate.
            frames, placements: what of every case is made, see `ModelConfig` and `TrainConfig`.
            progress: iterates over the geometries that are being measured, and may show how far it is.
            folder: where more than `LARGE` bytes of points go, into a file without a name; None for memory alone.
            turning: of the model.

        Raises:
            DatasetError: a field that is zero at all points of a case, which no relative error can measure.
            ConfigError: no space in the folder.
        """
        every = [(packed, index, image) for packed, ids in cases for image in range(frames.count) for index in ids]
        counts = np.array([packed.counts[index] for packed, index, _ in every])
        shape, dtype = (len(every), int(counts.max())), point_type(cases[0][0].schema)
        measure = Measure(normaliser, encoder, panels, turning, frames, placements, shape[1])
        size = math.prod(shape) * dtype.itemsize
        spool = None if folder is None or size <= LARGE else Spool(folder, "out", ConfigError)
        points, others = np.empty(shape if spool is None else 0, dtype), []
        for number, (own, other) in enumerate(in_threads(measure, progress(every))):
            if spool is None:
                points[number] = own
            else:
                spool.append(own[None])
            others.append(other)
        return cls(_as_batch(points if spool is None else spool.rows(), others), counts)

    @property
    def some(self) -> Int[np.ndarray, " some"]:
        """Cases that stand for all, evenly apart, whose points take no more than `LARGE` bytes."""
        count, points, _ = self.everything.target.shape
        return spread(count, points, np.asarray(self.everything.target).strides[1])

    @property
    def walls(self) -> Float[Numbers, "cases panels 2 dim"]:
        """The panels of the walls of every case."""
        assert self.everything.wall is not None  # a split has them all; only batches of a step go without
        return self.everything.wall

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
        per_point, held = (cases[:, None], points), np.asarray(all_.target)
        fetch(held, *per_point)
        batch = Batch(
            source=jax.tree.map(lambda leaf: leaf[cases, placements], all_.source),
            conditions=all_.conditions[cases],
            queries=jax.tree.map(lambda leaf: leaf[per_point], all_.queries),
            target=all_.target[per_point],
            weight=all_.weight[cases],
            valid=all_.valid[per_point],
            emphasis=None if all_.emphasis is None else all_.emphasis[per_point],
            wall=None if panels is None else self.walls[cases[:, None], panels],
        )
        release(held)
        return batch


def fit_normaliser(packed: PackedData, frames: FrameConfig = _USUAL, others: Sequence[PackedData] = ()) -> Normaliser:
    """The normaliser of a data set, fitted on its train split only, every case in its first frame.

    Args:
        packed: the data set.
        frames: of the model.
        others: more data sets of the same schema, whose train splits widen the ranges and change nothing else.
    """
    schema, train = packed.schema, packed.ids("train")
    frames.check(schema)
    axes = [frames.axes(schema, packed.conditions(index))[0] for index in train]
    fields = (turned(packed.values(index), schema, one) for index, one in zip(train, axes, strict=True))
    mirrors = reflections(frames.reflections, schema.dim)
    signs = [turned(np.ones(schema.field_width), schema, mirror) for mirror in mirrors]
    normaliser = Normaliser.fit(schema, *_trained_on(packed, frames), fields, signs)
    for other in others:
        normaliser = normaliser.covering(*_trained_on(other, frames))
    return normaliser


def _trained_on(packed: PackedData, frames: FrameConfig) -> tuple[np.ndarray, np.ndarray]:
    """The sizes of the train split, and its conditions in the first frame of every case."""
    schema, train = packed.schema, packed.ids("train")
    given = [packed.conditions(index) for index in train]
    rows = [frames.turned(schema, row, frames.axes(schema, row)[0]) for row in given]
    return np.array([size(packed.geometry(index)) for index in train]), np.stack(rows)


def spread(count: int, points: int, size: int) -> Int[np.ndarray, " some"]:
    """Indices of cases, evenly apart: as many as fit into `LARGE` bytes with `points` points of `size` bytes each."""
    most = max(1, LARGE // (points * size))
    return np.arange(count) if count <= most else np.linspace(0, count - 1, most).round().astype(np.int64)


def _as_batch(points: np.ndarray, others: list[dict[str, PyTree[np.ndarray]]]) -> Batch:
    """Records of the points of all cases, and what each of these has one of."""
    one = Queries(*(jnp.asarray(points[name][0]) for name in _OF_QUERIES))
    return Batch(
        queries=jax.tree.unflatten(jax.tree.structure(one), [points[name] for name in _OF_QUERIES]),
        target=points["target"],
        valid=points["valid"],
        emphasis=points["emphasis"] if "emphasis" in (points.dtype.names or ()) else None,
        **jax.tree.map(lambda *leaves: np.stack(leaves), *others),
    )
