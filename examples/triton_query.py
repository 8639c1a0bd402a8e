"""Ask with NVIDIA's client of the Open Inference Protocol, which knows nothing of us: pip install "tritonclient[grpc]".

First start a server in another terminal, then ask it for the fields at 1000 points and at the mesh's nodes:

    enf2enf serve elasticity
    python examples/triton_query.py meshes/unit_cell.vtu
"""

import argparse
import pathlib
import sys

import numpy as np

try:
    from tritonclient import grpc as triton
    from tritonclient.utils import InferenceServerException
except ModuleNotFoundError:
    sys.exit('This needs pip install "tritonclient[grpc]"')

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("mesh", type=pathlib.Path, help="any mesh file of up to 4 MB")
parser.add_argument("--target", default="127.0.0.1:50051", help="host:port of the server")
parser.add_argument("--model", default="elasticity")
parser.add_argument("-c", dest="conditions", action="append", default=[], metavar="NAME=VALUE[,VALUE]")
parser.add_argument("--out", help="an .npz file for all answers")
options = parser.parse_args()


def tensor(name: str, value: np.ndarray | bytes) -> triton.InferInput:
    """An input of FP64 numbers or of one file, text or handle."""
    array = np.array([value], object) if isinstance(value, bytes) else np.asarray(value, np.float64)
    made = triton.InferInput(name, list(array.shape), "BYTES" if isinstance(value, bytes) else "FP64")
    return made.set_data_from_numpy(array)


conditions = {}
for option in options.conditions:
    name, _, numbers = option.partition("=")
    conditions[name] = np.array(numbers.split(","), float)

try:
    with triton.InferenceServerClient(options.target) as client:
        ready = client.is_server_live(), client.is_server_ready(), client.is_model_ready(options.model)
        print("live, ready, model ready:", *ready)
        model = client.get_model_metadata(options.model)
        print(f"{model.name} takes {[t.name for t in model.inputs]}, gives {[t.name for t in model.outputs]}")

        def ask(**inputs: np.ndarray | bytes) -> dict[str, np.ndarray]:
            """All outputs by name, under the conditions."""
            asked = [tensor(name, value) for name, value in (inputs | conditions).items()]
            answer = client.infer(options.model, asked)
            return {output.name: answer.as_numpy(output.name) for output in model.outputs}

        (dim,) = (t.shape[1] for t in model.inputs if t.name == "points")
        points = np.random.default_rng(0).uniform(size=(1000, dim))
        first = ask(mesh=options.mesh.read_bytes(), mesh_name=options.mesh.name.encode(), points=points)
        nodes = ask(handle=first["handle"][0])
except InferenceServerException as error:
    sys.exit(f"{error.status()}: {error.message()}")
for name in nodes:
    print(f"{name}: {first[name].shape} at the points, {nodes[name].shape} at the nodes")
if options.out:
    np.savez(options.out, points=points, **first, **{f"{name}_at_nodes": nodes[name] for name in nodes})
