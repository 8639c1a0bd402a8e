"""The discretisation: patch test, potential, and the orders of convergence that theory promises."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from skfem import Basis, ElementQuad2, FacetBasis, LinearForm

from enf2enf.problems.elasticity import material, stress
from enf2enf.problems.elasticity.cell import Cell
from enf2enf.problems.elasticity.ogrid import OGrid, Resolution
from enf2enf.problems.elasticity.solve import Solution, factorise
from enf2enf.problems.elasticity.void import CENTRE, Void

COARSE = Resolution((10, 8, 10, 12), 6, wall=0.3, outer=0.2, clamp=0.4)
seeds = st.integers(0, 2**32 - 1)


def cell_of(seed, resolution=COARSE):
    return Cell(OGrid(Void.random(np.random.default_rng(seed)), resolution))


def boundary_nodes(cell):
    return Basis(cell.grid.mesh, ElementQuad2()).get_dofs(cell.grid.mesh.boundary_facets()).all()


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_patch_a_homogeneous_deformation_is_an_exact_equilibrium_on_any_curved_grid(seed):
    cell, rng = cell_of(seed), np.random.default_rng(seed)
    F = np.eye(2) + rng.uniform(-0.3, 0.3, (2, 2))
    u = cell.grid.nodes @ (F - np.eye(2)).T
    forces = cell.internal(u)
    inner = np.setdiff1d(np.arange(len(u)), boundary_nodes(cell))
    assert np.abs(forces[inner]).max() < 1e-11 * np.abs(forces).max()  # measured 2e-13
    theta, depth = rng.uniform(0, 2 * np.pi, 50), rng.uniform(0, 1, 50)
    points = CENTRE + (cell.grid.void.wall(theta) - CENTRE) * (1 + 0.2 * depth[:, None])
    recovered = stress.deformation_gradient(Solution(cell, u, ()), points)
    np.testing.assert_allclose(recovered, np.broadcast_to(F, (50, 2, 2)), atol=1e-12)  # measured 1e-14


@settings(max_examples=10, deadline=None)
@given(seeds)
def test_forces_are_the_slope_of_the_energy_and_the_stiffness_that_of_the_forces(seed):
    cell, rng = cell_of(seed), np.random.default_rng(seed)
    k = rng.uniform(-3, 3, (2, 2))
    u = 0.03 * np.sin(cell.grid.nodes @ k)
    v = np.cos(cell.grid.nodes @ k.T) * cell.grid.nodes[:, 1:]
    h = 1e-5
    work = (cell.internal(u) * v).sum()
    size = np.linalg.norm(cell.internal(u)) * np.linalg.norm(v)
    assert abs((cell.energy(u + h * v) - cell.energy(u - h * v)) / (2 * h) - work) < 1e-7 * size  # measured 7e-10
    force = cell.stiffness(u) @ v.ravel()[cell.free]
    slope = (cell.internal(u + h * v) - cell.internal(u - h * v)).ravel()[cell.free] / (2 * h)
    assert np.linalg.norm(force - slope) < 1e-7 * np.linalg.norm(force)  # measured 3e-9


def test_the_load_is_the_traction_on_a_side_of_unit_length():
    cell = cell_of(3)
    force = cell.load(np.array([3.0, 5.0]))
    np.testing.assert_allclose(force.sum(axis=0), [3, 5], rtol=1e-13)
    # Node by node it is what scikit-fem integrates over the top side.
    mesh = cell.grid.mesh
    top = mesh.facets_satisfying(lambda x: np.abs(x[1] - 1) < 1e-12, boundaries_only=True)
    basis = FacetBasis(mesh, ElementQuad2(), facets=top, intorder=5)
    lengths = LinearForm(lambda v, w: 1.0 * v).assemble(basis)
    np.testing.assert_allclose(force, lengths[:, None] * [3, 5], atol=1e-13)  # measured 1e-15


RADIUS, STRAIN = 0.3, 1e-6  # the radius of a void whose coefficients are all zero
MODULUS = 2 * (material.C1 + material.C2)


def kirsch(points):
    """Displacement and von Mises stress around a circular hole under uniaxial tension sigma_yy at infinity.

    Plane stress with Poisson's ratio 1/2 (Kirsch 1898; Timoshenko and Goodier, article 35), unit strain scale.
    """
    d = points - CENTRE
    r, t = np.hypot(*d.T), np.arctan2(d[:, 0], -d[:, 1])  # the angle from the axis of tension
    q, sigma, kappa = RADIUS / r, MODULUS * STRAIN, (3 - 0.5) / (1 + 0.5)
    radial = r * (kappa - 1 + 2 * np.cos(2 * t)) + 2 * RADIUS * q * (1 + (kappa + 1 - q * q) * np.cos(2 * t))
    hoop = -2 * np.sin(2 * t) * (r + RADIUS * q * (kappa - 1 + q * q))
    u_r, u_t = (sigma / (8 * MODULUS) * part for part in (radial, hoop))
    along, aside = u_r * np.cos(t) - u_t * np.sin(t), u_r * np.sin(t) + u_t * np.cos(t)
    rr = sigma / 2 * (1 - q**2 + (1 - 4 * q**2 + 3 * q**4) * np.cos(2 * t))
    tt = sigma / 2 * (1 + q**2 - (1 + 3 * q**4) * np.cos(2 * t))
    rt = -sigma / 2 * (1 + 2 * q**2 - 3 * q**4) * np.sin(2 * t)
    return np.stack([aside, -along], axis=1), np.sqrt(rr * rr - rr * tt + tt * tt + 3 * rt * rt)


def solve_kirsch(elements):
    """The hole of Kirsch's plate with his displacement on all four outer sides."""
    resolution = Resolution((elements,) * 4, elements, wall=0.5, outer=0.8)
    cell = Cell(OGrid(Void(np.zeros(8), np.zeros(8)), resolution))
    nodes = cell.grid.nodes
    outer = np.abs(nodes - CENTRE).max(axis=1) > 0.5 - 1e-12
    u = np.where(outer[:, None], kirsch(nodes)[0], 0)
    moving = np.flatnonzero(~np.repeat(outer, 2)[cell.free])
    for _ in range(2):
        residual = -cell.internal(u).ravel()[cell.free][moving]
        K = cell.stiffness(np.zeros_like(u))[moving][:, moving].tocsc()
        u.ravel()[cell.free[moving]] += factorise(K).solve(residual)
    return Solution(cell, u, ())


def relative(a, b):
    return np.linalg.norm(a - b) / np.linalg.norm(b)


def test_kirsch_displacement_converges_at_third_and_recovered_stress_beyond_second_order():
    rng = np.random.default_rng(0)
    theta = rng.uniform(0, 2 * np.pi, 400)
    points = CENTRE + rng.uniform(RADIUS, 0.48, (400, 1)) * np.stack([np.cos(theta), np.sin(theta)], axis=1)
    wall = CENTRE + RADIUS * np.stack([np.cos(theta), np.sin(theta)], axis=1)
    errors = []
    for elements in (6, 12, 24):
        solution = solve_kirsch(elements)
        errors.append(
            [
                relative(solution.displacement, kirsch(solution.cell.grid.nodes)[0]),
                relative(stress.von_mises(solution, points), kirsch(points)[1]),
                relative(stress.von_mises(solution, wall), kirsch(wall)[1]),
            ]
        )
    orders = np.log2(np.array(errors[:-1]) / np.array(errors[1:]))
    # Theory: 3 for the displacement, 2 for the stress; nodes and Gauss points are superconvergent.
    assert np.all(orders > [2.9, 2.5, 2.5])  # measured 3.9, 2.8 and 2.6, rising
    assert np.all(errors[-1] < np.array([2e-6, 6e-5, 8e-5]))  # measured 1.3e-6, 3.5e-5, 5.5e-5


def test_the_stress_concentration_of_a_round_hole_is_three():
    solution = solve_kirsch(24)
    sides = CENTRE + RADIUS * np.array([[1.0, 0.0], [-1.0, 0.0]])
    np.testing.assert_allclose(stress.von_mises(solution, sides), 3 * MODULUS * STRAIN, rtol=2e-4)  # measured 1.7e-5
