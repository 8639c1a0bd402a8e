"""Tables of conditions: they hold every number, and what is none is refused by its place."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.data.table import Table
from enf2enf.errors import DatasetError

TABLES = {
    "case,U\nrun0,1\nrun0.vtu,2\n": "every case once, got 'run0' twice",
    "case,U,U\nrun0,1,2\n": "every column once, got 'U' twice",
    "case,U\nrun0,fast\n": "U in line 2 of t.csv: expected a finite number, got 'fast'",
    "case,U\nrun0,\n": "U in line 2 of t.csv: expected a finite number, got ''",
    "case,U\nrun0,1,2\n": "line 2 of t.csv: expected 2 cells, got 3",
    "run,U\nrun0,1\n": "t.csv: expected a column of cases called case, name, mesh, file, id",
    "": "t.csv: expected a line of headings, then numbers, got an empty file",
    "case,,U\nrun0,1,2\n": "headings of t.csv: expected NAME or NAME [UNIT], got ''",
}


@pytest.mark.parametrize("text", TABLES)
def test_a_table_that_is_none(text, tmp_path):
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(DatasetError) as refusal:
        Table.read(tmp_path / "t.csv")
    assert TABLES[text] in str(refusal.value)


@settings(max_examples=20)
@given(
    numbers=st.lists(st.floats(allow_nan=False, allow_infinity=False), min_size=1, max_size=5),
    mark=st.sampled_from(",;\t"),
)
def test_a_table_holds_every_number(numbers, mark, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_text(f"case{mark}x [kg/m3]\n" + "".join(f"c{k}{mark}{x!r}\n" for k, x in enumerate(numbers)))
    table = Table.read(path)
    assert [row["x"] for row in table.rows.values()] == numbers and table.units == {"x": "kg/m3"}


ANGLED = {
    "alpha [deg]": 1, "alpha (degree)": 1, "alpha [Degrees]": 1, "alpha [°]": 1, "alpha_deg": 1, "AlphaDeg [deg]": 1,
    "alpha [rad]": 180 / np.pi, "alpha [radians]": 180 / np.pi, "angle_rad": 180 / np.pi, "AlphaRad [rad]": 180 / np.pi,
    "alpha_grad [deg]": 1, "alpha_mrad [rad]": 180 / np.pi, "flow angle [deg]": 1, "alpha_degs": 1, "my aoa degrees": 1,
}  # fmt: skip


@settings(max_examples=20)
@given(heading=st.sampled_from(sorted(ANGLED)), size=st.floats(0, 100), angle=st.floats(-7, 7))
def test_an_angle_is_one_by_its_unit_or_its_name(heading, size, angle, tmp_path_factory):
    path = tmp_path_factory.mktemp("table") / "t.csv"
    path.write_text(f"case,U [m/s],{heading}\nrun0,{size!r},{angle!r}\n")
    table = Table.read(path)
    (inflow,), values = table.conditions({"inflow": list(table.units)})
    turn = np.deg2rad(ANGLED[heading] * angle)
    np.testing.assert_allclose(values["run0"]["inflow"], size * np.array([np.cos(turn), np.sin(turn)]), atol=1e-12)
    assert inflow.unit == "m/s"


NO_VECTORS = {
    ("alpha_deg [rad]", "U,alpha_deg"): "column 'alpha_deg': expected degrees, or a name that does not end in deg, got",
    ("alpha_deg [m]", "U,alpha_deg"): "column 'alpha_deg': expected degrees, or a name that does not end in deg, got",
    ("alpha_deg", "alpha_deg,U"): "--vector inflow: expected a magnitude, then an angle; or components, got 'alpha_deg",
    ("alpha [rad]", "alpha,U"): "--vector inflow: expected a magnitude, then an angle; or components, got 'alpha,U'",
    ("alpha [deg]", "U,V,alpha"): "--vector inflow: expected a magnitude, then an angle; or components, got 'U,V,alp",
    ("W [km/h]", "U,W"): "expected an angle in degrees or radians, or components in one unit, got m/s and km/h",
    ("alpha", "U,alpha"): "column 'alpha': expected the unit of an angle, [deg] or [rad], got none",
    ("angle_of_attack", "S,angle_of_attack"): "column 'angle_of_attack': expected the unit of an angle, [deg] or [rad]",
    ("flow angle", "S,flow angle"): "column 'flow angle': expected the unit of an angle, [deg] or [rad], got none",
    ("AlphaX", "S,AlphaX"): "column 'AlphaX': expected the unit of an angle, [deg] or [rad], got none",
    ("alpha_grad", "S,alpha_grad"): "column 'alpha_grad': expected the unit of an angle, [deg] or [rad], got none",
    ("alpha0", "S,alpha0"): "column 'alpha0': expected the unit of an angle, [deg] or [rad], got none",
    ("gamma_rad", "S,gamma_rad"): "column 'gamma_rad': expected the unit of an angle, [deg] or [rad], got none",
    ("slopeRad", "S,slopeRad"): "column 'slopeRad': expected the unit of an angle, [deg] or [rad], got none",
    ("ANGLERAD", "S,ANGLERAD"): "column 'ANGLERAD': expected the unit of an angle, [deg] or [rad], got none",
    ("direction", "S,direction"): "column 'direction': expected the unit of an angle, [deg] or [rad], got none",
    ("turn", "U,turn"): "expected an angle in degrees or radians, or components in one unit, got m/s and none",
    ("W [m/s]", "U,U"): "--vector inflow: expected every column once, got 'U' twice",
    ("W [m/s]", "W,V,W"): "--vector inflow: expected every column once, got 'W' twice",
}


@pytest.mark.parametrize("heading, columns", NO_VECTORS)
def test_columns_that_make_no_vector(heading, columns, tmp_path):
    (tmp_path / "t.csv").write_text(f"case,U [m/s],V [m/s],S,{heading}\nrun0,1,2,3,4\n")
    with pytest.raises(DatasetError) as refusal:
        Table.read(tmp_path / "t.csv").conditions({"inflow": columns.split(",")})
    assert NO_VECTORS[heading, columns] in str(refusal.value)


COMPONENTS = ["beta_x,beta_y", "U_alpha,U_beta", "alphaX,alphaY", "phi_r,phi_t", "U_ax,U_rad", "u_rad,w_rad",
              "u,radius", "x_pitch,y_pitch", "rectangle_w,rectangle_h", "v_tan [m/s],v_rad [m/s]"]  # fmt: skip


@pytest.mark.parametrize("headings", COMPONENTS)
def test_components_may_be_called_like_angles(headings, tmp_path):
    (tmp_path / "t.csv").write_text(f"case,{headings}\nrun0,10,2\n")
    table = Table.read(tmp_path / "t.csv")
    assert table.conditions({"b": list(table.units)})[1]["run0"]["b"] == [10.0, 2.0]


@pytest.mark.parametrize("cell", ["", "fast", "nan", "1_000"])
def test_a_cell_that_is_no_number_is_named_by_its_line(cell, tmp_path):
    """That of the file, where blank ones are counted too."""
    (tmp_path / "t.csv").write_text(f"case,rho\n\n\na,1\n\nb,{cell}\n")
    with pytest.raises(DatasetError) as refusal:
        Table.read(tmp_path / "t.csv")
    assert str(refusal.value) == f"rho in line 6 of t.csv: expected a finite number, got {cell!r}"


def test_a_magnitude_below_zero_is_refused_by_case(tmp_path):
    """As it is at the question, and not turned around."""
    (tmp_path / "t.csv").write_text("case,U [m/s],alpha [deg],V [m/s]\nrun0,1,2,-3\nrun1,-10,2,3\n")
    table = Table.read(tmp_path / "t.csv")
    with pytest.raises(DatasetError, match="^U of case 'run1': expected a magnitude of at least 0, got -10$"):
        table.conditions({"inflow": ["U", "alpha"]})
    assert table.conditions({"inflow": ["U", "V"]})[1]["run1"]["inflow"] == [-10.0, 3.0]
