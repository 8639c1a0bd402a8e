"""A shape under conditions: what one evaluator of fields is made for."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from enf2enf.inference.evaluator import FieldEvaluator
from enf2enf.recent import Recent
from enf2enf.surrogate import Surrogate
from enf2enf_server.compute.cache import EncodedShape

Conditions = Mapping[str, float | np.ndarray]
Key = tuple[str, bytes]


@dataclasses.dataclass(frozen=True, eq=False)
class ConditionedShape:
    """A shape under checked conditions.

    Args:
        shape: the shape.
        conditions: name -> number, or one number per dimension for a vector.
        key: the same for equal shapes under equal conditions.
        extrapolating: conditions, and numbers that describe the shape, outside the range of the training data.
    """

    shape: EncodedShape
    conditions: Conditions
    key: Key
    extrapolating: tuple[str, ...]

    @classmethod
    def of(cls, shape: EncodedShape, conditions: Conditions) -> "ConditionedShape":
        """The shape under conditions.

        Raises:
            ConditionError: unknown, missing or non-finite conditions, or such as a plane of symmetry excludes.
        """
        surrogate = shape.model.surrogate
        row = surrogate.condition_row(conditions, shape.encoding)
        key = shape.handle, row.tobytes()
        return cls(shape, conditions, key, surrogate.extrapolating(shape.encoding, row))

    @property
    def surrogate(self) -> Surrogate:
        """The surrogate that encoded the shape."""
        return self.shape.model.surrogate

    def evaluator(self) -> FieldEvaluator:
        """A new evaluator of its fields. Computes, and encodes the shape in a new direction: for the device."""
        return self.surrogate.evaluator(self.shape.encoding, self.conditions)


class Conditioning:
    """Puts shapes under conditions, which are checked once for a shape: it takes a third of a small question's time.

    Args:
        entries: of how many shapes and conditions the checks are remembered.
    """

    def __init__(self, entries: int):
        self._checked: Recent[tuple[str, frozenset], tuple[Key, tuple[str, ...]]] = Recent(entries)

    def __call__(self, shape: EncodedShape, conditions: Conditions) -> ConditionedShape:
        """See `ConditionedShape.of`."""
        numbers = frozenset((name, np.asarray(value, float).tobytes()) for name, value in conditions.items())
        given = shape.handle, numbers
        if (known := self._checked.find(given)) is not None:
            return ConditionedShape(shape, conditions, *known)
        conditioned = ConditionedShape.of(shape, conditions)
        self._checked.put(given, (conditioned.key, conditioned.extrapolating))
        return conditioned
