"""The curve through a polygon's vertices against curves known exactly, and against what must stay as it is."""

import numpy as np
import pytest
import shapely
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from enf2enf.geometry.plane.crossing import crossing
from enf2enf.geometry.plane.panels import PanelPlan
from enf2enf.geometry.plane.smooth import sag, smoothed
from enf2enf.problems.elasticity.void import CENTRE, Void

few = settings(max_examples=30, deadline=None)


def ellipse(count: int, axes: tuple[float, float], phase: float = 0.0) -> np.ndarray:
    angle = 2 * np.pi * (np.arange(count) + phase) / count
    return np.array(axes) * np.stack([np.cos(angle), np.sin(angle)], axis=1)


def leave(points: np.ndarray, axes: tuple[float, float]) -> float:
    """Largest distance to the ellipse, to first order."""
    scaled = points / np.array(axes)
    slope = np.linalg.norm(2 * scaled / np.array(axes), axis=1)
    return float((np.abs((scaled**2).sum(axis=1) - 1) / slope).max())


def regular(sides: int, nodes: int) -> np.ndarray:
    """A regular polygon of diameter 2 with so many nodes a side."""
    corners = ellipse(sides, (1, 1))
    share = np.arange(nodes)[:, None] / nodes
    ahead = np.roll(corners, -1, axis=0)
    return (corners[:, None] + share * (ahead - corners)[:, None]).reshape(-1, 2)


def same_points(got: np.ndarray, expected: np.ndarray, atol: float) -> None:
    """Equal as sets."""
    apart = np.linalg.norm(got[:, None] - expected[None], axis=2)
    assert apart.min(axis=0).max() < atol and apart.min(axis=1).max() < atol


@pytest.mark.parametrize("phase", [0.0, 0.37])
@pytest.mark.parametrize("axes", [(1.0, 1.0), (2.0, 1.0), (1.0, 3.0)])
def test_the_curve_converges_by_the_third_order_where_the_polygon_does_by_the_second(axes, phase):
    counts = np.array([48, 96, 192, 384])
    ours = [leave(smoothed(ellipse(n, axes, phase)), axes) for n in counts]
    chords = [leave((ellipse(n, axes, phase) + ellipse(n, axes, phase + 1)) / 2, axes) for n in counts]
    orders = np.log2(np.array(ours[:-1]) / ours[1:])
    assert orders.min() > 2.9  # measured 3.02 to 4.0
    assert (np.array(ours) < 0.1 * np.array(chords)).all()  # measured 0.07 and below


@given(count=st.integers(17, 300))
def test_a_circle_is_missed_by_no_more_than_cubics_must(count):
    radius = np.linalg.norm(smoothed(ellipse(count, (1, 1))), axis=1).reshape(count, 8)
    np.testing.assert_allclose(radius[:, 0], 1, atol=1e-12)
    assert np.abs(radius - 1).max() < 1.05 * (2 * np.pi / count) ** 4 / 384 + 1e-14  # measured 1.035
    assert np.abs(radius - 1).max() < 0.02 * (1 - np.cos(np.pi / count))  # of the sag; measured 0.0030


def test_a_void_is_missed_by_less_the_more_nodes_its_wall_has():
    """By the fourth order once nodes resolve it, where they do not by half as much as circles side by side."""
    rms = {}
    for count in (44, 60, 120, 240):
        off = []
        for seed in range(40):
            void = Void.random(np.random.default_rng(seed))
            away = smoothed(void.wall(void.evenly(count, seed / 40))) - CENTRE
            angle = np.arctan2(away[:, 1], away[:, 0])
            slope = (void.radius(angle + 1e-5) - void.radius(angle - 1e-5)) / 2e-5
            off.append((np.hypot(*away.T) - void.radius(angle)) / np.hypot(1, slope / void.radius(angle)))
        rms[count] = np.sqrt(np.mean(np.square(off)))
    assert rms[44] < 3.5e-4  # m; measured 3.0e-4, as circles 6.2e-4
    assert rms[60] < 1.2e-4
    assert np.log2(rms[120] / rms[240]) > 3.5


@given(longest=st.integers(30, 60), short=st.floats(0.2, 1.0), turned=st.floats(0, 6.3))
def test_a_circle_cut_unevenly_is_as_round(longest, short, turned):
    """Every third side is as long as others, or up to five times."""
    steps = np.tile([1.0, short, short], longest)
    steps *= 2 * np.pi / steps.sum()
    angle = turned + np.cumsum(steps)
    curve = smoothed(np.stack([np.cos(angle), np.sin(angle)], axis=1)).reshape(-1, 8, 2)
    off = np.abs(np.linalg.norm(curve, axis=2) - 1).max(axis=1)
    assert (off < 0.02 * (1 - np.cos(np.roll(steps, -1) / 2))).all()  # of the sag; measured 0.0008


@given(count=st.integers(17, 100), turned=st.floats(0, 6.3))
def test_straight_mid_side_nodes_are_no_vertices(count, turned):
    circle = ellipse(count, (1, 1), turned)
    quadratic = np.stack([circle, (circle + np.roll(circle, -1, axis=0)) / 2], axis=1).reshape(-1, 2)
    np.testing.assert_allclose(smoothed(quadratic), smoothed(circle), atol=1e-12)


@given(count=st.integers(17, 300), turned=st.floats(0, 6.3))
def test_nor_are_they_in_single_precision(count, turned):
    circle = 0.5 + ellipse(count, (0.25, 0.25), turned)
    quadratic = np.stack([circle, (circle + np.roll(circle, -1, axis=0)) / 2], axis=1).reshape(-1, 2)
    curve = smoothed(quadratic.astype(np.float32).astype(float))
    np.testing.assert_allclose(curve, smoothed(circle), atol=1e-6)


@given(around=st.integers(6, 40), along=st.integers(3, 12), length=st.floats(0.5, 5))
def test_straight_sides_next_to_arcs_stay_straight(around, along, length):
    """A slot: half circles of radius 1 at both ends; nowhere is the curve farther from it than the polygon."""
    angle = np.linspace(-np.pi / 2, np.pi / 2, around + 1)[:-1]
    straight = np.stack([length * np.arange(along) / along, np.full(along, -1.0)], axis=1)
    half = np.concatenate([straight, np.stack([length + np.cos(angle), np.sin(angle)], axis=1)])
    curve = smoothed(np.concatenate([half, [length, 0] - half]))
    nearest = np.stack([np.clip(curve[:, 0], 0, length), 0 * curve[:, 0]], axis=1)
    off = np.abs(np.linalg.norm(curve - nearest, axis=1) - 1)
    assert off.max() < 1 - np.cos(np.pi / 2 / around)


@given(
    angle=st.floats(20, 160), long=st.floats(0.2, 5), cut=st.floats(0.01, 0.2), turned=st.floats(0, 6.3),
    nodes=st.lists(st.integers(1, 5), min_size=4, max_size=4),
)  # fmt: skip
def test_parallelograms_and_rectangles_with_a_corner_cut_off_stay_straight(angle, long, cut, turned, nodes):
    """Of any number of nodes a side."""
    slant = np.array([np.cos(np.deg2rad(angle)), np.sin(np.deg2rad(angle))])
    parallelogram = np.array([[0, 0], [long, 0], [long, 0] + slant, slant])
    chamfered = np.array([[0, 0], [1, 0], [1, 1], [cut, 1], [0, 1 - cut]])
    turn = np.array([[np.cos(turned), np.sin(turned)], [-np.sin(turned), np.cos(turned)]])
    for corners in (parallelogram, chamfered):
        polygon = np.concatenate(
            [
                start + np.arange(count := 1 if number > 3 else nodes[number])[:, None] / count * (end - start)
                for number, (start, end) in enumerate(zip(corners, np.roll(corners, -1, axis=0), strict=True))
            ]
        )
        outline = shapely.linearrings(corners @ turn)
        assert shapely.distance(outline, shapely.points(smoothed(polygon @ turn))).max() < 1e-12 * max(1, long)


@given(cut=st.floats(0.02, 0.3), nodes=st.integers(3, 9))
def test_a_chamfer_is_no_arc(cut, nodes):
    """A square with its corners cut off by one side each, more nodes on the others."""
    corners = chamfered(1, cut)
    share = np.arange(nodes)[:, None] / nodes
    long = corners[::2, None] + share * (corners[1::2] - corners[::2])[:, None]
    polygon = np.concatenate([long, corners[1::2, None]], axis=1).reshape(-1, 2)
    outline = shapely.linearrings(corners)
    assert shapely.distance(outline, shapely.points(smoothed(polygon))).max() < 1e-12


@given(
    count=st.integers(3, 200), axes=st.tuples(*[st.floats(0.5, 2)] * 2), turned=st.floats(0, 1), shift=st.integers(0, 9)
)
def test_the_sag_is_how_far_the_curve_leaves_a_side(count, axes, turned, shift):
    polygon = ellipse(count, axes, turned)
    ahead = np.roll(polygon, -1, axis=0)
    curve = smoothed(polygon).reshape(count, 8, 2)
    sides = shapely.linestrings(np.stack([polygon, ahead], axis=1))
    off = shapely.distance(sides[:, None], shapely.points(curve)).max(axis=1)
    np.testing.assert_allclose(sag(polygon), off, atol=1e-12)
    halved = np.stack([polygon, (polygon + ahead) / 2], axis=1).reshape(-1, 2)
    if count > 3:  # the sides of a triangle and of one with mid-side nodes are straight
        np.testing.assert_allclose(sag(np.roll(halved, shift, axis=0)), np.roll(np.repeat(off, 2), shift), atol=1e-12)


@given(sides=st.integers(3, 7), nodes=st.integers(1, 9))
def test_polygons_with_corners_stay_what_they_are(sides, nodes):
    polygon, corners = regular(sides, nodes), regular(sides, 1)
    curve = smoothed(polygon)
    outward = corners + np.roll(corners, -1, axis=0)
    outward /= np.linalg.norm(outward, axis=1, keepdims=True)
    np.testing.assert_allclose((curve @ outward.T).max(axis=1), np.cos(np.pi / sides), atol=1e-12)  # all on a side
    assert np.linalg.norm(curve[:, None] - corners, axis=2).min(axis=0).max() < 1e-12


@given(turn=st.floats(20, 60), beside=st.integers(24, 60))
def test_a_corner_between_curved_sides_is_kept_and_its_sides_stay_arcs(turn, beside):
    """A lens of two arcs, each of the circles through its vertices."""
    opening = np.deg2rad(90 - turn / 2)  # by which an arc reaches to both sides of its middle
    at = np.linspace(-opening, opening, beside + 1)[:-1]
    arc = np.stack([np.sin(at), np.cos(at) - np.cos(opening)], axis=1)
    curve = smoothed(np.concatenate([arc, -arc]))[: 8 * beside]
    off = np.abs(np.hypot(curve[:, 0], curve[:, 1] + np.cos(opening)) - 1)
    assert off.max() < (2 * opening / beside) ** 4 / 30  # measured 1 / 38, at the ends
    assert off.max() < 0.02 * (1 - np.cos(opening / beside))  # of the sag


@pytest.mark.parametrize("sides", [20, 40, 80])
@given(pushed=st.floats(0.0, 0.7), back=st.booleans())
def test_a_vertex_is_a_corner_where_it_turns_sharply_or_alone(sides, pushed, back):
    """One vertex of a circle, pushed outwards by a part of a side: its turn grows while those beside it shrink."""
    polygon = ellipse(sides, (1, 1), 0.3)
    polygon[7] *= 1 + pushed * 2 * np.pi / sides
    side = np.roll(polygon, -1, axis=0) - polygon
    heading = np.unwrap(np.arctan2(side[:, 1], side[:, 0]))
    turn = np.rad2deg(np.abs(np.diff(heading))[5:8])  # at vertices 6, 7 and 8
    least, most = min(turn[0], turn[2]), max(turn[0], turn[2])
    sharp, alone = turn[1] - 50, min(turn[1] - 16.6, max(turn[1] - 3 * most, 1 - least))
    assume(min(abs(sharp), abs(alone)) > 0.5)
    assume(least > 0.15 * turn[1])  # those beside are not the ends of straight lines
    curve = smoothed(polygon[::-1] if back else polygon)
    curve = curve[:: -1 if back else 1]
    at = np.linalg.norm(curve - polygon[7], axis=1).argmin()
    before, after = np.diff(np.take(curve, [at - 1, at, at + 1], axis=0, mode="wrap"), axis=0)
    kink = np.rad2deg(np.arccos(before @ after / np.linalg.norm(before) / np.linalg.norm(after)))
    assert (kink > turn[1] / 2) == (max(sharp, alone) > 0)


def test_an_octagon_is_a_coarse_circle():
    assert np.linalg.norm(smoothed(regular(8, 1)), axis=1).min() > np.cos(np.pi / 8) + 0.01


def chamfered(size: float, cut: float) -> np.ndarray:
    """A square of sides 2 size with corners cut off."""
    a, b = size, size - cut
    return np.array([[-b, -a], [b, -a], [a, -b], [a, b], [b, a], [-b, a], [-a, b], [-a, -b]])


@given(cut=st.floats(0.01, 0.2))
def test_a_long_side_beside_a_short_one_stays_where_it_is(cut):
    curve = smoothed(chamfered(1, cut))
    assert np.abs(curve).max() - 1 <= 0.1 * np.sqrt(2) * cut + 1e-12
    assert np.abs(curve).max() - 1 <= 0.003 * 8 + 1e-12


@few
@given(
    seed=st.integers(0, 2**31), count=st.integers(3, 60), shift=st.integers(0, 60), angle=st.floats(0, 6.3),
    scale=st.floats(1e-3, 1e3), mirror=st.booleans(), back=st.booleans(),
)  # fmt: skip
def test_the_curve_moves_with_the_polygon_however_it_is_stored(seed, count, shift, angle, scale, mirror, back):
    rng = np.random.default_rng(seed)
    at = np.sort(rng.uniform(0, 2 * np.pi, count)) + 1e-3 * np.arange(count)
    polygon = rng.uniform(0.5, 1, (count, 1)) * np.stack([np.cos(at), np.sin(at)], axis=1)
    turn = scale * np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    turn = turn @ np.diag([-1.0 if mirror else 1.0, 1.0])
    stored = np.roll(polygon, shift, axis=0)[:: -1 if back else 1]
    same_points(smoothed(stored @ turn.T), smoothed(polygon) @ turn.T, 1e-9 * scale)


@few
@given(seed=st.integers(0, 2**31), count=st.integers(3, 200))
def test_no_side_leaves_its_chord_by_more_than_a_tenth_of_its_length(seed, count):
    polygon = np.random.default_rng(seed).normal(size=(count, 2))
    side = np.roll(polygon, -1, axis=0) - polygon
    chords = polygon[:, None] + np.arange(8)[None, :, None] / 8 * side[:, None]
    curve = smoothed(polygon)
    assume(len(curve) == 8 * count)  # no vertex is straight
    off = np.linalg.norm(curve.reshape(count, 8, 2) - chords, axis=2)
    assert (off.max(axis=1) <= (0.1 + 1e-12) * np.linalg.norm(side, axis=1)).all()


@pytest.mark.parametrize(("sides", "pieces"), [(512, 8), (513, 8), (2048, 2), (4095, 2), (4096, 1), (50_000, 1)])
def test_a_polygon_of_many_sides_is_cut_into_no_more_than_it_needs(sides, pieces):
    polygon = ellipse(sides, (2, 1))
    assert len(smoothed(polygon)) == sides * pieces
    np.testing.assert_array_equal(smoothed(polygon)[::pieces], polygon)


@few
@given(first=st.integers(100, 140), second=st.integers(300, 600), phase=st.floats(0, 1))
def test_facets_hardly_know_how_finely_the_wall_was_cut(first, second, phase):
    axes = (0.4, 0.25)
    coarse, fine = (PanelPlan.of([ellipse(n, axes, phase)], 384).place(np.eye(2)) for n in (first, second))
    off = [leave(panels[:, 0], axes) for panels in (coarse, fine)]
    assert max(off) < 1e-5  # of 0.8; measured 4e-6, the chords of 100 leave it by 2e-4
    assert np.abs(coarse - fine).max() < 2e-3  # they may start another eighth of a side along


@pytest.mark.slow
@given(overlap=st.floats(0.05, 0.2), size=st.floats(0.01, 10), turned=st.floats(0, 6.3))
def test_walls_whose_curves_would_cross_are_cut_as_they_are(overlap, size, turned):
    """A body with a waist, and two bodies that nearly touch: of the sides there only the chords are apart."""
    x = np.arange(-3.5, 4)
    bank = np.stack([x, np.minimum(0.2 * (x**2 - overlap), 1.2)], axis=1)
    waist = np.concatenate([bank * (1, -1), bank[::-1]])
    above = np.concatenate([bank, [[3.5, 2], [-3.5, 2]]])
    turn = size * np.array([[np.cos(turned), np.sin(turned)], [-np.sin(turned), np.cos(turned)]])
    for bodies in ([waist], [above, above[::-1] * (1, -1)]):
        walls = [body @ turn for body in bodies]
        assert crossing(walls) is None
        assert crossing([smoothed(wall) for wall in walls])
        cuts = PanelPlan.of(walls, 384).place(np.eye(2))
        assert shapely.distance(shapely.points(cuts[:, 0]), rings(walls)).max() < 1e-9 * size
        np.testing.assert_allclose(
            np.linalg.norm(cuts[:, 1] - cuts[:, 0], axis=1).sum(), shapely.length(rings(walls)), rtol=0.02
        )


def rings(walls: list[np.ndarray]) -> shapely.MultiLineString:
    return shapely.multilinestrings([shapely.linearrings(wall) for wall in walls])
