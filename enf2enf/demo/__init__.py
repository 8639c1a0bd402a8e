"""`enf2enf demo`: the whole product on geometries that nobody trained on."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from enf2enf.client import Client
from enf2enf.demo import cell, flow
from enf2enf.errors import ServiceError

_WARM_UP_SECONDS = 300  # of each model, on a machine that has other things to do


def demo(models: str | os.PathLike, out: str | os.PathLike) -> None:
    """Serve two surrogates, ask them about a unit cell and about aerofoils, compare with the solvers, and draw.

    Args:
        models: folder of `elasticity.enf`, a surrogate of that problem under its fixed load, and of `aerofoil.enf`.
        out: folder of `demo.vtu`, `demo.png` and `demo_flow.png`.
    """
    console, folder = Console(), Path(out)
    folder.mkdir(parents=True, exist_ok=True)
    console.print("Solving an unseen unit cell with the finite-element solver ...")
    solved = cell.solve()
    console.print("Asking the surrogates over gRPC: about the cell, about aerofoils ...")
    with _serving(models) as target, Client(target) as client:
        if not client.ready():
            raise ServiceError("server", "SERVING", "NOT_SERVING")
        answers, flows = cell.ask(client, solved), flow.ask(client)
    console.print(cell.table(solved, answers))
    console.print(flow.table(flows))
    cell.write(folder, solved, answers, Path(models) / "elasticity.enf")
    flow.draw(folder / "demo_flow.png", flows)
    console.print(f"Wrote {folder / 'demo.vtu'}, {folder / 'demo.png'} and {folder / 'demo_flow.png'}")


@contextmanager
def _serving(models: str | os.PathLike) -> Iterator[str]:
    from enf2enf_server.gate.app import create_server
    from enf2enf_server.ops.config import ServerConfig

    server, port = create_server(models, ServerConfig(load_seconds=_WARM_UP_SECONDS))
    try:
        server.start().result()
        yield f"127.0.0.1:{port}"
    finally:
        server.stop()
