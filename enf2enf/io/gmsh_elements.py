"""The elements of Gmsh's files: their types, and the two ways in which version 2 writes them."""

from collections.abc import Iterator, Sequence

import numpy as np

from enf2enf.io.gmsh_numbers import Numbers


def distinct(blocks: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Distinct elements, and the index of each given one among them: version 2 repeats an element for each group."""
    nodes = np.concatenate(blocks)
    order = np.lexsort(nodes.T)
    is_new = np.ones(len(nodes), bool)
    is_new[1:] = (nodes[order[1:]] != nodes[order[:-1]]).any(axis=1)
    first = order[is_new]  # the sort is stable
    rows = np.empty(len(nodes), np.int64)
    rows[order] = np.argsort(np.argsort(first))[np.cumsum(is_new) - 1]
    return nodes[np.sort(first)], rows


def name_of(number: int) -> str:
    """What meshio calls a type of elements."""
    from meshio.gmsh.common import _gmsh_to_meshio_type

    if number not in _gmsh_to_meshio_type:
        raise ValueError(f"elements of the unknown type {number}")
    return _gmsh_to_meshio_type[number]


def nodes_of(number: int) -> int:
    """How many nodes an element of a type has."""
    from meshio._common import num_nodes_per_cell

    return num_nodes_per_cell[name_of(number)]


def dim_of(number: int) -> int:
    """Dimension of an element of a type."""
    from meshio._mesh import topological_dimension

    return topological_dimension[name_of(number)]


def from_text(section: Numbers, count: int) -> Iterator[tuple[int, np.ndarray, int]]:
    """(type, nodes, group) of elements: each its number, type, number of tags, tags (the first its group), nodes."""
    numbers = section.rest()
    view, at, widths = numbers.data, 0, {}
    starts: dict[tuple[int, int], list[int]] = {}
    for _ in range(count):
        if at + 3 > len(view):
            raise ValueError(f"{count} elements that break off")
        kind, tags = view[at + 1], view[at + 2]
        if kind not in widths:
            widths[kind] = nodes_of(kind)
        first, at = at + 3 + tags, at + 3 + tags + widths[kind]
        if tags < 0 or at > len(view):
            raise ValueError(f"{count} elements that break off")
        starts.setdefault((kind, view[first - tags] if tags else 0), []).append(first)
    if at != len(view):
        raise ValueError(f"{len(view) - at} numbers more than {count} elements have")
    for (kind, group), firsts in starts.items():
        yield kind, numbers[np.array(firsts)[:, None] + np.arange(widths[kind])], group


def from_binary(numbers: Numbers, count: int) -> Iterator[tuple[int, np.ndarray, int]]:
    """The same of binary elements, which come in blocks of a type and a number of tags."""
    while count > 0:
        kind, size, tags = numbers.ints(3).tolist()
        width = nodes_of(kind)
        if size < 1 or tags < 0:
            raise ValueError(f"a block of {size} elements with {tags} tags")
        rows = numbers.ints(size * (1 + tags + width)).reshape(size, -1)
        groups = rows[:, 1] if tags else np.zeros(size, np.int64)
        for group in np.unique(groups).tolist():
            yield kind, rows[groups == group, 1 + tags :], group
        count -= size
