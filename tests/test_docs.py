"""The pages: links lead somewhere, commands are commands, every key stands there with its default."""

import dataclasses
import importlib.util
import json
import re
import shlex
import tomllib
from pathlib import Path

import pytest
from pages import PAGES, ROOT, commands, fences, name, prose, table

from enf2enf.cli import _parser
from enf2enf.cli.making import _problem_parser
from enf2enf.data import manifest
from enf2enf.data.manifest import checked_manifest
from enf2enf.geometry.frames import FrameConfig
from enf2enf.io import read_bytes
from enf2enf.io.formats import FORMATS
from enf2enf.model.config import ModelConfig
from enf2enf.problems import find_problem
from enf2enf.schema import Quantity, Schema
from enf2enf.settings import from_dict, preset
from enf2enf.train.config import _FIRST_KEYS, ExtraDataConfig, RunConfig, TrainConfig
from enf2enf_server.ops.config import ServerConfig

TRAINING, DATA, SERVICE = (ROOT / "docs" / f"{page}.md" for page in ("training", "data", "service"))
LANGUAGES = {"python", "sh", "console", "text", "toml", "json", "{toctree}", "{eval-rst}"}
OTHERS = {"curl", "docker", "head", "source"}  # commands of the system
TO_BE_MADE = {"enf2enf/problems/hole.py", "enf2enf/v1"}  # by who extends; the name of a package
FOLDERS = "enf2enf|server|protos|meshes|tests|benchmarks|examples|docs"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
pages = pytest.mark.parametrize("page", PAGES, ids=name)


def anchors(page: Path) -> set[str]:
    """Of the headings, as GitHub and the site make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-") for heading in headings}


@pages
def test_links_lead_somewhere(page):
    for target in re.findall(r"\]\(([^)]+)\)", prose(page)):
        if target.startswith("https://"):
            continue
        path, _, anchor = target.partition("#")
        found = (page.parent / path).resolve() if path else page
        assert found.exists(), target
        assert not anchor or anchor in anchors(found), target


@pages
def test_files_and_languages_that_are_named_exist(page):
    for path in re.findall(rf"`((?:{FOLDERS})/[\w./-]*\w)`", prose(page)):
        assert (ROOT / path).exists() or path in TO_BE_MADE, path
    assert {fence.language for fence in fences(page)} <= LANGUAGES


def check_command(words: list[str]) -> None:
    """Refuse a command that its own parser, or what it names, does not know."""
    match words:
        case ["enf2enf", *rest]:
            options = _parser().parse_args(rest)
            if rest[0] == "generate":
                _problem_parser(find_problem(options.problem)).parse_args(options.rest)
        case ["make", target]:
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE)
        case ["python", "-m", module, *rest]:
            found = importlib.util.find_spec(module)
            assert found is not None
            sources = [Path(found.origin).read_text(), (ROOT / "benchmarks" / "rows.py").read_text()]
            for option in rest:
                assert not option.startswith("--") or any(f'"{option}"' in source for source in sources), option
        case ["pip", "install", *_, what]:
            assert set(re.search(r"\[(.+)\]", what)[1].split(",") if "[" in what else ()) <= EXTRAS.keys()
        case [other, *_]:
            assert other in OTHERS, other
    for word in words:
        if word.startswith(("examples/", "meshes/", "benchmarks/")):
            assert (ROOT / word).exists(), word


@pages
def test_commands_are_commands(page, capsys):
    for line, _ in commands(page):
        lexer = shlex.shlex(line, posix=True, punctuation_chars="|>&;")
        lexer.whitespace_split = True
        words = list(lexer)
        while ">" in words or ">>" in words:
            cut = next(i for i, word in enumerate(words) if word in (">", ">>"))
            words = words[: cut - (words[cut - 1] == "2")] + words[cut + 2 :]
        try:
            check_command(words)
        except SystemExit:
            pytest.fail(f"{line}: {capsys.readouterr().err}")
    known = _parser()._subparsers._group_actions[0].choices
    assert set(re.findall(r"`enf2enf (\w+)", prose(page))) <= known.keys()


@pages
def test_files_that_are_shown_are_read(page):
    for fence in fences(page):
        if fence.language == "toml":
            RunConfig.from_dict({"dataset": "data", **tomllib.loads(fence.text)}, "shown")
        if fence.language == "json":
            checked_manifest(fence.text)
        if fence.language == "text" and fence.text.startswith("x,y"):
            assert read_bytes(fence.text.encode(), "csv").cell_count == 8


FAST, PAPER = (from_dict(ModelConfig, preset(one)["model"], "model") for one in ("fast", "paper"))
FAST_TRAIN, PAPER_TRAIN = (from_dict(TrainConfig, preset(one)["train"], "train") for one in ("fast", "paper"))
TABLES = [  # heading, number of the column of defaults, what has them
    ("model", 0, FAST), ("model", 1, PAPER), ("train", 0, FAST_TRAIN), ("train", 1, PAPER_TRAIN),
    ('model.encoder, kind = "amortised"', 0, FAST.encoder), ('model.encoder, kind = "meta"', 0, PAPER.encoder),
    ('model.decoder, kind = "rotary"', 0, FAST.decoder), ('model.decoder, kind = "field"', 0, PAPER.decoder),
    ("model.frames", 0, FrameConfig()), ("extra_data", 0, ExtraDataConfig("data")),
]  # fmt: skip
WITHOUT = {"frames", "dataset"}  # a table of its own; no default


@pytest.mark.parametrize(("heading", "column", "config"), TABLES)
def test_every_setting_stands_there_with_its_default(heading, column, config):
    shown = {key: cells[column] for key, cells in table(TRAINING, heading).items()}
    stated = {field.name: getattr(config, field.name) for field in dataclasses.fields(config)}
    plain = {key: getattr(value, "kind", value) for key, value in stated.items()}
    assert shown == {key: "" if key in WITHOUT else f"`{json.dumps(value)}`" for key, value in plain.items()}


def test_every_other_key_stands_there():
    fields = {kind: {field.name for field in dataclasses.fields(kind)} for kind in (Quantity, Schema)}
    assert table(TRAINING, "The file").keys() == _FIRST_KEYS
    assert table(DATA, "Keys of dataset.json").keys() == manifest._REQUIRED | manifest._OPTIONAL
    assert table(DATA, "Keys of a case").keys() == {"mesh", "conditions", "wall", *manifest._NPZ}
    assert table(DATA, "Keys of a schema").keys() == fields[Schema]
    assert table(DATA, "Keys of a quantity").keys() == fields[Quantity]
    endings = set(re.findall(r"`(\.\w+)`", DATA.read_text()))
    assert endings == {ending for shipped in FORMATS.values() for ending in shipped.extensions}
    assert table(ROOT / "docs" / "platforms.md", "Platforms").keys() == EXTRAS.keys()


def test_every_limit_stands_there_with_its_default():
    shown = {key: cells[0] for key, cells in table(SERVICE, "Limits").items()}
    assert shown == {field.name: f"{field.default:,}" for field in dataclasses.fields(ServerConfig)}


def test_figures_of_the_readme_stand_on_the_pages():
    """Its one table is a selection: no figure is another than where it was measured."""
    rows = [line.split("|") for line in (ROOT / "README.md").read_text().splitlines() if line.endswith("` |")]
    measured = "".join((ROOT / "docs" / f"{page}.md").read_text() for page in ("accuracy", "speed"))
    assert len(rows) > 3
    for _, _, ours, beside, _, _ in rows:
        for figure in re.findall(r"\d[\d,.]*\d(?: (?:%|ms|points/s))?", ours + beside):
            assert re.search(rf"(?<![\d.,]){re.escape(figure)}", measured), figure
