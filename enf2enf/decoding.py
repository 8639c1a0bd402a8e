"""Points in metres into fields in SI units, a chunk at a time, on all cores."""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from enf2enf.cores import cores, threads
from enf2enf.encoding import Encoding
from enf2enf.latents import Latents
from enf2enf.model.decode import BLOCK, Prepared
from enf2enf.model.enf2enf import Enf2Enf
from enf2enf.model.shape import Shape
from enf2enf.normalise import Normaliser
from enf2enf.spatial import compact_order

CHUNK = 4096
"""Points that one compiled program takes at most; there is one program, whatever is asked."""
_GROUP = 256  # points of a group on a CPU: what they need fits a core's cache, and no request is padded by more
_SORTED = 65_536  # points that are sorted at a time


class Decoding:
    """The fields of one geometry under one row of conditions.

    Args:
        model, normaliser: of the surrogate.
        encoding: the geometry.
        row: the conditions, as `Normaliser.condition_row` returns them.
    """

    def __init__(self, model: Enf2Enf, normaliser: Normaliser, encoding: Encoding, row: Float[np.ndarray, " inputs"]):
        self._model, self._encoding, self._length = model, encoding, normaliser.length
        self._gain, self._offset = normaliser.affine(row)
        self._prepared = _condition(model, encoding.latents, jnp.asarray(normaliser.condition(row)))

    def __call__(self, points: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, "points components"]:
        """Any number of points, float32; NaN inside bodies and outside the domain."""
        values = np.empty((len(points), len(self._gain)), np.float32)
        for start in range(0, len(points), _SORTED):
            part, answers = points[start : start + _SORTED], values[start : start + _SORTED]
            order = self._order(part)
            for first in range(0, len(part), CHUNK):
                chosen = order[first : first + CHUNK]
                answers[chosen] = self.chunk(part[chosen])
        return values

    def chunk(self, points: Float[np.ndarray, "points dim"]) -> Float[np.ndarray, "points components"]:
        """The same for up to `CHUNK` points, in groups that are shared out to the cores."""
        centre = self._encoding.geometry.bounds.mean(axis=0)
        local = ((points - centre) / self._length).astype(np.float32)
        size = _GROUP if jax.default_backend() == "cpu" else CHUNK
        share = size * max(1, -(-len(points) // (size * cores())))
        parts = [local[start : start + share] for start in range(0, len(points), share)]
        normalised = threads().map(lambda part: self._answer(part, size), parts)
        inside = self._encoding.geometry.contains(points)  # while the threads compute
        values = np.concatenate([np.zeros((0, len(self._gain))), *normalised]) * self._gain + self._offset
        values[~inside] = np.nan
        return values.astype(np.float32)

    def _order(self, points: Float[np.ndarray, "points dim"]) -> np.ndarray:
        local = self._model.decoder.is_local(self._prepared)
        return compact_order(points, BLOCK) if local else np.arange(len(points))

    def _answer(self, local: Float[np.ndarray, "points dim"], size: int) -> Float[np.ndarray, "points components"]:
        padded = np.tile(local[-1], (CHUNK, 1))
        padded[: len(local)] = local
        groups = padded.reshape(-1, size, local.shape[1])
        count = jnp.asarray(-(-len(local) // size), jnp.int32)
        fields = _decode(self._model, self._prepared, self._encoding.shape, groups, count)
        return np.asarray(fields, np.float64).reshape(CHUNK, -1)[: len(local)]


@eqx.filter_jit
def _condition(model: Enf2Enf, latents: Latents, conditions: Array) -> Prepared:
    return model.decoder.condition(latents, conditions)


@eqx.filter_jit
def _decode(model: Enf2Enf, prepared: Prepared, shape: Shape, groups: Array, count: Array) -> Array:
    return model.decode(prepared, shape, groups, count)
