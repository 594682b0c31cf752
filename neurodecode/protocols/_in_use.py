"""Decoders as they are used: what their protocols demand of preparations and of folds."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import ConfigError
from neurodecode.core.rows import Rows, in_time


@dataclass(frozen=True)
class Demands:
    """What a protocol that is pseudo-online demands, beyond who is trained on and who is tested.

    Parameters
    ----------
    causal : bool
        Whether preparations may not look ahead.
    gap : bool
        Whether training windows keep away from test windows, by as long as a window, what filters
        remember and what adaptation remembers together.
    """

    causal: bool
    gap: bool


def demands_of(protocol: object) -> Demands | None:
    """Give what a protocol demands of decoders in use; None of one that is offline."""
    return getattr(protocol, "demands", None)


def trial_groups(rows: Rows, n_groups: int) -> np.ndarray:
    """Part rows into stretches of whole trials that follow each other in time.

    Parameters
    ----------
    rows : Rows
        Those of sliding windows have ``trial_index``; any other row is a trial by itself.
    n_groups : int

    Returns
    -------
    groups : ndarray of int, shape (n_rows,)
        From 0 on, ascending in time, each of about as many trials; fewer where there are fewer
        trials.
    """
    order = in_time(rows, np.arange(len(rows)))
    own = rows["trial_index"] if "trial_index" in rows else np.arange(len(rows))
    recording = rows.codes("recording")
    trial = recording[order] * (int(own.max(initial=0)) + 1) + own[order]
    number = np.cumsum(np.append(0, trial[1:] != trial[:-1]))
    n_trials = int(number[-1]) + 1 if len(number) else 0
    groups = np.zeros(len(rows), dtype=np.int64)
    groups[order] = number * min(n_groups, n_trials) // max(n_trials, 1)
    return groups


def in_sequence(rows: Rows, index: np.ndarray, entity: str) -> Iterator[tuple[str, np.ndarray]]:
    """Give the sessions, or runs, of some rows in their order, each with its rows."""
    ordered = in_time(rows, index)
    names = rows[entity][ordered]
    for name in dict.fromkeys(names):
        yield str(name), ordered[names == name]


def who(rows: Rows, first: int, *entities: str) -> str:
    """Name the subject, or session, that a row is of."""
    return "/".join(str(rows[one][first]) for one in entities)


def need_several(n: int, least: int, said: str) -> None:
    """Hold a subject or session to having as many sessions, runs or trials as are needed."""
    if n < least:
        raise ConfigError(f"{said} {least} are needed; choose another mode, or other data.")
