import mne
import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.steps.baseline import Baseline

SFREQ = 50.0


def trials(n=6, n_times=60, before=0.3, sfreq: float | None = SFREQ, **columns):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3, n_times)) + 100 * rng.normal(size=(n, 3, 1))
    part = Part(X, Space("sensors", ("a", "b", "c")), ("channel", "time"), sfreq, 0.0, "x")
    onset = 2.0 * np.arange(n) + 0.003 * rng.uniform(size=n)  # between two samples
    table = pd.DataFrame({"onset": onset, "start": np.round((onset - before) * SFREQ) / SFREQ})
    return Trials.of_entries(Rows(table.assign(**columns)), "eeg", part, np.arange(n))


@pytest.mark.parametrize(("tmin", "tmax"), [(-0.2, 0.0), (-0.3, -0.1), (0.1, 0.1)])
def test_it_is_mnes(tmin, tmax):
    made = trials()
    with mne.use_log_level("ERROR"):
        epochs = mne.EpochsArray(
            made.array(), mne.create_info(["a", "b", "c"], SFREQ, "eeg"), tmin=-0.3, baseline=None
        )
        expected = epochs.apply_baseline((tmin, tmax)).get_data()
    step = Baseline(tmin, tmax).fit(made)
    np.testing.assert_allclose(step.transform(made), expected, atol=1e-12)
    np.testing.assert_array_equal(step.transform(made.array()), step.transform(made))


@pytest.mark.parametrize(
    ("arguments", "made", "kind", "sentence"),
    [
        ({"tmin": 0.1, "tmax": 0.0}, {}, ConfigError, "tmin is 0.1 and tmax 0.0. Give seconds"),
        ({"tmin": -0.4}, {}, ConfigError, "from -0.4 to 0 s, and trials last from -0.3 to 0.88 s"),
        (
            {},
            {"before": -0.1},
            ConfigError,
            "trials last from 0.1 to",
        ),  # they begin in the response
        ({}, {"sfreq": None}, DataError, "trials of unknown sampling rate"),
        ({}, {"onset": np.full(6, np.nan)}, DataError, "trials of unknown onset"),
        ({}, {"onset": np.arange(6.0)}, DataError, "of some trials and .* of others"),
    ],
)
def test_what_cannot_be_is_refused(arguments, made, kind, sentence):
    with pytest.raises(kind, match=f"baseline: .*{sentence}"):
        Baseline(**arguments).fit(trials(**made))


def test_trials_that_are_cut_otherwise_are_refused():
    step = Baseline().fit(trials())
    with pytest.raises(DataError, match="samples 10 to 20 of 60 here, and was 5 to 15 of 60"):
        step.transform(trials(before=0.4))
    with pytest.raises(DataError, match="trials of 30 samples, and those of training had 60"):
        step.transform(np.zeros((1, 3, 30)))
    with pytest.raises(DataError, match=r"handed ndarray\. Put it first"):
        Baseline().fit(np.zeros((1, 3, 60)))
