"""A mesh with one of its fields, drawn by pyvista without a screen."""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from enf2enf.errors import QueryError
from enf2enf.io import write
from enf2enf.mesh import Mesh

# VTK ends the whole process where there is no OpenGL, so a child process draws.
_DRAW = """
import sys
import pyvista
source, picture, name = sys.argv[1:]
mesh = pyvista.read(source)
plotter = pyvista.Plotter(off_screen=True, window_size=(900, 800))
plotter.add_mesh(mesh, scalars=name, cmap="viridis", show_edges=True, edge_opacity=0.15, nan_color="white")
if mesh.bounds[4] == mesh.bounds[5]:
    plotter.view_xy()
plotter.screenshot(picture)
"""


def scene(path: str | os.PathLike, mesh: Mesh, name: str) -> None:
    """Draw the field `name` of a mesh, plane or solid, into a PNG.

    Raises:
        QueryError: the mesh has no such nodal field, or this machine cannot draw; the sentence says what to install.
    """
    if name not in mesh.point_data:
        raise QueryError("field", f"one of {sorted(mesh.point_data)}", repr(name))
    with tempfile.TemporaryDirectory() as folder:
        source, picture = Path(folder) / "scene.vtu", Path(path).absolute()
        write(source, mesh)
        draw = [sys.executable, "-c", _DRAW, str(source), str(picture), name]
        drawing = subprocess.run(draw, capture_output=True, text=True, check=False)
    if drawing.returncode:
        wanted = "an OpenGL library, on Debian or Ubuntu: apt install libegl1 libgl1-mesa-dri"
        if "No module named 'pyvista'" in drawing.stderr:
            wanted = "pyvista: pip install 'enf2enf[scenes]'"
        raise QueryError(str(path), wanted, "a machine without it")
