"""Batched covariances against pyriemann's and scikit-learn's, which go trial by trial."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pyriemann.geometry.covariance import covariances as pyriemann_covariances
from pyriemann.geometry.covariance import covariances_EP
from sklearn.covariance import ledoit_wolf, oas

from neurodecode.linalg.covariance import ESTIMATORS, covariances
from neurodecode.linalg.prototype import prototype_covariances


def recorded(n, n_channels, n_times, seed=0, scale=1.0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_channels, n_channels))
    sources = rng.normal(size=(n, n_channels, n_times)) * rng.gamma(2, size=(n, 1, n_times))
    return scale * (mixing @ sources + rng.normal(size=(n, n_channels, 1)))


def check_equal(ours, theirs):
    # 1e-12 of the largest element of each matrix: elements near zero are differences of large ones.
    size = np.abs(theirs).max((-2, -1), keepdims=True)
    assert np.max(np.abs(ours - theirs) / size) < 1e-12


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("shape", [(7, 3, 40), (5, 22, 300), (3, 64, 50), (2, 10, 9)])
def test_every_estimator_is_pyriemanns(estimator, shape):
    X = recorded(*shape)
    check_equal(covariances(X, estimator), pyriemann_covariances(X, estimator))


@given(
    seed=st.integers(0, 2**32 - 1),
    n_channels=st.integers(1, 12),
    n_times=st.integers(3, 60),
    exponent=st.integers(-13, 6),
)
def test_shrinkage_is_scikit_learns_in_any_unit(seed, n_channels, n_times, exponent):
    X = recorded(2, n_channels, n_times, seed, 10.0**exponent)
    check_equal(covariances(X, "oas"), np.stack([oas(x.T)[0] for x in X]))
    check_equal(covariances(X, "lwf"), np.stack([ledoit_wolf(x.T)[0] for x in X]))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_tensors_give_the_tensors_of_the_arrays(estimator):
    torch = pytest.importorskip("torch")
    X = recorded(6, 5, 80).reshape(2, 3, 5, 80)
    C = covariances(torch.from_numpy(X), estimator)
    assert isinstance(C, torch.Tensor)
    check_equal(C.numpy(), covariances(X, estimator))


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_covariances_beside_a_prototype_are_pyriemanns(estimator):
    X, prototype = recorded(6, 4, 70), recorded(1, 3, 70, seed=1)[0]
    expected = covariances_EP(X, prototype, estimator)
    check_equal(prototype_covariances(X, prototype, estimator), expected)
