"""Several questions at a time: small ones as one, the others side by side."""

from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.inference.evaluator import SMALL, FieldEvaluator
from enf2enf.threads import cores


def evaluate_together(
    questions: Sequence[tuple[FieldEvaluator, Float[np.ndarray, "_ dim"]]],
) -> Callable[[], list[Float[np.ndarray, "_ components"]]]:
    """Begins to answer several questions at once, see `merge_small`; what shares no groups shares the cores.

    Args:
        questions: points for evaluators, at most `CHUNK` each.

    Returns:
        What waits for the fields, in the order of the questions; as `FieldEvaluator.chunk` gives them, to 1e-5 of their
        span where small questions were merged, else to the bit.
    """
    groups = merge_small(questions)
    parts = -(-cores() // max(1, len(groups)))
    points = [np.concatenate([questions[index][1] for index in members]) for members in groups]
    evaluators = [questions[members[0]][0] for members in groups]
    started = [evaluator.submit(block, parts) for evaluator, block in zip(evaluators, points, strict=True)]

    def finish() -> list[Float[np.ndarray, "_ components"]]:
        answers: dict[int, np.ndarray] = {}
        for evaluator, members, block, pieces in zip(evaluators, groups, points, started, strict=True):
            ends = np.cumsum([len(questions[index][1]) for index in members])[:-1]
            answers |= zip(members, np.split(evaluator.collect(block, pieces), ends), strict=True)
        return [answers[index] for index in range(len(questions))]

    return finish


def merge_small(questions: Sequence[tuple[FieldEvaluator, Float[np.ndarray, "_ dim"]]]) -> list[list[int]]:
    """Which questions are computed as one: the small ones of an evaluator; no company changes a bit of the others."""
    groups: dict[tuple[FieldEvaluator, int], list[int]] = {}
    for index, (evaluator, points) in enumerate(questions):
        groups.setdefault((evaluator, -1 if len(points) <= SMALL else index), []).append(index)
    return list(groups.values())
