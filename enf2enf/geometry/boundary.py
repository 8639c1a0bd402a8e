"""Boundaries: closed, of one dimension less than space, their parts with a patch and a role."""

import abc
import dataclasses
from typing import Literal, get_args

import numpy as np
from jaxtyping import Float

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
        """The role of all its parts."""
        return self.parts[0].role

    def _check_parts(self, name: str, sides: int) -> None:
        """Refuses parts that do not follow each other from the first side on, or that have different roles."""
        firsts = [part.first for part in self.parts]
        if not firsts or firsts[0] != 0 or firsts != sorted(set(firsts)) or firsts[-1] >= sides:
            raise GeometryError(name, f"parts that begin at 0 and at growing numbers below {sides}", str(firsts))
        if strange := [part.role for part in self.parts if part.role not in ROLES]:
            raise GeometryError(f"role of {name}", " or ".join(ROLES), repr(strange[0]))
        if len(roles := {part.role for part in self.parts}) > 1:
            raise GeometryError(name, "parts of one role; others are not computed yet", " and ".join(sorted(roles)))
