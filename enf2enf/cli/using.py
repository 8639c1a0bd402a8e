"""The commands that take a surrogate."""

import argparse
import contextlib
import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Any

from enf2enf.cli.command import Once, add, named, number, path
from enf2enf.cli.place import FORMS, at_of
from enf2enf.cli.streams import show, tell
from enf2enf.errors import ConfigError
from enf2enf.files import check_file, replacing
from enf2enf.plain import counted

if TYPE_CHECKING:
    from enf2enf.conditions import Conditions
    from enf2enf.prediction import Prediction
    from enf2enf.schema import Schema
    from enf2enf.surrogate import Surrogate


def add_commands(commands: Any) -> None:
    """Adds them to a parser."""
    example = "enf2enf evaluate elasticity data/elasticity --split validation"
    evaluate = add(commands, "evaluate", "measure a surrogate on a split of a data set", example, _evaluate)
    evaluate.add_argument("checkpoint", type=named, help="a checkpoint, or the name of a shipped one")
    evaluate.add_argument("dataset", type=path, help="a folder with dataset.json, or a cache.npz in it")
    splits = ["train", "validation", "calibration", "test"]
    evaluate.add_argument("--split", choices=splits, default="validation", help="whose cases (validation)")
    evaluate.add_argument("--json", type=path, metavar="FILE", help="write the figures here too")

    example = """enf2enf predict elasticity cell.vtu --png out.png
enf2enf predict elasticity cell.msh --length-unit mm -o cell.vtu
enf2enf predict elasticity cell.vtu --at wall -o wall.csv
enf2enf predict my_wing.enf section.csv --vector inflow=50,4 --at line:0,0.1:1,0.1 --json"""
    predict = add(commands, "predict", "answer for one mesh: as a file, a picture, JSON or a table", example, _predict)
    predict.add_argument("checkpoint", type=named, help="a checkpoint, or the name of a shipped one")
    predict.add_argument("mesh", type=path, help="a mesh file, or a .csv of a closed curve")
    text = (
        "a condition in the unit of the model, one number for each dimension of a vector; inspect shows which there are"
    )
    predict.add_argument("-c", "--condition", action="append", default=[], metavar="NAME=VALUE[,VALUE]", help=text)
    text = "a vector of the plane by its magnitude and its angle from x to y"
    predict.add_argument("--vector", action="append", default=[], metavar="NAME=MAGNITUDE,DEGREES", help=text)
    predict.add_argument("-w", "--wall", action="append", default=[], metavar="PATCH", help="default: inner loops")
    text = "of a mesh that is one side of a plane of symmetry, the patch in that plane"
    predict.add_argument("--symmetry", action="append", default=[], metavar="PATCH", help=text)
    predict.add_argument("--length-unit", default="m", help="of the mesh: m, cm, mm, um, km, in or ft (m)")
    text = "nodes at most so far apart, in the unit of the mesh, become one: for cells that do not share theirs"
    predict.add_argument("--merge", type=number, default=None, metavar="TOLERANCE", help=text)
    predict.add_argument("--at", default="nodes", action=Once, metavar="WHERE", help=f"{FORMS} (nodes); in metres")
    text = ".vtu or .csv; of nodes the same mesh in any format with fields"
    predict.add_argument("-o", "--out", type=path, action=Once, metavar="FILE", help=text)
    text = "a picture of the first field, .png, .pdf or .svg"
    predict.add_argument("--png", type=path, action=Once, metavar="FILE", help=text)
    predict.add_argument("--json", action="store_true", help="the answer on standard output")

    example = "enf2enf inspect elasticity"
    inspect = add(commands, "inspect", "print the model card of a checkpoint", example, _inspect)
    inspect.add_argument("checkpoint", type=named, help="a checkpoint, or the name of a shipped one")


def _evaluate(options: argparse.Namespace) -> None:
    from enf2enf.checkpoint import load
    from enf2enf.data.cache import PackedData, stated
    from enf2enf.train.evaluate import check_schema, evaluate

    if options.json is not None:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        check_file(options.json, ConfigError)
        for read in (options.dataset / "dataset.json", options.dataset / "cache.npz", Path(options.checkpoint)):
            _check_other(options.json, read, "those that are read")
    surrogate = load(options.checkpoint)
    check_schema(surrogate, stated(options.dataset))  # before it is packed
    report = evaluate(surrogate, PackedData.load(options.dataset), options.split)
    show(report.table())
    if report.outside:
        print(f"{counted(report.outside, 'point')} of the data outside their own geometry, left out")
    if options.json is not None:
        with replacing(options.json, ConfigError) as partial:
            partial.write_text(json.dumps({"version": surrogate.version, **report.to_dict()}, indent=1) + "\n")


def _predict(options: argparse.Namespace) -> None:
    from enf2enf import io as mesh_io
    from enf2enf.checkpoint import load
    from enf2enf.conditions import conditions_of
    from enf2enf.io.fields import check_fields

    if options.out is not None:
        check_file(options.out, ConfigError)
        points = Path(options.at) if options.at.lower().endswith(".csv") else options.mesh
        for asked, what in ((options.mesh, "the mesh that is"), (points, "the points that are")):
            _check_other(options.out, asked, f"{what} asked about")
    if options.png is not None:
        from enf2enf.view.picture import check_picture

        check_picture(options.png)
    surrogate, raw, at = load(options.checkpoint), mesh_io.read(options.mesh, options.merge), at_of(options.at)
    if options.out is not None:
        check_fields(options.out, raw if options.at == "nodes" else None)
    read = {"walls": options.wall, "symmetry": options.symmetry, "length_unit": options.length_unit}
    shape = surrogate.encode(raw, **read)
    conditions = conditions_of(options.condition, options.vector)
    prediction = surrogate.decode(shape, conditions, at)
    for name in prediction.extrapolating:
        tell(f"{name} is outside the training range: an extrapolation")
    for warning in prediction.warnings:
        tell(warning)
    if (
        options.at == "nodes"
        and surrogate.schema.fields_on("wall")
        and all(block.kind == "line" for block in raw.cells)
    ):
        tell("all nodes are on walls, for this is a bare curve: --at wall answers with the fields there")
    _write(options, prediction, surrogate.schema)
    _tell(options, prediction, surrogate, _directed(surrogate, conditions))


def _check_other(out: Path, read: Path, what: str) -> None:
    """Refuses to write over a file that is read."""
    if out.exists() and read.exists() and out.samefile(read):
        raise ConfigError(str(out), f"another file than {what}", "the same")


def _write(options: argparse.Namespace, prediction: "Prediction", schema: "Schema") -> None:
    """All files, or none."""
    with contextlib.ExitStack() as drawing:
        if options.png is not None:
            from enf2enf.view.picture import drawn_bytes

            quantity = schema.answered("wall" if options.at == "wall" else "domain")[0]
            drawn = drawn_bytes(options.png.suffix, prediction, quantity)
            drawing.enter_context(replacing(options.png, ConfigError)).write_bytes(drawn)
        if options.out is not None:
            for sentence in prediction.save(options.out):
                tell(sentence)


def _tell(options: argparse.Namespace, prediction: "Prediction", surrogate: "Surrogate", under: str) -> None:
    """What was written, or the answer itself: as JSON, or a table of it; `under` says vectors it was asked under."""
    if options.json:
        return print(json.dumps(prediction.to_dict()))
    noun = {"nodes": "node", "wall": "side"}.get(options.at, "point")
    asked = " of walls" * (options.at == "wall") + under
    missing = _missing(prediction, surrogate.config.frames.follows_conditions)
    said = f"{counted(len(prediction.points), noun)}{asked}{missing}"
    if written := [path for path in (options.out, options.png) if path is not None]:
        print("\n".join(f"{path}: {said}" for path in written))
    else:
        from enf2enf.view.summary import summary

        print(f"{options.mesh}: {said}")
        show(summary(prediction.field, surrogate.schema))
    if prediction.integrals:
        about = "; C_m about a quarter of the walls' chord, nose up" * ("C_m" in prediction.integrals)
        print(", ".join(f"{name} = {value:.5g}" for name, value in prediction.integrals.items()) + about)


def _directed(surrogate: "Surrogate", conditions: "Conditions") -> str:
    """The vectors of conditions, by magnitude and angle, however they were given."""
    columns = surrogate.schema.condition_columns
    row = columns.split(surrogate.condition_row(conditions))
    vectors = [(quantity, *row[quantity.name]) for quantity in columns if quantity.kind == "vector"]
    told = [
        f"{quantity.name} {math.hypot(x, y):.5g} {quantity.unit or '1'} at {math.degrees(math.atan2(y, x)):.5g} degrees"
        for quantity, x, y in vectors
    ]
    return f" under {', '.join(told)}" if told else ""


def _missing(prediction: "Prediction", is_turned: bool) -> str:
    """How many points have no field, and why."""
    lost = prediction.points[prediction.field.missing]
    if not len(lost):
        return ""
    outside = int((~prediction.shape.geometry.contains(lost)).sum())
    box = "beyond the box that the model covers" + ", turned with the inflow" * is_turned
    causes = {"outside the domain": outside, box: len(lost) - outside}
    told = [f"{count} {cause}" for cause, count in causes.items() if count]
    return f", {len(lost)} without a field: {', '.join(told)}"


def _inspect(options: argparse.Namespace) -> None:
    from enf2enf.checkpoint import load

    print(json.dumps(load(options.checkpoint).card, indent=2))
