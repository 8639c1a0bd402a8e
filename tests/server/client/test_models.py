"""What the client sends to, and makes of, another implementation of the model repository's contract."""

import contextlib
from concurrent import futures

import grpc
import pytest

from enf2enf.client import Client, ModelVersion
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc

SERVING = pb.ModelVersion(model="cell", version=2, state=pb.ModelVersion.STATE_SERVING, digest="00ff")
BROKEN = pb.ModelVersion(model="cell", version=3, state=pb.ModelVersion.STATE_BROKEN, reason="damaged")
NEWER = pb.ModelVersion(model="wing", version=1, state=77)


class Repository(pb_grpc.ModelRepositoryServicer):
    """Knows two models, and answers with what it was asked for."""

    def ListModels(self, request, context):
        return pb.ListModelsResponse(versions=[SERVING, BROKEN, NEWER])

    def LoadModel(self, request, context):
        state = pb.ModelVersion.STATE_SERVING if context.time_remaining() > 290 else pb.ModelVersion.STATE_LOADING
        return pb.LoadModelResponse(loaded=pb.ModelVersion(model=request.model, version=request.version, state=state))

    def UnloadModel(self, request, context):
        one = pb.ModelVersion(model=request.model, version=request.version, state=pb.ModelVersion.STATE_AVAILABLE)
        return pb.UnloadModelResponse(unloaded=[one])


@contextlib.contextmanager
def serving(add):
    server = grpc.server(futures.ThreadPoolExecutor(2))
    add(server)
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    try:
        yield f"127.0.0.1:{port}"
    finally:
        server.stop(0).wait()


@pytest.fixture(scope="module")
def repository():
    with (
        serving(lambda server: pb_grpc.add_ModelRepositoryServicer_to_server(Repository(), server)) as address,
        Client(address) as client,
    ):
        yield client


def test_models_are_listed(repository):
    assert repository.models() == (
        ModelVersion("cell", 2, "serving", "", "00ff"),
        ModelVersion("cell", 3, "broken", "damaged", ""),
        ModelVersion("wing", 1, "unspecified", "", ""),
    )


def test_loading_may_take_minutes(repository):
    assert repository.load_model("cell", 7) == ModelVersion("cell", 7, "serving", "", "")


def test_unloading(repository):
    assert repository.unload_model("cell") == (ModelVersion("cell", 0, "available", "", ""),)


class Recorder(pb_grpc.SurrogateServicer):
    """Answers an upload with the model that was named for it."""

    def Describe(self, request, context):
        described = {"card_json": "{}", "dim": 2, "fields": [pb.Quantity(name="u", kind=1)]}
        return pb.DescribeResponse(name=request.model, version=request.version, **described)

    def Encode(self, requests, context):
        header = [request.header for request in requests][0]
        return pb.EncodeResponse(handle="h", lower=[0, 0], upper=[1, 1], model=header.model, version=header.version)


def test_models_are_named_in_every_call():
    with (
        serving(lambda server: pb_grpc.add_SurrogateServicer_to_server(Recorder(), server)) as address,
        Client(address) as client,
    ):
        described = client.describe("cell", 2)
        shape = client.encode(b"bytes", name="vtu", model="cell", version=2)
    assert (described.name, described.version) == (shape.model, shape.version) == ("cell", 2)
    assert (shape.upload.header.model, shape.upload.header.version) == ("cell", 2)
