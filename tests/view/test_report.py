"""Pictures are read back: what is in them, not only that they are there."""

import matplotlib.image
import numpy as np
import pytest
from scipy.spatial import Delaunay

from enf2enf.view import report
from enf2enf.view.report import prediction_report

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def mesh(geometry):
    points = np.concatenate([geometry.walls[0], np.random.default_rng(0).random((600, 2)), geometry.outer])
    points = points[geometry.contains(points)]
    triangles = Delaunay(points).simplices
    return points, triangles[geometry.contains(points[triangles].mean(axis=1))]


@pytest.fixture
def drawn(tmp_path, geometry, mesh, monkeypatch):
    """Draws, and hands back the error, the pixels and what was painted: (values, colour limits) a panel."""
    painted, paint = [], report._paint

    def watch(axis, triangulation, values, ends, colours, label):
        painted.append((triangulation, values, ends, label))
        paint(axis, triangulation, values, ends, colours, label)

    monkeypatch.setattr(report, "_paint", watch)

    def draw(truth, prediction, file="report.png"):
        painted.clear()
        poses = [np.full((4, 2), 0.1), np.full((3, 2), 0.9)]
        error = prediction_report(
            tmp_path / file, points=mesh[0], triangles=mesh[1], truth=truth, prediction=prediction, geometry=geometry,
            poses=poses, name="stress", unit="Pa", title="a cell",
        )  # fmt: skip
        return error, matplotlib.image.imread(tmp_path / file), list(painted)

    return draw


def test_error_and_one_scale_for_truth_and_prediction(drawn, mesh):
    truth = 100 + 50 * mesh[0][:, 0]
    error, pixels, (first, second, third) = drawn(truth, 1.02 * truth)
    assert error == pytest.approx(0.02, abs=1e-12)  # measured 2e-17
    assert pixels.shape == (1350, 1560, 4)
    assert first[2] == second[2] == (truth.min(), pytest.approx(truth.max(), rel=0.01))
    np.testing.assert_allclose(third[1], 0.02 * truth, rtol=1e-9)  # measured 6e-15
    assert "[Pa]" in first[3] and "[Pa]" in third[3]


def test_what_is_not_predicted_is_left_white(drawn, mesh):
    truth = 100 + 50 * mesh[0][:, 0]
    holed = np.where(mesh[0][:, 0] < 0.5, np.nan, 1.1 * truth)
    error, pixels, panels = drawn(truth, holed)
    assert error == pytest.approx(0.1, abs=1e-12)  # measured 7e-17
    assert all(np.isfinite(values).all() for _, values, _, _ in panels)
    shown = panels[1][0].get_masked_triangles()
    assert (mesh[0][shown][..., 0] >= 0.5).all() and len(shown) > 0.3 * len(mesh[1])
    _, whole, _ = drawn(truth, 1.1 * truth, "whole.png")
    white = [(picture[:, 780:, :3] == 1).all(axis=2).mean() for picture in (pixels, whole)]
    assert white[0] > white[1] + 0.02  # measured 0.09 more


def test_same_arguments_same_picture(drawn, mesh):
    truth = 100 + 50 * mesh[0][:, 0]
    assert (drawn(truth, 1.1 * truth)[1] == drawn(truth, 1.1 * truth, "again.png")[1]).all()


def test_a_constant_field_has_a_scale_too(drawn, mesh):
    flat = np.full(len(mesh[0]), 7.0)
    assert drawn(flat, flat)[0] == 0
