"""Halves and quarters of domains, mirrored across their planes of symmetry: over random ones of every kind of cell."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sectors import KINDS, SLICES, Sector

from enf2enf.errors import GeometryError
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.outline import Outline
from enf2enf.geometry.plane.polygon import areas
from enf2enf.io import read_bytes, write_bytes
from enf2enf.mesh import CellBlock, Mesh, topology
from enf2enf.mesh.unfold import mirrors, unfolded

sectors = st.builds(
    Sector, st.sampled_from(KINDS), st.tuples(*3 * [st.floats(-0.15, 0.15)]), st.integers(3, 8), st.integers(1, 4),
    st.floats(-4, 4), st.tuples(*2 * [st.floats(-50, 50)]),
)  # fmt: skip
parts = st.sampled_from([("half", ("front", "back")), ("quarter", ("front", "side")), ("quarter", ("side", "front"))])


def signed(mesh: Mesh) -> np.ndarray:
    """The areas of all cells, positive where they go round counter-clockwise."""
    blocks = [block for block in mesh.cells if topology.is_surface(block.kind)]
    middle = mesh.points.mean(axis=0)
    return np.concatenate([np.zeros(0), *(areas((mesh.points - middle)[topology.rings(block)]) for block in blocks)])


def nearest(points: np.ndarray, others: np.ndarray) -> np.ndarray:
    """The number of the other point that each point is."""
    distance = np.linalg.norm(points[:, None] - others, axis=-1)
    assert distance.min(axis=1).max() < 1e-12 * (1 + abs(points).max())
    return distance.argmin(axis=1)


@settings(max_examples=60)
@given(sectors, parts)
def test_the_whole_is_twice_the_half_and_its_own_mirror_image(sector, part):
    which, patches = part
    half, images = sector.mesh(which), SLICES[which]
    whole = unfolded(half, patches)
    np.testing.assert_array_equal(whole.points[: len(half.points)], half.points)
    area = signed(whole)
    np.testing.assert_allclose(area, np.tile(signed(half), images), rtol=1e-9, atol=1e-12)
    assert sorted(whole.patches) == ["far", "wall"]
    for name, facets in whole.patches.items():
        assert len(facets) == images * len(half.patches[name]) == len(np.unique(np.sort(facets), axis=0))
    lines = [block.nodes for block in whole.cells if topology.is_curve(block.kind)] or [np.zeros((0, 2), int)]
    for ends in (*lines, *whole.patches.values()):  # each begins where another one of its loop ends
        np.testing.assert_array_equal(np.sort(ends[:, 0]), np.sort(ends[:, 1]))
    for axes in mirrors(half, patches):
        np.testing.assert_allclose(axes @ axes, np.eye(2), atol=1e-12)
        image = nearest((whole.points - sector.shift) @ axes + sector.shift, whole.points)
        np.testing.assert_array_equal(np.sort(image), np.arange(len(whole.points)))
        every = {(block.kind, *sorted(row)) for block in whole.cells for row in block.nodes.tolist()}
        assert every == {(block.kind, *sorted(row)) for block in whole.cells for row in image[block.nodes].tolist()}
        assert len(every) == whole.cell_count


@pytest.mark.slow
@settings(max_examples=30)
@given(sectors, parts)
def test_its_curves_are_those_of_a_mesh_of_the_whole(sector, part):
    which, patches = part
    found, expected = (sector.loops(mesh) for mesh in (unfolded(sector.mesh(which), patches), sector.mesh("whole")))
    assert [len(loop) for loop in found] == [len(loop) for loop in expected]
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12 * (1 + np.hypot(*sector.shift)))
    for walls in ((), ("wall",)):
        made, whole = (
            Geometry.from_mesh(m, walls) for m in (unfolded(sector.mesh(which), patches), sector.mesh("whole"))
        )
        assert list(map(len, made.walls)) == list(map(len, whole.walls))
        assert {part.patch for boundary in made.boundaries for part in boundary.parts} == {"wall", "far"}


@pytest.mark.parametrize("form", ["vtu", "gmsh", "su2"])
def test_halves_are_unfolded_from_files(form):
    sector = Sector("quad", (0.1,))
    stored = read_bytes(write_bytes(sector.mesh("half"), form), form)
    made = sector.loops(unfolded(stored, ("front", "back")))
    for one, other in zip(made, sector.loops(sector.mesh("whole")), strict=True):
        np.testing.assert_allclose(one, other, atol=1e-12)


def test_values_are_left_out_and_warnings_are_not():
    half = Sector("quad").mesh("half")
    half = dataclasses.replace(half, point_data={"p": half.points[:, 0]}, warnings=("a warning",))
    whole = unfolded(half, ("front", "back"))
    assert (dict(whole.point_data), whole.warnings) == ({}, ("a warning",))
    assert unfolded(half, ()) is half and mirrors(half, ()) == ()


HALF = Sector("quad", (0.1,), turn=0.3, shift=(1.0, -2.0))
BOTH = ("front", "back")


def pieces(mesh: Mesh, *names: str) -> dict[str, np.ndarray]:
    return {name: mesh.patches[name] for name in names}


def test_a_plane_may_be_of_several_patches_and_a_patch_on_both_sides_of_the_body():
    half = HALF.mesh("half")
    apart = unfolded(half, ("back", "front", "back"))
    joined = dataclasses.replace(half, patches=pieces(half, "wall", "far") | {"symmetry": np.concatenate(
        list(pieces(half, *BOTH).values()))})  # fmt: skip
    np.testing.assert_allclose(unfolded(joined, ("symmetry",)).points, apart.points, atol=1e-12)
    assert len(mirrors(half, BOTH)) == len(mirrors(joined, ("symmetry",))) == 1


@pytest.mark.parametrize("noise", [1e-9, 6e-8])
def test_nodes_need_not_be_in_the_plane_to_the_last_bit(noise):
    half, random = HALF.mesh("half"), np.random.default_rng(0)
    shaken = dataclasses.replace(half, points=half.points + 6 * noise * random.uniform(-1, 1, half.points.shape))
    whole = unfolded(shaken, BOTH)
    np.testing.assert_allclose(whole.points, unfolded(half, BOTH).points, atol=100 * noise)
    assert len(Outline.of(whole).loops) == 2


def test_a_wall_may_leave_the_plane_in_a_cusp():
    """Closer to the plane than what counts as in it, for many of its sides."""
    x = np.linspace(0, 1, 200)
    lens = np.stack([x, 0.2 * (x * (1 - x)) ** 3], axis=1)
    box = np.array([[3.0, 0.0], [3.0, 2.0], [-2.0, 2.0], [-2.0, 0.0]])
    points = np.concatenate([lens, box])
    ring = np.stack([np.arange(len(points)), np.roll(np.arange(len(points)), -1)], axis=1)
    patches = {"wall": ring[:199], "symmetry": ring[[199, -1]], "far": ring[200:-1]}
    whole = unfolded(Mesh(points, (CellBlock("line", ring),), patches), ("symmetry",))
    geometry = Geometry.from_mesh(whole)
    assert (abs(lens[:, 1]) < 5e-6).sum() > 10 and [len(wall) for wall in geometry.walls] == [398]


def channel(across: int, part: int) -> Mesh:
    """A channel of 4 by 2 with a bump on both walls, or the lower `part` of its cells."""
    x, share = np.linspace(0, 4, 25), np.linspace(0, 2, across + 1)
    floor = 0.2 * np.exp(-(((x - 1.5) / 0.4) ** 2))[:, None]
    y = floor + share * (1 - floor)
    node = np.arange(25 * (part + 1)).reshape(25, part + 1)
    quads = np.stack([node[:-1, :-1], node[1:, :-1], node[1:, 1:], node[:-1, 1:]], axis=2).reshape(-1, 4)
    lines = {"floor": node[:, 0], "roof": node[:, -1], "in": node[0], "out": node[-1]}
    patches = {name: np.stack([line[:-1], line[1:]], axis=1) for name, line in lines.items()}
    points = np.stack([np.repeat(x, part + 1), y[:, : part + 1].ravel()], axis=1)
    return Mesh(points, (CellBlock("quad", quads),), patches)


def test_half_a_channel_has_the_walls_of_the_whole():
    """Parts of one boundary, from the inlet to the outlet, both of which end at the plane."""
    made = Geometry.from_mesh(unfolded(channel(8, 4), ("roof",), ("floor",)), ("floor",))
    whole = Geometry.from_mesh(channel(8, 8), ("floor", "roof"))
    assert len(made.boundaries) == 1 and sorted(len(run.sides) for run in made.runs) == [24, 24]
    for count in (32, 128):
        seen = [geometry.panels(count)[np.lexsort(geometry.panels(count)[:, 0].T)] for geometry in (made, whole)]
        np.testing.assert_allclose(*seen, atol=1e-12)
    probes = np.random.default_rng(0).uniform([0, -0.5], [4, 2.5], (200, 2))
    np.testing.assert_allclose(made.signed_distance(probes), whole.signed_distance(probes), atol=1e-12)


def test_nodes_of_no_cell_are_on_no_side():
    half = HALF.mesh("half")
    strange = np.concatenate([half.points, HALF.placed(np.array([[2.0, -2.0]]))])
    whole = unfolded(dataclasses.replace(half, points=strange), BOTH)
    assert len(Outline.of(whole).loops) == 2 and signed(whole).sum() == pytest.approx(2 * signed(half).sum())


def square(patch: list[list[int]], cells: int = 4, **others: list[list[int]]) -> Mesh:
    """Some of the four quarters of a square of 3 by 3 nodes, with a patch."""
    points = np.stack(np.meshgrid([0.0, 1.0, 2.0], [0.0, 1.0, 2.0]), axis=-1).reshape(-1, 2)
    quads = np.array([[0, 1, 4, 3], [1, 2, 5, 4], [3, 4, 7, 6], [4, 5, 8, 7]][:cells])
    return Mesh(
        points, (CellBlock("quad", quads),), {name: np.array(part) for name, part in {"a": patch, **others}.items()}
    )


BOTTOM, LEFT, TOP = [[0, 1], [1, 2]], [[0, 3], [3, 6]], [[6, 7], [7, 8]]
REFUSED = {
    "an unknown patch": (square(BOTTOM), ("b",), (), r"patches among \['a'\], got 'b'"),
    "a corner": (square([[0, 1], [0, 3]]), ("a",), (), r"patches on a straight line, got 'a', .* off it at \("),
    "a bent side": (
        Mesh(np.array([[0, 0], [1, 0], [0, 1], [0.5, 0.1], [0.6, 0.6], [0, 0.5]], float),
             (CellBlock("triangle6", np.arange(6)[None]),), {"a": np.array([[0, 1]])}),
        ("a",), (), r"patches on a straight line, got 'a', 0.1 off it at \(0.5, 0.1\)"),
    "a step": (square([[4, 5]], cells=3), ("a",), (),
               r"all of the mesh on one side of 'a', got nodes on both, \(0, 0\) and \(0, 2\)"),
    "an interior line": (square([[3, 4], [4, 5]]), ("a",), (),
                         r"patches on the boundary of the cells, got 'a' with 2 edges that are not on it"),
    "no line of a curve": (dataclasses.replace(square(BOTTOM), cells=(CellBlock("line", np.array([[2, 5], [5, 0]])),)),
                           ("a",), (), "patches on the boundary of the cells, got 'a' with 2 edges"),
    "a wall": (square(BOTTOM), ("a",), ("a",), "patches that are no walls, got edges of the wall 'a'"),
    "an edge of a wall": (square(BOTTOM, b=[[2, 1], [2, 5]]), ("a",), ("b",),
                          "patches that are no walls, got edges of the wall 'b'"),
    "parallel planes": (square(BOTTOM, b=TOP), ("a", "b"), (),
                        "planes perpendicular to each other, got 'a' and 'b' at 0 degrees"),
    "a wedge": (Mesh(np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0]]), (CellBlock("triangle", np.arange(3)[None]),),
                     {"a": np.array([[0, 1]]), "b": np.array([[0, 2]])}),
                ("a", "b"), (), "planes perpendicular to each other, got 'a' and 'b' at 45 degrees"),
    "a part of the plane": (square(BOTTOM[:1]), ("a",), (),
                            r"in the plane of 'a' among its patches, got 1 that are not, the first at \(1, 0\)"),
    "no edges": (dataclasses.replace(square(BOTTOM), patches={"a": np.zeros((0, 2), int)}), ("a",), (),
                 "patches with edges that have a length, got 'a' without"),
    "edges of no length": (square([[1, 1]]), ("a",), (), "patches with edges that have a length, got 'a' without"),
    "nothing beside it": (Mesh(np.array([[0.0, 0.0], [1.0, 0.0]]), (CellBlock("line", np.array([[0, 1]])),),
                               {"a": np.array([[0, 1]])}), ("a",), (), "one side of 'a', got nodes on none"),
    "space": (Mesh(np.eye(3), (CellBlock("triangle", np.arange(3)[None]),), {"a": np.array([[0, 1]])}), ("a",), (),
              "a plane mesh, got one in space"),
}  # fmt: skip


@pytest.mark.parametrize("sin", REFUSED)
def test_what_is_no_half_is_refused_by_its_cause(sin):
    mesh, patches, walls, sentence = REFUSED[sin]
    with pytest.raises(GeometryError, match=f"^symmetry: expected .*{sentence}"):
        unfolded(mesh, patches, walls)


def test_a_square_is_unfolded_into_two():
    """So that what is refused above is not refused for being a square."""
    assert signed(unfolded(square(BOTTOM), ("a",))).tolist() == [1.0] * 8
    assert signed(unfolded(square(BOTTOM, b=LEFT), ("a", "b"), ("c",))).sum() == 16
