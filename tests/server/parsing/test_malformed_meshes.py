"""Damaged files of every format, through the processes that read them: a mesh or a refusal, soon, and nobody dies.

What is damaged with intent is in `tests/io/test_hostile_files.py`.
"""

import re
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pools import LIMITS, PANELS

import enf2enf_meshes
from enf2enf.errors import Enf2EnfError
from enf2enf.io.formats import FORMATS
from enf2enf_meshes.generators.broken import plate
from enf2enf_server.parsing.parsed_mesh import ParsedMesh, ShapeOptions
from enf2enf_server.parsing.pool import Parsers

SHAPE = ShapeOptions(PANELS)
SECONDS = 2.0  # measured 0.14 at most, over 8,000 files
PATHS = [enf2enf_meshes.path(f"unit_cell_{kind}") for kind in FORMATS]
FILES = [*((path.name, path.read_bytes()) for path in PATHS), ("text.vtu", plate())]
LEAKS = re.compile(r"Traceback|/tmp|enf2enf-|\.py\b|0x[0-9a-f]{6}|object has no|NoneType|np\.|\n")
NUMBER = re.compile(rb"[-+]?\d+(\.\d*)?([eE][-+]?\d+)?")
ABSURD = [
    b"0", b"-1", b"1", b"2147483647", b"4294967296", b"1000000000000", b"9223372036854775807", b"nan", b"1e999", b"",
]  # fmt: skip
WORDS = [
    bytes(4), b"\xff" * 4, b"\xff\xff\xff\x7f", b"\0\0\0\x80", bytes(8), b"\xff" * 7 + b"\x7f", b"\0\0\0\0\1\0\0\0",
]  # fmt: skip


@st.composite
def damaged(draw) -> tuple[str, bytes]:
    """A file's name, and its bytes after one to four accidents."""
    name, data = draw(st.sampled_from(FILES))
    for _ in range(draw(st.integers(1, 4))):
        data = draw(st.sampled_from(ACCIDENTS))(draw, data)
    return name, data


def place(draw, data: bytes) -> int:
    """Anywhere, and often in the head, where the counts are."""
    return draw(st.integers(0, min(draw(st.sampled_from([200, 1000, len(data)])), len(data))))


def span(draw, data: bytes) -> tuple[int, int]:
    first = place(draw, data)
    return first, min(first + draw(st.integers(1, 400)), len(data))


def flip(draw, data):
    at = place(draw, data)
    return data[:at] + bytes([data[at] ^ draw(st.integers(1, 255))]) + data[at + 1 :] if at < len(data) else data


def cut(draw, data):
    first, last = span(draw, data)
    return data[:first] + data[last:]


def end(draw, data):
    return data[: place(draw, data)]


def repeat(draw, data):
    first, last = span(draw, data)
    return data[:last] + data[first:last] * draw(st.sampled_from([1, 2, 500])) + data[last:]


def insert(draw, data):
    at = place(draw, data)
    return data[:at] + draw(st.binary(min_size=1, max_size=20)) + data[at:]


def overwrite(draw, data):
    at, word = place(draw, data), draw(st.sampled_from(WORDS))
    return data[:at] + word + data[at + len(word) :]


def number(draw, data):
    """One of the numbers that follow a place becomes an absurd one."""
    found = NUMBER.search(data, place(draw, data))
    return data[: found.start()] + draw(st.sampled_from(ABSURD)) + data[found.end() :] if found else data


def lines(draw, data):
    """A line is lost, comes twice, or comes elsewhere."""
    rows = data.split(b"\n")
    row = rows.pop(draw(st.integers(0, len(rows) - 1)))
    for _ in range(draw(st.integers(0, 2))):
        rows.insert(draw(st.integers(0, len(rows))), row)
    return b"\n".join(rows)


ACCIDENTS = [flip, cut, end, end, repeat, insert, overwrite, number, number, lines]


@pytest.fixture(scope="module")
def pool():
    pool = Parsers(2, 4 * SECONDS, 1 << 30)
    yield pool
    pool.close()


@pytest.mark.slow
@pytest.mark.parametrize("examples", [100, pytest.param(1000, marks=pytest.mark.soak)])
def test_every_damaged_file_is_a_mesh_or_refused(pool, examples, capfd):
    tally, longest = {"read": 0, "refused": 0}, 0.0

    @settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    @given(damaged())
    def check(file):
        nonlocal longest
        name, data = file
        start = time.perf_counter()
        try:
            assert isinstance(pool.parse(data, name, "m", (), LIMITS, SHAPE), ParsedMesh)
            tally["read"] += 1
        except Enf2EnfError as error:
            assert re.match(r"(?s).+: expected .+, got .+", str(error)) and not LEAKS.search(str(error)), str(error)
            assert "stopped the reader" not in str(error)
            tally["refused"] += 1
        longest = max(longest, time.perf_counter() - start)
        assert longest < SECONDS

    pool.parse(plate(), "a.vtu", "m", (), LIMITS, SHAPE)  # the workers may still be starting
    check()
    assert pool.replaced == 0
    assert tally["read"] > examples / 25 and tally["refused"] > examples / 2
    assert capfd.readouterr() == ("", "")


def test_cells_without_nodes_are_none(pool):
    head = b"ply\nformat ascii 1.0\nelement vertex 3\nproperty double x\nproperty double y\nproperty double z\n"
    faces = b"element face 2\nproperty list uint8 int32 vertex_indices\nend_header\n0 0 0\n1 0 0\n0 1 0\n0\n0\n"
    with pytest.raises(Enf2EnfError, match=r"^a\.ply: cells: expected at least one cell, got none$"):
        pool.parse(head + faces, "a.ply", "m", (), LIMITS, SHAPE)
