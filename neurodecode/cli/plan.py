"""Say what a run would compute, and compute nothing.

Headers and caches are opened; recordings are not.
"""

import argparse
import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from neurodecode.cli.experiment_arguments import (
    add_data_arguments,
    add_experiment_arguments,
    naming,
    read,
)
from neurodecode.core.progress import say

if TYPE_CHECKING:
    from neurodecode.harness.plan import Plan
    from neurodecode.harness.rsa.spec import RsaResolved
    from neurodecode.harness.store import Store

EXAMPLE = """\
Examples:
  neurodecode plan quickstart_eeg
  neurodecode plan my.yaml --set seeds=[0,1,2] --json
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the verb's arguments."""
    add_experiment_arguments(parser)
    add_data_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print JSON, every job with its key")


def main(arguments: argparse.Namespace) -> int:
    """Print folds, jobs by state, refusals and what must be prepared."""
    from neurodecode.harness.opening import open_study
    from neurodecode.harness.plan import make_plan
    from neurodecode.harness.rsa.spec import RsaResolved
    from neurodecode.harness.state import job_states
    from neurodecode.harness.store import Store

    resolved, told = read(arguments), {}
    if isinstance(resolved, RsaResolved):
        print(_of_rsa(resolved, arguments))
        return 0
    for place, one in resolved.evaluations.items():
        with naming(place):
            study = open_study(
                one, arguments.data, compute=False, rehash=arguments.rehash, out=arguments.out
            )
            for failed in study.failed:
                say(f"left out: {failed.message}")
            plan = make_plan(study)
        store = Store(arguments.out / resolved.name / place)
        states = job_states(plan, store)
        if arguments.json:
            told |= {place: as_json(plan, states)} if place else as_json(plan, states)
            continue
        if place:
            print(f"\n{one.question.title}\n")
        print("\n".join(as_lines(plan, states, store)))
    if arguments.json:
        print(json.dumps(told, indent=1))
    return 0


def _of_rsa(resolved: "RsaResolved", arguments: argparse.Namespace) -> str:
    """Say which RDMs a run would compute; models are made of features when it runs."""
    from neurodecode.harness.rsa.opening import open_brains
    from neurodecode.harness.store import Store

    options, seed = resolved.experiment.rsa, resolved.experiment.seed
    brains = open_brains(resolved, arguments.data, compute=False, rehash=arguments.rehash)
    store = Store(arguments.out / resolved.name)
    jobs = [
        {"subject": one.subject, "region": one.region, "conditions": len(one.names),
         "trials": len(one.conditions), "key": key, "state": "done" if store.has(key) else "new"}
        for one in brains.sources
        for key in [one.key(options, seed)]
    ]  # fmt: skip
    models = {name: one.plain() for name, one in resolved.experiment.models.items()}
    if arguments.json:
        told = {"failed": dict(brains.failed), "to_prepare": list(brains.to_prepare),
                "jobs": jobs, "models": models, "notes": list(brains.notes)}  # fmt: skip
        return json.dumps(told, indent=1)
    lines = [repr(brains.trials)]
    if brains.to_prepare:
        lines.append(f"to prepare: {len(brains.to_prepare)} recordings, {brains.to_prepare[0]} …")
    lines += ["", f"{'subject':<16}{'region':<16}{'conditions':>11}{'trials':>8}  RDMs"]
    lines += [
        f"{one['subject']:<16}{one['region']:<16}{one['conditions']:>11}{one['trials']:>8}"
        f"  {one['state']}"
        for one in jobs
    ]
    lines += ["", *(f"model {name}: {said}" for name, said in models.items())]
    lines += [f"left out: {message}" for message in brains.failed.values()]
    return "\n".join([*lines, *(f"note: {note}" for note in brains.notes)])


def as_json(plan: "Plan", states: list[str]) -> dict[str, Any]:
    """Give the plan as plain data."""
    from neurodecode.harness.index import describe_fold, describe_job

    return {
        "n_rows": len(plan.study.trials),
        "ignored": dict(plan.study.ignored),
        "to_prepare": list(plan.study.to_prepare),
        "to_compute": {k: one.n_missing for k, one in plan.study.features.items()},
        "failed": {one.recording.id: one.message for one in plan.study.failed},
        "folds": [describe_fold(one) for one in plan.folds],
        "jobs": [
            describe_job(job) | {"state": state}
            for job, state in zip(plan.jobs, states, strict=True)
        ],
        "refused": {one.model: one.reason for one in plan.refused},
        "shared": shared(plan),
        "notes": list(plan.notes),
    }


def shared(plan: "Plan") -> list[str]:
    """Give a line for each group of stages that folds and models share."""
    from neurodecode.core.files import cache_folder
    from neurodecode.harness.sharing import describe_shared

    if plan.study.question.averages_inputs:
        return []
    models = {job.model.name: job.model for job in plan.jobs}.values()
    return describe_shared(plan.study.trials, models, cache_folder())


def as_lines(plan: "Plan", states: list[str], store: "Store") -> list[str]:
    """Give the plan as lines to read."""
    from neurodecode.harness.state import guess

    study = plan.study
    lines = [repr(study.trials)]
    lines += [f"left out: {reason}: {n}" for reason, n in study.ignored.items()]
    if study.to_prepare:
        lines.append(f"to prepare: {len(study.to_prepare)} recordings, {study.to_prepare[0]} …")
    for name, one in study.features.items():
        if one.n_missing:
            feature = one.made_from["feature"]
            lines.append(
                f"to compute: {name}: {feature} of {one.n_missing} of {len(one.ids)} stimuli"
            )
    lines.append("")
    lines.append(f"{'fold':<28}{'seed':>5}{'train':>7}{'test':>6}{'purged':>8}  flags")
    for one in plan.folds:
        n_train, n_test = len(one.fold.index("train", "val")), len(one.fold.index("test"))
        lines.append(
            f"{one.fold.name:<28}{one.seed:>5}{n_train:>7}{n_test:>6}{one.fold.purged:>8}"
            f"  {' '.join(one.flags)}"
        )
    lines.append("")
    counts = Counter(
        (job.model.name, "shuffled" if job.draw is not None else "", state)
        for job, state in zip(plan.jobs, states, strict=True)
    )
    for (model, null, state), n in counts.items():
        lines.append(f"{model + (' ' + null if null else ''):<44}{n:>6} jobs  {state}")
    lines += [f"shared: {line}" for line in shared(plan)]
    lines += [f"not run: {one.model}: {one.reason}" for one in plan.refused]
    lines += [f"note: {note}" for note in plan.notes]
    lines.append(guess(plan, states, store))
    return lines
