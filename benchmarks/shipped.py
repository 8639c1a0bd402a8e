"""The shipped surrogate, a shipped mesh, and variants of its architecture with random weights."""

import dataclasses
import functools

import numpy as np

import enf2enf_meshes
from enf2enf import load
from enf2enf.geometry import Geometry
from enf2enf.inference.encoding import Encoding
from enf2enf.io import read_bytes
from enf2enf.mesh import Mesh
from enf2enf.model.config import ModelConfig
from enf2enf.problems.elasticity.void import Void
from enf2enf.settings import from_dict, preset
from enf2enf.surrogate import Surrogate

MESH_NAME = "unit_cell.vtu"


@functools.cache
def surrogate() -> Surrogate:
    """The shipped one."""
    return load("elasticity")


@functools.cache
def mesh_bytes() -> bytes:
    """A unit cell of about 1,000 nodes, as a VTU file."""
    return enf2enf_meshes.path("unit_cell_vtu").read_bytes()


def mesh() -> Mesh:
    """The same, read."""
    return read_bytes(mesh_bytes(), MESH_NAME)


def unit_cell(void: Void, sides: int, phase: float = 0.0) -> Geometry:
    """The unit square around a void whose wall is cut into so many sides, see `Void.evenly`."""
    square = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
    return Geometry.of((void.wall(void.evenly(sides, phase)),), square)


def paper() -> Surrogate:
    """The published arithmetic, untrained, on the shipped normaliser."""
    return Surrogate.untrained(from_dict(ModelConfig, preset("paper")["model"], "model"), surrogate().normaliser)


def with_latents(grid: int, wall: int, window: float) -> Surrogate:
    """The shipped architecture with another number of latents, untrained."""
    config = surrogate().config
    encoder = dataclasses.replace(config.encoder, grid=grid, wall=wall, window=window, wall_window=window)
    return Surrogate.untrained(dataclasses.replace(config, encoder=encoder), surrogate().normaliser)


def encoded(model: Surrogate) -> Encoding:
    """The shipped mesh in a surrogate's latents."""
    return model.encode(mesh())


def points(encoding: Encoding, count: int) -> np.ndarray:
    """Points all over the bounds of a geometry, about a fifth of them in its void."""
    return np.random.default_rng(0).uniform(*encoding.geometry.bounds, (count, 2))
