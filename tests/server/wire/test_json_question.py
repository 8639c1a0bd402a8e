"""Questions as JSON: what they say, and what says nothing."""

import json

import pytest
from hypothesis import given as drawn
from hypothesis import strategies as st

from enf2enf.conditions import given
from enf2enf.errors import ConditionError, QueryError
from enf2enf.grid import Grid
from enf2enf.line import Line
from enf2enf.slice import Slice
from enf2enf_server.wire.json_question import JsonQuestion, parsed

GRID = {"lower": [0, 0], "upper": [1, 1], "resolution": [2, 3]}
LINE = {"start": [0, 0], "end": [1, 1]}
PLACES = {
    "a name": ("wall", "wall"),
    "points": ([[0, 1]], [[0, 1]]),
    "a grid": ({"grid": GRID}, Grid((0, 0), (1, 1), (2, 3))),
    "a line": ({"line": LINE}, Line((0, 0), (1, 1))),
    "a slice": ({"slice": {"axis": "x", "value": 0.5, "count": 3}}, Slice("x", 0.5, 3)),
}


@pytest.mark.parametrize("place", PLACES)
def test_places(place):
    plain, meant = PLACES[place]
    assert JsonQuestion.of({"a": 1}, plain) == JsonQuestion([{"a": 1}], meant, is_list=False)
    assert JsonQuestion.of([{"a": 1}, {}], plain) == JsonQuestion([{"a": 1}, {}], meant, is_list=True)


def test_parameters_have_a_place_without_quotes_and_nodes_without_one():
    for at, meant in (
        ("wall", "wall"),
        ("[[0, 1]]", [[0, 1]]),
        ('{"line": {"start": [0, 0], "end": [1, 1]}}', Line((0, 0), (1, 1))),
    ):
        assert JsonQuestion.of_parameters({"at": [at], "conditions": ['{"a": 1}']}) == JsonQuestion(
            [{"a": 1}], meant, False
        )
    assert JsonQuestion.of_parameters({}) == JsonQuestion([{}], "nodes", False)


MALFORMED = {
    "a row of numbers": ([1], [], "conditions: expected a table of name = value, or a list of such tables, got [1]"),
    "no set": ([], [], "conditions: expected a table of name"),
    "a number": (1, [], "conditions: expected a table of name"),
    "no place": ({}, None, "at: expected points, 'nodes', 'wall', or a table of one of grid, line, slice, got null"),
    "two places": ({}, {"grid": GRID, "line": LINE}, "at: expected points, 'nodes'"),
    "another place": ({}, {"circle": {}}, "at: expected points, 'nodes'"),
    "half a grid": ({}, {"grid": {}}, "grid: expected the key 'lower', got none"),
    "more than a line": ({}, {"line": LINE | {"color": 1}}, "line: expected keys among ['count', 'end', 'start']"),
    "no table": ({}, {"line": [LINE]}, "line: expected a table, got ["),
    "parts": ({}, {"grid": GRID | {"resolution": [2, 2.5]}}, "resolution of the grid: expected a list of whole"),
    "words": ({}, {"line": LINE | {"start": "ab"}}, "start of the line: expected a list of numbers, got \"ab"),
    "truths": ({}, {"grid": GRID | {"lower": [True, 0]}}, "lower of the grid: expected a list of numbers, got [true"),
    "no count": ({}, {"line": LINE | {"count": "9"}}, "count of the line: expected a whole number of points"),
    "an axis in a list": ({}, {"slice": {"axis": ["x"], "value": 0}}, "axis of the slice: expected x, y or z, got"),
}  # fmt: skip


@pytest.mark.parametrize("sin", MALFORMED)
def test_what_says_nothing_is_refused(sin):
    conditions, at, sentence = MALFORMED[sin]
    with pytest.raises((ConditionError, QueryError)) as refusal:
        JsonQuestion.of(conditions, at)
    assert str(refusal.value).startswith(sentence)


@pytest.mark.parametrize("text", ["1" * 10**6, "1." + "1" * 10**6, " " * 10**6, "1e" + "1" * 10**6, "." * 10**6])
def test_a_long_text_for_a_number_is_refused_as_soon_as_a_short_one(text):
    with pytest.raises(ConditionError):
        given("heat", text)


NAMES = st.text(max_size=4) | st.sampled_from(["[1]", "{", '"', "\\", ":", "a[1, 2]b"])
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False, allow_infinity=False) | NAMES,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


@drawn(PLAIN, st.booleans())
def test_json_is_what_it_says(plain, escaped):
    assert parsed("it", json.dumps(plain, ensure_ascii=escaped)) == plain


AROUND = st.lists(st.sampled_from(["[1, %s]", '[["x"], [2], %s]', '{"in": %s}', '{"]": [[2], 3], "in": [%s]}']))


@drawn(PLAIN, PLAIN, NAMES, AROUND)
def test_a_key_twice_is_refused_wherever_it_is(one, other, name, around):
    key = json.dumps(name)
    text = f"{{{key}: {json.dumps(one)}, {json.dumps(name, ensure_ascii=False)}: {json.dumps(other)}}}"
    for outer in around:
        text = outer % text
    with pytest.raises(QueryError, match="^it: expected every key once, got .* twice$"):
        parsed("it", text)


def test_what_is_too_deep_is_refused():
    for text in ("[" * 10**5, "[" * 1000 + "]" * 1000, '{"a":' * 1000 + "1" + "}" * 1000, '{"a":' * 10**5):
        try:
            parsed("it", text)
        except QueryError as refusal:
            assert str(refusal).startswith("it: expected JSON")
