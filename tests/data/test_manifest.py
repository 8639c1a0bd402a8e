import json
import re
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from enf2enf.data import Dataset, proportional, write_manifest
from enf2enf.data.manifest import checked_manifest
from enf2enf.data.split import SPLITS, split_hash
from enf2enf.errors import DatasetError, SchemaError
from enf2enf.schema import Quantity, Schema

SCHEMA = Schema(2, (Quantity("traction", "vector", "Pa"),), (Quantity("stress", unit="Pa"),))


def rehash(manifest):
    manifest["split_sha256"] = split_hash(manifest["split"])


def overlap(manifest):
    manifest["split"]["test"].append(manifest["split"]["train"][0])
    rehash(manifest)


def calibrated_twice(manifest):
    manifest["split"]["calibration"] = ["case_0"]
    rehash(manifest)


def unknown_id(manifest):
    manifest["split"]["test"] = ["case_99"]
    rehash(manifest)


def no_training(manifest):
    manifest["split"]["train"] = []
    rehash(manifest)


def in_case(**changes):
    return lambda manifest: manifest["cases"]["case_1"].update(changes)


def in_conditions(**changes):
    return lambda manifest: manifest["cases"]["case_1"]["conditions"].update(changes)


SPOILT = {
    "format": (lambda m: m.update(format="other"), "dataset.json: expected the format 'enf2enf-dataset', got another"),
    "version": (lambda m: m.update(version=3), "version of dataset.json: expected 1 or 2, got 3"),
    "odd version": (lambda m: m.update(version=[2]), "version of dataset.json: expected 1 or 2, got [2]"),
    "no key": (lambda m: m.pop("schema"), "dataset.json: expected the key 'schema', got none"),
    "strange key": (lambda m: m.update(units="mm"), "got 'units'"),
    "name": (lambda m: m.update(name=3), "name of dataset.json: expected text, got 3"),
    "length unit": (lambda m: m.update(length_unit="furlong"), "length_unit: expected a unit of length, got 'furlong'"),
    "odd unit": (lambda m: m.update(length_unit=["m"]), "length_unit: expected a unit of length, got ['m']"),
    "walls": (lambda m: m.update(walls="hole"), "walls: expected a list of patch names, got 'hole'"),
    "symmetry": (lambda m: m.update(symmetry=[3]), "symmetry: expected a list of patch names, got [3]"),
    "floor": (lambda m: m.update(floor={"relative_l2": -1}), "relative_l2 of floor: expected a number from 0 up"),
    "floor key": (lambda m: m.update(floor={"l2": 1}), "floor: expected the key 'relative_l2', got none"),
    "schema": (lambda m: m["schema"].update(dim=4), "dim: expected 2 or 3, got 4"),
    "cases": (lambda m: m.update(cases=[]), "cases: expected a table of id = case, got []"),
    "case": (lambda m: m["cases"].update(case_1=3), "case 'case_1': expected a table, got 3"),
    "no mesh": (lambda m: m["cases"]["case_1"].pop("mesh"), "case 'case_1': expected the key 'mesh', got none"),
    "case key": (in_case(speed=3), "among ['conditions', 'fine', 'mesh', 'samples'], got 'speed'"),
    "mesh name": (in_case(mesh=3), "mesh of case 'case_1': expected a file name, got 3"),
    "absolute": (in_case(mesh="/etc/passwd"), "mesh of case 'case_1': expected a path inside"),
    "samples name": (in_case(samples=""), "samples of case 'case_1': expected a file name, got ''"),
    "samples above": (in_case(samples="../x.npz"), "samples of case 'case_1': expected a path inside"),
    "above": (in_case(fine="meshes/../../x.npz"), "fine of case 'case_1': expected a path inside"),
    "other slash": (in_case(mesh="meshes\\..\\x.vtu"), "mesh of case 'case_1': expected a path inside"),
    "conditions": (in_case(conditions=[1]), "case 'case_1': expected exactly ['angle', 'traction'], got [1]"),
    "missing condition": (lambda m: m["cases"]["case_1"]["conditions"].pop("angle"), "got ['traction']"),
    "unknown condition": (in_conditions(force=1), "got ['angle', 'force', 'traction']"),
    "NaN condition": (in_conditions(angle=np.nan), "angle of case 'case_1': expected 1 finite number, got NaN"),
    "short vector": (in_conditions(traction=[1]), "traction of case 'case_1': expected 2 finite numbers, got [1]"),
    "text": (in_conditions(angle="1"), "angle of case 'case_1': expected 1 finite number, got \"1\""),
    "truth value": (in_conditions(angle=True), "angle of case 'case_1': expected 1 finite number, got true"),
    "split": (lambda m: m["split"].pop("test"), "split: expected the keys train, validation, calibration, test"),
    "old split": (lambda m: m["split"].pop("calibration"), "expected the keys train, validation, calibration, test"),
    "new split": (
        lambda m: m.update(version=1),
        "split: expected the keys train, validation, test, got ['calibration',",
    ),
    "odd split": (lambda m: m.update(split=3), "split: expected the keys train, validation, calibration, test, got 3"),
    "split text": (lambda m: m["split"].update(test="case_1"), "test split: expected a list of case ids, got 'case_1'"),
    "overlap": (overlap, "split: expected every case at most once, got 'case_0' twice"),
    "unknown id": (unknown_id, "split: expected cases that the data set has, got 'case_99'"),
    "trained and calibrated": (calibrated_twice, "split: expected every case at most once, got 'case_0' twice"),
    "empty split": (no_training, "train split: expected at least one case, got none"),
    "hash": (lambda m: m["split"]["train"].reverse(), "split_sha256: expected"),
}


@pytest.mark.parametrize("sin", SPOILT)
def test_every_bad_manifest_is_refused_in_a_sentence(edit, sin):
    spoil, sentence = SPOILT[sin]
    folder = edit(spoil)
    with pytest.raises((DatasetError, SchemaError), match=re.escape(sentence)):
        Dataset.open(folder)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [(b"{", "expected JSON"), (b"[1]", "expected the format"), (b"\xff", "UTF-8"), (b'{"a": 1, "a": 2}', "'a' twice")],
)
def test_what_is_no_manifest_at_all_is_refused(tmp_path, content, sentence):
    (tmp_path / "dataset.json").write_bytes(content)
    with pytest.raises(DatasetError, match=sentence):
        Dataset.open(tmp_path)


def test_a_folder_that_is_none_is_refused(tmp_path):
    with pytest.raises(DatasetError, match="expected a readable file, got No such file"):
        Dataset.open(tmp_path / "nowhere")


def test_the_call_in_the_docs_writes_a_manifest_and_a_hash_left_open_is_told(tmp_path, monkeypatch):
    text = (Path(__file__).parents[2] / "docs" / "data.md").read_text()
    call = re.search(r"^```python\n(from enf2enf.data import write_manifest\n.*?)^```", text, re.M | re.DOTALL)[1]
    (tmp_path / "mine").mkdir()
    monkeypatch.chdir(tmp_path)
    exec(call, {})
    manifest = json.loads((tmp_path / "mine" / "dataset.json").read_text())
    assert Dataset.open("mine").split["train"] == ["a"]
    with pytest.raises(DatasetError, match=f"split_sha256: expected {manifest['split_sha256']}, the hash of the split"):
        checked_manifest(json.dumps(manifest | {"split_sha256": "..."}))


def test_writing_refuses_what_reading_would(tmp_path):
    split = {"train": ["a"], "validation": ["b"], "test": []}
    cases = {name: {"mesh": f"{name}.vtu", "conditions": {"traction": [0.0, np.inf]}} for name in "ab"}
    with pytest.raises(DatasetError, match="traction of case 'a'"):
        write_manifest(tmp_path, SCHEMA, cases, split, name="bad")
    with pytest.raises(DatasetError, match=r"got object"):
        write_manifest(tmp_path, SCHEMA, {"a": {"mesh": object()}}, split, name="bad")
    assert not list(tmp_path.iterdir())


numbers = st.floats(allow_nan=False, allow_infinity=False)


@pytest.mark.slow
@given(
    tractions=st.lists(st.tuples(numbers, numbers), min_size=4, max_size=8), shares=st.tuples(*4 * [st.integers(1, 9)])
)
def test_written_manifests_come_back_exactly_and_the_same_bytes(tmp_path_factory, tractions, shares):
    folder = tmp_path_factory.mktemp("set")
    cases = {f"c{k}": {"mesh": f"c{k}.vtu", "conditions": {"traction": np.array(t)}} for k, t in enumerate(tractions)}
    split = proportional(list(cases), shares)
    parts = {"name": "x", "walls": ("hole",), "length_unit": "mm", "floor": {"relative_l2": 0.0, "how": "h"}}
    text = write_manifest(folder, SCHEMA, cases, split, **parts).read_text()
    again = write_manifest(folder, SCHEMA, cases, split, **parts).read_text()
    assert text == again
    dataset = Dataset.open(folder)
    assert dataset.schema == SCHEMA
    assert dataset.split == split
    for name, traction in zip(cases, tractions, strict=True):
        assert dataset.conditions(name)["traction"].tolist() == list(traction)
    assert json.loads(text) == checked_manifest(text)
    assert "symmetry" not in dataset.manifest  # so that those before 0.2 read what has none
    write_manifest(folder, SCHEMA, cases, split, symmetry=("plane",), **parts)
    assert Dataset.open(folder).manifest["symmetry"] == ["plane"]


share = st.integers(1, 1000)
shares_of_four = st.tuples(share, share, st.just(0) | share, share)


@given(count=st.integers(4, 2000), shares=shares_of_four)
def test_proportional_splits_are_whole_ordered_and_fair(count, shares):
    ids = [str(k) for k in range(count)]
    split = proportional(ids, shares)
    assert [name for part in SPLITS for name in split[part]] == ids
    assert all(bool(split[part]) == bool(share) for part, share in zip(SPLITS, shares, strict=True))
    if count * min(filter(None, shares)) >= sum(shares):
        for part, share in zip(SPLITS, shares, strict=True):
            assert abs(len(split[part]) - count * share / sum(shares)) <= 1


def test_the_elasticity_split_has_its_published_sizes():
    split = proportional([str(k) for k in range(1200)])
    assert [len(split[part]) for part in SPLITS] == [950, 50, 0, 200]
    with pytest.raises(DatasetError, match="at least three cases, got 2"):
        proportional(["a", "b"])
    with pytest.raises(DatasetError, match="at least four cases, got 3"):
        proportional(["a", "b", "c"], (3, 1, 1, 1))
    with pytest.raises(DatasetError, match=r"shares: expected numbers from 0 up, .*, got \(1, 0, 0, 1\)"):
        proportional(["a", "b", "c"], (1, 0, 0, 1))


def test_without_a_share_to_calibrate_the_split_is_that_of_three():
    """As it was before there was a fourth, worked out here once more."""
    for count in (3, 4, 7, 300, 1200, 1999):
        for train, validation, test in ((950, 50, 200), (240, 20, 40), (1, 1, 1), (1, 900, 3)):
            total = train + validation + test
            first = min(max(round(count * train / total), 1), count - 2)
            second = min(max(round(count * (train + validation) / total), first + 1), count - 1)
            split = proportional([str(k) for k in range(count)], (train, validation, 0, test))
            assert [len(part) for part in split.values()] == [first, second - first, 0, count - second]


def as_version_1(manifest):
    del manifest["split"]["calibration"]
    manifest["version"] = 1
    rehash(manifest)


def test_a_data_set_of_version_1_has_nothing_to_calibrate_and_keeps_its_hash(folder, edit):
    """The hash is one that an earlier version of this library wrote for this split."""
    new = Dataset.open(folder)
    old = Dataset.open(edit(as_version_1))
    assert list(old.manifest["split"]) == ["train", "validation", "test"]
    assert old.manifest["split_sha256"] == "4b86bac32e7600a8bd5843e79ce176afcd6f731e750ac4153f15ee434959981d"
    assert old.manifest["split_sha256"] != new.manifest["split_sha256"]
    assert old.split == new.split and old.split["calibration"] == []
    edit(lambda manifest: manifest.update(split_sha256=new.manifest["split_sha256"]))
    with pytest.raises(DatasetError, match="split_sha256: expected 4b86bac3.*, the hash"):
        Dataset.open(folder)
