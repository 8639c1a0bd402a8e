"""What can be learnt from: sizes, units and fields, refused by case when a data set is packed."""

import dataclasses

import hypothesis.strategies as st
import numpy as np
import pytest
from hypothesis import given, settings

from enf2enf import io as mesh_io
from enf2enf.data import Dataset, PackedData, pack, write_manifest
from enf2enf.data.cache import NAME
from enf2enf.data.split import split_hash
from enf2enf.data.trainable import check_extents
from enf2enf.errors import DatasetError, Enf2EnfError
from enf2enf.geometry import Geometry
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.schema import Quantity, Schema

sizes = st.lists(st.floats(1, 8), min_size=2, max_size=9)


@given(sizes=sizes, scale=st.sampled_from([1e-3, 1e-2, 39.37, 1e3]), data=st.data())
def test_one_size_in_another_unit_is_named_and_no_other(sizes, scale, data):
    unit = data.draw(st.sampled_from([1e-3, 1.0, 1e3]))
    names, extents = [f"c{k}" for k in range(len(sizes))], np.array(sizes) * unit
    check_extents(names, extents)
    odd = data.draw(st.integers(int(len(sizes) == 2), len(sizes) - 1))
    extents[odd] = np.median(extents) * scale * 8.1 ** np.sign(np.log(scale))
    with pytest.raises(DatasetError, match=f"^case 'c{odd}': expected an extent like the others") as caught:
        check_extents(names, extents)
    assert caught.value.got.endswith("m; is its length unit right?")


@given(st.lists(st.floats(1, 8), min_size=1, max_size=30))
def test_sizes_that_span_decades_without_a_gap_are_no_fault(steps):
    check_extents([str(k) for k in range(len(steps))], np.cumprod(np.minimum(steps, 7.9)) * 1e-3)


@pytest.mark.parametrize("scale", [1e-3, 1e3])
@pytest.mark.parametrize("part", ["train", "validation", "test"])
def test_a_case_in_the_wrong_unit_is_refused_when_packed(folder, part, scale):
    name = Dataset.open(folder).split[part][0]
    path = folder / "meshes" / f"{name}.vtu"
    mesh = mesh_io.read(path)
    mesh_io.write(path, type(mesh)(mesh.points * scale, mesh.cells, mesh.patches, mesh.point_data))
    with pytest.raises(
        DatasetError, match=rf"case '{name}': expected an extent like the others \(1 m\), got {scale:g}"
    ):
        pack(folder, iter)
    assert not (folder / NAME).exists()


@pytest.mark.parametrize("scale", [1e-3, 1e3])
def test_a_fine_sampling_in_the_wrong_unit_is_refused_when_packed(folder, edit, scale):
    with np.load(folder / "fine.npz") as file:
        arrays = dict(file)
    np.savez(folder / "fine.npz", **arrays | {"points": arrays["points"] * scale})

    def validated(manifest):
        split = manifest["split"]
        split["validation"], split["test"] = split["validation"] + split["test"], []
        manifest["split_sha256"] = split_hash(split)

    with pytest.raises(DatasetError, match="case 'case_5', fine samples: expected points"):
        pack(edit(validated), iter)


@pytest.mark.parametrize("value", [0.0, 1e-60])
def test_a_field_of_zeros_is_refused_when_packed(folder, value):
    path = folder / "meshes" / "case_1.vtu"
    mesh = mesh_io.read(path)
    mesh_io.write(path, mesh.with_point_data({"stress": np.full(len(mesh.points), value)}))
    with pytest.raises(Enf2EnfError, match="case 'case_1', stress: expected a field that is not zero everywhere"):
        pack(folder, iter)


def logarithmic(folder, manifest, entry):
    """Every stress as it was but for its sign; of the case in question, one number is below 0."""
    manifest["schema"]["fields"][0]["transform"] = "log1p"
    for path in (folder / "meshes").iterdir():
        mesh = mesh_io.read(path)
        stress = np.abs(mesh.point_data["stress"])
        stress[3] *= -1 if path.name == f"{entry}.vtu" else 1
        mesh_io.write(path, mesh.with_point_data({**mesh.point_data, "stress": stress}))


def loaded(traction, power):
    def load(folder, manifest, entry):
        manifest["schema"]["fields"][0]["scales_with"] = {"traction": power} if power else {}
        manifest["cases"][entry]["conditions"]["traction"] = [traction, 0.0]

    return load


def undisturbed(folder, manifest, entry):
    """Every stress is what it is with and an ambient one; of the case in question, the ambient one."""
    manifest["schema"]["conditions"].append({"name": "ambient", "unit": "Pa"})
    manifest["schema"]["fields"][0]["relative_to"] = "ambient"
    for case in manifest["cases"].values():
        case["conditions"]["ambient"] = 0.3  # which is another number in single precision, in which fields are packed
    path = folder / "meshes" / f"{entry}.vtu"
    mesh = mesh_io.read(path)
    mesh_io.write(path, mesh.with_point_data(mesh.point_data | {"stress": np.full(len(mesh.points), 0.3)}))


PLACES = ("train", "validation", "calibration", "test")
UNTRAINABLE = {
    "negative": (
        logarithmic,
        "case '{}', transform of stress: expected log1p of a field that is nowhere below 0, got -",
    ),
    "too large": (loaded(1e200, 0), "case '{}', traction: expected a condition within the range of float32, got"),
    "overflow": (loaded(1e200, 2), "traction of case '{}': expected a magnitude above 0, to the power 2 of which"),
    "no load": (loaded(0.0, 2), "traction of case '{}': expected a magnitude above 0, to the power 2 of which"),
    "undisturbed": (
        undisturbed,
        "case '{}', stress: expected a field that is not ambient everywhere, got no other",
    ),
    "tiny": (loaded(1e-30, 2), "case '{}', stress: expected a dimensionless field within the range of float32, got"),
}


@pytest.mark.parametrize("part", PLACES)
@pytest.mark.parametrize("sin", UNTRAINABLE)
def test_numbers_that_nothing_can_be_learnt_from_are_refused_in_every_split(folder, edit, sin, part):
    spoil, sentence = UNTRAINABLE[sin]

    def spoilt(manifest):
        split, entry = manifest["split"], manifest["split"]["train"][1]
        split.setdefault("calibration", [])
        split["train"].remove(entry)
        split[part].append(entry)
        manifest["version"], manifest["split_sha256"] = 2, split_hash(split)
        spoil(folder, manifest, entry)
        names.append(entry)

    names = []
    edit(spoilt)
    with pytest.raises(DatasetError) as caught:
        pack(folder, iter)
    assert str(caught.value).startswith(sentence.format(*names))
    assert not (folder / NAME).exists()


def test_a_fine_sampling_below_zero_has_no_logarithm_either(folder, edit):
    def validated(manifest):
        logarithmic(folder, manifest, "none")
        split = manifest["split"]
        split["validation"], split["test"] = split["validation"] + split["test"], []
        manifest["split_sha256"] = split_hash(split)

    with pytest.raises(DatasetError, match="case 'case_5', transform of stress: expected log1p of a field that is"):
        pack(edit(validated), iter)


@settings(max_examples=5)
@given(seed=st.integers(0, 99))
def test_bare_curves_are_packed_where_the_outer_boundary_is_far(tmp_path_factory, seed):
    """With samples around them: they are the walls of a mesh that ends somewhere. In a bounded domain they are none."""
    folder, random = tmp_path_factory.mktemp("bare"), np.random.default_rng(seed)
    angle, cases = 2 * np.pi * np.arange(24) / 24, {}
    lines = np.stack([np.arange(24), np.roll(np.arange(24), -1)], axis=1)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    for name in ("a", "b"):
        radius = random.uniform(0.3, 0.5)
        mesh_io.write(folder / f"{name}.vtu", Mesh(radius * circle, (CellBlock("line", lines),)))
        points = random.uniform(1.01, 4, (50, 1)) * radius * circle[random.integers(0, 24, 50)]
        np.savez(folder / f"{name}.npz", points=points, p=random.normal(size=50))
        cases[name] = {"mesh": f"{name}.vtu", "samples": f"{name}.npz"}
    split = {"train": ["a"], "validation": ["b"], "test": []}
    schema = Schema(2, (), (Quantity("p"),), outer_is_far=True)
    write_manifest(folder, schema, cases, split, name="bare")
    packed = PackedData.load(folder, iter)
    for index, name in enumerate(packed.names):
        geometry, bare = packed.geometry(index), Geometry.from_mesh(mesh_io.read(folder / f"{name}.vtu"), (), True)
        assert geometry.outer is None and len(geometry.walls) == 1
        np.testing.assert_array_equal(geometry.walls[0], bare.walls[0])
        np.testing.assert_array_equal(packed.points(index), np.load(folder / f"{name}.npz")["points"])
    write_manifest(folder, dataclasses.replace(schema, outer_is_far=False), cases, split, name="bare")
    with pytest.raises(DatasetError, match="case 'a': expected an outer boundary around the walls, got walls only"):
        pack(folder, iter)
