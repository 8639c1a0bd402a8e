"""What is familiar: all that was seen and what is next to it, and nothing else; with real shapes, too."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from enf2enf.assessment import Ranges
from enf2enf.errors import CheckpointError
from enf2enf.geometry import Geometry
from enf2enf.geometry.familiar import TURNS, describe, in_frame
from enf2enf.problems.joukowski.body import points_of
from enf2enf.problems.joukowski.flow import AbstractFlow, Flow
from enf2enf.problems.joukowski.problem import Joukowski

numbers = st.floats(-1e6, 1e6)
rows = st.lists(st.dictionaries(st.sampled_from("abc"), numbers | st.just(np.nan), min_size=1), min_size=1, max_size=40)


@given(rows)
def test_what_was_seen_is_familiar_and_what_was_not_is_none(seen):
    ranges = Ranges.fit(seen)
    assert not any(ranges.unfamiliar(row) for row in seen)
    known = {name for row in seen for name, value in row.items() if not np.isnan(value)}
    strange = {name: value for name, value in zip("abcd", (0.0, 1.0, -1.0, 5.0), strict=True) if name not in known}
    assert ranges.unfamiliar(strange) == tuple(strange)
    assert ranges.unfamiliar(dict.fromkeys("abcd", np.nan)) == ()
    assert ranges.unfamiliar(dict.fromkeys(sorted(known), np.inf)) == tuple(sorted(known))


@given(low=numbers, width=st.floats(1e-3, 1e6), count=st.integers(20, 60))
def test_a_range_is_widened_by_a_twentieth_or_a_hundredth_of_the_magnitude(low, width, count):
    values = np.linspace(low, low + width, count)
    slack = max(0.05 * width, 0.01 * np.abs(values).max())
    ranges = Ranges.fit({"a": value} for value in values)
    for value, beyond in ((low, -1), (low + width, 1)):
        assert ranges.unfamiliar({"a": value + 0.99 * beyond * slack}) == ()
        assert ranges.unfamiliar({"a": value + 1.01 * beyond * slack}) == ("a",)


@given(value=numbers, count=st.integers(1, 30))
def test_a_constant_has_the_slack_of_its_magnitude(value, count):
    ranges, slack = Ranges.fit([{"a": value}] * count), max(0.01 * abs(value), 1e-6)
    assert ranges.unfamiliar({"a": value + 0.99 * slack}) == () == ranges.unfamiliar({"a": value - 0.99 * slack})
    assert ranges.unfamiliar({"a": value + 1.01 * slack}) == ("a",) == ranges.unfamiliar({"a": value - 1.01 * slack})


@given(gap=st.floats(0.2, 100), count=st.integers(20, 60), far=st.integers(1, 5))
def test_where_nothing_was_for_long_there_is_a_hole(gap, count, far):
    """Between many numbers from 1 to 2 and a few beyond a gap."""
    values = [*np.linspace(1, 2, count), *np.linspace(2 + gap, 2.1 + gap, far)]
    assume(abs(gap - 0.1 * (1 + gap + 0.1)) > 0.02)
    ranges = Ranges.fit({"a": value} for value in values)
    assert ranges.unfamiliar({"a": 2 + gap / 2}) == ("a",)
    assert ranges.unfamiliar({"a": 2.04}) == () == ranges.unfamiliar({"a": 2 + gap})
    assert ranges.unfamiliar({"a": 2.06}) == ("a",)  # a twentieth of what is this side of the hole


@given(count=st.integers(100, 500), few=st.integers(1, 4), gap=st.floats(0.5, 100))
def test_where_one_of_hundreds_was_is_no_range(count, few, gap):
    """One of 199 numbers that is far from the others is familiar, one of 200 is not."""
    values = [*np.linspace(1, 2, count), *[2 + gap] * few]
    ranges = Ranges.fit({"a": value} for value in values)
    assert ranges.unfamiliar({"a": 2 + gap}) == (("a",) if 200 * few <= len(values) else ())
    assert not any(ranges.unfamiliar({"a": value}) for value in values[:count])


def test_a_few_numbers_are_no_holes():
    ranges = Ranges.fit({"a": float(value)} for value in (1, 2, 4))
    assert ranges.unfamiliar({"a": 3.0}) == () and ranges.unfamiliar({"a": 5.1}) == ("a",)


@given(rows)
def test_ranges_come_back_from_json_to_the_bit(seen):
    ranges = Ranges.fit(seen)
    assert Ranges.from_dict(json.loads(json.dumps(ranges.to_dict(), allow_nan=False))) == ranges


DAMAGED = (
    None, [], 5, "a", {"a": None}, {"a": []}, {"a": [1.0, 2.0]}, {"a": [[1.0]]}, {"a": [[1.0, 2.0, 3.0]]},
    {"a": [[2.0, 1.0]]}, {"a": [[1.0, 2.0], [1.5, 3.0]]}, {"a": [[1.0, float("nan")]]}, {"a": [["1", "2"]]},
    {"a": [[True, 2.0]]}, {"a": ["bc"]}, {"a\n": [[1.0, 2.0]]}, {5: [[1.0, 2.0]]}, {"a": [[1.0, 10**400]]},
)  # fmt: skip


@pytest.mark.parametrize("plain", DAMAGED, ids=repr)
def test_damaged_ranges_are_refused(plain):
    with pytest.raises(CheckpointError, match="ranges: expected"):
        Ranges.from_dict(plain)


def wall_of(flow: Flow) -> np.ndarray:
    return points_of(flow.body.wall(192))


def described(flow: AbstractFlow, *walls: np.ndarray, turned: float = 0.0) -> dict[str, float]:
    own = [points_of(body.wall(192)) for body in flow.bodies]
    angle = flow.direction + turned
    axes = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return in_frame(describe(Geometry.of(walls or own), 1.0)[0], axes)


@pytest.fixture(scope="module")
def learnt() -> Ranges:
    """From 150 cases of the Joukowski problem, circles among them."""
    return Ranges.fit(described(Joukowski().draw(0, index, 0)[0]) for index in range(150))


@pytest.fixture(scope="module")
def learnt_from_pairs() -> Ranges:
    """From 300, of which every other one has two bodies."""
    return Ranges.fit(described(Joukowski("mixed").draw(0, index, 0)[0]) for index in range(300))


@pytest.mark.slow
def test_sections_like_those_learnt_from_are_familiar(learnt):
    named = [learnt.unfamiliar(described(Joukowski().draw(1, index, 0)[0]), TURNS) for index in range(100)]
    assert sum(map(bool, named)) <= 10  # measured 3


@pytest.mark.slow
def test_sections_like_none_are_named(learnt):
    """60 % thicker than any, two of them, of another chord, and at another incidence."""
    drawn = [Joukowski().draw(2, index, 0)[0] for index in range(40)]
    flows = [flow for flow in drawn if np.deg2rad(10) < flow.section.edge < np.pi]  # no circles
    assert len(flows) > 20
    for flow in flows:
        wall, across = wall_of(flow), 3 * np.array([-np.sin(flow.direction), np.cos(flow.direction)])
        thicker = dataclasses.replace(flow, section=dataclasses.replace(flow.section, thickness=0.24))
        assert set(learnt.unfamiliar(described(thicker), TURNS)) & {"thickness", "area", "perimeter"}
        assert {"bodies", "gap", "extent"} <= set(learnt.unfamiliar(described(flow, wall, wall + across), TURNS))
        assert "extent" in learnt.unfamiliar(described(flow, 1.5 * wall), TURNS)
        assert "incidence" in learnt.unfamiliar(described(flow, turned=np.deg2rad(30)), TURNS)


@pytest.mark.slow
def test_who_learnt_from_one_body_and_from_two_knows_both(learnt_from_pairs):
    drawn = [Joukowski("mixed").draw(1, index, 0)[0] for index in range(100)]
    named = [learnt_from_pairs.unfamiliar(described(flow), TURNS) for flow in drawn]
    assert sum(map(bool, named)) <= 10  # measured 2


@pytest.mark.slow
def test_who_learnt_from_one_body_and_from_two_tells_what_is_like_neither(learnt_from_pairs):
    """One and two that are larger, or turned against the inflow, and one that is thicker."""
    drawn = [Joukowski("mixed").draw(2, index, 0)[0] for index in range(60)]
    for flow in [each for each in drawn if np.deg2rad(10) < each.bodies[0].section.edge < np.pi]:
        walls = [points_of(body.wall(192)) for body in flow.bodies]
        for degrees in (-60, -30, 30, 60):
            assert "incidence" in learnt_from_pairs.unfamiliar(described(flow, turned=np.deg2rad(degrees)), TURNS)
        assert "largest" in learnt_from_pairs.unfamiliar(described(flow, *(1.5 * wall for wall in walls)), TURNS)
        if isinstance(flow, Flow):
            thicker = dataclasses.replace(flow, section=dataclasses.replace(flow.section, thickness=0.24))
            assert "thickness" in learnt_from_pairs.unfamiliar(described(thicker), TURNS)
