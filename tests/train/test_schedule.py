"""Which stages a run has, what each may replace, and a schedule that fits a time."""

import dataclasses
import json
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from enf2enf import checkpoint
from enf2enf.archive import named_arrays
from enf2enf.cli import main
from enf2enf.errors import ConfigError
from enf2enf.train.fit import fitted
from enf2enf.train.loop import Trainer, train
from enf2enf.train.run import RunProgress, fitted_before
from enf2enf.train.stages import FieldLoss, Stage, stages_of, wall_spacing
from enf2enf.train.validation import is_better

pytestmark = pytest.mark.slow

LAST = Stage("last", 4, FieldLoss(), worse=1.02)


def weights(path) -> dict[str, bytes]:
    """The bytes of every array of a checkpoint."""
    return {name: np.asarray(leaf).tobytes() for name, leaf in named_arrays(checkpoint.load(path).model).items()}


@pytest.fixture(scope="module")
def short(finished):
    """A run of a few steps."""
    config = finished[0]
    return dataclasses.replace(config, train=dataclasses.replace(config.train, steps=20, validate_every=10))


def two_stages(rate):
    """The usual stages, then one more at another rate."""
    return lambda config, data: (*stages_of(config, data), dataclasses.replace(LAST, rate=rate))


def test_weights_that_became_worse_replace_nothing(short, tmp_path):
    one, two = (dataclasses.replace(short, out=tmp_path / name) for name in ("one", "two"))
    alone = train(one, quiet=True)
    spoilt = train(two, quiet=True, make_stages=two_stages(rate=300.0))
    assert (spoilt.finished, spoilt.step) == (True, 4)
    assert spoilt.validation == alone.validation
    assert weights(one.out / "model.enf") == weights(two.out / "model.enf")
    last = json.loads((two.out / "metrics.jsonl").read_text().splitlines()[-1])
    assert last["stage"] == "last" and last["validation"] > 1.02 * alone.validation  # the stage did spoil them


def test_a_stage_begins_with_the_weights_that_were_kept(short, tmp_path):
    """And may replace them by some that are hardly worse."""
    config = dataclasses.replace(short, out=tmp_path / "run")
    outcome = train(config, quiet=True, make_stages=two_stages(rate=1e-9))
    lines = [json.loads(line) for line in (config.out / "metrics.jsonl").read_text().splitlines()]
    best = min(line["validation"] for line in lines if line["stage"] == "field")
    assert lines[-1]["validation"] == pytest.approx(best, rel=1e-5)
    assert outcome.validation == lines[-1]["validation"]
    assert checkpoint.load(config.out / "model.enf").provenance["training"]["stopped_at"]["stage"] == "last"


errors = st.fixed_dictionaries({"validation": st.floats(0.001, 1)}, optional={"fine": st.floats(0.001, 1)})


@given(now=errors, before=errors, best=st.none() | st.floats(0.001, 1), worse=st.sampled_from([1.0, 1.02]))
def test_what_is_kept_is_the_best_of_its_stage_and_no_worse_than_allowed(now, before, best, worse):
    before = {name: before[name] for name in before.keys() & now.keys()}
    kept = is_better(now, dataclasses.replace(LAST, worse=worse), RunProgress("last", best, before))
    assert kept == ((best is None or now["validation"] < best) and all(now[k] <= worse * before[k] for k in before))


def test_smoothness_is_not_asked_for_where_samples_tell_what_the_field_is(short, packed, spacing, tmp_path):
    """Every case has 16 nodes on its void, and 16 in the ring next to it."""
    trainer = Trainer(dataclasses.replace(short, out=tmp_path / "a"), packed, quiet=True)
    distances = trainer.data.everything.queries.distance
    gaps = [np.median(np.sort(row[:count])[16:32]) for row, count in zip(distances, trainer.data.counts, strict=True)]
    assert wall_spacing(trainer.data) == pytest.approx(np.median(gaps), rel=1e-6)
    assert 0.02 < np.median(gaps) < 0.15  # a quarter or a third of the way from the void to the square
    own = wall_spacing(trainer.data)
    for length, stages in ((spacing, ["field", "smooth"]), (0.9 * own, ["field", "smooth"]), (1.1 * own, ["field"])):
        settings = dataclasses.replace(short.train, smooth_steps=60, smooth_spacing=length)
        run = dataclasses.replace(short, out=tmp_path / str(length), train=settings)
        assert [stage.name for stage in stages_of(run, trainer.data) if not stage.needless] == stages
        if length == 0.9 * own:
            continue  # would compile anew
        assert train(run, quiet=True).finished
        lines = [json.loads(line) for line in (run.out / "metrics.jsonl").read_text().splitlines()]
        assert list(dict.fromkeys(line["stage"] for line in lines if "note" not in line)) == stages
        notes = [line["note"] for line in lines if "note" in line]
        skipped = checkpoint.load(run.out / "model.enf").provenance["training"]["skipped"]
        assert len(notes) == (length > own) and list(skipped) == ["smooth"] * (length > own)
        assert all("skipped: samples are" in note for note in notes)


def test_a_log_file_gets_a_line_per_validation(short, write_config, tmp_path, capsys):
    """There is no terminal here."""
    settings = dataclasses.asdict(short.train) | {"validate_every": 5}
    path = write_config(tmp_path / "run.toml", tmp_path / "run", settings)
    assert main(["train", str(path)]) == 0
    lines = [line for line in capsys.readouterr().err.splitlines() if line.startswith("tiny: ")]
    assert [line.split(",")[0] for line in lines] == [f"tiny: field {step}/20" for step in (5, 10, 15, 20)]
    assert all("train 0." in line and "validation 0." in line and line.endswith(" min") for line in lines)
    assert main(["train", str(write_config(tmp_path / "run.toml", tmp_path / "again", settings)), "--quiet"]) == 0
    assert capsys.readouterr().err == ""


def test_a_schedule_fits_its_time_and_is_kept(short, packed, spacing, tmp_path):
    settings = dataclasses.replace(short.train, steps=200, smooth_steps=60, smooth_spacing=spacing)
    config = dataclasses.replace(short, out=tmp_path / "run", train=settings)
    trainer = Trainer(config, packed, quiet=True)
    began = time.monotonic()
    chosen = fitted(trainer, began + 600, began).train
    assert 0 < chosen.steps < 1_000_000 and chosen.smooth_steps == pytest.approx(0.3 * chosen.steps, abs=1)
    assert fitted_before(config) is None and not list(config.out.iterdir())  # nothing was trained
    trainer.reschedule(dataclasses.replace(config, train=chosen), stages_of)
    assert not trainer.run(time.monotonic()).finished  # one step, then the time is over
    trainer.folder.close()
    assert fitted_before(config).train == chosen
    resumed = train(config, minutes=1e-6, quiet=True, fit=True)  # by the same command
    assert (resumed.finished, resumed.step) == (False, 2)
    with pytest.raises(ConfigError, match="another run's state"):
        train(config, quiet=True)
    with pytest.raises(
        ConfigError, match="--minutes: expected more than .*, which preparations took, and a step of training, got "
    ):
        fitted(trainer, time.monotonic(), time.monotonic())


def test_there_is_no_fit_without_a_time(short, tmp_path):
    with pytest.raises(ConfigError, match="--fit: expected --minutes, the time that the steps shall fit, got none"):
        train(dataclasses.replace(short, out=tmp_path / "run"), quiet=True, fit=True)
