"""What a deck defines: nodes and cells by numbers of its own, gathered one by one and joined at the end."""

from array import array
from collections.abc import Iterator, Mapping

import numpy as np
from jaxtyping import Float, Int

from enf2enf.errors import MeshError

_NAMED = 5  # kinds of records that a sentence names


class Nodes:
    """Numbered points, one after the other."""

    def __init__(self):
        self._numbers, self._systems, self._flat = array("q"), array("q"), array("d")

    def add(self, number: int, coordinates: tuple[float, float, float], system: int = 0) -> None:
        """One more node; its coordinates are in a system that has a number too."""
        self._numbers.append(number)
        self._systems.append(system)
        self._flat.extend(coordinates)

    @property
    def numbers(self) -> Int[np.ndarray, " nodes"]:
        """Of each node its number."""
        return np.array(self._numbers, np.int64)

    @property
    def systems(self) -> Int[np.ndarray, " nodes"]:
        """Of each node the number of its system."""
        return np.array(self._systems, np.int64)

    @property
    def points(self) -> Float[np.ndarray, "nodes 3"]:
        """Coordinates, in their systems."""
        return np.array(self._flat, np.float64).reshape(-1, 3)


class Cells:
    """Numbered cells of one kind, one after the other."""

    def __init__(self):
        self._numbers, self._properties, self._nodes = array("q"), array("q"), array("q")

    def add(self, number: int, nodes: list[int], property_number: int = 0) -> None:
        """One more cell, of a property that has a number too."""
        self._numbers.append(number)
        self._properties.append(property_number)
        self._nodes.extend(nodes)

    @property
    def numbers(self) -> Int[np.ndarray, " cells"]:
        """Of each cell its number."""
        return np.array(self._numbers, np.int64)

    @property
    def properties(self) -> Int[np.ndarray, " cells"]:
        """Of each cell the number of its property."""
        return np.array(self._properties, np.int64)

    @property
    def rows(self) -> Int[np.ndarray, "cells nodes"]:
        """Nodes of each cell, by number."""
        return np.array(self._nodes, np.int64).reshape(len(self._numbers), -1)


def first_of_each(what: str, numbers: Int[np.ndarray, " all"], rows: np.ndarray) -> Int[np.ndarray, " different"]:
    """Where every number is defined first.

    Raises:
        MeshError: a number that is defined in two ways.
    """
    _, first, inverse = np.unique(numbers, return_index=True, return_inverse=True)
    if len(first) < len(numbers):
        other = (rows != rows[first[inverse]]).any(axis=1)
        if len(bad := np.flatnonzero(other)):
            raise MeshError(f"{what} {numbers[bad[0]]}", "one definition", "two that differ")
    return np.sort(first)


def alike(labels: Int[np.ndarray, " all"]) -> Iterator[tuple[int, Int[np.ndarray, " some"]]]:
    """Every label, and where it is."""
    order = np.argsort(labels, kind="stable")
    for group in np.split(order, np.flatnonzero(np.diff(labels[order])) + 1):
        if len(group):
            yield int(labels[group[0]]), group


def places(known: Int[np.ndarray, " known"], wanted: np.ndarray, what: str) -> np.ndarray:
    """The index of every wanted node number among the known ones.

    Raises:
        MeshError: one that is not among them.
    """
    order = np.argsort(known, kind="stable")
    at = np.searchsorted(known, wanted, sorter=order)
    found = order[np.minimum(at, len(known) - 1)] if len(known) else np.zeros(wanted.shape, np.int64)
    missing = wanted[known[found] != wanted] if len(known) else wanted
    if missing.size:
        raise MeshError(what, "nodes that the file defines", f"node {missing.ravel()[0]}")
    return found


def left_out(counts: Mapping[str, int]) -> list[str]:
    """A sentence on records that are like cells but none: how many of which kind."""
    if not counts:
        return []
    named = ", ".join(f"{count} {kind}" for kind, count in list(counts.items())[:_NAMED])
    return [f"elements: expected surfaces and lines, got {named}{', ...' * (len(counts) > _NAMED)}, left out"]
