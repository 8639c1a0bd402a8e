"""Who computes: threads of JAX, or the one that asks."""

import subprocess
import sys

import pytest

SHARE = """
import sys, time
from enf2enf.cores import compute_where_called
if sys.argv[1] == "here":
    compute_where_called()
import jax, jax.numpy as jnp, os
program = jax.jit(lambda x: jax.lax.fori_loop(0, 200, lambda _, y: jnp.tanh(y @ x), x))
x = jnp.ones((200, 200))
program(x).block_until_ready()
mine, all_ = time.thread_time(), time.process_time()
program(x).block_until_ready()
print((time.thread_time() - mine) / (time.process_time() - all_), "NPROC" in os.environ)
"""


@pytest.mark.parametrize("where", ["here", "elsewhere"])
def test_programs_run_in_the_thread_that_calls_them(where):
    """Seen in whose processor time they take."""
    reply = subprocess.run([sys.executable, "-c", SHARE, where], capture_output=True, text=True, check=True).stdout
    share, left_over = reply.split()
    assert (float(share) > 0.9) == (where == "here")
    assert left_over == "False"
