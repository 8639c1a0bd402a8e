"""Curves as tables of points, the ways people write them."""

import numpy as np
import pytest

from enf2enf.errors import MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read_bytes
from enf2enf.io.accept import accept


@pytest.mark.parametrize(
    "text",
    [
        "x,y\n0,0\n1,0\n1,1\n0,1\n\n.4,.4\n.6,.4\n.6,.6\n.4,.6\n.4,.4\n",  # closed by hand, the second one
        "0 0\n1 0\n1 1\n0 1\n\n\n.4 .4\n.6 .4\n.6 .6\n.4 .6\n",
        "two\n0 0\n1 0\n1 1\n0 1\n 999.0  999.0\n.4 .4\n.6 .4\n.6 .6\n.4 .6\n",
        "0,0\n1,0\n1,1\n0,1\n999,999.\n.4,.4\n.6,.4\n.6,.6\n.4,.6\n",
        "# two loops\nx;y;loop\n0;0;0\n1;0;0\n1;1;0\n0;1;0\n.4;.4;1\n.6;.4;1\n.6;.6;1\n.4;.6;1\n",
        "X, Y, Z\n0,0,5\n1,0,5\n1,1,5\n0,1,5\n\n.4,.4,5\n.6,.4,5\n.6,.6,5\n.4,.6,5\n",
    ],
)
def test_curves_as_text(text):
    geometry = Geometry.from_mesh(read_bytes(text.encode(), "a.csv"))
    assert len(geometry.walls) == 1 and len(geometry.walls[0]) == 4
    np.testing.assert_allclose(geometry.bounds, [[0, 0], [1, 1]])


@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("form", [" {} {}\n", "\t{}\t{}\n", "{:10.6f}{:10.6f}\n", " {}, {}\n"])
@pytest.mark.parametrize("name", ["a.dat", "a.csv"])
def test_rows_that_all_begin_with_blanks(mark, form, name):
    text = mark + "".join(form.format(*point) for point in ((1.0, 0.0), (0.5, 0.06), (0.0, 0.0), (0.5, -0.06)))
    np.testing.assert_array_equal(read_bytes(text.encode(), name).points[:, 1], [0, 0.06, 0, -0.06])


@pytest.mark.parametrize("last", ["inf 0", "inf inf", "0 -inf", "1e400 0"])
def test_a_last_point_that_is_infinite_is_refused(last):
    with pytest.raises(MeshError, match=r"a.dat: points: expected finite coordinates, got \[.*inf.*\] at node 3"):
        read_bytes(f"0 0\n1 0\n1 1\n{last}\n".encode(), "a.dat")
    with pytest.raises(MeshError, match="points: expected finite coordinates"):
        Geometry.from_mesh(accept([np.array([[0.0, 0], [1, 0], [1, 1], [float(word) for word in last.split()]])]))


def test_counts_of_other_points_and_loops_of_too_few_are_named():
    with pytest.raises(MeshError, match="a.dat: counts of points: expected two of together 6, .*, got 4 and 3"):
        read_bytes(b"T\n4 3\n\n0 0\n.5 .1\n1 0\n\n0 0\n.5 -.1\n1 0\n", "a.dat")
    with pytest.raises(MeshError, match="a.csv: loop 1: expected at least three points, got a loop of 2 points"):
        read_bytes(b"0 0\n1 0\n1 1\n\n0 0\n.5 -.1\n", "a.csv")
    with pytest.raises(MeshError, match="a.csv: loop 0: expected at least three points, got a loop of 1 point$"):
        read_bytes(b"1 1\n1 1\n", "a.csv")


@pytest.mark.parametrize("title", ["x [ft],y [ft]", "x (mm);y (mm)", "y[in],x[in]", "x [m],y [ft]"])
def test_another_unit_than_metres_is_refused(title):
    rows = "0,0\n1,0\n1,1\n".replace(",", ";" if ";" in title else ",")
    with pytest.raises(MeshError, match=r"line 1: expected x and y \[m\], or without a unit and that of the mesh as"):
        read_bytes(f"{title}\n{rows}".encode(), "a.csv")
    assert len(read_bytes(f"x [m],y(m)\n{rows}".replace(";", ",").encode(), "a.csv").points) == 3


def test_curve_labels_that_are_words_name_patches():
    mesh = read_bytes(b"x,y,loop\n0,0,box\n1,0,box\n1,1,box\n.2,.2,a\n.3,.2,a\n.3,.3,a\n", "csv")
    assert {key: len(facets) for key, facets in mesh.patches.items()} == {"a": 3, "box": 3}
    with pytest.raises(MeshError, match=r"line 2 is not x, y: '1,two'"):
        read_bytes(b"x,y\n1,two\n", "a.csv")


def test_a_table_as_spreadsheets_write_it():
    """A mark of bytes, quotes, and whatever stands between columns."""
    rows = [
        (0, 0, "rim"),
        (1, 0, "rim"),
        (1, 1, "rim"),
        (0, 1, "rim"),
        (0.2, 0.2, "a"),
        (0.3, 0.2, "a"),
        (0.3, 0.3, "a"),
    ]
    for mark in (",", ";", "\t", " , ", " ,"):
        lines = [mark.join(('"x"', '"y"', '"loop"')), *(mark.join((str(x), str(y), f'"{at}"')) for x, y, at in rows)]
        mesh = read_bytes(("\ufeff" + "\r\n".join(lines)).encode(), "a.csv")
        np.testing.assert_array_equal(mesh.points, [row[:2] for row in rows])
        assert {key: len(facets) for key, facets in mesh.patches.items()} == {"a": 3, "rim": 4}


@pytest.mark.parametrize("text", ["x;y\n0,5;1\n", "x,y\n0,0\n1,5 2,5\n", "0,5\t1,5\n", "0,5 1\n"])
def test_decimal_commas_are_refused_by_that_name(text):
    with pytest.raises(MeshError, match=r"a.csv: line \d: expected decimal points, got decimal commas, '"):
        read_bytes(text.encode(), "a.csv")


def test_columns_that_are_left_out_are_mentioned_and_others_refused():
    ring = [(0, 0), (1, 0), (1, 1), (0, 1)]
    text = "x,y,loop,p,T\n" + "\n".join(f"{x},{y},a,7,8" for x, y in ring)
    assert read_bytes(text.encode(), "csv").warnings == (
        "columns: expected x, y and a label, got 'p, t' too, left out",
    )
    with pytest.raises(MeshError, match="line 1 has 4 columns, not 3: '0,0,0,0'"):
        read_bytes(b"0,0,0,0\n1,0,0,0\n", "csv")
    with pytest.raises(MeshError, match="a.csv: z: expected one value, as of plane curves, got 3 values"):
        read_bytes(b"x,y,z\n0,0,0\n1,0,1\n1,1,2\n", "a.csv")
    with pytest.raises(MeshError, match="a.dat: points: expected a table of x, y, got Tecplot data"):
        read_bytes(b'TITLE = "a"\nVARIABLES = "X", "Y"\nZONE\n0 0\n', "a.dat")


def aerofoil(count=20):
    """The upper and the lower side of a section with a blunt tail, both from the nose at (0, 0)."""
    x = (1 - np.cos(np.linspace(0, np.pi, count))) / 2
    thickness = 0.6 * (0.2969 * np.sqrt(x) - 0.126 * x - 0.3516 * x**2 + 0.2843 * x**3 - 0.1015 * x**4)
    return np.stack([x, 0.05 * x + thickness], axis=1).round(6), np.stack([x, 0.05 * x - thickness], axis=1).round(6)


TITLES = ["NACA 0012 AIRFOIL", "0012 MOD", "N0012, smooth"]


@pytest.mark.parametrize("title", TITLES)
@pytest.mark.parametrize("suffix", ["csv", "dat"])
def test_selig_and_lednicer_hold_the_same_section(title, suffix):
    upper, lower = aerofoil()
    around = np.concatenate([upper[::-1], lower[1:]])

    def rows(points):
        return "".join(f" {x:.6f} {y:.6f}\n" for x, y in points)

    selig = f"{title}\n{rows(around)}"
    lednicer = f"{title}\n   {len(upper)}.     {len(lower)}.\n\n{rows(upper)}\n{rows(lower)}"
    for text in (selig, lednicer):
        mesh = read_bytes(text.encode(), f"a.{suffix}")
        np.testing.assert_array_equal(mesh.points, around)
        assert len(Geometry.from_mesh(mesh).walls) == 1
        assert mesh.warnings == ()


@pytest.mark.parametrize("mark", [",", ";"])
def test_a_first_line_that_may_name_other_columns_is_mentioned(mark):
    rows = "\n".join(mark.join(row) for row in ("ab", "00", "10", "11"))
    mesh = read_bytes(rows.encode(), "a.csv")
    assert mesh.warnings == (f"line 1: expected x, y, got {f'a{mark}b'!r}, taken for a title",)
    assert read_bytes(rows.replace(f"a{mark}b", "a wedge").encode(), "a.csv").warnings == ()


@pytest.mark.parametrize("mark", [",", ";", " ", "\t"])
@pytest.mark.parametrize("order", ["yx", "ixy", "xpy"])
def test_x_and_y_in_other_places_are_refused(mark, order):
    rows = "\n".join(mark.join(row[: len(order)]) for row in (order, "001", "101", "111"))
    with pytest.raises(MeshError, match="a.csv: line 1: expected columns x and y first, got '"):
        read_bytes(rows.encode(), "a.csv")


def test_a_comment_within_a_curve_is_nothing_at_all():
    upper, lower = aerofoil()
    rows = [f"{x:.6f} {y:.6f}" for x, y in np.concatenate([upper[::-1], lower[1:]])]
    plain = read_bytes("\n".join(rows).encode(), "a.dat")
    commented = read_bytes("\n".join([*rows[:20], "# the nose", *rows[20:]]).encode(), "a.dat")
    np.testing.assert_array_equal(commented.points, plain.points)
    np.testing.assert_array_equal(commented.cells[0].nodes, plain.cells[0].nodes)


SENTENCES = ["CLARK-Y  x  y", "RAF 15 x y coordinates", "Clark Y X 1.2 Y", "% x y", "! x y", "points x y", "% y of x"]


@pytest.mark.parametrize("title", SENTENCES)
def test_a_title_may_have_the_words_x_and_y(title):
    upper, lower = aerofoil()
    around = np.concatenate([upper[::-1], lower[1:]])
    text = f"{title}\n" + "".join(f"{x:.6f} {y:.6f}\n" for x, y in around)
    np.testing.assert_array_equal(read_bytes(text.encode(), "a.dat").points, around)


def test_a_comment_alone_where_a_curve_may_begin_is_mentioned():
    mesh = read_bytes(b"# main\n0 0\n1 0\n1 1\n# flap\n0 1\n-1 1\n-1 0\n", "a.dat")
    assert len(Geometry.from_mesh(mesh).walls) == 1
    assert mesh.warnings == ("line 6: expected a blank line where a curve begins, got a comment alone",)
    apart = read_bytes(b"# main\n0 0\n1 0\n1 1\n\n# flap\n3 1\n2 1\n2 0\n", "a.dat")
    assert len(Geometry.from_mesh(apart).walls) == 2 and apart.warnings == ()


@pytest.mark.parametrize("name", ["name", "body_id", "surface", "part"])
def test_labels_may_be_numbers_with_points(name):
    text = f"x,y,{name}\n0,0,1.0\n1,0,1.0\n1,1,1.0\n3,0,2.0\n4,0,2.0\n4,1,2.0\n"
    assert len(Geometry.from_mesh(read_bytes(text.encode(), "a.csv")).walls) == 2


@pytest.mark.parametrize("more", ["cp", "normal_x,normal_y", "index"])
def test_a_column_that_tells_no_curves_apart_is_named(more):
    ring = [(0, 0), (1, 0), (1, 1), (0, 1)]
    text = f"x,y,{more}\n" + "".join(f"{x},{y}{f',{x + y / 2}' * (1 + more.count(','))}\n" for x, y in ring)
    with pytest.raises(MeshError, match=f"a.csv: column '{more[:2]}.*: expected names of curves, each of three points"):
        read_bytes(text.encode(), "a.csv")


@pytest.mark.parametrize("row", ["1_0,0", "0,1_0"])
def test_an_underscore_is_no_digit(row):
    with pytest.raises(MeshError, match="line 2 is not x, y"):
        read_bytes(f"x,y\n{row}\n".encode(), "a.csv")


def test_a_point_with_a_mistake_in_it_is_no_title():
    for text in ("0.0 o.1\n1 0\n", "0;x\n1;0\n", "0,\n1,0\n"):
        with pytest.raises(MeshError, match="line 1 is not x, y"):
            read_bytes(text.encode(), "csv")


def test_a_section_whose_last_point_is_its_first_but_for_rounding_is_closed_once():
    upper, lower = aerofoil()
    around = np.concatenate([upper[::-1], lower[1:]])
    around[-1] += 3e-17
    again = np.concatenate([around[:-1], around[:1] + [0.0, 3e-17]])
    rows = "".join(f"{x!r},{y!r}\n" for x, y in again.tolist())
    for mesh in (accept([again]), read_bytes(rows.encode(), "a.csv")):
        np.testing.assert_array_equal(mesh.points, again[:-1])
    assert len(accept([np.append(around, [[1.0, -1e-3]], axis=0)]).points) == len(around) + 1


def test_an_empty_cell_behind_the_height_is_no_label():
    mesh = read_bytes(b"x,y,z\n0,0,0,\n1,0,0,\n1,1,0,\n0,1,0,\n", "a.csv")
    assert len(mesh.points) == 4 and not mesh.patches


def test_a_title_may_be_before_labels_but_not_before_counts_and_labels():
    rows = "0 0 a\n1 0 a\n1 1 a\n0 1 a\n"
    assert set(read_bytes(f"a box\n{rows}".encode(), "a.dat").patches) == {"a"}
    with pytest.raises(MeshError, match="^a.dat: expected a complete CSV or DAT file"):
        read_bytes(f"a box\n2 2 a\n{rows}".encode(), "a.dat")


def test_more_loops_than_anybody_draws_are_refused_before_all_are_read():
    rows = "".join(f"{k},{k},{k}\n" for k in range(100_001)) + "and,then,words\n"
    with pytest.raises(MeshError, match="^a.csv: curves: expected at most 100000 loops in a table, got more"):
        read_bytes(rows.encode(), "a.csv")
