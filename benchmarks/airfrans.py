"""The published metrics of the public data set AirfRANS.

    enf2enf dataset airfrans Dataset --task scarce --out data/airfrans-scarce
    enf2enf train examples/airfrans.toml
    python -m benchmarks.airfrans runs/airfrans-scarce data/airfrans-scarce --split test

Fields: z-MSE, the squared error over the variance of u, v, p and nut at all nodes of the train split, wall nodes
included; mean over the nodes of a case, then over cases, as in the data set's own code
(github.com/Extrality/AirfRANS, metrics.py, `Results_test`). "Volume": nodes off the wall. "Surface": nodes on it, for
the pressure alone, and as that code prints it: over four channels of which three are zero, so a quarter of it.
Forces: C_L and C_D are integrals of pressure and shear over the wall's own sides (mean of the two nodes of a side), of
the decoded fields against the stored ones: mean over cases of the relative error, and Spearman's rank correlation.
That code takes the shear of a prediction from its velocity gradient, and side normals as means of node normals; here
the shear is decoded.

The score of ML4CFD, see `benchmarks.ml4cfd`: there z-MSE is over all nodes of all cases together, those on the wall
included (LIPS, airfrans_evaluation.py, `evaluate_ml`), and the competition trained on 103 of the cases of the task
`scarce`, tested on the test split of `full` and, as another distribution, on that of `reynolds` (`--elsewhere`).
"""

import argparse
import dataclasses
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from rich.console import Console
from rich.table import Column, Table

from benchmarks import flow, ml4cfd
from benchmarks.rows import write_json
from enf2enf import load
from enf2enf.data.cache import PackedData
from enf2enf.errors import Enf2EnfError, QueryError
from enf2enf.geometry.plane.sides import WallSides

CHANNELS = ("u", "v", "p", "nut")


@dataclasses.dataclass(frozen=True)
class Scores:
    """Of the cases of a split, one row a case.

    Args:
        volume: z-MSE of u, v, p and nut at the nodes off the wall.
        surface: z-MSE of the pressure at the nodes on the wall.
        nodes: how many there are off and on the wall.
        loads: C_L and C_D: found, then those of the stored fields.
        seconds: that the guess took.
    """

    volume: Float[np.ndarray, "cases 4"]
    surface: Float[np.ndarray, " cases"]
    nodes: Int[np.ndarray, "cases 2"]
    loads: Float[np.ndarray, "cases 2 2"]
    seconds: Float[np.ndarray, " cases"]

    @property
    def forces(self) -> dict[str, float]:
        """Mean relative errors, and rank correlations."""
        figures = {}
        for number, name in enumerate(("lift", "drag")):
            found, truth = self.loads[:, number].T
            figures[name] = float(np.abs((found - truth) / truth).mean())
            figures[f"rho_{name}"] = float(flow.rank_correlation(found, truth))
        return figures

    @property
    def pooled(self) -> dict[str, float]:
        """Errors as in ML4CFD: z-MSE over the nodes of all cases together; on the wall only the pressure has one."""
        off, on = self.nodes.T
        squares = self.volume * off[:, None]
        squares[:, CHANNELS.index("p")] += self.surface * on
        fields = dict(zip(CHANNELS, (squares.sum(axis=0) / self.nodes.sum()).tolist(), strict=True))
        return fields | {"surface": float((self.surface * on).sum() / on.sum())} | self.forces


def variances(packed: PackedData) -> Float[np.ndarray, "4"]:
    """Variances of u, v, p and nut over all nodes of the train split; on the wall all but the pressure are 0."""
    ids = packed.ids("train")
    count = sum(len(packed.points(index)) for index in ids)
    mean = sum(_nodes(packed, index).sum(axis=0) for index in ids) / count
    return sum(((_nodes(packed, index) - mean) ** 2).sum(axis=0) for index in ids) / count


def scores_of(packed: PackedData, ids: Sequence[int], guess: flow.Guess, scales: Float[np.ndarray, "4"]) -> Scores:
    """The scores of guesses of cases, in these variances. Raises `QueryError` where one leaves nodes unanswered."""
    volume, surface, nodes, loads, seconds = [], [], [], [], []
    for index in ids:
        began = time.perf_counter()
        found = guess(index)
        seconds.append(time.perf_counter() - began)
        off, truth = ~packed.on_wall(index), packed.values(index)
        _check_answered(packed.names[index], flow.volume(packed, index, found))
        squares = (flow.volume(packed, index, found) - flow.volume(packed, index, truth)) ** 2
        volume.append(squares.mean(axis=0) / scales)
        walls = [flow.at_wall(packed, index, values) for values in (found, truth)]
        pressure = [wall["wall_pressure"] for wall in walls]
        surface.append(((pressure[0] - pressure[1]) ** 2).mean() / scales[CHANNELS.index("p")])
        nodes.append([off.sum(), (~off).sum()])
        ends = flow.places(packed, index, WallSides.of(packed.geometry(index)).ends)
        on_sides = [{name: own[ends].mean(axis=1) for name, own in wall.items()} for wall in walls]
        loads.append([flow.loads(packed, index, wall) for wall in on_sides])
    transposed = np.array(loads).transpose(0, 2, 1)
    return Scores(np.array(volume), np.array(surface), np.array(nodes), transposed, np.array(seconds))


def figures_of(scores: Scores, elsewhere: Scores | None = None) -> dict[str, float]:
    """The figures of a split; `elsewhere` those of cases of another distribution."""
    volume, surface, forces = scores.volume.mean(axis=0), float(scores.surface.mean()), scores.forces
    figures = {f"volume z-MSE, {name}": value for name, value in zip(CHANNELS, volume.tolist(), strict=True)}
    figures |= {
        "volume z-MSE, mean of the four": float(volume.mean()),
        "surface z-MSE, pressure": surface,
        "surface z-MSE, over four channels, three of them zero": surface / 4,
        "C_L, relative error": forces["lift"],
        "C_D, relative error": forces["drag"],
        "C_L, rank correlation": forces["rho_lift"],
        "C_D, rank correlation": forces["rho_drag"],
        "a case, all its nodes, s": float(scores.seconds.mean()),
    }
    speed_up = ml4cfd.SOLVER_SECONDS / float(scores.seconds.mean())
    parts = ml4cfd.score(scores.pooled, speed_up, None if elsewhere is None else elsewhere.pooled)
    return figures | {f"ML4CFD, {name}": value for name, value in parts.items()}


def measure(run: Path, data: Path, split: str, elsewhere: Path | None = None) -> dict[str, float]:
    """The figures of a run on a split of a data set, in the variances of its train split."""
    surrogate, packed = load(run / "model.enf"), PackedData.load(data)
    scales, found = variances(packed), []
    for own in [packed] if elsewhere is None else [packed, PackedData.load(elsewhere)]:
        flow.answers(surrogate, own, int(own.ids(split)[0]))  # compiles
        found.append(scores_of(own, own.ids(split), lambda index, own=own: flow.answers(surrogate, own, index), scales))
    return figures_of(*found)


def _nodes(packed: PackedData, index: int) -> Float[np.ndarray, "nodes 4"]:
    """u, v, p and nut at all nodes of a case."""
    values = packed.values(index)
    pressure = flow.at_wall(packed, index, values)["wall_pressure"]
    on_wall = np.zeros((len(pressure), len(CHANNELS)))
    on_wall[:, CHANNELS.index("p")] = pressure
    return np.concatenate([flow.volume(packed, index, values), on_wall])


def _check_answered(name: str, found: Float[np.ndarray, "nodes 4"]) -> None:
    if missing := int(np.isnan(found).any(axis=1).sum()):
        raise QueryError(
            f"nodes of case {name!r}", "all of them in the box of the model's frames", f"{missing} outside"
        )


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path, help="folder of model.enf")
    parser.add_argument("data", type=Path, help="as `enf2enf dataset airfrans` makes it")
    parser.add_argument("--elsewhere", type=Path, help="another data set, whose cases are of another distribution")
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    try:
        figures = measure(options.run, options.data, options.split, options.elsewhere)
    except Enf2EnfError as error:
        sys.exit(str(error))
    drawn = Table("figure", Column("measured", justify="right"), title=f"{options.data.name}, {options.split} split")
    for name, value in figures.items():
        drawn.add_row(name, f"{value:.4g}")
    Console().print(drawn)
    write_json(options.json, {"split": options.split, "figures": figures})


if __name__ == "__main__":
    main()
