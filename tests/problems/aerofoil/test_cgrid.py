"""The grid: no cell is folded, whatever the section; its faces fit together."""

from pathlib import Path

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.problems.aerofoil.case import Case
from enf2enf.problems.aerofoil.cgrid import FAR, Size
from enf2enf.problems.aerofoil.naca import FiveDigits, FourDigits
from enf2enf.problems.aerofoil.problem import Aerofoil
from enf2enf.problems.aerofoil.record import CROP
from enf2enf.problems.aerofoil.topology import topology


@pytest.mark.slow
@settings(max_examples=20)
@given(st.integers(0, 2**31), st.integers(0, 100))
def test_every_cell_has_an_area(seed, index):
    case = Aerofoil().draw(seed, index, 0)
    centres, areas = case.cells
    assert areas.min() > 0
    ring = np.concatenate([case.nodes[0], case.nodes[:, -1], case.nodes[-1, ::-1]])  # clockwise
    assert areas.sum() == pytest.approx(-signed_area(ring) - abs(signed_area(case.wall)), rel=1e-9)
    assert np.hypot(*(centres - (0.5, 0)).T).max() > 0.9 * FAR


def signed_area(ring):
    x, y = (ring - ring[0]).T
    return (x @ np.roll(y, -1) - np.roll(x, -1) @ y) / 2


@pytest.fixture(scope="module", params=[0.5, 1.0, 2.0])
def case(request):
    return Case(FourDigits(3.0, 4.0, 10.0), 60.0, 9.0, Size(request.param))


def test_the_faces_of_every_cell_close_around_its_area(case):
    """Gauss: over the sides of a cell the normals sum to zero, and points times normals to twice the area."""
    mesh, plane = topology(case.size), topology(case.size).points(case.nodes)
    walls = mesh.patches[:2]
    faces = np.concatenate([mesh.faces, mesh.faces, *(patch.faces for patch in walls)])
    owners = np.concatenate([mesh.owners, mesh.neighbours, *(patch.owners for patch in walls)])
    sign = np.ones(len(faces))
    sign[len(mesh.faces) : 2 * len(mesh.faces)] = -1
    start, end = plane[faces[:, 0]], plane[faces[:, 1]]
    normals = sign[:, None] * np.stack([end[:, 1] - start[:, 1], start[:, 0] - end[:, 0]], axis=1)
    centres, areas = case.cells
    for component in normals.T:
        assert abs(np.bincount(owners, component)).max() < 1e-12
    arms = (start + end) / 2 - centres[owners]
    np.testing.assert_allclose(np.bincount(owners, (arms * normals).sum(axis=1)) / 2, areas, rtol=1e-6)
    assert (np.bincount(owners) == 4).all()


def test_centroids(case):
    mesh, (centres, areas) = topology(case.size), case.cells
    some = np.random.default_rng(0).integers(0, len(areas), 300)
    quads = shapely.polygons(mesh.points(case.nodes)[mesh.cells[some]])
    np.testing.assert_allclose(shapely.area(quads), areas[some], rtol=1e-6)
    expected = shapely.get_coordinates(shapely.centroid(quads))
    assert (np.hypot(*(centres[some] - expected).T) < 1e-4 * np.sqrt(areas[some])).all()


def test_columns_leave_the_wall_along_its_normals(case):
    first, last = case.size.wake + 1, case.size.around - case.size.wake
    along, up = case.wall[2:] - case.wall[:-2], np.diff(case.nodes[first:last, [0, 3]], axis=1)[:, 0]
    sine = (along * up).sum(axis=1) / np.hypot(*along.T) / np.hypot(*up.T)
    assert np.degrees(np.arcsin(abs(sine))).max() < 6  # measured 3.5


def test_faces_are_in_the_order_that_openfoam_wants(case):
    mesh = topology(case.size)
    assert (mesh.owners < mesh.neighbours).all()
    keys = mesh.owners * len(mesh.cells) + mesh.neighbours
    assert (np.diff(keys) > 0).all()
    assert np.unique(mesh.cells).tolist() == list(range(len(mesh.first)))
    wall = mesh.patches[0]
    np.testing.assert_array_equal(np.arange(len(mesh.cells))[mesh.on_wall], wall.owners)
    np.testing.assert_array_equal(mesh.points(case.nodes)[wall.faces[:, 0]], case.wall[:-1])
    np.testing.assert_array_equal(mesh.points(case.nodes)[wall.faces[:, 1]], case.wall[1:])


def test_the_grid_of_the_stored_flow_is_made_again():
    stored = dict(np.load(Path(__file__).with_name("naca_5_digits.npz")))
    lift, position, _, thickness = stored["naca"]
    case = Case(FiveDigits(lift, position, thickness), float(stored["U_inf"]), float(stored["alpha_deg"]))
    centres = case.cells[0]
    kept = centres[((centres > CROP[0]) & (centres < CROP[1])).all(axis=1)][::4]
    np.testing.assert_allclose(kept, stored["xy"], atol=1e-5)  # measured 7e-6: its nose radius differs by 3e-5
    np.testing.assert_allclose(case.wall, stored["surf_nodes"], atol=1e-5)


def test_the_first_cells_are_as_high_as_wall_functions_want_on_every_grid(case):
    heights = np.hypot(*np.diff(case.nodes[case.size.wake : case.size.around - case.size.wake + 1, :2], axis=1)[:, 0].T)
    middle = abs(case.wall[:, 0] - 0.5) < 0.3
    np.testing.assert_allclose(heights[middle], case.first_cell, rtol=0.1)
    assert heights.max() < 1.1 * case.first_cell
