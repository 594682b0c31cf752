"""One experiment file through the whole harness, as a person at a shell would take it there."""

import contextlib
import html
import io
import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import neurodecode as nd
from neurodecode.cli import main
from neurodecode.report.results import Results

# Ends never by itself: it waits with half a job written, and is killed there.
_KILLED = """
import sys, time
from neurodecode.cli import main
from neurodecode.harness import store
write, n_whole, n_saved = store.write_predictions, int(sys.argv[1]), 0
def writes_half(*arguments):
    global n_saved
    write(*arguments)
    n_saved += 1
    if n_saved > n_whole:
        print("half a job is written", flush=True)
        time.sleep(3600)
store.write_predictions = writes_half
sys.exit(main(sys.argv[2:]))
"""


@dataclass(frozen=True)
class Passed:
    """What went through.

    Parameters
    ----------
    results : Results
        Of the run that was killed and resumed, loaded again.
    plan : dict
        What ``plan --json`` said before anything was run.
    rows : list of dict
        What ``table --format json`` printed.
    page : str
        The report page.
    """

    results: Results
    plan: dict[str, Any]
    rows: list[dict[str, Any]]
    page: str

    def row(self, model: str, metric: str | None = None) -> dict[str, Any]:
        """Give the row of a model, under a metric or the first one."""
        metric = metric or self.rows[0]["metric"]
        return next(one for one in self.rows if (one["model"], one["metric"]) == (model, metric))


def pass_through(experiment: Path, folder: Path, *arguments: str) -> Passed:
    """Plan, run, kill, resume, reload, table, report; hold each to what it promises.

    The experiment is run twice: at once, and killed in the middle of a job and resumed. Both must
    give the same table and the same predictions, bit for bit.

    Parameters
    ----------
    experiment : Path
        The file; a card that it names as a file is found from the working directory.
    folder : Path
        An empty folder for results.
    *arguments : str
        For ``plan`` and ``run``: ``--data DIR``, ``--simulate`` …

    Returns
    -------
    passed : Passed
    """
    name = experiment.stem
    plan = json.loads(typed("plan", str(experiment), *arguments, "--json", "--out", str(folder)))
    assert not plan["failed"] and not plan["refused"], (plan["failed"], plan["refused"])
    assert {job["state"] for job in plan["jobs"]} == {"new"}
    n_jobs = len({job["key"] for job in plan["jobs"]})

    def run(out: str) -> list[str]:
        return [
            "run",
            str(experiment),
            *arguments,
            "--engine",
            "inline",
            "--out",
            str(folder / out),
        ]

    typed(*run("whole"))
    n_whole = n_jobs // 2
    _kill_after(n_whole, run("killed"))
    jobs = folder / "killed" / name / "jobs"
    before = {done: done.stat().st_mtime_ns for done in jobs.glob("*/done.json")}
    assert len(before) == n_whole
    assert list(jobs.glob(".*.tmp")), "nothing was half written: it was killed elsewhere"
    typed(*run("killed"))
    after = {done: done.stat().st_mtime_ns for done in jobs.glob("*/done.json")}
    assert after.items() >= before.items(), "a job that was finished was run again"
    assert not list(jobs.glob(".*.tmp"))

    whole, resumed = (nd.load_results(folder / out / name) for out in ("whole", "killed"))
    states = json.loads(
        typed("plan", str(experiment), *arguments, "--json", "--out", str(folder / "killed"))
    )
    open_ = [job for job in states["jobs"] if job["state"] != "done"]
    assert not open_, f"{len(open_)} jobs are not done after resuming, as {open_[0]}"
    printed = [typed("table", str(one.folder), "--format", "json") for one in (whole, resumed)]
    assert printed[0] == printed[1]
    assert whole.text() == resumed.text()
    _same_predictions(whole, resumed)
    for form in ("text", "md", "latex", "csv"):
        assert typed("table", str(resumed.folder), "--format", form).strip()
    page = Path(typed("report", str(resumed.folder)).strip()).read_text(encoding="utf-8")
    page = html.unescape(page)
    rows = json.loads(printed[1])
    for row in rows:
        assert row["model"] in page
        assert row["note"] == "" or row["note"].startswith("not computed"), row["note"]
    return Passed(resumed, plan, rows, page)


def typed(*arguments: str) -> str:
    """Give what a command line prints; it must end well."""
    printed, said = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(said):
        code = main([*arguments, "--debug"])
    assert code == 0, f"neurodecode {' '.join(arguments)} ended with {code}:\n{said.getvalue()}"
    return printed.getvalue()


def _kill_after(n_whole: int, arguments: list[str]) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _KILLED, str(n_whole), *arguments],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    said = child.stdout.readline()
    child.kill()  # SIGKILL: nothing of it can tidy up
    rest = child.communicate()[0]
    assert said == "half a job is written\n", f"it ended before it could be killed: {said}{rest}"


def _same_predictions(one: Results, other: Results) -> None:
    ours, theirs = one.predictions(), other.predictions()
    assert list(ours) == list(theirs)
    for name in ours:
        for mine, its in zip(ours[name], theirs[name], strict=True):
            np.testing.assert_array_equal(mine, its)
