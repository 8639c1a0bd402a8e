"""The commands that make something: a demonstration, data sets, surrogates."""

import argparse
import typing
from pathlib import Path
from typing import Any

from enf2enf.cli.command import Parser, add, file, number, path, stopped_as_by_ctrl_c, whole
from enf2enf.errors import ConfigError
from enf2enf.files import check_folder
from enf2enf.problems import PROBLEMS, find_problem

if typing.TYPE_CHECKING:
    from enf2enf.problems.problem import AbstractProblem

_INTERRUPTED = 130  # as a shell says that Ctrl-C ended a command


def add_commands(commands: Any) -> None:
    """Adds them to a parser."""
    about = "serve, ask and compare with solvers on geometries that nobody trained on"
    demo = add(commands, "demo", about, "enf2enf demo --out out", _demo)
    demo.add_argument("--out", type=path, default=Path("out"), help="folder of the pictures and demo.vtu (out)")

    example = "enf2enf generate elasticity --cases 100 --seed 0 --out data/cells"
    generate = add(commands, "generate", "make a data set with a solver", example, _generate)
    generate.add_argument("problem", choices=PROBLEMS, help="whose cases")
    rest = "`enf2enf generate PROBLEM --help` shows them"
    generate.add_argument("rest", nargs=argparse.REMAINDER, metavar="OPTIONS", help=rest)

    example = "enf2enf subsample data/cells --share 0.125 --out data/cells-eighth"
    about = "keep the fields of a data set at a drawn share of the points"
    subsample = add(commands, "subsample", about, example, _subsample)
    subsample.add_argument("dataset", type=path, help="a folder with dataset.json")
    subsample.add_argument("--share", type=number, required=True, help="part of every case's points, e.g. 0.125")
    subsample.add_argument("--seed", type=whole, default=0, help="of the drawing (0)")
    subsample.add_argument("--keep-walls", action="store_true", help="keep all points on walls")
    subsample.add_argument("--out", type=path, required=True, help="folder, new or empty")

    example = "enf2enf train examples/elasticity.toml\nenf2enf train examples/elasticity.toml --minutes 20 --fit"
    train = add(commands, "train", "train, or resume, a surrogate", example, _train)
    train.add_argument("config", type=path, help="a TOML file, see examples/")
    text = "stop after this long, between steps or cases of a validation, and after a step in any case; run again to "
    text += "resume. What is prepared, compiled or begun a second time, and the last validation, come to their end"
    train.add_argument("--minutes", type=number, default=None, help=text)
    train.add_argument("--fit", action="store_true", help="with --minutes: as many steps as end by then")
    train.add_argument("--quiet", action="store_true", help="say nothing while training")


def _demo(options: argparse.Namespace) -> None:
    import enf2enf_meshes
    from enf2enf.demo import demo

    check_folder(options.out, ConfigError)
    demo(enf2enf_meshes.pretrained(), options.out)


def _generate(options: argparse.Namespace) -> None:
    from enf2enf.problems.campaign import generate

    kind = find_problem(options.problem)
    given = vars(_problem_parser(kind).parse_args(options.rest))
    problem = kind(**{field.name: given[field.name] for field in kind.options()})
    with stopped_as_by_ctrl_c():
        generate(problem, given["out"], given["cases"], given["seed"], given["jobs"])
    print(f"{given['out']}: {given['cases']} cases")


def _problem_parser(kind: "type[AbstractProblem]") -> Parser:
    """The options of `enf2enf generate PROBLEM`: those of every problem, and its own."""
    from enf2enf.data.split import fewest
    from enf2enf.problems.problem import flag

    summary = (kind.__doc__ or "").strip().split("\n")[0]
    parser = Parser(prog=f"enf2enf generate {kind.name}", description=summary)
    text = f"how many, at least {fewest(kind().shares)}, one for each split (1200)"
    parser.add_argument("--cases", type=whole, default=1200, help=text)
    parser.add_argument("--seed", type=whole, default=0, help="of all randomness (0)")
    parser.add_argument("--jobs", type=whole, default=None, help="processes; one per core if not given")
    parser.add_argument("--out", type=path, required=True, help="folder, new or of an interrupted run to finish")
    hints = typing.get_type_hints(kind)
    for field in kind.options():
        choices, text = typing.get_args(hints[field.name]), f"{field.metadata['help']} ({field.default})"
        kind_of = type(choices[0]) if choices else hints[field.name]
        read = file if field.metadata["is_file"] else {int: whole, float: number}.get(kind_of, kind_of)
        parser.add_argument(flag(field), type=read, choices=choices or None, default=field.default, help=text)
    return parser


def _subsample(options: argparse.Namespace) -> None:
    from enf2enf.data.subsample import subsample

    with stopped_as_by_ctrl_c():
        given = options.dataset, options.out, options.share, options.seed
        counts = subsample(*given, keep_walls=options.keep_walls).values()
    print(f"{options.out}: {len(counts)} cases, {min(counts)} to {max(counts)} points each")


def _train(options: argparse.Namespace) -> int:
    from enf2enf.train.config import RunConfig
    from enf2enf.train.loop import train

    config = RunConfig.read(options.config)
    outcome = train(config, options.minutes, options.quiet, fit=options.fit)
    best = "not read yet" if outcome.validation is None else f"{outcome.validation:.3g}"
    state = "finished" if outcome.finished else "stopped; run the same command to resume"
    print(f"{config.out}: {state} at step {outcome.step}, validation {best}, {outcome.seconds / 60:.1f} min")
    return _INTERRUPTED if outcome.interrupted else 0
