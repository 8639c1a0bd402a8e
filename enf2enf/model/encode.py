"""Encoders E_a: from a geometry to a latent point cloud."""

import abc

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray, PyTree

from enf2enf.latents import LatentCloud, Latents
from enf2enf.model.placement import Placement, grid_points, grid_spacing, wall_points
from enf2enf.model.shape import Shape
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.distance import signed_distance
from enf2enf.nn.embedding import DISTANCE_FEATURES, distance_features
from enf2enf.nn.field import NeuralField
from enf2enf.nn.mixer import Mixer

Observation = PyTree[Float[Array, "..."]]

_DIRECTIONS = 8
_NEAR_BOX = 0.1  # reference lengths over which a latent feels how near a side of the bounds is


class AbstractEncoder(eqx.Module):
    """Deterministic, one geometry at a time, so that no batch can change the answer."""

    @abc.abstractmethod
    def observe(self, shape: Shape, placement: Placement = 0) -> Observation:
        """What the encoder measures on the geometry; no parameter is involved, so it is done once.

        Args:
            shape: the geometry.
            placement: where its latents are placed, see `grid_points`.
        """

    @abc.abstractmethod
    def __call__(self, observation: Observation) -> Latents:
        """The latents, differentiable in the observation and through it in the wall."""


class AmortisedEncoder(AbstractEncoder):
    """One forward pass: latents in the domain and on the wall start from what they see, then talk.

    Every latent probes the signed distance around its pose, which it knows relative to itself, and its
    distances to the sides of the bounds: all are invariant to translation, and so is the rotary
    self-attention that follows.
    """

    embed_grid: eqx.nn.MLP
    embed_wall: eqx.nn.MLP
    mixer: Mixer
    grid: int = eqx.field(static=True)
    wall: int = eqx.field(static=True)
    window: float = eqx.field(static=True)
    probes: tuple[float, ...] = eqx.field(static=True)

    def __init__(
        self,
        dim: int,
        width: int,
        heads: int,
        blocks: int,
        expansion: int,
        wavelengths: tuple[float, float],
        grid: int,
        wall: int,
        window: float,
        probes: tuple[float, ...],
        *,
        key: PRNGKeyArray,
    ):
        keys = jax.random.split(key, 3)
        features = DISTANCE_FEATURES + _DIRECTIONS * len(probes) + 4 * dim
        self.embed_grid = eqx.nn.MLP(features, width, width, 1, jax.nn.gelu, key=keys[0])
        self.embed_wall = eqx.nn.MLP(features, width, width, 1, jax.nn.gelu, key=keys[1])
        self.mixer = Mixer(dim, width, heads, blocks, expansion, wavelengths, key=keys[2])
        self.grid, self.wall, self.window, self.probes = grid, wall, window, probes

    def observe(self, shape: Shape, placement: Placement = 0) -> Latents:
        """Both clouds, with what each latent sees as its context."""
        poses = grid_points(shape.box, self.grid, placement), wall_points(shape, self.wall, placement)
        return tuple(self._look(shape, pose) for pose in poses)

    def _look(self, shape: Shape, pose: Float[Array, "latents dim"]) -> LatentCloud:
        see = jax.vmap(lambda p: _surroundings(shape, p, self.probes))
        return LatentCloud(pose, see(pose), jnp.full(len(pose), self.window))

    def __call__(self, observation: Latents) -> Latents:
        """Embed what is seen, let all latents of both clouds attend to each other."""
        grid, wall = observation
        context = jnp.concatenate([jax.vmap(self.embed_grid)(grid.context), jax.vmap(self.embed_wall)(wall.context)])
        pose = jnp.concatenate([grid.pose, wall.pose])
        at_grid, on_wall = jnp.split(self.mixer(context, pose), [len(grid.pose)])
        return LatentCloud(grid.pose, at_grid, grid.window), LatentCloud(wall.pose, on_wall, wall.window)


def _surroundings(shape: Shape, pose: Float[Array, " dim"], probes: tuple[float, ...]) -> Float[Array, " features"]:
    """Signed distance at the pose, its relative change at rings of probes, and the way to the bounds."""
    angles = 2 * jnp.pi * jnp.arange(_DIRECTIONS) / _DIRECTIONS
    ring = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
    radii = jnp.repeat(jnp.asarray(probes), _DIRECTIONS)
    offsets = jnp.tile(ring, (len(probes), 1)) * radii[:, None]
    here = signed_distance(shape.facets, pose)
    around = jax.vmap(lambda offset: signed_distance(shape.facets, pose + offset))(offsets)
    to_box = jnp.concatenate([pose - shape.box[0], shape.box[1] - pose])
    near_box = jnp.exp(-jnp.abs(to_box) / _NEAR_BOX)
    return jnp.concatenate([distance_features(here), (around - here) / radii, to_box, near_box])


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

    def observe(self, shape: Shape, placement: Placement = 0) -> tuple[LatentCloud, Array, Array]:
        """Empty latents on their grid, sample points, and the signed distance there."""
        pose = grid_points(shape.box, self.grid, placement)
        window = jnp.broadcast_to(self.window * grid_spacing(shape.box, self.grid), pose.shape[:1])
        points = grid_points(shape.box, self.samples)
        distance = jax.vmap(lambda point: signed_distance(shape.facets, point))(points)
        return LatentCloud(pose, jnp.zeros((len(pose), 0)), window), points, distance

    def __call__(self, observation: tuple[LatentCloud, Array, Array]) -> Latents:
        """The contexts after all inner steps; differentiable through them (second order)."""
        cloud = observation[0]
        context = self.start
        for _ in range(self.steps):
            gradient = jax.grad(lambda c: self._misfit(c, observation))(context)
            context = context - jnp.exp(self.log_rate) * gradient
        return (LatentCloud(cloud.pose, context, cloud.window),)

    def reconstruction_loss(self, observation: tuple[LatentCloud, Array, Array]) -> Float[Array, ""]:
        """The outer loss: the mean squared misfit of the signed distance with the fitted contexts."""
        return self._misfit(self(observation)[0].context, observation)

    def _misfit(self, context: Float[Array, "latents width"], observation: tuple) -> Float[Array, ""]:
        cloud, points, distance = observation
        prepared = self.field.prepare(LatentCloud(cloud.pose, context, cloud.window))
        guess = jax.vmap(lambda point: self.field(prepared, point, jnp.zeros(0))[0])(points)
        return jnp.mean((guess - distance) ** 2)
