"""Between readers and users: every failure becomes one sentence."""

import contextlib
import io
import re
import threading
import warnings
from collections.abc import Iterator
from pathlib import Path

from enf2enf.errors import MeshError

_ONE_AT_A_TIME = threading.Lock()  # standard error and the warning filters belong to the whole process


@contextlib.contextmanager
def sentence(name: str, expected: str, failing: str, folder: Path) -> Iterator[None]:
    """Runs a reader or writer: silent, and with every failure as a `MeshError` that names no temporary path.

    Args:
        name: the file as the user knows it.
        expected: what it should have been.
        failing: what it is instead, when it fails without a word.
        folder: the temporary folder it lies in.
    """
    try:
        with _ONE_AT_A_TIME, warnings.catch_warnings(), contextlib.redirect_stderr(io.StringIO()):
            warnings.simplefilter("ignore")
            warnings.filterwarnings("error", message="string or file could not be read")  # numbers that break off
            with contextlib.redirect_stdout(io.StringIO()):
                yield
    except MeshError as error:
        if error.name == name or error.name.startswith(f"{name}: "):
            raise
        raise MeshError(f"{name}: {error.name}", error.expected, error.got) from None
    except MemoryError:
        raise MeshError(name, "a mesh that fits into memory", "one that needs more") from None
    except (Exception, SystemExit) as error:
        raise MeshError(name, expected, f"{failing}{_detail(error, folder)}") from None


def _detail(error: BaseException, folder: Path) -> str:
    """What a reader said, where it said it of the file and not of itself."""
    if isinstance(error, (SystemExit, AttributeError, TypeError, AssertionError, IndexError, RecursionError)):
        return ""
    text = " ".join(str(error).split())
    if isinstance(error, KeyError):
        text = f"no {text}"
    text = re.sub(r"\bnp\.\w+\(([^()]*)\)", r"\1", text)  # how NumPy writes its numbers
    if str(folder) in text or "Traceback" in text:
        return ""
    return f" ({text[:160].rstrip('.')})" if text else ""
