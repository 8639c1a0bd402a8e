"""Training in frames along a vector condition, mirrored too, with a field on the wall and one beyond it."""

import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf import checkpoint
from enf2enf.data import PackedData
from enf2enf.errors import DatasetError
from enf2enf.geometry.frames import FrameConfig
from enf2enf.train.arrays import SplitArrays, fit_normaliser
from enf2enf.train.check import check_frames
from enf2enf.train.config import RunConfig
from enf2enf.train.evaluate import evaluate
from enf2enf.train.loop import Trainer

pytestmark = pytest.mark.slow

FRAMES = FrameConfig("inflow", ("y",), ((-1.0, -1.0), (1.0, 1.0)), "traction")
NODES = 16  # of a hole; they come first
STEPS = 12


@pytest.fixture(scope="module")
def flows(packed):
    """The cases of `holes`; the stress is known on the wall alone, and the displacement everywhere else."""
    arrays = {name: np.array(values) for name, values in packed._arrays.items()}
    for end, before in zip(arrays["points_ends"], [0, *arrays["points_ends"][:-1]], strict=True):
        arrays["values"][before : before + NODES, 1:] = np.nan
        arrays["values"][before + NODES : end, :1] = np.nan
    manifest = json.loads(json.dumps(packed.manifest))
    stress, displacement = manifest["schema"]["fields"]
    stress |= {"on": "wall", "error_in": "spread"}
    displacement |= {"relative_to": "traction", "scales_with": {"traction": 1}, "error_in": "norm"}
    return PackedData(manifest, arrays)


@pytest.fixture(scope="module")
def config(write_config, tmp_path_factory):
    folder = tmp_path_factory.mktemp("flows")
    few = {"steps": STEPS, "cases": 4, "points": 24, "validate_every": 6, "placements": 2, "smooth_steps": 0,
           "optimiser": "adam"}  # fmt: skip
    read = RunConfig.read(write_config(folder / "run.toml", folder / "whole", few))
    return dataclasses.replace(read, model=dataclasses.replace(read.model, frames=FRAMES))


def run(config, packed, deadline=np.inf):
    trainer = Trainer(config, packed, quiet=True)
    try:
        return trainer.run(deadline)
    finally:
        trainer.folder.close()


@pytest.fixture(scope="module")
def whole(config, flows):
    return run(config, flows)


def test_a_run_is_stopped_and_resumed_to_the_same_bits(config, flows, whole, tmp_path):
    assert whole.finished and np.isfinite(whole.validation)
    parts = dataclasses.replace(config, out=tmp_path / "parts")
    stopped = run(parts, flows, deadline=0.0)  # the step in flight ends
    assert (stopped.finished, stopped.step) == (False, 1)
    assert run(parts, flows).validation == whole.validation
    one, other = (checkpoint.load(out / "model.enf") for out in (config.out, parts.out))
    assert one.version == other.version and one.config.frames == FRAMES


def test_the_checkpoint_answers_as_it_was_validated(config, flows, whole):
    surrogate = checkpoint.load(config.out / "model.enf")
    errors = evaluate(surrogate, flows, "validation").errors
    assert np.mean([errors[name] for name in errors]) == pytest.approx(whole.validation, rel=1e-6)
    index = flows.ids("validation")[0]
    encoding = surrogate.encode(flows.geometry(index))
    conditions = surrogate.schema.condition_columns.split(flows.conditions(index))
    truth, points = flows.values(index), flows.points(index)
    domain = surrogate.decode(encoding, conditions, points[NODES:]).field
    stress = surrogate.evaluator(encoding, conditions).on_wall(points[:NODES])[:, 0]
    assert set(domain.values) == {"displacement"}
    assert set(surrogate.decode(encoding, conditions, "wall").fields) == {"stress"}
    spread = np.hypot(*flows.conditions(index)[:2]) * surrogate.normaliser.field_deviation[0]
    plain = np.sqrt(((stress - truth[:NODES, 0]) ** 2).mean()) / spread
    assert errors["stress"][0] == pytest.approx(plain, rel=1e-5)
    off = truth[NODES:, 1:] - flows.conditions(index)[:2]
    plain = np.linalg.norm(domain["displacement"] - truth[NODES:, 1:]) / np.linalg.norm(off)
    assert errors["displacement"][0] == pytest.approx(plain, rel=1e-5)


@settings(max_examples=3)
@given(angle=st.floats(-3, 3))
def test_what_is_trained_on_is_the_same_whichever_way_a_case_is_turned(flows, encoder, angle):
    """Points, targets and conditions of a case in its frame, and in the mirror."""
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    arrays = {name: np.array(values) for name, values in flows._arrays.items()}
    arrays["points"] = arrays["points"] @ turn.T
    arrays["values"][:, 1:] = arrays["values"][:, 1:] @ turn.T
    for name in ("vertices", "conditions"):
        arrays[name][:, :2] = arrays[name][:, :2] @ turn.T
    other = PackedData(flows.manifest, arrays)
    normaliser = fit_normaliser(flows, FRAMES)
    one, two = (
        SplitArrays.build([(data, data.ids("train"))], normaliser, encoder, 16, FRAMES).everything
        for data in (flows, other)
    )
    np.testing.assert_allclose(two.queries.points, one.queries.points, atol=1e-6)
    np.testing.assert_allclose(two.target, one.target, rtol=1e-4, atol=1e-4)
    np.testing.assert_allclose(two.conditions, one.conditions, atol=1e-6)
    np.testing.assert_allclose(two.weight, one.weight, rtol=1e-5)
    assert (one.queries.distance[:, :NODES] == 0).all() and (one.queries.distance[:, NODES:64] > 0).all()
    np.testing.assert_allclose(np.linalg.norm(one.queries.direction, axis=-1), 1, atol=1e-5)


@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_case_without_a_direction_is_refused_by_name(flows, part):
    check_frames(FRAMES, 1.0, flows)
    arrays, index = {name: np.array(values) for name, values in flows._arrays.items()}, flows.ids(part)[1]
    arrays["conditions"][index, :2] = 0
    still = PackedData(flows.manifest, arrays)
    sentence = rf"case '{flows.names[index]}', condition 'traction': expected a finite magnitude above 0, which"
    with pytest.raises(DatasetError, match=sentence):
        check_frames(FRAMES, 1.0, flows, still)


@settings(max_examples=20)
@given(half=st.floats(0.05, 1.0), anchor=st.sampled_from(["walls", "inflow"]))
def test_a_box_that_misses_walls_or_samples_of_a_training_case_is_refused(flows, half, anchor):
    """Against distances from the centroid that do not depend on the direction of a frame, and give bounds."""
    frames = FrameConfig(anchor, ("y",), ((-half, -half), (half, half)), "traction" if anchor == "inflow" else "inflow")
    inner, outer = [], []  # the largest radius of a hole; that within which nine tenths of the samples are
    for index in flows.ids("train"):
        geometry = flows.geometry(index)
        inner.append(np.linalg.norm(geometry.walls[0] - geometry.centroid, axis=1).max())
        outer.append(np.quantile(np.linalg.norm(flows.points(index) - geometry.centroid, axis=1), 0.9, method="higher"))
    try:
        check_frames(frames, 1.0, flows)
    except DatasetError as error:
        assert error.name in [f"case {flows.names[index]!r}" for index in flows.ids("train")]
        assert error.expected in ("walls within frames.box", "samples within frames.box, but for 10%")
        assert half < max(*inner, *outer)
    else:
        assert half > max(max(inner), max(outer)) / np.sqrt(2) * 0.98


def test_walls_get_as_many_points_of_a_step_as_they_are_said_to(flows, config, tmp_path):
    """In data as they are packed: what is known on walls comes last."""
    arrays = {name: np.array(values) for name, values in flows._arrays.items()}
    for end, before in zip(arrays["points_ends"], [0, *arrays["points_ends"][:-1]], strict=True):
        for name in ("points", "values"):
            arrays[name][before:end] = np.roll(arrays[name][before:end], -NODES, axis=0)
    given = dataclasses.replace(config.train, wall_points=10)
    trainer = Trainer(
        dataclasses.replace(config, train=given, out=tmp_path / "run"), PackedData(flows.manifest, arrays), True
    )
    try:
        for step in range(3):
            batch = trainer.batch(trainer.stages[0], trainer.data, step)
            on_wall = batch.queries.distance == 0
            assert (on_wall.sum(axis=1) == 10).all() and on_wall.shape == (4, 24)
            np.testing.assert_array_equal(np.isfinite(batch.target[..., 0]), on_wall)
    finally:
        trainer.folder.close()
