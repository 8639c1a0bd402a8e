"""One geometry, hundreds of conditions: encoded once, asked many times, several questions in flight.

The conditions are drawn from the range that the model was trained in, so any model that has some will do:

    enf2enf serve my_model.enf
    python examples/sweep.py my_mesh.vtu
"""

import argparse
import asyncio
import sys
import time

import numpy as np
from rich.progress import track

import enf2enf_meshes
from enf2enf.client import AsyncClient
from enf2enf.errors import Enf2EnfError

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("mesh", nargs="?", default=enf2enf_meshes.path("unit_cell_vtu"), help="any mesh file")
parser.add_argument("--target", default="127.0.0.1:50051", help="host:port of the server")
parser.add_argument("--questions", type=int, default=500)
parser.add_argument("--points", type=int, default=1000, help="points of every question")
options = parser.parse_args()
if min(options.questions, options.points) < 1:
    parser.error("expected at least one question about one point")


async def sweep(client: AsyncClient) -> None:
    """Asks, and prints what was found and how fast."""
    model, random = await client.describe(), np.random.default_rng(0)
    if not model.trained or not all(low for low, _ in model.trained.values()):
        sys.exit(f"{options.target}: expected a model with conditions and known ranges, got {model.name}")
    shape = await client.encode(options.mesh)
    points = random.uniform(*shape.bounds, (options.points, model.schema.dim))
    drawn = [{name: random.uniform(*span) for name, span in model.trained.items()} for _ in range(options.questions)]

    async def extreme(conditions: dict) -> tuple[float, dict]:
        answer = await client.decode(shape, conditions, points)
        beyond.update(answer.extrapolating)
        return float(np.nanmax(np.abs(answer[field.name]))), conditions

    beyond: set[str] = set()
    field, start = model.schema.fields[0], time.perf_counter()
    asked = asyncio.as_completed([extreme(conditions) for conditions in drawn])
    answers = [await answer for answer in track(asked, "asking", total=len(drawn))]
    seconds = time.perf_counter() - start
    most, conditions = max(answers, key=lambda answer: answer[0])
    print(f"{len(answers)} questions of {len(points)} points in {seconds:.2f} s: {len(answers) / seconds:.0f} a second")
    worst = ", ".join(f"{name} = {[float(f'{part:.4g}') for part in value]}" for name, value in conditions.items())
    print(f"largest |{field.name}|: {most:.5g} {field.unit} at {worst}")
    if beyond:
        print(f"beyond the training data in {', '.join(sorted(beyond))}: an extrapolation")


async def main() -> None:
    """Connects in the event loop."""
    async with AsyncClient(options.target) as client:
        await sweep(client)


try:
    asyncio.run(main())
except Enf2EnfError as error:
    sys.exit(str(error))
