"""The supervisor over real processes: what it starts again, what it hands on, and that nothing outlives it."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import textwrap
import time

import pytest

from enf2enf.errors import ConfigError
from enf2enf_server.ops.supervise import Backoff, follow_parent, supervise

PARENT = """
import logging, sys
from enf2enf_server.ops.supervise import Backoff, supervise
logging.basicConfig(level=logging.INFO, format="%(message)s")
sys.exit(supervise([sys.executable, "-c", sys.argv[1]], Backoff(*map(float, sys.argv[2:]))))
"""


@contextlib.contextmanager
def supervised(child, *backoff):
    """A supervisor of a Python program, its log on stderr, what the children print on stdout."""
    command = [sys.executable, "-c", PARENT, textwrap.dedent(child), *map(str, backoff)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with subprocess.Popen(command, **pipes, text=True, start_new_session=True) as parent:
        try:
            yield parent
        finally:
            parent.kill()


def events(lines):
    return [json.loads(line) for line in lines if line.startswith("{")]


def gone(pid, seconds=10.0):
    """Whether a process ends in time. One that nobody has waited for yet has ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        with contextlib.suppress(FileNotFoundError), open(f"/proc/{pid}/stat") as state:
            if state.read().rsplit(")", 1)[1].split()[0] == "Z":
                return True
        time.sleep(0.01)
    return False


@pytest.mark.slow
def test_a_killed_child_is_started_again_ever_later():
    """Killed four times; the fifth child is told to stop."""
    with supervised("import os, time; print(os.getpid(), flush=True); time.sleep(60)", 0.1, 0.3, 60) as parent:
        pids, starts = [], []
        for _ in range(5):
            pids.append(int(parent.stdout.readline()))
            starts.append(time.monotonic())
            if len(pids) < 5:
                os.kill(pids[-1], signal.SIGKILL)
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(10) == 128 + signal.SIGTERM
        log = events(parent.stderr)
    assert len(set(pids)) == 5 and [e["pid"] for e in log if e["event"] == "start"] == pids
    assert [e["delay"] for e in log if e["event"] == "restart"] == [0.1, 0.2, 0.3, 0.3]
    exits = [(e["pid"], e["signal"]) for e in log if e["event"] == "exit"]
    assert exits == [(pid, signal.SIGKILL) for pid in pids[:4]] + [(pids[4], signal.SIGTERM)]
    waits = [after - before for before, after in zip(starts, starts[1:], strict=False)]
    assert all(wait >= delay for wait, delay in zip(waits, (0.1, 0.2, 0.3, 0.3), strict=True))
    assert gone(pids[4])


@pytest.mark.slow
def test_a_child_that_lived_resets_the_wait(tmp_path):
    """Deaths at once, at once, after 0.6 s, at once; then done."""
    child = f"""
        import pathlib, sys, time
        count = pathlib.Path({str(tmp_path / "count")!r})
        count.write_text(count.read_text() + "." if count.exists() else ".")
        run = len(count.read_text())
        time.sleep(0.6 if run == 3 else 0)
        sys.exit(7 if run < 5 else 0)
    """
    with supervised(child, 0.05, 10, 0.5) as parent:
        assert parent.wait(20) == 0
        log = events(parent.stderr)
    assert [e["delay"] for e in log if e["event"] == "restart"] == [0.05, 0.1, 0.05, 0.1]
    assert [e["code"] for e in log if e["event"] == "exit"] == [7, 7, 7, 7, 0]


def test_waits_double_up_to_the_longest():
    waits = [Backoff().after(failures) for failures in range(1, 10)]
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30, 30]
    assert Backoff().after(10**6) == 30


@pytest.mark.parametrize("code", [0, 2])
def test_done_and_bad_usage_are_final(code, tmp_path):
    mark = tmp_path / "ran"
    child = f"import os; os.mkdir({str(mark)!r}); os._exit({code})"  # a second run would fail at mkdir
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)
    assert supervise([sys.executable, "-c", child], Backoff(0.01, 0.01)) == code
    assert mark.exists()
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGINT)) == before


def test_a_command_that_is_none_is_an_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        supervise([str(tmp_path / "none")])


PATIENT = """
    import os, signal, sys
    seen = []
    def note(number, _):
        seen.append(number)
        os.write(1, f"got {int(number)}\\n".encode())  # a print cannot be interrupted by another one
        if len(seen) == 2:
            sys.exit(41)
    signal.signal(signal.SIGTERM, note)
    signal.signal(signal.SIGINT, note)
    print("ready", flush=True)
    while True:
        signal.pause()
"""


@pytest.mark.parametrize("first", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("second", [signal.SIGTERM, signal.SIGINT])
def test_both_signals_are_handed_on_and_the_childs_code_is_returned(first, second):
    with supervised(PATIENT, 0.01, 0.01) as parent:
        assert parent.stdout.readline() == "ready\n"
        for number in (first, second):
            parent.send_signal(number)
            assert parent.stdout.readline() == f"got {number}\n"
        assert parent.wait(10) == 41
        assert parent.stdout.read() == ""


def test_a_child_that_ends_at_the_first_signal_is_not_started_again():
    child = "import time; print('ready', flush=True); time.sleep(60)"
    for number in (signal.SIGTERM, signal.SIGINT):
        with supervised(child, 0.01, 0.01) as parent:
            assert parent.stdout.readline() == "ready\n"
            parent.send_signal(number)
            assert parent.wait(10) == 128 + number
            assert parent.stdout.read() == ""


def test_ctrl_c_at_a_terminal_reaches_the_child_once():
    """A terminal signals the whole process group; a second one would mean: stop now."""
    with supervised(PATIENT, 0.01, 0.01) as parent:
        assert parent.stdout.readline() == "ready\n"
        os.killpg(parent.pid, signal.SIGINT)
        assert parent.stdout.readline() == f"got {int(signal.SIGINT)}\n"
        time.sleep(0.3)
        assert parent.poll() is None  # two would have ended it
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(10) == 41


def test_a_signal_between_two_children_ends_the_wait():
    with supervised("import sys; sys.exit(9)", 60, 60) as parent:
        while '"restart"' not in parent.stderr.readline():
            pass
        parent.send_signal(signal.SIGTERM)
        assert parent.wait(5) == 9


def test_what_a_dead_child_leaves_behind_is_killed():
    child = """
        import subprocess, sys
        left = subprocess.Popen([sys.executable, "-c", "import time; print(0, flush=True); time.sleep(60)"])
        print(left.pid, flush=True)
        left.wait()
    """
    with supervised(child, 60, 60) as parent:
        lines = {int(parent.stdout.readline()), int(parent.stdout.readline())}
        (left,) = lines - {0}
        started = json.loads(parent.stderr.readline())
        os.kill(started["pid"], signal.SIGKILL)
        assert gone(left)


FOLLOWER = """
    import os, signal, sys, time
    from enf2enf_server.ops.supervise import follow_parent
    follow_parent(grace={grace})
    {handler}
    print(os.getpid(), flush=True)
    time.sleep(60)
"""


@pytest.mark.parametrize(
    ("grace", "handler"),
    [
        (60, ""),
        (60, "signal.signal(signal.SIGTERM, lambda *_: (open({mark!r}, 'w').close(), sys.exit(0)))"),
        (0.2, "signal.signal(signal.SIGTERM, signal.SIG_IGN)"),
    ],
    ids=["plain", "gracefully", "stubborn"],
)
def test_a_child_follows_its_killed_parent(grace, handler, tmp_path):
    mark = tmp_path / "clean"
    handler = handler.replace("{mark!r}", repr(str(mark)))
    with supervised(FOLLOWER.format(grace=grace, handler=handler), 0.01, 0.01) as parent:
        pid = int(parent.stdout.readline())
        parent.kill()
        parent.wait()
        assert gone(pid)
    assert mark.exists() == ("open" in handler)


def test_a_later_child_follows_too_and_its_own_children_do_not_hold_the_pipe():
    child = """
        import os, subprocess, sys, time
        from enf2enf_server.ops.supervise import follow_parent
        follow_parent()
        assert not [name for name in os.environ if "PARENT_PIPE" in name]
        code = "import os; print(len(os.listdir('/dev/fd')))"
        grandchild = subprocess.run([sys.executable, "-c", code], close_fds=False, capture_output=True, text=True)
        print(os.getpid(), grandchild.stdout, end="", flush=True)
        time.sleep(60)
    """
    with supervised(child, 0.01, 0.01) as parent:
        os.kill(int(parent.stdout.readline().split()[0]), signal.SIGKILL)
        pid, held = map(int, parent.stdout.readline().split())
        assert held == 4  # standard input, output, error, and the listing itself
        parent.kill()
        assert gone(pid)


def test_without_a_supervisor_there_is_nobody_to_follow(monkeypatch):
    monkeypatch.delenv("ENF2ENF_PARENT_PIPE", raising=False)
    follow_parent()
    for given in ("x", "", "9999"):
        monkeypatch.setenv("ENF2ENF_PARENT_PIPE", given)
        with pytest.raises(ConfigError, match=f"PARENT_PIPE: expected the number of an open pipe, got '{given}'"):
            follow_parent()
