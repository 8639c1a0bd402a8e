"""Legacy VTK files, text and binary, of all versions and kinds of data sets."""

import math
import re
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np

from enf2enf.io import allowance, vtk_cells

_TYPES = {
    "bit": "u1", "unsigned_char": "u1", "char": "i1", "signed_char": "i1",
    "unsigned_short": "u2", "short": "i2", "unsigned_int": "u4", "int": "i4",
    "unsigned_long": "u8", "long": "i8", "unsigned_long_long": "u8", "long_long": "i8", "float": "f4", "double": "f8",
    "vtkidtype": "i4",  # as VTK itself writes it
    "vtktypeint8": "i1", "vtktypeuint8": "u1", "vtktypeint16": "i2", "vtktypeuint16": "u2",
    "vtktypeint32": "i4", "vtktypeuint32": "u4", "vtktypeint64": "i8", "vtktypeuint64": "u8",
    "vtktypefloat32": "f4", "vtktypefloat64": "f8",
}  # fmt: skip
_POLYDATA = {"VERTICES": 2, "LINES": 4, "POLYGONS": 7, "TRIANGLE_STRIPS": 6}  # section -> type of its cells
_DATASETS = ("UNSTRUCTURED_GRID", "POLYDATA", "STRUCTURED_POINTS", "STRUCTURED_GRID", "RECTILINEAR_GRID")
_QUAD, _HEXAHEDRON = 9, 12
_COMPONENTS = {"VECTORS": 3, "NORMALS": 3, "TENSORS": 9, "TENSORS6": 6, "GLOBAL_IDS": 1, "PEDIGREE_IDS": 1,
               "EDGE_FLAGS": 1}  # fmt: skip
_AXES = ("X_COORDINATES", "Y_COORDINATES", "Z_COORDINATES")
_Cells = tuple[np.ndarray, np.ndarray, np.ndarray]


def read(path: Path) -> Any:
    """The file as a `meshio.Mesh`, its arrays as point and cell data.

    Raises:
        ValueError: a file that breaks off, contradicts itself or has a section that is not known.
        MeshError: it claims more than it has room for.
    """
    with open(path, "rb") as file:
        return _Reader(_Source(file)).mesh()


def ending(path: Path) -> tuple[bool, bool]:
    """Whether the numbers of a file are text, and whether what comes last in it are data of points."""
    with open(path, "rb") as file:
        reader = _Reader(source := _Source(file))
        reader.mesh()
        return source.is_text, reader.ends_in_points


class _Source:
    """The file as lines, and as numbers between them."""

    def __init__(self, file: Any):
        self._file, self._room, self._back = file, allowance.room(), []
        head = [file.readline() for _ in range(3)]
        version = re.search(rb"Version\s+(\d+)\.(\d+)", head[0], re.IGNORECASE)
        kind = head[2].strip().upper()
        if not version or kind not in (b"ASCII", b"BINARY"):
            raise ValueError(f"neither ASCII nor BINARY, but {head[2][:40].decode(errors='replace').strip()!r}")
        self.has_offsets, self.is_text = (int(version[1]), int(version[2])) >= (5, 1), kind == b"ASCII"

    def line(self) -> list[str]:
        """The words of the next line that has some; none at the end."""
        if self._back:
            return self._back.pop()
        while line := self._file.readline():
            if words := line.decode("utf-8", errors="replace").split():
                return words
        return []

    def push_back(self, words: list[str]) -> None:
        """The next line is this one."""
        self._back.append(words)

    def skip_block(self) -> None:
        """Goes on behind the next blank line."""
        while self._file.readline().strip():
            pass

    def numbers(self, count: int, kind: str) -> np.ndarray:
        """So many numbers of one of VTK's types."""
        kind = kind.lower()
        if kind not in _TYPES:
            raise ValueError(f"numbers of the unknown type {kind[:40]!r}")
        dtype = np.dtype(_TYPES[kind]).newbyteorder(">")
        if count < 0:
            raise ValueError(f"{count} numbers")
        stored = -(-count // 8) if kind == "bit" and not self.is_text else count
        self._room.check(stored)
        if self.is_text:
            dtype = np.dtype(np.float64 if dtype.kind == "f" else np.int64)
            found = np.fromfile(self._file, dtype, count, sep=" ") if count else np.zeros(0, dtype)
        else:
            found = np.frombuffer(self._file.read(stored * dtype.itemsize), dtype)
            found = np.unpackbits(found, count=count) if kind == "bit" else found.astype(dtype.newbyteorder("="))
        if len(found) != count:
            raise ValueError(f"{len(found)} of {count} numbers")
        return found

    def skip_texts(self, count: int) -> None:
        """Goes on behind so many texts: a line each, or their length in one to eight bytes before them."""
        for _ in range(count):
            if self.is_text:
                if not self._file.readline():
                    raise ValueError("texts that break off")
                continue
            if not (first := self._file.read(1)):
                raise ValueError("texts that break off")
            more = (7, 3, 1, 0)[first[0] >> 6]
            size = int.from_bytes(bytes([first[0] & 63]) + self._file.read(more), "big")
            self._room.check(size)
            self._file.seek(size, 1)

    def made(self, count: int) -> None:
        """Makes sure that there is room for so many numbers that the file does not spell out."""
        self._room.check_made(count)


class _Reader:
    """Walks through the sections of a file."""

    def __init__(self, source: _Source):
        self._source = source
        self._points: np.ndarray | None = None
        self._grid: dict[str, list[float] | np.ndarray] = {}
        self._cells: list[_Cells] = []
        self._nodes: tuple[np.ndarray, np.ndarray] | None = None  # of CELLS, until CELL_TYPES
        self._data: dict[str, dict[str, np.ndarray]] = {"POINT_DATA": {}, "CELL_DATA": {}}
        self._attributes = (self._data["POINT_DATA"], 0)
        self._field_names: list[str] = []
        self.ends_in_points = False

    def mesh(self) -> Any:
        """All of it."""
        words = self._source.line()
        if len(words) != 2 or words[0].upper() != "DATASET" or words[1].upper() not in _DATASETS:
            raise ValueError(f"no DATASET among {', '.join(_DATASETS)}")
        while words := self._source.line():
            self._section(words[0].upper(), words[1:])
        if self._grid:
            self._lay_out()
        if self._points is None or self._nodes is not None:
            raise ValueError("no POINTS" if self._points is None else "CELLS without CELL_TYPES")
        return vtk_cells.mesh_of(
            self._points, _joined(self._cells), *self._data.values(), field_names=self._field_names
        )

    def _section(self, key: str, words: list[str]) -> None:
        if (key == "POINTS" and self._points is not None) or (key == "CELLS" and self._nodes is not None):
            raise ValueError(f"{key} twice")
        if key in ("DIMENSIONS", "ORIGIN", "SPACING", "ASPECT_RATIO", *_AXES):
            self._axes(key, words)
        elif key == "POINTS":
            self._points = self._source.numbers(3 * int(words[0]), words[1]).reshape(-1, 3)
        elif key == "CELLS":
            self._nodes = self._polygons(words)
        elif key == "CELL_TYPES":
            self._take_types(int(words[0]))
        elif key in _POLYDATA:
            ends, nodes = self._polygons(words)
            self._cells.append((np.full(len(ends), _POLYDATA[key]), ends, nodes))
        elif key in self._data:
            self._attributes, self.ends_in_points = (self._data[key], int(words[0])), key == "POINT_DATA"
        elif key == "METADATA":
            self._source.skip_block()
        else:
            self._attribute(key, words)

    def _axes(self, key: str, words: list[str]) -> None:
        if key in _AXES:
            self._grid[key] = self._source.numbers(int(words[0]), words[1]).astype(np.float64)
        else:
            self._grid["SPACING" if key == "ASPECT_RATIO" else key] = [float(word) for word in words[:3]]

    def _polygons(self, words: list[str]) -> tuple[np.ndarray, np.ndarray]:
        """(ends, nodes) of cells: after their offsets, or each after its number of nodes."""
        count, size = int(words[0]), int(words[1])
        if not self._source.has_offsets:
            return _unravelled(self._source.numbers(size, "int").astype(np.int64), count)
        arrays = []
        for key, length in (("OFFSETS", count), ("CONNECTIVITY", size)):
            head = self._source.line()
            if head[:1] != [key] or len(head) < 2:
                raise ValueError(f"no {key}")
            arrays.append(self._source.numbers(length, head[1]).astype(np.int64))
        if count and arrays[0][0] != 0:
            raise ValueError(f"a first offset of {arrays[0][0]}")
        return arrays[0][1:], arrays[1]

    def _take_types(self, count: int) -> None:
        types = self._source.numbers(count, "int").astype(np.int64)
        if self._nodes is None:
            raise ValueError("CELL_TYPES without CELLS")
        self._cells.append((types, *self._nodes))
        self._nodes = None

    def _attribute(self, key: str, words: list[str]) -> None:
        data, count = self._attributes
        if key == "FIELD":
            return self._field(int(words[1]))
        if key == "LOOKUP_TABLE":
            self._source.numbers(4 * int(words[1]), "unsigned_char" if not self._source.is_text else "float")
            return None
        if key == "SCALARS":
            kind, width = words[1], int(words[2]) if len(words) > 2 else 1
            if (after := self._source.line())[:1] != ["LOOKUP_TABLE"]:
                self._source.push_back(after)
        elif key == "COLOR_SCALARS":
            kind, width = "float" if self._source.is_text else "unsigned_char", int(words[1])
        elif key == "TEXTURE_COORDINATES":
            kind, width = words[2], int(words[1])
        elif key in _COMPONENTS:
            kind, width = words[1], _COMPONENTS[key]
        else:
            raise ValueError(f"an unknown section {key[:40]!r}")
        self._keep(data, words[0], count, width, kind)
        return None

    def _field(self, arrays: int) -> None:
        """Those of points and cells are data of theirs; of those of the whole only the names are kept."""
        data, count = self._attributes
        for _ in range(arrays):
            while (words := self._source.line())[:1] == ["METADATA"]:
                self._source.skip_block()
            if len(words) < 4:
                raise ValueError("a FIELD that breaks off")
            self._field_names += [] if count else [unquote(words[0])]
            self._keep(data if count else {}, words[0], int(words[2]), int(words[1]), words[3])

    def _keep(self, data: dict[str, np.ndarray], name: str, count: int, width: int, kind: str) -> None:
        if kind.lower() in ("string", "utf8_string", "variant"):
            return self._source.skip_texts(count * width)
        values = self._source.numbers(count * width, kind)
        data[unquote(name)] = values.reshape(count, width) if width > 1 else values
        return None

    def _lay_out(self) -> None:
        """The points and cells of a grid."""
        shape = [int(n) for n in self._grid.get("DIMENSIONS", ())]
        if len(shape) != 3 or min(shape) < 1:
            raise ValueError(f"DIMENSIONS {shape}")
        self._source.made(3 * math.prod(shape))
        if self._points is None:
            axes = [self._axis(axis, count) for axis, count in enumerate(shape)]
            z, y, x = np.meshgrid(*reversed(axes), indexing="ij")
            self._points = np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1)
        if len(self._points) != math.prod(shape):
            raise ValueError(f"{len(self._points)} points in DIMENSIONS {shape}")
        self._cells.append(_grid_cells(shape))

    def _axis(self, axis: int, count: int) -> np.ndarray:
        if (given := self._grid.get(_AXES[axis])) is not None:
            if len(given) != count:
                raise ValueError(f"{len(given)} {_AXES[axis]} of {count}")
            return np.asarray(given)
        origin, spacing = self._grid.get("ORIGIN", (0, 0, 0)), self._grid.get("SPACING", (1, 1, 1))
        return origin[axis] + spacing[axis] * np.arange(count)


def _unravelled(numbers: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """(ends, nodes) of cells that are each their number of nodes, then these."""
    if count and len(numbers) and len(numbers) == count * (width := int(numbers[0]) + 1):
        rows = numbers.reshape(count, width)
        if (rows[:, 0] == width - 1).all():
            return np.arange(1, count + 1) * (width - 1), rows[:, 1:].ravel()
    starts, at, view = np.empty(min(count, len(numbers)), np.int64), 0, numbers.data
    for cell in range(count):
        if at >= len(numbers) or view[at] < 0:
            raise ValueError(f"cell {cell} of {count}, behind the {len(numbers)} numbers of all")
        starts[cell] = at
        at += 1 + view[at]
    if at != len(numbers):
        raise ValueError(f"{at} numbers in {count} cells, of {len(numbers)}")
    return np.cumsum(numbers[starts]), np.delete(numbers, starts)


def _grid_cells(shape: list[int]) -> _Cells:
    """Quads of a grid that is flat along an axis, hexahedra of another; its points are numbered first axis fastest."""
    number = np.arange(math.prod(shape)).reshape(shape[::-1])
    long = [axis for axis in (0, 1, 2) if shape[2 - axis] > 1]
    if len(long) < 2:
        raise ValueError(f"a grid of one line, DIMENSIONS {shape}")
    corners = [(0, 0), (0, 1), (1, 1), (1, 0)] if len(long) == 2 else [
        (0, 0, 0), (0, 0, 1), (0, 1, 1), (0, 1, 0), (1, 0, 0), (1, 0, 1), (1, 1, 1), (1, 1, 0)
    ]  # fmt: skip
    flat = number.squeeze()
    nodes = [flat[tuple(slice(c, n - 1 + c) for c, n in zip(corner, flat.shape, strict=True))] for corner in corners]
    cells = np.stack([part.ravel() for part in nodes], axis=1)
    kind = _QUAD if len(long) == 2 else _HEXAHEDRON
    return np.full(len(cells), kind), np.arange(1, len(cells) + 1) * cells.shape[1], cells.ravel()


def _joined(parts: list[_Cells]) -> _Cells:
    """In VTK's order of poly data: vertices, lines, polygons, strips."""
    order = {kind: place for place, kind in enumerate(_POLYDATA.values())}
    parts = sorted(parts, key=lambda part: order.get(int(part[0][0]), 0) if len(part[0]) else 0)
    types = np.concatenate([np.zeros(0, np.int64), *(types for types, _, _ in parts)])
    starts = np.cumsum([0, *(len(nodes) for _, _, nodes in parts)])[:-1]
    ends = [np.zeros(0, np.int64), *(ends + start for (_, ends, _), start in zip(parts, starts, strict=True))]
    return types, np.concatenate(ends), np.concatenate([np.zeros(0, np.int64), *(nodes for _, _, nodes in parts)])
