"""Schemas, fields and cases: plain data and back, and every contradiction refused by name."""

import json
import pickle
import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf.data.case import Case
from enf2enf.errors import ConfigError, Enf2EnfError, MeshError, QueryError, SchemaError
from enf2enf.field import Field
from enf2enf.plain import is_line
from enf2enf.schema import Quantity, Schema

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True)
kinds = st.sampled_from(["scalar", "vector", "pseudoscalar", "pseudovector", "tensor"])
condition_kinds = st.sampled_from(["scalar", "vector", "pseudoscalar"])
powers = st.floats(-4, 4)
TAKEN = ("x", "y", "z", "normal", "length", "wall")
units = st.text(max_size=5).filter(is_line)


@st.composite
def schemas(draw):
    chosen = draw(st.lists(names.filter(lambda name: name not in TAKEN), min_size=1, max_size=7, unique=True))
    cut = draw(st.integers(0, len(chosen) - 1))
    conditions = tuple(Quantity(name, draw(condition_kinds), draw(units)) for name in chosen[:cut])
    fields = []
    for name in chosen[cut:]:
        known = chosen[:cut] if "length" in chosen[:cut] else [*chosen[:cut], "length"]
        scales = draw(st.lists(st.sampled_from(known), unique=True))
        kind = draw(kinds)
        same = [q.name for q in conditions if q.kind == kind]
        forms = draw(st.sampled_from(["domain", "wall"])), draw(st.sampled_from(["", *same]))
        transforms = ["identity", "log1p"] if kind == "scalar" and not forms[1] else ["identity"]
        ways = draw(st.sampled_from(transforms)), draw(st.sampled_from(["norm", "spread"]))
        powers_of = tuple((scale, draw(powers)) for scale in scales)
        fields.append(Quantity(name, kind, "Pa", powers_of, *forms, *ways))
    length = draw(st.none() | st.floats(1e-3, 1e3))
    return Schema(draw(st.sampled_from([2, 3])), conditions, tuple(fields), draw(st.booleans()), length)


@given(schemas())
def test_plain_data_and_back_is_the_same_schema(schema):
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema
    wide = {"vector": schema.dim, "pseudovector": schema.dim, "tensor": 3 if schema.dim == 2 else 6}
    widths = [sum(wide.get(q.kind, 1) for q in part) for part in (schema.conditions, schema.fields)]
    assert [schema.condition_width, schema.field_width] == widths


@given(schemas(), st.integers(0, 5), st.integers(0, 99))
def test_columns_are_split_and_joined(schema, rows, seed):
    for columns in (schema.condition_columns, schema.field_columns):
        table = np.random.default_rng(seed).normal(size=(rows, columns.width))
        named = columns.split(table)
        assert tuple(named) == columns.names
        assert all((named[q.name].ndim == 1) == (q.width(schema.dim) == 1) for q in columns if q.kind != "tensor")
        np.testing.assert_array_equal(columns.join(named, rows), table)
        assert [columns.groups.count(index) for index in range(len(columns))] == list(columns.widths)
        for row in table:
            sizes = [np.linalg.norm(np.atleast_1d(part)) for part in columns.split(row).values()]
            np.testing.assert_array_equal(columns.magnitudes(row), sizes)


@given(schemas())
def test_powers_are_given_as_a_table_or_as_pairs_in_any_order(schema):
    for field in schema.fields:
        orders = [dict, tuple, list, lambda pairs: pairs[::-1]]
        same = [Quantity(field.name, scales_with=order(field.scales_with)) for order in orders]
        assert same[0] == same[1] == same[2] == same[3] and same[0].scales_with == field.scales_with


@pytest.mark.parametrize(
    "scales", [(1,), ("ab",), (("load",),), (("load", "1"),), {"load": True}, {3: 1}, {"load": 99}]
)
def test_powers_that_are_none_are_refused_in_python_too(scales):
    with pytest.raises(SchemaError, match="^scales_with"):
        Quantity("p", scales_with=scales)


GOOD = {"dim": 2, "conditions": [{"name": "load", "kind": "vector"}], "fields": [{"name": "stress", "unit": "Pa"}]}
BAD = {
    "dim": ({"dim": 4}, "dim: expected 2 or 3, got 4"),
    "decimal dim": ({"dim": 2.0}, "dim: expected 2 or 3, got 2.0"),
    "no conditions": ({"conditions": None}, "conditions: expected a list of quantities, got None"),
    "a table of fields": ({"fields": {"p": {}}}, "fields: expected a list of quantities, got {'p': {}}"),
    "a condition of that name": (
        {"conditions": [{"name": "length"}], "fields": [{"name": "p", "scales_with": {"wind": 1}}]},
        "scales_with of p: expected one of ['length'], got 'wind'",
    ),
    "no fields": ({"fields": []}, "fields: expected at least one field, got none"),
    "twice": ({"fields": [{"name": "load"}]}, "schema: expected every name once, got load twice"),
    "a coordinate": ({"fields": [{"name": "x"}]}, "name of a field: expected none of ['length', 'normal', 'normal_x'"),
    "of sides": ({"fields": [{"name": "wall", "on": "wall"}]}, "name of a field: expected none of"),
    "a component of another": (
        {"fields": [{"name": "U_x"}, {"name": "U", "kind": "vector"}]},
        "and no component of another field, got 'U_x'",
    ),
    "key": (
        {"colour": 1},
        "schema: expected keys among "
        "['conditions', 'dim', 'fields', 'integrals', 'length', 'open_walls', 'outer_is_far'], got 'colour'",
    ),
    "quantity key": ({"fields": [{"name": "p", "size": 1}]}, "quantity: expected keys among"),
    "no name": ({"fields": [{"unit": "Pa"}]}, "quantity: expected the key 'name'"),
    "no table": ({"fields": ["stress"]}, "quantity: expected a table, got 'stress'"),
    "name": ({"fields": [{"name": "von mises"}]}, "quantity name: expected a letter, then letters, digits or _"),
    "number": ({"fields": [{"name": 3}]}, "quantity name: expected a letter"),
    "kind": ({"fields": [{"name": "p", "kind": "spinor"}]}, "kind of p: expected scalar or vector or pseudoscalar"),
    "on": ({"fields": [{"name": "p", "on": "edge"}]}, "on of p: expected domain or wall, got 'edge'"),
    "transform": ({"fields": [{"name": "p", "transform": "sqrt"}]}, "transform of p: expected identity or log1p"),
    "log1p of a vector": (
        {"fields": [{"name": "p", "kind": "vector", "transform": "log1p"}]},
        "transform of p: expected identity, or a scalar relative to nothing, got log1p",
    ),
    "log1p of a difference": (
        {"conditions": [{"name": "t"}], "fields": [{"name": "p", "relative_to": "t", "transform": "log1p"}]},
        "transform of p: expected identity, or a scalar relative to nothing, got log1p",
    ),
    "error": ({"fields": [{"name": "p", "error_in": "max"}]}, "error_in of p: expected norm or spread, got 'max'"),
    "far": ({"outer_is_far": 1}, "outer_is_far: expected true or false, got 1"),
    "no length": ({"length": 0}, "length of the schema: expected a number of metres from 1e-09 to 1e+09, got 0"),
    "length of text": ({"length": "1 m"}, "length of the schema: expected a number of metres from 1e-09 to 1e+09"),
    "too short": ({"length": 1e-25}, "length of the schema: expected a number of metres from 1e-09 to 1e+09, got"),
    "too long": ({"length": 1e25}, "length of the schema: expected a number of metres from 1e-09 to 1e+09, got"),
    "relative": ({"fields": [{"name": "p", "relative_to": "wind"}]}, "relative_to of p: expected one of ['load']"),
    "relative kind": ({"fields": [{"name": "p", "relative_to": "load"}]}, "relative_to of p: expected a condition of"),
    "condition kind": (
        {"conditions": [{"name": "S", "kind": "tensor"}]},
        "kind of the condition S: expected scalar or",
    ),
    "condition": (
        {"conditions": [{"name": "S", "on": "wall"}]},
        "on of the condition S: expected none: it is of fields",
    ),
    "lengths": (
        {"conditions": [{"name": "length"}], "fields": [{"name": "p", "scales_with": {"length": 1}}]},
        "scales_with of p: expected the reference length, got a condition of that name too",
    ),
    "unit": ({"fields": [{"name": "p", "unit": 3}]}, "unit of p: expected text, got 3"),
    "unit of lines": ({"fields": [{"name": "p", "unit": "Pa\x1b[31m"}]}, "unit of p: expected one line that can be"),
    "scale": ({"fields": [{"name": "p", "scales_with": {"wind": 1}}]}, "scales_with of p: expected one of"),
    "power": ({"fields": [{"name": "p", "scales_with": {"load": "1"}}]}, "scales_with: expected a table of condition"),
    "powers": ({"fields": [{"name": "p", "scales_with": [1]}]}, "scales_with: expected a table of condition = power"),
}


@pytest.mark.parametrize("sin", BAD)
def test_contradictions_are_refused_by_name(sin):
    change, sentence = BAD[sin]
    with pytest.raises(SchemaError, match=re.escape(sentence)):
        Schema.from_dict(GOOD | change)


@given(points=st.integers(0, 20), dim=st.sampled_from([2, 3]), holes=st.sets(st.integers(0, 19)))
def test_a_field_counts_the_points_without_one(points, dim, holes):
    stress, flow = np.zeros(points), np.zeros((points, dim))
    where = [hole for hole in holes if hole < points]
    stress[where[::2]], flow[where[1::2], 0] = np.nan, np.nan
    field = Field(np.zeros((points, dim)), {"stress": stress, "flow": flow})
    assert field.outside == len(where)
    assert field["flow"] is flow
    with pytest.raises(QueryError, match=re.escape("field: expected one of ['flow', 'stress'], got 'heat'")):
        field["heat"]


def test_a_case_may_be_a_bare_question(geometry):
    case = Case(geometry)
    assert (case.conditions, case.field, case.name) == ({}, None, "")
    assert Case(geometry).conditions is not case.conditions


@given(st.text(), st.text(), st.text())
def test_an_error_is_a_sentence_and_survives_a_process(name, expected, got):
    error = pickle.loads(pickle.dumps(MeshError(name, expected, got)))
    assert str(error) == f"{name}: expected {expected}, got {got}"
    assert (type(error), error.name, error.expected, error.got) == (MeshError, name, expected, got)
    assert isinstance(error, Enf2EnfError) and not isinstance(error, ConfigError)
