"""The client for event loops answers as the one for threads does, many questions at once."""

import asyncio
import contextlib
import dataclasses
import inspect
import time

import numpy as np
import pytest
from conftest import CONDITIONS, served
from hypothesis import given, settings
from hypothesis import strategies as st
from peer import Fault, line_to

from enf2enf import errors
from enf2enf.client import AsyncClient, Client, Retry
from enf2enf.grid import Grid
from enf2enf_server.ops.config import ServerConfig

LONG = Grid((0, 0), (1, 1), (4000, 5000))  # minutes of work


def plain(answer):
    """All that two answers to one question have in common."""
    if dataclasses.is_dataclass(answer):
        left_out = {"parse_seconds", "encode_seconds", "decode_seconds", "request_id"}
        fields = (field.name for field in dataclasses.fields(answer) if field.name not in left_out)
        return {name: plain(getattr(answer, name)) for name in fields}
    if isinstance(answer, dict):
        return {name: plain(value) for name, value in answer.items()}
    return answer.tobytes() if isinstance(answer, np.ndarray) else answer


def asked(target, call, **options):
    """The answer of a call of `AsyncClient`."""

    async def ask():
        async with AsyncClient(target, timeout=60, **options) as client:
            return await call(client)

    return asyncio.run(ask())


grids = st.builds(
    lambda low, size, n: Grid(low, np.add(low, size), n),
    st.tuples(st.floats(0, 0.5), st.floats(0, 0.5)),
    st.tuples(st.floats(0.1, 0.5), st.floats(0.1, 0.5)),
    st.tuples(st.integers(1, 90), st.integers(1, 90)),
)
targets = st.one_of(st.just("nodes"), grids, st.integers(0, 9000))


@pytest.mark.slow
@settings(max_examples=15, deadline=None)
@given(at=targets, heat=st.floats(250, 350))
def test_both_clients_give_the_same_answers(client, target, mesh, at, heat):
    conditions = CONDITIONS | {"heat": heat}
    if isinstance(at, int):
        at = np.random.default_rng(at).uniform(0, 1, (at, 2))

    async def ask(other):
        shape = await other.encode(mesh)
        both = (other.decode(shape, conditions, at), other.predict(mesh, conditions, at))
        return [shape, *await asyncio.gather(*both), await other.describe(), await other.ready()]

    shape = client.encode(mesh)
    expected = [shape, client.decode(shape, conditions, at), client.predict(mesh, conditions, at)]
    expected += [client.describe(), client.ready()]
    assert [plain(answer) for answer in asked(target, ask)] == [plain(answer) for answer in expected]


def test_both_clients_take_the_same_arguments():
    def public(kind):
        methods = inspect.getmembers(kind, inspect.isroutine)
        return {name: list(inspect.signature(m).parameters.values()) for name, m in methods if name[0] != "_"}

    assert public(Client) == public(AsyncClient)
    extra = set(inspect.signature(AsyncClient).parameters) - set(inspect.signature(Client).parameters)
    assert extra == {"in_flight"}


@pytest.mark.slow
@pytest.mark.parametrize("in_flight", [3, 32])
def test_many_questions_at_once_are_all_answered(surrogate, mesh, in_flight):
    """By a server that works on four at a time: kept away from it, or come back when told to."""
    heats = np.linspace(280, 320, 100)
    at = np.random.default_rng(0).uniform(0, 1, (50, 2))

    async def ask(client):
        shape = await client.encode(mesh)
        return await asyncio.gather(*(client.decode(shape, CONDITIONS | {"heat": heat}, at) for heat in heats))

    with served(surrogate, ServerConfig(concurrent_requests=4, parsers=1)) as address:
        patient = Retry(attempts=50, first_seconds=0.01, longest_seconds=0.2)
        retry = Retry(attempts=1) if in_flight == 3 else patient
        answers = asked(address, ask, in_flight=in_flight, retry=retry)
    encoding = surrogate.encode(mesh)
    for heat, answer in zip(heats, answers, strict=True):
        local = surrogate.decode(encoding, CONDITIONS | {"heat": heat}, at)
        assert answer["stress"].tobytes() == local["stress"].tobytes()


def test_failures_are_the_same(target, mesh):
    with line_to(target) as (line, port):
        line.faults += [Fault(after=1), Fault()]
        retry = Retry(attempts=3, first_seconds=0.01)
        answer = asked(f"127.0.0.1:{port}", lambda c: c.predict(mesh, CONDITIONS), retry=retry)
        assert answer["stress"].shape == (224,) and len(line.seen) == 3
        line.faults += [Fault()] * 3
        with pytest.raises(errors.ServiceError, match="got UNAVAILABLE: the line broke") as caught:
            asked(f"127.0.0.1:{port}", lambda c: c.describe(), retry=retry)
        assert line.seen[-1].metadata["x-request-id"] in str(caught.value)
    with pytest.raises(errors.ConditionError, match="load"):
        asked(target, lambda c: c.predict(mesh, {}))


def free_again(client):
    """Whether a server that works on one request at a time is soon free."""
    limit = time.monotonic() + 5
    while time.monotonic() < limit:
        with contextlib.suppress(errors.QueryError):
            return client.describe().name == "tiny"
    return False


@pytest.mark.slow
def test_a_task_that_is_cancelled_and_a_progress_that_raises_free_the_server(surrogate, mesh):
    def stop(done, total):
        raise KeyError(total)

    async def cancel(client, other):
        began = asyncio.Event()
        task = asyncio.create_task(client.predict(mesh, CONDITIONS, LONG, progress=lambda *_: began.set()))
        await began.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert await asyncio.to_thread(free_again, other)
        with pytest.raises(KeyError) as kept:
            await client.predict(mesh, CONDITIONS, LONG, progress=stop)
        assert await asyncio.to_thread(free_again, other) and kept

    limits, never = ServerConfig(concurrent_requests=1, parsers=1), Retry(attempts=1)
    with served(surrogate, limits) as address, Client(address, timeout=60, retry=never) as client:
        asked(address, lambda other: cancel(other, client))
        with pytest.raises(KeyError) as kept:  # an error that is kept keeps the call, which must end all the same
            client.predict(mesh, CONDITIONS, LONG, progress=stop)
        assert free_again(client) and kept


def test_progress_is_told(client, target, mesh):
    shape, told = client.encode(mesh), []
    for at in ("nodes", Grid((0, 0), (1, 1), (100, 90))):
        client.decode(shape, CONDITIONS, at, progress=lambda *now: told.append(now))
        asked(target, lambda c, at=at: c.predict(mesh, CONDITIONS, at, progress=lambda *now: told.append(now)))
    large = [(4096, 9000), (8192, 9000), (9000, 9000)]
    assert told == [(224, 224), (224, 224), *large, *large]
