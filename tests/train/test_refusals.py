"""What cannot be trained, or gone on with, is said in one sentence before anything is packed, compiled or written."""

import dataclasses
import json
import re
import shutil
import time
import zipfile

import pytest

from enf2enf import checkpoint
from enf2enf.cli import main
from enf2enf.data import cache
from enf2enf.errors import CheckpointError, ConfigError
from enf2enf.plain import is_line
from enf2enf.train.check import check_run, traced
from enf2enf.train.config import RunConfig
from enf2enf.train.fit import fitted, in_time
from enf2enf.train.loop import Trainer, train
from enf2enf.train.run import RunFolder
from enf2enf.train.stages import FieldLoss, Stage, stages_of

pytestmark = pytest.mark.slow


@pytest.fixture
def unpacked(holes, tmp_path):
    """The folder without a cache, and a function that changes its manifest."""
    folder = tmp_path / "unpacked"
    folder.mkdir()
    for path in holes.iterdir():
        if path.name != cache.NAME:
            (folder / path.name).write_bytes(path.read_bytes())

    def change(function):
        manifest = json.loads((folder / "dataset.json").read_text())
        function(manifest)
        (folder / "dataset.json").write_text(json.dumps(manifest))

    return folder, change


def of_field(**forms):
    return lambda manifest: manifest["schema"]["fields"][0].update(forms)


def no_load(manifest):
    manifest["cases"]["case_3"]["conditions"]["traction"] = [0, 0]


def far(manifest):
    manifest["schema"]["outer_is_far"] = True


def tables(**of_model):
    return {"model": of_model}


KEPT = None
INFLOW = {"anchor": "inflow", "reflections": ["y"], "box": [[-1, -1], [1, 1]], "inflow": "heat"}
IMPOSSIBLE = {
    "log1p": (KEPT, of_field(kind="pseudoscalar", transform="log1p"), "transform of stress: expected identity, or a"),
    "inflow": (tables(frames=INFLOW), KEPT, "frames.inflow: expected a vector condition, one of ['traction'], got"),
    "far": (KEPT, far, "frames.anchor: expected walls or inflow where the outer boundary is far, got domain"),
    "no load": (KEPT, no_load, "traction of case 'case_3': expected a magnitude above 0"),
    "width": (tables(encoder={"width": 15}, decoder={"width": 15}), KEPT, "width: expected a multiple of 2 heads = 4"),
    "heads": (tables(encoder={"heads": 3}), KEPT, "width: expected a multiple of 2 heads = 6, got 16"),
    "widths": (tables(decoder={"width": 32}), KEPT, "decoder width: expected the encoder's 16, got 32"),
    "no reaches": (tables(decoder={"reaches": []}), KEPT, "reaches: expected one for each of 2 heads, got 0"),
    "reaches": (tables(decoder={"reaches": [0.7] * 3}), KEPT, "reaches: expected one for each of 2 heads, got 3"),
    "absolute": (tables(bi_invariant="absolute"), KEPT, "bi_invariant: expected translation"),
    "huge": (
        tables(encoder={"width": 4096, "blocks": 64, "expansion": 64}, decoder={"width": 4096}), KEPT,
        "model: expected weights of which all that training keeps fits into",
    ),
    "many places": (
        {"train": {"placements": 1024}} | tables(encoder={"grid": 64, "probes": [0.1] * 64}), KEPT,
        "train.placements: expected so many that what is measured on all geometries fits into",
    ),
    "extra": ({"extra_data": {"conditions": {"zz": 3}}}, KEPT, "condition 'zz': expected one of [], got 'zz'"),
    "known": ({"extra_data": {"conditions": {"heat": 3}}}, KEPT, "one that the cases themselves lack, got one"),
    "a file as out": ({"out": "file/run"}, KEPT, "out: expected a folder to write to, got"),
}  # fmt: skip


def changed(config, change, folder, holes):
    """The run with other settings, in and on other folders."""
    plain = config.to_dict() | {"dataset": str(folder), "name": "run"}
    for key, table in (change or {}).items():
        if key == "model":
            for part, values in table.items():
                plain["model"][part] = plain["model"][part] | values if isinstance(values, dict) else values
        else:
            plain[key] = plain.get(key, {}) | table if isinstance(table, dict) else str(folder.parent / table)
    if "extra_data" in plain:
        plain["extra_data"] |= {"dataset": str(holes)}
    run = RunConfig.from_dict(plain, "run")
    return run if "out" in (change or {}) else dataclasses.replace(run, out=folder.parent / "out" / "run")


@pytest.mark.parametrize("sin", IMPOSSIBLE)
def test_what_cannot_be_is_refused_before_anything_is_written(write_config, holes, unpacked, tmp_path, sin):
    change, spoil, sentence = IMPOSSIBLE[sin]
    folder, edit = unpacked
    edit(spoil or (lambda manifest: None))
    (tmp_path / "file").write_text("")
    config = RunConfig.read(write_config(tmp_path / "run.toml", tmp_path / "out"))
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(ValueError, match=re.escape(sentence)) as caught:
        train(changed(config, change, folder, holes), quiet=True)
    assert is_line(str(caught.value))
    assert sorted(tmp_path.rglob("*")) == before


def test_what_can_be_is_not_refused(write_config, holes, unpacked, tmp_path):
    config = RunConfig.read(write_config(tmp_path / "run.toml", tmp_path / "out"))
    check_run(changed(config, None, unpacked[0], holes))
    assert not (unpacked[0] / cache.NAME).exists()


def test_parts_that_do_not_fit_are_one_sentence(packed, finished):
    """Of whatever kind they are."""

    @dataclasses.dataclass(frozen=True)
    class Odd(type(finished[0].model.encoder)):
        outputs = 16

        def build(self, bi_invariant, dim, *, key):
            return dataclasses.replace(finished[0].model.encoder, width=20).build(bi_invariant, dim, key=key)

    options = {field.name: getattr(finished[0].model.encoder, field.name) for field in dataclasses.fields(Odd)}
    odd = dataclasses.replace(finished[0].model, encoder=Odd(**options))
    with pytest.raises(ConfigError, match="^model: expected parts that fit each other, got"):
        traced(odd, packed.schema)


@pytest.mark.parametrize("minutes", ["nan", "inf", "-inf", "-1", "0", "1e300"])
@pytest.mark.parametrize("fit", [[], ["--fit"]])
def test_minutes_are_a_time(write_config, tmp_path, capsys, minutes, fit):
    path = write_config(tmp_path / "run.toml", tmp_path / "run")
    assert main(["train", str(path), f"--minutes={minutes}", *fit]) == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("enf2enf: --minutes: expected a number above 0, at most 525,600, got ")
    assert not (tmp_path / "run").exists()


def test_a_fit_gives_up_when_its_time_is_over_and_says_what_took_it(finished, packed, tmp_path, monkeypatch):
    config = dataclasses.replace(finished[0], out=tmp_path / "run")
    wanted = r"^--minutes: expected more than \S+, which preparations took, and a step of training, got 1e-06$"
    with pytest.raises(ConfigError, match=wanted):
        train(config, minutes=1e-6, quiet=True, fit=True)
    assert not list((tmp_path / "run").iterdir())
    trainer, drawn = Trainer(config, packed, quiet=True), []
    monkeypatch.setattr(trainer, "batch", lambda *given: drawn.append(given) or Trainer.batch(trainer, *given))
    with pytest.raises(ConfigError, match=r"more than 11\d, which preparations took, and a step of training, got 117$"):
        fitted(trainer, time.monotonic(), time.monotonic() - 7000)
    assert len(drawn) == 1  # the first step compiles, and is not followed by another one
    in_time(0.0, time.monotonic() + 60)


def rewritten(path, change):
    """The same archive under another manifest."""
    with zipfile.ZipFile(path) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    manifest = json.loads(entries["manifest.json"])
    change(manifest)
    entries["manifest.json"] = json.dumps(manifest).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in entries.items():
            archive.writestr(name, data)


STATES = {
    "no progress": lambda m: m.pop("progress"),
    "odd progress": lambda m: m.update(progress=3),
    "strange progress": lambda m: m["progress"].update(colour="red"),
    "progress of nothing": lambda m: m["progress"].update(stage=None),
    "best of text": lambda m: m["progress"].update(best="x"),
    "losses of text": lambda m: m["progress"].update(losses=["x"]),
    "seconds": lambda m: m["progress"].update(seconds=10**400),
    "no identity": lambda m: m.pop("identity"),
    "odd identity": lambda m: m.update(identity=[]),
    "no metrics": lambda m: m.pop("metrics"),
    "no numbers": lambda m: m["identity"]["train"].update(steps="many"),
    "version": lambda m: m.update(version=2),
    "true version": lambda m: m.update(version=True),
}


@pytest.mark.parametrize("sin", STATES)
def test_every_spoilt_state_is_one_sentence_that_names_its_folder(finished, tmp_path, sin):
    config = dataclasses.replace(finished[0], out=tmp_path / "run")
    shutil.copytree(finished[0].out, config.out)
    state = tmp_path / "run" / "state.run"
    rewritten(state, STATES[sin])
    for fit in (False, True):
        if fit and sin not in ("no identity", "odd identity", "no numbers", "version"):
            continue
        with pytest.raises((CheckpointError, ConfigError)) as caught:
            train(config, quiet=True, fit=fit, minutes=60 if fit else None)
        assert str(tmp_path / "run") in str(caught.value) and is_line(str(caught.value))
        assert not isinstance(caught.value, ConfigError) or "another run's state" in str(caught.value)
    if "version" in sin:
        assert caught.value.got == f"version {2 if sin == 'version' else True}"


@dataclasses.dataclass(frozen=True)
class Other(FieldLoss):
    """Another loss."""


LAST = Stage("last", 25, FieldLoss(), 0.1, worse=1.05)


@pytest.mark.parametrize(
    "change",
    [{"steps": 20}, {"loss": Other()}, {"rate": 0.2}, {"name": "end"}, {"worse": 2.0}, {"loss": FieldLoss(True)}],
)
def test_a_run_of_other_stages_is_another_run(finished, tmp_path, change):
    """Which its state tells, though its configuration is the same."""
    config = dataclasses.replace(finished[0], out=tmp_path / "run")
    with zipfile.ZipFile(finished[0].out / "state.run") as archive:
        identity = json.loads(archive.read("manifest.json"))["identity"]
    folder = RunFolder(config, identity["data"])
    folder.claim([LAST])
    (tmp_path / "run" / "state.run").write_bytes((finished[0].out / "state.run").read_bytes())

    def with_stages(manifest):
        manifest.update(stages=[LAST.to_dict()])
        manifest["progress"]["stage"] = "last"

    rewritten(tmp_path / "run" / "state.run", with_stages)
    folder.claim([LAST])
    with pytest.raises(ConfigError, match="expected an empty folder, or one of the same run, got another run's state"):
        folder.claim([dataclasses.replace(LAST, **change)])


def test_a_run_that_was_begun_with_a_stage_more_does_not_go_on_without(finished, tmp_path):
    config = dataclasses.replace(finished[0], out=tmp_path / "run")
    config = dataclasses.replace(config, train=dataclasses.replace(config.train, steps=2))
    assert not train(config, 1e-9, True, lambda *given: [*stages_of(*given), LAST]).finished
    with pytest.raises(ConfigError, match="another run's state"):
        train(config, quiet=True)


def test_a_checkpoint_has_the_licence_of_its_data(finished):
    assert checkpoint.load(finished[0].out / "model.enf").provenance["licence"] == "CC0-1.0"


def test_who_waits_at_no_terminal_is_shown_no_bar(capsys):
    assert list(cache.bar("abc")) == ["a", "b", "c"]
    assert capsys.readouterr() == ("", "")
