"""What a simulation's oracle says of each trial, in the classes of a task."""

from collections.abc import Mapping

import numpy as np
from scipy.special import logsumexp

from neurodecode.core.digest import digest_array
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.space import Space
from neurodecode.data.tasks import Task
from neurodecode.simulate import ORACLE


def oracle_answers(columns: Mapping[str, np.ndarray], task: Task) -> np.ndarray | None:
    """Give the oracle's answers to a task's question; None where it has none.

    Parameters
    ----------
    columns : mapping of str to ndarray, shape (n_trials,)
        Of the events, those of `neurodecode.simulate.oracle_of_labels` among them.
    task : Task
        Its target is a label or a value.

    Returns
    -------
    answers : ndarray, shape (n_trials, n_classes) or (n_trials, 1)
        Log-likelihoods in the order of the classes, where labels that are one class are equally
        likely within it; or the values.
    """
    target = task.target
    if target is None:
        return None
    if target.value:
        answers = columns.get(ORACLE + target.value)
        return None if answers is None else answers.reshape(-1, 1).astype(np.float64)
    named = task.rows.get(target.label, ())
    called = named if isinstance(named, Mapping) else {}
    of_class: dict[str, list[np.ndarray]] = {name: [] for name in target.classes}
    begins = f"{ORACLE}{target.label}="
    for column, values in columns.items():
        if column.startswith(begins):
            label = column.removeprefix(begins)
            of_class.get(called.get(label, label), []).append(values.astype(np.float64))
    if not of_class or not all(of_class.values()):
        return None
    several = (np.stack(one, axis=1) for one in of_class.values())
    return np.stack([logsumexp(one, axis=1) - np.log(one.shape[1]) for one in several], axis=1)


def oracle_signal(answers: np.ndarray, task: Task) -> TrialSignal:
    """Give answers as a signal of trials, one entry a row; features are named by what they tell."""
    n_trials, n_answers = answers.shape
    target = task.target
    names = () if target is None else (target.value,) if target.value else target.classes
    space = Space("features", names or tuple(map(str, range(n_answers))))
    part = Part(answers, space, ("feature",), None, 0.0, digest_array(answers))
    return TrialSignal(
        (part,),
        np.zeros(n_trials, dtype=np.int32),
        np.arange(n_trials, dtype=np.int64),
        np.full(n_trials, -1, dtype=np.int32),
    )


def in_order_of(signal: TrialSignal, classes: tuple[str, ...]) -> TrialSignal | None:
    """Give answers in the order of a question's classes; None where they are to another one."""
    if any(set(part.space.names) != set(classes) for part in signal.parts):
        return None
    parts = tuple(_turned(part, classes) for part in signal.parts)
    return TrialSignal(parts, signal.part, signal.at, signal.length)


def _turned(part: Part, classes: tuple[str, ...]) -> Part:
    if part.space.names == classes:
        return part
    index = np.array([part.space.names.index(name) for name in classes])
    answers = np.asarray(part.open())[:, index]
    return Part(answers, part.space.take(index), part.axes, None, 0.0, digest_array(answers))
