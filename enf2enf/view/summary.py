"""An answer as a table."""

import numpy as np
from rich.table import Table

from enf2enf.field import Field, magnitude
from enf2enf.schema import Schema


def summary(field: Field, schema: Schema) -> Table:
    """Smallest, mean and largest value of every field, of a vector or tensor those of its magnitude.

    Args:
        field: values at points; NaN is left out.
        schema: of the model that gave them.
    """
    table, units = Table(), {quantity.name: quantity.unit for quantity in schema.fields}
    for column in ("field", "unit", "smallest", "mean", "largest"):
        table.add_column(column, justify="left" if column in ("field", "unit") else "right")
    for name, values in field.values.items():
        sizes = magnitude(values)
        known = sizes[np.isfinite(sizes)]
        ends = [f"{known.min():.6g}", f"{known.mean():.6g}", f"{known.max():.6g}"] if len(known) else ["none"] * 3
        table.add_row(name if values.ndim == 1 else f"|{name}|", units.get(name) or "1", *ends)
    return table
