"""What every test runs under, and the small things many of them need.

Shapes are checked at run time: see `--jaxtyping-packages` in `pyproject.toml`. JAX is imported by fixtures, not here.
"""

import os
import signal
from pathlib import Path

import hypothesis
import numpy as np
import pytest

ROOT = Path(__file__).parents[1]

os.environ.setdefault("JAX_PLATFORMS", "cpu")

# A program is compiled by the worker or child process that needs it first, and read by the others and the next run.
os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", str(ROOT / ".jax_cache"))
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
# JAX compiles what it cannot read because another process is writing it, or was killed while it did; and warns.
os.environ.setdefault("PYTHONWARNINGS", "ignore:Error reading persistent compilation cache entry")

# A failure must come back with the same code, and a slow machine is no failure.
hypothesis.settings.register_profile("steady", derandomize=True, deadline=None, database=None)
hypothesis.settings.load_profile("steady")


# What a shell begins in its background ignores Ctrl-C, and so would the processes to which tests send it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.fixture(scope="session")
def root() -> Path:
    """The folder of the repository."""
    return ROOT


@pytest.fixture(scope="session")
def geometry():
    """The unit cell around a star-shaped void with three lobes; 48 wall points, one length is a metre."""
    from enf2enf.geometry import Geometry

    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    radius = 0.25 + 0.05 * np.cos(3 * angle)
    void = 0.5 + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return Geometry.of((void,), np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]]))


@pytest.fixture(scope="session")
def surrogate():
    """A small untrained surrogate of the von Mises stress under a traction: real machinery, random weights."""
    from enf2enf.model.amortised import AmortisedConfig
    from enf2enf.model.config import ModelConfig
    from enf2enf.model.rotary_decoder import RotaryConfig
    from enf2enf.normalise import Normaliser
    from enf2enf.schema import Quantity, Schema
    from enf2enf.surrogate import Surrogate

    stress = Quantity("von_mises", unit="Pa", scales_with=(("traction", 1.0),))
    schema = Schema(2, (Quantity("traction", "vector", "Pa"),), (stress,))
    random = np.random.default_rng(0)
    tractions = random.uniform([-50.0, 50.0], [50.0, 100.0], (8, 2))
    fields = [random.normal(200.0, 100.0, (16, 1)) for _ in tractions]
    config = ModelConfig(
        AmortisedConfig(width=16, heads=2, blocks=1, grid=4, wall=8),
        RotaryConfig(width=16, heads=2, blocks=1, layers=1, reaches=(0.7, 1.4)),
        panels=32,
    )
    return Surrogate.untrained(config, Normaliser.fit(schema, np.ones(8), tractions, fields), seed=0)
