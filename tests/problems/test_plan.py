"""What no data set could state of a problem is refused before anything is solved."""

import dataclasses

import pytest

from enf2enf.errors import ConfigError
from enf2enf.problems.campaign import generate
from enf2enf.problems.joukowski.problem import Joukowski
from enf2enf.problems.problem import AbstractProblem

SINS = {
    "cases": ({}, {"cases": 3.5}, "cases: expected a whole number, got 3.5"),
    "more": ({}, {"cases": 99999999999}, "cases: expected at most 10,000,000, got 99,999,999,999"),
    "seed": ({}, {"seed": True}, "seed: expected a whole number, got True"),
    "shares": ({"shares": (1, 1, 1)}, {}, r"shares: expected numbers for train, validation, calibration, test, got"),
    "licence": ({"licence": None}, {}, "licence of the problem: expected text, got None"),
    "describe": ({"describe": lambda self, redraws: None}, {}, "description of the problem: expected text, got None"),
    "name": ({"name": "a\nb"}, {}, "name of the problem: expected one line of text, got"),
    "field": ({"extra": print, "__annotations__": {"extra": object}}, {}, "problem joukowski: expected fields that"),
}  # fmt: skip


@pytest.mark.parametrize("sin", SINS)
def test_what_cannot_be_written_is_refused_before_anything_is_solved(sin, tmp_path):
    stated, arguments, sentence = SINS[sin]
    own = {name: value for name, value in vars(Joukowski).items() if not name.startswith("__")}
    annotations = {"__annotations__": Joukowski.__annotations__}
    kind = dataclasses.dataclass(frozen=True)(type("Sinner", (AbstractProblem,), {**own, **annotations, **stated}))
    with pytest.raises(ConfigError, match=sentence):
        generate(kind(), tmp_path / "new", **({"cases": 12, "seed": 0} | arguments))
    assert not (tmp_path / "new").exists()
