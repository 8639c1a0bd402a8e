"""The metrics of AirfRANS on files of its layout: each follows from what the guess was off by."""

import json

import airfrans_files
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks import ml4cfd
from benchmarks.airfrans import CHANNELS, Scores, figures_of, measure, scores_of, variances
from enf2enf.cli import main
from enf2enf.data.airfrans.convert import convert
from enf2enf.data.cache import PackedData
from enf2enf.errors import QueryError
from enf2enf.io import read

OFF = st.floats(-0.5, 0.5)


def quietly(items):
    return items


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    public = tmp_path_factory.mktemp("airfrans") / "Dataset"
    airfrans_files.write_folder(public)
    return public


@pytest.fixture(scope="module")
def packed(folder):
    return PackedData.load(convert(folder, folder.parent / "full", "full", quietly).parent, quietly)


@pytest.fixture(scope="module")
def scales(packed):
    return variances(packed)


def columns(packed, name):
    return dict(zip(packed.schema.field_columns.names, packed.schema.field_columns.slices, strict=True))[name]


def test_the_variances_are_those_of_all_nodes_of_the_train_cases(folder, packed, scales):
    """`coef_norm` of the data set's own code: over all nodes of the files, those on the wall among them."""
    files = [read(folder / name / f"{name}_internal.vtu") for name in (packed.names[k] for k in packed.ids("train"))]
    every = np.concatenate([np.column_stack([f.point_data[key] for key in ("U", "p", "nut")]) for f in files])
    assert len(files) == 2 and every.shape[1] == 4
    np.testing.assert_allclose(scales, every.var(axis=0), rtol=1e-6)


@settings(max_examples=10)
@given(st.lists(OFF, min_size=4, max_size=4), OFF)
def test_errors_of_fields_are_what_the_guess_is_off_by(packed, scales, off, on_wall):
    def guess(index):
        found = packed.values(index).astype(np.float64)
        found[:, :4] += np.sqrt(scales) * off
        found[:, columns(packed, "wall_pressure")] += on_wall * np.sqrt(scales[2])
        return found

    scores = scores_of(packed, packed.ids("test"), guess, scales)
    np.testing.assert_allclose(scores.volume, np.square([off, off]), atol=1e-9)
    np.testing.assert_allclose(scores.surface, on_wall**2, atol=1e-9)
    figures = figures_of(scores)
    assert figures["volume z-MSE, mean of the four"] == pytest.approx(np.square(off).mean(), abs=1e-9)
    assert figures["surface z-MSE, pressure"] == pytest.approx(on_wall**2, abs=1e-9)
    assert figures["surface z-MSE, over four channels, three of them zero"] == pytest.approx(on_wall**2 / 4, abs=1e-9)
    nodes, share = 6040, 120 / 6040  # of a case, and of these on the wall, where only the pressure may be off
    assert scores.nodes.tolist() == [[nodes - 120, 120]] * 2
    expected = np.square(off) * (1 - share) + [0, 0, on_wall**2 * share, 0]
    np.testing.assert_allclose([scores.pooled[name] for name in CHANNELS], expected, atol=1e-9)


@settings(max_examples=10)
@given(st.floats(-0.9, 3))
def test_a_wall_that_is_loaded_so_much_more_lifts_and_drags_so_much_more(packed, scales, more):
    def guess(index):
        found = packed.values(index).astype(np.float64)
        for name in ("wall_pressure", "wall_shear"):
            found[:, columns(packed, name)] *= 1 + more
        return found

    scores = scores_of(packed, packed.ids("validation"), guess, scales)
    assert scores.forces["lift"] == pytest.approx(abs(more), abs=1e-9)
    assert scores.forces["drag"] == pytest.approx(abs(more), abs=1e-9)
    lift, drag = scores.loads[0, :, 1]
    flow = airfrans_files.stored()
    assert lift == pytest.approx(float(flow["Cl"]), rel=2e-3) and drag == pytest.approx(float(flow["Cd"]), rel=0.03)


def test_no_node_may_be_left_out(packed, scales):
    def guess(index):
        found = packed.values(index).astype(np.float64)
        found[:3] = np.nan
        return found

    with pytest.raises(
        QueryError, match=r"^nodes of case 'airFoil2D.*': expected all of them in the box .*, got 3 out"
    ):
        scores_of(packed, packed.ids("test"), guess, scales)


@settings(max_examples=30)
@given(st.lists(st.tuples(st.floats(0.1, 9), st.floats(-9, 9)), min_size=3, max_size=9, unique_by=(lambda t: t[0],)))
def test_forces_are_ranked(pairs):
    truth, off = np.array(pairs).T
    for found, rho in ((truth**3, 1.0), (-truth, -1.0), (np.ones(len(truth)), 0.0)):
        loads = np.stack([np.stack([found, truth], axis=1), np.stack([2 * truth, truth], axis=1)], axis=1)
        scores = Scores(np.ones((len(truth), 4)), off, np.ones((len(truth), 2), int), loads, off)
        assert scores.forces["rho_lift"] == pytest.approx(rho) and scores.forces["rho_drag"] == pytest.approx(1)
        assert scores.forces["lift"] == pytest.approx(np.mean(np.abs(1 - found / truth)))
        assert scores.forces["drag"] == pytest.approx(1)


EXAMPLE = {"u": 0.03, "v": 0.03, "p": 0.01, "nut": 0.08, "surface": 0.27, "rho_drag": 0.2, "rho_lift": 0.6,
           "drag": 0.18, "lift": 0.25}  # fmt: skip
ELSEWHERE = {"u": 0.08, "v": 0.07, "p": 0.055, "nut": 0.06, "surface": 0.45, "rho_drag": 0.1, "rho_lift": 0.6,
             "drag": 0.28, "lift": 0.35}  # fmt: skip


def test_the_score_of_the_published_example():
    """Of `5_Scoring.ipynb`: of the fields nut alone is acceptable; drag is great, lift acceptable; elsewhere nut is
    acceptable and drag great. 1,300 times the solver's speed."""
    found = ml4cfd.score(EXAMPLE, 1300, ELSEWHERE)
    speed = np.log10(1300) / 4
    assert found["ML"] == pytest.approx(0.75 * 1 / 10 + 0.25 * speed)
    assert found["Physics"] == pytest.approx(3 / 8)
    assert found["OOD"] == pytest.approx(0.75 * 3 / 18 + 0.25 * speed)
    assert found["total"] == pytest.approx(31.62, abs=0.01)
    assert set(ml4cfd.score(EXAMPLE, 1300)) == {"ML", "Physics"}


@given(st.floats(0, 1), st.floats(1, 1e9), st.sampled_from(sorted(EXAMPLE)))
def test_the_score_grows_with_what_is_better_up_to_100(better, speed_up, name):
    improved = 1 - better * (1 - EXAMPLE[name]) if name in ml4cfd.RANKS else better * EXAMPLE[name]
    before, after = (
        ml4cfd.score(errors, speed_up, errors)["total"] for errors in (EXAMPLE, EXAMPLE | {name: improved})
    )
    assert 0 <= before <= after <= 100
    best = dict.fromkeys(EXAMPLE, 0.0) | dict.fromkeys(ml4cfd.RANKS, 1.0)
    assert ml4cfd.score(best, 1e9, best)["total"] == pytest.approx(100)


@pytest.mark.slow
@pytest.mark.parametrize("task", ["scarce", "full"])
def test_the_example_trains_on_the_public_files_and_is_measured(root, folder, task):
    """Of any task, by its name and folder in the file; a few steps."""
    data, run, config = (folder.parent / task / name for name in ("data", "run", "config.toml"))
    assert main(["dataset", "airfrans", str(folder), "--task", task, "--out", str(data)]) == 0
    text = (root / "examples" / "airfrans.toml").read_text()
    text = text.replace('"data/airfrans-scarce"', f"{json.dumps(str(data))}\nout = {json.dumps(str(run))}")
    before, after = text.split("squared_steps = 1500")
    config.write_text(f"{before}squared_steps = 2\nsteps = 2{after}")
    assert main(["train", str(config)]) == 0
    figures = measure(run, data, "test")
    assert len(figures) > 10 and all(np.isfinite(value) for value in figures.values())
