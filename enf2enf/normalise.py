"""Between SI units and the numbers the model works with; fitted on the train split, saved with the weights."""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from jaxtyping import Float

from enf2enf.errors import ConditionError, GeometryError, SchemaError
from enf2enf.plain import shown
from enf2enf.schema import LENGTH, Schema

LARGEST_SINGLE = float(np.finfo(np.float32).max)
_ROUNDING = 1e-9  # a condition equal to a bound of its range must not count as outside by rounding


@dataclasses.dataclass(frozen=True)
class Normaliser:
    """One isotropic length for the data set; fields made dimensionless, then z-scored.

    Args:
        schema: what the columns below mean.
        length: the reference length in metres: coordinates are divided by it, never by a geometry's own size.
        extents: smallest and largest extent of a training geometry, in metres.
        field_mean, field_deviation: of the dimensionless fields, one entry per component.
        condition_low, condition_high: training range of every condition component.
        magnitude_low, magnitude_high: training range of every condition's magnitude.

    Raises:
        SchemaError: numbers that do not fit the schema, are not finite as float32, or not above 0 where they divide; a
            schema with a form that is not computed yet.
    """

    schema: Schema
    length: float
    extents: tuple[float, float]
    field_mean: Float[np.ndarray, " components"]
    field_deviation: Float[np.ndarray, " components"]
    condition_low: Float[np.ndarray, " inputs"]
    condition_high: Float[np.ndarray, " inputs"]
    magnitude_low: Float[np.ndarray, " conditions"]
    magnitude_high: Float[np.ndarray, " conditions"]

    def __post_init__(self):
        self.schema.check_computed()
        for stem, width in (
            ("field", self.schema.field_width), ("condition", self.schema.condition_width),
            ("magnitude", len(self.schema.conditions)),
        ):  # fmt: skip
            for name in (f.name for f in dataclasses.fields(self) if f.name.startswith(stem)):
                _check_finite(name, getattr(self, name), (width,))
        _check_finite("length and extents", np.array([self.length, *self.extents]), (3,))
        if not min(self.length, *self.extents, *self.field_deviation) > 0:
            raise SchemaError("normaliser", "lengths and deviations above 0", "others")

    @classmethod
    def fit(
        cls,
        schema: Schema,
        extents: Float[np.ndarray, " cases"],
        conditions: Float[np.ndarray, "cases inputs"],
        fields: Iterable[Float[np.ndarray, "_ components"]],
    ) -> Self:
        """Fit on the training cases; the moments are accumulated case by case in float64 (Chan et al. 1983).

        Raises:
            ConditionError: a case under conditions with which a field cannot scale.
        """
        schema.check_computed()
        length = float(np.mean(extents))
        count, mean, squares = 0, np.zeros(schema.field_width), np.zeros(schema.field_width)
        for row, values in zip(conditions, fields, strict=True):
            scaled = values.astype(np.float64) / _usable_scales(schema, row, length)
            total = count + len(scaled)
            step = scaled.mean(axis=0) - mean
            squares += ((scaled - scaled.mean(axis=0)) ** 2).sum(axis=0) + step**2 * count * len(scaled) / total
            mean, count = mean + step * len(scaled) / total, total
        deviation = np.sqrt(squares / count)
        magnitudes = np.stack([schema.condition_columns.magnitudes(row) for row in conditions])
        return cls(
            schema, length, (float(np.min(extents)), float(np.max(extents))),
            mean, np.where(deviation > 0, deviation, 1.0),
            conditions.min(axis=0), conditions.max(axis=0), magnitudes.min(axis=0), magnitudes.max(axis=0),
        )  # fmt: skip

    def check_extent(self, extent: float) -> None:
        """Refuse a geometry whose size says that it is given in another unit, or is another problem."""
        low, high = self.extents[0] / 2, self.extents[1] * 2
        if not low <= extent <= high:
            raise GeometryError(
                "geometry", f"an extent of {low:.3g} to {high:.3g} m (training: {self.extents[0]:.3g} to "
                f"{self.extents[1]:.3g} m)", f"{extent:.3g} m; is its length unit right?",
            )  # fmt: skip

    def condition_row(self, conditions: Mapping[str, Any]) -> Float[np.ndarray, " inputs"]:
        """The conditions as one row in schema order. Raises `ConditionError`, naming the culprit."""
        names = list(self.schema.condition_columns.names)
        if unknown := sorted(set(conditions) - set(names)):
            raise ConditionError(
                f"condition {unknown[0]!r}", f"one of {names}" if names else "no conditions", shown(unknown[0])
            )
        parts = []
        for quantity in self.schema.conditions:
            if quantity.name not in conditions:
                raise ConditionError(f"condition {quantity.name!r}", f"a value in {quantity.unit or '1'}", "none")
            parts.append(numbers(quantity.name, conditions[quantity.name], quantity.width(self.schema.dim)))
        row = np.concatenate(parts) if parts else np.zeros(0)
        self._check_overflow(row)
        _usable_scales(self.schema, row, self.length)
        return row

    def _check_overflow(self, row: Float[np.ndarray, " inputs"]) -> None:
        """Refuses a condition that is not finite as float32 once it is normalised, or as the scale of a field."""
        columns, fields = self.schema.condition_columns, self.schema.field_columns
        with np.errstate(all="ignore"):
            levels, gains = self._levels(row).astype(np.float32), np.abs(self.affine(row))
            far = self.extrapolating(row)
        too_large = np.any(gains > LARGEST_SINGLE, axis=0)
        for condition, part in zip(columns, columns.slices, strict=True):
            scaled = [own for field, own in zip(fields, fields.slices, strict=True) if field.scales(condition.name)]
            grows = condition.name in far and row[part].any() and any(too_large[own].any() for own in scaled)
            if grows or not np.isfinite(levels[part]).all():
                raise self._overflow([condition.name], row)

    def check_finite(self, values: Float[np.ndarray, "points components"], row: Float[np.ndarray, " inputs"]) -> None:
        """Raises `ConditionError` where fields in the domain are not finite, under conditions nobody trained on."""
        if not np.isfinite(values).all() and (far := self.extrapolating(row)):
            raise self._overflow(far, row)

    def _overflow(self, names: Sequence[str], row: Float[np.ndarray, " inputs"]) -> ConditionError:
        name, values = " and ".join(map(repr, names)), self.schema.condition_columns.split(row)
        got = ", ".join(str(values[name].tolist()) for name in names)
        return ConditionError(f"condition {name}", "numbers with which the fields are finite as float32", got)

    def extrapolating(self, row: Float[np.ndarray, " inputs"]) -> tuple[str, ...]:
        """Names of the conditions outside the training range, by component or by magnitude."""
        slack = _ROUNDING * np.maximum(np.abs(self.condition_low), np.abs(self.condition_high))
        outside = (row < self.condition_low - slack) | (row > self.condition_high + slack)
        magnitudes = self.schema.condition_columns.magnitudes(row)
        far = (magnitudes < self.magnitude_low * (1 - _ROUNDING)) | (magnitudes > self.magnitude_high * (1 + _ROUNDING))
        return tuple(
            quantity.name
            for quantity, part, is_far in zip(
                self.schema.conditions, self.schema.condition_columns.slices, far, strict=True
            )
            if is_far or outside[part].any()
        )

    @property
    def condition_features(self) -> int:
        """Number of features `condition` returns."""
        return condition_features(self.schema)

    def condition(self, row: Float[np.ndarray, " inputs"]) -> Float[np.ndarray, " features"]:
        """The levels, every component scaled to [-1, 1], then the directions: of every vector, the unit vector."""
        features = [self._levels(row)]
        for quantity, part in zip(self.schema.conditions, self.schema.condition_columns.slices, strict=True):
            if quantity.kind == "vector":
                features.append(row[part] / (np.linalg.norm(row[part]) or 1.0))
        return np.concatenate(features).astype(np.float32)

    def _levels(self, row: Float[np.ndarray, " inputs"]) -> Float[np.ndarray, " inputs"]:
        middle, half = (self.condition_high + self.condition_low) / 2, (self.condition_high - self.condition_low) / 2
        return (row - middle) / np.where(half > 0, half, 1.0)

    def fields(
        self, values: Float[np.ndarray, "points components"], row: Float[np.ndarray, " inputs"]
    ) -> Float[np.ndarray, "points components"]:
        """Physical to normalised."""
        scaled = values / _scales(self.schema, row, self.length)
        return ((scaled - self.field_mean) / self.field_deviation).astype(np.float32)

    def affine(self, row: Float[np.ndarray, " inputs"]) -> tuple[np.ndarray, np.ndarray]:
        """(gain, offset), one per component: physical = gain * normalised + offset."""
        scales = _scales(self.schema, row, self.length)
        return self.field_deviation * scales, self.field_mean * scales

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON, exact in float64."""
        plain = dataclasses.asdict(self) | {"schema": self.schema.to_dict()}
        return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in plain.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises `SchemaError` on numbers that no fit gives."""
        arrays = {k: np.asarray(v, np.float64) for k, v in plain.items() if k.split("_")[0] in _ARRAYS}
        low, high = plain["extents"]
        return cls(Schema.from_dict(plain["schema"]), float(plain["length"]), (float(low), float(high)), **arrays)


_ARRAYS = ("field", "condition", "magnitude")


def condition_features(schema: Schema) -> int:
    """Number of features that the conditions of a schema become: the levels, then the directions of vectors."""
    return schema.condition_width + schema.dim * sum(q.kind == "vector" for q in schema.conditions)


def _check_finite(name: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
    if values.shape != shape:
        raise SchemaError(f"{name} of the normaliser", f"finite numbers of shape {shape}", f"shape {values.shape}")
    if not (np.abs(values) <= LARGEST_SINGLE).all():
        got = str(values.tolist())[:80]
        raise SchemaError(f"{name} of the normaliser", "finite numbers within the range of float32", got)


def _scales(schema: Schema, row: np.ndarray, length: float) -> Float[np.ndarray, " components"]:
    """What every field component is divided by to become dimensionless."""
    conditions = schema.condition_columns
    magnitude = {LENGTH: length} | dict(zip(conditions.names, conditions.magnitudes(row), strict=True))
    scales = [float(np.prod([magnitude[name] ** power for name, power in f.powers])) for f in schema.fields]
    return np.repeat(scales, schema.field_columns.widths)


def _usable_scales(schema: Schema, row: np.ndarray, length: float) -> Float[np.ndarray, " components"]:
    with np.errstate(divide="ignore", over="ignore"):
        scales = _scales(schema, row, length)
    if not (np.isfinite(scales) & (scales > 0)).all():
        raise ConditionError("conditions", "a magnitude above 0 where a field scales with it", str(row.tolist()))
    return scales


def numbers(name: str, value: Any, width: int) -> Float[np.ndarray, " width"]:
    """The value of a condition as `width` finite numbers. Raises `ConditionError`, naming it."""
    try:
        row = np.atleast_1d(np.asarray(value))
    except ValueError:
        raise ConditionError(f"condition {name!r}", "numbers", shown(value)) from None
    if row.dtype.kind not in "fiu":
        raise ConditionError(f"condition {name!r}", "numbers", shown(value))
    row = row.astype(np.float64)
    if row.shape != (width,):
        raise ConditionError(f"condition {name!r}", f"{width} number{'s' * (width > 1)}", f"{row.size}")
    if not np.isfinite(row).all():
        raise ConditionError(f"condition {name!r}", "finite numbers", str(row.tolist()))
    return row
