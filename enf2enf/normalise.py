"""Between SI units and the numbers the model works with; fitted on the train split, saved with the weights.

Vectors have their components in a frame: callers turn conditions and fields into it, and turn the results back.
"""

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Self

import numpy as np
from jaxtyping import Float

from enf2enf.conditions import check_table, numbers
from enf2enf.dimensionless import LARGEST_SINGLE, SMALLEST_SINGLE, Dimensionless, check_single
from enf2enf.errors import ConditionError, GeometryError, QueryError, SchemaError, check_keys
from enf2enf.plain import is_number, shown
from enf2enf.schema import Schema

_ROUNDING = float(np.finfo(np.float32).eps)  # of a bound: a condition equal to it must not count as outside by that


@dataclasses.dataclass(frozen=True)
class Normaliser:
    """One isotropic length for the data set; fields less their undisturbed value, made dimensionless, then z-scored.

    Args:
        schema: what the columns below mean.
        length: the reference length in metres: coordinates are divided by it, never by a geometry's own size.
        extents: smallest and largest `size` of a training geometry, in metres.
        field_mean, field_deviation: of the dimensionless, transformed fields, one entry per component.
        condition_low, condition_high: training range of every condition component.
        magnitude_low, magnitude_high: training range of every condition's magnitude.

    Raises:
        SchemaError: numbers that do not fit the schema, are not finite as float32, or not above 0 where they divide.
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
        for stem, width in (
            ("field", self.schema.field_width), ("condition", self.schema.condition_width),
            ("magnitude", len(self.schema.conditions)),
        ):  # fmt: skip
            for name in (f.name for f in dataclasses.fields(self) if f.name.startswith(stem)):
                check_single(f"{name} of the normaliser", getattr(self, name), (width,))
            low, high = getattr(self, f"{stem}_low", 0.0), getattr(self, f"{stem}_high", 0.0)
            if not np.all(low <= high) or (stem == "magnitude" and np.any(low < 0)):
                raise SchemaError(f"{stem}_low of the normaliser", f"at most {stem}_high", f"{low} and {high}")
        check_single("length and extents of the normaliser", np.array([self.length, *self.extents]), (3,))
        if self.schema.length not in (None, self.length) or self.extents[0] > self.extents[1]:
            got = f"{self.length} and {self.extents} m"
            raise SchemaError("length and extents of the normaliser", "the schema's length, and a range", got)
        if not min(self.length, *self.extents, *self.field_deviation) > 0:
            raise SchemaError("normaliser", "lengths and deviations above 0", "others")

    @classmethod
    def fit(
        cls,
        schema: Schema,
        extents: Float[np.ndarray, " cases"],
        conditions: Float[np.ndarray, "cases inputs"],
        fields: Iterable[Float[np.ndarray, "_ components"]],
        signs: Sequence[Float[np.ndarray, " components"]] = (),
    ) -> Self:
        """Fit on the training cases; the moments are accumulated case by case in float64 (Chan et al. 1983).

        Args:
            schema: of the data.
            extents: sizes of the geometries, in metres.
            conditions: of every case, in its frame.
            fields: of every case, in its frame; NaN where a field is not defined.
            signs: for every frame trained in (the usual one and mirror images), the sign (1 or -1) of each component;
                components that change sign get a mean of 0. Empty: the usual frame alone.

        Raises:
            ConditionError: a case under conditions with which a field cannot scale.
            SchemaError: a field below 0 whose logarithm is to be taken.
        """
        length = float(np.mean(extents)) if schema.length is None else schema.length
        count, mean, squares = (np.zeros(schema.field_width) for _ in range(3))
        for row, values in zip(conditions, fields, strict=True):
            usual = Dimensionless(schema, length, row)
            usual.check()
            usual.check_values(values)
            scaled = usual.forward(values.astype(np.float64))
            known = np.isfinite(scaled)
            own = known.sum(axis=0)
            total = count + own
            local = np.where(known, scaled, 0.0).sum(axis=0) / np.maximum(own, 1)
            step = np.where(own > 0, local - mean, 0.0)
            spread = (np.where(known, scaled - local, 0.0) ** 2).sum(axis=0)
            squares += spread + step**2 * count * own / np.maximum(total, 1)
            mean, count = mean + step * own / np.maximum(total, 1), total
        everywhere = np.mean(signs, axis=0) * mean if len(signs) else mean
        deviation = np.sqrt(squares / np.maximum(count, 1) + (mean**2 - everywhere**2))
        magnitudes = np.stack([schema.condition_columns.magnitudes(row) for row in conditions])
        return cls(
            schema, length, (float(np.min(extents)), float(np.max(extents))),
            everywhere, np.where(deviation > 0, deviation, 1.0),
            conditions.min(axis=0), conditions.max(axis=0), magnitudes.min(axis=0), magnitudes.max(axis=0),
        )  # fmt: skip

    def covering(self, extents: Float[np.ndarray, " cases"], conditions: Float[np.ndarray, "cases inputs"]) -> Self:
        """This normaliser with its ranges (not its length, means or deviations) widened to further training cases.

        Args:
            extents: sizes of the geometries of these cases, in metres.
            conditions: of every case, in its frame.
        """
        extents, magnitudes = np.append(extents, self.extents), self.schema.condition_columns.magnitudes
        rows = np.vstack([conditions, self.condition_low, self.condition_high])
        sizes = np.vstack([*map(magnitudes, conditions), self.magnitude_low, self.magnitude_high])
        ends = {"condition_low": rows.min(axis=0), "condition_high": rows.max(axis=0)}
        ends |= {"magnitude_low": sizes.min(axis=0), "magnitude_high": sizes.max(axis=0)}
        return dataclasses.replace(self, extents=(float(extents.min()), float(extents.max())), **ends)

    def check_extent(self, extent: float, what: str = "geometry") -> None:
        """Raises `GeometryError` unless `extent` (m) is from half the smallest to twice the largest in training."""
        low, high = self.extents[0] / 2, self.extents[1] * 2
        if not low <= extent <= high:
            usual = f"training: {self.extents[0]:.3g} to {self.extents[1]:.3g} m"
            got = f"{extent:.3g} m; is its length unit right?"
            raise GeometryError(what, f"an extent of {low:.3g} to {high:.3g} m ({usual})", got)

    def condition_row(self, conditions: Mapping[str, Any]) -> Float[np.ndarray, " inputs"]:
        """The conditions as one row in schema order. Raises `ConditionError`, naming the culprit."""
        check_table(conditions)
        names = list(self.schema.condition_columns.names)
        if unknown := sorted(set(conditions) - set(names)):
            raise ConditionError(
                f"condition {unknown[0]!r}", f"one of {names}" if names else "no conditions", shown(unknown[0])
            )
        parts = []
        for quantity in self.schema.conditions:
            if quantity.name not in conditions:
                raise ConditionError(f"condition {quantity.name!r}", f"a value in {quantity.unit or '1'}", "none")
            width = quantity.width(self.schema.dim)
            parts.append(numbers(quantity.name, conditions[quantity.name], width, quantity.unit))
        return np.concatenate(parts) if parts else np.zeros(0)

    def check(self, row: Float[np.ndarray, " inputs"], given: Float[np.ndarray, " inputs"]) -> None:
        """Raises `ConditionError` if fields would overflow or underflow float32, naming the condition at fault.

        Args:
            row: the conditions in their frame.
            given: the same in the axes of space, as the error shows them.
        """
        columns, fields, under = self.schema.condition_columns, self.schema.field_columns, self.under(row)
        with np.errstate(all="ignore"):
            levels, far, unit = self._levels(row).astype(np.float32), self.extrapolating(row), self.field_deviation
            mean, sizes = under.backward(np.zeros((1, fields.width)), unit, self.field_mean)[0], unit * under.scales
            held = (sizes >= SMALLEST_SINGLE) & (sizes <= LARGEST_SINGLE) & (np.abs(mean) <= LARGEST_SINGLE)
            magnitudes = columns.magnitudes(row)
            beyond = np.abs(np.log(magnitudes / np.clip(magnitudes, self.magnitude_low, self.magnitude_high)))
        lost = [field for field, own in zip(fields, fields.slices, strict=True) if not held[own].all()]
        for number in np.argsort(-beyond):  # the one at fault is the farthest from what was learnt
            name, part = columns.names[number], columns.slices[number]
            is_lost = name in far and row[part].any() and any(field.scales(name) for field in lost)
            if is_lost or not np.isfinite(levels[part]).all():
                raise self._overflow([name], given)
        under.check()

    def check_finite(self, values: Float[np.ndarray, "points components"], row: Float[np.ndarray, " inputs"]) -> None:
        """Raises `ConditionError` where fields in the domain are not finite, under conditions nobody trained on."""
        if not np.isfinite(values).all() and (far := self.extrapolating(row)):
            raise self._overflow(far, row)

    def _overflow(self, names: Sequence[str], row: Float[np.ndarray, " inputs"]) -> ConditionError:
        name, values = " and ".join(map(repr, names)), self.schema.condition_columns.split(row)
        got = ", ".join(str(values[name].tolist()) for name in names)
        return ConditionError(f"condition {name}", "numbers with which float32 holds the fields", got)

    def extrapolating(self, row: Float[np.ndarray, " inputs"]) -> tuple[str, ...]:
        """Names of the conditions outside the training range, by component or by magnitude.

        Args:
            row: the conditions in their frame.
        """
        slack = _ROUNDING * np.repeat(self.magnitude_high, self.schema.condition_columns.widths)
        outside = (row < self.condition_low - slack) | (row > self.condition_high + slack)
        magnitudes = self.schema.condition_columns.magnitudes(row)
        far = (magnitudes < self.magnitude_low * (1 - _ROUNDING)) | (magnitudes > self.magnitude_high * (1 + _ROUNDING))
        parts = zip(self.schema.conditions, self.schema.condition_columns.slices, far, strict=True)
        return tuple(quantity.name for quantity, part, is_far in parts if is_far or outside[part].any())

    @property
    def condition_features(self) -> int:
        """Number of features `condition` returns."""
        return condition_features(self.schema)

    def condition(self, row: Float[np.ndarray, " inputs"]) -> Float[np.ndarray, " features"]:
        """Features: every component, its training range scaled to [-1, 1]; then the unit vector of every vector."""
        features = [self._levels(row)]
        for quantity, part in zip(self.schema.conditions, self.schema.condition_columns.slices, strict=True):
            if quantity.kind == "vector":
                features.append(row[part] / (np.linalg.norm(row[part]) or 1.0))
        return np.concatenate(features).astype(np.float32)

    def _levels(self, row: Float[np.ndarray, " inputs"]) -> Float[np.ndarray, " inputs"]:
        middle, half = (self.condition_high + self.condition_low) / 2, (self.condition_high - self.condition_low) / 2
        size = np.repeat(self.magnitude_high, self.schema.condition_columns.widths)
        return (row - middle) / np.where(half > 1e-12 * size, half, size + (size == 0))  # else it varied by rounding

    def fields(
        self, values: Float[np.ndarray, "points components"], row: Float[np.ndarray, " inputs"]
    ) -> Float[np.ndarray, "points components"]:
        """Physical to normalised, under conditions in the same frame."""
        scaled = self.under(row).forward(values)
        return ((scaled - self.field_mean) / self.field_deviation).astype(np.float32)

    def physical(
        self, normalised: Float[np.ndarray, "points components"], row: Float[np.ndarray, " inputs"]
    ) -> Float[np.ndarray, "points components"]:
        """The inverse of `fields`, float64; NaN where float32 does not hold a field."""
        return self.under(row).backward(normalised, self.field_deviation, self.field_mean)

    def mean(self, row: Float[np.ndarray, " inputs"]) -> Float[np.ndarray, " components"]:
        """The mean field under conditions: what is known without any geometry."""
        return self.physical(np.zeros((1, self.schema.field_width)), row)[0]

    def sizes(
        self, values: Float[np.ndarray, "points components"], row: Float[np.ndarray, " inputs"]
    ) -> Float[np.ndarray, " fields"]:
        """The root mean square that divides the error of every dimensionless field, see `Quantity.error_in`.

        Args:
            values: the fields of a case, NaN where they are not defined.
            row: its conditions.
        """
        scaled = self.under(row).forward(values.astype(np.float64))
        groups = np.array(self.schema.field_columns.groups)
        own = np.bincount(groups, np.nansum(scaled**2, axis=0) / np.maximum(np.isfinite(scaled).sum(axis=0), 1))
        spread = np.bincount(groups, self.field_deviation**2)
        return np.sqrt(np.where([field.error_in == "norm" for field in self.schema.fields], own, spread))

    def relative_errors(
        self,
        guess: Float[np.ndarray, "points components"],
        truth: Float[np.ndarray, "points components"],
        row: Float[np.ndarray, " inputs"],
    ) -> Float[np.ndarray, " fields"]:
        """The L2 error of every field of a case, in units of its `sizes`, over the points where both are known.

        It is NaN of a field that is not known anywhere.

        Raises:
            QueryError: no finite prediction of a field, or a truth that is zero everywhere.
        """
        under, groups = self.under(row), np.array(self.schema.field_columns.groups)
        there = np.isfinite(truth)
        known = there & np.isfinite(guess)
        if (there.any(axis=0) & ~known.any(axis=0)).any():
            raise QueryError("prediction", "finite numbers where the truth is known", "none")
        squares = np.where(known, under.forward(guess) - under.forward(truth), 0.0) ** 2
        mean = squares.sum(axis=0) / np.maximum(known.sum(axis=0), 1)
        sizes = self.sizes(np.where(known, truth, np.nan), row)
        found = np.bincount(groups, there.any(axis=0)) > 0
        if (found & (sizes == 0)).any():
            raise QueryError("truth", "a field that is not zero everywhere", "zeros")
        return np.sqrt(np.bincount(groups, mean)) / np.where(found, sizes, np.nan)

    def under(self, row: Float[np.ndarray, " inputs"]) -> Dimensionless:
        """The conversion between physical and dimensionless fields, under conditions in their frame."""
        return Dimensionless(self.schema, self.length, row)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON, exact in float64."""
        plain = dataclasses.asdict(self) | {"schema": self.schema.to_dict()}
        return {key: value.tolist() if isinstance(value, np.ndarray) else value for key, value in plain.items()}

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises `SchemaError` on numbers that no fit gives."""
        names = [field.name for field in dataclasses.fields(cls)]
        check_keys(SchemaError, "normaliser", plain, set(names), set())
        for name in names[1:]:
            row = [plain[name]] if name == "length" else plain[name]
            if not isinstance(row, list | tuple) or not all(map(is_number, row)):
                raise SchemaError(f"{name} of the normaliser", "numbers", shown(plain[name]))
        (low, high), arrays = plain["extents"], {name: np.array(plain[name], np.float64) for name in names[3:]}
        return cls(Schema.from_dict(plain["schema"]), float(plain["length"]), (float(low), float(high)), **arrays)


def condition_features(schema: Schema) -> int:
    """Number of features that the conditions of a schema become: the levels, then the directions of vectors."""
    return schema.condition_width + schema.dim * sum(q.kind == "vector" for q in schema.conditions)
