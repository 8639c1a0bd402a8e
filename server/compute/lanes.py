"""What the device computes: encodings of geometries, and fields at points."""

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from enf2enf.inference.evaluator import FieldEvaluator, computed
from enf2enf.inference.joint import Question, evaluate_together, merge_small
from enf2enf.recent import Recent
from enf2enf.threads import cores, map_in_threads
from enf2enf_server.compute.conditioned_shape import ConditionedShape, Key
from enf2enf_server.compute.device import Device, Lane
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.metrics import Metrics

_PER_REQUEST = 4  # items that a request may have waiting, and some to spare
_NICENESS = 19  # of encodings: decodings come first, and leave encodings at least a hundredth of a core


class Evaluators:
    """Evaluators by shape and conditions; the least recently used is dropped first. Safe to share between threads.

    Args:
        entries: how many are kept.
    """

    def __init__(self, entries: int):
        self._held: Recent[Key, FieldEvaluator] = Recent(entries)

    def find(self, conditioned: ConditionedShape) -> FieldEvaluator | None:
        """The evaluator of a shape under conditions; None if it is not held."""
        return self._held.find(conditioned.key)

    def made(self, conditioned: ConditionedShape) -> FieldEvaluator:
        """The evaluator of a shape under conditions, made if it is not held. For the device's thread."""
        if (known := self.find(conditioned)) is not None:
            return known
        evaluator = conditioned.evaluator()
        _ = evaluator.integrals  # computed once, here and not when an answer is sent
        self._held.put(conditioned.key, evaluator)
        return evaluator


def device(config: ServerConfig, metrics: Metrics) -> Device:
    """A device with a lane for small queries, and one for chunks of large ones."""
    evaluate = functools.partial(_evaluate, metrics)
    lanes = {"small": Lane(config.batch, evaluate), "large": Lane(cores(), evaluate)}
    return Device("device", lanes, _PER_REQUEST * config.concurrent_requests)


def encoder(config: ServerConfig) -> Device:
    """A second device, for work before queries: functions that encode a geometry, at first or for new conditions.

    It runs beside `device`, so that queries do not wait for this longer work. On two cores it runs one function at a
    time, since each is already parallel over its views.
    """
    lanes = {"encode": Lane(max(1, cores() // 2), _called)}
    return Device("encoder", lanes, _PER_REQUEST * config.concurrent_requests, _NICENESS)


def _called(functions: Sequence[Callable[[], Any]]) -> Callable[[], list[Any]]:
    return lambda: map_in_threads(lambda function: function(), functions)


def _evaluate(metrics: Metrics, questions: Sequence[Question]) -> Callable[[], list[Float[np.ndarray, "_ components"]]]:
    sizes = [sum(len(questions[index].points) for index in members) for members in merge_small(questions)]
    metrics.batch(len(questions), sum(sizes), sum(map(computed, sizes)))
    return evaluate_together(questions)
