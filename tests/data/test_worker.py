import contextlib
import importlib
import os
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.data.worker import Worker

HERE = Path(__file__).parent


@pytest.fixture
def jobs(monkeypatch):
    monkeypatch.syspath_prepend(str(HERE))
    return importlib.import_module("worker_jobs")


@pytest.fixture
def worker():
    with Worker() as made:
        yield made


def test_one_process_serves_many_calls(worker, jobs):
    ids = {worker.call(jobs.pid, what="x") for _ in range(3)}
    assert ids == {worker.pid} and os.getpid() not in ids


def test_large_values_come_back_whole(worker, jobs):
    value = {"bytes": os.urandom(3_000_000), "text": "µ" * 1000}
    assert worker.call(jobs.echo, value, what="x") == value


def test_what_is_printed_does_not_reach_the_answers(worker, jobs, capfd, caplog):
    assert worker.call(jobs.chatter, 7, what="x") == 7
    captured = capfd.readouterr()
    assert captured.out == ""
    assert "printed by a library" in captured.err and "in C" in captured.err
    assert "said in the worker: 7" in caplog.text


def test_our_errors_come_back_as_they_are(worker, jobs):
    with pytest.raises(DataMissing, match=r"x\.edf: there is no such file"):
        worker.call(jobs.fail, "missing", what="x")
    with pytest.raises(ConfigError) as caught:
        worker.call(jobs.fail, "config", what="x")
    assert caught.value.problems == ("one", "two")


def test_other_errors_are_named_with_what_was_read(worker, jobs):
    with pytest.raises(DataError, match=r"a\.edf: KeyError: 'x'"):
        worker.call(jobs.fail, "other", what="a.edf")
    assert worker.call(jobs.echo, 1, what="x") == 1


def test_a_crash_is_an_error_that_names_the_file_and_a_new_process_goes_on(worker, jobs):
    first = worker.call(jobs.pid, what="x")
    with pytest.raises(DataError, match=r"bad\.set: the process that read it died .*SIGABRT"):
        worker.call(jobs.abort, what="bad.set")
    assert worker.call(jobs.pid, what="x") != first


def test_a_call_that_hangs_is_ended(jobs):
    with Worker(timeout=60) as worker:
        process = psutil.Process(worker.call(jobs.pid, what="x"))
        worker.timeout = 0.2
        with pytest.raises(DataError, match=r"slow\.edf: not done after 0\.2 s"):
            worker.call(jobs.hang, what="slow.edf")
        assert not process.is_running()
        worker.timeout = 60
        assert worker.call(jobs.echo, 1, what="x") == 1


def test_a_process_that_grew_is_replaced(jobs):
    with Worker(max_growth=5e7) as worker:
        first = worker.call(jobs.grow, 1_000_000, what="x")
        assert worker.call(jobs.grow, 100_000_000, what="x") == first
        assert worker.call(jobs.grow, 1, what="x") != first


def test_closing_ends_the_process(jobs):
    with Worker() as worker:
        process = psutil.Process(worker.call(jobs.pid, what="x"))
    assert not process.is_running()


# A person's script, without `if __name__ == "__main__"`, that is killed in the middle of a call.
SCRIPT = """
import sys
sys.path.insert(0, {here!r})
import worker_jobs
from neurodecode.data.worker import Worker
worker = Worker()
print(worker.call(worker_jobs.pid, what="x"), flush=True)
worker.call(worker_jobs.hang, what="x")
"""


def test_the_process_ends_soon_after_its_parent_was_killed(tmp_path):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT.format(here=str(HERE)))
    root = str(HERE.parents[1])
    parent = subprocess.Popen(
        [sys.executable, str(script)],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": root},
    )
    child = psutil.Process(int(parent.stdout.readline()))
    try:
        os.kill(parent.pid, signal.SIGKILL)
        parent.wait()
        gone, _ = psutil.wait_procs([child], timeout=5)
        assert gone
    finally:
        parent.stdout.close()
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
