"""Are answers the same wherever a section lies, turned and in the mirror: mesh in, fields and forces out?

    python -m benchmarks.rigid_motions

The largest difference of the shipped surrogate's answers when two sections, their inflow and 2,000 points are turned by
an angle drawn at random, mirrored or not, and moved by some chords: of fields over their span, of forces as
coefficients. A mirror changes the signs of C_L and C_m. Sections are tables of ten decimals, whose rounding is in it.
"""

from collections.abc import Mapping, Sequence

import numpy as np
from scipy.spatial import KDTree

import enf2enf_meshes
from benchmarks.rows import Row, main
from enf2enf import io as mesh_io
from enf2enf import load
from enf2enf.data.airfrans.schema import VISCOSITY
from enf2enf.errors import QueryError
from enf2enf.geometry import Geometry
from enf2enf.problems.aerofoil.naca import FourDigits
from enf2enf.surrogate import Surrogate

MOTIONS, POINTS, SPEED, MARK = 8, 2000, 60.0, 1e-5


def answers(surrogate: Surrogate, wall: np.ndarray, inflow: np.ndarray, points: np.ndarray) -> Mapping[str, np.ndarray]:
    """The fields at points and at the middles of the wall's sides, in the order of these, and the forces."""
    table = "".join(f"{x:.10f},{y:.10f}\n" for x, y in wall).encode()
    shape, given = surrogate.encode(table, name="wall.csv"), {"inflow": inflow, "viscosity": VISCOSITY}
    around, beside = surrogate.decode(shape, given, points), surrogate.decode(shape, given, "wall")
    order = KDTree(beside.points).query((wall + np.roll(wall, -1, axis=0)) / 2)[1]
    on_wall = {name: values[order] for name, values in beside.fields.items()}
    return {**around.fields, **on_wall, **{name: np.array(value) for name, value in around.integrals.items()}}


def span_apart(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """How far apart two answers are at every point that has one, of the span of the second."""
    if not np.array_equal(np.isnan(one), np.isnan(other)):
        raise QueryError("points", "the same of them with an answer", "others")
    return np.abs(one - other)[~np.isnan(other)] / (np.nanmax(other) - np.nanmin(other))


def measure() -> Sequence[Row]:
    """One row a field and a coefficient."""
    surrogate, random, worst = load("aerofoil"), np.random.default_rng(0), {}
    walls = [FourDigits(2, 4, 12).wall(60, 2e-3, 2e-3)[:-1]]
    walls.append(Geometry.from_mesh(mesh_io.read(enf2enf_meshes.path("sd7034"))).walls[0])
    vectors = {field.name for field in surrogate.schema.fields if field.kind == "vector"}
    for wall in walls:
        points, angle = random.uniform([-0.5, -0.5], [1.5, 0.5], (POINTS, 2)), np.deg2rad(random.uniform(-4, 10))
        inflow = SPEED * np.array([np.cos(angle), np.sin(angle)])
        here = answers(surrogate, wall, inflow, points)
        for mirror in (1.0, -1.0) * (MOTIONS // 2):
            turn, shift = random.uniform(-np.pi, np.pi), random.uniform(-3, 3, 2)
            axes = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) @ np.diag([1.0, mirror])
            there = answers(surrogate, wall @ axes.T + shift, axes @ inflow, points @ axes.T + shift)
            for name, values in there.items():
                back = values @ axes if name in vectors else values * (mirror if name in ("C_L", "C_m") else 1.0)
                off = span_apart(back, here[name]).max() if values.ndim else abs(float(back - here[name]))
                worst[name] = max(worst.get(name, 0.0), float(off))
    return [Row(f"{name}, moved, turned and mirrored", off, "", MARK) for name, off in worst.items()]


if __name__ == "__main__":
    main(measure, __doc__)
