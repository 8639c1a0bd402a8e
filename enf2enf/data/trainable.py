"""What can be learnt from: refused here by case, when a data set is packed, and not after minutes of training."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.data.case import Case
from enf2enf.dimensionless import LARGEST_SINGLE, Dimensionless
from enf2enf.errors import DatasetError, SchemaError, place
from enf2enf.field import Field
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.outline import IS_HALF
from enf2enf.schema import Schema

_INSIDE = 0.5  # of the samples, at least: a few may be rounded off the boundary
_SEVERAL, _APART = 8, 0.01  # so many samples reach over such a part of the domain
_NEAR, _FAR = 0.05, 50.0  # of the walls' extent, around which a domain has no end: over so much, half of them so far
_SAG = 0.02  # of the walls' extent: so far is a circle from a side of its twelve
_ROUNDING = float(np.finfo(np.float32).eps)  # of the undisturbed value: packed fields are nearer to it by chance alone
_GAP = 8.0  # times from one size to the next: units of length are 10 apart, or more; feet and metres are not


def check_case(case: Case, schema: Schema) -> None:
    """Refuse a case without a domain, samples in another unit or off the walls, fields whose relative error is none."""
    label = f"case {case.name!r}"
    if case.geometry.outer is None and not schema.outer_is_far:
        raise DatasetError(label, "an outer boundary around the walls", "walls only")
    if case.geometry.has_parts and not schema.open_walls:
        wanted = "whole closed loops, or open_walls in the schema"
        raise DatasetError(f"{label}, walls", wanted, f"parts of a boundary; {IS_HALF}")
    check_sampling(f"{label}, samples", case.geometry, case.solution)
    known = dict(case.solution.values)
    if case.wall is not None:
        _check_walls(f"{label}, wall samples", case.geometry, case.wall.points)
        known |= case.wall.values
    for field in schema.fields:
        with np.errstate(over="ignore"):
            if field.error_in == "norm" and not np.asarray(known.get(field.name, 1.0), np.float32).any():
                raise DatasetError(f"{label}, {field.name}", "a field that is not zero everywhere", "zeros")


def _check_walls(label: str, geometry: Geometry, points: Float[np.ndarray, "points dim"]) -> None:
    """Refuse points that are not where the smooth curves of the walls may be."""
    distance = np.abs(geometry.signed_distance(points))
    if len(off := np.flatnonzero(distance > _SAG * np.ptp(np.concatenate(geometry.walls), axis=0).max())):
        got = f"{place(points[off[0]])}, {distance[off[0]]:.3g} m from them; is their unit metres?"
        raise DatasetError(label, "points on the walls", got)


def check_sampling(label: str, geometry: Geometry, sampling: Field) -> None:
    """Refuse points that are given in another unit than the geometry."""
    points = sampling.points
    inside = float(geometry.contains(points).mean())
    if inside < _INSIDE:
        raise DatasetError(label, "points in the domain", f"{1 - inside:.0%} of them outside; is their unit metres?")
    reach = float(np.ptp(points, axis=0).max()) / geometry.extent
    if len(points) >= _SEVERAL and reach < (_NEAR if geometry.outer is None else _APART):
        got = f"all of them within {reach:.1g} of its extent; is their unit metres?"
        raise DatasetError(label, "points all over the domain", got)
    if geometry.outer is None:
        far = float(np.median(np.abs(points - geometry.bounds.mean(axis=0)).max(axis=1))) / geometry.extent
        if far > _FAR:
            got = f"half of them farther than {far:.2g} of their extents; is their unit metres?"
            raise DatasetError(label, "points around the walls", got)


def check_numbers(
    label: str, schema: Schema, length: float, row: Float[np.ndarray, " inputs"],
    values: Float[np.ndarray, "points components"],
) -> None:  # fmt: skip
    """Refuse conditions and dimensionless fields that float32 does not hold, and a field below 0 with a logarithm.

    Args:
        label: what is refused.
        schema: of the case.
        length: the reference length in metres, or one like it.
        row: the conditions.
        values: the fields; NaN where one is not defined.
    """
    for name, own in schema.condition_columns.split(row).items():
        if not (np.abs(own) <= LARGEST_SINGLE).all():
            got = str(np.asarray(own).tolist())
            raise DatasetError(f"{label}, {name}", "a condition within the range of float32", got)
    under = Dimensionless(schema, length, row)
    try:
        under.check()
        under.check_values(values)
    except SchemaError as error:
        raise DatasetError(f"{label}, {error.name}", error.expected, error.got) from error
    with np.errstate(over="ignore"):
        sizes = np.nanmax(np.abs(under.forward(values.astype(np.float64))), axis=0, initial=0.0)
    for field, part in zip(schema.fields, schema.field_columns.slices, strict=True):
        if not (size := float(sizes[part].max())) <= LARGEST_SINGLE:
            wanted = "a dimensionless field within the range of float32"
            raise DatasetError(f"{label}, {field.name}", wanted, f"{size:.3g}")
        rounding = _ROUNDING * float(np.linalg.norm(under.undisturbed[part])) / under.scales[part.start]
        defined = np.isfinite(values[:, part]).any()
        if size <= rounding and field.relative_to and field.error_in == "norm" and defined:
            wanted = f"a field that is not {field.relative_to} everywhere"
            raise DatasetError(f"{label}, {field.name}", wanted, f"no other than {field.relative_to}")


def check_extents(names: Sequence[str], extents: Sequence[float] | Float[np.ndarray, " cases"]) -> None:
    """Refuse cases in another unit than the others: sorted by size, two neighbours differ by more than 8 times.

    Args:
        names: of the cases, the training ones first: if a gap has as many on both sides, that of the first is right.
        extents: their sizes in metres.
    """
    sizes = np.asarray(extents, np.float64)
    order = np.sort(sizes)
    for low, high in zip(order[:-1], order[1:], strict=True):
        if high > _GAP * low:
            small, large = np.flatnonzero(sizes <= low), np.flatnonzero(sizes >= high)
            odd, others = sorted((small, large), key=lambda side: (len(side), -side[0]))
            got, usual = sizes[odd[0]], np.median(sizes[others])
            raise DatasetError(
                f"case {names[odd[0]]!r}", f"an extent like the others ({usual:.4g} m)",
                f"{got:.4g} m; is its length unit right?",
            )  # fmt: skip
