"""Who speaks HTTP slowly, in a crowd or not at all holds up nobody; TLS is that of gRPC."""

import contextlib
import http.client
import json
import logging

import pytest
from conftest import CONDITIONS
from pools import until
from web import Web, reply, web

from enf2enf.client import Client
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig

CONNECTIONS = 6
DESCRIBE = b"GET /v1/describe HTTP/1.1\r\nHost: here\r\n\r\n"


@pytest.fixture(scope="module")
def served(surrogate):
    limits = ServerConfig(
        connections=CONNECTIONS, waiting_seconds=1, idle_seconds=1, bytes_per_second=1 << 20, concurrent_requests=1
    )
    with web(surrogate, limits) as running:
        yield running


@pytest.fixture(scope="module")
def client(served):
    with Client(served.target, timeout=60) as connected:
        yield connected


def posted(address, body, size=None):
    """The bytes of a request."""
    head = f"POST /v1/{address} HTTP/1.1\r\nHost: here\r\nContent-Length: {size or len(body)}\r\n\r\n"
    return head.encode() + body


def hung_up(line):
    """Whether the other end closes the connection without a word."""
    try:
        return line.recv(1) == b""
    except ConnectionResetError:
        return True


def is_full(served):
    """Whether the one place of the server is taken."""
    told = served.ask("describe")
    assert told.status == 200 or "server: expected at most 1 requests at once" in told.data["message"]
    return told.status == 429


@pytest.mark.slow
@pytest.mark.parametrize("said", [b"", b"POST /v1/decode HTTP/1.1\r\nHost:"])
def test_a_connection_without_a_request_is_hung_up_on(served, said):
    with served.line() as line:
        line.sendall(said)
        assert hung_up(line)


@pytest.mark.slow
def test_one_that_has_its_answer_may_ask_again_and_is_hung_up_on_later(served):
    with served.line() as line:
        for _ in range(3):
            line.sendall(DESCRIBE)
            assert reply(line).status == 200
        line.sendall(b"GET /v1/")
        assert hung_up(line)


@pytest.mark.slow
@pytest.mark.parametrize("part", [0, 1000])
def test_a_body_that_does_not_come_is_refused(served, client, vtu, part):
    with served.line() as line:
        line.sendall(posted("encode?name=vtu", vtu[:part], len(vtu)))
        told = reply(line)
    assert told.status == 408 and told.data["error"] == "ServiceError"
    said = "1.04858e+06 bytes a second, and 1 s of waiting at the most" if part else "a first message within 1 s"
    assert told.data["expected"] == said
    assert client.encode(vtu, name="vtu").nodes == 224


def test_a_crowd_is_hung_up_on_and_holds_up_nobody(served, client, vtu):
    with contextlib.ExitStack() as crowd:
        for _ in range(CONNECTIONS):
            crowd.enter_context(served.line()).sendall(posted("encode?name=vtu", b"<", 1000))
        one_more = crowd.enter_context(served.line())
        one_more.sendall(DESCRIBE)
        assert hung_up(one_more)
        assert client.predict(vtu, CONDITIONS, [[0.1, 0.1]], name="vtu").outside == 0
    until(lambda: has_room(served, CONNECTIONS))


def has_room(served, connections):
    """Whether so many connections at once are answered."""
    try:
        with contextlib.ExitStack() as crowd:
            for line in [crowd.enter_context(served.line()) for _ in range(connections)]:
                line.sendall(DESCRIBE)
                assert reply(line).status == 200
        return True
    except (OSError, http.client.HTTPException):
        return False


def test_a_client_that_leaves_gives_back_its_place(served, client, vtu, caplog):
    caplog.set_level(logging.INFO, "enf2enf_server.access")
    handle = client.encode(vtu, name="vtu").handle
    sets = [CONDITIONS | {"heat": 280.0 + n / 10} for n in range(400)]
    body = json.dumps({"handle": handle, "conditions": sets, "at": "nodes"}).encode()
    with served.line() as line:
        line.sendall(posted("decode", body))
        until(lambda: is_full(served))
    until(lambda: not is_full(served))
    assert [record.code for record in caplog.records if getattr(record, "method", "") == "Decode"] == ["CANCELLED"]


@pytest.mark.slow
def test_a_client_that_takes_no_answer_loses_it_and_its_place(served, client, vtu):
    handle = client.encode(vtu, name="vtu").handle
    grid = {"lower": [0, 0], "upper": [1, 1], "resolution": [300, 300]}
    body = json.dumps({"handle": handle, "conditions": CONDITIONS, "at": {"grid": grid}}).encode()
    with served.line() as line:
        line.sendall(posted("decode", body))
        assert line.recv(15) == b"HTTP/1.1 200 OK"
        assert is_full(served)
        until(lambda: not is_full(served))
        until(lambda: has_room(served, CONNECTIONS))
        taken = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := line.recv(1 << 20):
                taken += piece
        assert b"content-length" in taken and not taken.endswith(b"}")


def test_a_server_that_stops_lets_go_of_connections(surrogate):
    server, _ = create_server(surrogate)
    stopped = Web(server.listen_http("127.0.0.1", 0), "")
    server.start().result()
    with stopped.line() as idle, stopped.line() as asking:
        asking.sendall(posted("encode?name=vtu", b"<", 9))
        idle.sendall(DESCRIBE)
        assert reply(idle).status == 200
        server.stop()
        told = reply(asking)
        assert told.status == 503 and told.data["message"].endswith("got its stop; try again")
        assert hung_up(idle)
    with pytest.raises(ConnectionRefusedError):
        stopped.line()
