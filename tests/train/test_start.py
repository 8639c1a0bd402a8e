"""A run that starts from another surrogate has its encoder, and keeps it."""

import dataclasses

import jax
import pytest

from enf2enf.checkpoint import named_arrays, save
from enf2enf.errors import ConfigError
from enf2enf.train.start import with_encoder


def _same(one, other) -> bool:
    return all((a == b).all() for a, b in zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True))


def test_the_encoder_is_taken_over_and_nothing_else(surrogate, tmp_path):
    save(tmp_path / "old.enf", surrogate)
    fresh = surrogate.config.build(surrogate.schema, surrogate.normaliser.condition_features + 3, key=jax.random.key(9))
    started = with_encoder(tmp_path / "old.enf", fresh)
    pick = lambda model, part: {k: v for k, v in named_arrays(model).items() if k.startswith(part)}  # noqa: E731
    assert _same(pick(started, "encoder"), pick(surrogate.model, "encoder"))
    assert _same(pick(started, "decoder"), pick(fresh, "decoder"))
    assert not _same(pick(fresh, "encoder"), pick(surrogate.model, "encoder"))


@pytest.mark.parametrize("change", [{"width": 8}, {"grid": 2}, {"probes": (0.1, 0.2, 0.3)}])
def test_another_architecture_is_refused(surrogate, tmp_path, change):
    save(tmp_path / "old.enf", surrogate)
    encoder = dataclasses.replace(surrogate.config.encoder, **change)
    width = {"width": encoder.width}
    config = dataclasses.replace(
        surrogate.config, encoder=encoder, decoder=dataclasses.replace(surrogate.config.decoder, **width)
    )
    other = config.build(surrogate.schema, surrogate.normaliser.condition_features, key=jax.random.key(9))
    with pytest.raises(ConfigError, match="train.start"):
        with_encoder(tmp_path / "old.enf", other)
