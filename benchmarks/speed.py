"""How fast does the shipped surrogate encode and decode, against the paper's arithmetic on the same machine?

    python benchmarks/speed.py --json out/speed.json

The reference is the `paper` preset with random weights, in the same run. Medians over repetitions, after warm-up.
"""

import argparse
import json
import platform
import statistics
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

import enf2enf_meshes
from enf2enf import load
from enf2enf.cli import checkpoint_path
from enf2enf.mesh import Mesh, read_bytes
from enf2enf.model.config import ModelConfig, from_dict, preset
from enf2enf.surrogate import Surrogate

PUBLISHED_POINTS_PER_SECOND = 1_400  # reference ENF decoder, flax, two CPU cores


def median_seconds(work: Callable[[], object], repetitions: int) -> float:
    """The median wall-clock time of a call, after one that is not counted."""
    work()
    times = []
    for _ in range(repetitions):
        began = time.perf_counter()
        work()
        times.append(time.perf_counter() - began)
    return statistics.median(times)


def decode_rate(surrogate: Surrogate, mesh: Mesh, count: int, repetitions: int) -> float:
    """Points per second of `Surrogate.decode`, inside tests and normalisation included."""
    encoding = surrogate.encode(surrogate.understand(mesh))
    points = np.random.default_rng(0).uniform(*encoding.geometry.bounds, (count, 2))
    return count / median_seconds(lambda: surrogate.decode(encoding, {}, points), repetitions)


def main() -> None:
    """Measure, print, and write JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    shipped = load(checkpoint_path("elasticity"))
    paper = Surrogate.untrained(from_dict(ModelConfig, preset("paper")["model"], "model"), shipped.normaliser)
    data = enf2enf_meshes.path("unit_cell_vtu").read_bytes()
    mesh = read_bytes(data, "unit_cell.vtu")
    geometry = shipped.understand(mesh)
    ours, theirs = decode_rate(shipped, mesh, 40_960, 5), decode_rate(paper, mesh, 4_096, 3)
    figures = {
        "decode, points/s": ours,
        "decode of the paper's arithmetic, points/s": theirs,
        "ratio of the two": ours / theirs,
        "ratio to the published reference": ours / PUBLISHED_POINTS_PER_SECOND,
        "parse a mesh, ms": 1e3 * median_seconds(lambda: read_bytes(data, "unit_cell.vtu"), 20),
        "understand its geometry, ms": 1e3 * median_seconds(lambda: shipped.understand(mesh), 20),
        "encode, ms": 1e3 * median_seconds(lambda: shipped.encode(geometry), 20),
    }
    table = Table(title=f"Speed of the shipped surrogate on {platform.machine()}")
    table.add_column("figure")
    table.add_column("measured", justify="right")
    for name, value in figures.items():
        table.add_row(name, f"{value:,.1f}")
    Console().print(table)
    if options.json:
        commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True).stdout.strip()
        machine = {"processor": platform.processor() or platform.machine(), "python": platform.python_version()}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"machine": machine, "commit": commit, **figures}, indent=1) + "\n")


if __name__ == "__main__":
    main()
