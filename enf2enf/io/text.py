"""Mesh files that are text: told from other files, decoded, and edited after a writer."""

import re
from collections.abc import Callable
from pathlib import Path

from enf2enf.io import magic


def is_text(data: bytes) -> bool:
    """Whether a file's first bytes may be text."""
    head = data[:4096]
    return b"\0" not in head and magic.known(head) is None


def matches(data: bytes, pattern: bytes) -> bool:
    """Whether a file is text with this pattern in it; capitals do not matter, `^` and `$` are at every line."""
    return is_text(data) and bool(re.search(pattern, data, re.IGNORECASE | re.MULTILINE))


def decoded(data: bytes) -> str:
    """The text of a file, every line of it ended by one newline character, whatever ended it in the file."""
    return data.decode("utf-8", errors="replace").replace("\r\n", "\n").replace("\r", "\n") + "\n"


def edit(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Replaces what is in a file by what `change` makes of it."""
    path.write_bytes(change(path.read_bytes()))
