"""A split of a packed data set with one scalar field as padded arrays, and how errors on it are summed up."""

import dataclasses
from typing import Self

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float

from enf2enf.data.cache import PackedData

Numbers = Array | np.ndarray


@dataclasses.dataclass(frozen=True)
class Scale:
    """Mean and standard deviation over all nodes of the train split.

    Attributes:
        centre, spread: of the coordinates, in metres.
        mean, deviation: of the field, in its unit.
    """

    centre: Float[np.ndarray, " dim"]
    spread: Float[np.ndarray, " dim"]
    mean: float
    deviation: float

    @classmethod
    def fit(cls, packed: PackedData) -> Self:
        """From the train split, and nothing else."""
        train = packed.ids("train")
        points = np.concatenate([packed.points(index) for index in train])
        values = np.concatenate([packed.values(index) for index in train]).astype(np.float64)
        return cls(points.mean(axis=0), points.std(axis=0), float(values.mean()), float(values.std()))


class Cases(eqx.Module):
    """Cases of different numbers of nodes, normalised and padded to the longest; or one of them.

    Attributes:
        points: coordinates; the last node repeated as padding.
        target: the field there.
        size: root of the sum over a case's own nodes of the squared field, in units of the field's deviation.
        valid: whether a node is one of the case's own, not padding.
    """

    points: Float[Numbers, "*cases nodes dim"]
    target: Float[Numbers, "*cases nodes"]
    size: Float[Numbers, "*cases"]
    valid: Bool[Numbers, "*cases nodes"]

    @classmethod
    def build(cls, packed: PackedData, split: str, scale: Scale, mirror: bool = False) -> Self:
        """All cases of a split; with `mirror` also the mirror image in x of each, after them."""
        indices = packed.ids(split)
        points = [packed.points(index) for index in indices]
        points += [mirrored(packed, index, points) for index, points in zip(indices, points, strict=True)] * mirror
        values = [packed.values(index)[:, 0].astype(np.float64) for index in indices] * (1 + mirror)
        counts = np.array([len(row) for row in points])
        kept = np.minimum(np.arange(counts.max()), counts[:, None] - 1)
        return cls(
            np.stack([((p - scale.centre) / scale.spread)[k] for p, k in zip(points, kept, strict=True)], dtype="f4"),
            np.stack([((v - scale.mean) / scale.deviation)[k] for v, k in zip(values, kept, strict=True)], dtype="f4"),
            np.array([np.linalg.norm(v) / scale.deviation for v in values], np.float32),
            np.arange(counts.max()) < counts[:, None],
        )

    def case(self, row: int) -> Self:
        """One of the cases."""
        return type(self)(self.points[row], self.target[row], self.size[row], self.valid[row])


def mirrored(
    packed: PackedData, index: int | np.integer, points: Float[np.ndarray, "n dim"]
) -> Float[np.ndarray, "n dim"]:
    """Points, in metres, seen in the mirror x -> 2 c - x, c the middle of the case's bounds."""
    middle = packed.geometry(index).bounds.mean(axis=0)[0]
    return points * [-1.0, 1.0] + [2 * middle, 0.0]


def summary(errors: Float[np.ndarray, " cases"]) -> dict[str, float]:
    """Mean, median and worst of one relative L2 error per case."""
    return {"relative_l2": float(np.mean(errors)), "median": float(np.median(errors)), "worst": float(np.max(errors))}
