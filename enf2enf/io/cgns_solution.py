"""The solutions of CGNS: values at the nodes and in the cells of a zone."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from enf2enf.io.cgns_tree import add_node, data_of, labelled, only, text_of


def at_nodes(zone: Any) -> dict[str, np.ndarray]:
    """The fields at the nodes of a zone by name."""
    return _fields(_solutions(zone, [], ["Vertex"]))


def in_cells(
    zone: Any, dim: int, sections: Sequence[tuple[int, np.ndarray]]
) -> tuple[dict[str, list[np.ndarray]], list[str]]:
    """Cell fields of a zone: name -> one array per section (NaN in boundary sections); and remarks on fields left out.

    Args:
        zone: the zone.
        dim: dimension of its cells.
        sections: of every section, the dimension of its elements and their numbers.
    """
    numbers = np.sort(np.concatenate([np.zeros(0, np.int64), *(own for of, own in sections if of == dim)]))
    found, remarks = {}, []
    for name, values in _fields(_solutions(zone, ["CellCenter"])).items():
        if len(values) != len(numbers):
            remarks.append(f"{name}: expected a value in each of {len(numbers)} cells, got {len(values)}, left out")
        else:
            none = [np.full((len(own), *values.shape[1:]), np.nan) for _, own in sections]
            parts = zip(sections, none, strict=True)
            found[name] = [values[np.searchsorted(numbers, own)] if of == dim else gap for (of, own), gap in parts]
    return found, remarks


def _fields(solutions: Iterator[Any]) -> dict[str, np.ndarray]:
    fields = {}
    for solution in solutions:
        fields |= {name: data_of(array).astype(float) for name, array in labelled(solution, "DataArray_t").items()}
    return _joined(fields)


def _solutions(zone: Any, *places: list[str]) -> Iterator[Any]:
    """Solutions at one of the given grid locations; a solution without a location is at the nodes."""
    for solution in labelled(zone, "FlowSolution_t").values():
        if [text_of(place) for place in labelled(solution, "GridLocation_t").values()] in places:
            yield solution


def _joined(fields: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Components become vectors: VelocityX, VelocityY -> Velocity."""
    for stem in [name[:-1] for name in fields if name.endswith("X")]:
        axes = [f"{stem}{axis}" for axis in "XYZ" if f"{stem}{axis}" in fields]
        if len(axes) > 1:
            fields[stem] = np.stack([fields.pop(axis) for axis in axes], axis=1)
    return fields


def write(zone: Any, fields: Mapping[str, np.ndarray]) -> None:
    """Adds fields to the first solution at the nodes, or to a new one, in place of those of the same names."""
    found = list(_solutions(zone, [], ["Vertex"]))
    for solution in found:
        for key in {name + axis for name in fields for axis in ("", *"XYZ")} & set(solution):
            del solution[key]
    target = found[0] if found else add_node(zone, "FlowSolution", "FlowSolution_t")
    if not found:
        add_node(target, "GridLocation", "GridLocation_t", "Vertex")
    for name, values in fields.items():
        parts = {name: values} if values.ndim == 1 else {name + a: v for a, v in zip("XYZ", values.T, strict=False)}
        for part, column in parts.items():
            add_node(target, part, "DataArray_t", np.ascontiguousarray(column))


def attach(path: Path, fields: Mapping[str, np.ndarray]) -> None:
    """See `Format.attach`."""
    import h5py

    with h5py.File(path, "r+") as file:
        write(only(only(file, "CGNSBase_t", "base"), "Zone_t", "zone"), fields)
