"""Nastran's coordinate systems: rectangular, cylindrical and spherical ones in each other, by three points each."""

import numpy as np
from jaxtyping import Float, Int

from enf2enf.errors import MeshError
from enf2enf.io.decks.model import alike
from enf2enf.io.decks.nastran_cards import Card
from enf2enf.io.decks.numbers import integer, real

_DEEPEST = 32  # systems in systems


class Systems:
    """The systems that a deck defines, by number; 0 is the basic one."""

    def __init__(self):
        self._cards: dict[int, Card] = {}

    def add(self, card: Card) -> None:
        """One more: a `CORD...` card, which is looked at when something uses it."""
        self._cards[integer(card.fields[0])] = card

    def placed(
        self, points: Float[np.ndarray, "points 3"], systems: Int[np.ndarray, " points"]
    ) -> Float[np.ndarray, "points 3"]:
        """The basic coordinates of points that are given each in a system.

        Raises:
            MeshError: a system that is not defined, or not by coordinates.
        """
        basic = points.copy()
        for number, group in alike(systems):
            basic[group] = self._basic(number, points[group], _DEEPEST)
        return basic

    def _basic(self, number: int, local: Float[np.ndarray, "points 3"], deepest: int) -> Float[np.ndarray, "points 3"]:
        if number == 0:
            return local
        name, card = f"coordinate system {number}", self._cards.get(number)
        if card is None or card.name not in ("CORD2R", "CORD2C", "CORD2S"):
            found = "none" if card is None else card.name
            raise MeshError(name, "one that CORD2R, CORD2C or CORD2S defines", found)
        if not deepest:
            raise MeshError(name, f"systems in each other, {_DEEPEST} deep at the most", "more")
        fields = [*card.fields, *[""] * 11][:11]
        corners = np.array([real(field) for field in fields[2:]]).reshape(3, 3)
        origin, on_z, in_zx = self._basic(integer(fields[1] or "0"), corners, deepest - 1)
        z = on_z - origin
        y = np.cross(z, in_zx - origin)
        if not y.any():
            raise MeshError(name, "three points that are not on one line", f"those of line {card.line}")
        axes = np.stack([np.cross(y, z), y, z])
        axes /= np.linalg.norm(axes, axis=1, keepdims=True)
        return origin + _rectangular(card.name, local) @ axes


def _rectangular(name: str, local: Float[np.ndarray, "points 3"]) -> Float[np.ndarray, "points 3"]:
    if name == "CORD2R":
        return local
    if name == "CORD2C":
        radius, turn, height = local[:, 0], np.radians(local[:, 1]), local[:, 2]
    else:  # the first angle is from the axis
        tilt, turn = np.radians(local[:, 1]), np.radians(local[:, 2])
        radius, height = local[:, 0] * np.sin(tilt), local[:, 0] * np.cos(tilt)
    return np.stack([radius * np.cos(turn), radius * np.sin(turn), height], axis=1)
