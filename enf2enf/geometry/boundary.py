"""Boundaries: closed, of one dimension less than space, their parts with a patch and a role."""

import abc
import dataclasses
from typing import Literal, get_args

import numpy as np
from jaxtyping import Bool, Float

from enf2enf.errors import GeometryError

Role = Literal["wall", "other", "far"]
ROLES: tuple[Role, ...] = get_args(Role)


@dataclasses.dataclass(frozen=True)
class Part:
    """Consecutive sides of a boundary.

    Args:
        patch: their name in the mesh; empty for none.
        role: `wall` (a body, or what encloses the domain as one), `other` (an inlet, a clamp, a plane of symmetry), or
            `far` (a place where the mesh ends and the domain does not).
        first: index of the first side; the part ends where the next one begins, the last one at the end.
    """

    patch: str = ""
    role: Role = "wall"
    first: int = 0


class AbstractBoundary(abc.ABC):
    """A closed boundary that has been validated: the type is the proof. In metres."""

    vertices: Float[np.ndarray, "_ dim"]
    parts: tuple[Part, ...]

    @property
    def role(self) -> Role:
        """The role of all its parts; of one with walls and other parts that of the walls."""
        return "wall" if any(part.role == "wall" for part in self.parts) else self.parts[0].role

    @property
    def is_mixed(self) -> bool:
        """Whether only some of its parts are walls."""
        return len({part.role for part in self.parts}) > 1

    @property
    def on_wall(self) -> Bool[np.ndarray, " sides"]:
        """Of every side, from each vertex to the next, whether it is a wall."""
        firsts = [part.first for part in self.parts]
        walls = np.array([part.role == "wall" for part in self.parts])
        return np.repeat(walls, np.diff(firsts, append=len(self.vertices)))

    def _check_parts(self, name: str, sides: int) -> None:
        """Refuses parts that do not follow each other from the first side on, and far ones beside others."""
        firsts = [part.first for part in self.parts]
        if not firsts or firsts[0] != 0 or firsts != sorted(set(firsts)) or firsts[-1] >= sides:
            raise GeometryError(name, f"parts that begin at 0 and at growing numbers below {sides}", str(firsts))
        if strange := [part.role for part in self.parts if part.role not in ROLES]:
            raise GeometryError(f"role of {name}", " or ".join(ROLES), repr(strange[0]))
        if len(roles := {part.role for part in self.parts}) > 1 and "far" in roles:
            raise GeometryError(name, "no walls and no other parts beside a far one", " and ".join(sorted(roles)))
