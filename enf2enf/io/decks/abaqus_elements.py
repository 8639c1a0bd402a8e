"""Abaqus' element types by their shape, which their names spell: a family, the number of nodes, and physics."""

import re
from typing import NamedTuple

_SURFACE = re.compile(
    r"(?:CPS|CPE|CPEG|CAX|CGAX|DC2D|DCAX|DCC2D|DCCAX|AC2D|ACAX|M3D|S|DS|R3D|STRI|SFM3D|EMC2D|US)([34689])\w*"
    r"|(?:COH2D|COHAX|WARP2D)(4)\w*"
)
_SURFACES = {"3": ("triangle", 3), "4": ("quad", 4), "6": ("triangle6", 6), "8": ("quad8", 8), "9": ("quad9", 9)}
_SHORT = re.compile(
    r"(T[23]D|R2D|RAX|RB[23]D|[AD]C1D)2[A-Z]*|(B[23]|PIPE[23])[13][A-Z]*|(D?SAX|MAX|MGAX|SFMG?AX)1[A-Z]*"
)
_LONG = re.compile(r"(T[23]D|[AD]C1D)3[A-Z]*|(B[23]|PIPE[23])2[A-Z]*|(D?SAX|MAX|MGAX|SFMG?AX)2[A-Z]*")
_SOLID = re.compile(r"(?:C3D|DC3D|AC3D|DCC3D|EMC3D|SC|COH3D)(20|10|8|6|5|4)(?!\d)\w*")
_SOLIDS = {
    "4": ("tetra", 4), "5": ("pyramid", 5), "6": ("wedge", 6), "8": ("hexahedron", 8), "10": ("tetra10", 10),
    "20": ("hexahedron20", 20),
}  # fmt: skip
_NO_CELL = re.compile(r"(SPRING|DASHPOT|JOINT|GAP|DGAP|DRAG|ITS)\w*|MASS|ROTARYI|HEATCAP|CONN[23]D2|DCOUP[23]D|D")


class Shape(NamedTuple):
    """What the cells of an element type are.

    Args:
        kind: of the cells; empty for springs, masses and the like, which are none.
        nodes: how many each has.
        oriented: whether a node more may follow, which says how a beam is turned.
    """

    kind: str
    nodes: int = 0
    oriented: bool = False


def shape_of(name: str) -> Shape | None:
    """The shape of an element type, in capitals; None for one that is not known."""
    if found := _SURFACE.fullmatch(name):
        return Shape(*_SURFACES[found[1] or found[2]])
    if found := _SOLID.fullmatch(name):
        return Shape(*_SOLIDS[found[1]])
    if _SHORT.fullmatch(name):
        return Shape("line", 2, name[0] in "BP")
    if _LONG.fullmatch(name):
        return Shape("line3", 3, name[0] in "BP")
    return Shape("") if _NO_CELL.fullmatch(name) else None
