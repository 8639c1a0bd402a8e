"""What the aerofoil problem draws, which files of sections it takes, and what it says of itself."""

import re
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.cli import main
from enf2enf.cli.making import _problem_parser
from enf2enf.errors import ConfigError, GeometryError
from enf2enf.problems.aerofoil.naca import FiveDigits, FourDigits
from enf2enf.problems.aerofoil.problem import (
    CAMBER,
    CAMBER_AT,
    INCIDENCE,
    INCIDENCE_OF_POINTS,
    LIFT,
    LIFT_AT,
    SPEED,
    THICKNESS,
    Aerofoil,
)
from enf2enf.problems.aerofoil.spline import SplineSection
from enf2enf.problems.plan import Plan


def outline(section):
    at = np.linspace(0, 1, 101)
    return np.concatenate([section.side(True, at)[::-1], section.side(False, at)[1:]])


@pytest.fixture(scope="module")
def file(tmp_path_factory):
    """Seven sections, each thicker than the one before."""
    path = tmp_path_factory.mktemp("sections") / "seven.npz"
    sections = [outline(FourDigits(2, 4, thickness)) for thickness in range(8, 15)]
    np.savez(path, points=np.array(sections, np.float32), names=[f"n{number}" for number in range(7)])
    return str(path.resolve())


@given(st.integers(0, 2**31), st.integers(0, 5000), st.integers(0, 19))
def test_draws_are_in_range_and_repeatable(seed, index, redraw):
    case, again = Aerofoil().draw(seed, index, redraw), Aerofoil().draw(seed, index, redraw)
    assert (case.section, case.speed, case.degrees) == (again.section, again.speed, again.degrees)
    assert case.size.around * case.size.layers == 14_440
    section = case.section
    if index % 2 == 0:
        assert isinstance(section, FourDigits)
        digits = ((section.camber, CAMBER), (section.position, CAMBER_AT))
    else:
        assert isinstance(section, FiveDigits)
        digits = ((section.lift, LIFT), (section.position, LIFT_AT))
    ranges = (*digits, (section.thickness, THICKNESS), (case.speed, SPEED), (case.degrees, INCIDENCE))
    for value, (low, high) in ranges:
        assert low <= value <= high and round(value, 3) == value


def thickness(case):
    """What the number of the section in the file is told by."""
    return round(float(case.section.points[:, 1].max() - case.section.points[:, 1].min()), 3)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_every_section_of_a_file_comes_once_before_any_comes_again(file, seed):
    problem = Aerofoil("points", file)
    drawn = [problem.draw(seed, index, 0) for index in range(14)]
    found = [thickness(case) for case in drawn]
    assert len(set(found[:7])) == 7 and found[7:] == found[:7]
    assert all(INCIDENCE_OF_POINTS[0] <= case.degrees <= INCIDENCE_OF_POINTS[1] for case in drawn)
    assert len({case.degrees for case in drawn}) == 14
    assert {thickness(problem.draw(seed, 0, redraw)) for redraw in range(3)} == {found[0]}
    assert len({thickness(problem.draw(seed, 0, redraw)) for redraw in range(3, 20)}) > 3


def test_the_mixed_set_takes_turns(file):
    kinds = [type(Aerofoil("mixed", file).draw(0, index, 0).section) for index in range(8)]
    assert kinds == [FourDigits, SplineSection, FiveDigits, SplineSection] * 2


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("flat", ""), "sections: expected naca or points or mixed, got 'flat'"),
        (("points", ""), "points: expected a file for sections of points, got ''"),
        (("naca", "a.npz"), "points: expected none with NACA sections alone, got 'a.npz'"),
    ],
)
def test_options_that_do_not_fit_each_other(options, sentence):
    with pytest.raises(ConfigError) as refused:
        Aerofoil(*options)
    assert str(refused.value) == sentence


WANTED = r"^points: expected a file of sections, npz with `points` \(sections, points, 2\) and `names` \(sections,\), "


@pytest.mark.parametrize(
    ("arrays", "sentence"),
    [
        ({"points": np.zeros((3, 201, 2))}, r"points \(3, 201, 2\) of float64$"),
        ({"points": np.zeros((3, 201)), "names": ["a", "b", "c"]}, r"points \(3, 201\) of float64, names \(3,\)"),
        ({"points": np.zeros((0, 201, 2)), "names": np.zeros(0, "U1")}, r"points \(0, 201, 2\) of"),
        ({"points": np.full((1, 9, 2), "x"), "names": ["a"]}, r"points \(1, 9, 2\) of <U1"),
    ],
)
def test_files_of_something_else(tmp_path, arrays, sentence):
    path = str(tmp_path / "sections.npz")
    np.savez(path, **arrays)
    with pytest.raises(ConfigError, match=f"{WANTED}got '.*sections.npz': {sentence}"):
        Aerofoil("points", path)


@pytest.mark.parametrize("word", ["none.npz", "words.npz", "."])
def test_a_file_that_is_none_is_refused_before_a_folder_is_made(word, tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.npz").write_text("0 0\n1 0\n")
    command = ["generate", "aerofoil", "--sections", "points", "--points", word, "--cases", "4", "--out", "new"]
    assert main(command) == 1
    said = capsys.readouterr().err.removeprefix("enf2enf: ")
    reason = {"none.npz": "No such file or directory", "words.npz": "a file of another kind, or a part of one"}
    assert re.match(f"{WANTED}got '.*': {reason.get(word, '')}.*\n$", said) and "case" not in said
    assert not (tmp_path / "new").exists()


def test_a_section_that_is_none(tmp_path):
    path = str(tmp_path / "few.npz")
    np.savez(path, points=np.zeros((1, 9, 2)), names=["e193"])
    with pytest.raises(GeometryError, match=r"section e193: expected at least 20 points in the plane, got an array"):
        Aerofoil("points", path).make(0, 0)


@pytest.mark.parametrize("sections", ["points", "mixed"])
def test_a_path_is_in_no_name_and_in_the_mark_as_it_was_given(file, sections):
    plan = Plan(Aerofoil(sections, file), 40, 13, 0)
    assert plan.title() == f"aerofoil-{sections}"
    assert plan.command() == (
        f"enf2enf generate aerofoil --cases 40 --seed 13 --sections {sections} --points seven.npz"
    )
    own = {"cases": 40, "seed": 13, "floor_cases": 0, "sections": sections, "points": file}
    assert plan.to_dict() == {"problem": "aerofoil", "version": 1} | own


def test_the_command_line_takes_one_file_by_any_of_its_paths(file, tmp_path, monkeypatch):
    folder = Path(file).parent
    (tmp_path / "link.npz").symlink_to(file)
    parser = _problem_parser(Aerofoil)
    for at, word in ((folder, "seven.npz"), (folder, file), (folder.parent, f"./{folder.name}/seven.npz"),
                     (tmp_path, "link.npz")):  # fmt: skip
        monkeypatch.chdir(at)
        assert parser.parse_args(["--points", word, "--out", "x"]).points == file
    assert parser.parse_args(["--out", "x"]).points == ""


def test_the_command_of_sections_without_a_file_names_none():
    plan = Plan(Aerofoil(), 4, 0, 0)
    assert plan.title() == "aerofoil"
    assert plan.command() == "enf2enf generate aerofoil --cases 4 --seed 0 --sections naca"


def test_the_licence_claims_nothing_of_sections_of_a_file(file):
    not_stated = "that of the sections of the file, which is not stated"
    assert Aerofoil().licence == "Apache-2.0"
    assert Aerofoil("points", file).licence == not_stated
    assert Aerofoil("mixed", file).licence == f"Apache-2.0, and {not_stated}"


def test_it_says_what_is_in_it(file):
    assert "sections of a file" not in Aerofoil().describe(0).partition("incidences")[0]
    assert "NACA" not in Aerofoil("points", file).describe(0)
    assert all(word in Aerofoil("mixed", file).describe(7) for word in ("NACA", "sections of a file", "7 times"))
