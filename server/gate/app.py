"""Puts a server together and runs it."""

import functools
import gc
import logging
import os
import ssl
import threading
from collections.abc import Sequence
from concurrent import futures

import grpc
from grpc_health.v1 import health, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from enf2enf.errors import ServiceError
from enf2enf.surrogate import Surrogate
from enf2enf_protos import open_inference_pb2_grpc as oip_grpc
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server.compute.engine import Engine
from enf2enf_server.compute.models import Model, Models
from enf2enf_server.compute.repository import Repository
from enf2enf_server.gate.admission import Admission
from enf2enf_server.gate.guard import Guard
from enf2enf_server.gate.health import Health
from enf2enf_server.gate.loop import Loop
from enf2enf_server.gate.tokens import Tokens
from enf2enf_server.ops import tracing
from enf2enf_server.ops.config import ServerConfig
from enf2enf_server.ops.errors import StoppingError
from enf2enf_server.ops.lobby import Lobby
from enf2enf_server.ops.metrics import Metrics
from enf2enf_server.wire import inference
from enf2enf_server.wire.admin import RepositoryService
from enf2enf_server.wire.service import SurrogateService
from enf2enf_server.wire.trial import trial

_LOG = logging.getLogger(__name__)
SERVICE = pb.DESCRIPTOR.services_by_name["Surrogate"].full_name
REPOSITORY = pb.DESCRIPTOR.services_by_name["ModelRepository"].full_name
STREAMS = 128  # calls of one connection at once; further ones wait in their client
_LAST_SECONDS = 5.0  # for streams to stop in
_PATIENCE = 1.0  # for a look at models to end in
_DEFAULT = ServerConfig()


class SurrogateServer:
    """A gRPC server over its life: it loads its models, serves, looks after itself, drains and stops.

    Health is kept for "", for the service `enf2enf.v1.Surrogate`, and for every model as `enf2enf.v1.Surrogate/NAME`.

    Args:
        source: a surrogate, or the path of a checkpoint or of a folder of them (see `Repository`).
        config: limits and periods.
        tokens: who may call; None: anybody.
        metrics: count everything.
        tracer: makes the spans; None: as the environment says.
    """

    def __init__(
        self,
        source: Surrogate | str | os.PathLike,
        config: ServerConfig = _DEFAULT,
        tokens: Tokens | None = None,
        metrics: Metrics | None = None,
        tracer: tracing.AbstractTracer | None = None,
    ):
        self.metrics = metrics or Metrics()
        self._tracer = tracer or tracing.from_environment()
        self._config, self._models, self._health, self._loop = config, Models(), Health(), Loop()
        self._given = self._repository = None
        self._trial = functools.partial(trial, config=config)
        if isinstance(source, Surrogate):
            self._given = source
        else:
            self._repository = Repository(source, self._models, self._trial, self._changed, config.load_seconds)
        self.engine = Engine(self._models, config, self.metrics)
        self._admission = Admission(config, tokens, self.metrics, self._tracer)
        self._named: set[str] = set()  # models whose health was ever set
        self._closing, self._keeper = threading.Event(), threading.Thread(target=self._keep, name="keeper", daemon=True)
        self._ready: futures.Future[None] = futures.Future()
        self._service, self._http = SurrogateService(self.engine), None
        self._probes = Lobby(config.waiting_requests, config.waiting_seconds, "what a probe needs")
        self._server = self._loop.run(self._built())
        self._changed()

    async def _built(self) -> grpc.aio.Server:
        guarded = (f"/{SERVICE}/", f"/{REPOSITORY}/", *inference.GUARDED)
        watchers = Lobby(self._config.waiting_requests, None, "a change of health")
        server = grpc.aio.server(
            interceptors=[Guard(guarded, self._admission, self._probes, watchers, self._config.waiting_seconds)],
            options=[
                ("grpc.max_receive_message_length", self._config.message_bytes),
                ("grpc.max_send_message_length", -1),
                ("grpc.so_reuseport", 0),  # otherwise a second server on the same port silently takes half of the calls
                ("grpc.max_allowed_incoming_connections", self._config.connections),
                ("grpc.max_concurrent_streams", STREAMS),
                ("grpc.server_handshake_timeout_ms", 1000 * self._config.waiting_seconds),
                ("grpc.max_connection_idle_ms", 60_000),
                ("grpc.keepalive_time_ms", 30_000),  # a peer that vanished without a word is found out
                ("grpc.keepalive_timeout_ms", 20_000),
                ("grpc.keepalive_permit_without_calls", 1),
                ("grpc.http2.min_ping_interval_without_data_ms", 10_000),
            ],
        )
        service = self._service
        pb_grpc.add_SurrogateServicer_to_server(service, server)
        oip_grpc.add_GRPCInferenceServiceServicer_to_server(inference.InferenceService(service, self._serves), server)
        pb_grpc.add_ModelRepositoryServicer_to_server(RepositoryService(self._models, self._repository), server)
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (SERVICE, REPOSITORY, inference.SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME)
        reflection.enable_server_reflection(names, server)
        return server

    def listen(self, address: str, credentials: grpc.ServerCredentials | None = None) -> int:
        """Binds `host:port` (port 0: any) and returns the port. Raises `ServiceError` if it is taken or is none."""
        return self._loop.run(self._bound(address, credentials))

    async def _bound(self, address: str, credentials: grpc.ServerCredentials | None) -> int:
        try:
            if credentials is None:
                return self._server.add_insecure_port(address)
            return self._server.add_secure_port(address, credentials)
        except RuntimeError as error:
            raise ServiceError("address", "a free address to listen on", address) from error

    def listen_http(self, host: str, port: int, tls: ssl.SSLContext | None = None, origins: Sequence[str] = ()) -> int:
        """As `listen`, for JSON over HTTP, which needs the extra `http`.

        Args:
            host, port: the address.
            tls: None for plain text.
            origins: the pages whose scripts may read answers; `*` for all.
        """
        from enf2enf_server.gate.http import application
        from enf2enf_server.gate.listener import Listener
        from enf2enf_server.wire.http import HttpService

        service, patience = HttpService(self.engine, self._service), self._config.waiting_seconds
        listener = Listener(application(service, self._admission, patience, origins), self._config)
        bound = listener.bind(host, port, tls)
        self._http = listener
        return bound

    def start(self) -> futures.Future:
        """Starts to answer, NOT_SERVING until the future is done; the future has the error of a bad source."""
        self._loop.run(self._server.start())
        if self._http is not None:
            self._loop.run(self._http.start())
        self._keeper.start()
        return self._ready

    def stop(self, grace: float = 0.0) -> None:
        """Refuses new calls, gives those in progress `grace` seconds, tells the rest to stop, returns when all have."""
        if self._repository is not None:
            self._repository.close()
        for refuse in (self._health.close, self._admission.close_lobby, self._probes.close):
            self._loop.soon(refuse)
        self._admission.drain(grace)
        self.engine.drop()
        self._loop.soon(self._admission.end)
        self._loop.run(self._server.stop(_LAST_SECONDS))
        if self._http is not None:
            self._loop.run(self._http.close(_LAST_SECONDS))
        self._admission.close()
        self._loop.close()
        self._closing.set()
        if self._keeper.ident is not None:
            self._keeper.join(_PATIENCE)  # it may hang in a disk
        self.engine.close()
        self._tracer.close()

    def _keep(self) -> None:
        """Loads the models, then looks for new ones."""
        try:
            if self._given is not None:
                model = Model(str(self._given.card.get("name") or "model"), 1, self._given)
                self._trial(model)
                self._models.put(model)
            if self._repository is not None:
                self._repository.open()
        except StoppingError:
            return
        except Exception as error:
            self._ready.set_exception(error)
            return
        self._changed()
        gc.collect()
        gc.freeze()  # what was imported and loaded stays: looking through it would hold up everybody for a while
        self._ready.set_result(None)
        while not self._closing.wait(self._config.look_seconds):
            self.metrics.parsers_replaced(self.engine.parsers.replaced)
            try:
                if self._repository is not None:
                    self._repository.look()
            except StoppingError:
                return
            except Exception as error:  # a disk that is gone for a while must not end the looking
                _LOG.error("a look at models failed", exc_info=error)

    def _serves(self, name: str) -> bool:
        loaded = {model.name for model in self._models.loaded()}
        return name in loaded if name else bool(loaded) and not self._models.awaited

    def _changed(self) -> None:
        names = {model.name for model in self._models.loaded()}
        self._named |= names
        for name in self._named:
            self._loop.soon(self._health.set, f"{SERVICE}/{name}", name in names)
        for service in ("", SERVICE):
            self._loop.soon(self._health.set, service, self._serves(""))
        self.engine.forget()
        self.metrics.models_loaded(len(self._models))


def create_server(
    source: Surrogate | str | os.PathLike, config: ServerConfig = _DEFAULT, address: str = "127.0.0.1:0", **options
) -> tuple[SurrogateServer, int]:
    """A server that is bound but not started, and its port; see `SurrogateServer`.

    Raises:
        ServiceError: the address is taken or is none.
    """
    server = SurrogateServer(source, config, **options)
    try:
        return server, server.listen(address)
    except ServiceError:
        server.stop()
        raise
