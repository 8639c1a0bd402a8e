"""Abaqus input as a mesh. Every keyword that may hold or move nodes or cells is read, or refused by its name."""

import math
import re
from collections import Counter
from collections.abc import Callable, Container, Mapping
from pathlib import Path

from enf2enf.errors import MeshError
from enf2enf.io import allowance
from enf2enf.io.decks.abaqus_assembly import Instance, assembled
from enf2enf.io.decks.abaqus_elements import Shape, shape_of
from enf2enf.io.decks.abaqus_lines import Keyword, fields, lines
from enf2enf.io.decks.abaqus_parts import Part, instance_move, system_move
from enf2enf.io.decks.abaqus_sets import Set
from enf2enf.io.decks.numbers import integer, real

_REFUSED = re.compile(
    r"NGEN|NFILL|NCOPY|NMAP|ELGEN|ELCOPY|IMPERFECTION|MANIFEST|INCLUDE|IMPORT|SYMMETRICMODELGENERATION"
    r"|SUBSTRUCTUREPROPERTY"
)


def read(path: Path):
    """The `meshio.Mesh` of a deck: instances in their places, sets of nodes and of lines by name, surfaces as lines.

    Raises:
        MeshError: keywords and elements that are not understood, nodes that are not defined.
    """
    deck = Deck()
    for number, text in lines(path):
        try:
            if isinstance(text, Keyword):
                deck.begin(text)
            elif deck.take is not None:
                deck.take(fields(text))
        except MeshError:
            raise
        except ValueError as error:
            raise MeshError(f"line {number}: *{deck.keyword.name}", "numbers", str(error)) from None
    deck.end()
    return assembled(deck, allowance.of(path.stat().st_size) // 8)


class Deck:
    """Parts and instances of all lines so far.

    Attributes:
        keyword: the last one.
        take: what the lines of data after it are given to; None where they do not matter.
        outside: what is in no part.
        parts, instances: by name, without capitals.
        without_cells: type -> number of elements that are no cells of a mesh.
    """

    def __init__(self):
        self.keyword = Keyword(0, "", {})
        self.take: Callable[[list[str]], None] | None = None
        self.outside, self.parts, self.instances = Part(), dict[str, Part](), dict[str, Instance]()
        self.without_cells: Counter[str] = Counter()
        self._part, self._cell, self._finish = self.outside, list[int](), None
        self._readers = {
            "NODE": self._nodes, "ELEMENT": self._elements, "NSET": self._node_set, "ELSET": self._cell_set,
            "SURFACE": self._surface, "SYSTEM": self._system, "PART": self._begin_part, "ENDPART": self._end_part,
            "INSTANCE": self._begin_instance, "ENDINSTANCE": self._end_part,
        }  # fmt: skip

    def begin(self, keyword: Keyword) -> None:
        """Looks at a keyword."""
        self.end()
        self.keyword, options = keyword, keyword.options
        if _REFUSED.fullmatch(keyword.name) or (keyword.name == "INSTANCE" and "INSTANCE" in options):
            self._refuse("nodes and elements written out", "what makes or moves others")
        if keyword.name == "MODELCHANGE" and options.get("TYPE", "ELEMENT").upper() == "ELEMENT":
            self._refuse("the same elements throughout", "elements that come or go")
        if keyword.name in self._readers:
            if "INPUT" in options:
                self._refuse("data in the file itself", "INPUT, another file")
            self.take = self._readers[keyword.name](options)

    def end(self) -> None:
        """Looks at what the lines of data of a keyword are together."""
        if self._cell:
            self._refuse("elements of as many nodes as their type", f"{len(self._cell) - 1} of element {self._cell[0]}")
        if self._finish is not None:
            self._finish()
        self.take = self._finish = None

    def _refuse(self, expected: str, found: str) -> None:
        raise MeshError(f"line {self.keyword.line}: *{self.keyword.name}", expected, found)

    def _nodes(self, options: Mapping[str, str]):
        nodes, place = self._part.nodes, len(self._part.systems) - 1
        named = _set(self._part.node_sets, options.get("NSET", ""))
        kind = options.get("SYSTEM", "R").upper()
        if kind not in ("R", "C"):
            self._refuse("rectangular or cylindrical coordinates", f"SYSTEM={kind}")

        def take(row: list[str]) -> None:
            number, (x, y, z) = integer(row[0]), [*map(real, row[1:4]), 0.0, 0.0, 0.0][:3]
            if kind == "C":
                x, y = x * math.cos(math.radians(y)), x * math.sin(math.radians(y))
            nodes.add(number, (x, y, z), place)
            if named is not None:
                named.add_number(number)

        return take

    def _elements(self, options: Mapping[str, str]):
        name = options.get("TYPE", "").upper()
        shape, named = shape_of(name), _set(self._part.cell_sets, options.get("ELSET", ""))
        if shape is None:
            self._refuse("an element type whose shape is known", f"TYPE={name}")
        elif shape.kind:
            return self._cells(shape, named)

        def count(row: list[str]) -> None:
            self.without_cells[name] += 1

        return count

    def _cells(self, shape: Shape, named: Set | None):
        cells, wanted = self._part.cells[shape.kind], shape.nodes + 1

        def take(row: list[str]) -> None:
            self._cell += [integer(field) for field in row if field]
            if len(self._cell) in (wanted, wanted + shape.oriented):
                cells.add(self._cell[0], self._cell[1:wanted])
                if named is not None:
                    named.add_number(self._cell[0])
                self._cell = []
            elif len(self._cell) > wanted:
                self.end()

        return take

    def _node_set(self, options: Mapping[str, str]):
        return _listed(_set(self._part.node_sets, options.get("NSET", ""), options), options)

    def _cell_set(self, options: Mapping[str, str]):
        return _listed(_set(self._part.cell_sets, options.get("ELSET", ""), options), options)

    def _surface(self, options: Mapping[str, str]):
        kind, name = options.get("TYPE", "ELEMENT").upper(), options.get("NAME", "")
        if kind == "NODE":
            own = _set(self._part.node_sets, name)
            return None if own is None else lambda row: own.add(row[0])
        if kind != "ELEMENT" or not name:
            return None
        sides = self._part.surfaces[name]

        def take(row: list[str]) -> None:
            own = Set()
            own.understood = not {"COMBINE", "CROP"} & options.keys()
            own.add(row[0])
            sides.append((own, row[1].upper() if len(row) > 1 else ""))

        return take

    def _system(self, options: Mapping[str, str]):
        rows, part, where = list[list[float]](), self._part, f"line {self.keyword.line}: *SYSTEM"
        self._finish = lambda: part.systems.append(system_move(rows, where))
        return lambda row: rows.append([real(field) for field in row])

    def _begin_part(self, options: Mapping[str, str]) -> None:
        self._part = self.parts[self._new_name(options, self.parts)] = Part()

    def _new_name(self, options: Mapping[str, str], known: Container[str]) -> str:
        name = options.get("NAME", "").casefold()
        if not name or name in known:
            self._refuse("a NAME of its own", repr(name))
        return name

    def _end_part(self, options: Mapping[str, str]) -> None:
        self._part = self.outside

    def _begin_instance(self, options: Mapping[str, str]):
        made = self.instances[self._new_name(options, self.instances)] = Instance(options.get("PART", ""), Part())
        self._part = made.own
        rows, where = list[list[float]](), f"line {self.keyword.line}: *INSTANCE"

        def finish() -> None:
            made.move = instance_move(rows, where)

        self._finish = finish
        return lambda row: rows.append([real(field) for field in row])


def _set(sets: dict[str, Set], name: str, options: Mapping[str, str] | None = None) -> Set | None:
    """The set of a name, made where there is none; those that a program made for itself have no name to show."""
    if not name:
        return None
    return sets.setdefault(name.casefold(), Set("" if "INTERNAL" in (options or {}) else name))


def _listed(own: Set | None, options: Mapping[str, str]):
    """What takes the lines of a set."""
    if own is None:
        return None
    part = options.get("INSTANCE", "").casefold()
    if "NSET" in options and "ELSET" in options:  # the nodes of elements
        own.understood = False
    if "GENERATE" in options:
        return lambda row: own.add_range(row, part)

    def take(row: list[str]) -> None:
        for token in filter(None, row):
            own.add(token, part)

    return take
