"""Files that VTK's own readers know alone, or Fluent's: converted where pyvista is installed, never on a server."""

import tempfile
from pathlib import Path
from typing import Any

from enf2enf.errors import MeshError
from enf2enf.files import open_file
from enf2enf.io import guard

_SUFFIXES = (".vtm", ".vtmb", ".vti", ".vtr", ".vts", ".pvtu", ".pvtp", ".cas")
_MAY_BE_LZ4 = (".vtu", ".vtp")


def is_foreign(path: Path) -> bool:
    """Whether a file is one that VTK reads and we do not: blocks, grids, pieces, compressed by LZ4, Fluent's."""
    try:
        with open_file(path) as file:
            is_vtk, may_be = path.suffix.lower() in _SUFFIXES, path.suffix.lower() in _MAY_BE_LZ4
            return is_vtk or (may_be and b"LZ4DataCompressor" in file.read(4096))
    except (OSError, ValueError):
        return False  # whoever reads it will say why


def as_vtu(path: Path) -> tuple[bytes, str]:
    """The same data set as a VTU file, and its name: the cells of all blocks and pieces, and the data that all have.

    Of a Fluent case (`.cas`, with its `.dat` file beside it), the cell zones only.

    Raises:
        MeshError: pyvista is not installed, or finds no cells in the file.
    """
    try:
        import pyvista
    except ModuleNotFoundError:
        wanted = f"pip install 'enf2enf[scenes]', which converts {path.suffix} files"
        raise MeshError(path.name, wanted, "a machine without it") from None
    with tempfile.TemporaryDirectory(prefix="enf2enf-") as temporary:
        target = Path(temporary) / "mesh.vtu"
        with guard.sentence(path.name, f"a complete {path.suffix} file", "damaged or truncated data", path.parent):
            data = pyvista.read(path)
            if path.suffix.lower() == ".cas":
                grid = _zones(data)
            else:
                grid = data.combine() if isinstance(data, pyvista.MultiBlock) else data.cast_to_unstructured_grid()
            if not grid.n_cells:
                raise MeshError(path.name, "a data set with cells", "none")
            grid.save(target)
        return target.read_bytes(), path.with_suffix(".vtu").name


def _zones(data: Any) -> Any:
    """The cell zones of a Fluent case as one grid; VTK fills face zones with adjacent cells, so they are left out."""
    import pyvista

    kinds = {name: name.partition(":")[2] for name in data.keys()}  # noqa: SIM118, NAME:KIND of a list of blocks
    cells = [data[name] for name, kind in kinds.items() if kind in ("fluid", "solid", "")]
    return pyvista.MultiBlock(cells).combine(merge_points=True)
