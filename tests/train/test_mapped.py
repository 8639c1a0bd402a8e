"""Runs whose points do not fit into memory: they are read from a file, and nothing else is different."""

import dataclasses
import sys
from pathlib import Path

import hypothesis.strategies as st
import jax
import numpy as np
import pytest
from hypothesis import given

from enf2enf.data.mapped import is_mapped
from enf2enf.train import arrays
from enf2enf.train.arrays import SplitArrays, spread
from enf2enf.train.loop import Trainer
from enf2enf.train.measured import point_type
from enf2enf.train.stages import wall_spacing

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def run(finished, tmp_path_factory):
    """A run before its first step that holds no more than so many points in memory."""

    def make(packed, most):
        config = dataclasses.replace(finished[0], out=tmp_path_factory.mktemp("runs"))
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(arrays, "LARGE", most * point_type(packed.schema).itemsize)
            trainer = Trainer(config, packed, quiet=True)
        assert not list(config.out.iterdir()), "the points are in a file without a name"
        return trainer

    return make


@pytest.fixture(scope="module")
def two(run, packed):
    """The same run with its points in memory, and in a file."""
    total = 16 * int(packed.counts.max())  # with their images
    in_memory, in_file = run(packed, total), run(packed, total - 1)
    assert [is_mapped(each.data.everything.target) for each in (in_memory, in_file)] == [False, True]
    return in_memory, in_file


@given(step=st.integers(0, 10**6), panels=st.sampled_from([0, 3]))
def test_batches_are_the_same_to_the_bit(two, step, panels):
    stage = dataclasses.replace(two[0].stages[0], panels=panels)
    one, other = (jax.tree.leaves(trainer.batch(stage, trainer.data, step)) for trainer in two)
    assert len(one) == len(other) > 7
    for here, there in zip(one, other, strict=True):
        assert not is_mapped(there) and here.dtype == there.dtype
        assert here.tobytes() == there.tobytes()


def resident(folder: Path) -> int:
    """kB in memory of what is mapped from below a folder."""
    mappings, mine = Path("/proc/self/smaps").read_text().splitlines(), False
    sizes = []
    for line in mappings:
        if "-" in line.split()[0]:
            mine = str(folder) in line
        elif mine and line.startswith("Rss:"):
            sizes.append(int(line.split()[1]))
    return sum(sizes)


@pytest.mark.skipif(sys.platform != "linux", reason="counts pages as Linux does")
def test_a_batch_leaves_nothing_in_memory(two):
    trainer = two[1]
    stage, data = trainer.stages[0], trainer.data
    assert np.isfinite(data.everything.queries.distance).all()
    assert resident(trainer.config.out) > 0
    trainer.batch(stage, data, 0)
    assert resident(trainer.config.out) == 0
    wall_spacing(data)
    assert resident(trainer.config.out) == 0


@given(count=st.integers(1, 2000), points=st.integers(1, 10**6), size=st.integers(1, 100))
def test_some_cases_stand_for_all(count, points, size):
    """All that are no more than may be; else as many as that, the first and the last, the same way apart."""
    some, most = spread(count, points, size), max(1, arrays.LARGE // (points * size))
    assert len(some) == min(count, most)
    gaps = np.diff(some)
    assert some[0] == 0 and (len(some) == 1 or (some[-1] == count - 1 and np.ptp(gaps) <= 1 and gaps.min() > 0))


@pytest.mark.parametrize("cases", [1, 3, 5])
def test_the_spacing_of_samples_is_that_of_some_cases(packed, two, cases, monkeypatch):
    ids, data = packed.ids("train"), two[1].data
    monkeypatch.setattr(arrays, "LARGE", cases * int(packed.counts.max()) * point_type(packed.schema).itemsize)
    assert len(data.some) == cases
    found = wall_spacing(data)
    images = [(packed, ids[[case % len(ids)]]) for case in data.some]  # a mirror image is as far from its wall
    monkeypatch.undo()
    model = two[1].surrogate
    few = SplitArrays.build(images, model.normaliser, model.model.encoder, two[1].config.model.panels)
    assert found == pytest.approx(wall_spacing(few), rel=1e-6)
    assert cases == 5 or found != wall_spacing(data)
