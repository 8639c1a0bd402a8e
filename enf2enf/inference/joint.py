"""Several questions at a time: small ones as one, the others side by side."""

import dataclasses
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float

from enf2enf.inference.evaluator import SMALL, FieldEvaluator
from enf2enf.threads import cores


@dataclasses.dataclass(frozen=True, eq=False)
class Question:
    """Points of which the fields are asked.

    Args:
        evaluator: of the fields.
        points: at most `CHUNK`.
        on_wall: whether they are points of the walls.
    """

    evaluator: FieldEvaluator
    points: Float[np.ndarray, "points dim"]
    on_wall: bool = False


def evaluate_together(
    questions: Sequence[Question],
) -> Callable[[], list[Float[np.ndarray, "_ components"]]]:
    """Starts to answer several questions at once: small ones are merged (`merge_small`), groups share out the cores.

    Args:
        questions: which evaluator is asked what.

    Returns:
        A function that waits for the fields and returns them in the order of the questions. After
        `FieldEvaluator.masked` they are those of `chunk`: to 1e-5 of their span if merged, else to the bit.
    """
    groups = merge_small(questions)
    parts = -(-cores() // max(1, len(groups)))
    points = [np.concatenate([questions[index].points for index in members]) for members in groups]
    firsts = [questions[members[0]] for members in groups]
    started = [first.evaluator.submit(block, parts, first.on_wall) for first, block in zip(firsts, points, strict=True)]

    def finish() -> list[Float[np.ndarray, "_ components"]]:
        answers: dict[int, np.ndarray] = {}
        for first, members, pieces in zip(firsts, groups, started, strict=True):
            ends = np.cumsum([len(questions[index].points) for index in members])[:-1]
            answers |= zip(members, np.split(first.evaluator.collect(pieces), ends), strict=True)
        return [answers[index] for index in range(len(questions))]

    return finish


def merge_small(questions: Sequence[Question]) -> list[list[int]]:
    """Groups of indices of questions computed as one: small ones of one evaluator (wall points apart); others alone."""
    groups: dict[tuple[FieldEvaluator, bool, int], list[int]] = {}
    for index, question in enumerate(questions):
        kind = question.evaluator, question.on_wall, -1 if len(question.points) <= SMALL else index
        groups.setdefault(kind, []).append(index)
    return list(groups.values())
