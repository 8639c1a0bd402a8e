"""The answer to a question about a shape: the same type from a surrogate here and from one behind a server."""

import dataclasses
from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from enf2enf.field import Field
from enf2enf.grid import Grid
from enf2enf.mesh import Mesh

if TYPE_CHECKING:
    import pyvista


@dataclasses.dataclass(frozen=True)
class Prediction:
    """Fields at points, and what is to be known of them.

    Args:
        field: values at the points, float32; NaN where there is no field.
        outside: number of points without a field: inside a body, outside the domain or beyond what the model covers.
        extrapolating: names of the conditions, and of numbers that describe the shape (its `thickness`, its `incidence`
            ...), outside the range of the training data.
        shape: the geometry that was asked: an `Encoding`, or a `RemoteShape`, which differs from the one given where
            that had to be encoded again.
        at: what was asked about: the points, the grid, or `"nodes"` of the mesh that was sent.
        decode_seconds: time that was worked on this question, without any waiting.
        request_id: under which a server's log knows the call; empty where none was asked.
    """

    field: Field
    outside: int
    extrapolating: tuple[str, ...]
    shape: Any = dataclasses.field(repr=False)
    at: Float[np.ndarray, "points dim"] | Grid | str = dataclasses.field(repr=False)
    decode_seconds: float = 0.0
    request_id: str = ""

    def __getitem__(self, name: str) -> Float[np.ndarray, "points ..."]:
        return self.field[name]

    def to_pyvista(self, mesh: Mesh | None = None) -> "pyvista.DataSet":
        """The fields as point data of something that pyvista draws; vectors of the plane get a z of zero.

        An `UnstructuredGrid` of `mesh`, or of the mesh that was sent where its nodes were asked; an `ImageData` of a
        grid; else a `PolyData` of the points.

        Args:
            mesh: whose nodes are the points of this answer; saves reading the one that was sent again.

        Raises:
            QueryError: pyvista is not installed, or the mesh has another number of nodes.
            MeshError: the mesh that was sent cannot be read here.
        """
        from enf2enf.io.drawable import drawable

        if mesh is not None:
            return drawable(self.field, mesh)
        return drawable(self.field, self.shape.upload.mesh() if isinstance(self.at, str) else self.at)
