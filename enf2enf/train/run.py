"""The folder of a training run: resumable state, the best weights so far, and the log."""

import contextlib
import dataclasses
import functools
import json
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from tensorboardX import SummaryWriter

from enf2enf.archive import open_archive, read_arrays, write_archive
from enf2enf.errors import CheckpointError, ConfigError
from enf2enf.plain import DAMAGE, is_number, is_whole, one_line
from enf2enf.train.config import FITTED, MOST_STEPS, RunConfig
from enf2enf.train.stages import Stage
from enf2enf.train.step import TrainState

_FORMAT, _VERSION = "enf2enf-run", 3
_STATE = "state.run"


@dataclasses.dataclass
class RunProgress:
    """Where a run stands.

    Args:
        stage: name of the stage.
        best: smallest validation error of the weights that were kept in this stage; None before the first.
        before: errors of the weights that were kept before this stage; empty where none were.
        seconds: wall-clock time spent training so far.
        losses: of the steps since the last validation.
    """

    stage: str
    best: float | None = None
    before: dict[str, float] = dataclasses.field(default_factory=dict)
    seconds: float = 0.0
    losses: list[float] = dataclasses.field(default_factory=list)


class RunFolder:
    """Reads and writes `state.run` (to resume), `model.enf` (best weights), `metrics.jsonl` and TensorBoard events.

    Args:
        config: the run; a folder that holds another run's state is refused.
        data: identity of the training data; a run goes on with the same data only.
    """

    def __init__(self, config: RunConfig, data: str):
        self.path, self._identity = config.out, {**_plain(config.to_dict()), "data": data}
        try:
            self.path.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise ConfigError("out", "a folder to write to", f"{self.path}: {error.strerror}") from error
        self.state_path, self.model_path = self.path / _STATE, self.path / "model.enf"
        self._metrics, self._stages = self.path / "metrics.jsonl", []

    @functools.cached_property
    def _board(self) -> SummaryWriter:
        return SummaryWriter(str(self.path), write_to_disk=True)

    def peek(self) -> RunProgress | None:
        """How far an interrupted run got, or None. Raises `ConfigError` if it was another run."""
        if not self.state_path.exists():
            return None
        with _opened(self.state_path) as (_, manifest):
            identity = manifest["identity"]
            self._expect(identity | {"data": self._identity["data"]} == self._identity)
            if identity != self._identity:
                raise ConfigError(str(self.path), "the data that the run in it learns from", "others, or changed ones")
            progress = _progress(**manifest["progress"])
        if progress.best is not None and not self.model_path.exists():
            raise ConfigError(str(self.model_path), "the weights that the run in this folder has kept", "none")
        return progress

    def claim(self, stages: Sequence[Stage]) -> None:
        """Take over these stages. Raises `ConfigError` if the state in the folder is of a run of others."""
        self._stages = _plain([stage.to_dict() for stage in stages])
        if self.state_path.exists():
            with _opened(self.state_path) as (_, manifest):
                self._expect(manifest.get("stages", self._stages) == self._stages)
                self._expect(manifest["progress"]["stage"] in [stage.name for stage in stages])

    def _expect(self, is_same: bool) -> None:
        if not is_same:
            raise ConfigError(str(self.path), "an empty folder, or one of the same run", "another run's state")

    def restore(self, template: TrainState) -> TrainState:
        """The saved state; metrics that were logged after it are dropped."""
        with _opened(self.state_path) as (archive, manifest):
            state, logged = read_arrays(archive, template), int(manifest["metrics"])
        if self._metrics.exists():
            lines = self._metrics.read_bytes().splitlines()[:logged]
            self._metrics.write_bytes(b"".join(line + b"\n" for line in lines))
        return state

    def save(self, state: TrainState, progress: RunProgress) -> None:
        """Write the state, whole or not at all."""
        logged = len(self._metrics.read_bytes().splitlines()) if self._metrics.exists() else 0
        record = {"format": _FORMAT, "version": _VERSION, "identity": self._identity, "metrics": logged}
        record["stages"] = self._stages
        write_archive(self.state_path, {**record, "progress": dataclasses.asdict(progress)}, state)

    def note(self, stage: str, sentence: str) -> None:
        """Append one line that says something of a stage."""
        self._append({"stage": stage, "note": sentence})

    def log(self, stage: str, step: int, values: dict[str, float]) -> None:
        """Append one line of metrics, and the same to TensorBoard."""
        self._append({"stage": stage, "step": step, **values})
        for name, value in values.items():
            self._board.add_scalar(f"{stage}/{name}", value, step)
        self._board.flush()

    def _append(self, line: dict[str, Any]) -> None:
        with self._metrics.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def close(self) -> None:
        """Flush and close the log, if there is any."""
        if "_board" in vars(self):
            self._board.close()


def fitted_before(config: RunConfig) -> RunConfig | None:
    """The configuration with the numbers of steps of the run in its folder; None where none was begun there."""
    path = config.out / _STATE
    if not path.exists():
        return None
    with _opened(path) as (_, manifest):
        steps = {name: manifest["identity"]["train"][name] for name in FITTED}
        if not all(is_whole(number, 0, MOST_STEPS) for number in steps.values()):
            raise ValueError("steps that are no numbers")
    return dataclasses.replace(config, train=dataclasses.replace(config.train, **steps))


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipFile, dict[str, Any]]]:
    """A state's archive and manifest. Whatever is amiss with them is one sentence that names the folder."""
    try:
        with open_archive(path, _FORMAT, _VERSION) as opened:
            yield opened
    except ConfigError:
        raise
    except DAMAGE as error:
        if isinstance(error, CheckpointError) and error.name != path.name:
            raise
        got = error.got if isinstance(error, CheckpointError) else f"an incomplete one ({one_line(str(error))[:80]})"
        raise CheckpointError(str(path), "a checkpoint of a run", got) from error


def _progress(**plain: Any) -> RunProgress:
    """Where a run stands, from plain data that anyone may have written."""
    progress = RunProgress(**plain)
    best = [] if progress.best is None else [progress.best]
    numbers = [*best, progress.seconds, *progress.losses, *progress.before.values()]
    if not isinstance(progress.stage, str) or not all(map(is_number, numbers)):
        raise ValueError("progress that is none")
    return progress


def _plain(tree: Any) -> Any:
    """As it will be read back from JSON."""
    return json.loads(json.dumps(tree))
