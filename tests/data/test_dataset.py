import re
from pathlib import Path

import numpy as np
import pytest

from enf2enf import io as mesh_io
from enf2enf.data import Dataset
from enf2enf.errors import DatasetError


def test_a_case_is_its_mesh_under_its_conditions(folder):
    dataset = Dataset.open(folder)
    for name in dataset.split["train"]:
        case, mesh = dataset.case(name), mesh_io.read(folder / "meshes" / f"{name}.vtu")
        assert case.name == name
        assert set(case.conditions) == {"traction", "angle"}
        np.testing.assert_array_equal(case.field.points, mesh.points)
        for field in ("stress", "displacement"):
            np.testing.assert_array_equal(case.field[field], mesh.point_data[field])
        assert case.field["displacement"].shape == (len(mesh.points), 2)
        assert len(case.geometry.walls) == 1
        np.testing.assert_allclose(case.geometry.bounds, [[0, 0], [1, 1]], atol=1e-12)


def test_lengths_arrive_in_metres(folder, edit):
    metres = Dataset.open(folder).case("case_0")
    edit(lambda manifest: manifest.update(length_unit="mm"))
    millimetres = Dataset.open(folder).case("case_0")
    np.testing.assert_allclose(millimetres.field.points, metres.field.points * 1e-3, rtol=1e-15)
    assert millimetres.geometry.extent == pytest.approx(1e-3)


def test_the_fine_sampling_comes_whole_or_not_at_all(folder):
    dataset = Dataset.open(folder)
    assert dataset.fine("case_0") is None
    fine = dataset.fine("case_5")
    np.testing.assert_array_equal(fine.points, dataset.case("case_5").field.points)
    (folder / "fine.npz").write_bytes((folder / "fine.npz").read_bytes()[:300])
    with pytest.raises(DatasetError, match=r"case 'case_5', fine.npz: expected an npz file of plain arrays"):
        dataset.fine("case_5")


def rewrite(change):
    """Spoils the mesh file of case_1 by a function of its mesh."""

    def spoil(folder: Path):
        path = folder / "meshes" / "case_1.vtu"
        mesh_io.write(path, change(mesh_io.read(path)))

    return spoil


def nodal(**values):
    return rewrite(lambda mesh: mesh.with_point_data({k: f(mesh.point_data[k].copy()) for k, f in values.items()}))


def not_a_number(values):
    values[3] = np.nan
    return values


def without(mesh, name):
    kept = {key: values for key, values in mesh.point_data.items() if key != name}
    return type(mesh)(mesh.points, mesh.cells, mesh.patches, kept)


SPOILT = {
    "no mesh": (lambda f: (f / "meshes" / "case_1.vtu").unlink(), "expected a mesh file, got No such file"),
    "damaged": (lambda f: (f / "meshes" / "case_1.vtu").write_bytes(b"<VTKFile"), "case 'case_1', case_1.vtu"),
    "no field": (rewrite(lambda m: without(m, "stress")), "values of 'stress' at the points, got only ['disp"),
    "NaN": (nodal(stress=not_a_number), "case 'case_1', stress: expected finite numbers, got nan at point 3"),
    "vector for scalar": (nodal(stress=lambda v: np.stack([v, v], 1)), "stress: expected a scalar at every point"),
    "scalar for vector": (nodal(displacement=lambda v: v[:, 0]), "displacement: expected a vector at every point"),
}


@pytest.mark.parametrize("sin", SPOILT)
def test_every_bad_case_is_refused_by_name(folder, sin):
    spoil, sentence = SPOILT[sin]
    spoil(folder)
    dataset = Dataset.open(folder)
    assert dataset.case("case_0").field is not None
    with pytest.raises(DatasetError, match=re.escape(sentence)) as caught:
        dataset.case("case_1")
    assert "case 'case_1'" in str(caught.value)


def test_unnamed_walls_and_strange_ids_are_refused(folder, edit):
    with pytest.raises(DatasetError, match="case: expected an id of the data set, got 'case_99'"):
        Dataset.open(folder).case("case_99")
    edit(lambda manifest: manifest.update(walls=["hole"]))
    with pytest.raises(DatasetError, match="hole"):
        Dataset.open(folder).case("case_0")


def sampled(folder, edit, **arrays) -> Dataset:
    """The data set with these arrays as the samples of case_1."""
    np.savez(folder / "samples.npz", **arrays)
    return Dataset.open(edit(lambda manifest: manifest["cases"]["case_1"].update(samples="samples.npz")))


def test_samples_take_the_place_of_the_nodes(folder, edit):
    random = np.random.default_rng(0)
    arrays = {"points": random.random((3, 2)), "stress": random.random(3), "displacement": random.random((3, 2))}
    before = Dataset.open(folder).case("case_1")
    dataset = sampled(folder, edit, **arrays)
    rewrite(lambda mesh: type(mesh)(mesh.points, mesh.cells))(folder)
    case = dataset.case("case_1")
    np.testing.assert_array_equal(case.field.points, arrays["points"])
    for name in ("stress", "displacement"):
        np.testing.assert_array_equal(case.field[name], arrays[name])
    np.testing.assert_array_equal(case.geometry.walls[0], before.geometry.walls[0])
    assert dataset.samples_path("case_1") == folder / "samples.npz" and dataset.samples_path("case_0") is None
    (folder / "samples.npz").unlink()
    with pytest.raises(DatasetError, match="case 'case_1', samples.npz: expected an npz file .*No such file"):
        dataset.case("case_1")


ARRAYS = {
    "no points": ({}, "expected finite `points` (n > 0, 2), got shape (0,)"),
    "none": ({"points": np.zeros((0, 2)), "stress": np.zeros(0)}, "finite `points` (n > 0, 2), got shape (0, 2)"),
    "no field": ({"points": np.zeros((3, 2))}, "values of 'stress' at the points, got only []"),
    "short": ({"points": np.zeros((3, 2)), "stress": np.zeros(2)}, "stress: expected a scalar at every point, shape"),
    "text": ({"points": np.zeros((1, 2)), "stress": np.array(["a"])}, "stress: expected numbers, got <U1"),
}


@pytest.mark.parametrize("sin", ARRAYS)
def test_every_bad_sampling_is_refused(folder, edit, sin):
    arrays, sentence = ARRAYS[sin]
    with pytest.raises(DatasetError, match=re.escape(sentence)) as caught:
        sampled(folder, edit, **arrays).case("case_1")
    assert "case 'case_1', samples.npz" in str(caught.value)
    np.savez(folder / "fine.npz", **arrays)
    with pytest.raises(DatasetError, match=re.escape(sentence)):
        Dataset.open(folder).fine("case_5")


def test_objects_in_a_fine_sampling_are_never_unpickled(folder):
    np.savez(folder / "fine.npz", points=np.array([object()]))
    with pytest.raises(DatasetError, match="allow_pickle=False"):
        Dataset.open(folder).fine("case_5")
