"""The stress in a unit cell, against the finite-element solver."""

import dataclasses
import os
import time
from pathlib import Path

import numpy as np
from rich.table import Table

from enf2enf import io as mesh_io
from enf2enf.checkpoint import load
from enf2enf.client import Client
from enf2enf.field import Field
from enf2enf.mesh import Mesh
from enf2enf.metrics import relative_l2
from enf2enf.prediction import Prediction
from enf2enf.problems.elasticity.problem import Elasticity

SEED = 20_261_124  # the shipped model was trained on voids of seed 0


@dataclasses.dataclass(frozen=True)
class Solved:
    """The truth: at the nodes of the mesh, at a fine sampling, and how long the solver took for the first."""

    mesh: Mesh
    fine: Field
    seconds: float


@dataclasses.dataclass(frozen=True)
class Answers:
    """What the server said, and how long it took."""

    nodes: Prediction
    fine: Prediction
    encode_seconds: float
    decode_seconds: float
    fine_seconds: float


def solve() -> Solved:
    """The cell."""
    began = time.perf_counter()
    case, _ = Elasticity("fixed").make(SEED, 0)
    seconds = time.perf_counter() - began
    assert case.fine is not None  # this problem has one for every case
    return Solved(case.mesh, case.fine(), seconds)


def ask(client: Client, solved: Solved) -> Answers:
    """Its stress, from the bytes of its mesh alone."""
    data = mesh_io.write_bytes(dataclasses.replace(solved.mesh, point_data={}), "vtu")
    began = time.perf_counter()
    shape = client.encode(data, name="unit_cell.vtu", model="elasticity")
    encoded = time.perf_counter()
    nodes = client.decode(shape, {}, "nodes")
    decoded = time.perf_counter()
    fine = client.decode(shape, {}, solved.fine.points)
    done = time.perf_counter()
    return Answers(nodes, fine, encoded - began, decoded - encoded, done - decoded)


def table(solved: Solved, answers: Answers) -> Table:
    """Sizes, times and errors."""
    made, mesh = Table(title="von Mises stress of a unit cell that nobody trained on"), solved.mesh
    for column in ("", "points", "time", "relative L2 against the solver"):
        made.add_column(column, justify="left" if not column else "right")
    made.add_row("finite elements", f"{len(mesh.points):,}", f"{solved.seconds * 1e3:.0f} ms", "the truth")
    made.add_row("encode over gRPC", "", f"{answers.encode_seconds * 1e3:.0f} ms", "")
    for name, prediction, truth, seconds in (
        ("decode at the mesh's nodes", answers.nodes, mesh.point_data["von_mises"], answers.decode_seconds),
        ("decode at a fine sampling", answers.fine, solved.fine["von_mises"], answers.fine_seconds),
    ):
        guess = prediction["von_mises"]
        inside = ~np.isnan(guess)
        error = relative_l2(guess[inside], truth[inside])
        made.add_row(name, f"{len(guess):,}", f"{seconds * 1e3:.0f} ms", f"{100 * error:.2f} %")
    return made


def write(folder: Path, solved: Solved, answers: Answers, checkpoint: str | os.PathLike) -> None:
    """`demo.vtu` with truth, prediction and error, and `demo.png` with the latents of who answered."""
    from enf2enf.view.report import prediction_report

    mesh, surrogate = solved.mesh, load(checkpoint)
    truth, guess = mesh.point_data["von_mises"], answers.nodes["von_mises"]
    fields = {"truth": truth, "prediction": guess, "error": np.abs(guess - truth)}
    mesh_io.write(folder / "demo.vtu", dataclasses.replace(mesh, point_data=fields))
    encoding = surrogate.encode(mesh)
    view = surrogate.views(encoding, surrogate.condition_row({}))[0]
    prediction_report(
        folder / "demo.png", points=mesh.points, triangles=mesh.cells[0].nodes, truth=truth, prediction=guess,
        geometry=encoding.geometry, poses=view.poses(), name="von Mises stress",
        unit="Pa", title="A unit cell that nobody trained on",
    )  # fmt: skip
