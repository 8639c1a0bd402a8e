"""The lines of a Nastran deck as cards: in small, large and free fields, with their continuations."""

from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple

from enf2enf.errors import MeshError

_SMALL, _LARGE = 8, 4  # data fields of a line


class Card(NamedTuple):
    """One entry of the bulk data.

    Args:
        line: the number of its first line.
        name: in capitals.
        fields: what follows, stripped: eight for every line of the small format, four for one of the large format.
    """

    line: int
    name: str
    fields: list[str]


class _Line(NamedTuple):
    fields: list[str]  # as many as there may be
    mark: str


def cards(lines: Iterable[tuple[int, str]], wanted: Callable[[str], bool]) -> Iterator[Card]:
    """The cards of numbered lines that have a wanted name.

    Raises:
        MeshError: replicated or deleted cards, lines of more fields than there are, continuations out of order.
    """
    card, mark, known = None, "", dict[str, bool]()
    for number, text in lines:
        line = text.partition("$")[0].rstrip()
        if not line:
            continue
        if line[0] in "=/" and not line.startswith("//"):
            raise MeshError(f"line {number}", "cards written out", f"{line[:16]!r}, which repeats or deletes others")
        if "\t" in line:
            line = line.expandtabs(8)
        if line[0] in " +*," and (own := line[:8].partition(",")[0].strip())[:1] in ("", "+", "*"):
            if card is not None:
                mark = _continue(card, mark, own, _split(number, line), number)
            continue
        if card is not None:
            yield card
        head, card = line[:8].partition(",")[0].strip().rstrip("*").upper(), None
        if head not in known:
            known[head] = wanted(head)
        if known[head]:
            split = _split(number, line)
            card, mark = Card(number, head, split.fields), split.mark
    if card is not None:
        yield card


def _continue(card: Card, mark: str, own: str, line: _Line, number: int) -> str:
    """Adds a continuation to its card; returns the mark that the next one has."""
    if mark[1:] and own[1:] and mark[1:] != own[1:]:
        raise MeshError(f"line {number}", f"the continuation {mark} of {card.name}", own)
    card.fields.extend([""] * (-len(card.fields) % len(line.fields)))
    card.fields.extend(line.fields)
    return line.mark


def _split(number: int, line: str) -> _Line:
    if "," in line:
        name, *items = line.split(",")
        size = _LARGE if "*" in name else _SMALL
        if any(item.strip() for item in items[size + 1 :]):
            raise MeshError(f"line {number}", f"at most {size} fields and a mark", str(len(items)))
        fields = [item.strip() for item in items[:size]]
        return _Line(fields + [""] * (size - len(fields)), "".join(items[size : size + 1]).strip())
    width = 64 // (_LARGE if "*" in line[:8] else _SMALL)
    return _Line([line[at : at + width].strip() for at in range(8, 72, width)], line[72:80].strip())
