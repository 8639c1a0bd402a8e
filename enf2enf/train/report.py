"""What a run says of itself while it trains: a bar on a terminal, a line per validation in a log file."""

from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_COLUMNS = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())


class Reporter:
    """Tells how far a run is, on standard error.

    Args:
        name: of the run.
        quiet: say nothing at all.
    """

    def __init__(self, name: str, quiet: bool):
        self._name, self._quiet, self._console = name, quiet, Console(stderr=True, soft_wrap=True, markup=False)
        live = not quiet and self._console.is_terminal
        note = TextColumn("{task.fields[note]}")
        self._bar = Progress(*_COLUMNS, note, console=self._console, disable=not live, refresh_per_second=2)
        self._task = self._bar.add_task(name, total=None, note="", visible=False)
        self._lines = not quiet and not live

    def __enter__(self) -> Self:
        """Show the bar, where there is a terminal."""
        self._bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Leave the terminal as it was."""
        self._bar.stop()

    def advance(self, doing: str, done: int, count: int, note: str = "") -> None:
        """So much of a part of the run is done."""
        description = f"{self._name}: {doing}"
        self._bar.update(self._task, description=description, completed=done, total=count, note=note, visible=True)

    def validated(self, stage: str, step: int, steps: int, values: dict[str, float], best: float | None) -> None:
        """A validation was read: a line where there is no bar."""
        if self._lines:
            figures = ", ".join(
                f"{name} {values[name]:.3g}" for name in ("train", "validation", "fine") if name in values
            )
            kept = "" if best is None else f" (best {best:.3g})"
            minutes = values["seconds"] / 60
            self._console.print(f"{self._name}: {stage} {step}/{steps}, {figures}{kept}, {minutes:.1f} min", style=None)

    def say(self, sentence: str) -> None:
        """Something that whoever trains should know."""
        if not self._quiet:
            self._console.print(f"{self._name}: {sentence}", style=None)
