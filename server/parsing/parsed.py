"""What was understood of a mesh file, and its form on the wire."""

import dataclasses
from typing import Any

import numpy as np
from jaxtyping import Float

from enf2enf.geometry import Geometry
from enf2enf.mesh import Mesh
from enf2enf_server.parsing.frames import FrameError, Incoming

_NODE_BYTES = 8 * (3 + 2 + 1)  # coordinates; a place on a loop, and a loop's length, for each node at the most


@dataclasses.dataclass(frozen=True, eq=False)
class Parsed:
    """A mesh file as a server needs it.

    Args:
        nodes: coordinates in metres.
        cells: number of cells, of all kinds.
        patches: names of all patches, sorted.
        geometry: the boundary, with the walls that were asked for.
        outside: how many of the nodes are not in the domain.
        seconds: time that reading took, without any waiting.
    """

    nodes: Float[np.ndarray, "nodes dim"]
    cells: int
    patches: tuple[str, ...]
    geometry: Geometry
    outside: int
    seconds: float


def byte_limit(nodes: int) -> int:
    """Bytes that the arrays of a mesh of so many nodes have at the most."""
    return _NODE_BYTES * nodes


def described(mesh: Mesh, geometry: Geometry, outside: int, seconds: float) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Header and arrays of the message."""
    loops = [*geometry.walls, *([] if geometry.outer is None else [geometry.outer])]
    about = {
        "kind": "parsed",
        "cells": mesh.cell_count,
        "patches": sorted(mesh.patches),
        "enclosed": geometry.outer is not None,
        "outside": outside,
        "seconds": seconds,
    }
    lengths = np.array([len(loop) for loop in loops], dtype=np.int64)
    return about, [mesh.points.astype(np.float64, copy=False), np.concatenate(loops), lengths]


def restored(answer: Incoming) -> Parsed:
    """The result in a message, its geometry the same to the bit.

    Raises:
        FrameError: a message that no sound worker sends.
    """
    about = answer.about
    try:
        nodes, points, lengths = answer.arrays
        counts = [about[key] for key in ("cells", "outside")]
        sound = nodes.dtype == points.dtype == np.float64 and lengths.dtype == np.int64 and lengths.ndim == 1
        sound = sound and nodes.ndim == 2 and (lengths >= 0).all() and lengths.sum() == len(points)
        if not sound or any(type(count) is not int or count < 0 for count in counts):
            raise FrameError("arrays that contradict each other")
        loops = np.split(points, np.cumsum(lengths)[:-1])
        outer = loops.pop() if about["enclosed"] else None
        geometry = Geometry.of(tuple(loops), outer)
        patches = tuple(str(name) for name in about["patches"])
        return Parsed(nodes, counts[0], patches, geometry, counts[1], float(about["seconds"]))
    except (KeyError, TypeError, IndexError, ValueError) as error:
        raise FrameError("no result") from error
