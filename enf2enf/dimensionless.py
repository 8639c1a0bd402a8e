"""Fields without dimensions: what of them does not depend on the size of a load or of a body."""

import dataclasses
import functools

import numpy as np
from jaxtyping import Float

from enf2enf.errors import ConditionError, SchemaError
from enf2enf.schema import LENGTH, LONGEST, SHORTEST, Schema

LARGEST_SINGLE = float(np.finfo(np.float32).max)
SMALLEST_SINGLE = float(np.finfo(np.float32).tiny)
"""Below it float32 has fewer digits."""


def check_single(name: str, values: np.ndarray, shape: tuple[int, ...]) -> None:
    """Raises `SchemaError` where numbers are not of this shape, or not finite as float32."""
    if values.shape != shape:
        raise SchemaError(name, f"finite numbers of shape {shape}", f"shape {values.shape}")
    if not (np.abs(values) <= LARGEST_SINGLE).all():
        raise SchemaError(name, "finite numbers within the range of float32", str(values.tolist())[:80])


@dataclasses.dataclass(frozen=True, eq=False)
class Dimensionless:
    """(u - undisturbed) / scale of every field component, or its log1p where the schema says so.

    Args:
        schema: of the fields.
        length: the reference length, in metres.
        row: the conditions, in the frame of the fields.
    """

    schema: Schema
    length: float
    row: Float[np.ndarray, " inputs"]

    @functools.cached_property
    def scales(self) -> Float[np.ndarray, " components"]:
        """What every component is divided by; 0 or infinity where that cannot be, see `check`."""
        with np.errstate(over="ignore", under="ignore", invalid="ignore"):
            scales = [np.prod(list(factors.values())) for factors in self._factors]
        return np.repeat(np.array(scales, np.float64), self.schema.field_columns.widths)

    @functools.cached_property
    def _factors(self) -> list[dict[str, np.float64]]:
        """Of every field, the powers of magnitudes that it scales with."""
        conditions = self.schema.condition_columns
        with np.errstate(all="ignore"):
            magnitudes = zip(conditions.names, conditions.magnitudes(self.row), strict=True)
            known = {LENGTH: np.float64(self.length)} | dict(magnitudes)
            return [{name: known[name] ** power for name, power in field.powers} for field in self.schema.fields]

    @functools.cached_property
    def undisturbed(self) -> Float[np.ndarray, " components"]:
        """What every component is relative to."""
        conditions, values = self.schema.condition_columns, np.zeros(self.schema.field_width)
        named = dict(zip(conditions.names, conditions.slices, strict=True))
        for field, part in zip(self.schema.fields, self.schema.field_columns.slices, strict=True):
            if field.relative_to:
                values[part] = self.row[named[field.relative_to]]
        return values

    def check(self) -> None:
        """Where a field cannot be divided by its scale, raises `ConditionError`, naming the condition at fault.

        Of a length with powers that are not finite, `SchemaError`.
        """
        if not SHORTEST <= self.length <= LONGEST:
            wanted = f"a number of metres from {SHORTEST:g} to {LONGEST:g}"
            raise SchemaError("reference length", wanted, f"{self.length:.6g}")
        values = self.schema.condition_columns.split(self.row)
        for field, part, factors in zip(
            self.schema.fields, self.schema.field_columns.slices, self._factors, strict=True
        ):
            below = [name for name in factors if name in values and values[name].ndim == 0 and values[name] < 0]
            if field.transform == "log1p" and below:
                wanted = f"a number above 0, as {field.name} is and scales with it"
                raise ConditionError(f"condition {below[0]!r}", wanted, str(values[below[0]].tolist()))
            if not 0 < self.scales[part.start] < np.inf:
                given = [name for name in factors if name in values]
                name = next((name for name in given if not 0 < factors[name] < np.inf), given[0])
                wanted = "a magnitude above 0 where a field scales with it"
                if np.any(values[name]):
                    wanted = "a magnitude whose powers, with which a field scales, are finite and above 0"
                raise ConditionError(f"condition {name!r}", wanted, str(np.asarray(values[name]).tolist()))

    def check_values(self, values: Float[np.ndarray, "points components"]) -> None:
        """Raises `SchemaError` where a field is below 0 whose logarithm is to be taken."""
        for name, part in self._logarithmic:
            if (low := float(np.nanmin(values[:, part], initial=0.0))) < 0:
                raise SchemaError(f"transform of {name}", "log1p of a field that is nowhere below 0", f"{low:.3g}")

    def forward(self, values: Float[np.ndarray, "points components"]) -> Float[np.ndarray, "points components"]:
        """Of physical fields; what is below 0 counts as 0 where the logarithm is taken."""
        scaled = (values - self.undisturbed) / self.scales
        for _, part in self._logarithmic:
            scaled[:, part] = np.log1p(np.maximum(scaled[:, part], 0.0))
        return scaled

    def emphasis(self, scaled: Float[np.ndarray, "points components"]) -> Float[np.ndarray, "points components"]:
        """Factors for errors of log1p fields, so that field and logarithm count equally; 1 for other fields.

        To first order, an error d of l = log1p(u) is an error exp(l) d of u. The squared factor is the mean of the two
        squared errors, each over its case's mean square, divided by that of the logarithm.

        Args:
            scaled: what `forward` gives of all points of a case, NaN where a field is not defined.
        """
        factors = np.ones(scaled.shape)
        for _, part in self._logarithmic:
            logs = scaled[:, part]
            known = logs[np.isfinite(logs)]
            if (plain := np.mean(np.expm1(known) ** 2)) > 0:
                factors[:, part] = np.sqrt((1 + np.exp(2 * logs) * np.mean(known**2) / plain) / 2)
        return np.where(np.isfinite(factors), factors, 1.0)

    def backward(
        self,
        normalised: Float[np.ndarray, "points components"],
        deviation: Float[np.ndarray, " components"],
        mean: Float[np.ndarray, " components"],
    ) -> Float[np.ndarray, "points components"]:
        """Physical fields from dimensionless ones that were z-scored with `mean` and `deviation`.

        A quantity is NaN at points where the absolute values of its components sum to more than float32 can hold.
        """
        scales = self.scales
        with np.errstate(over="ignore", invalid="ignore"):
            values = normalised * (deviation * scales) + (mean * scales + self.undisturbed)
            for _, part in self._logarithmic:
                logs = normalised[:, part] * deviation[part] + mean[part]
                values[:, part] = np.expm1(np.maximum(logs, 0.0)) * scales[part]  # no such field is below 0
            for part in self.schema.field_columns.slices:
                size = np.abs(values[:, part]).sum(axis=1)  # no component is larger, however it is turned
                values[size > LARGEST_SINGLE] = np.nan
        return values

    @functools.cached_property
    def _logarithmic(self) -> list[tuple[str, slice]]:
        """Names and columns of the fields whose logarithm is learnt."""
        pairs = zip(self.schema.fields, self.schema.field_columns.slices, strict=True)
        return [(field.name, part) for field, part in pairs if field.transform == "log1p"]
