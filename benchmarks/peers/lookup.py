"""What does a lazy user reach: the mean of the field, or the field of the most similar shape?

    python -m benchmarks.peers.lookup --split test

Both know the train split alone. The most similar shape is the case, or the mirror image in x of one, whose void has the
nearest wall radius as a function of the angle around the middle of the cell, in root mean square over the angles. Voids
must be star-shaped around that middle, as all of `elasticity` are. Its field is interpolated linearly from its nodes
(Delaunay) to the nodes asked for; beyond their hull the nearest node answers.
"""

import argparse
import json
from pathlib import Path
from typing import Any

import numpy as np
from jaxtyping import Float
from scipy.interpolate import LinearNDInterpolator
from scipy.spatial import KDTree

from benchmarks.peers.cases import Scale, mirrored, summary
from enf2enf.data.cache import PackedData
from enf2enf.metrics import relative_l2

_ANGLES = np.linspace(-np.pi, np.pi, 128, endpoint=False)


def wall_radius(wall: Float[np.ndarray, "vertices 2"], middle: Float[np.ndarray, "2"]) -> Float[np.ndarray, " angles"]:
    """Distance of a wall from a point inside it by the angle to the x axis, linear in the angle between vertices."""
    arm = wall - middle
    return np.interp(_ANGLES, np.arctan2(arm[:, 1], arm[:, 0]), np.linalg.norm(arm, axis=1), period=2 * np.pi)


def interpolate(
    points: Float[np.ndarray, "n 2"], values: Float[np.ndarray, " n"], asked: Float[np.ndarray, "m 2"]
) -> Float[np.ndarray, " m"]:
    """Values at nodes, linear between them, those of the nearest node beyond their hull."""
    guess = LinearNDInterpolator(points, values)(asked)
    beyond = np.isnan(guess)
    guess[beyond] = values[KDTree(points).query(asked[beyond])[1]]
    return guess


class Lookup:
    """The train split and its mirror images, found by the radius of their walls."""

    def __init__(self, packed: PackedData):
        self.packed, self.train = packed, packed.ids("train")
        signatures = [[self._signature(index, mirror) for index in self.train] for mirror in (False, True)]
        self._tree = KDTree(np.concatenate(signatures))

    def predict(self, index: int | np.integer) -> Float[np.ndarray, " nodes"]:
        """The nearest case's field, in its unit, at the nodes of a case of any split."""
        _, nearest = self._tree.query(self._signature(index, mirror=False))
        mirror, place = divmod(int(nearest), len(self.train))
        donor = self.train[place]
        points = self.packed.points(donor)
        points = mirrored(self.packed, donor, points) if mirror else points
        return interpolate(points, self.packed.values(donor)[:, 0].astype(np.float64), self.packed.points(index))

    def _signature(self, index: int | np.integer, mirror: bool) -> Float[np.ndarray, " angles"]:
        geometry = self.packed.geometry(index)
        wall = geometry.walls[0]
        wall = mirrored(self.packed, index, wall) if mirror else wall
        return wall_radius(wall, geometry.bounds.mean(axis=0))


def evaluate(packed: PackedData, split: str) -> dict[str, Any]:
    """Both answers on a split."""
    lookup, mean, indices = Lookup(packed), Scale.fit(packed).mean[0], packed.ids(split)
    truths = [packed.values(index)[:, 0].astype(np.float64) for index in indices]
    found = [relative_l2(lookup.predict(index), truth) for index, truth in zip(indices, truths, strict=True)]
    return {
        "dataset": packed.manifest["name"],
        "split": split,
        "cases": len(indices),
        "mean_field": summary(np.array([relative_l2(np.full_like(truth, mean), truth) for truth in truths])),
        "nearest_shape": summary(np.array(found)),
    }


def main() -> None:
    """Print the figures as JSON."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", type=Path, default=Path("data/elasticity"))
    parser.add_argument("--split", choices=("validation", "test"), default="validation")
    options = parser.parse_args()
    print(json.dumps(evaluate(PackedData.load(options.dataset), options.split), indent=1))


if __name__ == "__main__":
    main()
