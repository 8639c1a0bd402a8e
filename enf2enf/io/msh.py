"""Gmsh's MSH files of versions 2, 4.0 and 4.1, text and binary: nodes, elements, groups and nodal data."""

import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Int

from enf2enf.io import allowance

_NAME = re.compile(r"^\s*(\d+)\s+(-?\d+)\s+\"(.*)\"\s*$")


def read(path: Path) -> Any:
    """The file as a `meshio.Mesh`: physical groups are `cell_sets`, those of curves without a name are `tag_3`.

    Raises:
        ValueError: a file that breaks off, contradicts itself, or has elements of a kind that is not known.
        MeshError: it claims more than it has room for.
    """
    return _Reader(path.read_bytes()).mesh()


class _Numbers:
    """The numbers of a section, one after the other.

    Args:
        data: the file.
        start: where they begin.
        order: of the bytes of binary numbers; None for text, of which all numbers of the section are read at once.
    """

    def __init__(self, data: bytes, start: int, order: str | None):
        self._data, self._order, self._room, self.place = data, order, allowance.room(), start
        if order is None:
            end = data.find(b"$End", start)
            if end < 0:
                raise ValueError("a section that breaks off")
            text = data[start:end].strip()
            self._text = np.fromstring(text, sep=" ") if text else np.zeros(0)
            self._at, self.place = 0, end

    def ints(self, count: int) -> Int[np.ndarray, " count"]:
        """So many numbers of four bytes."""
        return self._take(count, "i4").astype(np.int64)

    def sizes(self, count: int) -> Int[np.ndarray, " count"]:
        """So many of eight."""
        return self._take(count, "i8").astype(np.int64)

    def floats(self, count: int) -> np.ndarray:
        """So many real ones."""
        return self._take(count, "f8").astype(np.float64)

    def records(self, count: int, ints: int, floats: int) -> tuple[np.ndarray, np.ndarray]:
        """So many rows, each of some integers of four bytes and some real numbers."""
        self._room.check(count * (ints + floats))
        if self._order is None:
            rows = self._take(count * (ints + floats), "f8").reshape(count, ints + floats)
            return rows[:, :ints].astype(np.int64), rows[:, ints:]
        kind = [("i", f"{self._order}i4", (ints,)), ("f", f"{self._order}f8", (floats,))]
        rows = self._take(count, np.dtype(kind))
        return rows["i"].astype(np.int64), rows["f"].astype(np.float64)

    def rest(self) -> Int[np.ndarray, " _"]:
        """All that are left of text."""
        return self._take(len(self._text) - self._at, "f8").astype(np.int64)

    def end(self) -> int:
        """The place behind them. Raises `ValueError` if more of them follow."""
        if self._order is None and self._at < len(self._text):
            raise ValueError("more numbers in a section than it says")
        return _last(self._data, self.place)

    @property
    def is_text(self) -> bool:
        """Whether they are written as text."""
        return self._order is None

    def _take(self, count: int, kind: Any) -> np.ndarray:
        count = int(count)
        self._room.check(count)
        if self._order is None:
            found = self._text[self._at : self._at + count]
            self._at += count
        else:
            dtype = np.dtype(kind).newbyteorder(self._order) if isinstance(kind, str) else kind
            stop = self.place + count * dtype.itemsize
            found = np.frombuffer(self._data[self.place : stop], dtype) if stop <= len(self._data) else np.zeros(0)
            self.place = stop
        if count < 0 or len(found) != count:
            raise ValueError(f"{len(found)} of {count} numbers")
        return found


def _last(data: bytes, place: int) -> int:
    """The place, where a section ends. Raises `ValueError` if it does not."""
    if not data[place : place + 99].lstrip().startswith(b"$End"):
        raise ValueError("more numbers in a section than it says")
    return place


class _Reader:
    """Walks through the sections of a file."""

    def __init__(self, data: bytes):
        self._data = data
        self._names: dict[tuple[int, int], str] = {}
        self._groups: dict[tuple[int, int], list[int]] = {}  # of entities: dimension and number
        self._nodes: list[np.ndarray] = []
        self._points: list[np.ndarray] = []
        self._cells: dict[int, list[np.ndarray]] = {}  # nodes of the elements of a type
        self._counts: dict[int, int] = {}  # of elements of a type
        self._members: dict[tuple[int, int], dict[int, list[np.ndarray]]] = {}  # of groups
        self._fields: dict[str, tuple[np.ndarray, np.ndarray]] = {}

    def mesh(self) -> Any:
        """All of it."""
        handlers: dict[str, Callable[[int], int]] = {
            "MeshFormat": self._format, "PhysicalNames": self._physical_names, "Entities": self._entities,
            "PartitionedEntities": self._partitioned, "Nodes": self._read_nodes, "Elements": self._elements,
            "ParametricNodes": self._parametric, "NodeData": self._node_data,
        }  # fmt: skip
        for name, start in self._sections():
            self._end = handlers[name](start) if name in handlers else start
        if not self._points or not self._cells:
            raise ValueError("no nodes" if not self._points else "no elements")
        return self._made()

    def _sections(self) -> Iterator[tuple[str, int]]:
        """The name of every section and where its lines begin."""
        self._end, start = 0, re.compile(rb"^[ \t]*\$(\w+)[^\n]*\n", re.MULTILINE)
        while found := start.search(self._data, self._end):
            name = found[1].decode()
            yield name, found.end()
            behind = self._data.find(b"$End" + found[1], self._end)
            if behind < 0:
                raise ValueError(f"${name} without $End{name}")
            self._end = behind + len(name) + 4

    def _format(self, start: int) -> int:
        version, binary, size = self._line(start)[0].split()[:3]
        self._version, self._order = tuple(int(part) for part in (version + ".0").split(".")[:2]), None
        if self._version[0] not in (2, 4) or size != "8":
            raise ValueError(f"version {version} with numbers of {size} bytes")
        if int(binary):
            one = self._data[self._line(start)[1] :][:4]
            self._order = "<" if one == b"\1\0\0\0" else ">"
        return start

    def _line(self, start: int) -> tuple[str, int]:
        """A line, and where the next one begins."""
        end = self._data.find(b"\n", start)
        end = len(self._data) if end < 0 else end
        return self._data[start:end].decode("utf-8", errors="replace").strip(), end + 1

    def _physical_names(self, start: int) -> int:
        count, start = self._line(start)
        for _ in range(int(count)):
            line, start = self._line(start)
            if not (found := _NAME.match(line)):
                raise ValueError(f"no name of a group: {line[:40]!r}")
            self._names[int(found[1]), abs(int(found[2]))] = found[3]
        return start

    def _entities(self, start: int) -> int:
        numbers = self._numbers(start)
        self._read_entities(numbers, numbers.sizes(4).tolist(), is_part=False)
        return numbers.end()

    def _partitioned(self, start: int) -> int:
        """The parts of entities, which have numbers and groups of their own."""
        if self._version != (4, 1):
            raise ValueError("a partitioned mesh, which is read of version 4.1 only")
        numbers = self._numbers(start)
        _, ghosts = numbers.sizes(2).tolist()
        numbers.ints(2 * ghosts)
        self._read_entities(numbers, numbers.sizes(4).tolist(), is_part=True)
        return numbers.end()

    def _read_entities(self, numbers: _Numbers, counts: list[int], is_part: bool) -> None:
        for dim, count in enumerate(counts):
            for _ in range(count):
                tag = int(numbers.ints(1)[0])
                if is_part:
                    numbers.ints(2)
                    numbers.ints(numbers.sizes(1)[0])
                numbers.floats(3 if dim == 0 and self._version == (4, 1) else 6)  # where it is
                groups = [abs(group) for group in numbers.ints(numbers.sizes(1)[0]).tolist()]
                self._groups[dim, tag] = [group for group in groups if (dim, group) in self._names] or groups
                if dim:
                    numbers.ints(numbers.sizes(1)[0])  # what bounds it

    def _read_nodes(self, start: int) -> int:
        if self._version[0] == 2:
            count, start = self._line(start)
            numbers = self._numbers(start)
            tags, points = numbers.records(int(count), 1, 3)
            self._take_nodes(tags[:, 0], points)
            return numbers.end()
        numbers, is_new = self._numbers(start), self._version == (4, 1)
        for _ in range(numbers.sizes(4 if is_new else 2)[0]):
            first, second, parametric = numbers.ints(3).tolist()
            dim, count = first if is_new else second, int(numbers.sizes(1)[0])
            width = 3 + (dim if parametric else 0)  # places on the curve or surface come behind those in space
            if is_new:
                tags, points = numbers.sizes(count), numbers.floats(count * width).reshape(count, width)
            else:
                tags, points = numbers.records(count, 1, width)
            self._take_nodes(tags.ravel(), points[:, :3])
        return numbers.end()

    def _parametric(self, start: int) -> int:
        """Of version 2: number, x, y, z, then dimension and number of an entity and places on it."""
        count, start = self._line(start)
        rows = []
        for _ in range(int(count)):
            if self._order is None:
                line, start = self._line(start)
                rows.append([float(word) for word in line.split()[:4]])
            else:
                values = struct.unpack_from(f"{self._order}i3di", self._data, start)
                start += 36 + {1: 8, 2: 16}.get(values[4], 0)
                rows.append(values[:4])
        found = np.array(rows).reshape(len(rows), 4)
        self._take_nodes(found[:, 0].astype(np.int64), found[:, 1:])
        return _last(self._data, start)

    def _take_nodes(self, tags: np.ndarray, points: np.ndarray) -> None:
        self._nodes.append(tags)
        self._points.append(points)

    def _elements(self, start: int) -> int:
        if self._version[0] == 2:
            count, start = self._line(start)
            numbers = self._numbers(start)
            blocks = _walked(numbers.rest(), int(count)) if numbers.is_text else _binary(numbers, int(count))
            for kind, nodes, group in blocks:
                self._take_cells(kind, nodes, [abs(group)] if group else [])
            return numbers.end()
        numbers, is_new = self._numbers(start), self._version == (4, 1)
        for _ in range(numbers.sizes(4 if is_new else 2)[0]):
            first, second, kind = numbers.ints(3).tolist()
            dim, tag = (first, second) if is_new else (second, first)
            count, width = int(numbers.sizes(1)[0]), 1 + _width(kind)
            rows = (numbers.sizes if is_new else numbers.ints)(count * width).reshape(count, width)
            self._take_cells(kind, rows[:, 1:], self._groups.get((dim, tag), []))
        return numbers.end()

    def _take_cells(self, kind: int, nodes: np.ndarray, groups: list[int]) -> None:
        first = self._counts.get(kind, 0)
        self._counts[kind] = first + len(nodes)
        self._cells.setdefault(kind, []).append(nodes)
        for group in groups:
            members = self._members.setdefault((_dim(kind), group), {}).setdefault(kind, [])
            members.append(first + np.arange(len(nodes)))

    def _node_data(self, start: int) -> int:
        """Values at some of the nodes; others are NaN. Those of the last step stay."""
        tags = []
        for _ in range(3):  # texts, real numbers, integers
            count, start = self._line(start)
            tags.append([])
            for _ in range(int(count)):
                line, start = self._line(start)
                tags[-1].append(line)
        _, width, count = (int(word) for word in tags[2][:3])
        numbers = self._numbers(start)
        nodes, values = numbers.records(count, 1, width)
        self._fields[tags[0][0].strip('"')] = (nodes.ravel(), values)
        return numbers.end()

    def _numbers(self, start: int) -> _Numbers:
        return _Numbers(self._data, start, self._order)

    def _made(self) -> Any:
        import meshio
        from meshio.gmsh.common import _gmsh_to_meshio_order

        points = np.concatenate(self._points)
        places = _Places(np.concatenate(self._nodes))
        kinds, cells, rows_of = list(self._cells), [], {}
        for kind in kinds:
            nodes, rows_of[kind] = _once(np.concatenate(self._cells[kind]))
            cells.append((_kind(kind), _gmsh_to_meshio_order(_kind(kind), places.of(nodes))))
        sets: dict[str, list[Any]] = {}
        for name, members in self._named():
            known = sets.setdefault(name, [[] for _ in kinds])
            for kind, rows in members.items():
                known[kinds.index(kind)] += [rows_of[kind][row] for row in rows]
        sets = {name: [np.concatenate(rows) if rows else None for rows in known] for name, known in sets.items()}
        fields = {}
        for name, (nodes, values) in self._fields.items():
            fields[name] = np.full((len(points), values.shape[1]), np.nan)
            fields[name][places.of(nodes)] = values
        return meshio.Mesh(points, cells, point_data=fields, cell_sets=sets)

    def _named(self) -> Iterator[tuple[str, dict[int, list[np.ndarray]]]]:
        for (dim, group), members in self._members.items():
            yield self._names.get((dim, group), f"tag_{group}" if dim == 1 else f"tag_{dim}_{group}"), members


class _Places:
    """Which node, counted from zero, has which number in the file; the numbers may have gaps of any size."""

    def __init__(self, tags: np.ndarray):
        self._order = np.argsort(tags, kind="stable")
        self._tags = tags[self._order]
        if len(twice := np.flatnonzero(np.diff(self._tags) == 0)):
            raise ValueError(f"two nodes {self._tags[twice[0]]}")

    def of(self, tags: np.ndarray) -> np.ndarray:
        """The places of numbers, -1 for one that no node has."""
        at = np.minimum(np.searchsorted(self._tags, tags), len(self._tags) - 1)
        if len(lost := np.flatnonzero((self._tags[at] != tags).ravel())):
            raise ValueError(f"an element with node {tags.ravel()[lost[0]]}, which is not there")
        return self._order[at]


def _once(nodes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Elements, each once, and for all of them which one it is: version 2 repeats those of several groups."""
    order = np.lexsort(nodes.T)
    is_new = np.ones(len(nodes), bool)
    is_new[1:] = (nodes[order[1:]] != nodes[order[:-1]]).any(axis=1)
    first = order[is_new]  # the sort is stable
    rows = np.empty(len(nodes), np.int64)
    rows[order] = np.argsort(np.argsort(first))[np.cumsum(is_new) - 1]
    return nodes[np.sort(first)], rows


def _kind(number: int) -> str:
    """What meshio calls a type of elements."""
    from meshio.gmsh.common import _gmsh_to_meshio_type

    if number not in _gmsh_to_meshio_type:
        raise ValueError(f"elements of the unknown type {number}")
    return _gmsh_to_meshio_type[number]


def _width(number: int) -> int:
    from meshio._common import num_nodes_per_cell

    return num_nodes_per_cell[_kind(number)]


def _dim(number: int) -> int:
    from meshio._mesh import topological_dimension

    return topological_dimension[_kind(number)]


def _walked(numbers: Int[np.ndarray, " _"], count: int) -> Iterator[tuple[int, np.ndarray, int]]:
    """(type, nodes, group) of elements: each its number, type, number of tags, tags (the first its group), nodes."""
    view, at, widths = memoryview(numbers), 0, {}
    starts: dict[tuple[int, int], list[int]] = {}
    for _ in range(count):
        if at + 3 > len(view):
            raise ValueError(f"{count} elements that break off")
        kind, tags = view[at + 1], view[at + 2]
        if kind not in widths:
            widths[kind] = _width(kind)
        first, at = at + 3 + tags, at + 3 + tags + widths[kind]
        if tags < 0 or at > len(view):
            raise ValueError(f"{count} elements that break off")
        starts.setdefault((kind, view[first - tags] if tags else 0), []).append(first)
    if at != len(view):
        raise ValueError(f"{len(view) - at} numbers more than {count} elements have")
    for (kind, group), firsts in starts.items():
        yield kind, numbers[np.array(firsts)[:, None] + np.arange(widths[kind])], group


def _binary(numbers: _Numbers, count: int) -> Iterator[tuple[int, np.ndarray, int]]:
    """The same of binary elements, which come in blocks of a type and a number of tags."""
    while count > 0:
        kind, size, tags = numbers.ints(3).tolist()
        width = _width(kind)
        if size < 1 or tags < 0:
            raise ValueError(f"a block of {size} elements with {tags} tags")
        rows = numbers.ints(size * (1 + tags + width)).reshape(size, -1)
        groups = rows[:, 1] if tags else np.zeros(size, np.int64)
        for group in np.unique(groups).tolist():
            yield kind, rows[groups == group, 1 + tags :], group
        count -= size
