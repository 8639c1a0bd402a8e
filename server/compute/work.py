"""What the device does: it encodes geometries and answers questions."""

import dataclasses
import functools
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from enf2enf.geometry import Geometry
from enf2enf.inference.encoding import Encoding
from enf2enf.inference.evaluator import FieldEvaluator, computed
from enf2enf.inference.joint import evaluate_together, merge_small
from enf2enf.surrogate import Surrogate
from enf2enf.threads import cores, threads
from enf2enf_server.compute.cache import Shape
from enf2enf_server.compute.device import Device, Lane
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.metrics import Metrics

Points = Float[np.ndarray, "points dim"]
Key = tuple[str, bytes]
_PER_REQUEST = 4  # items that a request may have waiting, and some to spare


@dataclasses.dataclass(frozen=True)
class Task:
    """Points of a shape under conditions.

    Args:
        key: the same for tasks that one evaluator answers.
        shape: the shape.
        conditions: checked before.
        points: at most `chunk_points` of the model.
    """

    key: Key
    shape: Shape
    conditions: dict[str, Any]
    points: Points


class Evaluators:
    """Shapes under conditions, prepared; the least recently used is dropped first. For one thread alone."""

    def __init__(self, entries: int):
        self._entries = entries
        self._held: OrderedDict[Key, FieldEvaluator] = OrderedDict()

    def of(self, tasks: Mapping[Key, Task]) -> dict[Key, FieldEvaluator]:
        """The evaluators that answer; those that are not held are made, side by side on all cores."""
        found = {key: self._held[key] for key in tasks if key in self._held}
        new = [key for key in tasks if key not in found]
        found |= dict(zip(new, threads().map(_prepared, [tasks[key] for key in new]), strict=True))
        for key, evaluator in found.items():
            self._held[key] = evaluator
            self._held.move_to_end(key)
        while len(self._held) > self._entries:
            self._held.popitem(last=False)
        return found


def _prepared(task: Task) -> FieldEvaluator:
    return task.shape.model.surrogate.evaluator(task.shape.encoding, task.conditions)


def device(config: ServerConfig, metrics: Metrics) -> Device:
    """A device with a lane for geometries, one for small questions and one for large ones."""
    answer = functools.partial(_answers, Evaluators(config.cached_decodings), metrics)
    waiting = _PER_REQUEST * config.concurrent_requests
    lanes = {"small": Lane(config.batch, answer), "encode": Lane(cores(), _encodings), "large": Lane(cores(), answer)}
    return Device(lanes, waiting)


def _encodings(items: Sequence[tuple[Surrogate, Geometry]]) -> Callable[[], list[Encoding]]:
    started = threads().map(lambda item: item[0].encode(item[1]), items)
    return lambda: list(started)


def _answers(
    prepared: Evaluators, metrics: Metrics, tasks: Sequence[Task]
) -> Callable[[], list[Float[np.ndarray, "_ components"]]]:
    evaluators = prepared.of({task.key: task for task in tasks})
    asked = [(evaluators[task.key], task.points) for task in tasks]
    sizes = [sum(len(tasks[index].points) for index in members) for members in merge_small(asked)]
    metrics.batch(len(tasks), sum(sizes), sum(map(computed, sizes)))
    return evaluate_together(asked)
