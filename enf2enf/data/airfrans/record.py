"""One case of AirfRANS: from its two files the section, the flow around it and what is on its wall."""

import dataclasses
from pathlib import Path

import numpy as np
from jaxtyping import Float, Int
from scipy.spatial import KDTree

from enf2enf.data.airfrans.layout import PublicFolder, inflow_of
from enf2enf.data.airfrans.schema import VISCOSITY
from enf2enf.errors import DatasetError, Enf2EnfError, place
from enf2enf.field import Field
from enf2enf.geometry import Geometry
from enf2enf.geometry.plane.polygon import Polygon, box, normals
from enf2enf.io import read
from enf2enf.mesh import Mesh, topology
from enf2enf.mesh.curves import rectangle
from enf2enf.plain import shown

_SHEAR = "wallShearStress"
_FIELDS = {"U": 2, "p": 1, "nut": 1}  # field -> its number of components in the plane
_SAME = 1e-9  # metres between nodes of two files that are one
_UPSTREAM, _DISTURBED = 0.01, 0.25  # share of nodes taken as upstream; largest relative error of their mean velocity


@dataclasses.dataclass(frozen=True, eq=False)
class Record:
    """A solved flow.

    Args:
        geometry: the section, and the box of the nodes around it as a far boundary.
        flow: velocity (m/s), pressure (over density) and nut (m2/s) at the nodes that are not on the wall.
        wall: wall_pressure and wall_shear (both over density) at the nodes of the wall, in their order around it.
    """

    geometry: Geometry
    flow: Field
    wall: Field

    @classmethod
    def read(cls, folder: PublicFolder, name: str) -> "Record":
        """The record of a case.

        The wall's nodes are those of the internal mesh that are at rest, as in the authors' own code. The wall
        shear is read from the wall's file if it has it, else computed from the velocity around it by `wall_shear`.

        Raises:
            DatasetError: a damaged file, one without a field, two that do not fit each other, an open wall, a flow
                that is not the one in the case's name.
        """
        try:
            flow, wall = (_plane(path) for path in (folder.flow_file(name), folder.wall_file(name)))
            section = _section(wall)
            geometry = Geometry.of([section], rectangle(*box([flow.points])), outer_is_far=True)
        except Enf2EnfError as error:
            raise DatasetError(f"case {name!r}, {error.name}", error.expected, error.got) from error
        label = f"case {name!r}"
        velocity, pressure, nut = (_values(label, flow, key, width) for key, width in _FIELDS.items())
        _check_inflow(label, name, flow.points, velocity)
        still = np.flatnonzero(velocity[:, 0] == 0)
        nodes = _at(label, flow.points, still, section)
        if _SHEAR in wall.point_data:
            shear = _values(label, wall, _SHEAR, 2)[KDTree(wall.points).query(section)[1]]
        else:
            shear = wall_shear(flow, velocity, nodes)
        around = np.delete(np.arange(len(flow.points)), still)
        fields = {"velocity": velocity[around], "pressure": pressure[around], "nut": nut[around]}
        on_wall = {"wall_pressure": pressure[nodes], "wall_shear": shear}
        return cls(geometry, Field(flow.points[around], fields), Field(section, on_wall))


def wall_shear(
    flow: Mesh, velocity: Float[np.ndarray, "points 2"], wall: Int[np.ndarray, " nodes"]
) -> Float[np.ndarray, "nodes 2"]:
    """The viscous stress of the fluid on a wall over density, m2/s2: twice nu times the deviator of the strain rate.

    Args:
        flow: the mesh around the wall.
        velocity: at its nodes, m/s.
        wall: nodes around the wall in order, the body on their left.
    """
    gradient = _gradients(flow, velocity, wall)
    strain = (gradient + gradient.swapaxes(1, 2)) / 2
    deviator = strain - np.trace(strain, axis1=1, axis2=2)[:, None, None] / 3 * np.eye(2)
    return 2 * VISCOSITY * np.einsum("nij,nj->ni", deviator, normals(flow.points[wall]))


def _gradients(
    flow: Mesh, velocity: Float[np.ndarray, "points 2"], nodes: Int[np.ndarray, " nodes"]
) -> Float[np.ndarray, "nodes 2 2"]:
    """Gradient d(column) / d(row) at some nodes: mean over their cells, each linear along its two sides there."""
    number = np.full(len(flow.points), -1)
    number[nodes] = np.arange(len(nodes))
    total, count = np.zeros((len(nodes), 2, 2)), np.zeros(len(nodes))
    for block in filter(lambda block: topology.is_surface(block.kind), flow.cells):
        ring = topology.rings(block)
        for corner in range(ring.shape[1]):
            own = ring[number[ring[:, corner]] >= 0]
            here, others = own[:, corner], own[:, [corner - 1, (corner + 1) % own.shape[1]]]
            sides, rises = (values[others] - values[here][:, None] for values in (flow.points, velocity))
            np.add.at(total, number[here], np.linalg.pinv(sides) @ rises)
            np.add.at(count, number[here], 1)
    return total / np.maximum(count, 1)[:, None, None]


def _plane(path: Path) -> Mesh:
    mesh = read(path)
    if mesh.dim != 2:
        raise DatasetError(path.name, "a slice of the plane", "a mesh in 3 dimensions")
    return mesh


def _section(wall: Mesh) -> Float[np.ndarray, "nodes 2"]:
    """The nodes of the section in order, the body on their left. Raises `MeshError`, `GeometryError`."""
    lines = [topology.edges(block) for block in wall.cells if topology.is_curve(block.kind)]
    loops = topology.chain(np.concatenate([np.zeros((0, 3), int), *lines]), wall.points)
    if len(loops) != 1:
        raise DatasetError("aerofoil", "one closed curve", str(len(loops)))
    return Polygon(wall.points[loops[0]], name="aerofoil").vertices


def _values(label: str, mesh: Mesh, key: str, width: int) -> Float[np.ndarray, "points ..."]:
    """A field at the nodes; of a vector the two components in the plane. Raises `DatasetError`."""
    if key not in mesh.point_data:
        raise DatasetError(label, f"the field {key!r} by node", f"only {sorted(mesh.point_data)}")
    values = mesh.point_data[key]
    if values.shape[1:] not in ({(2,), (3,)} if width == 2 else {()}):
        raise DatasetError(f"{label}, {key}", f"{width} numbers a node", f"an array of shape {values.shape}")
    if len(strange := np.flatnonzero(~np.isfinite(values).reshape(len(values), -1).all(axis=1))):
        got = shown(values[strange[0]].tolist())
        raise DatasetError(f"{label}, {key}", "finite numbers", f"{got} at node {strange[0]}")
    return values[:, :2] if width == 2 else values


def _check_inflow(
    label: str, name: str, points: Float[np.ndarray, "points 2"], velocity: Float[np.ndarray, "points 2"]
) -> None:
    """Refuses a flow whose velocity upstream is not that in the case's name, which the section disturbs little."""
    inflow = inflow_of(name)
    upstream = points[:, 0] <= np.quantile(points[:, 0], _UPSTREAM)
    found = velocity[upstream].mean(axis=0)
    if np.linalg.norm(found - inflow) > _DISTURBED * np.linalg.norm(inflow):
        near, got = (np.round(each, 2).tolist() for each in (inflow, found))
        raise DatasetError(f"{label}, U", f"a velocity upstream that is about that of its name, {near}", str(got))


def _at(
    label: str,
    points: Float[np.ndarray, "points 2"],
    still: Int[np.ndarray, " still"],
    section: Float[np.ndarray, "nodes 2"],
) -> Int[np.ndarray, " nodes"]:
    """Which of the nodes at rest are the nodes of the section. Raises `DatasetError` where they are not the same."""
    wanted = "nodes at rest (U_x = 0) at those of the aerofoil, and nowhere else"
    if not len(still):
        raise DatasetError(label, wanted, "none")
    away, found = KDTree(points[still]).query(section)
    off = KDTree(section).query(points[still])[0]
    for distances, places, what in ((away, section, "none"), (off, points[still], "one")):
        if distances.max() > _SAME:
            raise DatasetError(label, wanted, f"{what} at {place(places[distances.argmax()])}")
    return still[found]
