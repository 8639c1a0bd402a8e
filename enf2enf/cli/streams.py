"""Standard output and error of a command, whatever they are connected to."""

import contextlib
import io
import logging
import os
import sys
from typing import TYPE_CHECKING

from enf2enf.plain import one_line

if TYPE_CHECKING:
    from rich.console import RenderableType

_NARROWEST, _WIDEST = 60, 10_000  # columns of a table, also where a terminal has fewer


def prepare() -> None:
    """Makes standard output take every name of a file, and gives a closed stream a place where nothing is kept.

    matplotlib is told to be quiet: of where it keeps its fonts nobody has asked.
    """
    for name in ("stdout", "stderr"):  # `print` writes to standard output where standard error is None
        if getattr(sys, name) is None:
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115, for the rest of the process
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a file's name need not be Unicode; as standard error
    logging.getLogger("matplotlib").setLevel(logging.ERROR)


def tell(sentence: str) -> None:
    """Says something on standard error, in one line."""
    print(one_line(f"enf2enf: {sentence}"), file=sys.stderr)


def show(*parts: "RenderableType") -> None:
    """Prints tables, wider than a narrow terminal where they would lose a word or a number."""
    from rich.console import Console

    console, roomy = Console(markup=False), Console(width=_WIDEST, markup=False)
    console.width = max(console.width, _NARROWEST, *(roomy.measure(part).minimum for part in parts))
    with console.capture() as captured:
        for part in parts:
            console.print(part)
    print(captured.get(), end="")


def leave() -> None:
    """Gives up standard output and error, so that what is still to be written raises nothing when Python ends."""
    with contextlib.suppress(OSError, ValueError), open(os.devnull, "w") as nowhere:
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(OSError, ValueError):
                stream.flush()
            os.dup2(nowhere.fileno(), stream.fileno())
