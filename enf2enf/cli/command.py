"""A command: its name, a line about it, and an example."""

import argparse
from collections.abc import Callable
from typing import Any

Run = Callable[[argparse.Namespace], Any]  # what it returns is the exit status; None is 0


class Parser(argparse.ArgumentParser):
    """A parser that lets it be known where nobody reads its help."""

    def print_help(self, file: Any = None) -> None:
        """Prints the help. Raises `OSError` where it cannot be written."""
        print(self.format_help(), end="", file=file)


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
