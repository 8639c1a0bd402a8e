"""Writes the Python stubs beside the contracts: `python protos/generate.py` (needs the extra dev)."""

import pathlib
import shutil
import sys
import tempfile
from importlib import resources

from grpc_tools import protoc

HERE = pathlib.Path(__file__).parent
CONTRACTS = ("open_inference", "surrogate")
STUBS = tuple(f"{contract}{end}" for contract in CONTRACTS for end in ("_pb2.py", "_pb2.pyi", "_pb2_grpc.py"))


def generate(folder: pathlib.Path) -> None:
    """Writes the stubs into `folder`.

    The virtual path `enf2enf_protos=` makes the stubs import each other as `enf2enf_protos`: under a second name
    the descriptor would be registered twice, which protobuf refuses.
    """
    with tempfile.TemporaryDirectory() as scratch:
        outputs = [f"--{kind}_out={scratch}" for kind in ("python", "pyi", "grpc_python")]
        well_known = resources.files("grpc_tools") / "_proto"
        for contract in CONTRACTS:
            source = f"enf2enf_protos/{contract}.proto"
            if protoc.main(["protoc", f"-Ienf2enf_protos={HERE}", f"-I{well_known}", *outputs, source]):
                sys.exit(f"protoc refused {contract}.proto")
        for stub in STUBS:
            shutil.copy(pathlib.Path(scratch) / "enf2enf_protos" / stub, folder / stub)


if __name__ == "__main__":
    generate(HERE)
