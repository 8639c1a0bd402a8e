"""Which frames a geometry is seen in."""

import dataclasses
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float

from enf2enf.errors import ConditionError, ConfigError
from enf2enf.geometry.frame import Frame, reflections
from enf2enf.plain import is_number, shown
from enf2enf.schema import Schema

if TYPE_CHECKING:
    from enf2enf.geometry.geometry import Geometry

_ANCHORS = ("domain", "walls", "inflow")
_LARGEST = 1e6  # reference lengths


@dataclasses.dataclass(frozen=True)
class FrameConfig:
    """The frames of a geometry.

    Args:
        anchor: what places the frames. `domain`: origin at the centre of the domain's bounds, axes those of space.
            `walls`: origin at the centroid of the walls, weighted by length. `inflow`: origin as for `walls`, first
            axis along a vector condition, so that answers turn and mirror with geometry and conditions.
        reflections: axes along which the problem is its own mirror image. Every case is then trained mirrored too, and
            an answer is the mean over the geometry and its images, turned back, at as many times the cost.
        box: lower and upper corner of what the network covers, in reference lengths in the frame; none for the anchor
            `domain`, which takes the domain's bounds.
        inflow: name of the condition that the anchor `inflow` is along.
    """

    anchor: Literal["domain", "walls", "inflow"] = "domain"
    reflections: tuple[Literal["x", "y"], ...] = ()
    box: tuple[tuple[float, ...], ...] = ()
    inflow: str = "inflow"

    def __post_init__(self):
        if not isinstance(self.anchor, str) or self.anchor not in _ANCHORS:
            raise ConfigError("frames.anchor", " or ".join(_ANCHORS), shown(self.anchor))
        if not isinstance(self.reflections, tuple) or not all(map(_is_axis, self.reflections)):
            raise ConfigError("frames.reflections", "a tuple of axes, x or y", shown(self.reflections))
        if len(set(self.reflections)) < len(self.reflections):
            raise ConfigError("frames.reflections", "no axis twice", repr(list(self.reflections)))
        if self.anchor == "inflow" and "x" in self.reflections:
            raise ConfigError("frames.reflections", "not x, which is along the inflow", repr(list(self.reflections)))
        if self.anchor != "inflow" and self.inflow != "inflow":
            raise ConfigError("frames.inflow", "none where the anchor is not the inflow", shown(self.inflow))
        if self.anchor == "domain":
            if not isinstance(self.box, tuple) or self.box:
                wanted = "none where the anchor is the domain, whose bounds it is"
                raise ConfigError("frames.box", wanted, shown(self.box))
        elif not _is_box(self.box):
            wanted = "tuples of a lower and an upper corner in reference lengths, in this order"
            raise ConfigError("frames.box", wanted, shown(self.box))

    @property
    def count(self) -> int:
        """How many frames a geometry is seen in."""
        return 2 ** len(self.reflections)

    @property
    def follows_conditions(self) -> bool:
        """Whether the frames of a geometry depend on the conditions."""
        return self.anchor == "inflow"

    def check(self, schema: Schema) -> None:
        """Refuse a schema without the condition that frames hang on, or with bodies in a domain that has no bounds.

        Raises:
            ConfigError: as it says.
        """
        vectors = [quantity.name for quantity in schema.conditions if quantity.kind == "vector"]
        if self.follows_conditions and self.inflow not in vectors:
            raise ConfigError("frames.inflow", f"a vector condition, one of {vectors}", shown(self.inflow))
        if self.follows_conditions and schema.dim != 2:
            raise ConfigError("frames.anchor", "domain or walls in space", self.anchor)
        if self.box and len(self.box[0]) != schema.dim:
            raise ConfigError("frames.box", f"corners of {schema.dim} coordinates", shown(self.box))
        if self.anchor == "domain" and schema.outer_is_far:
            raise ConfigError("frames.anchor", "walls or inflow where the outer boundary is far", self.anchor)

    def axes(self, schema: Schema, row: Float[np.ndarray, " inputs"]) -> list[Float[np.ndarray, "dim dim"]]:
        """The axes of all frames under conditions; the first are not mirrored. Raises `ConditionError`: no inflow."""
        usual = self._along(schema, row) if self.follows_conditions else np.eye(schema.dim)
        return [mirror @ usual for mirror in reflections(self.reflections, schema.dim)]

    def _along(self, schema: Schema, row: Float[np.ndarray, " inputs"]) -> Float[np.ndarray, "2 2"]:
        inflow = row[self._columns(schema)]
        with np.errstate(over="ignore"):
            size = np.hypot(*inflow)
        if not 0 < size < np.inf:
            wanted = "a finite magnitude above 0, which has a direction"
            raise ConditionError(f"condition {self.inflow!r}", wanted, str(inflow.tolist()))
        x, y = inflow / size
        return np.array([[x, y], [-y, x]])

    def _columns(self, schema: Schema) -> slice:
        return schema.condition_columns.slices[schema.condition_columns.names.index(self.inflow)]

    def turned(
        self, schema: Schema, row: Float[np.ndarray, " inputs"], axes: Float[np.ndarray, "dim dim"]
    ) -> Float[np.ndarray, " inputs"]:
        """The conditions in a frame with these axes. The vector that the frame is along becomes (magnitude, 0)."""
        turned = Frame(np.zeros(schema.dim), axes, 1.0).columns_inward(schema.conditions, row)
        if self.follows_conditions:
            part = self._columns(schema)
            turned[part] = 0.0
            turned[part.start] = np.hypot(*row[part])
        return turned

    def of(self, geometry: "Geometry", length: float, axes: list[Float[np.ndarray, "dim dim"]]) -> tuple[Frame, ...]:
        """The frames of a geometry with these axes, in reference lengths."""
        origin = geometry.bounds.mean(axis=0) if self.anchor == "domain" else geometry.centroid
        return tuple(Frame(origin, one, length) for one in axes)

    def box_of(self, geometry: "Geometry", frame: Frame) -> Float[np.ndarray, "2 dim"]:
        """Lower and upper corner, in a frame, of what the network covers."""
        return np.sort(frame.inward(geometry.bounds), axis=0) if self.anchor == "domain" else np.array(self.box)


def _is_axis(axis: str) -> bool:
    return isinstance(axis, str) and axis in ("x", "y")


def _is_box(corners: tuple) -> bool:
    if not isinstance(corners, tuple) or not all(isinstance(corner, tuple) for corner in corners):
        return False
    numbers = [number for corner in corners for number in corner]
    if len(corners) != 2 or len({len(corner) for corner in corners}) != 1 or not numbers:
        return False
    sound = all(is_number(number) and abs(number) <= _LARGEST for number in numbers)
    return sound and all(low < high for low, high in zip(*corners, strict=True))
