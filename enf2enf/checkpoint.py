"""A surrogate in one file: a zip of `manifest.json` and one array per tree path. Data only, nothing is executed."""

import os
from pathlib import Path

import equinox as eqx
import jax

from enf2enf.archive import open_archive, read_arrays, write_archive
from enf2enf.errors import CheckpointError, Enf2EnfError
from enf2enf.model.config import ModelConfig
from enf2enf.normalise import Normaliser
from enf2enf.settings import from_dict
from enf2enf.surrogate import Surrogate

_FORMAT, _VERSION = "enf2enf-checkpoint", 2  # 2: walls are smooth curves


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


def load(path: str | os.PathLike) -> Surrogate:
    """Read a checkpoint. Raises `CheckpointError` if it is damaged, foreign, or of another version."""
    with open_archive(path, _FORMAT, _VERSION) as (archive, manifest):
        try:
            provenance = dict(manifest["provenance"])
            config = from_dict(ModelConfig, manifest["config"], "config")
            normaliser = Normaliser.from_dict(manifest["normaliser"])
            features = normaliser.condition_features
            build = lambda key: config.build(normaliser.schema, features, key=key)  # noqa: E731
            template = eqx.filter_eval_shape(build, jax.random.key(0))
        except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
            reason = str(error) if isinstance(error, Enf2EnfError) else f"an incomplete one ({error})"
            raise CheckpointError(Path(path).name, "a manifest that describes a model", reason) from error
        return Surrogate(read_arrays(archive, template), config, normaliser, provenance)
