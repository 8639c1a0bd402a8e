"""What the channel problem draws, stores and says of itself; that it is packed, learnt from and answered."""

import dataclasses
import tomllib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf import io as mesh_io
from enf2enf import load
from enf2enf.data import Dataset, PackedData
from enf2enf.geometry import Geometry
from enf2enf.geometry.frames import FrameConfig
from enf2enf.problems.campaign import generate
from enf2enf.problems.channel.problem import HEIGHT, SPEED, VISCOSITY, Channel
from enf2enf.problems.channel.shape import LENGTH, Shape
from enf2enf.problems.channel.stokes import Resolution, solve_flow
from enf2enf.settings import from_dict
from enf2enf.train.config import RunConfig
from enf2enf.train.evaluate import evaluate
from enf2enf.train.loop import train

COARSE = Channel(Resolution(16, 4))
seeds = st.integers(0, 2**31)
NARROWEST = 0.3
TINY = """
[model]
panels = 48
lengths = "data"
[model.frames]
reflections = ["y"]
[model.encoder]
width = 16
heads = 2
blocks = 1
expansion = 1
grid = 2
wall = 4
[model.decoder]
width = 16
heads = 2
blocks = 0
layers = 1
layer_expansion = 1
reaches = [0.7, 1.4]
magnitude = 1
[train]
steps = 6
smooth_steps = 0
cases = 2
points = 32
placements = 1
validate_every = 3
optimiser = "adam"
"""


@given(seeds, st.integers(0, 5000))
def test_draws_are_in_range_and_repeatable(seed, index):
    drawn, x = Channel().draw(seed, index, 0), np.linspace(0, LENGTH, 400)
    assert drawn == Channel().draw(seed, index, 0)
    for value, (low, high) in ((drawn.speed, SPEED), (drawn.viscosity, VISCOSITY)):
        assert low * (1 - 1e-12) <= value <= high * (1 + 1e-12)
    bottom, top = drawn.shape.bottom(x), drawn.shape.top(x)
    assert bottom.min() == 0 and (top - bottom).min() > NARROWEST
    assert bottom.max() * (1 + 1e-2) >= 0.1
    for ends in (bottom[[0, -1]], top[[0, -1]] - 1):
        np.testing.assert_allclose(ends, 0, atol=1e-12)


def test_half_of_the_channels_have_two_bumps_and_half_a_wavy_wall():
    shapes = [Channel().draw(0, index, 0).shape for index in range(400)]
    assert 150 < sum(len(shape.bumps) == 2 for shape in shapes) < 250
    assert 150 < sum(shape.amplitude > 0 for shape in shapes) < 250


def test_the_example_sees_it_in_its_frames(root):
    frames = tomllib.loads((root / "examples" / "channel.toml").read_text())["model"]["frames"]
    assert from_dict(FrameConfig, frames, "frames") == Channel().frames


@settings(max_examples=5)
@given(seeds, st.floats(0.1, 10), st.floats(0.1, 10))
def test_the_flow_is_linear_in_the_speed_and_its_pressure_in_the_viscosity(seed, faster, thicker):
    drawn = COARSE.draw(seed, 0, 0)
    more = dataclasses.replace(drawn, speed=faster * drawn.speed, viscosity=thicker * drawn.viscosity)
    usual, other = (COARSE.solve(each).mesh.point_data for each in (drawn, more))
    np.testing.assert_allclose(other["velocity"], faster * usual["velocity"], rtol=1e-12)
    np.testing.assert_allclose(other["pressure"], faster * thicker * usual["pressure"], rtol=1e-12)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return generate(COARSE, tmp_path_factory.mktemp("data") / "channel", 6, jobs=1, floor_cases=1, progress=False)


def test_a_case_is_a_channel_between_two_walls_that_are_parts_of_its_boundary(folder):
    dataset, packed = Dataset.open(folder), PackedData.load(folder, iter)
    assert packed.schema == COARSE.schema and dataset.manifest["walls"] == ["bottom", "top"]
    assert 0 < dataset.manifest["floor"]["relative_l2"] < 0.1
    assert [len(packed.ids(part)) for part in ("train", "validation", "calibration", "test")] == [3, 1, 1, 1]
    for index, name in enumerate(packed.names):
        case, drawn = dataset.case(name), COARSE.draw(0, int(name.removeprefix("case_")), 0)
        assert case.conditions == {"speed": drawn.speed, "viscosity": drawn.viscosity}
        flow, (x, y) = solve_flow(drawn.shape, COARSE.resolution), case.solution.points.T / HEIGHT
        np.testing.assert_allclose(case.solution["velocity"], drawn.speed * flow.velocity, atol=1e-6 * drawn.speed)
        assert case.geometry.has_parts and len(case.geometry.runs) == 2 and len(case.geometry.boundaries) == 1
        parts = {part.patch: part.role for part in case.geometry.boundaries[0].parts}
        assert parts == {"bottom": "wall", "top": "wall", "inlet": "other", "outlet": "other"}
        assert case.geometry.contains(case.solution.points).all()
        on_wall = np.isclose(y, drawn.shape.bottom(x), atol=1e-9) | np.isclose(y, drawn.shape.top(x), atol=1e-9)
        distance = np.abs(case.geometry.signed_distance(case.solution.points))
        np.testing.assert_array_equal(distance < 1e-9, on_wall)
        assert not case.solution["velocity"][on_wall].any()
        np.testing.assert_allclose(packed.points(index), case.solution.points)


def test_the_pressure_of_a_flat_channel_is_that_of_poiseuille():
    """In Pa: 12 viscosity x speed x length / height^2 over the whole length."""
    drawn = dataclasses.replace(COARSE.draw(0, 0, 0), shape=Shape(), speed=2e-3, viscosity=5.0)
    mesh = COARSE.solve(drawn).mesh
    np.testing.assert_allclose(mesh.point_data["pressure"].max(), 12 * 5.0 * 2e-3 * 0.04 / 0.01**2)
    np.testing.assert_allclose(mesh.point_data["velocity"][:, 0].max(), 1.5 * 2e-3)


@pytest.fixture(scope="module")
def answering(folder, tmp_path_factory):
    """A surrogate after a few steps."""
    out = tmp_path_factory.mktemp("runs") / "channel"
    plain = {"dataset": str(folder), "out": str(out)} | tomllib.loads(TINY)
    assert train(RunConfig.from_dict(plain, "channel"), quiet=True).finished
    return load(out / "model.enf")


@pytest.mark.slow
def test_it_is_learnt_from_and_answered(folder, answering):
    report = evaluate(answering, PackedData.load(folder, iter), "test")
    assert report.outside == 0 and all(np.isfinite(errors).all() for errors in report.errors.values())


@pytest.mark.slow
def test_what_stands_on_its_head_is_answered_on_its_head(folder, answering):
    mesh = mesh_io.read(folder / "meshes" / "case_0005.vtu")
    flip, conditions = np.array([1.0, -1.0]), {"speed": 1e-3, "viscosity": 10.0}
    upright, turned = (Geometry.from_mesh(each, Channel().walls) for each in (
        mesh, dataclasses.replace(mesh, points=mesh.points * flip)))  # fmt: skip
    points = mesh.points[::7]
    usual = answering.predict(upright, conditions, points)
    other = answering.predict(turned, conditions, points * flip)
    size = np.abs(usual["velocity"]).max()
    np.testing.assert_allclose(other["velocity"], usual["velocity"] * flip, atol=1e-4 * size)
    np.testing.assert_allclose(other["pressure"], usual["pressure"], atol=1e-4 * np.abs(usual["pressure"]).max())
