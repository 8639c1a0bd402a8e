"""`enf2enf demo | generate | dataset | subsample | train | evaluate | predict | inspect | serve | token`."""

import re
import sys
from collections.abc import Sequence

from enf2enf import __version__
from enf2enf.cli import datasets, making, serving, streams, using
from enf2enf.cli.command import Parser
from enf2enf.cli.streams import tell
from enf2enf.errors import Enf2EnfError

_EXTRAS = {"skfem": "data", "optax": "train", "tensorboardX": "train", "matplotlib": "viz",
           "grpc": "server", "pythonjsonlogger": "server", "prometheus_client": "server",
           "grpc_health": "server", "grpc_reflection": "server", "pyvista": "scenes",
           "starlette": "http", "uvicorn": "http", "orjson": "http"}  # fmt: skip
_INTERRUPTED, _BROKEN_PIPE = 130, 141  # as a shell says that Ctrl-C, or a reader who left, ended a command


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0, 1 for refused input, 130 for Ctrl-C, 141 where nobody reads on."""
    streams.prepare()
    try:
        return _status(sys.argv[1:] if arguments is None else list(arguments))
    except BrokenPipeError:
        streams.leave()
        return _BROKEN_PIPE


def _status(arguments: list[str]) -> int:
    try:
        return _run(arguments)
    except Enf2EnfError as error:
        tell(str(error))
    except BrokenPipeError:
        raise
    except OSError as error:
        name = error.filename or "standard output"
        tell(f"{name}: expected a place to read from or write to, got {error.strerror or error}")
        if error.filename is None:
            streams.leave()
    except MemoryError as error:
        needed = re.search(r"Unable to allocate (\S+ \w+)", str(error))  # as NumPy says it
        got = f"one that needs {needed[1]} more" if needed else "one that needs more"
        tell(f"memory: expected a question whose answer fits, got {got}")
    except ModuleNotFoundError as error:
        extra = _EXTRAS.get((error.name or "").split(".")[0])
        if extra is None:
            raise
        tell(f"this command needs {error.name}: pip install 'enf2enf[{extra}]'")
    except KeyboardInterrupt:
        tell("interrupted")
        return _INTERRUPTED
    return 1


def _run(arguments: list[str]) -> int:
    try:
        options = _parser().parse_args(arguments)
        options.arguments = arguments
        return options.command(options) or 0
    except SystemExit as stop:
        if isinstance(stop.__context__, BrokenPipeError):  # as rich ends a process whose output nobody reads
            raise stop.__context__ from None
        raise
    finally:
        sys.stdout.flush()  # here, where what fails can be told


def _parser() -> Parser:
    parser = Parser(prog="enf2enf", description="Neural-field surrogates of steady PDEs.")
    parser.add_argument("--version", action="version", version=f"enf2enf {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND")
    for room in (making, datasets, using, serving):
        room.add_commands(commands)
    return parser
