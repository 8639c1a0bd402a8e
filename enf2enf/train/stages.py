"""The stages of a training run: a stage is one entry of `stages_of` and one loss."""

import dataclasses
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from enf2enf.data.mapped import taken
from enf2enf.model.network import Network
from enf2enf.train.arrays import Batch, SplitArrays
from enf2enf.train.config import RunConfig
from enf2enf.train.loss import Groups, Loss, relative_errors, shape_loss, smooth_errors

_SQUARED_RATE = 0.15  # of the learning rate
_SQUARED = 5.0  # how much the square of a relative error counts against the error itself
_SMOOTH_RATE = 0.06  # of the learning rate: what is learnt is to be kept
_SMOOTH_PANELS = 16  # of a case and step, at which fields are to be smooth
_ROUGHNESS = 0.1  # how much a third difference counts against an error
_WORSE = 1.02  # times the validation error, which stages may cost that are after something else too
_ON_THE_WALL = 0.1  # of a panel: closer samples are on the wall


@dataclasses.dataclass(frozen=True)
class ShapeLoss:
    """The misfit of the signed distance that the encoder reconstructs, at its samples and at the points of the step."""

    def __call__(self, model: Network, batch: Batch, groups: Groups) -> Float[Array, ""]:
        """Mean over the geometries of the batch."""
        return shape_loss(model.encoder, batch.source, batch.queries)


@dataclasses.dataclass(frozen=True)
class FieldLoss:
    """The relative L2 errors of the fields.

    Args:
        frozen: the source of a batch is latents already.
    """

    frozen: bool = False

    def __call__(self, model: Network, batch: Batch, groups: Groups) -> Float[Array, ""]:
        """Mean over cases and fields."""
        return jnp.mean(relative_errors(model, batch, groups, self.frozen))


@dataclasses.dataclass(frozen=True)
class SquaredLoss:
    """The relative L2 errors plus five times their squares.

    If similar cases have very different fields (a flow that separates or not), the errors alone are least for a
    prediction at one of these, the squares for one at their mean.
    """

    def __call__(self, model: Network, batch: Batch, groups: Groups) -> Float[Array, ""]:
        """Mean over cases and fields."""
        errors = relative_errors(model, batch, groups, frozen=False)
        return jnp.mean(errors + _SQUARED * errors**2)


@dataclasses.dataclass(frozen=True)
class SmoothLoss:
    """The relative L2 errors, and how far the fields are from being quadratic along normals of the walls.

    Args:
        spacing: between the points on a normal, in reference lengths.
    """

    spacing: float

    def __call__(self, model: Network, batch: Batch, groups: Groups) -> Float[Array, ""]:
        """Mean over cases and fields."""
        errors, roughness = smooth_errors(model, batch, groups, self.spacing)
        return jnp.mean(errors + _ROUGHNESS * roughness)


@dataclasses.dataclass(frozen=True)
class Stage:
    """A part of a run with a loss and a schedule of its own.

    Args:
        name: in logs.
        steps: of the optimiser; the learning rate falls to 0 over them.
        loss: of a model and a batch; equal losses are one compiled program.
        rate: what the learning rate is multiplied by.
        trains: `all` weights; the `encoder`, which is validated by the shape it reconstructs and whose weights are not
            kept by themselves; or the `decoder` on the latents of an encoder that is frozen.
        panels: of the walls of a case and step that the loss needs.
        worse: how many times as large as before the stage a validation error may be for its weights to be kept.
        needless: why the data has no use for this stage, a sentence; empty where it has.
    """

    name: str
    steps: int
    loss: Loss
    rate: float = 1.0
    trains: Literal["all", "encoder", "decoder"] = "all"
    panels: int = 0
    worse: float = 1.0
    needless: str = ""

    def to_dict(self) -> dict[str, Any]:
        """What decides the numbers, as plain data: a loss by what a dataclass shows of itself, or by its name."""
        loss = repr(self.loss) if dataclasses.is_dataclass(self.loss) else getattr(self.loss, "__qualname__", "")
        plain = {name: getattr(self, name) for name in ("name", "steps", "rate", "trains", "panels", "worse")}
        return plain | {"loss": loss}


def stages_of(config: RunConfig, data: SplitArrays) -> tuple[Stage, ...]:
    """The stages of a run, in order.

    Args:
        config: the run.
        data: its train split.
    """
    settings, stages = config.train, []
    if config.pretrains_encoder:
        stages.append(Stage("shape", settings.shape_steps, ShapeLoss(), trains="encoder"))
        stages.append(Stage("field", settings.steps, FieldLoss(frozen=True), trains="decoder"))
    else:
        stages.append(Stage("field", settings.steps, FieldLoss()))
    if settings.squared_steps:
        stages.append(Stage("squared", settings.squared_steps, SquaredLoss(), _SQUARED_RATE, worse=_WORSE))
    if settings.smooth_steps:
        loss = SmoothLoss(settings.smooth_spacing)
        needless = _resolved(data, settings.smooth_spacing)
        stages.append(
            Stage("smooth", settings.smooth_steps, loss, _SMOOTH_RATE, "all", _SMOOTH_PANELS, _WORSE, needless)
        )
    return tuple(stages)


def wall_spacing(data: SplitArrays) -> float:
    """The median over the cases of how far from the wall, in reference lengths, the samples next to it are.

    In every case these are the nearest samples off the wall, as many as lie on the wall, or one in fifty of all if
    none does. If there are many points, the median is over some of the cases, see `SplitArrays.some`.
    """
    found, distances, walls = [], data.everything.queries.distance, data.walls
    sizes = np.linalg.norm(walls[:, :, 1] - walls[:, :, 0], axis=-1).mean(axis=1)
    for case in data.some:
        own, size = np.sort(taken(distances[case], slice(data.counts[case]))), sizes[case]
        off = own[own > _ON_THE_WALL * size]
        count = (len(own) - len(off)) or -(-len(own) // 50)
        if len(off):
            found.append(np.median(off[:count]))
    return float(np.median(found)) if found else 0.0


def _resolved(data: SplitArrays, spacing: float) -> str:
    """Why the stage is needless, if samples are nearer to the wall than `spacing`; else empty."""
    own = wall_spacing(data)
    if own >= spacing:
        return ""
    return f"samples are {own:.2g} reference lengths from the wall, nearer than the {spacing:.2g} it would smooth over"
