"""TLS with certificates that can be replaced while the server runs."""

import logging
import ssl
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Generic, TypeVar

import grpc

from enf2enf.errors import ConfigError
from enf2enf_server.ops.stamp import stamp

_LOG = logging.getLogger(__name__)
T = TypeVar("T")
_OUT_OF_DATE = (9, 10)  # OpenSSL: not yet valid, has expired


def credentials(certificate: Path, key: Path, client_ca: Path | None = None) -> grpc.ServerCredentials:
    """Credentials that look at the files again at every handshake: new files serve new connections.

    New files that are missing, half written, out of date or do not belong together are logged, and the old ones go on.

    Args:
        certificate: PEM chain, the server's own certificate first.
        key: its private key in PEM, not encrypted.
        client_ca: PEM certificates; a client must then show a certificate that one of them has signed.

    Raises:
        ConfigError: files that are missing or wrong now.
    """
    identity = _Identity(Path(certificate), Path(key), None if client_ca is None else Path(client_ca), _for_grpc)
    return grpc.dynamic_ssl_server_credentials(
        identity.load(),
        identity.changed,  # pyright: ignore[reportArgumentType]  # None for no change is in gRPC's text, not its types
        client_ca is not None,
    )


def context(certificate: Path, key: Path, client_ca: Path | None = None) -> ssl.SSLContext:
    """The same for servers that take Python's own TLS."""
    identity = _Identity(Path(certificate), Path(key), None if client_ca is None else Path(client_ca), _for_python)
    current = first = identity.load()

    def follow(handshake: ssl.SSLObject, _name: str | None, _context: ssl.SSLContext) -> None:
        nonlocal current
        current = identity.changed() or current
        handshake.context = current

    first.sni_callback = follow
    return first


def _for_grpc(_: ssl.SSLContext, contents: Sequence[bytes]) -> grpc.ServerCertificateConfiguration:
    return grpc.ssl_server_certificate_configuration([(contents[1], contents[0])], *contents[2:])


def _for_python(pair: ssl.SSLContext, contents: Sequence[bytes]) -> ssl.SSLContext:
    pair.set_alpn_protocols(["http/1.1"])
    for authorities in contents[2:]:
        pair.verify_mode = ssl.CERT_REQUIRED
        pair.load_verify_locations(cadata=authorities.decode("ascii"))
    return pair


class _Identity(Generic[T]):
    """A server's certificate and the authorities it trusts. Safe to share: gRPC shakes hands on several threads.

    Args:
        certificate, key, client_ca: see `credentials`.
        made: makes the credentials from a context with the certificate and from the contents of all files.
    """

    def __init__(
        self,
        certificate: Path,
        key: Path,
        client_ca: Path | None,
        made: Callable[[ssl.SSLContext, Sequence[bytes]], T],
    ):
        self._certificate, self._key, self._client_ca, self._made = certificate, key, client_ca, made
        self._paths = [path for path in (certificate, key, client_ca) if path is not None]
        self._lock = threading.Lock()
        self._complaint = ""

    def load(self) -> T:
        """Credentials from the files as they are, noting their stamps. Raises `ConfigError` if they are unusable."""
        seen = self._stamps()
        contents = [_read(path) for path in self._paths]
        pair = _checked_pair(self._certificate, self._key)
        if contents != [_read(path) for path in self._paths]:  # `ssl` reads files alone: it may have read others
            raise ConfigError(str(self._certificate), "files that rest while they are read", "a change")
        _check_dates(pair, self._certificate, contents[0])
        if self._client_ca is not None:
            _check_authorities(self._client_ca, contents[2])
        self._seen = seen
        return self._made(pair, contents)

    def changed(self) -> T | None:
        """Credentials from new files; None if the files are unchanged or unusable."""
        with self._lock:
            if self._stamps() == self._seen:
                return None
            try:
                fresh = self.load()
            except ConfigError as error:  # not seen: the next handshake looks again
                if str(error) != self._complaint:
                    _LOG.error("%s; the certificate read before goes on", error)
                self._complaint = str(error)
                return None
            self._complaint = ""
            _LOG.info("%s: new connections get the new certificate", self._certificate)
            return fresh

    def _stamps(self) -> list[tuple[int, ...] | None]:
        return [stamp(path) for path in self._paths]


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(str(path), "a readable file", error.strerror or "none") from error


def _checked_pair(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:  # a password, since OpenSSL would otherwise ask for one at the terminal, and wait
        context.load_cert_chain(certificate, key, password="")
    except ssl.SSLError as error:
        expected = "a PEM certificate and its own private key, not encrypted"
        raise ConfigError(f"{certificate} and {key}", expected, _reason(error)) from error
    except OSError as error:
        raise ConfigError(f"{certificate} and {key}", "readable files", error.strerror or "none") from error
    return context


def _check_dates(pair: ssl.SSLContext, path: Path, certificate: bytes) -> None:
    """Checks the dates: in a handshake with itself that trusts the certificate, OpenSSL complains of nothing else."""
    client = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    client.check_hostname = False
    client.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # it need not be signed by itself
    client.load_verify_locations(cadata=certificate.decode("ascii", "ignore"))
    there, back = ssl.MemoryBIO(), ssl.MemoryBIO()
    ends = client.wrap_bio(back, there), pair.wrap_bio(there, back, server_side=True)
    for end in (*ends, ends[0]):
        try:
            end.do_handshake()
        except ssl.SSLCertVerificationError as error:
            if error.verify_code in _OUT_OF_DATE:
                raise ConfigError(str(path), "a certificate that is valid now", error.verify_message) from error
        except ssl.SSLError:  # it waits for the other end, or does not like something else: clients may
            pass


def _check_authorities(path: Path, content: bytes) -> None:
    expected, context = "PEM certificates", ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_verify_locations(cadata=content.decode("ascii"))
    except ssl.SSLError as error:
        raise ConfigError(str(path), expected, _reason(error)) from error
    except ValueError as error:
        raise ConfigError(str(path), expected, "an empty file" if not content else "other bytes") from error
    dates = [
        [ssl.cert_time_to_seconds(str(ca[key])) for key in ("notBefore", "notAfter")] for ca in context.get_ca_certs()
    ]
    if dates and not any(since <= time.time() <= until for since, until in dates):
        raise ConfigError(str(path), "a certificate that is valid now", "none")


def _reason(error: ssl.SSLError) -> str:
    return (error.reason or "something else").replace("_", " ").lower()
