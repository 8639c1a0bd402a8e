"""Solving a case with OpenFOAM's simpleFoam: in stages, by plans of decreasing boldness, until it may be accepted."""

import dataclasses
import os
import re
import shutil
import signal
import subprocess
import tempfile
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from enf2enf.data.airfrans.schema import VISCOSITY
from enf2enf.errors import SolverError
from enf2enf.plain import one_line
from enf2enf.problems.aerofoil import foam
from enf2enf.problems.aerofoil.case import Case
from enf2enf.problems.aerofoil.record import CROP

TIME_LIMIT = 1800.0
"""Most seconds for one stage; beyond it `SolverError` is raised, since a slow machine must not cause a new draw."""
_RESIDUAL = re.compile(r"Solving for (Ux|Uy|p|k|omega), Initial residual = ([0-9.eE+-]+|nan|inf)")
_WINDOW = 100  # iterations


class Rule(NamedTuple):
    """A flow is accepted if its largest residual and its relative `drift` of lift and drag are below these."""

    residual: float
    lift: float
    drag: float


RULES = (Rule(1e-5, 5e-4, 2e-3), Rule(5e-5, 1e-3, 4e-3), Rule(2e-4, 2e-3, 8e-3))
"""A plan stops once the first rule accepts its state; the end of the last plan may satisfy any of them."""
_LEAST_DRAG, _MOST_DRAG, _MOST_LIFT = 0.003, 1.0, 5.0


class Stage(NamedTuple):
    """Factors of relaxation, of the velocity and of the turbulence, and iterations."""

    velocity: float
    turbulence: float
    iterations: int


class Plan(NamedTuple):
    """Opening stages, then one stage that is repeated for at most `most` further iterations."""

    opening: tuple[Stage, ...]
    repeated: Stage
    most: int


PLANS = (
    Plan((), Stage(0.9, 0.8, 200), 1000),
    Plan((Stage(0.7, 0.5, 400),), Stage(0.9, 0.8, 200), 1000),
    Plan((Stage(0.7, 0.5, 1200),), Stage(0.5, 0.3, 400), 2000),
)
_STEEP = 11.0
"""Degrees of incidence, of either sign, from which on the first plan is skipped."""

_KEPT_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "33554432", "MALLOC_TRIM_THRESHOLD_": "10000000000"}
"""Keeps freed arrays in the process: returning them to the system after every use costs a tenth more time.

Settings of the C library's malloc; older libraries refuse a threshold above 32 MiB."""


@dataclasses.dataclass(frozen=True, eq=False)
class State:
    """How far the solver has come.

    Args:
        iteration: number of the last iteration.
        residuals: initial residuals of Ux, Uy, p, k and omega in that iteration.
        history: drag, lift and moment coefficient after every iteration.
    """

    iteration: int
    residuals: Float[np.ndarray, "5"]
    history: Float[np.ndarray, "iterations 3"]

    @property
    def drift(self) -> tuple[float, float]:
        """Ranges of C_L and C_D over the last 100 iterations, relative to |C_L| (at least 0.2) and to |C_D|."""
        if len(self.history) < _WINDOW:
            return np.inf, np.inf
        drag, lift = self.history[-_WINDOW:, :2].T
        return float(np.ptp(lift) / max(abs(lift[-1]), 0.2)), float(np.ptp(drag) / abs(drag[-1]))

    def keeps(self, rule: Rule) -> bool:
        """Whether a rule accepts it."""
        lift, drag = self.drift
        return self.residuals.max() < rule.residual and lift < rule.lift and drag < rule.drag


def solve(case: Case) -> dict[str, np.ndarray] | None:
    """The record (see `record`) of a flow; None where the grid is folded, or no plan ends in one that is accepted.

    Beside what `solved_case` takes, it has the coefficients `Cl`, `Cd` and `Cm` (about the quarter chord, nose-up),
    `residuals`, `drift` and `iterations`.

    Raises:
        SolverError: OpenFOAM is missing, does not run, or takes too long.
    """
    environment = openfoam()
    if not (case.cells[1] > 0).all():
        return None
    with tempfile.TemporaryDirectory(prefix="enf2enf-") as folder:
        state = _by_plans(case, Path(folder) / "case", environment)
        return None if state is None else _record(case, Path(folder) / "case", state)


def openfoam() -> dict[str, str]:
    """The environment of a process that runs OpenFOAM; Debian's package leaves out where its `etc` is.

    Raises:
        SolverError: it is not on PATH.
    """
    found = shutil.which("simpleFoam")
    if found is None:
        raise SolverError("simpleFoam", "OpenFOAM on PATH (Debian: apt install openfoam)", "none")
    share = os.environ.get("WM_PROJECT_DIR") or str(Path(found).parents[1] / "share" / "openfoam")
    paths = {"WM_PROJECT_DIR": share, "FOAM_ETC": f"{share}/etc"}
    return {**_KEPT_MEMORY, **os.environ, **paths, "OMP_NUM_THREADS": "1"}


def _by_plans(case: Case, folder: Path, environment: dict[str, str]) -> State | None:
    state = None
    for plan in PLANS[abs(case.degrees) >= _STEEP :]:
        case.write(folder)
        state = _follow(plan, case, folder, environment)
        if state is not None and state.keeps(RULES[0]):
            break
    if state is None or state.history[-1, 0] < _LEAST_DRAG:
        return None
    return state if any(state.keeps(rule) for rule in RULES) else None


def _follow(plan: Plan, case: Case, folder: Path, environment: dict[str, str]) -> State | None:
    """The state where a plan stops: accepted, no longer improving, or at its end; None if it diverges."""
    state: State | None = State(0, np.full(5, np.inf), np.zeros((0, 3)))
    for stage in plan.opening:
        if (state := _advance(state, stage, case, folder, environment)) is None:
            return None
    top, worst = state.iteration + plan.most, []
    while state.iteration < top:
        if (state := _advance(state, plan.repeated, case, folder, environment)) is None:
            return None
        worst.append(state.residuals.max())
        stalled = len(worst) >= 3 and worst[-1] > 1e-4 and min(worst[-2:]) > 0.3 * min(worst[:-2])
        if stalled or state.keeps(RULES[0]):
            break
    return state


def _advance(state: State, stage: Stage, case: Case, folder: Path, environment: dict[str, str]) -> State | None:
    """The state after one more stage; None if it diverges."""
    case.plan(folder, state.iteration + stage.iterations, stage.velocity, stage.turbulence)
    log = _run(folder, environment)
    if log is None:
        return None
    found = dict(reversed(_RESIDUAL.findall(log.rsplit("\nTime = ", 1)[-1])))  # the first of each
    residuals = np.array([float(found.get(name, "nan")) for name in ("Ux", "Uy", "p", "k", "omega")])
    history = _history(folder, state)
    drag, lift, _ = history[-1]
    if not np.isfinite([*residuals, drag, lift]).all() or abs(drag) > _MOST_DRAG or abs(lift) > _MOST_LIFT:
        return None
    return State(max(int(path.name) for path in folder.iterdir() if path.name.isdigit()), residuals, history)


def _run(folder: Path, environment: dict[str, str]) -> str | None:
    """Output of simpleFoam; None if it dies of a floating-point error, or fails once its iterations have begun."""
    command = ["simpleFoam", "-case", str(folder)]
    try:  # a session of its own: Ctrl-C is for whoever waits for the case, not for its solver
        done = subprocess.run(
            command, env=environment, capture_output=True, text=True, timeout=TIME_LIMIT, start_new_session=True
        )
    except subprocess.TimeoutExpired:
        raise SolverError("simpleFoam", f"a stage within {TIME_LIMIT:g} s", "none") from None
    except OSError as error:
        raise SolverError("simpleFoam", "a program that can be started", error.strerror or "another") from None
    if done.returncode == 0:
        return done.stdout
    if done.returncode == -signal.SIGFPE or (done.returncode > 0 and "\nTime = " in done.stdout):
        return None
    said = " ".join(done.stderr.partition("From function")[0].split()).removeprefix("--> ")
    raise SolverError("simpleFoam", "iterations", one_line(said)[:160] or f"exit {done.returncode}")


def _history(folder: Path, state: State) -> Float[np.ndarray, "iterations 3"]:
    """The coefficients with those of the last stage."""
    files = sorted(folder.glob("postProcessing/coefficients/*/*.dat"), key=lambda path: int(path.parent.name))
    lines = files[-1].read_text().splitlines()
    names = [line for line in lines if line.startswith("#")][-1][1:].split()
    rows = np.array([line.split() for line in lines if not line.startswith("#")], np.float64)
    return np.concatenate([state.history, rows[:, [names.index(name) for name in ("Cd", "Cl", "CmPitch")]]])


def _record(case: Case, folder: Path, state: State) -> dict[str, np.ndarray]:
    results = folder / str(state.iteration)
    velocity, pressure, nut = (foam.read_field(results / name) for name in ("U", "p", "nut"))
    centres, mesh = case.cells[0], case.topology
    kept = ((centres > CROP[0]) & (centres < CROP[1])).all(axis=1)
    drag, lift, moment = state.history[-1]
    numbers = {"U_inf": case.speed, "alpha_deg": case.degrees, "nu": VISCOSITY, "Cl": lift, "Cd": drag, "Cm": moment}
    return {
        "xy": centres[kept],
        "U": velocity[kept],
        "p": pressure[kept],
        "nut": nut[kept],
        "surf_nodes": case.wall,
        "surf_p": pressure[mesh.on_wall],
        "surf_tau": -foam.read_field(results / "wallShearStress", "aerofoil"),  # OpenFOAM's is on the fluid
        "residuals": state.residuals,
        "drift": np.array(state.drift),
        "iterations": np.array(state.iteration),
        **{name: np.array(number) for name, number in numbers.items()},
    }
