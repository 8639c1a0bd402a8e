"""How the public folder of AirfRANS is laid out: its tasks, and what the names of its cases say."""

import dataclasses
import json
import re
from pathlib import Path

import numpy as np
from jaxtyping import Float

from enf2enf.conditions import vector_of
from enf2enf.errors import DatasetError
from enf2enf.files import read_file
from enf2enf.plain import DAMAGE, shown

TASKS = ("full", "scarce", "reynolds", "aoa")
"""Tasks: all data; a quarter of it to train on, with the same test; unseen speeds; unseen incidences."""
_TEST_OF = {"scarce": "full"}
_CHOOSING = 0.1  # share of the training cases, the last ones, for validation
_NUMBER = r"(-?\d+(?:\.\d+)?)"
_CASE = re.compile(rf"airFoil2D_SST_{_NUMBER}_{_NUMBER}(?:_{_NUMBER}){{3,4}}")


@dataclasses.dataclass(frozen=True)
class PublicFolder:
    """The folder that the public archive unpacks to: `manifest.json`, and a folder a case.

    Args:
        path: where it is.
    """

    path: Path

    def split(self, task: str) -> dict[str, list[str]]:
        """The cases of a task by split; the last tenth of its training cases validates, as in the authors' training.

        Raises:
            DatasetError: an unknown task, no manifest or another, a name that is none, a case without its files.
        """
        if task not in TASKS:
            raise DatasetError("task", f"one of {', '.join(map(repr, TASKS))}", shown(task))
        manifest = self._manifest()
        every, test = (self._names(manifest, key) for key in (f"{task}_train", f"{_TEST_OF.get(task, task)}_test"))
        if len(every) < 2 or not test:
            raise DatasetError(
                f"task {task!r}", "2 cases to train with and 1 to test, or more", f"{len(every)}, {len(test)}"
            )
        if len({*every, *test}) < len(every) + len(test):
            raise DatasetError(f"task {task!r}", "every case once", "one that is there twice")
        last = max(1, int(_CHOOSING * len(every)))
        return {"train": every[:-last], "validation": every[-last:], "test": test}

    def flow_file(self, name: str) -> Path:
        """Path of the file with the flow around the section of a case."""
        return self.path / name / f"{name}_internal.vtu"

    def wall_file(self, name: str) -> Path:
        """Path of the file with the section of a case."""
        return self.path / name / f"{name}_aerofoil.vtp"

    def _manifest(self) -> dict[str, object]:
        path = self.path / "manifest.json"
        try:
            manifest = json.loads(read_file(path))
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise DatasetError(str(path), "the list of cases of AirfRANS", reason) from None
        except DAMAGE as error:
            raise DatasetError(str(path), "JSON", str(error)) from None
        if not isinstance(manifest, dict):
            raise DatasetError(str(path), "a table of lists of cases", shown(manifest))
        return manifest

    def _names(self, manifest: dict[str, object], key: str) -> list[str]:
        names = manifest.get(key)
        if not isinstance(names, list):
            raise DatasetError("manifest.json", f"a list {key!r}", "none" if names is None else shown(names))
        for name in names:
            inflow_of(name)
            for path in (self.flow_file(name), self.wall_file(name)):
                if not path.is_file():
                    raise DatasetError(f"case {name!r}", f"the file {path.name} in its folder", "none")
        return names


def inflow_of(name: object) -> Float[np.ndarray, "2"]:
    """The undisturbed velocity (m/s) of a case, whose chord is along x, from its name.

    Raises `DatasetError` for a name that is none.
    """
    found = _CASE.fullmatch(name) if isinstance(name, str) else None
    if found is None or not float(found[1]) > 0:
        wanted = "a name airFoil2D_SST_<speed>_<incidence>_<3 or 4 numbers of its NACA section>"
        raise DatasetError("case", wanted, shown(name))
    return vector_of(float(found[1]), float(found[2]))
