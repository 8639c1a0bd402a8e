"""Which of the numbers that describe a shape are unlike those of the training shapes."""

import numpy as np
from jaxtyping import Float

from enf2enf.assessment import Ranges
from enf2enf.geometry.familiar import TURNS, Described, in_frame
from enf2enf.geometry.frames import FrameConfig
from enf2enf.schema import Schema

_LATER = ("arch", "corners", "hollow", "incidence_others", "largest", "lobes_2", "lobes_3", "lobes_4", "stagger")
"""Numbers that were introduced later: older surrogates have no ranges for them."""


def unfamiliar(
    shapes: Ranges | None,
    described: Described,
    frames: FrameConfig,
    schema: Schema,
    row: Float[np.ndarray, " inputs"] | None = None,
) -> tuple[str, ...]:
    """Names of the numbers of a shape, seen in the first frame, that are outside the range of the training shapes.

    Args:
        shapes: ranges of the numbers in training; None if they are not known: then no name is returned.
        described: the numbers, from `describe`.
        frames, schema: of the model.
        row: the conditions; None if they are not known: then numbers that depend on them are left out.
    """
    if shapes is None:
        return ()
    unknown = {name for name in _LATER if name not in shapes.intervals}  # no shape had an arch, perhaps
    if row is None and frames.follows_conditions:
        unknown |= set(TURNS)
    axes = np.eye(schema.dim) if row is None else frames.axes(schema, row)[0]
    named = [shapes.unfamiliar(in_frame(body, axes), TURNS) for body in described]
    return tuple(name for name in described[0] if name not in unknown and any(name in own for own in named))
