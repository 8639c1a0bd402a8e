"""Files in the layout of the public data set AirfRANS, of a flow of our own: what the reader is tested on.

The flow is a solved one around a NACA section of 5 digits, near it alone; other speeds are the same flow, scaled.
"""

import json
from collections.abc import Sequence
from pathlib import Path

import meshio
import numpy as np
import shapely

from enf2enf.io import write
from enf2enf.mesh import CellBlock, Mesh

FLOW = Path(__file__).parents[1] / "data" / "naca_flow.npz"
SPEEDS = (31.5, 40.25, 61.073, 80.0, 93.125)
_HEIGHT = 0.5  # of the slice


def stored() -> dict[str, np.ndarray]:
    """`nodes`, `quads` and cell values of the flow; `surf_...` as of any case of ours; lift and drag."""
    return {name: values.astype(np.float64) if values.dtype.kind == "f" else values
            for name, values in np.load(FLOW).items()}  # fmt: skip


def name_of(speed: float) -> str:
    """Of the case with the flow at a speed."""
    flow = stored()
    numbers = [speed, *(round(float(number), 3) for number in (flow["alpha_deg"], *flow["naca"]))]
    return "_".join(["airFoil2D_SST", *map(str, numbers)])


def write_case(folder: Path, speed: float, shear: bool = True) -> str:
    """Writes a case, and returns its name.

    Args:
        folder: of all cases.
        speed: of the inflow, m/s.
        shear: whether the file of the aerofoil has the stress on the wall.
    """
    flow, name, rng = stored(), name_of(speed), np.random.default_rng(0)
    scale = speed / float(flow["U_inf"])
    wall = flow["surf_nodes"][::-1][:-1]  # the body is on the left
    at_wall = np.array([np.flatnonzero((flow["nodes"] == node).all(axis=1))[0] for node in wall])
    known = {"U": scale * np.pad(flow["U"], ((0, 0), (0, 1))), "p": scale**2 * flow["p"], "nut": scale * flow["nut"]}
    at_nodes = {key: _to_nodes(flow["quads"], values, len(flow["nodes"])) for key, values in known.items()}
    at_nodes["p"][at_wall] = scale**2 * _between(flow["surf_p"][::-1])
    at_nodes["U"][at_wall], at_nodes["nut"][at_wall] = 0, 0
    at_nodes["implicit_distance"] = -_distance(flow["nodes"], wall)
    (folder / name).mkdir(parents=True)
    single = {key: values.astype(np.float32) for key, values in at_nodes.items()}
    cells = {key: [values.astype(np.float32)] for key, values in known.items()}
    points = np.insert(flow["nodes"], 2, _HEIGHT, axis=1).astype(np.float32)
    grid = meshio.Mesh(points, [("quad", flow["quads"].astype(np.int64))], single, cells)
    grid.write(folder / name / f"{name}_internal.vtu")
    order = rng.permutation(len(wall))  # as the files have it: another one than around the section
    lines = np.argsort(order)[np.stack([np.arange(len(wall)), np.roll(np.arange(len(wall)), -1)], axis=1)]
    on_wall = {key: at_nodes[key][at_wall] for key in ("U", "p", "nut")} | {"Normals": -_normals(wall)}
    if shear:
        on_wall["wallShearStress"] = np.pad(scale**2 * _between(flow["surf_tau"][::-1]), ((0, 0), (0, 1)))
    _write_curve(folder / name / f"{name}_aerofoil.vtp", wall[order], rng.permutation(lines),
                 {key: values[order] for key, values in on_wall.items()})  # fmt: skip
    far = 200 * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    around = np.array([[0, 1], [1, 2], [2, 3], [3, 0]])
    _write_curve(folder / name / f"{name}_freestream.vtp", far, around, {"p": np.zeros(4)})
    return name


def write_folder(folder: Path, speeds: Sequence[float] = SPEEDS, shear: bool = True) -> list[str]:
    """Writes a case for every speed and the manifest: the first two test, all others train, two of them scarcely."""
    names = [write_case(folder, speed, shear) for speed in speeds]
    lists = {"full_train": names[2:], "full_test": names[:2], "scarce_train": names[2:4]}
    lists |= {"reynolds_train": names[1:-1], "reynolds_test": [names[0], names[-1]]}
    (folder / "manifest.json").write_text(json.dumps(lists))
    return names


def _write_curve(path: Path, nodes: np.ndarray, lines: np.ndarray, data: dict[str, np.ndarray]) -> None:
    points = np.insert(nodes.astype(np.float32), 2, _HEIGHT, axis=1).astype(np.float64)
    write(path, Mesh(points, (CellBlock("line", lines),), point_data=data))


def _to_nodes(quads: np.ndarray, values: np.ndarray, count: int) -> np.ndarray:
    """Of every node the mean over its cells."""
    total = np.zeros((count, *values.shape[1:]))
    for corner in quads.T:
        np.add.at(total, corner, values)
    return total / np.bincount(quads.ravel(), minlength=count).reshape(-1, *[1] * (values.ndim - 1))


def _between(faces: np.ndarray) -> np.ndarray:
    """Of every node of a closed curve the mean of the faces before and behind it."""
    return (faces + np.roll(faces, 1, axis=0)) / 2


def _normals(wall: np.ndarray) -> np.ndarray:
    """Out of the body at its nodes: the mean of the sides' unit normals, of length 1, with a z of 0."""
    side = np.roll(wall, -1, axis=0) - wall
    normals = np.stack([side[:, 1], -side[:, 0]], axis=1) / np.hypot(*side.T)[:, None]
    mean = normals + np.roll(normals, 1, axis=0)
    return np.insert(mean / np.hypot(*mean.T)[:, None], 2, 0, axis=1)


def _distance(points: np.ndarray, wall: np.ndarray) -> np.ndarray:
    return shapely.distance(shapely.points(points), shapely.LinearRing(wall))
