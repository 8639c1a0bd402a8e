"""A careful look at a data set: nothing is said of a clean one, and everything that was planted is found."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.cli import main
from enf2enf.data import Dataset, write_manifest
from enf2enf.data.review import _huge, review
from enf2enf.io import write
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.schema import Quantity, Schema

pytestmark = pytest.mark.slow

COUNT = 16
SCHEMA = Schema(2, (Quantity("inflow", "vector", "m/s"), Quantity("heat", unit="K")),
                (Quantity("p", unit="Pa", scales_with={"inflow": 2.0}), Quantity("u", "vector", "m/s")))  # fmt: skip


def a_case(number: int) -> tuple[Mesh, dict]:
    """A hole in a square, its size and the conditions spread evenly."""
    share, angle = (number + 0.5) / COUNT, np.linspace(0, 2 * np.pi, 24, endpoint=False)
    circle = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    square = circle / np.abs(circle).max(axis=1, keepdims=True)
    points = np.concatenate([(1 - t) * (0.2 + 0.2 * share) * circle + t * square for t in np.linspace(0, 1, 4)])
    ring, here = np.divmod(np.arange(3 * 24), 24)
    after = (here + 1) % 24
    quads = np.stack([ring * 24 + here, (ring + 1) * 24 + here, (ring + 1) * 24 + after, ring * 24 + after], axis=1)
    speed = 10 + 10 * share
    data = {"p": speed**2 * (1 + share + points[:, 0]), "u": points + 1}
    return Mesh(points, (CellBlock("quad", quads),), point_data=data), {"inflow": [speed, 0.0], "heat": 300 + share}


def folder_of(path, change=lambda cases: None, count=COUNT):
    """A data set of so many cases after a change of them."""
    cases = {f"c{k}": a_case(k) for k in range(count)}
    change(cases)
    path.mkdir(exist_ok=True)
    for name, (mesh, _) in cases.items():
        write(path / f"{name}.vtu", mesh)
    ids = list(cases)
    first, second = count * 10 // COUNT, count * 13 // COUNT
    split = {"train": ids[:first], "validation": ids[first:second], "calibration": [], "test": ids[second:]}
    entries = {name: {"mesh": f"{name}.vtu", "conditions": conditions} for name, (_, conditions) in cases.items()}
    write_manifest(path, SCHEMA, entries, split, name="made")
    return path


def with_data(name, edit):
    def change(cases):
        mesh, conditions = cases["c3"]
        data = {key: np.array(values) for key, values in mesh.point_data.items()}
        edit(data, name)
        cases["c3"] = Mesh(mesh.points, mesh.cells, point_data=data), conditions

    return change


def scaled(data, name):
    data[name][7] = -25e3


def flat(data, name):
    data[name][:] = 3.0


def zero(data, name):
    data[name][:] = 0.0


def hole(data, name):
    data[name][4] = np.nan


def again(first, second):
    def change(cases):
        cases[second] = cases[first]

    return change


def large(factor):
    def change(cases):
        mesh, conditions = cases["c3"]
        cases["c3"] = Mesh(mesh.points * factor, mesh.cells, point_data=mesh.point_data), conditions

    return change


def fast(cases):
    cases["c3"][1]["heat"] = 4000.0


def steady(cases):
    for _, conditions in cases.values():
        conditions["heat"] = 300.0


def two_holes(cases):
    mesh, conditions = cases["c3"]
    squeezed = mesh.points * [0.5, 1.0]
    both = np.concatenate([squeezed - [0.5, 0], squeezed + [0.5, 0]])
    cells = np.concatenate([mesh.cells[0].nodes, mesh.cells[0].nodes + len(squeezed)])
    data = {name: np.concatenate([values, values]) for name, values in mesh.point_data.items()}
    points, where = np.unique(np.round(both, 9), axis=0, return_inverse=True)
    first = [int(np.flatnonzero(where == k)[0]) for k in range(len(points))]
    merged = {name: values[first] for name, values in data.items()}
    cases["c3"] = Mesh(points, (CellBlock("quad", where[cells]),), point_data=merged), conditions


PLANTED = {
    "outlier of a field": (with_data("p", scaled), False, "smallest p, dimensionless: expected some"),
    "flat": (with_data("p", flat), False, "p: expected a field that varies, got one number all over in c3"),
    "zero": (with_data("p", zero), True, "case 'c3', p: expected a field that is not zero everywhere, got zeros"),
    "not finite": (with_data("u", hole), True, "case 'c3', u: expected finite numbers, got [nan nan] at point 4"),
    "across splits": (again("c3", "c14"), True, "got in the splits test and train c3, c14"),
    "within a split": (again("c3", "c4"), False, "got in the train split c3, c4"),
    "another unit": (large(1000.0), True, "case 'c3': expected an extent like the others (2 m), got 2000 m"),
    "outlier of a condition": (fast, False, "heat: expected some"),
    "a condition that never varies": (steady, False, "heat: expected numbers that differ, got 300 in all cases"),
    "another shape": (two_holes, False, "bodies of the walls: expected some 1 to 1 as in most cases, got 2 in c3"),
}


def test_a_case_is_named_as_it_is(tmp_path):
    """One with an apostrophe too, of which Python writes the name in other quotes."""

    def change(cases):
        large(1000.0)(cases)
        cases["bob's"] = cases.pop("c3")

    folder = folder_of(tmp_path / "odd", change)
    found = review(Dataset.open(folder))
    assert ("bob's",) in [finding.cases for finding in found.findings if "an extent like" in finding.text]


def test_of_a_clean_one_nothing_is_said(tmp_path, capsys):
    folder = folder_of(tmp_path / "clean")
    found = review(Dataset.open(folder))
    assert not found.findings and found.is_sound
    assert found.cases == {"train": 10, "validation": 3, "calibration": 0, "test": 3} and found.points == (96, 96)
    speed, _, pressure, _ = found.ranges
    assert (speed.low, speed.high) == (10 + 10 * 0.5 / COUNT, 20 - 10 * 0.5 / COUNT)
    fields = np.concatenate([a_case(k)[0].point_data["p"] for k in range(COUNT)])
    assert (pressure.low, pressure.high) == pytest.approx((fields.min(), fields.max()))
    assert main(["dataset", "check", str(folder)]) == 0
    out = capsys.readouterr().out
    assert "nothing to be mended, nothing odd" in out and "of fewer" not in out


@pytest.mark.parametrize("sin", PLANTED)
def test_what_is_planted_is_found(tmp_path, sin, capsys):
    change, must, sentence = PLANTED[sin]
    folder = folder_of(tmp_path / "odd", change)
    found = review(Dataset.open(folder))
    (own,) = [finding for finding in found.findings if sentence in finding.text] or [None]
    assert own is not None, [finding.text for finding in found.findings]
    assert own.must == must and found.is_sound != must
    assert not own.cases or "c3" in own.cases
    assert main(["dataset", "check", str(folder), "--json"]) == int(must)
    listed = json.loads(capsys.readouterr().out)["findings"]
    assert [item["text"] for item in listed] == [finding.text for finding in found.findings]


def of_kilo(cases):
    mesh, conditions = cases["c3"]
    data = dict(mesh.point_data) | {"p": 1000 * mesh.point_data["p"]}
    conditions["heat"] *= 1000
    cases["c3"] = Mesh(mesh.points, mesh.cells, point_data=data), conditions


@pytest.mark.parametrize("count", [5, 9])
def test_of_few_cases_one_a_thousand_times_the_others_is_odd(tmp_path, count, capsys):
    folder = folder_of(tmp_path / "clean", count=count)
    assert not review(Dataset.open(folder)).findings
    assert main(["dataset", "check", str(folder)]) == 0
    assert "of fewer than 10 cases" in capsys.readouterr().out
    found = review(Dataset.open(folder_of(tmp_path / "odd", of_kilo, count))).findings
    for quantity in ("heat", "largest p, dimensionless"):
        (own,) = [finding for finding in found if finding.text.startswith(f"{quantity}: expected some")]
        assert own.cases == ("c3",) and not own.must


@settings(max_examples=50)
@given(steps=st.lists(st.floats(1, 99), min_size=2, max_size=9), sign=st.sampled_from([-1, 1]))
def test_numbers_of_few_cases_that_span_decades_are_not_odd(steps, sign):
    assert not _huge(sign * np.cumprod(steps) / 100)
    assert not _huge(np.array([0.0, 0.0, sign * steps[0]]))
    assert _huge(np.array([*np.cumprod(steps), sign * 101 * np.prod(steps)])) == [len(steps)]


def test_a_picture_of_it(tmp_path):
    pytest.importorskip("matplotlib")
    folder = folder_of(tmp_path / "odd", two_holes)
    assert main(["dataset", "check", str(folder), "--png", str(tmp_path / "report.png")]) == 0
    assert (tmp_path / "report.png").read_bytes().startswith(b"\x89PNG")
