"""A command: its name, a line about it, and an example."""

import argparse
import contextlib
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NoReturn

from enf2enf.plain import one_line, shown

Run = Callable[[argparse.Namespace], Any]  # what it returns is the exit status; None is 0


_BAD_USAGE = 2
_SENTENCES = {  # what argparse says -> name, what was expected, what came
    r"argument (.+?): invalid choice: (.+?) \(choose from (.+)\)": (r"\1", r"one of \3", r"\2"),
    r"argument (.+?): expected (.+ arguments?)": (r"\1", r"\2", "none"),
    r"argument (.+?): expected (.+), got (.+)": (r"\1", r"\2", r"\3"),
    r"argument (.+?): (.+)": (r"\1", "another value", r"\2"),
    r"ambiguous option: (.+?) could match (.+)": (r"\1", r"one of \2", "the beginning of all"),
    r"the following arguments are required: (.+)": ("arguments", r"\1", "none"),
    r"unrecognized arguments: (.+)": ("arguments", "no further ones", r"\1"),
}


class Parser(argparse.ArgumentParser):
    """A parser that refuses in the words of the library, in two lines: the sentence, and how the command is called."""

    def __init__(self, *arguments: Any, **options: Any):
        self._required: list[str] = []
        super().__init__(*arguments, **options)

    def add_argument(self, *names: Any, **options: Any) -> argparse.Action:
        """Adds an argument, as argparse does."""
        action = super().add_argument(*names, **options)
        if action.required and action.nargs != argparse.REMAINDER:
            metavar = action.metavar if isinstance(action.metavar, str) else action.dest.upper()
            self._required += [*action.option_strings[-1:], metavar]
        return action

    def add_subparsers(self, **options: Any) -> Any:
        """Takes commands, one of which must be given, called as `metavar` says."""
        self._required.append(options["metavar"])
        return super().add_subparsers(required=True, **options)

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parses, and refuses what is left over here, where the command is known."""
        found, left = super().parse_known_args(args, namespace)
        if left:
            self.error(f"unrecognized arguments: {' '.join(left)}")
        return found, left

    def error(self, message: str) -> NoReturn:
        """Prints the sentence and a line of usage, and ends with status 2."""
        for pattern, (name, expected, got) in _SENTENCES.items():
            if found := re.fullmatch(pattern, message, re.DOTALL):
                message = found.expand(f"{name}: expected {expected}, got {got}")
                break
        usage = " ".join([self.prog, *self._required, "[OPTIONS]"])
        print(f"enf2enf: {one_line(message)}\nusage: {usage}; {self.prog} --help says more", file=sys.stderr)
        raise SystemExit(_BAD_USAGE)

    def print_help(self, file: Any = None) -> None:
        """Prints the help. Raises `OSError` where it cannot be written."""
        print(self.format_help(), end="", file=file)


class Once(argparse.Action):
    """Takes a value once."""

    def __call__(self, parser: Any, namespace: Any, values: Any, option_string: str | None = None) -> None:
        """Keeps it. Raises `ArgumentError` where there is one already."""
        given = vars(namespace).setdefault("given", set())
        if self.dest in given:
            raise argparse.ArgumentError(self, f"expected once, got {shown(str(values))} too")
        given.add(self.dest)
        setattr(namespace, self.dest, values)


def whole(text: str) -> int:
    """A whole number, as `type` of an argument."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a whole number, got {shown(text)}") from None


def number(text: str) -> float:
    """A number, as `type` of an argument."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"expected a number, got {shown(text)}") from None


def named(text: str) -> str:
    """Text that is not empty, as `type` of an argument."""
    if not text.strip():
        raise argparse.ArgumentTypeError(f"expected a name, got {shown(text)}")
    return text


def path(text: str) -> Path:
    """The name of a file or folder, as `type` of an argument."""
    return Path(named(text))


def file(text: str) -> str:
    """The whole path of a file, the same from wherever it is named, as `type` of an argument; none is none."""
    return text and str(Path(text).resolve())


def add(commands: Any, name: str, about: str, example: str, run: Run | None = None) -> Parser:
    """Adds a command.

    Args:
        commands: of the parser, as `add_subparsers` returns them.
        name, about: of the command.
        example: lines that work as they stand, shown by `--help`.
        run: what it does; None where commands of its own follow.
    """
    epilog = "for example:\n" + "\n".join(f"  {line}" for line in example.splitlines())
    layout = argparse.RawDescriptionHelpFormatter
    made = commands.add_parser(name, help=about, description=about, epilog=epilog, formatter_class=layout)
    made.set_defaults(command=run)
    return made


@contextlib.contextmanager
def stopped_as_by_ctrl_c() -> Iterator[None]:
    """SIGTERM, by which batch systems and containers stop a command, is a Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():  # which alone gets signals
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
