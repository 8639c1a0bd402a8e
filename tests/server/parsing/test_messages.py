"""Messages between the server and the processes that read meshes: whole, or refused."""

import numpy as np
import pytest

from enf2enf.geometry import Geometry
from enf2enf.mesh import CellBlock, Mesh
from enf2enf_server.parsing import messages
from enf2enf_server.parsing.parsed_mesh import byte_limit, pack_mesh, unpack_mesh


def sent(message, limit=1 << 20, step=7):
    data = b"".join(message)
    answer = messages.IncomingMessage(limit)
    while data:
        assert not answer.done
        count = min(step, len(answer.room))
        answer.room[: len(data[:count])] = data[:count]
        answer.filled(len(data[:count]))
        data = data[count:]
    return answer


def test_messages_survive_the_pipe():
    arrays = [np.arange(6.0).reshape(3, 2), np.zeros((0, 2)), np.arange(3), np.arange(5, dtype=np.uint8)]
    answer = sent(messages.pack({"a": [1, "\udcff"]}, arrays))
    assert answer.done and answer.about == {"a": [1, "\udcff"]}
    for ours, theirs in zip(arrays, answer.arrays, strict=True):
        np.testing.assert_array_equal(ours, theirs, strict=True)
    assert sent(messages.pack({})).done


def raw(header: bytes) -> list[bytes]:
    return [b"enf1" + len(header).to_bytes(4, "little") + header]


@pytest.mark.parametrize(
    "message",
    [
        [b"garbage, of whatever length"],
        [b"enf1\xff\xff\xff\xff"],
        [b"enf1\0\0\0\0"],
        raw(b"no JSON"),
        raw(b"[]"),
        raw(b"[" * 100_000),
        raw(b'{"about": {}, "arrays": [["<f8", [200000]]]}'),
        raw(b'{"about": {}, "arrays": [["<f8", [-1, -3]]]}'),
        raw(b'{"about": {}, "arrays": [["<f8", [true]]]}'),
        raw(b'{"about": {}, "arrays": [["O", [1]]]}'),
        raw(b'{"about": {}, "arrays": [["<f8", [1e3]]]}'),
        raw(b'{"about": 3, "arrays": []}'),
        raw(b'{"about": {}, "arrays": [["<f8", 3]]}'),
    ],
    ids=range(13),
)
def test_messages_that_are_none(message):
    with pytest.raises(messages.MessageError):
        sent(message)


SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
MESH = Mesh(SQUARE, (CellBlock("line", np.array([[0, 1], [1, 2], [2, 3], [3, 0]])),), warnings=("nodes: expected",))


DESCRIBED = ({"bodies": 1.0, "gap": float("nan")},)


def packed():
    geometry = Geometry.from_mesh(MESH)
    return pack_mesh(MESH, geometry, geometry.plan(32), DESCRIBED, 0, 0.1)


def test_a_result_is_within_its_limit():
    parsed = unpack_mesh(sent(messages.pack(*packed()), byte_limit(4)))
    assert parsed.cells == 4 and parsed.geometry.outer is None and parsed.nodes.tobytes() == SQUARE.tobytes()
    assert parsed.warnings == MESH.warnings
    (described,) = parsed.described
    assert described["bodies"] == 1 and np.isnan(described["gap"])
    expected = Geometry.from_mesh(MESH).panels(32)
    assert parsed.geometry.panels(32).tobytes() == expected.tobytes()


@pytest.mark.parametrize(
    "change",
    [
        lambda about, arrays: about.update(cells=-1),
        lambda about, arrays: about.update(outside="0"),
        lambda about, arrays: arrays[3].__setitem__((0, 2), 1),  # the role of its only boundary, which leaves no wall
        lambda about, arrays: about.pop("patches"),
        lambda about, arrays: about.update(seconds=[]),
        lambda about, arrays: about.pop("warnings"),
        lambda about, arrays: arrays.pop(),
        lambda about, arrays: arrays.__setitem__(0, np.zeros(8)),
        lambda about, arrays: arrays.__setitem__(1, np.zeros((4, 2))),
        lambda about, arrays: arrays.__setitem__(1, np.zeros((3, 2))),
        lambda about, arrays: arrays.__setitem__(1, np.zeros((4, 2), dtype=np.int64)),
        lambda about, arrays: arrays.__setitem__(2, np.array([5, -1])),
        lambda about, arrays: arrays[3].__setitem__((0, 3), 9),  # a patch that there is not
        lambda about, arrays: arrays.__setitem__(3, np.zeros((1, 3), np.int64)),
        lambda about, arrays: arrays.__setitem__(5, np.array([3])),  # points of curves
        lambda about, arrays: arrays[4].__setitem__((0, 0), np.nan),
        lambda about, arrays: about.update(panels=2),
        lambda about, arrays: about.update(described=[1.0]),
        lambda about, arrays: about.update(described={"gap": "wide"}),
        lambda about, arrays: about.update(described=[{"gap": "wide"}]),
        lambda about, arrays: about.update(described=[]),
    ],
    ids=range(21),
)
def test_results_that_contradict_themselves(change):
    about, arrays = packed()
    unpack_mesh(sent(messages.pack(about, arrays)))
    change(about, arrays)
    with pytest.raises(messages.MessageError):
        unpack_mesh(sent(messages.pack(about, arrays)))
