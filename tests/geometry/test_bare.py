"""Bare curves, each of which is a patch: all bodies are walls, or the ones that are left out are named."""

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.errors import GeometryError
from enf2enf.geometry import Geometry
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
