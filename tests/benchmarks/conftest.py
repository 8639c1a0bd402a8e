"""Made flows around thin and thick ellipses with a sharp edge, whose fields are as simple as the tests need."""

import numpy as np
import pytest

from enf2enf import io as mesh_io
from enf2enf.data import PackedData, write_manifest
from enf2enf.data.airfrans.schema import SCHEMA, VISCOSITY
from enf2enf.geometry import Geometry


def section(thickness, camber, sides=60):
    """Clockwise or not does not matter; the trailing edge is at (1, 0)."""
    angle = 2 * np.pi * np.arange(sides) / sides
    x = 0.5 * (1 + np.cos(angle))
    y = thickness * np.sin(angle) * (1 - x) ** 0.3 * np.sqrt(x + 1e-9) ** 0.2 + camber * x * (1 - x)
    return np.stack([x, y], axis=1)


def around(wall, rng, layers=24):
    """Points in layers that grow outwards from the wall, and those at the middle of its sides."""
    ahead = np.roll(wall, -1, axis=0)
    middle, side = (wall + ahead) / 2, ahead - wall
    normal = np.stack([side[:, 1], -side[:, 0]], axis=1) / np.linalg.norm(side, axis=1)[:, None]
    heights = np.geomspace(2e-3, 0.6, layers) * rng.uniform(0.95, 1.05)
    return (middle + heights[:, None, None] * normal).reshape(-1, 2), middle


BOX = np.array([[-1.5, -1.5], [2.5, -1.5], [2.5, 1.5], [-1.5, 1.5]])


@pytest.fixture(scope="session")
def flow_around():
    """The geometry of a section, points in the fluid and the middles of its sides; moved, if something says how."""

    def flow(thickness, camber, moved=lambda at: at, seed=0):
        wall = section(thickness, camber)
        points, middle = around(wall, np.random.default_rng(seed))
        points = points[Geometry.of([wall]).signed_distance(points) > 0]
        return Geometry.of([moved(wall)], moved(BOX), outer_is_far=True), moved(points), moved(middle)

    return flow


@pytest.fixture(scope="session")
def write_flows(flow_around):
    """Writes a folder of flows; `fields` gives velocity, pressure, nut / nu, wall pressure, wall shear of a case."""

    def write(folder, cases, split, fields):
        entries = {}
        for number, (name, (thickness, camber, speed, degrees)) in enumerate(cases.items()):
            geometry, points, middle = flow_around(thickness, camber, seed=number)
            inflow = speed * np.array([np.cos(np.radians(degrees)), np.sin(np.radians(degrees))])
            velocity, pressure, ratio, wall_pressure, shear = fields(geometry, inflow, points, middle)
            mesh_io.write(folder / f"{name}.vtu", geometry.to_mesh())
            known = {"velocity": velocity, "pressure": pressure, "nut": ratio * VISCOSITY}
            np.savez(folder / f"{name}.npz", points=points, **known)
            np.savez(folder / f"{name}_wall.npz", points=middle, wall_pressure=wall_pressure, wall_shear=shear)
            conditions = {"inflow": inflow.tolist(), "viscosity": VISCOSITY}
            files = {"mesh": f"{name}.vtu", "samples": f"{name}.npz", "wall": f"{name}_wall.npz"}
            entries[name] = files | {"conditions": conditions}
        write_manifest(folder, SCHEMA, entries, split, name="flows", licence="CC0-1.0")
        return PackedData.load(folder, progress=lambda items: items)

    return write
