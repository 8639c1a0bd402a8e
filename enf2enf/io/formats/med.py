"""MED, Salome's format on HDF5: a reader of ours, meshio's writer; patches are its families."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import allowance, hdf5
from enf2enf.io.format import QUADRATIC, Format

_KINDS = {
    "PO1": "vertex", "SE2": "line", "SE3": "line3", "SE4": "line4", "TR3": "triangle", "TR6": "triangle6",
    "TR7": "triangle7", "QU4": "quad", "QU8": "quad8", "QU9": "quad9", "TE4": "tetra", "T10": "tetra10",
    "HE8": "hexahedron", "H20": "hexahedron20", "PY5": "pyramid", "P13": "pyramid13", "PE6": "wedge", "P15": "wedge15",
}  # fmt: skip
_WHOLE = "MED_NO_PROFILE_INTERNAL"


def _inspect(name: str, path: Path) -> None:
    hdf5.check(name, path, counts=("NBR",))


def _read(path: Path) -> Any:
    """The file as a `meshio.Mesh`: groups are `cell_sets` and `point_sets`."""
    import h5py
    import meshio

    with h5py.File(path, "r") as opened:
        file: Any = opened  # whatever is in it
        name, mesh = _only(file["ENS_MAA"], "mesh")
        if mesh.attrs.get("REP", 0) != 0 or mesh.attrs.get("TYP", 0) != 0:
            what = "a structured grid" if mesh.attrs.get("TYP", 0) else "cylindrical or spherical ones"
            raise MeshError("mesh", "cells and nodes in Cartesian coordinates", what)
        step = mesh if "NOE" in mesh else _only(mesh, "step of the mesh")[1]
        families = mesh["FAS"] if "FAS" in mesh else file["FAS"][name] if "FAS" in file else {}
        nodes = step["NOE"]
        points = nodes["COO"][()].reshape(-1, int(mesh.attrs["ESP"]), order="F")
        cells: list[Any] = [_cells(key, group) for key, group in step["MAI"].items()]
        named = [_groups(families.get("ELEME", {}), group) for group in step["MAI"].values()]
        counts = {key: len(nodes) for key, (_, nodes) in zip(step["MAI"], cells, strict=True)}
        fields, remarks = _fields(file, len(points))
        in_cells, more = _in_cells(file, counts)
        sets: dict[str, Any] = {
            key: [rows.get(key) for rows in named] for key in sorted({key for rows in named for key in rows})
        }
        raw = meshio.Mesh(
            points,
            cells,
            point_data=fields,
            cell_data=in_cells,
            point_sets=_groups(families.get("NOEUD", {}), nodes),
            cell_sets=sets,
        )
        raw.info = remarks + more
        return raw


def _only(group: Any, what: str) -> tuple[str, Any]:
    if len(names := list(group)) != 1:
        raise MeshError("mesh", f"one {what}", str(len(names)))
    return names[0], group[names[0]]


def _cells(kind: str, group: Any) -> tuple[str, np.ndarray]:
    if kind not in _KINDS:
        raise MeshError("cells", f"kinds among {', '.join(_KINDS)}", kind)
    nodes = group["NOD"]
    return _KINDS[kind], nodes[()].reshape(int(nodes.attrs["NBR"]), -1, order="F") - 1


def _groups(families: Any, members: Any) -> dict[str, Any]:
    """Name of a group -> which of the cells or nodes belong to it. A family is in several groups, or in none."""
    if "FAM" not in members:
        return {}
    numbers, found = members["FAM"][()], {}
    order = np.argsort(numbers, kind="stable")
    ordered = numbers[order]
    for family in families.values():
        first, last = (np.searchsorted(ordered, family.attrs["NUM"], side) for side in ("left", "right"))
        for row in family["GRO"]["NOM"][()] if "GRO" in family and first < last else ():
            name = bytes(row.astype(np.uint8)).split(b"\0")[0].decode("utf-8", errors="replace").strip()
            allowance.room().take(8 * (last - first))
            found.setdefault(name, []).append(order[first:last])
    return {name: np.concatenate(parts) for name, parts in found.items()}


def _fields(file: Any, count: int) -> tuple[dict[str, Any], list[str]]:
    """Fields at nodes, of each the last step, and sentences about those left out."""
    found, remarks = {}, []
    for name, steps in file.get("CHA", {}).items():
        if keys := sorted(key for key in steps if "NOE" in steps[key]):
            found[name] = _values(file, steps[keys[-1]]["NOE"], count, name)
            remarks += _older(name, keys)
    return found, remarks


def _in_cells(file: Any, counts: Mapping[str, int]) -> tuple[dict[str, Any], list[str]]:
    """The same in cells, of which there are so many of every type; NaN in those of a type without values."""
    found, remarks = {}, []
    for name, steps in file.get("CHA", {}).items():
        kinds = {f"MAI.{key}": count for key, count in counts.items()}
        if not (keys := sorted(key for key in steps if kinds.keys() & steps[key].keys())):
            continue
        groups = {kind: group for kind, group in steps[keys[-1]].items() if kind in kinds}
        if any(data.attrs.get("NGA", 1) != 1 or len(group) > 1 for group in groups.values() for data in group.values()):
            remarks.append(f"{name}: expected one value in each cell, got several, left out")
            continue
        some = {kind: _values(file, group, kinds[kind], name) for kind, group in groups.items()}
        width = max(values.shape[1] for values in some.values())
        found[name] = [some.get(kind, np.full((count, width), np.nan)) for kind, count in kinds.items()]
        remarks += _older(name, keys)
    return found, remarks


def _older(name: str, steps: list[str]) -> list[str]:
    return [f"{name}: expected one step, got {len(steps)}, of which the last is read"] * (len(steps) > 1)


def _values(file: Any, group: Any, count: int, name: str) -> np.ndarray:
    """Those of all nodes, or of all cells of a type; NaN where a profile leaves some out."""
    profile, data = _only(group, f"profile of {name!r}")
    values = data["CO"][()].reshape(int(data.attrs["NBR"]), -1, order="F")
    if profile != _WHOLE:
        some, values = values, np.full((count, values.shape[1]), np.nan)
        values[file["PROFILS"][profile]["PFL"][()] - 1] = some
    return values


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    import meshio

    if names:
        raw.cell_data["cell_tags"] = [-tag for tag in tags]
        raw.cell_tags = {-number: [name] for number, name in enumerate(names, start=1)}
    meshio.med.write(str(path), raw)


def _attach(path: Path, fields: Mapping[str, np.ndarray]) -> None:
    """Adds them to the last step of a field, or as new ones."""
    import h5py
    from meshio.med._med import _create_component_names, _write_data

    with h5py.File(path, "r+") as opened:
        file: Any = opened
        mesh, known = _only(file["ENS_MAA"], "mesh")[0], file.require_group("CHA")
        for name, values in fields.items():
            for step in known[name].values() if name in known else ():
                step.pop("NOE", None)
            axes = _create_component_names(values[:1].size)
            _write_data(known, mesh, axes, _WHOLE, name, "NOEU", values)


FORMAT = Format(
    name="med",
    label="MED",
    extensions=(".med",),
    kinds=QUADRATIC | {"vertex"},
    fields=True,
    cell_fields=True,
    patches=True,
    sniff=hdf5.sniff,
    distinctive=False,
    inspect=_inspect,
    read=_read,
    plane=True,
    write=_write,
    attach=_attach,
)
