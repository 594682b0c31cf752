"""Recordings at electrodes whose events have labels that an oracle weighs."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from neurodecode.core.recording import Signal
from neurodecode.simulate import oracle_of_labels, unanswered
from neurodecode.simulate.eeg_meg._head import electrodes


def labelled_header(
    channels: Sequence[str],
    sfreq: float,
    events: pd.DataFrame,
    labels: Sequence[str],
    n_times: int,
    *,
    tmin: float = 0.0,
    entries: bool = False,
) -> Signal:
    """Give a recording without its data, whose oracle has not answered.

    Parameters
    ----------
    channels : sequence of str
        Electrodes of the 10-05 system.
    sfreq : float
        Hz.
    events : DataFrame
        With a column ``label``.
    labels : sequence of str
        Those that the oracle weighs.
    n_times : int
        Samples of the recording, or of each epoch.
    tmin : float
        Seconds to the first sample; of epochs, from the event.
    entries : bool
        Whether these are epochs.
    """
    return Signal(
        data=None,
        space=electrodes(channels).space,
        axes=("channel", "time"),
        sfreq=sfreq,
        events=events.assign(**unanswered("label", labels, len(events))),
        tmin=tmin,
        n_times=n_times,
        entries=entries,
    )


def answered(
    header: Signal, data: np.ndarray, labels: Sequence[str], log_likelihood: np.ndarray
) -> Signal:
    """Give the recording of a header, with its data and what its oracle answers.

    Parameters
    ----------
    header : Signal
        As `labelled_header` gives it.
    data : ndarray, shape (n_channels, n_times) or (n_events, n_channels, n_times)
    labels, log_likelihood
        As `oracle_of_labels` takes them.
    """
    answers = oracle_of_labels("label", labels, log_likelihood)
    return replace(header, data=data, events=header.events.assign(**answers))
