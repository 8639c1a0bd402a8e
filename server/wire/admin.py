"""The calls of `enf2enf.v1.ModelRepository`."""

from enf2enf.errors import QueryError
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.compute.models import Models
from enf2enf_server.compute.repository import Repository
from enf2enf_server.ops.call import Call

_STATES = {
    "available": pb.ModelVersion.STATE_AVAILABLE,
    "loading": pb.ModelVersion.STATE_LOADING,
    "serving": pb.ModelVersion.STATE_SERVING,
    "broken": pb.ModelVersion.STATE_BROKEN,
}


class RepositoryService(pb_grpc.ModelRepositoryServicer):
    """Lists, loads and unloads. Behind `Guard`, which gives every method a `Call` for gRPC's context.

    Args:
        models: those that serve.
        repository: where they come from; None where the one model of the server was given to it.
    """

    def __init__(self, models: Models, repository: Repository | None):
        self._models, self._repository = models, repository

    async def ListModels(self, request: pb.ListModelsRequest, call: Call) -> pb.ListModelsResponse:
        """See `surrogate.proto`."""
        if self._repository is None:
            return pb.ListModelsResponse(versions=[self._serving(m.name, m.version) for m in self._models.loaded()])
        return pb.ListModelsResponse(
            versions=[
                pb.ModelVersion(
                    model=name, version=number, state=_STATES[known.state], reason=known.reason, digest=known.digest
                )
                for (name, number), known in self._repository.versions().items()
            ]
        )

    async def LoadModel(self, request: pb.LoadModelRequest, call: Call) -> pb.LoadModelResponse:
        """See `surrogate.proto`."""
        load = self._changeable(call).load
        version = await call.in_thread(load, request.model, request.version, call.alive)
        return pb.LoadModelResponse(loaded=self._serving(request.model, version))

    async def UnloadModel(self, request: pb.UnloadModelRequest, call: Call) -> pb.UnloadModelResponse:
        """See `surrogate.proto`."""
        versions = await call.in_thread(self._changeable(call).unload, request.model, request.version)
        state = pb.ModelVersion.STATE_AVAILABLE
        return pb.UnloadModelResponse(
            unloaded=[pb.ModelVersion(model=request.model, version=number, state=state) for number in versions]
        )

    def _changeable(self, call: Call) -> Repository:
        call.caller.require_admin()
        if self._repository is None:
            raise QueryError("models", "a server of a checkpoint or a folder of them", "one that was given its model")
        return self._repository

    def _serving(self, name: str, version: int) -> pb.ModelVersion:
        digest = self._models.get(name, version).surrogate.version
        return pb.ModelVersion(model=name, version=version, state=pb.ModelVersion.STATE_SERVING, digest=digest)
