"""What the demo compares with, and how: the whole of it is run by `make demo`."""

import matplotlib.image
import numpy as np
import pytest

import enf2enf_meshes
from enf2enf import load
from enf2enf.data import npz
from enf2enf.data.airfrans.schema import SCHEMA
from enf2enf.demo.flow import SECTIONS, Answers, Truth, draw, errors, table
from enf2enf.field import Field
from enf2enf.prediction import Prediction


@pytest.fixture(scope="module", params=SECTIONS)
def truth(request):
    return Truth.stored(request.param)


def answers_of(truth: Truth, factor: float = 1.0) -> Answers:
    """The truth, what is more than the inflow times a factor; on the wall in another order than it is stored in."""

    def said(field: Field, order: np.ndarray, **more) -> Prediction:
        values = {name: factor * one[order] for name, one in field.values.items()}
        if "velocity" in values:
            values["velocity"] += (1 - factor) * truth.inflow
        return Prediction(Field(field.points[order], values), 0, (), None, "nodes", **more)

    order = np.random.default_rng(0).permutation(len(truth.on_wall.points))
    every = np.arange(len(truth.around.points))
    return Answers(said(truth.around, every), said(truth.on_wall, order, integrals=truth.integrals), 0.1, 0.2)


@pytest.mark.parametrize("id", SECTIONS)
def test_the_forces_on_the_stored_walls_are_the_solvers(id):
    stored, truth = npz.read(enf2enf_meshes.path(id), id), Truth.stored(id)
    found = truth.integrals
    assert found["C_L"] == pytest.approx(float(stored["Cl"]), rel=1e-5)  # measured 4e-7
    assert found["C_D"] == pytest.approx(float(stored["Cd"]), rel=1e-4)  # measured 4e-6


@pytest.mark.parametrize("factor", [1.0, 1.1, 0.5])
def test_errors_are_of_what_the_flow_is_more_than_the_inflow(truth, factor):
    found = errors(truth, answers_of(truth, factor))
    assert found.keys() == {quantity.name for quantity in SCHEMA.fields}
    np.testing.assert_allclose(list(found.values()), abs(factor - 1), atol=1e-12)  # measured 2e-16


@pytest.mark.slow
def test_what_is_shown_of_them(truth, tmp_path):
    flows = {"one": (truth, answers_of(truth)), "other": (truth, answers_of(truth, 0.5))}
    made = table(flows)
    cells = [list(column.cells) for column in made.columns]
    assert cells[1][2:7] == 5 * ["0.0 %"] and cells[2][2:7] == 5 * ["50.0 %"]
    assert len(set(cells[1][7].split(", "))) == len(set(cells[1][8].split(", "))) == 1
    draw(tmp_path / "flow.png", flows)
    pixels = matplotlib.image.imread(tmp_path / "flow.png")[..., :3]
    half = pixels[: int(0.44 * len(pixels)), : int(0.36 * pixels.shape[1])], pixels
    assert pixels.shape[1] == 1560 and all(part.std() > 0.05 for part in half)


@pytest.mark.soak
def test_the_shipped_surrogate_knows_flows_that_it_never_saw(truth):
    shipped = load("aerofoil")
    shape = shipped.encode(truth.geometry)
    around, on_wall = (shipped.decode(shape, truth.conditions, at) for at in (truth.around.points, "wall"))
    found = errors(truth, Answers(around, on_wall, 0.0, 0.0))
    assert max(found["velocity"], found["pressure"], found["wall_pressure"]) < 0.08
    assert on_wall.integrals["C_L"] == pytest.approx(truth.integrals["C_L"], rel=0.03)
    assert on_wall.integrals["C_D"] == pytest.approx(truth.integrals["C_D"], rel=0.1)
