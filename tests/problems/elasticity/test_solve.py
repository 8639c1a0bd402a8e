"""Equilibrium at finite strain: Newton's rate, the energy balance, symmetry, and failure that says so."""

import numpy as np
import pytest

from enf2enf.errors import SolverError
from enf2enf.problems.elasticity import material, stress
from enf2enf.problems.elasticity.cell import Cell
from enf2enf.problems.elasticity.cloud import in_domain
from enf2enf.problems.elasticity.ogrid import OGrid, Resolution
from enf2enf.problems.elasticity.solve import CONVERGED, newton, solve
from enf2enf.problems.elasticity.void import Void

COARSE = Resolution((12, 12, 12, 12), 8, wall=0.3, outer=0.2, clamp=0.4)
VOID = Void.random(np.random.default_rng(7))
HARD = np.array([6e3, 4e4])


def largest_strain(solution):
    F = solution.cell.gradient(solution.displacement)
    return 0.5 * np.abs(np.swapaxes(F, -2, -1) @ F - np.eye(2)).max()


def test_newton_converges_quadratically_at_finite_strain():
    cell = Cell(OGrid(VOID, COARSE))
    near = solve(VOID, 0.9 * HARD, COARSE)
    assert largest_strain(near) > 0.1
    u, residuals = newton(cell, near.displacement, cell.load(HARD), 1e-11, iterations=12)
    r = np.array([r for r in residuals if r > 1e-11])
    print(r)
    # Quadratic: e_{n+1} <= C e_n^2 with one constant, so the order log e_{n+1} / log e_n tends to two.
    order = np.log(r[2:] / r[1:-1]) / np.log(r[1:-1] / r[:-2])
    print(order)
    assert order[-1] > 1.7


def test_stored_energy_is_the_work_of_the_load_along_the_path():
    """By parts, with g = force . u(fraction): the work is g(1) less the integral of g over the fraction of the load."""
    points, weights = np.polynomial.legendre.leggauss(5)
    cell = Cell(OGrid(VOID, COARSE))
    force = cell.load(HARD)
    full = solve(VOID, HARD, COARSE)
    assert largest_strain(full) > 0.1  # measured 0.28
    along = [(force * solve(VOID, (x + 1) / 2 * HARD, COARSE).displacement).sum() for x in points]
    work = (force * full.displacement).sum() - weights @ along / 2
    np.testing.assert_allclose(
        full.cell.energy(full.displacement), work, rtol=1e-6
    )  # measured 5e-8; 1.6e-6 with four points


def test_equilibrium_makes_the_potential_stationary_and_least():
    full = solve(VOID, HARD, COARSE)
    cell, force = full.cell, full.cell.load(HARD)
    rest = cell.energy(full.displacement) - (force * full.displacement).sum()
    rng = np.random.default_rng(0)
    for _ in range(5):
        v = np.sin(cell.grid.nodes @ rng.uniform(-5, 5, (2, 2)) + rng.uniform(0, 6, 2)) * cell.grid.nodes[:, 1:]
        rises = [
            cell.energy(full.displacement + h * v) - (force * (full.displacement + h * v)).sum() - rest
            for h in (1e-3, 5e-4)
        ]
        assert rises[1] > 0
        assert rises[0] / rises[1] == pytest.approx(4, rel=0.05)  # purely quadratic


def test_nominal_stress_through_a_section_carries_the_load():
    fine = Resolution((24, 24, 24, 24), 12, wall=0.3, outer=0.2, clamp=0.4)
    solution = solve(VOID, HARD, fine)
    x, weights = np.polynomial.legendre.leggauss(60)
    section = np.stack([(x + 1) / 2, np.full(60, 0.95)], axis=1)
    P = material.first_piola(stress.deformation_gradient(solution, section))
    np.testing.assert_allclose(weights @ P[:, :, 1] / 2, HARD, rtol=2e-3)  # measured 4.5e-4 across, 2e-6 along


def test_the_mirror_image_of_a_cell_has_the_mirrored_stress():
    sign = (-1.0) ** np.arange(8)
    mirrored = Void(VOID.cosines * sign, -VOID.sines * sign)
    points = in_domain(VOID, np.random.default_rng(0).random((200, 2)))
    here = stress.von_mises(solve(VOID, HARD, COARSE), points)
    there = stress.von_mises(solve(mirrored, HARD * [-1, 1], COARSE), points * [-1, 1] + [1, 0])
    np.testing.assert_allclose(here, there, rtol=1e-9)  # measured 4e-13


def test_small_loads_are_linear_and_both_ways_of_solving_agree():
    points = in_domain(VOID, np.random.default_rng(0).random((200, 2)))
    unit, double = (stress.von_mises(solve(VOID, np.array([0, t]), COARSE), points) for t in (10.0, 20.0))
    assert np.linalg.norm(double - 2 * unit) < 1e-3 * np.linalg.norm(double)  # measured 9e-5
    cell = Cell(OGrid(VOID, COARSE))
    force = cell.load(np.array([0.0, 500.0]))
    rest = np.zeros_like(cell.grid.nodes)
    kept, fresh = (newton(cell, rest, force, CONVERGED, 25, fresh=fresh)[0] for fresh in (False, True))
    np.testing.assert_allclose(kept, fresh, atol=1e-9 * np.abs(fresh).max())


@pytest.mark.parametrize("traction", [(0.0, 0.0), (np.nan, 1.0)])
def test_a_load_that_is_none_is_refused(traction):
    with pytest.raises(SolverError, match="traction: expected two finite numbers that are not both 0"):
        solve(VOID, np.array(traction), COARSE)


def test_a_load_without_equilibrium_is_refused_with_how_far_it_got():
    with pytest.raises(SolverError, match=r"traction: expected an equilibrium beyond \d+% of it, got none"):
        solve(VOID, np.array([1e6, -1e6]), Resolution((6, 6, 6, 6), 4))
