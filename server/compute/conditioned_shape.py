"""A shape under conditions: what one evaluator of fields is made for."""

from collections.abc import Mapping

import numpy as np

from enf2enf.inference.evaluator import FieldEvaluator
from enf2enf.surrogate import Surrogate
from enf2enf_server.compute.cache import EncodedShape

Key = tuple[str, bytes]


class ConditionedShape:
    """A shape under checked conditions.

    Args:
        shape: the shape.
        conditions: name -> number, or one number per dimension for a vector.

    Attributes:
        key: the same for equal shapes under equal conditions.
        extrapolating: conditions, and numbers that describe the shape, outside the range of the training data.

    Raises:
        ConditionError: unknown, missing or non-finite conditions, or such as a plane of symmetry excludes.
    """

    def __init__(self, shape: EncodedShape, conditions: Mapping[str, float | np.ndarray]):
        self.shape, self._conditions = shape, dict(conditions)
        row = self.surrogate.condition_row(self._conditions, shape.encoding)
        self.extrapolating = self.surrogate.extrapolating(shape.encoding, row)
        self.key: Key = (shape.handle, row.tobytes())

    @property
    def surrogate(self) -> Surrogate:
        """The surrogate that encoded the shape."""
        return self.shape.model.surrogate

    def evaluator(self) -> FieldEvaluator:
        """A new evaluator of its fields. Computes, and encodes the shape in a new direction: for the device."""
        return self.surrogate.evaluator(self.shape.encoding, self._conditions)
