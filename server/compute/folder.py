"""The checkpoints of a folder, as its file system shows them, which may hang."""

import dataclasses
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from enf2enf.errors import CheckpointError
from enf2enf_server.compute.errands import Errands
from enf2enf_server.ops.config import MOST_64
from enf2enf_server.parsing.pool import nothing

_SUFFIX = ".enf"
_ALONE = "model"  # training calls every checkpoint so: a single one is named after its folder
_GLANCE = 5.0  # seconds that a disk has to say what is there

Stamp = tuple[int, int, int]  # time of change, size, inode; differs once a file is replaced or rewritten
File = tuple[Path, Stamp]


@dataclasses.dataclass(frozen=True)
class Listing:
    """The versions of one model name.

    Args:
        files: version -> path and stamp.
        refusal: why something else under this name is no version; empty if there is nothing else.
    """

    files: Mapping[int, File]
    refusal: str = ""


class Folder:
    """NAME.enf (version 1) and NAME/VERSION.enf in a folder, or a single checkpoint.

    Args:
        path: the folder, or the checkpoint.
        errands: do what may hang.
    """

    def __init__(self, path: Path, errands: Errands):
        self._path, self._errands = path, errands
        self._last: dict[str, Listing] = {}

    def listings(self) -> dict[str, Listing]:
        """Versions by model name. Waits for the disk of the folder, but for those of its entries only 5 s each.

        Raises:
            FileNotFoundError: there is neither folder nor file.
        """
        self._last = {name: self._listing(name, nothing) for name in self._names()}
        return self._last

    def listing(self, name: str, alive: Callable[[], None]) -> Listing:
        """The versions of one name, on request. Waits for a disk at most 5 s at a time; `alive` as of `Errands.run`.

        Raises:
            OSError: the folder is not there, cannot be read, or does not answer.
        """
        there = self._errands.run("names", self._names, _GLANCE, alive)
        return self._listing(name, alive) if name in there else Listing({})

    def _listing(self, name: str, alive: Callable[[], None]) -> Listing:
        """The versions of a name; if its disk does not answer in time, those of the last look, and a refusal."""
        try:
            return self._errands.run(("list", name), lambda: self._read(name), _GLANCE, alive)
        except TimeoutError:
            before = self._last[name].files if name in self._last else {}
            return Listing(before, _refusal(as_shown(name), f"a disk that answers within {_GLANCE:g} s", "none"))

    def _names(self) -> list[str]:
        if not self._path.is_dir():
            self._path.lstat()
            own = self._path.stem
            return [self._path.parent.resolve().name or own if own == _ALONE else own]
        with os.scandir(self._path) as entries:
            found = [entry for entry in entries if not entry.name.startswith(".")]  # hidden, or being written
            kept = [e.name for e in found if e.name.endswith(_SUFFIX) or not e.is_file(follow_symlinks=False)]
        return sorted({name.removesuffix(_SUFFIX) for name in kept})

    def _read(self, name: str) -> Listing:
        if not name.isprintable():  # nor is a name that is no UTF-8: it could not travel
            return Listing({}, _refusal(as_shown(name), "a name of printable characters", "others"))
        if not self._path.is_dir():
            return Listing(_stamped({1: self._path}))
        paths, refusal = {1: self._path / f"{name}{_SUFFIX}"}, ""
        try:
            stems = sorted(path.stem for path in (self._path / name).iterdir() if path.suffix == _SUFFIX)
        except (FileNotFoundError, NotADirectoryError):
            stems = []
        except OSError as error:
            stems, refusal = [], _refusal(name, "a folder that can be read", error.strerror or "another")
        for stem in filter(str.isdecimal, stems):
            if stem == str(number := int(stem)) and 0 < number <= MOST_64:
                paths[number] = self._path / name / f"{stem}{_SUFFIX}"
            else:
                expected = f"a version from 1 to {MOST_64} in plain digits"
                refusal = _refusal(f"{name}/{stem}{_SUFFIX}", expected, "another number")
        return Listing(_stamped(paths), refusal)


def as_shown(name: str) -> str:
    """A name from the file system as text that can travel."""
    return name.encode("utf-8", "replace").decode()


def _refusal(name: str, expected: str, got: str) -> str:
    return str(CheckpointError(name, expected, got))


def _stamped(paths: Mapping[int, Path]) -> dict[int, tuple[Path, Stamp]]:
    return {number: (path, stamp) for number, path in paths.items() if (stamp := _stamp(path)) is not None}


def _stamp(path: Path) -> Stamp | None:
    """The stamp of a path; None if nothing is there. An unreadable path has one too: reading it then says why."""
    try:
        found = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        return 0, 0, error.errno or 0
    return found.st_mtime_ns, found.st_size, found.st_ino
