"""Flows around bodies, whose frames follow the inflow: what the tests of frames share. Weights are random."""

import dataclasses
import functools

import equinox as eqx
import numpy as np

from enf2enf.geometry.frames import FrameConfig
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.model.amortised import AmortisedConfig
from enf2enf.model.config import ModelConfig
from enf2enf.model.field_decoder import FieldConfig
from enf2enf.model.meta import MetaConfig
from enf2enf.model.rotary_decoder import RotaryConfig
from enf2enf.normalise import Normaliser
from enf2enf.schema import Quantities, Quantity, Schema
from enf2enf.surrogate import Surrogate

SPEED = (("inflow", 1.0),)
CONDITIONS = (
    Quantity("heat", unit="K"), Quantity("inflow", "vector", "m/s"), Quantity("gravity", "vector", "m/s2"),
    Quantity("swirl", "pseudoscalar"),
)  # fmt: skip
FIELDS = (
    Quantity("velocity", "vector", "m/s", SPEED, relative_to="inflow"),
    Quantity("vorticity", "pseudoscalar", "1/s", (("inflow", 1.0), ("length", -1.0)), error_in="spread"),
    Quantity("viscosity", "scalar", "m2/s", (("inflow", 1.0), ("length", 1.0)), transform="log1p"),
    Quantity("stress", "tensor", "Pa", (("inflow", 2.0),)),
    Quantity("pressure", "scalar", "Pa", (("inflow", 2.0),), on="wall"),
    Quantity("shear", "pseudoscalar", "Pa", (("inflow", 2.0),), on="wall", error_in="spread"),
)
SCHEMA = Schema(2, CONDITIONS, FIELDS, outer_is_far=True, length=0.8)
GIVEN = {"heat": 300.0, "inflow": [6.0, 2.0], "gravity": [1.0, -3.0], "swirl": 0.4}
BOX = ((-2.0, -1.5), (3.0, 1.5))
INFLOW = FrameConfig("inflow", ("y",), BOX)

AMORTISED = AmortisedConfig(width=16, heads=2, blocks=1, grid=4, wall=8)
META = MetaConfig(context=16, width=16, grid=3, samples=8, steps=2)
ROTARY = RotaryConfig(width=16, heads=2, blocks=1, layers=1, reaches=(0.7, 1.4))
PARTS = {
    "amortised and rotary": ModelConfig(AMORTISED, ROTARY, 32),
    "as for aerofoils": ModelConfig(
        dataclasses.replace(AMORTISED, narrowest=0.25), dataclasses.replace(ROTARY, directed=True), 32, turning=0.7
    ),
    "meta and rotary": ModelConfig(META, ROTARY, 32),
    "meta and field": ModelConfig(META, FieldConfig(width=16, heads=2, blocks=1, deviation=2.0), 32),
}


@functools.cache
def fitted(schema: Schema = SCHEMA) -> Normaliser:
    """A normaliser of random flows, in frames along the inflow; fields of the wall are known at every other point."""
    random = np.random.default_rng(0)
    speed, others = random.uniform(2, 9, 8), random.uniform([280, -4, -4, -1], [320, 4, 4, 1], (8, 4))
    rows = np.column_stack([others[:, 0], speed, np.zeros(8), others[:, 1:]])
    return Normaliser.fit(schema, np.linspace(0.5, 2.0, 8), rows, [values(random, row, 40, schema) for row in rows])


def values(random: np.random.Generator, row: np.ndarray, points: int, schema: Schema = SCHEMA) -> np.ndarray:
    """Fields of random numbers with all that they scale with in them."""
    scaled = random.normal(0.3, 1.0, (points, schema.field_width))
    scaled[:, 3] = np.expm1(np.abs(2 * scaled[:, 3]))
    scaled[::2, 7:], scaled[1::2, :7] = np.nan, np.nan
    speed, length = np.hypot(*row[1:3]), 0.8
    sizes = np.array([speed, speed, speed / length, speed * length, *5 * [speed**2]])
    return scaled * sizes + np.array([*row[1:3], *7 * [0.0]])


@functools.cache
def surrogate(parts: str = "amortised and rotary", frames: FrameConfig = INFLOW, schema: Schema = SCHEMA) -> Surrogate:
    """An untrained one. The answers of a field decoder hardly vary before it is trained: here they do."""
    made = Surrogate.untrained(dataclasses.replace(PARTS[parts], frames=frames), fitted(schema), seed=2)
    if parts == "meta and field":
        last = made.model.decoder.field.head.layers[-1].weight
        made.model = eqx.tree_at(lambda model: model.decoder.field.head.layers[-1].weight, made.model, 100 * last)
    return made


def bodies(random: np.random.Generator, count: int) -> list[np.ndarray]:
    """Star-shaped curves, one above the other, all without any symmetry; the first one has a sharp edge."""
    angle = np.linspace(0, 2 * np.pi, 48, endpoint=False)
    found = []
    for number in range(count):
        waves = random.uniform(-0.05, 0.05, (4, 2))
        radius = 0.3 + sum(a * np.cos(k * angle) + b * np.sin(k * angle) for k, (a, b) in enumerate(waves, 1))
        if number == 0:
            radius = radius + 0.15 * np.maximum(0, 1 - np.minimum(angle, 2 * np.pi - angle) / 0.3)
        place = np.array([0.1 * number, 0.9 * number])
        found.append(place + radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1))
    return found


def far(kind: str) -> list[np.ndarray]:
    """A far boundary: none, a large round one, one that is cropped on the right, a ragged one, or one moved."""
    angle = np.linspace(0, 2 * np.pi, 37, endpoint=False)
    circle, middle = np.stack([np.cos(angle), np.sin(angle)], axis=1), np.array([0.1, 0.4])
    if kind == "cropped":
        return [np.array([[-3.0, -2.5], [1.6, -2.5], [1.6, 3.0], [-3.0, 3.0]])]
    ragged = np.random.default_rng(1).uniform(2.5, 4.0, (37, 1))
    sizes = {"round": 4.0, "ragged": ragged, "moved": 3.0}
    return [middle + (kind == "moved") * np.array([0.7, -0.5]) + sizes[kind] * circle] if kind in sizes else []


FAR = ("absent", "round", "cropped", "ragged", "moved")


def mesh_of(loops: list[np.ndarray]) -> Mesh:
    """Bare curves."""
    points, lines, start = np.concatenate(loops), [], 0
    for loop in loops:
        nodes = start + np.arange(len(loop))
        lines.append(np.stack([nodes, np.roll(nodes, -1)], axis=1))
        start += len(loop)
    return Mesh(points, (CellBlock("line", np.concatenate(lines)),))


@dataclasses.dataclass(frozen=True)
class Motion:
    """A rigid motion of the plane, or one with a mirror: x -> matrix x + shift."""

    matrix: np.ndarray
    shift: np.ndarray

    @classmethod
    def of(cls, angle: float, shift: tuple[float, float], mirrored: bool) -> "Motion":
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        return cls(turn @ np.diag([1.0, -1.0 if mirrored else 1.0]), np.array(shift))

    def points(self, points: np.ndarray) -> np.ndarray:
        return points @ self.matrix.T + self.shift

    def columns(self, quantities: Quantities, columns: np.ndarray) -> np.ndarray:
        """Values of quantities as they are after the motion, from what their kinds mean."""
        sign, parts = np.sign(np.linalg.det(self.matrix)), []
        for quantity, part in zip(quantities, quantities.slices, strict=True):
            own = columns[..., part]
            if quantity.kind == "vector":
                own = own @ self.matrix.T
            elif quantity.kind == "pseudoscalar":
                own = sign * own
            elif quantity.kind == "tensor":
                full = self.matrix @ own[..., [[0, 2], [2, 1]]] @ self.matrix.T
                own = np.stack([full[..., 0, 0], full[..., 1, 1], full[..., 0, 1]], axis=-1)
            parts.append(own)
        return np.concatenate(parts, axis=-1)

    def conditions(self, schema: Schema, given: dict) -> dict:
        columns = schema.condition_columns
        return columns.split(self.columns(columns, columns.join(given, 1)[0]))


def answer(surrogate: Surrogate, loops: list[np.ndarray], given: dict, points: np.ndarray, wall: np.ndarray):
    """All fields at points of the domain, then at points of the wall: from a mesh, in float32."""
    encoding = surrogate.encode(mesh_of(loops))
    evaluator = surrogate.evaluator(encoding, given)
    return np.concatenate([evaluator(points), evaluator.on_wall(wall)])


def worst(schema: Schema, one: np.ndarray, other: np.ndarray) -> float:
    """The largest difference of two answers, in spans of the fields."""
    assert np.array_equal(np.isnan(one), np.isnan(other)) and np.isfinite(one).any()
    found = []
    for part in schema.field_columns.slices:
        span = np.nanmax(np.ptp(one[np.isfinite(one).all(axis=1), part], axis=0))
        found.append(np.nanmax(np.abs(one[:, part] - other[:, part])) / span)
    return max(found)
