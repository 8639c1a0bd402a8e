"""Training on a thinned data set: it reads the drawn points and nothing else."""

import jax
import numpy as np
import pytest

from enf2enf.data import PackedData
from enf2enf.data.subsample import draw_share, subsample
from enf2enf.normalise import Normaliser
from enf2enf.train.arrays import SplitArrays, fit_normaliser

pytestmark = pytest.mark.slow

SHARE, SEED = 0.25, 2


@pytest.fixture(scope="module")
def thinned(holes, tmp_path_factory):
    out = tmp_path_factory.mktemp("subsampled") / "holes"
    subsample(holes, out, SHARE, SEED, iter)
    return PackedData.load(out, iter)


def nodes(packed, index):
    """The nodes of a case that were drawn."""
    return draw_share(SEED, packed.names[index], len(packed.points(index)), SHARE)


def test_the_normaliser_is_that_of_the_drawn_nodes(packed, thinned):
    train = packed.ids("train")
    extents = np.array([packed.geometry(index).extent for index in train])
    conditions = np.stack([packed.conditions(index) for index in train])
    drawn = (packed.values(index)[nodes(packed, index)] for index in train)
    expected = Normaliser.fit(packed.schema, extents, conditions, drawn)
    assert fit_normaliser(thinned).to_dict() == expected.to_dict()
    assert fit_normaliser(thinned).to_dict() != fit_normaliser(packed).to_dict()


@pytest.mark.parametrize("split", ["train", "validation"])
def test_the_arrays_hold_the_drawn_nodes_alone(packed, thinned, encoder, split):
    normaliser = fit_normaliser(thinned)
    full = SplitArrays.build([(packed, packed.ids(split))], normaliser, encoder, 16)
    part = SplitArrays.build([(thinned, thinned.ids(split))], normaliser, encoder, 16)
    for row, index in enumerate(packed.ids(split)):
        drawn = nodes(packed, index)
        assert part.counts[row] == len(drawn) == round(SHARE * full.counts[row]) > 0
        rows = [jax.tree.leaves((a.everything.queries, a.everything.target)) for a in (full, part)]
        for there, kept in ([leaf[row] for leaf in pair] for pair in zip(*rows, strict=True)):
            np.testing.assert_array_equal(kept[: len(drawn)], there[drawn])
            np.testing.assert_array_equal(kept[len(drawn) :], there[np.repeat(drawn[-1:], len(kept) - len(drawn))])
    for one, other in zip(*(jax.tree.leaves(arrays.everything.source) for arrays in (full, part)), strict=True):
        np.testing.assert_array_equal(one, other)
