"""Sets of an Abaqus deck: numbers, ranges and other sets, of a part or across parts, and which of a mesh they are."""

from array import array
from collections.abc import Iterable, Mapping

import numpy as np
from jaxtyping import Int

from enf2enf.errors import MeshError
from enf2enf.io.decks.numbers import integer


class Set:
    """What the lines of a set list. Names of parts are empty for the part that it is in.

    Args:
        name: as it is shown; empty for one that a program made for itself.

    Attributes:
        understood: whether all that it lists can be said here.
    """

    def __init__(self, name: str = ""):
        self.name, self.understood = name, True
        self.numbers: dict[str, array[int]] = {}
        self.ranges: list[tuple[str, int, int, int]] = []
        self.sets: list[tuple[str, str]] = []

    def add(self, token: str, part: str = "") -> None:
        """A number or the name of a set, either of which may begin with the name of its part and a dot."""
        head, dot, tail = token.rpartition(".")
        part, token = (head.casefold(), tail) if dot else (part, token)
        if token.isdecimal():
            self.add_number(integer(token), part)
        else:
            self.sets.append((part, token.casefold()))

    def add_number(self, number: int, part: str = "") -> None:
        """A number of a part."""
        self.numbers.setdefault(part, array("q")).append(number)

    def add_range(self, fields: list[str], part: str = "") -> None:
        """From the first number to the second, in steps of the third or of one. Raises `ValueError` for none."""
        first, last, step = [*map(integer, fields), 1][:3]
        if step < 1:
            raise ValueError(f"steps of {step}")
        self.ranges.append((part, first, last, step))


class Numbered:
    """Numbered nodes or cells of a part, which are one after the other in a mesh.

    Args:
        numbers: of each its number.
        first: the index of the first in the mesh.
    """

    def __init__(self, numbers: Int[np.ndarray, " items"], first: int):
        self._order = np.argsort(numbers, kind="stable")
        self._numbers, self._first = numbers[self._order], first

    def among(self, wanted: Int[np.ndarray, " wanted"]) -> np.ndarray:
        """The indices of those of the wanted numbers that there are."""
        if not len(self._numbers):
            return np.zeros(0, np.int64)
        at = np.minimum(np.searchsorted(self._numbers, wanted), len(self._numbers) - 1)
        return self._first + self._order[at[self._numbers[at] == wanted]]

    def within(self, first: int, last: int, step: int) -> np.ndarray:
        """The indices of the numbers in a range."""
        low, high = np.searchsorted(self._numbers, [first, last + 1])
        if (last - first) // step < high - low:
            return self.among(np.arange(first, last + 1, step))
        chosen = (self._numbers[low:high] - first) % step == 0
        return self._first + self._order[low:high][chosen]

    def effort(self, first: int, last: int, step: int) -> int:
        """How many numbers `within` looks at."""
        low, high = np.searchsorted(self._numbers, [first, last + 1])
        return max(min((last - first) // step + 1, int(high - low)), 0)


class Sets:
    """All sets of nodes, or all of cells, of the parts of a mesh.

    Args:
        sets: part -> name -> set; the names without capitals.
        numbered: part -> what the numbers in it are.
        most: indices that may be looked up, for sets that list each other.
    """

    def __init__(self, sets: Mapping[str, Mapping[str, Set]], numbered: Mapping[str, Numbered], most: int):
        self._sets, self._numbered, self._most, self._left = sets, numbered, most, most
        self._known: dict[tuple[str, str], np.ndarray | None] = {}

    def named(self) -> Iterable[tuple[str, np.ndarray | None]]:
        """The name and the indices of every set that has a name to show; None for one that is not understood."""
        for part, sets in self._sets.items():
            for key, own in sets.items():
                if own.name:
                    yield own.name, self.indices(part, key)

    def indices(self, part: str, key: str) -> np.ndarray | None:
        """The indices of a set; None if it, or one in it, is not there, or sets are in a ring.

        Raises:
            MeshError: more than there may be.
        """
        if (part, key) not in self._known:
            self._known[part, key] = None  # while it is looked at
            own = self._sets.get(part, {}).get(key)
            self._known[part, key] = None if own is None else self.members(part, own)
        return self._known[part, key]

    def members(self, part: str, own: Set) -> np.ndarray | None:
        """The indices of what a set of a part lists, as `indices` returns them."""
        found: list[np.ndarray | None] = [np.zeros(0, np.int64)]
        found += [self._in(of or part, np.array(numbers, np.int64)) for of, numbers in own.numbers.items()]
        for of, first, last, step in own.ranges:
            found.append(self._range(of or part, first, last, step))
        for of, key in own.sets:
            found.append(self.indices(of or part, key))
            self._spend(0 if found[-1] is None else len(found[-1]))
        known = [indices for indices in found if indices is not None]
        return np.unique(np.concatenate(known)) if len(known) == len(found) and own.understood else None

    def _in(self, part: str, numbers: np.ndarray) -> np.ndarray | None:
        numbered = self._numbered.get(part)
        return None if numbered is None else numbered.among(numbers)

    def _range(self, part: str, first: int, last: int, step: int) -> np.ndarray | None:
        self._check((last - first) // step + 1)
        numbered = self._numbered.get(part)
        if numbered is None:
            return None
        self._spend(numbered.effort(first, last, step))
        return numbered.within(first, last, step)

    def _spend(self, count: int) -> None:
        self._check(count)
        self._left -= count

    def _check(self, count: int) -> None:
        if count > self._left:
            raise MeshError("sets", f"at most {self._most} numbers in a file of this size", str(count))
