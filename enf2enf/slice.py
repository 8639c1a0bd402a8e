"""Query points in a cut across a shape."""

import dataclasses

import numpy as np
from jaxtyping import Float

from enf2enf.errors import QueryError
from enf2enf.line import check_count
from enf2enf.plain import is_number, shown

_AXES = ("x", "y", "z")


@dataclasses.dataclass(frozen=True)
class Slice:
    """The points of a regular grid over the bounds of a shape where one coordinate has a value: in the plane, a line.

    Args:
        axis: that is cut across: `"x"`, `"y"` or `"z"`.
        value: of that coordinate, in metres.
        count: number of points along each of the other axes.

    Raises:
        QueryError: another axis, a value that is not finite, fewer than one point.
    """

    axis: str
    value: float
    count: int = 201

    def __post_init__(self):
        if self.axis not in _AXES:
            raise QueryError("axis of the slice", "x, y or z", shown(self.axis))
        if isinstance(self.value, np.number):
            object.__setattr__(self, "value", self.value.item())
        if not is_number(self.value):
            raise QueryError("value of the slice", "a finite number of metres", shown(self.value))
        check_count("slice", self.count)

    def across(self, bounds: Float[np.ndarray, "2 dim"]) -> Float[np.ndarray, "points dim"]:
        """All points in a shape of these bounds, row-major. Raises `QueryError` where it has no such axis.

        Args:
            bounds: lowest and highest coordinates, in metres.
        """
        dim, cut = bounds.shape[1], _AXES.index(self.axis)
        if cut >= dim:
            raise QueryError("axis of the slice", " or ".join(_AXES[:dim]), shown(self.axis))
        along = [np.linspace(low, high, self.count) for low, high in bounds.T]
        along[cut] = np.array([self.value], np.float64)
        return np.stack(np.meshgrid(*along, indexing="ij"), axis=-1).reshape(-1, dim)
