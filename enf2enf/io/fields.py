"""Fields as files: on a mesh, at points, or along walls."""

import csv
import io
import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float, Shaped

from enf2enf.errors import MeshError
from enf2enf.field import Field
from enf2enf.files import replacing
from enf2enf.io import formats
from enf2enf.io.attach import attach, is_of
from enf2enf.io.convert import spatial
from enf2enf.io.write import check
from enf2enf.mesh import Mesh
from enf2enf.quantity import AXES, TENSOR


def write_fields(
    path: str | os.PathLike[str],
    field: Field,
    mesh: Mesh | None,
    ends: Float[np.ndarray, "points 2 dim"] | None,
    beside: Mapping[str, Shaped[np.ndarray, "points ..."]],
) -> tuple[str, ...]:
    """Writes fields; an existing file is replaced whole or not at all.

    Args:
        path: `.csv`, a row a point; `.vtu`; or where there is a mesh, any format that carries nodal fields.
        field: values at points.
        mesh: whose nodes the points are; None where they are no nodes.
        ends: of the line that each point is the middle of; None where it is of none.
        beside: what else is known of every point, by name; goes into the `.csv`.

    Returns:
        Sentences about what of the mesh is not in the file.

    Raises:
        MeshError: a format that cannot hold them.
    """
    path = Path(path)
    if path.suffix.lower() == ".csv":
        with replacing(path, MeshError) as partial:
            partial.write_text(_table(field, beside), encoding="utf-8", newline="")
    elif mesh is not None:
        return attach(path, mesh, field.values)
    elif path.suffix.lower() == ".vtu":
        with replacing(path, MeshError) as partial:
            _write_vtu(partial, field, ends)
    else:
        raise MeshError(path.name, "a name that ends in .vtu or .csv", path.suffix or "none")
    return ()


def check_fields(path: str | os.PathLike[str], mesh: Mesh | None) -> None:
    """Refuses a file that could not hold fields, before they are known.

    Args:
        path: the file.
        mesh: whose nodes the points are; None where they are no nodes.

    Raises:
        MeshError: a format that cannot hold them.
    """
    path = Path(path)
    ending, able = path.suffix.lower(), [".vtu"]
    if mesh is not None:
        able = [ending for chosen in formats.FORMATS.values() if chosen.fields for ending in chosen.extensions]
    if ending not in (*able, ".csv"):
        raise MeshError(path.name, f"a name that ends in {', '.join(able)} or .csv", path.suffix or "none")
    if mesh is None or ending == ".csv":
        return
    chosen = formats.named(path.name)
    if mesh.source is None or not is_of(chosen, mesh.source.name):  # else it takes what is in the file already
        check(mesh, path.name, chosen)


def _write_vtu(path: Path, field: Field, ends: Float[np.ndarray, "points 2 dim"] | None) -> None:
    """Points as vertices with point data, or lines with cell data."""
    import meshio

    values: dict[str, Any] = {name: spatial(np.asarray(part, np.float64)) for name, part in field.values.items()}
    if ends is None:
        vertices = np.arange(len(field.points))[:, None]
        raw = meshio.Mesh(spatial(field.points), [("vertex", vertices)], point_data=values)
    else:
        lines = np.arange(2 * len(ends)).reshape(-1, 2)
        columns: dict[str, Any] = {name: [part] for name, part in values.items()}
        raw = meshio.Mesh(spatial(ends.reshape(-1, ends.shape[2])), [("line", lines)], cell_data=columns)
    meshio.vtu.write(str(path), raw)


def _table(field: Field, beside: Mapping[str, Shaped[np.ndarray, "points ..."]]) -> str:
    dim = field.points.shape[1]
    parts = {"": field.points, **beside, **field.values}
    names, columns = [], []
    for name, values in parts.items():
        rows = values.reshape(len(field.points), math.prod(values.shape[1:]))
        names += _headings(name, rows.shape[1], dim) if values.ndim > 1 else [name]
        columns += list(rows.T)
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    writer.writerows(zip(*(column.tolist() for column in columns), strict=True))
    return text.getvalue()


def _headings(name: str, width: int, dim: int) -> Sequence[str]:
    """`x`, `y` of points, `velocity_x`, `velocity_y` of a vector, `stress_xx` ... of a tensor."""
    ends = AXES[:width] if width == dim else TENSOR[width]
    return [f"{name}_{end}" if name else end for end in ends]
