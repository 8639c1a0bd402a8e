"""Bounds on what has not begun: a lobby, a pace, and the pauses of those that were refused."""

import asyncio
import time
import unittest.mock
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf_server.gate.pushback import Pushback
from enf2enf_server.ops.errors import CrowdError, IdleError, StoppingError
from enf2enf_server.ops.lobby import Lobby
from enf2enf_server.ops.pace import Pace


async def stay(lobby, peer, leave):
    async with lobby.stay(peer):
        await leave.wait()


async def settle():
    for _ in range(5):
        await asyncio.sleep(0)


@given(peers=st.lists(st.sampled_from("abc"), max_size=20), most=st.integers(1, 6))
def test_a_full_lobby_sends_away_the_longest_guest_of_the_busiest_connection(peers, most):
    async def guests():
        lobby, leave, here = Lobby(most, None, "nothing"), asyncio.Event(), []
        for peer in peers:
            counts, full = Counter(p for p, _ in here), len(here) == most
            here.append((peer, asyncio.create_task(stay(lobby, peer, leave))))
            await settle()
            gone = [(p, guest) for p, guest in here if guest.done()]
            assert len(gone) == full
            for busiest, guest in gone:
                assert counts[busiest] == max(counts.values())
                assert guest is next(other for p, other in here if p == busiest)
                assert isinstance(guest.exception(), CrowdError)
                here.remove((busiest, guest))
            assert len(lobby) == len(here)
        leave.set()
        await asyncio.gather(*(guest for _, guest in here))
        assert len(lobby) == 0

    asyncio.run(guests())


def test_a_stay_ends_in_time_with_the_caller_or_with_the_lobby():
    async def guests():
        lobby, leave = Lobby(4, 0.05, "a word"), asyncio.Event()
        with pytest.raises(IdleError, match="call: expected a word within 0.05 s, got none"):
            await stay(lobby, "a", leave)
        guest = asyncio.create_task(stay(lobby, "a", leave))
        await settle()
        guest.cancel()  # the client leaves
        with pytest.raises(asyncio.CancelledError):
            await guest
        guest = asyncio.create_task(stay(lobby, "a", leave))
        await settle()
        lobby.close()
        with pytest.raises(StoppingError):
            await guest
        with pytest.raises(StoppingError):
            await stay(lobby, "a", leave)
        assert len(lobby) == 0

    asyncio.run(guests())


def test_a_guest_whose_time_ends_just_then_is_sent_away_once():
    async def guests():
        lobby, leave = Lobby(1, 0.05, "a word"), asyncio.Event()
        first = asyncio.create_task(stay(lobby, "a", leave))
        await settle()
        time.sleep(0.06)  # its end is due, and comes in the same turn of the loop as the next one
        second = asyncio.create_task(stay(lobby, "b", leave))
        await settle()
        leave.set()
        assert isinstance((await asyncio.gather(first, return_exceptions=True))[0], (CrowdError, IdleError))
        await second
        assert len(lobby) == 0

    asyncio.run(guests())


@pytest.mark.parametrize("own", [KeyError, TimeoutError])
def test_what_is_raised_within_a_stay_is_not_the_lobbys(own):
    async def guest():
        lobby = Lobby(1, 1.0, "a word")
        with pytest.raises(own):
            async with lobby.stay("a"):
                raise own
        assert len(lobby) == 0

    asyncio.run(guest())


@given(moves=st.lists(st.tuples(st.floats(0, 3), st.integers(0, 3000)), max_size=12))
def test_a_pace_gives_time_for_bytes_and_not_for_being_there(moves):
    """A bucket of ten seconds, which bytes fill at a thousand a second."""

    async def client():
        now = 0.0
        pace, left = Pace(10.0, 1000.0, lambda: now), 10.0

        async def sent(wait):
            nonlocal now
            now += wait

        for wait, size in moves:
            await pace.keep(sent(wait))
            pace.moved(size)
            left = min(10.0, left - wait + size / 1000)
            assert pace.left == pytest.approx(left, abs=1e-9)

    asyncio.run(client())


def test_many_small_waits_add_up():
    async def client():
        pace, waits = Pace(0.05, rate=1e9), 0
        with pytest.raises(IdleError, match="call: expected 1e"):
            while waits < 100:
                await pace.keep(asyncio.sleep(0.005))
                pace.moved(1)
                waits += 1
        assert 1 <= waits <= 10

    asyncio.run(client())


@given(pauses=st.lists(st.floats(0, 3), min_size=1, max_size=30))
def test_the_more_are_refused_the_longer_they_are_told_to_stay_away(pauses):
    now = 0.0
    pushback = Pushback(lambda: now)
    assert pushback.seconds() < 0.2
    crowd = [pushback.seconds() for _ in range(1000)]
    assert crowd == sorted(crowd) and crowd[-1] == 5.0
    for pause in pauses:
        now += pause
        assert 0.1 <= pushback.seconds() <= 5.0
    now += 10
    assert pushback.seconds() < 0.2


@given(gaps=st.lists(st.floats(0, 3), min_size=1, max_size=30), free=st.integers(1, 4), most=st.floats(0.1, 5))
def test_a_connection_is_refused_once_in_a_while(gaps, free, most):
    """The times of refusals keep the bound, but for those that would have to wait for longer than `most`."""

    async def caller():
        now, given = 0.0, []
        pushback = Pushback(lambda: now)

        async def sleep(seconds):
            given.append(seconds)

        with unittest.mock.patch("asyncio.sleep", sleep):
            ends = []
            for gap in gaps:
                now += gap
                given[:] = []
                await pushback.hold("peer", 1.0, free, most)
                late = sum(given)
                assert 0 <= late <= most + 1e-9
                ends.append(now + late)
                within = [end for end in ends if end > now + late - 1.0 + 1e-9]
                assert late > most - 1e-9 or len(within) <= free + 1

    asyncio.run(caller())


@pytest.mark.slow
def test_who_comes_back_early_waits_and_others_do_not():
    async def callers():
        pushback = Pushback()

        async def held(peer):
            start = time.monotonic()
            await pushback.hold(peer, 1.0, free=1, most=5.0)
            return time.monotonic() - start

        assert await held("early") < 0.8
        assert await held("early") >= 0.9  # was told to stay away for a second
        assert await held("other") < 0.8
        await asyncio.sleep(1.05)
        assert await held("other") < 0.8  # stayed away

    asyncio.run(callers())
