"""Small data-set folders in every variety: made here, spoilt one way at a time by the tests."""

import json
from pathlib import Path

import airfrans_files
import numpy as np
import pytest

from enf2enf import io as mesh_io
from enf2enf.data import proportional, write_manifest
from enf2enf.mesh import CellBlock, Mesh
from enf2enf.schema import Quantity, Schema

SCHEMA = Schema(
    2,
    (Quantity("traction", "vector", "Pa"), Quantity("angle", unit="rad")),
    (Quantity("stress", unit="Pa"), Quantity("displacement", "vector", "m")),
)


def ring(random: np.random.Generator, around: int = 16, across: int = 3) -> Mesh:
    """A square around a round hole of random size: an O-grid of triangles, with values at its nodes."""
    angle = 2 * np.pi * np.arange(around) / around
    spoke = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    hole, square = random.uniform(0.1, 0.3) * spoke, 0.5 * spoke / np.abs(spoke).max(axis=1, keepdims=True)
    rings = [hole + (square - hole) * t for t in np.linspace(0, 1, across)]
    i, j = np.meshgrid(np.arange(across - 1), np.arange(around), indexing="ij")
    a, b = (i * around + j).ravel(), (i * around + (j + 1) % around).ravel()
    triangles = np.concatenate([np.stack([a, a + around, b + around], 1), np.stack([a, b + around, b], 1)])
    points = np.concatenate(rings) + 0.5
    fields = {"stress": random.normal(size=len(points)), "displacement": random.normal(size=(len(points), 2))}
    return Mesh(points, (CellBlock("triangle", triangles),), {}, fields)


def make_folder(folder: Path, count: int = 6, suffix: str = ".vtu", seed: int = 0) -> Path:
    """A whole data set: meshes, conditions, one fine sampling."""
    random = np.random.default_rng(seed)
    (folder / "meshes").mkdir(parents=True)
    cases = {}
    for name in (f"case_{k}" for k in range(count)):
        mesh = ring(random, around=int(random.integers(12, 20)))
        mesh_io.write(folder / "meshes" / f"{name}{suffix}", mesh)
        conditions = {"traction": random.normal(size=2), "angle": float(random.normal())}
        cases[name] = {"mesh": f"meshes/{name}{suffix}", "conditions": conditions}
    np.savez(folder / "fine.npz", points=mesh.points, **mesh.point_data)
    cases[name]["fine"] = "fine.npz"
    split = proportional(list(cases))
    write_manifest(folder, SCHEMA, cases, split, name="rings", licence="CC0-1.0", floor={"relative_l2": 1e-3})
    return folder


@pytest.fixture(scope="session")
def maker():
    """Makes such folders where one for each test would be too many."""
    return make_folder


@pytest.fixture
def folder(tmp_path) -> Path:
    """A data-set folder of six cases in VTU, the last one with a fine sampling."""
    return make_folder(tmp_path / "rings")


@pytest.fixture
def edit(folder):
    """Changes the plain data of the folder's `dataset.json` by a function, behind the library's back."""

    def change(function) -> Path:
        path = folder / "dataset.json"
        manifest = json.loads(path.read_text())
        function(manifest)
        path.write_text(json.dumps(manifest))
        return folder

    return change


@pytest.fixture
def walled(folder, edit):
    """The same folder with two fields on the round walls, known at 29 points of their circles."""
    random = np.random.default_rng(7)
    (folder / "wall").mkdir()

    def add(manifest):
        pressure = Quantity("pressure", unit="Pa", on="wall").to_dict()
        manifest["schema"]["fields"].insert(1, Quantity("friction", "vector", "Pa", on="wall").to_dict())
        manifest["schema"]["fields"].append(pressure)
        for name, entry in manifest["cases"].items():
            corner = mesh_io.read(folder / entry["mesh"]).points[0] - 0.5
            angle = random.uniform(0, 2 * np.pi, 29)
            points = 0.5 + np.hypot(*corner) * np.stack([np.cos(angle), np.sin(angle)], axis=1)
            values = {"friction": random.normal(size=(29, 2)), "pressure": random.normal(size=29)}
            np.savez(folder / "wall" / f"{name}.npz", points=points, **values)
            entry["wall"] = f"wall/{name}.npz"

    return edit(add)


@pytest.fixture(scope="module")
def public(tmp_path_factory) -> tuple[Path, list[str]]:
    """A folder in the layout of AirfRANS, and the names of its cases."""
    folder = tmp_path_factory.mktemp("airfrans") / "Dataset"
    return folder, airfrans_files.write_folder(folder)
