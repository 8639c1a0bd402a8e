"""Fields without dimensions, of every form: back to SI units, in frames, and errors by plain formulas."""

import dataclasses

import flows
import numpy as np
import pytest
from flows import SCHEMA
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.dimensionless import Dimensionless
from enf2enf.errors import ConditionError, QueryError, SchemaError
from enf2enf.geometry.frame import Frame
from enf2enf.normalise import Normaliser
from enf2enf.schema import Quantity, Schema

seeds, turns = st.integers(0, 2**32 - 1), st.floats(-4, 4)
few = settings(max_examples=30)
LENGTH, WIDTH = SCHEMA.length, SCHEMA.field_width
VISCOSITY, SHEAR, GROUPS = 3, 8, np.array(SCHEMA.field_columns.groups)


def a_case(seed, points=30):
    """A row of conditions in its frame, and fields."""
    random = np.random.default_rng(seed)
    row = np.array([300.0, random.uniform(2, 9), 0.0, *random.uniform(-4, 4, 2), random.uniform(-1, 1)])
    return row, flows.values(random, row, points)


def plainly(values, row):
    """Dimensionless fields by the words of the schema, field by field."""
    speed = np.hypot(row[1], row[2])
    scaled = values.copy()
    scaled[:, :2] = (values[:, :2] - row[1:3]) / speed
    scaled[:, 2] = values[:, 2] * LENGTH / speed
    scaled[:, 3] = np.log(1 + values[:, 3] / (speed * LENGTH))
    scaled[:, 4:] = values[:, 4:] / speed**2
    return scaled


@few
@given(seed=seeds)
def test_fields_are_made_dimensionless_as_their_schema_says(seed):
    row, values = a_case(seed)
    np.testing.assert_allclose(flows.fitted().under(row).forward(values), plainly(values, row), rtol=1e-12, atol=1e-12)


@few
@given(seed=seeds)
def test_physical_undoes_fields_of_every_form(seed):
    normaliser, (row, values) = flows.fitted(), a_case(seed)
    normalised = normaliser.fields(values, row)
    assert normalised.dtype == np.float32 and np.array_equal(np.isnan(normalised), np.isnan(values))
    back = normaliser.physical(normalised, row)
    sizes = np.nanmax(np.abs(values), axis=0)
    np.testing.assert_allclose(back / sizes, values / sizes, rtol=0, atol=3e-6)  # of float32, and exp after log1p
    expected = (plainly(values, row) - normaliser.field_mean) / normaliser.field_deviation
    np.testing.assert_allclose(normalised, expected, rtol=1e-5, atol=1e-5)


@few
@given(seed=seeds, scale=st.floats(0, 9))
def test_a_field_whose_logarithm_is_learnt_is_never_answered_below_0(seed, scale):
    normaliser, (row, _) = flows.fitted(), a_case(seed)
    normalised = np.random.default_rng(seed).normal(size=(30, WIDTH)) * scale
    logs = normalised[:, 3] * normaliser.field_deviation[3] + normaliser.field_mean[3]
    answered = normaliser.physical(normalised, row)[:, 3]
    assert (answered >= 0).all() and np.array_equal(answered > 0, logs > 0)


@few
@given(seed=seeds, mirrored=st.booleans())
def test_moments_are_those_of_all_points_where_a_field_is_known(seed, mirrored):
    """In the mirror too, where some components have another sign: their mean is 0, to the bit."""
    signs = np.array([1.0, -1, -1, 1, 1, 1, -1, 1, -1])
    cases = [a_case((seed + number) % 2**32, 20 + 4 * number) for number in range(4)]
    rows, fields = zip(*cases, strict=True)
    images = [np.ones(WIDTH), signs] if mirrored else []
    normaliser = Normaliser.fit(SCHEMA, np.ones(4), np.stack(rows), fields, images)
    scaled = np.concatenate([plainly(values, row) for row, values in cases])
    every = np.concatenate([scaled, signs * scaled]) if mirrored else scaled
    np.testing.assert_allclose(normaliser.field_mean, np.nanmean(every, axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(normaliser.field_deviation, np.nanstd(every, axis=0), rtol=1e-9)
    assert not mirrored or (normaliser.field_mean[signs < 0] == 0).all()


def test_a_negative_field_has_no_logarithm():
    row, values = a_case(0)
    values[1, VISCOSITY] = values[2, VISCOSITY] = -1e-9
    with pytest.raises(SchemaError, match="transform of viscosity: expected log1p of a field that is nowhere below 0"):
        Normaliser.fit(SCHEMA, np.ones(1), row[None], [values])


powers, decades = st.floats(-16, 16), st.floats(-40, 40)


@given(length=st.floats(-9, 9), by_length=powers, sizes=st.tuples(decades, decades), by=st.tuples(powers, powers))
def test_every_length_has_all_powers_and_a_condition_without_one_is_named(length, by_length, sizes, by):
    """Against logarithms, in which nothing overflows."""
    scaled = Quantity("p", scales_with={"length": by_length, "heat": by[0], "load": by[1]})
    schema = Schema(2, (Quantity("heat"), Quantity("load")), (scaled,), length=10.0**length)
    under = Dimensionless(schema, schema.length, 10.0 ** np.array(sizes))
    decades = [size * power for size, power in zip(sizes, by, strict=True)]
    try:
        under.check()
    except ConditionError as error:
        odd = [name for name, own in zip(("heat", "load"), decades, strict=True) if abs(own) > 307]
        assert error.name in [f"condition {name!r}" for name in odd or ("heat", "load")]
        assert odd or abs(sum(decades)) > 307 - 144.001
    else:
        assert np.log10(under.scales[0]) == pytest.approx(length * by_length + sum(decades), abs=1e-6)


@pytest.mark.parametrize("extent", [1e-25, 1e25])
def test_geometries_of_no_such_length_are_refused(extent):
    row, values = a_case(0)
    with pytest.raises(SchemaError, match="reference length: expected a number of metres from 1e-09 to 1e"):
        Normaliser.fit(dataclasses.replace(SCHEMA, length=None), np.full(1, extent), row[None], [values])


@few
@given(
    seed=seeds,
    sizes=st.lists(st.floats(0, 38) | st.floats(37, 39) | st.floats(0, 300), min_size=WIDTH, max_size=WIDTH),
    angle=st.floats(-4, 4),
)
def test_fields_are_finite_in_single_precision_in_every_frame_or_none(seed, sizes, angle):
    """And NaN says that there are none at that point, as it does at no other."""
    normaliser, (row, _) = flows.fitted(), a_case(seed)
    signs = np.sign(np.random.default_rng(seed).normal(size=WIDTH))
    normalised = np.stack([np.zeros(WIDTH), signs * 10.0 ** np.array(sizes)])
    normalised[1, VISCOSITY] = sizes[VISCOSITY]  # the logarithm
    values = normaliser.physical(normalised, row)
    assert np.isfinite(values[0]).all()
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    turned = Frame(np.zeros(2), axes, 1.0).columns_outward(SCHEMA.field_columns, values)
    with np.errstate(over="raise"):
        single = turned.astype(np.float32)
    assert np.isfinite(single[0]).all() and np.isnan(single[1]).all() == np.isnan(single[1]).any()
    assert np.array_equal(np.isnan(values), np.isnan(single))
    decades = np.where(np.arange(WIDTH) == VISCOSITY, sizes[VISCOSITY] / 2.3, sizes)  # of its logarithm
    assert np.isnan(single[1, 0]) if decades.max() > 60 else decades.max() > 25 or np.isfinite(single[1, 0])


@few
@given(seed=seeds)
def test_errors_are_those_of_plain_formulas(seed):
    """Relative to the case's own norm, or to the spread over the training data; where both are known."""
    normaliser, (row, truth) = flows.fitted(), a_case(seed)
    random = np.random.default_rng(seed)
    guess = truth * random.uniform(0.5, 1.5, truth.shape)
    guess[random.random(len(guess)) < 0.2] = np.nan
    both = np.isfinite(guess) & np.isfinite(truth)
    one, other = plainly(np.where(both, guess, 0), row), plainly(np.where(both, truth, 0), row)
    expected = []
    for number, field in enumerate(SCHEMA.fields):
        known = both[:, number == GROUPS].all(axis=1)
        difference, size = (one - other)[known][:, number == GROUPS], other[known][:, number == GROUPS]
        if field.error_in == "norm":
            expected.append(np.linalg.norm(difference) / np.linalg.norm(size))
        else:
            spread = np.sqrt((normaliser.field_deviation[number == GROUPS] ** 2).sum())
            expected.append(np.sqrt((difference**2).sum(axis=1).mean()) / spread)
    np.testing.assert_allclose(normaliser.relative_errors(guess, truth, row), expected, rtol=1e-9)
    assert (normaliser.relative_errors(truth, truth, row) == 0).all()


def test_errors_that_are_none_are_refused():
    normaliser, (row, truth) = flows.fitted(), a_case(1)
    with pytest.raises(QueryError, match="prediction: expected finite numbers where the truth is known, got none"):
        normaliser.relative_errors(np.where(np.arange(WIDTH) == SHEAR, np.nan, truth), truth, row)
    zeros = np.where(np.arange(WIDTH) < 2, row[1] * (np.arange(WIDTH) == 0), truth)  # the undisturbed velocity
    with pytest.raises(QueryError, match="truth: expected a field that is not zero everywhere, got zeros"):
        normaliser.relative_errors(truth, np.where(np.isfinite(truth), zeros, np.nan), row)
    still = np.where((np.arange(WIDTH) == SHEAR) & np.isfinite(truth), 0.0, truth)
    assert np.isfinite(normaliser.relative_errors(truth, still, row)).all()  # its error is measured in the spread
    nowhere = np.where(np.arange(WIDTH) >= 7, np.nan, truth)
    assert np.isnan(normaliser.relative_errors(truth, nowhere, row)).tolist() == [False] * 4 + [True] * 2


@few
@given(angle=st.floats(-10, 10), share=st.floats(0.001, 0.999), beyond=st.floats(1.001, 10))
def test_every_direction_of_an_inflow_is_familiar_and_a_larger_one_is_not(angle, share, beyond):
    surrogate, normaliser = flows.surrogate(), flows.fitted()
    low, high = normaliser.magnitude_low[1], normaliser.magnitude_high[1]
    along = np.array([np.cos(angle), np.sin(angle)])
    # Gravity is watched in the frame too: small, it is inside whatever the angle, but for its magnitude.
    for speed in (low + share * (high - low), beyond * high, low / beyond):
        row = surrogate.condition_row(flows.GIVEN | {"inflow": speed * along, "gravity": [0.0, 0.0]})
        named = normaliser.extrapolating(surrogate.turned(row))
        assert ("inflow" in named) == (not low <= speed <= high)


PLAIN = Schema(2, (Quantity("wind", "vector"), Quantity("heat")), (Quantity("p"),))


@few
@given(size=st.floats(1e-3, 1e6), off=st.floats(-1e-15, 1e-15), scale=st.floats(0.05, 3))
def test_a_condition_that_never_changed_has_slack_by_its_magnitude(size, off, scale):
    rows = np.array([[size, 0.0, 5.0], [size * 1.5, 0.0, 5.0]])
    normaliser = Normaliser.fit(PLAIN, np.ones(2), rows, [np.arange(4.0)[:, None]] * 2)
    row = np.array([1.2 * size, off * size, 5.0])
    assert normaliser.extrapolating(row) == ()
    row[1] = scale * size  # along an axis that was never blown along: about the share of the whole, not the number
    assert normaliser.extrapolating(row)[0] == "wind"
    assert normaliser.condition(row)[1] == pytest.approx(scale / 1.5, rel=1e-5)
    row[2] = 5.0 + 5 * scale
    assert normaliser.condition(row)[2] == pytest.approx(scale, rel=1e-5)


def test_rounding_beside_a_wind_of_sixty_is_familiar_and_three_is_a_twentieth():
    rows = np.array([[60.0, 0.0, 5.0], [50.0, 0.0, 5.0]])
    normaliser = Normaliser.fit(PLAIN, np.ones(2), rows, [np.arange(4.0)[:, None]] * 2)
    assert normaliser.extrapolating(np.array([60.0, 1e-15, 5.0])) == ()
    assert normaliser.condition(np.array([55.0, 3.0, 5.0]))[1] == pytest.approx(0.05)


def test_undisturbed_values_turn_with_the_frame():
    """The mean field of a surrogate is along the inflow, whatever its direction."""
    surrogate = flows.surrogate()
    for angle in (0.0, 1.0, -2.5):
        along = np.array([np.cos(angle), np.sin(angle)])
        row = surrogate.condition_row(flows.GIVEN | {"inflow": 5 * along})
        mean = surrogate.mean_field(row)[:2]
        usual = surrogate.mean_field(surrogate.condition_row(flows.GIVEN | {"inflow": [5.0, 0.0]}))[:2]
        turn = np.array([[along[0], -along[1]], [along[1], along[0]]])
        np.testing.assert_allclose(mean, turn @ usual, atol=1e-12)


def test_a_schema_without_a_length_takes_the_mean_extent():
    free = dataclasses.replace(SCHEMA, length=None)
    row, values = a_case(0)
    assert Normaliser.fit(free, np.array([1.0, 3.0]), row[None].repeat(2, 0), [values] * 2).length == 2.0
    assert Normaliser.fit(SCHEMA, np.array([1.0, 3.0]), row[None].repeat(2, 0), [values] * 2).length == LENGTH


@few
@given(seed=seeds)
def test_errors_with_their_emphasis_are_those_of_the_logarithm_and_of_the_field(seed):
    """The mean of both relative squares, of small errors; other fields' are what they were."""
    row, values = a_case(seed)
    under = flows.fitted().under(row)
    scaled = under.forward(values)
    emphasis = under.emphasis(scaled)
    assert (emphasis[:, np.arange(WIDTH) != VISCOSITY] == 1).all()
    logs, plain = scaled[:, VISCOSITY], np.expm1(scaled[:, VISCOSITY])
    off = 1e-6 * np.random.default_rng(seed).normal(size=len(logs))
    known = np.isfinite(logs)
    expected = [
        np.mean((np.expm1(logs + off) - plain)[known] ** 2) / np.mean(plain[known] ** 2),
        np.mean(off[known] ** 2) / np.mean(logs[known] ** 2),
    ]
    found = np.mean((emphasis[:, VISCOSITY] * off)[known] ** 2) / np.mean(logs[known] ** 2)
    np.testing.assert_allclose(found, np.mean(expected), rtol=1e-4)


def test_what_a_logarithm_scales_with_is_not_negative_however_small():
    quantities = (Quantity("nu", unit="m2/s"),), (Quantity("nut", scales_with=(("nu", 1.0),), transform="log1p"),)
    for value, sin in ((-1e-5, "a number above 0, as nut is"), (0.0, "a magnitude above 0")):
        with pytest.raises(ConditionError, match=f"condition 'nu': expected {sin}"):
            Dimensionless(Schema(2, *quantities), 1.0, np.array([value])).check()
    Dimensionless(Schema(2, *quantities), 1.0, np.array([1e-5])).check()
