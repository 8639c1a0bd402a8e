"""What the validation split says of weights: they are chosen by what a surrogate would answer."""

import dataclasses
import functools
from collections.abc import Callable

import jax
import numpy as np

from enf2enf.data.cache import PackedData
from enf2enf.errors import QueryError
from enf2enf.model.encoder import AbstractEncoder, Measurements
from enf2enf.model.network import Network
from enf2enf.model.panels import Panels
from enf2enf.precision import compiled
from enf2enf.surrogate import Surrogate
from enf2enf.train.evaluate import evaluate, fine_error
from enf2enf.train.loss import shape_loss
from enf2enf.train.run import RunProgress
from enf2enf.train.stages import Stage

_misfit = compiled(shape_loss)


@dataclasses.dataclass(frozen=True, eq=False)
class Validator:
    """Errors on the validation split.

    Args:
        surrogate: whose weights are replaced.
        packed: the data set.
    """

    surrogate: Surrogate
    packed: PackedData

    def errors(self, stage: Stage, model: Network, check: Callable[[], None] = lambda: None) -> dict[str, float]:
        """The `validation` error of weights, NaN if their answers are not finite.

        It is the mean over cases and fields of the relative L2 error; of a stage that trains the encoder alone, the
        misfit of the shapes. For a stage that is to beat what was there before, the `fine` error too: the same in fine
        samplings of the validation cases, where the data have them.

        Args:
            stage: whose weights they are.
            model: the weights.
            check: called before every case; may raise.
        """
        if stage.trains == "encoder":
            return {"validation": float(np.mean([self._misfit(model, source, check) for source in self._measured]))}
        surrogate = self.surrogate.with_weights(model, {})
        try:
            report = evaluate(surrogate, self.packed, "validation", check=check)
        except QueryError:
            return {"validation": np.nan}
        errors = {"validation": float(np.mean(list(report.errors.values())))}
        fine = fine_error(surrogate, self.packed, "validation", check) if stage.worse > 1 else None
        return errors if fine is None else errors | {"fine": fine}

    def _misfit(self, model: Network, source: Measurements, check: Callable[[], None]) -> float:
        check()
        return float(_misfit(model.encoder, source))

    @functools.cached_property
    def _measured(self) -> list[Measurements]:
        """What the encoder measures on the geometries of the validation split, one by one."""
        surrogate, packed, encoder = self.surrogate, self.packed, self.surrogate.model.encoder
        ids = packed.ids("validation")
        seen = [surrogate.panels(packed.geometry(index), packed.conditions(index)) for index in ids]
        return [_measure(encoder, panels) for panels in seen]


@compiled
def _measure(encoder: AbstractEncoder, panels: Panels) -> Measurements:
    return jax.tree.map(lambda leaf: leaf[None], encoder.measure(panels))


def is_better(errors: dict[str, float], stage: Stage, progress: RunProgress) -> bool:
    """Whether weights are to be kept: the best of their stage, and hardly worse than what was kept before it."""
    if progress.best is not None and errors["validation"] >= progress.best:
        return False
    return all(errors[name] <= stage.worse * before for name, before in progress.before.items())
