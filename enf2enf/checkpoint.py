"""A surrogate in one file: a zip of `manifest.json` and one array per tree path. Data only, nothing is executed."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax

import enf2enf_meshes
from enf2enf.archive import open_archive, read_arrays, write_archive
from enf2enf.assessment import Ranges
from enf2enf.dimensionless import LARGEST_SINGLE
from enf2enf.errors import CheckpointError, Enf2EnfError, check_keys
from enf2enf.model.config import ModelConfig
from enf2enf.normalise import Normaliser
from enf2enf.precision import single
from enf2enf.settings import from_dict
from enf2enf.surrogate import Surrogate

_FORMAT, _VERSION = "enf2enf-checkpoint", 4
_NAME = re.compile(r"\w+")  # of a shipped one; of a file that is called so too
_SHORTEST = 1e-6  # reference lengths
_RENAMED = {  # of array paths: in version 2 -> in version 3
    ".mixer.": ".transformer.",
    ".norm_asker.": ".norm_query.",
}
_CONSTANTS = {  # lengths that were no part of a configuration before version 4
    "latent_reaches": [0.15, 2.0],
    "decays": [0.02, 0.05, 0.1, 0.2, 0.4],
}


def save(path: str | os.PathLike, surrogate: Surrogate) -> None:
    """Write config, schema, normaliser, provenance and weights; the file appears whole or not at all."""
    manifest = {
        "format": _FORMAT,
        "version": _VERSION,
        "config": surrogate.config.to_dict(),
        "normaliser": surrogate.normaliser.to_dict(),
        "provenance": surrogate.provenance,
        "shapes": None if surrogate.shapes is None else surrogate.shapes.to_dict(),
    }
    write_archive(path, manifest, surrogate.model)


@single
def load(path: str | os.PathLike) -> Surrogate:
    """Read a checkpoint, of this version or of versions 2 and 3.

    Args:
        path: of the file, or the name of a shipped one, such as `elasticity`.

    Raises:
        CheckpointError: it is damaged, foreign, or of another version.
    """
    if isinstance(path, str) and _NAME.fullmatch(path):
        path = enf2enf_meshes.checkpoint(path)
    with open_archive(path, _FORMAT, _VERSION, 3, 2) as (archive, manifest):
        version = manifest["version"]
        try:
            for part in ("provenance", "config", "normaliser"):
                _check_numbers(part, manifest[part])
            provenance = dict(manifest["provenance"])
            if not isinstance(provenance.get("metrics", {}), Mapping):
                raise CheckpointError("provenance.metrics", "a table", repr(provenance["metrics"])[:80])
            config = from_dict(ModelConfig, _upgraded(manifest["config"], version), "config")
            normaliser = Normaliser.from_dict(manifest["normaliser"])
            _check_frames(config, normaliser)
            shapes = manifest["shapes"] if version == _VERSION else None
            shapes = None if shapes is None else Ranges.from_dict(shapes)
            features = normaliser.condition_features
            build = lambda key: config.build(normaliser.schema, features, key=key)  # noqa: E731
            template = eqx.filter_eval_shape(build, jax.random.key(0))
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            reason = str(error) if isinstance(error, Enf2EnfError) else f"an incomplete one ({error})"
            raise CheckpointError(Path(path).name, "a manifest that describes a model", reason) from error
        model = read_arrays(archive, template, _RENAMED if version == 2 else {})
        return Surrogate(model, config, normaliser, provenance, shapes)


def _check_numbers(name: str, plain: Any) -> None:
    """Refuses numbers that are not finite as float32, in which a network computes."""
    if isinstance(plain, Mapping | list):
        for key, value in plain.items() if isinstance(plain, Mapping) else enumerate(plain):
            _check_numbers(f"{name}.{key}", value)
    elif isinstance(plain, int | float) and not abs(plain) <= LARGEST_SINGLE:
        raise CheckpointError(name, "a finite number within the range of float32", str(plain)[:80])


def _check_frames(config: ModelConfig, normaliser: Normaliser) -> None:
    """Refuses frames that are none of the schema, or whose box is no length in single precision."""
    config.frames.check(normaliser.schema)
    if config.lengths != "stated":
        raise CheckpointError("config.lengths", "stated, as they are once a model is trained", config.lengths)
    corners = config.frames.box
    if corners and min(high - low for low, high in zip(*corners, strict=True)) < _SHORTEST:
        raise CheckpointError("config.frames.box", f"sides of {_SHORTEST:g} reference lengths or more", str(corners))


def _upgraded(config: Mapping[str, Any], version: int) -> Mapping[str, Any]:
    """A model's configuration of an older version in the words of this one."""
    if version > 2:  # from then on they decide what is answered
        for part, keys in (("config", {"frames"}), ("config.frames", {"anchor", "reflections"})):
            table = config if part == "config" else config["frames"]
            check_keys(CheckpointError, part, table, keys, set(table))
    if version == _VERSION:
        return config
    plain = dict(config)
    if version == 2:
        plain |= {"panels": plain.pop("facets"), "frames": {"reflections": plain.pop("mirror", [])}}
    return plain | {part: _with_lengths(plain[part]) for part in ("encoder", "decoder")}


def _with_lengths(part: Mapping[str, Any]) -> Mapping[str, Any]:
    """The configuration of an encoder or decoder with what was constant, or followed from other lengths."""
    if part["kind"] == "amortised":
        return {**part, **_CONSTANTS, "wall_window": part["window"], "box_decay": 0.1}
    if part["kind"] == "rotary":
        longest, shortest = part["wavelengths"]
        return {**part, **_CONSTANTS, "point_wavelengths": [longest, shortest / 2]}
    return part
