"""The peers on small problems: what they must not notice, and what they must get exactly right."""

import json

import numpy as np
import pytest

from enf2enf import io as mesh_io
from enf2enf.data import PackedData, write_manifest
from enf2enf.errors import ConfigError
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.schema import Quantity, Schema

jax = pytest.importorskip("jax")
jnp, eqx = pytest.importorskip("jax.numpy"), pytest.importorskip("equinox")

from benchmarks.peers import lookup, train_transolver  # noqa: E402
from benchmarks.peers.cases import Cases, Scale, mirrored  # noqa: E402
from benchmarks.peers.transolver import PhysicsAttention, Transolver  # noqa: E402

pytestmark = pytest.mark.slow

NODES = 40
CALL = eqx.filter_jit(lambda model, points, valid: model(points, valid))


def cell(lobes, across):
    """A star-shaped void in the unit square, and a field without symmetry at the nodes around it."""
    angle = 2 * np.pi * np.arange(24) / 24
    spoke = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    hole = (0.2 + 0.05 * np.cos(lobes * angle + lobes))[:, None] * spoke
    square = 0.5 * spoke / np.abs(spoke).max(axis=1, keepdims=True)
    points = 0.5 + np.concatenate([hole + (square - hole) * t for t in np.linspace(0, 1, across)])
    i, j = np.meshgrid(np.arange(across - 1), np.arange(24), indexing="ij")
    a, b = (i * 24 + j).ravel(), (i * 24 + (j + 1) % 24).ravel()
    triangles = np.concatenate([np.stack([a, a + 24, b + 24], 1), np.stack([a, b + 24, b], 1)])
    stress = 2.0 + np.sin(3 * points[:, 0] + lobes) * points[:, 1]
    return Mesh(points, (CellBlock("triangle", triangles),), {}, {"stress": stress})


@pytest.fixture(scope="module")
def packed(tmp_path_factory):
    """Four cells to train on; the first again for validation; for the test its mirror image, field and all."""
    folder = tmp_path_factory.mktemp("cells")
    cells = {f"train_{lobes}": cell(lobes, 2 + lobes) for lobes in (1, 2, 3, 4)} | {"same": cell(1, 3)}
    cells["same"].point_data["number"] = np.arange(72.0)  # another file
    points = cells["same"].points * [-1, 1] + [1, 0]
    flipped = (CellBlock("triangle", cells["same"].cells[0].nodes[:, ::-1]),)
    cells["mirror"] = Mesh(points, flipped, {}, cells["same"].point_data)
    for name, mesh in cells.items():
        mesh_io.write(folder / f"{name}.vtu", mesh)
    split = {"train": [n for n in cells if n.startswith("train")], "validation": ["same"], "test": ["mirror"]}
    entries = {name: {"mesh": f"{name}.vtu", "conditions": {}} for name in cells}
    schema = Schema(2, (), (Quantity("stress", unit="Pa"),))
    write_manifest(folder, schema, entries, split, name="cells", licence="CC0-1.0")
    return PackedData.load(folder)


@pytest.fixture(scope="module")
def model():
    """A small Transolver with weights large enough for nodes to notice each other."""
    small = Transolver(width=16, heads=2, layers=2, slices=4, key=jax.random.key(0))
    return jax.tree.map(lambda leaf: 20 * leaf if leaf.ndim == 2 else leaf, small)


@pytest.fixture
def points():
    return jnp.asarray(np.random.default_rng(0).normal(size=(NODES, 2)), jnp.float32)


def test_paper_size():
    """Every layer counted by hand from the published settings."""
    attention = 3 * (128 * 128 + 128) + (16 * 64 + 64) + 3 * 16 * 16 + 8
    block = attention + 2 * (128 * 128 + 128) + 2 * 2 * 128
    whole = (2 * 256 + 256) + (256 * 128 + 128) + 128 + 8 * block + 2 * 128 + (128 + 1)
    shapes = jax.tree.leaves(eqx.filter_eval_shape(Transolver, key=jax.random.key(0)))
    assert sum(leaf.size for leaf in shapes) == whole == 713_665


def test_attention_is_the_formulas_of_the_paper(points):
    """Equations 1 to 4 with loops, in the order and the layout in which they are printed."""
    layer = PhysicsAttention(8, 2, 3, key=jax.random.key(1))
    layer = jax.tree.map(lambda leaf: 20 * leaf if leaf.ndim == 2 else leaf, layer)
    x = jnp.tile(points, (1, 4))
    place, feature = (np.asarray(jax.vmap(part)(x)) for part in (layer.place, layer.feature))
    heard = []
    for head, columns in enumerate((slice(0, 4), slice(4, 8))):
        weights = jax.nn.softmax(jax.vmap(layer.share)(place[:, columns]) / layer.temperature[head], axis=-1)
        tokens = [weights[:, j] @ feature[:, columns] / (weights[:, j].sum() + 1e-5) for j in range(3)]
        query, key, value = (np.stack([part(z) for z in tokens]) for part in (layer.query, layer.key, layer.value))
        heard.append(weights @ jax.nn.softmax(query @ key.T / 2.0, axis=-1) @ value)
    expected = jax.vmap(layer.merge)(jnp.concatenate(heard, axis=1))
    assert float(jnp.abs(expected).max()) > 1e-2
    np.testing.assert_allclose(layer(x, jnp.ones(NODES, bool)), expected, atol=1e-5)


def test_nodes_in_any_order(model, points):
    order, valid = np.random.default_rng(1).permutation(NODES), jnp.ones(NODES, bool)
    values = CALL(model, points, valid)
    assert float(values.std()) > 1e-2
    np.testing.assert_allclose(CALL(model, points[order], valid), values[order], atol=1e-5)


def test_padding_changes_nothing(model, points):
    values = CALL(model, points, jnp.ones(NODES, bool))
    padded, valid = jnp.concatenate([points, 5 + points[:7]]), jnp.arange(NODES + 7) < NODES
    np.testing.assert_allclose(CALL(model, padded, valid)[:NODES], values, atol=1e-5)
    assert float(jnp.abs(CALL(model, padded, jnp.ones(NODES + 7, bool))[:NODES] - values).max()) > 1e-3


def test_error_is_that_of_physical_units(packed, model):
    """Normalised, padded and masked, against the metric on the case itself."""
    scale = Scale.fit(packed)
    cases = Cases.build(packed, "train", scale)
    index = packed.ids("train")[0]
    truth = packed.values(index)[:, 0].astype(np.float64)
    points = jnp.asarray((packed.points(index) - scale.centre) / scale.spread, jnp.float32)
    found = np.asarray(CALL(model, points, jnp.ones(len(points), bool)), float)[:, 0]
    guess = scale.mean[0] + scale.deviation[0] * found
    assert not cases.valid[0].all()
    error = float(train_transolver.relative_error(model, cases.case(0)))
    assert error == pytest.approx(np.linalg.norm(guess - truth) / np.linalg.norm(truth), rel=1e-4)


def test_mirror_images_come_after_the_cases(packed):
    scale = Scale.fit(packed)
    one, two = Cases.build(packed, "train", scale), Cases.build(packed, "train", scale, mirror=True)
    assert len(two.shares) == 2 * len(one.shares)
    np.testing.assert_array_equal(two.target[4:], one.target)
    metres = two.inputs[4:] * scale.spread + scale.centre + (one.inputs * scale.spread + scale.centre) * [1, -1]
    np.testing.assert_allclose(metres, np.broadcast_to([1.0, 0.0], metres.shape), atol=1e-6)


def test_cycle_ends_with_the_time():
    rates = [float(train_transolver._RATE(progress * train_transolver._TICKS)) for progress in (0, 0.3, 1)]
    np.testing.assert_allclose(rates, [4e-5, 1e-3, 4e-9], rtol=1e-3)


def test_a_run_goes_on_where_it_was_saved(packed, tmp_path, model, monkeypatch):
    monkeypatch.setattr(train_transolver, "Transolver", lambda inputs, outputs, key: model)
    identity = {"data": packed.digest}
    make = lambda minutes: train_transolver.Settings(minutes, validate_every=2)  # noqa: E731
    first = train_transolver.train(make(0.01), packed, train_transolver.Folder(tmp_path, identity))
    folder = train_transolver.Folder(tmp_path, identity)
    second = train_transolver.train(make(first.seconds / 60 + 0.01), packed, folder)
    assert second.step > first.step and second.seconds > first.seconds
    curve = json.loads((tmp_path / "curve.json").read_text())["curve"]
    best = min(error for _, error in curve)
    assert curve == [list(pair) for pair in folder.curve] and curve == sorted(curve, key=lambda pair: pair[0])
    report = train_transolver.evaluate(packed, folder, "validation")
    assert report["relative_l2"] == pytest.approx(best, rel=1e-6)
    with pytest.raises(ConfigError, match="one of"):
        train_transolver.train(make(1), packed, train_transolver.Folder(tmp_path, {"data": "others"}))


def test_lookup_of_a_known_shape_is_exact(packed):
    """And so is that of its mirror image: the interpolation meets the nodes, the error is rounding."""
    for split in ("validation", "test"):
        report = lookup.evaluate(packed, split)
        assert report["nearest_shape"]["worst"] < 1e-6  # measured 1e-16
        assert report["mean_field"]["worst"] > 0.05


def test_lookup_interpolates_linear_fields_exactly(points):
    asked = np.random.default_rng(2).normal(size=(20, 2)) * 0.2
    nodes = np.asarray(points, np.float64)
    np.testing.assert_allclose(lookup.interpolate(nodes, nodes @ [2.0, -1.0], asked), asked @ [2.0, -1.0], atol=1e-12)
    assert lookup.interpolate(nodes, nodes[:, 0], np.array([[100.0, 0.0]])) == nodes[:, 0].max()


def test_mirror_is_an_involution(packed):
    index = packed.ids("train")[0]
    points = packed.points(index)
    np.testing.assert_allclose(mirrored(packed, index, mirrored(packed, index, points)), points, atol=1e-15)
