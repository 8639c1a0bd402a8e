"""The flow around sections of wings, against stored solutions of the solver."""

import dataclasses
import functools
import os
import time
from collections.abc import Mapping

import numpy as np
from rich.table import Table
from scipy.spatial import KDTree

import enf2enf_meshes
from enf2enf.client import Client
from enf2enf.data import npz
from enf2enf.data.airfrans.schema import SCHEMA
from enf2enf.field import Field
from enf2enf.forces import integrals
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.metrics import relative_l2
from enf2enf.prediction import Prediction
from enf2enf.problems.aerofoil.record import solved_case

SECTIONS = {"flow_naca": "NACA 2.9-4.7-10", "flow_sd7034": "SD7034"}
"""Assets that hold a solution -> the names of their sections."""


@dataclasses.dataclass(frozen=True)
class Truth:
    """A stored solution.

    Args:
        geometry: the section.
        conditions: of the flow.
        around: the fields at the centres of the solver's cells.
        on_wall: those of the wall at the midpoints of its faces.
    """

    geometry: Geometry
    conditions: Mapping[str, float | np.ndarray]
    around: Field
    on_wall: Field

    @classmethod
    def stored(cls, id: str) -> "Truth":
        """The stored solution in the asset of this id."""
        case = solved_case(npz.read(enf2enf_meshes.path(id), id))
        assert case.samples is not None and case.wall is not None  # this problem has both for every case
        return cls(Geometry.from_mesh(case.mesh, outer_is_far=True), case.conditions, case.samples, case.wall)

    @property
    def inflow(self) -> np.ndarray:
        """Undisturbed velocity, m/s."""
        return np.asarray(self.conditions["inflow"])

    @functools.cached_property
    def integrals(self) -> dict[str, float]:
        """Lift, drag and moment by name."""
        wall = self.wall_at(WallSides.of(self.geometry).midpoints)
        return integrals(SCHEMA, self.geometry, wall.values, self.conditions)

    def wall_at(self, points: np.ndarray) -> Field:
        """What is known at the midpoints of the wall's faces, in another order."""
        order = KDTree(self.on_wall.points).query(points)[1]
        return Field(points, {name: values[order] for name, values in self.on_wall.values.items()})


@dataclasses.dataclass(frozen=True)
class Answers:
    """What the server said of the flow around a section, and on its wall, and how long it took."""

    around: Prediction
    on_wall: Prediction
    encode_seconds: float
    decode_seconds: float


def ask(client: Client) -> dict[str, tuple[Truth, Answers]]:
    """Asks about every stored section; returns section name -> truth and answers."""
    truths = {name: Truth.stored(id) for id, name in SECTIONS.items()}
    return {name: (truth, _asked(client, truth)) for name, truth in truths.items()}


def _asked(client: Client, truth: Truth) -> Answers:
    began = time.perf_counter()
    shape = client.encode(truth.geometry, model="aerofoil")
    encoded = time.perf_counter()
    around = client.decode(shape, truth.conditions, truth.around.points)
    on_wall = client.decode(shape, truth.conditions, "wall")
    return Answers(around, on_wall, encoded - began, time.perf_counter() - encoded)


def errors(truth: Truth, answers: Answers) -> dict[str, float]:
    """Relative L2 error of every field; for the velocity, of its difference from the inflow."""
    found = {}
    for quantity in SCHEMA.fields:
        on_wall = quantity.on == "wall"
        guess = (answers.on_wall if on_wall else answers.around).field
        known = (truth.wall_at(guess.points) if on_wall else truth.around)[quantity.name]
        there, without = ~guess.missing, truth.inflow if quantity.relative_to else 0.0
        found[quantity.name] = relative_l2(guess[quantity.name][there] - without, known[there] - without)
    return found


def table(flows: Mapping[str, tuple[Truth, Answers]]) -> Table:
    """Times, errors and coefficients, a column a section."""
    made, pairs = Table(title="flow around sections that nobody trained on"), list(flows.values())
    made.add_column("")
    for name, (truth, _) in flows.items():
        made.add_column(f"{name}\n{_state(truth)}", justify="right")
    made.add_row("encode over gRPC", *(f"{answers.encode_seconds * 1e3:.0f} ms" for _, answers in pairs))
    made.add_row("decode over gRPC", *(_decoded(answers) for _, answers in pairs), end_section=True)
    found = [errors(*pair) for pair in pairs]
    for name in found[0]:
        made.add_row(f"{name}, relative L2", *(f"{100 * one[name]:.1f} %" for one in found))
    made.add_section()
    for name, digits in (("C_L", 3), ("C_D", 4)):
        made.add_row(f"{name}, and the solver's", *(_beside(name, digits, *pair) for pair in pairs))
    return made


def _state(truth: Truth) -> str:
    x, y = truth.inflow
    return f"{np.degrees(np.arctan2(y, x)):.1f}°, {np.hypot(x, y):.0f} m/s"


def _decoded(answers: Answers) -> str:
    points = len(answers.around.points) + len(answers.on_wall.points)
    return f"{points:,} points, {answers.decode_seconds * 1e3:.0f} ms"


def _beside(name: str, digits: int, truth: Truth, answers: Answers) -> str:
    return f"{answers.on_wall.integrals[name]:.{digits}f}, {truth.integrals[name]:.{digits}f}"


def draw(path: str | os.PathLike, flows: Mapping[str, tuple[Truth, Answers]]) -> None:
    """Speeds around the sections and pressures on their walls, beside the solver's: a PNG."""
    from enf2enf.view.flows import FlowRow, flows_report

    rows = []
    for name, (truth, answers) in flows.items():
        speed = float(np.hypot(*truth.inflow))
        both = [(truth.around, truth.on_wall), (answers.around.field, answers.on_wall.field)]
        speeds = [np.linalg.norm(around["velocity"], axis=1) / speed for around, _ in both]
        pressures = [Field(wall.points, {"C_p": wall["wall_pressure"] / (speed**2 / 2)}) for _, wall in both]
        rows.append(
            FlowRow(f"{name}, {_state(truth)}", truth.geometry.walls[0], truth.around.points, *speeds, *pressures)
        )
    flows_report(path, rows)
