"""Hold a study to repeats that can be averaged before a model is handed them."""

from collections.abc import Sequence

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import Fold
from neurodecode.harness.repeats import Repeats
from neurodecode.harness.study import Study
from neurodecode.protocols._in_use import demands_of


def check_mean_inputs(study: Study) -> None:
    """Refuse means of inputs where there is none, or where a model would lean on others.

    Raises
    ------
    ConfigError
        If decoders run along, or a model leans on earlier trials.
    """
    if not study.question.averages_inputs:
        return
    leaning = [model.name for model in study.question.models if model.sequential]
    if demands_of(study.question.protocol) is not None or leaning or study.schedule is not None:
        raise ConfigError(
            "aggregate: of: inputs averages trials that are recorded at different times, and a "
            f"decoder that runs along {f'({leaning[0]}) ' if leaning else ''}answers each in its "
            "time. Use of: answers."
        )


def check_groups(study: Study, fold: Fold) -> None:
    """Hold the groups of a fold whose inputs are averaged to one person, space and length each.

    Raises
    ------
    ConfigError
        Naming fold and recording.
    """
    aggregate = study.question.aggregate
    if aggregate is None or not study.question.averages_inputs:
        return
    test = fold.index("test")
    rows = study.trials.rows.take(test)
    code = Repeats.of(rows, aggregate).code
    kinds = [("people", rows.codes("subject"))]
    for signal in study.inputs.signals.values():
        space: dict[str, int] = {}
        of_part = [space.setdefault(part.space.key, len(space)) for part in signal.parts]
        kinds += [
            ("spaces", np.array([*of_part, -1])[signal.part[test]]),
            ("lengths", signal.length[test]),
        ]
    for what, of_row in kinds:
        differs = np.flatnonzero(of_row != of_row[np.unique(code, return_index=True)[1]][code])
        if len(differs):
            i = int(differs[0])
            said = ", ".join(f"{name} {rows[name][i]}" for name in aggregate.by)
            hint = "Add subject to by" if what == "people" else "Give all trials one form"
            raise ConfigError(
                f"aggregate: of: inputs: fold {fold.name}: rows of one group ({said}) are of "
                f"several {what} ({rows['recording'][i]} is one), which have no mean. {hint}, or "
                "use of: answers."
            )


def few_repeats(study: Study, folds: Sequence[Fold]) -> str:
    """Say how many groups have fewer repeats than are asked for; empty where none has."""
    aggregate = study.question.aggregate
    if aggregate is None or aggregate.n is None:
        return ""
    n_groups, n_few = 0, 0
    for fold in folds:
        counts = np.bincount(study.trials.rows.take(fold.index("test")).codes(*aggregate.by))
        n_groups, n_few = n_groups + len(counts), n_few + int(np.sum(counts < aggregate.n))
    if not n_few:
        return ""
    return (
        f"aggregate: {n_few} of {n_groups} groups have fewer than {aggregate.n} rows; what they "
        "have is averaged."
    )
