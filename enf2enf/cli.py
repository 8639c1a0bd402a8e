"""`enf2enf demo | generate | subsample | train | evaluate | predict | inspect | serve | token`."""

import argparse
import dataclasses
import io
import json
import os
import sys
import typing
from collections.abc import Sequence
from pathlib import Path

from enf2enf.errors import Enf2EnfError
from enf2enf.plain import one_line
from enf2enf.problems import PROBLEMS, find_problem

if typing.TYPE_CHECKING:
    from enf2enf.problems.problem import AbstractProblem

_EXTRAS = {"skfem": "data", "optax": "train", "tensorboardX": "train", "matplotlib": "viz",
           "grpc": "server", "pythonjsonlogger": "server", "prometheus_client": "server",
           "grpc_health": "server", "grpc_reflection": "server", "pyvista": "scenes"}  # fmt: skip
_INTERRUPTED = 130  # as a shell says that Ctrl-C ended a command
_LAST_SECONDS = 30.0  # for a server whose supervisor is gone, after it has drained


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0, 1 for refused input, 130 for Ctrl-C."""
    options = _parser().parse_args(arguments)
    options.arguments = sys.argv[1:] if arguments is None else list(arguments)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name need not be Unicode; as standard error
    try:
        return options.command(options) or 0
    except Enf2EnfError as error:
        print(f"enf2enf: {one_line(str(error))}", file=sys.stderr)
        return 1
    except OSError as error:
        print(one_line(f"enf2enf: {error.filename or 'output'}: {error.strerror or error}"), file=sys.stderr)
        return 1
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        print(f"enf2enf: this command needs {error.name}: pip install 'enf2enf[{extra}]'", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("enf2enf: interrupted", file=sys.stderr)
        return _INTERRUPTED


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="enf2enf", description="Neural-field surrogates of steady PDEs.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_makers(commands)
    _add_users(commands)
    return parser


def _add_makers(commands: argparse._SubParsersAction) -> None:
    """The commands that make something: a demonstration, data sets, surrogates."""
    demo = commands.add_parser("demo", help="solve, serve, ask and compare one geometry that nobody trained on")
    demo.add_argument("--out", type=Path, default=Path("out"), help="folder of demo.vtu and demo.png")
    demo.set_defaults(command=_demo)

    generate = commands.add_parser("generate", help="make a data set with a solver")
    generate.add_argument("problem", choices=PROBLEMS)
    rest = "`enf2enf generate PROBLEM --help` shows them"
    generate.add_argument("rest", nargs=argparse.REMAINDER, metavar="OPTIONS", help=rest)
    generate.set_defaults(command=_generate)

    subsample = commands.add_parser("subsample", help="keep the fields of a data set at a drawn share of the points")
    subsample.add_argument("dataset", type=Path)
    subsample.add_argument("--share", type=float, required=True, help="part of every case's points, e.g. 0.125")
    subsample.add_argument("--seed", type=int, default=0)
    subsample.add_argument("--out", type=Path, required=True)
    subsample.set_defaults(command=_subsample)

    train = commands.add_parser("train", help="train, or resume, a surrogate")
    train.add_argument("config", type=Path, help="a TOML file, see examples/")
    train.add_argument("--minutes", type=float, default=None, help="stop after this long; run again to resume")
    train.add_argument("--fit", action="store_true", help="with --minutes: as many steps as end by then")
    train.add_argument("--quiet", action="store_true", help="say nothing while training")
    train.set_defaults(command=_train)


def _add_users(commands: argparse._SubParsersAction) -> None:
    """The commands that take a surrogate."""
    evaluate = commands.add_parser("evaluate", help="measure a surrogate on a split of a data set")
    evaluate.add_argument("checkpoint")
    evaluate.add_argument("dataset", type=Path)
    evaluate.add_argument("--split", choices=["train", "validation", "calibration", "test"], default="validation")
    evaluate.add_argument("--json", type=Path, help="write the figures here too")
    evaluate.set_defaults(command=_evaluate)

    predict = commands.add_parser("predict", help="attach predicted fields to a mesh")
    predict.add_argument("checkpoint")
    predict.add_argument("mesh", type=Path)
    predict.add_argument("-c", "--condition", action="append", default=[], metavar="NAME=VALUE[,VALUE]")
    predict.add_argument("-w", "--wall", action="append", default=[], metavar="PATCH", help="default: inner loops")
    predict.add_argument("--length-unit", default="m")
    predict.add_argument("-o", "--out", type=Path, required=True)
    predict.set_defaults(command=_predict)

    inspect = commands.add_parser("inspect", help="print the model card of a checkpoint")
    inspect.add_argument("checkpoint")
    inspect.set_defaults(command=_inspect)

    _add_serve(commands)

    token = commands.add_parser("token", help="make a secret for a caller, and the table that a server knows it by")
    token.add_argument("name", help="of the caller, for logs")
    token.add_argument("--concurrent", type=int, default=None, help="calls at once; unlimited if not given")
    token.add_argument("--per-second", type=float, default=None, help="calls a second; unlimited if not given")
    token.add_argument("--admin", action="store_true", help="may load and unload models")
    token.set_defaults(command=_token)


def _add_serve(commands: argparse._SubParsersAction) -> None:
    serve = commands.add_parser("serve", help="answer over gRPC, started again whenever it dies")
    serve.add_argument("checkpoint", help="a checkpoint, a shipped one, or a folder of NAME.enf or NAME/VERSION.enf")
    serve.add_argument("--host", default="127.0.0.1")
    serve.add_argument("--port", type=int, default=50051, help="0 for a free one, another after a restart")
    serve.add_argument("--metrics-host", default="127.0.0.1", help="where anybody may read the metrics")
    serve.add_argument("--metrics-port", type=int, default=None, help="for Prometheus; none if not given")
    serve.add_argument("--tokens", type=Path, default=None, help="who may call: a file of what `enf2enf token` prints")
    serve.add_argument("--certificate", type=Path, default=None, help="PEM file, for TLS; read again when it changes")
    serve.add_argument("--key", type=Path, default=None, help="PEM file of the certificate's key")
    serve.add_argument("--client-ca", type=Path, default=None, help="PEM file: clients must show a certificate of it")
    serve.add_argument("--drain-seconds", type=float, default=10.0, help="for requests in progress, when told to stop")
    text = "another limit than the default, such as points=5000000; a name that is none is answered with all"
    serve.add_argument("--limit", action="append", default=[], metavar="NAME=NUMBER", help=text)
    serve.add_argument("--log-level", default="info", help="debug, info, warning or error")
    serve.add_argument("--unsupervised", action="store_true", help="one process, for a platform that starts it again")
    serve.set_defaults(command=_serve)


def _demo(options: argparse.Namespace) -> None:
    import enf2enf_meshes
    from enf2enf.demo import demo

    demo(enf2enf_meshes.checkpoint("elasticity"), options.out)


def _generate(options: argparse.Namespace) -> None:
    from enf2enf.problems.campaign import generate

    kind = find_problem(options.problem)
    given = vars(_problem_parser(kind).parse_args(options.rest))
    problem = kind(**{field.name: given[field.name] for field in kind.options()})
    generate(problem, given["out"], given["cases"], given["seed"], given["jobs"])
    print(f"{given['out']}: {given['cases']} cases")


def _problem_parser(kind: "type[AbstractProblem]") -> argparse.ArgumentParser:
    """The options of `enf2enf generate PROBLEM`: those of every problem, and its own."""
    from enf2enf.problems.problem import flag

    summary = (kind.__doc__ or "").strip().split("\n")[0]
    parser = argparse.ArgumentParser(prog=f"enf2enf generate {kind.name}", description=summary)
    parser.add_argument("--cases", type=int, default=1200, help="how many (1200)")
    parser.add_argument("--seed", type=int, default=0, help="of all randomness (0)")
    parser.add_argument("--jobs", type=int, default=None, help="processes; one per core if not given")
    parser.add_argument("--out", type=Path, required=True, help="folder, new or of an interrupted run to finish")
    hints = typing.get_type_hints(kind)
    for field in kind.options():
        choices, text = typing.get_args(hints[field.name]), f"{field.metadata['help']} ({field.default})"
        read = type(choices[0]) if choices else hints[field.name]
        parser.add_argument(flag(field), type=read, choices=choices or None, default=field.default, help=text)
    return parser


def _subsample(options: argparse.Namespace) -> None:
    from enf2enf.data.subsample import subsample

    counts = subsample(options.dataset, options.out, options.share, options.seed).values()
    print(f"{options.out}: {len(counts)} cases, {min(counts)} to {max(counts)} points each")


def _train(options: argparse.Namespace) -> int:
    from enf2enf.train.config import RunConfig
    from enf2enf.train.loop import train

    config = RunConfig.read(options.config)
    outcome = train(config, options.minutes, options.quiet, fit=options.fit)
    best = "not read yet" if outcome.validation is None else f"{outcome.validation:.4f}"
    state = "finished" if outcome.finished else "stopped; run the same command to resume"
    print(f"{config.out}: {state} at step {outcome.step}, validation {best}, {outcome.seconds / 60:.1f} min")
    return _INTERRUPTED if outcome.interrupted else 0


def _evaluate(options: argparse.Namespace) -> None:
    from rich.console import Console

    import enf2enf_meshes
    from enf2enf.checkpoint import load
    from enf2enf.data.cache import PackedData
    from enf2enf.train.evaluate import evaluate

    surrogate = load(enf2enf_meshes.checkpoint(options.checkpoint))
    report = evaluate(surrogate, PackedData.load(options.dataset), options.split)
    Console().print(report.table())
    if report.outside:
        print(f"{report.outside} points of the data lie outside their own geometry and were left out")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({"version": surrogate.version, **report.to_dict()}, indent=1) + "\n")


def _predict(options: argparse.Namespace) -> None:
    import enf2enf_meshes
    from enf2enf import io as mesh_io
    from enf2enf.checkpoint import load
    from enf2enf.conditions import conditions_of

    surrogate = load(enf2enf_meshes.checkpoint(options.checkpoint))
    raw = mesh_io.read(options.mesh)
    mesh = raw.scaled(options.length_unit)
    encoding = surrogate.encode(mesh, walls=options.wall)
    conditions = conditions_of(options.condition)
    prediction = surrogate.decode(encoding, conditions, mesh.points)
    for name in prediction.extrapolating:
        print(f"enf2enf: {name} is outside the training range: an extrapolation", file=sys.stderr)
    mesh_io.write(options.out, raw.with_point_data(prediction.field.values))
    print(
        f"{options.out}: {len(mesh.points)} nodes"
        + f", {prediction.outside} without a field" * bool(prediction.outside)
    )


def _inspect(options: argparse.Namespace) -> None:
    import enf2enf_meshes
    from enf2enf.checkpoint import load

    print(json.dumps(load(enf2enf_meshes.checkpoint(options.checkpoint)).card, indent=2))


def _serve(options: argparse.Namespace) -> int:
    import enf2enf_meshes
    from enf2enf_server.ops import logs
    from enf2enf_server.ops.config import ServeConfig, ServerConfig
    from enf2enf_server.ops.supervise import follow_parent, supervise

    given = {f.name: getattr(options, f.name) for f in dataclasses.fields(ServeConfig) if f.name != "path"}
    config = ServeConfig(enf2enf_meshes.checkpoint(options.checkpoint), **given)
    limits = ServerConfig.of(options.limit)
    logs.configure(options.log_level)
    written = logs.write_behind()
    if not options.unsupervised:
        return supervise([sys.executable, "-m", "enf2enf.cli", *options.arguments, "--unsupervised"])
    follow_parent(config.drain_seconds + _LAST_SECONDS)
    from enf2enf_server.gate.serve import serve

    code = 0
    try:
        serve(config, limits)
    except Enf2EnfError as error:
        written(_LAST_SECONDS)
        print(f"enf2enf: {one_line(str(error))}", file=sys.stderr)
        code = 2  # starting again would not help
    sys.stdout.flush()
    if written(_LAST_SECONDS):
        sys.stderr.flush()
    os._exit(code)  # a model that is still compiled, or hangs in a disk, is neither waited for nor torn down


def _token(options: argparse.Namespace) -> None:
    from enf2enf_server.gate.tokens import issue

    secret, table = issue(options.name, options.concurrent, options.per_second, options.admin)
    print(table)
    print(f"enf2enf: the secret, shown this once: {secret}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
