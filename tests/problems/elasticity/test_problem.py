"""What the Elasticity problem says of itself."""

import tomllib

import pytest

from enf2enf.errors import ConfigError
from enf2enf.geometry.frames import FrameConfig
from enf2enf.problems.campaign import Plan
from enf2enf.problems.elasticity.problem import Elasticity
from enf2enf.settings import from_dict


@pytest.mark.parametrize("example", ["elasticity", "elasticity_varied"])
def test_the_examples_see_it_in_its_frames(root, example):
    frames = tomllib.loads((root / "examples" / f"{example}.toml").read_text())["model"]["frames"]
    assert from_dict(FrameConfig, frames, "frames") == Elasticity().frames


def test_a_data_set_is_named_by_its_load_and_says_how_it_was_made():
    fixed, varied = (Plan(Elasticity(load), 1200, 0, 12) for load in ("fixed", "varied"))
    assert (fixed.title(), varied.title()) == ("elasticity", "elasticity-varied")
    assert fixed.command() == "enf2enf generate elasticity --cases 1200 --seed 0 --load fixed"
    assert varied.command() == "enf2enf generate elasticity --cases 1200 --seed 0 --load varied"
    assert "dead traction (0, 100) Pa, on the top side" in fixed.problem.describe(3)
    assert "replaced by the next: 3 times." in varied.problem.describe(3)
    assert "redraw" not in fixed.problem.describe(3) and "next" not in fixed.problem.describe(3)
    assert not fixed.problem.schema.conditions
    assert [quantity.name for quantity in varied.problem.schema.conditions] == ["traction"]


def test_another_load_is_refused():
    with pytest.raises(ConfigError, match="load: expected fixed or varied, got 'light'"):
        Elasticity("light")
