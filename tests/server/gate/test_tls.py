"""TLS over real connections: who is believed, and certificates that are replaced under a running server."""

import contextlib
import datetime
import logging
import os
import subprocess
import sys
from concurrent import futures

import grpc
import pytest
import trustme
from grpc_health.v1 import health, health_pb2, health_pb2_grpc

from enf2enf.errors import ConfigError
from enf2enf_server.gate import tls

MISSING = "No such file or directory"
SERVING = health_pb2.HealthCheckResponse.SERVING


@contextlib.contextmanager
def running(files, client_ca=None):
    """The port of a server that answers health checks alone."""
    server = grpc.server(futures.ThreadPoolExecutor(2))
    state = health.HealthServicer()
    state.set("", SERVING)
    health_pb2_grpc.add_HealthServicer_to_server(state, server)
    port = server.add_secure_port("localhost:0", tls.credentials(files.certificate, files.key, client_ca))
    server.start()
    try:
        yield port
    finally:
        server.stop(0).wait()


def answers(port, authority, client=None):
    """Whether a new connection that believes `authority` gets through, showing `client`'s certificate."""
    own = {}
    if client:
        chain = b"".join(blob.bytes() for blob in client.cert_chain_pems)
        own = {"private_key": client.private_key_pem.bytes(), "certificate_chain": chain}
    credentials = grpc.ssl_channel_credentials(authority.cert_pem.bytes(), **own)
    options = [("grpc.use_local_subchannel_pool", 1)]  # otherwise the connection before is used again
    with grpc.secure_channel(f"localhost:{port}", credentials, options) as channel:
        try:
            reply = health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)
        except grpc.RpcError as error:
            assert error.code() == grpc.StatusCode.UNAVAILABLE, error.details()
            return False
        return reply.status == SERVING


def complaints(caplog):
    return [r.getMessage() for r in caplog.records if r.name == tls.__name__ and r.levelno >= logging.ERROR]


def test_who_trusts_the_authority_gets_through(files, authority, stranger):
    with running(files) as port:
        assert answers(port, authority)
        assert not answers(port, stranger)
        with grpc.insecure_channel(f"localhost:{port}") as channel, pytest.raises(grpc.RpcError):
            health_pb2_grpc.HealthStub(channel).Check(health_pb2.HealthCheckRequest(), timeout=10)


def test_a_client_must_show_a_certificate_of_its_authority(files, authority, stranger):
    clients = trustme.CA()
    clients.cert_pem.write_to_path(files.client_ca)
    with running(files, files.client_ca) as port:
        assert answers(port, authority, clients.issue_cert("me@example.org"))
        assert not answers(port, authority)
        assert not answers(port, authority, stranger.issue_cert("me@example.org"))


def test_new_files_serve_new_connections_and_leave_old_ones_alone(files, authority, stranger):
    clients = trustme.CA()
    clients.cert_pem.write_to_path(files.client_ca)
    client = clients.issue_cert("me@example.org")
    with running(files, files.client_ca) as port:
        held = grpc.ssl_channel_credentials(
            authority.cert_pem.bytes(), client.private_key_pem.bytes(), client.cert_chain_pems[0].bytes()
        )
        with grpc.secure_channel(f"localhost:{port}", held) as channel:
            check = health_pb2_grpc.HealthStub(channel).Check
            assert check(health_pb2.HealthCheckRequest(), timeout=10).status == SERVING
            files.write(stranger)
            assert answers(port, stranger, client) and not answers(port, authority, client)
            stranger.cert_pem.write_to_path(files.client_ca)  # and other clients
            assert answers(port, stranger, stranger.issue_cert("me@example.org"))
            assert not answers(port, stranger, client)
            assert check(health_pb2.HealthCheckRequest(), timeout=10).status == SERVING


def test_a_half_done_rotation_keeps_the_old_until_it_is_whole(files, authority, stranger, caplog):
    with running(files) as port:
        issued = files.write(stranger, key_too=False)
        assert answers(port, authority) and answers(port, authority)
        files.key.write_bytes(issued.private_key_pem.bytes()[:100])
        assert answers(port, authority)
        files.key.write_bytes(issued.private_key_pem.bytes())
        assert answers(port, stranger) and not answers(port, authority)
    mismatch, broken = complaints(caplog)  # the first one once, though two connections met it
    assert mismatch.startswith(f"{files.certificate} and {files.key}: expected a PEM certificate and its own private ")
    assert "key values mismatch; the certificate read before goes on" in mismatch and "goes on" in broken


@pytest.mark.parametrize("sin", ["gone", "empty", "half"])
@pytest.mark.parametrize("which", ["certificate", "key", "client_ca"])
def test_a_broken_rotation_keeps_the_old(sin, which, files, authority, caplog):
    authority.cert_pem.write_to_path(files.client_ca)
    path, client = getattr(files, which), authority.issue_cert("me@example.org")
    with running(files, files.client_ca) as port:
        content = path.read_bytes()
        path.unlink()
        if sin != "gone":
            path.write_bytes(content[: len(content) // 2] if sin == "half" else b"")
        assert answers(port, authority, client)
        assert len(complaints(caplog)) == 1 and str(path) in complaints(caplog)[0]
        path.write_bytes(content)
        assert answers(port, authority, client)
    assert len(complaints(caplog)) == 1


NOW, HOUR = datetime.datetime.now(datetime.UTC), datetime.timedelta(hours=1)
OUT_OF_DATE = {
    "certificate has expired": {"not_before": NOW - 2 * HOUR, "not_after": NOW - HOUR},
    "certificate is not yet valid": {"not_before": NOW + HOUR, "not_after": NOW + 2 * HOUR},
}


@pytest.mark.parametrize("found", OUT_OF_DATE)
def test_a_certificate_that_is_out_of_date_never_takes_over(found, files, authority, stranger, caplog):
    with running(files) as port:
        files.write(stranger, **OUT_OF_DATE[found])
        assert answers(port, authority) and answers(port, authority)
        (complaint,) = complaints(caplog)
        expected = f"{files.certificate}: expected a certificate that is valid now, got {found}"
        assert complaint == f"{expected}; the certificate read before goes on"
        assert refused(files) == expected
        files.write(stranger, not_before=NOW - HOUR, not_after=NOW + HOUR)
        assert answers(port, stranger) and not answers(port, authority)


@pytest.mark.parametrize("shift", [-2, 1])
def test_authorities_of_clients_that_are_all_out_of_date_are_refused(shift, files, authority):
    old = of_age(shift)
    files.client_ca.write_bytes(old)
    assert refused(files, files.client_ca) == f"{files.client_ca}: expected a certificate that is valid now, got none"
    files.client_ca.write_bytes(old + authority.cert_pem.bytes())
    tls.credentials(files.certificate, files.key, files.client_ca)


def of_age(shift):
    """A certificate of an authority, valid for an hour that many hours from now."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "old")])
    made = x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
    made = made.serial_number(1).not_valid_before(NOW + shift * HOUR).not_valid_after(NOW + (shift + 1) * HOUR)
    made = made.add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
    return made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


def test_files_replaced_by_renaming_are_noticed_though_nothing_else_tells(files, authority, stranger):
    """The same size and time of change as the old ones, as `cp -p` leaves them."""
    identity = tls._Identity(files.certificate, files.key, None, tls._for_grpc)
    identity.load()
    assert identity.changed() is None
    for path in (files.certificate, files.key):
        before = path.stat()
        other = path.with_suffix(".new")
        other.write_bytes(path.read_bytes())
        os.utime(other, ns=(before.st_atime_ns, before.st_mtime_ns))
        other.replace(path)
    assert identity.changed() is not None and identity.changed() is None


def refused(files, client_ca=None):
    with pytest.raises(ConfigError) as caught:
        tls.credentials(files.certificate, files.key, client_ca)
    return str(caught.value)


def test_what_is_no_identity_is_refused_at_the_start(files, authority, stranger):
    assert refused(files, files.client_ca) == f"{files.client_ca}: expected a readable file, got {MISSING}"
    for content in (b"", b"no PEM", authority.cert_pem.bytes() + stranger.cert_pem.bytes()[:-40], b"\xff"):
        files.client_ca.write_bytes(content)
        assert refused(files, files.client_ca).startswith(f"{files.client_ca}: expected PEM certificates, got ")
    both = f"{files.certificate} and {files.key}"
    pair = f"{both}: expected a PEM certificate and its own private key, not encrypted, got "
    files.write(stranger, key_too=False)
    assert refused(files) == pair + "key values mismatch"
    files.key.write_bytes(files.certificate.read_bytes())
    assert refused(files).startswith(pair)
    files.key.unlink()
    assert refused(files) == f"{files.key}: expected a readable file, got {MISSING}"
    files.certificate.unlink()
    files.certificate.mkdir()
    assert refused(files) == f"{files.certificate}: expected a readable file, got Is a directory"


def test_an_encrypted_key_is_refused_and_no_password_asked_for(files):
    from cryptography.hazmat.primitives import serialization as keys

    plain = keys.load_pem_private_key(files.key.read_bytes(), None)
    locked = keys.BestAvailableEncryption(b"secret")
    files.key.write_bytes(plain.private_bytes(keys.Encoding.PEM, keys.PrivateFormat.PKCS8, locked))
    code = f"from enf2enf_server.gate import tls; tls.credentials({str(files.certificate)!r}, {str(files.key)!r})"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=20, check=False)
    assert "ConfigError" in run.stderr and "not encrypted, got " in run.stderr


def test_files_that_change_while_they_are_read_are_not_taken(files, authority):
    """The new pair is whole and belongs together, but it is not the one whose bytes were taken."""

    class Restless(type(files.key)):
        def read_bytes(self):
            content = super().read_bytes()
            if rotations:
                files.write(rotations.pop())
            return content

    rotations = []
    identity = tls._Identity(files.certificate, Restless(files.key), None, tls._for_grpc)
    identity.load()
    files.write(authority)
    rotations.append(authority)
    assert identity.changed() is None and not rotations
    assert identity.changed() is not None
