"""Problems that are their own mirror images: the answers are, to rounding, whatever the weights."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf import checkpoint
from enf2enf.geometry import Geometry
from enf2enf.geometry.frame import images, mirrored, signs
from enf2enf.geometry.plane.polygon import area
from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.config import ModelConfig
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.normalise import Normaliser
from enf2enf.schema import Quantity, Schema
from enf2enf.surrogate import Surrogate

AXES = st.lists(st.sampled_from("xy"), unique=True, max_size=2).map(tuple)
TRACTIONS = st.tuples(st.floats(-50, 50), st.floats(1, 100))
TOLERANCE = 1e-5  # of the span; measured 2e-6
STRESS, MOVE = Quantity("von_mises", scales_with=(("traction", 1.0),)), Quantity("displacement", "vector")
SCHEMA = Schema(2, (Quantity("traction", "vector", "Pa"), Quantity("heat")), (STRESS, MOVE))


def build(mirror: tuple[str, ...]) -> Surrogate:
    """A scalar and a vector field under a scalar and a vector condition; every mirror has the same random weights."""
    random = np.random.default_rng(0)
    conditions = random.uniform([-50.0, 50.0, 1.0], [50.0, 100.0, 2.0], (8, 3))
    fields = [random.normal([200.0, 0.1, -0.3], [100.0, 0.2, 0.3], (16, 3)) for _ in conditions]
    config = ModelConfig(
        AmortisedConfig(width=16, heads=2, blocks=1, grid=4, wall=8),
        RotaryConfig(width=16, heads=2, blocks=1, layers=1, reaches=(0.7, 1.4)), facets=32, mirror=mirror,
    )  # fmt: skip
    return Surrogate.untrained(config, Normaliser.fit(SCHEMA, np.ones(8), conditions, fields), seed=0)


@pytest.fixture(scope="module")
def surrogates():
    return {mirror: build(mirror) for mirror in ((), ("x",), ("y",), ("x", "y"), ("y", "x"))}


@pytest.fixture(scope="module")
def bodies(geometry):
    """Two unlike ones in an oblong box away from the origin."""
    void = geometry.walls[0] - 0.5
    outer = (geometry.outer - 0.5) * [1.8, 1.0] + [7.0, 3.0]
    return Geometry((0.6 * void + [6.5, 3.05], 0.8 * void[::-1] + [7.4, 2.95]), outer)


def image(geometry: Geometry, flip: np.ndarray) -> Geometry:
    """Its mirror image about the centre of its bounds."""
    centre = geometry.bounds.mean(axis=0)
    walls = [(wall - centre) * flip + centre for wall in geometry.walls]
    return Geometry(tuple(walls), (geometry.outer - centre) * flip + centre)


def answer(surrogate: Surrogate, geometry: Geometry, traction, points) -> np.ndarray:
    field = surrogate.decode(surrogate.encode(geometry), {"traction": traction, "heat": 1.5}, points)
    return np.column_stack([field["von_mises"], field["displacement"]])


def span(values: np.ndarray) -> np.ndarray:
    return np.ptp(values[~np.isnan(values).any(axis=1)], axis=0)


@settings(max_examples=15)
@given(axes=AXES, traction=TRACTIONS, seed=st.integers(0, 99))
def test_the_answer_in_the_mirror_is_the_mirrored_answer(surrogates, bodies, axes, traction, seed):
    points = np.random.default_rng(seed).uniform(*bodies.bounds, (200, 2))
    centre, values = bodies.bounds.mean(axis=0), answer(surrogates[axes], bodies, traction, points)
    for flip in images(axes, 2):
        there = answer(surrogates[axes], image(bodies, flip), flip * traction, (points - centre) * flip + centre)
        difference = np.abs(there * signs(flip, SCHEMA.fields) - values)
        assert (np.nanmax(difference, axis=0) <= TOLERANCE * span(values)).all()


@settings(max_examples=10)
@given(axes=AXES, traction=TRACTIONS)
def test_the_answer_is_the_mean_over_the_images(surrogates, bodies, axes, traction):
    points = np.random.default_rng(0).uniform(*bodies.bounds, (200, 2))
    centre, flips = bodies.bounds.mean(axis=0), images(axes, 2)
    seen = [
        answer(surrogates[()], image(bodies, flip), flip * traction, (points - centre) * flip + centre)
        * signs(flip, SCHEMA.fields)
        for flip in flips
    ]
    values = answer(surrogates[axes], bodies, traction, points)
    assert (np.nanmax(np.abs(np.mean(seen, axis=0) - values), axis=0) <= TOLERANCE * span(values)).all()


def test_without_mirrors_it_is_not(surrogates, bodies):
    """Else the tests above could not fail."""
    points = np.random.default_rng(0).uniform(*bodies.bounds, (200, 2))
    centre, flip = bodies.bounds.mean(axis=0), np.array([-1.0, 1.0])
    values = answer(surrogates[()], bodies, (20.0, 60.0), points)
    there = answer(surrogates[()], image(bodies, flip), (-20.0, 60.0), (points - centre) * flip + centre)
    difference = np.abs(there * signs(flip, SCHEMA.fields) - values)
    assert (np.nanmax(difference, axis=0) > 1e3 * TOLERANCE * span(values)).all()


@given(axes=st.lists(st.sampled_from("xyz"), unique=True))
def test_images_are_a_group_that_begins_with_the_thing_itself(axes):
    flips = images(axes, 3)
    assert (flips[0] == 1).all() and len(flips) == 2 ** len(axes)
    assert len(np.unique(flips, axis=0)) == len(flips)
    products = (flips[:, None] * flips).reshape(-1, 3)
    assert len(np.unique(np.concatenate([flips, products]), axis=0)) == len(flips)


@given(flip=st.tuples(*[st.sampled_from([-1.0, 1.0])] * 2).map(np.array))
def test_a_loop_keeps_its_side_and_is_itself_in_two_equal_mirrors(geometry, flip):
    loop = geometry.walls[0]
    np.testing.assert_allclose(area(mirrored(loop, flip)), area(loop))
    np.testing.assert_array_equal(mirrored(mirrored(loop, flip), flip), loop)


def test_latents_are_shown_where_the_geometry_is(surrogates, bodies):
    encoding = surrogates[("x", "y")].encode(bodies)
    assert len(encoding.views) == 4
    for mine, alone in zip(encoding.poses(1.0), surrogates[()].encode(bodies).poses(1.0), strict=True):
        np.testing.assert_array_equal(mine, alone)


def test_mirrors_are_part_of_what_a_model_is(surrogates):
    assert len({surrogate.version for surrogate in surrogates.values()}) == len(surrogates)


def test_mirrors_are_stored_with_the_model(surrogates, bodies, tmp_path):
    checkpoint.save(tmp_path / "model.enf", surrogates[("x", "y")])
    assert len(checkpoint.load(tmp_path / "model.enf").encode(bodies).views) == 4
