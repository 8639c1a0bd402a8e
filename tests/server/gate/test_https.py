"""HTTP over TLS: the files of gRPC, read again when they change; and handshakes that do not come to an end."""

import contextlib
import socket
import ssl

import pytest
import trustme
from starlette.responses import PlainTextResponse

from enf2enf_server.gate import tls
from enf2enf_server.gate.listener import Listener
from enf2enf_server.gate.loop import Loop
from enf2enf_server.ops.config import ServerConfig

LIMITS = ServerConfig(connections=3, waiting_seconds=1)
ASK = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@contextlib.contextmanager
def listening(context):
    """A listener whose application says yes, and its port."""
    loop = Loop()

    async def made():
        return Listener(PlainTextResponse("yes"), LIMITS)

    listener = loop.run(made())
    port = listener.bind("127.0.0.1", 0, context)
    loop.run(listener.start())
    try:
        yield listener, port
    finally:
        loop.run(listener.close(1.0))
        loop.close()


@contextlib.contextmanager
def running(context):
    """The port of such a listener."""
    with listening(context) as (_, port):
        yield port


def answers(port, authority, client=None, name="localhost"):
    """Whether a connection that believes `authority` gets through, showing `client`'s certificate."""
    context = ssl.create_default_context(cadata=authority.cert_pem.bytes().decode())
    context.check_hostname = name is not None
    if client is not None:
        client.configure_cert(context)
    try:
        line = socket.create_connection(("127.0.0.1", port), timeout=30)
        with context.wrap_socket(line, server_hostname=name) as secure:
            secure.sendall(ASK)
            return secure.recv(1000).startswith(b"HTTP/1.1 200")
    except (ssl.SSLError, ConnectionResetError):
        return False


def test_who_trusts_the_authority_gets_through(files, authority, stranger):
    with running(tls.context(files.certificate, files.key)) as port:
        assert answers(port, authority) and not answers(port, stranger)
        assert answers(port, authority, name=None)  # which says no name in its handshake
        with socket.create_connection(("127.0.0.1", port), timeout=30) as plain:
            plain.sendall(ASK)
            assert b"200" not in plain.recv(1000)


def test_no_packet_is_kept_back_until_another_is_acknowledged():
    """Every answer is several of them: it would come 40 ms late."""
    with listening(None) as (listener, port), socket.create_connection(("127.0.0.1", port), timeout=30) as line:
        line.sendall(ASK.replace(b"Connection: close\r\n", b""))
        assert line.recv(1000).startswith(b"HTTP/1.1 200")
        (connection,) = listener._state.connections
        accepted = connection.transport.get_extra_info("socket")
        assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)


def test_a_client_must_show_a_certificate_of_its_authority(files, authority, stranger):
    clients = trustme.CA()
    clients.cert_pem.write_to_path(files.client_ca)
    with running(tls.context(files.certificate, files.key, files.client_ca)) as port:
        assert answers(port, authority, clients.issue_cert("me@example.org"))
        assert not answers(port, authority)
        assert not answers(port, authority, stranger.issue_cert("me@example.org"))


@pytest.mark.parametrize("name", ["localhost", None])
def test_new_files_serve_new_connections(files, authority, stranger, name):
    clients = trustme.CA()
    clients.cert_pem.write_to_path(files.client_ca)
    old, new = clients.issue_cert("me@example.org"), stranger.issue_cert("me@example.org")
    with running(tls.context(files.certificate, files.key, files.client_ca)) as port:
        assert answers(port, authority, old, name)
        key = files.key.read_bytes()
        files.write(stranger)
        files.key.write_bytes(key)  # not yet its own
        assert answers(port, authority, old, name)
        files.write(stranger)
        assert answers(port, stranger, old, name) and not answers(port, authority, old, name)
        stranger.cert_pem.write_to_path(files.client_ca)
        assert answers(port, stranger, new, name) and not answers(port, stranger, old, name)


@pytest.mark.slow
def test_handshakes_that_do_not_end_are_ended_and_counted(files, authority):
    with running(tls.context(files.certificate, files.key)) as port, contextlib.ExitStack() as crowd:
        lines = [crowd.enter_context(socket.create_connection(("127.0.0.1", port), timeout=30)) for _ in range(4)]
        lines[1].sendall(b"\x16\x03\x01")  # the beginning of one
        assert lines[3].recv(1) == b""  # one too many
        assert {line.recv(1) for line in lines[:3]} == {b""}
        assert answers(port, authority)
