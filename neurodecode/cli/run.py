"""Run experiments: a results folder, a table and a page each.

What is stored is not computed again; after an interruption the same command goes on.
"""

import argparse
import os
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from neurodecode.cli.experiment_arguments import (
    add_data_arguments,
    add_experiment_arguments,
    naming,
    read,
)
from neurodecode.core.errors import ConfigError
from neurodecode.core.progress import progress, say

if TYPE_CHECKING:
    from neurodecode.harness.jobs import Job
    from neurodecode.harness.resolve import Resolved
    from neurodecode.harness.rsa.spec import RsaResolved

EXAMPLE = """\
Examples:
  neurodecode run quickstart_eeg
  neurodecode run my.yaml --set seeds=[0,1] --n-jobs 2
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add_experiment_arguments(parser, several=True)
    add_data_arguments(parser)
    parser.add_argument(
        "--engine", choices=["joblib", "inline"], default="joblib", help="default: joblib"
    )
    parser.add_argument(
        "--n-jobs",
        type=int,
        default=os.cpu_count() or 1,
        metavar="N",
        help="processes of joblib, one thread each (default: one a core)",
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help="one page for all experiments of this call"
    )


def main(arguments: argparse.Namespace) -> int:
    """Run every experiment; 1 if a job or a recording failed."""
    from neurodecode.report.page import write_page
    from neurodecode.report.results import Results

    resolved = [read(arguments, name) for name in arguments.experiment]
    twice = [name for name, n in Counter(one.name for one in resolved).items() if n > 1]
    if twice:
        raise ConfigError(
            f"{' '.join(arguments.experiment)}: two experiments are called {twice[0]!r}, and would "
            f"both be written to {arguments.out / twice[0]}. Run them with an --out each."
        )
    code, folders = 0, []
    for one in resolved:
        folder = arguments.out / one.name
        started = time.monotonic()
        if one.online is not None:
            _check_online(one.online, arguments)
        for place, evaluation in one.evaluations.items():
            code = max(code, _run_one(evaluation, folder / place, arguments))
        folders.append(folder)
        results = Results(folder)
        print(f"\n{results.title}\n{results.text()}\n", flush=True)
        page = write_page([results], folder / "report.html")
        say(f"done in {time.monotonic() - started:.0f} s: {page}")
    if arguments.report:
        page = write_page([Results(folder) for folder in folders], arguments.report)
        say(f"the page of all: {page.resolve()}")
    return code


def _check_online(online: "Resolved", arguments: argparse.Namespace) -> None:
    """Refuse what cannot be run online before the offline part, which comes first, is computed."""
    from neurodecode.harness.opening import open_study
    from neurodecode.harness.plan import make_plan

    with naming("online"):
        make_plan(open_study(online, arguments.data, compute=False, out=arguments.out))


def _run_one(
    resolved: "Resolved | RsaResolved", folder: Path, arguments: argparse.Namespace
) -> int:
    from neurodecode.harness.rsa.spec import RsaResolved

    if isinstance(resolved, RsaResolved):
        return _run_rsa(resolved, folder, arguments)
    return _run_models(resolved, folder, arguments)


def _run_rsa(resolved: "RsaResolved", folder: Path, arguments: argparse.Namespace) -> int:
    from neurodecode.harness.rsa.opening import open_rsa
    from neurodecode.harness.rsa.run import execute_rsa, job_states
    from neurodecode.harness.rsa.table import score_rsa
    from neurodecode.harness.store import Store

    store = Store(folder).open()
    say(resolved.brain.question.title)
    study = open_rsa(resolved, arguments.data, progress=progress, rehash=arguments.rehash)
    for message in study.failed.values():
        say(f"left out: {message}")
    states = [state for _, _, state in job_states(study, store)]
    say(
        f"{len(study.conditions)} conditions, {len(study.models)} models, RDMs of {len(states)} "
        f"subjects and regions: {states.count('done')} finished before"
    )
    errors = execute_rsa(
        study, store, resolved.name, resolved.plain(), resolved.source, progress=progress
    )
    for error in errors.values():
        say(f"failed: {error}")
    score_rsa(store, progress)
    return 1 if errors or study.failed else 0


def _run_models(resolved: "Resolved", folder: Path, arguments: argparse.Namespace) -> int:
    from neurodecode.harness.index import write_index, write_study
    from neurodecode.harness.opening import open_study
    from neurodecode.harness.plan import make_plan
    from neurodecode.harness.run import FAILURES, execute
    from neurodecode.harness.store import Store
    from neurodecode.harness.table import score_results

    store = Store(folder).open()
    say(f"{resolved.question.title}")
    study = open_study(
        resolved, arguments.data, compute=True, progress=progress, rehash=arguments.rehash,
        out=arguments.out,
    )  # fmt: skip
    for failed in study.failed:
        say(f"left out: {failed.message}")
    plan = make_plan(study)
    n_open = len({job.key for job in plan.jobs if not store.has(job.key)})
    n_all = len({job.key for job in plan.jobs})
    roles = [model.role for model in study.question.models]
    rows = "trials" if study.schedule is None else "windows"
    say(
        f"{len(study.trials)} {rows}, {roles.count('model')} models, {roles.count('control')} "
        f"controls, {len(plan.folds)} folds: {n_all} jobs, {n_all - n_open} finished before"
    )
    for refused in plan.refused:
        say(f"not run: {refused.model}: {refused.reason}")
    plain = resolved.plain()
    online = resolved.online is not None
    write_study(plan, store, resolved.name, plain, arguments.engine, resolved.source, online=online)
    finished = execute(
        plan, store, engine=arguments.engine, n_jobs=arguments.n_jobs, progress=progress
    )
    write_index(plan, store, resolved.name, finished.errors, online=online)
    score_results(store)
    for line in _failures(plan.jobs, finished.errors)[:5]:
        say(f"failed: {line}")
    if finished.n_failed:
        say(f"tracebacks: {folder / FAILURES}")
    return 1 if finished.n_failed or study.failed or plan.refused else 0


def _failures(jobs: "Sequence[Job]", errors: Mapping[str, str]) -> list[str]:
    """Give one line an error: the first job that ended so, and how many others did."""
    labels: dict[str, list[str]] = {}
    for job in jobs:
        if job.key in errors:
            labels.setdefault(errors[job.key], []).append(job.label)
    return [
        f"{several[0]}{f' and {len(several) - 1} more' if several[1:] else ''}: {error}"
        for error, several in labels.items()
    ]
