"""PLY files, text and binary: their elements one after the other, with lists among their properties."""

import re
import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import vtk_cells

_TYPES = {
    "char": "i1", "uchar": "u1", "short": "i2", "ushort": "u2", "int": "i4", "uint": "u4",
    "float": "f4", "double": "f8", "int8": "i1", "uint8": "u1", "int16": "i2", "uint16": "u2",
    "int32": "i4", "uint32": "u4", "float32": "f4", "float64": "f8",
}  # fmt: skip
_ORDERS = {"ascii": None, "binary_little_endian": "<", "binary_big_endian": ">"}
_LINE, _POLYGON = 3, 7
_END = re.compile(rb"^[ \t]*end_header[ \t]*(\r\n|\n|\r)", re.MULTILINE)


def read(path: Path) -> Any:
    """The file as a `meshio.Mesh`: faces, edges, and numbers of the vertices as point data.

    Raises:
        ValueError: a header that is none, or elements that break off.
        MeshError: cells in another form than faces and edges.
    """
    order, elements, data, start = opened(path)
    source = _Text(data[start:]) if order is None else _Binary(data, start, order)
    tables, place = {}, source.first
    for element in elements:
        tables[element.name], place = _table(source, element, place)
    if place < source.end and (order is None or data[place:].strip()):
        raise ValueError("more data than its elements have")
    return _mesh(tables, {element.name: element.count for element in elements})


def opened(path: Path) -> tuple[str | None, list["Element"], bytes, int]:
    """The order of the bytes, None of text, the elements, the file, and where the first of them begins in it.

    Raises:
        ValueError: a header that is none.
    """
    data = path.read_bytes()
    if not (end := _END.search(data)):
        raise ValueError("a header that breaks off")
    return *_header(data[: end.start()].decode("utf-8", errors="replace")), data, end.end()


class Property(NamedTuple):
    """One of an element: a number, or a list of them."""

    name: str
    kind: str
    count_kind: str | None  # of a list


class Element(NamedTuple):
    """A table of so many rows."""

    name: str
    count: int
    properties: list[Property]


def _header(text: str) -> tuple[str | None, list[Element]]:
    """The order of the bytes, None of text, and the elements."""
    order, elements = "", []
    for line in text.splitlines()[1:]:
        words = line.split()
        if words[:1] == ["format"]:
            order = _ORDERS[words[1]]
        elif words[:1] == ["element"]:
            elements.append(Element(words[1], int(words[2]), []))
        elif words[:2] == ["property", "list"]:
            elements[-1].properties.append(Property(words[4], _TYPES[words[3]], _TYPES[words[2]]))
        elif words[:1] == ["property"]:
            elements[-1].properties.append(Property(words[2], _TYPES[words[1]], None))
        elif words and words[0] not in ("comment", "obj_info"):
            raise ValueError(f"a line of the header {line[:40]!r}")
    if order == "" or len({element.name for element in elements}) < len(elements):
        raise ValueError("an element twice" if order != "" else "no format")
    return order, elements


_Table = dict[str, tuple[np.ndarray, np.ndarray]]
_Lengths = tuple[int, ...]
_Rows = tuple[np.ndarray, np.ndarray]


class _Text:
    """The numbers of a text; places count them."""

    def __init__(self, text: bytes):
        self._numbers = np.fromstring(text, sep=" ") if text.strip() else np.zeros(0)
        self._view, self.first, self.end = self._numbers.data, 0, len(self._numbers)

    def size(self, kind: str) -> int:
        """How many places a number of a kind takes."""
        return 1

    def number(self, place: int, kind: str) -> float:
        """The number at a place."""
        return self._view[place]

    def rows(self, starts: np.ndarray, kinds: Sequence[tuple[str, int]]) -> list[np.ndarray]:
        """The rows that begin at places, in columns of so many numbers of a kind each."""
        widths = [width for _, width in kinds]
        return np.split(_gathered(self._numbers, starts, sum(widths)), np.cumsum(widths)[:-1], axis=1)


class _Binary:
    """Binary numbers; places count bytes."""

    def __init__(self, data: bytes, start: int, order: str):
        self._data, self._order, self.first = data, order, start
        self.end = len(data)
        self._structs = {kind: struct.Struct(order + np.dtype(kind).char) for kind in _TYPES.values()}

    def size(self, kind: str) -> int:
        """How many places a number of a kind takes."""
        return self._structs[kind].size

    def number(self, place: int, kind: str) -> float:
        """The number at a place."""
        return self._structs[kind].unpack_from(self._data, place)[0]

    def rows(self, starts: np.ndarray, kinds: Sequence[tuple[str, int]]) -> list[np.ndarray]:
        """The rows that begin at places, in columns of so many numbers of a kind each."""
        dtype = np.dtype([(f"{n}", self._order + kind, (width,)) for n, (kind, width) in enumerate(kinds)])
        found = _gathered(np.frombuffer(self._data, np.uint8), starts, dtype.itemsize)
        return [found.view(dtype)[name][:, 0] for name in dtype.names or ()]


def _gathered(values: np.ndarray, starts: np.ndarray, width: int) -> np.ndarray:
    """So many of the values from each start on."""
    if len(starts) and starts[-1] - starts[0] == (len(starts) - 1) * width:  # one behind the other: no index for each
        found = values[starts[0] : starts[-1] + width]
        if len(found) == len(starts) * width:
            return found.reshape(len(starts), width)
    return values[starts[:, None] + np.arange(width)]


def _table(source: _Text | _Binary, element: Element, place: int) -> tuple[_Table, int]:
    """Property -> (how many numbers every row has, all of them); and the place behind the element."""
    groups, place = _walked(source, element, place)
    sizes = {item.name: np.zeros(element.count, np.int64) for item in element.properties}
    for lengths, (rows, _) in groups.items():
        for item, length in zip(element.properties, lengths, strict=True):
            sizes[item.name][rows] = length
    values = {name: np.zeros(int(lengths.sum())) for name, lengths in sizes.items()}
    firsts = {name: np.cumsum(lengths) - lengths for name, lengths in sizes.items()}
    for lengths, (rows, starts) in groups.items():
        pairs = list(zip(element.properties, lengths, strict=True))
        kinds = [kind for item, length in pairs for kind in _columns(item, length)]
        columns = iter(source.rows(np.array(starts), kinds))
        for item, length in pairs:
            if item.count_kind:
                next(columns)
            values[item.name][firsts[item.name][rows][:, None] + np.arange(length)] = next(columns)
    return {name: (sizes[name], values[name]) for name in sizes}, place


def _within(source: _Text | _Binary, place: int) -> int:
    if place > source.end:
        raise ValueError("elements that break off")
    return place


def _columns(item: Property, length: int) -> Iterator[tuple[str, int]]:
    if item.count_kind:
        yield item.count_kind, 1
    yield item.kind, length


def _walked(source: _Text | _Binary, element: Element, place: int) -> tuple[dict[_Lengths, _Rows], int]:
    """Lengths of the properties -> which rows have these, and where they begin; and the place behind them all."""
    if not any(item.count_kind for item in element.properties):
        step = sum(source.size(item.kind) for item in element.properties)
        behind = _within(source, place + step * element.count)
        rows, lengths = np.arange(element.count), (1,) * len(element.properties)
        return {lengths: (rows, place + step * rows)} if element.count else {}, behind
    groups: dict[_Lengths, tuple[list[int], list[int]]] = {}
    for row in range(element.count):
        start, lengths = place, []
        for item in element.properties:
            if item.count_kind:
                length = source.number(place, item.count_kind)
                if length < 0 or length % 1:
                    raise ValueError(f"a list of {length} numbers")
                lengths.append(int(length))
                place += source.size(item.count_kind)
            else:
                lengths.append(1)
            place = _within(source, place + source.size(item.kind) * lengths[-1])
        rows, starts = groups.setdefault(tuple(lengths), ([], []))
        rows.append(row)
        starts.append(start)
    return {lengths: (np.array(rows), np.array(starts)) for lengths, (rows, starts) in groups.items()}, place


def _mesh(tables: dict[str, _Table], counts: dict[str, int]) -> Any:
    vertices, edges = tables.get("vertex", {}), tables.get("edge", {})
    if "tristrips" in tables:
        raise MeshError("cells", "faces", "triangle strips (tristrips)")
    scalars = {name: values for name, (sizes, values) in vertices.items() if (sizes == 1).all()}
    zeros = np.zeros(counts.get("vertex", 0))
    points = np.stack([scalars.pop("x", zeros), scalars.pop("y", zeros), scalars.pop("z", zeros)], axis=1)
    faces = tables.get("face", {})
    sizes, nodes = faces.get("vertex_indices", faces.get("vertex_index", (zeros[:0], zeros[:0])))
    if len(sizes) != counts.get("face", 0):
        raise ValueError("faces without vertex_indices")
    sizes = sizes[sizes > 0]
    ends = [edges[name][1] for name in ("vertex1", "vertex2") if name in edges]
    pairs = np.stack(ends, axis=1).ravel() if len(ends) == 2 else zeros[:0]
    types = np.repeat([_LINE, _POLYGON], [len(pairs) // 2, len(sizes)])
    stops = np.cumsum(np.concatenate([np.full(len(pairs) // 2, 2), sizes.astype(np.int64)]))
    numbers = np.concatenate([pairs, nodes])
    if (numbers % 1).any():
        raise ValueError("numbers of vertices that are not whole")
    data = {name: values.astype(np.float64) for name, values in scalars.items()}
    raw = vtk_cells.mesh_of(points.astype(np.float64), (types, stops, numbers.astype(np.int64)), data, {})
    for name in counts.keys() - {"vertex", "face", "edge", "material"}:
        raw.info.append(f"elements: expected vertices, faces and edges, got {counts[name]} {name[:20]!r}, left out")
    return raw
