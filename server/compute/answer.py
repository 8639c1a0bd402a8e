"""The parts of an answer, in the library's types."""

import dataclasses
from collections.abc import Mapping

from enf2enf.field import Field
from enf2enf_server.compute.models import Model


@dataclasses.dataclass(frozen=True)
class FieldChunk:
    """The fields at consecutive points of a query.

    Args:
        first: index of the first point.
        field: the fields.
    """

    first: int
    field: Field


@dataclasses.dataclass(frozen=True)
class Summary:
    """What is known once all points are answered.

    Args:
        points: number of points.
        outside: number of points without a field.
        extrapolating: conditions, and numbers that describe the shape, outside the range of the training data.
        decode_seconds: time that the device worked on this query.
        model: that answered.
        integrals: lift, drag and moment by name, of models that have such.
    """

    points: int
    outside: int
    extrapolating: tuple[str, ...]
    decode_seconds: float
    model: Model
    integrals: Mapping[str, float] = dataclasses.field(default_factory=dict)
