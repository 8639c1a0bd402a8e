"""Model configurations: frozen, complete, and able to build what they describe."""

import dataclasses
from typing import Any, Literal

import jax
from jaxtyping import PRNGKeyArray

from enf2enf.errors import ConfigError
from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.field_decoder import FieldConfig
from enf2enf.model.meta import MetaConfig
from enf2enf.model.network import Enf2Enf
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.nn.bi_invariant import BI_INVARIANTS
from enf2enf.schema import Schema
from enf2enf.settings import LARGEST


@dataclasses.dataclass(frozen=True)
class ModelConfig:
    """The whole model.

    Args:
        facets: number of segments that the smooth curve of the wall is cut into.
        bi_invariant: `translation`, or `absolute` for the ablation without symmetry.
        mirror: axes along which the problem is its own mirror image. Every case is then trained mirrored too, and an
            answer is the mean over the geometry and its images, turned back, at as many times the cost. Vectors are
            reflected; scalars must be the same in the mirror, which a shear stress or a vorticity is not.
    """

    encoder: AmortisedConfig | MetaConfig = AmortisedConfig()
    decoder: RotaryConfig | FieldConfig = RotaryConfig()
    facets: int = 384
    bi_invariant: Literal["translation", "absolute"] = "translation"
    mirror: tuple[Literal["x", "y"], ...] = ()

    def __post_init__(self):
        if len(set(self.mirror)) < len(self.mirror):
            raise ConfigError("model.mirror", "no axis twice", repr(list(self.mirror)))
        if isinstance(self.decoder, FieldConfig) and isinstance(self.encoder, AmortisedConfig):
            raise ConfigError("decoder", "rotary, which hears both clouds of an amortised encoder", "field")
        if not 3 <= self.facets <= LARGEST:
            raise ConfigError("facets", f"3 to {LARGEST}", str(self.facets))
        if isinstance(self.encoder, AmortisedConfig) and self.facets % self.encoder.wall:
            raise ConfigError("facets", f"a multiple of wall = {self.encoder.wall}", str(self.facets))

    def build(self, schema: Schema, condition_features: int, *, key: PRNGKeyArray) -> Enf2Enf:
        """The untrained model for this schema and this number of condition features."""
        if schema.dim != 2:
            raise ConfigError("dim of the schema", "2 (walls are polygons)", str(schema.dim))
        keys = jax.random.split(key)
        bi_invariant = BI_INVARIANTS[self.bi_invariant]()
        encoder = self.encoder.build(bi_invariant, schema.dim, key=keys[0])
        context = self.encoder.width if isinstance(self.encoder, AmortisedConfig) else self.encoder.context
        decoder = self.decoder.build(bi_invariant, context, schema, condition_features, key=keys[1])
        return Enf2Enf(encoder, decoder)

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        return dataclasses.asdict(self)
