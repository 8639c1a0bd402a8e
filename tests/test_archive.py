"""A zip of arrays by name: any tree comes back, and nothing in it can be read in two ways."""

import io
import json
import re
import warnings
import zipfile

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.archive import open_archive, read_arrays, write_archive
from enf2enf.errors import CheckpointError

TREE = {"first": jnp.ones(3), "second": jnp.zeros(2)}


def npy(array):
    stream = io.BytesIO()
    np.save(stream, array)
    return stream.getvalue()


def read(path):
    with open_archive(path, "t", 3) as (archive, manifest):
        return manifest, read_arrays(archive, TREE)


@pytest.fixture
def path(tmp_path):
    write_archive(tmp_path / "t.zip", {"format": "t", "version": 3}, TREE)
    return tmp_path / "t.zip"


def add(path, name, data):
    with zipfile.ZipFile(path, "a") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # zipfile's own complaint of a second one
        archive.writestr(name, data)


class Two(eqx.Module):
    """Two arrays of one shape, whose order in the code is not their order in the file."""

    second: jax.Array
    first: jax.Array
    inner: tuple[jax.Array, ...]


def test_values_follow_their_names_not_their_place(tmp_path):
    stored = {name: np.full(3, number) for number, name in enumerate(("first", "second", "inner[0]", "inner[1]"), 1)}
    path = tmp_path / "x.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("manifest.json", json.dumps({"format": "x", "version": 1}))
        for name, values in stored.items():
            archive.writestr(f"arrays/{name}.npy", npy(values.astype(np.float32)))
    empty = Two(jnp.zeros(3), jnp.zeros(3), (jnp.zeros(3), jnp.zeros(3)))
    with open_archive(path, "x", 1) as (archive, _):
        read = read_arrays(archive, empty)
    assert [float(a[0]) for a in (read.first, read.second, *read.inner)] == [1, 2, 3, 4]


@pytest.mark.parametrize("name", ["manifest.json", "arrays/['first'].npy", "notes.txt"])
def test_a_member_that_is_there_twice_is_refused(path, name):
    if name == "notes.txt":
        add(path, name, b"1")
        read(path)
    add(path, name, b"1")
    with pytest.raises(CheckpointError, match="t.zip: expected every member once, got .*" + re.escape(name[-8:])):
        read(path)


def test_two_members_of_one_path_are_refused(path):
    add(path, "arrays/['first'].txt", npy(np.ones(3, np.float32)))
    with pytest.raises(CheckpointError, match="arrays: expected every path once, got two members of one path"):
        read(path)


def test_a_key_of_the_manifest_that_is_there_twice_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "t.zip", "w") as archive:
        archive.writestr("manifest.json", b'{"format": "t", "version": 2, "version": 3}')
    with pytest.raises(CheckpointError, match="a key more than once"):
        read(tmp_path / "t.zip")


KINDS = st.tuples(st.sampled_from(["<f4", "<i4", "|b1"]), st.integers(0, 3), st.integers(0, 2**31))


@settings(max_examples=30)
@given(st.lists(KINDS, min_size=1, max_size=6))
def test_any_tree_of_arrays_comes_back(tmp_path_factory, kinds):
    folder = tmp_path_factory.mktemp("tree")
    make = lambda kind, rank, seed: np.random.default_rng(seed).integers(0, 2, (2,) * rank).astype(kind)  # noqa: E731
    tree = {f"leaf {n}": [jnp.asarray(make(*kind)), None, "text"] for n, kind in enumerate(kinds)}
    write_archive(folder / "t.zip", {"format": "t", "version": 3}, tree)
    with open_archive(folder / "t.zip", "t", 3) as (archive, manifest):
        again = read_arrays(archive, tree)
    assert manifest == {"format": "t", "version": 3}
    assert jax.tree.structure(again) == jax.tree.structure(tree)
    for one, other in zip(jax.tree.leaves(tree), jax.tree.leaves(again), strict=True):
        assert isinstance(one, str) or (one.dtype == other.dtype and np.array_equal(one, other))
