"""How the client learns what a server computes at once, from real servers that differ in it."""

import asyncio
import contextlib
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from conftest import CONDITIONS
from grpc import StatusCode
from peer import Fault, line_to

from enf2enf.client import AsyncClient, Client, Retry
from enf2enf.errors import QueryError
from enf2enf.surrogate import Surrogate
from enf2enf_server.compute.models import Model
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig

pytestmark = pytest.mark.slow


class Thousand(Surrogate):
    """Computes 1,000 points at once."""

    chunk_points = 1000


class Hundred(Surrogate):
    """Computes 100 points at once."""

    chunk_points = 100


class Large(Surrogate):
    """Computes 16,384 points at once."""

    chunk_points = 16_384


def as_(kind, surrogate):
    return kind(surrogate.model, surrogate.config, surrogate.normaliser, surrogate.provenance)


@contextlib.contextmanager
def observed(source, config=ServerConfig(parsers=1)):  # noqa: B008
    """A server, the calls that it gets, and its address."""
    server, port = create_server(source, config)
    server.start().result()
    try:
        with line_to(f"127.0.0.1:{port}") as (line, near):
            yield server, line, f"127.0.0.1:{near}"
    finally:
        server.stop()


def points(count):
    return np.random.default_rng(count).uniform(0, 1, (count, 2))


def methods(line):
    """What was called since it was asked last."""
    seen, line.seen[:] = [call.method for call in line.seen], []
    return seen


def check(client, surrogate, shape, mesh, count):
    """The answer is right."""
    answer = client.decode(shape, CONDITIONS, points(count))
    local = surrogate.decode(surrogate.encode(mesh), CONDITIONS, points(count))
    assert np.allclose(answer["stress"], local["stress"], rtol=0, atol=1e-3, equal_nan=True)
    return answer


@pytest.mark.parametrize(
    ("kind", "most"), [(Hundred, 100), (Thousand, 1000), (Surrogate, 4096), (Large, 16_384)], ids=str
)
def test_a_question_of_one_chunk_is_one_message(surrogate, mesh, kind, most):
    with observed(as_(kind, surrogate)) as (_, line, address), Client(address, timeout=60) as client:
        shape = client.encode(mesh)
        methods(line)
        client.describe()
        assert methods(line) == ["Describe"]  # which says all that the client must know
        for count, method in ((1, "Sample"), (most - 1, "Sample"), (most, "Sample"), (most + 1, "Decode")):
            check(client, surrogate, shape, mesh, count)
            assert methods(line) == [method], count


def test_it_is_learnt_once(surrogate, mesh):
    with observed(as_(Thousand, surrogate)) as (_, line, address), Client(address, timeout=60) as client:
        shape = client.encode(mesh)
        check(client, surrogate, shape, mesh, 256)
        check(client, surrogate, shape, mesh, 10_000)
        assert methods(line) == ["Encode", "Sample", "Decode"]  # neither depends on it
        for count, expected in ((1001, ["Describe", "Decode"]), (1000, ["Sample"]), (1001, ["Decode"])):
            check(client, surrogate, shape, mesh, count)
            assert methods(line) == expected


def test_a_server_of_small_chunks_refuses_once(surrogate, mesh):
    with observed(as_(Hundred, surrogate)) as (_, line, address), Client(address, timeout=60) as client:
        shape = client.encode(mesh)
        methods(line)
        for expected in (["Sample", "Describe", "Decode"], ["Decode"], ["Decode"]):
            check(client, surrogate, shape, mesh, 150)
            assert methods(line) == expected


def test_a_limit_of_points_is_no_size_of_chunks(surrogate, mesh):
    config = ServerConfig(points=120, parsers=1)
    with observed(surrogate, config) as (_, line, address), Client(address, timeout=60) as client:
        shape = client.encode(mesh)
        methods(line)
        for count in (150, 300, 5000):
            with pytest.raises(QueryError, match=f"^query: expected at most 120 points, got {count} points$"):
                client.decode(shape, CONDITIONS, points(count))
        assert methods(line).count("Describe") <= 2
        check(client, surrogate, shape, mesh, 120)


@pytest.mark.parametrize(("before", "after"), [(Surrogate, Thousand), (Thousand, Surrogate)])
def test_a_model_is_replaced_by_one_of_other_chunks(surrogate, mesh, before, after):
    """Under the same name and version. The client finds it out by what it sees: a lost handle, a refusal, an answer."""
    with observed(as_(before, surrogate)) as (server, line, address), Client(address, timeout=60) as client:
        shape = client.encode(mesh)
        check(client, surrogate, shape, mesh, 900)
        assert methods(line) == ["Encode", "Describe", "Sample"]
        server.engine.models.put(Model("tiny", 1, as_(after, surrogate)))
        fresh = check(client, surrogate, shape, mesh, 3000).shape
        assert methods(line) == ["Sample" if before is Surrogate else "Decode", "Predict"]  # the handle is lost
        check(client, surrogate, fresh, mesh, 3000)
        assert methods(line) == ["Describe", "Decode" if after is Thousand else "Sample"]


def test_a_replaced_model_is_noticed_by_a_refusal_or_an_answer(surrogate, mesh):
    with observed(as_(Surrogate, surrogate)) as (server, line, address), Client(address, timeout=60) as client:
        client.describe()
        server.engine.models.put(Model("tiny", 1, as_(Thousand, surrogate)))
        shape = client.encode(mesh)
        methods(line)
        for expected in (["Sample", "Describe", "Decode"], ["Decode"]):
            check(client, surrogate, shape, mesh, 3000)
            assert methods(line) == expected
        server.engine.models.put(Model("tiny", 1, as_(Surrogate, surrogate)))
        shape = client.encode(mesh)
        methods(line)
        for expected in (["Decode"], ["Describe", "Sample"]):
            check(client, surrogate, shape, mesh, 3000)
            assert methods(line) == expected


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault(), ["Describe", "Describe", "Sample"]),  # tried again
        (Fault(StatusCode.UNIMPLEMENTED), ["Describe", "Decode"]),  # right whatever the size
        (Fault(StatusCode.NOT_FOUND, name="model"), ["Describe", "Decode"]),
    ],
)
def test_a_failure_to_learn_is_no_failure_to_answer(surrogate, mesh, fault, expected):
    quick = Retry(first_seconds=0.01)
    with (
        observed(as_(Thousand, surrogate)) as (_, line, address),
        Client(address, timeout=60, retry=quick) as client,
    ):
        shape = client.encode(mesh)
        methods(line)
        line.faults.append(fault)
        check(client, surrogate, shape, mesh, 900)
        assert methods(line) == expected
        check(client, surrogate, shape, mesh, 900)
        assert methods(line) == (["Sample"] if expected[-1] == "Sample" else ["Describe", "Sample"])


def test_a_lost_handle_while_it_is_learnt(surrogate, mesh):
    with observed(as_(Thousand, surrogate)) as (_, line, address), Client(address, timeout=60) as client:
        shape = client.encode(mesh)
        methods(line)
        line.faults += [None, Fault(StatusCode.NOT_FOUND, name="handle")]
        check(client, surrogate, shape, mesh, 900)
        assert methods(line) == ["Describe", "Sample", "Predict"]


def test_many_at_once_ask_once(surrogate, mesh):
    """The others do not wait for the answer: a stream is right whatever it is."""

    async def ask(address, at):
        async with AsyncClient(address, timeout=60) as client:
            shape = await client.encode(mesh)
            return await asyncio.gather(*(client.decode(shape, CONDITIONS, at) for _ in range(20)))

    at = points(900)
    local = surrogate.decode(surrogate.encode(mesh), CONDITIONS, at)["stress"]
    with observed(as_(Thousand, surrogate)) as (_, line, address):
        answers = asyncio.run(ask(address, at))
        assert methods(line).count("Describe") == 1
        with Client(address, timeout=60) as client, ThreadPoolExecutor(8) as pool:
            shape = client.encode(mesh)
            answers += pool.map(lambda _: client.decode(shape, CONDITIONS, at), range(40))
            seen = methods(line)
            assert seen.count("Describe") == 1 and seen.count("Sample") + seen.count("Decode") == 40
            client.decode(shape, CONDITIONS, at)
            assert methods(line) == ["Sample"]
    for answer in answers:
        assert np.allclose(answer["stress"], local, rtol=0, atol=1e-3, equal_nan=True)
