"""Between our `Mesh` and `meshio.Mesh`: planes, blocks, patches and fields."""

from collections.abc import Iterator, Mapping

import numpy as np

from enf2enf.errors import MeshError, place
from enf2enf.io.patches import facets_of
from enf2enf.mesh import topology
from enf2enf.mesh.mesh import CellBlock, Mesh

_FLAT = 1e-6  # of the extent: single precision has 6e-8 of a coordinate
# What meshio keeps for itself among the point data; as it writes that into other formats too, it may be in any file.
_NOT_FIELDS = ("gmsh:", "nastran:", "obj:", "medit:", "point_tags")


def from_meshio(raw, names: Mapping[int, str]) -> Mesh:
    """A mesh as we hold it: one block of cells a kind, in the plane where it is flat in z.

    Args:
        raw: a `meshio.Mesh`; its `info` may be a list of sentences about what the reader left out.
        names: tag -> name, see `patches.facets_of`.
    """
    points = np.atleast_2d(np.array(raw.points, dtype=np.float64))
    if points.ndim != 2 or points.shape[1] not in (2, 3) or not np.isfinite(points).all():
        return Mesh(points, ())  # which says what is wrong with them
    blocks: dict[str, list[np.ndarray]] = {}
    for block in raw.cells:
        if len(block.data):
            blocks.setdefault(block.type, []).append(_indices(block))
    cells = tuple(CellBlock(kind, _joined(nodes)) for kind, nodes in _of_one_width(blocks).items())
    Mesh(points, cells)  # indices are checked before they are used
    fields = {name: np.asarray(v) for name, v in raw.point_data.items() if not name.startswith(_NOT_FIELDS)}
    fields = {name: v.astype(np.float64) for name, v in fields.items() if v.dtype.kind in "fiub"}
    fields = {name: v[:, 0] if v.ndim == 2 and v.shape[1] == 1 else v for name, v in fields.items()}
    if points.shape[1] == 3 and _is_flat(points):
        points = np.ascontiguousarray(points[:, :2])
    if points.shape[1] == 2:
        fields = {name: _flattened(values) for name, values in fields.items()}
    return Mesh(points, cells, facets_of(raw, names), fields, (*(raw.info or ()), *_unused(points, cells)))


def _unused(points: np.ndarray, cells: tuple[CellBlock, ...]) -> Iterator[str]:
    """A sentence on nodes that no cell uses: cells of a kind that the reader does not know may have been on them.

    Pieces of curves, which may bound such cells, use them only where there is nothing else.
    """
    filling = [b for b in cells if not topology.is_curve(b.kind) and b.kind != "vertex"] or cells
    used = np.zeros(len(points), bool)
    for block in filling:
        used[block.nodes] = True
    if len(free := np.flatnonzero(~used)):
        yield f"nodes: expected a cell at each, got {len(free)} without any, the first at {place(points[free[0]])}"


def _indices(block) -> np.ndarray:
    from meshio._common import num_nodes_per_cell

    nodes = np.asarray(block.data)
    if nodes.dtype.kind not in "iu" or nodes.ndim != 2:
        raise MeshError(f"cells of kind {block.type}", "rows of node indices", f"{nodes.dtype} of {nodes.ndim} axes")
    if nodes.shape[1] != (width := num_nodes_per_cell.get(block.type, nodes.shape[1])):
        raise MeshError(f"cells of kind {block.type}", f"{width} nodes each", str(nodes.shape[1]))
    return nodes if nodes.dtype is np.dtype(np.int64) else nodes.astype(np.int64)  # there are two kinds of these


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return parts[0] if len(parts) == 1 else np.concatenate(parts)


def _of_one_width(blocks: Mapping[str, list[np.ndarray]]) -> dict[str, list[np.ndarray]]:
    """Polygons come in blocks of one width each; those of three or four corners have names of their own."""
    named: dict[str, list[np.ndarray]] = {}
    for kind, parts in blocks.items():
        for nodes in parts:
            width = nodes.shape[1]
            key = {3: "triangle", 4: "quad"}.get(width, f"polygon{width}") if kind == "polygon" else kind
            named.setdefault(key, []).append(nodes)
    return named


def _is_flat(points: np.ndarray) -> bool:
    return bool(np.ptp(points[:, 2]) <= _FLAT * np.ptp(points[:, :2], axis=0).max())


def _flattened(values: np.ndarray) -> np.ndarray:
    """A vector of the plane, written with a z of zero."""
    return values[:, :2] if values.ndim == 2 and values.shape[1] == 3 and not values[:, 2].any() else values


def to_meshio(mesh: Mesh):
    """The mesh for meshio's writers: (`meshio.Mesh`, tags per block, names); cells tagged k make the patch names[k-1].

    Every patch becomes line cells (in three dimensions triangles or quads) of its own. Points and vectors have three
    columns.
    """
    import meshio

    names = sorted(mesh.patches)
    blocks = _tagged(mesh, names)
    raw = meshio.Mesh(
        spatial(mesh.points.astype(np.float64)),
        [("polygon" if kind.startswith("polygon") else kind, nodes) for kind, (nodes, _) in blocks.items()],
        point_data={name: spatial(np.asarray(v, dtype=np.float64)) for name, v in mesh.point_data.items()},
    )
    return raw, [tag for _, tag in blocks.values()], names


def _tagged(mesh: Mesh, names: list[str]) -> dict[str, tuple[np.ndarray, np.ndarray]]:
    """Kind -> (nodes, tags), with a cell for every facet of every patch."""
    patched = {tuple(sorted(facet)) for name in names for facet in mesh.patches[name].tolist()}
    parts: dict[str, list[tuple[np.ndarray, int]]] = {}
    for block in mesh.cells:
        nodes = block.nodes
        if topology.is_curve(block.kind):  # those of a patch are written with it
            nodes = nodes[[tuple(sorted(ends)) not in patched for ends in nodes[:, :2].tolist()]]
        if len(nodes):
            parts.setdefault(block.kind, []).append((nodes, 0))
    for number, name in enumerate(names, start=1):
        facets = mesh.patches[name]
        kind = {2: "line", 3: "triangle", 4: "quad"}[facets.shape[1]]
        parts.setdefault(kind, []).append((facets, number))
    return {
        kind: (
            np.concatenate([nodes for nodes, _ in part]).astype(np.int64),
            np.concatenate([np.full(len(nodes), tag, dtype=np.int32) for nodes, tag in part]),
        )
        for kind, part in parts.items()
    }


def spatial(values: np.ndarray) -> np.ndarray:
    """Vectors of the plane with a z of zero, all else as it is."""
    return np.pad(values, ((0, 0), (0, 1))) if values.ndim == 2 and values.shape[1] == 2 else values
