"""Which frames there are: their axes, what conditions are in them, and what is refused by name."""

import dataclasses
import re

import numpy as np
import pytest
from flows import BOX, SCHEMA
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.errors import ConditionError, ConfigError
from enf2enf.geometry import Geometry
from enf2enf.geometry.frames import FrameConfig

numbers = st.floats(-1e3, 1e3)
rows = st.tuples(*6 * [numbers]).map(np.array).filter(lambda row: np.hypot(*row[1:3]) > 1e-6)
reflections = st.sampled_from([(), ("y",)])


@given(row=rows, mirrors=reflections)
def test_the_first_axis_is_along_the_inflow_and_the_others_are_its_mirror_images(row, mirrors):
    frames = FrameConfig("inflow", mirrors, BOX)
    axes = frames.axes(SCHEMA, row)
    assert len(axes) == frames.count == 2 ** len(mirrors)
    speed = np.hypot(*row[1:3])
    for number, one in enumerate(axes):
        np.testing.assert_allclose(one @ one.T, np.eye(2), atol=1e-14)
        np.testing.assert_allclose(one @ row[1:3], [speed, 0], atol=1e-12 * speed)
        assert np.linalg.det(one) == pytest.approx((-1) ** number)
        turned = frames.turned(SCHEMA, row, one)
        assert turned[1:3].tolist() == [speed, 0.0]  # nothing of the direction is left, to the bit
        np.testing.assert_allclose(turned[3:5], one @ row[3:5], atol=1e-12 * np.abs(row).max())
        assert (turned[0], turned[5]) == (row[0], (-1) ** number * row[5])


@given(row=rows, anchor=st.sampled_from(["domain", "walls"]), mirrors=st.sampled_from([(), ("x",), ("x", "y")]))
def test_other_frames_do_not_know_the_conditions(row, anchor, mirrors):
    frames = FrameConfig(anchor, mirrors, BOX if anchor == "walls" else ())
    assert np.array_equal(frames.axes(SCHEMA, row), frames.axes(SCHEMA, np.zeros(6)))
    assert np.array_equal(frames.turned(SCHEMA, row, np.eye(2)), row)
    assert not frames.follows_conditions and frames.count == 2 ** len(mirrors)


@given(at=st.tuples(numbers, numbers), size=st.floats(0.1, 10), sides=st.integers(30, 90))
def test_the_centroid_is_that_of_the_curve_however_it_is_cut(at, size, sides):
    """Vertices are crowded on one side of a circle, where their mean would be."""
    angle = 2 * np.pi * (np.arange(sides) / sides) + 0.5 * np.sin(2 * np.pi * np.arange(sides) / sides)
    circle = np.array(at) + size * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    geometry = Geometry.of([circle])
    frame = FrameConfig("walls", (), BOX).of(geometry, 2.0, [np.eye(2)])[0]
    np.testing.assert_allclose(frame.origin, at, atol=1e-2 * size)
    assert np.linalg.norm(circle.mean(axis=0) - at) > 0.2 * size
    assert geometry.extent == pytest.approx(2 * size, rel=1e-2)
    np.testing.assert_array_equal(FrameConfig("walls", (), BOX).box_of(geometry, frame), BOX)


CORNERS = "frames.box: expected tuples of a lower and an upper corner in reference lengths, in this order, got "
REFUSED = {
    "anchor": ({"anchor": "nose"}, "frames.anchor: expected domain or walls or inflow, got 'nose'"),
    "axis": ({"reflections": ("z",)}, "frames.reflections: expected a tuple of axes, x or y, got ('z',)"),
    "no tuple": ({"reflections": 5}, "frames.reflections: expected a tuple of axes, x or y, got 5"),
    "list": ({"anchor": "walls", "box": [*map(list, BOX)]}, CORNERS),
    "array": ({"anchor": np.ones(2)}, "frames.anchor: expected domain or walls or inflow, got array([1., 1.])"),
    "arrays": ({"reflections": (np.ones(2),)}, "frames.reflections: expected a tuple of axes, x or y, got (array("),
    "box of numbers": ({"box": np.ones(2)}, "frames.box: expected none where the anchor is the domain, whose bounds"),
    "number": ({"anchor": "walls", "box": 5}, CORNERS),
    "numbers": ({"anchor": "walls", "box": (1.0, 2.0)}, CORNERS),
    "box of the domain": (
        {"box": BOX}, "frames.box: expected none where the anchor is the domain, whose bounds it is, got ((-2.0, -1.5)"
    ),
    "no box": (
        {"anchor": "walls"},
        "frames.box: expected tuples of a lower and an upper corner in reference lengths, in this order, got ()",
    ),
    "one corner": ({"anchor": "walls", "box": (BOX[0],)}, CORNERS),
    "flat box": ({"anchor": "walls", "box": ((0.0, 0.0), (1.0, 0.0))}, CORNERS),
    "upside down": ({"anchor": "walls", "box": BOX[::-1]}, CORNERS),
    "ragged box": ({"anchor": "walls", "box": ((0.0,), (1.0, 1.0))}, CORNERS),
    "of no use": ({"inflow": "wind"}, "frames.inflow: expected none where the anchor is not the inflow, got 'wind'"),
    "not finite": ({"anchor": "walls", "box": ((0.0, 0.0), (1.0, np.inf))}, CORNERS),
    "NaN": ({"anchor": "walls", "box": ((0.0, np.nan), (1.0, 1.0))}, CORNERS),
    "huge": ({"anchor": "walls", "box": ((0.0, 0.0), (1.0, 1e9))}, CORNERS),
    "twice": ({"reflections": ("y", "y")}, "frames.reflections: expected no axis twice, got ['y', 'y']"),
    "along": (
        {"anchor": "inflow", "box": BOX, "reflections": ("x",)},
        "frames.reflections: expected not x, which is along the inflow, got ['x']",
    ),
}  # fmt: skip


@pytest.mark.parametrize("sin", REFUSED)
def test_frames_that_are_none_are_refused(sin):
    options, sentence = REFUSED[sin]
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        FrameConfig(**options)


NEAR, SPACE = dataclasses.replace(SCHEMA, outer_is_far=False), dataclasses.replace(SCHEMA, dim=3)
CUBE = ((0.0, 0.0, 0.0), (1.0, 1.0, 1.0))
STRANGE = {
    "unknown": ({"anchor": "inflow", "box": BOX, "inflow": "wind"}, SCHEMA,
                "frames.inflow: expected a vector condition, one of ['inflow', 'gravity'], got 'wind'"),
    "scalar": ({"anchor": "inflow", "box": BOX, "inflow": "heat"}, SCHEMA,
               "frames.inflow: expected a vector condition, one of ['inflow', 'gravity'], got 'heat'"),
    "space": ({"anchor": "inflow", "box": CUBE}, SPACE, "frames.anchor: expected domain or walls in space, got inflow"),
    "box of space": ({"anchor": "walls", "box": CUBE}, SCHEMA, "frames.box: expected corners of 2 coordinates"),
    "far": ({}, SCHEMA, "frames.anchor: expected walls or inflow where the outer boundary is far, got domain"),
}  # fmt: skip


@pytest.mark.parametrize("sin", STRANGE)
def test_frames_that_a_schema_does_not_have_are_refused(sin):
    options, schema, sentence = STRANGE[sin]
    with pytest.raises(ConfigError, match=re.escape(sentence)):
        FrameConfig(**options).check(schema)


def test_frames_that_a_schema_has_are_not():
    for frames, schema in (
        (FrameConfig(), NEAR), (FrameConfig("walls", (), BOX), NEAR), (FrameConfig("walls", (), BOX), SCHEMA),
        (FrameConfig("inflow", ("y",), BOX, "gravity"), SCHEMA), (FrameConfig("walls", (), CUBE), SPACE),
    ):  # fmt: skip
        frames.check(schema)


@pytest.mark.parametrize("inflow", [[0.0, 0.0], [-0.0, 0.0]])
def test_no_inflow_has_no_direction(inflow):
    row = np.array([300.0, *inflow, 1.0, 2.0, 3.0])
    with pytest.raises(
        ConditionError, match="condition 'inflow': expected a finite magnitude above 0, which has a direction"
    ):
        FrameConfig("inflow", (), BOX).axes(SCHEMA, row)
