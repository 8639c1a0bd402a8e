"""Tokens: who is recognised, files that change, and files that are no good."""

import hashlib
import logging
import re
import tomllib

import pytest
from grpc import StatusCode

from enf2enf.cli import main
from enf2enf.errors import ConfigError
from enf2enf_server.gate.status import to_status
from enf2enf_server.gate.tokens import Tokens, issue
from enf2enf_server.ops.caller import Caller
from enf2enf_server.ops.errors import AccessError, LimitError


class Clock:
    """Seconds that pass when told to."""

    def __init__(self):
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def bearer(secret):
    return [("user-agent", "test"), ("authorization", f"Bearer {secret}")]


def hashed(secret):
    return hashlib.sha256(secret.encode()).hexdigest()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def path(tmp_path):
    return tmp_path / "tokens.toml"


def test_callers_are_recognised_by_what_was_issued(path):
    known = {"ci": (4, 20.0, False), "desk": (None, 0.5, True), "free": (None, None, False)}
    issued = {name: issue(name, *limits) for name, limits in known.items()}
    path.write_text("\n".join(table for _, table in issued.values()))
    tokens = Tokens.read(path)
    for name, (concurrent, per_second, admin) in known.items():
        caller = tokens.caller(bearer(issued[name][0]))
        assert caller == Caller(name, admin, concurrent, per_second)
        assert tokens.caller([("authorization", f"bearer {issued[name][0]}".encode())]) == caller
    secrets = {secret for secret, _ in issued.values()}
    assert len(secrets) == 3 and all(re.fullmatch(r"enf_[\w-]{43}", secret) for secret in secrets)


@pytest.mark.parametrize(
    ("metadata", "got"),
    [
        ([], "none"),
        ([("x-authorization", "Bearer enf_right")], "none"),
        (bearer("enf_wrong"), "an unknown one"),
        (bearer("enf_righ"), "an unknown one"),
        (bearer("enf_rightt"), "an unknown one"),
        (bearer(hashed("enf_right")), "an unknown one"),
        (bearer("enf_right\ud800"), "an unknown one"),
        (bearer(""), "something other than 'Bearer' and a secret"),
        ([("authorization", "enf_right")], "something other than 'Bearer' and a secret"),
        ([("authorization", "Basic enf_right")], "something other than 'Bearer' and a secret"),
        ([("authorization", b"\xff\xfe")], "something other than 'Bearer' and a secret"),
        (bearer("enf_wrong") + bearer("enf_right"), "2 headers"),
    ],
)
def test_nobody_else_is(metadata, got, path):
    path.write_text(f'[[token]]\nname = "ci"\nsha256 = "{hashed("enf_right")}"\n')
    tokens = Tokens.read(path)
    assert tokens.caller(bearer("enf_right")).name == "ci"
    with pytest.raises(AccessError) as caught:
        tokens.caller(metadata)
    sentence = f"authorization: expected a bearer token that this server knows, got {got}"
    status = to_status(caught.value, "id")
    assert str(caught.value) == status.details == sentence
    assert status.code == StatusCode.UNAUTHENTICATED


def table(name, secret, **limits):
    lines = [f'name = "{name}"', f'sha256 = "{hashed(secret)}"', *(f"{key} = {value}" for key, value in limits.items())]
    return "\n".join(["[[token]]", *lines, ""])


def test_a_changed_file_is_read_within_a_second(path, clock):
    path.write_text(table("old", "a"))
    tokens = Tokens.read(path, clock)
    path.write_text(table("new", "b"))
    assert tokens.caller(bearer("a")).name == "old"
    clock.now += 1
    assert tokens.caller(bearer("b")).name == "new"
    with pytest.raises(AccessError):
        tokens.caller(bearer("a"))


def test_what_is_used_survives_a_change(path, clock):
    path.write_text(table("ci", "a", concurrent=2, per_second=2))
    tokens = Tokens.read(path, clock)
    with tokens.caller(bearer("a")).admitted():
        path.write_text(table("ci", "b", concurrent=1, per_second=2) + table("desk", "c", concurrent=1))
        clock.now += 1
        with pytest.raises(LimitError, match="at most 1 request at once"), tokens.caller(bearer("b")).admitted():
            pass
        with tokens.caller(bearer("c")).admitted():
            pass
    for _ in range(2):
        with tokens.caller(bearer("b")).admitted():
            pass
    path.write_text(table("ci", "a", per_second=2.0))
    clock.now += 1
    for _ in range(2):
        with tokens.caller(bearer("a")).admitted():
            pass
    with pytest.raises(LimitError), tokens.caller(bearer("a")).admitted():
        pass


def test_a_broken_or_missing_file_keeps_the_old_tokens_and_says_so_once(path, clock, caplog):
    caplog.set_level(logging.INFO)
    path.write_text(table("ci", "a"))
    tokens = Tokens.read(path, clock)

    def look():
        clock.now += 1
        return tokens.caller(bearer("a")).name

    path.write_text(table("ci", "b").replace("sha256", "sha"))
    assert [look(), look(), look()] == ["ci"] * 3
    path.unlink()
    assert [look(), look()] == ["ci"] * 2
    path.write_text(table("robot", "a"))
    assert [look(), look()] == ["robot"] * 2
    said = [record.getMessage() for record in caplog.records if record.name == "enf2enf_server.gate.tokens"]
    assert len(said) == 3
    assert said[0].startswith(f"{path}, token 1: expected keys among [")
    assert said[0].endswith("; the tokens known so far go on")
    assert "expected a readable file, got No such file" in said[1] and "read again, 1 tokens" in said[2]


HASH = hashed("enf_secret_of_nobody")
GOOD = f'[[token]]\nname = "ci"\nsha256 = "{HASH}"\n'
MALFORMED = {
    "empty": ("", ": expected one or more tables [[token]], got none"),
    "no tables": ("token = []", ": expected one or more tables [[token]], got none"),
    "one table": (GOOD.replace("[[token]]", "[token]"), ": expected one or more tables [[token]]"),
    "numbers": ("token = [1]", ": expected one or more tables [[token]]"),
    "not TOML": (GOOD + HASH, ": expected a TOML file, got something else (at end of document)"),
    "said twice": (GOOD + f'name = "{HASH}"\n', ": expected a TOML file, got something else (at line 4, column "),
    "not text": (b"\xff" + GOOD.encode(), ": expected a TOML file, got something else"),
    "very deep": ("a = " + "[" * 100_000, ": expected a TOML file, got something else"),
    "very long number": ("a = " + "1" * 5000, ": expected a TOML file, got something else"),
    "unknown table": (GOOD + "[limits]\n", ": expected tables [[token]] alone, got 'limits'"),
    "unknown key": (GOOD + "rate = 1\n", ", token 1: expected keys among ["),
    "secret as key": (GOOD + f"enf_{HASH} = 1\n", ", got a key of 68 characters"),
    "no name": (GOOD.replace("name", "#"), ", token 1, name: expected 1 to 32 letters, digits, _ or -, a letter first"),
    "hash as name": (GOOD.replace("ci", HASH), ", token 1, name: expected 1 to 32 letters"),
    "spaces": (GOOD.replace("ci", "c i"), ", token 1, name: expected 1 to 32 letters"),
    "line in name": (GOOD.replace("ci", "ci\\n"), ", token 1, name: expected 1 to 32 letters"),
    "no hash": ('[[token]]\nname = "ci"\n', ", token 1, sha256: expected 64 hex digits, got none"),
    "short hash": (GOOD.replace(HASH, HASH[:-1]), ", token 1, sha256: expected 64 hex digits, got 63 characters"),
    "secret as hash": (GOOD.replace(HASH, "enf_" + HASH[4:]), ", token 1, sha256: expected 64 hex digits, got 64 char"),
    "hash as number": (GOOD.replace(f'"{HASH}"', f"0x{HASH}"), "expected 64 hex digits, got a value of type int"),
    "same name": (GOOD + GOOD.replace(HASH, "0" * 64), ", token 2, name: expected one of its own, got that of token 1"),
    "same hash": (GOOD + GOOD.replace("ci", "x").replace(HASH, HASH.upper()), ", token 2, sha256: expected one of its"),
    "no calls": (GOOD + "concurrent = 0", ", token 1, concurrent: expected a whole number above 0, got 0"),
    "true calls": (GOOD + "concurrent = true", ", token 1, concurrent: expected a whole number above 0, got true"),
    "half a call": (GOOD + "concurrent = 1.5", ", token 1, concurrent: expected a whole number above 0, got 1.5"),
    "no rate": (GOOD + "per_second = 0", ", token 1, per_second: expected a number above 0, got 0"),
    "rate of nan": (GOOD + "per_second = nan", ", token 1, per_second: expected a number above 0, got nan"),
    "rate of inf": (GOOD + "per_second = inf", ", token 1, per_second: expected a number above 0, got inf"),
    "rate in words": (GOOD + 'per_second = "many"', ", token 1, per_second: expected a number above 0, got 4 chara"),
    "admin": (GOOD + "admin = 1", ", token 1, admin: expected true or false, got 1"),
}


@pytest.mark.parametrize("sin", MALFORMED)
def test_a_malformed_file_is_refused_without_telling_its_secrets(sin, path):
    content, sentence = MALFORMED[sin]
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(ConfigError) as caught:
        Tokens.read(path)
    assert str(caught.value).startswith(str(path)) and sentence in str(caught.value)
    assert HASH[4:40] not in str(caught.value).lower() and str(int(HASH, 16)) not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_file_is_no_tokens(path):
    with pytest.raises(ConfigError, match=r"tokens.toml: expected a readable file, got No such file"):
        Tokens.read(path)


def test_the_command_prints_a_table_that_the_server_reads_and_the_secret_apart(path, capsys):
    shown = {}
    for arguments in (["ci", "--concurrent", "4", "--per-second", "20"], ["desk", "--admin"]):
        assert main(["token", *arguments]) == 0
        out, err = capsys.readouterr()
        with path.open("a") as file:
            file.write(out)
        (shown[arguments[0]],) = re.findall(r"enf_[\w-]{43}", err)
        assert "enf_" not in out and len(err.splitlines()) == 1
    assert set(tomllib.loads(path.read_text())) == {"token"}
    tokens = Tokens.read(path)
    assert tokens.caller(bearer(shown["ci"])) == Caller("ci", concurrent=4, per_second=20.0)
    assert tokens.caller(bearer(shown["desk"])) == Caller("desk", admin=True)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ["c i"],
            "enf2enf: token, name: expected 1 to 32 letters, digits, _ or -, a letter first, got one with ' ' in it\n",
        ),
        (["ci", "--concurrent", "0"], "enf2enf: token, concurrent: expected a whole number above 0, got 0\n"),
        (["ci", "--per-second", "inf"], "enf2enf: token, per_second: expected a number above 0, got inf\n"),
    ],
)
def test_the_command_refuses(arguments, sentence, capsys):
    assert main(["token", *arguments]) == 1
    assert capsys.readouterr() == ("", sentence)
