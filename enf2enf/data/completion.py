"""What cases of one schema lack in a wider one."""

from collections.abc import Mapping

import numpy as np
from numpy.typing import ArrayLike

from enf2enf.conditions import numbers
from enf2enf.errors import ConditionError, SchemaError
from enf2enf.schema import Schema


def completion(name: str, own: Schema, wider: Schema, given: Mapping[str, ArrayLike]) -> dict[str, np.ndarray]:
    """The conditions that cases of one schema lack in a wider one, from those that were given. Raises as `under` does.

    Args:
        name: of the data set.
        own, wider: the two schemas.
        given: the conditions that all its cases were solved under.
    """
    fields, wanted = ([(q.name, q.kind, q.unit, q.on) for q in schema.fields] for schema in (own, wider))
    if own.dim != wider.dim or fields != wanted:
        raise SchemaError(f"fields of {name!r}", str([q.name for q in wider.fields]), "others")
    known = {q.name: q for q in wider.conditions}
    for quantity in own.conditions:
        if (same := known.get(quantity.name)) is None:
            raise SchemaError(f"conditions of {name!r}", f"some of {sorted(known)}", repr(quantity.name))
        if (quantity.kind, quantity.unit) != (same.kind, same.unit):
            wanted, got = (f"a {q.kind} in {q.unit or '1'}" for q in (same, quantity))
            raise SchemaError(f"condition {quantity.name!r} of {name!r}", wanted, got)
    lacking = {q.name: q for q in wider.conditions if q.name not in own.condition_columns.names}
    if strange := sorted(own.condition_columns.names & given.keys()):
        raise ConditionError(f"condition {strange[0]!r}", "one that the cases themselves lack", "one that they have")
    if strange := sorted(given.keys() - lacking.keys()):
        raise ConditionError(f"condition {strange[0]!r}", f"one of {sorted(lacking)}", repr(strange[0]))
    if missing := [q for q in lacking.values() if q.name not in given]:
        raise ConditionError(f"condition {missing[0].name!r}", f"a value in {missing[0].unit or '1'}", "none")
    return {name: numbers(name, given[name], quantity.width(wider.dim)) for name, quantity in lacking.items()}
