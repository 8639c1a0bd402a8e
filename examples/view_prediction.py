"""A picture of a prediction, drawn by pyvista without a screen.

    python examples/view_prediction.py --out prediction.png

VTK ends the whole process where there is no OpenGL, so the drawing is done by a child process.
"""

import argparse
import subprocess
import sys
from pathlib import Path

import enf2enf_meshes
from enf2enf import load
from enf2enf.conditions import conditions_of
from enf2enf.errors import Enf2EnfError

DRAW = """
import sys
import pyvista
source, picture, name = sys.argv[1:]
plotter = pyvista.Plotter(off_screen=True, window_size=(900, 800))
plotter.add_mesh(pyvista.read(source), scalars=name, cmap="viridis", show_edges=True, edge_opacity=0.15)
plotter.view_xy()
plotter.screenshot(picture)
"""

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("mesh", nargs="?", default=enf2enf_meshes.path("unit_cell_vtu"), help="any mesh file")
parser.add_argument("--checkpoint", default="elasticity")
parser.add_argument("--out", type=Path, default=Path("prediction.png"))
parser.add_argument("-c", dest="conditions", action="append", default=[], metavar="NAME=VALUE[,VALUE]")
options = parser.parse_args()

try:
    answer = load(options.checkpoint).predict(options.mesh, conditions_of(options.conditions))
    vtu, name = options.out.with_suffix(".vtu"), next(iter(answer.fields))
    answer.save(vtu)
except Enf2EnfError as error:
    sys.exit(str(error))

drawing = subprocess.run([sys.executable, "-c", DRAW, vtu, options.out, name], capture_output=True, text=True)
if drawing.returncode or not options.out.exists():
    missing = "pip install 'enf2enf[scenes]'" if "No module named 'pyvista'" in drawing.stderr else (
        "an OpenGL library, on Debian or Ubuntu: apt install libegl1 libgl1-mesa-dri")  # fmt: skip
    sys.exit(f"{options.out}: no picture, only {vtu}: drawing needs {missing}")
print(f"{options.out} and {vtu}: {name} at {len(answer.points)} nodes")
