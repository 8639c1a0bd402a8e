"""A watched folder of checkpoints: new versions are loaded, broken ones refused, those that serve stay in service."""

import contextlib
import dataclasses
import logging
import os
import threading
from collections.abc import Callable, Container, Mapping
from pathlib import Path

from enf2enf.errors import CheckpointError
from enf2enf_server.compute.errands import Errands
from enf2enf_server.compute.folder import File, Folder, Listing, Stamp, as_shown
from enf2enf_server.compute.loader import Loader
from enf2enf_server.compute.models import Model, Models
from enf2enf_server.ops.errors import ModelError, StoppingError
from enf2enf_server.parsing.pool import nothing

_LOG = logging.getLogger(__name__)

Key = tuple[str, int]


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
    before; a version that was loaded by name stays beside it. What was unloaded stays out until its file changes. What
    is there under a name and is no version is listed as its version 0, which is broken.

    A disk that hangs keeps nobody waiting but `open` and `look`: give these a thread that need not end. Both raise
    `StoppingError` once the repository is closed.

    Args:
        path: a folder, or a checkpoint.
        models: where loaded models go.
        prepare: called with a loaded model before it serves: compiles its programs, and raises where it cannot answer.
        changed: called after anything was loaded or unloaded.
        load_seconds: longest that a version may take to be read and prepared.
    """

    def __init__(
        self,
        path: str | os.PathLike,
        models: Models,
        prepare: Callable[[Model], None],
        changed: Callable[[], None],
        load_seconds: float,
    ):
        self._path, self._models, self._changed, errands = Path(path), models, changed, Errands()
        self._folder, self._loader = Folder(self._path, errands), Loader(prepare, load_seconds, errands)
        self._seen: dict[str, Listing] = {}  # at the last look
        self._known: dict[Key, Version] = {}
        self._pinned: set[Key] = set()  # loaded by name: they stay beside a newer version
        self._withdrawn: set[Key] = set()  # unloaded by name: they stay out of service
        self._closed = threading.Event()
        self._lock = threading.RLock()  # never held during access to files or computation

    def open(self) -> None:
        """Loads the newest version of every model.

        Raises:
            CheckpointError: there is no checkpoint, or none that can be loaded.
        """
        with contextlib.suppress(FileNotFoundError):
            self._seen = self._folder.listings()
        self._models.expect(name for name, listing in self._seen.items() if listing.files)
        try:
            self.look()
        finally:
            self._models.expect(())
        if not self._known:
            expected = "a checkpoint, or a folder of NAME.enf or NAME/VERSION.enf"
            raise CheckpointError(str(self._path), expected, "none")
        if not len(self._models):
            reasons = "; ".join(version.reason for version in self._known.values() if version.reason)
            raise CheckpointError(str(self._path), "a checkpoint that can be loaded", f"none ({reasons})")

    def look(self) -> None:
        """Loads what is new or has changed, and unloads what is no longer there.

        A file counts once two looks in a row found it the same: before that, it may still be being written. If the
        folder (or the single file) is missing, the models that serve stay; an empty folder unloads all of them.
        """
        before = self.versions().keys()  # what is loaded by name from here on may be missing in the listings
        try:
            listings = self._folder.listings()
        except FileNotFoundError:
            return
        with self._lock:
            seen, self._seen = self._seen, listings
            self._forget(before - _stamps(listings).keys() - _refusals(listings).keys())
            settled = dict(_stamps(listings).items() & _stamps(seen).items())
            self._take_up(settled)
            self._refuse(_refusals(listings))
        while (key := self._next(settled)) is not None:
            # A refusal is logged, and to be read in the list.
            with contextlib.suppress(CheckpointError), self._models.arriving(*key):
                self._load(key, listings[key[0]].files[key[1]], self._check_open)

    def close(self) -> None:
        """Waits no longer for what is being loaded."""
        self._closed.set()

    def versions(self) -> Mapping[Key, Version]:
        """All versions whose files are there; also while one of them is being loaded."""
        with self._lock:
            return dict(sorted(self._known.items()))

    def load(self, name: str, version: int = 0, alive: Callable[[], None] = nothing) -> int:
        """Loads a version by name, which then stays in service. Returns its number.

        Args:
            name, version: of the model; version 0 is the newest one.
            alive: called about every 100 ms; raises, whatever it likes, when nobody waits any more.

        Raises:
            ModelError: there is no such file.
            CheckpointError: it cannot be loaded, or its disk does not answer.
        """
        files = self._files(name, alive)
        if not files or (version and version not in files):
            raise ModelError("model", "the name and version of a checkpoint that is there", _shown(name, version))
        key = (name, version or max(files))
        with self._lock:
            known = self._known.get(key)
            stale = known is None or known.stamp != files[key[1]][1] or not self._serves(key)
            if stale:
                self._withdrawn.discard(key)
        if stale:
            with self._models.arriving(*key):
                self._load(key, files[key[1]], alive)
        with self._lock:
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

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise StoppingError.now()

    def _files(self, name: str, alive: Callable[[], None]) -> Mapping[int, File]:
        """The files of a name that somebody asks for."""
        try:
            listing = self._folder.listing(name, alive)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise CheckpointError("models", "a folder that can be read", error.strerror or "another") from error
        if listing.refusal and not listing.files:
            raise CheckpointError(f"model {name!r}", "one that can be loaded", listing.refusal)
        return listing.files

    def _forget(self, gone: set[Key]) -> None:
        for key in gone & self._known.keys():
            self._unload(key)
            del self._known[key]

    def _take_up(self, settled: Mapping[Key, Stamp]) -> None:
        """Marks versions with a new or changed file as available, also those that were unloaded by name."""
        for key, stamp in settled.items():
            if (known := self._known.get(key)) is None or known.stamp != stamp:
                self._withdrawn.discard(key)
                self._known[key] = Version(stamp, digest=known.digest if known else "")

    def _refuse(self, refusals: Mapping[Key, str]) -> None:
        """Lists entries that are no version as broken, and logs them once."""
        for key, reason in refusals.items():
            version = Version((0, 0, 0), "broken", reason)
            if self._known.get(key) != version:
                self._known[key] = version
                _LOG.error("a model was refused", extra={"model": key[0], "version": key[1], "reason": reason})

    def _next(self, settled: Container[Key]) -> Key | None:
        """A version that should serve and has not been tried."""
        with self._lock:
            whole = [key for key in self._known if self._known[key].state != "broken" and key not in self._withdrawn]
            newest = {name: max(number for known, number in whole if known == name) for name, _ in whole}
            for key in sorted(whole):
                wanted = newest[key[0]] == key[1] or key in self._pinned or self._serves(key)
                if wanted and key in settled and self._known[key].state == "available":
                    return key
            return None

    def _serves(self, key: Key) -> bool:
        return key in {(model.name, model.version) for model in self._models.loaded()}

    def _load(self, key: Key, file: File, alive: Callable[[], None]) -> None:
        """Loads a version, makes it ready, and lets it serve in place of older ones that are not pinned."""
        _, stamp = file
        self._note(key, stamp, "loading")
        try:
            model = self._loader.load(*key, *file, alive)
        except CheckpointError as error:
            self._note(key, stamp, "broken", error.got)
            raise
        except BaseException:  # nobody waits for it any more
            self._note(key, stamp, "available")
            raise
        with self._lock:
            if key in self._withdrawn:  # meanwhile
                self._note(key, stamp, "available")
                return
            self._models.put(model)
            self._note(key, stamp, "serving", digest=model.surrogate.version)
            for older in self._known:
                if older[0] == key[0] and older[1] < key[1] and older not in self._pinned and key not in self._pinned:
                    self._unload(older)
            _LOG.info("a model serves", extra={"model": key[0], "version": key[1], "digest": model.surrogate.version})
            self._changed()

    def _note(self, key: Key, stamp: Stamp, state: str, reason: str = "", digest: str = "") -> None:
        with self._lock:
            known = self._known.get(key)
            self._known[key] = Version(stamp, state, reason, digest or (known.digest if known else ""))

    def _unload(self, key: Key) -> None:
        self._pinned.discard(key)
        if self._serves(key):
            self._models.drop(*key)
            self._known[key] = dataclasses.replace(self._known[key], state="available")
            _LOG.info("a model no longer serves", extra={"model": key[0], "version": key[1]})
            self._changed()


def _stamps(listings: Mapping[str, Listing]) -> dict[Key, Stamp]:
    """Of all files."""
    return {(name, n): stamp for name, listing in listings.items() for n, (_, stamp) in listing.files.items()}


def _refusals(listings: Mapping[str, Listing]) -> dict[Key, str]:
    """Why what is there under a name is no version."""
    return {(as_shown(name), 0): listing.refusal for name, listing in listings.items() if listing.refusal}


def _shown(name: str, version: int) -> str:
    return f"{name[:80]!r}, version {version}"
