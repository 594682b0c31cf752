"""Principal components against scikit-learn and the decomposition that defines them."""

import numpy as np
import pytest
from sklearn.decomposition import PCA

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.steps.pca import Pca


def trials(seed=0):
    rng = np.random.default_rng(seed)
    return rng.normal(size=(30, 4, 6)) @ rng.normal(size=(6, 6))


@pytest.mark.parametrize("arguments", [{"n_components": 5}, {"n_components": 0.8, "whiten": True}])
def test_components_are_scikit_learns(arguments):
    X, fresh = trials(), trials(1)
    peer = PCA(svd_solver="full", **arguments).fit(X.reshape(30, -1))
    found = Pca(**arguments).fit(X).transform(fresh)
    np.testing.assert_array_equal(found, peer.transform(fresh.reshape(30, -1)))


def test_all_components_bring_trials_back():
    X = trials()
    step = Pca(n_components=24).fit(X)
    back = step.inverse_transform(step.transform(X))
    np.testing.assert_allclose(back, X.reshape(30, -1), atol=1e-12)


def test_a_share_of_variance_is_kept():
    X = trials().reshape(30, -1)
    s = np.linalg.svd(X - X.mean(axis=0), compute_uv=False) ** 2
    n_expected = 1 + int(np.argmax(np.cumsum(s) / s.sum() >= 0.7))
    assert Pca(n_components=0.7).fit(X).transform(X).shape == (30, n_expected)


def test_too_many_components_are_named():
    with pytest.raises(DataError, match=r"n_components is 31, for 30 training trials of 24 .* 24"):
        Pca(n_components=31).fit(trials())
    with pytest.raises(ConfigError, match=r"n_components is 1\.5"):
        Pca(n_components=1.5).fit(trials())
