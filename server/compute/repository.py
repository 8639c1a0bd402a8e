"""A watched folder of checkpoints: new versions are loaded, broken ones refused, those that serve stay in service."""

import contextlib
import dataclasses
import logging
import os
import threading
from collections.abc import Callable, Mapping
from pathlib import Path

from enf2enf import checkpoint
from enf2enf.errors import CheckpointError, Enf2EnfError
from enf2enf.surrogate import Surrogate
from enf2enf_server.compute.models import Model, Models
from enf2enf_server.ops.errors import ModelError

_LOG = logging.getLogger(__name__)
_SUFFIX = ".enf"
_ALONE = "model"  # the name that training gives to every checkpoint: its folder says more

Key = tuple[str, int]
Stamp = tuple[int, int, int]  # time of change, size, inode: another file, or one that was written again


@dataclasses.dataclass(frozen=True)
class Version:
    """What is known of a version whose file is there.

    Args:
        stamp: of the file when it was looked at last.
        state: `available`, `loading`, `serving` or `broken`.
        reason: why it is broken.
        digest: of the model, where it was loaded.
    """

    stamp: Stamp
    state: str = "available"
    reason: str = ""
    digest: str = ""


class Repository:
    """Keeps `models` as the files are: NAME.enf (version 1) and NAME/VERSION.enf in a folder, or a single checkpoint.

    The newest version of every name is loaded once its file no longer changes, and then takes the place of the one
    before; a version that was loaded by name stays beside it. What was unloaded stays out until its file changes.

    Args:
        path: a folder, or a checkpoint.
        models: where loaded models go.
        prepare: called with a loaded surrogate before it serves, to compile its programs.
        changed: called after anything was loaded or unloaded.
    """

    def __init__(
        self, path: str | os.PathLike, models: Models, prepare: Callable[[Surrogate], None], changed: Callable[[], None]
    ):
        self._path, self._models, self._prepare, self._changed = Path(path), models, prepare, changed
        self._stamps: dict[Key, Stamp] = {}  # at the last look
        self._known: dict[Key, Version] = {}
        self._pinned: set[Key] = set()  # loaded by name: they stay beside a newer version
        self._withdrawn: set[Key] = set()  # unloaded by name: they stay out of service
        self._lock = threading.RLock()  # one loads at a time

    def open(self) -> None:
        """Loads the newest version of every model.

        Raises:
            CheckpointError: there is no checkpoint, or none that can be loaded.
        """
        with self._lock:
            self._stamps = self._read_stamps()
            if not self._stamps:
                expected = f"a checkpoint, or a folder of NAME{_SUFFIX} or NAME/VERSION{_SUFFIX}"
                raise CheckpointError(str(self._path), expected, "none")
            self.look()
            if not len(self._models):
                reasons = "; ".join(version.reason for version in self._known.values() if version.reason)
                raise CheckpointError(str(self._path), "a checkpoint that can be loaded", f"none ({reasons})")

    def look(self) -> None:
        """Loads what is new or has changed, and unloads what is no longer there.

        A file counts once it is as it was at the look before: until then it may still be being written. While there is
        no folder, or no file where that is the repository, what serves goes on. An empty folder unloads all.
        """
        with self._lock:
            stamps = self._read_stamps()
            if not stamps and not self._path.is_dir():
                return
            before, self._stamps = self._stamps, stamps
            for key in set(self._known) - set(self._stamps):
                self._unload(key)
                del self._known[key]
            settled = {key for key, stamp in self._stamps.items() if before.get(key) == stamp}
            for key in settled:
                if (known := self._known.get(key)) is None or known.stamp != self._stamps[key]:
                    self._withdrawn.discard(key)
                    self._known[key] = Version(self._stamps[key], digest=known.digest if known else "")
            while (key := self._next(settled)) is not None:
                with contextlib.suppress(Enf2EnfError):  # logged, and to be read in the list
                    self._load(key)

    def versions(self) -> Mapping[Key, Version]:
        """All versions whose files are there; also while one of them is being loaded."""
        return dict(sorted(self._known.copy().items()))

    def load(self, name: str, version: int = 0) -> int:
        """Loads a version by name, which then stays in service. Returns its number.

        Raises:
            ModelError: there is no such file.
            CheckpointError: it cannot be loaded.
        """
        with self._lock:
            self._stamps = self._read_stamps()
            versions = [number for known, number in self._stamps if known == name]
            if not versions or (version and version not in versions):
                raise ModelError("model", "the name and version of a checkpoint that is there", _shown(name, version))
            key = (name, version or max(versions))
            known = self._known.get(key)
            if known is None or known.stamp != self._stamps[key] or not self._serves(key):
                self._known[key] = Version(self._stamps[key])
                self._load(key)
            self._pinned.add(key)
            return key[1]

    def unload(self, name: str, version: int = 0) -> list[int]:
        """Takes a version, or all of a name (0), out of service until its file changes. Returns their numbers.

        Raises:
            ModelError: none of these serves.
        """
        with self._lock:
            chosen = [key for key in self._known if key[0] == name and version in (0, key[1])]
            serving = [key[1] for key in chosen if self._serves(key)]
            if not serving:
                raise ModelError("model", "the name and version of a model that serves", _shown(name, version))
            for key in chosen:
                self._unload(key)
                self._withdrawn.add(key)
            return serving

    def _next(self, settled: set[Key]) -> Key | None:
        """A version that should serve and has not been tried."""
        whole = [key for key in self._known if self._known[key].state != "broken" and key not in self._withdrawn]
        newest = {name: max(number for known, number in whole if known == name) for name, _ in whole}
        for key in whole:
            wanted = newest[key[0]] == key[1] or key in self._pinned or self._serves(key)
            if wanted and key in settled and self._known[key].state == "available":
                return key
        return None

    def _serves(self, key: Key) -> bool:
        return key in {(model.name, model.version) for model in self._models.loaded()}

    def _load(self, key: Key) -> None:
        """Loads a version, makes it ready, and lets it serve in place of older ones that are not pinned."""
        known = self._known[key]
        self._known[key] = dataclasses.replace(known, state="loading")
        try:
            surrogate = checkpoint.load(self._stored()[key])
            self._prepare(surrogate)
        except Exception as error:
            foreseen = isinstance(error, Enf2EnfError)
            reason = str(error) if foreseen else "it fails at its first answer; the log says more"
            self._known[key] = dataclasses.replace(known, state="broken", reason=reason)
            fields = {"model": key[0], "version": key[1], "reason": reason}
            _LOG.error("a model was refused", extra=fields, exc_info=None if foreseen else error)
            raise CheckpointError(f"model {key[0]!r}, version {key[1]}", "one that can be loaded", reason) from error
        self._withdrawn.discard(key)
        self._models.put(Model(*key, surrogate))
        self._known[key] = dataclasses.replace(known, state="serving", reason="", digest=surrogate.version)
        for older in self._known:
            if older[0] == key[0] and older[1] < key[1] and older not in self._pinned and key not in self._pinned:
                self._unload(older)
        _LOG.info("a model serves", extra={"model": key[0], "version": key[1], "digest": surrogate.version})
        self._changed()

    def _unload(self, key: Key) -> None:
        self._pinned.discard(key)
        if self._serves(key):
            self._models.drop(*key)
            self._known[key] = dataclasses.replace(self._known[key], state="available")
            _LOG.info("a model no longer serves", extra={"model": key[0], "version": key[1]})
            self._changed()

    def _stored(self) -> dict[Key, Path]:
        """The checkpoints that are there."""
        if not self._path.is_dir():
            name = self._path.parent.resolve().name if self._path.stem == _ALONE else self._path.stem
            return {(name, 1): self._path}
        whole = {(path.stem, 1): path for path in sorted(self._path.glob(f"*{_SUFFIX}"))}
        numbered = {
            (path.parent.name, int(path.stem)): path
            for path in sorted(self._path.glob(f"*/*{_SUFFIX}"))
            if path.stem.isdecimal() and int(path.stem) > 0
        }
        return whole | numbered

    def _read_stamps(self) -> dict[Key, Stamp]:
        stamps = {}
        for key, path in self._stored().items():
            with contextlib.suppress(FileNotFoundError):  # gone since it was listed
                stat = path.stat()
                stamps[key] = (stat.st_mtime_ns, stat.st_size, stat.st_ino)
        return stamps


def _shown(name: str, version: int) -> str:
    return f"{name[:80]!r}, version {version}"
