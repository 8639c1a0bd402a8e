"""The commands that take a surrogate."""

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from enf2enf.cli.command import add
from enf2enf.cli.place import FORMS, at_of

if TYPE_CHECKING:
    from enf2enf.prediction import Prediction
    from enf2enf.schema import Schema


def add_commands(commands: Any) -> None:
    """Adds them to a parser."""
    example = "enf2enf evaluate elasticity data/elasticity --split validation"
    evaluate = add(commands, "evaluate", "measure a surrogate on a split of a data set", example, _evaluate)
    evaluate.add_argument("checkpoint", help="a checkpoint, or the name of a shipped one")
    evaluate.add_argument("dataset", type=Path)
    evaluate.add_argument("--split", choices=["train", "validation", "calibration", "test"], default="validation")
    evaluate.add_argument("--json", type=Path, help="write the figures here too")

    example = """enf2enf predict elasticity cell.vtu --png out.png
enf2enf predict elasticity cell.msh --length-unit mm -o cell.vtu
enf2enf predict elasticity cell.vtu --at wall -o wall.csv
enf2enf predict my_wing.enf section.csv --vector inflow=50,4 --at line:0,0.1:1,0.1 --json"""
    predict = add(commands, "predict", "answer for one mesh: as a file, a picture, JSON or a table", example, _predict)
    predict.add_argument("checkpoint", help="a checkpoint, or the name of a shipped one")
    predict.add_argument("mesh", type=Path, help="a mesh file, or a .csv of a closed curve")
    predict.add_argument("-c", "--condition", action="append", default=[], metavar="NAME=VALUE[,VALUE]")
    text = "a vector of the plane by its magnitude and its angle from x to y"
    predict.add_argument("--vector", action="append", default=[], metavar="NAME=MAGNITUDE,DEGREES", help=text)
    predict.add_argument("-w", "--wall", action="append", default=[], metavar="PATCH", help="default: inner loops")
    text = "of a mesh that is one side of a plane of symmetry, the patch in that plane"
    predict.add_argument("--symmetry", action="append", default=[], metavar="PATCH", help=text)
    predict.add_argument("--length-unit", default="m", help="of the mesh: m, cm, mm, um, km, in or ft (m)")
    text = "nodes at most so far apart, in the unit of the mesh, become one: for cells that do not share theirs"
    predict.add_argument("--merge", type=float, default=None, metavar="TOLERANCE", help=text)
    predict.add_argument("--at", default="nodes", metavar="WHERE", help=f"{FORMS} (nodes); in metres")
    predict.add_argument(
        "-o", "--out", type=Path, help=".vtu or .csv; of nodes the same mesh in any format with fields"
    )
    predict.add_argument("--png", type=Path, help="a picture of the first field")
    predict.add_argument("--json", action="store_true", help="the answer on standard output")

    example = "enf2enf inspect elasticity"
    inspect = add(commands, "inspect", "print the model card of a checkpoint", example, _inspect)
    inspect.add_argument("checkpoint", help="a checkpoint, or the name of a shipped one")


def _evaluate(options: argparse.Namespace) -> None:
    from rich.console import Console

    from enf2enf.checkpoint import load
    from enf2enf.data.cache import PackedData
    from enf2enf.train.evaluate import evaluate

    surrogate = load(options.checkpoint)
    report = evaluate(surrogate, PackedData.load(options.dataset), options.split)
    Console().print(report.table())
    if report.outside:
        print(f"{report.outside} points of the data lie outside their own geometry and were left out")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"version": surrogate.version, **report.to_dict()}, indent=1) + "\n")


def _predict(options: argparse.Namespace) -> None:
    from enf2enf import io as mesh_io
    from enf2enf.checkpoint import load
    from enf2enf.conditions import conditions_of

    if options.png is not None:
        from enf2enf.view.picture import check_picture

        check_picture(options.png)  # before anything is computed, or written
    surrogate, raw, at = load(options.checkpoint), mesh_io.read(options.mesh, options.merge), at_of(options.at)
    read = {"walls": options.wall, "symmetry": options.symmetry, "length_unit": options.length_unit}
    shape = surrogate.encode(raw, **read)
    prediction = surrogate.decode(shape, conditions_of(options.condition, options.vector), at)
    for name in prediction.extrapolating:
        print(f"enf2enf: {name} is outside the training range: an extrapolation", file=sys.stderr)
    for warning in prediction.warnings:
        print(f"enf2enf: {warning}", file=sys.stderr)
    written = []
    if options.out is not None:
        for sentence in prediction.save(options.out):
            print(f"enf2enf: {sentence}", file=sys.stderr)
        written.append(options.out)
    if options.png is not None:
        from enf2enf.view.picture import picture

        picture(options.png, prediction, surrogate.schema.answered("wall" if options.at == "wall" else "domain")[0])
        written.append(options.png)
    _tell(options, prediction, surrogate.schema, written)


def _tell(options: argparse.Namespace, prediction: "Prediction", schema: "Schema", written: list[Path]) -> None:
    """What was written, or the answer itself: as JSON, or a table of it."""
    if options.json:
        return print(json.dumps(prediction.to_dict()))
    what = {"nodes": "nodes", "wall": "sides of walls"}.get(options.at, "points")
    missing = f", {prediction.outside} without a field" * bool(prediction.outside)
    said = f"{len(prediction.points)} {what}{missing}"
    if written:
        return print("\n".join(f"{path}: {said}" for path in written))
    from rich.console import Console

    from enf2enf.view.summary import summary

    print(f"{options.mesh}: {said}")
    Console().print(summary(prediction.field, schema))
    if prediction.integrals:
        print(", ".join(f"{name} = {value:.5g}" for name, value in prediction.integrals.items()))


def _inspect(options: argparse.Namespace) -> None:
    from enf2enf.checkpoint import load

    print(json.dumps(load(options.checkpoint).card, indent=2))
