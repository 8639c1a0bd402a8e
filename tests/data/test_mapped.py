"""Arrays that are larger than memory should be: written in pieces, left in their file, given back when read."""

import mmap
import os
import resource
import sys
import zipfile
from pathlib import Path

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given
from hypothesis.extra import numpy as hnp

from enf2enf.data import PackedData, cache, npz, pack
from enf2enf.data.mapped import Spool, fetch, is_mapped, mapped, taken
from enf2enf.errors import DatasetError
from enf2enf.plain import DAMAGE

KINDS = [np.dtype(kind) for kind in ("<f8", "<f4", "<i8", "?", "u1")]
kinds = st.sampled_from(KINDS)


@st.composite
def pieces(draw):
    """Some rows in pieces, one of which has some."""
    kind, width = draw(kinds), draw(hnp.array_shapes(min_dims=0, max_dims=2, max_side=4))
    counts = draw(st.lists(st.integers(0, 5), max_size=4)) + [draw(st.integers(1, 5))]
    return [draw(hnp.arrays(kind, (count, *width))) for count in counts]


@pytest.fixture
def all_large(monkeypatch):
    """Any array is large, and is read and written in pieces of 64 bytes."""
    monkeypatch.setattr(npz, "LARGE", 0)
    monkeypatch.setattr(npz, "_PIECE", 64)


@given(rows=pieces())
def test_what_is_spooled_is_what_savez_writes(tmp_path_factory, rows):
    folder = tmp_path_factory.mktemp("spool")
    spool = Spool(folder, "here", DatasetError)
    for piece in rows:
        spool.append(piece)
    assert not list(folder.iterdir()), "a file without a name"
    whole = np.concatenate(rows)
    kept = spool.rows()
    assert is_mapped(kept) and kept.dtype == whole.dtype
    np.testing.assert_array_equal(kept, whole)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(npz, "_PIECE", 1)  # a row at a time
        npz.write(folder / "ours.npz", {"one": kept, "two": whole, "three": np.array("text")})
    np.savez(folder / "theirs.npz", one=whole, two=whole, three=np.array("text"))
    assert (folder / "ours.npz").read_bytes() == (folder / "theirs.npz").read_bytes()


def test_a_cache_is_what_savez_writes(folder, all_large):
    """So that no cache is packed again, and anybody reads it."""
    path = pack(folder, iter)
    with np.load(path) as file:
        arrays = dict(file)
    other = path.with_name("other.npz")
    np.savez(other, **arrays)
    assert other.read_bytes() == path.read_bytes()
    assert [*arrays][3:6] == ["points", "points_ends", "values"]


def test_a_cache_left_in_its_file_is_the_same_cache(folder, monkeypatch):
    whole = PackedData.load(folder, iter)
    monkeypatch.setattr(npz, "LARGE", 0)
    left = PackedData.load(folder, iter)
    assert is_mapped(left._arrays["points"]) and not is_mapped(whole._arrays["points"])
    assert left.manifest == whole.manifest and left.digest == whole.digest
    for index in range(whole.case_count):
        for read in ("points", "values", "on_wall", "conditions"):
            one, other = (getattr(packed, read)(index) for packed in (left, whole))
            np.testing.assert_array_equal(one, other)
        assert left.points(index).flags.aligned
        assert not is_mapped(left.points(index)), "a copy, whose file need not stay in memory"
        np.testing.assert_array_equal(left.geometry(index).outer, whole.geometry(index).outer)


def saved(path: Path, save=np.savez, **arrays) -> Path:
    save(path, **arrays)
    return path


ODD = {
    "compressed": lambda path: saved(path, np.savez_compressed, a=np.arange(40.0)),
    "by columns": lambda path: saved(path, a=np.asfortranarray(np.arange(40.0).reshape(8, 5))),
    "of none": lambda path: saved(path, a=np.zeros((0, 3))),
    "of one": lambda path: saved(path, a=np.array(3.0)),
    "of text": lambda path: saved(path, a=np.array(["one", "three"])),
    "of the other order of bytes": lambda path: saved(path, a=np.arange(9.0).astype(">f8")),
    "of records": lambda path: saved(path, a=np.zeros(3, [("x", "<f4"), ("y", "<f8", 2)])),
}


def read(path: Path) -> np.ndarray:
    with path.open("rb") as source, np.load(source, allow_pickle=False) as stored:
        return npz.member(stored, source, "a")


@pytest.mark.parametrize("kind", ODD)
def test_whatever_numpy_reads_is_read(tmp_path, all_large, kind):
    path = ODD[kind](tmp_path / "a.npz")
    with np.load(path) as stored:
        expected = stored["a"]
    found = read(path)
    assert found.dtype == expected.dtype and found.shape == expected.shape
    np.testing.assert_array_equal(found, expected)


def test_objects_are_refused(tmp_path, all_large):
    with pytest.raises(ValueError, match="allow_pickle"):
        read(saved(tmp_path / "a.npz", a=np.array([{}])))


@pytest.fixture(scope="module")
def numbers(tmp_path_factory):
    return saved(tmp_path_factory.mktemp("npz") / "a.npz", a=np.arange(2000.0)).read_bytes()


@given(place=st.integers(0, 10**6), to=st.integers(1, 255))
def test_no_other_numbers_are_read_of_a_file_with_another_byte(tmp_path_factory, numbers, place, to):
    """What is left in the file is compared with its check sum too."""
    spoilt = bytearray(numbers)
    spoilt[place % len(spoilt)] ^= to
    path = tmp_path_factory.mktemp("npz") / "a.npz"
    path.write_bytes(spoilt)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(npz, "LARGE", 0)
        try:
            found = read(path)
        except (OSError, *DAMAGE):
            return
    np.testing.assert_array_equal(found, np.arange(2000.0))


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9, 0.999])
def test_a_cache_cut_short_is_refused(folder, tmp_path, all_large, share):
    path = pack(folder, iter)
    (tmp_path / cache.NAME).write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(DatasetError, match="cache.npz: expected a whole cache of version 3, got a damaged"):
        PackedData.load(tmp_path)


def resident() -> int:
    """Bytes in memory that are those of files."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(1024 * int(line.split()[1]) for line in lines if line.startswith("RssFile"))


@pytest.mark.skipif(sys.platform != "linux", reason="counts pages as Linux does")
def test_what_was_read_is_given_back(tmp_path):
    size = 2**25
    with (tmp_path / "zeros").open("w+b") as file:
        file.truncate(size)
        array = mapped(file, (size // 8, 8), np.dtype(np.uint8))
    before = resident()
    for start in range(0, len(array), 2**16):
        assert not taken(array, slice(start, start + 2**16)).any()
    assert resident() - before < size / 8  # measured 0
    assert array.sum() == 0
    assert resident() - before > size / 2, "else there was nothing to give back"


@pytest.mark.skipif(sys.platform != "linux", reason="forgets files as Linux does")
def test_what_was_fetched_is_not_waited_for_item_by_item(tmp_path):
    """Rows of a file that nobody has read yet, one in each of 32 pages that are far apart."""
    width, count = 2**18, 32
    path, rows = tmp_path / "numbers", np.arange(count)
    path.write_bytes(np.repeat(rows.astype(np.uint8), width).tobytes())

    def waits(*fetched) -> int:
        with path.open("r+b") as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
            array = mapped(file, (count, width), np.dtype(np.uint8))[:, 9:]
        array.base.base.madvise(mmap.MADV_RANDOM)  # nothing is read because something near it was
        fetch(array, *fetched)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_majflt
        np.testing.assert_array_equal(array[rows, 0], rows)
        return resource.getrusage(resource.RUSAGE_SELF).ru_majflt - before

    if waits(rows[:0]) < count / 2:
        pytest.skip("files are in memory here")
    assert waits(rows) < count / 4  # measured 0


@pytest.mark.skipif(sys.platform != "linux", reason="limits files as Linux does")
def test_no_space_is_one_sentence(tmp_path):
    limits, spool = resource.getrlimit(resource.RLIMIT_FSIZE), Spool(tmp_path, "here", DatasetError)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2**20, limits[1]))
    try:
        with pytest.raises(DatasetError, match="here: expected space for what does not fit into memory, got File too"):
            spool.append(np.zeros(2**18))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    with pytest.raises(DatasetError, match="here: expected a folder to write to, .*, got No such file or directory"):
        Spool(tmp_path / "nowhere", "here", DatasetError)


def test_a_member_is_found_where_it_is(tmp_path, all_large):
    """After others, with a comment and extra fields of its own."""
    path, expected = tmp_path / "a.npz", np.arange(30.0)
    saved(tmp_path / "b.npz", a=expected)
    with zipfile.ZipFile(tmp_path / "b.npz") as old, zipfile.ZipFile(path, "w") as new:
        new.writestr("first.npy", b"anything")
        info = zipfile.ZipInfo("a.npy")
        info.extra, info.comment = b"\x99\x99\x03\x00abc", b"odd"
        new.writestr(info, old.read("a.npy"))
    found = read(path)
    assert is_mapped(found)
    np.testing.assert_array_equal(found, expected)
