"""How long from the bytes of a mesh of 1,000 nodes to a handle, stage by stage?

    python -m benchmarks.encode

Medians over repetitions, after warm-up. Over gRPC the cache is passed by: every upload differs in its last bytes.
"""

import itertools

from benchmarks import shipped
from benchmarks.rows import Row, main, median_seconds
from benchmarks.wire import serving
from enf2enf.geometry import Geometry
from enf2enf.io import read_bytes
from enf2enf.threads import run_in_calling_thread

REPETITIONS = 20


def measure() -> list[Row]:
    """The stages in process, then the whole call."""
    run_in_calling_thread()  # as `enf2enf serve` does
    surrogate, data, mesh = shipped.surrogate(), shipped.mesh_bytes(), shipped.mesh()
    geometry, number = Geometry.from_mesh(mesh), itertools.count()
    stages = {
        "parse": lambda: read_bytes(data, shipped.MESH_NAME),
        "geometry": lambda: Geometry.from_mesh(mesh),
        "encode": lambda: surrogate.encode(geometry),
    }
    took = {name: 1e3 * median_seconds(work, REPETITIONS) for name, work in stages.items()}
    with serving(surrogate) as client:

        def upload() -> None:
            client.encode(data + f"<!-- {next(number)} -->".encode(), name=shipped.MESH_NAME)

        whole = 1e3 * median_seconds(upload, REPETITIONS)
    rows = [Row(f"encode a mesh: {name}", value, "ms") for name, value in took.items()]
    return [*rows, Row("encode a mesh: bytes to handle, over gRPC", whole, "ms", 50)]


if __name__ == "__main__":
    main(measure, __doc__)
