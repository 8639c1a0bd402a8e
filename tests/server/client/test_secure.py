"""Who asks, and over which line: tokens, TLS in both directions."""

import asyncio

import grpc
import pytest
import trustme
from conftest import CONDITIONS
from peer import line_to

from enf2enf import errors
from enf2enf.client import AsyncClient, Client, Retry

NEVER = Retry(attempts=1)


@pytest.fixture(scope="module")
def pem(tmp_path_factory):
    """Files of an authority, of one client that it has signed, and of an authority that nobody trusts."""
    folder, authority = tmp_path_factory.mktemp("pem"), trustme.CA()
    client, paths = authority.issue_cert("client"), {}
    parts = {"ca": authority.cert_pem, "key": client.private_key_pem, "certificate": client.cert_chain_pems[0]}
    for name, blob in {**parts, "stranger": trustme.CA().cert_pem}.items():
        paths[name] = folder / f"{name}.pem"
        blob.write_to_path(paths[name])
    return authority, paths


@pytest.fixture(scope="module")
def mutual(pem, target):
    """A line that only clients of the authority may use."""
    authority, _ = pem
    own = authority.issue_cert("localhost")
    pair = [(own.private_key_pem.bytes(), own.cert_chain_pems[0].bytes())]
    credentials = grpc.ssl_server_credentials(pair, authority.cert_pem.bytes(), require_client_auth=True)
    with line_to(target, credentials) as (line, port):
        yield line, f"localhost:{port}"


def test_a_call_over_mutual_tls_with_a_token(mutual, pem, mesh, client):
    line, address = mutual
    files = {name: pem[1][name] for name in ("ca", "certificate", "key")}
    expected = client.predict(mesh, CONDITIONS)["stress"].tobytes()
    with Client.secure(address, **files, token="s3cret", timeout=30) as secure:
        assert secure.predict(mesh, CONDITIONS)["stress"].tobytes() == expected

    async def ask():
        async with AsyncClient.secure(address, **files, token="s3cret", timeout=30) as secure:
            return await secure.predict(mesh, CONDITIONS)

    assert asyncio.run(ask())["stress"].tobytes() == expected
    assert [seen.metadata["authorization"] for seen in line.seen] == ["Bearer s3cret"] * 2


@pytest.mark.parametrize("files", [{"ca": "ca"}, {"ca": "stranger", "certificate": "certificate", "key": "key"}, {}])
def test_strangers_stay_outside(mutual, pem, files):
    options = {name: pem[1][file] for name, file in files.items()}
    refused = pytest.raises(errors.ServiceError, match="expected an answer, got UNAVAILABLE")
    with Client.secure(mutual[1], **options, timeout=5, retry=NEVER) as client, refused:
        client.describe()


def test_a_token_travels_over_plain_text_and_none_is_none(target):
    with line_to(target) as (line, port):
        for token in ("abc.DEF-123", None):
            with Client(f"127.0.0.1:{port}", token=token, timeout=30) as client:
                client.describe()
        assert [seen.metadata.get("authorization") for seen in line.seen] == ["Bearer abc.DEF-123", None]


@pytest.mark.parametrize("token", ["", " s3cret", "s3cret\n", "s3cr\u00e9t"])
def test_a_token_that_cannot_be_sent_is_refused_and_not_repeated(target, token):
    with pytest.raises(errors.ConfigError, match="token: expected printable ASCII") as caught:
        Client(target, token=token)
    assert "cr" not in str(caught.value)


def test_files_that_are_none(pem, tmp_path):
    (tmp_path / "text.pem").write_text("hello")
    with pytest.raises(errors.ConfigError, match=r"text\.pem: expected a PEM file, got no line"):
        Client.secure("localhost:1", ca=tmp_path / "text.pem")
    with pytest.raises(errors.ConfigError, match=r"nowhere\.pem: expected a PEM file, got No such file"):
        Client.secure("localhost:1", ca=tmp_path / "nowhere.pem")
    with pytest.raises(errors.ConfigError, match="certificate and key: expected both or neither"):
        Client.secure("localhost:1", certificate=pem[1]["certificate"])
