"""Bodies that are far apart: who learns from pairs of them knows these, and tells others."""

import flows
import numpy as np
import pytest

from enf2enf import io as mesh_io
from enf2enf.data import PackedData, write_manifest
from enf2enf.errors import GeometryError
from enf2enf.geometry import Geometry
from enf2enf.geometry.frames import FrameConfig
from enf2enf.schema import Quantity, Schema
from enf2enf.surrogate import Surrogate
from enf2enf.train.arrays import fit_normaliser
from enf2enf.train.begin import familiar_shapes

pytestmark = pytest.mark.slow

FRAMES = FrameConfig("inflow", ("y",), ((-6.0, -6.0), (6.0, 6.0)))
SCHEMA = Schema(2, (Quantity("inflow", "vector", "m/s"),), (Quantity("pressure"),), outer_is_far=True, length=1.0)
AROUND = np.linspace(0, 2 * np.pi, 40, endpoint=False)
CIRCLE = 0.5 * np.stack([np.cos(AROUND), np.sin(AROUND)], axis=1)


def tandem(apart: float, degrees: float = 0.0) -> list[np.ndarray]:
    """Two cylinders of diameter 1, one behind the other or turned about the first."""
    angle = np.deg2rad(degrees)
    return [CIRCLE, CIRCLE + apart * np.array([np.cos(angle), np.sin(angle)])]


@pytest.fixture(scope="module")
def surrogate(tmp_path_factory) -> Surrogate:
    """Untrained, of cylinders 4 to 6 diameters apart, up to 5 degrees off the inflow."""
    folder, rng, cases = tmp_path_factory.mktemp("pairs"), np.random.default_rng(0), {}
    apart, degrees = rng.permutation(np.linspace(4, 6, 24)), rng.permutation(np.linspace(-5, 5, 24))
    for number in range(24):
        mesh_io.write(folder / f"{number}.vtu", flows.mesh_of([*tandem(apart[number], degrees[number]), *far()]))
        points = rng.uniform([-2, 1], [8, 3], (30, 2))
        np.savez(folder / f"{number}.npz", points=points, pressure=rng.normal(size=30))
        cases[f"case_{number}"] = {
            "mesh": f"{number}.vtu", "samples": f"{number}.npz", "conditions": {"inflow": [1.0, 0.0]}
        }  # fmt: skip
    names = list(cases)
    split = {"train": names[:20], "validation": names[20:22], "calibration": [], "test": names[22:]}
    write_manifest(folder, SCHEMA, cases, split, name="pairs", licence="CC0-1.0")
    packed = PackedData.load(folder, lambda items: items)
    shapes = familiar_shapes([packed], 1.0, FRAMES)
    config = flows.surrogate(frames=FRAMES).config
    return Surrogate.untrained(config, fit_normaliser(packed, FRAMES), shapes=shapes)


def far() -> list[np.ndarray]:
    return [np.array([[-9.0, -9], [14, -9], [14, 9], [-9, 9]])]


def named(surrogate: Surrogate, walls: list[np.ndarray]) -> set[str]:
    shape = surrogate.encode(Geometry.of(walls))
    return set(surrogate.extrapolating(shape, surrogate.condition_row({"inflow": [1.0, 0.0]})))


@pytest.mark.parametrize("apart", [4.2, 5.0, 5.8])
@pytest.mark.parametrize("degrees", [-4.0, 0.0, 4.0])
def test_pairs_like_those_learnt_from_are_familiar(surrogate, apart, degrees):
    assert named(surrogate, tandem(apart, degrees)) == set()


@pytest.mark.parametrize("degrees", [-90.0, -30.0, 30.0, 60.0])
def test_pairs_that_are_turned_against_the_inflow_are_named(surrogate, degrees):
    assert named(surrogate, tandem(5.0, degrees)) == {"stagger"}


def test_pairs_farther_apart_are_named_and_those_in_another_unit_are_refused(surrogate):
    assert {"extent", "gap"} <= named(surrogate, tandem(20.0))
    for factor in (0.4, 2.5, 1e3):
        with pytest.raises(
            GeometryError, match=r"^its largest body: expected an extent of 0\.5 to 2 m .* its length unit right"
        ):
            surrogate.encode(Geometry.of([factor * wall for wall in tandem(5.0)]))
