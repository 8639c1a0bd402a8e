"""The elements and how a flap is placed: gap, overlap and deflection as they were asked for."""

import dataclasses

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.problems.slotted.elements import Element
from enf2enf.problems.slotted.problem import Slotted

arrangements = st.integers(0, 2**32 - 1).map(lambda seed: Slotted().draw(seed, 0, 0).arrangement)
FINE = 2000


@settings(max_examples=15)
@given(arrangements)
def test_the_flap_is_where_gap_overlap_and_deflection_say(placed):
    main, flap = placed.walls(FINE)
    np.testing.assert_array_equal(main[0], (1, 0))
    gap = shapely.distance(shapely.Polygon(flap), shapely.Point(1, 0))
    assert gap == pytest.approx(placed.gap, abs=2e-5)  # measured 5e-6: by 400 panels
    assert 1 - flap[:, 0].min() == pytest.approx(placed.overlap, abs=2e-5)
    chord = (flap[0] - flap[FINE // 2]) @ (1, 1j)
    assert chord == pytest.approx(placed.chord * np.exp(-1j * placed.deflection), abs=1e-12)
    nearest = shapely.distance(shapely.Polygon(flap), shapely.Polygon(main))
    assert nearest > 0.9 * placed.gap  # the edge is where they are nearest, or almost
    assert flap[FINE // 2, 1] < 0  # under the main chord


@given(arrangements, st.sampled_from([40, 200]))
def test_walls_are_simple_run_clockwise_and_have_no_crossing(placed, panels):
    for wall in placed.walls(panels):
        ring = shapely.LinearRing(wall)
        assert wall.shape == (panels + 1, 2) and ring.is_simple and not ring.is_ccw
        np.testing.assert_array_equal(wall[0], wall[-1])


@given(arrangements)
def test_a_cove_takes_away_from_the_lower_side_alone_and_aft_of_its_start(placed):
    hollow, full = placed.main.wall(FINE), dataclasses.replace(placed.main, cove=0.0).wall(FINE)
    np.testing.assert_array_equal(hollow[FINE // 2 :], full[FINE // 2 :])
    x, raised = hollow[: FINE // 2, 0], (hollow - full)[: FINE // 2, 1]
    assert (raised >= 0).all() and not raised[x <= placed.main.cove_from].any()
    assert raised[1:][x[1:] > placed.main.cove_from + 0.01].all()
    thickness = (full[FINE // 2 :][::-1] - full[: FINE // 2 + 1])[: FINE // 2, 1]
    assert raised[1] / thickness[1] == pytest.approx(placed.main.cove, rel=1e-3)


@given(st.floats(0.05, 0.3))
def test_without_camber_and_cove_it_is_the_naca_section_of_four_digits(thickness):
    """Its thickest place is at 30 % of the chord, its nose's radius 1.1019 thickness^2: NACA report 460."""
    wall = Element(thickness, 0.0).wall(4 * FINE)
    np.testing.assert_allclose(wall[::-1] * (1, -1), wall, atol=1e-15)
    top = wall[wall[:, 1].argmax()]
    assert top[1] == pytest.approx(thickness / 2, rel=1e-3) and top[0] == pytest.approx(0.3, abs=2e-3)
    nose = wall[2 * FINE + 1]
    assert nose[1] ** 2 / (2 * nose[0]) == pytest.approx(1.1019 * thickness**2, rel=1e-2)
