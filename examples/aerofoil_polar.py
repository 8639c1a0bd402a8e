"""Lift, drag, moment and surface pressures of sections over their incidence, in seconds.

    enf2enf serve aerofoil
    python examples/aerofoil_polar.py
    python examples/aerofoil_polar.py my_section.dat another.csv --speed 60

Sections have a chord of 1 m along the x axis. All angles of one are one call.
"""

import argparse
import itertools
import sys
import time
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure

import enf2enf_meshes
from enf2enf.client import Client
from enf2enf.errors import Enf2EnfError
from enf2enf.problems.aerofoil.naca import FourDigits
from enf2enf.view.picture import check_picture

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("sections", nargs="*", type=Path, help="files of sections; SD7034 and NACA 2412 if not given")
parser.add_argument("--speed", type=float, default=50.0, help="of the inflow, m/s")
parser.add_argument("--target", default="127.0.0.1:50051", help="host:port of the server")
parser.add_argument("--out", type=Path, default=Path("polar.png"))
options = parser.parse_args()
try:
    check_picture(options.out)
except Enf2EnfError as error:
    sys.exit(str(error))
ANGLES, SHOWN, COLOURS = np.linspace(-4, 12, 33), (0.0, 5.0, 10.0), ("#2a6f97", "#e07a1f", "#7b2d8b", "#3a7d44")
stems = [path.stem for path in options.sections]
named = {path.stem if stems.count(path.stem) == 1 else str(path): path for path in options.sections}
sections = named or {
    "SD7034": enf2enf_meshes.path("sd7034"),  # a file in Selig's form
    "NACA 2412": [FourDigits(2, 4, 12).wall(60, at_nose=2e-3, at_edge=2e-3)],  # a closed curve
}
inflows = [{"inflow": {"magnitude": options.speed, "angle_deg": angle}, "viscosity": 1.56e-5} for angle in ANGLES]

above, below = (figure := Figure(figsize=(12.0, 7.0), layout="constrained", dpi=120)).subplots(2, 3)
with Client(options.target) as client:
    for (name, section), colour in zip(sections.items(), itertools.cycle(COLOURS), strict=False):
        start = time.perf_counter()
        try:
            answers = client.predict_many(client.encode(section, model="aerofoil"), inflows, "wall")
        except Enf2EnfError as error:
            sys.exit(f"{name}: {error}")
        lift, drag, moment = ([answer.integrals[key] for answer in answers] for key in ("C_L", "C_D", "C_m"))
        print(f"{name}: {len(ANGLES)} angles in {time.perf_counter() - start:.2f} s, ", end="")
        print(f"C_L up to {max(lift):.3f}, least C_D {min(drag):.4f} at {ANGLES[np.argmin(drag)]:g} degrees")
        if beyond := sorted({word for answer in answers for word in answer.extrapolating}):
            print(f"beyond the training data in {', '.join(beyond)}: an extrapolation")
        warned = {
            f"{angle:g}": answer.warnings for angle, answer in zip(ANGLES, answers, strict=True) if answer.warnings
        }
        if warned:
            first = next(iter(warned))
            print(f"warned of at {', '.join(warned)} degrees; at {first}: {warned[first][0]}")
        for axis, x, y in zip(above, (ANGLES, drag, ANGLES), (lift, lift, moment), strict=True):
            axis.plot(x, y, color=colour, label=name)
        for axis, angle in zip(below, SHOWN, strict=True):
            answer = answers[ANGLES.tolist().index(angle)]
            axis.plot(answer.points[:, 0], answer["wall_pressure"] / (options.speed**2 / 2), color=colour)
for axis, x, y in zip(above, ("incidence [°]", "$C_D$", "incidence [°]"), ("$C_L$", "$C_L$", "$C_m$"), strict=True):
    axis.set(xlabel=x, ylabel=y)
for axis, angle in zip(below, SHOWN, strict=True):
    axis.set(xlabel="x / c", ylabel="surface pressure $C_p$", title=f"at {angle:g}°")
    axis.invert_yaxis()  # suction upwards
for axis in (*above, *below):
    axis.locator_params(axis="x", nbins=6)
    axis.grid(alpha=0.25)
    axis.spines[["top", "right"]].set_visible(False)
above[0].legend(frameon=False)
figure.savefig(options.out)
