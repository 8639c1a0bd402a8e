"""Boundaries with parts: patches survive a turn of the loop, files and pipes; what is none is refused."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.errors import GeometryError
from enf2enf.geometry import Geometry
from enf2enf.geometry.arrays import GeometryArrays, joined, nth
from enf2enf.geometry.boundary import Part
from enf2enf.geometry.plane.polygon import Polygon, area
from enf2enf.mesh import CellBlock, Mesh


def regular(sides: int, size: float = 0.2, at: float = 0.5) -> np.ndarray:
    """A regular polygon, counter-clockwise."""
    angle = 2 * np.pi * np.arange(sides) / sides
    return at + size * np.stack([np.cos(angle), np.sin(angle)], axis=1)


@st.composite
def polygons(draw, role="wall"):
    """A regular polygon whose sides are in up to four patches, in either direction."""
    sides = draw(st.integers(3, 12))
    firsts = sorted({0} | set(draw(st.lists(st.integers(1, sides - 1), max_size=3))))
    parts = [Part(draw(st.sampled_from(["", "a", "b"])), role, first) for first in firsts]
    points = regular(sides, draw(st.floats(0.05, 0.2)))
    return Polygon(points[::-1] if draw(st.booleans()) else points, parts)


def patch_of_sides(polygon: Polygon) -> dict[frozenset, str]:
    """The two ends of every side -> the patch that it is in."""
    count = len(polygon.vertices)
    ends = [*(part.first for part in polygon.parts[1:]), count]
    found = {}
    for part, end in zip(polygon.parts, ends, strict=True):
        for side in range(part.first, end):
            found[frozenset(tuple(polygon.vertices[k % count]) for k in (side, side + 1))] = part.patch
    return found


@given(polygons())
def test_every_side_keeps_its_patch_whichever_way_a_loop_goes(polygon):
    back = polygon.reversed()
    assert patch_of_sides(back) == patch_of_sides(polygon) and len(patch_of_sides(polygon)) == len(polygon.vertices)
    assert area(back.vertices) < 0 < area(polygon.vertices)
    assert patch_of_sides(back.reversed()) == patch_of_sides(polygon)
    assert {part.role for part in back.as_role("far").parts} == {"far"}


@given(st.lists(polygons(), min_size=1, max_size=3), st.booleans(), st.sampled_from(["other", "far"]))
def test_geometries_come_back_from_a_table_to_the_bit(bodies, bounded, role):
    square = Polygon(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])).as_role(role)
    geometries = [Geometry((body, square) if bounded else (body,)) for body in bodies]
    table = joined([GeometryArrays.of(geometry) for geometry in geometries])
    for number, geometry in enumerate(geometries):
        again = nth(table, number).geometry()
        for one, other in zip(geometry.boundaries, again.boundaries, strict=True):
            np.testing.assert_array_equal(one.vertices, other.vertices)
            assert patch_of_sides(one) == patch_of_sides(other) and one.role == other.role
        assert (again.outer is None) == (not bounded)


SPOILT = {
    "short": {"lengths": np.array([2, 10])},
    "other lengths": {"lengths": np.array([8, 5])},
    "no role": {"parts": np.array([[0, 0, 7], [1, 0, 1]])},
    "no boundary": {"parts": np.array([[0, 0, 0], [2, 0, 1]])},
    "beyond": {"parts": np.array([[0, 9, 0], [1, 0, 1]])},
    "not at 0": {"parts": np.array([[0, 1, 0], [1, 0, 1]])},
    "names": {"patches": ("a",)},
    "not finite": {"vertices": np.full((12, 2), np.nan)},
}


@pytest.mark.parametrize("sin", SPOILT)
def test_arrays_that_contradict_each_other_are_refused(sin):
    square = Polygon(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])).as_role("other")
    arrays = GeometryArrays.of(Geometry((Polygon(regular(8)), square)))
    assert len(arrays.geometry().boundaries) == 2
    with pytest.raises(GeometryError, match="geometry: expected arrays that fit each other"):
        dataclasses.replace(arrays, **SPOILT[sin]).geometry()


def test_patches_of_a_mesh_are_parts_of_its_boundaries():
    """A square with a square hole in quadratic cells, whose sides are patches; two of the outer ones have one name."""
    inner, outer = regular(4, 0.2), regular(4, 1.0)
    ring = np.concatenate([inner, outer])
    middle = lambda a, b: (ring[a] + ring[b]) / 2  # noqa: E731
    corners = [(k, 4 + k, 4 + (k + 1) % 4, (k + 1) % 4) for k in range(4)]
    points, seen = list(ring), {}
    cells = []
    for quad in corners:
        mids = []
        for a, b in zip(quad, quad[1:] + quad[:1], strict=True):
            key = (min(a, b), max(a, b))
            if key not in seen:
                seen[key] = len(points)
                points.append(middle(a, b))
            mids.append(seen[key])
        cells.append([*quad, *mids])
    patches = {
        "hole": np.array([[k, (k + 1) % 4] for k in range(4)]),
        "in": np.array([[4, 5]]), "sides": np.array([[5, 6], [7, 4]]), "out": np.array([[6, 7]]),
    }  # fmt: skip
    mesh = Mesh(np.array(points), (CellBlock("quad8", np.array(cells)),), patches)
    geometry = Geometry.from_mesh(mesh)
    wall, around = geometry.boundaries
    assert (wall.role, around.role) == ("wall", "other")
    assert set(patch_of_sides(wall).values()) == {"hole"} and len(wall.vertices) == 8
    names = list(patch_of_sides(around).values())
    assert sorted(names) == sorted(["in"] * 2 + ["sides"] * 4 + ["out"] * 2)
    for name, facets in (item for item in patches.items() if item[0] != "hole"):
        for a, b in facets:
            for end in (a, b):
                side = frozenset([tuple(mesh.points[end]), tuple(middle(a, b))])
                assert patch_of_sides(around)[side] == name


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ((), "parts that begin at 0"),
        ((Part("a", "wall", 1),), "parts that begin at 0"),
        ((Part(), Part("b", "wall", 4)), "at growing numbers below 4"),
        ((Part(), Part("b", "inlet", 2)), "role of boundary: expected wall or other or far, got 'inlet'"),
        ((Part(), Part("b", "far", 2)), "no walls and no other parts beside a far one, got far and wall"),
    ],
)
def test_parts_that_are_none_are_refused(parts, sentence):
    with pytest.raises(GeometryError, match=sentence):
        Polygon(regular(4), parts)


def test_one_boundary_around_a_domain_is_enough():
    square = Polygon(np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]]))
    with pytest.raises(GeometryError, match="one boundary around the domain at the most, got 2"):
        Geometry((Polygon(regular(8)), square.as_role("other"), square.reversed()))
