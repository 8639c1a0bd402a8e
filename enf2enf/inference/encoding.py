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
        """Whether points are in the box that the network covers, or so little beyond it that it still knows them."""
        box = np.asarray(self.panels.box, np.float64)
        rim = _RIM * (box[1] - box[0])
        return self.frame.holds(points, box + [-rim, rim])

    def poses(self) -> list[Float[np.ndarray, "latents dim"]]:
        """Positions of the latents in metres, one array per cloud."""
        return [self.frame.outward(np.asarray(cloud.pose, np.float64)) for cloud in self.latents]


@dataclasses.dataclass(frozen=True, eq=False, repr=False)
class Encoding:
    """What `decode` needs of a geometry, as often as wanted. Safe to share between threads.

    It knows no conditions. Where frames follow them, the geometry is seen anew in every direction, and the views of the
    last `MOST_DIRECTIONS` are kept.

    Args:
        geometry: the geometry, in metres.
        described: plain numbers of its shape, see `describe`.
        panels: how many its walls are cut into.
        surrogate: `Surrogate.version` of the one that encoded it, and can be asked about it.
        given: the mesh that it was read from; None where there was none.
        wall_patches: patches that were named as walls; empty: inner loops.
        extrapolating: those of the numbers outside the range of the training shapes, by name.
        mirrors: axes of the mirror images that conditions must not differ from: those of planes of symmetry at which
            the mesh ends, and the geometry does not.
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

    def __reduce__(self):  # a copy sees the geometry anew: what is held is behind a lock
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
        """The points that are asked about, and the sides of the walls where they are their midpoints.

        Raises:
            QueryError: no place, or points that are none.
        """
        if not isinstance(at, str):
            return points_of(at, self.bounds), None
        check_name(at)
        if at == "nodes":
            return self.mesh.points.copy(), None  # an answer's own: whoever writes into it changes no mesh
        sides = WallSides.of(self.geometry)
        return sides.midpoints, sides

    def at(self, surrogate: str, frames: Sequence[Frame], see: Callable[[Frame], View]) -> tuple[View, ...]:
        """The geometry in frames, which differ by their axes alone; computed where it was not seen in them lately.

        Args:
            surrogate: the version of the one that asks.
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
