"""A checkpoint is data, complete and named: it comes back exactly, or is refused in one sentence."""

import io
import json
import os
import struct
import warnings
import zipfile

import equinox as eqx
import jax
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import enf2enf
from enf2enf.archive import named_arrays
from enf2enf.checkpoint import load, save
from enf2enf.errors import CheckpointError
from enf2enf.surrogate import Surrogate

SLOW = settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture(scope="module")
def file(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.enf"
    save(path, surrogate)
    return path


@pytest.fixture(scope="module")
def spoil(file, tmp_path_factory):
    """Writes the checkpoint again with its entries changed by a function of (name -> bytes)."""
    folder = tmp_path_factory.mktemp("spoilt")

    def write(change, method=zipfile.ZIP_STORED):
        with zipfile.ZipFile(file) as archive:
            entries = {name: archive.read(name) for name in archive.namelist()}
        change(entries)
        with zipfile.ZipFile(folder / "spoilt.enf", "w", method) as archive:
            for name, data in entries.items():
                archive.writestr(name, data)
        return folder / "spoilt.enf"

    return write


def npy(array, **options):
    stream = io.BytesIO()
    np.save(stream, array, **options)
    return stream.getvalue()


def edit(change):
    """Changes the plain data of the manifest."""

    def spoilt(entries):
        manifest = json.loads(entries["manifest.json"])
        change(manifest)
        entries["manifest.json"] = json.dumps(manifest).encode()

    return spoilt


def leaves(surrogate):
    return {name: np.asarray(leaf) for name, leaf in named_arrays(surrogate.model).items()}


def test_everything_comes_back_to_the_bit(file, surrogate):
    again = enf2enf.load(file)
    one, other = leaves(surrogate), leaves(again)
    assert one.keys() == other.keys() and len(one) > 20
    for name in one:
        assert one[name].dtype == other[name].dtype
        assert one[name].tobytes() == other[name].tobytes()
    for name in ("config", "provenance", "version"):
        assert getattr(again, name) == getattr(surrogate, name)
    assert again.normaliser.to_dict() == surrogate.normaliser.to_dict()
    assert jax.tree.structure(again.model) == jax.tree.structure(surrogate.model)


def test_equal_contents_are_equal_bytes_and_nothing_else_stays(file, surrogate, tmp_path):
    folder = tmp_path / "new"
    enf2enf.save(folder / "again.enf", surrogate)
    save(folder / "twice.enf", load(file))
    assert (folder / "again.enf").read_bytes() == (folder / "twice.enf").read_bytes() == file.read_bytes()
    assert sorted(path.name for path in folder.iterdir()) == ["again.enf", "twice.enf"]


def test_another_weight_is_another_file_and_version(file, surrogate, tmp_path):
    model = eqx.tree_at(lambda m: m.decoder.offset, surrogate.model, surrogate.model.decoder.offset + 1e-3)
    other = Surrogate(model, surrogate.config, surrogate.normaliser, surrogate.provenance)
    save(tmp_path / "other.enf", other)
    assert (tmp_path / "other.enf").read_bytes() != file.read_bytes()
    assert load(tmp_path / "other.enf").version == other.version != surrogate.version


@SLOW
@given(share=st.floats(0, 1, exclude_max=True))
def test_cut_anywhere_it_is_refused(file, tmp_path, share):
    whole = file.read_bytes()
    cut = tmp_path / "cut.enf"
    cut.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(CheckpointError, match=r"cut\.enf: expected a checkpoint, got a file that is not one"):
        load(cut)


@pytest.mark.slow
@settings(SLOW, max_examples=40)
@given(share=st.floats(0, 1, exclude_max=True), flip=st.integers(1, 255), near_the_end=st.booleans())
def test_a_flipped_byte_is_noticed_or_harmless(file, surrogate, tmp_path, share, flip, near_the_end):
    """Harmless: the time stamp of an entry, say. What is never allowed is another error, or other numbers."""
    data = bytearray(file.read_bytes())
    span = 6000 if near_the_end else len(data)  # the zip's directory is a small part of the file
    data[len(data) - 1 - int(share * span)] ^= flip
    other = tmp_path / "flipped.enf"
    other.write_bytes(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            again = load(other)
    except CheckpointError:
        return
    assert again.version == surrogate.version
    assert again.provenance == surrogate.provenance


@SLOW
@given(data=st.binary(max_size=200))
def test_noise_is_refused(tmp_path, data):
    (tmp_path / "noise.enf").write_bytes(data)
    with pytest.raises(CheckpointError):
        load(tmp_path / "noise.enf")


def test_what_is_no_file_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match=r"none\.enf: expected a file, got nothing at"):
        load(tmp_path / "none.enf")
    with pytest.raises(CheckpointError, match="expected a checkpoint"):
        load(tmp_path)
    os.mkfifo(tmp_path / "pipe.enf")
    with pytest.raises(CheckpointError, match=r"pipe\.enf: expected a checkpoint, got .*not a regular file"):
        load(tmp_path / "pipe.enf")


def swap(entries):
    a, b = (f"arrays/encoder.embed_{cloud}.layers[1].weight.npy" for cloud in ("grid", "wall"))
    entries[a], entries[b] = entries[b], entries[a]


def test_swapped_names_are_swapped_weights(spoil, surrogate):
    model = load(spoil(swap)).model
    weight = lambda mlp: np.asarray(mlp.layers[1].weight)  # noqa: E731
    np.testing.assert_array_equal(weight(model.encoder.embed_grid), weight(surrogate.model.encoder.embed_wall))
    np.testing.assert_array_equal(weight(model.encoder.embed_wall), weight(surrogate.model.encoder.embed_grid))


BIAS = "arrays/decoder.offset.npy"


class Bomb:
    """What runs when it is unpickled."""

    def __reduce__(self):
        return exec, ("raise SystemExit('executed')",)


def bomb(entries):
    """A header that claims 1e12 numbers in front of one."""
    header = repr({"descr": "<f4", "fortran_order": False, "shape": (10**12,)}).encode().ljust(117) + b"\n"
    entries[BIAS] = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + b"\0\0\0\0"


def with_bytes(data):
    return lambda entries: entries.update({BIAS: data})


SPOILT = {
    "missing": (lambda e: e.pop(BIAS), "array 'decoder.offset': expected its values in the checkpoint, got none"),
    "surplus": (lambda e: e.update({"arrays/extra.npy": npy(np.zeros(1))}), "array 'extra': expected an array of the"),
    "renamed": (lambda e: e.update({"arrays/decoder.offsets.npy": e.pop(BIAS)}), "array 'decoder.offset'"),
    "reshaped": (with_bytes(npy(np.zeros((1, 1), np.float32))), "expected float32[1], got float32[1, 1]"),
    "longer": (with_bytes(npy(np.zeros(9, np.float32))), "'decoder.offset': expected float32[1], got float32[9]"),
    "float64": (with_bytes(npy(np.zeros(1))), "expected float32[1], got float64[1]"),
    "big-endian": (with_bytes(npy(np.zeros(1, ">f4"))), "array 'decoder.offset': expected float32[1]"),
    "objects": (with_bytes(npy(np.array([Bomb()]), allow_pickle=True)), "expected float32[1], got object[1]"),
    "bare pickle": (with_bytes(b"\x80\x04N."), "array 'decoder.offset': expected its values, got damaged bytes"),
    "NaN": (with_bytes(npy(np.full(1, np.nan, np.float32))), "'decoder.offset': expected finite values, got NaN"),
    "infinity": (with_bytes(npy(np.full(1, np.inf, np.float32))), "expected finite values"),
    "bomb": (bomb, "expected float32[1], got float32[1000000000000]"),
    "odd header": (with_bytes(b"\x93NUMPY\x01\x00\x04\x00(((\n"), "damaged bytes"),
    "next version": (with_bytes(b"\x93NUMPY\x02\x00\x04\x00(((\n"), "damaged bytes"),
    "no values": (with_bytes(npy(np.zeros(1, np.float32))[:-2]), "damaged bytes"),
    "format": (edit(lambda m: m.update(format="other")), "expected enf2enf-checkpoint of version 4, got another kind"),
    "version": (edit(lambda m: m.update(version=1)), "expected enf2enf-checkpoint of version 4"),
    "no manifest": (lambda e: e.pop("manifest.json"), "expected a checkpoint, got a file that is not one"),
    "list": (lambda e: e.update({"manifest.json": b"[1]"}), "expected a checkpoint, got a file that is not one"),
    "deep": (lambda e: e.update({"manifest.json": b"[" * 200_000}), "expected a checkpoint"),
    "long": (lambda e: e.update({"manifest.json": b" " * (5 << 20)}), "manifest.json of spoilt.enf: expected"),
}


@pytest.mark.parametrize("sin", SPOILT)
def test_every_spoilt_file_is_refused_in_a_sentence(spoil, sin):
    change, sentence = SPOILT[sin]
    with pytest.raises(CheckpointError) as caught:
        load(spoil(change))
    assert sentence in str(caught.value)


MANIFESTS = {
    "no provenance": lambda m: m.pop("provenance"),
    "odd provenance": lambda m: m.update(provenance=3),
    "no config": lambda m: m.pop("config"),
    "config key": lambda m: m["config"].update(colour="red"),
    "config type": lambda m: m["config"].update(panels="many"),
    "no heads": lambda m: m["config"]["decoder"].update(heads=0),
    "negative width": lambda m: m["config"]["decoder"].update(width=-16),
    "no normaliser": lambda m: m.pop("normaliser"),
    "normaliser key": lambda m: m["normaliser"].pop("length"),
    "no length": lambda m: m["normaliser"].update(length=0),
    "NaN mean": lambda m: m["normaliser"].update(field_mean=[float("nan")]),
    "short mean": lambda m: m["normaliser"].update(field_mean=[]),
    "no deviation": lambda m: m["normaliser"].update(field_deviation=[0.0]),
    "odd range": lambda m: m["normaliser"].update(condition_low=["a", "b"]),
    "extents": lambda m: m["normaliser"].update(extents=[1]),
    "schema": lambda m: m["normaliser"]["schema"].update(dim=7),
    "metrics": lambda m: m["provenance"].update(metrics="x"),
}


@pytest.mark.parametrize("sin", MANIFESTS)
def test_a_manifest_that_describes_no_model_is_refused(spoil, sin):
    with pytest.raises(CheckpointError, match=r"spoilt\.enf: expected a manifest that describes a model, got"):
        load(spoil(edit(MANIFESTS[sin])))


PLACES = {
    "provenance.note.1.deep": lambda m, n: m["provenance"].update(note=[0, {"deep": n}]),
    "config.encoder.window": lambda m, n: m["config"]["encoder"].update(window=n),
    "config.decoder.reaches.0": lambda m, n: m["config"]["decoder"]["reaches"].__setitem__(0, n),
    "normaliser.field_mean.0": lambda m, n: m["normaliser"].update(field_mean=[n]),
    "normaliser.length": lambda m, n: m["normaliser"].update(length=n),
}


@pytest.mark.parametrize("number", [float("nan"), float("inf"), -1e39, 1e300, 10**400], ids=lambda n: str(n)[:6])
@pytest.mark.parametrize("place", PLACES)
def test_numbers_beyond_single_precision_are_refused_by_name(spoil, place, number):
    with pytest.raises(CheckpointError) as caught:
        load(spoil(edit(lambda manifest: PLACES[place](manifest, number))))
    sentence = f"got {place}: expected a finite number within the range of float32, got {number}"
    assert sentence[:150] in str(caught.value)


def test_a_card_says_what_the_checkpoint_is_whatever_its_provenance_claims(surrogate):
    facts = surrogate.card
    claims = {key: "a lie" for key in facts}
    lying = Surrogate(surrogate.model, surrogate.config, surrogate.normaliser, claims | {"name": "told"})
    assert {key: lying.card[key] for key in facts if key not in surrogate.provenance} == {
        key: value for key, value in facts.items() if key not in surrogate.provenance
    }
    assert lying.card["name"] == "told"


@pytest.mark.parametrize("method", [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_nothing_is_ever_inflated(spoil, method):
    with pytest.raises(CheckpointError, match="expected bytes as they are, got compressed ones"):
        load(spoil(lambda entries: None, method))


def test_a_failed_save_leaves_the_old_file(file, surrogate, tmp_path):
    path = tmp_path / "model.enf"
    path.write_bytes(file.read_bytes())
    odd = Surrogate(surrogate.model, surrogate.config, surrogate.normaliser, {"metrics": float("nan")})
    with pytest.raises(ValueError, match="not JSON compliant"):
        save(path, odd)
    assert path.read_bytes() == file.read_bytes()
    assert list(tmp_path.iterdir()) == [path]
