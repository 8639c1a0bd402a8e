"""A split of a packed data set as padded arrays, for networks that see whole cases, and how errors are summed up.

A network is told the coordinates of every node and the conditions; where there are fields on walls, the distance to the
wall and the normal there (0 elsewhere) too, as Transolver is for AirfRANS. The fields are those without dimensions.
"""

import dataclasses
from typing import Self

import equinox as eqx
import numpy as np
from jaxtyping import Array, Bool, Float, Int
from scipy.spatial import KDTree

from enf2enf.data.cache import PackedData
from enf2enf.dimensionless import Dimensionless
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.train.measured import turned

Numbers = Array | np.ndarray
Index = int | np.integer


def has_walls(packed: PackedData) -> bool:
    """Whether some fields are on walls."""
    return not all(packed.schema.is_on("domain"))


def told(packed: PackedData, index: Index, mirror: bool = False) -> Float[np.ndarray, "nodes inputs"]:
    """What a network is told of every node of a case, or of its mirror image."""
    frame, points = _mirror(packed, index, mirror), packed.points(index)
    row = frame.columns_inward(packed.schema.conditions, packed.conditions(index))
    columns = [_seen(frame, points), np.broadcast_to(row, (len(points), len(row)))]
    if has_walls(packed):
        on_wall, sides = packed.on_wall(index), WallSides.of(packed.geometry(index))
        distance, normals = np.zeros((len(points), 1)), np.zeros_like(points)
        distance[~on_wall, 0] = packed.geometry(index).signed_distance(points[~on_wall])
        normals[on_wall] = frame.turned(sides.normals[KDTree(sides.midpoints).query(points[on_wall])[1]])
        columns += [distance, normals]
    return np.concatenate(columns, axis=1)


def asked(packed: PackedData, index: Index, mirror: bool = False) -> Float[np.ndarray, "nodes fields"]:
    """The fields without dimensions at every node of a case, or of its mirror image; NaN where there are none."""
    values = packed.values(index).astype(np.float64)
    own = turned(values, packed.schema, _mirror(packed, index, mirror).axes)
    return dimensionless(packed, index, mirror).forward(own)


def dimensionless(packed: PackedData, index: Index, mirror: bool = False) -> Dimensionless:
    """How the fields of a case, or of its mirror image, lose their dimensions."""
    row = _mirror(packed, index, mirror).columns_inward(packed.schema.conditions, packed.conditions(index))
    return Dimensionless(packed.schema, packed.schema.length or 1.0, row)


@dataclasses.dataclass(frozen=True)
class Scale:
    """Mean and standard deviation over all nodes of the train split.

    Attributes:
        centre, spread: of the inputs of a network; the spread of a constant input is 1.
        mean, deviation: of the fields without dimensions.
    """

    centre: Float[np.ndarray, " inputs"]
    spread: Float[np.ndarray, " inputs"]
    mean: Float[np.ndarray, " fields"]
    deviation: Float[np.ndarray, " fields"]

    @classmethod
    def fit(cls, packed: PackedData) -> Self:
        """From the train split, and nothing else."""
        train = packed.ids("train")
        inputs = np.concatenate([told(packed, index) for index in train])
        fields = np.concatenate([asked(packed, index) for index in train])
        spread = inputs.std(axis=0)
        spread[spread <= 1e-12 * np.abs(inputs).max(axis=0)] = 1.0
        return cls(inputs.mean(axis=0), spread, np.nanmean(fields, axis=0), np.nanstd(fields, axis=0))


class Cases(eqx.Module):
    """Cases of different numbers of nodes, normalised and padded to the longest; or one of them.

    Attributes:
        inputs: what is known of the nodes; those of the last node repeated as padding.
        target: the fields there; NaN where there are none, and in padding.
        shares: weight of the squared error of a field at a node. Without fields on walls, 1 over the sum of squares of
            the fields: the root of the weighted sum is the relative L2 error. With such fields, 1 over the numbers of
            nodes and of fields: the root is that of the mean square in the domain plus the mean square on the wall.
        valid: whether a node is one of the case's own, not padding.
    """

    inputs: Float[Numbers, "*cases nodes inputs"]
    target: Float[Numbers, "*cases nodes fields"]
    shares: Float[Numbers, "*cases fields"]
    valid: Bool[Numbers, "*cases nodes"]

    @classmethod
    def build(cls, packed: PackedData, split: str, scale: Scale, mirror: bool = False) -> Self:
        """All cases of a split; with `mirror` also the mirror image of each, after them."""
        images = [(index, image) for image in (False, True)[: 1 + mirror] for index in packed.ids(split)]
        counts = np.array([packed.counts[index] for index, _ in images])
        inputs = np.zeros((len(images), counts.max(), len(scale.centre)), np.float32)
        target = np.full((len(images), counts.max(), len(scale.mean)), np.nan, np.float32)
        shares = np.empty((len(images), len(scale.mean)), np.float32)
        for row, (index, image) in enumerate(images):
            known, fields = told(packed, index, image), asked(packed, index, image)
            inputs[row, : counts[row]] = (known - scale.centre) / scale.spread
            inputs[row, counts[row] :] = inputs[row, counts[row] - 1]
            target[row, : counts[row]] = (fields - scale.mean) / scale.deviation
            shares[row] = _shares(packed, fields, scale)
        return cls(inputs, target, shares, np.arange(counts.max()) < counts[:, None])

    @property
    def counts(self) -> Int[np.ndarray, " cases"]:
        """Number of nodes of every case."""
        return np.asarray(self.valid).sum(axis=1)

    def case(self, row: Index, nodes: Int[np.ndarray, " drawn"] | None = None) -> Self:
        """One of the cases, or some of its nodes, with their shares scaled up to stand for all of its nodes."""
        if nodes is None:
            return type(self)(self.inputs[row], self.target[row], self.shares[row], self.valid[row])
        share = self.shares[row] * np.float32(self.valid[row].sum() / len(nodes))
        return type(self)(self.inputs[row, nodes], self.target[row, nodes], share, self.valid[row, nodes])


def mirrored(packed: PackedData, index: Index, points: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "n dim"]:
    """Points, in metres, seen in the mirror of their case, see `_mirror`."""
    return _seen(_mirror(packed, index, True), points)


def summary(errors: Float[np.ndarray, " cases"]) -> dict[str, float]:
    """Mean, median and worst of one relative L2 error per case."""
    return {"relative_l2": float(np.mean(errors)), "median": float(np.median(errors)), "worst": float(np.max(errors))}


def _mirror(packed: PackedData, index: Index, mirror: bool) -> Frame:
    """The usual frame, or its mirror image: in x about the middle of the bounds; with wall fields, in y about 0."""
    if has_walls(packed):
        return Frame(np.zeros(2), np.diag([1.0, -1.0 if mirror else 1.0]), 1.0)
    middle = packed.geometry(index).bounds.mean(axis=0)
    return Frame(middle * [1.0, 0.0], np.diag([-1.0 if mirror else 1.0, 1.0]), 1.0)


def _seen(frame: Frame, points: Float[np.ndarray, "n dim"]) -> Float[np.ndarray, "n dim"]:
    """Points in the mirror, in metres and with the origin where it was."""
    return points if frame.handedness == 1 else frame.inward(points) + frame.origin


def _shares(
    packed: PackedData, fields: Float[np.ndarray, "nodes fields"], scale: Scale
) -> Float[np.ndarray, " fields"]:
    if not has_walls(packed):
        return scale.deviation**2 / np.nansum(fields**2)
    is_on = np.array([packed.schema.is_on("domain"), packed.schema.is_on("wall")])
    return 1.0 / (np.isfinite(fields).sum(axis=0) * np.where(is_on[0], is_on[0].sum(), is_on[1].sum()))
