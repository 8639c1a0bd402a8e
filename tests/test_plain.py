"""Plain data that anyone wrote: for every key and every kind of wrong value one sentence, in one line."""

import dataclasses
import datetime
import math
import os
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import given

from enf2enf.errors import ConfigError
from enf2enf.geometry.frames import FrameConfig
from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.config import ModelConfig
from enf2enf.model.field_decoder import FieldConfig
from enf2enf.model.meta import MetaConfig
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.plain import is_line, is_number, is_whole, one_line, shown
from enf2enf.settings import from_dict
from enf2enf.train.config import ExtraDataConfig, RunConfig, TrainConfig

TABLES = (
    TrainConfig, ExtraDataConfig, ModelConfig, FrameConfig, AmortisedConfig, MetaConfig, RotaryConfig, FieldConfig,
)  # fmt: skip
KEYS = [(table, field.name) for table in TABLES for field in dataclasses.fields(table)]
HUGE = (10**400, -(10**400), 10**24, 1e300, math.inf, -math.inf, math.nan, 16**6000)
"""Numbers that no setting can have; the last one is longer than Python writes."""
WRONG = (
    *HUGE, None, True, "", "a\nb", "\ud800", [], {}, ["amortised"], {"kind": ["meta"]}, {"kind": {}}, [[1.0], [2.0]],
    [math.nan] * 2, [10**400] * 2, [1.0] * 5000, [2.0, 2.0], [1.0, 2.0], datetime.date(1979, 5, 27), -1, 0.5, 2**40,
)  # fmt: skip


@pytest.mark.parametrize(("table", "key"), KEYS, ids=lambda part: getattr(part, "__name__", part))
def test_every_wrong_value_of_every_key_is_one_sentence(table, key):
    required = {"dataset": "more"} if table is ExtraDataConfig else {}
    for value in WRONG:
        try:
            accepted = from_dict(table, required | {key: value}, "table")
        except ConfigError as error:
            assert is_line(str(error)) and len(str(error)) < 400, str(error)
        else:
            assert value not in HUGE, (key, value)
            kept = getattr(accepted, key)
            if value == {}:
                continue  # a table whose keys all have defaults
            assert list(kept) == value if isinstance(value, list) else kept == value, (key, value, kept)


@pytest.mark.parametrize("key", ["name", "dataset", "out", "preset", "model", "train", "extra_data", "colour"])
def test_every_wrong_value_of_every_key_of_a_run_is_one_sentence(key):
    for value in WRONG:
        if key in ("model", "train") and value == {}:
            continue
        with pytest.raises(ConfigError) as caught:
            RunConfig.from_dict({"dataset": "data", key: value}, "run")
        assert is_line(str(caught.value)), str(caught.value)


@pytest.mark.parametrize(
    "sizes",
    [{"cases": 4096, "points": 65536}, {"cases": 10**9}, {"points": 10**6}, {"placements": 10**6}, {"steps": 10**24}],
)
def test_sizes_beyond_all_reason_are_refused(sizes):
    with pytest.raises(ConfigError, match=f"^train.({'|'.join(sizes)}): expected"):
        TrainConfig(**sizes)


TEXTS = {
    "deep": "a = " + "[" * 3000,
    "long": "a = 1" + "0" * 5000,
    "hexadecimal": "a = 0x1" + "0" * 5000,
    "surrogate": 'a = "\\ud800"',
    "no text": b"\xff\xfe",
    "nothing": "",
}


@pytest.mark.parametrize("sin", TEXTS)
def test_every_spoilt_file_of_settings_is_one_sentence(tmp_path, sin):
    path, text = tmp_path / "run.toml", TEXTS[sin]
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ConfigError) as caught:
        RunConfig.read(path)
    assert len(one_line(str(caught.value))) < 400


def test_settings_are_read_from_regular_files_alone(tmp_path):
    os.mkfifo(tmp_path / "pipe.toml")
    for path, got in ((tmp_path / "pipe.toml", "not a regular file"), (Path("/dev/zero"), "not a regular file")):
        with pytest.raises(ConfigError, match=f"expected a readable file, got {got}"):
            RunConfig.read(path)
    with pytest.raises(ConfigError, match="expected a readable file, got Is a directory"):
        RunConfig.read(tmp_path)


@pytest.mark.slow
@given(st.text())
def test_a_line_is_what_one_line_leaves_as_it_is(text):
    line = one_line(text)
    assert is_line(line) and len(line.splitlines()) <= 1
    assert (line == text) == is_line(text)
    line.encode()


@given(st.integers() | st.floats() | st.booleans() | st.none() | st.text())
def test_a_number_is_what_float64_holds(value):
    if is_number(value):
        assert math.isfinite(float(value))
    assert is_whole(value, -5, 5) == (type(value) is int and -5 <= value <= 5)
    assert len(shown(value)) <= 80
