"""A geometry that has been encoded: the one bridge from NumPy in metres to JAX in normalised frames."""

import dataclasses
import functools
from collections.abc import Callable, Iterator, Sequence

import jax.numpy as jnp
import numpy as np
from jaxtyping import Bool, Float

from enf2enf.at import At, check_name, points_of
from enf2enf.errors import QueryError
from enf2enf.geometry import Geometry
from enf2enf.geometry.familiar import Described
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.plane.panels import COARSE, Placed
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.mesh import Mesh
from enf2enf.model.panels import ROLES, Panels
from enf2enf.nn.latents import Latents
from enf2enf.recent import Recent
from enf2enf.threads import map_in_threads

_NAMED = 5  # walls that a warning names
_RIM = 0.05  # of a side of the box
_DIGITS = 12  # of a direction: it is the same one at any speed
MOST_DIRECTIONS = 16
"""Directions of the frames of a geometry whose views are kept."""


@dataclasses.dataclass(frozen=True)
class View:
    """A geometry in one frame.

    Args:
        frame: the frame.
        panels: the boundary in it.
        latents: its latent clouds in it.
    """

    frame: Frame
    panels: Panels
    latents: Latents

    def covers(self, points: Float[np.ndarray, "points dim"]) -> Bool[np.ndarray, " points"]:
        """Whether points are in the box that the network covers, or beyond it by at most 5 % of its sides."""
        box = np.asarray(self.panels.box, np.float64)
        rim = _RIM * (box[1] - box[0])
        return self.frame.holds(points, box + [-rim, rim])

    def poses(self) -> list[Float[np.ndarray, "latents dim"]]:
        """Positions of the latents in metres, one array per cloud."""
        return [self.frame.outward(np.asarray(cloud.pose, np.float64)) for cloud in self.latents]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Encoding:
    """What `decode` needs of a geometry, as often as wanted. Safe to share between threads.

    It does not depend on conditions. If the frames follow an inflow, the geometry is encoded again for every new
    direction of it, and the views for the last `MOST_DIRECTIONS` directions are kept.

    Args:
        geometry: the geometry, in metres.
        described: plain numbers of its shape, see `describe`.
        panels: how many its walls are cut into.
        surrogate: `Surrogate.version` of the surrogate that encoded it, the only one that can decode it.
        given: the mesh that it was read from; None where there was none.
        wall_patches: patches that were named as walls; empty: inner loops.
        extrapolating: names of numbers in `described` that are outside the range of the training shapes.
        mirrors: for every plane of symmetry in which the mesh was completed to the geometry, the axes of the mirror
            image; conditions have to be their own mirror images.
    """

    geometry: Geometry
    described: Described
    panels: int
    surrogate: str
    given: Mesh | None = None
    wall_patches: tuple[str, ...] = ()
    extrapolating: tuple[str, ...] = ()
    mirrors: tuple[Float[np.ndarray, "dim dim"], ...] = ()
    _held: Recent[bytes, tuple[View, ...]] = dataclasses.field(
        default_factory=lambda: Recent(MOST_DIRECTIONS), repr=False
    )

    def __reduce__(self):  # a copy computes its views again: they are held behind a lock
        kept = (field.name for field in dataclasses.fields(self) if not field.name.startswith("_"))
        return type(self), tuple(getattr(self, name) for name in kept)

    def __repr__(self) -> str:
        return f"Encoding({self.geometry!r}, nodes={self.nodes})"

    @functools.cached_property
    def mesh(self) -> Mesh:
        """The mesh that it was read from, or its boundaries as curves."""
        return self.geometry.to_mesh() if self.given is None else self.given

    @property
    def walls(self) -> tuple[int, ...]:
        """Number of sides of every wall, of a closed one that of its nodes."""
        return tuple(len(run.sides) for run in self.geometry.runs)

    @property
    def bounds(self) -> Float[np.ndarray, "2 dim"]:
        """Lower and upper corner of the domain, in metres."""
        return self.geometry.reach

    @property
    def nodes(self) -> int:
        """Number of nodes of the mesh."""
        return len(self.mesh.points)

    @property
    def cells(self) -> int:
        """Number of cells of the mesh."""
        return self.mesh.cell_count

    @property
    def patches(self) -> tuple[str, ...]:
        """All named patches of the mesh."""
        return tuple(sorted(self.mesh.patches))

    @functools.cached_property
    def warnings(self) -> tuple[str, ...]:
        """Sentences about anything that deserves a second look."""
        if self.given is None:
            return tuple(warnings_of(self.geometry, self.panels, 0))
        outside = int((~self.geometry.contains(self.given.points)).sum())
        return (*self.given.warnings, *warnings_of(self.geometry, self.panels, outside))

    def place(self, at: At) -> tuple[Float[np.ndarray, "points dim"], WallSides | None]:
        """The points of a place; and for `"wall"` the sides whose midpoints they are, else None.

        Raises:
            QueryError: an unknown name, or invalid points.
        """
        if not isinstance(at, str):
            return points_of(at, self.bounds), None
        check_name(at)
        if at == "nodes":
            return self.mesh.points.copy(), None  # an answer's own: whoever writes into it changes no mesh
        sides = WallSides.of(self.geometry)
        return sides.midpoints, sides

    def at(self, surrogate: str, frames: Sequence[Frame], see: Callable[[Frame], View]) -> tuple[View, ...]:
        """The views of the geometry in frames that differ only in their axes; computed unless they are still held.

        Args:
            surrogate: the version of the surrogate that asks.
            frames: of one direction; the first is not mirrored.
            see: computes a view.

        Raises:
            QueryError: another surrogate than the one that encoded it.
        """
        if surrogate != self.surrogate:
            raise QueryError("shape", f"one that this surrogate ({surrogate}) encoded", f"one of {self.surrogate}")
        key = (np.round([frame.axes for frame in frames], _DIGITS) + 0.0).tobytes()
        if (known := self._held.find(key)) is not None:
            return known
        views = tuple(map_in_threads(see, frames))
        self._held.put(key, views)
        return views


def warnings_of(geometry: Geometry, panels: int, outside: int) -> Iterator[str]:
    """Sentences about what deserves a second look: nodes outside the domain, walls of too few panels."""
    if outside:
        yield f"nodes: expected all of them in the domain, got {outside} outside, where the fields are NaN"
    coarse = dict(geometry.plan(panels).coarse)
    if coarse:
        walls = [number for number, run in enumerate(geometry.runs) if run.loop in coarse]
        which, fewest = ", ".join(map(str, walls[:_NAMED])) + ", ..." * (len(walls) > _NAMED), min(coarse.values())
        yield f"walls {which}: expected at least {COARSE} of the model's panels each, got {fewest}; shapes are lost"


def panels_from(placed: Placed, box: Float[np.ndarray, "2 dim"], open_walls: bool) -> Panels:
    """The boundary as the model sees it, as float32.

    Args:
        placed: panels in a frame, in reference lengths.
        box: see `Panels`.
        open_walls: whether boundaries may be walls in part; else all panels are walls, whatever the geometry is.
    """
    role = None
    if open_walls:
        role = jnp.asarray(np.where(placed.on_wall, ROLES.index("wall"), ROLES.index("other")), jnp.int32)
    vertices, normals, bounds = (jnp.asarray(each, jnp.float32) for each in (placed.ends, placed.normals, box))
    return Panels(vertices, role, normals, bounds)
