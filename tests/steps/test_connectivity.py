"""Connectivity against nilearn, and against the formulas where nilearn's code is ours to call."""

import numpy as np
import pytest
from nilearn.connectome import ConnectivityMeasure
from scipy.linalg import logm
from sklearn.covariance import ledoit_wolf

from neurodecode.core.errors import DataError
from neurodecode.core.stages import is_stateless
from neurodecode.steps.connectivity import Connectivity

KINDS = ("correlation", "partial correlation", "tangent", "covariance", "precision")


def series(n=8, n_parcels=5, seed=0):
    """Series of parcels by time that share a source, each of its own length."""
    rng = np.random.default_rng(seed)
    lengths = rng.integers(40, 80, size=n)
    return [rng.normal(size=(n_parcels, n_times)) + rng.normal(size=n_times) for n_times in lengths]


@pytest.mark.parametrize("diagonal", [True, False])
@pytest.mark.parametrize("vectorize", [True, False])
@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_nilearns(kind, vectorize, diagonal):
    train, fresh = series(), series(seed=1)
    peer = ConnectivityMeasure(kind=kind, vectorize=vectorize, discard_diagonal=not diagonal)
    peer.fit([one.T for one in train])
    step = Connectivity(kind, vectorize, discard_diagonal=not diagonal).fit(train)
    np.testing.assert_array_equal(step.transform(fresh), peer.transform([x.T for x in fresh]))


def test_correlations_are_of_shrunk_covariances_of_standardised_series():
    (one,) = series(n=1)
    for standardize, x in (
        (True, (one - one.mean(1, keepdims=True)) / one.std(1, ddof=1, keepdims=True)),
        (False, one),
    ):
        C = ledoit_wolf(x.T)[0]
        expected = C / np.sqrt(np.outer(np.diag(C), np.diag(C)))
        found = Connectivity(standardize=standardize).transform([one])[0]
        np.testing.assert_allclose(found, expected[np.tril_indices(5, -1)], rtol=1e-10)


def test_tangent_vectors_are_logarithms_at_the_geometric_mean():
    train, (fresh,) = series(), series(n=1, seed=1)
    step = Connectivity("tangent", vectorize=False).fit(train)
    whitening = step.measure_.whitening_
    expected = logm(whitening @ ledoit_wolf(fresh.T)[0] @ whitening)
    np.testing.assert_allclose(step.transform([fresh])[0], expected, atol=1e-10)
    # At the geometric mean the tangent vectors of the training rows sum to zero; nilearn stops
    # when a step is shorter than 1e-7.
    np.testing.assert_allclose(step.transform(train).mean(axis=0), 0, atol=1e-5)


def test_only_tangent_learns():
    for kind in KINDS:
        assert is_stateless(Connectivity(kind)) is (kind != "tangent")
    learnt = Connectivity("tangent").fit(series())
    other = Connectivity("tangent").fit(series()[:4])
    assert not np.allclose(learnt.measure_.mean_, other.measure_.mean_)


@pytest.mark.parametrize("kind", KINDS)
def test_a_trial_is_answered_alone_and_in_any_form(kind):
    train, fresh = series(), series(seed=1)
    step = Connectivity(kind).fit(train)
    whole = step.transform(fresh)
    for i, one in enumerate(fresh):
        np.testing.assert_array_equal(step.transform([one])[0], whole[i])
    alike = np.stack([one[:, :40] for one in fresh])
    np.testing.assert_array_equal(step.transform(alike), step.transform(list(alike)))
    # Readers keep float32; what is computed is not to depend on who widened it.
    narrow = [one.astype(np.float32) for one in fresh]
    wide = [one.astype(np.float64) for one in narrow]
    np.testing.assert_array_equal(step.transform(narrow), step.transform(wide))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda X: X[2][0], "trial 2 has shape"),
        (lambda X: X[2][:, :1], r"trial 2 has shape \(5, 1\).*two samples"),
        (lambda X: X[2][:4], "trial 2 has 4 parcels, and others have 5"),
        (lambda X: np.where(X[2] > 0, np.nan, X[2]), "trial 2 holds values that are not finite"),
    ],
)
@pytest.mark.parametrize("kind", ["correlation", "tangent"])
def test_what_is_no_series_is_named(kind, spoil, said):
    good = series()
    step = Connectivity(kind).fit(good)
    bad = [*good[:2], spoil(good), *good[3:]]
    with pytest.raises(DataError, match=said):
        step.transform(bad)


def test_another_atlas_than_in_training_is_named():
    step = Connectivity("tangent").fit(series())
    with pytest.raises(DataError, match="trial 0 has 4 parcels, and others have 5"):
        step.transform(series(n_parcels=4))


def test_nothing_to_map_gives_nothing():
    with pytest.raises(DataError, match="no trial"):
        Connectivity().transform([])
