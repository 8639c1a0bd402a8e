"""A split of the packed data as the arrays that training reads: normalised, stacked, padded."""

import dataclasses
from typing import Self

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Bool, Float, Int, PyTree

from enf2enf.data.cache import PackedData, Progress
from enf2enf.errors import DatasetError
from enf2enf.geometry.frame import images, signs
from enf2enf.inference.encoding import shape_of
from enf2enf.model.encoder import AbstractEncoder, Observation
from enf2enf.model.panels import Shape
from enf2enf.nn.distance import signed_distance
from enf2enf.normalise import Normaliser
from enf2enf.schema import Schema
from enf2enf.threads import threads

Numbers = Array | np.ndarray


class Batch(eqx.Module):
    """Some points of some cases, normalised: on the host until a step takes them.

    Attributes:
        source: what the encoder observed of each case; or its latents, once the encoder is frozen.
        conditions: condition features.
        points, distance: query points and their signed distance to the wall.
        target: the fields there.
        weight: factor from normalised error to error relative to the case's RMS.
        valid: whether a point is one of the case's own, not padding.
        wall: facets of the wall, or None where they are not needed.
    """

    source: PyTree[Float[Numbers, "..."]]
    conditions: Float[Numbers, "cases features"]
    points: Float[Numbers, "cases points dim"]
    distance: Float[Numbers, "cases points"]
    target: Float[Numbers, "cases points components"]
    weight: Float[Numbers, "cases components"]
    valid: Bool[Numbers, "cases points"]
    wall: Float[Numbers, "cases facets 2 dim"] | None = None


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
        cls, packed: PackedData, split: str, normaliser: Normaliser, encoder: AbstractEncoder, facets: int,
        mirror: tuple[str, ...] = (), placements: int = 1, progress: Progress = iter,
    ) -> Self:  # fmt: skip
        """Observe every geometry once, and its mirror images along the axes in `mirror` as further cases.

        Args:
            packed, split: whose cases.
            normaliser, encoder, facets: of the surrogate.
            mirror, placements: what of every case is made, see `ModelConfig` and `TrainConfig`.
            progress: iterates over the geometries that are being observed, and may show how far it is.

        Raises:
            DatasetError: a field that is zero at all points of a case, which no relative error can measure.
        """
        flips = images(mirror, packed.schema.dim)
        cases = [_case(packed, index, normaliser, facets, flip) for flip in flips for index in packed.ids(split)]
        counts = np.array([len(case["points"]) for case in cases])
        padded = {key: _stack([case[key] for case in cases]) for key in cases[0]}
        box = padded.pop("box")
        source, distance = _observe(encoder, padded["wall"], box, padded["points"], placements, progress)
        valid = np.arange(padded["points"].shape[1]) < counts[:, None]
        return cls(Batch(source=source, distance=distance, valid=valid, **padded), counts)

    def joined(self, other: Self) -> Self:
        """These cases, then the other's."""
        longest = max(self.everything.points.shape[1], other.everything.points.shape[1])
        one, two = (arrays._padded(longest) for arrays in (self, other))
        batch = jax.tree.map(lambda *leaves: np.concatenate(leaves), one, two)
        return type(self)(batch, np.concatenate([self.counts, other.counts]))

    def _padded(self, longest: int) -> Batch:
        missing = longest - self.everything.points.shape[1]

        def pad(leaf: np.ndarray, mode: str) -> np.ndarray:
            return np.pad(leaf, [(0, 0), (0, missing)] + [(0, 0)] * (leaf.ndim - 2), mode=mode)

        last = {name: pad(getattr(self.everything, name), "edge") for name in ("points", "distance", "target")}
        return dataclasses.replace(self.everything, valid=pad(self.everything.valid, "constant"), **last)

    def take(
        self,
        cases: Int[np.ndarray, " batch"],
        points: Int[np.ndarray, "batch points"],
        placements: Int[np.ndarray, " batch"],
        facets: Int[np.ndarray, "batch facets"] | None = None,
    ) -> Batch:
        """The batch of these points (one row per case) of these cases, with latents in these places.

        Facets of their walls come with them where they are asked for.
        """
        all_ = self.everything
        per_point = (cases[:, None], points)
        return Batch(
            source=jax.tree.map(lambda leaf: leaf[cases, placements], all_.source),
            conditions=all_.conditions[cases],
            points=all_.points[per_point],
            distance=all_.distance[per_point],
            target=all_.target[per_point],
            weight=all_.weight[cases],
            valid=all_.valid[per_point],
            wall=None if facets is None else all_.wall[cases[:, None], facets],
        )


def fit_normaliser(packed: PackedData) -> Normaliser:
    """From the train split, and nothing else."""
    train = packed.ids("train")
    extents = np.array([packed.geometry(index).extent for index in train])
    conditions = np.stack([packed.conditions(index) for index in train])
    return Normaliser.fit(packed.schema, extents, conditions, (packed.values(index) for index in train))


def component_groups(schema: Schema) -> tuple[int, ...]:
    """For every field component, the index of its field."""
    return tuple(i for i, field in enumerate(schema.fields) for _ in range(field.width(schema.dim)))


def _case(
    packed: PackedData, index: int, normaliser: Normaliser, facets: int, flip: Float[np.ndarray, " dim"]
) -> dict[str, np.ndarray]:
    schema, geometry = packed.schema, packed.geometry(index)
    row = packed.conditions(index) * signs(flip, schema.conditions)
    values = packed.values(index) * signs(flip, schema.fields)
    shape = shape_of(geometry, normaliser.length, facets, flip)
    local = (packed.points(index) - geometry.bounds.mean(axis=0)) / normaliser.length
    groups = np.array(component_groups(schema))
    squares = np.bincount(groups, (values.astype(np.float64) ** 2).mean(axis=0))
    if not squares.all():
        field = schema.fields[int(squares.argmin())].name
        raise DatasetError(f"case {packed.names[index]!r}, {field}", "a field that is not zero everywhere", "zeros")
    gain, _ = normaliser.affine(row)
    return {
        "wall": np.asarray(shape.facets),
        "box": np.asarray(shape.box),
        "points": (local * flip).astype(np.float32),
        "target": normaliser.fields(values, row),
        "weight": (np.abs(gain) / np.sqrt(squares)[groups]).astype(np.float32),
        "conditions": normaliser.condition(row),
    }


def _stack(rows: list[np.ndarray]) -> np.ndarray:
    """Stack arrays of different lengths, repeating the last row of the shorter ones."""
    longest = max(len(row) for row in rows)
    same = all(len(row) == longest for row in rows)
    return np.stack(rows if same else [row[np.minimum(np.arange(longest), len(row) - 1)] for row in rows])


def _observe(
    encoder: AbstractEncoder,
    facets: np.ndarray,
    box: np.ndarray,
    points: np.ndarray,
    placements: int,
    progress: Progress,
) -> tuple:
    @jax.jit
    def one(facets: Array, box: Array, points: Array) -> tuple[Observation, Array]:
        shape = Shape(facets, box)
        # One after the other: what they need at once would not fit a cache, and takes 3.6 times as long.
        observed = jax.lax.map(lambda number: encoder.observe(shape, number), jnp.arange(placements))
        return observed, jax.vmap(lambda p: signed_distance(shape.facets, p))(points)

    def work(*case: np.ndarray) -> tuple[PyTree[np.ndarray], np.ndarray]:
        return jax.device_get(one(*map(jnp.asarray, case)))

    waiting = [threads().submit(work, *case) for case in zip(facets, box, points, strict=True)]
    try:
        rows = [row.result() for row in progress(waiting)]
    finally:
        for row in waiting:
            row.cancel()
    return jax.tree.map(lambda *leaves: np.stack(leaves), *rows)
