"""The pages that users read, and what stands in their fences."""

import dataclasses
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
_FENCE = re.compile(r"^```(\S+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_INDENTED = re.compile(r"(?:^    .*\n)+", re.MULTILINE)  # shell lines of README


@dataclasses.dataclass(frozen=True)
class Fence:
    """What stands in a fence, in which language; `follows`: there is no word between it and the last."""

    language: str
    text: str
    follows: bool


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


def fences(path: Path) -> list[Fence]:
    text, found, end = path.read_text(), [], -1
    for match in _FENCE.finditer(text):
        found.append(Fence(match[1], match[2], end >= 0 and not text[end : match.start()].strip()))
        end = match.end()
    return found


def prose(path: Path) -> str:
    """The page without its fences."""
    return _FENCE.sub("", path.read_text())


def commands(path: Path) -> list[tuple[str, str]]:
    """(command, what it prints): of a console's fences both, of other shell lines nothing is known of the second."""
    texts = [(fence.language, fence.text) for fence in fences(path)]
    texts += [("sh", re.sub("^    ", "", block, flags=re.MULTILINE)) for block in _INDENTED.findall(prose(path))]
    found = []
    for language, text in texts:
        text = text.replace("\\\n", " ")
        if language == "sh":
            found += [(line, "") for line in text.splitlines() if line.strip()]
        if language == "console":
            found += [tuple(part.split("\n", 1)) for part in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]]
    return found


def table(path: Path, heading: str) -> dict[str, list[str]]:
    """Key -> the other cells of its row, of the table under a heading; a first cell may hold several keys."""
    section = re.search(rf"^#+ {re.escape(heading)}\n(.*?)(?=^#|\Z)", path.read_text(), re.MULTILINE | re.DOTALL)[1]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return {key: cells for first, *cells in rows[2:] for key in re.findall(r"`(\w+)`", first)}
