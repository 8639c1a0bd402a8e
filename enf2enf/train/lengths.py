"""What the train split of a run resolves, and the run with lengths that fit it."""

import dataclasses

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from enf2enf.data.cache import PackedData
from enf2enf.model.encoder import AbstractEncoder
from enf2enf.model.lengths import Scales
from enf2enf.model.panels import Panels
from enf2enf.model.placement import Placement
from enf2enf.nn.latents import Latents
from enf2enf.train.arrays import SplitArrays, fit_normaliser, spread
from enf2enf.train.config import RunConfig
from enf2enf.train.measured import point_type
from enf2enf.train.stages import wall_spacing


class _BoxSize(AbstractEncoder):
    """Measures the longest side of the box around a geometry, and makes no latents."""

    def measure(self, panels: Panels, placement: Placement = 0) -> Float[Array, ""]:
        return jnp.max(panels.box[1] - panels.box[0])

    def __call__(self, measurements: Float[Array, ""]) -> Latents:
        return ()


def with_lengths(config: RunConfig, packed: PackedData) -> RunConfig:
    """The run with all lengths stated: measured on the train split where its model wants those of the data.

    Of a split whose points take more than `LARGE` bytes, on some of its cases, evenly apart.
    """
    if config.model.lengths == "stated":
        return config
    frames = dataclasses.replace(config.model.frames, reflections=())  # mirror images resolve the same
    ids = packed.ids("train")
    some = ids[spread(len(ids), int(packed.counts[ids].max()), point_type(packed.schema).itemsize)]
    normaliser = fit_normaliser(packed, frames)
    turning = config.model.turning
    data = SplitArrays.build([(packed, some)], normaliser, _BoxSize(), config.model.panels, frames, turning=turning)
    return dataclasses.replace(config, model=config.model.at(scales_of(data, data.everything.source)))


def scales_of(data: SplitArrays, boxes: Float[np.ndarray, "cases placements"]) -> Scales:
    """What a split resolves: medians over the cases, but the largest box, whose longest sides are given."""
    sides = np.linalg.norm(data.walls[:, :, 1] - data.walls[:, :, 0], axis=-1)
    panel, perimeter = (float(np.median(sizes)) for sizes in (sides.mean(axis=1), sides.sum(axis=1)))
    return Scales(wall_spacing(data), panel, perimeter, float(np.max(boxes)))
