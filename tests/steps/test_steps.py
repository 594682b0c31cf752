"""Steps against the libraries that they wrap."""

import mne
import numpy as np
import pytest
from mne.decoding import CSP
from pyriemann.estimation import Covariances

from neurodecode.steps.covariance import Covariance
from neurodecode.steps.csp import Csp

mne.set_log_level("ERROR")


def trials(n=20, n_channels=6, n_times=80, seed=0):
    rng = np.random.default_rng(seed)
    y = np.tile([0, 1], n // 2)
    X = 1e-5 * rng.standard_normal((n, n_channels, n_times))
    X[y == 1, 0] *= 2
    return X, y


@pytest.mark.parametrize("estimator", ["oas", "lwf", "sch", "scm", "cov"])
def test_covariances_are_those_of_pyriemann(estimator):
    X, _ = trials()
    found = Covariance(estimator).fit(X).transform(X)
    # The same sums in another order: rounding, of the largest entry.
    expected = Covariances(estimator).fit_transform(X)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14 * np.abs(expected).max())


def test_a_covariance_is_of_one_trial_alone():
    X, _ = trials()
    step = Covariance()
    whole = step.fit(X).transform(X)
    np.testing.assert_array_equal(np.stack([step.transform(x[None])[0] for x in X]), whole)


@pytest.mark.parametrize(("estimator", "full"), [("oas", False), ("scm", True)])
def test_what_does_not_shrink_needs_full_rank(estimator, full):
    assert Covariance(estimator).needs.full_rank is full


@pytest.mark.parametrize("log", [True, False])
def test_csp_is_that_of_mne(log):
    X, y = trials()
    step = Csp(n_components=4, reg=0.1, log=log).fit(X, y)
    peer = CSP(4, reg=0.1, log=log).fit(X, y)
    np.testing.assert_array_equal(step.transform(X), peer.transform(X))
    assert step.patterns_.shape == (4, 6)
    # The channel that is stronger in one class is where the first component's source shows.
    assert np.argmax(np.abs(step.patterns_[0])) == 0
