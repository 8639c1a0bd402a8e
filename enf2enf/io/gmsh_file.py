"""Gmsh's MSH files of versions 2, 4.0 and 4.1, text and binary: nodes, elements, groups and nodal data."""

import re
import struct
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from enf2enf.io import gmsh_elements
from enf2enf.io.gmsh_numbers import Numbers, check_end

_NAME = re.compile(r"^\s*(\d+)\s+(-?\d+)\s+\"(.*)\"\s*$")


def read(path: Path) -> Any:
    """The file as a `meshio.Mesh`: physical groups are `cell_sets`, those of curves without a name are `tag_3`.

    Raises:
        ValueError: a file that breaks off, contradicts itself, or has elements of a kind that is not known.
        MeshError: it claims more than it has room for.
    """
    return _Reader(path.read_bytes()).mesh()


def numbering(data: bytes) -> tuple[np.ndarray, str | None]:
    """The numbers of the nodes in a file, as they come, and the order of its bytes; None where it is text."""
    reader = _Reader(data)
    reader.mesh()
    return np.concatenate(reader.nodes), reader.order


class _Reader:
    """Walks through the sections of a file."""

    def __init__(self, data: bytes):
        self._data = data
        self._names: dict[tuple[int, int], str] = {}
        self._groups: dict[tuple[int, int], list[int]] = {}  # of entities: dimension and number
        self.nodes: list[np.ndarray] = []
        self._points: list[np.ndarray] = []
        self._cells: dict[int, list[np.ndarray]] = {}  # nodes of the elements of a type
        self._counts: dict[int, int] = {}  # of elements of a type
        self._members: dict[tuple[int, int], dict[int, list[np.ndarray]]] = {}  # of groups
        self._fields: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        self._of_elements: list[str] = []  # names of their values, which are not read

    def mesh(self) -> Any:
        """All of it."""
        handlers: dict[str, Callable[[int], int]] = {
            "MeshFormat": self._format, "PhysicalNames": self._physical_names, "Entities": self._entities,
            "PartitionedEntities": self._partitioned, "Nodes": self._read_nodes, "Elements": self._elements,
            "ParametricNodes": self._parametric, "NodeData": self._node_data,
            "ElementData": self._element_data, "ElementNodeData": self._element_data,
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
        self._version, self.order = tuple(int(part) for part in (version + ".0").split(".")[:2]), None
        if self._version[0] not in (2, 4) or size != "8":
            raise ValueError(f"version {version} with numbers of {size} bytes")
        if int(binary):
            one = self._data[self._line(start)[1] :][:4]
            self.order = "<" if one == b"\1\0\0\0" else ">"
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

    def _read_entities(self, numbers: Numbers, counts: list[int], is_part: bool) -> None:
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
            if self.order is None:
                line, start = self._line(start)
                rows.append([float(word) for word in line.split()[:4]])
            else:
                values = struct.unpack_from(f"{self.order}i3di", self._data, start)
                start += 36 + {1: 8, 2: 16}.get(values[4], 0)
                rows.append(values[:4])
        found = np.array(rows).reshape(len(rows), 4)
        self._take_nodes(found[:, 0].astype(np.int64), found[:, 1:])
        return check_end(self._data, start)

    def _take_nodes(self, tags: np.ndarray, points: np.ndarray) -> None:
        self.nodes.append(tags)
        self._points.append(points)

    def _elements(self, start: int) -> int:
        if self._version[0] == 2:
            count, start = self._line(start)
            numbers = self._numbers(start)
            taken = gmsh_elements.from_text if numbers.is_text else gmsh_elements.from_binary
            for kind, nodes, group in taken(numbers, int(count)):
                self._take_cells(kind, nodes, [abs(group)] if group else [])
            return numbers.end()
        numbers, is_new = self._numbers(start), self._version == (4, 1)
        for _ in range(numbers.sizes(4 if is_new else 2)[0]):
            first, second, kind = numbers.ints(3).tolist()
            dim, tag = (first, second) if is_new else (second, first)
            count, width = int(numbers.sizes(1)[0]), 1 + gmsh_elements.nodes_of(kind)
            rows = (numbers.sizes if is_new else numbers.ints)(count * width).reshape(count, width)
            self._take_cells(kind, rows[:, 1:], self._groups.get((dim, tag), []))
        return numbers.end()

    def _take_cells(self, kind: int, nodes: np.ndarray, groups: list[int]) -> None:
        first = self._counts.get(kind, 0)
        self._counts[kind] = first + len(nodes)
        self._cells.setdefault(kind, []).append(nodes)
        for group in groups:
            members = self._members.setdefault((gmsh_elements.dim_of(kind), group), {}).setdefault(kind, [])
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

    def _element_data(self, start: int) -> int:
        """Its first text is its name."""
        count, start = self._line(start)
        if int(count):
            self._of_elements.append(self._line(start)[0].strip('"'))
        return start

    def _numbers(self, start: int) -> Numbers:
        return Numbers(self._data, start, self.order)

    def _made(self) -> Any:
        import meshio
        from meshio.gmsh.common import _gmsh_to_meshio_order

        points = np.concatenate(self._points)
        places = _Places(np.concatenate(self.nodes))
        kinds, cells, rows_of = list(self._cells), [], {}
        for kind in kinds:
            name, (nodes, rows_of[kind]) = gmsh_elements.name_of(kind), gmsh_elements.distinct(self._cells[kind])
            cells.append((name, _gmsh_to_meshio_order(name, places.of(nodes))))
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
        raw: Any = meshio.Mesh(points, cells, point_data=fields, cell_sets=sets)
        raw.unheld = {"values of elements": sorted(set(self._of_elements))}
        return raw

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
