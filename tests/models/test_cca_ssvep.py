"""Flicker rates by canonical correlation: closed form, planted responses, rates that cannot be."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.cross_decomposition import CCA

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.linear.cca_ssvep import CcaSsvep

SFREQ = 128.0
FREQS = (13.0, 17.0, 21.0)
MODEL = CcaSsvep(FREQS, SFREQ)


def flicker(noise, n=30, n_times=256, seed=0):
    """A sine at the class's rate and its double, of unknown phase, in noise that channels share."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 3
    times = np.arange(n_times) / SFREQ
    angle = 2 * np.pi * np.array(FREQS)[y, None] * times + rng.uniform(0, 6, size=(n, 1))
    response = np.sin(angle) + 0.5 * np.sin(2 * angle + 1)
    X = response[:, None] * rng.uniform(0.5, 1, size=(n, 6, 1))
    return X + noise * rng.normal(size=(6, 6)) @ rng.normal(size=(n, 6, n_times)), y


def test_correlations_are_scikit_learns():
    X, y = flicker(noise=2.0)
    found = clone(MODEL).fit(X, y).correlations(X)
    times = np.arange(X.shape[-1]) / SFREQ
    for i in range(0, 30, 7):
        for code, freq in enumerate(FREQS):
            waves = [f(2 * np.pi * k * freq * times) for k in (1, 2) for f in (np.sin, np.cos)]
            peer = CCA(n_components=1, scale=False, tol=1e-14, max_iter=100_000)
            a, b = peer.fit_transform(X[i].T, np.array(waves).T)
            expected = np.corrcoef(a[:, 0], b[:, 0])[0, 1]
            # scikit-learn iterates, and stops 1e-14 from where it goes.
            assert found[i, code] == pytest.approx(expected, abs=1e-6)


def test_planted_rates_are_told_without_training():
    X, y = flicker(noise=1.0)
    one_of_each = clone(MODEL).fit(X[:1], y[:1])
    assert np.mean(one_of_each.predict(X) == y) == 1.0
    np.testing.assert_array_equal(one_of_each.decision_function(X).argmax(axis=1), y)
    X, y = flicker(noise=1e6)
    assert np.mean(one_of_each.predict(X) == y) < 0.7


def test_classes_are_all_rates_whatever_training_has():
    X, y = flicker(noise=1.0)
    assert clone(MODEL).fit(X[y == 1], y[y == 1]).classes_.tolist() == [0, 1, 2]


def test_of_two_rates_there_is_one_margin():
    X, y = flicker(noise=1.0)
    X, y = X[y < 2], y[y < 2]
    model = CcaSsvep(FREQS[:2], SFREQ).fit(X, y)
    margin = model.decision_function(X)
    assert margin.shape == (20,)
    np.testing.assert_array_equal(margin > 0, model.predict(X) == 1)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"sfreq": None}, "sfreq is None. Give the sampling rate in Hz"),
        ({"sfreq": -1.0}, "sfreq is -1.0"),
        ({"freqs": FREQS[:2]}, "2 freqs for 3 classes"),
        ({"freqs": ()}, "0 freqs for 3 classes"),
        ({"freqs": (0.0, 17.0, 21.0)}, "rates in Hz"),
        ({"n_harmonics": 4}, "reach 84 Hz, and a sampling rate of 128 Hz holds .* 0 and 64 Hz"),
        ({"n_harmonics": 0}, "n_harmonics is 0"),
    ],
)
def test_rates_that_cannot_be_are_named(change, said):
    with pytest.raises(ConfigError, match=said):
        clone(MODEL).set_params(**change).fit(*flicker(noise=1.0))


def test_windows_too_short_to_tell_are_named():
    X, y = flicker(noise=1.0)
    model = clone(MODEL).fit(X, y)
    with pytest.raises(DataError, match="10 samples of 6 channels correlate perfectly"):
        model.predict(X[..., :10])
    assert model.predict(X[..., :11]).shape == (30,)


def test_referenced_channels_are_no_trouble():
    X, y = flicker(noise=1.0)
    X = X - X.mean(axis=1, keepdims=True)
    model = clone(MODEL).fit(X, y)
    np.testing.assert_allclose(
        model.correlations(X), model.correlations(X[:, :5]), atol=1e-9
    )  # the sixth channel is what the others sum to
