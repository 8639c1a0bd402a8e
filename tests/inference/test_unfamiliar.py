"""Sections at incidences that were learnt from, in mirror images too, are familiar; at others they are not."""

import numpy as np
import pytest

from enf2enf import load, read
from enf2enf.assessment import Ranges
from enf2enf.errors import GeometryError
from enf2enf.geometry import Geometry
from enf2enf.geometry.familiar import Described, common, describe, in_frame
from enf2enf.geometry.frames import FrameConfig
from enf2enf.inference.unfamiliar import unfamiliar
from enf2enf.problems.aerofoil.naca import FourDigits
from enf2enf.problems.elasticity.problem import Elasticity
from enf2enf.problems.slotted.elements import Arrangement, Element
from enf2enf.problems.thickness import half_thickness
from enf2enf.schema import Quantity, Schema

SCHEMA = Schema(2, (Quantity("inflow", "vector", "m/s"),), (Quantity("p"),))
FRAMES = FrameConfig(anchor="inflow", reflections=("y",), box=((-3.0, -3.0), (4.0, 3.0)))


def section(camber: float) -> Geometry:
    x = (1 - np.cos(np.linspace(0, np.pi, 80))) / 2
    line, half = 4 * camber * x * (1 - x), 0.2 * np.sqrt(x) * (1 - x)
    upper, lower = np.stack([x, line + half], axis=1), np.stack([x, line - half], axis=1)
    return Geometry.of([np.concatenate([lower, upper[-2:0:-1]])])


def asked(shapes: Ranges, camber: float, degrees: float) -> tuple[str, ...]:
    row = 50 * np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
    return unfamiliar(shapes, describe(section(camber), 1.0), FRAMES, SCHEMA, row)


@pytest.fixture(scope="module")
def learnt() -> Ranges:
    """From sections without camber and with it, at -5 to 15 degrees."""
    rows = []
    for camber in (0.0, 0.03, 0.06):
        (described,) = describe(section(camber), 1.0)
        for degrees in np.linspace(-5, 15, 21):
            row = np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])
            rows += [in_frame(described, axes) for axes in FRAMES.axes(SCHEMA, row)]
    return Ranges.fit(rows)


@pytest.mark.parametrize("camber", [0.0, 0.03, -0.03, 0.06, -0.06])
def test_a_section_and_its_mirror_image_are_familiar_where_they_were_learnt_from(learnt, camber):
    side = -1 if camber < 0 else 1
    for degrees in (-4, 0, 7, 14):
        assert asked(learnt, camber, side * degrees) == ()
    beyond = ("arch",) if camber else ()  # without camber the mirror image is one at 8 degrees
    assert asked(learnt, camber, -8 * side) == beyond
    assert set(asked(learnt, camber, 25 * side)) >= {"incidence"}


@pytest.mark.parametrize(("degrees", "named"), [(-10, ("arch",)), (-8, ()), (-4, ()), (4, ()), (12, ())])
def test_the_shipped_surrogate_tells_a_cambered_section_below_what_it_learnt_from(root, degrees, named):
    shipped, wall = load("aerofoil"), read(root / "meshes" / "sd7034.dat")
    row = shipped.schema.condition_columns.join(
        {"inflow": 50 * np.array([[np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))]]), "viscosity": [1.56e-5]},
        1,
    )[0]
    described = describe(Geometry.from_mesh(wall), shipped.normaliser.length)
    assert unfamiliar(shipped.shapes, described, shipped.config.frames, shipped.schema, row) == named


def test_who_learnt_before_there_was_an_arch_says_nothing_of_it(learnt):
    older = Ranges({name: intervals for name, intervals in learnt.intervals.items() if name != "arch"})
    assert asked(older, 0.06, -8) == ()


def naca(x: np.ndarray, blunt: bool) -> Geometry:
    """NACA 2412 with points at `x`, from 0 to 1; as published, with a last coefficient of -0.1015, or closed."""
    half = 0.6 * (half_thickness(x) + 0.0021 * x**4 * blunt)
    line, _ = FourDigits(2, 4, 12).mean_line(x)
    upper, lower = np.stack([x, line + half], axis=1), np.stack([x, line - half], axis=1)
    return Geometry.of([np.concatenate([lower if blunt else lower[:-1], upper[:0:-1]])])


@pytest.mark.parametrize(
    ("sides", "spacing", "blunt", "named"),
    [(118, "cosine", False, ()), (60, "cosine", False, ()), (118, "cosine", True, ("corners",)),
     (22, "cosine", False, ("corners",)), (10, "cosine", False, ("corners",)), (60, "even", False, ("corners",)),
     (200, "even", False, ("corners",))],
)  # fmt: skip
def test_the_shipped_surrogate_tells_blunt_edges_and_coarse_noses(sides, spacing, blunt, named):
    even = np.linspace(0, 1, sides // 2 + 1)
    described = describe(naca((1 - np.cos(np.pi * even)) / 2 if spacing == "cosine" else even, blunt), 1.0)
    shipped = load("aerofoil")
    row = np.array([50.0, 2.0, 1.56e-5])
    assert unfamiliar(shipped.shapes, described, shipped.config.frames, shipped.schema, row) == named


@pytest.mark.parametrize("apart", [1.0, 2.5, 4.5])
def test_two_bodies_are_named_however_far_apart_and_no_matter_of_units(apart):
    shipped, one = load("aerofoil"), section(0.03)
    pair = Geometry.of([one.walls[0], one.walls[0] + [0.0, apart]])
    given = {"inflow": [50.0, 2.0], "viscosity": 1.56e-5}
    answer = shipped.predict(pair, given, [[-0.1, 0.0]])
    assert {"bodies", "gap", "extent"} <= set(answer.extrapolating) and np.isfinite(answer["pressure"]).all()
    for factor in (1e3, 1e-3, 2.2, 0.45):
        with pytest.raises(GeometryError, match="its largest body: expected an extent of .* is its length unit right"):
            shipped.encode(Geometry.of([factor * wall for wall in pair.walls]))


def test_the_incidences_of_bodies_that_are_as_large_do_not_hide_each_other():
    """Two sections at 25 degrees to either side of the inflow, and one of two."""
    shipped, wall, given = load("aerofoil"), section(0.03).walls[0], {"inflow": [50.0, 0.0], "viscosity": 1.56e-5}
    for angles in ((25, -25), (0, -25), (25, 0)):
        turned = [wall @ np.array([at(angle), at(angle + 90)]) + [0, 2.5 * k] for k, angle in enumerate(angles)]
        for walls in (turned, turned[::-1]):
            assert "incidence" in shipped.predict(Geometry.of(walls), given, [[-0.3, 0.0]]).extrapolating


def test_a_tunnel_around_a_section_is_refused_where_domains_went_on():
    ring = 3.0 * CIRCLE + [0.5, 0.0]
    sentence = "walls: expected bodies, as in the training data, got a wall around the domain"
    with pytest.raises(GeometryError, match=sentence):
        load("aerofoil").encode(Geometry.of([section(0.03).walls[0], ring], ring))


AROUND = np.linspace(0, 2 * np.pi, 48, endpoint=False)
CIRCLE, CELL = np.stack([np.cos(AROUND), np.sin(AROUND)], axis=1), np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
UNLIKE_CELLS = {
    "two voids": ([0.3 + 0.1 * CIRCLE, 0.7 + 0.1 * CIRCLE, CELL], "bodies"),
    "a longer cell": ([0.5 + 0.25 * CIRCLE, CELL * [2, 1]], "gap"),
    "a larger cell": ([0.95 + 0.47 * CIRCLE, 1.9 * CELL], "extent"),
    "a pinhole": ([0.5 + 0.01 * CIRCLE, CELL], "curvature"),
    "a square void": ([0.3 + 0.4 * CELL, CELL], "corners"),
}


@pytest.mark.parametrize("cell", UNLIKE_CELLS)
def test_the_shipped_surrogate_tells_cells_unlike_those_it_learnt_from(cell):
    curves, named = UNLIKE_CELLS[cell]
    assert named in load("elasticity").predict(curves, {}, [[0.05, 0.05]]).extrapolating


def test_the_shipped_surrogate_knows_the_cells_it_learnt_from():
    shipped, problem = load("elasticity"), Elasticity()
    for index in range(3):
        void = problem.draw(0, index, 0).void
        curves = [void.wall(void.evenly(120)), CELL]
        assert shipped.predict(curves, {}, [[0.05, 0.05]]).extrapolating == ()


def bluff(corners: int, height: float) -> Geometry:
    """A triangle with its apex upstream, or a box."""
    apex, box = [[0, 0], [1, -height / 2], [1, height / 2]], [[0, 0], [1, 0], [1, height], [0, height]]
    return Geometry.of([np.array(apex if corners == 3 else box, float)])


def at(degrees: float) -> np.ndarray:
    return np.array([np.cos(np.deg2rad(degrees)), np.sin(np.deg2rad(degrees))])


def learnt_from(shapes: list[Described], angles: list[float]) -> Ranges:
    return Ranges.fit(
        common(
            [in_frame(shape[0], axes) for shape in shapes for way in angles for axes in FRAMES.axes(SCHEMA, at(way))]
        )
    )


def wavy(height: float, waves: int, both: bool = False) -> Geometry:
    """NACA 0012 with waves on its upper side, the highest in the middle, or with a mean line of even ones."""
    x = (1 - np.cos(np.linspace(0, np.pi, 121))) / 2
    wave, half = height * np.sin(2 * np.pi * waves * x), 0.6 * half_thickness(x)
    wave = wave if both else wave * np.sin(np.pi * x)
    upper, lower = np.stack([x, half + wave], axis=1), np.stack([x, both * wave - half], axis=1)
    return Geometry.of([np.concatenate([lower[:-1], upper[:0:-1]])])


def test_waves_and_bends_to_both_sides_are_told_by_how_hollow_they_are():
    """By who learnt from sections with even mean lines, of which thin ones are a little hollow below."""
    shapes = [describe(section(camber), 1.0) for camber in np.linspace(0, 0.08, 24)]
    learnt = learnt_from(shapes, [float(way) for way in range(-4, 13)])
    assert unfamiliar(learnt, shapes[9], FRAMES, SCHEMA, at(3)) == ()
    for strange in (wavy(0.03, 1, True), wavy(0.01, 6), wavy(0.006, 12)):
        assert "hollow" in unfamiliar(learnt, describe(strange, 1.0), FRAMES, SCHEMA, at(3))


def slotted(deflection: float) -> Geometry:
    """A main element and a flap whose trailing edge is so far down, in degrees."""
    main, flap = Element(0.12, 0.02), Element(0.12, 0.0)
    placed = Arrangement(main, flap, 0.3, 0.02, 0.0, np.deg2rad(deflection))
    return Geometry.of([wall[:-1] for wall in placed.walls(80)])


def test_flaps_are_familiar_at_the_deflections_that_they_were_learnt_at():
    """From 5 to 40 degrees, whatever the angle of attack; up as far as down, as in mirror images."""
    flaps = [describe(slotted(deflection), 1.0) for deflection in np.linspace(5, 40, 24)]
    learnt = learnt_from(flaps, [float(way) for way in range(-4, 13)])
    for degrees in (-4, 3, 12):
        for deflection in (6, 20, 39):
            assert unfamiliar(learnt, describe(slotted(deflection), 1.0), FRAMES, SCHEMA, at(degrees)) == ()
        for deflection in (-70, 70):
            named = unfamiliar(learnt, describe(slotted(deflection), 1.0), FRAMES, SCHEMA, at(degrees))
            assert "incidence_others" in named and "incidence" not in named


@pytest.mark.parametrize(("corners", "heights"), [(3, (1.1, 1.2)), (4, (0.8, 0.95)), (4, (1.0, 1.0))])
def test_bodies_without_a_long_axis_are_familiar_at_the_angles_that_they_were_learnt_at(corners, heights):
    shapes = [describe(bluff(corners, height), 1.0) for height in np.linspace(*heights, 20)]
    learnt = learnt_from(shapes, [float(way) for way in range(-10, 11)])
    for degrees in range(-10, 11):
        assert unfamiliar(learnt, shapes[7], FRAMES, SCHEMA, at(degrees)) == ()
    for degrees in (-60, -20, 20, 45, 60, 180) if corners == 3 else (-45, -20, 20, 45, 70):
        assert f"lobes_{corners}" in unfamiliar(learnt, shapes[7], FRAMES, SCHEMA, at(degrees))


@pytest.mark.parametrize("corners", [3, 4])
@pytest.mark.parametrize("off", [0.3, 1e-3, 1e-9, 0.0])
def test_an_angle_of_half_a_turn_is_as_near_from_either_side(corners, off):
    """Of all learnt from at one angle, which for triangles and squares along the axes is half a turn."""
    shape = describe(bluff(corners, 1.15 if corners == 3 else 1.0), 1.0)
    learnt = learnt_from([shape], [0.0])
    for degrees in (off, -off):
        assert unfamiliar(learnt, shape, FRAMES, SCHEMA, at(degrees)) == ()


def test_shapes_of_which_few_have_lobes_are_not_told_apart_by_them():
    """Of nearly round ones at every angle, another one like them is familiar."""
    rng, around = np.random.default_rng(0), np.linspace(0, 2 * np.pi, 80, endpoint=False)

    def blob() -> Described:
        waves = sum(rng.normal(0, 0.03 / k) * np.cos(k * (around - rng.uniform(0, 7))) for k in (2, 3, 4))
        return describe(Geometry.of([(1 + waves)[:, None] * np.stack([np.cos(around), np.sin(around)], axis=1)]), 1.0)

    learnt = learnt_from([blob() for _ in range(200)], [0.0])
    named = [unfamiliar(learnt, blob(), FRAMES, SCHEMA, at(0.0)) for _ in range(100)]
    assert not any("lobes" in name for names in named for name in names)
