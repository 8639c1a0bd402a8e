"""Rings around bodies, and the halves and quarters of them that end at planes of symmetry, in every kind of cell."""

import dataclasses

import numpy as np

from enf2enf.geometry.plane.outline import Outline
from enf2enf.mesh import CellBlock, Mesh

KINDS = ("quad", "triangle", "quad8", "quad9", "triangle6", "triangle7", "polygon", "line", "line3")
SLICES = {"whole": 1, "half": 2, "quarter": 4}


@dataclasses.dataclass(frozen=True)
class Sector:
    """A ring around a body, or a part of it that ends at planes through its middle: y = 0, and x = 0 of a quarter.

    Args:
        kind: of its cells; of lines, the boundary alone.
        waves: of the radius of the body, even about all planes of symmetry.
        steps, layers: cells around a quarter, and outwards.
        turn, shift, size: where it is, and the mean radius of the body; three times that is its own.
    """

    kind: str
    waves: tuple[float, ...] = ()
    steps: int = 5
    layers: int = 3
    turn: float = 0.0
    shift: tuple[float, float] = (0.0, 0.0)
    size: float = 1.0

    @property
    def axes(self) -> np.ndarray:
        """Its axes, one a row."""
        cos, sin = np.cos(self.turn), np.sin(self.turn)
        return np.array([[cos, sin], [-sin, cos]])

    def placed(self, own: np.ndarray) -> np.ndarray:
        """From its axes into space."""
        return own @ self.axes + self.shift

    def mesh(self, part: str) -> Mesh:
        """The whole, a half or a quarter, with its boundary in patches `wall`, `far`, `front`, `back` and `side`."""
        fine, around, outwards = 2, 4 * self.steps // SLICES[part], self.layers
        columns = fine * around + (part != "whole")
        angle = 2 * np.pi * np.arange(columns) / (4 * fine * self.steps)
        body = 1 + sum(wave * np.cos(2 * k * angle) for k, wave in enumerate(self.waves, 1))
        share = np.linspace(0, 1, fine * outwards + 1)[:, None]
        radius = self.size * ((1 - share) * body + share * 3)
        grid = radius[..., None] * np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        if part != "whole":
            grid[:, 0, 1] = 0.0  # to the last bit in the plane, as meshers write it
            grid[:, -1, 1 if part == "half" else 0] = 0.0
        number = np.arange(grid[..., 0].size).reshape(grid.shape[:2])
        if part == "whole":
            number = np.concatenate([number, number[:, :1]], axis=1)
        mesh = Mesh(self.placed(grid.reshape(-1, 2)), *_cells(number, self.kind, part))
        return _used(mesh)

    def loops(self, mesh: Mesh) -> list[np.ndarray]:
        """The curves of a mesh in its axes, each counter-clockwise from the x axis on, the inner one first."""
        found = []
        for nodes in Outline.of(mesh).loops:
            own = (mesh.points[nodes] - self.shift) @ self.axes.T
            number = np.argmin(abs(np.arctan2(own[:, 1], own[:, 0])))
            own = np.roll(own, -number, axis=0)
            found.append(own if own[1, 1] > 0 else np.roll(own[::-1], 1, axis=0))
        return sorted(found, key=lambda loop: np.ptp(loop))


def _cells(number: np.ndarray, kind: str, part: str) -> tuple[tuple[CellBlock, ...], dict[str, np.ndarray]]:
    """Cells of a grid of nodes twice as fine as they are, and the edges of its four sides."""
    k = np.stack([number[i : i + len(number) - 2 : 2, j : number.shape[1] - 2 + j : 2].ravel()
                  for i in range(3) for j in range(3)], axis=1)  # fmt: skip
    corners, middles, centre = k[:, [0, 6, 8, 2]], k[:, [3, 7, 5, 1]], k[:, 4:5]
    first = np.concatenate([corners[:, [0, 1, 2]], middles[:, [0, 1]], centre], axis=1)
    second = np.concatenate([corners[:, [0, 2, 3]], centre, middles[:, [2, 3]]], axis=1)
    sides = {"wall": number[0], "far": number[-1]}
    if part != "whole":
        sides |= {"front": number[:, 0], "back" if part == "half" else "side": number[:, -1]}
    rows = {name: np.stack([side[:-2:2], side[2::2], side[1::2]], axis=1) for name, side in sides.items()}
    patches = {name: row[:, :2] for name, row in rows.items()}
    lines = np.concatenate(list(rows.values()))
    if kind.startswith("line"):
        return (CellBlock(kind, lines if kind == "line3" else lines[:, :2]),), patches
    nodes = {
        "quad": corners,
        "quad8": np.concatenate([corners, middles], axis=1),
        "quad9": np.concatenate([corners, middles, centre], axis=1),
        "triangle": np.concatenate([first[:, :3], second[:, :3]]),
        "triangle6": np.concatenate([first, second]),
        "triangle7": np.concatenate([np.concatenate([part, part[:, :1]], axis=1) for part in (first, second)]),
        "polygon": corners,
    }[kind]
    edge = "line3" if kind[-1] in "6789" else "line"
    return (CellBlock(kind, nodes), CellBlock(edge, lines if edge == "line3" else lines[:, :2])), patches


def _used(mesh: Mesh) -> Mesh:
    """Without the nodes that no cell has."""
    used = np.unique(np.concatenate([block.nodes.ravel() for block in mesh.cells]))
    place = np.searchsorted(used, np.arange(len(mesh.points)))
    cells = tuple(CellBlock(block.kind, place[block.nodes]) for block in mesh.cells)
    return Mesh(mesh.points[used], cells, {name: place[facets] for name, facets in mesh.patches.items()})
