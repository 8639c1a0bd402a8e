"""A run may take its lengths from its data: the unit does not matter, and they are stated from then on."""

import dataclasses
import json
import zipfile

import numpy as np
import pytest
import shapely

from enf2enf import checkpoint
from enf2enf.archive import named_arrays
from enf2enf.data import PackedData
from enf2enf.model.config import ModelConfig
from enf2enf.settings import from_dict
from enf2enf.train import arrays
from enf2enf.train.config import RunConfig
from enf2enf.train.lengths import with_lengths
from enf2enf.train.loop import train
from enf2enf.train.measured import point_type

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wanted(write_config, tmp_path_factory):
    """A run of a few steps on `holes` that wants the lengths of its data."""
    folder = tmp_path_factory.mktemp("runs")
    config = RunConfig.read(write_config(folder / "tiny.toml", folder / "whole"))
    settings = dataclasses.replace(config.train, steps=4, validate_every=2, warmup=1)
    return dataclasses.replace(config, model=dataclasses.replace(config.model, lengths="data"), train=settings)


def test_the_unit_of_the_data_changes_nothing(wanted, packed, holes_in_inches):
    measured = with_lengths(wanted, packed)
    assert with_lengths(wanted, PackedData.load(holes_in_inches)) == measured != wanted


def gaps(packed, ids):
    """From the walls to the nodes next to them, by another library on the polygons, which the panels round off."""
    found, walls = [], [shapely.LinearRing(packed.geometry(index).walls[0]) for index in ids]
    for wall, index in zip(walls, ids, strict=True):
        distance = shapely.distance(wall, shapely.points(packed.points(index)))
        found.append(np.median(np.sort(distance[distance > 1e-6])[:16]))  # as many as there are on the wall
    return found, walls


def test_lengths_of_a_large_split_are_those_of_some_of_its_cases(wanted, packed, monkeypatch):
    ids, whole = packed.ids("train"), with_lengths(wanted, packed).model.decoder.decays[0]
    for cases in ([0], [0, 4, 7]):
        most = len(cases) * int(packed.counts[ids].max()) * point_type(packed.schema).itemsize
        monkeypatch.setattr(arrays, "LARGE", most)
        found = with_lengths(wanted, packed).model.decoder.decays[0]
        np.testing.assert_allclose(found, np.median(gaps(packed, ids[cases])[0]), rtol=0.02)
        assert abs(found / whole - 1) > 0.03


def test_lengths_are_those_of_the_train_split(wanted, packed):
    found, walls = gaps(packed, packed.ids("train"))
    config = with_lengths(wanted, packed).model
    for part in (config.encoder, config.decoder):
        np.testing.assert_allclose(part.decays[0], np.median(found), rtol=0.02)  # measured 7e-3; a panel is 4 % shorter
        assert part.decays[-1] == 1.0  # the side of the square
    assert config.encoder.window == 4 / config.encoder.grid
    perimeter = np.median([wall.length for wall in walls])
    np.testing.assert_allclose(config.encoder.wall_window, 12 * perimeter / config.encoder.wall, rtol=0.03)


@pytest.fixture(scope="module")
def outcome(wanted):
    return train(wanted, quiet=True)


def test_a_checkpoint_and_its_run_state_them(wanted, outcome, packed):
    stated = with_lengths(wanted, packed).model
    surrogate = checkpoint.load(wanted.out / "model.enf")
    assert (outcome.finished, surrogate.config, surrogate.config.lengths) == (True, stated, "stated")
    with zipfile.ZipFile(wanted.out / "state.run") as archive:
        identity = json.loads(archive.read("manifest.json"))["identity"]
    assert from_dict(ModelConfig, identity["model"], "model") == stated


def test_a_run_that_was_stopped_measures_the_same(wanted, outcome, tmp_path, ctrl_c):
    parts = dataclasses.replace(wanted, out=tmp_path / "parts")
    ctrl_c({2})
    assert train(parts, quiet=True).step == 3
    ctrl_c({})
    assert train(parts, quiet=True).validation == outcome.validation
    one, other = (named_arrays(checkpoint.load(run.out / "model.enf").model) for run in (wanted, parts))
    assert {name: np.asarray(leaf).tobytes() for name, leaf in one.items()} == {
        name: np.asarray(leaf).tobytes() for name, leaf in other.items()
    }
