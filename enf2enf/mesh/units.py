"""Units of length that a mesh may be in."""

from enf2enf.errors import MeshError
from enf2enf.plain import shown

METRES = {
    "m": 1.0, "mm": 1e-3, "cm": 1e-2, "um": 1e-6, "km": 1e3, "in": 0.0254, "ft": 0.3048,
}  # fmt: skip


def metres(unit: str) -> float:
    """How many metres one `unit` is.

    Raises:
        MeshError: a unit that is not in the table.
    """
    if not isinstance(unit, str) or unit not in METRES:
        raise MeshError("length unit", f"one of {', '.join(METRES)}", shown(unit))
    return METRES[unit]
