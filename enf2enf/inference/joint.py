"""Several questions at a time: small ones as one, the others side by side."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.inference.evaluator import SMALL, Decoding
from enf2enf.threads import cores


def together(
    questions: Sequence[tuple[Decoding, Float[np.ndarray, "_ dim"]]],
) -> Callable[[], list[Float[np.ndarray, "_ components"]]]:
    """Begins to answer several questions at once, see `joined`; what shares no groups shares the cores.

    Args:
        questions: points of decodings, at most `CHUNK` each.

    Returns:
        What waits for the fields, in the order of the questions; as `Decoding.chunk` gives them, to 1e-5 of their span
        where small questions were joined, else to the bit.
    """
    groups = joined(questions)
    parts = -(-cores() // max(1, len(groups)))
    points = [np.concatenate([questions[index][1] for index in members]) for members in groups]
    decodings = [questions[members[0]][0] for members in groups]
    started = [decoding._started(block, parts) for decoding, block in zip(decodings, points, strict=True)]

    def finish() -> list[Float[np.ndarray, "_ components"]]:
        answers: dict[int, np.ndarray] = {}
        for decoding, members, block, pieces in zip(decodings, groups, points, started, strict=True):
            ends = np.cumsum([len(questions[index][1]) for index in members])[:-1]
            answers |= zip(members, np.split(decoding._finished(block, pieces), ends), strict=True)
        return [answers[index] for index in range(len(questions))]

    return finish


def joined(questions: Sequence[tuple[Decoding, Float[np.ndarray, "_ dim"]]]) -> list[list[int]]:
    """Which questions are computed as one: the small ones of a decoding; no company changes a bit of the others."""
    groups: dict[tuple[Decoding, int], list[int]] = {}
    for index, (decoding, points) in enumerate(questions):
        groups.setdefault((decoding, -1 if len(points) <= SMALL else index), []).append(index)
    return list(groups.values())
