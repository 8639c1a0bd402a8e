"""`enf2enf serve` as operators run it: supervised processes, tokens, TLS, metrics, and things that die."""

import contextlib
import json
import os
import re
import signal
import ssl
import subprocess
import sys
import threading
import urllib.request
from pathlib import Path

import grpc
import numpy as np
import pytest
import trustme
from conftest import CONDITIONS
from pools import until

from enf2enf import checkpoint
from enf2enf.client import Client
from enf2enf.client.retry import Retry
from enf2enf.errors import ConfigError
from enf2enf.grid import Grid
from enf2enf.io import write_bytes
from enf2enf_server.gate.tokens import issue
from enf2enf_server.ops.config import ServerConfig

pytestmark = pytest.mark.slow


class Served:
    """A running `enf2enf serve`: what it printed, and the processes that it consists of."""

    def __init__(self, path, *options):
        command = [sys.executable, "-m", "enf2enf", "serve", str(path), "--port", "0", *map(str, options)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.records = []
        self._reading = threading.Thread(target=self._read, daemon=True)
        self._reading.start()
        self.address = self.process.stdout.readline().split()[-1]

    def _read(self):
        self.records.extend(json.loads(line) for line in self.process.stderr)

    def events(self, kind):
        """What the supervisor logged of a kind."""
        messages = [record["message"] for record in list(self.records) if record["logger"].endswith("supervise")]
        return [event for event in map(json.loads, messages) if event["event"] == kind]

    @property
    def server(self):
        """Number of the server's process."""
        return self.events("start")[-1]["pid"]

    def xla_threads(self):
        """How many threads XLA has for the parts of a program (Linux)."""
        names = [name.read_text().strip() for name in Path(f"/proc/{self.server}/task").glob("*/comm")]
        return names.count("tf_XLAEigen")

    def parsers(self):
        """Numbers of the processes that read meshes."""
        listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(self.server)], capture_output=True, text=True)
        return [int(line.split()[0]) for line in listed.stdout.splitlines() if "parsing.worker" in line]

    def stop(self):
        """Ends it as an operator does, and returns its exit code."""
        self.process.send_signal(signal.SIGTERM)
        code = self.process.wait(30)
        self._reading.join(5)
        return code


@contextlib.contextmanager
def serve(path, *options):
    running = Served(path, *options)
    try:
        yield running
    finally:
        if running.process.poll() is None:
            running.process.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                running.process.wait(20)
            running.process.kill()


@pytest.fixture(scope="module")
def tiny(surrogate, tmp_path_factory):
    path = tmp_path_factory.mktemp("models") / "tiny.enf"
    checkpoint.save(path, surrogate)
    return path


def test_with_everything_on(tiny, vtu, tmp_path):
    authority, (secret, table) = trustme.CA(), issue("ci", admin=True)
    pair, files = authority.issue_cert("localhost"), {name: tmp_path / f"{name}.pem" for name in ("cert", "key", "ca")}
    pair.cert_chain_pems[0].write_to_path(files["cert"])
    pair.private_key_pem.write_to_path(files["key"])
    authority.cert_pem.write_to_path(files["ca"])
    (tmp_path / "tokens.toml").write_text(table)
    tls = ("--certificate", files["cert"], "--key", files["key"], "--tokens", tmp_path / "tokens.toml")
    ports = ("--metrics-port", 0, "--http-port", 0, "--http-origin", "*")
    with serve(tiny, *tls, *ports, "--limit", "points=100", "--host", "localhost") as running:
        with Client.secure(running.address, ca=files["ca"], token=secret) as client:
            assert client.ready("tiny") and client.describe().limits["points"] == 100
            shape = client.encode(vtu, name="vtu")
            answer = client.decode(shape, CONDITIONS, np.full((3, 2), 0.1))
            assert answer["stress"].shape == (3,)
        until(lambda: [r for r in running.records if r.get("request_id") == answer.request_id])
        scraped = next(record for record in running.records if "metrics" in record["message"])
        assert scraped["host"] == "127.0.0.1"  # not where the calls are taken
        port = next(record["port"] for record in running.records if "HTTP" in record["message"])
        bearer = {"Authorization": f"Bearer {secret}"}
        asked = urllib.request.Request(f"https://localhost:{port}/v1/describe", headers=bearer)
        told = urllib.request.urlopen(asked, context=ssl.create_default_context(cafile=files["ca"]))
        assert json.loads(told.read())["limits"]["points"] == 100
        page = urllib.request.urlopen(f"http://127.0.0.1:{scraped['port']}/metrics").read().decode()
        assert re.search(r'enf2enf_points_total\{model="tiny"\} 3\.0', page)
        assert running.xla_threads() <= 1  # programs run in the threads that call them
        assert running.stop() == 0


@pytest.mark.parametrize(
    ("count", "kills", "options"),
    [
        pytest.param(4, 1, {"timeout": 60, "retry": Retry(longest_seconds=0.5)}, id="quick"),
        pytest.param(12, 3, {}, marks=pytest.mark.soak, id="defaults"),
    ],
)
def test_the_server_is_killed_and_clients_ask_on(tiny, mesh, count, kills, options):
    """All of them, every time."""
    failures, answers, stop = [], [[] for _ in range(count)], threading.Event()

    def ask(address, own):
        try:
            with Client(address, **options) as client:
                shape = client.encode(mesh)
                while not stop.is_set():
                    own.append(client.decode(shape, CONDITIONS, "nodes")["stress"])
        except Exception as error:
            failures.append(error)

    def ask_on():
        """Everybody has an answer to a question that was asked from now on."""
        seen = [len(own) for own in answers]
        until(lambda: failures or all(len(own) > many + 1 for own, many in zip(answers, seen, strict=True)), 90)

    with serve(tiny, "--port", free_port()) as running:
        asking = [threading.Thread(target=ask, args=(running.address, own)) for own in answers]
        for thread in asking:
            thread.start()
        ask_on()
        for kill in range(kills):
            workers = running.parsers()
            os.kill(running.server, signal.SIGKILL)
            until(lambda kill=kill: len(running.events("start")) == kill + 2, 60)  # told once it serves
            ask_on()
            until(lambda workers=workers: not any(alive(pid) for pid in workers))
        stop.set()
        for thread in asking:
            thread.join()
        assert not failures
        every = np.concatenate(answers)
        assert np.abs(every - every[0]).max() < 1e-5 * np.ptp(every[0])
        assert running.stop() == 0


def test_a_parser_is_killed_under_load(tiny):
    from conftest import cell

    with serve(tiny) as running, Client(running.address, timeout=60) as client:
        client.ready()
        failures, answers, stop = [], [], threading.Event()

        def upload(first):
            number = first
            while not stop.is_set():
                number += 8
                try:
                    answers.append(client.encode(write_bytes(cell(0.1 + 1e-4 * number), "vtu"), name="vtu").nodes)
                except Exception as error:
                    failures.append(error)

        uploading = [threading.Thread(target=upload, args=(first,)) for first in range(4)]
        for thread in uploading:
            thread.start()
        for _ in range(3):
            until(lambda: len(running.parsers()) == 2)
            seen = len(answers)
            os.kill(running.parsers()[0], signal.SIGKILL)
            until(lambda seen=seen: len(answers) > seen + 5, 20)
        stop.set()
        for thread in uploading:
            thread.join()
        assert not failures and set(answers) == {224}
        until(lambda: len(running.parsers()) == 2)


def test_sigterm_under_load_answers_all_that_was_accepted(tiny, mesh):
    once = Retry(attempts=1)
    with serve(tiny, "--drain-seconds", "20") as running, Client(running.address, retry=once, timeout=60) as client:
        shape = client.encode(mesh)
        answers, failures = [], []

        def ask():
            try:
                while True:
                    answers.append(client.decode(shape, CONDITIONS, Grid((0, 0), (1, 1), (200, 200)))["stress"].size)
            except Exception as error:
                failures.append(error.__cause__)

        asking = [threading.Thread(target=ask) for _ in range(6)]
        for thread in asking:
            thread.start()
        until(lambda: len(answers) > 6, 60)
        assert running.stop() == 0
        for thread in asking:
            thread.join(30)
        assert len(failures) == 6 and set(answers) == {40_000}
        # CANCELLED: gRPC stopped before it had handed the call to anybody; the client tries both again by itself
        assert {error.code() for error in failures} <= {grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.CANCELLED}
        ended = [record for record in running.records if record.get("method") == "Decode"]
        begun = [record for record in ended if record["stages_ms"]]
        assert {record["code"] for record in begun} == {"OK"} and len(begun) == len(answers)
        assert {record["code"] for record in ended if record not in begun} <= {"UNAVAILABLE"}  # not let in any more


REFUSED = {
    "no file": (["{folder}/nowhere.enf"], "checkpoint: expected a file, or one of the shipped"),
    "damaged": (["{folder}/broken.enf"], "{folder}/broken.enf: expected a checkpoint that can be loaded, got none"),
    "nobody's name": (["{tiny}", "--host", "nowhere.invalid"], "--host: expected a name or an address of this machine"),
    "nobody's HTTP": (["{tiny}", "--http-port", "0", "--http-host", "nowhere.invalid"], "--http-host: expected a name"),
    "no tokens": (["{tiny}", "--tokens", "{folder}/none.toml"], "{folder}/none.toml: expected a readable file"),
}


@pytest.mark.parametrize("more", [[], ["--unsupervised"]], ids=["supervised", "alone"])
@pytest.mark.parametrize("sin", REFUSED)
def test_what_cannot_be_served_ends_at_once_in_one_sentence(tiny, tmp_path, sin, more):
    (tmp_path / "broken.enf").write_bytes(tiny.read_bytes()[:-100])
    words, sentence = REFUSED[sin]
    options = [word.format(tiny=tiny, folder=tmp_path) for word in words]
    command = [sys.executable, "-m", "enf2enf", "serve", *options, "--port", "0", *more]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60)
    (line,) = run.stderr.splitlines()
    assert line.startswith(f"enf2enf: {sentence.format(folder=tmp_path)}") and (run.returncode, run.stdout) == (1, "")


LIMITS = {
    "points": "--limit: expected NAME=NUMBER, got 'points'",
    "pts=4": "--limit: expected one of the names mesh_bytes, ",
    "points=many": "--limit points: expected a positive whole number, got 'many'",
    "points=0": "--limit points: expected a positive whole number up to 9223372036854775807, got 0",
}


@pytest.mark.parametrize("limit", LIMITS)
def test_a_limit_that_is_none_says_which_part_is_wrong(limit):
    with pytest.raises(ConfigError) as refusal:
        ServerConfig.of([limit])
    assert str(refusal.value).startswith(LIMITS[limit])
    with pytest.raises(ConfigError, match="--limit points: expected one number, got 4 and '5'"):
        ServerConfig.of(["points=4", "points=5"])


def free_port():
    import socket

    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def alive(pid):
    return os.path.exists(f"/proc/{pid}")
