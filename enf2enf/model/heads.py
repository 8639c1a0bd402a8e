"""From the hidden features of a point to the fields."""

import jax.numpy as jnp
from jaxtyping import Array, Float

from enf2enf.schema import Schema

_TINY = 1e-6  # keeps a length differentiable at 0


def magnitude_head(
    hidden: Float[Array, "points width"],
    response: Float[Array, "outputs parts features"],
    offset: Float[Array, " outputs"],
) -> Float[Array, "points outputs"]:
    """a + |b| + offset, the number a and the vector b linear in the features.

    Args:
        hidden: features of the points.
        response: weights of a, then of the components of b, on the features and on 1.
        offset: one constant per output.
    """
    weight, bias = response[..., :-1], response[..., -1]
    parts = jnp.einsum("nf,opf->nop", hidden, weight) + bias
    return parts[..., 0] + jnp.sqrt(jnp.sum(parts[..., 1:] ** 2, axis=-1) + _TINY) + offset


def drives(schema: Schema, conditions: Float[Array, " conditions"]) -> Float[Array, "outputs drives"]:
    """What every output is linear in: the direction of the vector condition it scales with, or 1.

    Args:
        conditions: as `Normaliser.condition` returns them: all levels, then the directions of all vectors.
    """
    vectors = [quantity.name for quantity in schema.conditions if quantity.kind == "vector"]
    directions = conditions[schema.condition_width :].reshape(len(vectors), schema.dim)
    rows = []
    for field in schema.fields:
        linear = [name for name, power in field.powers if power == 1 and name in vectors]
        row = jnp.append(directions[vectors.index(linear[0])], 0.0) if linear else jnp.eye(schema.dim + 1)[-1]
        rows += [row] * field.width(schema.dim)
    return jnp.stack(rows)
