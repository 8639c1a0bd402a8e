"""`enf2enf demo | generate | dataset | subsample | train | evaluate | predict | inspect | serve | token`."""

import argparse
import io
import sys
from collections.abc import Sequence

from enf2enf.cli import datasets, making, serving, using
from enf2enf.errors import Enf2EnfError
from enf2enf.plain import one_line

_EXTRAS = {"skfem": "data", "optax": "train", "tensorboardX": "train", "matplotlib": "viz",
           "grpc": "server", "pythonjsonlogger": "server", "prometheus_client": "server",
           "grpc_health": "server", "grpc_reflection": "server", "pyvista": "scenes",
           "starlette": "http", "uvicorn": "http", "orjson": "http"}  # fmt: skip
_INTERRUPTED = 130  # as a shell says that Ctrl-C ended a command


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
    except MemoryError:
        print("enf2enf: memory: expected a question whose answer fits, got one that needs more", file=sys.stderr)
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
    for room in (making, datasets, using, serving):
        room.add_commands(commands)
    return parser
