"""The lines of an Abaqus deck: keywords with their options, and the lines of data that follow each."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple


class Keyword(NamedTuple):
    """A line that begins with an asterisk.

    Args:
        line: its number.
        name: what it says, in capitals and without blanks.
        options: name in capitals -> value, empty for one that has none.
    """

    line: int
    name: str
    options: Mapping[str, str]


def lines(path: Path) -> Iterator[tuple[int, Keyword | str]]:
    """Numbered keywords and lines of data, without comments and blank lines.

    Options go on in the next line after a comma, unless it begins with a number.
    """
    begun, parts = 0, list[str]()
    with path.open(encoding="utf-8", errors="replace") as file:
        for number, line in enumerate(file, 1):
            text = line.strip()
            if not text or text.startswith("**"):
                continue
            if parts and parts[-1].endswith(",") and text[0].isalpha():
                parts.append(text)
                continue
            if parts:
                yield begun, _keyword(begun, "".join(parts))
                parts = []
            if text[0] == "*":
                begun, parts = number, [text]
            else:
                yield number, text
    if parts:
        yield begun, _keyword(begun, "".join(parts))


def _keyword(number: int, text: str) -> Keyword:
    name, *options = text.lstrip("*").split(",")
    pairs = [option.partition("=") for option in options]
    return Keyword(number, _closed(name), {_closed(key): value.strip().strip("\"'") for key, _, value in pairs})


def _closed(words: str) -> str:
    return "".join(words.split()).upper()


def fields(text: str) -> list[str]:
    """What the commas of a line of data part: one field at the least, and no empty ones after it at the end."""
    parts = [part.strip() for part in text.split(",")]
    while len(parts) > 1 and not parts[-1]:
        parts.pop()
    return parts
