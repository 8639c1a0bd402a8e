"""A case of OpenFOAM's simpleFoam: the flow, its grid, and the files that state it."""

import dataclasses
import functools
import shutil
from pathlib import Path

import numpy as np
import shapely
from jaxtyping import Float

from enf2enf.data.airfrans.schema import VISCOSITY
from enf2enf.problems.aerofoil import dictionaries, foam
from enf2enf.problems.aerofoil.cgrid import FAR, Size, c_grid
from enf2enf.problems.aerofoil.section import AbstractSection
from enf2enf.problems.aerofoil.topology import Topology, topology
from enf2enf.problems.panel import PanelFlow

_Y_PLUS = 52.0  # y+ of the first cell centres, by the estimate of `first_cell`; solved flows have a mean near 41
_FASTEST, _LAYER, _FRICTION = 2.0, 0.02, 0.04  # start: most speed ratio; layer, chords; friction velocity ratio
_BETA, _KAPPA = 0.09, 0.41


@dataclasses.dataclass(frozen=True, eq=False)
class Case:
    """The flow around a section of chord 1 m.

    Args:
        section: around which.
        speed: of the inflow, m/s.
        degrees: from the chord to the inflow.
        size: of the grid.
    """

    section: AbstractSection
    speed: float
    degrees: float
    size: Size = Size()

    @property
    def incidence(self) -> float:
        """From the chord to the inflow, rad."""
        return float(np.radians(self.degrees))

    @property
    def first_cell(self) -> float:
        """Height (m) of the cells on the wall, for wall functions, from the mean friction of a flat plate."""
        friction = 0.074 * (self.speed / VISCOSITY) ** -0.2
        return 2 * _Y_PLUS * VISCOSITY / (self.speed * np.sqrt(friction / 2))

    @property
    def turbulence(self) -> tuple[float, float]:
        """k (m2/s2) and omega (1/s) of the inflow, as in AirfRANS: 1e-3 U^2 / Re and 5 U / L over the far field's L."""
        return 1e-3 * self.speed * VISCOSITY / FAR, 5 * self.speed / FAR

    @property
    def topology(self) -> Topology:
        """Of the grid."""
        return topology(self.size)

    @functools.cached_property
    def nodes(self) -> Float[np.ndarray, "rows layers 2"]:
        """Of the grid."""
        return c_grid(self.section, self.incidence, self.first_cell, self.size)

    @functools.cached_property
    def cells(self) -> tuple[Float[np.ndarray, "cells 2"], Float[np.ndarray, " cells"]]:
        """Centroids and areas."""
        return self.topology.measure(self.nodes)

    @property
    def wall(self) -> Float[np.ndarray, "nodes 2"]:
        """Nodes of the wall, closed."""
        return self.topology.wall(self.nodes)

    def write(self, folder: Path) -> None:
        """The case at its start, in place of all that the folder holds; see `plan` for what says how it goes on."""
        shutil.rmtree(folder, ignore_errors=True)
        self._write_mesh(folder / "constant" / "polyMesh")
        self._write_start(folder / "0")
        for name, entries in (
            ("transportProperties", f"transportModel Newtonian; nu {VISCOSITY:.12g};"),
            ("turbulenceProperties", "simulationType RAS; RAS { RASModel kOmegaSST; turbulence on; printCoeffs off; }"),
        ):
            foam.write(folder / "constant" / name, "dictionary", entries)
        foam.write(folder / "system" / "fvSchemes", "dictionary", dictionaries.SCHEMES)

    def plan(self, folder: Path, end: int, velocity: float, turbulence: float) -> None:
        """Go on to iteration `end`, with these factors of relaxation."""
        x, y = np.cos(self.incidence), np.sin(self.incidence)
        control = dictionaries.CONTROL % {"end": end, "x": x, "y": y, "left": -y, "speed": self.speed}
        solution = dictionaries.SOLUTION % {"velocity": velocity, "turbulence": turbulence}
        foam.write(folder / "system" / "controlDict", "dictionary", control)
        foam.write(folder / "system" / "fvSolution", "dictionary", solution)

    def _write_mesh(self, folder: Path) -> None:
        mesh, plane = self.topology, self.topology.points(self.nodes)
        slab = np.concatenate([np.insert(plane, 2, height, axis=1) for height in (0, 1)])
        faces = np.concatenate([mesh.faces, *(patch.faces for patch in mesh.patches)])
        owners = np.concatenate([mesh.owners, *(patch.owners for patch in mesh.patches)])
        foam.write_list(folder / "points", "vectorField", slab, "(%.15g %.15g %.15g)")
        foam.write_list(folder / "faces", "faceList", faces, "4(%d %d %d %d)")
        foam.write_list(folder / "owner", "labelList", owners, "%d")
        foam.write_list(folder / "neighbour", "labelList", mesh.neighbours, "%d")
        start, entries = len(mesh.faces), []
        for patch in mesh.patches:
            entries.append(f"{patch.name} {{ type {patch.kind}; nFaces {len(patch.faces)}; startFace {start}; }}")
            start += len(patch.faces)
        foam.write(folder / "boundary", "polyBoundaryMesh", "\n".join([str(len(entries)), "(", *entries, ")"]))

    def _write_start(self, folder: Path) -> None:
        """Potential flow, slowed down near the wall, with the turbulence of a boundary layer of constant thickness."""
        centres, (k_far, omega_far) = self.cells[0], self.turbulence
        distance = shapely.distance(shapely.points(centres), shapely.LineString(self.wall))
        velocity = PanelFlow.around([self.wall], self.incidence).velocity(centres)
        velocity *= np.minimum(1, _FASTEST / np.maximum(np.hypot(*velocity.T), 1e-9))[:, None]
        pressure = 0.5 * self.speed**2 * (1 - (velocity**2).sum(axis=1))
        velocity *= self.speed * np.minimum(1, (distance / _LAYER) ** (1 / 7))[:, None]
        friction = _FRICTION * self.speed
        k_wall, omega_wall = friction**2 / np.sqrt(_BETA), friction / (np.sqrt(_BETA) * _KAPPA * distance)
        k = k_far + k_wall * np.exp(-((distance / _LAYER) ** 2))
        omega = omega_far + omega_wall * np.exp(-((distance / (4 * _LAYER)) ** 2))
        inflow = f"uniform ({self.speed * np.cos(self.incidence):.15g} {self.speed * np.sin(self.incidence):.15g} 0)"
        nut_far = f"type calculated; value uniform {k_far / omega_far:.9g};"
        for name, powers, values, wall, far in (
            ("U", "0 1 -1", velocity, "type noSlip;", _free(inflow, "Velocity")),
            ("p", "0 2 -2", pressure, "type zeroGradient;", _free("uniform 0", "Pressure")),
            ("k", "0 2 -2", k, _walled("kqR", k_wall), _free(f"uniform {k_far:.12g}")),
            ("omega", "0 0 -1", omega, _walled("omega", omega.max()), _free(f"uniform {omega_far:.12g}")),
            ("nut", "0 2 -1", k / omega, _walled("nutk", 0), nut_far),
        ):
            patches = {"aerofoil": wall, "freestream": far, "frontAndBack": "type empty;"}
            foam.write_field(folder / name, powers, values, patches)


def _free(value: str, kind: str = "") -> str:
    return f"type freestream{kind}; freestreamValue {value}; value {value};"


def _walled(kind: str, value: float) -> str:
    return f"type {kind}WallFunction; value uniform {value:.9g};"
