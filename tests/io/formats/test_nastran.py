"""Nastran: the same cards in every layout, coordinate systems, mid-side nodes, and what is counted or refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plates import INNER, POINTS, QUADS, understood

from enf2enf.errors import MeshError
from enf2enf.io import read_bytes

GRIDS = [[k, "", *(f"{x:.5f}" for x in point), "0."] for k, point in enumerate(POINTS, 1)]
CELLS = [[k, 1, *nodes] for k, nodes in enumerate(QUADS.tolist(), 1)]


def small(name, fields):
    rows = [fields[at : at + 8] for at in range(0, len(fields), 8)]
    heads = [name, *[""] * (len(rows) - 1)]
    return [f"{head:8s}" + "".join(f"{field!s:8s}" for field in row) for head, row in zip(heads, rows, strict=True)]


def marked(name, fields):
    lines = [line.ljust(72) for line in small(name, fields)]
    joined = [line + f"+M{k}" for k, line in enumerate(lines[:-1])] + lines[-1:]
    return [line if k == 0 else f"+M{k - 1}".ljust(8) + line[8:] for k, line in enumerate(joined)]


def large(name, fields):
    rows = [fields[at : at + 4] for at in range(0, len(fields), 4)]
    heads = [f"{name}*", *["*"] * (len(rows) - 1)]
    return [f"{head:8s}" + "".join(f"{field!s:16s}" for field in row) for head, row in zip(heads, rows, strict=True)]


def tabbed(name, fields):
    lines = small(name, fields)
    stops = [str(field) + "\t" * (len(str(field)) < 8) for field in [name, *fields[:8]]]
    return ["".join(stops).rstrip(), *lines[1:]]


def free(name, fields, size=8, mark="+"):
    rows = [fields[at : at + size] for at in range(0, len(fields), size)]
    heads = [name, *[mark] * (len(rows) - 1)]
    return [",".join([head, *map(str, row)]) for head, row in zip(heads, rows, strict=True)]


LAYOUTS = {
    "small": small,
    "small, with marks": marked,
    "large": large,
    "free": free,
    "free, blank before continuations": lambda name, fields: free(name, fields, mark=""),
    "free and large": lambda name, fields: free(f"{name}*", fields, 4, "*"),
    "tabs": tabbed,
    "lower case": lambda name, fields: [line.lower() for line in small(name, fields)],
    "blanks between fields": lambda name, fields: [line.replace(",", " , ") for line in free(name, fields)],
    "comments": lambda name, fields: ["$ a card", *[f"{line}$ its end\n\n$" for line in small(name, fields)]],
}


def deck(*cards, head="SOL 101\nCEND\nBEGIN BULK\n", end="ENDDATA\n"):
    return head + "\n".join(line for card in cards for line in card) + "\n" + end


PLATE = deck(*(small("GRID", grid) for grid in GRIDS), *(small("CQUAD4", cell) for cell in CELLS))


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_every_card_may_have_a_layout_of_its_own(data):
    layout = st.sampled_from(sorted(LAYOUTS))
    lines = [LAYOUTS[data.draw(layout)]("GRID", grid) for grid in GRIDS]
    lines += [LAYOUTS[data.draw(layout)]("CQUAD4", [*cell, "", "0."]) for cell in CELLS]
    mesh = understood(deck(*data.draw(st.permutations(lines))), "a.bdf")
    assert mesh.warnings == () and mesh.cell_count == 8


@pytest.mark.parametrize("head", ["", "$ no section\n", "begin bulk\n", "SOL 101\nTITLE = C\n  SPC = 1\nBEGIN BULK\n"])
@pytest.mark.parametrize("end", ["", "enddata\n", "  ENDDATA\nGRID    1       \n"])
def test_sections_may_be_missing(head, end):
    text = PLATE[PLATE.index("BULK\n") + 5 : PLATE.index("ENDDATA")]
    mesh = understood(head + text + end, "a.bdf")
    assert mesh.warnings == (() if end else ("end: expected ENDDATA in the last line, got none; "
                                             "the file may have been cut off",))  # fmt: skip


def test_half_a_card_of_large_fields_is_as_long_as_a_whole_one():
    """What continues it in small fields is behind the half that is not there."""
    grids = [large("GRID", GRIDS[0])[:1] + ["+       9."], *(small("GRID", grid) for grid in GRIDS[1:])]
    understood(deck(*grids, *(small("CQUAD4", cell) for cell in CELLS)), "a.bdf")


WRITTEN = {
    "0.5": lambda x: f"{x:.5f}",
    ".5": lambda x: f"{x:.5f}".replace("0.", "."),
    "5.E-1": lambda x: f"{x:.5E}",
    "5.D-1": lambda x: f"{x:.5E}".replace("E", "D"),
    "5.d-1": lambda x: f"{x:.5e}".replace("e", "d"),
    "5.-1": lambda x: f"{x:.5E}".replace("E", ""),
}


@pytest.mark.parametrize("last", ["", "0.", "0.D0", "0.+0"])
@pytest.mark.parametrize("number", WRITTEN)
def test_numbers_of_fortran(number, last):
    grids = [free("GRID", [k, "", *map(WRITTEN[number], point), last]) for k, point in enumerate(POINTS, 1)]
    understood(deck(*grids, *(free("CQUAD4", cell) for cell in CELLS)), "a.bdf")


def middles(cells):
    """GRID cards of the mid-side nodes, and the nodes between the corners of every cell."""
    known, nodes = {}, []
    for cell in cells:
        sides = [tuple(sorted(side)) for side in zip(cell, [*cell[1:], cell[0]], strict=True)]
        nodes.append([known.setdefault(side, 101 + len(known)) for side in sides])
    grids = [[k, "", *(f"{x:.5f}" for x in POINTS[np.array(side) - 1].mean(axis=0))] for side, k in known.items()]
    return grids, nodes


TRIANGLES = np.concatenate([QUADS[:, :3], QUADS[:, [0, 2, 3]]]).tolist()
QUADRATIC = {
    "CTRIA6": (TRIANGLES, "triangle6"), "CPLSTN6": (TRIANGLES, "triangle6"), "CTRIAX": (TRIANGLES, "triangle6"),
    "CTRIAX6": (TRIANGLES, "triangle6"), "CQUAD8": (QUADS.tolist(), "quad8"), "CQUAD": (QUADS.tolist(), "quad8"),
    "CPLSTS8": (QUADS.tolist(), "quad8"),
}  # fmt: skip


@pytest.mark.parametrize("layout", ["small", "small, with marks", "large", "free"])
@pytest.mark.parametrize("name", QUADRATIC)
def test_nodes_in_mid_side_may_be_there_or_not(name, layout):
    corners, kind = QUADRATIC[name]
    more, between = middles(corners)
    lay = LAYOUTS[layout]
    grids = [lay("GRID", grid) for grid in GRIDS + more]
    alternate = [node for pair in zip(corners, between, strict=True) for node in zip(*pair, strict=True)]
    if name == "CTRIAX6":
        whole = [np.array(alternate[3 * k : 3 * k + 3]).ravel().tolist() for k in range(len(corners))]
    else:
        whole = [own + middle for own, middle in zip(corners, between, strict=True)]
        plain = [lay(name, [k, 1, *cell]) for k, cell in enumerate(corners, 1)]
        assert understood(deck(*grids, *plain), "a.bdf").cells[0].kind == kind.rstrip("68")
    mesh = understood(deck(*grids, *(lay(name, [k, 1, *cell]) for k, cell in enumerate(whole, 1))), "a.bdf")
    assert mesh.cells[0].kind == kind and mesh.warnings == ()
    broken = deck(*grids, *(lay(name, [k, 1, *cell[:-1], ""]) for k, cell in enumerate(whole, 1)))
    with pytest.raises(MeshError, match=rf"line \d+: {name} 1: expected .* nodes, got \d$"):
        read_bytes(broken.encode(), "a.bdf")


@pytest.mark.parametrize(
    "name", ["CQUADR", "CPLSTN4", "CPLSTS4", "CSHEAR", "CQUAD", "CQUADX", "CQUADX4", "CQUAD8", "CQUAD4*"]
)
def test_quadrilaterals_by_any_name(name):
    lay, grids = (large, 4) if name.endswith("*") else (small, 8), [small("GRID", grid) for grid in GRIDS]
    cells = [lay[0](name.rstrip("*"), cell) for cell in CELLS]
    assert understood(deck(*grids, *cells), "a.bdf").cell_count == 8


def corner(number):
    return [f"{x:.9f}" for x in number]


@pytest.mark.slow
@settings(max_examples=25, deadline=None)
@given(
    kind=st.sampled_from("RCS"),
    outer=st.sampled_from("RC"),
    turns=st.tuples(st.floats(-3, 3), st.floats(-3, 3)),
    origin=st.tuples(st.floats(-2, 2), st.floats(-2, 2)),
)
def test_grids_in_systems_of_their_own(kind, outer, turns, origin):
    """Three points say a system, whose own coordinates may be in another; the plate comes back from any of them."""

    def axes(turn):
        return np.array([[np.cos(turn), np.sin(turn), 0], [-np.sin(turn), np.cos(turn), 0], [0, 0, 1]])

    def inward(points, system):
        about, turned, letter = system
        x, y, z = ((points - about) @ turned.T).T
        around = np.degrees(np.arctan2(y, x))
        if letter == "C":
            return np.stack([np.hypot(x, y), around, z], axis=1)
        radius = np.sqrt(x**2 + y**2 + z**2)
        tilt = np.degrees(np.arccos(np.divide(z, radius, out=np.zeros_like(z), where=radius > 0)))
        return np.stack([radius, tilt, around], axis=1) if letter == "S" else np.stack([x, y, z], axis=1)

    first = np.array([*origin, 0]), axes(turns[0]), outer
    second = np.array([*origin[::-1], 0]), axes(turns[1]), kind
    cards = []
    for number, of, system in ((7, 0, first), (8, 7, second)):
        three = system[0] + np.array([np.zeros(3), system[1][2], system[1][0]])
        told = inward(three, first) if of else three
        cards.append(free(f"CORD2{system[2]}", [number, of, *corner(told.ravel())]))
    local = inward(np.pad(POINTS, ((0, 0), (0, 1))), second)
    grids = [free("GRID", [k, 8, *corner(point)]) for k, point in enumerate(local, 1)]
    cells = [free("CQUAD4", cell) for cell in CELLS]
    mesh = understood(deck(*cells, *grids, *cards), "a.bdf")
    np.testing.assert_allclose(mesh.points, POINTS, atol=1e-7)  # measured 2e-8, of nine digits of angles
    every = [free("GRID", [k, "", *corner(point)]) for k, point in enumerate(local, 1)]
    mesh = understood(deck(["GRDSET,,8"], *cells, *every, *cards), "a.bdf")
    np.testing.assert_allclose(mesh.points, POINTS, atol=1e-7)


SPRINGS = "CELAS1  101     5       1       1       2       1\nCONM2   102     1       0       1.\nCELAS1,103,5\n"


def test_what_is_no_cell_is_counted_and_what_does_not_matter_is_not():
    more = "PSHELL  1       1       .1\nFORCE,1,1,0,1.,0.,0.,1.\nCSET1,3,1,2\nRBE2,9,1,123,2,3\n"
    assert understood(PLATE.replace("ENDDATA", more + "ENDDATA"), "a.bdf").warnings == ()
    said = understood(PLATE.replace("ENDDATA", more + SPRINGS + "ENDDATA"), "a.bdf").warnings
    assert said == ("elements: expected surfaces and lines, got 2 CELAS1, 1 CONM2, left out",)


REFUSED = {
    "INCLUDE 'rest.bdf'": "line 28: expected a Nastran file that is complete in itself .*, got an INCLUDE",
    "include rest.bdf": "an INCLUDE of another file",
    "CNEW4,9,1,1,2,3,4": r"line 28: expected cards that are known .*, got 'CNEW4'$",
    "GRIDB,30,,,0.3,,1": "got 'GRIDB'",
    "SELOC,1,2,3": "got 'SELOC'",
    "FEEDGE,1,2,3": "got 'FEEDGE'",
    "=,*1,=,*0.1,==": r"cards written out, got '=,\*1",
    "/ 5 10": "repeats or deletes others",
    "BEGIN SUPER=1": "one section of bulk data, got another one",
    "CQUAD4,9,1,1,2,3,99": r"^a.bdf: quad cells: expected nodes that the file defines, got node 99$",
    "CQUAD4,9,1,1,2,3": r"line 28: CQUAD4 9: expected 4 nodes, got 3$",
    "CQUAD4,9,1,1,,2,3": r"line 28: CQUAD4 9: expected 4 nodes, got 3$",
    "CQUAD4,9,1,1,2,3,x": r"line 28: CQUAD4: expected numbers, got 'x'$",
    "CQUAD4,1,1,1,2,3,4": "^a.bdf: element 1: expected one definition, got two that differ$",
    "GRID,1,,9.,9.": "^a.bdf: GRID 1: expected one definition, got two that differ$",
    "GRID,30,7,1.,1.": "coordinate system 7: expected one that CORD2R, CORD2C or CORD2S defines, got none",
    "GRID,30,7,1.,1.\nCORD1R,7,1,2,3": "coordinate system 7: .*, got CORD1R",
    "GRID,30,7\nCORD2R,7,7,0.,0.,0.,0.,0.,1.\n,1.,0.,0.": "coordinate system 7: expected systems in each other, 32",
    "GRID,30,7\nCORD2R,7,,0.,0.,0.,0.,0.,1.\n,0.,0.,2.": "three points that are not on one line, got those of line 29",
    "GRID,30,,1..2,0.": r"line 28: GRID: expected numbers, got '1\.\.2'",
    "GRID,99999999999999999999,,1.,0.": r"line 28: GRID: expected numbers, got 99999999999999999999\.\.\.",
    "GRID,30,,1.,0.,0.,,,,+A,5": "line 28: expected at most 8 fields and a mark, got 10",
    "CQUAD8,9,1,1,2,3,4,5,6,+A\n+B,7,8": r"line 29: expected the continuation \+A of CQUAD8, got \+B",
}


@pytest.mark.parametrize("card", REFUSED)
def test_what_would_be_another_mesh_is_refused(card):
    with pytest.raises(MeshError, match=REFUSED[card]):
        read_bytes(PLATE.replace("ENDDATA", card + "\nENDDATA").encode(), "a.bdf")


def test_an_include_alone_is_called_that():
    with pytest.raises(MeshError, match="got an INCLUDE of another file"):
        read_bytes(b"$ all of it\nINCLUDE 'mesh.bdf'\n", "a.bdf")


def test_cells_and_nodes_that_are_given_twice_count_once():
    lines = PLATE.splitlines()
    twice = [line for line in lines if line.startswith(("GRID", "CQUAD4"))]
    mesh = understood("\n".join([*lines[:-1], *twice, "ENDDATA"]), "a.bdf")
    assert len(mesh.points) == 16 and mesh.cell_count == 8


def test_properties_of_lines_are_patches_by_name():
    walls = [free("CBAR", [50 + k, 12, k, k % 8 + 1, 0.0, 0.0, 1.0]) for k in INNER.tolist()]
    text = PLATE.replace("ENDDATA", "\n".join(line for card in walls for line in card) + "\nENDDATA")
    assert list(understood(text, "a.bdf", ["tag_12"]).patches) == ["tag_12"]
    assert list(understood('$HMNAME COMP 12"the hole"\n' + text, "a.bdf", ["the hole"]).patches) == ["the hole"]


SOLIDS = {"CTETRA": 4, "CPYRAM": 5, "CPENTA": 6, "CHEXA": 8}


@pytest.mark.parametrize("name", SOLIDS)
def test_solids_are_read(name):
    grids = [free("GRID", [k, "", *np.random.default_rng(k).random(3).round(4)]) for k in range(1, 9)]
    text = deck(*grids, free(name, [1, 1, *range(1, SOLIDS[name] + 1)]))
    mesh = read_bytes(text.encode(), "a.bdf")
    assert mesh.dim == 3 and mesh.cells[0].nodes.shape == (1, SOLIDS[name])
