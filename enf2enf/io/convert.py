"""Between our `Mesh` and `meshio.Mesh`: planes, blocks, patches and fields."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from enf2enf.errors import MeshError, place
from enf2enf.io.patches import facets_of, is_mark
from enf2enf.io.unheld import unheld
from enf2enf.mesh import topology
from enf2enf.mesh.mesh import CellBlock, Mesh

_FLAT = 1e-6  # of the extent, or of the largest component: single precision has 6e-8 of a coordinate
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
    blocks: dict[str, list[int]] = {}  # kind -> which blocks of the file are of it
    nodes = [_indices(block) for block in raw.cells]
    for number, block in enumerate(raw.cells):
        if len(block.data):
            blocks.setdefault(_kind(block.type, nodes[number].shape[1]), []).append(number)
    cells = tuple(CellBlock(kind, _joined([nodes[k] for k in members])) for kind, members in blocks.items())
    Mesh(points, cells)  # indices are checked before they are used
    fields, on_cells = _numeric(raw.point_data), _numeric(_of_cells(raw, [k for part in blocks.values() for k in part]))
    patches = facets_of(raw, names)
    lost = [*unheld(raw, patches, {*fields, *on_cells})]
    if points.shape[1] == 3 and _is_flat(points):
        lost += [f"z = {height:g} of all nodes, got 0" for height in points[:1, 2] if height]
        points = np.ascontiguousarray(points[:, :2])
    if points.shape[1] == 2:
        fields, on_cells = ({name: flattened(values) for name, values in data.items()} for data in (fields, on_cells))
    warnings = (*(raw.info or ()), *_unused(points, cells))
    return Mesh(points, cells, patches, fields, warnings, on_cells, unheld=tuple(lost))


def _numeric(data: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """The numeric data as float64; an array (n, 1) becomes (n,)."""
    fields = {name: np.asarray(v) for name, v in data.items() if not name.startswith(_NOT_FIELDS)}
    fields = {name: v.astype(np.float64) for name, v in fields.items() if v.dtype.kind in "fiub"}
    return {name: v[:, 0] if v.ndim == 2 and v.shape[1] == 1 else v for name, v in fields.items()}


def _of_cells(raw, order: Sequence[int]) -> dict[str, np.ndarray]:
    """Cell data other than patch numbers, joined block after block in this order; blocks must agree in shape."""
    found = {}
    for name, blocks in raw.cell_data.items():
        parts = [np.asarray(blocks[number]) for number in order if number < len(blocks)]
        if is_mark(name) or len(parts) < len(order) or len({part.shape[1:] for part in parts}) > 1:
            continue
        if all(len(part) == len(raw.cells[number].data) for part, number in zip(parts, order, strict=True)):
            found[name] = _joined(parts)
    return found


def _unused(points: np.ndarray, cells: tuple[CellBlock, ...]) -> Iterator[str]:
    """A warning if nodes belong to no cell: the file may have cells there of a kind that the reader does not know.

    Lines and vertices count as cells only in a mesh of nothing else, since they may bound such unknown cells.
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


def _kind(kind: str, width: int) -> str:
    """The kind of a block; a block of polygons is named by its number of corners: `triangle`, `quad`, `polygon5`."""
    return {3: "triangle", 4: "quad"}.get(width, f"polygon{width}") if kind == "polygon" else kind


def _is_flat(points: np.ndarray) -> bool:
    return bool(np.ptp(points[:, 2]) <= _FLAT * np.ptp(points[:, :2], axis=0).max())


def flattened(values: np.ndarray, plane: Sequence[int] = (0, 1)) -> np.ndarray:
    """In-plane components of vectors (n, 3) that lie in the plane but for rounding; any other array as it is."""
    if values.shape[1:] != (3,):
        return values
    sizes = np.abs(values[np.isfinite(values).all(axis=1)]).max(axis=0, initial=0.0)
    across = sizes[3 - sum(plane)]
    return values[:, plane] if across <= _FLAT * sizes.max() else values


def to_meshio(mesh: Mesh):
    """The mesh for meshio's writers: (`meshio.Mesh`, tags per block, names); cells tagged k make the patch names[k-1].

    Every patch becomes line cells (in three dimensions triangles or quads) of its own: those of the mesh where it has
    some there. Points and vectors have three columns.
    """
    import meshio

    names = sorted(mesh.patches)
    blocks = _tagged(mesh, names)
    raw = meshio.Mesh(
        spatial(mesh.points.astype(np.float64)),
        [("polygon" if kind.startswith("polygon") else kind, nodes) for kind, (nodes, _, _) in blocks.items()],
        point_data={name: spatial(np.asarray(v, dtype=np.float64)) for name, v in mesh.point_data.items()},
        cell_data={name: [_chosen(v, own) for _, _, own in blocks.values()] for name, v in mesh.cell_data.items()},
    )
    return raw, [tag for _, tag, _ in blocks.values()], names


def _chosen(values: np.ndarray, numbers: np.ndarray) -> np.ndarray:
    """The values of cells of these numbers; NaN for -1."""
    return spatial(np.where((numbers < 0).reshape(-1, *[1] * (values.ndim - 1)), np.nan, values[numbers]))


def _tagged(mesh: Mesh, names: list[str]) -> dict[str, tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """Kind -> nodes, tags and numbers of its cells; number -1 marks a cell made for a facet, not a cell of the mesh."""
    parts: dict[str, list[tuple[np.ndarray, int, np.ndarray]]] = {}
    facets = {tag: mesh.patches[name] for tag, name in enumerate(names, start=1)}
    start = 0
    for block in mesh.cells:
        numbers = np.arange(start, start := start + len(block.nodes))
        is_curve = topology.is_curve(block.kind)
        for tag, rows in _on_facets(block, facets, len(mesh.points)) if is_curve else [(0, np.arange(len(numbers)))]:
            parts.setdefault(block.kind, []).append((block.nodes[rows], tag, numbers[rows]))
    for tag, rest in facets.items():
        kind = {2: "line", 3: "triangle", 4: "quad"}[rest.shape[1]]
        parts.setdefault(kind, []).append((rest, tag, np.full(len(rest), -1)))
    return {kind: _in_order(part) for kind, part in parts.items() if any(len(nodes) for nodes, _, _ in part)}


def _on_facets(block: CellBlock, facets: dict[int, np.ndarray], nodes: int) -> Iterator[tuple[int, np.ndarray]]:
    """Yields (tag, lines of the block on its facets) and removes these facets; last (0, lines on no facet)."""
    own, free = topology.keys(block.nodes[:, :2], nodes), np.ones(len(block.nodes), bool)
    for tag, rows in facets.items():
        if rows.shape[1] == 2:
            wanted = topology.keys(rows, nodes)
            here = np.isin(own, wanted)
            facets[tag], free = rows[~np.isin(wanted, own)], free & ~here
            yield tag, np.flatnonzero(here)
    yield 0, np.flatnonzero(free)


def _in_order(parts: list[tuple[np.ndarray, int, np.ndarray]]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells as they come in the mesh, then those that are not in it."""
    nodes = np.concatenate([nodes for nodes, _, _ in parts]).astype(np.int64)
    tags = np.concatenate([np.full(len(nodes), tag, dtype=np.int32) for nodes, tag, _ in parts])
    numbers = np.concatenate([numbers for _, _, numbers in parts])
    order = np.argsort(numbers.astype(np.uint64), kind="stable")  # of which -1 is the largest
    return nodes[order], tags[order], numbers[order]


def spatial(values: np.ndarray) -> np.ndarray:
    """Vectors of the plane with a z of zero, all else as it is."""
    return np.pad(values, ((0, 0), (0, 1))) if values.ndim == 2 and values.shape[1] == 2 else values
