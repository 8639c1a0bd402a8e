"""The material law against its own potential, exact solutions and the principle of objectivity."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.problems.elasticity.material import C1, C2, determinant, energy, first_piola, tangent, von_mises

angles = st.floats(-np.pi, np.pi)
stretches = st.floats(0.6, 1.8)
STEP = 1e-5


def turn(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@st.composite
def deformations(draw):
    F = turn(draw(angles)) @ np.diag([draw(stretches), draw(stretches)]) @ turn(draw(angles))
    return F[None]


def central_difference(f, F):
    columns = []
    for k, l in np.ndindex(2, 2):
        d = np.zeros((2, 2))
        d[k, l] = STEP
        columns.append((f(F + d) - f(F - d)) / (2 * STEP))
    return np.stack(columns, axis=-1)


@given(deformations())
def test_stress_is_the_slope_of_the_energy(F):
    slope = central_difference(energy, F).reshape(1, 2, 2)
    np.testing.assert_allclose(first_piola(F), slope, atol=1e-6 * (C1 + C2))  # measured 6e-9


@given(deformations())
def test_stiffness_is_the_slope_of_the_stress(F):
    slope = central_difference(first_piola, F).reshape(1, 2, 2, 2, 2)
    np.testing.assert_allclose(tangent(F), slope, atol=1e-6 * (C1 + C2))  # measured 4e-8


@given(deformations(), angles)
def test_a_rotation_of_the_observer_changes_no_energy_and_turns_the_stress(F, angle):
    Q = turn(angle)
    np.testing.assert_allclose(energy(Q @ F), energy(F), atol=1e-13 * C1)  # measured 2e-15
    np.testing.assert_allclose(first_piola(Q @ F), Q @ first_piola(F), atol=1e-13 * C1)  # measured 7e-15
    np.testing.assert_allclose(von_mises(Q @ F), von_mises(F), atol=1e-13 * C1)  # measured 5e-15
    np.testing.assert_allclose(von_mises(F @ Q), von_mises(F), atol=1e-13 * C1)  # isotropy; measured 5e-15


@given(stretches)
def test_uniaxial_tension_is_the_textbook_curve(stretch):
    F = np.diag([stretch, stretch**-0.5])[None]
    nominal = 2 * (stretch - stretch**-2) * (C1 + C2 / stretch)
    np.testing.assert_allclose(first_piola(F)[0], np.diag([nominal, 0]), atol=1e-13 * C1)  # measured 2e-15
    np.testing.assert_allclose(von_mises(F), abs(stretch * nominal), atol=1e-12 * C1)


def test_rest_is_free_of_energy_and_stress_and_has_three_times_the_shear_modulus():
    rest = np.eye(2)[None]
    assert determinant(rest) == 1
    assert energy(rest) == 0
    assert np.all(first_piola(rest) == 0)
    A, pull = tangent(rest)[0], np.diag([1, -0.5])
    np.testing.assert_allclose(np.einsum("ijkl,kl->ij", A, pull), np.diag([6 * (C1 + C2), 0]), atol=1e-9 * C1)
