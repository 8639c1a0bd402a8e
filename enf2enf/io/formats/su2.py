"""SU2, written by meshio and read here: it leaves out lines that it does not understand, and numbers the markers."""

import re
from array import array
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import text
from enf2enf.io.format import LINEAR, Format
from enf2enf.io.raw import raw_mesh
from enf2enf.mesh import topology
from enf2enf.mesh.mesh import Mesh

_KINDS = {
    1: ("vertex", 1), 3: ("line", 2), 5: ("triangle", 3), 9: ("quad", 4), 10: ("tetra", 4), 12: ("hexahedron", 8),
    13: ("wedge", 6), 14: ("pyramid", 5),
}  # fmt: skip
_ANY = -1  # number of lines
_WIDTHS = dict(_KINDS.values())
_Groups = dict[str, "array[int]"]  # numbers by kind


def _sniff(data: bytes) -> bool:
    return text.matches(data, rb"^[ \t]*NDIME[ \t]*=")


def _read(path: Path):
    """The `meshio.Mesh` of a file, with its markers as cell sets.

    Raises:
        MeshError: several zones, other numbers of things than the file says, unknown elements.
    """
    sections = _Sections()
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            words = line.partition("%")[0].strip()
            try:
                if "=" in words:
                    name, _, value = words.partition("=")
                    sections.begin(name.strip().upper(), value.strip())
                elif words:
                    sections.take(words.split())
            except MeshError:
                raise
            except ValueError:
                raise MeshError(f"line {number}", "numbers", repr(words[:40])) from None
    sections.end()
    blocks = [*sections.cells.items(), *sections.sides.items()]
    cells = [(kind, np.array(flat, np.int64).reshape(-1, _WIDTHS[kind])) for kind, flat in blocks]
    none = [np.zeros(0, np.int64)] * len(sections.cells)
    sets = {
        name: [*none, *(np.array(own.get(kind, ()), np.int64) for kind in sections.sides)]
        for name, own in sections.markers.items()
    }
    return raw_mesh(np.array(sections.points).reshape(-1, max(sections.dim, 1)), cells, cell_sets=sets)


class _Sections:
    """What a file says after each of its names.

    Attributes:
        dim: of the space; 0 where it has not been said.
        points: coordinates, one after the other.
        cells, sides: of the mesh, and of all markers together: kind -> nodes, one after the other.
        markers: name -> kind -> which of the sides.
    """

    def __init__(self):
        self.dim, self.points, self.cells, self.sides = 0, array("d"), _Groups(), _Groups()
        self.markers: dict[str, _Groups] = {}
        self._name, self._wanted, self._left, self._take = "the first line", 0, 0, _ignored
        self._seen: dict[str, int] = {}
        self._marker = _Groups()  # of lines before any marker

    def begin(self, name: str, value: str) -> None:
        """Looks at a name and what is behind it."""
        if name == "SEND_TO":  # among the lines of a marker
            return
        if self._left > 0:
            self._refuse(str(self._wanted - self._left))
        self._name, self._wanted, self._left = name, 0, 0
        if name in ("NDIME", "NELEM", "NPOIN", "NMARK", "NZONE"):
            if name in self._seen or (name == "NZONE" and int(value) != 1):
                raise MeshError(name, "one zone; write each into a file of its own", "several")
            self._seen[name] = int(value.split()[0])
        if name == "NDIME":
            self.dim = int(value)
            if self.dim not in (2, 3):
                raise MeshError(name, "2 or 3", value[:40])
        elif name == "MARKER_TAG":
            self._marker = self.markers.setdefault(f"tag_{value}" if value.isdigit() else value, {})
        elif name == "NELEM":
            self._expect(self._seen[name], lambda row: _add(self.cells, row))
        elif name == "MARKER_ELEMS":
            self._expect(int(value.split()[0]), self._add_side)
        elif name == "NPOIN":
            self._expect(self._seen[name], self._add_point)
        elif name not in self._seen:
            self._expect(_ANY, _ignored)

    def take(self, row: list[str]) -> None:
        """Looks at a line of numbers."""
        if not self._left:
            self._refuse("more")
        self._left -= 1
        self._take(row)

    def end(self) -> None:
        """Looks at what is missing."""
        if self._left > 0:
            self._refuse(str(self._wanted - self._left))
        if (wanted := self._seen.get("NMARK", len(self.markers))) != len(self.markers):
            raise MeshError("NMARK", f"{wanted} markers", str(len(self.markers)))

    def _expect(self, count: int, take: Callable[[list[str]], object]) -> None:
        """So many lines after a name."""
        self._wanted, self._left, self._take = count, count, take

    def _refuse(self, found: str) -> None:
        raise MeshError(self._name, f"{self._wanted} lines after it", found)

    def _add_point(self, row: list[str]) -> None:
        if not self.dim or len(row) < self.dim:
            raise MeshError("NPOIN", "points of as many coordinates as NDIME says before", f"{len(row)}")
        self.points.extend(map(float, row[: self.dim]))

    def _add_side(self, row: list[str]) -> None:
        kind = _add(self.sides, row)
        self._marker.setdefault(kind, array("q")).append(len(self.sides[kind]) // _WIDTHS[kind] - 1)


def _ignored(row: list[str]) -> None:
    """For lines after names that do not matter."""


def _add(groups: _Groups, row: list[str]) -> str:
    """Adds an element: its type, its nodes, and in some files its number. Returns its kind."""
    if int(row[0]) not in _KINDS:
        raise MeshError("elements", f"types among {', '.join(map(str, _KINDS))}", row[0][:40])
    kind, width = _KINDS[int(row[0])]
    if len(row) not in (width + 1, width + 2):
        raise MeshError("elements", f"{width} nodes of a {kind}, and a number", f"{len(row) - 1} numbers")
    groups.setdefault(kind, array("q")).extend(map(int, row[1 : width + 1]))
    return kind


def _validate(name: str, mesh: Mesh) -> None:
    if all(topology.is_curve(block.kind) for block in mesh.cells if len(block.nodes)):
        raise MeshError(name, "surface cells", "curves alone")


class _Pair(NamedTuple):
    """A block as meshio's writer wants it, which unpacks what meshio's own class does not let it."""

    type: str
    data: np.ndarray


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    kept = [(tag > 0) | (block.dim > 1) for block, tag in zip(raw.cells, tags, strict=True)]
    raw.cells = [_Pair(b.type, b.data[keep]) for b, keep in zip(raw.cells, kept, strict=True)]
    raw.cell_data["su2:tag"] = [tag[keep] for tag, keep in zip(tags, kept, strict=True)]
    meshio.su2.write(str(path), raw)
    text.edit(path, lambda data: _named(data.decode(), names).encode())


def _named(lines: str, names: list[str]) -> str:
    """All at once: a name may itself be a number."""
    return re.sub(r"^(MARKER_TAG= )([1-9]\d*)$", lambda m: m[1] + names[int(m[2]) - 1], lines, flags=re.MULTILINE)


FORMAT = Format(
    name="su2",
    label="SU2",
    extensions=(".su2",),
    kinds=LINEAR,
    fields=False,
    patches=True,
    sniff=_sniff,
    counts=rb"^[ \t]*(N[A-Z]+|MARKER_ELEMS)[ \t]*=[ \t]*",
    read=_read,
    validate=_validate,
    plane=True,
    write=_write,
)
