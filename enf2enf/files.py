"""Files that appear whole or not at all."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from enf2enf.errors import Enf2EnfError


@contextlib.contextmanager
def replacing(path: str | os.PathLike, refusal: type[Enf2EnfError]) -> Iterator[Path]:
    """A partial file to write, which takes the place of `path` in the end, and is removed where anything fails.

    Args:
        path: the file; its folder exists.
        refusal: the error that says that it cannot be written.
    """
    target = Path(path)
    partial = target.with_name(f".{target.name}.{os.getpid()}.partial")
    try:
        yield partial
        partial.replace(target)
    except OSError as error:
        raise refusal(str(target), "a place to write to", error.strerror or type(error).__name__) from None
    finally:
        partial.unlink(missing_ok=True)
