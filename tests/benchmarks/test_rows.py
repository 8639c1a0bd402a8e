"""Figures beside their marks: who is met, and how the table in the docs is replaced; what counts as a product."""

import json

import jax
import jax.numpy as jnp
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.all import BEGIN, END, markdown, replaced
from benchmarks.ceiling import products
from benchmarks.rows import HEADER, Row, plain, write_json

positive = st.floats(1e-6, 1e6)


@given(value=positive, mark=positive, more=st.booleans())
def test_a_mark_is_met_where_its_ratio_is_at_least_one(value, mark, more):
    row = Row("speed", value, "points/s", mark, more_is_better=more)
    assert row.met == (value >= mark if more else value <= mark)
    assert (row.ratio >= 1) == row.met or row.ratio == pytest.approx(1)


def test_without_a_mark_nothing_is_met_or_missed():
    assert Row("memory", 3.0).met is None and Row("memory", 3.0).cells()[2:] == ("", "")
    assert Row("compilations", 0, mark=0).met and not Row("compilations", 1, mark=0).met


def test_the_record_names_the_machine_and_every_row(tmp_path):
    write_json(tmp_path / "out" / "rows.json", {"rows": plain([Row("a", 1.0, mark=2.0), Row("b", 5.0)])})
    found = json.loads((tmp_path / "out" / "rows.json").read_text())
    assert [row["met"] for row in found["rows"]] == [True, None] and found["machine"]["cores"] >= 1


@given(before=st.text(), after=st.text(), old=st.text())
def test_only_what_stands_between_the_marks_is_replaced(before, after, old):
    text = f"{before}{BEGIN}{old}{END}{after}"
    if any(text.count(mark) != 1 for mark in (BEGIN, END)):
        return
    once = replaced(text, "a table\n")
    assert once == f"{before}{BEGIN}\na table\n\n{END}{after}" and replaced(once, "a table\n") == once


def test_markdown_has_a_line_a_row_under_its_header():
    lines = markdown([Row("a", 1.0), Row("b", 2.0, "ms", 3.0)]).splitlines()
    assert len(lines) == 4 and all(line.count("|") == len(HEADER) + 1 for line in lines)


@pytest.mark.slow
@given(m=st.integers(1, 5), k=st.integers(1, 5), n=st.integers(1, 5), b=st.integers(1, 3))
def test_products_are_counted_through_compiled_and_mapped_calls(m, k, n, b):
    def function(x, y):
        return jax.lax.map(lambda pair: jax.jit(jnp.matmul)(*pair), (x, y))

    jaxpr = jax.make_jaxpr(jax.vmap(jnp.matmul))(jnp.ones((b, m, k)), jnp.ones((b, k, n))).jaxpr
    assert products(jaxpr) == 2 * b * m * k * n
    looped = jax.make_jaxpr(function)(jnp.ones((b, m, k)), jnp.ones((b, k, n))).jaxpr
    assert products(looped) == 2 * m * k * n  # the body of a loop counts once
