"""A geometry as plain arrays and back, the same to the bit: for files and for pipes."""

import dataclasses
from collections.abc import Sequence
from typing import Self

import numpy as np
from jaxtyping import Float, Int

from enf2enf.errors import GeometryError
from enf2enf.geometry.boundary import ROLES, Part
from enf2enf.geometry.geometry import Geometry
from enf2enf.geometry.plane.polygon import Polygon, area


@dataclasses.dataclass(frozen=True, eq=False)
class GeometryArrays:
    """The boundaries of a geometry.

    Args:
        vertices: of all boundaries, one after the other, in metres.
        lengths: number of vertices of every boundary.
        parts: of every part: its boundary, the first of its sides, the index of its role in `ROLES`.
        patches: name of every part's patch.
    """

    vertices: Float[np.ndarray, "vertices dim"]
    lengths: Int[np.ndarray, " boundaries"]
    parts: Int[np.ndarray, "parts 3"]
    patches: tuple[str, ...]

    @classmethod
    def of(cls, geometry: Geometry) -> Self:
        """The arrays of a geometry."""
        parts = [(number, part) for number, boundary in enumerate(geometry.boundaries) for part in boundary.parts]
        return cls(
            np.concatenate([boundary.vertices for boundary in geometry.boundaries]),
            np.array([len(boundary.vertices) for boundary in geometry.boundaries], np.int64),
            np.array([(number, part.first, ROLES.index(part.role)) for number, part in parts], np.int64),
            tuple(part.patch for _, part in parts),
        )

    def geometry(self) -> Geometry:
        """The geometry again. What took work to validate when it was made is not validated again.

        Raises:
            GeometryError: arrays that contradict each other.
        """
        self._check()
        loops = np.split(self.vertices, np.cumsum(self.lengths)[:-1])
        if not all(area(loop - loop[0]) for loop in loops):
            raise GeometryError("geometry", "boundaries around an area", "one around none")
        parts: list[list[Part]] = [[] for _ in loops]
        for (number, first, role), patch in zip(self.parts.tolist(), self.patches, strict=True):
            parts[number].append(Part(patch, ROLES[role], first))
        polygons = tuple(Polygon.trusted(loop, tuple(own)) for loop, own in zip(loops, parts, strict=True))
        return Geometry(polygons, apart=True)

    def _check(self) -> None:
        """Refuses shapes and numbers that no geometry has: what they are read from may be damaged."""
        sound = self.vertices.ndim == 2 and self.lengths.ndim == 1 and len(self.lengths) > 0
        sound = sound and self.parts.ndim == 2 and self.parts.shape == (len(self.patches), 3)
        sound = sound and self.lengths.min() >= 3 and self.lengths.sum() == len(self.vertices)
        sound = sound and bool(np.isfinite(self.vertices).all()) and self._are_parts()
        if not sound:
            raise GeometryError("geometry", "arrays that fit each other", "others")

    def _are_parts(self) -> bool:
        boundary, first, role = self.parts.T
        begins = np.flatnonzero(np.diff(boundary, prepend=-1))
        grows = (np.diff(first) > 0) | (np.diff(boundary) == 1)
        return bool(
            np.array_equal(boundary[begins], np.arange(len(self.lengths)))
            and (first[begins] == 0).all()
            and grows.all()
            and (first < self.lengths[boundary]).all()
            and ((role >= 0) & (role < len(ROLES))).all()
        )


def joined(rows: Sequence[GeometryArrays]) -> dict[str, np.ndarray]:
    """The arrays of many geometries as one table, see `nth`."""
    names = sorted({name for row in rows for name in row.patches})
    index = {name: number for number, name in enumerate(names)}
    parts = [np.column_stack([row.parts, [index[name] for name in row.patches]]) for row in rows]
    return {
        "vertices": np.concatenate([row.vertices for row in rows]),
        "lengths": np.concatenate([row.lengths for row in rows]),
        "lengths_ends": np.cumsum([0] + [len(row.lengths) for row in rows]),
        "parts": np.concatenate(parts).astype(np.int64),
        "parts_ends": np.cumsum([0] + [len(row.parts) for row in rows]),
        "patches": np.array(names, dtype=np.str_),
    }


def nth(table: dict[str, np.ndarray], number: int) -> GeometryArrays:
    """The arrays of the geometry of this number of a table made by `joined`."""
    start, stop = table["lengths_ends"][number : number + 2]
    lengths = table["lengths"][start:stop]
    before = int(table["lengths"][:start].sum())
    first, last = table["parts_ends"][number : number + 2]
    parts = table["parts"][first:last]
    patches = tuple(str(table["patches"][name]) for name in parts[:, 3])
    return GeometryArrays(table["vertices"][before : before + int(lengths.sum())], lengths, parts[:, :3], patches)
