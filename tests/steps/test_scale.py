"""Scaling against scikit-learn and mne."""

import mne
import numpy as np
import pytest
from mne.decoding import Scaler
from sklearn.preprocessing import StandardScaler

from neurodecode.core.errors import DataError
from neurodecode.core.stages import ignores_y
from neurodecode.steps.scale import Scale


def trials(seed=0, shape=(20, 4, 30)):
    rng = np.random.default_rng(seed)
    return (
        1e-5 * (rng.normal(size=shape) + rng.normal(size=shape[1:])) * rng.uniform(1, 9, shape[1:])
    )


def test_features_are_scikit_learns():
    X, fresh = trials(), trials(1)
    peer = StandardScaler().fit(X.reshape(20, -1))
    found = Scale().fit(X).transform(fresh)
    np.testing.assert_array_equal(found, peer.transform(fresh.reshape(20, -1)).reshape(fresh.shape))


def test_channels_are_mnes():
    X, fresh = trials(), trials(1)
    with mne.use_log_level("ERROR"):
        peer = Scaler(scalings="mean").fit(X)
        expected = peer.transform(fresh)
    found = Scale(per="channel").fit(X).transform(fresh)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)  # another order of sums


def test_channels_of_each_band_have_their_own():
    X = trials(shape=(20, 2, 4, 30))
    Z = Scale(per="channel").fit(X).transform(X)
    np.testing.assert_allclose(Z.mean(axis=(0, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(Z.std(axis=(0, 3)), 1)


def test_what_is_constant_becomes_zero():
    X = trials()
    X[:, 2, 7] = 3e-5
    assert np.all(np.abs(Scale().fit(X).transform(X)[:, 2, 7]) < 1e-15)  # the mean is rounded


def test_channels_need_time():
    with pytest.raises(DataError, match=r"per: channel needs trials of channels by time.*\(4,\)"):
        Scale(per="channel").fit(np.ones((10, 4)))


def test_labels_are_not_looked_at():
    assert ignores_y(Scale())
