"""Covariances that have no inverse: why, where, what to do; before a fit, or after one failed."""

from pathlib import Path

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.linalg.conditioning import Conditioning, conditioning
from neurodecode.linalg.covariance import covariances

_REMEDY = "Use regularize: auto, estimator: oas, or drop the redundant channels."


def why_singular(signal: TrialSignal, rows: Rows) -> str | None:
    """Say why covariances of trials have no inverse unless they are shrunk.

    Parameters
    ----------
    signal : TrialSignal
    rows : Rows
        Of the same trials.

    Returns
    -------
    reason : str or None
        None where nothing of their rank or length says so.
    """
    for i, part in enumerate(signal.parts):
        n_channels = len(part.space)
        if part.rank is not None and part.rank < n_channels and np.any(signal.part == i):
            recording = rows["recording"][np.argmax(signal.part == i)]
            found = Conditioning(part.rank, n_channels, _condition(part))
            return (
                f"{recording}: the covariance has {found}, so it has no inverse. Average "
                f"reference, ICA and interpolated channels do this. {_REMEDY}"
            )
        shortest = shortest_trial(signal.length, part)
        if 0 <= shortest < 2:
            return f"windows of {shortest} sample(s) have no covariance. Use longer windows."
        if 2 <= shortest <= n_channels:
            return (
                f"windows of {shortest} samples give a covariance of rank {shortest - 1} at most "
                f"for {n_channels} channels, so it has no inverse. Use regularize: auto, "
                "estimator: oas, or longer windows."
            )
    return None


def told_singular(error: BaseException, signal: TrialSignal | None, rows: Rows) -> str | None:
    """Say cause and remedy of an error that a matrix is not positive definite.

    pyriemann and scipy raise several, which name neither the recording nor the usual cause; our own
    mathematics names the matrix, but knows no recording.

    Parameters
    ----------
    error : BaseException
    signal : TrialSignal or None
        What the model was fitted on; None where it sees several signals, or none.
    rows : Rows

    Returns
    -------
    sentence : str or None
        None of any other error.
    """
    text = " ".join(str(error).split())
    # scipy's LinAlgError is numpy's, which is a ValueError.
    theirs = isinstance(error, ValueError) and "positive definite" in text.replace("-", " ")
    ours = isinstance(error, DataError) and "has no inverse: its smallest eigenvalue" in text
    if not theirs and not ours:
        return None
    reason = None if signal is None else why_singular(signal, rows)
    if reason is None:
        reason = (
            "a covariance has no inverse. Channels that depend on each other, and flat or short "
            f"trials, do this. {_REMEDY}"
        )
    return f"{reason} ({type(error).__name__}: {text})"


def shortest_trial(length: np.ndarray, part: Part) -> int:
    """Give the samples of the shortest trial; -1 where nothing says it before they are read."""
    shortest = int(length.min())
    there = isinstance(part.source, np.ndarray) or part.source.exists()
    if shortest < 0 and there and part.axes[-1] == "time":
        return part.open().shape[-1]
    return shortest


def _condition(part: Part) -> float | None:
    """Give the condition number of all samples of a part; None where it is not prepared yet."""
    if isinstance(part.source, Path) and not part.source.exists():
        return None
    array = part.open()
    trials = array.reshape(-1, array.shape[-2], array.shape[-1])
    return conditioning(covariances(trials, "scm").mean(axis=0)[np.newaxis])[0].condition
