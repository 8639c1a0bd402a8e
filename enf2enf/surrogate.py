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

from enf2enf.assessment import Ranges
from enf2enf.data.case import Case, Conditions
from enf2enf.errors import GeometryError, QueryError
from enf2enf.field import Field
from enf2enf.geometry import Geometry
from enf2enf.geometry.familiar import TURNS, describe, in_frame
from enf2enf.geometry.frame import Frame
from enf2enf.inference.encoding import Encoding, View, encode_panels, panels_from
from enf2enf.inference.evaluator import CHUNK, SMALL, FieldEvaluator
from enf2enf.mesh import Mesh
from enf2enf.model.config import ModelConfig
from enf2enf.model.network import Network
from enf2enf.model.panels import Panels
from enf2enf.normalise import Normaliser
from enf2enf.precision import single
from enf2enf.prediction import Prediction
from enf2enf.schema import Schema


class Surrogate:
    """A trained model with everything it needs to answer in SI units.

    Args:
        model: the network, on normalised numbers.
        config: what built it.
        normaliser: fitted on the train split.
        provenance: data set, licence, metrics, training settings: plain data.
        shapes: where the numbers that describe the training shapes were; none where that is not known.
    """

    def __init__(
        self, model: Network, config: ModelConfig, normaliser: Normaliser, provenance: Mapping[str, Any],
        shapes: Ranges | None = None,
    ):  # fmt: skip
        self.model, self.config, self.normaliser, self.shapes = model, config, normaliser, shapes
        self.provenance = dict(provenance)

    @classmethod
    @single
    def untrained(
        cls, config: ModelConfig, normaliser: Normaliser, seed: int = 0, shapes: Ranges | None = None
    ) -> "Surrogate":
        """A surrogate with random weights, for training and for tests of everything but accuracy."""
        model = config.build(normaliser.schema, normaliser.condition_features, key=jax.random.key(seed))
        return cls(model, config, normaliser, {"name": "untrained", "seed": seed}, shapes)

    def with_weights(self, model: Network, provenance: Mapping[str, Any]) -> "Surrogate":
        """The same with other weights."""
        return Surrogate(model, self.config, self.normaliser, provenance, self.shapes)

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
        if self.shapes is not None:
            plain["shapes"] = self.shapes.to_dict()
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
            "shapes": None if self.shapes is None else self.shapes.to_dict(),
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
        geometry = Geometry.from_mesh(mesh, walls, self.schema.outer_is_far)
        self._check(geometry)
        return geometry

    def _check(self, geometry: Geometry) -> None:
        roles = {boundary.role for boundary in geometry.boundaries}
        if geometry.outer is None and not self.schema.outer_is_far:
            raise GeometryError("geometry", "an outer boundary around the walls", "walls only")
        if (strange := "other" if self.schema.outer_is_far else "far") in roles:
            wanted = "far" if self.schema.outer_is_far else "other or wall"
            raise GeometryError("role of the outer boundary", f"{wanted}, as in the training data", strange)
        self.normaliser.check_extent(geometry.extent)

    def encode(self, geometry: Geometry, described: Mapping[str, float] | None = None) -> Encoding:
        """Encode once per geometry. Deterministic.

        Where frames follow the conditions (an inflow), the network has its turn at the first question of a direction.

        Args:
            geometry: the geometry.
            described: what `describe` says of it, where that is known already.

        Raises:
            GeometryError: as `geometry_of` does, or more walls than there are panels for.
        """
        self._check(geometry)
        encoding = Encoding(geometry, describe(geometry, self.normaliser.length) if described is None else described)
        if not self.config.frames.follows_conditions:
            self.views(encoding, np.zeros(self.schema.condition_width))
        return encoding

    def views(self, encoding: Encoding, row: Float[np.ndarray, " inputs"]) -> tuple[View, ...]:
        """A geometry in its frames under conditions, as `condition_row` returns them."""
        return encoding.at(self._frames(encoding.geometry, row), functools.partial(self._view, encoding.geometry))

    def _frames(self, geometry: Geometry, row: Float[np.ndarray, " inputs"]) -> tuple[Frame, ...]:
        frames = self.config.frames
        return frames.of(geometry, self.normaliser.length, frames.axes(self.schema, row))

    def panels(self, geometry: Geometry, row: Float[np.ndarray, " inputs"]) -> Panels:
        """What the network sees of a geometry in its first frame under conditions."""
        return self._panels(geometry, self._frames(geometry, row)[0])

    def _panels(self, geometry: Geometry, frame: Frame) -> Panels:
        vertices = geometry.panels(self.config.panels, frame)
        return panels_from(vertices, self.config.frames.box_of(geometry, frame))

    def _view(self, geometry: Geometry, frame: Frame) -> View:
        panels = self._panels(geometry, frame)
        return View(frame, panels, jax.block_until_ready(encode_panels(self.model, panels)))

    def condition_row(self, conditions: Conditions) -> Float[np.ndarray, " inputs"]:
        """The conditions as one row in schema order. Raises `ConditionError`: unknown, missing or bad ones."""
        row = self.normaliser.condition_row(conditions)
        self.normaliser.check(self._turned(row), row)
        return row

    def extrapolating(self, encoding: Encoding, row: Float[np.ndarray, " inputs"]) -> tuple[str, ...]:
        """Names of the conditions outside the training range, then those of `unfamiliar`."""
        return self.normaliser.extrapolating(self._turned(row)) + self.unfamiliar(encoding, row)

    def unfamiliar(self, encoding: Encoding, row: Float[np.ndarray, " inputs"] | None = None) -> tuple[str, ...]:
        """Names of the numbers that describe a shape and are outside the range of the training shapes.

        Args:
            encoding: of the shape.
            row: the conditions; None where they are not known: what depends on them is not named then.
        """
        if self.shapes is None:
            return ()
        frames = self.config.frames
        if row is None and frames.follows_conditions:
            return self.shapes.unfamiliar({name: n for name, n in encoding.described.items() if name not in TURNS})
        axes = np.eye(self.schema.dim) if row is None else frames.axes(self.schema, row)[0]
        return self.shapes.unfamiliar(in_frame(encoding.described, axes))

    def _turned(self, row: Float[np.ndarray, " inputs"]) -> Float[np.ndarray, " inputs"]:
        """The conditions in the first frame."""
        frames = self.config.frames
        return frames.turned(self.schema, row, frames.axes(self.schema, row)[0])

    def check_conditions(self, conditions: Conditions) -> tuple[str, ...]:
        """Names of the conditions outside the training range. Raises `ConditionError` on bad ones."""
        return self.normaliser.extrapolating(self._turned(self.condition_row(conditions)))

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
        row, points = self.condition_row(conditions), self._checked(points)
        began = time.perf_counter()
        field = self.field(points, self._evaluator(encoding, row)(points))
        seconds = time.perf_counter() - began
        return Prediction(field, field.outside, self.extrapolating(encoding, row), encoding, points, seconds)

    def decode_wall(self, encoding: Encoding, conditions: Conditions, points: ArrayLike) -> Field:
        """The fields `on: wall`, and those of the domain, at points of the walls; float32, in SI units.

        Args:
            encoding, conditions: as for `decode`.
            points: of the walls or close by, such as the midpoints of their sides, in metres, (points, dim).

        Raises:
            ConditionError, QueryError: as `decode` does.
        """
        row, points = self.condition_row(conditions), self._checked(points)
        return Field(points, self.schema.field_columns.split(self._evaluator(encoding, row).on_wall(points)))

    def evaluator(self, encoding: Encoding, conditions: Conditions) -> FieldEvaluator:
        """A geometry under conditions, prepared to be asked again and again. Raises as `decode` does."""
        return self._evaluator(encoding, self.condition_row(conditions))

    def _evaluator(self, encoding: Encoding, row: Float[np.ndarray, " inputs"]) -> FieldEvaluator:
        turned = functools.partial(self.config.frames.turned, self.schema, row)
        views = [(view, turned(view.frame.axes)) for view in self.views(encoding, row)]
        return FieldEvaluator(self.model, self.normaliser, encoding.geometry, views)

    def mean_field(self, row: Float[np.ndarray, " inputs"]) -> Float[np.ndarray, " components"]:
        """What is known of the fields under conditions without a geometry: their mean over the training data."""
        frames = self.config.frames
        axes = frames.axes(self.schema, row)[0]
        mean = self.normaliser.mean(frames.turned(self.schema, row, axes))
        return Frame(np.zeros(self.schema.dim), axes, 1.0).columns_outward(self.schema.fields, mean)

    def _checked(self, points: ArrayLike) -> Float[np.ndarray, "points dim"]:
        points = np.asarray(points, np.float64)
        if points.ndim != 2 or points.shape[1] != self.schema.dim:
            raise QueryError("points", f"an array (points, {self.schema.dim})", f"shape {points.shape}")
        if len(bad := np.flatnonzero(~np.isfinite(points).all(axis=1))):
            raise QueryError("points", "finite coordinates", f"{points[bad[0]].tolist()} at point {bad[0]}")
        return points

    def field(self, points: Float[np.ndarray, "points dim"], values: Float[np.ndarray, "points components"]) -> Field:
        """What an evaluator gives at points, by the names of the fields that the domain has."""
        named = self.schema.field_columns.split(values)
        return Field(points, {field.name: named[field.name] for field in self.schema.fields if field.on == "domain"})

    def predict(self, case: Case, points: ArrayLike | None = None) -> Prediction:
        """Encode and decode; at the case's own points if none are given."""
        if points is None:
            if case.field is None:
                raise QueryError("points", "query points, or a case with points of its own", "neither")
            points = case.field.points
        return self.decode(self.encode(case.geometry), case.conditions, points)

    def warm_up(self) -> None:
        """Compile every program that a request can need."""
        geometry = self.trial_geometry()
        evaluator = self._evaluator(self.encode(geometry), self.normaliser.condition_high)
        for points in (1, SMALL):
            evaluator.chunk(np.resize(geometry.reach, (points, self.schema.dim)))

    def trial_geometry(self) -> Geometry:
        """A square with a round hole, of the size of the training geometries."""
        half, angle = np.mean(self.normaliser.extents) / 2, np.linspace(0, 2 * np.pi, 32, endpoint=False)
        square = half * np.array([[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]])
        circle = half * np.stack([np.cos(angle), np.sin(angle)], axis=1)
        if self.schema.outer_is_far:
            return Geometry.of((circle,), 2 * square, outer_is_far=True)
        return Geometry.of((circle / 2,), square)
