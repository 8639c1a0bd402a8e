"""Which of the numbers that describe a shape are unlike those of the training shapes."""

import numpy as np
from jaxtyping import Float

from enf2enf.assessment import Ranges
from enf2enf.geometry.familiar import TURNS, Described, in_frame
from enf2enf.geometry.frames import FrameConfig
from enf2enf.schema import Schema

_LATER = ("arch", "corners", "hollow", "incidence_others", "largest", "lobes_2", "lobes_3", "lobes_4", "stagger")
"""Not known of surrogates from before these were measured."""


def unfamiliar(
    shapes: Ranges | None,
    described: Described,
    frames: FrameConfig,
    schema: Schema,
    row: Float[np.ndarray, " inputs"] | None = None,
) -> tuple[str, ...]:
    """Names of the numbers outside the range of the training shapes, as these are seen in the first frame.

    Args:
        shapes: where the numbers were; none is named where that is not known.
        described: the numbers, of several bodies of each.
        frames, schema: of the model.
        row: the conditions; None where they are not known: what depends on them is not named then.
    """
    if shapes is None:
        return ()
    unknown = {name for name in _LATER if name not in shapes.intervals}  # no shape had an arch, perhaps
    if row is None and frames.follows_conditions:
        unknown |= set(TURNS)
    axes = np.eye(schema.dim) if row is None else frames.axes(schema, row)[0]
    named = [shapes.unfamiliar(in_frame(body, axes), TURNS) for body in described]
    return tuple(name for name in described[0] if name not in unknown and any(name in own for own in named))
