"""Bare curves, each of which is a patch: all bodies are walls, or the ones that are left out are named."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.errors import GeometryError, MeshError
from enf2enf.geometry import Geometry
from enf2enf.io.accept import accept
from enf2enf.mesh import Mesh
from enf2enf.mesh.curves import closed_curves

AROUND = 2 * np.pi * np.arange(20) / 20
CIRCLE = 0.1 * np.stack([np.cos(AROUND), np.sin(AROUND)], axis=1)
BOX = np.array([[-1.0, -1], [9, -1], [9, 1], [-1, 1]])


def bare(curves: list[np.ndarray]) -> Mesh:
    """Closed curves, the patches `0`, `1`, ..."""
    mesh, ends = closed_curves(curves), np.cumsum([0, *map(len, curves)])
    nodes = mesh.cells[0].nodes
    return dataclasses.replace(mesh, patches={str(n): nodes[ends[n] : ends[n + 1]] for n in range(len(curves))})


NUMBERLESS = {
    "hidden": np.ma.masked_array(CIRCLE, mask=np.arange(40).reshape(20, 2) == 7),
    "complex": CIRCLE + 0j,
    "texts": CIRCLE.astype(str),
    "objects": CIRCLE.astype(object),
}


@pytest.mark.parametrize("sin", NUMBERLESS)
def test_curves_of_other_than_plain_numbers_are_refused(sin):
    wrong = NUMBERLESS[sin]
    for given_ in ([wrong], wrong, [CIRCLE + 1, wrong]):
        with pytest.raises(MeshError, match=r"curve \d: expected at least three points .*, got an array of"):
            accept(given_)
    if sin == "hidden":  # of the others the annotation says so
        with pytest.raises(GeometryError, match="expected points in the plane, .*, got an array of"):
            Geometry.of([wrong])


@pytest.mark.parametrize("place", ["point", "cell"])
def test_complex_values_are_refused(place):
    with pytest.raises(MeshError, match=f"{place} data 'p': expected real numbers, got complex ones"):
        dataclasses.replace(bare([CIRCLE]), **{f"{place}_data": {"p": CIRCLE[:, 0] + 1j}})


def test_the_name_says_what_a_file_is_whose_own_name_does_not(tmp_path):
    path = tmp_path / "upload.tmp"
    path.write_text("".join(f"{x!r},{y!r}\n" for x, y in CIRCLE.tolist()))
    np.testing.assert_array_equal(accept(path, "curve.csv").points, CIRCLE)
    np.testing.assert_array_equal(accept(str(path), "csv").points, CIRCLE)
    with pytest.raises(MeshError, match="upload.tmp: expected a mesh in one of the formats"):
        accept(path)


@given(count=st.integers(2, 6), boxed=st.booleans(), data=st.data())
def test_walls_that_name_only_some_bodies_are_refused(count, boxed, data):
    """With a curve around all of them, which is no body, and without one."""
    curves = [CIRCLE + [number, 0] for number in range(count)] + [BOX] * boxed
    named = data.draw(st.sets(st.integers(0, count - 1), min_size=1))
    mesh, walls = bare(curves), [str(number) for number in sorted(named)]
    if len(named) == count:
        assert len(Geometry.from_mesh(mesh, walls).walls) == count
        return
    place = f"({min(set(range(count)) - named)}, "
    with pytest.raises(
        GeometryError, match="every inner loop among the named patches, got an unnamed one about"
    ) as got:
        Geometry.from_mesh(mesh, walls)
    assert place in str(got.value)
