"""Fields without dimensions: what of them does not depend on the size of a load or of a body."""

import dataclasses
import functools

import numpy as np
from jaxtyping import Float

from enf2enf.errors import ConditionError, SchemaError
from enf2enf.schema import LENGTH, Schema


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
        """What every component is divided by."""
        conditions = self.schema.condition_columns
        magnitude = {LENGTH: self.length} | dict(zip(conditions.names, conditions.magnitudes(self.row), strict=True))
        scales = [float(np.prod([magnitude[name] ** power for name, power in f.powers])) for f in self.schema.fields]
        return np.repeat(scales, self.schema.field_columns.widths)

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
        """Raises `ConditionError` where a field cannot be divided by its scale."""
        with np.errstate(divide="ignore", over="ignore"):
            scales = self.scales
        if not (np.isfinite(scales) & (scales > 0)).all():
            wanted = "a magnitude above 0 where a field scales with it"
            raise ConditionError("conditions", wanted, str(self.row.tolist()))

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

    def backward(
        self,
        normalised: Float[np.ndarray, "points components"],
        deviation: Float[np.ndarray, " components"],
        mean: Float[np.ndarray, " components"],
    ) -> Float[np.ndarray, "points components"]:
        """Physical fields from dimensionless ones that were z-scored with `mean` and `deviation`."""
        scales = self.scales
        values = normalised * (deviation * scales) + (mean * scales + self.undisturbed)
        for _, part in self._logarithmic:
            values[:, part] = np.expm1(normalised[:, part] * deviation[part] + mean[part]) * scales[part]
        return values

    @functools.cached_property
    def _logarithmic(self) -> list[tuple[str, slice]]:
        """Names and columns of the fields whose logarithm is learnt."""
        pairs = zip(self.schema.fields, self.schema.field_columns.slices, strict=True)
        return [(field.name, part) for field, part in pairs if field.transform == "log1p"]
