"""Certificates of a server, and the authorities that signed them."""

import pytest
import trustme


class Files:
    """A server's certificate and key, and the authority of its clients, on disk."""

    def __init__(self, folder):
        self.certificate, self.key, self.client_ca = folder / "tls.crt", folder / "tls.key", folder / "ca.crt"

    def write(self, authority, key_too=True, **dates):
        """A new certificate for localhost, in place as an editor would, and its key."""
        issued = authority.issue_cert("localhost", **dates)
        self.certificate.write_bytes(b"".join(blob.bytes() for blob in issued.cert_chain_pems))
        if key_too:
            self.key.write_bytes(issued.private_key_pem.bytes())
        return issued


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def stranger():
    return trustme.CA()


@pytest.fixture
def files(tmp_path, authority):
    made = Files(tmp_path)
    made.write(authority)
    return made
