"""Encode a shape once, then ask for it as often as wanted: what the second question costs.

First start a server in another terminal, then ask it:

    enf2enf serve elasticity
    python examples/client_query.py
"""

import argparse
import sys
import time

import numpy as np

import enf2enf_meshes
from enf2enf.client import Client
from enf2enf.conditions import conditions_of
from enf2enf.errors import Enf2EnfError
from enf2enf.grid import Grid

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("mesh", nargs="?", default=enf2enf_meshes.path("unit_cell_vtu"), help="any mesh file")
parser.add_argument("--target", default="127.0.0.1:50051", help="host:port of the server")
parser.add_argument("-c", dest="conditions", action="append", default=[], metavar="NAME=VALUE[,VALUE]")
options = parser.parse_args()
try:
    conditions = conditions_of(options.conditions)

    with Client(options.target) as client:
        model = client.describe()
        print(f"version {model.version} ({model.digest}) of {model}")

        start = time.perf_counter()
        shape = client.encode(options.mesh)
        print(
            f"encoded {shape.nodes} nodes, {len(shape.walls)} wall(s) in {1e3 * (time.perf_counter() - start):.1f} ms"
        )

        (low, high), name = shape.bounds, model.schema.fields[0].name
        questions = {"the mesh's own nodes": "nodes", "a 200 x 200 grid": Grid(low, high, (200, 200))}
        questions["the middle of the domain"] = np.atleast_2d((low + high) / 2)
        for text, points in questions.items():
            start = time.perf_counter()
            answer = client.decode(shape, conditions, points)
            took, values = 1e3 * (time.perf_counter() - start), answer[name]
            inside = values[np.isfinite(values).reshape(len(values), -1).all(axis=1)]
            span = f"{inside.min():.4g} to {inside.max():.4g}" if len(inside) else "no field there"
            print(f"{text}: {name} {span}, {answer.outside} of {len(values)} points outside, {took:.1f} ms")
        if answer.extrapolating:
            print(f"beyond the training data in {', '.join(answer.extrapolating)}: an extrapolation")
except Enf2EnfError as error:
    sys.exit(str(error))
