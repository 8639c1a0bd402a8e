"""The environment's proxy: for other machines only, and named where a call through it fails."""

import contextlib
import json
import os
import socket
import subprocess
import sys
import threading

import pytest

PROGRAM = """
import asyncio, json, os, sys
import grpc
from enf2enf.client import AsyncClient, Client, Retry
from enf2enf.errors import ServiceError

once = {"timeout": float(sys.argv[1]), "retry": Retry(attempts=1)}


def threads(target):
    with Client(target, **once) as client:
        return client.describe()


def events(target):
    async def ask():
        async with AsyncClient(target, **once) as client:
            return await client.describe()

    return asyncio.run(ask())


def bare(target):
    with grpc.insecure_channel(target) as channel:
        try:
            channel.unary_unary("/any/method")(b"", timeout=once["timeout"])
        except grpc.RpcError as error:
            raise ServiceError(target, "an answer", error.details()) from error


def said(environment, target, kind):
    for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
        del os.environ[name]
    os.environ.update(environment)
    try:
        return globals()[kind](target).name
    except ServiceError as error:
        return error.name


print(json.dumps([said(*case) for case in json.loads(sys.argv[2])]))
"""


@contextlib.contextmanager
def proxy():
    """A proxy that refuses everything: its address, and what it was asked."""
    asked = []

    def serve(listening):
        with contextlib.suppress(OSError):  # it was closed
            while True:
                connection, _ = listening.accept()
                with connection:
                    asked.append(connection.recv(4096).split(b"\r\n")[0].decode())
                    connection.sendall(b"HTTP/1.1 403 Forbidden\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        yield f"127.0.0.1:{listening.getsockname()[1]}", asked
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def said(cases, seconds):
    """What another process gets to know in every case: the model's name, or the name of what is at fault."""
    command = [sys.executable, "-c", PROGRAM, str(seconds), json.dumps(cases)]
    run = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def test_this_machine_is_never_reached_through_a_proxy(target):
    forms = ("127.0.0.1:{}", "localhost:{}", "dns:///LOCALHOST:{}", "ipv4:127.0.0.1:{}", "0.0.0.0:{}")
    targets = [form.format(target.rpartition(":")[2]) for form in forms]
    with proxy() as (address, asked):
        everywhere = dict.fromkeys(("grpc_proxy", "https_proxy", "http_proxy"), f"http://{address}")
        cases = [(everywhere, target, kind) for target in targets for kind in ("threads", "events")]
        assert said(cases, 30) == ["tiny"] * len(cases)
        assert said([(everywhere, "[::1]:9", "threads")], 0.2) == ["[::1]:9"]  # where nobody listens
    assert not asked


FAR = "far.invalid:50051"
CASES = [  # the environment, the target, the variable that counts
    ({"http_proxy": "http://{}"}, FAR, "http_proxy"),
    ({"https_proxy": "http://{}", "http_proxy": "http://127.0.0.1:9"}, FAR, "https_proxy"),
    ({"grpc_proxy": "http://user:secret@{}", "https_proxy": ""}, FAR, "grpc_proxy"),
    ({"http_proxy": "http://{}", "no_proxy": "localhost,127.0.0.0/8"}, "dns:///" + FAR, "http_proxy"),
    ({"http_proxy": "http://{}", "no_proxy": "192.0.3.0/24, far.example"}, "192.0.2.1:50051", "http_proxy"),
    ({"http_proxy": "http://{}", "no_grpc_proxy": "", "no_proxy": "invalid"}, FAR, "http_proxy"),
    ({}, FAR, None),
    ({"HTTP_PROXY": "http://{}"}, FAR, None),
    ({"https_proxy": "", "http_proxy": "http://{}"}, FAR, None),
    ({"http_proxy": "socks5://{}"}, FAR, None),
    ({"http_proxy": "{}"}, FAR, None),
    ({"http_proxy": "http://{}", "no_proxy": "elsewhere, INVALID"}, FAR, None),
    ({"http_proxy": "http://{}", "no_proxy": "192.0.0.0/16"}, "192.0.2.1:50051", None),
    ({"http_proxy": "http://{}", "no_grpc_proxy": "192.0.2.1", "no_proxy": ""}, "192.0.2.1:50051", None),
    ({"http_proxy": "http://{}"}, "unix:/nowhere.sock", None),
]


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["threads", "events", "bare"])
def test_a_proxy_is_named_where_grpc_uses_one(kind):
    """By gRPC itself, too, which knows nothing of what we name."""
    with contextlib.ExitStack() as stack:
        proxies = [stack.enter_context(proxy()) for _ in CASES]
        cases = [
            ({name: value.format(address) for name, value in environment.items()}, target, kind)
            for (environment, target, _), (address, _) in zip(CASES, proxies, strict=True)
        ]
        named = said(cases, 0.2)
    for (environment, target, variable), (_, asked), name in zip(CASES, proxies, named, strict=True):
        assert bool(asked) is (variable is not None), (environment, target)
        if kind != "bare":
            assert name == (f"{target} (through the proxy of {variable})" if variable else target), environment


def test_a_probe_asks_this_machine(target):
    with proxy() as (address, asked):
        command = [sys.executable, "-m", "enf2enf_server.ops.probe", target]
        environment = os.environ | {"grpc_proxy": f"http://{address}"}
        assert subprocess.run(command, env=environment, capture_output=True, timeout=60).returncode == 0
    assert not asked
