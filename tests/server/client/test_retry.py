"""The client over bad lines, to servers that restart and forget, within its deadline."""

import asyncio
import itertools
import re
import threading
import time

import grpc
import numpy as np
import pytest
from conftest import CONDITIONS, cell, served
from grpc import StatusCode
from hypothesis import given
from hypothesis import strategies as st
from peer import Fault, line_to

from enf2enf import errors
from enf2enf.client import AsyncClient, Client, Retry
from enf2enf.client.calls import Calls
from enf2enf.grid import Grid
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig

QUICK = Retry(attempts=4, first_seconds=0.01, longest_seconds=0.01)
LARGE = Grid((0, 0), (1, 1), (100, 100))
SMALL = np.full((3, 2), 0.1)
CALLS = {
    "Describe": lambda c, shape, mesh: c.describe().digest,
    "Encode": lambda c, shape, mesh: c.encode(mesh).handle,
    "Sample": lambda c, shape, mesh: c.decode(shape, CONDITIONS, SMALL)["stress"].tobytes(),
    "Decode": lambda c, shape, mesh: c.decode(shape, CONDITIONS, LARGE)["stress"].tobytes(),
    "Predict": lambda c, shape, mesh: c.predict(mesh, CONDITIONS, LARGE)["stress"].tobytes(),
    "Check": lambda c, shape, mesh: c.ready(),
}


@pytest.fixture(scope="module")
def lined(target):
    with line_to(target) as (line, port):
        yield line, f"127.0.0.1:{port}"


@pytest.fixture
def line(lined):
    line, _ = lined
    line.faults.clear()
    line.seen.clear()
    return line


@pytest.fixture
def over(lined):
    with Client(lined[1], timeout=30, retry=QUICK) as connected:
        yield connected


@pytest.fixture(scope="module")
def shape(client, mesh):
    return client.encode(mesh)


@pytest.mark.parametrize("method", CALLS)
@pytest.mark.parametrize("failures", [1, 3])
def test_a_call_is_made_again_until_it_is_answered(client, over, line, shape, mesh, method, failures):
    line.faults += [Fault()] * failures
    assert CALLS[method](over, shape, mesh) == CALLS[method](client, shape, mesh)
    assert [seen.method for seen in line.seen] == [method] * (failures + 1)
    assert len({seen.metadata["x-request-id"] for seen in line.seen}) == 1


def test_every_call_has_its_own_id_which_is_told(over, line, shape):
    answers = [over.decode(shape, CONDITIONS, at) for at in (SMALL, LARGE)]
    ids = [seen.metadata["x-request-id"] for seen in line.seen]
    assert [answer.request_id for answer in answers] == ids and len(set(ids)) == 2
    line.faults.append(Fault(StatusCode.UNKNOWN))
    with pytest.raises(errors.ServiceError, match="got UNKNOWN: the line broke") as caught:
        over.describe()
    assert line.seen[-1].metadata["x-request-id"] in str(caught.value)


def test_without_a_number_of_attempts_it_is_made_until_the_deadline(lined, line):
    line.faults += [Fault()] * 40
    steady = Retry(first_seconds=0.001, longest_seconds=0.001)
    with Client(lined[1], timeout=30, retry=steady) as client:
        assert client.describe().name == "tiny"
    assert len(line.seen) == 41


def test_enough_is_enough(over, line):
    line.faults += [Fault()] * 9
    with pytest.raises(errors.ServiceError, match="expected an answer, got UNAVAILABLE: the line broke"):
        over.describe()
    assert len(line.seen) == QUICK.attempts


@pytest.mark.parametrize(
    ("fault", "calls"),
    [
        (Fault(StatusCode.RESOURCE_EXHAUSTED, "server: expected less, got one more; try again", name="server"), 2),
        (Fault(StatusCode.RESOURCE_EXHAUSTED, "mesh: expected less, got more", name="mesh"), 1),
        (Fault(StatusCode.INTERNAL), 1),
        (Fault(StatusCode.UNAUTHENTICATED, "token: expected one", name="token", reason="AccessError"), 1),
    ],
)
def test_only_what_passes_is_tried_again(over, line, fault, calls):
    line.faults += [fault]
    if calls == 2:
        assert over.describe().name == "tiny"
    else:
        kind = errors.QueryError if fault.name == "mesh" else errors.ServiceError
        with pytest.raises(kind) as caught:
            over.describe()
        assert str(caught.value).startswith(f"{fault.name}: expected" if fault.name else over.target)
    assert len(line.seen) == calls


def test_a_stream_that_breaks_off_is_asked_again_from_its_start(client, over, line, shape):
    line.faults += [Fault(after=2)]
    told = []
    answer = over.decode(shape, CONDITIONS, LARGE, progress=lambda *told_now: told.append(told_now))
    assert answer["stress"].tobytes() == client.decode(shape, CONDITIONS, LARGE)["stress"].tobytes()
    whole = [(4096, 10_000), (8192, 10_000), (10_000, 10_000)]
    assert told[-3:] == whole and told[:-3] == whole[: len(told) - 3]
    assert answer.outside == np.isnan(answer["stress"]).sum()


@pytest.mark.parametrize(("at", "method"), [("nodes", "Sample"), (SMALL, "Sample"), (LARGE, "Decode")])
def test_a_lost_shape_is_sent_again(client, over, line, shape, at, method):
    line.faults += [Fault(StatusCode.NOT_FOUND, name="handle"), Fault()]
    answer = over.decode(shape, CONDITIONS, at)
    assert answer["stress"].tobytes() == client.decode(shape, CONDITIONS, at)["stress"].tobytes()
    assert answer.shape.handle == shape.handle
    assert [seen.method for seen in line.seen] == [method, "Predict", method]  # the second fault passes


def test_a_model_that_is_not_there_is_an_error(over, line, shape):
    for call in (lambda: over.decode(shape, CONDITIONS, SMALL), lambda: over.describe("other")):
        line.faults += [Fault(StatusCode.NOT_FOUND, name="model")]
        with pytest.raises(errors.QueryError, match="model: expected"):
            call()
    assert len(line.seen) == 2


@pytest.mark.parametrize(
    ("code", "answer"), [(StatusCode.NOT_FOUND, False), (StatusCode.UNAVAILABLE, False), (None, True)]
)
def test_a_named_model_is_ready_where_it_answers(over, line, code, answer):
    line.faults += [Fault(after=9)] + ([Fault(code, name="model")] if code else [])
    assert over.ready("tiny") is answer
    assert [seen.method for seen in line.seen] == ["Check", "Describe"]


@pytest.mark.slow
def test_the_deadline_is_that_of_all_attempts(lined, line):
    line.faults += [Fault()] * 1000
    steady = Retry(attempts=1000, first_seconds=0.1, longest_seconds=0.1)
    began = time.monotonic()
    with Client(lined[1], timeout=1.5, retry=steady) as client, pytest.raises(errors.ServiceError, match="UNAVAILABLE"):
        client.describe()
    assert time.monotonic() - began < 3.0  # measured 1.45; the attempts would take 50
    left = [seen.seconds for seen in line.seen]
    assert len(left) > 4 and left[-1] < left[0] - 0.1
    assert all(after < before + 0.05 for before, after in itertools.pairwise([1.5, *left]))  # gRPC rounds them


@pytest.mark.slow
def test_a_peer_that_stalls_after_a_failure_is_left_in_time(lined, line):
    line.faults += [Fault(seconds=0.3), Fault(seconds=20)]
    began = time.monotonic()
    sentence = "expected an answer within 2 s, got none"
    with Client(lined[1], timeout=2, retry=QUICK) as client, pytest.raises(errors.ServiceError, match=sentence):
        client.describe()
    assert 1.9 < time.monotonic() - began < 4  # measured 2.01


@pytest.mark.slow
def test_usual_deadlines_grow_with_the_call(lined, line, shape):
    sent = len(shape.upload.data)
    with Client(lined[1]) as client:
        client.describe(), client.decode(shape, CONDITIONS, "nodes")
        client.decode(shape, CONDITIONS, np.zeros((200_000, 2)))
        client.predict(shape.upload.data, CONDITIONS, LARGE, name="vtu")
    expected = [30, 30 + 224 / 2e4 + sent / 1e6, 30 + 10 + (sent + 3.2e6) / 1e6, 30 + 0.5 + sent / 1e6]
    assert np.allclose([seen.seconds for seen in line.seen], expected, rtol=0, atol=0.2)  # measured 0.02


@pytest.mark.slow
def test_a_restart_goes_unnoticed(surrogate, mesh):
    """Another process's memory: the shape is gone, too."""
    first, port = create_server(surrogate, ServerConfig(parsers=1))
    first.start().result()
    with Client(f"127.0.0.1:{port}", timeout=30) as client:
        shape = client.encode(mesh)
        before = client.decode(shape, CONDITIONS, LARGE)
        first.stop()
        started = []

        def restart():
            server, _ = create_server(surrogate, ServerConfig(parsers=1), address=f"127.0.0.1:{port}")
            server.start()
            started.append(server)

        later = threading.Timer(0.3, restart)
        later.start()
        try:
            after = client.decode(shape, CONDITIONS, LARGE)
        finally:
            later.join()
            started[0].stop()
    assert after["stress"].tobytes() == before["stress"].tobytes()


@pytest.mark.slow
def test_more_shapes_than_the_server_keeps(surrogate):
    with served(surrogate, ServerConfig(cached_shapes=1, parsers=1)) as address, Client(address) as client:
        shapes = [client.encode(cell(radius=radius)) for radius in (0.1, 0.2, 0.3)]
        first, again = ([client.decode(s, CONDITIONS, SMALL)["stress"].tobytes() for s in shapes] for _ in range(2))
    assert first == again and len(set(first)) == 3


@given(st.integers(1, 12), st.floats(0, 2), st.floats(0, 9), st.lists(st.floats(0, 1), min_size=11, max_size=11))
def test_pauses_are_drawn_below_a_doubling_bound(attempts, first, longest, draws):
    numbers = iter(draws)
    pauses = list(Retry(attempts, first, longest).pauses(lambda: next(numbers)))
    bounds = [min(longest, first * 2**n) for n in range(attempts - 1)]
    assert np.allclose(pauses, np.multiply(draws[: attempts - 1], bounds), rtol=1e-12)


def test_pauses_differ_between_clients():
    assert len({next(Retry().pauses()) for _ in range(20)}) == 20


@given(st.lists(st.floats(0.01, 1, exclude_max=True), min_size=1), st.floats(0, 25))
def test_an_outage_that_leaves_room_for_the_longest_pause_is_ridden_out(draws, outage):
    """Whatever is drawn: some repetition comes after it and before the usual deadline, 30 s."""
    numbers = itertools.cycle(draws)
    attempts = itertools.accumulate(Retry().pauses(lambda: next(numbers)))
    assert next(second for second in attempts if second >= outage) < 30


numbers = st.integers(0, 29_000) | st.integers(30_000, 2**70) | st.integers(-(2**70), -1)
garbage = st.text("0123456789-+.exabc ").filter(lambda text: not re.fullmatch(" *[+-]?[0-9]+ *", text))


@given(told=numbers.map(str) | garbage | st.none() | st.just("9" * 400))
def test_a_server_says_when_to_come_back(lined, told):
    """As gRFC A6 has it: not before; never for a number that is none or negative; and never beyond the deadline."""
    line, address = lined
    line.faults[:] = [Fault(pushback=told)]
    steps = Calls(address, 30.0, None, Retry()).describe("", 0)
    with grpc.insecure_channel(address) as channel, pytest.raises(grpc.RpcError) as failure:
        channel.unary_unary("/enf2enf.v1.Surrogate/Describe")(b"")
    next(steps)
    number = re.fullmatch("([0-9]+)", "0" if told is None else told)
    if number is None or int(number[1]) >= 30_000:
        with pytest.raises(errors.ServiceError, match="the line broke"):
            steps.send(failure.value)
    else:
        assert 0 <= steps.send(failure.value).seconds - int(number[1]) / 1000 < 0.1


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["threads", "asyncio"])
def test_both_clients_come_back_when_they_are_told_to(lined, line, kind):
    full = "server: expected at most 4 requests at once, got one more; try again"
    line.faults += [Fault(StatusCode.RESOURCE_EXHAUSTED, full, pushback="300")] * 2

    async def ask():
        async with AsyncClient(lined[1], timeout=30, retry=QUICK) as client:
            return await client.describe()

    with Client(lined[1], timeout=30, retry=QUICK) as client:
        assert (client.describe() if kind == "threads" else asyncio.run(ask())).name == "tiny"
    times = [seen.when for seen in line.seen]
    assert len(times) == 3 and all(after - before >= 0.3 for before, after in itertools.pairwise(times))


@pytest.mark.parametrize(
    ("options", "name"),
    [
        ({"attempts": 0}, "attempts"),
        ({"first_seconds": -1.0}, "first"),
        ({"longest_seconds": np.nan}, "longest"),
        ({"first_seconds": 0.0}, "first_seconds: expected more than 0"),
        ({"longest_seconds": 0.0}, "longest_seconds: expected more than 0"),
    ],
)
def test_patience_is_checked(options, name):
    with pytest.raises(errors.ConfigError, match=name):
        Retry(**options)
