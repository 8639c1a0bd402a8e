"""Data sets from someone else: whatever is in them, one sentence about what, and an end."""

import copy
import json
import os
import re
import zipfile

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from enf2enf import io as mesh_io
from enf2enf.data import Dataset, PackedData, pack
from enf2enf.data.cache import NAME
from enf2enf.data.manifest import checked_manifest
from enf2enf.data.split import split_hash
from enf2enf.errors import DatasetError, MeshError, SchemaError
from enf2enf.plain import is_line

GOOD = {
    "format": "enf2enf-dataset", "version": 2, "name": "n", "description": "d", "licence": "l", "source": "s",
    "length_unit": "m", "walls": ["hole"], "floor": {"relative_l2": 0.1, "cases": 3, "how": "h"},
    "schema": {
        "dim": 2, "conditions": [{"name": "power"}],
        "fields": [{"name": "p", "kind": "scalar", "unit": "Pa", "scales_with": {"power": 2}, "on": "domain"},
                   {"name": "f", "on": "wall"}],
    },
    "split": {"train": ["a"], "validation": ["b"], "calibration": [], "test": []}, "split_sha256": "",
    "cases": {
        case: {"mesh": f"{case}.vtu", "samples": "s.npz", "fine": "f.npz", "wall": "w.npz",
               "conditions": {"power": 1.5}}
        for case in "ab"
    },
}  # fmt: skip
GOOD["split_sha256"] = split_hash(GOOD["split"])


def paths(plain, path=()):
    """The way to every value of plain data."""
    items = plain.items() if isinstance(plain, dict) else enumerate(plain) if isinstance(plain, list) else ()
    return [path, *(way for key, value in items for way in paths(value, (*path, key)))]


WRONG = (
    None, True, 0, -1, 2.0, 0.5, 10**400, -(10**400), 1e300, float("nan"), float("inf"), "", "x", "a\nb", "\ud800",
    "../x", "a\0b", [], [1], [[]], {}, {"a": 1}, {"": {}},
)  # fmt: skip


@pytest.mark.parametrize("path", paths(GOOD), ids=lambda path: ".".join(map(str, path)) or "all")
def test_every_wrong_value_anywhere_in_a_manifest_is_one_sentence(path):
    """Or it is taken, and then is what it was given as."""
    for value in WRONG:
        plain = {"": copy.deepcopy(GOOD)}
        *way, last = ("", *path)
        table = plain
        for key in way:
            table = table[key]
        table[last] = value
        try:
            accepted = checked_manifest(json.dumps(plain[""]))
        except (DatasetError, SchemaError) as error:
            assert is_line(str(error)) and len(str(error)) < 500, str(error)
        else:
            assert accepted == plain[""] and value is not True, (path, value)


@pytest.mark.parametrize("text", ["[" * 100_000, '{"format": ' * 100_000, "1" * 5000, '{"a": NaN', "\ud800"])
def test_every_text_that_is_no_manifest_is_one_sentence(text):
    with pytest.raises(DatasetError, match=r"^dataset.json: expected"):
        checked_manifest(text)


@pytest.mark.parametrize("power", [float("nan"), float("inf"), 1e308, 1000, -17, True, 10**400])
def test_a_power_out_of_range_is_blamed_and_no_condition(power):
    plain = copy.deepcopy(GOOD)
    plain["schema"]["fields"][0]["scales_with"]["power"] = power
    with pytest.raises(SchemaError, match="^scales_with"):
        checked_manifest(json.dumps(plain))


@pytest.mark.parametrize(("value", "power"), [(0, 1), (0, -2), (1e-30, 16), (1e300, 2)])
def test_a_condition_with_which_a_field_cannot_scale_names_its_case(value, power):
    plain = copy.deepcopy(GOOD)
    plain["schema"]["fields"][0]["scales_with"]["power"] = power
    plain["cases"]["a"]["conditions"]["power"] = value
    with pytest.raises(DatasetError, match="^power of case 'a': expected a magnitude above 0"):
        checked_manifest(json.dumps(plain))


def test_a_case_does_not_train_and_test_under_two_names():
    plain = copy.deepcopy(GOOD)
    plain["cases"]["b"] = plain["cases"]["a"]
    with pytest.raises(DatasetError, match="validation split: expected cases that do not train, got 'b', which is 'a'"):
        checked_manifest(json.dumps(plain))
    plain["cases"]["a"] |= {"conditions": {"power": 2.0}}
    for same in ({"mesh": "./a.vtu"}, {"mesh": ".//a.vtu"}, {"conditions": {"power": 2}}):
        plain["cases"]["b"] = plain["cases"]["a"] | same
        with pytest.raises(DatasetError, match="validation split: expected cases that do not train, got 'b'"):
            checked_manifest(json.dumps(plain))
    plain["cases"]["b"] = plain["cases"]["a"] | {"conditions": {"power": 2.5}}
    checked_manifest(json.dumps(plain))


def npy(header, data=b"\0" * 16):
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + data


def rows(count):
    return npy(repr({"descr": "<f8", "fortran_order": False, "shape": (count, 2)}))


def zipped(entry, data, **changes):
    """A file with one entry, whose directory is then changed by name -> value of `ZipInfo`."""

    def write(path):
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(entry, data)
            for key, value in changes.items():
                setattr(archive.filelist[0], key, value)

    return write


def damaged_deflate(path):
    np.savez_compressed(path, points=np.zeros((9, 2)))
    whole = bytearray(path.read_bytes())
    at = whole.index(b"points.npy") + 10
    whole[at : at + 60] = bytes(range(190, 250))
    path.write_bytes(whole)


def damaged_lzma(path):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_LZMA) as archive:
        archive.writestr("points.npy", rows(9))
    whole = bytearray(path.read_bytes())
    at = whole.index(b"points.npy") + 19
    whole[at : at + 30] = bytes(range(190, 220))
    path.write_bytes(whole)


def bare(path):
    with path.open("wb") as file:
        np.save(file, np.zeros((3, 2)))


FILES = {
    "text": lambda path: path.write_text("points = 1, 2\n" * 30),
    "nothing": lambda path: path.write_bytes(b""),
    "a bare npy": bare,
    "a pickle": lambda path: path.write_bytes(b"\x80\x04N."),
    "an entry of text": zipped("points.txt", b"1 2"),
    "an entry that claims to be npy": zipped("points.npy", b"hello"),
    "1e11 rows": zipped("points.npy", rows(10**11)),
    "1e21 rows": zipped("points.npy", rows(10**21)),
    "fewer rows": zipped("points.npy", rows(5)),
    "a cut header": zipped("points.npy", npy("{'descr': '<f8', 'fortran_order': (")),
    "a header of code": zipped("points.npy", npy("__import__('os').abort()")),
    "a strange type": zipped("points.npy", npy("{'descr': '<q9', 'fortran_order': False, 'shape': (2,)}")),
    "encrypted": zipped("points.npy", rows(1), flag_bits=1),
    "an unknown compression": zipped("points.npy", rows(1), compress_type=97),
    "damaged deflate": damaged_deflate,
    "damaged lzma": damaged_lzma,
    "text as points": lambda path: np.savez(path, points=np.array([["a", "b"]])),
    "complex points": lambda path: np.savez(path, points=np.zeros((3, 2), complex)),
    "times as points": lambda path: np.savez(path, points=np.zeros((3, 2), "M8[s]")),
    "NaN in points": lambda path: np.savez(path, points=np.array([[0, 0], [np.nan, 1]])),
    "truth values": lambda path: np.savez(path, points=np.ones((3, 2), bool)),
}


@pytest.fixture
def sampled(folder, edit):
    """The folder, its case_1 with samples in a file that is still to be written, and that file."""
    edit(lambda manifest: manifest["cases"]["case_1"].update(samples="samples.npz"))
    return folder, folder / "samples.npz"


@pytest.mark.parametrize("sin", FILES)
def test_every_spoilt_npz_file_is_one_sentence(sampled, sin):
    folder, path = sampled
    FILES[sin](path)
    with pytest.raises(DatasetError, match=r"^case 'case_1', samples.npz: expected") as caught:
        Dataset.open(folder).case("case_1")
    assert is_line(str(caught.value)) and "pickle" not in str(caught.value)
    path.replace(folder / NAME)  # nor is it a cache
    (folder / "dataset.json").unlink()
    with pytest.raises(DatasetError, match="expected a whole cache of version 3, got a damaged or older one"):
        PackedData.load(folder)


def test_points_that_are_not_finite_are_shown(sampled):
    FILES["NaN in points"](sampled[1])
    with pytest.raises(DatasetError, match=re.escape("got [nan  1.] at point 1")):
        Dataset.open(sampled[0]).case("case_1")


@pytest.mark.slow
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(at=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), cut=st.booleans(), packed=st.booleans())
def test_a_byte_changed_anywhere_in_samples_is_one_sentence_or_no_error(sampled, at, flip, cut, packed):
    folder, path = sampled
    mesh = mesh_io.read(folder / "meshes" / "case_1.vtu")
    (np.savez_compressed if packed else np.savez)(path, points=mesh.points, **mesh.point_data)
    data = bytearray(path.read_bytes())
    where = int(at * len(data))
    data[where] ^= flip
    path.write_bytes(data[:where] if cut else data)
    try:
        Dataset.open(folder).case("case_1")
    except DatasetError as error:
        assert is_line(str(error))


def pipe(path):
    os.mkfifo(path)


def without_end(path):
    path.symlink_to("/dev/zero")


def elsewhere(path):
    other = path.parents[len(path.parts) - path.parts.index("rings")] / "other"
    other.write_bytes(b"secret")
    path.symlink_to(other)


PLACES = {"mesh": "meshes/case_1.vtu", "samples": "samples.npz", "manifest": "dataset.json"}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("kind", [pipe, without_end, elsewhere])
def test_nothing_but_a_regular_file_of_the_folder_is_read(sampled, place, kind):
    folder, path = sampled
    FILES["fewer rows"](path)
    there = folder / PLACES[place]
    there.unlink()
    kind(there)
    with pytest.raises(DatasetError, match="not a regular file|a link that leaves it|expected JSON"):
        pack(folder, iter)
    assert not (folder / NAME).exists()


def test_a_mesh_is_read_from_a_regular_file_alone(tmp_path):
    for number, kind in enumerate((pipe, without_end)):
        kind(tmp_path / f"{number}.vtu")
        with pytest.raises(MeshError, match="expected a mesh file, got not a regular file"):
            mesh_io.read(tmp_path / f"{number}.vtu")
    with pytest.raises(MeshError, match="expected a mesh file, got a name that no file has"):
        mesh_io.read("a\ud800.vtu")


def test_a_link_within_the_folder_is_followed(folder):
    path = folder / "meshes" / "case_1.vtu"
    path.rename(folder / "meshes" / "real.vtu")
    path.symlink_to("real.vtu")
    (folder.parent / "link").symlink_to(folder)
    assert Dataset.open(folder.parent / "link").case("case_1").name == "case_1"
