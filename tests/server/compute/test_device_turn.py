"""What works out a shape never does so in the device's turn, which everybody waits for.

But for its panels' places in a frame, of which there are as many for any shape.
"""

import functools
import threading

import numpy as np
import pytest
from conftest import CONDITIONS

from enf2enf.geometry import Geometry
from enf2enf.geometry.plane import apart, panels, polygon, segments
from enf2enf.grid import Grid
from enf2enf.io import read_bytes

SQUARE = np.array([[0.0, 0], [1, 0], [1, 1], [0, 1]])
WORK = {
    apart: ["crossing"],
    polygon: ["crossing"],
    panels: ["with_corners", "crossing"],
    segments: ["prepared", "contains", "sag"],
    segments.Segments: ["touches", "distance"],
}


def star(count: int = 600) -> bytes:
    """A square around a star, as a file."""
    angle = 2 * np.pi * np.arange(count) / count
    radius = np.where(np.arange(count) % 2, 0.3, 0.15)
    loops = SQUARE, 0.5 + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return ("x,y\n" + "\n\n".join("\n".join(f"{x!r},{y!r}" for x, y in loop.tolist()) for loop in loops)).encode()


@pytest.fixture
def threads(monkeypatch):
    """Function -> names of the threads of this process that have called it."""
    seen: dict[str, set[str]] = {}

    def noted(name, function):
        @functools.wraps(function)
        def call(*args, **kwargs):
            seen.setdefault(name, set()).add(threading.current_thread().name)
            return function(*args, **kwargs)

        return call

    for where, names in WORK.items():
        for name in names:
            monkeypatch.setattr(where, name, noted(f"{where.__name__}.{name}", getattr(where, name)))
    return seen


def test_the_functions_that_are_watched_are_those_that_work(threads):
    """Else the next test could not fail."""
    geometry = Geometry.from_mesh(read_bytes(star(), "csv"))
    geometry = Geometry.of(geometry.walls, geometry.outer)
    geometry.panels(32)
    geometry.signed_distance(geometry.walls[0])
    geometry.contains(np.random.default_rng(0).uniform(size=(100, 2)))
    watched = {f"{where.__name__}.{name}" for where, names in WORK.items() for name in names}
    assert watched == set(threads)


def test_a_star_is_worked_out_by_parsers_and_by_its_own_requests(threads, client):
    shape = client.encode(star(), name="star.csv")
    assert not threads  # all of it is the parsers'
    for points in (SQUARE[:1] + 0.5, np.random.default_rng(0).uniform(size=(5000, 2)), Grid((0, 0), (1, 1), (80, 80))):
        client.decode(shape, CONDITIONS, points)
    assert {"Segments.touches", "enf2enf.geometry.plane.segments.contains"} <= set(threads)
    own = {name for names in threads.values() for name in names}
    assert not [name for name in own if name.startswith(("device", "core"))], threads
