"""Proper orthogonal decomposition on a body-fitted grid, and a Gaussian process for the coefficient of every mode.

Fields without dimensions, in the frame of the chord, come onto one grid for all sections (`grid`, `body_fitted`), those
on the wall onto one line, the shear there along the wall. Every field has modes of its own, fitted on the train split.
A process knows the leading modes of the outlines, the nose radius, the incidence and the speed; how many modes of a
field are kept is chosen on the validation split.
"""

import dataclasses
import functools
from typing import Self

import numpy as np
from jaxtyping import Float
from scipy.interpolate import PchipInterpolator

from benchmarks import flow
from benchmarks.peers.body_fitted import BodyFitted
from benchmarks.peers.gaussian_process import GaussianProcess
from benchmarks.peers.grid import Grid, lines
from benchmarks.peers.section import Section
from enf2enf.data.cache import PackedData, Track, bar
from enf2enf.dimensionless import Dimensionless

OUTLINES, MOST, PATIENCE, WALL = 10, 40, 3, 160
"""Modes of outlines; most modes of a field; modes without improvement that end the search; lines along the wall."""


@dataclasses.dataclass(frozen=True, eq=False)
class Modes:
    """Of one field.

    Args:
        mean: over the train cases.
        shapes: orthonormal, the leading one first.
    """

    mean: Float[np.ndarray, " nodes"]
    shapes: Float[np.ndarray, "modes nodes"]

    @classmethod
    def of(cls, snapshots: Float[np.ndarray, "cases nodes"], most: int) -> Self:
        """The leading modes of snapshots, from the correlations of these (Sirovich 1987)."""
        mean = snapshots.mean(axis=0)
        rest = snapshots - mean
        energies, turns = np.linalg.eigh(rest @ rest.T)
        count = min(most, int((energies > 1e-12 * energies[-1]).sum()))
        energies, turns = energies[::-1][:count], turns[:, ::-1][:, :count]
        return cls(mean, (turns / np.sqrt(energies)).T @ rest)

    def coefficients(self, snapshots: Float[np.ndarray, "cases nodes"]) -> Float[np.ndarray, "cases modes"]:
        """Of snapshots, in the modes."""
        return (snapshots - self.mean) @ self.shapes.T


@dataclasses.dataclass(frozen=True, eq=False)
class FieldOfInputs:
    """A field on the nodes by the inputs of the case: as many modes as are worth keeping, a process for each."""

    modes: Modes
    processes: tuple[GaussianProcess, ...]

    @classmethod
    def fit(
        cls,
        inputs: tuple[Float[np.ndarray, "train inputs"], Float[np.ndarray, "validation inputs"]],
        snapshots: tuple[Float[np.ndarray, "train nodes"], Float[np.ndarray, "validation nodes"]],
    ) -> Self:
        """Fits on the train cases; keeps the number of modes with the least squared error on the validation cases."""
        modes = Modes.of(snapshots[0], MOST)
        known, truth = (modes.coefficients(part) for part in snapshots)
        processes: list[GaussianProcess] = []
        gains = [0.0]  # of the squared error of the validation cases by so many modes
        for number in range(len(modes.shapes)):
            if len(gains) - 1 - int(np.argmin(gains)) >= PATIENCE:
                break
            processes.append(GaussianProcess.fit(inputs[0], known[:, number]))
            off = processes[-1](inputs[1]) - truth[:, number]
            gains.append(gains[-1] + float((off**2 - truth[:, number] ** 2).sum()))
        return cls(modes, tuple(processes[: int(np.argmin(gains))]))

    def __call__(self, inputs: Float[np.ndarray, "1 inputs"]) -> Float[np.ndarray, " nodes"]:
        """The field of one case."""
        kept = [process(inputs)[0] for process in self.processes]
        return self.modes.mean + np.array(kept) @ self.modes.shapes[: len(kept)]


class PodGaussian:
    """The train split of a data set of flows, by its modes.

    Args:
        packed: the data.
        progress: of fitting.
    """

    def __init__(self, packed: PackedData, progress: Track = bar):
        self.packed = packed
        train, validation = packed.ids("train"), packed.ids("validation")
        cases = {int(index): self._case(index) for index in (*train, *validation)}
        self.grid = Grid.of([cases[index].places for index in train])
        self.around = lines(np.concatenate([cases[index].around for index in train]), WALL)
        self._fit_inputs([cases[index].body for index in train])
        inputs = tuple(np.concatenate([self._inputs(cases[i].body, i) for i in part]) for part in (train, validation))
        grids = {index: self._on_nodes(case) for index, case in progress(cases.items())}
        self.fields = []
        for number in range(len(grids[int(train[0])])):
            snapshots = tuple(np.stack([grids[int(i)][number] for i in part]) for part in (train, validation))
            self.fields.append(FieldOfInputs.fit(inputs, snapshots))

    @property
    def kept(self) -> list[int]:
        """How many modes of u, v, p, nut, wall pressure and shear along the wall."""
        return [len(field.processes) for field in self.fields]

    def predict(self, index: int | np.integer) -> Float[np.ndarray, "points components"]:
        """The fields at the points of a case of any split, in its unit and axes."""
        body, on_wall, columns = self._body(index), self.packed.on_wall(index), self.packed.schema.field_columns
        *volume, pressure, shear = (field(self._inputs(body, index)) for field in self.fields)
        points = self.packed.points(index)
        places, around = body.coordinates(points[~on_wall]), body.coordinates(points[on_wall])[:, 0]
        u, v, *others = (self.grid.at(places, field.reshape(len(self.grid.around), -1)) for field in volume)
        along = PchipInterpolator(self.around, shear)(around)[:, None] * body.tangents(around)
        found = dict(zip(flow.VOLUME, (np.stack([u, v], axis=1), *others), strict=True))
        found |= dict(zip(flow.WALL, (PchipInterpolator(self.around, pressure)(around), along), strict=True))
        whole = {name: np.zeros((len(points), *values.shape[1:])) for name, values in found.items()}
        for name, values in found.items():
            whole[name][on_wall if name in flow.WALL else ~on_wall] = values
        usual, ones = columns.join(whole, len(points)), np.ones(columns.width)
        return body.section.frame.columns_outward(columns, self._under(body, index).backward(usual, ones, 0 * ones))

    def _case(self, index: int | np.integer) -> "_Case":
        body, on_wall, columns = self._body(index), self.packed.on_wall(index), self.packed.schema.field_columns
        points, values = self.packed.points(index), np.nan_to_num(self.packed.values(index).astype(np.float64))
        usual = self._under(body, index).forward(body.section.frame.columns_inward(columns, values))
        named = columns.split(usual)
        around = body.coordinates(points[on_wall])[:, 0]
        shear = (named[flow.WALL[1]][on_wall] * body.tangents(around)).sum(axis=1)
        return _Case(
            body, body.coordinates(points[~on_wall]), np.column_stack([named[name][~on_wall] for name in flow.VOLUME]),
            around, np.stack([named[flow.WALL[0]][on_wall], shear]),
        )  # fmt: skip

    def _on_nodes(self, case: "_Case") -> list[Float[np.ndarray, " nodes"]]:
        """Every field on fixed nodes: of the grid, or along the wall, constant beyond its first and last point."""
        volume = np.moveaxis(self.grid.resampled(case.places, case.volume), -1, 0).astype(np.float32)
        order = np.argsort(case.around)
        across = PchipInterpolator(case.around[order], case.wall[:, order], axis=1)
        wall = across(np.clip(self.around, case.around.min(), case.around.max()))
        return [*volume.reshape(len(volume), -1), *wall]

    def _fit_inputs(self, bodies: list[BodyFitted]) -> None:
        outlines = np.stack([body.outline(self._across) for body in bodies])
        self._outlines = Modes.of(outlines, OUTLINES)
        self._centre, self._spread = np.zeros(1), np.ones(1)
        raw = np.concatenate([self._inputs(body, i) for body, i in zip(bodies, self.packed.ids("train"), strict=True)])
        self._centre, self._spread = raw.mean(axis=0), np.maximum(raw.std(axis=0), 1e-9)

    @functools.cached_property
    def _across(self) -> Float[np.ndarray, " lines"]:
        return np.linspace(-1, 1, WALL)

    def _inputs(self, body: BodyFitted, index: int | np.integer) -> Float[np.ndarray, "1 inputs"]:
        outline = self._outlines.coefficients(body.outline(self._across)[None])[0]
        speed = np.log(np.hypot(*self._inflow(index)))
        raw = np.array([[*outline, np.log(body.radius), body.section.incidence, speed]])
        return (raw - self._centre) / self._spread

    def _body(self, index: int | np.integer) -> BodyFitted:
        points = self.packed.points(index)[~self.packed.on_wall(index)]
        return BodyFitted(Section.of(self.packed.geometry(index), self._inflow(index)), points)

    def _inflow(self, index: int | np.integer) -> Float[np.ndarray, "2"]:
        return self.packed.schema.condition_columns.split(self.packed.conditions(index))["inflow"]

    def _under(self, body: BodyFitted, index: int | np.integer) -> Dimensionless:
        row = body.section.frame.columns_inward(self.packed.schema.conditions, self.packed.conditions(index))
        return Dimensionless(self.packed.schema, body.section.frame.length, row)


@dataclasses.dataclass(frozen=True, eq=False)
class _Case:
    """A case where it is: fields without dimensions in the domain, and on the wall pressure and shear along it."""

    body: BodyFitted
    places: Float[np.ndarray, "points 2"]
    volume: Float[np.ndarray, "points 4"]
    around: Float[np.ndarray, " wall"]
    wall: Float[np.ndarray, "2 wall"]
