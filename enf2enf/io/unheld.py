"""What a file has that our `Mesh` cannot hold, so that it is lost when the file is converted to another format."""

from collections.abc import Callable, Collection, Iterable, Iterator
from typing import Any

import numpy as np

from enf2enf.io.patches import is_mark
from enf2enf.mesh import topology

_SHOWN = 5


def unheld(raw: Any, patches: Collection[str], fields: Collection[str]) -> Iterator[str]:
    """For each kind of data that is lost, the end of a sentence "expected ...": what was there, and what is left.

    Args:
        raw: a `meshio.Mesh`; its `unheld`, if it has one, is what its reader saw: kind -> names.
        patches: those that became patches.
        fields: names of the node and cell data that were kept, as real numbers.
    """
    found = {
        "groups of surfaces": _groups(raw, topology.is_surface) + _numbers(raw),
        "groups of points": _groups(raw, "vertex".__eq__) + [name for name in raw.point_sets if name not in patches],
        **getattr(raw, "unheld", {}),
    }
    for what, names in found.items():
        if names:
            yield f"{what} {_listed(names)}, got none: left out"
    data = [*((name, [values]) for name, values in raw.point_data.items()), *raw.cell_data.items()]
    whole = [name for name, parts in data if name in fields and all(np.asarray(v).dtype.kind in "iu" for v in parts)]
    if whole:
        yield f"integers in {_listed(whole)}, got real numbers"


def _groups(raw: Any, is_of: Callable[[str], bool]) -> list[str]:
    """Named sets with cells of such a kind among them."""
    return [
        name
        for name, parts in raw.cell_sets.items()
        if any(part is not None and len(part) and is_of(b.type) for part, b in zip(parts, raw.cells, strict=False))
    ]


def _numbers(raw: Any) -> list[str]:
    """Names of patch-number data that also distinguish areas."""
    is_area = [topology.is_surface(block.type) for block in raw.cells]
    found = {name: [np.ravel(p) for p, yes in zip(parts, is_area, strict=False) if yes]
             for name, parts in raw.cell_data.items() if is_mark(name)}  # fmt: skip
    return [name for name, parts in found.items() if parts and len(np.unique(np.concatenate(parts))) > 1]


def _listed(names: Iterable[str]) -> str:
    first = [repr(str(name)[:40]) for name in names]
    more = len(first) - _SHOWN
    return ", ".join(first[:_SHOWN]) + f" and {more} more" * (more > 0)
