"""Parts of an Abaqus deck, and how nodes are moved: by the system they are given in, and with their instance."""

from collections import defaultdict
from typing import NamedTuple

import numpy as np
from jaxtyping import Float, Int

from enf2enf.errors import MeshError
from enf2enf.io.decks.abaqus_sets import Set
from enf2enf.io.decks.model import Cells, Nodes, alike, first_of_each, places


class Move(NamedTuple):
    """Points are multiplied by a matrix of rows, then moved."""

    axes: Float[np.ndarray, "3 3"]
    offset: Float[np.ndarray, " 3"]

    def of(self, points: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "points 3"]:
        """The points where they are moved to."""
        return points @ self.axes + self.offset


STILL = Move(np.eye(3), np.zeros(3))


class Part:
    """What is between *PART and *END PART, in an instance, or outside of all.

    Attributes:
        nodes: each of a system, that is a place in `systems`.
        systems: what *SYSTEM said so far.
        cells: kind -> cells.
        node_sets, cell_sets: name without capitals -> set.
        surfaces: name -> set of cells and which of their sides, for every line.
    """

    def __init__(self):
        self.nodes, self.systems = Nodes(), [STILL]
        self.cells: dict[str, Cells] = defaultdict(Cells)
        self.node_sets: dict[str, Set] = {}
        self.cell_sets: dict[str, Set] = {}
        self.surfaces: dict[str, list[tuple[Set, str]]] = defaultdict(list)


class Placed(NamedTuple):
    """A part where it is in the assembly, each node and cell once.

    Args:
        numbers, points: of the nodes.
        blocks: kind -> numbers of the cells, and the places of their nodes among the part's.
    """

    numbers: Int[np.ndarray, " nodes"]
    points: Float[np.ndarray, "nodes 3"]
    blocks: dict[str, tuple[np.ndarray, np.ndarray]]

    @classmethod
    def of(cls, part: Part, move: Move) -> "Placed":
        """The part, moved.

        Raises:
            MeshError: a number that is defined in two ways, nodes that are not defined.
        """
        numbers, points, systems = part.nodes.numbers, part.nodes.points, part.nodes.systems
        for place, group in alike(systems):
            points[group] = part.systems[place].of(points[group])
        kept = first_of_each("node", numbers, points)
        blocks = {}
        for kind, cells in part.cells.items():
            once = first_of_each("element", cells.numbers, cells.rows)
            nodes = places(numbers[kept], cells.rows[once], f"{kind} cells")
            blocks[kind] = cells.numbers[once], _ends_first(nodes, points[kept]) if kind == "line3" else nodes
        _check_types([numbers for numbers, _ in blocks.values()])
        return cls(numbers[kept], move.of(points[kept]), blocks)


def _check_types(numbers: list[np.ndarray]) -> None:
    every, counts = np.unique(np.concatenate([np.zeros(0, np.int64), *numbers]), return_counts=True)
    if len(twice := every[counts > 1]):
        raise MeshError(f"element {twice[0]}", "one definition", "two of different types")


def _ends_first(rows: Int[np.ndarray, "lines 3"], points: Float[np.ndarray, "points 3"]) -> Int[np.ndarray, "lines 3"]:
    """Lines with the node in their middle last: it is the one beside the longest side of the three."""
    corners = points[rows]
    opposite = np.linalg.norm(corners[:, [1, 2, 0]] - corners[:, [2, 0, 1]], axis=2)
    orders = np.array([[1, 2, 0], [0, 2, 1], [0, 1, 2]])[opposite.argmax(axis=1)]
    return np.take_along_axis(rows, orders, axis=1)


def system_move(rows: list[list[float]], where: str) -> Move:
    """What *SYSTEM says: the origin, a point on the first axis, and in the next line one on the side of the second.

    Raises:
        MeshError: points on one line.
    """
    origin, on_x = (np.array([*(rows[0] if rows else []), *[0.0] * 6][at : at + 3]) for at in (0, 3))
    if not rows or len(rows[0]) <= 3:
        return Move(np.eye(3), origin)
    x = on_x - origin
    if len(rows) > 1:
        z = np.cross(x, np.array([*rows[1], *[0.0] * 3][:3]) - origin)
    else:
        z, x = np.array([0.0, 0.0, 1.0]), x * [1, 1, 0]
    if not (x.any() and z.any()):
        raise MeshError(where, "three points that are not on one line", "others")
    axes = np.stack([x, np.cross(z, x), z])
    return Move(axes / np.linalg.norm(axes, axis=1, keepdims=True), origin)


def instance_move(rows: list[list[float]], where: str) -> Move:
    """What *INSTANCE says: a translation, and in the next line two points of an axis and an angle about it.

    Raises:
        MeshError: an axis of no length.
    """
    from scipy.spatial.transform import Rotation

    offset = np.array([*(rows[0] if rows else []), *[0.0] * 3][:3])
    if len(rows) < 2:
        return Move(np.eye(3), offset)
    numbers = np.array([*rows[1], *[0.0] * 7][:7])
    foot, axis = numbers[:3], numbers[3:6] - numbers[:3]
    if not axis.any():
        raise MeshError(where, "two points of an axis that differ", "the same")
    turn = Rotation.from_rotvec(np.radians(numbers[6]) * axis / np.linalg.norm(axis)).as_matrix().T
    return Move(turn, (offset - foot) @ turn + foot)
