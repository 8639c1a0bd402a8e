"""What is learnt from is in no other split: neither a family of sections, nor a section under another name."""

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from benchmarks.aerofoil_data import ALIKE, CALIBRATING, SHOWN, apart, campaigns, family

PARTS = ("train", "validation", "calibration", "test")


@settings(max_examples=5)
@given(st.integers(0, 1000))
def test_no_family_is_in_two_splits(tmp_path_factory, seed):
    """Of all campaigns whose sections are of a file and not named by hand, those at angles near separation too."""
    random, out = np.random.default_rng(seed), tmp_path_factory.mktemp("flows")
    starts = ["".join(chr(97 + number // 26**k % 26) for k in range(3)) for number in random.permutation(26**3)[:450]]
    members = ([f"{start}{digit}{end}" for digit, end in zip("257", ("", "a", "sm"), strict=True)] for start in starts)
    names = [SHOWN, *CALIBRATING, *(name for own in members for name in own[: random.integers(1, 4)])]
    heights = random.uniform(0.02, 0.2, len(names))
    x = np.concatenate([np.linspace(1, 0, 40), np.linspace(0, 1, 40)[1:]])
    half = np.sqrt(x) * (1 - x) * np.where(np.arange(len(x)) < 40, 1, -1)
    points = np.stack([np.broadcast_to(x, (len(names), len(x))), heights[:, None] * half], axis=-1)
    np.savez(out / "sections.npz", points=points, names=np.array(names))
    where: dict[str, set[str]] = {}
    for campaign in campaigns(out / "sections.npz", None, out):
        if file := getattr(campaign.problem, "points", ""):
            own = np.load(file)["names"].tolist()
            assert len(set(campaign.splits)) == 1 and own
            for name in () if campaign.folder == "calibration" else own:
                where.setdefault(family(name), set()).add(campaign.splits[0])
    assert set.union(*where.values()) == set(PARTS)
    assert all(len(parts) == 1 for parts in where.values())
    assert family(SHOWN) not in where


@settings(max_examples=30)
@given(st.integers(0, 1000), st.lists(st.tuples(st.integers(0, 19), st.floats(0, 3)), max_size=8))
def test_walls_that_another_split_has_too_are_not_learnt_from(seed, twins):
    """The farthest point of a twin is so many times as far off as those that are one section."""
    assume(all(abs(off - 1) > 1e-9 for _, off in twins))
    random = np.random.default_rng(seed)
    split = {part: [f"{part}_{number}" for number in range(5)] for part in PARTS[1:]}
    split["train"] = [f"train_{number}" for number in range(20)]
    walls = {name: random.uniform(size=(120, 2)) for names in split.values() for name in names}
    twin = dict(twins)
    for number, off in twin.items():
        shift = random.uniform(-1, 1, (120, 2))
        shift *= off * ALIKE / np.abs(shift).max()
        walls[f"train_{number}"] = walls[f"{PARTS[1 + number % 3]}_{number % 5}"] + shift
    expected = [f"train_{number}" for number in range(20) if twin.get(number, 2.0) > 1]
    assert apart(walls, split) == expected
