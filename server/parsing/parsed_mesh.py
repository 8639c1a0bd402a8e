"""The result of reading a mesh file, and its form as a message."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from enf2enf.geometry import Geometry
from enf2enf.geometry.arrays import GeometryArrays
from enf2enf.geometry.familiar import Described
from enf2enf.geometry.plane.panels import PanelPlan
from enf2enf.mesh import Mesh
from enf2enf_server.parsing.messages import IncomingMessage, MessageError

# 8 bytes a number; per node at most its coordinates (3), a vertex (2), a loop's length (1), a part (3), eight points of
# a curve (16), eight flags of segments that are no walls (8), a corner (1) and two counts (2).
_NODE_BYTES = 8 * (3 + 2 + 1 + 3 + 16 + 8 + 1 + 2)


_CURVES = ("points", "lengths", "corners", "corner_counts", "no_wall")  # arrays of a plan, in this order


@dataclasses.dataclass(frozen=True)
class MeshLimits:
    """What a mesh may have at the most; one that has more is refused before more is done with it.

    Args:
        nodes, cells: of the file.
        curves, sides: of the boundary of its cells, or of bare curves.
    """

    nodes: int
    cells: int
    curves: int
    sides: int


@dataclasses.dataclass(frozen=True)
class ShapeOptions:
    """What a model wants of a geometry.

    Args:
        panels: how many its walls are cut into.
        outer_is_far: whether the domain goes on beyond its outer boundary.
        length: reference length of the numbers that describe it, in metres.
    """

    panels: int
    outer_is_far: bool = False
    length: float = 1.0


@dataclasses.dataclass(frozen=True, eq=False)
class ParsedMesh:
    """What a server keeps of a mesh file.

    Args:
        nodes: coordinates in metres.
        cells: number of cells, of all kinds.
        patches: names of all patches, sorted.
        geometry: its boundary with the named walls and their curves; of the whole domain if the mesh is one side.
        described: plain numbers of its shape.
        outside: how many of the nodes are not in the domain.
        seconds: time that reading took, without any waiting.
        warnings: sentences about what of the file was left out.
        mirrors: axes of the mirror images in its planes of symmetry.
    """

    nodes: Float[np.ndarray, "nodes dim"]
    cells: int
    patches: tuple[str, ...]
    geometry: Geometry
    described: Described
    outside: int
    seconds: float
    warnings: tuple[str, ...] = ()
    mirrors: tuple[Float[np.ndarray, "dim dim"], ...] = ()


def byte_limit(nodes: int) -> int:
    """Bytes that the arrays of a mesh of so many nodes have at the most."""
    return _NODE_BYTES * nodes


def pack_mesh(
    mesh: Mesh,
    geometry: Geometry,
    plan: PanelPlan,
    described: Described,
    outside: int,
    seconds: float,
    mirrors: Sequence[Float[np.ndarray, "dim dim"]] = (),
) -> tuple[dict[str, Any], list[np.ndarray]]:
    """Header and arrays of the message with a result."""
    arrays, names = GeometryArrays.of(geometry), sorted(mesh.patches)
    about = {
        "kind": "parsed",
        "cells": mesh.cell_count,
        "patches": names,
        "panels": plan.count,
        "described": [dict(body) for body in described],
        "mirrors": np.reshape(mirrors, (-1, mesh.dim, mesh.dim)).tolist(),
        "outside": outside,
        "seconds": seconds,
        "warnings": mesh.warnings,
    }
    number = {name: place for place, name in enumerate(names)}
    parts = np.column_stack([arrays.parts, [number.get(name, -1) for name in arrays.patches]]).astype(np.int64)
    drawn = plan.to_arrays()
    curves = [drawn[name] for name in _CURVES]
    return about, [mesh.points.astype(np.float64, copy=False), arrays.vertices, arrays.lengths, parts, *curves]


def unpack_mesh(answer: IncomingMessage) -> ParsedMesh:
    """The result that a message holds, its geometry the same to the bit.

    Raises:
        MessageError: arrays or counts that contradict each other.
    """
    about = answer.about
    try:
        nodes, vertices, lengths, parts, *curves = answer.arrays
        counts = [about[key] for key in ("cells", "outside")]
        sound = nodes.dtype == vertices.dtype == np.float64 and lengths.dtype == parts.dtype == np.int64
        sound = sound and nodes.ndim == parts.ndim == 2 and parts.shape[1] == 4
        if not sound or any(type(count) is not int or count < 0 for count in counts):
            raise MessageError("arrays that contradict each other")
        patches = tuple(str(name) for name in about["patches"])
        names = tuple(patches[number] if number >= 0 else "" for number in parts[:, 3].tolist())
        geometry = GeometryArrays(vertices, lengths, parts[:, :3], names).geometry()
        drawn = dict(zip(_CURVES, curves, strict=True)) | {"count": np.array(about["panels"], np.int64)}
        geometry.remember(PanelPlan.from_arrays(drawn))
        described = tuple({str(name): float(value) for name, value in each.items()} for each in about["described"])
        if not described:
            raise MessageError("no numbers of a shape")
        mirrors = tuple(np.array(axes, np.float64).reshape(2 * nodes.shape[1:]) for axes in about["mirrors"])
        seconds, warnings = float(about["seconds"]), tuple(str(sentence) for sentence in about["warnings"])
        return ParsedMesh(nodes, counts[0], patches, geometry, described, counts[1], seconds, warnings, mirrors)
    except (KeyError, TypeError, IndexError, ValueError, AttributeError) as error:
        raise MessageError("no result") from error
