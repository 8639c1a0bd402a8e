"""CGNS on HDF5: one unstructured zone, its boundary conditions and nodal solution.

The standard: https://cgns.github.io/CGNS_docs_current/sids/ and its HDF5 mapping, /hdf5/. meshio's own CGNS knows only
tetrahedra, in a layout no other program reads.
"""

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from enf2enf.errors import MeshError
from enf2enf.io import cgns_solution, hdf5
from enf2enf.io.cgns_tree import add_node, data_of, labelled, only, text_of
from enf2enf.io.format import QUADRATIC, Format
from enf2enf.io.raw import raw_mesh

_KINDS = {
    3: ("line", 2), 4: ("line3", 3), 5: ("triangle", 3), 6: ("triangle6", 6), 7: ("quad", 4), 8: ("quad8", 8),
    9: ("quad9", 9), 10: ("tetra", 4), 11: ("tetra10", 10), 12: ("pyramid", 5), 14: ("wedge", 6), 17: ("hexahedron", 8),
}  # fmt: skip
_NUMBERS = {kind: number for number, (kind, _) in _KINDS.items()}
_NODE, _MIXED = 2, 20
_POLYHEDRAL = {22: "NGON_n", 23: "NFACE_n"}


def _read(path: Path):
    """The file's one zone as a `meshio.Mesh`, boundary conditions and families as sets of cells or of nodes.

    Raises:
        MeshError: not one base with one unstructured zone, or elements other than lines, triangles and the like.
    """
    import h5py

    with h5py.File(path, "r") as file:
        base = only(file, "CGNSBase_t", "base")
        zone = only(base, "Zone_t", "zone (join several where the mesh is made)")
        kind = [text_of(node) for node in labelled(zone, "ZoneType_t").values()]
        if kind != ["Unstructured"]:
            raise MeshError("zone", "an unstructured one", (kind or ["one without a type"])[0])
        sections = _sections(zone)
        points = _points(zone)
        filling = int(data_of(base)[0])
        cells, nodes = _sets(zone, sections, _families(base), len(points), filling)
        dims = [(_dim(kind), numbers) for _, kind, numbers, _ in sections]
        in_cells, remarks = cgns_solution.in_cells(zone, filling, dims)
        raw = raw_mesh(
            points,
            [(kind, nodes) for _, kind, _, nodes in sections],
            point_data=cgns_solution.at_nodes(zone),
            cell_data=in_cells,
            cell_sets=cells,
            point_sets=nodes,
        )
        raw.info = remarks
        return raw


def _points(zone) -> np.ndarray:
    """Coordinates of the nodes. The grid of this name is the original one, where others are of later times."""
    grids = labelled(zone, "GridCoordinates_t")
    if not grids:
        raise MeshError("zone", "coordinates", "none")
    grid = grids.get("GridCoordinates", next(iter(grids.values())))
    axes = [f"Coordinate{axis}" for axis in "XYZ" if f"Coordinate{axis}" in grid]
    if axes[:2] != ["CoordinateX", "CoordinateY"]:
        found = ", ".join(labelled(grid, "DataArray_t")) or "none"
        raise MeshError("coordinates", "CoordinateX and CoordinateY", found)
    return np.stack([data_of(grid[axis]) for axis in axes], axis=1).astype(float)


def _sections(zone) -> list[tuple[str, str, np.ndarray, np.ndarray]]:
    """(name, kind, element numbers, nodes from 0) of every section, in the order of the numbers."""
    found = []
    for name, section in labelled(zone, "Elements_t").items():
        number = int(data_of(section)[0])
        first, last = (int(end) for end in data_of(section["ElementRange"]).ravel())
        flat = data_of(section["ElementConnectivity"]).astype(np.int64).ravel()
        if number == _MIXED:
            parts = [(name, *part) for part in _unmixed(first, flat)]
        else:
            kind, width = _kind(number)
            nodes = flat.reshape(-1, width) - 1
            parts = [(name, kind, first + np.arange(len(nodes)), nodes)]
        if (count := sum(len(nodes) for *_, nodes in parts)) != last - first + 1:
            raise MeshError(f"section {name!r}", f"{last - first + 1} elements", str(count))
        found += parts
    return sorted(found, key=lambda section: section[2][0] if len(section[2]) else 0)


def _kind(number: int) -> tuple[str, int]:
    if number == _NODE:
        return "vertex", 1
    if number not in _KINDS:
        named = _POLYHEDRAL.get(number, f"type {number}")
        raise MeshError("elements", "lines, triangles, quadrilaterals and solids of CGNS", named)
    return _KINDS[number]


def _dim(kind: str) -> int:
    """Of how many dimensions the elements of a kind are."""
    from meshio._mesh import topological_dimension

    return topological_dimension[kind]


def _unmixed(first: int, flat: np.ndarray):
    parts: dict[str, tuple[list, list]] = {}
    at, element = 0, first
    while at < len(flat):
        kind, width = _kind(int(flat[at]))
        numbers, nodes = parts.setdefault(kind, ([], []))
        numbers.append(element)
        nodes.append(flat[at + 1 : at + 1 + width] - 1)
        at, element = at + 1 + width, element + 1
    return [(kind, np.array(numbers), np.array(nodes)) for kind, (numbers, nodes) in parts.items()]


def _families(base) -> dict[str, list[str]]:
    """Family -> the names of the groups that it is in."""
    families = labelled(base, "Family_t").items()
    return {name: [text_of(node) for node in labelled(family, "FamilyName_t").values()] for name, family in families}


def _names(name: str, condition, families: dict[str, list[str]]) -> list[str]:
    """What a boundary condition is called: by its family alone where it says that it is that."""
    labels = ("FamilyName_t", "AdditionalFamilyName_t")
    own = [text_of(node).rpartition("/")[2] for label in labels for node in labelled(condition, label).values()]
    groups = [group for family in own for group in families.get(family) or [family]]
    return groups if groups and text_of(condition) == "FamilySpecified" else [name, *groups]


def _conditions(zone, families: dict[str, list[str]]) -> Iterator[tuple[str, bool, str, np.ndarray]]:
    """(name, whether of nodes, range or list, numbers) of every boundary condition, under each of its names."""
    for conditions in labelled(zone, "ZoneBC_t").values():
        for name, condition in labelled(conditions, "BC_t").items():
            where = [text_of(node) for node in labelled(condition, "GridLocation_t").values()] or ["Vertex"]
            for key in ("PointRange", "PointList", "ElementRange", "ElementList"):
                if key in condition:
                    on_nodes = where == ["Vertex"] and key.startswith("Point")
                    for group in _names(name, condition, families):
                        yield group, on_nodes, key, data_of(condition[key]).ravel()


def _sets(zone, sections, families: dict[str, list[str]], count: int, filling: int):
    """Patches as cells, section by section, and as nodes: by boundary condition, or by section of lines without any.

    Lines bound cells of `filling` dimensions, unless they are these cells, all in one section.
    """
    cells: dict[str, list[np.ndarray]] = {}
    nodes: dict[str, np.ndarray] = {}
    numbers = [own for _, _, own, _ in sections]
    covered = [False] * len(sections)
    for name, on_nodes, key, listed in _conditions(zone, families):
        if on_nodes:
            found = np.flatnonzero(_among(key, 1 + np.arange(count), listed))
            nodes[name] = np.union1d(nodes.get(name, found), found)
        else:
            inside = [_among(key, own, listed) for own in numbers]
            covered = [known or bool(own.any()) for known, own in zip(covered, inside, strict=True)]
            cells[name] = [old | new for old, new in zip(cells.get(name, inside), inside, strict=True)]
    lines = [name for (name, kind, _, _), known in zip(sections, covered, strict=True) if _dim(kind) == 1 and not known]
    for name in lines:
        if filling > 1 or len(lines) > 1:
            cells[name] = [np.full(len(own), name == other) for own, (other, *_) in zip(numbers, sections, strict=True)]
    return {name: [np.flatnonzero(inside) for inside in chosen] for name, chosen in cells.items()}, nodes


def _among(key: str, numbers: np.ndarray, listed: np.ndarray) -> np.ndarray:
    """Which numbers a range, or a list, has."""
    if key.endswith("Range"):
        return (numbers >= listed[0]) & (numbers <= listed[-1])
    return np.isin(numbers, listed)


def _write(path: Path, raw, tags: list[np.ndarray], names: list[str]) -> None:
    """Writes a `meshio.Mesh` as one base and zone; element sections and boundary conditions by tag (1: first name)."""
    import h5py

    with h5py.File(path, "w") as file:
        for key, value in (("name", "HDF5 MotherNode"), ("label", "Root Node of HDF5 File")):
            file.attrs[key] = np.array(value.encode(), dtype="S33")
        file.attrs["type"] = np.array(b"MT", dtype="S3")
        file[" format"] = np.frombuffer(b"IEEE_LITTLE_32\0", dtype=np.int8)
        file[" hdf5version"] = np.frombuffer(b"HDF5 Version 1.10.0".ljust(33, b"\0"), dtype=np.int8)
        add_node(file, "CGNSLibraryVersion", "CGNSLibraryVersion_t", np.array([3.4], dtype=np.float32))
        cell_dim = max(block.dim for block in raw.cells)
        base = add_node(file, "Base", "CGNSBase_t", np.array([cell_dim, raw.points.shape[1]], dtype=np.int32))
        filling = sum(len(block.data) for block in raw.cells if block.dim == cell_dim)
        zone = add_node(base, "Zone", "Zone_t", np.array([[len(raw.points)], [filling], [0]], dtype=np.int32))
        add_node(zone, "ZoneType", "ZoneType_t", "Unstructured")
        grid = add_node(zone, "GridCoordinates", "GridCoordinates_t")
        for axis, values in zip("XYZ", raw.points.T, strict=False):
            add_node(grid, f"Coordinate{axis}", "DataArray_t", values)
        _write_cells(zone, raw, tags, names)
        if raw.point_data:
            cgns_solution.write(zone, raw.point_data)


def _write_cells(zone, raw, tags: list[np.ndarray], names: list[str]) -> None:
    conditions = add_node(zone, "ZoneBC", "ZoneBC_t") if names else None
    first = 1
    for block, tag in zip(raw.cells, tags, strict=True):
        for number in np.unique(tag):
            nodes = block.data[tag == number]
            last = first + len(nodes) - 1
            name = names[number - 1] if number else f"{block.type}_cells"
            section = add_node(zone, name[:32], "Elements_t", np.array([_NUMBERS[block.type], 0], dtype=np.int32))
            span = np.array([first, last], dtype=np.int32)
            add_node(section, "ElementRange", "IndexRange_t", span)
            add_node(section, "ElementConnectivity", "DataArray_t", (nodes + 1).astype(np.int32).ravel())
            if number:
                condition = add_node(conditions, name[:32], "BC_t", "BCTypeUserDefined")
                add_node(condition, "GridLocation", "GridLocation_t", "EdgeCenter" if block.dim == 1 else "FaceCenter")
                add_node(condition, "PointRange", "IndexRange_t", span[:, None])
            first = last + 1


FORMAT = Format(
    name="cgns",
    label="CGNS",
    extensions=(".cgns",),
    kinds=QUADRATIC | {"quad9"},
    fields=True,
    patches=True,
    sniff=hdf5.sniff,
    distinctive=False,
    inspect=hdf5.check,
    read=_read,
    plane=True,
    write=_write,
    attach=cgns_solution.attach,
)
