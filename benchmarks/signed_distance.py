"""How well does the meta-learned encoder say how far walls are, beside a global code of as many floats?

    enf2enf generate slotted --cases 200 --seed 0 --out data/slotted
    enf2enf train examples/slotted_shape.toml
    enf2enf train examples/slotted_shape_global.toml
    python -m benchmarks.signed_distance --split test

A main element and its flap, shapes of a held-out split, at points drawn anew, uniform over [-2, 4] x [-1.5, 1.5].
The mean squared error over the variance of the distance (NMSE), all shapes together; the median and the largest of
shapes by themselves; and with the unfitted latents. The global code is the same network with one
latent in the middle of the box.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float
from rich.table import Table

from benchmarks.rows import split_main, split_table
from enf2enf import load
from enf2enf.data.cache import PackedData
from enf2enf.model.meta import MetaEncoder
from enf2enf.model.panels import Panels
from enf2enf.nn.latents import LatentCloud
from enf2enf.precision import compiled
from enf2enf.problems.slotted.sampling import CROP
from enf2enf.surrogate import Surrogate

RUNS = (("a cloud of latents", Path("runs/slotted-shape")), ("a global code", Path("runs/slotted-shape-global")))
DATA, POINTS, SEED = Path("data/slotted"), 4096, 1


@compiled
def reconstruct(
    encoder: MetaEncoder, panels: Panels, points: Float[Array, "points 2"]
) -> tuple[Float[Array, " points"], Float[Array, " points"]]:
    """Distances at points in the frame, decoded from the fitted latents and from the initial, unfitted ones."""
    measured = encoder.measure(panels)
    start = LatentCloud(measured[0].pose, encoder.start, measured[0].window)

    def at(cloud: LatentCloud) -> Float[Array, " points"]:
        prepared = encoder.field.prepare(cloud)
        return jax.lax.map(lambda point: encoder.field(prepared, point, jnp.zeros(0))[0], points, batch_size=512)

    return at(encoder(measured)[0]), at(start)


def squares(surrogate: Surrogate, packed: PackedData, split: str) -> Float[np.ndarray, "shapes 3"]:
    """Of every shape the mean squared errors of both reconstructions, and the variance of the distance."""
    random, frames, rows = np.random.default_rng(SEED), surrogate.config.frames, []
    length = surrogate.normaliser.length
    for index in packed.ids(split):
        geometry, conditions = packed.geometry(index), packed.conditions(index)
        points = random.uniform(*CROP, (POINTS, 2))
        (frame, *_) = frames.of(geometry, length, frames.axes(packed.schema, conditions))
        inward, truth = frame.inward(points).astype(np.float32), geometry.signed_distance(points)
        guesses = reconstruct(surrogate.model.encoder, surrogate.panels(geometry, conditions), inward)
        rows.append([*(np.mean((length * np.asarray(guess) - truth) ** 2) for guess in guesses), truth.var()])
    return np.array(rows)


def measure(split: str) -> Iterator[dict[str, Any]]:
    """One row a run that is there."""
    packed = PackedData.load(DATA)
    for name, run in RUNS:
        if not (run / "model.enf").exists():
            yield {"system": name, "missing": str(run)}
            continue
        surrogate = load(run / "model.enf")
        fitted, unfitted, variance = squares(surrogate, packed, split).T
        settings = surrogate.config.encoder
        whole = (np.stack([fitted, unfitted]).mean(axis=1) / variance.mean()).tolist()
        yield {
            "system": name, "shapes": len(fitted), "floats": settings.grid**2 * settings.context, "nmse": whole[0],
            "median": float(np.median(fitted / variance)), "worst": float((fitted / variance).max()),
            "unfitted": whole[1], "minutes": surrogate.provenance["metrics"]["seconds"] / 60,
        }  # fmt: skip


def show(rows: Sequence[dict[str, Any]], split: str) -> Table:
    """For people."""

    def cells(each: dict[str, Any]) -> list[str]:
        errors = [f"{each[key]:.2e}" for key in ("nmse", "median", "worst", "unfitted")]
        return [str(each["floats"]), str(each["shapes"]), *errors, f"{each['minutes']:.0f}"]

    title = f"Signed distance on the {split} split: NMSE (goal 1e-4, and 5 times below the global code)"
    columns = ("floats", "shapes", "NMSE", "median", "worst", "nothing fitted", "trained, min")
    return split_table(title, columns, rows, cells)


if __name__ == "__main__":
    split_main(measure, show, __doc__)
