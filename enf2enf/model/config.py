"""Model configurations: frozen, complete, and able to build what they describe."""

import dataclasses
import functools
from typing import Any, Literal, Self

import equinox as eqx
import jax
from jaxtyping import PRNGKeyArray

from enf2enf.errors import ConfigError
from enf2enf.geometry.frames import FrameConfig
from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.decoder import AbstractDecoderConfig
from enf2enf.model.encoder import AbstractEncoderConfig
from enf2enf.model.field_decoder import FieldConfig
from enf2enf.model.lengths import Scales
from enf2enf.model.meta import MetaConfig
from enf2enf.model.network import Network
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.nn.bi_invariant import BI_INVARIANTS
from enf2enf.precision import single
from enf2enf.schema import Schema
from enf2enf.settings import LARGEST, check_number

__all__ = [
    "AmortisedConfig",
    "FieldConfig",
    "MetaConfig",
    "ModelConfig",
    "RotaryConfig",
]  # these define all shipped kinds

_MOST_TURNING = 100.0


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The whole model.

    Args:
        encoder, decoder: of any kind that is defined.
        panels: number of segments that the smooth curve of the wall is cut into.
        turning: the weight of a wall's turning beside its length when it is cut into panels: on a smooth convex body,
            turning / (1 + turning) of the panels follow the turning, most of it at a nose. At 0 all are equally long.
        bi_invariant: `translation`, or `absolute` for the ablation without symmetry.
        frames: in which a geometry is seen: mirror images, for one thing.
        lengths: `stated`: the lengths of this configuration. `data`: a run measures what its train split resolves,
            replaces the lengths of its configuration by ones that fit, and sets this to `stated`.
    """

    encoder: AbstractEncoderConfig = AmortisedConfig()
    decoder: AbstractDecoderConfig = RotaryConfig()
    panels: int = 384
    turning: float = 0.0
    bi_invariant: Literal["translation", "absolute"] = "translation"
    frames: FrameConfig = FrameConfig()
    lengths: Literal["stated", "data"] = "stated"

    def __post_init__(self):
        if self.encoder.clouds > self.decoder.most_clouds:
            wanted = f"one that attends to the {self.encoder.clouds} latent clouds of {self.encoder.kind!r}"
            raise ConfigError("decoder", wanted, repr(self.decoder.kind))
        if not 3 <= self.panels <= LARGEST:
            raise ConfigError("panels", f"3 to {LARGEST}", str(self.panels))
        check_number("turning", self.turning, 0.0, _MOST_TURNING)
        if self.panels % self.encoder.panels_multiple:
            raise ConfigError("panels", f"a multiple of wall = {self.encoder.panels_multiple}", str(self.panels))

    def at(self, scales: Scales) -> Self:
        """The same with lengths that fit such data, stated."""
        decoder = self.decoder.at(scales, self.encoder.spacing(scales))
        return dataclasses.replace(self, encoder=self.encoder.at(scales), decoder=decoder, lengths="stated")

    @single
    def build(self, schema: Schema, condition_features: int, *, key: PRNGKeyArray) -> Network:
        """The untrained model for this schema and this number of condition features.

        Models of equal arguments are one pytree structure, so that what was compiled for one serves all of them: those
        of a run, and the next version of a served model.
        """
        weights = eqx.filter(self._built(schema, condition_features, key), eqx.is_array)
        return eqx.combine(weights, _structure(self, schema, condition_features))

    def _built(self, schema: Schema, condition_features: int, key: PRNGKeyArray) -> Network:
        if schema.dim != 2:
            raise ConfigError("dim of the schema", "2 (walls are polygons)", str(schema.dim))
        keys = jax.random.split(key)
        bi_invariant = BI_INVARIANTS[self.bi_invariant]()
        encoder = self.encoder.build(bi_invariant, schema.dim, key=keys[0])
        decoder = self.decoder.build(bi_invariant, self.encoder.outputs, schema, condition_features, key=keys[1])
        return Network(encoder, decoder)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return dataclasses.asdict(self)


@functools.lru_cache(maxsize=32)
def _structure(config: ModelConfig, schema: Schema, condition_features: int) -> Network:
    """A model without its arrays, cached: networks hold functions, and two copies of these would not be equal."""
    model = eqx.filter_eval_shape(lambda key: config._built(schema, condition_features, key), jax.random.key(0))
    return eqx.filter(model, lambda leaf: isinstance(leaf, jax.ShapeDtypeStruct), inverse=True)
