"""Rebuilds every mesh and the manifest beside this package, the same bytes every time."""

import hashlib
import json
from pathlib import Path

from enf2enf.io import write_bytes
from enf2enf_meshes.generators import broken, unit_cell

_FILES = {
    "vtu": "vtu", "vtk": "vtk", "vtp": "vtp", "gmsh": "msh", "stl": "stl", "ply": "ply", "obj": "obj", "xdmf": "xdmf",
    "abaqus": "inp", "nastran": "bdf", "su2": "su2", "med": "med", "cgns": "cgns",
}  # fmt: skip


def files() -> dict[str, tuple[bytes, dict[str, str]]]:
    """File, relative to this package's folder -> its bytes and what the manifest says of it."""
    mesh = unit_cell.build()
    built = {
        f"unit_cell.{extension}": (
            write_bytes(mesh, name),
            {"id": f"unit_cell_{name}", "source": "generators/unit_cell.py", "units": "m"},
        )
        for name, extension in _FILES.items()
    }
    about = {"id": "unit_cell_csv", "source": "generators/unit_cell.py", "units": "m"}
    built["unit_cell.csv"] = (write_bytes(unit_cell.curves(), "csv"), about)
    for item in broken.build_all():
        units = "mm" if item.file.startswith("millimetres") else "m"
        about = {"id": f"broken_{item.file.replace('.', '_')}", "source": "generators/broken.py", "units": units}
        built[f"broken/{item.file}"] = (item.data, about | {"stage": item.stage, "error": item.error})
    return built


def rebuild(folder: Path) -> None:
    """Writes all files and `manifest.json`; assets of other sources stay in the manifest."""
    built = files()
    target = folder / "manifest.json"
    old = json.loads(target.read_text(encoding="utf-8"))["assets"] if target.exists() else []
    assets = [asset for asset in old if not asset["source"].startswith("generators/")]
    for file, (data, about) in built.items():
        (folder / file).parent.mkdir(exist_ok=True)
        (folder / file).write_bytes(data)
        digest = hashlib.sha256(data).hexdigest()
        assets.append({"id": about["id"], "file": file, "sha256": digest, "licence": "Apache-2.0", **about})
    text = json.dumps({"assets": sorted(assets, key=lambda asset: asset["id"])}, indent=1)
    target.write_text(text + "\n", encoding="utf-8")


if __name__ == "__main__":
    rebuild(Path(__file__).parents[1])
