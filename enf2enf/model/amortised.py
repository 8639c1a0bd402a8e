"""The encoder of the `fast` preset: one forward pass from what latents see of the wall."""

import dataclasses
from typing import Literal, Self

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from enf2enf.model.encoder import AbstractEncoder, AbstractEncoderConfig
from enf2enf.model.lengths import Scales, rounded
from enf2enf.model.panels import Panels
from enf2enf.model.placement import Placement, grid_points, wall_points
from enf2enf.nn.bi_invariant import AbstractBiInvariant
from enf2enf.nn.distance import signed_distance
from enf2enf.nn.embedding import distance_features
from enf2enf.nn.identity import identity
from enf2enf.nn.latents import LatentCloud, Latents
from enf2enf.nn.transformer import LatentTransformer
from enf2enf.settings import check_number, check_ranges, options_of

_DIRECTIONS = 8
_NARROWEST = 1e-3


@dataclasses.dataclass(frozen=True)
class AmortisedConfig(AbstractEncoderConfig):
    """An `AmortisedEncoder`; lengths are in reference lengths.

    Args:
        width, heads, blocks, expansion: of the attention among the latents.
        wavelengths: of its waves, the longest and the shortest.
        latent_reaches: of its windows at first, the narrowest and the widest.
        grid, wall: numbers of latents, along each side of the box and on the wall.
        window, wall_window: how far from the latents of the grid, and of the wall, points are that attend to them.
        narrowest: the smallest factor on `wall_window`. Latents closer to their neighbours on the wall than the mean
            have windows smaller in proportion, down to this factor. At 1 all windows are the same.
        probes: how far around itself a latent feels for the wall.
        decays: lengths over which nearness to the wall fades.
        box_decay: the same of the sides of the box.
    """

    kind: Literal["amortised"] = "amortised"
    width: int = 96
    heads: int = 4
    blocks: int = 2
    expansion: int = 4
    wavelengths: tuple[float, float] = (2.0, 0.12)
    latent_reaches: tuple[float, float] = (0.15, 2.0)
    grid: int = 8
    wall: int = 48
    window: float = 0.5
    wall_window: float = 0.5
    narrowest: float = 1.0
    probes: tuple[float, ...] = (0.02, 0.06, 0.18)
    decays: tuple[float, ...] = (0.02, 0.05, 0.1, 0.2, 0.4)
    box_decay: float = 0.1

    clouds = 2  # in the domain, and on the wall
    reconstructs = False  # it learns with the decoder

    def __post_init__(self):
        check_number(f"{self.kind}.narrowest", self.narrowest, _NARROWEST, 1.0)
        check_ranges(self)

    @property
    def outputs(self) -> int:
        """Width of the contexts."""
        return self.width

    @property
    def panels_multiple(self) -> int:
        """The number of latents on the wall: each begins an equal run of panels."""
        return self.wall

    def spacing(self, scales: Scales) -> float:
        """Between neighbours on the wall."""
        return scales.perimeter / self.wall

    def at(self, scales: Scales) -> Self:
        """Windows of 4 cells of the grid, which covers the box, and of 12 neighbours to either side on the wall."""
        spacing = self.spacing(scales)
        return dataclasses.replace(
            self,
            wavelengths=scales.wavelengths(4 * spacing),
            latent_reaches=scales.reaches(spacing),
            window=rounded(4 * scales.largest / self.grid),
            wall_window=rounded(12 * spacing),
            probes=scales.probes,
            decays=scales.decays,
            box_decay=scales.box_decay,
        )

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
    windows: tuple[float, float] = eqx.field(static=True)
    narrowest: float = eqx.field(static=True)
    probes: tuple[float, ...] = eqx.field(static=True)
    decays: tuple[float, ...] = eqx.field(static=True)
    box_decay: float = eqx.field(static=True)

    def __init__(
        self,
        dim: int,
        width: int,
        heads: int,
        blocks: int,
        expansion: int,
        wavelengths: tuple[float, float],
        latent_reaches: tuple[float, float],
        grid: int,
        wall: int,
        window: float,
        wall_window: float,
        narrowest: float,
        probes: tuple[float, ...],
        decays: tuple[float, ...],
        box_decay: float,
        *,
        key: PRNGKeyArray,
    ):
        keys = jax.random.split(key, 3)
        features = 1 + len(decays) + _DIRECTIONS * len(probes) + 4 * dim
        self.embed_grid = eqx.nn.MLP(features, width, width, 1, jax.nn.gelu, identity, key=keys[0])
        self.embed_wall = eqx.nn.MLP(features, width, width, 1, jax.nn.gelu, identity, key=keys[1])
        self.transformer = LatentTransformer(
            dim, width, heads, blocks, expansion, wavelengths, latent_reaches, key=keys[2]
        )
        self.grid, self.wall, self.windows = grid, wall, (window, wall_window)
        self.probes, self.decays, self.box_decay, self.narrowest = probes, decays, box_decay, narrowest

    def measure(self, panels: Panels, placement: Placement = 0) -> Latents:
        """Both clouds, with what each latent sees as its context."""
        poses = grid_points(panels.box, self.grid, placement), wall_points(panels, self.wall, placement)
        see = jax.vmap(lambda pose: self._surroundings(panels, pose))
        windows = [jnp.full(len(pose), window) for pose, window in zip(poses, self.windows, strict=True)]
        if self.narrowest < 1:
            windows[1] *= _closeness(poses[1], self.narrowest)
        pairs = zip(poses, windows, strict=True)
        return tuple(LatentCloud(pose, see(pose), window) for pose, window in pairs)

    def _surroundings(self, panels: Panels, pose: Float[Array, " dim"]) -> Float[Array, " features"]:
        """Signed distance at the pose, its relative change at rings of probes, and the way to the bounds."""
        angles = 2 * jnp.pi * jnp.arange(_DIRECTIONS) / _DIRECTIONS
        ring = jnp.stack([jnp.cos(angles), jnp.sin(angles)], axis=1)
        radii = jnp.repeat(jnp.asarray(self.probes), _DIRECTIONS)
        offsets = jnp.tile(ring, (len(self.probes), 1)) * radii[:, None]
        distance = lambda point: signed_distance(panels.vertices, point, panels.is_wall)  # noqa: E731
        here, around = distance(pose), jax.vmap(lambda offset: distance(pose + offset))(offsets)
        to_box = jnp.concatenate([pose - panels.box[0], panels.box[1] - pose])
        near_box = jnp.exp(-jnp.abs(to_box) / self.box_decay)
        return jnp.concatenate([distance_features(here, self.decays), (around - here) / radii, to_box, near_box])

    def __call__(self, measurements: Latents) -> Latents:
        """Embed what is seen, let all latents of both clouds attend to each other."""
        grid, wall = measurements
        context = jnp.concatenate([jax.vmap(self.embed_grid)(grid.context), jax.vmap(self.embed_wall)(wall.context)])
        pose = jnp.concatenate([grid.pose, wall.pose])
        at_grid, on_wall = jnp.split(self.transformer(context, pose), [len(grid.pose)])
        return LatentCloud(grid.pose, at_grid, grid.window), LatentCloud(wall.pose, on_wall, wall.window)


def _closeness(pose: Float[Array, "latents dim"], least: float) -> Float[Array, " latents"]:
    """How far every latent of a wall is from its neighbours, over the mean of all, from `least` to 1."""
    gap = jnp.sqrt(jnp.sum((jnp.roll(pose, -1, axis=0) - pose) ** 2, axis=1))
    own = gap + jnp.roll(gap, 1)
    return jnp.clip(own / jnp.mean(own), least, 1.0)
