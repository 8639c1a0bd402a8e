"""Checks for planes of symmetry: conditions equal their mirror images, and a `Geometry` is already whole."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.errors import ConditionError, GeometryError
from enf2enf.geometry.frame import Frame
from enf2enf.schema import Schema

_ALIKE = 1e-6  # of the magnitude: the most across a plane; a vector differs from its image by twice that


def check_mirrored(
    schema: Schema, row: Float[np.ndarray, " inputs"], mirrors: Sequence[Float[np.ndarray, "dim dim"]]
) -> None:
    """Refuses conditions that one of the mirrors changes.

    Args:
        schema: of the conditions.
        row: the conditions.
        mirrors: axes of the mirror images.

    Raises:
        ConditionError: naming one.
    """
    for axes in mirrors:
        for quantity, part in zip(schema.conditions, schema.condition_columns.slices, strict=True):
            values = row[part] / (np.abs(row[part]).max() or 1.0)  # whose squares are finite
            image = Frame(np.zeros(schema.dim), axes, 1.0).columns_inward([quantity], values)
            if np.linalg.norm(image - values) > 2 * _ALIKE * np.linalg.norm(values):
                wanted = "along the plane of symmetry" if quantity.kind == "vector" else "0 at a plane of symmetry"
                got = row[part].tolist()
                raise ConditionError(f"condition {quantity.name!r}", wanted, str(got[0] if quantity.is_single else got))


def check_whole(symmetry: Sequence[str]) -> None:
    """Refuses planes of symmetry of a `Geometry`. Raises `GeometryError` where some are named."""
    if symmetry:
        raise GeometryError("symmetry", "none of a Geometry, which is whole", repr(symmetry[0]))
