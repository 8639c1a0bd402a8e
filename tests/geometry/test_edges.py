"""Which edges bound cells: those of one cell alone, whatever the cells; and what finding them costs."""

import inspect
import re
import tracemalloc
from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf.errors import GeometryError
from enf2enf.io import read_bytes, write_bytes
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.mesh.topology import boundary_edges, edges

# Corners, and mid-side nodes and others, by kind.
KINDS = {"triangle": (3, 0), "quad": (4, 0), "triangle6": (3, 3), "triangle7": (3, 4), "quad8": (4, 4), "quad9": (4, 5),
         "polygon5": (5, 0)}  # fmt: skip


@st.composite
def blocks(draw):
    """Cells of any nodes: collapsed, alike, or touching anyhow."""
    kind, most = draw(st.sampled_from(sorted(KINDS))), draw(st.integers(2, 40))
    rows = st.lists(st.integers(0, most), min_size=sum(KINDS[kind]), max_size=sum(KINDS[kind]))
    return CellBlock(kind, np.array(draw(st.lists(rows, max_size=6)), int).reshape(-1, sum(KINDS[kind])))


def sides(block):
    """First, middle and last node of every side, cell by cell."""
    corners, others = KINDS[block.kind]
    for row in block.nodes.tolist():
        middles = row[corners : 2 * corners] if others else [-1] * corners
        found = zip(row[:corners], middles, row[1:corners] + row[:1], strict=True)
        yield from (side for side in found if side[0] != side[2])


@settings(max_examples=50)
@given(st.lists(blocks(), max_size=3))
def test_an_edge_bounds_if_it_is_one_cells(given):
    every = [side for block in given for side in sides(block)]
    assert [tuple(edge) for block in given for edge in edges(block).tolist()] == every
    counts = Counter(frozenset(side[::2]) for side in every)
    if max(counts.values(), default=0) > 2:
        with pytest.raises(GeometryError, match="edges of one or two cells, got .* cells at edge") as caught:
            boundary_edges(given)
        count, *ends = map(int, re.findall(r"\d+", caught.value.got))
        assert counts[frozenset(ends)] == count > 2
    else:
        assert list(map(tuple, boundary_edges(given).tolist())) == [s for s in every if counts[frozenset(s[::2])] == 1]


def ring(kind, around=10_000, rows=4):
    """Cells around a round hole, with a boundary of two times `around` sides."""
    angle, radius = 2 * np.pi * np.arange(around) / around, np.linspace(0.2, 0.5, rows)[:, None, None]
    number = np.arange(rows * around).reshape(rows, around)
    after = np.roll(number, -1, axis=1)
    corners = [number[:-1], after[:-1], after[1:], number[1:]]
    quads = np.stack(corners, axis=2).reshape(-1, 4)
    cells = quads if kind == "quad" else np.concatenate([quads[:, :3], quads[:, [0, 2, 3]]])
    return Mesh((radius * np.stack([np.cos(angle), np.sin(angle)], axis=1)).reshape(-1, 2), (CellBlock(kind, cells),))


def peak(work):
    """Most bytes that something takes."""
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["quad", "triangle"])
def test_finding_edges_takes_a_few_times_the_memory_of_the_cells(kind):
    """Even where most cells are at the boundary."""
    (block,) = ring(kind).cells
    assert peak(lambda: boundary_edges([block])) < 4 * block.nodes.nbytes  # measured 3.4


def test_a_file_is_let_go_when_its_reader_has_it():
    """The mesh, meshio's copy of it and the text in its tree of XML take room at once, but not the file too."""
    data, read = write_bytes(ring("quad"), "vtu"), inspect.unwrap(read_bytes)  # what checks types keeps what it checks
    read(data, "vtu")  # imports
    taken = peak(lambda: read(bytes(memoryview(data)), "vtu")), peak(lambda: read(data, "vtu"))
    assert abs(taken[0] - taken[1]) < 0.1 * len(data)
