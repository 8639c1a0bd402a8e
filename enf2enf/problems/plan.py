"""What decides the contents of a data set that a problem makes."""

import dataclasses
import json
from pathlib import Path
from typing import Any

from enf2enf.data import proportional
from enf2enf.data.split import SPLITS, fewest
from enf2enf.errors import ConfigError
from enf2enf.plain import is_line, is_number, is_whole, one_line, shown
from enf2enf.problems.problem import AbstractProblem, flag

_MOST = 10_000_000  # cases


@dataclasses.dataclass(frozen=True)
class Plan:
    """Everything that decides the contents of the folder.

    Args:
        problem: whose cases.
        cases: how many, at least one for each split that the problem gives a share.
        seed: of all randomness.
        floor_cases: on how many cases the error of the stored fields is measured.
    """

    problem: AbstractProblem
    cases: int
    seed: int
    floor_cases: int

    def __post_init__(self):
        for name in ("cases", "seed", "floor_cases"):
            if not is_whole(getattr(self, name), -(2**53), 2**53):
                raise ConfigError(name, "a whole number", shown(getattr(self, name)))
        shares = self.problem.shares
        if not (isinstance(shares, tuple) and len(shares) == len(SPLITS) and all(map(is_number, shares))):
            raise ConfigError("shares", f"numbers for {', '.join(SPLITS)}", shown(shares))
        if self.cases < (least := fewest(shares)):
            raise ConfigError("cases", f"at least {least}, one for each split", str(self.cases))
        if self.cases > _MOST:
            raise ConfigError("cases", f"at most {_MOST:,}", f"{self.cases:,}")
        if self.seed < 0:
            raise ConfigError("seed", "a number that is not negative", str(self.seed))
        most = 0 if self.problem.floor is None else self.cases
        if not 0 <= self.floor_cases <= most:
            raise ConfigError("floor_cases", f"from 0 to {most}", str(self.floor_cases))
        try:
            self.to_dict()
        except (TypeError, ValueError) as error:
            expected = "fields that are numbers, texts, lists or tables"
            raise ConfigError(f"problem {self.problem.name}", expected, one_line(str(error))) from error
        if not is_line(self.title()):
            raise ConfigError("name of the problem", "one line of text", shown(self.title()))
        for what, text in (("licence", self.problem.licence), ("description", self.problem.describe(0))):
            if not isinstance(text, str):
                raise ConfigError(f"{what} of the problem", "text", shown(text))

    def to_dict(self) -> dict[str, Any]:
        """As plain data for JSON."""
        own = {"cases": self.cases, "seed": self.seed, "floor_cases": self.floor_cases}
        options = json.loads(json.dumps(dataclasses.asdict(self.problem)))
        return {"problem": self.problem.name, "version": 1} | options | own

    def ids(self) -> list[str]:
        """The cases' ids, in order."""
        return [f"case_{index:04d}" for index in range(self.cases)]

    def split(self) -> dict[str, list[str]]:
        """The cases' ids, by split."""
        return proportional(self.ids(), self.problem.shares)

    def fine(self) -> set[str]:
        """Ids of the cases with a fine sampling: the first of the test split."""
        return set(self.split()["test"][: self.problem.fine_cases])

    def floor(self) -> list[int]:
        """Numbers of the cases on which the error of the stored fields is measured, spread over all."""
        return [k * self.cases // self.floor_cases for k in range(self.floor_cases)]

    def command(self) -> str:
        """What a user types for the same data, beside the files that it names."""
        words = [f"enf2enf generate {self.problem.name} --cases {self.cases} --seed {self.seed}"]
        for field in self.problem.options():
            value = getattr(self.problem, field.name)
            if value or not field.metadata["is_file"]:
                words.append(f"{flag(field)} {Path(value).name if field.metadata['is_file'] else value}")
        return " ".join(words)

    def title(self) -> str:
        """Name of the data set: of the problem, and its options that are not at their defaults and are no files."""
        fields = [field for field in self.problem.options() if not field.metadata["is_file"]]
        chosen = [(getattr(self.problem, field.name), field.default) for field in fields]
        return "-".join([self.problem.name, *(str(value) for value, default in chosen if value != default)])
