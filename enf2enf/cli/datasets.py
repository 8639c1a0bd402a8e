"""The commands around data sets of one's own."""

import argparse
import glob
import json
import os
from pathlib import Path
from typing import Any

from enf2enf.cli.command import add, number, path, stopped_as_by_ctrl_c, whole
from enf2enf.cli.streams import show
from enf2enf.errors import DatasetError
from enf2enf.schema import Integrals, Quantity

_ROUNDED = 1e-6  # of a sum of shares


def add_commands(commands: Any) -> None:
    """Adds them to a parser."""
    about = "make a data set of your own, or look one through"
    example = """enf2enf dataset new data/mine --meshes 'cases/*.vtu' --fields p::Pa,U:vector:m/s
enf2enf dataset check data/mine --png report.png"""
    dataset = add(commands, "dataset", about, example)
    actions = dataset.add_subparsers(metavar="ACTION")
    _add_new(actions)
    example = "enf2enf dataset airfrans Dataset --task scarce --out data/airfrans-scarce"
    about = "make one from the public folder of AirfRANS; run again to finish one that was interrupted"
    airfrans = add(actions, "airfrans", about, example, _airfrans)
    airfrans.add_argument("folder", type=path, help="with manifest.json and a folder a case")
    airfrans.add_argument("--task", required=True, help="full, scarce, reynolds or aoa")
    airfrans.add_argument("--out", type=path, required=True, help="folder, new, empty or of an interrupted run")
    example = "enf2enf dataset check data/mine --png report.png"
    about = "say what a careful colleague would; status 1 where something must be mended"
    check = add(actions, "check", about, example, _check)
    check.add_argument("folder", type=path, help="with dataset.json in it")
    check.add_argument("--json", action="store_true", help="all of it on standard output, as JSON")
    text = "a picture of the shapes and ranges, .png, .pdf or .svg"
    check.add_argument("--png", type=path, metavar="FILE", help=text)


def _add_new(actions: Any) -> None:
    example = """enf2enf dataset new data/mine --meshes 'cases/*.vtu' --fields p,U:vector --conditions conditions.csv \
--vector inflow=U,alpha_deg --split 0.75,0.1,0.05,0.1 --unit mm
enf2enf dataset new data/foam --meshes 'cases/*' --fields p::m2/s2,U:vector:m/s --wall aerofoil --far
enf2enf dataset new data/clouds --meshes 'walls/*.csv' --points 'clouds/*.npz' --fields p,U:vector"""
    new = add(actions, "new", "make one from a folder of meshes", example, _new)
    new.add_argument("folder", type=path, help="new or empty")
    text = "one file a case: cases/*.vtu, or 'cases/*.vtu' in quotes; or one folder a case of OpenFOAM: cases/*"
    new.add_argument("--meshes", required=True, nargs="+", metavar="GLOB", help=text)
    text = "of the meshes: NAME[:KIND[:UNIT]], separated by commas; by node, or by cell: then sampled at cell centres"
    new.add_argument("--fields", required=True, metavar="FIELDS", help=text)
    text = "the same of fields that are known on the walls alone: by cell of the patches that are walls, or by node"
    new.add_argument("--wall-fields", default="", metavar="FIELDS", help=text)
    text = "one .csv or .npz file a case, named as its mesh, of points and the fields there"
    new.add_argument("--points", default=[], nargs="+", metavar="GLOB", help=text)
    text = "a row a case: a column `case`, and one for each number, NAME or NAME [UNIT]"
    new.add_argument("--conditions", type=path, metavar="FILE.csv", help=text)
    text = "a vector condition from columns of the table: a magnitude, then an angle [deg] or [rad]; or its components"
    new.add_argument("--vector", action="append", default=[], metavar="NAME=COLUMN,COLUMN[:UNIT]", help=text)
    text = "a field that is made dimensionless by a power of a condition, e.g. p=inflow:2; again for another condition"
    new.add_argument("--scales-with", action="append", default=[], metavar="FIELD=CONDITION:POWER", help=text)
    text = "a field whose undisturbed value is a condition, e.g. U=inflow"
    new.add_argument("--relative-to", action="append", default=[], metavar="FIELD=CONDITION", help=text)
    text = "train, validation, calibration, test (0.75,0.1,0.05,0.1)"
    new.add_argument("--split", default="0.75,0.1,0.05,0.1", metavar="SHARES", help=text)
    new.add_argument("--seed", type=whole, default=0, help="of the order in which cases are shared out (0)")
    new.add_argument("--unit", default="m", help="of all coordinates: m, cm, mm, um, km, in or ft (m)")
    new.add_argument("-w", "--wall", action="append", default=[], metavar="PATCH", help="default: inner loops")
    text = "of meshes that are one side of a plane of symmetry, the patch in that plane"
    new.add_argument("--symmetry", action="append", default=[], metavar="PATCH", help=text)
    new.add_argument("--far", action="store_true", help="the domain goes on beyond the meshes' outer boundary")
    new.add_argument("--open-walls", action="store_true", help="the walls may be parts of loops, as those of a channel")
    text = (
        "of which fields lift, drag and moment are: pressure, shear on walls; and which condition is the inflow, the "
    )
    text += "density; velocity and domain_pressure for the drag in the wake as well"
    new.add_argument("--integrals", metavar="KEY=NAME,...", help=text)
    new.add_argument("--length", type=number, help="the reference length in metres; default: the mean extent")
    new.add_argument("--name", default="", help="default: that of the folder")
    new.add_argument("--licence", default="", help="of the data (SPDX identifier)")


def _airfrans(options: argparse.Namespace) -> None:
    from enf2enf.data.airfrans.convert import convert

    with stopped_as_by_ctrl_c():
        print(convert(options.folder, options.out, options.task))


def _check(options: argparse.Namespace) -> int:
    from rich.console import Console
    from rich.progress import Progress

    from enf2enf.data.dataset import Dataset
    from enf2enf.data.review import review
    from enf2enf.view.review import tables

    if options.png is not None:
        from enf2enf.view.picture import check_picture

        check_picture(options.png)
    dataset = Dataset.open(options.folder)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("reading", total=sum(map(len, dataset.split.values())))
        found = review(dataset, lambda case: progress.advance(task))
    if options.png is not None:
        from enf2enf.view.dataset import dataset_picture

        dataset_picture(options.png, found)
    if options.json:
        print(json.dumps(found.to_dict()))
    else:
        show(*tables(found))
    return 0 if found.is_sound else 1


def _new(options: argparse.Namespace) -> None:
    from enf2enf.data.gather import Recipe, gather, summary

    vectors = {name: text.partition(":") for name, text in _pairs("--vector", options.vector).items()}
    recipe = Recipe(
        meshes=_found("--meshes", options.meshes),
        points=_found("--points", options.points),
        fields=_fields(options),
        conditions=options.conditions,
        vectors={name: columns.split(",") for name, (columns, _, _) in vectors.items()},
        units={name: unit for name, (_, _, unit) in vectors.items() if unit},
        shares=_shares(options.split),
        seed=options.seed,
        walls=options.wall,
        symmetry=options.symmetry,
        unit=options.unit,
        outer_is_far=options.far,
        open_walls=options.open_walls,
        length=options.length,
        integrals=_integrals(options.integrals),
    )
    with stopped_as_by_ctrl_c():
        places = gather(recipe, options.folder, options.name, options.licence)
    print(summary(places, options.folder))


def _found(option: str, patterns: list[str]) -> list[Path]:
    """The files that patterns fit; a shell may have put the files in place of its pattern."""
    paths: set[Path] = set()
    for pattern in patterns:
        fitting = [pattern] if os.path.exists(pattern) else glob.glob(pattern)
        if not fitting:
            raise DatasetError(option, "files, or a pattern of files", f"{pattern!r}, which fits none")
        paths |= set(map(Path, fitting))
    return sorted(paths)


def _fields(options: argparse.Namespace) -> list[Quantity]:
    scales = _scales(options.scales_with)
    relative, fields = _pairs("--relative-to", options.relative_to), []
    words = [("--fields", "domain", word) for word in options.fields.split(",")]
    words += [("--wall-fields", "wall", word) for word in options.wall_fields.split(",") if options.wall_fields]
    for option, on, word in words:
        name, kind, unit, *more = [*word.strip().split(":"), "", ""][: max(3, word.count(":") + 1)]
        if more:
            raise DatasetError(option, "NAME[:KIND[:UNIT]], separated by commas", repr(word))
        given: dict[str, Any] = {"kind": kind or "scalar", "unit": unit, "on": on}
        if name in scales:
            given["scales_with"] = scales.pop(name)
        fields.append(Quantity(name, relative_to=relative.pop(name, ""), **given))
    for option, left in (("--scales-with", scales), ("--relative-to", relative)):
        if left:
            raise DatasetError(option, f"one of the fields {[field.name for field in fields]}", repr(min(left)))
    return fields


def _integrals(text: str | None) -> Integrals | None:
    return None if text is None else Integrals.from_dict(_pairs("--integrals", text.split(",")))


def _pairs(option: str, texts: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals or not name or not value or name in found:
            raise DatasetError(option, "NAME=VALUE, every name once", repr(text))
        found[name] = value
    return found


def _scales(texts: list[str]) -> dict[str, dict[str, float]]:
    """Field -> condition -> power."""
    option = "--scales-with"
    found: dict[str, dict[str, float]] = {}
    for text in texts:
        field, equals, value = text.partition("=")
        condition, colon, power = value.partition(":")
        powers = found.setdefault(field, {})
        if not (field and equals and condition) or condition in powers:
            raise DatasetError(option, "FIELD=CONDITION:POWER, every condition of a field once", repr(text))
        try:
            powers[condition] = float(power) if colon else 1.0
        except ValueError:
            raise DatasetError(option, "FIELD=CONDITION:POWER", repr(text)) from None
    return found


def _shares(text: str) -> tuple[float, float, float, float]:
    try:
        train, validation, calibration, test = (float(share) for share in text.split(","))
    except ValueError:
        raise DatasetError("--split", "four shares separated by commas", repr(text)) from None
    if min(train, validation, calibration, test) < 0 or not (train and validation):
        raise DatasetError("--split", "numbers from 0 up, above 0 for train and validation", repr(text))
    if not abs(train + validation + calibration + test - 1) <= _ROUNDED:
        raise DatasetError("--split", "shares that add up to 1", repr(text))
    return train, validation, calibration, test
