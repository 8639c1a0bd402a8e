import itertools
import json
import os
import re
import shutil
import subprocess
import sys

import numpy as np
import pytest

from enf2enf import io as mesh_io
from enf2enf.data import Dataset, PackedData, cache, pack
from enf2enf.data.cache import NAME
from enf2enf.data.split import SPLITS, split_hash
from enf2enf.errors import DatasetError
from enf2enf.geometry import Geometry
from enf2enf.mesh import CellBlock, Mesh


def test_the_cache_holds_what_the_folder_does(folder):
    dataset, packed = Dataset.open(folder), PackedData.load(folder)
    assert packed.schema == dataset.schema
    assert packed.case_count == 6
    assert packed.floor == 1e-3
    for part in SPLITS:
        indices = packed.ids(part)
        assert [packed.names[i] for i in indices] == dataset.split[part]
        for index in indices:
            case = dataset.case(packed.names[index])
            np.testing.assert_array_equal(packed.points(index), case.field.points)
            columns = np.column_stack([case.field["stress"], case.field["displacement"]])
            np.testing.assert_array_equal(packed.values(index), columns.astype(np.float32))
            row = np.concatenate([case.conditions["traction"], case.conditions["angle"]])
            np.testing.assert_array_equal(packed.conditions(index), row)
            np.testing.assert_array_equal(packed.geometry(index).outer, case.geometry.outer)
            for kept, wall in zip(packed.geometry(index).walls, case.geometry.walls, strict=True):
                np.testing.assert_array_equal(kept, wall)
    with pytest.raises(DatasetError, match="split: expected train or validation or calibration or test, got 'all'"):
        packed.ids("all")


def test_calibration_cases_are_packed_and_asked_for_like_others(folder, edit):
    assert len(PackedData.load(folder).ids("calibration")) == 0

    def calibrate(manifest):
        manifest["split"] |= {"train": ["case_0", "case_2"], "calibration": ["case_3", "case_1"]}
        manifest["split_sha256"] = split_hash(manifest["split"])

    packed = PackedData.load(edit(calibrate))
    assert [packed.names[index] for index in packed.ids("calibration")] == ["case_3", "case_1"]
    assert packed.case_count == 6
    assert len(np.concatenate([packed.ids(part) for part in SPLITS])) == 6
    values = Dataset.open(folder).case("case_3").field["stress"].astype(np.float32)
    np.testing.assert_array_equal(packed.values(packed.ids("calibration")[0])[:, 0], values)


def test_a_data_set_of_version_1_is_packed_and_believed(folder, edit):
    def older(manifest):
        del manifest["split"]["calibration"]
        manifest.update(version=1, split_sha256=split_hash(manifest["split"]))

    new, progress, seen = PackedData.load(folder), *counted()
    old = PackedData.load(edit(older), progress)
    assert old.names == new.names == seen and len(old.ids("calibration")) == 0
    assert PackedData.load(folder, progress).digest == old.digest
    assert len(seen) == 6, "packed once"


def counted():
    """A progress that remembers which cases were read."""
    seen = []

    def progress(names):
        for name in names:
            seen.append(name)
            yield name

    return progress, seen


def test_it_is_read_again_only_when_stale(folder, edit):
    progress, seen = counted()
    first = PackedData.load(folder, progress)
    assert len(seen) == 6
    assert PackedData.load(folder, progress).digest == first.digest
    assert len(seen) == 6

    path = folder / "meshes" / "case_2.vtu"
    mesh = mesh_io.read(path)
    mesh_io.write(path, mesh.with_point_data({"stress": mesh.point_data["stress"] + 1}))
    second = PackedData.load(folder, progress)
    assert len(seen) == 12
    assert second.digest != first.digest
    np.testing.assert_allclose(second.values(2)[:, 0], mesh.point_data["stress"] + 1, rtol=1e-6)  # measured 6e-8

    edit(lambda manifest: manifest["cases"]["case_0"]["conditions"].update(angle=0.25))
    assert PackedData.load(folder, progress).conditions(0)[2] == 0.25
    assert len(seen) == 18
    edit(lambda manifest: manifest.update(dict(reversed(manifest.items()))))
    PackedData.load(folder, progress)
    assert len(seen) == 18, "another order of the keys is no change"


def test_it_travels_alone(folder, tmp_path):
    progress, seen = counted()
    digest = PackedData.load(folder).digest
    alone, beside = tmp_path / "alone", tmp_path / "beside"
    for there in (alone, beside):
        there.mkdir()
        (there / cache.NAME).write_bytes((folder / cache.NAME).read_bytes())
    (beside / "dataset.json").write_bytes((folder / "dataset.json").read_bytes())
    for there in (alone, beside):
        assert PackedData.load(there, progress).digest == digest
    assert not seen
    text = (folder / "dataset.json").read_text()
    (beside / "dataset.json").write_text(text.replace('"name": "rings"', '"name": "other"'))
    with pytest.raises(DatasetError, match="case 'case_0'.*expected a mesh file, got No such file"):
        PackedData.load(beside, iter)


def spoilt(**changes):
    """The same cache with some arrays of another content."""

    def spoil(path):
        with np.load(path) as file:
            arrays = dict(file)
        np.savez(path, **arrays | changes)

    return spoil


DAMAGE = {
    "empty": lambda path: path.write_bytes(b""),
    "cut short": lambda path: path.write_bytes(path.read_bytes()[:-2000]),
    "cut to a stump": lambda path: path.write_bytes(path.read_bytes()[:100]),
    "a bit flipped": lambda path: path.write_bytes(path.read_bytes().replace(b"NUMPY", b"NUMPI")),
    "text": lambda path: path.write_text("not a zip"),
    "another version": spoilt(version=np.array(1)),
    "an object": spoilt(points=np.array([{}])),
    "fewer points": spoilt(points=np.zeros((3, 2))),
    "other conditions": spoilt(conditions=np.zeros((6, 1))),
    "no ends": spoilt(points_ends=np.zeros(0, np.int64)),
    "no manifest": spoilt(manifest=np.frombuffer(b"{}", np.uint8)),
}


@pytest.mark.slow
@pytest.mark.parametrize("sin", DAMAGE)
def test_a_damaged_cache_is_made_anew_or_refused(folder, tmp_path, sin):
    progress, seen = counted()
    whole = PackedData.load(folder).digest
    DAMAGE[sin](folder / cache.NAME)
    alone = tmp_path / "alone"
    alone.mkdir()
    (alone / cache.NAME).write_bytes((folder / cache.NAME).read_bytes())
    with pytest.raises(DatasetError, match="cache.npz: expected a whole cache of version 3, got a damaged"):
        PackedData.load(alone)
    assert PackedData.load(folder, progress).digest == whole
    assert len(seen) == 6


def test_a_case_that_cannot_be_packed_leaves_the_old_cache(folder):
    path = pack(folder, iter)
    before = path.read_bytes()
    (folder / "meshes" / "case_3.vtu").write_bytes(b"")
    with pytest.raises(DatasetError, match="case 'case_3'"):
        pack(folder, iter)
    assert path.read_bytes() == before
    assert not list(folder.glob(".*partial"))


def test_a_field_too_large_for_single_precision_is_refused(folder):
    path = folder / "meshes" / "case_3.vtu"
    mesh = mesh_io.read(path)
    mesh_io.write(path, mesh.with_point_data({"stress": mesh.point_data["stress"] * 1e40}))
    with pytest.raises(DatasetError, match="case 'case_3': expected fields within the range of float32"):
        pack(folder, iter)


def test_there_must_be_something_to_load(tmp_path):
    with pytest.raises(DatasetError, match=r"expected dataset.json or cache.npz in it, got neither"):
        PackedData.load(tmp_path)


def test_training_data_come_without_mesh_solver_or_picture(folder):
    """In a fresh interpreter, since this one has long imported everything."""
    pack(folder, iter)
    program = (
        "import sys; from enf2enf.data.cache import PackedData; p = PackedData.load(sys.argv[1]);"
        "light = {*sys.modules}; p.geometry(0), p.points(0), p.values(0); print(*light, '|', *sys.modules)"
    )
    arguments = [sys.executable, "-c", program, str(folder)]
    run = subprocess.run(arguments, capture_output=True, text=True, check=True, cwd="/")
    loaded, used = (set(part.split()) for part in run.stdout.split("|"))
    heavy = {"jax", "meshio", "h5py", "skfem", "scipy", "matplotlib", "pyvista", "vtkmodules", "grpc"}
    assert "enf2enf.data.cache" in loaded
    assert not (heavy | {"shapely"}) & loaded
    assert not heavy & used


def walls_only(folder):
    """A case that is a bare curve."""
    path = folder / "meshes" / "case_1.vtu"
    mesh = mesh_io.read(path)
    around = Geometry.from_mesh(mesh).walls[0]
    nodes = np.arange(len(around))
    bare = Mesh(around, (CellBlock("line", np.stack([nodes, np.roll(nodes, -1)], axis=1)),))
    fields = {name: values[: len(around)] for name, values in mesh.point_data.items()}
    mesh_io.write(path, bare.with_point_data(fields))


def samples(scale):
    """Samples of a case, in other units than metres."""

    def change(folder):
        mesh = mesh_io.read(folder / "meshes" / "case_1.vtu")
        np.savez(folder / "samples.npz", points=mesh.points * scale, **mesh.point_data)
        plain = json.loads((folder / "dataset.json").read_text())
        plain["cases"]["case_1"]["samples"] = "samples.npz"
        (folder / "dataset.json").write_text(json.dumps(plain))

    return change


UNTRAINABLE = {
    "no domain": (walls_only, "case 'case_1': expected an outer boundary around the walls, got walls only"),
    "millimetres": (samples(1e3), "case 'case_1', samples: expected points in the domain, got 100% of them outside"),
    "kilometres": (samples(1e-3), "case 'case_1', samples: expected points "),
}


@pytest.mark.parametrize("sin", UNTRAINABLE)
def test_what_cannot_be_trained_is_refused_by_case_when_it_is_packed(folder, sin):
    change, sentence = UNTRAINABLE[sin]
    change(folder)
    with pytest.raises(DatasetError, match=re.escape(sentence)):
        pack(folder, progress=iter)
    assert not (folder / NAME).exists()


@pytest.mark.parametrize("again", [os.symlink, shutil.copyfile])
def test_a_case_that_trains_and_is_held_back_as_a_copy_is_refused(folder, edit, again):
    manifest = json.loads((folder / "dataset.json").read_text())
    one, other = (manifest["split"][part][0] for part in ("train", "test"))
    own, copied = (folder / manifest["cases"][name]["mesh"] for name in (one, other))
    copied.unlink()
    again(own, copied)
    pack(folder, progress=iter)  # the shape alone, under other conditions
    edit(lambda m: m["cases"][other].update(conditions=m["cases"][one]["conditions"]))
    with pytest.raises(
        DatasetError, match=f"^test split: expected cases that do not train, got '{other}', a copy of '{one}'$"
    ):
        pack(folder, progress=iter)


def test_fine_samplings_are_packed_for_the_validation_split_alone(folder, edit):
    """The folder's one fine sampling belongs to its last case, which is moved from the test to the validation split."""
    assert all(PackedData.load(folder, progress=iter).fine(index) is None for index in range(6))
    manifest = json.loads((folder / "dataset.json").read_text())
    split = {part: list(ids) for part, ids in manifest["split"].items()}
    split["validation"], split["test"] = split["validation"] + split["test"], []
    edit(lambda m: m.update(split=split, split_sha256=split_hash(split)))
    packed = PackedData.load(folder, progress=iter)
    points, values = packed.fine(packed.names.index("case_5"))
    stored = np.load(folder / "fine.npz")
    np.testing.assert_array_equal(points, stored["points"])
    np.testing.assert_array_equal(values[:, 0], stored["stress"].astype(np.float32))
    np.testing.assert_array_equal(values[:, 1:], stored["displacement"].astype(np.float32))
    assert packed.fine(packed.names.index("case_0")) is None


def test_fewer_cases_to_learn_from_are_among_more(folder):
    packed = PackedData.load(folder)
    every = packed.ids("train").tolist()
    drawn = [packed.learning_from(count).ids("train").tolist() for count in range(1, len(every) + 2)]
    assert [len(ids) for ids in drawn] == [*range(1, len(every) + 1), len(every)]
    for fewer, more in itertools.pairwise(drawn):
        assert set(fewer) <= set(more) and fewer == sorted(fewer)
    assert drawn[-1] == every == packed.ids("train").tolist()
    for part in set(SPLITS) - {"train"}:
        np.testing.assert_array_equal(packed.learning_from(1).ids(part), packed.ids(part))
