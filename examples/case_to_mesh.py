"""A plane mesh out of a case of OpenFOAM or EnSight: a slice through it at the last time, with fields and patches.

    python examples/case_to_mesh.py motorBike/case.foam --out case.vtu
    enf2enf predict MODEL case.vtu -w aerofoil -c inflow=30,0 -o answer.vtu

An empty file called `case.foam` in an OpenFOAM case tells pyvista what it is; EnSight's is the `.case` file. The
slice is across the thinnest side of the case; the boundaries of an OpenFOAM case become patches of edges.
"""

import argparse
import sys
from pathlib import Path

import numpy as np
from scipy.spatial import cKDTree

from enf2enf.io import write
from enf2enf.mesh import CellBlock, Mesh

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("case", type=Path, help="a .foam or a .case file")
parser.add_argument("--out", type=Path, default=Path("case.vtu"))
options = parser.parse_args()
try:
    import pyvista
except ModuleNotFoundError:
    sys.exit(f"{options.case}: reading it needs pip install 'enf2enf[scenes]'")
if not options.case.is_file():
    sys.exit(f"{options.case}: expected a .foam or a .case file, got {'a folder' if options.case.is_dir() else 'none'}")

reader = pyvista.get_reader(options.case)
if len(reader.time_values):
    reader.set_active_time_value(reader.time_values[-1])
blocks = reader.read()
is_foam = "internalMesh" in blocks.keys()  # noqa: SIM118, a list of blocks, no mapping
whole = blocks["internalMesh"] if is_foam else blocks.combine()
lengths = np.reshape(whole.bounds, (3, 2)) @ [-1, 1]
normal = int(np.argmin(lengths))
plane = [axis for axis in range(3) if axis != normal]


def cut(data):
    """A slice through the middle, or the data where they are flat already."""
    if lengths[normal] == 0:
        return data.extract_surface(algorithm="dataset_surface")
    return data.slice(normal=np.eye(3)[normal], origin=whole.center)


section = cut(whole)
sizes = np.diff(section.GetPolys().GetOffsetsArray())
kinds = {3: "triangle", 4: "quad"}
rows = np.split(section.GetPolys().GetConnectivityArray(), np.cumsum(sizes)[:-1])
cells = [CellBlock(kinds.get(n, f"polygon{n}"), np.array([row for row in rows if len(row) == n])) for n in set(sizes)]
fields = {name: values[:, plane] if values.ndim == 2 and values.shape[1] == 3 else values
          for name, values in section.point_data.items()}  # fmt: skip
nodes, patches = cKDTree(section.points), {}
for name in blocks["boundary"].keys() if is_foam and "boundary" in blocks.keys() else ():  # noqa: SIM118
    lines = cut(blocks["boundary"][name])
    if lines.n_lines:
        patches[name] = nodes.query(lines.points)[1][lines.lines.reshape(-1, 3)[:, 1:]]
write(options.out, Mesh(np.array(section.points[:, plane], float), tuple(cells), patches, fields))
print(f"{options.out}: {section.n_cells} cells, patches {sorted(patches)}, fields {sorted(fields)}")
