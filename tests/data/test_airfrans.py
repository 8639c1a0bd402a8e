"""The public AirfRANS: what lies in files of its layout is what comes out, by its authors' own conventions.

The quotations are of github.com/Extrality/airfrans_lib (docs/source/notes and src/airfrans, 0.1.5.1) and of
github.com/Extrality/AirfRANS.
"""

import json
import shutil

import airfrans_files
import meshio
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.cli import main
from enf2enf.data import Dataset
from enf2enf.data.airfrans.convert import convert
from enf2enf.data.airfrans.layout import TASKS, PublicFolder, inflow_of
from enf2enf.data.airfrans.record import Record, wall_shear
from enf2enf.data.cache import PackedData
from enf2enf.errors import DatasetError
from enf2enf.forces import integrals
from enf2enf.geometry.plane.sides import WallSides
from enf2enf.io import read
from enf2enf.mesh import CellBlock, Mesh

NUMBER = st.floats(-100, 100).map(lambda number: round(number, 3))


@pytest.fixture(scope="module")
def dataset(public):
    out = public[0].parent / "scarce"
    assert main(["dataset", "airfrans", str(public[0]), "--task", "scarce", "--out", str(out)]) == 0
    return Dataset.open(out)


def raw(folder, name):
    """The internal mesh as it is in the file: coordinates, and values by node."""
    return meshio.read(folder / name / f"{name}_internal.vtu")


def test_the_fields_at_the_nodes_come_back_in_their_units(public, dataset):
    """Names and centring: `internal.point_data['U'][:, :2]`, `['p']`, `['nut']` (Simulation.reset); the wall is
    `point_data['U'][:, 0] == 0`. Units: "the velocity (two components in meter per second), the pressure divided by
    the specific mass (one component in meter squared per second squared), the turbulent kinematic viscosity (one
    component in meter squared per second)" (dataset.load)."""
    folder, names = public
    for name in names[:3]:
        case, file = dataset.case(name), raw(folder, name)
        is_wall = file.point_data["U"][:, 0] == 0
        np.testing.assert_array_equal(case.solution.points, file.points[~is_wall, :2])
        np.testing.assert_array_equal(case.solution["velocity"], file.point_data["U"][~is_wall, :2])
        np.testing.assert_array_equal(case.solution["pressure"], file.point_data["p"][~is_wall])
        np.testing.assert_array_equal(case.solution["nut"], file.point_data["nut"][~is_wall])
        there = {tuple(point): value for point, value in zip(file.points[:, :2], file.point_data["p"], strict=True)}
        assert [there[tuple(point)] for point in case.wall.points] == case.wall["wall_pressure"].tolist()
        assert len(case.wall.points) == is_wall.sum()
    assert dataset.schema.length == 1.0 and dataset.schema.outer_is_far


def test_conditions_are_read_from_the_name(dataset):
    """`inlet_velocity = float(name.split('_')[2])`, `angle_of_attack = float(name.split('_')[3])*np.pi/180`, the
    inflow `[np.cos(angle_of_attack), np.sin(angle_of_attack)]*inlet_velocity` (Simulation.reset); "we fixed the
    kinematic viscosity at a numerical value of 1.56e-5" (simulation.rst)."""
    flow = airfrans_files.stored()
    for speed in airfrans_files.SPEEDS[:4]:
        found = dataset.conditions(airfrans_files.name_of(speed))
        angle = np.radians(flow["alpha_deg"])
        np.testing.assert_allclose(found["inflow"], [speed * np.cos(angle), speed * np.sin(angle)], rtol=1e-14)
        assert found["viscosity"] == 1.56e-5


@given(
    st.floats(0.001, 100).map(lambda number: round(number, 3)).filter(bool),
    NUMBER,
    st.lists(NUMBER, min_size=3, max_size=4),
)
def test_any_name_of_the_public_form_is_read(speed, degrees, digits):
    x, y = inflow_of("_".join(["airFoil2D_SST", *map(str, [speed, degrees, *digits])]))
    assert np.hypot(x, y) == pytest.approx(speed)
    assert np.degrees(np.arctan2(y, x)) == pytest.approx(degrees, abs=1e-9)


def test_distances_and_normals_have_the_signs_that_the_authors_give_them(public, dataset):
    """Distance: `sdf = -internal.point_data['implicit_distance']` (Simulation.reset), so it is negative in the flow.
    Normals: "flip_normals = False leading to inward-pointing normals" (dataset.rst), into the body."""
    folder, names = public
    case, file = dataset.case(names[0]), raw(folder, names[0])
    distance = case.geometry.signed_distance(file.points[:, :2])
    np.testing.assert_allclose(distance, -file.point_data["implicit_distance"], atol=2e-7)  # measured 3e-8
    wall = read(folder / names[0] / f"{names[0]}_aerofoil.vtp")
    place = {tuple(point): row for row, point in enumerate(wall.points)}
    order = [place[tuple(point)] for point in case.geometry.walls[0]]
    along = (case.geometry.normals[0] * -wall.point_data["Normals"][order]).sum(axis=1)
    assert along.min() > 0.9  # measured 0.96, at the trailing edge; they are means of other weights


def test_the_wall_is_one_closed_curve_whatever_the_order_of_its_file(public, dataset):
    """The ordering of points over the airfoil in the internal mesh or in the airfoil mesh is not the same
    (simulation.rst)."""
    case = dataset.case(public[1][0])
    nodes = airfrans_files.stored()["surf_nodes"][:-1]
    wall = case.geometry.walls[0]
    start = int(np.hypot(*(wall - nodes[0]).T).argmin())
    np.testing.assert_allclose(np.roll(wall, -start, axis=0)[1:], nodes[:0:-1], atol=1e-7)
    (left, low), (right, high) = case.geometry.reach
    points = raw(*public[:1], public[1][0]).points
    assert (left, right) == (points[:, 0].min(), points[:, 0].max())
    assert (low, high) == (points[:, 1].min(), points[:, 1].max())


def loads(dataset, name):
    """C_L and C_D from the fields at the wall's nodes, the mean of two on every side."""
    case = dataset.case(name)
    ends = WallSides.of(case.geometry).ends
    number = {tuple(np.round(point, 9)): row for row, point in enumerate(case.wall.points)}
    rows = np.array([[number[tuple(np.round(end, 9))] for end in side] for side in ends])
    on_sides = {key: values[rows].mean(axis=1) for key, values in case.wall.values.items()}
    found = integrals(dataset.schema, case.geometry, on_sides, case.conditions)
    return found["C_L"], found["C_D"]


def test_lift_and_drag_come_back(public, dataset):
    """Of the flow as it was solved, but for what means of faces at nodes, and of nodes on sides, smooth away."""
    flow = airfrans_files.stored()
    for name in public[1][:3]:
        lift, drag = loads(dataset, name)
        assert lift == pytest.approx(float(flow["Cl"]), rel=2e-3)  # measured 1.1e-3
        assert drag == pytest.approx(float(flow["Cd"]), rel=0.03)  # measured 0.022


def test_lift_is_that_of_the_authors_own_sum(public, dataset):
    """`wp_int = -cell_data['p']*cell_data['Normals']`, means of the nodes' values, times 'Length', summed; `force_p
    = -wp_int`; along `[-sin, cos]` of the incidence, over `.5*inlet_velocity**2` (Simulation.force_coefficient)."""
    folder, names = public
    wall, speed = read(folder / names[1] / f"{names[1]}_aerofoil.vtp"), airfrans_files.SPEEDS[1]
    line = wall.cells[0].nodes
    length = np.hypot(*(wall.points[line[:, 1]] - wall.points[line[:, 0]]).T)
    pressure, normal = (wall.point_data[key][line].mean(axis=1) for key in ("p", "Normals"))
    force = (pressure * length) @ normal
    angle = np.radians(airfrans_files.stored()["alpha_deg"])
    lift = 2 * force @ [-np.sin(angle), np.cos(angle)] / speed**2
    assert loads(dataset, names[1])[0] == pytest.approx(lift, rel=1e-3)  # measured 3e-4: their normals are shorter


@given(st.lists(st.floats(-50, 50), min_size=4, max_size=4), st.integers(5, 40), st.integers(0, 1000))
def test_the_stress_of_a_linear_velocity_is_exact(gradient, around, seed):
    """Twice the viscosity times the deviator of the strain rate, in three dimensions, on the normal out of the body."""
    mesh, wall = ring(around, 3, np.random.default_rng(seed).uniform(0.3, 2))
    gradient = np.reshape(gradient, (2, 2))
    found = wall_shear(mesh, mesh.points @ gradient.T, wall)
    strain = (gradient + gradient.T) / 2 - np.eye(2) * np.trace(gradient) / 3
    normal = mesh.points[wall] / np.hypot(*mesh.points[wall].T)[:, None]
    np.testing.assert_allclose(found, 2 * 1.56e-5 * normal @ strain, atol=1e-12 * max(1, abs(gradient).max()))


def test_the_stress_of_a_turning_flow_converges_and_points_along_it():
    """Around a cylinder at rest u = r - 1/r, whose stress is twice the viscosity, with the flow."""
    errors = []
    for around in (16, 32, 64):
        mesh, wall = ring(around, around, 1.0)
        radius = np.hypot(*mesh.points.T)
        turned = np.stack([-mesh.points[:, 1], mesh.points[:, 0]], axis=1) / radius[:, None]
        exact = 2 * 1.56e-5 * turned[wall]
        found = wall_shear(mesh, turned * (radius - 1 / radius)[:, None], wall)
        errors.append(np.abs(found - exact).max() / 2 / 1.56e-5)
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert errors[-1] < 0.05 and orders.min() > 0.9  # of first order: one-sided


def ring(around: int, across: int, radius: float) -> tuple[Mesh, np.ndarray]:
    """Quads around a circle, out to twice its radius, and the nodes on it."""
    angle = np.linspace(0, 2 * np.pi, around, endpoint=False)
    spoke = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = np.concatenate([radius * r * spoke for r in np.linspace(1, 2, across)])
    here = (np.arange(across - 1)[:, None] * around + np.arange(around)).ravel()
    ahead = here - here % around + (here + 1) % around
    quads = np.stack([here, here + around, ahead + around, ahead], axis=1)
    return Mesh(points, (CellBlock("quad", quads),)), np.arange(around)


def test_without_a_stress_in_the_file_it_is_that_of_the_velocity(tmp_path):
    """The public files have "the pressure, the velocity, the turbulent velocity, and the normals" alone (dataset.rst);
    the authors' code takes the stress from `compute_derivative(scalars = 'U')` at the wall's nodes."""
    name = airfrans_files.write_case(tmp_path, 40.0, shear=False)
    folder = PublicFolder(tmp_path)
    record, flow = Record.read(folder, name), read(folder.flow_file(name))
    assert not record.geometry.ends  # the flow goes on beyond the crop
    place = {tuple(point): row for row, point in enumerate(flow.points)}
    nodes = np.array([place[tuple(point)] for point in record.wall.points])
    np.testing.assert_array_equal(record.wall["wall_shear"], wall_shear(flow, flow.point_data["U"], nodes))
    forward = record.wall["wall_shear"][:, 0]
    assert (forward > 0).mean() > 0.9  # the flow goes along the wall to its end


@pytest.mark.parametrize(
    ("task", "train", "test"), [("full", "full_train", "full_test"), ("scarce", "scarce_train", "full_test"),
                                ("reynolds", "reynolds_train", "reynolds_test"), ("aoa", "aoa_train", "aoa_test")],
)  # fmt: skip
def test_tasks_are_split_as_their_authors_split_them(tmp_path, task, train, test):
    """`taskk = 'full' if task == 'scarce' and not train else task` (dataset.load); `n = int(.1*len(manifest_train))`,
    `train_dataset = manifest_train[:-n]`, `val_dataset = manifest_train[-n:]` (AirfRANS, main.py)."""
    counts = {"full_train": 57, "full_test": 9, "scarce_train": 23, "reynolds_train": 31, "reynolds_test": 4,
              "aoa_train": 11, "aoa_test": 5}  # fmt: skip
    lists = {
        key: [f"airFoil2D_SST_{len(key)}.{k}1_0.{count}_1_2_12" for k in range(count)] for key, count in counts.items()
    }
    (tmp_path / "manifest.json").write_text(json.dumps(lists))
    for name in (name for names in lists.values() for name in names):
        (tmp_path / name).mkdir(exist_ok=True)
        for part in ("internal.vtu", "aerofoil.vtp"):
            (tmp_path / name / f"{name}_{part}").touch()
    last = counts[train] // 10
    split = PublicFolder(tmp_path).split(task)
    assert split == {"train": lists[train][:-last], "validation": lists[train][-last:], "test": lists[test]}
    assert task in TASKS


def test_the_cases_can_be_learnt_from(dataset):
    packed = PackedData.load(dataset.folder, iter)
    assert [len(packed.ids(part)) for part in ("train", "validation", "calibration", "test")] == [1, 1, 0, 2]
    assert dataset.schema.integrals.fields == ("wall_pressure", "wall_shear")
    assert np.isfinite(packed.points(0)).all() and packed.on_wall(0).sum() == 120


def test_what_was_interrupted_goes_on_and_is_the_same(public, tmp_path):
    folder = tmp_path / "Dataset"
    shutil.copytree(public[0], folder)

    def stopped(items):
        yield items[0]
        yield items[1]
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        convert(folder, tmp_path / "out", "full", stopped)
    assert not (tmp_path / "out" / "dataset.json").exists()
    first, second, *_ = (name for part in PublicFolder(folder).split("full").values() for name in part)
    PublicFolder(folder).flow_file(first).write_text("spoilt since it was read")
    samples = tmp_path / "out" / "samples" / f"{second}.npz"
    samples.write_bytes(samples.read_bytes()[:-100])  # is made again, as it is not whole
    convert(folder, tmp_path / "out", "full", iter)
    whole = convert(public[0], tmp_path / "whole", "full", iter).parent
    for path in (path for path in whole.rglob("*") if path.is_file()):
        assert path.read_bytes() == (tmp_path / "out" / path.relative_to(whole)).read_bytes()
    with pytest.raises(
        DatasetError, match="expected a folder that is new, empty or of an interrupted run, got another"
    ):
        convert(folder, tmp_path / "out", "full", iter)
