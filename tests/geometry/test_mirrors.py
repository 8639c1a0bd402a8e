"""Conditions at a plane of symmetry: what a mirror does not change is taken, whatever its size; the rest is named."""

import flows
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.errors import ConditionError
from enf2enf.geometry.mirrors import check_mirrored
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.mesh.unfold import mirrors

angles, sizes = st.floats(-4, 4), st.sampled_from([1e-300, 1e-3, 1.0, 1e8, 1e300])
HEAT, INFLOW, GRAVITY, SWIRL = 0, slice(1, 3), slice(3, 5), 5


def plane(angle: float):
    """The mirror of a triangle that ends at a plane through the origin, and the direction of that plane."""
    along = np.array([np.cos(angle), np.sin(angle)])
    points = np.stack([0 * along, along, along + [-along[1], along[0]]])
    mesh = Mesh(points, (CellBlock("triangle", np.arange(3)[None]),), {"symmetry": np.array([[0, 1]])})
    return mirrors(mesh, ("symmetry",)), along


@given(angles, sizes, st.floats(-1, 1), st.floats(-1, 1))
def test_what_a_mirror_does_not_change_is_taken(angle, size, inflow, gravity):
    axes, along = plane(angle)
    row = np.array([300.0, *size * inflow * along, *gravity * along, 0.0])
    check_mirrored(flows.SCHEMA, row, axes)
    check_mirrored(flows.SCHEMA, row + 9e-7 * np.hypot(*row[INFLOW]) * np.eye(6)[2], axes)


@pytest.mark.parametrize("culprit", ["inflow", "gravity", "swirl"])
@given(angle=angles, size=sizes, share=st.sampled_from([1.1e-6, 0.1, 1.0]), side=st.sampled_from([-1, 1]))
def test_what_it_changes_is_named(culprit, angle, size, share, side):
    axes, along = plane(angle)
    across = np.array([-along[1], along[0]])
    row = np.array([300.0, *along, *2 * along, 0.0])
    if culprit == "swirl":
        row[SWIRL], sentence = side * size, "expected 0 at a plane of symmetry, got "
    else:
        row[INFLOW if culprit == "inflow" else GRAVITY] = size * (along + side * share * across)
        sentence = r"expected along the plane of symmetry, got \["
    with pytest.raises(ConditionError, match=f"^condition '{culprit}': {sentence}"):
        check_mirrored(flows.SCHEMA, row, axes)
    check_mirrored(flows.SCHEMA, row, ())
