"""Rows without signals: a protocol is handed nothing else."""

import itertools

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.rows import Rows
from neurodecode.core.target import Target


def rows_without_signals(
    subjects=("01",), sessions=("1",), runs=("1",), n_trials=12, seed=0, **columns
):
    """Give `n_trials` a run, two seconds apart, each a window of one second."""
    rng = np.random.default_rng(seed)
    recordings = list(itertools.product(subjects, sessions, runs))
    table = pd.DataFrame(
        [
            {
                "recording": f"{subject}/{session}/{run}",
                "subject": subject,
                "session": session,
                "run": run,
                "onset": 2.0 * i,
                "label": label,
            }
            for subject, session, run in recordings
            for i, label in enumerate(rng.permutation(np.arange(n_trials) % 2))
        ]
    )
    table["label"] = np.array(["a", "b"])[table["label"]]
    table = table.assign(duration=1.0, start=table["onset"], stop=table["onset"] + 1, **columns)
    return Rows.build(table)


@pytest.fixture(scope="session")
def rows_of():
    return rows_without_signals


@pytest.fixture(scope="session")
def target():
    return Target("label", column="label", classes=("a", "b"))
