"""What a problem is: the cases that it draws, how they are solved, and what is said of the data set that they make."""

import abc
import contextlib
import dataclasses
from collections.abc import Callable, Iterator, Mapping
from typing import Any, ClassVar, final

import numpy as np

from enf2enf.errors import Enf2EnfError, SolverError
from enf2enf.field import Field
from enf2enf.geometry.frames import FrameConfig
from enf2enf.mesh import Mesh
from enf2enf.plain import one_line
from enf2enf.schema import Schema

REDRAWS = 20
"""How many draws in a row may have no solution."""


@dataclasses.dataclass(frozen=True)
class SolvedCase:
    """A case with its solution.

    Args:
        mesh: in metres, with every field in the domain as nodal values in SI units, unless there are `samples`.
        conditions: name -> number, or one number per dimension, of every condition of the schema.
        fine: computes the fields at many more points, of which tests of resolution alone know; None for no such points.
        error: measures the relative L2 error of the stored fields against a better solution, None where there is
            none to be had; needed where the problem states a `floor`.
        samples: these fields at points of their own, in place of the nodes; None for nodal values.
        wall: the fields of the schema that are defined on walls, at points there, and nowhere else; None where it has
            no such fields.
    """

    mesh: Mesh
    conditions: Mapping[str, float | np.ndarray] = dataclasses.field(default_factory=dict)
    fine: Callable[[], Field] | None = None
    error: Callable[[], float | None] | None = None
    samples: Field | None = None
    wall: Field | None = None


@dataclasses.dataclass(frozen=True)
class Floor:
    """How the error of the stored fields is measured.

    Args:
        cases: on how many cases, spread over all.
        how: what is measured; follows the words "mean over cases of".
        failed: what became of a case whose error could not be measured; follows "3 more".
    """

    cases: int
    how: str
    failed: str


def option(default: Any, text: str, is_file: bool = False) -> Any:
    """A field of a problem that `enf2enf generate` offers as `--name`, with this help. A number, a text, a Literal.

    Args:
        default: its value where none is given.
        text: the help.
        is_file: whether its value is the path of a file, which is in no name of a data set.
    """
    return dataclasses.field(default=default, metadata={"help": text, "is_file": is_file})


def flag(field: dataclasses.Field) -> str:
    """What the command calls an option."""
    return f"--{field.name.replace('_', '-')}"


@contextlib.contextmanager
def naming(seed: int, index: int) -> Iterator[None]:
    """Lets what a problem raises name the case; `SolverError`s are left as they are.

    Raises:
        Enf2EnfError: one of the same class, or a `SolverError` of what is none of ours.
    """
    case = f"case {index} of seed {seed}"
    try:
        yield
    except SolverError:
        raise
    except Enf2EnfError as error:
        raise type(error)(f"{case}, {error.name}", error.expected, error.got) from error
    except Exception as error:
        got = f"{type(error).__name__}: {one_line(str(error))[:160]}"
        raise SolverError(case, "a solution", got) from error


class AbstractProblem(abc.ABC):
    """A family of steady problems. Its members are final, frozen dataclasses whose fields decide what is drawn.

    They are pickled on their way to worker processes, and so have to be importable by name. A field made by `option`
    becomes an option of the command; all fields are written into the folder that is generated.

    What is declared without a value here is stated by every member: by attributes of its class, or by properties where
    its fields decide.

    Raises:
        TypeError: at the definition of a member that lacks one of them.
    """

    __dataclass_fields__: ClassVar[dict[str, dataclasses.Field[Any]]]

    name: ClassVar[str]
    """What the command calls it."""
    schema: Schema
    """Conditions and fields of every case."""
    shares: tuple[int, int, int, int]
    """Of the train, validation, calibration and test split, in any unit; see `enf2enf.data.proportional`."""
    walls: tuple[str, ...] = ()
    """The patches of its meshes that are walls; none: the inner boundaries."""
    frames: FrameConfig
    """In which a model should see its geometries: which mirror images are cases of the same problem."""
    licence: str
    """Of the data."""
    fine_cases: int
    """How many cases, the first of the test split, get a fine sampling."""
    floor: Floor | None
    """How the error of the stored fields is measured, None where it is not."""

    def __init_subclass__(cls) -> None:
        stated = [name for name in AbstractProblem.__annotations__ if not name.startswith("__")]
        if missing := [name for name in stated if not hasattr(cls, name)]:
            raise TypeError(f"{cls.__name__}: expected {', '.join(missing)}, got none")

    @abc.abstractmethod
    def describe(self, redraws: int) -> str:
        """The data set in words, given how many draws in all were replaced because they had no solution."""

    @abc.abstractmethod
    def draw(self, seed: int, index: int, redraw: int) -> Any:
        """What case `index` of a seed is made from, a pure function; `redraw` counts the draws before it that failed.

        Returns:
            Whatever `solve` takes.
        """

    @abc.abstractmethod
    def solve(self, drawn: Any) -> SolvedCase | None:
        """The case and its solution, a pure function; None where this draw has none, so that the next one is made.

        Raises:
            SolverError: a failure that drawing again would only hide; it ends the campaign.
        """

    @final
    def make(self, seed: int, index: int) -> tuple[SolvedCase, int]:
        """The case of this number and how many draws it took before the one that could be solved.

        Raises:
            SolverError: see `solve`; or one draw after the other had no solution; or whatever else `draw` and `solve`
                raised, which is its cause.
        """
        for redraw in range(REDRAWS):
            with naming(seed, index):
                solved = self.solve(self.draw(seed, index, redraw))
            if isinstance(solved, SolvedCase):
                return solved, redraw
            if solved is not None:
                raise SolverError(f"case {index} of seed {seed}", "a SolvedCase, or None", type(solved).__name__)
        raise SolverError(f"case {index} of seed {seed}", "a solution", f"none in {REDRAWS} draws")

    @final
    @classmethod
    def options(cls) -> tuple[dataclasses.Field, ...]:
        """The fields that the command offers."""
        return tuple(field for field in dataclasses.fields(cls) if "help" in field.metadata)
