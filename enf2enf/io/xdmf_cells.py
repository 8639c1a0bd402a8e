"""The arrays of an XDMF document of one grid, as a `meshio.Mesh`; its cells may be of several kinds."""

from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
from jaxtyping import Int

from enf2enf.io import vtk_cells

# XDMF's number of a kind -> VTK's; of the first three every cell says how many nodes it has.
_VTK = {
    1: 2, 2: 4, 3: 7, 4: 5, 5: 9, 6: 10, 7: 14, 8: 13, 9: 12, 34: 21, 35: 28, 36: 22, 37: 23, 38: 24, 39: 27,
    40: 26, 41: 32, 48: 25, 49: 33, 50: 29,
}  # fmt: skip
_COUNTED = (1, 2, 3)


def read(path: Path) -> Any:
    """The file as a `meshio.Mesh`.

    Raises:
        ValueError: cells that break off or are of a kind that is not known, values at more or fewer than there are.
    """
    import meshio
    from meshio.xdmf.common import xdmf_to_meshio_type
    from meshio.xdmf.main import XdmfReader

    reader, data, shape, groups = XdmfReader(str(path)), {"Node": {}, "Cell": {}}, {}, {}
    for item in ElementTree.parse(path).getroot().iterfind("Domain/Grid/*"):
        if item.tag == "Information":
            groups = reader.read_information(item.text)
        elif item.tag == "Attribute":
            data[item.attrib["Center"]][item.attrib["Name"]] = reader._read_data_item(item[0])
        else:
            kind = item.get("Type") or item.get(f"{item.tag}Type")
            shape[item.tag] = kind, reader._read_data_item(item[0])
    (kind, cells), (_, points) = shape["Topology"], shape["Geometry"]
    if kind == "Mixed":
        raw = vtk_cells.mesh_of(points, _mixed(cells.ravel().astype(np.int64)), data["Node"], data["Cell"])
    else:
        values = {name: [part] for name, part in data["Cell"].items()}
        raw = meshio.Mesh(points, [(xdmf_to_meshio_type[kind], cells)], point_data=data["Node"], cell_data=values)
        raw.info = []
    raw.field_data = groups
    return raw


def _mixed(numbers: Int[np.ndarray, " numbers"]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Types, ends and nodes of cells, as VTK has them; in a row each has its kind, maybe a count, and its nodes."""
    from meshio._common import num_nodes_per_cell
    from meshio._vtk_common import vtk_to_meshio_type

    widths = {number: num_nodes_per_cell[vtk_to_meshio_type[_VTK[number]]] for number in _VTK if number not in _COUNTED}
    row, at, is_node = numbers.tolist(), 0, np.zeros(len(numbers), bool)
    types, ends = [], [0]
    while at < len(row):
        if (number := row[at]) not in _VTK:
            raise ValueError(f"cells of the unknown type {number}")
        first = at + 2 if number in _COUNTED else at + 1
        count = widths[number] if number in widths else row[at + 1] if first <= len(row) else 0
        at = first + count
        if count < 1 or at > len(row):
            raise ValueError(f"cells that break off: {count} nodes of one of type {number}")
        is_node[first:at] = True
        types.append(_VTK[number])
        ends.append(ends[-1] + count)
    return np.array(types, np.int64), np.array(ends[1:], np.int64), numbers[is_node]
