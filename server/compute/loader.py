"""Checkpoints into models that have been tried."""

import functools
import logging
from collections.abc import Callable
from pathlib import Path

from enf2enf import checkpoint
from enf2enf.errors import CheckpointError, Enf2EnfError
from enf2enf_server.compute.errands import Errands
from enf2enf_server.compute.folder import Stamp
from enf2enf_server.compute.models import Model

_LOG = logging.getLogger(__name__)


class Loader:
    """Reads and prepares one model for each call, and does not wait longer than it may.

    Args:
        prepare: called with a model that was read: compiles its programs, and raises where it cannot answer.
        seconds: longest that both may take.
        errands: do what may hang.
    """

    def __init__(self, prepare: Callable[[Model], None], seconds: float, errands: Errands):
        self._prepare, self._seconds, self._errands = prepare, seconds, errands

    def load(self, name: str, version: int, path: Path, stamp: Stamp, alive: Callable[[], None]) -> Model:
        """The model of a file with this stamp; `alive` as of `Errands.run`.

        Raises:
            CheckpointError: it is refused; what was got is a whole sentence that says why, and nothing internal.
        """
        work = functools.partial(self._made, name, version, path)
        try:
            return self._errands.run((name, version, stamp), work, self._seconds, alive, shared=True)
        except TimeoutError:
            wanted = f"a checkpoint that is read and tried within {self._seconds:g} s"
            reason, unforeseen = str(CheckpointError(path.name, wanted, "one that takes longer")), None
        except CheckpointError as refusal:
            reason, unforeseen = refusal.got, refusal.__cause__
        _LOG.error(
            "a model was refused", extra={"model": name, "version": version, "reason": reason}, exc_info=unforeseen
        )
        raise _refused(name, version, reason)

    def _made(self, name: str, version: int, path: Path) -> Model:
        try:
            model = Model(name, version, checkpoint.load(path))
            self._prepare(model)
            return model
        except Enf2EnfError as error:
            raise _refused(name, version, str(error)) from None
        except Exception as error:
            raise _refused(name, version, "it fails at its first answer; the log says more") from error


def _refused(name: str, version: int, reason: str) -> CheckpointError:
    return CheckpointError(f"model {name!r}, version {version}", "one that can be loaded", reason)
