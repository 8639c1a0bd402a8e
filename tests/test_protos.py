"""The committed stubs are those of the committed contracts, and the contracts explain themselves."""

import pathlib

import pytest
from google.protobuf import descriptor_pb2
from grpc_tools import protoc

import enf2enf_protos
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos.generate import CONTRACTS, STUBS, generate

FOLDER = pathlib.Path(enf2enf_protos.__file__).resolve().parent


def test_stubs_are_fresh(tmp_path):
    generate(tmp_path)
    for stub in STUBS:
        assert (tmp_path / stub).read_bytes() == (FOLDER / stub).read_bytes(), f"{stub} is stale: run make protos"


def test_every_contract_has_its_stubs():
    assert sorted(CONTRACTS) == sorted(path.stem for path in FOLDER.glob("*.proto"))


@pytest.mark.parametrize("contract", CONTRACTS)
def test_everything_is_commented(tmp_path, contract):
    """Services, calls, messages, fields, enums and their values have a comment above them."""
    out = tmp_path / "descriptors"
    options = [f"-I{FOLDER}", "--include_source_info", f"--descriptor_set_out={out}", f"{contract}.proto"]
    assert protoc.main(["protoc", *options]) == 0
    file = descriptor_pb2.FileDescriptorSet.FromString(out.read_bytes()).file[0]
    # numbers of FileDescriptorProto: 4 message, 5 enum, 6 service; within those, 2 field, value or call, 3 message,
    # 4 enum
    named = [loc for loc in file.source_code_info.location if _is_declaration(tuple(loc.path))]
    bare = [tuple(loc.path) for loc in named if not loc.leading_comments.strip()]
    assert len(named) > 80 and not bare


def _is_declaration(path: tuple[int, ...]) -> bool:
    return len(path) > 0 and len(path) % 2 == 0 and path[0] in (4, 5, 6) and set(path[2::2]) <= {2, 3, 4}


def test_package_and_service():
    assert pb.DESCRIPTOR.package == "enf2enf.v1"
    methods = pb.DESCRIPTOR.services_by_name["Surrogate"].methods
    assert [method.name for method in methods] == ["Describe", "Encode", "Decode", "Sample", "Predict"]
    assert pb.DESCRIPTOR.name == "enf2enf_protos/surrogate.proto"  # one import name, one registration
