"""How a geometry is put before the network: an origin, axes and a length."""

import dataclasses
from collections.abc import Iterable

import numpy as np
from jaxtyping import Bool, Float

from enf2enf.geometry.lazy import lazy
from enf2enf.schema import Quantity

_VOIGT = {2: ((0, 0), (1, 1), (0, 1)), 3: ((0, 0), (1, 1), (2, 2), (0, 1), (1, 2), (0, 2))}


@dataclasses.dataclass(frozen=True, eq=False)
class Frame:
    """A frame of reference: the local coordinates of x are axes (x - origin) / length.

    Args:
        origin: of the frame, in metres.
        axes: its orthonormal axes, one a row; of determinant -1 for a mirror image.
        length: the reference length, in metres.
    """

    origin: Float[np.ndarray, " dim"]
    axes: Float[np.ndarray, "dim dim"]
    length: float

    @lazy
    def handedness(self) -> int:
        """1, or -1 for a mirror image, which turns loops round."""
        return 1 if np.linalg.det(self.axes) > 0 else -1

    def inward(self, points: Float[np.ndarray, "*points dim"]) -> Float[np.ndarray, "*points dim"]:
        """Points in metres to local coordinates."""
        return (points - self.origin) / self.length @ self.axes.T

    def outward(self, local: Float[np.ndarray, "*points dim"]) -> Float[np.ndarray, "*points dim"]:
        """Local coordinates to points in metres: the inverse of `inward`."""
        return local @ self.axes * self.length + self.origin

    def holds(
        self, points: Float[np.ndarray, "points dim"], box: Float[np.ndarray, "2 dim"]
    ) -> Bool[np.ndarray, " points"]:
        """Whether points in metres lie between the lower and the upper corner of a box in local coordinates."""
        local = self.inward(points)
        return ((local >= box[0]) & (local <= box[1])).all(axis=1)

    def turned(self, vectors: Float[np.ndarray, "*vectors dim"]) -> Float[np.ndarray, "*vectors dim"]:
        """Vectors along the frame's axes, in their own unit."""
        return vectors @ self.axes.T

    def columns_inward(
        self, quantities: Iterable[Quantity], columns: Float[np.ndarray, "*rows columns"]
    ) -> Float[np.ndarray, "*rows columns"]:
        """Values of quantities, in the columns of an array, as they are in the frame."""
        return columns @ _matrix(self.axes, tuple(quantities)).T

    def columns_outward(
        self, quantities: Iterable[Quantity], columns: Float[np.ndarray, "*rows columns"]
    ) -> Float[np.ndarray, "*rows columns"]:
        """The inverse of `columns_inward`."""
        return columns @ _matrix(self.axes.T, tuple(quantities)).T


def reflections(axes: Iterable[str], dim: int) -> list[Float[np.ndarray, "dim dim"]]:
    """The axes (one a row) of all combinations of reversing the named coordinates; the first is the identity."""
    found = [np.eye(dim)]
    for axis in axes:
        mirror = np.diag(np.where(np.arange(dim) == "xyz".index(axis), -1.0, 1.0))
        found += [other @ mirror for other in found]
    return found


def _matrix(axes: np.ndarray, quantities: tuple[Quantity, ...]) -> Float[np.ndarray, "columns columns"]:
    """What the columns of quantities are multiplied by in a frame with these axes."""
    blocks = [_block(axes, quantity) for quantity in quantities]
    ends = np.cumsum([0] + [len(block) for block in blocks])
    matrix = np.zeros((ends[-1], ends[-1]))
    for start, block in zip(ends, blocks, strict=False):
        matrix[start : start + len(block), start : start + len(block)] = block
    return matrix


def _block(axes: np.ndarray, quantity: Quantity) -> np.ndarray:
    sign = np.linalg.det(axes) if quantity.kind.startswith("pseudo") else 1.0
    if quantity.is_single:
        return np.full((1, 1), np.sign(sign))
    if quantity.kind == "tensor":
        return _of_tensor(axes)
    return np.sign(sign) * axes


def _of_tensor(axes: np.ndarray) -> np.ndarray:
    """For the components of a symmetric tensor S: those of axes S axes^T."""
    pairs = _VOIGT[len(axes)]
    columns = []
    for i, j in pairs:
        unit = np.zeros_like(axes)
        unit[i, j] = unit[j, i] = 1.0
        turned = axes @ unit @ axes.T
        columns.append([turned[k, m] for k, m in pairs])
    return np.array(columns).T
