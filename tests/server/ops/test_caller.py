"""Callers: no limit is ever exceeded, and none is wasted."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction

import pytest
from grpc import StatusCode
from hypothesis import given
from hypothesis import strategies as st

from enf2enf_server.gate.status import to_status
from enf2enf_server.ops.caller import ANONYMOUS, Caller, Usage
from enf2enf_server.ops.errors import LimitError, RightsError


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_rights():
    ANONYMOUS.require_admin()
    with pytest.raises(RightsError, match="token 'ci': expected one with admin = true, got one without") as caught:
        Caller("ci").require_admin()
    assert to_status(caught.value, "id").code == StatusCode.PERMISSION_DENIED


# Eighths and sixty-fourths: exact in floating point, so that the bound is met to the last call.
rates = st.integers(1, 60).map(lambda eighths: eighths / 8)
pauses = st.lists(st.integers(0, 200).map(lambda part: part / 64), min_size=1, max_size=60)


@given(rates, pauses)
def test_no_window_holds_more_than_the_rate_and_none_could_hold_more(rate, pauses):
    """A call is refused exactly where it would be one more than burst + rate * t of a window that ends with it."""
    clock = Clock()
    caller = Caller("ci", per_second=rate, usage=Usage(clock))
    burst, admitted = max(1, Fraction(rate)), []
    for pause in pauses:
        clock.now += pause
        now = Fraction(clock.now)
        full = any(
            len(admitted) - index + 1 > burst + Fraction(rate) * (now - first) for index, first in enumerate(admitted)
        )
        try:
            with caller.admitted():
                admitted.append(now)
            assert not full
        except LimitError:
            assert full


def test_sentences_of_the_limits(clock):
    quick = Caller("ci", per_second=20.0, usage=Usage(clock))
    for _ in range(20):
        with quick.admitted():
            pass
    with pytest.raises(LimitError) as caught, quick.admitted():
        pass
    assert str(caught.value) == "token 'ci': expected at most 20 requests a second, got one more; try again"
    assert to_status(caught.value, "id").code == StatusCode.RESOURCE_EXHAUSTED
    for most, words in ((4, "4 requests"), (1, "1 request")):
        busy = Caller("ci", concurrent=most)
        with contextlib.ExitStack() as running, pytest.raises(LimitError) as caught:
            for _ in range(most + 1):
                running.enter_context(busy.admitted())
        assert str(caught.value) == f"token 'ci': expected at most {words} at once, got one more; try again"


@pytest.mark.parametrize("most", [1, 3])
def test_places_are_never_exceeded_and_always_come_back(most):
    """Of 8 threads, half of whose calls fail."""
    caller, lock, running, counts = Caller("ci", concurrent=most), threading.Lock(), [], []

    def work(number):
        for attempt in range(300):
            with contextlib.suppress(LimitError, ZeroDivisionError), caller.admitted():
                with lock:
                    running.append(number)
                    counts.append(len(running))
                threading.Event().wait(1e-5)
                with lock:
                    running.remove(number)
                if attempt % 2:
                    raise ZeroDivisionError

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(work, range(8)))
    assert max(counts) == most
    with contextlib.ExitStack() as stack:
        for _ in range(most):
            stack.enter_context(caller.admitted())
        with pytest.raises(LimitError), caller.admitted():
            pass


def test_a_call_refused_for_its_place_costs_no_rate(clock):
    caller = Caller("ci", concurrent=1, per_second=2.0, usage=Usage(clock))
    with caller.admitted():
        for _ in range(5):
            with pytest.raises(LimitError, match="at once"), caller.admitted():
                pass
    with caller.admitted():
        pass
    with pytest.raises(LimitError, match="a second"), caller.admitted():
        pass


def test_everybody_may_do_anything_where_there_are_no_tokens():
    with contextlib.ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(ANONYMOUS.admitted())
