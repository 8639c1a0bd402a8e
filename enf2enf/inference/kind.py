"""What kind of geometries a model was trained on."""

from enf2enf.errors import GeometryError
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.moments import size
from enf2enf.normalise import Normaliser
from enf2enf.schema import Schema


def check_kind(geometry: Geometry, schema: Schema) -> None:
    """Refuse a geometry of another kind than those of a data set, whatever its shape.

    Raises:
        GeometryError: no outer boundary, one of another role, a wall around a domain that goes on in the training data,
            walls that are parts of boundaries.
    """
    roles = {boundary.role for boundary in geometry.boundaries}
    if geometry.outer is None and not schema.outer_is_far:
        raise GeometryError("geometry", "an outer boundary around the walls", "walls only")
    if (strange := "other" if schema.outer_is_far else "far") in roles:
        wanted = "far" if schema.outer_is_far else "other or wall"
        raise GeometryError("role of the outer boundary", f"{wanted}, as in the training data", strange)
    if schema.outer_is_far and geometry.ends:
        raise GeometryError("walls", "bodies, as in the training data", "a wall around the domain")
    mixed = [boundary.on_wall for boundary in geometry.boundaries if boundary.is_mixed]
    if mixed and not schema.open_walls:
        got = f"{mixed[0].sum()} of {len(mixed[0])} sides of a loop"
        raise GeometryError("walls", "whole closed loops, as in the training data", got)


def check_size(geometry: Geometry, normaliser: Normaliser) -> None:
    """Refuse a geometry whose `size` is that of one in another unit.

    Raises:
        GeometryError: smaller than half the smallest that was trained on, or larger than twice the largest.
    """
    what = "geometry" if geometry.ends or len(geometry.walls) == 1 else "its largest body"
    normaliser.check_extent(size(geometry), what)
