"""Model configurations: frozen, complete, and able to build what they describe."""

import dataclasses
import math
import tomllib
import typing
from collections.abc import Mapping
from importlib import resources
from typing import Any, Literal, TypeVar

import jax
from jaxtyping import PRNGKeyArray

from enf2enf.errors import ConfigError
from enf2enf.model.decode import AbstractDecoder, FieldDecoder
from enf2enf.model.encode import AbstractEncoder, AmortisedEncoder, MetaEncoder
from enf2enf.model.enf2enf import Enf2Enf
from enf2enf.model.rotary_decoder import RotaryDecoder
from enf2enf.nn.bi_invariant import BI_INVARIANTS, AbstractBiInvariant, Translation
from enf2enf.schema import Schema

_Config = TypeVar("_Config")
_LARGEST = 4096


def _options(config: Any) -> dict[str, Any]:
    """All settings but the kind, which has done its work by then."""
    return {field.name: getattr(config, field.name) for field in dataclasses.fields(config) if field.name != "kind"}


def _check_ranges(config: Any) -> None:
    """Refuse sizes that are none or beyond all reason, and lengths, deviations and rates that are not above 0."""
    for name, value in _options(config).items():
        least = 0 if name in ("blocks", "magnitude") else 1
        for number in value if isinstance(value, tuple) else (value,):
            if isinstance(number, int) and not least <= number <= _LARGEST:
                raise ConfigError(f"{config.kind}.{name}", f"a whole number from {least} to {_LARGEST}", str(number))
            if isinstance(number, float) and not 0 < number < math.inf:
                raise ConfigError(f"{config.kind}.{name}", "a number above 0", str(number))


@dataclasses.dataclass(frozen=True)
class AmortisedConfig:
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

    def __post_init__(self):
        _check_ranges(self)

    def build(self, bi_invariant: AbstractBiInvariant, dim: int, *, key: PRNGKeyArray) -> AbstractEncoder:
        """The untrained encoder. It sees the wall through its own translation-invariant probes."""
        return AmortisedEncoder(dim, **_options(self), key=key)


@dataclasses.dataclass(frozen=True)
class MetaConfig:
    """A `MetaEncoder`."""

    kind: Literal["meta"] = "meta"
    context: int = 8
    width: int = 128
    heads: int = 2
    deviation: float = 1.0
    grid: int = 3
    samples: int = 32
    steps: int = 3
    rate: float = 0.5
    window: float = 0.5

    def __post_init__(self):
        _check_ranges(self)

    def build(self, bi_invariant: AbstractBiInvariant, dim: int, *, key: PRNGKeyArray) -> AbstractEncoder:
        """The untrained encoder."""
        return MetaEncoder(bi_invariant, dim, **_options(self), key=key)


@dataclasses.dataclass(frozen=True)
class RotaryConfig:
    """A `RotaryDecoder`.

    Args:
        blocks, expansion: of the self-attention among the latents.
        wavelengths: of that attention; points hear waves down to half the shortest.
        reaches: how far every head listens to a latent, in units of the latent's window.
        layers, layer_expansion: blocks in which a point asks the latents, and the widening of their networks.
        magnitude: components of the vector whose magnitude is a part of every output.
    """

    kind: Literal["rotary"] = "rotary"
    width: int = 96
    heads: int = 4
    blocks: int = 2
    expansion: int = 4
    wavelengths: tuple[float, float] = (2.0, 0.12)
    reaches: tuple[float, ...] = (0.5, 0.7, 1.0, 1.4)
    layers: int = 2
    layer_expansion: int = 2
    magnitude: int = 4

    def __post_init__(self):
        _check_ranges(self)

    def build(
        self, bi_invariant: AbstractBiInvariant, context: int, schema: Schema, inputs: int, *, key: PRNGKeyArray
    ) -> AbstractDecoder:
        """The untrained decoder. Its bi-invariant is that of rotary attention, x - p."""
        if context != self.width:
            raise ConfigError("decoder width", f"the encoder's {context}", str(self.width))
        if not isinstance(bi_invariant, Translation):
            raise ConfigError("bi_invariant", "translation, the one of rotary attention", "another")
        return RotaryDecoder(schema, **_options(self), key=key)


@dataclasses.dataclass(frozen=True)
class FieldConfig:
    """A `FieldDecoder`."""

    kind: Literal["field"] = "field"
    width: int = 256
    heads: int = 2
    blocks: int = 2
    deviation: float = 0.5

    def __post_init__(self):
        _check_ranges(self)

    def build(
        self, bi_invariant: AbstractBiInvariant, context: int, schema: Schema, inputs: int, *, key: PRNGKeyArray
    ) -> AbstractDecoder:
        """The untrained decoder of `inputs` condition features."""
        return FieldDecoder(bi_invariant, schema.dim, context, inputs, schema.field_width, **_options(self), key=key)


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
        if not 3 <= self.facets <= _LARGEST:
            raise ConfigError("facets", f"3 to {_LARGEST}", str(self.facets))
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


def from_dict(config: type[_Config], plain: Mapping[str, Any], name: str) -> _Config:
    """Build a frozen configuration from plain data; an unknown key or a value of the wrong type is refused."""
    if not isinstance(plain, Mapping):
        raise ConfigError(name, "a table", repr(plain))
    hints = typing.get_type_hints(config)
    if unknown := sorted(plain.keys() - hints.keys()):
        raise ConfigError(name, f"keys among {sorted(hints)}", repr(unknown[0]))
    required = [f.name for f in dataclasses.fields(config) if _is_required(f)]
    if missing := [key for key in required if key not in plain]:
        raise ConfigError(name, f"the key {missing[0]!r}", "none")
    return config(**{key: _value(hints[key], value, f"{name}.{key}") for key, value in plain.items()})


def _is_required(field: dataclasses.Field) -> bool:
    return field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING


def _value(hint: Any, value: Any, name: str) -> Any:
    options = typing.get_args(hint)
    if typing.get_origin(hint) is Literal:
        if value not in options:
            raise ConfigError(name, " or ".join(options), repr(value))
        return value
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            raise ConfigError(name, "a list", repr(value))
        inner = [options[0]] * len(value) if options[-1] is Ellipsis else options
        if len(inner) != len(value):
            raise ConfigError(name, f"{len(inner)} values", str(len(value)))
        return tuple(_value(kind, item, name) for kind, item in zip(inner, value, strict=True))
    if typing.get_origin(hint) is dict:
        if not isinstance(value, Mapping):
            raise ConfigError(name, "a table", repr(value))
        return dict(value)
    if options:  # a union of configurations, told apart by their kind
        kinds = {typing.get_args(typing.get_type_hints(option)["kind"])[0]: option for option in options}
        kind = value.get("kind") if isinstance(value, Mapping) else value
        if kind not in kinds:
            raise ConfigError(f"{name}.kind", " or ".join(sorted(kinds)), repr(kind))
        return from_dict(kinds[kind], value, name)
    if dataclasses.is_dataclass(hint):
        return from_dict(hint, value, name)
    accepted = (int, float) if hint is float else hint
    if not isinstance(value, accepted) or (isinstance(value, bool) and hint is not bool):
        raise ConfigError(name, hint.__name__, repr(value))
    return hint(value)


def preset(name: str) -> dict[str, Any]:
    """The tables of a shipped preset, `fast` or `paper`."""
    folder = resources.files("enf2enf.model") / "presets"
    names = sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))
    if name not in names:
        raise ConfigError("preset", " or ".join(names), repr(name))
    return tomllib.loads((folder / f"{name}.toml").read_text())
