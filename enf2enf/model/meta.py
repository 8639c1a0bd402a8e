"""The encoder of the `paper` preset: auto-decoding by meta-learning."""

import dataclasses
from typing import Literal, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from enf2enf.model.encoder import AbstractEncoder, AbstractEncoderConfig
from enf2enf.model.lengths import Scales, rounded
from enf2enf.model.panels import Panels
from enf2enf.model.placement import Placement, grid_points, grid_spacing
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.distance import signed_distance
from enf2enf.nn.field import NeuralField
from enf2enf.nn.latents import LatentCloud, Latents
from enf2enf.settings import check_ranges, options_of


@dataclasses.dataclass(frozen=True)
class MetaConfig(AbstractEncoderConfig):
    """A `MetaEncoder`.

    Args:
        context, width, heads: of the field that reconstructs the signed distance.
        deviation: of its random frequencies, in cycles per reference length.
        grid, samples: numbers of latents, and of samples of the distance, along each side of the box.
        steps, rate: of the inner steps.
        window: of the latents, in cells of their grid.
    """

    kind: Literal["meta"] = "meta"
    context: int = 8
    width: int = 128
    heads: int = 2
    deviation: float = 1.0
    grid: int = 3
    samples: int = 32
    steps: int = 3
    rate: float = 0.5
    window: float = 0.5

    clouds = 1
    panels_multiple = 1
    reconstructs = True  # the signed distance

    def __post_init__(self):
        check_ranges(self)

    @property
    def outputs(self) -> int:
        """Width of the contexts."""
        return self.context

    def spacing(self, scales: Scales) -> float:
        """Between neighbours in the grid."""
        return scales.largest / self.grid

    def at(self, scales: Scales) -> Self:
        """As many cycles in the box as the paper has in its own."""
        return dataclasses.replace(self, deviation=rounded(0.5 / scales.largest))

    def build(self, bi_invariant: AbstractBiInvariant, dim: int, *, key: PRNGKeyArray) -> AbstractEncoder:
        """The untrained encoder."""
        return MetaEncoder(bi_invariant, dim, **options_of(self), key=key)


class MetaEncoder(AbstractEncoder):
    """Auto-decoding by meta-learning: a few gradient steps fit the contexts to the signed distance.

    CAVIA with Meta-SGD step sizes (arXiv 2504.18591, section 3.1): only the contexts adapt, from a learned
    start, with one learned step size per channel; the poses stay on a grid over the bounds. The inner loss
    is a mean over the samples of one geometry, so the batch does not enter it.
    """

    field: NeuralField
    start: Float[Array, "latents width"]
    log_rate: Float[Array, " width"]
    grid: int = eqx.field(static=True)
    samples: int = eqx.field(static=True)
    steps: int = eqx.field(static=True)
    window: float = eqx.field(static=True)

    def __init__(
        self,
        bi_invariant: AbstractBiInvariant,
        dim: int,
        context: int,
        width: int,
        heads: int,
        deviation: float,
        grid: int,
        samples: int,
        steps: int,
        rate: float,
        window: float,
        *,
        key: PRNGKeyArray,
    ):
        self.field = NeuralField(bi_invariant, dim, context, 1, width, heads, 0, 0, deviation, key=key)
        self.start = jnp.ones((grid**dim, context))
        self.log_rate = jnp.full(context, jnp.log(rate), jnp.float32)  # not weakly typed: a step would compile twice
        self.grid, self.samples, self.steps, self.window = grid, samples, steps, window

    def measure(self, panels: Panels, placement: Placement = 0) -> tuple[LatentCloud, Array, Array]:
        """Empty latents on their grid, sample points, and the signed distance there."""
        pose = grid_points(panels.box, self.grid, placement)
        window = jnp.broadcast_to(self.window * grid_spacing(panels.box, self.grid), pose.shape[:1])
        points = grid_points(panels.box, self.samples)
        distance = jax.vmap(lambda point: signed_distance(panels.vertices, point, panels.is_wall))(points)
        return LatentCloud(pose, jnp.zeros((len(pose), 0)), window), points, distance

    def __call__(self, measurements: tuple[LatentCloud, Array, Array]) -> Latents:
        """The contexts after all inner steps; differentiable through them (second order)."""
        cloud = measurements[0]
        context = self.start
        for _ in range(self.steps):
            gradient = jax.grad(lambda c: self._misfit(c, measurements))(context)
            context = context - jnp.exp(self.log_rate) * gradient
        return (LatentCloud(cloud.pose, context, cloud.window),)

    def reconstruction_loss(
        self,
        measurements: tuple[LatentCloud, Array, Array],
        points: Float[Array, "points dim"] | None = None,
        distance: Float[Array, " points"] | None = None,
    ) -> Float[Array, ""]:
        """The outer loss: the mean squared misfit of the signed distance with the fitted contexts.

        At the samples, and as much at other points where the distance is known: those of a step are others every time.
        """
        context = self(measurements)[0].context
        misfit = self._misfit(context, measurements)
        if points is None:
            return misfit
        return (misfit + self._misfit(context, (measurements[0], points, distance))) / 2

    def _misfit(self, context: Float[Array, "latents width"], measurements: tuple) -> Float[Array, ""]:
        cloud, points, distance = measurements
        prepared = self.field.prepare(LatentCloud(cloud.pose, context, cloud.window))
        guess = jax.vmap(lambda point: self.field(prepared, point, jnp.zeros(0))[0])(points)
        return jnp.mean((guess - distance) ** 2)
