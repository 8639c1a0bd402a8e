"""How many of a machine's cores computations are spread over."""

import functools
import os
from concurrent.futures import ThreadPoolExecutor

import jax


def cores() -> int:
    """Cores that this process may use; 1 where an accelerator computes.

    On a CPU, work is cut into one part a core and done in threads: XLA's own threads gain little on programs of the
    size of ours.
    """
    if jax.default_backend() != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def threads() -> ThreadPoolExecutor:
    """One thread a core."""
    return ThreadPoolExecutor(cores(), thread_name_prefix="core")
