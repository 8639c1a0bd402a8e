"""Plain data that anyone can write: which numbers and texts are taken, and what damaged bytes raise."""

import lzma
import math
import struct
import tokenize
import unicodedata
import zipfile
import zlib
from typing import Any

DAMAGE: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, ValueError, EOFError, LookupError, TypeError, AttributeError,
    ArithmeticError, RuntimeError, MemoryError, SyntaxError, struct.error, tokenize.TokenError,
)  # fmt: skip
"""What zipfile, json, tomllib and NumPy let through from bytes that somebody spoilt."""

_BREAKS = {"Cc", "Cs", "Zl", "Zp"}  # categories of Unicode


def is_number(value: Any) -> bool:
    """Whether it is a number, no truth value, that float64 holds."""
    try:
        return isinstance(value, (int, float)) and not isinstance(value, bool) and math.isfinite(value)
    except OverflowError:
        return False


def is_whole(value: Any, least: int, most: int) -> bool:
    """Whether it is a whole number, no truth value, within these bounds."""
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most


def number_in(text: str) -> float | None:
    """The number that a text is, None where it is none; underscores, which Python takes among digits, are none."""
    try:
        return None if "_" in text else float(text)
    except ValueError:
        return None


def is_line(value: Any) -> bool:
    """Whether it is text of one line that can be printed: no control characters, no halves of others."""
    return isinstance(value, str) and not any(unicodedata.category(letter) in _BREAKS for letter in value)


def one_line(text: str) -> str:
    """The text as one line that every terminal takes."""
    return "".join(letter if is_line(letter) else letter.encode("unicode_escape").decode() for letter in text)


def shown(value: Any) -> str:
    """The beginning of how Python writes it, on one line, as a sentence shows it."""
    try:
        return " ".join(repr(value)[:400].split())[:80]
    except (ValueError, RecursionError):
        return "more than can be shown"


def counted(number: int, noun: str) -> str:
    """So many of something, as `1 point` or `2 points`."""
    return f"{number} {noun}{'s' * (number != 1)}"
