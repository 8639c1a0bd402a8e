"""What networks are told of positions and distances."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray


def distance_features(distance: Float[Array, ""], decays: tuple[float, ...]) -> Float[Array, " features"]:
    """A signed distance to the wall, and how near that is: one feature for every length over which nearness fades."""
    return jnp.append(jnp.exp(-jnp.abs(distance) / jnp.asarray(decays)), distance)


class FourierFeatures(eqx.Module):
    """x -> (x, sin(2 pi B x), cos(2 pi B x)) with B drawn once and never trained (Tancik et al. 2020, eq. 5).

    Args:
        inputs: width of x.
        frequencies: rows of B.
        deviations: B ~ N(0, deviation^2), in cycles per unit of x; several values share the rows evenly,
            lowest first, so that one layer sees a spectrum of scales.
    """

    matrix: Float[Array, "frequencies inputs"]

    def __init__(self, inputs: int, frequencies: int, deviations: tuple[float, ...], *, key: PRNGKeyArray):
        scale = jnp.repeat(jnp.asarray(deviations), -(-frequencies // len(deviations)))[:frequencies]
        self.matrix = scale[:, None] * jax.random.normal(key, (frequencies, inputs))

    @property
    def width(self) -> int:
        """Number of features."""
        frequencies, inputs = self.matrix.shape
        return inputs + 2 * frequencies

    def __call__(self, x: Float[Array, " inputs"]) -> Float[Array, " features"]:
        """The features of one vector."""
        phase = 2 * jnp.pi * jax.lax.stop_gradient(self.matrix) @ x
        return jnp.concatenate([x, jnp.sin(phase), jnp.cos(phase)])
