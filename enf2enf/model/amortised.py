"""The encoder of the `fast` preset: one forward pass from what latents see of the wall."""

import dataclasses
from typing import Literal

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from enf2enf.model.encoder import AbstractEncoder, AbstractEncoderConfig
from enf2enf.model.panels import Panels
from enf2enf.model.placement import Placement, grid_points, wall_points
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.distance import signed_distance
from enf2enf.nn.embedding import DISTANCE_FEATURES, distance_features
from enf2enf.nn.latents import LatentCloud, Latents
from enf2enf.nn.transformer import LatentTransformer
from enf2enf.settings import check_ranges, options_of

_DIRECTIONS = 8
_NEAR_BOX = 0.1  # reference lengths over which a latent feels how near a side of the bounds is


@dataclasses.dataclass(frozen=True)
class AmortisedConfig(AbstractEncoderConfig):
    """An `AmortisedEncoder`; lengths are in reference lengths."""

    kind: Literal["amortised"] = "amortised"
    width: int = 96
    heads: int = 4
    blocks: int = 2
    expansion: int = 4
    wavelengths: tuple[float, float] = (2.0, 0.12)
    grid: int = 8
    wall: int = 48
    window: float = 0.5
    probes: tuple[float, ...] = (0.02, 0.06, 0.18)

    clouds = 2  # in the domain, and on the wall
    reconstructs = False  # it learns with the decoder

    def __post_init__(self):
        check_ranges(self)

    @property
    def outputs(self) -> int:
        """Width of the contexts."""
        return self.width

    @property
    def panels_multiple(self) -> int:
        """Every latent on the wall begins a run of as many panels."""
        return self.wall

    def build(self, bi_invariant: AbstractBiInvariant, dim: int, *, key: PRNGKeyArray) -> AbstractEncoder:
        """The untrained encoder. It sees the wall through its own translation-invariant probes."""
        return AmortisedEncoder(dim, **options_of(self), key=key)


class AmortisedEncoder(AbstractEncoder):
    """One forward pass: latents in the domain and on the wall start from what they see, then talk.

    Every latent probes the signed distance around its pose, which it knows relative to itself, and its
    distances to the sides of the bounds: all are invariant to translation, and so is the rotary
    self-attention that follows.
    """

    embed_grid: eqx.nn.MLP
    embed_wall: eqx.nn.MLP
    transformer: LatentTransformer
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
        self.transformer = LatentTransformer(dim, width, heads, blocks, expansion, wavelengths, key=keys[2])
        self.grid, self.wall, self.window, self.probes = grid, wall, window, probes

    def measure(self, panels: Panels, placement: Placement = 0) -> Latents:
        """Both clouds, with what each latent sees as its context."""
        poses = grid_points(panels.box, self.grid, placement), wall_points(panels, self.wall, placement)
        return tuple(self._measured(panels, pose) for pose in poses)

    def _measured(self, panels: Panels, pose: Float[Array, "latents dim"]) -> LatentCloud:
        see = jax.vmap(lambda p: _surroundings(panels, p, self.probes))
        return LatentCloud(pose, see(pose), jnp.full(len(pose), self.window))

    def __call__(self, measurements: Latents) -> Latents:
        """Embed what is seen, let all latents of both clouds attend to each other."""
        grid, wall = measurements
        context = jnp.concatenate([jax.vmap(self.embed_grid)(grid.context), jax.vmap(self.embed_wall)(wall.context)])
        pose = jnp.concatenate([grid.pose, wall.pose])
        at_grid, on_wall = jnp.split(self.transformer(context, pose), [len(grid.pose)])
        return LatentCloud(grid.pose, at_grid, grid.window), LatentCloud(wall.pose, on_wall, wall.window)


def _surroundings(panels: Panels, pose: Float[Array, " dim"], probes: tuple[float, ...]) -> Float[Array, " features"]:
    """Signed distance at the pose, its relative change at rings of probes, and the way to the bounds."""
    angles = 2 * jnp.pi * jnp.arange(_DIRECTIONS) / _DIRECTIONS
    ring = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
    radii = jnp.repeat(jnp.asarray(probes), _DIRECTIONS)
    offsets = jnp.tile(ring, (len(probes), 1)) * radii[:, None]
    here = signed_distance(panels.vertices, pose)
    around = jax.vmap(lambda offset: signed_distance(panels.vertices, pose + offset))(offsets)
    to_box = jnp.concatenate([pose - panels.box[0], panels.box[1] - pose])
    near_box = jnp.exp(-jnp.abs(to_box) / _NEAR_BOX)
    return jnp.concatenate([distance_features(here), (around - here) / radii, to_box, near_box])
