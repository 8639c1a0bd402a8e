"""Cases of OpenFOAM, one cell across, as plane meshes: read by VTK where pyvista is installed, never on a server."""

import contextlib
import gzip
import importlib.util
import math
import re
import zlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Bool, Float, Int

from enf2enf.errors import MeshError
from enf2enf.io import guard
from enf2enf.io.convert import flattened
from enf2enf.mesh.mesh import CellBlock, Mesh

_FLAT = 1e-6  # of the extent
_CHUNK = 1 << 20
_KINDS = {3: "triangle", 4: "quad"}
_PARTS = ("points", "faces", "owner", "neighbour", "boundary")
_CONTROL = Path("system") / "controlDict"


def is_case(path: Path) -> bool:
    """Whether this is the folder of a case, or the `.foam` file in one."""
    try:
        return (folder_of(path) / _CONTROL).is_file()
    except (OSError, ValueError):
        return False


def folder_of(path: Path) -> Path:
    """Of the `.foam` file in it, or itself."""
    return path.parent if path.suffix.lower() == ".foam" else path


def read(path: Path) -> Mesh:
    """The plane mesh of a case at its last step: cells, sides of the patches as lines, values by cell on both.

    Raises:
        MeshError: pyvista is not installed, a case in parts or regions, or more than one cell across.
    """
    folder = folder_of(path)
    if importlib.util.find_spec("pyvista") is None:
        wanted = "pip install 'enf2enf[scenes]', which reads cases of OpenFOAM"
        raise MeshError(folder.name, wanted, "a machine without it")
    if not (folder / "constant" / "polyMesh").is_dir():
        wanted = "a mesh in constant/polyMesh; reconstructPar -constant joins those of processors"
        raise MeshError(folder.name, wanted, "none")
    if lacking := [name for name in _PARTS if not list((folder / "constant" / "polyMesh").glob(f"{name}*"))]:
        raise MeshError(folder.name, f"the file constant/polyMesh/{lacking[0]}", "none")
    with guard.sentence(folder.name, "a complete case of OpenFOAM", "damaged or truncated data", folder):
        with _unread(folder) as files:
            blocks, steps = _read(folder)
        if damaged := next(_damaged(folder, steps[-1:]), None):
            raise MeshError("mesh", "whole files", f"{damaged}, which is damaged")
        whole = blocks["internalMesh"] if "internalMesh" in blocks.keys() else None  # noqa: SIM118, no mapping
        if whole is None or not whole.n_cells:
            got = f"{files[0]}, which VTK cannot read" if files else f"{sorted(blocks.keys())[:3]}"
            raise MeshError("mesh", "one region with cells", got)
        remarks = [f"{file}: expected a file that VTK can read, got another, left out" for file in files]
        if len(steps) > 1:
            remarks.append(f"steps: expected one, got {len(steps)}, of which the last is read")
        return _Slab(blocks).mesh(tuple(remarks))


def _read(folder: Path) -> tuple[Any, list[float]]:
    """The blocks of a case at its last step, and its steps."""
    import pyvista

    reader: Any = pyvista.OpenFOAMReader(folder / _CONTROL)  # VTK finds the case beside it
    reader.cell_to_point_creation = False
    steps = [step for step in reader.time_values if step > 0]  # what is at 0 is no result
    if steps:
        reader.set_active_time_value(steps[-1])
    else:
        reader.disable_all_cell_arrays()
    return reader.read(), steps


def _damaged(folder: Path, steps: Sequence[float]) -> Iterator[str]:
    """Compressed files of the mesh and of these steps that are cut short or broken, which VTK leaves out in silence."""
    parts = [folder / "constant" / "polyMesh", *(path for path in folder.iterdir() if _time(path.name) in steps)]
    for path in sorted(path for part in parts for path in part.glob("*.gz")):
        try:
            with gzip.open(path) as file:
                while file.read(_CHUNK):
                    pass
        except (OSError, EOFError, zlib.error):
            yield path.relative_to(folder).as_posix()


def _time(name: str) -> float:
    """The step that a folder of this name is of; NaN for another folder."""
    try:
        return float(name)
    except ValueError:
        return math.nan


@contextlib.contextmanager
def _unread(folder: Path) -> Iterator[list[str]]:
    """The files of which VTK complains, in place of what it writes to standard error."""
    import pyvista  # noqa: F401, which sets a window of its own
    from vtkmodules.vtkCommonCore import vtkLogger, vtkOutputWindow, vtkStringOutputWindow

    window, usual, found = vtkStringOutputWindow(), vtkOutputWindow.GetInstance(), []
    vtkOutputWindow.SetInstance(window)
    loudness = vtkLogger.GetCurrentVerbosityCutoff()
    vtkLogger.SetStderrVerbosity(vtkLogger.VERBOSITY_OFF)
    try:
        yield found
    finally:
        vtkOutputWindow.SetInstance(usual)
        vtkLogger.SetStderrVerbosity(loudness)
    found += dict.fromkeys(re.findall(re.escape(str(folder)) + r"/([\w./-]+\w)", window.GetOutput()))


class _Slab:
    """Cells in one layer, seen from one side.

    Args:
        blocks: of pyvista: `internalMesh`, and all patches in `boundary`.
    """

    def __init__(self, blocks: Any):
        self._volume = blocks["internalMesh"]
        boundary = blocks["boundary"] if "boundary" in blocks.keys() else {}  # noqa: SIM118
        self._patches = {name: boundary[name] for name in boundary.keys()}  # noqa: SIM118
        self._surface = _surface(self._volume)
        self._faces = _faces(self._surface)
        self._axis, self._sides = self._side()
        self._plane = [axis for axis in range(3) if axis != self._axis]

    def _side(self) -> tuple[int, list[Int[np.ndarray, " corners"]]]:
        """The axis across, and the faces on its far side: of every cell one, in the order of the cells."""
        owners = np.asarray(self._surface.cell_data["vtkOriginalCellIds"])
        for axis in (2, 1, 0):
            flat = self._is_far(self._surface.points, axis)
            numbers = [number for number, face in enumerate(self._faces) if flat[face].all()]
            order = np.argsort(owners[numbers], kind="stable")
            if np.array_equal(owners[numbers][order], np.arange(self._volume.n_cells)):
                return axis, [self._faces[numbers[place]] for place in order]
        raise MeshError("mesh", "a plane case, one cell across, its two sides flat", "another")

    def _is_far(self, points: np.ndarray, axis: int) -> Bool[np.ndarray, " points"]:
        ends = np.reshape(self._volume.bounds, (3, 2))
        return ends[axis, 1] - points[:, axis] <= _FLAT * np.ptp(ends, axis=1).max()

    def mesh(self, warnings: tuple[str, ...]) -> Mesh:
        """The side as a mesh."""
        nodes = np.unique(np.concatenate(self._sides))
        points = np.ascontiguousarray(np.asarray(self._surface.points, np.float64)[nodes][:, self._plane])
        rings = [np.searchsorted(nodes, face) for face in self._sides]
        blocks, order = [], []
        for size in sorted({len(ring) for ring in rings}):
            chosen = [number for number, ring in enumerate(rings) if len(ring) == size]
            blocks.append(CellBlock(_KINDS.get(size, f"polygon{size}"), np.array([rings[k] for k in chosen])))
            order += chosen
        lines = dict(self._lines(points))
        if lines:
            blocks.append(CellBlock("line", np.concatenate([ends for ends, _ in lines.values()])))
        data = self._data(np.array(order), lines)
        return Mesh(points, tuple(blocks), {name: ends for name, (ends, _) in lines.items()}, {}, warnings, data)

    def _lines(self, points: Float[np.ndarray, "points 2"]) -> Iterator[tuple[str, tuple[np.ndarray, np.ndarray]]]:
        """Patch name -> ends of the lines that it appears as from the side, and the patch face of each line."""
        from scipy.spatial import KDTree

        tree = KDTree(points)
        for name, patch in self._patches.items():
            flat = self._is_far(patch.points, self._axis)
            ends, owners = [], []
            for number, face in enumerate(_faces(patch)):
                sides = np.stack([face, np.roll(face, -1)], axis=1)
                if not flat[face].all():  # else it is one of the two sides
                    ends.append(sides[flat[sides].all(axis=1)])
                    owners.append(np.full(len(ends[-1]), number))
            if sum(map(len, ends)):
                places = np.asarray(tree.query(patch.points[:, self._plane])[1])
                yield name, (places[np.concatenate(ends)], np.concatenate(owners))

    def _data(self, order: np.ndarray, lines: Mapping[str, tuple[np.ndarray, np.ndarray]]) -> dict[str, np.ndarray]:
        """The values of the cells in this order, then those of the lines; NaN where a patch has none."""
        found = {}
        for name, values in self._volume.cell_data.items():
            values = np.asarray(values, np.float64)
            parts = [values[order]]
            for patch, (_, owners) in lines.items():
                own = self._patches[patch].cell_data
                shape = (len(owners), *values.shape[1:])
                parts.append(np.asarray(own[name], np.float64)[owners] if name in own else np.full(shape, np.nan))
            found[name] = flattened(np.concatenate(parts), self._plane)
        return found


def _surface(volume: Any) -> Any:
    """All faces that belong to one cell only, each with the number of this cell."""
    import pyvista
    from vtkmodules.vtkFiltersGeometry import vtkDataSetSurfaceFilter

    outside: Any = vtkDataSetSurfaceFilter()
    outside.SetInputData(volume)
    outside.PassThroughCellIdsOn()
    outside.Update()
    return pyvista.wrap(outside.GetOutput())


def _faces(surface: Any) -> list[Int[np.ndarray, " corners"]]:
    """Corners of every polygon."""
    polygons = surface.GetPolys()
    ends = np.asarray(polygons.GetOffsetsArray()).astype(np.int64)
    return np.split(np.asarray(polygons.GetConnectivityArray()).astype(np.int64), ends[1:-1])
