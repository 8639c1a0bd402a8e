"""Lengths that fit data: they cover what the data resolve, and grow with it."""

import dataclasses

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.config import ModelConfig
from enf2enf.model.field_decoder import FieldConfig
from enf2enf.model.lengths import Scales
from enf2enf.model.meta import MetaConfig
from enf2enf.settings import from_dict

MODELS = {
    "fast": ModelConfig(),
    "few latents": ModelConfig(AmortisedConfig(grid=1, wall=2)),
    "paper": ModelConfig(MetaConfig(), FieldConfig(), panels=192),
}
FACTORS = ("rate", "reaches", "narrowest")
ROUNDED = 6e-3  # of a length: three digits; a ratio of two is off by twice that


def logarithmic(low, high):
    return st.floats(np.log(low), np.log(high)).map(lambda number: float(np.exp(number)))


@st.composite
def every_scale(draw):
    """A box, a wall that fits it, its panels, and samples at some distance, or on the wall alone."""
    largest = draw(logarithmic(1, 100))
    perimeter = largest * draw(logarithmic(0.02, 8))
    finest = draw(st.one_of(st.just(0.0), logarithmic(1e-8, 0.7).map(lambda share: largest * share)))
    return Scales(finest, perimeter / draw(st.sampled_from([48, 384, 1536])), perimeter, largest)


def lengths(model):
    """Every length of a model by its name, one after the other."""
    found = {}
    for part in (model.encoder, model.decoder):
        for field in dataclasses.fields(part):
            values = np.atleast_1d(getattr(part, field.name))
            if field.name == "deviation":
                found[type(part), field.name] = 1 / values  # cycles per reference length
            elif values.dtype == float and field.name not in FACTORS and type(part) is not MetaConfig:
                found[type(part), field.name] = values
    return found


@given(scales=every_scale())
def test_ranges_cover_what_the_data_resolve_without_gaps(scales):
    finest = max(scales.finest or scales.panel, 1e-5 * scales.largest)
    largest = max(scales.largest, 2 * finest)
    np.testing.assert_allclose((scales.decays[0], scales.decays[-1]), (finest, largest), rtol=ROUNDED)
    assert scales.probes[0] >= (1 - ROUNDED) * 2 * scales.panel  # a shorter one sees a straight panel and nothing else
    for members, most in ((scales.decays, 2**1.5), (scales.probes, 3)):
        ratios = np.divide(members[1:], members[:-1])
        assert (ratios > 1.3).all() and (ratios <= most * (1 + 2 * ROUNDED)).all()


@settings(max_examples=30)
@given(scales=every_scale(), factor=st.sampled_from([0.37, 25.4, 1e3]))
@pytest.mark.parametrize("name", MODELS)
def test_lengths_grow_with_the_data(name, scales, factor):
    assume(6 * factor * scales.perimeter <= 1e6)  # windows of two latents on a wall are no settings beyond that
    grown = Scales(*(factor * length for length in dataclasses.astuple(scales)))
    one, other = (lengths(MODELS[name].at(data)) for data in (scales, grown))
    assert one.keys() == other.keys() and one
    for key, values in one.items():
        np.testing.assert_allclose(other[key], factor * values, rtol=2 * ROUNDED, err_msg=str(key))


@settings(max_examples=30)
@given(scales=every_scale())
@pytest.mark.parametrize("name", MODELS)
def test_a_model_with_them_states_them(name, scales):
    model = dataclasses.replace(MODELS[name], lengths="data").at(scales)
    assert model.lengths == "stated"
    assert from_dict(ModelConfig, model.to_dict(), "model") == model == model.at(scales)
    if isinstance(model.encoder, AmortisedConfig):
        narrowest, widest = model.encoder.latent_reaches
        assert narrowest < widest


def test_a_void_in_a_unit_cell_gets_lengths_like_those_that_were_tuned_for_it():
    """Samples 0.0225 from the wall of a void of mean radius 0.25, as in the data that the stated ones were tuned on."""
    stated = lengths(ModelConfig())
    for key, values in lengths(ModelConfig().at(Scales(0.0225, np.pi / 2 / 384, np.pi / 2, 1.0))).items():
        ratios = values / np.interp(np.linspace(0, 1, len(values)), np.linspace(0, 1, len(stated[key])), stated[key])
        assert (ratios > 0.7).all() and (ratios < 2.6).all(), key  # decays end at 1, not at 0.4
