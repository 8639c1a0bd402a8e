"""Transolver (Wu et al. 2024, arXiv 2402.02366), written from the paper: one case of nodes in, its fields out.

Where the paper is silent, its published settings for Elasticity decide: exact GELU, an initial temperature of 1/2,
weights drawn with deviation 0.02, zero biases, projections to slices and among tokens shared by the heads.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, PRNGKeyArray

_DEVIATION = 0.02  # of initial weights
_TEMPERATURE = 0.5  # initial
_TINY = 1e-5  # beside the sum of a slice's weights


class PhysicsAttention(eqx.Module):
    """Attention among learned slices of the domain (eqs. 1 to 4).

    Nodes are shared out to slices by a softmax, each slice's mean is a token, tokens attend to each other, and every
    node gets back the tokens by the same weights. Cost is linear in the number of nodes.
    """

    place: eqx.nn.Linear
    feature: eqx.nn.Linear
    share: eqx.nn.Linear
    query: eqx.nn.Linear
    key: eqx.nn.Linear
    value: eqx.nn.Linear
    merge: eqx.nn.Linear
    temperature: Float[Array, " heads"]

    def __init__(self, width: int, heads: int, slices: int, *, key: PRNGKeyArray):
        keys, inner = jax.random.split(key, 7), width // heads
        self.place, self.feature, self.merge = (_linear(width, width, key=k) for k in keys[:3])
        self.share = _linear(inner, slices, key=keys[3])
        self.query, self.key, self.value = (_linear(inner, inner, use_bias=False, key=k) for k in keys[4:])
        self.temperature = jnp.full(heads, _TEMPERATURE)

    def __call__(self, x: Float[Array, "nodes width"], valid: Bool[Array, " nodes"]) -> Float[Array, "nodes width"]:
        """What every node hears; nodes that are not valid are not heard."""
        weights = jax.nn.softmax(self._scores(x), axis=1)  # eq. 1
        features = self._by_head(self.feature, x)
        counted = jnp.concatenate([features, jnp.ones_like(features[:, :1])], axis=1) * valid  # the last sums weights
        sums = jnp.einsum("hsn,hcn->hsc", weights, counted)
        tokens = self._attend(sums[..., :-1] / (sums[..., -1:] + _TINY))  # eq. 2
        heard = jnp.einsum("hsn,hsc->hcn", weights, tokens)  # eq. 4
        return jax.vmap(self.merge, in_axes=1)(heard.reshape(-1, len(x)))

    def _scores(self, x: Float[Array, "nodes width"]) -> Float[Array, "heads slices nodes"]:
        """share(place(x)) / temperature, divided before `share`, where numbers are fewest."""
        heat = self.temperature[:, None, None]
        cooled = self._by_head(self.place, x) / heat
        return jnp.einsum("sc,hcn->hsn", self.share.weight, cooled) + self.share.bias[:, None] / heat

    def _attend(self, tokens: Float[Array, "heads slices inner"]) -> Float[Array, "heads slices inner"]:
        """Self-attention of the tokens of each head (eq. 3)."""
        query, key, value = (jax.vmap(jax.vmap(layer))(tokens) for layer in (self.query, self.key, self.value))
        scores = jnp.einsum("hqc,hkc->hqk", query, key) / jnp.sqrt(query.shape[-1])
        return jnp.einsum("hqk,hkc->hqc", jax.nn.softmax(scores, axis=-1), value)

    def _by_head(self, layer: eqx.nn.Linear, x: Float[Array, "nodes width"]) -> Float[Array, "heads inner nodes"]:
        """Nodes last: the products over nodes and slices then take a third less time on a CPU."""
        return jax.vmap(layer, out_axes=1)(x).reshape(len(self.temperature), -1, len(x))


class Perceptron(eqx.Module):
    """Two layers with GELU between them."""

    widen: eqx.nn.Linear
    narrow: eqx.nn.Linear

    def __init__(self, inputs: int, hidden: int, outputs: int, *, key: PRNGKeyArray):
        first, second = jax.random.split(key)
        self.widen, self.narrow = _linear(inputs, hidden, key=first), _linear(hidden, outputs, key=second)

    def __call__(self, x: Float[Array, "nodes inputs"]) -> Float[Array, "nodes outputs"]:
        """Of every node by itself."""
        return jax.vmap(self.narrow)(jax.nn.gelu(jax.vmap(self.widen)(x), approximate=False))


class Block(eqx.Module):
    """Pre-norm transformer block (eq. 5)."""

    norm_attention: eqx.nn.LayerNorm
    norm_perceptron: eqx.nn.LayerNorm
    attention: PhysicsAttention
    perceptron: Perceptron

    def __init__(self, width: int, heads: int, slices: int, expansion: int, *, key: PRNGKeyArray):
        first, second = jax.random.split(key)
        self.norm_attention, self.norm_perceptron = eqx.nn.LayerNorm(width), eqx.nn.LayerNorm(width)
        self.attention = PhysicsAttention(width, heads, slices, key=first)
        self.perceptron = Perceptron(width, expansion * width, width, key=second)

    def __call__(self, x: Float[Array, "nodes width"], valid: Bool[Array, " nodes"]) -> Float[Array, "nodes width"]:
        """The nodes after attention and perceptron, each added to what came in."""
        x = x + self.attention(jax.vmap(self.norm_attention)(x), valid)
        return x + self.perceptron(jax.vmap(self.norm_perceptron)(x))


class Transolver(eqx.Module):
    """From what is known of all nodes of a case, normalised, to the normalised fields at each.

    Defaults are the paper's for Elasticity, of which the coordinates are known. Nodes come in any order and number, and
    the answer at one depends on all.
    """

    embed: Perceptron
    offset: Float[Array, " width"]
    blocks: tuple[Block, ...]
    norm: eqx.nn.LayerNorm
    head: eqx.nn.Linear

    def __init__(
        self, inputs: int = 2, outputs: int = 1, width: int = 128, heads: int = 8, layers: int = 8, slices: int = 64,
        expansion: int = 1, *, key: PRNGKeyArray,
    ):  # fmt: skip
        embed, offset, head, *blocks = jax.random.split(key, 3 + layers)
        self.embed = Perceptron(inputs, 2 * width, width, key=embed)
        self.offset = jax.random.uniform(offset, (width,)) / width
        self.blocks = tuple(Block(width, heads, slices, expansion, key=k) for k in blocks)
        self.norm, self.head = eqx.nn.LayerNorm(width), _linear(width, outputs, key=head)

    def __call__(
        self, known: Float[Array, "nodes inputs"], valid: Bool[Array, " nodes"]
    ) -> Float[Array, "nodes outputs"]:
        """The fields at the nodes; at those that are not valid, which the others do not notice, it means nothing."""
        x = self.embed(known) + self.offset
        for block in self.blocks:
            x = block(x, valid)
        return jax.vmap(self.head)(jax.vmap(self.norm)(x))


def _linear(inputs: int, outputs: int, use_bias: bool = True, *, key: PRNGKeyArray) -> eqx.nn.Linear:
    layer = eqx.nn.Linear(inputs, outputs, use_bias, key=key)
    weight = _DEVIATION * jax.random.normal(key, layer.weight.shape)
    layer = eqx.tree_at(lambda new: new.weight, layer, weight)
    return eqx.tree_at(lambda new: new.bias, layer, jnp.zeros(outputs)) if use_bias else layer
