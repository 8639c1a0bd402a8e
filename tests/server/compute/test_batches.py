"""Small questions of many clients, computed together: everybody gets the answer to their own."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import numpy as np
import pytest
from conftest import CONDITIONS, cell

from enf2enf.client import Client
from enf2enf.io import write_bytes
from enf2enf_server.gate.app import create_server
from enf2enf_server.ops.config import ServerConfig

pytestmark = pytest.mark.slow

SPANS = {"stress": 100.0, "shift": 1e-3}  # of the data that the surrogate of these tests is scaled by


def test_everybody_gets_their_own_answers(surrogate):
    server, port = create_server(surrogate, ServerConfig(parsers=1))
    server.start().result()
    meshes = [cell(radius=radius) for radius in (0.15, 0.25, 0.35)]
    files = [write_bytes(mesh, "vtu") for mesh in meshes]
    encodings = [surrogate.encode(mesh) for mesh in meshes]
    together = Barrier(16, timeout=60)  # so that questions meet, however few cores there are

    def ask(number):
        random = np.random.default_rng(number)
        which, conditions = number % 3, CONDITIONS | {"heat": 285.0 + number % 5}
        with Client(f"127.0.0.1:{port}", timeout=60) as client:
            shape = client.encode(files[which], name="vtu")
            for _ in range(12):
                points = random.uniform(0, 1, (int(random.integers(1, 250)), 2))
                local = surrogate.decode(encodings[which], conditions, points)
                together.wait()
                answer = client.decode(shape, conditions, points)
                for name, span in SPANS.items():
                    assert np.allclose(answer[name], local[name], rtol=0, atol=1e-5 * span, equal_nan=True)

    with ThreadPoolExecutor(16) as pool:
        list(pool.map(ask, range(16)))
    shared = server.metrics.registry.get_sample_value("enf2enf_batch_requests_bucket", {"le": "1.0"})
    calls = server.metrics.registry.get_sample_value("enf2enf_batch_requests_count")
    server.stop()
    assert calls > shared  # some were computed together
