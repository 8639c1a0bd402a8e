"""Puts a server together and runs it."""

import os
import signal
import threading
from concurrent import futures
from importlib import metadata

import grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from enf2enf import checkpoint
from enf2enf.errors import ServiceError
from enf2enf.mesh.formats import FORMATS
from enf2enf.surrogate import Surrogate
from enf2enf_protos import surrogate_pb2 as pb
from enf2enf_protos import surrogate_pb2_grpc as pb_grpc
from enf2enf_server import convert
from enf2enf_server.config import ServerConfig
from enf2enf_server.device import Device
from enf2enf_server.guard import Guard
from enf2enf_server.service import SurrogateService

SERVICE = pb.DESCRIPTOR.services_by_name["Surrogate"].full_name
_SPARE_THREADS = 8  # for refusals, health and reflection, while every admitted request holds a thread
_DEFAULT = ServerConfig()
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class SurrogateServer:
    """A gRPC server with its device thread and its health."""

    def __init__(self, server: grpc.Server, surrogate: Surrogate, device: Device, state: health.HealthServicer):
        self._server, self._surrogate, self._device, self._health = server, surrogate, device, state

    def start(self) -> futures.Future:
        """Starts to answer: NOT_SERVING until the future that is returned, the warm-up, is done."""
        self._server.start()
        warm = self._device.submit(self._surrogate.warm_up)
        warm.add_done_callback(self._warmed)
        return warm

    def _warmed(self, warm: futures.Future) -> None:
        if not warm.cancelled() and warm.exception() is None:
            self._set_health(health_pb2.HealthCheckResponse.SERVING)

    def _set_health(self, status: int) -> None:
        for service in ("", SERVICE):
            self._health.set(service, status)

    def stop(self, grace: float = 0.0) -> None:
        """Refuses new calls, gives those in progress `grace` seconds, and returns when all have ended."""
        self._health.enter_graceful_shutdown()
        self._server.stop(grace).wait()
        self._device.close()


def create_server(
    surrogate: Surrogate, config: ServerConfig = _DEFAULT, address: str = "127.0.0.1:0"
) -> tuple[SurrogateServer, int]:
    """A server that is bound but not started, and its port.

    Raises:
        ServiceError: the address is taken or is none.
    """
    server = grpc.server(
        futures.ThreadPoolExecutor(config.concurrent_requests + _SPARE_THREADS, thread_name_prefix="grpc"),
        interceptors=[Guard(SERVICE, config.concurrent_requests)],
        options=[
            ("grpc.max_receive_message_length", config.message_bytes),
            ("grpc.max_send_message_length", -1),
            ("grpc.so_reuseport", 0),  # otherwise a second server on the same port takes half of the calls, silently
        ],
    )
    device, state = Device(), health.HealthServicer()
    described = convert.description(surrogate, config, sorted(FORMATS), metadata.version("enf2enf"))
    pb_grpc.add_SurrogateServicer_to_server(SurrogateService(surrogate, config, device, described), server)
    health_pb2_grpc.add_HealthServicer_to_server(state, server)
    reflection.enable_server_reflection([SERVICE, health.SERVICE_NAME, reflection.SERVICE_NAME], server)
    running = SurrogateServer(server, surrogate, device, state)
    running._set_health(health_pb2.HealthCheckResponse.NOT_SERVING)
    try:
        port = server.add_insecure_port(address)
    except RuntimeError as error:
        raise ServiceError("address", "a free address to listen on", address) from error
    return running, port


def serve(
    path: str | os.PathLike,
    host: str = "127.0.0.1",
    port: int = 50051,
    config: ServerConfig = _DEFAULT,
    drain_seconds: float = 10.0,
) -> None:
    """Serves a checkpoint until SIGTERM or Ctrl-C; requests in progress then have `drain_seconds` to end.

    Raises:
        CheckpointError: the checkpoint cannot be loaded.
        ServiceError: the address is taken.
    """
    stop = threading.Event()
    for signum in _SIGNALS:
        signal.signal(signum, lambda *_: stop.set())
    server, bound = create_server(checkpoint.load(path), config, f"{host}:{port}")
    warm = server.start()
    warm.add_done_callback(lambda _: print(f"serving {path} on {host}:{bound}", flush=True))
    stop.wait()
    for signum in _SIGNALS:  # a second one no longer waits
        signal.signal(signum, signal.SIG_DFL)
    server.stop(drain_seconds)
