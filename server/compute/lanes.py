"""What the device computes: encodings of geometries, and fields at points."""

import dataclasses
import functools
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence

import numpy as np
from jaxtyping import Bool, Float

from enf2enf.inference.encoding import Encoding
from enf2enf.inference.evaluator import FieldEvaluator, computed
from enf2enf.inference.joint import Question, evaluate_together, merge_small
from enf2enf.surrogate import Surrogate
from enf2enf.threads import cores, threads
from enf2enf_server.compute.conditioned_shape import ConditionedShape, Key
from enf2enf_server.compute.device import Device, Lane
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.metrics import Metrics
from enf2enf_server.parsing.parsed_mesh import ParsedMesh

_PER_REQUEST = 4  # items that a request may have waiting, and some to spare


@dataclasses.dataclass(frozen=True, eq=False)
class Task:
    """Points at which the fields of a shape are to be computed.

    Where they lie against its boundary is found out when this is made, by the thread of the request: it may take long,
    and the device's turn is everybody's.

    Args:
        conditioned: the shape under conditions.
        points: at most `chunk_points` of the model.

    Attributes:
        inside: which of them have a field.
    """

    conditioned: ConditionedShape
    points: Float[np.ndarray, "points dim"]

    inside: Bool[np.ndarray, " points"] = dataclasses.field(init=False)

    def __post_init__(self):
        object.__setattr__(self, "inside", self.conditioned.shape.encoding.geometry.contains(self.points))


class Evaluators:
    """Evaluators by shape and conditions; the least recently used is dropped first. For one thread alone.

    Args:
        entries: how many are kept.
    """

    def __init__(self, entries: int):
        self._entries = entries
        self._held: OrderedDict[Key, FieldEvaluator] = OrderedDict()

    def of(self, conditioned: Mapping[Key, ConditionedShape]) -> dict[Key, FieldEvaluator]:
        """The evaluator of every shape; those that are not held are made, side by side on all cores."""
        found = {key: self._held[key] for key in conditioned if key in self._held}
        new = [key for key in conditioned if key not in found]
        made = threads().map(ConditionedShape.evaluator, [conditioned[key] for key in new])
        found |= dict(zip(new, made, strict=True))
        for key, evaluator in found.items():
            self._held[key] = evaluator
            self._held.move_to_end(key)
        while len(self._held) > self._entries:
            self._held.popitem(last=False)
        return found


def device(config: ServerConfig, metrics: Metrics) -> Device:
    """A device with a lane for geometries, one for small queries and one for chunks of large ones."""
    evaluate = functools.partial(_evaluate, Evaluators(config.cached_decodings), metrics)
    waiting = _PER_REQUEST * config.concurrent_requests
    lanes = {"small": Lane(config.batch, evaluate), "encode": Lane(cores(), _encode), "large": Lane(cores(), evaluate)}
    return Device(lanes, waiting)


def _encode(items: Sequence[tuple[Surrogate, ParsedMesh]]) -> Callable[[], list[Encoding]]:
    encodings = threads().map(lambda item: item[0].encode(item[1].geometry, item[1].panels), items)
    return lambda: list(encodings)


def _evaluate(
    held: Evaluators, metrics: Metrics, tasks: Sequence[Task]
) -> Callable[[], list[Float[np.ndarray, "_ components"]]]:
    evaluators = held.of({task.conditioned.key: task.conditioned for task in tasks})
    queries = [Question(evaluators[task.conditioned.key], task.points, task.inside) for task in tasks]
    sizes = [sum(len(tasks[index].points) for index in members) for members in merge_small(queries)]
    metrics.batch(len(tasks), sum(sizes), sum(map(computed, sizes)))
    return evaluate_together(queries)
