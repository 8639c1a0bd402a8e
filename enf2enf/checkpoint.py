"""A surrogate in one file: a zip of `manifest.json` and one array per tree path. Data only, nothing is executed."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import equinox as eqx
import jax

from enf2enf.archive import open_archive, read_arrays, write_archive
from enf2enf.errors import CheckpointError, Enf2EnfError
from enf2enf.model.config import ModelConfig
from enf2enf.normalise import LARGEST_SINGLE, Normaliser
from enf2enf.precision import single
from enf2enf.settings import from_dict
from enf2enf.surrogate import Surrogate

_FORMAT, _VERSION = "enf2enf-checkpoint", 3
_RENAMED = {  # of array paths: in version 2 -> in version 3
    ".mixer.": ".transformer.",
    ".norm_asker.": ".norm_query.",
}


def save(path: str | os.PathLike, surrogate: Surrogate) -> None:
    """Write config, schema, normaliser, provenance and weights; the file appears whole or not at all."""
    manifest = {
        "format": _FORMAT,
        "version": _VERSION,
        "config": surrogate.config.to_dict(),
        "normaliser": surrogate.normaliser.to_dict(),
        "provenance": surrogate.provenance,
    }
    write_archive(path, manifest, surrogate.model)


@single
def load(path: str | os.PathLike) -> Surrogate:
    """Read a checkpoint, of this version or of version 2.

    Raises:
        CheckpointError: it is damaged, foreign, or of another version.
    """
    with open_archive(path, _FORMAT, _VERSION, 2) as (archive, manifest):
        is_old = manifest["version"] == 2
        try:
            for part in ("provenance", "config", "normaliser"):
                _check_numbers(part, manifest[part])
            provenance = dict(manifest["provenance"])
            if not isinstance(provenance.get("metrics", {}), Mapping):
                raise CheckpointError("provenance.metrics", "a table", repr(provenance["metrics"])[:80])
            plain = _upgraded(manifest["config"]) if is_old else manifest["config"]
            config = from_dict(ModelConfig, plain, "config")
            normaliser = Normaliser.from_dict(manifest["normaliser"])
            features = normaliser.condition_features
            build = lambda key: config.build(normaliser.schema, features, key=key)  # noqa: E731
            template = eqx.filter_eval_shape(build, jax.random.key(0))
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            reason = str(error) if isinstance(error, Enf2EnfError) else f"an incomplete one ({error})"
            raise CheckpointError(Path(path).name, "a manifest that describes a model", reason) from error
        model = read_arrays(archive, template, _RENAMED if is_old else {})
        return Surrogate(model, config, normaliser, provenance)


def _check_numbers(name: str, plain: Any) -> None:
    """Refuses numbers that are not finite as float32, in which a network computes."""
    if isinstance(plain, Mapping | list):
        for key, value in plain.items() if isinstance(plain, Mapping) else enumerate(plain):
            _check_numbers(f"{name}.{key}", value)
    elif isinstance(plain, int | float) and not abs(plain) <= LARGEST_SINGLE:
        raise CheckpointError(name, "a finite number within the range of float32", str(plain)[:80])


def _upgraded(config: Mapping[str, Any]) -> dict[str, Any]:
    """A model's configuration of version 2 in the words of version 3."""
    plain = dict(config)
    return plain | {"panels": plain.pop("facets"), "frames": {"reflections": plain.pop("mirror", [])}}
