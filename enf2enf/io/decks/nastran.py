"""Nastran's bulk data as a mesh. Every card that may hold nodes or cells is read, counted or refused by its name."""

import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io.decks.model import Cells, Nodes, first_of_each, left_out, places
from enf2enf.io.decks.nastran_cards import Card, cards
from enf2enf.io.decks.nastran_systems import Systems
from enf2enf.io.decks.numbers import integer, real
from enf2enf.io.raw import raw_mesh

_LINE = {2: "line", 3: "line3"}
_TRIANGLE = {3: "triangle", 6: "triangle6"}
_QUAD = {4: "quad", 8: "quad8", 9: "quad9"}
_TETRA, _HEXAHEDRON = {4: "tetra", 10: "tetra10"}, {8: "hexahedron", 20: "hexahedron20"}
_PYRAMID, _WEDGE = {5: "pyramid"}, {6: "wedge"}
# Name -> kinds by the number of nodes, and the most nodes that it has, from the third field on.
_CELLS = {
    **dict.fromkeys(("CBAR", "CBEAM", "CBEND", "CONROD", "CROD", "CTUBE"), (_LINE, 2)), "CBEAM3": (_LINE, 3),
    **dict.fromkeys(("CTRIA3", "CTRIAR", "CTRAX3", "CPLSTN3", "CPLSTS3"), (_TRIANGLE, 3)),
    **dict.fromkeys(("CTRIA6", "CTRIAX", "CTRIAX6", "CPLSTN6", "CPLSTS6"), (_TRIANGLE, 6)),
    **dict.fromkeys(("CQUAD4", "CQUADR", "CQUADX4", "CPLSTN4", "CPLSTS4", "CSHEAR"), (_QUAD, 4)),
    **dict.fromkeys(("CQUAD8", "CQUADX8", "CPLSTN8", "CPLSTS8"), (_QUAD, 8)),
    **dict.fromkeys(("CQUAD", "CQUAD9", "CQUADX"), (_QUAD, 9)),
    "CTETRA": (_TETRA, 10), "CPYRAM": (_PYRAMID, 13), "CPYRA": (_PYRAMID, 13), "CPENTA": (_WEDGE, 15),
    "CHEXA": (_HEXAHEDRON, 20),
}  # fmt: skip
# Where a mesh has the nodes of a cell in another order than the card.
_ORDERS = {
    "CTRIAX6": {6: [0, 2, 4, 1, 3, 5]},
    "CHEXA": {20: [*range(12), 16, 17, 18, 19, 12, 13, 14, 15]},
}
_NO_CELLS = re.compile(
    r"C(ELAS|DAMP|MASS|BUSH)\d?D?|CONM[12]|CGAP|CVISC|CFAST|CWELD|CSEAM|CHBDY[EGP]|CHACAB|CHACBR|CAABSF|GENEL|PLOTEL\d?"
)
# All that begins with a C and is neither cell nor coordinate system.
_OTHERS = re.compile(
    r"C(END|SETA?1?|REEP|LOAD|ONVM?|AERO\d|SSCHD|YAX|YJOIN|YSUP|YSYM|BARAO|ONTRLT|ONTACT|NTSTB|AMPBLL|OMPUDS)"
)
# They make or move nodes or cells.
_REFUSED = re.compile(r"GRID[A-Z]|EGRID|MPOINT|RINGAX|RINGFL|POINTAX|FEEDGE|FEFACE|SEBULK|SELOC|SEMPLN|SEELT|REPLIC\w*")
_BEGIN = re.compile(r"\s*BEGIN\b", re.IGNORECASE)
_INCLUDE = re.compile(r"\s*INCLUDE\s*['\"=\w./\\]", re.IGNORECASE)
_END = re.compile(r"\s*ENDDATA\b", re.IGNORECASE)


def read(path: Path):
    """The `meshio.Mesh` of a deck, with properties as cell data `nastran:ref`.

    Raises:
        MeshError: cards that are not understood, parts in other files, nodes that are not defined.
    """
    deck, bulk = _Deck(), _Bulk(path)
    for card in cards(bulk.lines(), _matters):
        try:
            deck.add(card)
        except MeshError:
            raise
        except ValueError as error:
            raise MeshError(f"line {card.line}: {card.name}", "numbers", str(error)) from None
    points, blocks, properties = deck.joined()
    said = left_out(deck.without_cells)
    if not bulk.ended:
        said.append("end: expected ENDDATA in the last line, got none; the file may have been cut off")
    return raw_mesh(points, blocks, cell_data={"nastran:ref": properties}, info=said)


def _matters(name: str) -> bool:
    if name[:1] == "C":
        return not _OTHERS.fullmatch(name)
    return name in ("GRID", "GRDSET") or bool(_REFUSED.fullmatch(name) or _NO_CELLS.fullmatch(name))


class _Bulk:
    """The bulk data of a file: all of it where none of its lines says where they begin."""

    def __init__(self, path: Path):
        self._path, self.ended = path, False

    def lines(self) -> Iterator[tuple[int, str]]:
        """Numbered lines up to ENDDATA."""
        with self._path.open(encoding="utf-8", errors="replace") as file:
            begin = next((number for number, line in enumerate(file, 1) if _BEGIN.match(line)), 0)
        with self._path.open(encoding="utf-8", errors="replace") as file:
            for number, line in enumerate(file, 1):
                if _INCLUDE.match(line):
                    whole = "a Nastran file that is complete in itself (written out by the preprocessor)"
                    raise MeshError(f"line {number}", whole, "an INCLUDE of another file")
                if number <= begin:
                    continue
                if _BEGIN.match(line):
                    raise MeshError(f"line {number}", "one section of bulk data", "another one")
                if _END.match(line):
                    self.ended = True
                    return
                yield number, line


class _Deck:
    """Nodes, cells and systems of all cards so far.

    Attributes:
        without_cells: name -> number of the cards that are no cells of a mesh.
    """

    def __init__(self):
        self._nodes, self._systems, self._default = Nodes(), Systems(), 0
        self._cells: dict[str, Cells] = defaultdict(Cells)
        self.without_cells: Counter[str] = Counter()

    def add(self, card: Card) -> None:
        """One more card."""
        name, fields = card.name, card.fields
        if name == "GRID":
            system = integer(fields[1]) if fields[1] else -1
            self._nodes.add(integer(fields[0]), (real(fields[2]), real(fields[3]), real((*fields, "")[4])), system)
        elif name in _CELLS:
            self._add_cell(card)
        elif name.startswith("CORD"):
            self._systems.add(card)
        elif name == "GRDSET":
            self._default = integer(fields[1] or "0")
        elif _NO_CELLS.fullmatch(name):
            self.without_cells[name] += 1
        else:
            raise MeshError(f"line {card.line}", "cards that are known not to make or move nodes or cells", repr(name))

    def _add_cell(self, card: Card) -> None:
        kinds, most = _CELLS[card.name]
        first = 1 if card.name == "CONROD" else 2
        given = [field if field != "0" else "" for field in card.fields[first : first + most]]
        while given and not given[-1]:
            given.pop()
        if len(given) not in kinds or "" in given:
            counts = " or ".join(str(count) for count in kinds if count <= most)
            found = sum(map(bool, given))
            raise MeshError(f"line {card.line}: {card.name} {card.fields[0]}", f"{counts} nodes", str(found))
        nodes = [integer(field) for field in given]
        if order := _ORDERS.get(card.name, {}).get(len(nodes)):
            nodes = [nodes[place] for place in order]
        number = integer(card.fields[1] or "0") if first == 2 else 0
        self._cells[kinds[len(nodes)]].add(integer(card.fields[0]), nodes, number)

    def joined(self) -> tuple[np.ndarray, list[tuple[str, np.ndarray]], list[np.ndarray]]:
        """Points, blocks of cells with indices of these, and the properties of the cells in each block."""
        nodes, systems = self._nodes, self._nodes.systems
        points = self._systems.placed(nodes.points, np.where(systems < 0, self._default, systems))
        kept = first_of_each("GRID", nodes.numbers, points)
        known = nodes.numbers[kept]
        blocks, properties = [], []
        for kind, cells in self._cells.items():
            rows = cells.rows
            once = first_of_each("element", cells.numbers, rows)
            blocks.append((kind, places(known, rows[once], f"{kind} cells")))
            properties.append(cells.properties[once])
        return points[kept], blocks, properties
