import json

import matplotlib.image
import numpy as np
import pytest

from enf2enf.errors import DatasetError
from enf2enf.view.curves import learning_curve


def line(stage: str, step: int) -> str:
    return json.dumps({"stage": stage, "step": step, "train": 9 / step, "validation": 7 / step, "seconds": 0.1 * step})


@pytest.mark.parametrize("stages", [("field",), ("shape", "field")])
def test_one_panel_a_stage(tmp_path, stages):
    log, picture = tmp_path / "metrics.jsonl", tmp_path / "curve.png"
    log.write_text("".join(line(stage, step) + "\n" for stage in stages for step in (100, 200, 300)))
    learning_curve(log, picture)
    pixels = matplotlib.image.imread(picture)
    assert pixels.shape[1] == 960 * len(stages)
    blue = np.abs(pixels[..., :3] - np.array([0x2A, 0x6F, 0x97]) / 255).max(axis=2) < 0.02
    assert all(half.any() for half in np.array_split(blue, len(stages), axis=1))


def test_a_line_being_written_is_left_out(tmp_path):
    log = tmp_path / "metrics.jsonl"
    log.write_text(line("field", 100) + "\n" + line("field", 200)[:20])
    learning_curve(log, tmp_path / "curve.png")
    assert (tmp_path / "curve.png").stat().st_size > 1000


@pytest.mark.parametrize(
    ("text", "culprit"),
    [
        (None, "readable log"),
        ("", "at least one line"),
        ("no json\n", "line 1 of"),
        (line("field", 1) + '\n{"step": 2}\n', "line 2 of"),
        ("[]\n", "a table with stage, step"),
    ],
)
def test_refused(tmp_path, text, culprit):
    log = tmp_path / "metrics.jsonl"
    if text is not None:
        log.write_text(text)
    with pytest.raises(DatasetError, match=culprit):
        learning_curve(log, tmp_path / "curve.png")
