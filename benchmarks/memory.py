"""How much more memory do 10 million query points take, beyond the points themselves?

    python -m benchmarks.memory

The peak resident memory of the process in one decode, minus the resident memory before it, in which the points are
already there. The answer, 40 MB of values, counts. Linux only.
"""

import os
import resource
from pathlib import Path

import numpy as np

from benchmarks import shipped
from benchmarks.rows import Row, main

POINTS = 10_000_000


def measure() -> list[Row]:
    """The growth."""
    surrogate = shipped.surrogate()
    encoding = shipped.encoded(surrogate)
    surrogate.decode(encoding, {}, shipped.points(encoding, 100_000))
    points = np.random.default_rng(0).random(out=np.empty((POINTS, 2)))  # filled in place: no earlier, higher peak
    before = resident()
    surrogate.decode(encoding, {}, points)
    peak = 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # Linux counts in KiB
    return [Row("peak extra memory, 10 million points", (peak - before) / 2**20, "MiB", 1024)]


def resident() -> int:
    """Bytes in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


if __name__ == "__main__":
    main(measure, __doc__)
