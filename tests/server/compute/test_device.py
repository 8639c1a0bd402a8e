"""The device's thread: lanes in turn, small questions together, nobody's fault but their own."""

import threading
import time
from collections import Counter

import pytest

from enf2enf_server.compute.device import Device, Lane
from enf2enf_server.ops.errors import LimitError, StoppingError


class Lanes:
    """Records what the device did, in order; `hold` blocks it."""

    def __init__(self, waiting=100):
        self.done, self.hold = [], threading.Event()
        self.hold.set()
        lanes = {"small": Lane(4, self.work), "encode": Lane(2, self.work), "large": Lane(1, self.work)}
        self.device = Device("device", lanes, waiting)

    def work(self, items):
        self.hold.wait(10)
        if "bad" in items:
            raise ValueError("bad")
        self.done.append(list(items))
        return lambda: [item * 2 for item in items]

    def held(self):
        """Holds the device in a call, so that what follows waits."""
        self.hold.clear()
        first = self.device.submit("large", "first")
        while len(self.device):
            time.sleep(0.001)
        return first


@pytest.fixture
def lanes():
    made = Lanes()
    yield made
    made.hold.set()
    made.device.close()


def test_small_questions_are_done_together_and_lanes_take_turns(lanes):
    lanes.held()
    futures = [lanes.device.submit(lane, f"{lane}{i}") for lane in ("large", "encode", "small") for i in range(5)]
    lanes.hold.set()
    assert [future.result().value for future in futures] == [2 * f"{lane}{i}" for lane in ("large", "encode", "small")
                                                             for i in range(5)]  # fmt: skip
    kinds = ["".join({item.rstrip("01234") for item in batch}) for batch in lanes.done[1:]]
    assert kinds == ["small", "encode", "large", "small", "encode", "large", "encode", "large", "large", "large"]
    assert [len(batch) for batch in lanes.done[1:]] == [4, 2, 1, 1, 2, 1, 1, 1, 1, 1]
    assert futures[-1].result().shared == 1 and futures[10].result().shared == 4


def test_callers_take_turns_in_a_lane(lanes):
    """However many items one of them has waiting."""
    lanes.held()
    callers = "aaaaaabc"
    futures = [lanes.device.submit("large", f"{caller}{i}", caller) for i, caller in enumerate(callers)]
    lanes.hold.set()
    for future in futures:
        future.result()
    assert [item for (item,) in lanes.done[1:]] == ["a0", "b6", "c7", "a1", "a2", "a3", "a4", "a5"]


def test_a_failure_is_its_own_alone(lanes):
    lanes.held()
    futures = {item: lanes.device.submit("small", item) for item in ("a", "bad", "b")}
    lanes.hold.set()
    assert futures["a"].result().value == "aa" and futures["b"].result().value == "bb"
    with pytest.raises(ValueError, match="bad"):
        futures["bad"].result()


def test_too_many_are_refused():
    lanes = Lanes(waiting=2)
    lanes.held()
    lanes.device.submit("small", "a")
    lanes.device.submit("large", "b")
    with pytest.raises(LimitError, match="queue: expected at most 2 items that wait"):
        lanes.device.submit("small", "c")
    lanes.hold.set()
    lanes.device.close()
    with pytest.raises(StoppingError):
        lanes.device.submit("small", "c")


def test_times_are_in_order(lanes):
    done = lanes.device.submit("small", "a").result()
    assert done.since <= done.start <= done.end and done.worked == pytest.approx((done.end - done.start) * 1e-9)


def test_a_stream_never_runs_ahead(lanes):
    taken = []

    def items():
        for number in range(100):
            taken.append(number)
            yield number

    results = lanes.device.map("large", items())
    for number in range(10):
        assert next(results).value == 2 * number
        assert len(taken) <= number + 2
    results.close()


def test_what_waits_is_dropped_with_the_query(lanes):
    results = lanes.device.map("large", range(100))
    assert next(results).item == 0
    lanes.held()
    assert next(results).item == 1  # number 2 now waits behind the held one
    results.close()
    lanes.hold.set()
    lanes.device.submit("large", 200).result()
    assert Counter(item for batch in lanes.done for item in batch) == Counter([0, 1, "first", 200])


def test_what_is_cancelled_is_not_done(lanes):
    lanes.held()
    dropped, kept = lanes.device.submit("small", "dropped"), lanes.device.submit("small", "kept")
    assert dropped.cancel()
    lanes.hold.set()
    assert kept.result().value == "keptkept" and ["kept"] in lanes.done
