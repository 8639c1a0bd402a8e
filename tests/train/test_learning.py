"""Training learns a known field, and what is reported is what anyone would compute from the arrays."""

import dataclasses
import json

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest

from enf2enf.cli import main
from enf2enf.data import PackedData
from enf2enf.errors import ConfigError, DatasetError, SchemaError
from enf2enf.geometry.frames import FrameConfig
from enf2enf.surrogate import Surrogate
from enf2enf.train.arrays import SplitArrays
from enf2enf.train.evaluate import evaluate
from enf2enf.train.loop import Trainer
from enf2enf.train.loss import relative_errors
from enf2enf.train.run import RunProgress
from enf2enf.train.running import RunningStage
from enf2enf.train.step import TrainState, make_optimiser

pytestmark = pytest.mark.slow


def case(packed, index):
    """Conditions by name, points and true fields of one case."""
    row, values = packed.conditions(index), packed.values(index)
    return {"traction": row[:2], "heat": row[2]}, packed.points(index), values[:, 0], values[:, 1:]


def norm(values):
    return np.sqrt((np.asarray(values, np.float64) ** 2).sum())


@pytest.fixture(scope="module")
def report(trained, packed):
    return evaluate(trained, packed, "test")


def test_two_hundred_steps_beat_the_mean_field(report):
    # measured 0.038 against 0.274, and 0.163 against 1.000
    assert report.errors["stress"].mean() < 0.5 * report.mean_field["stress"]
    assert report.errors["displacement"].mean() < 0.5 * report.mean_field["displacement"]


def test_the_report_is_the_relative_l2_of_what_the_surrogate_says(report, trained, packed):
    train = [case(packed, index) for index in packed.ids("train")]
    stress = np.concatenate([stress / norm(conditions["traction"]) for conditions, _, stress, _ in train]).mean()
    displacement = np.concatenate([displacement for *_, displacement in train]).astype(np.float64).mean(axis=0)
    displacement *= [0, 1]  # in the mirror, which is trained on too, the first component has another sign
    errors, trivial = {"stress": [], "displacement": []}, {"stress": [], "displacement": []}
    for index in packed.ids("test"):
        conditions, points, *truth = case(packed, index)
        field = trained.decode(trained.encode(packed.geometry(index)), conditions, points)
        levels = stress * norm(conditions["traction"]), displacement
        for name, true, level in zip(errors, truth, levels, strict=True):
            errors[name].append(norm(field[name].astype(np.float64) - true) / norm(true))
            trivial[name].append(norm(level - true.astype(np.float64)) / norm(true))
    for name in errors:
        np.testing.assert_allclose(report.errors[name], errors[name], rtol=1e-12)
        assert report.mean_field[name] == pytest.approx(np.mean(trivial[name]), rel=1e-9)
    assert report.names == ("case_12", "case_13")
    assert (report.outside, report.floor) == (0, 1e-4)
    plain = report.to_dict()["fields"]["stress"]
    assert plain["worst"] == max(report.errors["stress"])
    assert plain["worst_case"] == report.names[int(np.argmax(errors["stress"]))]


def test_the_loss_is_the_metric_of_one_view(trained, packed):
    """In physical units, all points of a case, a field that scales and a vector field."""
    config = dataclasses.replace(trained.config, frames=FrameConfig())
    report = evaluate(Surrogate(trained.model, config, trained.normaliser, {}), packed, "test")
    arrays = SplitArrays.build(
        [(packed, packed.ids("test"))], trained.normaliser, trained.model.encoder, trained.config.panels
    )
    batch = arrays.take(np.arange(2), np.tile(np.arange(arrays.counts.max()), (2, 1)), np.zeros(2, int))
    assert arrays.counts.tolist() == [64, 80]  # so that padding would be noticed
    losses = eqx.filter_jit(relative_errors)(trained.model, batch, packed.schema.field_columns.groups, False)
    errors = np.stack([report.errors["stress"], report.errors["displacement"]], axis=1)
    np.testing.assert_allclose(losses, errors, rtol=1e-4)  # measured 5e-6
    assert np.all(np.asarray(losses) > 1e-3)


def test_the_split_that_chooses_is_the_one_that_is_logged(finished, trained, packed):
    """The stored weights are the averaged ones, and their error on the validation split is the best that was logged."""
    config, outcome = finished
    lines = [json.loads(line) for line in (config.out / "metrics.jsonl").read_text().splitlines()]
    assert outcome.validation == min(line["validation"] for line in lines)
    errors = evaluate(trained, packed, "validation").errors
    assert np.mean([errors[name] for name in errors]) == pytest.approx(outcome.validation, rel=1e-5)  # measured 7e-8
    assert trained.provenance["metrics"]["validation"] == outcome.validation
    assert trained.provenance["dataset"]["split_sha256"] == packed.manifest["split_sha256"]
    assert trained.provenance["dataset"]["digest"] == packed.digest


def test_a_loss_that_diverges_is_named(finished, trained, packed, tmp_path):
    trainer = Trainer(dataclasses.replace(finished[0], out=tmp_path / "diverging"), packed, quiet=True)
    lost = eqx.tree_at(lambda m: m.decoder.offset, trained.model, jnp.full(3, jnp.nan))
    state = TrainState.start(lost, make_optimiser(trainer.config.train, 10))
    with pytest.raises(ConfigError, match=r"train\.rate: expected a rate at which the loss stays finite, got 1\.0 by"):
        RunningStage(trainer, trainer.stages[0], RunProgress("field"), lambda clock=True: False)._validate(state, [1.0])
    with pytest.raises(ConfigError, match=r"train\.rate: .* the loss stays finite, got nan by step 1"):
        running = RunningStage(trainer, trainer.stages[0], RunProgress("field"), lambda clock=True: True)
        running.run(state, True)  # stopped before
    assert not list((tmp_path / "diverging").iterdir())


def test_the_normaliser_never_saw_the_other_splits(trained, packed):
    rows = np.stack([packed.conditions(index) for index in packed.ids("train")])
    np.testing.assert_array_equal(trained.normaliser.condition_low, rows.min(axis=0))
    np.testing.assert_array_equal(trained.normaliser.condition_high, rows.max(axis=0))


def test_evaluate_on_the_command_line(finished, holes, report, tmp_path, capsys):
    figures = tmp_path / "new" / "figures.json"
    arguments = ["evaluate", str(finished[0].out / "model.enf"), str(holes), "--split", "test", "--json", str(figures)]
    assert main(arguments) == 0
    written = json.loads(figures.read_text())
    assert written == {"version": written["version"], **report.to_dict()}
    table = capsys.readouterr().out
    for text in ("holes, test split, 2 cases", f"{report.errors['stress'].mean():.4f}", "0.0001"):
        assert text in table


def test_what_cannot_be_evaluated_is_refused(trained, packed, untested):
    renamed = (dataclasses.replace(packed.schema.fields[0], name="pressure"), packed.schema.fields[1])
    normaliser = dataclasses.replace(trained.normaliser, schema=dataclasses.replace(packed.schema, fields=renamed))
    stranger = Surrogate(trained.model, trained.config, normaliser, {})
    with pytest.raises(SchemaError, match="expected the surrogate's conditions and fields, got those of 'holes'"):
        evaluate(stranger, packed, "test")
    with pytest.raises(DatasetError, match="split 'test': expected at least one case, got none"):
        evaluate(trained, PackedData.load(untested), "test")
    with pytest.raises(DatasetError, match="split: expected train or validation or calibration or test, got 'best'"):
        evaluate(trained, packed, "best")
