"""Model configurations: frozen, complete, and able to build what they describe."""

import dataclasses
from typing import Any, Literal

import jax
from jaxtyping import PRNGKeyArray

from enf2enf.errors import ConfigError
from enf2enf.geometry.frames import FrameConfig
from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.field_decoder import FieldConfig
from enf2enf.model.meta import MetaConfig
from enf2enf.model.network import Network
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.nn.bi_invariant import BI_INVARIANTS
from enf2enf.schema import Schema
from enf2enf.settings import LARGEST


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The whole model.

    Args:
        panels: number of segments that the smooth curve of the wall is cut into.
        bi_invariant: `translation`, or `absolute` for the ablation without symmetry.
        frames: in which a geometry is seen: mirror images, for one thing.
    """

    encoder: AmortisedConfig | MetaConfig = AmortisedConfig()
    decoder: RotaryConfig | FieldConfig = RotaryConfig()
    panels: int = 384
    bi_invariant: Literal["translation", "absolute"] = "translation"
    frames: FrameConfig = FrameConfig()

    def __post_init__(self):
        if isinstance(self.decoder, FieldConfig) and isinstance(self.encoder, AmortisedConfig):
            raise ConfigError("decoder", "rotary, which attends to both clouds of an amortised encoder", "field")
        if not 3 <= self.panels <= LARGEST:
            raise ConfigError("panels", f"3 to {LARGEST}", str(self.panels))
        if isinstance(self.encoder, AmortisedConfig) and self.panels % self.encoder.wall:
            raise ConfigError("panels", f"a multiple of wall = {self.encoder.wall}", str(self.panels))

    def build(self, schema: Schema, condition_features: int, *, key: PRNGKeyArray) -> Network:
        """The untrained model for this schema and this number of condition features."""
        if schema.dim != 2:
            raise ConfigError("dim of the schema", "2 (walls are polygons)", str(schema.dim))
        keys = jax.random.split(key)
        bi_invariant = BI_INVARIANTS[self.bi_invariant]()
        encoder = self.encoder.build(bi_invariant, schema.dim, key=keys[0])
        context = self.encoder.width if isinstance(self.encoder, AmortisedConfig) else self.encoder.context
        decoder = self.decoder.build(bi_invariant, context, schema, condition_features, key=keys[1])
        return Network(encoder, decoder)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return dataclasses.asdict(self)
