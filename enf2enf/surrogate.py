"""The public face: physical units in, physical units out."""

import functools
import hashlib
import json
import time
from collections.abc import Mapping, Sequence
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from enf2enf.data.case import Case, Conditions
from enf2enf.errors import GeometryError, QueryError
from enf2enf.field import Field
from enf2enf.geometry import Geometry
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.frames import PanelOptions
from enf2enf.inference.encoding import Encoding, View, encode_panels, panels_from
from enf2enf.inference.evaluator import CHUNK, SMALL, FieldEvaluator
from enf2enf.mesh import Mesh
from enf2enf.model.config import ModelConfig
from enf2enf.model.network import Network
from enf2enf.normalise import Normaliser
from enf2enf.precision import single
from enf2enf.prediction import Prediction
from enf2enf.schema import Schema
from enf2enf.threads import map_in_threads


class Surrogate:
    """A trained model with everything it needs to answer in SI units.

    Args:
        model: the network, on normalised numbers.
        config: what built it.
        normaliser: fitted on the train split.
        provenance: data set, licence, metrics, training settings: plain data.
    """

    def __init__(self, model: Network, config: ModelConfig, normaliser: Normaliser, provenance: Mapping[str, Any]):
        self.model, self.config, self.normaliser = model, config, normaliser
        self.provenance = dict(provenance)

    @classmethod
    @single
    def untrained(cls, config: ModelConfig, normaliser: Normaliser, seed: int = 0) -> "Surrogate":
        """A surrogate with random weights, for training and for tests of everything but accuracy."""
        model = config.build(normaliser.schema, normaliser.condition_features, key=jax.random.key(seed))
        return cls(model, config, normaliser, {"name": "untrained", "seed": seed})

    @property
    def schema(self) -> Schema:
        """What it needs, what it returns."""
        return self.normaliser.schema

    @property
    def chunk_points(self) -> int:
        """The number of points that are decoded at a time."""
        return CHUNK

    @functools.cached_property
    def version(self) -> str:
        """A hash of the weights and of all that decides an answer."""
        digest = hashlib.sha256()
        plain = {"config": self.config.to_dict(), "normaliser": self.normaliser.to_dict()}
        digest.update(json.dumps(plain, sort_keys=True).encode())
        for path, leaf in jax.tree_util.tree_leaves_with_path(eqx.filter(self.model, eqx.is_array)):
            digest.update(jax.tree_util.keystr(path).encode() + np.asarray(leaf).tobytes())
        return digest.hexdigest()[:16]

    @property
    def card(self) -> dict[str, Any]:
        """The model card: plain data."""
        leaves = jax.tree.leaves(eqx.filter(self.model, eqx.is_inexact_array))
        low, high = self.normaliser.condition_low, self.normaliser.condition_high
        return self.provenance | {  # which may claim nothing of what follows
            "version": self.version,
            "schema": self.schema.to_dict(),
            "reference_length": self.normaliser.length,
            "extents": list(self.normaliser.extents),
            "condition_low": low.tolist(),
            "condition_high": high.tolist(),
            "magnitude_low": self.normaliser.magnitude_low.tolist(),
            "magnitude_high": self.normaliser.magnitude_high.tolist(),
            "parameters": sum(leaf.size for leaf in leaves),
            "config": self.config.to_dict(),
        }

    def geometry_of(self, mesh: Mesh, walls: Sequence[str] = ()) -> Geometry:
        """The geometry of a mesh, refused if it is no geometry of the kind this surrogate was trained on.

        Args:
            mesh: coordinates in metres.
            walls: patch names of the walls; without any, the inner boundaries are the walls.

        Raises:
            GeometryError: no walls, no outer boundary, wrong dimension, or a size far from the training range.
        """
        geometry = Geometry.from_mesh(mesh, walls)
        self._check(geometry)
        return geometry

    def _check(self, geometry: Geometry) -> None:
        if geometry.outer is None:
            raise GeometryError("geometry", "an outer boundary around the walls", "walls only")
        self.normaliser.check_extent(geometry.extent)

    @property
    def panel_options(self) -> PanelOptions:
        """What the model sees of a geometry."""
        return PanelOptions(self.config.panels, self.normaliser.length, self.config.frames)

    def encode(self, geometry: Geometry, panels: Float[np.ndarray, "frames panels dim dim"] | None = None) -> Encoding:
        """Encode once per geometry. Deterministic.

        Args:
            geometry: the geometry.
            panels: its panels where `panel_options` made them before, which is all that takes work besides the model.

        Raises:
            GeometryError: as `geometry_of` does.
        """
        self._check(geometry)
        frames = self.config.frames.of(geometry, self.normaliser.length)
        seen = [(frame, None if panels is None else panels[number]) for number, frame in enumerate(frames)]
        return Encoding(geometry, tuple(map_in_threads(functools.partial(self._view, geometry), seen)))

    def _view(self, geometry: Geometry, seen: tuple[Frame, Float[np.ndarray, "panels dim dim"] | None]) -> View:
        frame, made = seen
        vertices = geometry.panels(self.config.panels, frame) if made is None else made
        panels = panels_from(vertices, geometry, frame)
        return View(frame, panels, jax.block_until_ready(encode_panels(self.model, panels)))

    def check_conditions(self, conditions: Conditions) -> tuple[str, ...]:
        """Names of the conditions outside the training range. Raises `ConditionError` on bad ones."""
        return self.normaliser.extrapolating(self.normaliser.condition_row(conditions))

    def decode(self, encoding: Encoding, conditions: Conditions, points: ArrayLike) -> Prediction:
        """The fields at any points, float32, in SI units; NaN inside bodies and outside the domain.

        Args:
            encoding: of the geometry, from `encode`.
            conditions: name -> number, or one number per dimension for a vector.
            points: coordinates in metres, (points, dim).

        Raises:
            ConditionError: unknown, missing or non-finite conditions.
            QueryError: points that are not a finite array (points, dim).
        """
        row, points = self.normaliser.condition_row(conditions), self._checked(points)
        began = time.perf_counter()
        field = self.field(points, FieldEvaluator(self.model, self.normaliser, encoding, row)(points))
        seconds = time.perf_counter() - began
        return Prediction(field, field.outside, self.normaliser.extrapolating(row), encoding, points, seconds)

    def evaluator(self, encoding: Encoding, conditions: Conditions) -> FieldEvaluator:
        """A geometry under conditions, prepared to be asked again and again. Raises as `decode` does."""
        return FieldEvaluator(self.model, self.normaliser, encoding, self.normaliser.condition_row(conditions))

    def _checked(self, points: ArrayLike) -> Float[np.ndarray, "points dim"]:
        points = np.asarray(points, np.float64)
        if points.ndim != 2 or points.shape[1] != self.schema.dim:
            raise QueryError("points", f"an array (points, {self.schema.dim})", f"shape {points.shape}")
        if len(bad := np.flatnonzero(~np.isfinite(points).all(axis=1))):
            raise QueryError("points", "finite coordinates", f"{points[bad[0]].tolist()} at point {bad[0]}")
        return points

    def field(self, points: Float[np.ndarray, "points dim"], values: Float[np.ndarray, "points components"]) -> Field:
        """What an evaluator gives at points, by the names of the fields."""
        return Field(points, self.schema.field_columns.split(values))

    def predict(self, case: Case, points: ArrayLike | None = None) -> Prediction:
        """Encode and decode; at the case's own points if none are given."""
        if points is None:
            if case.field is None:
                raise QueryError("points", "query points, or a case with points of its own", "neither")
            points = case.field.points
        return self.decode(self.encode(case.geometry), case.conditions, points)

    def warm_up(self) -> None:
        """Compile every program that a request can need."""
        half = self.normaliser.length / 2
        square = half * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
        encoding = self.encode(Geometry.of((square / 2,), square))
        evaluator = FieldEvaluator(self.model, self.normaliser, encoding, self.normaliser.condition_high)
        for points in (1, SMALL):
            evaluator.chunk(np.resize(square, (points, 2)))
