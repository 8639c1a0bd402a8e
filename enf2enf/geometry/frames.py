"""Which frames a geometry is seen in."""

import dataclasses
from typing import TYPE_CHECKING, Literal

import numpy as np
from jaxtyping import Float

from enf2enf.errors import ConfigError, GeometryError
from enf2enf.geometry.frame import Frame, reflections

if TYPE_CHECKING:
    from enf2enf.geometry.geometry import Geometry


@dataclasses.dataclass(frozen=True)
class FrameConfig:
    """The frames of a geometry.

    Args:
        anchor: what the frames' origin and axes hang on: the `domain` (the centre of its bounds, the axes of space), or
            the `walls` or the `inflow`, which are not computed yet.
        reflections: axes along which the problem is its own mirror image. Every case is then trained mirrored too, and
            an answer is the mean over the geometry and its images, turned back, at as many times the cost.
    """

    anchor: Literal["domain", "walls", "inflow"] = "domain"
    reflections: tuple[Literal["x", "y"], ...] = ()

    def __post_init__(self):
        if self.anchor != "domain":
            raise ConfigError("frames.anchor", "domain; others are not computed yet", self.anchor)
        if len(set(self.reflections)) < len(self.reflections):
            raise ConfigError("frames.reflections", "no axis twice", repr(list(self.reflections)))

    @property
    def count(self) -> int:
        """How many frames a geometry is seen in."""
        return 2 ** len(self.reflections)

    def of(self, geometry: "Geometry", length: float) -> tuple[Frame, ...]:
        """All frames of a geometry, in reference lengths; the first is not mirrored.

        Raises:
            GeometryError: a far boundary, which must not decide where frames are, and is not computed yet.
        """
        if any(boundary.role == "far" for boundary in geometry.boundaries):
            raise GeometryError("role of the outer boundary", "wall or other; far is not computed yet", "far")
        origin = geometry.bounds.mean(axis=0)
        return tuple(Frame(origin, axes, length) for axes in reflections(self.reflections, len(origin)))


@dataclasses.dataclass(frozen=True)
class PanelOptions:
    """What a model sees of a geometry.

    Args:
        count: of panels, of all walls together.
        length: the reference length, in metres.
        frames: in which it is seen.
    """

    count: int
    length: float
    frames: FrameConfig

    def of(self, geometry: "Geometry") -> Float[np.ndarray, "frames {self.count} dim dim"]:
        """The panels of a geometry in all its frames. Raises `GeometryError` as those and `Geometry.panels` do."""
        return np.stack([geometry.panels(self.count, frame) for frame in self.frames.of(geometry, self.length)])
