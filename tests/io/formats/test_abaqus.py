"""Abaqus: the same plate in many decks; its sets, surfaces and moves; and what is said, or refused."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from plates import INNER, OCTAGON, POINTS, QUADS, understood

from enf2enf.errors import Enf2EnfError, MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read_bytes
from enf2enf.io.decks.abaqus_sets import Numbered
from enf2enf.mesh import topology


def block(keyword, rows, options):
    heads = "".join(f", {key}={value}" for key, value in options.items())
    return "\n".join([keyword + heads, *(", ".join(map(str, row)) for row in rows), ""])


def nodes(points=POINTS, **options):
    return block("*NODE", [[k, *point] for k, point in enumerate(np.round(points, 9), 1)], options)


def cells(kind="CPS4", corners=QUADS, first=1, **options):
    return block(f"*ELEMENT, TYPE={kind}", [[k, *row] for k, row in enumerate(corners, first)], options)


PLATE = nodes() + cells()
ROUND = [(int(k), int(k) % 8 + 1) for k in INNER]
HOLE = set(ROUND)


def edges(mesh, name):
    """The edges of a patch by the numbers of their nodes."""
    found = {tuple(sorted(edge)) for edge in (mesh.patches[name] + 1).tolist()}
    return {(last, first) if (first, last) == (1, 8) else (first, last) for first, last in found}


NOISE = ["** a comment", "", "  ", "**NODE"]


@settings(max_examples=25, deadline=None)
@given(st.data())
def test_what_a_deck_may_have_between_and_behind_its_data(data):
    """Comments and blanks anywhere, commas at the end, capitals or none, D exponents, elements over several lines."""
    lines = []
    for line in PLATE.splitlines():
        lines += data.draw(st.lists(st.sampled_from(NOISE), max_size=2))
        if line.startswith("*"):
            lines.append(data.draw(st.sampled_from([line, line.lower(), line.replace(", ", " , "), " " + line])))
        elif line.count(",") == 4 and data.draw(st.booleans()):
            head, tail = line.rsplit(", ", 2)[0], line.rsplit(", ", 2)[1:]
            lines += [head + ",", *data.draw(st.lists(st.sampled_from(NOISE), max_size=1)), ", ".join(tail)]
        else:
            lines.append(line + data.draw(st.sampled_from(["", ",", " ,", ", ,"])))
    mesh = understood("\n".join(lines), "a.inp")
    assert mesh.warnings == () and mesh.cell_count == 8
    np.testing.assert_allclose(mesh.points, POINTS, atol=1e-8)


def test_numbers_of_fortran_and_nodes_and_cells_given_twice():
    written = "*NODE\n" + "\n".join(f"{k}, {x:.9E}, {y:.9E}" for k, (x, y) in enumerate(POINTS, 1)).replace("E", "D")
    mesh = understood(f"{written}\n{written}\n{cells()}{cells()}", "a.inp")
    assert len(mesh.points) == 16 and mesh.cell_count == 8


def test_nodes_in_several_blocks_and_some_of_no_cell():
    mesh = understood(
        nodes(OCTAGON, NSET="A") + nodes(NSET="B") + cells() + "*NODE, NSET=REF\n100, 0.75, 0.\n", "a.inp", ["A"]
    )
    assert mesh.warnings == ("nodes: expected a cell at each, got 1 without any, the first at (0.75, 0)",)
    assert edges(mesh, "A") == HOLE and set(mesh.patches) == {"A", "B"}


TRIANGLES = np.concatenate([QUADS[:, :3], QUADS[:, [0, 2, 3]]])
TYPES = {
    "quad": "CPS4 CPS4R CPE4H CPE4RT CPEG4 CAX4P CGAX4 DC2D4 DCAX4 AC2D4 ACAX4 M3D4 M3D4R S4 S4R S4R5 DS4 R3D4 SFM3D4R "
            "COH2D4 DCC2D4D",
    "triangle": "CPS3 CPE3T CAX3 DC2D3 DCAX3 M3D3 S3 S3R STRI3 DS3 R3D3 SFM3D3",
}  # fmt: skip


@pytest.mark.parametrize("name", [name for names in TYPES.values() for name in names.split()])
def test_elements_by_the_shape_in_their_names(name):
    kind = "quad" if name in TYPES["quad"].split() else "triangle"
    mesh = understood(nodes() + cells(name, QUADS if kind == "quad" else TRIANGLES), "a.inp")
    assert [block.kind for block in mesh.cells] == [kind]


@pytest.mark.parametrize("name", ["CPS6M", "CPE6", "STRI65", "CPS8R", "S8R5", "M3D6", "M3D8R", "M3D9R", "S9R5"])
def test_quadratic_elements_with_their_nodes_in_mid_side(name):
    corners = TRIANGLES if "6" in name else QUADS
    every = list(POINTS)
    known, grown = {}, []
    for cell in corners.tolist():
        sides = [tuple(sorted(side)) for side in zip(cell, [*cell[1:], cell[0]], strict=True)]
        for side in sides:
            if side not in known:
                every.append(POINTS[np.array(side) - 1].mean(axis=0))
                known[side] = len(every)
        middle = []
        if "9" in name:
            every.append(POINTS[np.array(cell) - 1].mean(axis=0))
            middle = [len(every)]
        grown.append([*cell, *(known[side] for side in sides), *middle])
    mesh = understood(nodes(np.array(every)) + cells(name, grown), "a.inp")
    assert len(mesh.points) == len(every) and not mesh.warnings
    assert all(len(loop) == 16 for loop in topology.chain(topology.boundary_edges(mesh.cells), mesh.points))


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (2, 0, 1)])
@pytest.mark.parametrize("name", ["T2D3", "B22", "SAX2"])
def test_lines_of_three_nodes_have_one_between_the_others(name, order):
    """Whatever place it has: their ends are told by their distance."""
    turned = np.array([0.0, 0.01, 0.02])
    points = np.concatenate([POINTS, np.stack([2 + turned, turned], axis=1)])
    line = np.array([17, 19, 18])[list(order)]  # two ends, and the middle
    mesh = read_bytes((nodes(points) + cells() + cells(name, [line], 101, ELSET="L")).encode(), "a.inp")
    assert {tuple(sorted(edge)) for edge in (mesh.patches["L"] + 1).tolist()} == {(17, 19)}


@settings(max_examples=25, deadline=None)
@given(turn=st.floats(-180, 180), shift=st.tuples(*[st.floats(-2, 2)] * 2), foot=st.tuples(*[st.floats(-2, 2)] * 2))
def test_instances_are_moved_then_turned(turn, shift, foot):
    about, by = complex(*foot), complex(*shift)
    moved = np.exp(-1j * np.radians(turn)) * (POINTS @ [1, 1j] - about) + about - by
    part = nodes(np.stack([moved.real, moved.imag], axis=1)) + cells()
    place = f"{shift[0]!r}, {shift[1]!r}, 0.\n{foot[0]!r}, {foot[1]!r}, 0., {foot[0]!r}, {foot[1]!r}, 1., {turn!r}\n"
    for text in (
        f"*PART, NAME=P\n{part}*END PART\n*ASSEMBLY, NAME=A\n*INSTANCE, NAME=I, PART=p\n{place}*END INSTANCE\n",
        f"*Part, name=P\n*End Part\n*Assembly, name=A\n*Instance, name=I, part=P\n{place}{part}*End Instance\n",
    ):
        np.testing.assert_allclose(understood(text + "*END ASSEMBLY\n", "a.inp").points, POINTS, atol=1e-8)


@settings(max_examples=25, deadline=None)
@given(turn=st.floats(-3, 3), origin=st.tuples(*[st.floats(-2, 2)] * 2), cylindrical=st.booleans(), side=st.booleans())
def test_nodes_are_given_in_a_system(turn, origin, cylindrical, side):
    local = (POINTS @ [1, 1j] - complex(*origin)) * np.exp(-1j * turn)
    told = np.stack([np.abs(local), np.degrees(np.angle(local))] if cylindrical else [local.real, local.imag], axis=1)
    on_x, on_y = (complex(*origin) + np.exp(1j * (turn + by)) for by in (0.0, np.pi / 2))
    system = f"*SYSTEM\n{origin[0]!r}, {origin[1]!r}, 0., {float(on_x.real)!r}, {float(on_x.imag)!r}, 0.\n"
    system += f"{float(on_y.real)!r}, {float(on_y.imag)!r}, 0.\n" * side
    block = nodes(told, SYSTEM="C") if cylindrical else nodes(told)
    again = "*SYSTEM\n*NODE\n50, 0.5, 0.25\n"  # in no system any more
    mesh = understood(system + block + again + cells(), "a.inp")
    np.testing.assert_allclose(mesh.points, [*POINTS, [0.5, 0.25]], atol=1e-8)


INSTANCE = "*INSTANCE, NAME=I, PART=P\n*END INSTANCE\n"
IN_PART = f"*PART, NAME=P\n{PLATE}{{}}*END PART\n*ASSEMBLY\n{INSTANCE}{{}}*END ASSEMBLY\n"
SETS = {
    "numbers": "*NSET, NSET=hole\n1, 2, 3, 4,\n5, 6, 7, 8\n",
    "a range": "*NSET, NSET=hole, GENERATE\n1, 8\n",
    "ranges": "*NSET, NSET=hole, GENERATE\n1, 7, 2\n2, 8, 2\n",
    "sets": "*NSET, NSET=one\n1, 2, 3, 4\n*NSET, NSET=TWO\n5, 6, 7, 8\n*NSET, NSET=hole\nONE, two\n",
    "in two goes": "*NSET, NSET=hole\n1, 2, 3, 4\n*NSET, NSET=HOLE, GENERATE\n5, 8, 1\n",
    "lines": cells("T2D2", ROUND, 101, ELSET="hole"),
    "a set of lines": cells("T2D2", ROUND, 101) + "*ELSET, ELSET=hole, GENERATE\n101, 108, 1\n",
    "sides": "*ELSET, ELSET=ring, GENERATE\n1, 8, 1\n*SURFACE, NAME=hole\nring, S4\n",
    "sides of one cell after the other": "*SURFACE, TYPE=ELEMENT, NAME=hole\n"
    + "".join(f"{k}, S4\n" for k in range(1, 9)),
    "edges of shells": "*ELSET, ELSET=ring, GENERATE\n1, 8, 1\n*SURFACE, NAME=hole\nring, E4\n",
    "a surface of nodes": "*NSET, NSET=round, GENERATE\n1, 8\n*SURFACE, NAME=hole, TYPE=NODE\nround,\n",
}


@pytest.mark.parametrize("name", SETS)
def test_boundaries_are_named_in_every_way(name):
    for deck in (PLATE + SETS[name], IN_PART.format(SETS[name], "")):
        mesh = understood(deck, "a.inp", ["hole"])
        assert edges(mesh, "hole") == HOLE and mesh.warnings == ()


@pytest.mark.parametrize(
    "text",
    [
        "*NSET, NSET=hole, INSTANCE=I, GENERATE\n1, 8, 1\n",
        "*NSET, NSET=hole, INSTANCE=i\nround\n",
        "*NSET, NSET=hole\nI.round\n",
        "*NSET, NSET=hole\nI.1, i.2, I.3, I.4, I.5, I.6, I.7, I.8\n",
        "*ELSET, ELSET=_S4, INTERNAL, INSTANCE=I, GENERATE\n1, 8\n*SURFACE, NAME=hole, TYPE=ELEMENT\n_S4, S4\n",
        "*SURFACE, NAME=hole\nI.ring, S4\n",
    ],
)
def test_boundaries_are_named_in_the_assembly(text):
    inside = "*NSET, NSET=round, GENERATE\n1, 8\n*ELSET, ELSET=ring, GENERATE\n1, 8\n"
    mesh = understood(IN_PART.format(inside, text), "a.inp", ["hole"])
    assert edges(mesh, "hole") == HOLE and set(mesh.patches) == {"hole", "round"} and mesh.warnings == ()


def test_a_surface_without_sides_is_what_no_other_cell_has():
    mesh = understood(PLATE + "*ELSET, ELSET=half, GENERATE\n1, 4\n*SURFACE, NAME=free\nhalf,\n", "a.inp")
    assert edges(mesh, "free") == {(k, k + 1) for k in (1, 2, 3, 4, 9, 10, 11, 12)}


def test_groups_that_are_no_boundary_are_no_patches():
    """A set of cells, one of nodes with some inside, and faces of shells; two rings, so that there are nodes inside."""
    outer = np.concatenate([QUADS, QUADS + 8])
    points = np.concatenate([OCTAGON, 1.5 * OCTAGON, POINTS[8:]])
    text = nodes(points, NSET="all") + cells("S4", outer, ELSET="PLATE")
    text += "*NSET, NSET=more, GENERATE\n1, 9\n*SURFACE, NAME=top\nPLATE, SPOS\n*NSET, NSET=hole, GENERATE\n1, 8\n"
    mesh = understood(text, "a.inp", ["hole"])
    assert set(mesh.patches) == {"hole"} and mesh.warnings == ()


def test_two_instances_are_two_domains():
    second = "*INSTANCE, NAME=J, PART=P\n3., 0., 0.\n*END INSTANCE\n"
    mesh = read_bytes(IN_PART.format("", second).encode(), "a.inp")
    np.testing.assert_allclose(mesh.points, np.concatenate([POINTS, POINTS + [3, 0]]), atol=1e-8)
    with pytest.raises(Enf2EnfError, match="expected one connected domain, got 4 loops"):
        Geometry.from_mesh(mesh)


def test_parts_without_an_assembly_are_where_they_are():
    assert understood(f"*PART, NAME=P\n{PLATE}*END PART\n", "a.inp").warnings == ()


SPRINGS = "*ELEMENT, TYPE=SPRING2, ELSET=SP\n50, 1, 5\n51, 2, 6\n*ELEMENT, TYPE=MASS\n52, 1\n"
SAID = {
    SPRINGS: "elements: expected surfaces and lines, got 2 SPRING2, 1 MASS, left out",
    "*NSET, NSET=a\nb\n": "sets: expected numbers and sets that the file defines, got others in 'a', left out",
    "*NSET, NSET=a\nb\n*NSET, NSET=b\na\n": "sets: .*'a', 'b', left out",
    "*ELSET, ELSET=e\n1, 2\n*NSET, NSET=a, ELSET=e\n": "sets: .* 'a', left out",
    "*SURFACE, NAME=s, COMBINE=UNION\na, b\n": "sets: .* 's', left out",
}


@pytest.mark.parametrize("text", SAID)
def test_what_is_left_out_is_said(text):
    (said,) = understood(PLATE + text, "a.inp").warnings
    assert re.fullmatch(SAID[text], said)


def test_springs_may_be_in_sets_of_cells():
    (said,) = understood(f"{PLATE}{SPRINGS}*ELSET, ELSET=every\nSP, 1, 2\n", "a.inp").warnings
    assert said.startswith("elements: ")


def test_a_part_without_an_instance_is_said():
    text = IN_PART.format("", "") + f"*PART, NAME=Spare\n{nodes(POINTS + 9)}{cells()}*END PART\n"
    assert understood(text, "a.inp").warnings == ("parts: expected an instance of each, got none of 'spare', left out",)


CONTACT = "*MODEL CHANGE, TYPE=CONTACT PAIR, REMOVE\na, b\n"
PHYSICS = "*MATERIAL, NAME=M\n*ELASTIC\n1., .3\n*STEP\n*STATIC\n*NODE OUTPUT\nU\n*ELEMENT OUTPUT\nS\n*END STEP\n"


def test_what_does_not_matter_is_not_looked_at():
    assert understood(f"*HEADING\nINCLUDE nothing, 1 2 3\n{PLATE}{PHYSICS}{CONTACT}", "a.inp").warnings == ()


REFUSED = {
    "*ELGEN\n1, 4, 1, 1\n": r"^a.inp: line 27: \*ELGEN: expected nodes and elements written out, got what makes",
    "*NGEN\n1, 4\n": r"\*NGEN", "*NFILL\na, b, 2, 2\n": r"\*NFILL", "*NCOPY, CHANGE NUMBER=1\n": r"\*NCOPY",
    "*NMAP\n": r"\*NMAP", "*EL COPY\n": r"\*ELCOPY", "*IMPERFECTION, FILE=a\n": r"\*IMPERFECTION",
    "*IMPORT\n": r"\*IMPORT", "*MODEL CHANGE, REMOVE\na\n": r"\*MODELCHANGE: expected the same elements throughout",
    "*INSTANCE, INSTANCE=I, LIBRARY=l\n": r"\*INSTANCE: expected nodes and elements written out",
    "*INSTANCE, NAME=I, PART=Q\n": "instance 'i': expected a part of the file, got 'Q'",
    "*PART\n": r"\*PART: expected a NAME of its own, got ''$",
    "*PART, NAME=P\n*END PART\n*PART, NAME=p\n": r"\*PART: expected a NAME of its own, got 'p'$",
    f"*PART, NAME=P\n*END PART\n{INSTANCE}{INSTANCE}": r"\*INSTANCE: expected a NAME of its own, got 'i'$",
    "*NODE, INPUT=n.inp\n": r"\*NODE: expected data in the file itself, got INPUT",
    "*NODE, SYSTEM=S\n": r"\*NODE: expected rectangular or cylindrical coordinates, got SYSTEM=S",
    "*NODE\n1, 9., 9.\n": "^a.inp: node 1: expected one definition, got two that differ$",
    "*NODE\nx, 9., 9.\n": r"line 28: \*NODE: expected numbers, got 'x'$",
    "*NODE\n<x>, 9., 9.\n": r"line 28: \*NODE: expected numbers, got '<x>'$",
    "*ELEMENT, TYPE=CPS4\n1, 2, 3, 4, 5\n": "^a.inp: element 1: expected one definition, got two that differ$",
    "*ELEMENT, TYPE=CPS4\n9, 1, 2, 3, 99\n": "quad cells: expected nodes that the file defines, got node 99$",
    "*ELEMENT, TYPE=CPS4\n9, 1, 2, 3\n": "elements of as many nodes as their type, got 3 of element 9$",
    "*ELEMENT, TYPE=CPS4\n9, 1, 2, 3, 4, 5\n": "elements of as many nodes as their type, got 5 of element 9$",
    "*ELEMENT, TYPE=CINPS4\n9, 1, 2, 3, 4\n": "an element type whose shape is known, got TYPE=CINPS4$",
    cells("T2D2", ROUND): "^a.inp: element 1: expected one definition, got two of different types$",
    "*ELEMENT, TYPE=U1\n9, 1, 2\n": "got TYPE=U1$", "*ELEMENT\n9, 1, 2\n": "got TYPE=$",
    "*SYSTEM\n0., 0., 0., 0., 0., 1.\n*NODE\n": r"\*SYSTEM: expected three points that are not on one line",
    "*NSET, NSET=a, GENERATE\n1, 8, 0\n": r"line 28: \*NSET: expected numbers, got steps of 0",
    "*INCLUDE, INPUT=mesh.inp\n": r"complete in itself, got an \*INCLUDE of another file",
}  # fmt: skip


@pytest.mark.parametrize("text", REFUSED)
def test_what_would_be_another_mesh_is_refused(text):
    with pytest.raises(MeshError, match=REFUSED[text]):
        read_bytes((PLATE + text).encode(), "a.inp")


def test_an_include_alone_is_called_that():
    with pytest.raises(MeshError, match=r"got an \*INCLUDE of another file"):
        read_bytes(b"** all of it\n*Include, input=mesh.inp\n", "a.inp")


@pytest.mark.parametrize("last", [5, 9, 1000])
def test_ranges_in_steps_whether_they_are_denser_than_the_numbers_or_not(last):
    numbers = np.array([9, 1, 2, 3, 4])
    found = Numbered(numbers, 10).within(1, last, 2)
    assert set(found) == {10 + k for k, n in enumerate(numbers) if n % 2 and n <= last}
