"""Options of clients are looked at when these are made."""

import asyncio
import math
import pickle

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from enf2enf import AsyncClient, Client
from enf2enf.errors import ConfigError, ServiceError

ADDRESS = "127.0.0.1:1"
OTHERS = st.none() | st.booleans() | st.text() | st.lists(st.integers())
NUMBERS = st.floats() | st.integers()


def make(target=ADDRESS, threads=True, **options):
    """A client, which is closed."""

    async def made():
        async with AsyncClient(target, **options) as client:
            return client

    if not threads:
        return asyncio.run(made())
    with Client(target, **options) as client:
        return client


@given(NUMBERS | OTHERS, st.booleans())
@example(1e-9, True)
@example(1e9, False)
@example(math.nan, True)
@example(10**400, True)
def test_a_timeout_is_a_number_of_seconds(timeout, threads):
    number = isinstance(timeout, int | float) and not isinstance(timeout, bool)
    if timeout is None or (number and 0 < timeout <= 1e9):
        assert make(threads=threads, timeout=timeout).timeout == timeout
    else:
        with pytest.raises(ConfigError, match="^timeout: expected more than 0 and at most 1e[+]09 seconds, or N"):
            make(threads=threads, timeout=timeout)


@given(NUMBERS | OTHERS)
@example(1)
@example(np.int64(3))
def test_calls_in_flight_are_counted(in_flight):
    if isinstance(in_flight, int) and not isinstance(in_flight, bool) and 0 < in_flight < 2**63:
        make(threads=False, in_flight=in_flight)
    else:
        with pytest.raises(ConfigError, match="^in_flight: expected a whole number of 1 or more, got "):
            make(threads=False, in_flight=in_flight)


@pytest.mark.parametrize("threads", [True, False])
@pytest.mark.parametrize("target", ["127.0.0.1:0", "127.0.0.1:65536", "localhost:116407", "[::1]:99999999999999999999"])
def test_a_port_is_one(target, threads):
    with pytest.raises(ConfigError, match="^target: expected host:port, a port from 1 to 65535, got "):
        make(target, threads)
    for sound in ("127.0.0.1:65535", "unix:/tmp/a:99999", "localhost"):
        make(sound, threads)


@pytest.mark.parametrize("threads", [True, False])
@pytest.mark.parametrize("target", ["", " ", "\n", "a\0b", None, 50051, b"127.0.0.1:1", ["127.0.0.1:1"]])
def test_a_target_is_text(target, threads):
    with pytest.raises(ConfigError, match="^target: expected host:port, got "):
        make(target, threads)


@pytest.mark.parametrize("threads", [True, False])
def test_a_client_stays_in_its_process(threads):
    with pytest.raises(ServiceError, match="^client: expected one that every process makes of its own, got one to be"):
        pickle.dumps(make(threads=threads))
