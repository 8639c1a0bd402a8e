"""The bearer tokens that a server knows, hashed in a TOML file.

A secret is 256 random bits. Nobody finds it by trying, however fast the hash, so a plain SHA-256 keeps it as safe as a
slow password hash would, and costs a call microseconds.
"""

import hashlib
import hmac
import json
import logging
import re
import secrets
import threading
import time
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Self

from enf2enf.errors import ConfigError
from enf2enf.plain import shown
from enf2enf_server.ops.caller import Caller, Usage
from enf2enf_server.ops.errors import AccessError
from enf2enf_server.ops.stamp import stamp

_LOG = logging.getLogger(__name__)
_LOOK_SECONDS = 1.0
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_-]{0,31}")  # too short for a secret or a hash: it may be shown
_STRANGE = re.compile(r"[^A-Za-z0-9_-]")  # in none
_LARGEST_RATE = 1e9
_VALUES: dict[str, tuple[str, Callable[[Any], object]]] = {
    "name": ("1 to 32 letters, digits, _ or -, a letter first", lambda v: isinstance(v, str) and _NAME.fullmatch(v)),
    "sha256": ("64 hex digits", lambda v: isinstance(v, str) and re.fullmatch("[0-9a-fA-F]{64}", v)),
    "concurrent": ("a whole number above 0", lambda v: type(v) is int and v > 0),
    "per_second": ("a number above 0", lambda v: type(v) in (int, float) and 0 < v <= _LARGEST_RATE),
    "admin": ("true or false", lambda v: isinstance(v, bool)),
}
_REQUIRED = ("name", "sha256")


class Tokens:
    """Recognises callers. Safe to share between threads.

    The file is read again when it has changed. If it is then broken, or gone, that is logged and the tokens known so
    far go on. What a caller uses outlives the change; calls of a token that was taken out run to their end.
    """

    def __init__(self, path: Path, clock: Callable[[], float]):
        self._path, self._clock, self._lock = path, clock, threading.Lock()
        self._usages: dict[str, Usage] = {}
        self._looked, self._complaint = clock(), ""
        self._load()

    @classmethod
    def read(cls, path: Path, clock: Callable[[], float] = time.monotonic) -> Self:
        """The tokens of a TOML file: tables `[[token]]` with `name`, `sha256` and perhaps limits, see `Caller`.

        Raises:
            ConfigError: it cannot be read, knows no token, or has a key that is unknown, wrong or repeated.
        """
        return cls(Path(path), clock)

    def caller(self, metadata: Iterable[tuple[str, str | bytes]]) -> Caller:
        """The caller whose token the header `authorization` carries. Raises `AccessError` if there is none."""
        presented = hashlib.sha256(_secret(metadata)).digest()
        found = None
        for known, caller in self._current():  # all of them, so that the time taken reveals nothing
            if hmac.compare_digest(known, presented):
                found = caller
        if found is None:
            raise _refused("an unknown one")
        return found

    def _current(self) -> tuple[tuple[bytes, Caller], ...]:
        with self._lock:
            now = self._clock()
            if now - self._looked >= _LOOK_SECONDS:
                self._looked = now
                if stamp(self._path) != self._stamp:
                    self._load_again()
            return self._callers

    def _load_again(self) -> None:
        try:
            self._load()
        except ConfigError as error:  # the stamp stays the old one: it is read again at the next look
            if str(error) != self._complaint:
                _LOG.error("%s; the tokens known so far go on", error)
            self._complaint = str(error)
        else:
            self._complaint = ""
            _LOG.info("%s: read again, %d tokens", self._path, len(self._callers))

    def _load(self) -> None:
        seen = stamp(self._path)
        tables = _tables(self._path)
        self._callers = tuple((bytes.fromhex(table["sha256"]), self._known(table)) for table in tables)
        self._stamp = seen

    def _known(self, table: dict[str, Any]) -> Caller:
        usage = self._usages.setdefault(table["name"], Usage(self._clock))
        limits = {key: table[key] for key in ("admin", "concurrent", "per_second") if key in table}
        return Caller(table["name"], **limits, usage=usage)


def issue(
    name: str, concurrent: int | None = None, per_second: float | None = None, admin: bool = False
) -> tuple[str, str]:
    """A new secret, and the TOML table to append to a server's file.

    Raises:
        ConfigError: a name or a limit that is none.
    """
    if strange := "".join(sorted(set(_STRANGE.findall(name)))):  # of a name that somebody types, not of a file
        raise ConfigError("token, name", _VALUES["name"][0], f"one with {shown(strange)} in it")
    secret = "enf_" + secrets.token_urlsafe(32)
    table = {"name": name, "sha256": hashlib.sha256(secret.encode()).hexdigest()}
    table |= {"concurrent": concurrent} if concurrent is not None else {}
    table |= {"per_second": per_second} if per_second is not None else {}
    table |= {"admin": True} if admin else {}
    _check(table, "token")
    return secret, "\n".join(["[[token]]", *(f"{key} = {json.dumps(value)}" for key, value in table.items()), ""])


def _refused(got: str) -> AccessError:
    return AccessError("authorization", "a bearer token that this server knows", got)


def _secret(metadata: Iterable[tuple[str, str | bytes]]) -> bytes:
    values = [value for key, value in metadata if key.lower() == "authorization"]
    if not values:
        raise _refused("none")
    if len(values) > 1:
        raise _refused(f"{len(values)} headers")
    value = values[0] if isinstance(values[0], bytes) else values[0].encode("utf-8", "replace")
    scheme, _, secret = value.partition(b" ")
    if scheme.lower() != b"bearer" or not secret.strip():
        raise _refused("something other than 'Bearer' and a secret")
    return secret.strip()


def _tables(path: Path) -> list[dict[str, Any]]:
    """The checked tables of a file."""
    plain = _plain(path)
    if unknown := sorted(plain.keys() - {"token"}):
        raise ConfigError(str(path), "tables [[token]] alone", _shown(unknown[0]))
    tables = plain.get("token", [])
    if not isinstance(tables, list) or not tables or not all(isinstance(table, dict) for table in tables):
        raise ConfigError(str(path), "one or more tables [[token]]", "none")
    taken: dict[str, int] = {}
    for number, table in enumerate(tables, 1):
        _check(table, f"{path}, token {number}")
        for key in _REQUIRED:
            earlier = taken.setdefault(table[key].lower(), number)
            if earlier != number:
                raise ConfigError(f"{path}, token {number}, {key}", "one of its own", f"that of token {earlier}")
    return tables


def _plain(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_bytes().decode())
    except OSError as error:
        raise ConfigError(str(path), "a readable file", error.strerror or "none") from None
    except (ValueError, RecursionError) as error:  # its words may quote the file: only the place is shown
        place = re.search(r"\(at .*\)$", str(error))
        raise ConfigError(str(path), "a TOML file", f"something else {place[0] if place else ''}".strip()) from None


def _check(table: dict[str, Any], entry: str) -> None:
    if unknown := sorted(table.keys() - _VALUES.keys()):
        raise ConfigError(entry, f"keys among {sorted(_VALUES)}", _shown(unknown[0]))
    for key, (expected, valid) in _VALUES.items():
        if key not in table and key in _REQUIRED:
            raise ConfigError(f"{entry}, {key}", expected, "none")
        if key in table and not valid(table[key]):
            raise ConfigError(f"{entry}, {key}", expected, _described(table[key]))


def _shown(key: str) -> str:
    return repr(key) if _NAME.fullmatch(key) else f"a key of {len(key)} characters"


def _described(value: Any) -> str:
    """What a value is like: it may be a secret, or a hash, in the wrong place."""
    if isinstance(value, float) or (isinstance(value, int) and value.bit_length() < 64):
        return str(value).lower()
    return f"{len(value)} characters" if isinstance(value, str) else f"a value of type {type(value).__name__}"
