"""Whose turn it is, for any callers who come and leave in any order."""

from hypothesis import given
from hypothesis import strategies as st

from enf2enf_server.parsing.turns import Turns

callers = st.lists(st.sampled_from("abc"), max_size=12)
Waiting = list[tuple[str, int]]


def waiting(turns: Turns, callers: list[str]) -> Waiting:
    """One item of each of the callers, one after the other, all of which wait now."""
    items = [(caller, number) for number, caller in enumerate(callers)]
    for item in items:
        turns.add(item[0], item)
    return items


def served(turns: Turns) -> Waiting:
    """All that wait, in the order in which they are served."""
    found = []
    while (chosen := turns.next()) is not None:
        assert chosen[0] == chosen[1][0]
        found.append(chosen[1])
    return found


def in_turn(items: Waiting) -> Waiting:
    """The first of each caller, then the second of each, and so on."""
    seen, first = {}, {}
    for caller, number in items:
        first.setdefault(caller, number)
        seen[number] = sum(before[0] == caller for before in items if before[1] < number)
    return sorted(items, key=lambda item: (seen[item[1]], first[item[0]]))


@given(callers=callers)
def test_callers_take_turns(callers):
    """However many of one came first; the requests of one caller are served as they came."""
    turns = Turns()
    assert in_turn(waiting(turns, callers)) == served(turns)


@given(callers=callers, left=st.sets(st.integers(0, 11)))
def test_who_leaves_takes_no_turn(callers, left):
    turns = Turns()
    items = waiting(turns, callers)
    stayed = [item for item in items if item[1] not in left]
    assert [turns.remove(*pair) for pair in [(item[0], item) for item in items if item not in stayed]].count(False) == 0
    assert not turns.remove("a", ("a", 99))
    found = served(turns)
    assert sorted(found) == sorted(stayed)
    for caller in "abc":
        assert [item for item in found if item[0] == caller] == [item for item in stayed if item[0] == caller]


@given(callers=callers, more=callers, begun=st.integers(0, 12))
def test_nobody_is_passed_by_two_of_another(callers, more, begun):
    """Between two turns of a caller, everybody who waits all the time has one."""
    turns = Turns()
    waiting(turns, callers)
    found = [turns.next()[1] for _ in range(min(begun, len(callers)))]
    for number, caller in enumerate(more, start=len(callers)):
        turns.add(caller, (caller, number))
    rest = served(turns)
    assert sorted(found + rest) == sorted((c, n) for n, c in enumerate(callers + more))
    for at, (caller, _) in enumerate(rest):
        again = next((k for k in range(at + 1, len(rest)) if rest[k][0] == caller), None)
        if again is not None:
            assert {c for c, _ in rest[again:]} <= {c for c, _ in rest[at:again]} | {caller}


@given(callers=callers, slow=st.sampled_from("abc"), later=st.floats(0, 120))
def test_a_slow_caller_is_behind_for_a_minute(callers, slow, later):
    now = 0.0
    turns = Turns(lambda: now)
    turns.put_behind(slow)
    items, now = waiting(turns, callers), later
    fair = in_turn(items)
    assert served(turns) == (sorted(fair, key=lambda item: item[0] == slow) if later < 60 else fair)


@given(callers=callers, slow=st.sampled_from("abc"))
def test_a_slow_caller_has_no_turn_where_only_others_may(callers, slow):
    turns = Turns()
    turns.put_behind(slow)
    items = waiting(turns, callers)
    found = [turns.next(slow_too=False) for _ in callers]
    others = [item for item in in_turn(items) if item[0] != slow]
    assert found == [(item[0], item) for item in others] + [None] * (len(items) - len(others))
    assert served(turns) == [item for item in items if item[0] == slow]


@given(callers=callers, again=st.sampled_from("abc"))
def test_who_has_waited_before_is_next(callers, again):
    turns = Turns()
    items = waiting(turns, callers)
    turns.add(again, (again, 99), first=True)
    assert turns.next() == (again, (again, 99))
    assert sorted(served(turns)) == sorted(items)
