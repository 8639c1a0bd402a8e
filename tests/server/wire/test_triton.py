"""NVIDIA's own client, in an environment of its own, gets our answers: what it speaks is the standard."""

import subprocess
import sys
import tempfile
from pathlib import Path

import numpy as np
import pytest
from conftest import CONDITIONS
from google.protobuf import descriptor_pb2

from enf2enf_protos import open_inference_pb2 as oip

# A map, with its entries, that KServe's standard has and NVIDIA's client has not.
PROPERTIES = {f"ModelMetadataResponse.{n}" for n in ("properties", "PropertiesEntry.key", "PropertiesEntry.value")}
PRINT_CONTRACT = (
    "import sys; from tritonclient.grpc import service_pb2 as s; sys.stdout.buffer.write(s.DESCRIPTOR.serialized_pb)"
)
pytestmark = pytest.mark.slow
MODEL = "tiny takes ['handle', 'mesh', 'mesh_name', 'points', 'load', 'heat'], gives ['stress', 'shift', 'handle']"


@pytest.fixture(scope="module")
def python(request) -> Path:
    """The interpreter of the environment, which is kept between runs; its messages cannot be registered beside ours."""
    folder = request.config.cache.mkdir("tritonclient")
    kept = folder / f"venv-{sys.version_info.major}.{sys.version_info.minor}"
    if not kept.exists():
        with tempfile.TemporaryDirectory(dir=folder) as scratch:  # an installation that breaks off leaves nothing
            fresh = Path(scratch) / "venv"
            _install(fresh)
            try:
                fresh.rename(kept)
            except OSError:
                if not kept.exists():  # else another worker was faster
                    raise
    return kept / "bin" / "python"


def _install(folder: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", folder], check=True)
    options = ["--quiet", "--disable-pip-version-check", "--retries", "1", "--timeout", "5", "--only-binary", ":all:"]
    command = [folder / "bin" / "python", "-m", "pip", "install", *options, "tritonclient[grpc]"]
    pip = subprocess.run(command, capture_output=True, text=True, check=False)
    if pip.returncode:
        pytest.skip(f"tritonclient cannot be installed: {pip.stderr.strip().splitlines()[-1]}")


def ask(python, root, target, *arguments):
    command = [python, root / "examples" / "triton_query.py", *arguments, "--target", target, "--model", "tiny"]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)


def test_their_client_gets_our_answers(python, root, target, client, vtu, tmp_path):
    (tmp_path / "cell.vtu").write_bytes(vtu)
    out = tmp_path / "answers.npz"
    run = ask(python, root, target, tmp_path / "cell.vtu", "-c", "load=30,90", "-c", "heat=300", "--out", out)
    assert run.returncode == 0, run.stderr
    assert "live, ready, model ready: True True True" in run.stdout
    assert MODEL in run.stdout
    with np.load(out, allow_pickle=True) as theirs:
        at_points = client.predict(vtu, CONDITIONS, theirs["points"], name="vtu")
        at_nodes = client.decode(at_points.shape, CONDITIONS, "nodes")
        assert theirs["handle"].item().decode() == at_points.shape.handle
        for name in ("stress", "shift"):
            for ours, asked in ((at_points[name], theirs[name]), (at_nodes[name], theirs[f"{name}_at_nodes"])):
                assert asked.dtype == np.float32 and asked.shape == ours.shape
                assert asked.tobytes() == ours.tobytes()


def test_their_client_reads_our_sentence(python, root, target, vtu, tmp_path):
    (tmp_path / "cell.vtu").write_bytes(vtu)
    run = ask(python, root, target, tmp_path / "cell.vtu", "-c", "load=30,90", "-c", "heat=300,1")
    assert run.returncode == 1
    assert run.stderr.strip() == (
        "StatusCode.INVALID_ARGUMENT: input 'heat': expected FP64 of shape (1,), got FP64 (2,)"
    )


def test_names_and_numbers_are_those_of_their_contract(python):
    run = subprocess.run([python, "-c", PRINT_CONTRACT], capture_output=True, check=True, timeout=60)
    theirs = descriptor_pb2.FileDescriptorProto.FromString(run.stdout)
    ours = descriptor_pb2.FileDescriptorProto.FromString(oip.DESCRIPTOR.serialized_pb)
    assert ours.package == theirs.package
    assert calls(ours) <= calls(theirs) and len(calls(ours)) == 6
    assert {name for name, *_ in fields(ours.message_type) - fields(theirs.message_type)} == PROPERTIES


def calls(contract):
    (service,) = contract.service
    return {(service.name, call.name, call.input_type, call.output_type) for call in service.method}


def fields(messages, prefix=""):
    """Name, number, label, type and message type of all fields."""
    found = set()
    for message in messages:
        place = f"{prefix}{message.name}."
        found |= {(place + f.name, f.number, f.label, f.type, f.type_name) for f in message.field}
        found |= fields(message.nested_type, place)
    return found
