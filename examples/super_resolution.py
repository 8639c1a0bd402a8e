"""The peak a mesh misses: ask for the field along a wall far more finely than the mesh resolves it.

No server is needed: this is the library itself.

    python examples/super_resolution.py
"""

import argparse
import sys
import time

import numpy as np

import enf2enf_meshes
from enf2enf import load
from enf2enf.conditions import conditions_of
from enf2enf.errors import Enf2EnfError

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("mesh", nargs="?", default=enf2enf_meshes.path("unit_cell_vtu"), help="any mesh file")
parser.add_argument("--checkpoint", default="elasticity")
parser.add_argument("--points", type=int, default=50_000, help="points along the walls")
parser.add_argument("-c", dest="conditions", action="append", default=[], metavar="NAME=VALUE[,VALUE]")
options = parser.parse_args()

try:
    surrogate, conditions = load(options.checkpoint), conditions_of(options.conditions)
    shape = surrogate.encode(options.mesh)
    walls = shape.geometry.walls
    fine = shape.geometry.panels(options.points)[:, 0]

    start = time.perf_counter()
    coarse_field = surrogate.decode(shape, conditions, np.concatenate(walls)).field
    fine_field = surrogate.decode(shape, conditions, fine).field
    seconds = time.perf_counter() - start

    print(f"{sum(map(len, walls))} nodes and {len(fine)} points on {len(walls)} wall(s), {seconds:.2f} s")
    for name in fine_field.values:
        nodes, between = np.nanmax(np.abs(coarse_field[name])), np.nanmax(np.abs(fine_field[name]))
        print(f"largest |{name}|: {nodes:.5g} at the nodes, {between:.5g} between them ({between / nodes - 1:+.2%})")
except Enf2EnfError as error:
    sys.exit(str(error))
