"""What a model is, as plain data: its card, and the hash by which two models are told apart."""

import hashlib
import json
from typing import Any

import equinox as eqx
import jax
import numpy as np

from enf2enf.assessment import Ranges
from enf2enf.model.config import ModelConfig
from enf2enf.model.network import Network
from enf2enf.normalise import Normaliser


def digest(model: Network, config: ModelConfig, normaliser: Normaliser, shapes: Ranges | None) -> str:
    """A hash of the weights and of all that decides an answer: 16 hex digits."""
    hashed = hashlib.sha256()
    plain = {"config": config.to_dict(), "normaliser": normaliser.to_dict()}
    if shapes is not None:
        plain["shapes"] = shapes.to_dict()
    hashed.update(json.dumps(plain, sort_keys=True).encode())
    for path, leaf in jax.tree_util.tree_leaves_with_path(eqx.filter(model, eqx.is_array)):
        hashed.update(jax.tree_util.keystr(path).encode() + np.asarray(leaf).tobytes())
    return hashed.hexdigest()[:16]


def card(model: Network, config: ModelConfig, normaliser: Normaliser, shapes: Ranges | None) -> dict[str, Any]:
    """The part of a model card that follows from the model itself."""
    leaves = jax.tree.leaves(eqx.filter(model, eqx.is_inexact_array))
    return {
        "schema": normaliser.schema.to_dict(),
        "reference_length": normaliser.length,
        "extents": list(normaliser.extents),
        "condition_low": normaliser.condition_low.tolist(),
        "condition_high": normaliser.condition_high.tolist(),
        "magnitude_low": normaliser.magnitude_low.tolist(),
        "magnitude_high": normaliser.magnitude_high.tolist(),
        "parameters": sum(leaf.size for leaf in leaves),
        "shapes": None if shapes is None else shapes.to_dict(),
        "config": config.to_dict(),
    }
