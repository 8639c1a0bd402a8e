"""A client that is closed says so: to calls that run, that wait, and that come later."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import grpc
import pytest
from conftest import CONDITIONS
from fakes import ENCODED, chunk, faked

from enf2enf import AsyncClient, Client
from enf2enf.client import Retry
from enf2enf.errors import ConfigError, ServiceError
from enf2enf_protos import surrogate_pb2 as pb

CLOSED = "^client: expected an open connection, got a closed one$"
CALLS = {
    "single": lambda c: c.describe(),
    "an upload": lambda c: c.encode(b"x", name="vtu"),
    "a stream": lambda c: c.predict(b"x", {}, [[0.0, 0.0]] * 8, name="vtu"),
}


@pytest.fixture
def hanging():
    """A server whose calls begin, and never end."""
    begun, go_on = threading.Semaphore(0), threading.Event()

    def hang(context):
        begun.release()
        go_on.wait(60)

    def stream(context):
        yield pb.PredictResponse(encoded=ENCODED)
        yield pb.PredictResponse(chunk=chunk(4))
        hang(context)

    with faked() as (fake, address):
        fake.described = fake.encoded = hang
        fake.streamed = stream
        yield begun, address
        go_on.set()


@pytest.mark.parametrize("retry", [Retry(), Retry(attempts=1)], ids=["patient", "once"])
@pytest.mark.parametrize("call", CALLS)
def test_calls_of_threads_that_run(hanging, call, retry):
    begun, address = hanging
    client = Client(address, timeout=60, retry=retry)
    with ThreadPoolExecutor(2) as pool:
        running = [pool.submit(CALLS[call], client) for _ in range(2)]
        for _ in running:
            begun.acquire()
        client.close()
        for future in running:
            with pytest.raises(ServiceError, match=CLOSED):
                future.result(10)
    for later in (*CALLS.values(), lambda c: c.ready()):
        with pytest.raises(ServiceError, match=CLOSED):
            later(client)
    client.close()


@pytest.mark.parametrize("retry", [Retry(), Retry(attempts=1)], ids=["patient", "once"])
@pytest.mark.parametrize("call", CALLS)
def test_calls_of_a_loop_that_run_or_wait(hanging, call, retry):
    begun, address = hanging

    async def ask():
        client = AsyncClient(address, timeout=60, retry=retry, in_flight=2)
        running = [asyncio.ensure_future(CALLS[call](client)) for _ in range(4)]
        for _ in range(2):
            await asyncio.to_thread(begun.acquire)
        await client.close()
        ends = await asyncio.wait_for(asyncio.gather(*running, return_exceptions=True), 10)
        for later in (*CALLS.values(), lambda c: c.ready()):
            with pytest.raises(ServiceError, match=CLOSED):
                await later(client)
        await client.close()
        return ends

    for end in asyncio.run(ask()):
        with pytest.raises(ServiceError, match=CLOSED):
            raise end


def test_a_pause_ends_so_too():
    client = Client("127.0.0.1:1", timeout=60, retry=Retry(first_seconds=0.2))
    threading.Timer(0.3, client.close).start()
    with pytest.raises(ServiceError, match=CLOSED):
        client.describe()


@pytest.mark.parametrize("call", CALLS)
def test_a_task_that_is_cancelled_is_cancelled(hanging, call):
    begun, address = hanging

    async def ask():
        async with AsyncClient(address, timeout=60) as client:
            task = asyncio.ensure_future(CALLS[call](client))
            await asyncio.to_thread(begun.acquire)
            task.cancel()
            await client.close()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(ask())


class Own(grpc.RpcError):
    """Of the caller's own, in a callback that asks another server."""

    def code(self):
        return grpc.StatusCode.UNAVAILABLE


@pytest.mark.parametrize("error", [Own(), KeyError("mine"), asyncio.CancelledError()], ids=["grpc", "any", "cancel"])
def test_what_a_callback_raises_passes_through(hanging, error):
    _, address = hanging

    def told(done, total):
        raise error

    async def ask():
        async with AsyncClient(address, timeout=20) as client:
            await client.predict(b"x", {}, [[0.0, 0.0]] * 8, name="vtu", progress=told)

    with Client(address, timeout=20) as client, pytest.raises(type(error)) as one:
        client.predict(b"x", {}, [[0.0, 0.0]] * 8, name="vtu", progress=told)
    with pytest.raises(type(error)) as other:
        asyncio.run(ask())
    assert one.value is error
    assert other.value is error or isinstance(error, asyncio.CancelledError)  # of which asyncio makes another


async def awaited(done, total):
    """No callback: nobody would await it."""


class Awaited:
    async def __call__(self, done, total):
        """Neither is this."""


@pytest.mark.parametrize("progress", [awaited, Awaited(), 3], ids=["a function", "an object", "a number"])
def test_a_callback_is_a_plain_function(surrogate, client, mesh, progress):
    for model in (surrogate, client):
        with pytest.raises(ConfigError, match="^progress: expected a function that need not be awaited, got "):
            model.predict(mesh, CONDITIONS, progress=progress)
        with pytest.raises(ConfigError, match="^progress"):
            model.predict_many(model.encode(mesh), [CONDITIONS], progress=progress)
