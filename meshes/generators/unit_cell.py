"""A unit square with a smooth star-shaped void: one problem in every format."""

import numpy as np

from enf2enf.mesh import CellBlock, Mesh

RAYS, RINGS = 40, 6
SIDES = {"right": 35, "top": 5, "left": 15, "bottom": 25}  # each begins at this ray, on a corner


def radius(angle: np.ndarray) -> np.ndarray:
    """Distance of the void's boundary from the centre (0.5, 0.5), between 0.22 and 0.36 m."""
    return 0.29 + 0.05 * np.cos(2 * angle + 0.4) + 0.02 * np.sin(3 * angle)


def build() -> Mesh:
    """The mesh: triangles on rings from the void to the square, with the patches void, left, right, top, bottom."""
    angle = 2 * np.pi * np.arange(RAYS) / RAYS
    ray = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    inner, outer = radius(angle)[:, None] * ray, 0.5 * ray / np.abs(ray).max(axis=1, keepdims=True)
    share = np.linspace(0, 1, RINGS) ** 1.3
    # Six decimals are exact in every text format, and keep the files small.
    points = np.round(0.5 + np.concatenate([inner + s * (outer - inner) for s in share]), 6)
    here = np.arange(RAYS)
    ahead = (here + 1) % RAYS
    rings = [ring * RAYS for ring in range(RINGS - 1)]
    quads = np.concatenate([np.stack([r + here, r + RAYS + here, r + RAYS + ahead, r + ahead], 1) for r in rings])
    triangles = np.concatenate([quads[:, [0, 1, 2]], quads[:, [0, 2, 3]]])
    last = (RINGS - 1) * RAYS
    sides = {name: (start + np.arange(RAYS // 4)) % RAYS for name, start in SIDES.items()}
    patches = {"void": np.stack([here, ahead], axis=1)}
    patches |= {name: last + np.stack([at, (at + 1) % RAYS], axis=1) for name, at in sides.items()}
    return Mesh(points, (CellBlock("triangle", triangles),), patches)


def curves() -> Mesh:
    """The same problem as bare curves: the void and the square."""
    mesh = build()
    void = mesh.patches["void"]
    square = np.concatenate([mesh.patches[name] for name in ("bottom", "right", "top", "left")])
    used, renumbered = np.unique(np.concatenate([void, square]), return_inverse=True)
    lines = renumbered.reshape(-1, 2)
    return Mesh(mesh.points[used], (CellBlock("line", lines),), {"void": lines[: len(void)]})
