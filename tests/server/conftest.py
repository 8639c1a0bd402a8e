"""A small untrained surrogate behind a real gRPC server."""

import contextlib
import threading
from collections.abc import Iterator
from pathlib import Path

import fakes
import grpc
import numpy as np
import pytest

from enf2enf.client import Client
from enf2enf.geometry.frames import FrameConfig
from enf2enf.io import write_bytes
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.config import ModelConfig
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.normalise import Normaliser
from enf2enf.schema import Quantity, Schema
from enf2enf.surrogate import Surrogate
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig

SCHEMA = Schema(
    2,
    (Quantity("load", "vector", "Pa"), Quantity("heat", "scalar", "K")),
    (Quantity("stress", "scalar", "Pa", (("load", 1.0),)), Quantity("shift", "vector", "m")),
)
CONDITIONS = {"load": [30.0, 90.0], "heat": 300.0}


def cell(radius: float = 0.25, around: int = 32, rings: int = 6) -> Mesh:
    """The unit square with a round hole, in quads from the hole to the outer boundary."""
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    square = 0.5 * circle / np.abs(circle).max(axis=1, keepdims=True)
    share = np.linspace(0, 1, rings + 1)[:, None, None]
    points = 0.5 + ((1 - share) * radius * circle + share * square).reshape(-1, 2)
    ring, step = np.divmod(np.arange(rings * around), around)
    after = (step + 1) % around
    quads = np.stack([ring * around + step, (ring + 1) * around + step, (ring + 1) * around + after,
                      ring * around + after], axis=1)  # fmt: skip
    return Mesh(points, (CellBlock("quad", quads),))


@pytest.fixture(scope="session")
def mesh() -> Mesh:
    """A cell with 224 nodes."""
    return cell()


@pytest.fixture(scope="session")
def vtu(mesh: Mesh) -> bytes:
    """The cell as a file."""
    return write_bytes(mesh, "vtu")


@pytest.fixture(scope="session")
def surrogate() -> Surrogate:
    """Untrained, with all the real machinery."""
    random = np.random.default_rng(0)
    conditions = np.stack([random.uniform(-100, 100, 8), random.uniform(50, 100, 8), random.uniform(280, 320, 8)], 1)
    fields = [random.normal(size=(16, 3)) * [100, 1e-3, 1e-3] for _ in conditions]
    normaliser = Normaliser.fit(SCHEMA, np.ones(8), conditions, fields)
    config = ModelConfig(
        AmortisedConfig(width=16, heads=2, blocks=1, grid=4, wall=8),
        RotaryConfig(width=16, heads=2, blocks=1, layers=1, reaches=(0.7, 1.4)),
        panels=32,
        frames=FrameConfig(reflections=("x",)),
    )
    made = Surrogate.untrained(config, normaliser, seed=1)
    made.provenance |= {"name": "tiny", "licence": "Apache-2.0", "preset": "tiny", "metrics": {"test": 0.5}}
    return made


def slow(surrogate: Surrogate, hold: threading.Event) -> Surrogate:
    """The surrogate, but its warm-up waits."""

    class Slow(Surrogate):
        def warm_up(self):
            hold.wait()

    return Slow(surrogate.model, surrogate.config, surrogate.normaliser, surrogate.provenance)


@contextlib.contextmanager
def served(source: Surrogate | Path, config: ServerConfig, **options) -> Iterator[str]:
    """The address of a server that has warmed up."""
    server, port = create_server(source, config, **options)
    server.start().result()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop()


@pytest.fixture(scope="session")
def target(surrogate: Surrogate) -> Iterator[str]:
    """The address of a server with ordinary limits."""
    with served(surrogate, ServerConfig()) as address:
        yield address


@pytest.fixture(scope="session")
def client(target: str) -> Iterator[Client]:
    """A client of it."""
    with Client(target, timeout=60) as connected:
        yield connected


@pytest.fixture(scope="session")
def channel(target: str) -> Iterator[grpc.Channel]:
    """A bare channel to it."""
    with grpc.insecure_channel(target) as connected:
        yield connected


@pytest.fixture(scope="module")
def _faked():
    with fakes.faked() as running:
        yield running


@pytest.fixture
def fake(_faked) -> tuple[fakes.Fake, str]:
    """A server that answers whatever a test wants, as it is made; and its address."""
    _faked[0].__init__()
    return _faked
