"""Noise normalisation: white noise within a session, by its training rows alone."""

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.steps.scale import Scale
from neurodecode.steps.whiten import Whiten

RNG = np.random.default_rng(0)
MIXING = {"1": RNG.standard_normal((4, 4)), "2": 3 * RNG.standard_normal((4, 4))}


def trials_of(X, sessions):
    table = pd.DataFrame({"subject": "01", "session": sessions}, dtype=object)
    space = Space("sensors", names=tuple("abcd"), types=("eeg",) * 4)
    part = Part(X, space, ("channel", "time"), 100.0, 0.0, "")
    return Trials.of_entries(Rows(table), "eeg", part, np.arange(len(X)))


def noise_of(session, n, n_times=200):
    return MIXING[session] @ RNG.standard_normal((n, 4, n_times))


@pytest.fixture
def two_sessions():
    X = np.concatenate([noise_of("1", 40), noise_of("2", 40)])
    return X, np.repeat(["1", "2"], 40)


def covariance(X):
    return np.mean([np.cov(one) for one in X], axis=0)


def test_noise_of_each_session_is_white(two_sessions):
    X, sessions = two_sessions
    step = Whiten().fit(trials_of(X, sessions))
    for session in "12":
        fresh = noise_of(session, 200)
        Z = step.transform(trials_of(fresh, np.repeat(session, 200)))
        # Of 8,000 samples: s.d. of a variance 1.6 %.
        np.testing.assert_allclose(covariance(Z), np.eye(4), atol=0.06)


def test_signal_that_repeats_is_no_noise(two_sessions):
    X, sessions = two_sessions
    shown = np.tile(np.arange(8), 10)
    signal = 5 * RNG.standard_normal((8, 4, 200))
    rows = pd.DataFrame({"stimulus": [f"s{i}" for i in shown]})
    step = Whiten(noise="repeats").fit(trials_of(X + signal[shown], sessions), rows=rows)
    for session in "12":
        true = MIXING[session] @ MIXING[session].T
        found = step.covariances_[f"subject 01, session {session}"]
        np.testing.assert_allclose(found, true, atol=0.06 * np.abs(true).max())
    assert step.needs.training_columns == ("stimulus",) and not Whiten().needs.training_columns


def test_what_is_tested_changes_nothing(two_sessions):
    X, sessions = two_sessions
    step = Whiten().fit(trials_of(X, sessions))
    one, other = noise_of("1", 2), 100 * noise_of("2", 3)
    alone = step.transform(trials_of(one, np.repeat("1", 2)))
    both = step.transform(trials_of(np.concatenate([one, other]), np.repeat("1", 5)))
    np.testing.assert_array_equal(both[:2], alone)


def test_a_new_session_gets_the_mean(two_sessions):
    X, sessions = two_sessions
    step = Whiten().fit(trials_of(X, sessions))
    np.testing.assert_allclose(step.overall_, np.mean(list(step.covariances_.values()), axis=0))
    new = trials_of(X[:2], np.repeat("3", 2))
    values, vectors = np.linalg.eigh(step.overall_)
    expected = (vectors / np.sqrt(values)) @ vectors.T @ X[:2]
    np.testing.assert_allclose(step.transform(new), expected, rtol=1e-9)


def test_what_cannot_be_whitened_is_said(two_sessions):
    X, sessions = two_sessions
    given = trials_of(X, sessions)
    with pytest.raises(ConfigError, match=r"noise is 'time'\. It is trials or repeats"):
        Whiten(noise="time").fit(given)
    with pytest.raises(ConfigError, match="noise: repeats needs rows with the column stimulus"):
        Whiten(noise="repeats").fit(given)
    rows = pd.DataFrame({"stimulus": [str(i) for i in range(80)]})
    with pytest.raises(
        DataError, match=r"no stimulus is shown twice in .*session 1.*noise: trials"
    ):
        Whiten(noise="repeats").fit(given, rows=rows)


def test_channels_that_depend_on_each_other_are_named(two_sessions):
    X, sessions = two_sessions
    referenced = X - X.mean(axis=1, keepdims=True)
    with pytest.raises(
        DataError, match="session 1 has rank 3 for 4 channels, so it has no inverse"
    ):
        Whiten().fit(trials_of(referenced, sessions))


def test_scale_takes_sessions_by_their_training_rows(two_sessions):
    X, sessions = two_sessions
    step = Scale(per="channel", by=("subject", "session")).fit(trials_of(X, sessions))
    Z = step.transform(trials_of(X, sessions))
    for session in "12":
        mine = Z[sessions == session]
        np.testing.assert_allclose(mine.mean(axis=(0, 2)), 0, atol=1e-12)
        np.testing.assert_allclose(mine.std(axis=(0, 2)), 1)
    new = step.transform(trials_of(X[:1], np.array(["3"])))
    np.testing.assert_allclose(new, Scale(per="channel").fit(X).transform(X[:1]))
    with pytest.raises(ConfigError, match="by is for features and channels"):
        Scale(per="type", by=("session",)).fit(trials_of(X, sessions))
