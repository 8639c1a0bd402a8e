"""The assembly of an Abaqus deck: its instances side by side, with the sets and surfaces of all of them by name."""

import dataclasses
import functools
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Protocol

import numpy as np
from jaxtyping import Float, Int

from enf2enf.errors import MeshError
from enf2enf.io.decks.abaqus_parts import STILL, Move, Part, Placed
from enf2enf.io.decks.abaqus_sets import Numbered, Sets
from enf2enf.io.decks.model import left_out
from enf2enf.io.raw import raw_mesh
from enf2enf.mesh import topology

_MOST_PARTS = 100
_NAMED, _SHOWN = 5, 40  # names in a sentence, and characters of each


@dataclasses.dataclass
class Instance:
    """A part in its place.

    Args:
        part: the name of the part.
        own: what the instance itself defines.
        move: where it is.
    """

    part: str
    own: Part
    move: Move = STILL


class Parts(Protocol):
    """What a deck defines."""

    outside: Part
    parts: dict[str, Part]
    instances: dict[str, Instance]
    without_cells: Counter[str]


def assembled(deck: Parts, most: int):
    """The `meshio.Mesh` of a deck.

    Args:
        deck: what its lines define.
        most: numbers that it may have.

    Raises:
        MeshError: an instance of a part that is not there, more numbers than there may be, and as `Placed.of` does.
    """
    assembly = _Assembly(most)
    assembly.add("", deck.outside, STILL)
    for name, instance in deck.instances.items():
        assembly.add(name, _whole(name, instance, deck.parts), instance.move)
    for name, part in deck.parts.items() if not deck.instances else ():
        assembly.add(name, part, STILL)
    point_sets, cell_sets, lines = assembly.sets()
    said = [*left_out(deck.without_cells), *_without_instance(deck), *assembly.not_understood()]
    blocks = [*assembly.blocks, ("line", lines)]
    return raw_mesh(assembly.points, blocks, point_sets=point_sets, cell_sets=cell_sets, info=said)


def _whole(name: str, instance: Instance, parts: Mapping[str, Part]) -> Part:
    """The part of an instance, with what the instance adds to it."""
    key, own = instance.part.casefold(), instance.own
    if key not in parts:
        raise MeshError(f"instance {name!r}", "a part of the file", repr(instance.part))
    part = parts[key]
    if len(own.nodes.numbers) and len(part.nodes.numbers):
        raise MeshError(f"instance {name!r}", "nodes of its part or of its own", "both")
    whole = Part()
    meshed = own if len(own.nodes.numbers) else part
    whole.nodes, whole.systems, whole.cells = meshed.nodes, meshed.systems, meshed.cells
    whole.node_sets, whole.cell_sets = part.node_sets | own.node_sets, part.cell_sets | own.cell_sets
    whole.surfaces.update(part.surfaces | own.surfaces)
    return whole


def _without_instance(deck: Parts) -> Iterator[str]:
    used = {instance.part.casefold() for instance in deck.instances.values()}
    if deck.instances and (rest := sorted(deck.parts.keys() - used)):
        yield f"parts: expected an instance of each, got none of {_listed(rest)}, left out"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(repr(name[:_SHOWN]) for name in names[:_NAMED]) + ", ..." * (len(names) > _NAMED)


class _Assembly:
    """Parts in their places, one after the other."""

    def __init__(self, most: int):
        self._most, self._left = most, most
        self._parts: dict[str, Part] = {}
        self._nodes: dict[str, Numbered] = {}
        self._cells: dict[str, Numbered] = {}
        self._points, self._starts, self._strange = [np.zeros((0, 3))], [0], list[str]()
        self.blocks: list[tuple[str, np.ndarray]] = []

    @property
    def points(self) -> Float[np.ndarray, "nodes 3"]:
        """Of all parts."""
        return np.concatenate(self._points)

    def add(self, name: str, part: Part, move: Move) -> None:
        """One more part."""
        if len(self._parts) > _MOST_PARTS:
            raise MeshError("instances", f"at most {_MOST_PARTS}", "more")
        placed = Placed.of(part, move)
        self._left -= placed.points.size + sum(nodes.size + len(numbers) for numbers, nodes in placed.blocks.values())
        if self._left < 0:
            raise MeshError("instances", f"at most {self._most} numbers in a file of this size", "more")
        first = sum(map(len, self._points))
        self._parts[name], self._nodes[name] = part, Numbered(placed.numbers, first)
        numbers = [numbers for numbers, _ in placed.blocks.values()]
        self._cells[name] = Numbered(np.concatenate([np.zeros(0, np.int64), *numbers]), self._starts[-1])
        self._points.append(placed.points)
        for kind, (_, nodes) in placed.blocks.items():
            self.blocks.append((kind, nodes + first))
            self._starts.append(self._starts[-1] + len(nodes))

    def sets(self) -> tuple[dict[str, np.ndarray], dict[str, list[np.ndarray]], np.ndarray]:
        """Sets of nodes; sets of cells block by block, the last block being the lines of surfaces; and these lines."""
        nodes = Sets({name: part.node_sets for name, part in self._parts.items()}, self._nodes, self._most)
        cells = Sets({name: part.cell_sets for name, part in self._parts.items()}, self._cells, self._most)
        point_sets = self._named(nodes.named())
        cell_sets = {name: self._by_block(own) for name, own in self._named(cells.named()).items()}
        lines = [np.zeros((0, 2), np.int64)]
        count = 0
        for name, sides in self._surfaces(cells).items():
            lines += sides
            own = cell_sets.setdefault(name, self._by_block(np.zeros(0, np.int64)))
            own[-1] = np.arange(count, count := count + sum(map(len, sides)))
        return point_sets, cell_sets, np.concatenate(lines)

    def _named(self, sets: Iterable[tuple[str, np.ndarray | None]]) -> dict[str, np.ndarray]:
        """Sets of one name as one."""
        found: dict[str, np.ndarray] = {}
        for name, indices in sets:
            if indices is None:
                self._strange.append(name)
            else:
                found[name] = np.union1d(found.get(name, np.zeros(0, np.int64)), indices)
        return found

    def _by_block(self, cells: np.ndarray) -> list[np.ndarray]:
        """Sorted indices of cells as those within each block, and none of the lines of surfaces."""
        cuts = np.searchsorted(cells, self._starts)
        inner = [cells[low:high] - start for low, high, start in zip(cuts, cuts[1:], self._starts, strict=False)]
        return [*inner, np.zeros(0, np.int64)]

    def _surfaces(self, cells: Sets) -> dict[str, list[np.ndarray]]:
        """The sides of cells that surfaces name, by the name of the surface."""
        found: dict[str, list[np.ndarray]] = defaultdict(list)
        for part, own in self._parts.items():
            for name, rows in own.surfaces.items():
                members = [cells.members(part, chosen) for chosen, _ in rows]
                known = [
                    (chosen, label) for chosen, (_, label) in zip(members, rows, strict=True) if chosen is not None
                ]
                if len(known) < len(rows):
                    self._strange.append(name)
                else:
                    found[name] += [self._sides(chosen, label) for chosen, label in known]
        return found

    def _sides(self, cells: np.ndarray, label: str) -> Int[np.ndarray, "sides 2"]:
        """Of each of the cells the side of a label; without one, those of its sides that no other cell has."""
        found = [np.zeros((0, 2), np.int64)]
        for (kind, nodes), inside in zip(self.blocks, self._by_block(cells), strict=False):
            sides = _corner_pairs(kind)
            if label[:1] in ("S", "E") and label[1:].isdecimal():
                sides = sides[int(label[1:]) - 1 : int(label[1:])] if len(sides) > 1 else sides
            elif label and len(sides) > 1:  # a face of a shell
                sides = []
            found += [nodes[inside][:, pair] for pair in sides]
        sides = np.concatenate(found)
        return sides if label else sides[topology.among(topology.keys(sides, self._count), self._free)]

    @property
    def _count(self) -> int:
        return sum(map(len, self._points))

    @functools.cached_property
    def _free(self) -> Int[np.ndarray, " sides"]:
        """The sorted keys of the sides that one cell has, and of lines."""
        every = [nodes[:, pair] for kind, nodes in self.blocks for pair in _corner_pairs(kind)]
        keys, counts = np.unique(topology.keys(np.concatenate(every), self._count), return_counts=True)
        return keys[counts == 1]

    def not_understood(self) -> Iterator[str]:
        """A sentence on the sets and surfaces that list what is not there."""
        if self._strange:
            named = _listed(sorted(set(self._strange)))
            yield f"sets: expected numbers and sets that the file defines, got others in {named}, left out"


def _corner_pairs(kind: str) -> list[list[int]]:
    """Places of the corners of every side of a cell; of a line, its ends."""
    if topology.is_curve(kind):
        return [[0, 1]]
    corners = 0 if not topology.is_surface(kind) else 3 if kind.startswith("triangle") else 4
    return [[place, (place + 1) % corners] for place in range(corners)]
