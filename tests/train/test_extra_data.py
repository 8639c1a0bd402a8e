"""A second data set to learn from."""

import dataclasses
import json
import shutil

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given

from enf2enf.data import PackedData
from enf2enf.data.completion import completion
from enf2enf.data.split import split_hash
from enf2enf.errors import ConditionError, ConfigError, DatasetError, SchemaError
from enf2enf.schema import Quantity, Schema
from enf2enf.train.arrays import SplitArrays, fit_normaliser
from enf2enf.train.begin import untrained
from enf2enf.train.check import check_apart
from enf2enf.train.config import ExtraDataConfig
from enf2enf.train.loop import Trainer, mixed, train


@pytest.fixture(scope="module")
def unheated(packed):
    """The cases without their heat, as a solver writes them that was always run at one."""
    schema = packed.schema.to_dict()
    schema["conditions"] = schema["conditions"][:1]
    arrays = {**packed._arrays, "conditions": packed._arrays["conditions"][:, :2]}
    return PackedData({**packed.manifest, "schema": schema}, arrays)


def test_what_cases_lack_is_filled_in_and_nothing_else_changes(packed, unheated):
    filled = unheated.under(packed.schema, {"heat": 1.5})
    assert filled.schema == packed.schema and filled.names == packed.names
    for index in range(packed.case_count):
        np.testing.assert_array_equal(filled.conditions(index), [*packed.conditions(index)[:2], 1.5])
        np.testing.assert_array_equal(filled.values(index), packed.values(index))
    whole = packed.under(packed.schema, {})
    np.testing.assert_array_equal(whole.conditions(3), packed.conditions(3))


@pytest.mark.parametrize(
    ("conditions", "culprit"),
    [
        ({}, "heat"),
        ({"heat": [1, 2]}, "heat"),
        ({"heat": 1, "wind": 2}, "wind"),
        ({"heat": 1, "traction": 2}, "traction"),
    ],
)
def test_conditions_that_do_not_complete_the_schema_are_named(packed, unheated, conditions, culprit):
    with pytest.raises(ConditionError, match=f"condition '{culprit}'"):
        unheated.under(packed.schema, conditions)


TRACTION = Quantity("traction", "vector", "Pa")
OTHERS = [
    ([Quantity("traction", unit="Pa")], "condition 'traction' of 'b': expected a vector in Pa, got a scalar in Pa"),
    ([Quantity("traction", "vector")], "condition 'traction' of 'b': expected a vector in Pa, got a vector in 1"),
    ([TRACTION, Quantity("force")], "conditions of 'b': expected some of .'traction'., got 'force'"),
]


@pytest.mark.parametrize(("conditions", "sentence"), OTHERS)
def test_other_conditions_are_refused(unheated, conditions, sentence):
    own = dataclasses.replace(unheated.schema, conditions=tuple(conditions))
    with pytest.raises(SchemaError, match=sentence):
        completion("b", own, unheated.schema, {})


def test_other_fields_are_refused(packed):
    with pytest.raises(SchemaError, match="fields of 'holes'"):
        packed.under(Schema(2, packed.schema.conditions, (Quantity("pressure"),)), {})


SIZES = (0.5, 3.0)


@pytest.mark.parametrize("size", SIZES)
def test_what_either_data_set_was_trained_on_is_within_the_ranges(packed, untested, finished, size):
    """Sizes, conditions and magnitudes; fields are normalised by the first data set alone."""
    few = PackedData.load(untested)
    arrays = {name: few._arrays[name] * size for name in ("conditions", "vertices", "points")}
    more, alone = PackedData(few.manifest, few._arrays | arrays), untrained(finished[0], [packed]).normaliser
    both = untrained(finished[0], [packed, more]).normaliser
    for data in (packed, more):
        for index in data.ids("train"):
            assert both.extents[0] <= data.geometry(index).extent <= both.extents[1]
            assert both.extrapolating(data.conditions(index)) == ()
    outside = [alone.extrapolating(more.conditions(index)) for index in more.ids("train")]
    assert any(outside) and (both.length, both.field_mean.tolist()) == (alone.length, alone.field_mean.tolist())


@pytest.mark.slow
def test_an_image_of_a_training_case_is_within_the_ranges(packed, mirrored_holes, trained):
    """Of a run that learns from images, also where its conditions are beyond those of all cases themselves."""
    images, beyond = PackedData.load(mirrored_holes), 0
    for index in images.ids("train"):
        row = images.conditions(index)
        shape = trained.encode_geometry(images.geometry(index))
        assert trained.extrapolating(shape, row) == ()
        beyond += trained.normaliser.extrapolating(row) != ()
    assert beyond > 0


@pytest.mark.parametrize("part", ["validation", "test"])
def test_cases_that_the_data_set_holds_back_are_not_learnt_from(holes, packed, tmp_path, part):
    """Wherever they lie; cases that it learns from may come twice."""
    folder = shutil.copytree(holes, tmp_path / "others")
    manifest = json.loads((folder / "dataset.json").read_text())
    split = manifest["split"]
    split["train"], split[part] = split[part], split["train"]
    (folder / "dataset.json").write_text(json.dumps(manifest | {"split_sha256": split_hash(split)}))
    label = f"extra_data, case '{split['train'][0]}'"
    with pytest.raises(DatasetError, match=f"^{label}: expected one that the data set does not hold back, got"):
        check_apart(packed, PackedData.load(folder))
    check_apart(packed, packed)


@pytest.mark.slow
def test_joined_cases_stand_one_after_the_other(packed, untested, encoder):
    """Of different lengths too: what is added to the shorter ones does not count."""
    normaliser, few = fit_normaliser(packed), PackedData.load(untested)
    cases = [(data, data.ids("train")) for data in (few, packed)]
    one, two, joined = (SplitArrays.build(some, normaliser, encoder, 16) for some in (cases[:1], cases[1:], cases))
    np.testing.assert_array_equal(joined.counts, np.concatenate([one.counts, two.counts]))
    np.testing.assert_array_equal(joined.everything.valid.sum(axis=1), joined.counts)
    for arrays, start in ((one, 0), (two, len(one.counts))):
        for case, count in enumerate(arrays.counts):
            got, expected = (a.everything.target[i, :count] for a, i in ((joined, start + case), (arrays, case)))
            np.testing.assert_array_equal(got, expected)


@given(first=st.integers(1, 300), second=st.integers(1, 300), share=st.floats(0.05, 0.95))
def test_the_mix_holds_every_case_and_about_the_share(first, second, share):
    order = mixed(first, second, share)
    assert set(order) == set(range(first + second))
    times = (len(order) - second) // first
    assert times == max(1, round(second * (1 - share) / (share * first)))
    np.testing.assert_array_equal(np.bincount(order), [times] * first + [1] * second)


@pytest.mark.slow
def test_a_run_learns_from_both_and_refuses_to_go_on_without(finished, mirrored_holes, tmp_path):
    config = finished[0]
    settings = dataclasses.replace(config.train, steps=20, validate_every=20)
    both = dataclasses.replace(
        config, out=tmp_path / "both", train=settings, extra_data=ExtraDataConfig(str(mirrored_holes), share=0.5)
    )
    trainer = Trainer(both, PackedData.load(both.dataset), quiet=True)
    trainer.folder.close()
    assert len(trainer.data.counts) == 32  # with their images
    points = trainer.data.everything.queries.points
    assert not np.array_equal(points[:8], points[8:])
    assert train(both, quiet=True).finished
    with pytest.raises(ConfigError, match="another run's state"):
        train(dataclasses.replace(both, extra_data=None), quiet=True)
    elsewhere = shutil.copytree(mirrored_holes, tmp_path / "moved")
    moved = dataclasses.replace(both, extra_data=ExtraDataConfig(str(elsewhere), share=0.5))
    assert train(moved, quiet=True).finished
    with pytest.raises(
        ConfigError, match="expected the data that the run in it learns from, got others, or changed ones"
    ):
        train(dataclasses.replace(both, extra_data=ExtraDataConfig(str(finished[0].dataset), share=0.5)), quiet=True)
