"""Files that are read to their end, and files that appear whole or not at all."""

import contextlib
import errno
import os
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from enf2enf.errors import Enf2EnfError

_NO_WAITING = getattr(os, "O_NONBLOCK", 0)  # for the other end of a pipe, or whoever has leased the file


def read_file(path: str | os.PathLike) -> bytes:
    """The bytes of a regular file. Raises `OSError` for anything else: a pipe or a device may have no end."""
    with open_file(path) as file:
        return file.read()


def open_file(path: str | os.PathLike) -> BinaryIO:
    """A regular file to read from. Raises `OSError` as `read_file` does."""
    file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | _NO_WAITING))  # noqa: SIM115, whoever asked closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return file


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
        with contextlib.suppress(OSError):  # nor can a file be removed that could not be made
            partial.unlink(missing_ok=True)


def check_file(path: str | os.PathLike, refusal: type[Enf2EnfError]) -> None:
    """Refuses a file that could not be written: a folder or a device, or in no folder that can be written to."""
    target = Path(path)
    if target.exists() and not target.is_file():
        raise refusal(str(target), "a file to write", "a folder" if target.is_dir() else "not a regular file")
    _check_room(target.parent, target, refusal)


def check_folder(path: str | os.PathLike, refusal: type[Enf2EnfError]) -> None:
    """Refuses a folder that could neither be made nor be written to."""
    target = Path(path)
    there = next(part for part in (target, *target.absolute().parents) if part.exists())
    if not there.is_dir():
        got = "a file" if there == target else f"one below {there}, which is a file"
        raise refusal(str(target), "a folder to write to", got)
    _check_room(there, target, refusal)


@contextlib.contextmanager
def alone_in(folder: str | os.PathLike[str], refusal: type[Enf2EnfError]) -> Iterator[None]:
    """Refuses a folder that another process fills. Windows, and disks without locks, let both."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise refusal(str(folder), "a folder that no other process fills", "one that is being filled") from None
        except OSError:  # of a disk without locks
            pass
        yield
    finally:
        os.close(handle)


def _check_room(folder: Path, target: Path, refusal: type[Enf2EnfError]) -> None:
    try:  # rights alone do not say it: whoever has all of them meets file systems without any place
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise refusal(str(target), "a place to write to", error.strerror or type(error).__name__) from None
