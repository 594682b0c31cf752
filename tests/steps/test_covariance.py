"""Covariances against numpy and scikit-learn, which share no code with pyriemann's."""

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.covariance import ledoit_wolf, oas

from neurodecode.core.errors import DataError
from neurodecode.core.stages import is_stateless
from neurodecode.steps.covariance import Covariance

PEERS = {
    "oas": lambda x: oas(x.T)[0],
    "lwf": lambda x: ledoit_wolf(x.T)[0],
    "scm": lambda x: (x - x.mean(1, keepdims=True)) @ (x - x.mean(1, keepdims=True)).T / x.shape[1],
    "cov": np.cov,
}


def trials(n=6, n_channels=5, n_times=70, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_channels, n_channels))
    return 1e-5 * mixing @ rng.normal(size=(n, n_channels, n_times))


@pytest.mark.parametrize("estimator", PEERS)
def test_each_estimator_is_the_peers(estimator):
    X = trials()
    expected = np.stack([PEERS[estimator](x) for x in X])
    # Rounding alone: the values are near 1e-10 V².
    np.testing.assert_allclose(Covariance(estimator).transform(X), expected, rtol=1e-9, atol=1e-22)


@pytest.mark.parametrize("estimator", ["oas", "lwf", "sch"])
def test_shrunk_covariances_of_short_windows_have_an_inverse(estimator):
    C = Covariance(estimator).transform(trials(n_channels=8, n_times=6))
    values = np.linalg.eigvalsh(C)
    assert np.all(values[:, 0] > 1e-6 * values[:, -1])


def test_the_first_trial_without_an_inverse_is_named_with_the_remedy():
    X = trials()
    X[3, 0] = X[3, 1]
    with pytest.raises(DataError, match=r"^trial 3: the covariance has rank 4 for 5 channels.*oas"):
        Covariance("scm").transform(X)


def test_nothing_is_learnt():
    step = Covariance()
    assert is_stateless(step)
    assert vars(step.fit(trials())) == vars(clone(step))


@pytest.mark.parametrize("estimator", PEERS)
def test_trials_of_unequal_length_are_as_each_alone(estimator):
    several = [one[:, :n] for one, n in zip(trials(), (70, 40, 55, 70, 33, 61), strict=True)]
    step = Covariance(estimator)
    assert step.needs.ragged
    alone = np.concatenate([step.transform(one[None]) for one in several])
    np.testing.assert_array_equal(step.transform(several), alone)


def test_a_list_of_equal_lengths_is_an_array():
    np.testing.assert_array_equal(
        Covariance().transform(list(trials())), Covariance().transform(trials())
    )


def test_a_trial_of_a_list_that_is_no_matrix_is_named():
    with pytest.raises(
        DataError, match=r"Covariance takes trials of channel × time.*shape \(70,\)"
    ):
        Covariance().transform([*trials(2), np.zeros(70)])
