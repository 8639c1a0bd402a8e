"""The example that reads cases of OpenFOAM and EnSight, on a slab around an octagon written by hand."""

import subprocess
import sys

import numpy as np
import pytest

from enf2enf.geometry import Geometry
from enf2enf.io import read

pyvista = pytest.importorskip("pyvista")
COUNT, LAYERS = 8, 3
ANGLE = 2 * np.pi * np.arange(COUNT) / COUNT
RING = np.stack([np.cos(ANGLE), np.sin(ANGLE)], axis=1)
PLANE = np.concatenate([radius * RING for radius in (0.2, 0.35, 0.5)])
AFTER = np.roll(np.arange(COUNT), -1)
PAIRS = list(zip(range(COUNT), AFTER.tolist(), strict=True))
QUADS = [(k + a, k + COUNT + a, k + COUNT + b, k + b) for k in (0, COUNT) for a, b in PAIRS]
HEAD = "FoamFile\n{{ version 2.0; format ascii; class {}; object {}; }}\n"


def foam_list(rows):
    return f"{len(rows)}\n(\n" + "\n".join(rows) + "\n)\n"


def foam(folder, axes):
    """A case of OpenFOAM: the plane pulled out by 0.1 along the third of the axes."""
    points = np.concatenate([np.insert(PLANE, 2, height, axis=1) for height in (0, 0.1)])[:, np.argsort(axes)]
    up = len(PLANE)
    owners: dict[tuple, list] = {}
    for cell, quad in enumerate(QUADS):
        sides = [(a, b, b + up, a + up) for a, b in zip(quad, np.roll(quad, -1), strict=True)]
        for side in (*sides, quad[::-1], tuple(node + up for node in quad)):
            owners.setdefault(tuple(sorted(side)), []).append((cell, side))
    inner = sorted((found for found in owners.values() if len(found) == 2), key=lambda f: (f[0][0], f[1][0]))
    outer = [found[0] for found in owners.values() if len(found) == 1]
    named = {"body": [], "far": [], "sides": []}
    for cell, side in outer:
        ring = {node % up // COUNT for node in side}
        flat = len({node // up for node in side}) == 1
        named["sides" if flat else "body" if ring == {0} else "far"].append((cell, side))
    rows = [found[0][1] for found in inner] + [side for faces in named.values() for _, side in faces]
    owner = [found[0][0] for found in inner] + [cell for faces in named.values() for cell, _ in faces]
    mesh, boundary, start = folder / "constant" / "polyMesh", [], len(inner)
    for name, faces in named.items():
        kind = "empty" if name == "sides" else "patch"
        boundary.append(f"{name} {{ type {kind}; nFaces {len(faces)}; startFace {start}; }}")
        start += len(faces)
    files = {
        "points": ("vectorField", [f"({x:.12g} {y:.12g} {z:.12g})" for x, y, z in points]),
        "faces": ("faceList", [f"4({' '.join(map(str, row))})" for row in rows]),
        "owner": ("labelList", list(map(str, owner))),
        "neighbour": ("labelList", [str(found[1][0]) for found in inner]),
        "boundary": ("polyBoundaryMesh", boundary),
    }
    mesh.mkdir(parents=True)
    for name, (kind, lines) in files.items():
        (mesh / name).write_text(HEAD.format(kind, name) + foam_list(lines))
    (folder / "system").mkdir()
    (folder / "system" / "controlDict").write_text(
        HEAD.format("dictionary", "controlDict")
        + "startFrom startTime; startTime 0; stopAt endTime; endTime 2; deltaT 1; writeInterval 1;\n"
    )
    for time in (1, 2):
        (folder / str(time)).mkdir()
        values = foam_list([str(10.0 * time)] * len(QUADS))
        (folder / str(time) / "p").write_text(
            HEAD.format("volScalarField", "p")
            + f"dimensions [0 2 -2 0 0 0 0];\ninternalField nonuniform List<scalar>\n{values};\nboundaryField\n"
            + "{ body { type zeroGradient; } far { type zeroGradient; } sides { type empty; } }\n"
        )
    (folder / "case.foam").touch()
    return folder / "case.foam"


def convert(root, case, out):
    command = [sys.executable, root / "examples" / "case_to_mesh.py", case, "--out", out]
    result = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert result.returncode == 0, result.stderr
    return read(out)


def test_a_case_of_openfoam(root, tmp_path):
    """One cell across in y: the plane is x and z."""
    mesh = convert(root, foam(tmp_path, (0, 2, 1)), tmp_path / "out.vtu")
    assert mesh.cell_count == len(QUADS) + 2 * COUNT  # and the edges of the patches
    assert {name: len(edges) for name, edges in mesh.patches.items()} == {"body": COUNT, "far": COUNT}
    np.testing.assert_allclose(mesh.point_data["p"], 20.0)  # of the last time
    geometry = Geometry.from_mesh(mesh, ["body"])
    found = geometry.walls[0] - geometry.walls[0].mean(axis=0)
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 0.2, rtol=1e-6)


@pytest.mark.slow
def test_a_case_of_ensight(root, tmp_path):
    """In Gold's text: the same slab, as hexahedra of one part with a field at its nodes."""
    points = np.concatenate([np.insert(PLANE, 2, height, axis=1) for height in (0, 0.1)])
    (tmp_path / "a.case").write_text(
        "FORMAT\ntype: ensight gold\nGEOMETRY\nmodel: a.geo\nVARIABLE\nscalar per node: p a.p\n"
    )
    hexahedra = [[node + 1 for node in (*quad, *(n + len(PLANE) for n in quad))] for quad in QUADS]
    head = ["a", "b", "node id assign", "element id assign", "part", f"{1:10d}", "air", "coordinates"]
    lines = (
        [*head, f"{len(points):10d}"] + [f"{x:12.5e}" for x in points.T.ravel()] + ["hexa8", f"{len(hexahedra):10d}"]
    )
    lines += ["".join(f"{node:10d}" for node in nodes) for nodes in hexahedra]
    (tmp_path / "a.geo").write_text("\n".join(lines) + "\n")
    values = "\n".join(f"{x:12.5e}" for x in points[:, 0])
    (tmp_path / "a.p").write_text(f"p\npart\n{1:10d}\ncoordinates\n{values}\n")
    mesh = convert(root, tmp_path / "a.case", tmp_path / "out.vtu")
    assert mesh.cell_count == len(QUADS) and not mesh.patches
    np.testing.assert_allclose(mesh.point_data["p"], mesh.points[:, 0], atol=1e-5)
    assert len(Geometry.from_mesh(mesh).walls) == 1
