"""A checkpoint whose parts do not belong together is refused by the name of what does not."""

import functools
import json
import zipfile

import pytest

from enf2enf.checkpoint import load, save
from enf2enf.errors import CheckpointError


@pytest.fixture(scope="module")
def parts(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("saved") / "model.enf"
    save(path, surrogate)
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rewritten(parts, path, change):
    """The checkpoint with the plain data of its manifest changed."""
    manifest = json.loads(parts["manifest.json"])
    change(manifest)
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in (parts | {"manifest.json": json.dumps(manifest).encode()}).items():
            archive.writestr(name, data)
    return path


def in_part(part, **changes):
    return lambda m: functools.reduce(dict.__getitem__, part.split("."), m).update(changes)


FRAMES, SHAPE = "config.frames", "normaliser"
CONTRADICTIONS = {
    "no frames": (lambda m: m["config"].pop("frames"), "config: expected the key 'frames', got none"),
    "empty frames": (in_part("config", frames={}), "config.frames: expected the key 'anchor', got none"),
    "no reflections": (lambda m: m["config"]["frames"].pop("reflections"), "expected the key 'reflections', got none"),
    "frames of text": (in_part("config", frames="walls"), "config.frames: expected a table, got 'walls'"),
    "no inflow": (in_part(FRAMES, anchor="inflow", box=[[-1, -1], [1, 1]]), "frames.inflow: expected a vector cond"),
    "box in space": (in_part(FRAMES, anchor="walls", box=[[-1] * 3, [1] * 3]), "expected corners of 2 coordinates"),
    "thin box": (in_part(FRAMES, anchor="walls", box=[[-1, 0], [1, 1e-7]]), "box: expected sides of 1e-06 reference"),
    "lengths of data": (in_part("config", lengths="data"), "config.lengths: expected stated, as they are once a model"),
    "another length": (in_part("normaliser.schema", length=2.0), "length and extents of the normaliser: expected the"),
    "extents": (in_part(SHAPE, extents=[2.0, 1.0]), "length and extents of the normaliser: expected the schema's"),
    "conditions": (in_part(SHAPE, condition_low=[1e3, 0]), "condition_low of the normaliser: expected at most condi"),
    "magnitudes": (in_part(SHAPE, magnitude_low=[1e9]), "magnitude_low of the normaliser: expected at most magnitu"),
    "negative": (in_part(SHAPE, magnitude_low=[-1.0]), "magnitude_low of the normaliser: expected"),
    "truth values": (in_part(SHAPE, field_mean=[True]), "field_mean of the normaliser: expected numbers, got [True]"),
    "truth value": (in_part(SHAPE, length=True), "length of the normaliser: expected numbers, got True"),
    "text": (in_part(SHAPE, field_mean="1"), "field_mean of the normaliser: expected numbers, got '1'"),
    "unknown": (in_part(SHAPE, field_bogus=[1]), "normaliser: expected keys among ["),
    "no shapes": (lambda m: m.pop("shapes"), "an incomplete one ('shapes')"),
}


@pytest.mark.parametrize("sin", CONTRADICTIONS)
def test_parts_that_contradict_each_other_are_refused_by_name(parts, tmp_path, sin):
    change, sentence = CONTRADICTIONS[sin]
    with pytest.raises(
        CheckpointError, match=r"spoilt\.enf: expected a manifest that describes a model, got"
    ) as caught:
        load(rewritten(parts, tmp_path / "spoilt.enf", change))
    assert sentence in str(caught.value)


def test_what_was_not_changed_is_loaded(parts, tmp_path):
    load(rewritten(parts, tmp_path / "spoilt.enf", lambda manifest: None))
