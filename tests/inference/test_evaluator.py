"""Questions that are answered at once: each as if it had been alone."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import ConditionError
from enf2enf.geometry import Geometry
from enf2enf.geometry.frames import FrameConfig
from enf2enf.inference.evaluator import CHUNK, SMALL, computed, is_local
from enf2enf.inference.joint import Question, evaluate_together
from enf2enf.surrogate import Surrogate

TOLERANCE = 1e-5  # of the span; measured 3e-7


@pytest.fixture(scope="module", params=[(), ("x", "y")])
def evaluators(request, surrogate, geometry):
    """Two geometries under two conditions each, seen in no mirror and in all."""
    config = dataclasses.replace(surrogate.config, frames=FrameConfig(reflections=request.param))
    surrogate = Surrogate(surrogate.model, config, surrogate.normaliser, {})
    other = Geometry.of((geometry.walls[0] * 0.5 + 0.3,), geometry.outer)
    tractions = ([10.0, 80.0], [-30.0, 60.0])
    return [
        surrogate.evaluator(surrogate.encode(one), {"traction": traction})
        for one in (geometry, other)
        for traction in tractions
    ]


@settings(max_examples=20)
@given(asked=st.lists(st.tuples(st.integers(0, 3), st.integers(0, 300)), max_size=9), seed=st.integers(0, 99))
def test_together_is_as_alone(evaluators, asked, seed):
    random = np.random.default_rng(seed)
    asked = [(evaluators[which], random.uniform(-0.1, 1.1, (count, 2))) for which, count in asked]
    questions = [Question(evaluator, points) for evaluator, points in asked]
    answers = evaluate_together(questions)()
    assert len(answers) == len(questions)
    for (evaluator, points), answer in zip(asked, answers, strict=True):
        alone, answer = evaluator.chunk(points), evaluator.masked(answer, evaluator.contains(points))
        assert answer.dtype == np.float32 and answer.shape == alone.shape
        assert np.array_equal(np.isnan(answer), np.isnan(alone))
        assert len(points) <= SMALL or answer.tobytes() == alone.tobytes()
        assert np.allclose(answer, alone, rtol=0, atol=TOLERANCE * 500.0, equal_nan=True)


def test_the_decodings_differ(evaluators):
    """Else the test above could not fail."""
    points = np.full((1, 2), 0.05)
    values = [float(evaluator.chunk(points)[0, 0]) for evaluator in evaluators]
    assert min(abs(a - b) for a in values for b in values if a is not b) > 10 * TOLERANCE * 500.0


@settings(max_examples=20)
@given(size=st.floats(0, 300) | st.floats(37.5, 39), turn=st.floats(0, 6.3))
def test_points_in_the_domain_have_finite_fields_or_a_condition_is_refused(surrogate, geometry, size, turn):
    encoding = surrogate.encode(geometry)
    points = np.random.default_rng(0).uniform(-0.2, 1.2, (60, 2))
    traction = 10.0**size * np.array([np.cos(turn), np.sin(turn)])
    try:
        values = surrogate.decode(encoding, {"traction": traction}, points)["von_mises"]
    except ConditionError as error:
        assert str(error).startswith("condition 'traction': expected numbers with which float32 holds the fields")
        assert size > 10
    else:
        inside = geometry.contains(points)
        assert np.array_equal(np.isfinite(values), inside) and 0 < inside.sum() < 60


@given(points=st.integers(1, CHUNK))
def test_little_is_computed_for_nothing(points):
    assert points <= computed(points) <= max(64, 2 * points)
    assert computed(SMALL) == SMALL and computed(CHUNK) == CHUNK


@pytest.mark.slow
@pytest.mark.parametrize(("grid", "local"), [(4, False), (12, True)])
def test_whether_a_model_is_local_is_known_without_computing(surrogate, geometry, grid, local):
    encoder = dataclasses.replace(surrogate.config.encoder, grid=grid)
    config = dataclasses.replace(surrogate.config, encoder=encoder)
    made = Surrogate.untrained(config, surrogate.normaliser)
    encoding = made.encode(geometry)
    evaluator = made.evaluator(encoding, {"traction": [10.0, 80.0]})
    assert is_local(made.model, made.normaliser, made.config.panels) == evaluator._is_local() == local
