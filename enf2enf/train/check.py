"""What can be known of a run before anything is packed, measured or written."""

import functools
import os
from pathlib import Path

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, PyTree

from enf2enf.data.cache import PackedData, stated
from enf2enf.data.case import identity
from enf2enf.data.completion import completion
from enf2enf.data.split import SPLITS
from enf2enf.data.trainable import check_extents
from enf2enf.errors import ConditionError, ConfigError, DatasetError, Enf2EnfError
from enf2enf.files import check_folder
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.frames import FrameConfig
from enf2enf.model.config import ModelConfig
from enf2enf.model.network import Network
from enf2enf.model.panels import Panels
from enf2enf.model.queries import queries_at
from enf2enf.normalise import condition_features
from enf2enf.plain import DAMAGE, one_line
from enf2enf.schema import Schema
from enf2enf.train.config import RunConfig

_COPIES = 6  # of the weights: themselves, their average, gradient, update and the optimiser's two moments
_POINTS = 64
_BEYOND = 0.1  # of a case's samples: so many may lie outside what the network covers


def check_run(config: RunConfig) -> None:
    """Refuse a run whose folder, data, model or sizes cannot be, from its configuration and the manifests alone.

    Raises:
        ConfigError, ConditionError, DatasetError, SchemaError: naming what is wrong.
    """
    _check_out(config.out)
    manifest = stated(config.dataset)
    schema, counts = Schema.from_dict(manifest["schema"]), [len(manifest["split"]["train"])]
    config.model.frames.check(schema)
    if config.extra_data is not None:
        more = stated(config.extra_data.dataset)
        completion(more["name"], Schema.from_dict(more["schema"]), schema, config.extra_data.conditions)
        counts.append(len(more["split"]["train"]))
    model, measured = traced(config.model, schema)
    _check_memory("model", "weights of which all that training keeps", _COPIES * _bytes(model))
    images = config.train.placements * config.model.frames.count * sum(counts)
    _check_memory("train.placements", "so many that what is measured on all geometries", images * _bytes(measured))


def check_sizes(*data: PackedData) -> None:
    """Refuse data sets one of whose cases is given in another unit than the others; caches may come from anywhere."""
    names = [name for packed in data for name in packed.names]
    check_extents(names, [packed.geometry(index).extent for packed in data for index in range(packed.case_count)])


def check_apart(packed: PackedData, more: PackedData) -> None:
    """Refuse a second data set that trains on a case (shape and conditions) that the first one holds back.

    Args:
        packed: the data set.
        more: another one to learn from, in the same schema.

    Raises:
        DatasetError: naming the case.
    """
    held = {_identity(packed, i): (i, split) for split in SPLITS if split != "train" for i in packed.ids(split)}
    for index in more.ids("train"):
        if (same := held.get(_identity(more, index))) is not None:
            label = f"extra_data, case {more.names[index]!r}"
            got = f"{packed.names[same[0]]!r} of the {same[1]} split again"
            raise DatasetError(label, "one that the data set does not hold back", got)


def _identity(packed: PackedData, index: int) -> str:
    return identity(packed.geometry(index), packed.schema.condition_columns.split(packed.conditions(index)))


def check_frames(frames: FrameConfig, length: float | None, *data: PackedData) -> None:
    """Refuse a case without a direction that its frames follow, and a training case that the frames' box misses.

    Args:
        frames: of the model.
        length: the reference length in metres; the mean extent of the first data set's training geometries if None.
        data: the data sets.

    Raises:
        DatasetError: naming the case.
    """
    if length is None:
        length = float(np.mean([data[0].geometry(index).extent for index in data[0].ids("train")]))
    for packed in data:
        trained = set(packed.ids("train").tolist())
        for index, name in enumerate(packed.names):
            try:
                axes = frames.axes(packed.schema, packed.conditions(index))[0]
            except ConditionError as error:
                raise DatasetError(f"case {name!r}, {error.name}", error.expected, error.got) from error
            if index in trained and frames.box:
                _check_box(
                    f"case {name!r}", frames, frames.of(packed.geometry(index), length, [axes])[0], packed, index
                )


def _check_box(label: str, frames: FrameConfig, frame: Frame, packed: PackedData, index: int) -> None:
    walls = np.concatenate(packed.geometry(index).walls)
    for what, points, most in (("walls", walls, 0.0), ("samples", packed.points(index), _BEYOND)):
        beyond = float(np.logical_not(frame.holds(points, np.array(frames.box))).mean())
        if beyond > most:
            wanted = f"{what} within frames.box" + (f", but for {most:.0%}" if most else "")
            raise DatasetError(label, wanted, f"{beyond:.1%} beyond it")


@functools.lru_cache(maxsize=32)
def traced(config: ModelConfig, schema: Schema) -> tuple[PyTree, PyTree]:
    """The shapes of a model and of what its encoder measures on one geometry, once all of it was tried on shapes.

    Raises:
        ConfigError: parts that do not fit each other.
    """
    inputs = condition_features(schema)
    try:
        model = eqx.filter_eval_shape(lambda key: config.build(schema, inputs, key=key), jax.random.key(0))
        return model, eqx.filter_eval_shape(functools.partial(_forward, config.panels, inputs), model)
    except DAMAGE as error:
        if isinstance(error, Enf2EnfError):
            raise
        raise ConfigError("model", "parts that fit each other", one_line(str(error))[:160]) from error


def _forward(panels: int, inputs: int, model: Network) -> PyTree:
    """What is measured, after the fields of some points were computed from it."""
    ends = jnp.zeros((panels, 2, 2))
    shape = Panels(ends, jnp.zeros(panels, jnp.int32), ends, jnp.ones((2, 2)))
    measured = model.encoder.measure(shape)
    prepared = model.decoder.condition(model.encoder(measured), jnp.zeros(inputs))
    _: Array = model.decoder(prepared, queries_at(shape, jnp.zeros((_POINTS, 2))))
    return measured


def _bytes(shapes: PyTree) -> int:
    arrays = [leaf for leaf in jax.tree.leaves(shapes) if isinstance(leaf, jax.ShapeDtypeStruct)]
    return sum(leaf.size * leaf.dtype.itemsize for leaf in arrays)


def _check_memory(name: str, what: str, size: int) -> None:
    most = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    if size > most:
        raise ConfigError(name, f"{what} fits into {most / 2**30:.3g} GiB of memory", f"{size / 2**30:.3g} GiB")


def _check_out(out: Path) -> None:
    try:
        check_folder(out, ConfigError)
    except ConfigError as error:
        raise ConfigError("out", error.expected, f"{error.name}: {error.got}") from None
