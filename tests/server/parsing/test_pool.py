"""Meshes read in processes of their own: the same answers as in this one."""

import contextlib
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from conftest import cell
from pools import LIMITS, PANELS, ask, running, slow, until

import enf2enf_meshes
from enf2enf.errors import Enf2EnfError, MeshError
from enf2enf.geometry import Geometry
from enf2enf.io import read_bytes, write_bytes
from enf2enf.mesh import CellBlock, Mesh
from enf2enf_server.ops.errors import LimitError
from enf2enf_server.parsing.parsed_mesh import ShapeOptions

ASSETS, SHAPE = enf2enf_meshes.manifest(), ShapeOptions(PANELS)


@pytest.fixture(scope="module")
def pool():
    pool = running(2)
    yield pool
    pool.close()


def asset(name):
    path = enf2enf_meshes.path(name)
    return path.read_bytes(), path.name


@pytest.mark.parametrize("name", [name for name in ASSETS if name.startswith("unit_cell_")])
def test_the_same_to_the_bit(pool, name):
    data, file = asset(name)
    mesh = read_bytes(data, file).scaled("mm")
    walls = ["void"] if "void" in mesh.patches else []
    expected, parsed = Geometry.from_mesh(mesh, walls), pool.parse(data, file, "mm", walls, LIMITS, SHAPE)
    assert parsed.nodes.tobytes() == mesh.points.tobytes()
    assert [w.tobytes() for w in parsed.geometry.walls] == [w.tobytes() for w in expected.walls]
    assert parsed.geometry.outer.tobytes() == expected.outer.tobytes()
    assert parsed.cells == mesh.cell_count and parsed.patches == tuple(sorted(mesh.patches))
    assert parsed.outside == (~expected.contains(mesh.points)).sum()
    assert 0 < parsed.seconds < 5


def test_who_reads_meshes_lets_answers_go_first(pool):
    own = os.getpriority(os.PRIO_PROCESS, 0)
    assert {os.getpriority(os.PRIO_PROCESS, pid) for pid in pool.pids} == {min(own + 5, 19)}


@pytest.mark.skipif(sys.platform != "linux", reason="where a thread has a priority")
def test_who_reads_for_long_gets_out_of_the_way_until_it_has_read(pool, vtu):
    def nicest():
        found = []
        for task in [task for pid in pool.pids for task in Path(f"/proc/{pid}/task").iterdir()]:
            with contextlib.suppress(ProcessLookupError):  # a thread that has just ended
                found.append(os.getpriority(os.PRIO_PROCESS, int(task.name)))
        return max(found)

    usual = nicest()
    with ThreadPoolExecutor(1) as caller:
        reading = caller.submit(ask, pool, slow(), "long.stl")
        until(lambda: reading.done() or nicest() == 19)
        assert not reading.done() and usual < 19
        with pytest.raises(Enf2EnfError):
            reading.result()
    until(lambda: nicest() == usual)  # a thread that has ended may be there for a moment
    assert len(ask(pool, vtu).nodes) == 224


def test_walls_in_both_directions_and_no_outer_boundary(pool):
    """A wall that encloses the domain runs clockwise, and must come back so; a lone curve has no outer boundary."""
    mesh = cell()
    edge = np.arange(len(mesh.points) - 32, len(mesh.points))
    patches = {"rim": np.stack([edge, np.roll(edge, -1)], axis=1), "hole": np.stack([edge, np.roll(edge, -1)], 1) - 192}
    named = Mesh(mesh.points, mesh.cells, patches)
    ring = Mesh(mesh.points[:32], (CellBlock("line", np.stack([edge, np.roll(edge, -1)], axis=1) - 192),))
    for tried, walls in ((named, ("rim", "hole")), (ring, ())):
        data = write_bytes(tried, "vtu")
        expected = Geometry.from_mesh(read_bytes(data, "vtu"), walls)
        geometry = ask(pool, data, walls=walls).geometry
        assert [w.tobytes() for w in geometry.walls] == [w.tobytes() for w in expected.walls]
        assert (geometry.outer is None) == (expected.outer is None)


@pytest.mark.parametrize("far", [False, True])
def test_an_outer_boundary_is_what_the_model_takes_it_for(pool, vtu, far):
    parsed = ask(pool, vtu, far=far).geometry
    assert [boundary.role for boundary in parsed.boundaries] == ["wall", "far" if far else "other"]
    assert parsed.ends != far and len(parsed.outer) == 32


@pytest.mark.parametrize("name", [name for name in ASSETS if "error" in ASSETS[name]])
def test_the_same_refusals(pool, name):
    data, file = asset(name)

    def outcome(call):
        try:
            return len(call().walls)
        except Enf2EnfError as error:
            return type(error), error.name, error.expected, error.got

    inside = outcome(lambda: Geometry.from_mesh(read_bytes(data, file)))
    assert outcome(lambda: ask(pool, data, file).geometry) == inside


@pytest.mark.parametrize(
    "what, count, sentence",
    [
        ("nodes", 224, "nodes"),
        ("cells", 192, "cells"),
        ("curves", 2, "closed curves in its boundary"),
        ("sides", 64, "sides of its boundary"),
    ],
)
def test_limits(pool, vtu, what, count, sentence):
    with pytest.raises(LimitError, match=rf"^mesh: expected at most {count - 1} {sentence}, got {count}$"):
        ask(pool, vtu, **{what: count - 1})
    assert len(ask(pool, vtu, **{what: count}).nodes) == 224


def test_odd_names(pool, vtu):
    for name in ("ü\udcff\0.vtu", "vtu", "x" * 5000 + ".vtu"):
        assert len(ask(pool, vtu, name).nodes) == 224
    long = "x" * (1 << 20)
    for culprit, given in (
        ("file name", {"name": f"{long}.vtu"}),
        ("length unit", {"length_unit": long}),
        ("walls", {"walls": [long]}),
    ):
        with pytest.raises(MeshError, match=rf"^{culprit}: expected at most 1048576 bytes .*, got more$"):
            pool.parse(
                vtu, **{"name": "vtu", "length_unit": "m", "walls": (), "limits": LIMITS, "shape": SHAPE} | given
            )
    with pytest.raises(Enf2EnfError, match="patches among"):
        ask(pool, vtu, walls=["\udcff"])
    with pytest.raises(MeshError, match="length unit"):
        pool.parse(vtu, "vtu", "furlong", (), LIMITS, SHAPE)


def test_many_threads(pool, vtu):
    """More than there are workers, refusals among them: each gets its own answer, and no worker is lost."""
    bad, pids = asset("broken_nan_vtu")[0], pool.pids

    def one(number):
        if number % 3:
            return len(ask(pool, vtu).nodes)
        with pytest.raises(MeshError):
            ask(pool, bad)
        return 224

    with ThreadPoolExecutor(12) as threads:
        assert set(threads.map(one, range(60))) == {224}
    assert pool.pids == pids
