"""Solving with OpenFOAM: the stored flow again, and what happens where it cannot be solved."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from enf2enf.errors import SolverError
from enf2enf.problems.aerofoil import foam, solver
from enf2enf.problems.aerofoil.case import Case
from enf2enf.problems.aerofoil.cgrid import Size
from enf2enf.problems.aerofoil.naca import FiveDigits, FourDigits
from enf2enf.problems.aerofoil.problem import Aerofoil
from enf2enf.problems.aerofoil.solver import RULES, Stage, State, solve

STORED = Path(__file__).with_name("naca_5_digits.npz")
installed = pytest.mark.skipif(shutil.which("simpleFoam") is None, reason="no OpenFOAM")


@pytest.fixture
def coarse():
    return Case(FourDigits(2.0, 4.0, 12.0), 50.0, 3.0, Size(0.5))


@installed
@pytest.mark.soak
def test_a_stored_flow_is_solved_again():
    """Ours was solved by an older program, on a grid whose nose radius differs by 3e-5."""
    stored = dict(np.load(STORED))
    lift, position, _, thickness = stored["naca"]
    case = Case(FiveDigits(lift, position, thickness), float(stored["U_inf"]), float(stored["alpha_deg"]))
    found = solve(case)
    assert found["Cl"] == pytest.approx(stored["Cl"], rel=1e-4)  # measured 6e-6
    assert found["Cd"] == pytest.approx(stored["Cd"], rel=2e-4)  # measured 2e-5
    np.testing.assert_allclose(found["surf_nodes"], stored["surf_nodes"], atol=1e-5)
    for name, tolerance in (
        ("xy", 1e-5),
        ("U", 1e-3),
        ("p", 1e-3),
        ("nut", 0.05),
        ("surf_p", 1e-3),
        ("surf_tau", 1e-3),
    ):
        every = found[name] if name.startswith("surf") else found[name][::4]
        np.testing.assert_allclose(every, stored[name], atol=tolerance * abs(stored[name]).max())
    assert found["residuals"].max() < RULES[0].residual


@installed
@pytest.mark.soak
def test_a_symmetric_flow_is_its_own_mirror_image_and_has_no_lift():
    found = solve(Case(FourDigits(0.0, 0.0, 15.0), 50.0, 0.0, Size(0.5)))
    assert abs(found["Cl"]) < 1e-5 and 0.005 < found["Cd"] < 0.02
    np.testing.assert_allclose(found["surf_p"], found["surf_p"][::-1], atol=1e-4 * 50**2)
    mirrored = found["surf_tau"][::-1] * (1, -1)
    np.testing.assert_allclose(found["surf_tau"], mirrored, atol=1e-2 * abs(mirrored).max())  # measured 3e-3


@installed
def test_a_stage_goes_on_where_the_last_one_ended(coarse, tmp_path):
    environment, folder = solver.openfoam(), tmp_path / "case"
    coarse.write(folder)
    start = State(0, np.full(5, np.inf), np.zeros((0, 3)))
    state = solver._advance(start, Stage(0.9, 0.8, 3), coarse, folder, environment)
    assert state.iteration == 3 and state.history.shape == (3, 3) and np.isfinite(state.residuals).all()
    again = solver._advance(state, Stage(0.9, 0.8, 2), coarse, folder, environment)
    assert again.iteration == 5 and again.history.shape == (5, 3)
    np.testing.assert_array_equal(again.history[:3], state.history)


@installed
def test_iterations_that_diverge_are_told_from_a_solver_that_does_not_run(coarse, tmp_path):
    environment, folder = solver.openfoam(), tmp_path / "case"
    start = State(0, np.full(5, np.inf), np.zeros((0, 3)))
    coarse.write(folder)
    wild = np.random.default_rng(0).normal(0, 1e200, (len(coarse.cells[1]), 2))
    patches = {"aerofoil": "type noSlip;", "freestream": "type zeroGradient;", "frontAndBack": "type empty;"}
    foam.write_field(folder / "0" / "U", "0 1 -1", wild, patches)
    assert solver._advance(start, Stage(0.9, 0.8, 3), coarse, folder, environment) is None
    foam.write_field(folder / "0" / "U", "0 1 -1", wild, {})
    with pytest.raises(SolverError) as refused:
        solver._advance(start, Stage(0.9, 0.8, 3), coarse, folder, environment)
    wanted = (
        "simpleFoam: expected iterations, got FOAM FATAL IO ERROR: Cannot find patchField entry for aerofoil file: "
    )
    assert str(refused.value).startswith(wanted)


def test_openfoam_that_is_missing_is_one_sentence(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SolverError) as refused:
        Aerofoil().make(0, 0)
    assert str(refused.value) == ("simpleFoam: expected OpenFOAM on PATH (Debian: apt install openfoam), got none")


def test_what_is_accepted():
    history = np.tile([0.01, 0.5, 0.0], (150, 1))
    steady = State(200, np.full(5, 9e-6), history)
    assert steady.keeps(RULES[0]) and steady.drift == (0, 0)
    assert not State(200, np.array([1e-6, 1e-6, 1.1e-5, 1e-6, 1e-6]), history).keeps(RULES[0])
    assert not State(50, np.full(5, 1e-7), history[:50]).keeps(RULES[-1])
    swinging = history + np.outer(np.arange(150) % 2, [0.0, 3e-4, 0.0])
    swings = State(200, np.full(5, 1e-7), swinging)
    assert swings.drift[0] == pytest.approx(6e-4, rel=1e-2)
    assert [swings.keeps(rule) for rule in RULES] == [False, True, True]


@pytest.mark.parametrize("values", [np.arange(12.0).reshape(6, 2), np.arange(6.0) / 7])
def test_fields_are_read_as_they_were_written(tmp_path, values):
    foam.write_field(tmp_path / "a" / "field", "0 1 -1", values, {"wall": "type calculated;"})
    np.testing.assert_allclose(foam.read_field(tmp_path / "a" / "field"), values, rtol=1e-8)
    with pytest.raises(SolverError, match="simpleFoam: expected the field 'field' in its result, got none that can be"):
        foam.read_field(tmp_path / "a" / "field", "wall")
    with pytest.raises(SolverError, match="expected the field 'other' in its result"):
        foam.read_field(tmp_path / "other")
