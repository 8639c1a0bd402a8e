"""The public face: physical units in, physical units out."""

import functools
import time
from collections.abc import Mapping, Sequence
from typing import Any

import jax
import numpy as np
from jaxtyping import Float

from enf2enf import card
from enf2enf.assessment import Ranges
from enf2enf.at import At, check_shape
from enf2enf.conditions import Conditions, check_tables, from_tables
from enf2enf.description import Description
from enf2enf.field import Field
from enf2enf.geometry import Geometry
from enf2enf.geometry.familiar import Described, describe
from enf2enf.geometry.frame import Frame
from enf2enf.geometry.mirrors import check_mirrored, check_whole
from enf2enf.inference.encoding import Encoding, View, panels_from
from enf2enf.inference.evaluator import CHUNK, SMALL, FieldEvaluator
from enf2enf.inference.kind import check_kind, check_size
from enf2enf.inference.programs import Programs
from enf2enf.inference.trial import trial_geometry
from enf2enf.inference.unfamiliar import unfamiliar
from enf2enf.io.accept import MeshLike, accept, checked_options
from enf2enf.mesh import Mesh
from enf2enf.mesh.unfold import mirrors, unfolded
from enf2enf.model.config import ModelConfig
from enf2enf.model.network import Network
from enf2enf.model.panels import Panels
from enf2enf.normalise import Normaliser
from enf2enf.precision import single
from enf2enf.prediction import OnProgress, Prediction, check_progress
from enf2enf.schema import On, Schema


class Surrogate:
    """A trained model with everything it needs to answer in SI units.

    Args:
        model: the network; it works on normalised numbers.
        config: the configuration that `model` was built from.
        normaliser: between SI units and these numbers; fitted on the train split.
        provenance: data set, licence, metrics, training settings: plain data.
        shapes: ranges of the numbers that describe the training shapes; None if they are not known.
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

    def __reduce__(self) -> tuple[Any, ...]:  # for processes; what outlives this version of the library is a checkpoint
        return type(self), (self.model, self.config, self.normaliser, self.provenance, self.shapes)

    def with_weights(self, model: Network, provenance: Mapping[str, Any]) -> "Surrogate":
        """A surrogate with this model and this provenance; all else is the same."""
        return Surrogate(model, self.config, self.normaliser, provenance, self.shapes)

    @property
    def schema(self) -> Schema:
        """What it needs, what it returns."""
        return self.normaliser.schema

    @property
    def chunk_points(self) -> int:
        """The number of points that are decoded at a time."""
        return CHUNK

    _programs = functools.cached_property(lambda self: Programs(self.model))

    @functools.cached_property
    def version(self) -> str:
        """A hash of the weights and of all that decides an answer."""
        return card.digest(self.model, self.config, self.normaliser, self.shapes)

    @property
    def card(self) -> dict[str, Any]:
        """The model card: plain data."""
        made = card.card(self.model, self.config, self.normaliser, self.shapes)
        return self.provenance | {"version": self.version} | made  # the provenance cannot override these

    def describe(self) -> Description:
        """What it needs, what it returns, and how far it was trained."""
        return Description.of_card(self.card)

    def __repr__(self) -> str:
        return f"Surrogate({self.describe()})"

    def encode(
        self,
        mesh: MeshLike | Geometry,
        *,
        name: str = "",
        walls: Sequence[str] = (),
        symmetry: Sequence[str] = (),
        length_unit: str = "m",
    ) -> Encoding:
        """Encode a geometry once, for any number of calls of `decode`. Deterministic.

        If the frames follow an inflow, the network encodes the geometry at the first question for each new direction.

        Args:
            mesh: a `Geometry`; or a file's path, its bytes, a `Mesh`, one of pyvista, or closed curves.
            name: file name or format, where the path does not say it.
            walls: patches that are walls; empty: inner loops. Not used for a `Geometry`, which knows its walls.
            symmetry: patches on planes of symmetry, if the mesh is only one side of them. It is then completed by its
                mirror image; geometry, walls and bounds are those of the whole. Must be empty for a `Geometry`.
            length_unit: of the coordinates: m, cm, mm, um, km, in or ft. A `Geometry` is in metres.

        Raises:
            MeshError: it cannot be read.
            GeometryError: it is no geometry of the kind that was trained on, or has more walls than panels.
        """
        name, walls, symmetry, length_unit = checked_options(name, walls, symmetry, length_unit)
        if isinstance(mesh, Geometry):
            check_whole(symmetry)
            return self.encode_geometry(mesh)
        read = accept(mesh, name, length_unit)
        geometry = Geometry.from_mesh(unfolded(read, symmetry, walls), walls, self.schema.outer_is_far)
        return self.encode_geometry(geometry, None, read, walls, mirrors(read, symmetry))

    def encode_geometry(
        self,
        geometry: Geometry,
        described: Described | None = None,
        mesh: Mesh | None = None,
        wall_patches: tuple[str, ...] = (),
        mirrors: tuple[Float[np.ndarray, "dim dim"], ...] = (),
    ) -> Encoding:
        """`encode` for a `Geometry`.

        Args:
            geometry: the geometry.
            described: the result of `describe` for it, if it is known already; None: it is computed here.
            mesh, wall_patches, mirrors: the mesh that it was made from, if any, and how; see `Encoding`.

        Raises:
            GeometryError: as `encode`.
        """
        check_kind(geometry, self.schema)
        check_size(geometry, self.normaliser)
        if described is None:
            described = describe(geometry, self.normaliser.length)
        strange = unfamiliar(self.shapes, described, self.config.frames, self.schema)
        encoding = Encoding(geometry, described, self.config.panels, self.version, mesh, wall_patches, strange, mirrors)
        if not self.config.frames.follows_conditions:
            self.views(encoding, np.zeros(self.schema.condition_width))
        return encoding

    def views(self, encoding: Encoding, row: Float[np.ndarray, " inputs"]) -> tuple[View, ...]:
        """The encoded geometry in each of its frames; `row` holds the conditions, as from `condition_row`."""
        see = functools.partial(self._view, encoding.geometry)
        return encoding.at(self.version, self._frames(encoding.geometry, row), see)

    def _frames(self, geometry: Geometry, row: Float[np.ndarray, " inputs"]) -> tuple[Frame, ...]:
        frames = self.config.frames
        return frames.of(geometry, self.normaliser.length, frames.axes(self.schema, row))

    def panels(self, geometry: Geometry, row: Float[np.ndarray, " inputs"]) -> Panels:
        """What the network sees of a geometry in its first frame under conditions."""
        return self._panels(geometry, self._frames(geometry, row)[0])

    def _panels(self, geometry: Geometry, frame: Frame) -> Panels:
        placed = geometry.cut(self.config.panels, frame, self.config.turning)
        box = self.config.frames.box_of(geometry, frame)
        return panels_from(placed, box, self.schema.open_walls)

    def _view(self, geometry: Geometry, frame: Frame) -> View:
        return self._programs.view(frame, self._panels(geometry, frame))

    def condition_row(self, conditions: Conditions, shape: Encoding | None = None) -> Float[np.ndarray, " inputs"]:
        """The conditions as one row in schema order.

        Raises:
            ConditionError: unknown, missing or invalid conditions, or ones that break a plane of symmetry of `shape`.
        """
        row = self.normaliser.condition_row(conditions)
        self.normaliser.check(self.turned(row), row)
        check_mirrored(self.schema, row, () if shape is None else shape.mirrors)
        return row

    def extrapolating(self, encoding: Encoding, row: Float[np.ndarray, " inputs"]) -> tuple[str, ...]:
        """Names of conditions outside their training range, then names of shape numbers that are (`unfamiliar`)."""
        frames, schema = self.config.frames, self.schema
        seen = [self.normaliser.extrapolating(frames.turned(schema, row, axes)) for axes in frames.axes(schema, row)]
        beyond = tuple(name for name in seen[0] if all(name in each for each in seen))  # mirror images are trained on
        return beyond + unfamiliar(self.shapes, encoding.described, frames, schema, row)

    def turned(self, row: Float[np.ndarray, " inputs"]) -> Float[np.ndarray, " inputs"]:
        """The conditions in the first frame."""
        frames = self.config.frames
        return frames.turned(self.schema, row, frames.axes(self.schema, row)[0])

    def decode(
        self, shape: Encoding, conditions: Conditions, at: At = "nodes", *, progress: OnProgress | None = None
    ) -> Prediction:
        """The fields of an encoded shape, float32, in SI units; NaN inside bodies and outside the domain.

        Args:
            shape: from `encode`.
            conditions: name -> number, or one number per dimension for a vector, or its magnitude and angle.
            at: points (points, dim) in metres, a `Grid`, `Line` or `Slice`, `"nodes"` of the mesh, or `"wall"`.
            progress: called with (points answered so far, points in all).

        Raises:
            ConditionError: unknown, missing or non-finite conditions, or ones that break a plane of symmetry.
            QueryError: invalid points, or a shape that another surrogate encoded.
        """
        check_shape(shape, Encoding)
        check_progress(progress)
        return self._decoded(shape, self.condition_row(conditions, shape), at, progress)

    def _decoded(
        self, shape: Encoding, row: Float[np.ndarray, " inputs"], at: At, progress: OnProgress | None = None
    ) -> Prediction:
        points, sides = shape.place(at)
        began = time.perf_counter()
        evaluator = self._evaluator(shape, row)
        values = evaluator(points) if sides is None else evaluator.at_sides
        field = self.field(points, values, "domain" if sides is None else "wall")
        if progress is not None:
            progress(len(points), len(points))
        seconds = time.perf_counter() - began
        known = field.outside, self.extrapolating(shape, row), shape, at, sides, seconds
        return Prediction(field, *known, integrals=evaluator.integrals)

    def predict(
        self,
        mesh: MeshLike | Geometry,
        conditions: Conditions,
        at: At = "nodes",
        *,
        name: str = "",
        walls: Sequence[str] = (),
        symmetry: Sequence[str] = (),
        length_unit: str = "m",
        progress: OnProgress | None = None,
    ) -> Prediction:
        """`encode` and `decode` in one call."""
        shape = self.encode(mesh, name=name, walls=walls, symmetry=symmetry, length_unit=length_unit)
        return self.decode(shape, conditions, at, progress=progress)

    def predict_many(
        self, shape: Encoding, conditions: Sequence[Conditions], at: At = "nodes", *, progress: OnProgress | None = None
    ) -> list[Prediction]:
        """The fields of an encoded shape under many conditions, such as a polar. Raises as `decode`."""
        check_shape(shape, Encoding)
        check_progress(progress)
        check_tables(conditions)
        rows = from_tables(conditions, lambda table: self.condition_row(table, shape))
        answers: list[Prediction] = []
        for number, row in enumerate(rows, start=1):
            answers.append(self._decoded(shape, row, at))
            if progress is not None:
                progress(number * len(answers[-1].points), len(rows) * len(answers[-1].points))
        return answers

    def evaluator(self, encoding: Encoding, conditions: Conditions) -> FieldEvaluator:
        """A function of points for one geometry under one set of conditions. Raises as `decode` does."""
        return self._evaluator(encoding, self.condition_row(conditions, encoding))

    def _evaluator(self, encoding: Encoding, row: Float[np.ndarray, " inputs"]) -> FieldEvaluator:
        turned = functools.partial(self.config.frames.turned, self.schema, row)
        views = [(view, turned(view.frame.axes)) for view in self.views(encoding, row)]
        return FieldEvaluator(self._programs, self.normaliser, encoding.geometry, views, row, self.config.turning)

    def mean_field(self, row: Float[np.ndarray, " inputs"]) -> Float[np.ndarray, " components"]:
        """The mean of the training fields, scaled to these conditions: a prediction without any geometry."""
        axes = self.config.frames.axes(self.schema, row)[0]
        mean = self.normaliser.mean(self.turned(row))
        return Frame(np.zeros(self.schema.dim), axes, 1.0).columns_outward(self.schema.fields, mean)

    def field(
        self, points: Float[np.ndarray, "points dim"], values: Float[np.ndarray, "points components"], on: On = "domain"
    ) -> Field:
        """The columns that an evaluator returns at points, as a `Field` of the quantities answered there (`on`)."""
        named = self.schema.field_columns.split(values)
        return Field(points, {field.name: named[field.name] for field in self.schema.answered(on)})

    def warm_up(self) -> None:
        """Compile every program that a request can need."""
        geometry = trial_geometry(self.normaliser)
        evaluator = self._evaluator(self.encode(geometry), self.normaliser.condition_high)
        for points in (1, SMALL):
            evaluator.chunk(np.resize(geometry.reach, (points, self.schema.dim)))
