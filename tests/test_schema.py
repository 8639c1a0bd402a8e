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
from enf2enf.schema import Quantity, Schema

names = st.from_regex(r"[A-Za-z][A-Za-z0-9_]{0,20}", fullmatch=True)
kinds = st.sampled_from(["scalar", "vector"])
powers = st.floats(-4, 4)


@st.composite
def schemas(draw):
    chosen = draw(st.lists(names, min_size=1, max_size=7, unique=True))
    cut = draw(st.integers(0, len(chosen) - 1))
    conditions = tuple(Quantity(name, draw(kinds), draw(st.text(max_size=5))) for name in chosen[:cut])
    fields = []
    for name in chosen[cut:]:
        scales = draw(st.lists(st.sampled_from(chosen[:cut]), unique=True)) if cut else []
        fields.append(Quantity(name, draw(kinds), "Pa", tuple((scale, draw(powers)) for scale in scales)))
    return Schema(draw(st.sampled_from([2, 3])), conditions, tuple(fields))


@given(schemas())
def test_plain_data_and_back_is_the_same_schema(schema):
    assert Schema.from_dict(json.loads(json.dumps(schema.to_dict()))) == schema
    vectors = [q.kind == "vector" for q in schema.conditions], [q.kind == "vector" for q in schema.fields]
    widths = [sum(schema.dim if vector else 1 for vector in part) for part in vectors]
    assert [schema.condition_width, schema.field_width] == widths


GOOD = {"dim": 2, "conditions": [{"name": "load", "kind": "vector"}], "fields": [{"name": "stress", "unit": "Pa"}]}
BAD = {
    "dim": ({"dim": 4}, "dim: expected 2 or 3, got 4"),
    "no fields": ({"fields": []}, "fields: expected at least one field, got none"),
    "twice": ({"fields": [{"name": "load"}]}, "schema: expected every name once, got load twice"),
    "key": ({"colour": 1}, "schema: expected keys among ['conditions', 'dim', 'fields'], got 'colour'"),
    "quantity key": ({"fields": [{"name": "p", "size": 1}]}, "quantity: expected keys among"),
    "no name": ({"fields": [{"unit": "Pa"}]}, "quantity: expected the key 'name'"),
    "no table": ({"fields": ["stress"]}, "quantity: expected a table, got 'stress'"),
    "name": ({"fields": [{"name": "von mises"}]}, "quantity name: expected a letter, then letters, digits or _"),
    "number": ({"fields": [{"name": 3}]}, "quantity name: expected a letter"),
    "kind": ({"fields": [{"name": "p", "kind": "tensor"}]}, "kind of p: expected scalar or vector, got 'tensor'"),
    "unit": ({"fields": [{"name": "p", "unit": 3}]}, "unit of p: expected text, got 3"),
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
