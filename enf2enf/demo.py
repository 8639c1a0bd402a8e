"""`enf2enf demo`: the whole product on one geometry that nobody trained on."""

import dataclasses
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from enf2enf import io as mesh_io
from enf2enf.checkpoint import load
from enf2enf.client import Client
from enf2enf.errors import ServiceError
from enf2enf.mesh import Mesh
from enf2enf.metrics import relative_l2
from enf2enf.prediction import Prediction
from enf2enf.problems.elasticity.problem import Elasticity
from enf2enf.surrogate import Surrogate

SEED = 20_261_124  # the shipped model was trained on voids of seed 0
_WARM_UP_SECONDS = 120.0


@dataclasses.dataclass(frozen=True)
class Answers:
    """What the server said, and how long it took."""

    nodes: Prediction
    fine: Prediction
    encode_seconds: float
    decode_seconds: float
    fine_seconds: float


def demo(checkpoint: str | os.PathLike, out: str | os.PathLike) -> None:
    """Solve a unit cell, ask the served surrogate for its stress, compare, and draw.

    Args:
        checkpoint: a surrogate of the Elasticity problem under its fixed load.
        out: folder of `demo.vtu` and `demo.png`.
    """
    console, folder = Console(), Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    console.print("Solving an unseen unit cell with the finite-element solver ...")
    began = time.perf_counter()
    case, _ = Elasticity("fixed").make(SEED, 0)
    solver_seconds = time.perf_counter() - began
    assert case.fine is not None  # this problem has one for every case
    mesh, fine = case.mesh, case.fine()
    surrogate = load(checkpoint)
    console.print("Asking the surrogate over gRPC ...")
    with _serving(surrogate) as target, Client(target) as client:
        answers = _ask(client, dataclasses.replace(mesh, point_data={}), fine.points)
    console.print(_table(mesh, answers, fine["von_mises"], solver_seconds))
    _write(folder, mesh, answers.nodes, surrogate)
    console.print(f"Wrote {folder / 'demo.vtu'} and {folder / 'demo.png'}")


@contextmanager
def _serving(surrogate: Surrogate) -> Iterator[str]:
    from enf2enf_server.gate.app import create_server

    server, port = create_server(surrogate)
    try:
        server.start().result(_WARM_UP_SECONDS)
        yield f"127.0.0.1:{port}"
    finally:
        server.stop()


def _ask(client: Client, mesh: Mesh, fine_points: np.ndarray) -> Answers:
    if not client.ready():
        raise ServiceError("server", "SERVING", "NOT_SERVING")
    data = mesh_io.write_bytes(mesh, "vtu")
    began = time.perf_counter()
    shape = client.encode(data, name="unit_cell.vtu")
    encoded = time.perf_counter()
    nodes = client.decode(shape, {}, "nodes")
    decoded = time.perf_counter()
    fine = client.decode(shape, {}, fine_points)
    done = time.perf_counter()
    return Answers(nodes, fine, encoded - began, decoded - encoded, done - decoded)


def _table(mesh: Mesh, answers: Answers, fine_truth: np.ndarray, solver_seconds: float) -> Table:
    table = Table(title="von Mises stress of a unit cell that nobody trained on")
    for column in ("", "points", "time", "relative L2 against the solver"):
        table.add_column(column, justify="left" if not column else "right")
    table.add_row("finite elements", f"{len(mesh.points):,}", f"{solver_seconds * 1e3:.0f} ms", "the truth")
    table.add_row("encode over gRPC", "", f"{answers.encode_seconds * 1e3:.0f} ms", "")
    for name, prediction, truth, seconds in (
        ("decode at the mesh's nodes", answers.nodes, mesh.point_data["von_mises"], answers.decode_seconds),
        ("decode at a fine sampling", answers.fine, fine_truth, answers.fine_seconds),
    ):
        guess = prediction.field["von_mises"]
        inside = ~np.isnan(guess)
        error = relative_l2(guess[inside], truth[inside])
        table.add_row(name, f"{len(guess):,}", f"{seconds * 1e3:.0f} ms", f"{100 * error:.2f} %")
    return table


def _write(folder: Path, mesh: Mesh, prediction: Prediction, surrogate: Surrogate) -> None:
    from enf2enf.view.report import prediction_report

    truth, guess = mesh.point_data["von_mises"], prediction.field["von_mises"]
    fields = {"truth": truth, "prediction": guess, "error": np.abs(guess - truth)}
    mesh_io.write(folder / "demo.vtu", dataclasses.replace(mesh, point_data=fields))
    encoding = surrogate.encode(mesh)
    view = surrogate.views(encoding, surrogate.condition_row({}))[0]
    prediction_report(
        folder / "demo.png", points=mesh.points, triangles=mesh.cells[0].nodes, truth=truth, prediction=guess,
        geometry=encoding.geometry, poses=view.poses(), name="von Mises stress",
        unit="Pa", title="A unit cell that nobody trained on",
    )  # fmt: skip
