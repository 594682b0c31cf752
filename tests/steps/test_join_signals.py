"""Signals side by side, none of which outweighs another by its size."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.steps.join_signals import JoinSignals


def trials(seed=0, n=20, **scale):
    rng = np.random.default_rng(seed)
    made = Trials(Rows(pd.DataFrame({"recording": ["a"] * n})), {})
    for i, (name, one) in enumerate(scale.items()):
        X = one * rng.standard_normal((n, 3 + i, 2)) + one
        part = Part(X, Space("features", tuple(map(str, range(3 + i)))), ("feature", "time"), None,
                    0.0, name)  # fmt: skip
        other = Trials.of_entries(made.rows, name, part, np.arange(n))
        made = Trials(made.rows, {**made.signals, **other.signals})
    return made


def test_each_has_a_total_variance_of_one_over_training_trials():
    X = trials(eeg=1e-6, fmri=100.0)
    Z = JoinSignals(("eeg", "fmri")).fit_transform(X)
    assert Z.shape == (20, 6 + 8)
    for mine in (Z[:, :6], Z[:, 6:]):
        assert mine.var(axis=0).sum() == pytest.approx(1)
        np.testing.assert_allclose(mine.mean(axis=0), 0, atol=1e-12)


def test_one_alone_is_given_as_it_is():
    X = trials(eeg=1e-6, fmri=100.0)
    np.testing.assert_array_equal(JoinSignals(("fmri",)).fit_transform(X), X.array("fmri"))


def test_others_are_scaled_as_training_was():
    step = JoinSignals(("eeg", "fmri")).fit(trials(eeg=1.0, fmri=1.0))
    fresh = trials(1, eeg=2.0, fmri=1.0)
    expected = (fresh.array("eeg").reshape(20, -1) - step.means_["eeg"]) / step.scales_["eeg"]
    np.testing.assert_array_equal(step.transform(fresh)[:, :6], expected)


def test_a_constant_signal_is_not_blown_up():
    assert np.all(JoinSignals(("eeg", "fmri")).fit_transform(trials(eeg=0.0, fmri=1.0))[:, :6] == 0)


def test_what_cannot_be_joined_is_named():
    X = trials(eeg=1.0, fmri=1.0)
    with pytest.raises(ConfigError, match="Name each signal once"):
        JoinSignals(("eeg", "eeg")).fit(X)
    with pytest.raises(DataError, match="no signal 'meg'; there are: eeg, fmri"):
        JoinSignals(("eeg", "meg")).fit(X)
