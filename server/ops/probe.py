"""Health probe for containers: `python -m enf2enf_server.ops.probe [host:port]`; exit status 0 means SERVING."""

import sys

import grpc
from grpc_health.v1 import health_pb2, health_pb2_grpc


def serving(target: str, timeout: float = 3.0) -> bool:
    """Whether the server at `target` answers SERVING within `timeout` seconds."""
    with grpc.insecure_channel(target, [("grpc.enable_http_proxy", 0)]) as channel:  # it is this machine that it asks
        try:
            # A stub makes its methods when it is made itself, which its types do not tell.
            check = health_pb2_grpc.HealthStub(channel).Check  # pyright: ignore[reportAttributeAccessIssue]
            reply = check(health_pb2.HealthCheckRequest(), timeout=timeout)
        except grpc.RpcError:
            return False
    return reply.status == health_pb2.HealthCheckResponse.SERVING


if __name__ == "__main__":
    sys.exit(not serving(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:50051"))
