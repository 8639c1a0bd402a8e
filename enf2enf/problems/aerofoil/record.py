"""What is kept of a solved flow, and the case of a data set that it makes."""

from collections.abc import Mapping

import numpy as np
from jaxtyping import Float

from enf2enf.field import Field
from enf2enf.mesh import Mesh
from enf2enf.mesh.curves import closed_curves, rectangle
from enf2enf.problems.problem import SolvedCase

CROP = ((-2.0, -1.5), (4.0, 1.5))
"""Lower and upper corner of the stored box, in chords (nose at 0, chord along x); the solved domain is larger."""


def solved_case(record: Mapping[str, np.ndarray]) -> SolvedCase:
    """The wall and the crop as bare curves, the flow at the centres of cells and on the middles of wall faces.

    Args:
        record: `xy` (cells, 2), the centres of the cells inside the crop, m, with `U` (cells, 2), `p`, `nut` (cells,);
            `surf_nodes` (faces + 1, 2) from the trailing edge along the lower side, around the nose and back, closed,
            with `surf_p` (faces,) and `surf_tau` (faces, 2) on the faces between; `U_inf` (m/s), `alpha_deg` (degrees
            from the chord to the inflow) and `nu` (m2/s). Units as in the schema. Other keys are not looked at.
    """
    nodes, centres = _float64(record["surf_nodes"])[::-1], _float64(record["xy"])  # the body is on their left
    fields = {"velocity": record["U"], "pressure": record["p"], "nut": record["nut"]}
    on_wall = {"wall_pressure": record["surf_p"][::-1], "wall_shear": record["surf_tau"][::-1]}
    incidence = np.radians(float(record["alpha_deg"]))
    inflow = float(record["U_inf"]) * np.array([np.cos(incidence), np.sin(incidence)])
    return SolvedCase(
        _curves(nodes[:-1]),
        {"inflow": inflow, "viscosity": float(record["nu"])},
        samples=Field(centres, {name: _float64(values) for name, values in fields.items()}),
        wall=Field((nodes[1:] + nodes[:-1]) / 2, {name: _float64(values) for name, values in on_wall.items()}),
    )


def _float64(values: np.ndarray) -> Float[np.ndarray, "rows ..."]:
    return np.asarray(values, np.float64)


def _curves(wall: Float[np.ndarray, "faces 2"]) -> Mesh:
    """The wall and the crop as a mesh of their sides."""
    return closed_curves([wall, rectangle(*CROP)])
