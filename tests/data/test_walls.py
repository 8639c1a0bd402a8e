"""Fields on walls: known at points there, packed behind those of the domain, refused everywhere else."""

import re

import numpy as np
import pytest

from enf2enf.data import Dataset, PackedData, pack
from enf2enf.data.cache import NAME
from enf2enf.data.subsample import subsample
from enf2enf.errors import DatasetError, SchemaError


def stored(folder, name="case_1"):
    with np.load(folder / "wall" / f"{name}.npz") as file:
        return dict(file)


def test_a_case_has_its_wall_samples_beside_its_own(walled):
    dataset = Dataset.open(walled)
    assert [[q.name for q in dataset.schema.fields_on(on)] for on in ("domain", "wall")] == [
        ["stress", "displacement"], ["friction", "pressure"],
    ]  # fmt: skip
    for name in dataset.manifest["cases"]:
        case, arrays = dataset.case(name), stored(walled, name)
        assert set(case.solution.values) == {"stress", "displacement"}
        assert set(case.wall.values) == {"friction", "pressure"}
        np.testing.assert_array_equal(case.wall.points, arrays["points"])
        for field in case.wall.values:
            np.testing.assert_array_equal(case.wall[field], arrays[field])


def test_packed_points_are_those_of_the_domain_then_those_on_walls(walled):
    dataset, packed = Dataset.open(walled), PackedData.load(walled, iter)
    for index, name in enumerate(packed.names):
        case, points, values = dataset.case(name), packed.points(index), packed.values(index)
        np.testing.assert_array_equal(points, np.concatenate([case.solution.points, case.wall.points]))
        columns, on_wall = (
            packed.schema.field_columns.split(values),
            np.arange(len(points)) >= len(case.solution.points),
        )
        for quantity in packed.schema.fields:
            known = on_wall if quantity.on == "wall" else ~on_wall
            sampling = case.wall if quantity.on == "wall" else case.solution
            np.testing.assert_array_equal(columns[quantity.name][known], sampling[quantity.name].astype(np.float32))
            assert np.isnan(columns[quantity.name][~known]).all()


def test_without_fields_on_walls_the_cache_has_no_gaps(folder):
    with np.load(pack(folder, iter)) as file:
        assert int(file["version"]) == 3 and np.isfinite(file["values"]).all()


def test_fine_samplings_have_the_fields_of_the_domain_alone(walled, edit):
    def validated(manifest):
        entry = manifest["cases"]["case_5"]
        manifest["cases"][manifest["split"]["validation"][0]]["fine"] = entry.pop("fine")

    packed = PackedData.load(edit(validated), iter)
    _, values = packed.fine(int(packed.ids("validation")[0]))
    columns = packed.schema.field_columns.split(values)
    for quantity in packed.schema.fields:
        assert np.isnan(columns[quantity.name]).all() == (quantity.on == "wall")


def test_a_change_of_wall_samples_makes_the_cache_anew(walled):
    before, arrays = PackedData.load(walled, iter), stored(walled)
    np.savez(walled / "wall" / "case_1.npz", **arrays | {"pressure": arrays["pressure"] + 1})
    after = PackedData.load(walled, iter)
    assert after.digest != before.digest
    index = after.names.index("case_1")
    np.testing.assert_allclose(after.values(index)[-29:, -1], arrays["pressure"] + 1, rtol=1e-6)  # measured 6e-8


@pytest.mark.parametrize("keep_walls", [False, True])
def test_a_share_of_the_wall_samples_is_kept_as_of_all_others_or_all_are(walled, tmp_path, keep_walls):
    counts = subsample(walled, tmp_path / "some", 0.3, 3, iter, keep_walls)
    before, after = Dataset.open(walled), Dataset.open(tmp_path / "some")
    for name, count in counts.items():
        one, other = before.case(name), after.case(name)
        assert len(other.wall.points) == (29 if keep_walls else round(0.3 * 29))
        assert count == len(other.wall.points) + round(0.3 * len(one.solution.points))
        rows = [
            {(*p, *f, q) for p, f, q in zip(w.points, w["friction"], w["pressure"], strict=True)}
            for w in (one.wall, other.wall)
        ]
        assert (rows[1] == rows[0]) if keep_walls else (rows[1] < rows[0])
        assert len(rows[1]) == len(other.wall.points)
    assert PackedData.load(tmp_path / "some", iter).schema == before.schema
    said = after.manifest["source"], after.manifest["description"]
    assert said[0].endswith(" --keep-walls") == ("and at all on walls" in said[1]) == keep_walls


def in_case(**changes):
    return lambda manifest: manifest["cases"]["case_1"].update(changes)


def all_on_walls(manifest):
    for field in manifest["schema"]["fields"]:
        field["on"] = "wall"


MANIFESTS = {
    "none": (lambda m: m["cases"]["case_1"].pop("wall"), "case 'case_1': expected the key 'wall', got none"),
    "no name": (in_case(wall=""), "wall of case 'case_1': expected a file name, got ''"),
    "above": (in_case(wall="../x.npz"), "wall of case 'case_1': expected a path inside"),
    "walls alone": (all_on_walls, "fields: expected at least one in the domain, got fields on walls alone"),
}


@pytest.mark.parametrize("sin", MANIFESTS)
def test_every_bad_manifest_is_refused(walled, edit, sin):
    spoil, sentence = MANIFESTS[sin]
    with pytest.raises((DatasetError, SchemaError), match=re.escape(sentence)):
        Dataset.open(edit(spoil))


def test_wall_samples_without_a_field_on_walls_are_refused(folder, edit):
    with pytest.raises(DatasetError, match="case 'case_1': expected keys among .*, got 'wall'"):
        Dataset.open(edit(in_case(wall="wall.npz")))


def test_a_link_out_of_the_folder_is_not_followed(walled, tmp_path):
    path = walled / "wall" / "case_1.npz"
    path.rename(tmp_path / "other.npz")
    path.symlink_to(tmp_path / "other.npz")
    with pytest.raises(DatasetError, match="wall of case 'case_1': expected .*, got a link that leaves it"):
        Dataset.open(walled).case("case_1")


def moved(by):
    return lambda arrays: arrays | {"points": by(arrays["points"])}


ARRAYS = {
    "no field": (lambda a: {"points": a["points"], "friction": a["friction"]}, "values of 'pressure' at the points"),
    "no points": (lambda a: a | {"points": np.zeros((0, 2))}, "finite `points` (n > 0, 2), got shape (0, 2)"),
    "NaN": (lambda a: a | {"pressure": np.full(29, np.nan)}, "pressure: expected finite numbers, got nan at point 0"),
    "objects": (lambda a: a | {"points": np.array([object()])}, "expected an npz file of plain arrays"),
    "zeros": (lambda a: a | {"friction": np.zeros((29, 2))}, "friction: expected a field that is not zero everywhere"),
    "large": (
        lambda a: a | {"friction": np.full((29, 2), 1e40)},
        "fields within the range of float32, got 1e+40",
    ),
    "off": (moved(lambda p: 0.5 + 1.1 * (p - 0.5)), "wall samples: expected points on the walls, got ("),
    "inside": (moved(lambda p: 0.5 + 0.9 * (p - 0.5)), "wall samples: expected points on the walls, got ("),
    "one off": (moved(lambda p: np.concatenate([p[:-1], [[0.9, 0.9]]])), "got (0.9, 0.9), 0."),
    "the outer boundary": (moved(lambda p: np.concatenate([p[:-1], [[1, 0.5]]])), "got (1, 0.5), 0."),
    "millimetres": (moved(lambda p: p * 1e3), "m from them; is their unit metres?"),
}


@pytest.mark.parametrize("sin", ARRAYS)
def test_every_bad_wall_sampling_is_refused_by_case_when_packed(walled, sin):
    change, sentence = ARRAYS[sin]
    np.savez(walled / "wall" / "case_1.npz", **change(stored(walled)))
    with pytest.raises(DatasetError, match=re.escape(sentence)) as caught:
        pack(walled, iter)
    assert "case 'case_1'" in str(caught.value)
    assert not (walled / NAME).exists()
