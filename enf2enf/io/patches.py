"""Named patches in the many ways that mesh formats write them."""

import functools
from collections.abc import Mapping, Sequence

import numpy as np
from jaxtyping import Int

from enf2enf.mesh import topology

# Names that meshio gives to cell data with the boundary number of each element. A file that meshio converted has them
# in any format.
_TAGS = ("gmsh:physical", "su2:tag", "cell_tags", "nastran:ref", "medit:ref", "CellEntityIds", "patch", "marker", "tag")
_APART = ("gmsh:physical", "CellEntityIds")  # Gmsh's, where a curve and a surface may have the same number
_PREFIX = "patch:"  # cell data that are 1 on the cells of the patch so called
_NOT_A_PATCH = {"gmsh:bounding_entities"}


def mark(raw, tags: Sequence[np.ndarray], names: Sequence[str]) -> None:
    """Gives a `meshio.Mesh` cell data for every patch, by which `facets_of` knows it: 1 on its cells.

    Args:
        raw: the mesh, which is changed.
        tags: of every block the tags of its cells; those of tag k make the patch `names[k - 1]`.
        names: of the patches.
    """
    for number, name in enumerate(names, start=1):
        raw.cell_data[_PREFIX + name] = [(tag == number).astype(np.int32) for tag in tags]


def is_mark(name: str) -> bool:
    """Whether cell data of this name say which patch a cell is of."""
    return name in _TAGS or name.startswith(_PREFIX)


def facets_of(raw, names: Mapping[int, str]) -> dict[str, Int[np.ndarray, "facets corners"]]:
    """Patches of a mesh as meshio read it, by name, each facet once.

    Args:
        raw: a `meshio.Mesh`.
        names: tag -> name where the format (or a comment in it) gives one; other tags become `tag_3`.
    """
    found: dict[str, list[np.ndarray]] = {}
    for position, block in enumerate(raw.cells):
        if not topology.is_curve(block.type):
            continue
        for name, chosen in _members(raw, position, len(block.data), names):
            if len(facets := np.asarray(block.data)[chosen][:, :2]):
                found.setdefault(name, []).append(facets)
    rim = _Rim(raw)
    for name, nodes in _node_sets(raw):
        if name not in found and len(facets := rim.between(nodes)):
            found[name] = [facets]
    return {name: _once(np.concatenate(found[name])) for name in sorted(found)}


def _members(raw, position: int, count: int, names: Mapping[int, str]):
    named = set()
    for name, per_block in raw.cell_sets.items():
        if name not in _NOT_A_PATCH and position < len(per_block) and per_block[position] is not None:
            named.add(name)
            yield name, np.asarray(per_block[position], dtype=int)
    for key, per_block in raw.cell_data.items():
        values = np.asarray(per_block[position]) if position < len(per_block) else np.zeros(0)
        if values.shape != (count,):
            continue
        if key.startswith(_PREFIX):
            yield key.removeprefix(_PREFIX), np.flatnonzero(values)
        elif key in _TAGS and values.dtype.kind in "iu":
            groups = _groups(raw, key, names)
            others = () if key in _APART else _on_surfaces(raw, per_block)
            for tag in np.setdiff1d(values, [0, *others]):
                for name in groups.get(int(tag), [f"tag_{tag}"]):
                    if name not in named:
                        yield name, np.flatnonzero(values == tag)


def _on_surfaces(raw, per_block) -> np.ndarray:
    """Tags that number areas, not boundaries."""
    surfaces = [np.asarray(v) for b, v in zip(raw.cells, per_block, strict=False) if topology.is_surface(b.type)]
    return np.unique(np.concatenate(surfaces)) if surfaces else np.zeros(0, dtype=int)


def _groups(raw, key: str, names: Mapping[int, str]) -> dict[int, list[str]]:
    """Tag -> names, of the tags of one kind of cell data."""
    if key == "gmsh:physical":
        return {int(tag): [name] for name, (tag, dim) in raw.field_data.items() if dim == 1}
    return {tag: [name] for tag, name in names.items()}


def _node_sets(raw):
    for name, nodes in raw.point_sets.items():
        yield name, np.asarray(nodes, dtype=int)


class _Rim:
    """The boundary of the cells of a mesh, looked for where a set of nodes asks for it."""

    def __init__(self, raw):
        self._raw, self._chosen = raw, np.zeros(len(raw.points), bool)

    def between(self, nodes: np.ndarray) -> np.ndarray:
        """The edges with both ends among the nodes; none where nodes inside the mesh are among them."""
        ends, inside = self._edges
        nodes = nodes[(nodes >= 0) & (nodes < len(inside))]
        if inside[nodes].any():
            return ends[:0]
        self._chosen[nodes] = True
        both = self._chosen[ends].all(axis=1)
        self._chosen[nodes] = False
        return ends[both]

    @functools.cached_property
    def _edges(self) -> tuple[np.ndarray, np.ndarray]:
        """Ends of edges that belong to one cell only; and whether each node is inside: in a cell, on no such edge."""
        blocks = [_Block(b.type, np.asarray(b.data)) for b in self._raw.cells if topology.is_surface(b.type)]
        sides = np.concatenate([np.zeros((0, 3), int), *(topology.edges(block) for block in blocks)])
        first, count = topology.once(sides[:, ::2])
        sides = sides[first[count == 1]]
        inside = np.zeros(len(self._raw.points), bool)
        for block in blocks:
            inside[topology.rings(block)] = True
        inside[sides[:, [0, 2]]] = inside[sides[:, 1][sides[:, 1] >= 0]] = False
        return sides[:, ::2], inside


class _Block:
    def __init__(self, kind: str, nodes: np.ndarray):
        self.kind, self.nodes = kind, nodes


def _once(facets: np.ndarray) -> np.ndarray:
    return facets[np.sort(topology.once(facets)[0])]
