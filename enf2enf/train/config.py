"""Training settings: one TOML file, on top of a preset."""

import dataclasses
import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal, Self

from enf2enf.errors import ConfigError, check_keys
from enf2enf.files import read_file
from enf2enf.model.config import ModelConfig
from enf2enf.plain import DAMAGE, is_line, shown
from enf2enf.settings import check_number, from_dict, preset

MOST_STEPS = 10**9
FITTED = ("steps", "squared_steps", "smooth_steps")
"""Numbers of steps that change where a run is fitted into a time."""
_MOST_POINTS = 2**20
_RANGES = {
    "steps": (1, MOST_STEPS), "squared_steps": (0, MOST_STEPS), "smooth_steps": (0, MOST_STEPS),
    "shape_steps": (0, MOST_STEPS),
    "warmup": (0, MOST_STEPS), "validate_every": (1, MOST_STEPS), "cases": (1, 4096), "points": (1, 65536),
    "wall_points": (0, 65536), "placements": (1, 1024), "most_cases": (0, 10**9),
    "seed": (0, 2**32 - 1), "smooth_spacing": (1e-6, 1e6), "rate": (1e-9, 10.0), "clip": (1e-6, 1e6),
}  # fmt: skip
_LEAST_SHARE = 0.001  # of either data set: an epoch has every case of both
_FIRST_KEYS = {"name", "dataset", "out", "preset", "model", "train", "extra_data"}


@dataclasses.dataclass(frozen=True)
class TrainConfig:
    """How to train.

    Args:
        steps: optimiser steps on the fields; the learning rate falls to 0 over them.
        squared_steps: steps after that at a lower rate, on the errors plus their squares, which weigh hard cases more.
        smooth_steps: steps after that at a lower rate, on the errors and on how smooth the fields are along normals of
            the walls: between a wall and the next nodes of a mesh there are no data, and fields may be wrong there.
        smooth_spacing: distance along a normal, in reference lengths, over which they shall be smooth: about a quarter
            of the way from the wall to the next nodes.
        shape_steps: steps on the signed distance before that, for an encoder that reconstructs it. The
            encoder is frozen afterwards.
        cases, points: cases a step, and random points of each.
        wall_points: how many of these are samples on walls, of which most data have few; 0 for as many as come.
        placements: number of alternative positions for the latents of a case. Every step draws one of them, so that
            what is learnt does not depend on one; answers use the first. Each takes some 20 kB a case.
        optimiser: `muon` (matrices orthogonalised, the rest by Adam) or `adam`.
        rate: peak learning rate, after `warmup` steps.
        clip: largest global norm of a gradient.
        average: decay of the exponential moving average of the weights, which is what is kept.
        validate_every: steps between readings of the validation split, which chooses the weights.
        most_cases: how many cases of the train split to learn from, drawn once; 0 for all.
        seed: of the weights and of the order of the data.
    """

    steps: int = 9000
    squared_steps: int = 0
    smooth_steps: int = 0
    smooth_spacing: float = 0.0035
    shape_steps: int = 0
    cases: int = 8
    points: int = 256
    wall_points: int = 0
    placements: int = 1
    optimiser: Literal["muon", "adam"] = "muon"
    rate: float = 5e-3
    warmup: int = 100
    clip: float = 1.0
    average: float = 0.999
    validate_every: int = 500
    most_cases: int = 0
    seed: int = 0

    def __post_init__(self):
        for name, (least, most) in _RANGES.items():
            check_number(f"train.{name}", getattr(self, name), least, most)
        if self.cases * self.points > _MOST_POINTS:
            wanted = f"at most {_MOST_POINTS:,} a step, in all its cases"
            raise ConfigError("train.points", wanted, f"{self.cases * self.points:,}")
        if self.wall_points >= self.points:
            raise ConfigError("train.wall_points", f"fewer than points = {self.points}", str(self.wall_points))
        if not 0 <= self.average < 1:
            raise ConfigError("train.average", "a decay from 0 to below 1", str(self.average))


@dataclasses.dataclass(frozen=True)
class ExtraDataConfig:
    """A second data set to learn from: its train split joins the first's, its other splits are not read.

    Args:
        dataset: its folder. It has the first's fields.
        share: about the part of the cases in training steps that come from it; at most its part of all cases.
        conditions: the conditions that all its cases were solved under, where it does not say so itself.
    """

    dataset: str
    share: float = 0.5
    conditions: dict[str, Any] = dataclasses.field(default_factory=dict)

    def __post_init__(self):
        if not _LEAST_SHARE <= self.share <= 1 - _LEAST_SHARE:
            wanted = f"a part from {_LEAST_SHARE} to {1 - _LEAST_SHARE}"
            raise ConfigError("extra_data.share", wanted, str(self.share))
        if not is_line(self.dataset) or not self.dataset:
            raise ConfigError("extra_data.dataset", "the path of a data-set folder", shown(self.dataset))


@dataclasses.dataclass(frozen=True)
class RunConfig:
    """A whole training run: data, model, settings, and the folder it lives in."""

    name: str
    dataset: Path
    out: Path
    model: ModelConfig
    train: TrainConfig
    preset: str = "fast"
    extra_data: ExtraDataConfig | None = None

    def __post_init__(self):
        if self.pretrains_encoder and self.train.placements > 1:
            raise ConfigError("train.placements", "1 where the encoder is frozen", str(self.train.placements))
        for name in ("squared_steps", "smooth_steps"):
            if self.pretrains_encoder and (steps := getattr(self.train, name)):
                raise ConfigError(f"train.{name}", "0 where the encoder is frozen", str(steps))

    @property
    def pretrains_encoder(self) -> bool:
        """Whether the encoder learns the signed distance first, and is frozen then."""
        return self.model.encoder.reconstructs and self.train.shape_steps > 0

    @classmethod
    def read(cls, path: str | os.PathLike) -> Self:
        """Read a TOML file; relative paths in it are relative to the working folder.

        Keys: `name`, `dataset`, `out`, `preset`; tables `model` (with `model.encoder`, `model.decoder`) and
        `train` override single values of the preset; table `extra_data` names a second data set. Raises
        `ConfigError` on anything unknown.
        """
        try:
            plain = tomllib.loads(read_file(path).decode())
        except OSError as error:
            raise ConfigError(str(path), "a readable file", error.strerror or "none") from error
        except DAMAGE as error:
            raise ConfigError(str(path), "a TOML file", str(error)) from error
        return cls.from_dict(plain, Path(path).stem)

    @classmethod
    def from_dict(cls, plain: Mapping[str, Any], name: str) -> Self:
        """From plain data."""
        check_keys(ConfigError, "config", plain, set(), _FIRST_KEYS)
        paths: dict[str, Any] = {"dataset": None, "name": name, "out": "runs"}
        paths |= {key: plain[key] for key in paths if key in plain}
        for key, expected in (("dataset", "the path of a data-set folder"), ("name", "text"), ("out", "a path")):
            if not is_line(paths[key]) or not paths[key]:
                raise ConfigError(key, expected, shown(paths[key]))
        out = Path(paths["out"]) if "out" in plain else Path("runs", paths["name"])
        base = plain.get("preset", cls.preset)
        tables = merge(preset(base), {k: plain[k] for k in ("model", "train") if k in plain})
        return cls(
            paths["name"], Path(paths["dataset"]), out,
            from_dict(ModelConfig, tables["model"], "model"), from_dict(TrainConfig, tables["train"], "train"), base,
            from_dict(ExtraDataConfig, plain["extra_data"], "extra_data") if "extra_data" in plain else None,
        )  # fmt: skip

    def to_dict(self) -> dict[str, Any]:
        """The settings that decide the result, as plain data, without the paths of the data sets."""
        plain = {"model": self.model.to_dict(), "train": dataclasses.asdict(self.train)}
        if self.extra_data is not None:
            plain["extra_data"] = {"share": self.extra_data.share, "conditions": self.extra_data.conditions}
        return plain


def merge(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    """Nested tables, the second over the first; a table of another `kind` replaces the whole."""
    merged = dict(base)
    for key, value in change.items():
        old = merged.get(key)
        if not isinstance(old, Mapping) or not isinstance(value, Mapping):
            merged[key] = value
        else:
            merged[key] = merge(old, value) if value.get("kind", old.get("kind")) == old.get("kind") else value
    return merged
