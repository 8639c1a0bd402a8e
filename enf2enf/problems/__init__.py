"""Solvers that make cases of known truth; most need the extra `data`. One folder or file a problem, listed here."""

import importlib
from typing import TYPE_CHECKING

from enf2enf.errors import ConfigError

if TYPE_CHECKING:
    from enf2enf.problems.problem import AbstractProblem

PROBLEMS = {
    "aerofoil": "enf2enf.problems.aerofoil.problem:Aerofoil",
    "channel": "enf2enf.problems.channel.problem:Channel",
    "elasticity": "enf2enf.problems.elasticity.problem:Elasticity",
    "joukowski": "enf2enf.problems.joukowski.problem:Joukowski",
    "slotted": "enf2enf.problems.slotted.problem:Slotted",
}
"""What `enf2enf generate` knows: name -> module and class. A module is imported when its problem is asked for."""


def find_problem(name: str) -> "type[AbstractProblem]":
    """The class of a problem.

    Raises:
        ConfigError: no problem of this name.
        ModuleNotFoundError: its solver is not installed.
    """
    if name not in PROBLEMS:
        raise ConfigError("problem", " or ".join(PROBLEMS), repr(name))
    module, _, kind = PROBLEMS[name].partition(":")
    return getattr(importlib.import_module(module), kind)
