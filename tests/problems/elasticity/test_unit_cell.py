"""A case: what it is drawn from, what it stores, and how exact that is."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.errors import SolverError
from enf2enf.problems.elasticity import stress, unit_cell
from enf2enf.problems.elasticity.ogrid import Resolution
from enf2enf.problems.elasticity.problem import Elasticity
from enf2enf.problems.elasticity.solve import solve
from enf2enf.problems.elasticity.unit_cell import (
    MAGNITUDES,
    NEAR,
    RESOLUTION,
    STEEPEST,
    draw_problem,
    solve_unit_cell,
)

COARSE = Resolution((12, 12, 12, 12), 8, wall=0.3, outer=0.2, clamp=0.4)


@given(st.integers(0, 2**31), st.integers(0, 5000), st.integers(0, 3))
def test_draws_are_in_range_repeatable_and_differ_between_loads(seed, index, redraw):
    drawn = draw_problem(seed, index, "varied", redraw)
    void, traction = drawn.void, drawn.traction
    assert MAGNITUDES[0] * (1 - 1e-12) <= np.linalg.norm(traction) <= MAGNITUDES[1] * (1 + 1e-12)
    assert traction[1] > 0 and abs(np.arctan2(*traction)) <= STEEPEST + 1e-12
    again = draw_problem(seed, index, "varied", redraw)
    assert np.array_equal(void.cosines, again.void.cosines) and np.array_equal(traction, again.traction)
    other = draw_problem(seed, index, "fixed", redraw)
    assert np.array_equal(other.traction, [0, 100]) and not np.array_equal(other.void.cosines, void.cosines)


@pytest.mark.slow
def test_the_production_grid_is_within_the_promised_floor():
    cell = solve_unit_cell(draw_problem(11, 0, "fixed"))
    finer = solve(
        cell.drawn.void, cell.drawn.traction, dataclasses.replace(RESOLUTION, sides=(72, 72, 72, 72), across=36)
    )
    here, there = (stress.von_mises(solution, cell.cloud.points) for solution in (cell.solution, finer))
    assert np.linalg.norm(here - there) < 1.2e-3 * np.linalg.norm(there)  # measured 8.0e-4


def test_the_stored_mesh_holds_the_stress_of_the_solver_at_its_nodes():
    cell = solve_unit_cell(draw_problem(0, 3, "fixed"), COARSE)
    mesh = cell.mesh()
    assert 960 <= len(mesh.points) <= 1024
    assert np.array_equal(mesh.point_data["von_mises"], stress.von_mises(cell.solution, mesh.points))
    # A bar without a void would carry 100 Pa; this one carries it through what is left of it.
    assert 100 < mesh.point_data["von_mises"].mean() < 400


def test_the_fine_sampling_is_dense_at_the_void_and_misses_only_the_corners():
    cell = solve_unit_cell(draw_problem(0, 3, "fixed"), COARSE)
    points, values = cell.fine_sampling()
    assert len(points) == len(values) >= 20_000 and np.all(values > 0)
    d = points - 0.5
    gap = np.hypot(*d.T) - cell.drawn.void.radius(np.arctan2(d[:, 1], d[:, 0]))
    assert gap.min() > -1e-14 and (np.abs(gap) < 1e-14).sum() >= 1000
    assert (gap < NEAR).sum() > 5000
    assert min(np.linalg.norm(points - c, axis=1).min() for c in ((0, 0), (1, 0))) >= 0.03


@pytest.mark.slow
def test_a_draw_without_equilibrium_is_replaced_by_the_next_one(monkeypatch):
    monkeypatch.setattr(unit_cell, "MAGNITUDES", (1e5, 3e5))
    monkeypatch.setattr(unit_cell, "STEEPEST", np.pi)  # pushed down, it buckles
    case, redraws = Elasticity("varied", COARSE).make(2, 0)
    assert redraws > 0
    for redraw in range(redraws):
        drawn = draw_problem(2, 0, "varied", redraw)
        with pytest.raises(SolverError, match="traction: expected an equilibrium"):
            solve(drawn.void, drawn.traction, COARSE)
    assert np.array_equal(case.conditions["traction"], draw_problem(2, 0, "varied", redraws).traction)
