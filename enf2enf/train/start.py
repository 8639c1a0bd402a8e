"""Starting from another surrogate: its geometry encoder, which conditions and fields do not enter."""

import os

import equinox as eqx
import jax

from enf2enf.checkpoint import load, named_arrays
from enf2enf.errors import ConfigError
from enf2enf.model.enf2enf import Enf2Enf


def with_encoder(path: str | os.PathLike, model: Enf2Enf) -> Enf2Enf:
    """The model with the encoder of a checkpoint in place of its own.

    What an encoder learned from many shapes serves a problem of which fewer are known.

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
        ConfigError: its encoder is of another architecture.
    """
    learned = load(path).model.encoder
    old, new = ({k: v.shape for k, v in named_arrays(e).items()} for e in (learned, model.encoder))
    if old != new or jax.tree.structure(learned) != jax.tree.structure(model.encoder):
        raise ConfigError("train.start", "a checkpoint with an encoder of the same architecture", "another")
    return eqx.tree_at(lambda m: m.encoder, model, learned)
