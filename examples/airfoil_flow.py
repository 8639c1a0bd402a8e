"""The pressure around a section and the streamlines of its flow, drawn by pyvista.

enf2enf serve aerofoil
python examples/airfoil_flow.py my_section.dat --degrees 8
python examples/airfoil_flow.py --out flow.png    # no window
"""

import argparse
import subprocess
import sys
from pathlib import Path

import numpy as np
from scipy.ndimage import distance_transform_edt

import enf2enf_meshes
from enf2enf.client import Client
from enf2enf.errors import Enf2EnfError
from enf2enf.grid import Grid

PROBE = "import pyvista; pyvista.Plotter(off_screen=True).screenshot(return_img=True)"
LOW, HIGH, CELLS = (-0.5, -0.55), (1.7, 0.65), (330, 180)  # of what is shown, m

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("section", nargs="?", default=enf2enf_meshes.path("sd7034"), help="a file of a section, chord 1 m")
parser.add_argument("--degrees", type=float, default=8.0, help="from the x axis to the inflow")
parser.add_argument("--speed", type=float, default=50.0, help="of the inflow, m/s")
parser.add_argument("--target", default="127.0.0.1:50051", help="host:port of the server")
parser.add_argument("--out", type=Path, help="write a picture, open no window")
options = parser.parse_args()
if options.out is not None and (options.out.suffix.lower() != ".png" or not options.out.parent.is_dir()):
    sys.exit(f"--out: expected a name that ends in .png, in a folder that is there, got {str(options.out)!r}")
if subprocess.run([sys.executable, "-c", PROBE], capture_output=True).returncode:  # else VTK would end this process
    sys.exit("drawing needs pip install 'enf2enf[scenes]' and an OpenGL library: apt install libegl1 libgl1-mesa-dri")
import pyvista  # noqa: E402

conditions = {"inflow": {"magnitude": options.speed, "angle_deg": options.degrees}, "viscosity": 1.56e-5}
try:
    with Client(options.target) as client:
        shape = client.encode(options.section, model="aerofoil")
        around = client.decode(shape, conditions, Grid(LOW, HIGH, CELLS))
        wall = client.decode(shape, conditions, "wall")
except Enf2EnfError as error:
    sys.exit(str(error))

flow = around.to_pyvista()
missing = np.isnan(flow["pressure"]).reshape(CELLS, order="F")  # in the body
nearest = distance_transform_edt(missing, return_distances=False, return_indices=True)
filled = np.ravel_multi_index(nearest, CELLS, order="F").ravel(order="F")
flow["C_p"], flow["velocity"] = flow["pressure"][filled] / (options.speed**2 / 2), flow["velocity"][filled]
lines = flow.streamlines_evenly_spaced_2D("velocity", start_position=(-0.49, 0.3, 0), separating_distance=6)
corners = np.insert(wall.sides.ends[:, 0], 2, 1e-3, axis=1)  # before what they cover
plotter = pyvista.Plotter(off_screen=options.out is not None, window_size=(1320, 880))
bar = {"title": "pressure coefficient C_p", "n_labels": 5, "fmt": "%.0f", "width": 0.4}
place = {"position_x": 0.3, "position_y": 0.01}
plotter.add_mesh(flow, scalars="C_p", cmap="RdBu_r", clim=(-2, 2), lighting=False, scalar_bar_args=bar | place)
plotter.add_mesh(lines, color="black", line_width=1.2, opacity=0.55)
for number in np.unique(wall.sides.walls):
    edge = corners[wall.sides.walls == number]
    body = pyvista.PolyData(edge, faces=[len(edge), *range(len(edge))]).triangulate()
    plotter.add_mesh(body, color="#e9ecef", lighting=False)
    plotter.add_mesh(pyvista.lines_from_points(edge, close=True), color="black", line_width=3)
plotter.view_xy()
plotter.camera.tight(padding=0.03, adjust_render_window=False)
found = ", ".join(f"{name} = {wall.integrals[name]:.4g}" for name in ("C_L", "C_D", "C_m"))
print(title := f"{Path(options.section).stem} at {options.degrees:g} degrees: {found}")
for sentence in wall.warnings:
    print(sentence)
if wall.extrapolating:
    print(f"beyond the training data in {', '.join(wall.extrapolating)}: an extrapolation")
plotter.add_text(title, position="upper_edge", font_size=11, color="black")
plotter.show(screenshot=options.out)
