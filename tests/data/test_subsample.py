"""A subsampled data set: a drawn share of the values, the rest nowhere in it, and all else as it was."""

import re
import signal
import subprocess
import sys
import time

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from enf2enf import io as mesh_io
from enf2enf.data import Dataset, PackedData
from enf2enf.data.split import split_hash
from enf2enf.data.subsample import draw_share, subsample
from enf2enf.errors import ConfigError, DatasetError

SHARE = 0.3
shares = st.floats(0, 1, exclude_min=True, exclude_max=True)
seeds = st.integers(0, 2**64)


def contents(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def rows(field):
    """Every point with its values, to compare as a set."""
    columns = [field.points, *(field[name].reshape(len(field.points), -1) for name in ("stress", "displacement"))]
    return [tuple(row) for row in np.concatenate(columns, axis=1)]


@pytest.fixture(scope="module")
def made(tmp_path_factory, maker):
    return maker(tmp_path_factory.mktemp("data") / "rings", seed=1)


@pytest.fixture
def subsampled(folder, tmp_path):
    subsample(folder, tmp_path / "subsampled", SHARE, 3, iter)
    return tmp_path / "subsampled"


@given(seed=seeds, name=st.text(max_size=20).filter(str.isprintable), count=st.integers(1, 5000), share=shares)
def test_a_draw_is_a_share_of_the_points_and_a_function_of_its_arguments(seed, name, count, share):
    kept = draw_share(seed, name, count, share)
    np.testing.assert_array_equal(kept, draw_share(seed, name, count, share))
    assert len(kept) == max(1, round(share * count))
    assert (np.diff(kept) > 0).all() and kept[0] >= 0 and kept[-1] < count
    assert set(draw_share(seed, name, count, share / 2)) <= set(kept)


def test_seeds_and_cases_draw_differently_and_every_point_as_often():
    """Each of 40 points in 5 of 40 places over 4000 draws: a binomial count, 6 standard deviations either way."""
    draws = [tuple(draw_share(seed, f"case_{case}", 40, 0.125)) for seed in range(40) for case in range(100)]
    assert len(set(draws)) > 3950  # measured 3994, of 658,008 that there are
    often = np.bincount(np.concatenate(draws), minlength=40)
    assert np.abs(often - 500).max() < 6 * np.sqrt(4000 * 0.125 * 0.875)  # measured 2.4 standard deviations


@pytest.mark.slow
@settings(max_examples=12)
@given(share=st.floats(0.001, 0.999), seed=seeds)
def test_what_is_kept_is_a_part_of_the_case_with_the_same_values(made, tmp_path_factory, share, seed):
    out = tmp_path_factory.mktemp("out") / "subsampled"
    counts = subsample(made, out, share, seed, iter)
    before, after = Dataset.open(made), Dataset.open(out)
    assert (after.split, after.schema) == (before.split, before.schema)
    assert list(counts) == list(after.manifest["cases"]) == list(before.manifest["cases"])
    for name, count in counts.items():
        one, other = before.case(name), after.case(name)
        there, kept = rows(one.field), rows(other.field)
        assert len(kept) == count == max(1, round(share * len(there)))
        assert len(set(kept)) == count and set(kept) <= set(there)
        assert other.conditions.keys() == one.conditions.keys()
        for condition, value in one.conditions.items():
            np.testing.assert_array_equal(other.conditions[condition], value)
        np.testing.assert_array_equal(other.geometry.outer, one.geometry.outer)
        np.testing.assert_array_equal(other.geometry.walls[0], one.geometry.walls[0])


def test_the_meshes_carry_no_fields_and_the_fine_sampling_comes_along(folder, subsampled):
    before, after = Dataset.open(folder), Dataset.open(subsampled)
    for name in after.manifest["cases"]:
        mesh, old = mesh_io.read(after.mesh_path(name)), mesh_io.read(before.mesh_path(name))
        assert old.point_data and not mesh.point_data
        np.testing.assert_array_equal(mesh.points, old.points)
        np.testing.assert_array_equal(mesh.cells[0].nodes, old.cells[0].nodes)
    assert after.fine("case_0") is None
    assert rows(after.fine("case_5")) == rows(before.fine("case_5"))


def test_not_a_byte_depends_on_what_was_not_drawn(folder, subsampled, tmp_path):
    for name in (dataset := Dataset.open(folder)).manifest["cases"]:
        mesh = mesh_io.read(dataset.mesh_path(name))
        other = np.setdiff1d(np.arange(len(mesh.points)), draw_share(3, name, len(mesh.points), SHARE))
        values = {key: column.copy() for key, column in mesh.point_data.items()}
        for column in values.values():
            column[other] = 1e6
        mesh_io.write(dataset.mesh_path(name), mesh.with_point_data(values))
    subsample(folder, tmp_path / "again", SHARE, 3, iter)
    assert contents(tmp_path / "again") == contents(subsampled)


def test_the_same_seed_makes_the_same_bytes_and_another_other_samples(folder, subsampled, tmp_path):
    subsample(folder, tmp_path / "same", SHARE, 3, iter)
    assert contents(tmp_path / "same") == contents(subsampled)
    subsample(folder, tmp_path / "other", SHARE, 4, iter)
    one, other = contents(subsampled), contents(tmp_path / "other")
    assert one.keys() == other.keys()
    for path in one:
        assert (one[path] == other[path]) == path.startswith(("meshes", "fine")), path


def test_it_says_what_was_kept_and_how(folder, edit, tmp_path):
    edit(lambda manifest: manifest.update(description="Rings.", source="chance"))
    subsample(folder, tmp_path / "subsampled", 0.125, 7, iter)
    manifest = Dataset.open(tmp_path / "subsampled").manifest
    assert manifest["name"] == "rings, 0.125 of the points"
    assert manifest["source"] == "chance; enf2enf subsample --share 0.125 --seed 7"
    assert re.match(r"Rings\. Thinned: .* a share of 0\.125 of the points .* \(seed 7\)", manifest["description"])
    assert manifest["licence"] == "CC0-1.0"
    assert manifest["floor"] == {"relative_l2": 1e-3, "how": "not stated; measured before thinning"}


def test_the_calibration_split_is_kept(folder, edit, tmp_path):
    def calibrate(manifest):
        manifest["split"] |= {"train": ["case_0", "case_2"], "calibration": ["case_3", "case_1"]}
        manifest["split_sha256"] = split_hash(manifest["split"])

    subsample(edit(calibrate), tmp_path / "subsampled", SHARE, 3, iter)
    after = Dataset.open(tmp_path / "subsampled")
    assert after.split == Dataset.open(folder).split
    assert after.split["calibration"] == ["case_3", "case_1"]


def test_lengths_are_metres_and_the_meshes_keep_their_unit(folder, edit, tmp_path):
    edit(lambda manifest: manifest.update(length_unit="mm"))
    subsample(folder, tmp_path / "subsampled", SHARE, 3, iter)
    before, after = Dataset.open(folder).case("case_0"), Dataset.open(tmp_path / "subsampled").case("case_0")
    assert set(rows(after.field)) <= set(rows(before.field))
    assert after.geometry.extent == before.geometry.extent == pytest.approx(1e-3)


def test_ids_that_are_no_file_names_stay_in_the_folder(folder, edit, tmp_path):
    path = folder / "dataset.json"
    path.write_text(path.read_text().replace('"case_0"', '"../a/b"').replace('"case_1"', '".."'))
    edit(lambda manifest: manifest.update(split_sha256=split_hash(manifest["split"])))
    subsample(folder, tmp_path / "out" / "subsampled", SHARE, 3, iter)
    assert [p.name for p in (tmp_path / "out").iterdir()] == ["subsampled"]
    subsampled = Dataset.open(tmp_path / "out" / "subsampled")
    for name in ("../a/b", ".."):
        assert set(rows(subsampled.case(name).field)) < set(rows(Dataset.open(folder).case(name).field))


def test_a_subsampled_data_set_can_be_subsampled(subsampled, tmp_path):
    subsample(subsampled, tmp_path / "twice", 0.5, 3, iter)
    once, twice = Dataset.open(subsampled), Dataset.open(tmp_path / "twice")
    for name in once.manifest["cases"]:
        there, kept = rows(once.case(name).field), rows(twice.case(name).field)
        assert len(kept) == round(len(there) / 2) and set(kept) < set(there)


@pytest.mark.parametrize("share", [0.0, 1.0, -0.1, 2.0, np.nan])
def test_a_share_is_above_0_and_below_1(folder, tmp_path, share):
    with pytest.raises(ConfigError, match=f"share: expected a part above 0 and below 1, got {share}"):
        subsample(folder, tmp_path / "out", share, 0, iter)
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_subsampled_is_refused_and_leaves_nothing(folder, tmp_path):
    out = tmp_path / "out"
    with pytest.raises(ConfigError, match="seed: expected a number that is not negative, got -1"):
        subsample(folder, out, SHARE, -1, iter)
    with pytest.raises(DatasetError, match=r"dataset.json: expected a readable file, got No such file"):
        subsample(tmp_path / "nothing", out, SHARE, 0, iter)
    assert not out.exists()
    other = {
        folder: "an empty or a new folder, got something else's files",
        folder / "dataset.json": "a folder .*a file",
    }
    for place, sentence in other.items():
        before = contents(folder)
        with pytest.raises(DatasetError, match=f"expected {sentence}"):
            subsample(folder, place, SHARE, 0, iter)
        assert contents(folder) == before
    (folder / "meshes" / "case_3.vtu").write_bytes(b"")
    with pytest.raises(DatasetError, match="case 'case_3'"):
        subsample(folder, out, SHARE, 0, iter)
    assert not list(out.iterdir())


def test_an_interrupted_command_leaves_no_data_set_and_can_be_given_again(folder, subsampled, tmp_path):
    def interrupted(names):
        for number, name in enumerate(names):
            if number == 4:
                raise KeyboardInterrupt
            yield name

    out = tmp_path / "out"
    out.mkdir()
    with pytest.raises(KeyboardInterrupt):
        subsample(folder, out, SHARE, 3, interrupted)
    assert not list(out.iterdir())
    subsample(folder, out, SHARE, 3, iter)
    assert contents(out) == contents(subsampled)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_command_that_is_ended_leaves_nothing(folder, edit, tmp_path, number):
    def lengthen(manifest):
        entry, names = manifest["cases"]["case_0"], [f"more_{number}" for number in range(3000)]
        manifest["cases"] |= dict.fromkeys(names, entry)
        manifest["split"]["train"] += names
        manifest["split_sha256"] = split_hash(manifest["split"])

    out = tmp_path / "out"
    command = [sys.executable, "-m", "enf2enf", "subsample", str(edit(lengthen)), "--share", "0.5", "--out", str(out)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        while process.poll() is None and len(list(out.glob("samples/*"))) < 3:
            time.sleep(0.01)
        process.send_signal(number)
        assert process.wait(60) == 130
    assert not out.exists() or not list(out.iterdir())


def test_the_cache_holds_the_samples_and_notices_when_they_change(subsampled):
    first = PackedData.load(subsampled, iter)
    assert first.digest == PackedData.load(subsampled, lambda names: pytest.fail("packed again")).digest
    for index, name in enumerate(first.names):
        np.testing.assert_array_equal(first.points(index), Dataset.open(subsampled).case(name).field.points)
    path = subsampled / "samples" / "case_2.npz"
    with np.load(path) as file:
        arrays = dict(file)
    np.savez(path, **arrays | {"stress": arrays["stress"] + 1})
    second = PackedData.load(subsampled, iter)
    assert second.digest != first.digest
    index = second.names.index("case_2")
    np.testing.assert_allclose(second.values(index)[:, 0], arrays["stress"] + 1, rtol=1e-6)  # measured 6e-8
    path.unlink()
    with pytest.raises(DatasetError, match=r"case 'case_2', samples/case_2.npz: expected an npz file"):
        PackedData.load(subsampled, iter)
