"""Ask a server over HTTP, with nothing but Python's own library: any machine, any program that knows HTTP can.

First start a server in another terminal, then ask it; the same by curl:

    enf2enf serve elasticity --http-port 8080
    python examples/http_query.py cell.vtu
    curl --data-binary @cell.vtu "http://127.0.0.1:8080/v1/predict?name=cell.vtu&at=wall"
"""

import argparse
import json
import sys
from pathlib import Path
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("mesh", type=Path, help="any mesh file")
parser.add_argument("--url", default="http://127.0.0.1:8080")
parser.add_argument("--token", default="", help="what `enf2enf token` showed, where the server wants one")
parser.add_argument("--conditions", type=json.loads, default={}, metavar="JSON", help="such as '{\"inflow\": [30, 0]}'")
options = parser.parse_args()


def ask(method: str, body: bytes | None = None, **parameters: str) -> dict:
    """What the server answers; a refusal ends the program with its one sentence."""
    headers = {"Authorization": f"Bearer {options.token}"} if options.token else {}
    try:
        request = Request(f"{options.url}/v1/{method}?{urlencode(parameters)}", body, headers)
        return json.load(urlopen(request))
    except HTTPError as refusal:
        sys.exit(json.load(refusal)["message"])
    except OSError as error:
        sys.exit(f"{options.url}: expected a server that listens there, got {getattr(error, 'reason', error)}")
    except ValueError:
        sys.exit(f"--url: expected http://HOST:PORT, got {options.url}")


model = ask("describe")
print(
    f"{model['name']} needs {[q['name'] for q in model['conditions']]}, returns {[q['name'] for q in model['fields']]}"
)

try:
    mesh = options.mesh.read_bytes()
except OSError as error:
    sys.exit(f"{options.mesh}: expected a file, got {error.strerror}")
shape = ask("encode", mesh, name=options.mesh.name)
print(f"{shape['nodes']} nodes, {len(shape['walls'])} wall(s), from {shape['lower']} to {shape['upper']} m")

middle = [(low + high) / 2 for low, high in zip(shape["lower"], shape["upper"], strict=True)]
line = {"start": shape["lower"], "end": middle, "count": 5}
question = {"handle": shape["handle"], "conditions": options.conditions, "at": {"line": line}}
answer = ask("decode", json.dumps(question).encode())
for name, values in answer["fields"].items():
    for point, value in zip(answer["points"], values, strict=True):
        print(f"{name} at {point}: {'no field there' if value is None else value}")
