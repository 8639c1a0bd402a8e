"""The models that answer, by name and version."""

import collections
import contextlib
import functools
import threading
from collections.abc import Iterable, Iterator

from enf2enf.inference import evaluator
from enf2enf.surrogate import Surrogate
from enf2enf_server.ops.errors import ModelError, StartingError


class Model:
    """A version of a model that is loaded.

    Args:
        name, version: in the server's repository.
        surrogate: the model itself.
    """

    def __init__(self, name: str, version: int, surrogate: Surrogate):
        self.name, self.version, self.surrogate = name, version, surrogate

    @functools.cached_property
    def is_local(self) -> bool:
        """Whether points close together are cheaper to decode. Takes milliseconds, once."""
        surrogate = self.surrogate
        return evaluator.is_local(surrogate.model, surrogate.normaliser, surrogate.config.panels)


class Models:
    """What is loaded. Safe to share between threads; requests keep the model that they began with."""

    def __init__(self):
        self._held: dict[tuple[str, int], Model] = {}
        self._awaited: frozenset[str] = frozenset()
        self._arriving: collections.Counter[tuple[str, int]] = collections.Counter()
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._held)

    def get(self, name: str = "", version: int = 0) -> Model:
        """A model that is loaded.

        Args:
            name: of the model; empty: the only one.
            version: 0: the newest one.

        Raises:
            ModelError: there is none of this name or version.
            StartingError: it is still being loaded; or any model is, if none is named.
        """
        with self._lock:
            held, awaited, arriving = dict(self._held), self.awaited, set(self._arriving)
        arriving |= {(of, 0) for of, _ in arriving}  # any version will do where none is asked for
        if not held:
            raise StartingError("server", "a loaded model", "none yet; try again")
        if name in awaited or (awaited and not name):
            raise StartingError("model", "one that is loaded", f"{', '.join(sorted(awaited))} on the way; try again")
        names = sorted({known for known, _ in held})
        wanted = name or (names[0] if len(names) == 1 else "")
        versions = sorted(number for known, number in held if known == wanted)
        if (wanted, version) in arriving and (version not in versions if version else not versions):
            raise StartingError("model", "one that is loaded", f"{wanted} on the way; try again")
        if not versions:
            raise ModelError("model", f"one of {', '.join(names)}", repr(name[:80]))
        if version and version not in versions:
            raise ModelError("version", f"one of {', '.join(map(str, versions))} of {wanted!r}, or 0", str(version))
        return held[wanted, version or versions[-1]]

    @property
    def awaited(self) -> frozenset[str]:
        """Names of models that are still to be loaded before the server has started."""
        return self._awaited - {name for name, _ in tuple(self._held)}

    def expect(self, names: Iterable[str]) -> None:
        """Names models that are on their way: questions about them, or that name none, are refused for the moment."""
        self._awaited = frozenset(names)

    @contextlib.contextmanager
    def arriving(self, name: str, version: int) -> Iterator[None]:
        """Questions about this version, or about its name while none of it serves, are refused for the moment."""
        with self._lock:
            self._arriving[name, version] += 1
        try:
            yield
        finally:
            with self._lock:
                self._arriving -= collections.Counter({(name, version): 1})

    def loaded(self) -> tuple[Model, ...]:
        """All that is loaded, by name and version."""
        with self._lock:
            return tuple(self._held[key] for key in sorted(self._held))

    def put(self, model: Model) -> None:
        """Takes a model into service, in place of one of the same name and version."""
        with self._lock:
            self._held[model.name, model.version] = model

    def drop(self, name: str, version: int) -> None:
        """Takes a version out of service. Requests that have begun with it end with it."""
        with self._lock:
            self._held.pop((name, version), None)
