"""The backward response function, against mne's and against what was planted."""

import mne
import numpy as np
import pytest
from mne.decoding import ReceptiveField
from sklearn.linear_model import Ridge

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.linear.lagged_ridge import LaggedRidge

SFREQ = 50.0


def followed(n=8, n_channels=3, n_times=200, seed=0):
    """Channels in volts that follow a series by 2 to 4 samples, with noise; and the series."""
    rng = np.random.default_rng(seed)
    y = rng.normal(size=(n, 1, n_times))
    X = rng.normal(size=(n, n_channels, n_times))
    for lag in (2, 3, 4):
        X[:, :, lag:] += np.array([1.0, -1.0, 0.5])[:n_channels, None] * y[..., :-lag]
    return 1e-5 * X, y


def test_weights_and_answers_are_mnes():
    X, y = followed(n=2, n_times=400)
    alpha = 1e-2
    model = LaggedRidge(0.0, 0.1, SFREQ, (alpha,), n_splits=2).fit(X, y)
    assert model.coef_.shape == (1, 3, 6)
    centred = (X - X.mean(axis=(0, 2))[:, None]).transpose(2, 0, 1)  # times, epochs, channels
    padded = np.pad(centred, ((0, 5), (0, 0), (0, 0)))
    design = np.stack([padded[lag : lag + 400] for lag in range(6)], axis=-1).reshape(800, 18)
    target = y.transpose(2, 0, 1).reshape(800, 1)
    penalty = alpha * np.mean(np.var(design, axis=0)) * 800
    plain = Ridge(alpha=penalty, solver="cholesky").fit(design, target)
    np.testing.assert_allclose(model.coef_.ravel(), plain.coef_.ravel(), rtol=1e-7)
    # mne tells from what came before: our lags are its negative ones, in the other order.
    peer = ReceptiveField(-0.1, 0.0, SFREQ, estimator=Ridge(alpha=penalty, solver="cholesky"))
    with mne.use_log_level("ERROR"):
        peer.fit(centred, y.transpose(2, 0, 1))
        said = peer.predict(centred)
    # It brings each lagged piece of a window to one mean, and what lies beyond the window to that:
    # other numbers by less than 1 % of the largest weight.
    scale = np.abs(peer.coef_).max()
    np.testing.assert_allclose(model.coef_[0, :, ::-1], peer.coef_[0], atol=0.01 * scale)
    ours, theirs = model.predict(X).ravel(), said.transpose(1, 2, 0).ravel()
    assert np.corrcoef(ours, theirs)[0, 1] > 0.999


def test_what_was_planted_is_told_in_other_windows():
    X, y = followed()
    fresh, true = followed(seed=1)
    model = LaggedRidge(0.0, 0.1, SFREQ).fit(X, y)
    said = model.predict(fresh)
    assert said.shape == true.shape
    # Best of all filters, by Wiener: the channels weigh 1 + 1 + 1/4, three lags pass 1 + 2 cos w.
    passed = 2.25 * (1 + 2 * np.cos(np.linspace(0, np.pi, 1001))) ** 2
    best = np.sqrt(np.mean(passed / (1 + passed)))
    found = np.corrcoef(said[..., 10:-10].ravel(), true[..., 10:-10].ravel())[0, 1]
    assert 0.9 * best < found < best  # six lags, and not all
    assert np.argmax(np.abs(model.coef_[0]).sum(axis=0)) in (2, 3, 4)


def test_two_series_are_told_as_each_alone():
    X, y = followed()
    both = np.concatenate([y, y[:, :, ::-1]], axis=1)
    model = LaggedRidge(0.0, 0.1, SFREQ, (0.1,)).fit(X, both)
    alone = LaggedRidge(0.0, 0.1, SFREQ, (0.1,)).fit(X, y)
    np.testing.assert_allclose(model.predict(X)[:, :1], alone.predict(X), rtol=1e-9)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"sfreq": None}, "sfreq is None. Give the sampling rate in Hz"),
        ({"tmin": 0.3}, "lags from 0.3 to 0.25 s do not fit"),
        ({"tmax": 9.0}, "lags from 0 to 9 s do not fit into windows of 4 s"),
        ({"alphas": (0.0,)}, "Give a list of numbers above zero"),
        ({"n_splits": 0}, "n_splits is 0. Give a whole number"),
    ],
)
def test_what_cannot_be_meant_is_named(arguments, said):
    X, y = followed()
    with pytest.raises(ConfigError, match=said):
        LaggedRidge(**{"sfreq": SFREQ, **arguments}).fit(X, y)


def test_what_cannot_be_learnt_from_is_named():
    X, y = followed()
    with pytest.raises(DataError, match="one window to train on"):
        LaggedRidge(sfreq=SFREQ).fit(X[:1], y[:1])
    with pytest.raises(DataError, match=r"series of shape \(8, 1, 100\) for trials of shape"):
        LaggedRidge(sfreq=SFREQ).fit(X, y[..., :100])
