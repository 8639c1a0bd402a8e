"""Work that may hang: those who wait for it are told, in time, and of nothing older than their question."""

import contextlib
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from enf2enf_server.compute.errands import Errands


def test_an_errand_that_fails_hands_its_error_to_all_who_share_it():
    errands, begun, go_on = Errands(), threading.Event(), threading.Event()

    def work():
        begun.set()
        go_on.wait(60)
        raise ZeroDivisionError

    def ask():
        with pytest.raises(ZeroDivisionError) as error:
            errands.run("one", work, 60, shared=True)
        return error.value

    with ThreadPoolExecutor(3) as pool:
        asking = [pool.submit(ask) for _ in range(3)]
        assert begun.wait(60)
        with pytest.raises(TimeoutError):
            errands.run("another", lambda: go_on.wait(60), 0.05)
        go_on.set()
        assert len({id(future.result(60)) for future in asking}) == 1


@settings(max_examples=20)
@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_what_is_not_shared_is_done_anew_for_everybody_who_asks(fails):
    """So nobody is told of a time before the question."""
    errands, done = Errands(), []

    def work(number):
        done.append(number)
        if fails[number]:
            raise KeyError(number)
        return number

    def ask(number):
        with pytest.raises(KeyError, match=str(number)) if fails[number] else contextlib.nullcontext():
            assert errands.run("list", lambda: work(number), 60) == number

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(ask, range(len(fails))))
    assert sorted(done) == list(range(len(fails)))
