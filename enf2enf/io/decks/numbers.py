"""Numbers as Fortran programs write and read them."""

import re

_SIGN = re.compile(r"(?<=[\d.])([+-])")
_SHOWN = 24  # characters of what is no number
_LARGEST = 1 << 62


def real(text: str) -> float:
    """A real number: `1.5`, `1.5D-3`, `1.5-3`; 0 where there is none. Raises `ValueError` that shows anything else."""
    if not text:
        return 0.0
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return float(_SIGN.sub(r"e\1", text.lower().replace("d", "e")))
    except ValueError:
        raise ValueError(repr(text[:_SHOWN])) from None


def integer(text: str) -> int:
    """A whole number. Raises `ValueError` that shows anything else."""
    try:
        number = int(text)
    except ValueError:
        raise ValueError(repr(text[:_SHOWN])) from None
    if abs(number) > _LARGEST:
        raise ValueError(f"{text[:_SHOWN]}...")
    return number
