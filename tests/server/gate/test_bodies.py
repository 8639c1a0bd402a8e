"""Bodies over HTTP that are refused: by their headers before they are read, or by what is in them."""

import pytest
from web import web

from enf2enf_server.ops.config import ServerConfig


@pytest.fixture(scope="module")
def served(surrogate):
    with web(surrogate, ServerConfig(mesh_bytes=1 << 20, message_bytes=2 << 20, parsers=1)) as running:
        yield running


UNREAD = {
    "a mesh": (413, "encode?name=vtu", f"Content-Length: {1 << 40}",
               f"mesh: expected at most {1 << 20} bytes, got {1 << 40} bytes"),
    "a question": (413, "decode", f"Content-Length: {1 << 40}",
                   f"body: expected at most {2 << 20} bytes, got {1 << 40} bytes"),
    "no size": (400, "decode", "Transfer-Encoding: chunked",
                "Content-Length: expected the number of bytes that follow, got none"),
    "no bytes": (400, "encode?name=vtu", "Content-Length: 0", "size: expected at least 1 byte, got 0"),
}  # fmt: skip


@pytest.mark.parametrize("what", UNREAD)
def test_what_is_no_size_is_refused_before_anything_comes(served, what):
    status, address, header, sentence = UNREAD[what]
    told = served.raw(f"POST /v1/{address} HTTP/1.1", header)
    assert told.status == status and told.data["message"] == sentence


@pytest.mark.parametrize(
    ("method", "header", "status", "sentence"),
    [
        ("encode", "Content-Encoding: gzip", 415, "Content-Encoding: expected identity, or none, got 'gzip'"),
        ("decode", "Content-Encoding: br, identity", 415, "Content-Encoding: expected identity, or none, got 'br, id"),
        ("encode", "Content-Type: multipart/form-data; boundary=x", 415,
         "body: expected what is sent itself, as by curl --data-binary @file, got a form"),
        ("decode", "Transfer-Encoding: chunked", 400, "Content-Length: expected none beside Transfer-Encoding, got '"),
        ("describe", "Transfer-Encoding: chunked", 400, "Content-Length: expected none beside Transfer-Encoding, got"),
    ],
)  # fmt: skip
def test_bodies_that_are_not_as_they_are_sent_are_refused(served, method, header, status, sentence):
    verb = "GET" if method == "describe" else "POST"
    told = served.raw(f"{verb} /v1/{method}?name=vtu HTTP/1.1", "Content-Length: 5", header, body=b"0\r\n\r\n")
    assert told.status == status and told.data["message"].startswith(sentence), told.data
    assert (told.headers["Connection"] == "close") == (status == 400)


def test_a_body_may_say_that_it_is_as_it_is(served, vtu):
    told = served.ask("encode", vtu, {"Content-Encoding": "Identity", "Content-Type": "text/xml"}, name="vtu")
    assert told.status == 200 and told.data["nodes"] == 224


MALFORMED = {
    "no JSON": (b"{", "body: expected JSON, got unexpected end of data"),
    "nothing": (b"", "body: expected JSON, got "),
    "a list": (b"[]", "body: expected a table, got []"),
    "no question": (b'{"handle": ""}', "body: expected the key 'at', got none"),
    "more": (b'{"handle": "", "at": [], "conditions": {}, "model": ""}', "body: expected keys among ['at', 'cond"),
    "null": (b"null", "body: expected a table, got null"),
    "null for a place": (b'{"handle": "", "at": null, "conditions": {}}', "at: expected points, 'nodes', 'wall'"),
    "a key twice": (b'{"handle": "a", "at": [], "handle": "b"}', 'body: expected every key once, got "handle" twice'),
    "a number for a handle": (b'{"handle": 1, "at": [], "conditions": {}}', "handle: expected a text, got 1"),
}


@pytest.mark.parametrize("sin", MALFORMED)
def test_malformed_bodies_are_refused(served, sin):
    body, sentence = MALFORMED[sin]
    told = served.ask("decode", body)
    assert told.status == 400 and told.data["message"].startswith(sentence), told.data
