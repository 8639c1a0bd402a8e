"""Several questions at a time: small ones as one, the others side by side."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Bool, Float

from enf2enf.inference.evaluator import SMALL, FieldEvaluator
from enf2enf.threads import cores


@dataclasses.dataclass(frozen=True, eq=False)
class Question:
    """Points of which the fields are asked.

    Args:
        evaluator: of the fields.
        points: at most `CHUNK`.
        inside: which of them have a field, as `FieldEvaluator.contains` finds.
    """

    evaluator: FieldEvaluator
    points: Float[np.ndarray, "points dim"]
    inside: Bool[np.ndarray, " points"]


def evaluate_together(
    questions: Sequence[Question],
) -> Callable[[], list[Float[np.ndarray, "_ components"]]]:
    """Begins to answer several questions at once, see `merge_small`; what shares no groups shares the cores.

    Args:
        questions: which evaluator is asked what.

    Returns:
        What waits for the fields, in the order of the questions; as `FieldEvaluator.chunk` gives them, to 1e-5 of their
        span where small questions were merged, else to the bit.
    """
    groups = merge_small(questions)
    parts = -(-cores() // max(1, len(groups)))
    points = [np.concatenate([questions[index].points for index in members]) for members in groups]
    evaluators = [questions[members[0]].evaluator for members in groups]
    started = [evaluator.submit(block, parts) for evaluator, block in zip(evaluators, points, strict=True)]

    def finish() -> list[Float[np.ndarray, "_ components"]]:
        answers: dict[int, np.ndarray] = {}
        for evaluator, members, pieces in zip(evaluators, groups, started, strict=True):
            inside = np.concatenate([questions[index].inside for index in members])
            ends = np.cumsum([len(questions[index].points) for index in members])[:-1]
            answers |= zip(members, np.split(evaluator.collect(pieces, inside), ends), strict=True)
        return [answers[index] for index in range(len(questions))]

    return finish


def merge_small(questions: Sequence[Question]) -> list[list[int]]:
    """Which questions are computed as one: the small ones of an evaluator; no company changes a bit of the others."""
    groups: dict[tuple[FieldEvaluator, int], list[int]] = {}
    for index, question in enumerate(questions):
        kind = question.evaluator, -1 if len(question.points) <= SMALL else index
        groups.setdefault(kind, []).append(index)
    return list(groups.values())
