"""The picture of who learns how much in the same time: every run that is there, in minutes."""

import json
import os

import pytest

from benchmarks.curves import curves, draw


@pytest.fixture
def runs(tmp_path, monkeypatch):
    """Two runs of known curves, one of two stages; a third is missing."""
    monkeypatch.chdir(tmp_path)
    os.makedirs("runs/elasticity-paper"), os.makedirs("runs/transolver")
    rows = [("shape", 60, 0.9), ("field", 120, 0.5), ("field", 180, 0.25)]
    lines = [json.dumps({"stage": s, "step": 1, "train": 1, "validation": v, "seconds": t}) for s, t, v in rows]
    (tmp_path / "runs/elasticity-paper/metrics.jsonl").write_text("\n".join(lines) + "\n")
    (tmp_path / "runs/transolver/curve.json").write_text(json.dumps({"curve": [[30.0, 0.7], [90.0, 0.1]]}))
    return tmp_path


def test_curves_are_errors_over_minutes_of_what_is_there(runs):
    assert curves() == {"enf2enf, `paper`": [(2.0, 0.5), (3.0, 0.25)], "Transolver": [(0.5, 0.7), (1.5, 0.1)]}


def test_the_picture_is_drawn(runs):
    draw(curves(), runs / "out" / "curves.png")
    assert (runs / "out" / "curves.png").read_bytes().startswith(b"\x89PNG")
