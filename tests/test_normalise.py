"""Between SI units and normalised numbers: exact moments, exact inverses, conditions refused by name."""

import dataclasses
import json
import re
import warnings

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from enf2enf.errors import ConditionError, GeometryError, SchemaError
from enf2enf.normalise import Normaliser
from enf2enf.schema import Quantity, Schema

SCHEMA = Schema(
    2,
    (Quantity("traction", "vector", "Pa"), Quantity("heat", unit="K")),
    (
        Quantity("stress", unit="Pa", scales_with=(("traction", 1.0),)),
        Quantity("flow", "vector", "m/s"),
        Quantity("energy", unit="J", scales_with=(("traction", 2.0), ("heat", -0.5))),
    ),
)
seeds = st.integers(0, 2**32)
few = settings(max_examples=40)


def data(seed, cases=5, offset=0.0, scale=1.0):
    """Conditions and fields of cases with different numbers of points."""
    random = np.random.default_rng(seed)
    conditions = random.uniform([-5, 1, 2], [5, 9, 3], (cases, 3))
    return conditions, [offset + scale * random.normal(size=(random.integers(1, 40), 4)) for _ in range(cases)]


def dimensionless(values, row):
    force, heat = np.hypot(*row[:2]), row[2]
    return values / np.array([force, 1, 1, force**2 * heat**-0.5])


def fitted(seed=0, **options):
    conditions, fields = data(seed, **options)
    return Normaliser.fit(SCHEMA, np.linspace(0.9, 1.1, len(fields)), conditions, fields)


@few
@given(seed=seeds, offset=st.sampled_from([0.0, 1e5, -3e7]), scale=st.sampled_from([1.0, 1e-3, 1e4]))
def test_the_fit_is_the_moments_of_all_points_together(seed, offset, scale):
    conditions, fields = data(seed, offset=offset, scale=scale)
    normaliser = Normaliser.fit(SCHEMA, np.ones(5), conditions, fields)
    together = np.concatenate([dimensionless(v, row) for v, row in zip(fields, conditions, strict=True)])
    shift = together.mean(axis=0)
    deviation = np.sqrt(((together - shift) ** 2).mean(axis=0))
    np.testing.assert_allclose(normaliser.field_mean, shift, rtol=1e-13, atol=1e-13 * np.abs(together).max())
    np.testing.assert_allclose(normaliser.field_deviation, deviation, rtol=1e-5)  # 2e-7 at 3e10 deviations


PLAIN = Schema(2, (), (Quantity("pressure"),))


@few
@given(seed=seeds, cuts=st.lists(st.integers(1, 499), max_size=12, unique=True))
def test_noise_of_one_on_a_hundred_thousand_survives_any_cut_into_cases(seed, cuts):
    """Where sums of squares in float32 would say 0, and a float32 file holds what a solver wrote."""
    values = (1e5 + np.random.default_rng(seed).normal(size=(500, 1))).astype(np.float32)
    parts = np.split(values, sorted(cuts))
    normaliser = Normaliser.fit(PLAIN, np.ones(len(parts)), np.zeros((len(parts), 0)), parts)
    exact = values.astype(np.float64)
    assert normaliser.field_mean == pytest.approx(exact.mean(), rel=1e-14)
    assert normaliser.field_deviation == pytest.approx(exact.std(), rel=1e-10)  # measured 7e-13
    assert 0.8 < normaliser.field_deviation[0] < 1.2


def test_a_constant_field_has_a_deviation_to_divide_by():
    normaliser = Normaliser.fit(PLAIN, np.ones(2), np.zeros((2, 0)), [np.full((4, 1), 7.0)] * 2)
    assert (normaliser.field_mean[0], normaliser.field_deviation[0]) == (7.0, 1.0)


@few
@given(seed=seeds)
def test_physical_undoes_fields(seed):
    normaliser = fitted(seed)
    conditions, fields = data(seed)
    for row, values in zip(conditions, fields, strict=True):
        normalised = normaliser.fields(values, row)
        assert normalised.dtype == np.float32
        atol = 1e-6 * np.abs(normaliser.field_deviation * normaliser.under(row).scales).max()  # float32; measured 4e-8
        np.testing.assert_allclose(normaliser.physical(normalised, row), values, rtol=1e-6, atol=atol)


@few
@given(seed=seeds, factor=st.floats(1e-3, 1e3))
def test_what_scales_with_a_condition_looks_the_same_under_any_load(seed, factor):
    normaliser = fitted(seed)
    conditions, fields = data(seed)
    scaled = conditions[0] * [factor, factor, 1]
    values = fields[0] * [factor, 1, 1, factor**2]
    one, other = normaliser.fields(fields[0], conditions[0]), normaliser.fields(values, scaled)
    np.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-6)  # measured 0
    assert factor == pytest.approx(1, rel=0.1) or not np.allclose(normaliser.fields(values, conditions[0]), one)


@few
@given(seed=seeds)
def test_plain_data_and_back_is_exact(seed):
    normaliser = fitted(seed)
    again = Normaliser.from_dict(json.loads(json.dumps(normaliser.to_dict())))
    assert again.to_dict() == normaliser.to_dict()
    for field in dataclasses.fields(normaliser):
        one, other = getattr(normaliser, field.name), getattr(again, field.name)
        assert np.array_equal(one, other) if isinstance(one, np.ndarray) else one == other


GOOD = {"traction": [3.0, 4.0], "heat": 2.5}
BAD = {
    "unknown": (GOOD | {"wind": 1}, "condition 'wind': expected one of ['traction', 'heat']"),
    "missing": ({"heat": 2.5}, "condition 'traction': expected a value in Pa, got none"),
    "NaN": (GOOD | {"heat": np.nan}, "condition 'heat': expected finite numbers, got [nan]"),
    "infinite": (GOOD | {"traction": [1, np.inf]}, "condition 'traction': expected finite numbers, got [1.0, inf]"),
    "short": (GOOD | {"traction": 3.0}, "condition 'traction': expected 2 numbers, got 1"),
    "long": (GOOD | {"heat": [1.0, 2.0]}, "condition 'heat': expected 1 number, got 2"),
    "nested": (GOOD | {"traction": [[3.0, 4.0]]}, "condition 'traction': expected a number, or a row of them"),
    "empty": (GOOD | {"heat": []}, "condition 'heat': expected 1 number, got 0"),
    "text": (GOOD | {"heat": "warm"}, "condition 'heat': expected numbers, got 'warm'"),
    "number as text": (GOOD | {"heat": "2.5"}, "condition 'heat': expected numbers, got '2.5'"),
    "ragged": (GOOD | {"traction": [[1], [2, 3]]}, "condition 'traction': expected numbers"),
    "truth values": (GOOD | {"traction": [True, 0]}, "condition 'traction': expected numbers, got [True, 0]"),
    "nothing": (GOOD | {"heat": None}, "condition 'heat': expected numbers, got None"),
    "complex": (GOOD | {"heat": 1j}, "condition 'heat': expected numbers, got 1j"),
    "huge": (GOOD | {"heat": 10**400}, "condition 'heat': expected numbers"),
    "truth value": (GOOD | {"heat": True}, "condition 'heat': expected numbers, got True"),
    "no load": (GOOD | {"traction": [0.0, 0.0]}, "condition 'traction': expected a magnitude above 0 where a field"),
    "divides": (
        GOOD | {"heat": 0.0},
        "condition 'heat': expected a magnitude above 0 where a field scales with it, got 0.0",
    ),
}


@pytest.mark.parametrize("sin", BAD)
def test_bad_conditions_are_refused_by_name(sin):
    normaliser, (conditions, sentence) = fitted(), BAD[sin]
    with pytest.raises(ConditionError, match=re.escape(sentence)):
        row = normaliser.condition_row(conditions)
        normaliser.check(row, row)


@few
@given(
    seed=seeds, size=st.floats(-307, 308), sign=st.sampled_from([-1.0, 1.0]),
    name=st.sampled_from(["traction", "heat"]), index=st.integers(0, 1),
)  # fmt: skip
def test_conditions_beyond_single_precision_are_refused_by_name_and_no_others(seed, size, sign, name, index):
    """What the network is told of all others, and what its answers become, is finite and not lost."""
    normaliser, value = fitted(seed), sign * 10.0**size
    changed_ = {"heat": value} if name == "heat" else {"traction": np.roll([value, 4.0 * (size > 0)], index)}
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            row = normaliser.condition_row(GOOD | changed_)
            normaliser.check(row, row)
        except ConditionError as error:
            assert str(error).startswith(f"condition '{name}': expected numbers with which float32 holds the fields")
            assert abs(size) > 17
            return
        features = normaliser.condition(row)
        mean, above = (normaliser.physical(np.full((1, 4), level), row).astype(np.float32) for level in (0.0, 1.0))
    assert features.dtype == np.float32 and all(np.isfinite(part).all() for part in (features, mean, above))
    assert (-21 < size < 20 if name == "traction" else -78 < size < 39) and (above != mean).all()


@few
@given(force=st.tuples(*2 * [st.floats(-1e3, 1e3)]), heat=st.floats(0.01, 10), swap=st.booleans())
def test_good_conditions_come_in_schema_order(force, heat, swap):
    assume(np.hypot(*force) > 1e-3)
    given_ = {"heat": np.float32(heat), "traction": force} if swap else {"traction": np.array(force), "heat": [heat]}
    expected = [*force, float(np.float32(heat)) if swap else heat]
    assert fitted().condition_row(given_).tolist() == expected


def test_conditions_of_a_schema_without_any():
    normaliser = Normaliser.fit(PLAIN, np.ones(1), np.zeros((1, 0)), [np.array([[1.0], [2.0]])])
    assert normaliser.condition_row({}).shape == (0,)
    assert normaliser.condition(np.zeros(0)).shape == (normaliser.condition_features,) == (0,)
    assert normaliser.extrapolating(np.zeros(0)) == ()
    with pytest.raises(ConditionError, match="condition 'heat': expected no conditions"):
        normaliser.condition_row({"heat": 1})


@few
@given(seed=seeds)
def test_a_constant_in_single_precision_is_no_other_one(seed):
    normaliser = fitted(seed)
    row = normaliser.condition_high
    size = normaliser.schema.condition_columns.magnitudes(row)
    constant = dataclasses.replace(
        normaliser, condition_low=row, condition_high=row, magnitude_low=size, magnitude_high=size
    )
    assert constant.extrapolating(row.astype(np.float32).astype(float)) == ()


@few
@given(seed=seeds, speed=st.floats(1e-6, 1e6), off=st.floats(-1e-5, 1e-5))
def test_a_constant_but_for_rounding_is_a_constant(seed, speed, off):
    """One speed, told with the rounding of 50 directions, of a vector along x."""
    rows = speed * (1 + 1e-16 * np.random.default_rng(seed).normal(size=(50, 2))) - [0, speed]
    plain = Normaliser.fit(Schema(2, SCHEMA.conditions[:1], PLAIN.fields), np.ones(50), rows, [np.eye(3)[:, :1]] * 50)
    assert np.ptp([plain.condition(rows[0] + by) for by in (0, speed * off)], axis=0).max() <= 1.01 * abs(off) + 1e-6


@few
@given(
    seed=seeds, share=st.tuples(*3 * [st.floats(0, 1)]), beyond=st.floats(1e-6, 10), index=st.integers(0, 2),
    up=st.booleans(),
)  # fmt: skip
def test_extrapolating_names_exactly_what_lies_outside(seed, share, beyond, index, up):
    normaliser = fitted(seed)
    low, high = normaliser.condition_low, normaliser.condition_high
    row = low + np.array(share) * (high - low)
    # Inside the box of the components a vector can still be shorter or longer than any that was trained on.
    length = np.hypot(*row[:2])
    far = not normaliser.magnitude_low[0] <= length <= normaliser.magnitude_high[0]
    near = min(abs(length - normaliser.magnitude_low[0]), abs(length - normaliser.magnitude_high[0])) < 1e-6
    assume(not near)
    assert normaliser.extrapolating(row) == (("traction",) if far else ())
    row[index] = high[index] + beyond * (1 + abs(high[index])) if up else low[index] - beyond * (1 + abs(low[index]))
    named = normaliser.extrapolating(row)
    assert (("traction", "traction", "heat")[index]) in named
    assert ("heat" in named) == (index == 2)


@few
@given(seed=seeds)
def test_the_training_conditions_themselves_are_inside(seed):
    normaliser = fitted(seed)
    for row in data(seed)[0]:
        assert normaliser.extrapolating(row * (1 + 1e-12)) == ()


@few
@given(seed=seeds)
def test_features_of_training_conditions_fill_minus_one_to_one(seed):
    normaliser = fitted(seed)
    features = np.stack([normaliser.condition(row) for row in data(seed)[0]])
    assert features.shape == (5, normaliser.condition_features)
    assert np.abs(features).max() <= 1 + 1e-6
    reached = np.stack([features[:, :3].min(axis=0), features[:, :3].max(axis=0)])
    np.testing.assert_allclose(reached, [3 * [-1], 3 * [1]], rtol=1e-6)


@few
@given(angle=st.floats(-np.pi, np.pi), exponent=st.floats(2, 5))
def test_the_direction_of_a_load_is_a_feature_of_its_own_whatever_its_size(angle, exponent):
    tractions = np.stack([np.logspace(2, 5, 7), np.zeros(7), np.full(7, 2.0)], axis=1)
    normaliser = Normaliser.fit(SCHEMA, np.ones(7), tractions, [np.ones((2, 4))] * 7)
    assert normaliser.condition_features == 3 + 2
    row = np.array([10**exponent * np.cos(angle), 10**exponent * np.sin(angle), 2.0])
    expected = [np.cos(angle), np.sin(angle)]
    np.testing.assert_allclose(normaliser.condition(row)[3:], expected, rtol=1e-6, atol=1e-7)  # measured 6e-8


@few
@given(share=st.floats(0, 1), lows=st.floats(1e-3, 1e3), spread=st.floats(1, 1.5))
def test_extents_near_the_trained_ones_pass_and_other_units_do_not(share, lows, spread):
    normaliser = dataclasses.replace(fitted(), extents=(lows, lows * spread), length=lows)
    extent = lows * (1 + share * (spread - 1))
    for factor in (1, 0.51, 1.99):
        normaliser.check_extent(extent * factor if factor == 1 else (lows if factor < 1 else lows * spread) * factor)
    for factor in (1e3, 1e-3, 10, 0.1, 25.4, 0.0254, 0.3048 / 1.5):
        with pytest.raises(GeometryError, match="geometry: expected an extent of .* is its length unit right"):
            normaliser.check_extent(extent * factor)
    for extent in (np.nan, np.inf, 0.0):
        with pytest.raises(GeometryError):
            normaliser.check_extent(extent)


def test_a_fit_under_no_load_is_refused():
    with pytest.raises(ConditionError, match="expected a magnitude above 0 where a field scales with it"):
        Normaliser.fit(SCHEMA, np.ones(1), np.array([[0.0, 0.0, 1.0]]), [np.ones((2, 4))])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"length": 0.0}, "lengths and deviations above 0"),
        ({"length": np.nan}, "length and extents of the normaliser: expected finite numbers"),
        ({"field_deviation": np.array([1.0, 0, 1, 1])}, "lengths and deviations above 0"),
        ({"field_mean": np.zeros(3), "field_deviation": np.ones(3)}, "field_mean of the normaliser: expected finite"),
        ({"condition_low": np.full(3, np.inf)}, "condition_low of the normaliser"),
        (
            {"magnitude_low": np.zeros(3), "magnitude_high": np.ones(3)},
            "magnitude_low of the normaliser: expected finite numbers of shape (2,), got shape (3,)",
        ),
    ],
)
def test_numbers_that_no_fit_gives_are_refused(change, sentence):
    with pytest.raises(SchemaError, match=re.escape(sentence)):
        dataclasses.replace(fitted(), **change)
