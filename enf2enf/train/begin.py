"""The surrogate of a run before its first step: random weights, and all else that is known of the data."""

from collections.abc import Sequence

from enf2enf.assessment import Ranges
from enf2enf.data.cache import PackedData
from enf2enf.geometry.familiar import common, describe, in_frame
from enf2enf.geometry.frames import FrameConfig
from enf2enf.surrogate import Surrogate
from enf2enf.train.arrays import fit_normaliser
from enf2enf.train.config import RunConfig


def untrained(config: RunConfig, data: Sequence[PackedData]) -> Surrogate:
    """The surrogate: normalised by the first data set, familiar with the shapes and the conditions of all."""
    frames = config.model.frames
    normaliser = fit_normaliser(data[0], frames, data[1:])
    shapes = familiar_shapes(data, normaliser.length, frames)
    return Surrogate.untrained(config.model, normaliser, config.train.seed, shapes)


def familiar_shapes(data: Sequence[PackedData], length: float, frames: FrameConfig) -> Ranges:
    """Where the numbers that describe the shapes of the train splits are, in all their frames.

    Args:
        data: of one schema.
        length: the reference length, in metres.
        frames: that the shapes are seen in.
    """
    cases = [(packed, index) for packed in data for index in packed.ids("train")]
    described = ((describe(packed.geometry(index), length), packed.conditions(index)) for packed, index in cases)
    schema = data[0].schema
    return Ranges.fit(
        common(
            [in_frame(body, axes) for shape, row in described for axes in frames.axes(schema, row) for body in shape]
        )
    )
