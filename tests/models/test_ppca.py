"""Axes of trials that nothing is told of, and a probe on them."""

import numpy as np
import pytest
from scipy.stats import multivariate_normal
from sklearn.decomposition import PCA

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.linear.ppca import Ppca
from neurodecode.models.linear.probe import Probe


@pytest.fixture
def trials():
    rng = np.random.default_rng(0)
    X = rng.standard_normal((60, 2)) @ rng.standard_normal((2, 12)) + rng.standard_normal((60, 12))
    return X.reshape(60, 3, 4), np.arange(60) % 2


@pytest.mark.parametrize("n", [60, 8])  # more trials than features, and fewer
def test_the_density_is_that_of_tipping_and_bishop(trials, n):
    X = trials[0].reshape(60, -1)[:n]
    model = Ppca(2).fit(trials[0][:n])
    values, vectors = np.linalg.eigh(np.cov(X.T))
    values, vectors = values[::-1], vectors[:, ::-1]
    noise = values[2:].mean()  # eq. 8
    axes = vectors[:, :2] * np.sqrt(values[:2] - noise)  # eq. 7
    peer = multivariate_normal(X.mean(axis=0), axes @ axes.T + noise * np.eye(12))  # eq. 5
    np.testing.assert_allclose(model.score_samples(trials[0][:n]), peer.logpdf(X), rtol=1e-9)


@pytest.mark.parametrize(
    ("n_components", "kind", "said"),
    [
        (13, DataError, "n_components is 13, for 60 training trials of 12 features. Give 1 to 12"),
        (0, DataError, "n_components is 0,"),
        (1.5, ConfigError, "n_components is 1.5. Give a whole number, or a share"),
    ],
)
def test_axes_that_cannot_be_are_refused(trials, n_components, kind, said):
    with pytest.raises(kind) as error:
        Ppca(n_components).fit(trials[0])
    assert said in str(error.value)


@pytest.mark.parametrize("n_components", [5, 6])  # of six trials less their mean, five are left
def test_trials_cannot_be_judged_where_no_noise_is_left(trials, n_components):
    model = Ppca(n_components).fit(trials[0][:6])
    with pytest.raises(DataError, match="no noise is left by which others could be judged"):
        model.score_samples(trials[0])


def test_a_probe_learns_on_what_it_starts_from_and_leaves_it_alone(trials):
    X, y = trials
    basis = Ppca(2).fit(X)
    before = basis.pca_.components_.copy()
    probe = Probe().fit(X, y, init=basis)
    peer = Probe().fit(basis.transform(X), y)
    np.testing.assert_array_equal(probe.predict_proba(X), peer.predict_proba(basis.transform(X)))
    np.testing.assert_array_equal(basis.pca_.components_, before)
    # A library's own takes rows of numbers, which trials are flattened for.
    flat = PCA(2, svd_solver="full").fit(X.reshape(60, -1))
    np.testing.assert_allclose(
        Probe().fit(X, y, init=flat).predict_proba(X), probe.predict_proba(X), rtol=1e-9
    )


def test_what_gives_no_features_cannot_be_started_from(trials):
    class Deaf:
        pass

    with pytest.raises(DataError, match="Deaf has no embed or transform"):
        Probe().fit(*trials, init=Deaf())
