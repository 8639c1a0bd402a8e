"""The cases that the shipped surrogate of aerofoils learnt from, and those that it is measured on.

    python -m benchmarks.aerofoil_data SECTIONS.npz --stored STORED --out data/aerofoil

SECTIONS.npz: `names` (sections,) and `points` (sections, points, 2). STORED: a folder of `rans_aerofoil/*.npz` and
`rans_sections/*.npz`, flows that the same solver made before; without it, as many others are solved instead. A complete
campaign is not made again, an interrupted one goes on. Sections whose names differ only in the last digit and what
follows are a family (e193, e195). No training family is in the validation or test split; families of a few calibration
sections are trained on, near separation. A training section that is also in another split, under any name, is dropped.
The 60 test sections have been tested twice before, under other conditions.
"""

import argparse
import dataclasses
import functools
import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, final

import numpy as np
from scipy.spatial import KDTree

from enf2enf.data import write_manifest
from enf2enf.problems.aerofoil.case import Case
from enf2enf.problems.aerofoil.naca import FiveDigits, FourDigits
from enf2enf.problems.aerofoil.problem import Aerofoil
from enf2enf.problems.aerofoil.record import solved_case
from enf2enf.problems.campaign import generate
from enf2enf.problems.problem import AbstractProblem, SolvedCase

DESCRIPTION = """Steady turbulent flow (RANS, k-omega SST, wall functions) around NACA and UIUC sections in the \
conditions of AirfRANS."""
LICENCE = "Apache-2.0"
FIRST = {"train": 160, "validation": 20, "calibration": 20}  # cases each of NACA and of other sections
TESTED = {"naca": 100, "uiuc": 60}  # test cases; as many older test cases are training cases now
ALIKE = 1e-4  # chords; walls at most this far apart are the same section
SHOWN = "sd7034"  # used by demo and examples: its family is in no split
NEW_SECTIONS, CHUNK = 240, 40  # further non-NACA training sections; cases per campaign
NEW_NACA = 40  # further NACA training cases
CALIBRATING_NACA = 10  # further NACA calibration cases
CHOOSING_NACA, MORE_NACA = 80, 160  # further NACA cases, for validation and for training
CALIBRATING = (
    "e417", "goe359", "fx76mp120", "naca662215", "fx73cl2152", "ea61012", "goe559", "fx60100", "e502", "e682", "e216",
    "goe255", "rc10b3", "nasasc2-0714", "l188tip", "fx66s171", "naca633418",
)  # fmt: skip
"""Calibration sections, in place of those whose families are now tested. No other campaign has sections of their
families, except the ones near separation."""
NEAR, STEEP = 80, 19  # cases of either kind near separation, of the lower and of the upper side
THIN, THIN_SECTIONS = 120, 0.09  # thin cases near separation of either side; largest thickness of non-NACA ones


@dataclasses.dataclass(frozen=True)
class _Flows(AbstractProblem):
    """What problems around sections share."""

    schema, frames, licence = Aerofoil.schema, Aerofoil.frames, LICENCE
    shares, fine_cases, floor = Aerofoil.shares, 0, None
    name = "aerofoil"

    def describe(self, redraws: int) -> str:
        """In a line."""
        return type(self).__doc__ or ""


@final
@dataclasses.dataclass(frozen=True)
class Stored(_Flows):
    """Flows that were solved before, in the order of their files' names."""

    folder: str

    def draw(self, seed: int, index: int, redraw: int) -> Path:
        """The file."""
        return stored(Path(self.folder))[index]

    def solve(self, drawn: Path) -> SolvedCase:
        """What it holds."""
        with np.load(drawn) as record:
            return solved_case(record)


@dataclasses.dataclass(frozen=True)
class _Drawn(_Flows):
    """What those share that change draws of the usual problem."""

    points: str

    def solve(self, drawn: Case) -> SolvedCase | None:
        """As usual."""
        return Aerofoil().solve(drawn)


@final
@dataclasses.dataclass(frozen=True)
class NearSeparation(_Drawn):
    """Thin NACA and other sections in turn, fast and at the angles about which their lower sides begin to separate."""

    def draw(self, seed: int, index: int, redraw: int) -> Case:
        """A draw of the usual problem, with other conditions and thinner."""
        section = Aerofoil("mixed", self.points).draw(seed, index, redraw).section
        rng = np.random.default_rng([seed, index, redraw, 1])
        speed, degrees, thickness = rng.uniform((75, -5, 7), (94, -2.5, 12)).round(3).tolist()
        if isinstance(section, FourDigits | FiveDigits):
            return Case(dataclasses.replace(section, thickness=thickness), speed, degrees)
        return Case(section, speed, degrees + 1)


@final
@dataclasses.dataclass(frozen=True)
class Steep(_Drawn):
    """NACA and other sections in turn, at the angles at which upper sides begin to separate."""

    def draw(self, seed: int, index: int, redraw: int) -> Case:
        """A draw of the usual problem at a steep angle."""
        usual = Aerofoil("mixed", self.points).draw(seed, index, redraw)
        degrees = np.random.default_rng([seed, index, redraw, 1]).uniform(9.5, 15)
        return dataclasses.replace(usual, degrees=round(degrees, 3))


@final
@dataclasses.dataclass(frozen=True)
class Thin(_Drawn):
    """Thin NACA and other sections in turn at any speed, at angles about which either side begins to separate."""

    def draw(self, seed: int, index: int, redraw: int) -> Case:
        """A draw of the usual problem at such an angle, and thinner."""
        usual = Aerofoil("mixed", self.points).draw(seed, index, redraw)
        rng = np.random.default_rng([seed, index, redraw, 1])
        thickness = round(rng.uniform(5, 8), 3)
        degrees = round(rng.uniform(*((-5, -1.5) if index // 2 % 2 == 0 else (4, 9))), 3)
        if isinstance(usual.section, FourDigits | FiveDigits):
            return Case(dataclasses.replace(usual.section, thickness=thickness), usual.speed, degrees)
        return dataclasses.replace(usual, degrees=degrees)


def stored(folder: Path) -> list[Path]:
    """Its files."""
    return sorted(folder.glob("*.npz"))


def family(name: str) -> str:
    """The name of a section less its last digit and what follows."""
    return re.sub(r"\d?\D*$", "", name)


def split_of(names: list[str], known: set[str]) -> dict[str, str]:
    """Family -> split: random families for test, validation and calibration, the others for training, except `SHOWN`'s.

    The test families were those of the first surrogate and are trained on since: `campaigns` now tests sections of
    calibration families that have no stored flow.

    Args:
        names: of all sections.
        known: names of sections with a stored flow, or as many; `FIRST` counts these for validation and calibration.
    """
    families = sorted({family(name) for name in names})
    wanted = [("test", TESTED["uiuc"], set(names))]
    wanted += [(split, FIRST[split], known) for split in ("validation", "calibration")]
    found, count = {}, 0
    for each in np.random.default_rng(0).permutation(families).tolist():
        if not wanted:
            found[each] = "train"
            continue
        split, least, counted = wanted[0]
        found[each] = split
        count += sum(family(name) == each for name in counted)
        if count >= least:
            wanted, count = wanted[1:], 0
    return found | {family(SHOWN): "shown"}


@dataclasses.dataclass(frozen=True)
class Campaign:
    """Cases of one problem, and the split that each is in."""

    kind: str
    folder: str
    problem: AbstractProblem
    seed: int
    splits: list[str]

    def cases(self, out: Path) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """Name, split and entry of every case, once they are solved."""
        generate(self.problem, out / self.folder, len(self.splits), self.seed)
        entries = json.loads((out / self.folder / "dataset.json").read_text())["cases"]
        for (name, entry), split in zip(sorted(entries.items()), self.splits, strict=True):
            files = {part: f"{self.folder}/{entry[part]}" for part in ("mesh", "samples", "wall")}
            yield f"{self.kind}_{self.folder}_{name.removeprefix('case_')}", split, entry | files


def campaigns(sections: Path, before: Path | None, out: Path) -> Iterator[Campaign]:
    """All of them, those that measure first."""
    with np.load(sections) as arrays:
        points, names = arrays["points"], arrays["names"].astype(str)
    known = [] if before is None else [str(np.load(path)["name"]) for path in stored(before / "rans_sections")]
    splits = split_of(names.tolist(), set(known) or set(names[::6].tolist()))
    order = np.random.default_rng(1).permutation(len(names))
    tested = [i for i in order if splits[family(names[i])] == "calibration" and names[i] not in known]
    tested = tested[: TESTED["uiuc"]]
    splits |= dict.fromkeys((family(names[i]) for i in tested), "tested")
    subset = functools.partial(_subset, out, points, names)
    naca = [split for split, count in FIRST.items() for _ in range(count)]
    if before is not None:
        yield Campaign("naca", "stored_naca", Stored(str(before / "rans_aerofoil")), 0, naca)
        own = [splits[family(name)] for name in known]
        yield Campaign("uiuc", "stored", Stored(str(before / "rans_sections")), 0, own)
    else:
        yield Campaign("naca", "first_naca", Aerofoil(), 9, naca)
        for split, count in FIRST.items():
            first = [i for i in order if splits[family(names[i])] == split][:count]
            known += names[first].tolist()
            yield Campaign("uiuc", f"first_{split}", Aerofoil("points", subset(split, first)), 10, [split] * count)
    before_now = [i for i in order if splits[family(names[i])] == "test"][: TESTED["uiuc"]]
    yield Campaign("naca", "test_naca", Aerofoil(), 11, ["train"] * TESTED["naca"])
    yield Campaign("uiuc", "test", Aerofoil("points", subset("test", before_now)), 12, ["train"] * len(before_now))
    yield Campaign("naca", "test_3_naca", Aerofoil(), 44, ["test"] * TESTED["naca"])
    yield Campaign("uiuc", "test_3", Aerofoil("points", subset("test_3", tested)), 45, ["test"] * len(tested))
    train = [i for i in order if splits[family(names[i])] == "train"]
    new = [i for i in train if names[i] not in known]
    for at in range(0, NEW_SECTIONS, CHUNK):
        chunk = new[at : at + CHUNK]
        drawn = Aerofoil("points", subset(f"new_{at}", chunk))
        yield Campaign("uiuc", f"new_{at}", drawn, 13 + at, ["train"] * len(chunk))
    near = NearSeparation(subset("near", train))
    yield Campaign("near", "near", near, 14, ["train"] * NEAR)
    yield Campaign("naca", "new_naca", Aerofoil(), 15, ["train"] * NEW_NACA)
    yield Campaign("steep", "steep", Steep(near.points), 16, ["train"] * STEEP)
    thin = Thin(subset("thin", [i for i in train if _thickness(points[i]) < THIN_SECTIONS]))
    for at in range(0, THIN, CHUNK):
        yield Campaign("thin", f"thin_{at}", thin, 20 + at, ["train"] * CHUNK)
    yield Campaign("naca", "calibration_naca", Aerofoil(), 40, ["calibration"] * CALIBRATING_NACA)
    calibrating = Aerofoil("points", subset("calibration", [names.tolist().index(name) for name in CALIBRATING]))
    yield Campaign("uiuc", "calibration", calibrating, 41, ["calibration"] * len(CALIBRATING))
    yield Campaign("naca", "validation_naca", Aerofoil(), 42, ["validation"] * CHOOSING_NACA)
    yield Campaign("naca", "more_naca", Aerofoil(), 43, ["train"] * MORE_NACA)


def apart(walls: Mapping[str, np.ndarray], split: Mapping[str, list[str]]) -> list[str]:
    """The cases to learn from whose wall is not that of a case of another split.

    Args:
        walls: by the names of all cases, points (points, 2) of the wall, as many of each, in chords.
        split: names of cases.
    """
    others = [walls[name].ravel() for part, names in split.items() if part != "train" for name in names]
    nearest, _ = KDTree(others).query([walls[name].ravel() for name in split["train"]], p=np.inf)
    return [name for name, distance in zip(split["train"], nearest, strict=True) if distance > ALIKE]


def _thickness(outline: np.ndarray) -> float:
    """Largest thickness, in chords, of a section from its trailing edge over the upper side and back."""
    nose, along = int(np.argmin(outline[:, 0])), np.linspace(0.05, 0.95, 91)
    upper, lower = outline[: nose + 1][::-1].T, outline[nose:].T
    return float(np.max(np.interp(along, *upper) - np.interp(along, *lower)))


def _subset(out: Path, points: np.ndarray, names: np.ndarray, name: str, chosen: list[int]) -> str:
    """A file of some of the sections."""
    path = out / "sections" / f"{name}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, points=points[chosen], names=names[chosen])
    return str(path)


def main() -> None:
    """Make them, and one data set of all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("sections", type=Path)
    parser.add_argument("--stored", type=Path)
    parser.add_argument("--out", type=Path, default=Path("data/aerofoil"))
    options = parser.parse_args()
    cases, split = {}, {part: [] for part in ("train", "validation", "calibration", "test")}
    for campaign in campaigns(options.sections, options.stored, options.out):
        for name, part, entry in campaign.cases(options.out):
            if part in split and not (campaign.folder == "stored" and part == "test"):  # these are solved anew
                cases[name] = entry
                split[part].append(name)
    walls = {name: np.load(options.out / entry["wall"])["points"] for name, entry in cases.items()}
    split["train"] = apart(walls, split)
    cases = {name: cases[name] for names in split.values() for name in names}
    write_manifest(
        options.out, Aerofoil.schema, cases, split, name="aerofoil", licence=LICENCE,
        description=DESCRIPTION, source="python -m benchmarks.aerofoil_data",
    )  # fmt: skip
    print({part: len(names) for part, names in split.items()})


if __name__ == "__main__":
    main()
