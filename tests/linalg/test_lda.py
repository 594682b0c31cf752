"""The discriminant is scikit-learn's, without the covariance of the features."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from neurodecode.linalg.lda import shrunk_lda


def planted(n_trials, n_features, n_classes, seed=0, constant=False):
    """Correlated features of classes that differ a little in each."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_trials) % n_classes
    X = rng.normal(size=(n_trials, n_features)) @ rng.normal(size=(n_features, n_features))
    X += 0.3 * y[:, None]
    if constant:
        X[:, 0] = 3.3
    return X, y


def assert_equal_to_scikit_learn(X, y):
    found = shrunk_lda(X, y)
    theirs = LinearDiscriminantAnalysis("lsqr", shrinkage="auto").fit(X, y)
    np.testing.assert_array_equal(found.classes, theirs.classes_)
    for ours, expected in ((found.coef, theirs.coef_), (found.intercept, theirs.intercept_)):
        assert ours.shape == expected.shape
        np.testing.assert_allclose(ours, expected, rtol=1e-10, atol=1e-10 * abs(expected).max())


@pytest.mark.parametrize("constant", [False, True], ids=["", "constant"])
@pytest.mark.parametrize("n_classes", [2, 3, 4])
# The tangent vectors of 10 and 22 channels, with fewer trials than features, and with more.
@pytest.mark.parametrize(("n_features", "n_trials"), [(55, 40), (55, 400), (253, 60), (253, 300)])
def test_the_discriminant_is_scikit_learns(n_features, n_trials, n_classes, constant):
    assert_equal_to_scikit_learn(*planted(n_trials, n_features, n_classes, constant=constant))


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("n_features", [5, 10, 55])
def test_two_trials_a_class_leave_no_shrinkage_and_the_solution_of_least_norm(
    n_features, n_classes
):
    X, y = planted(2 * n_classes, n_features, n_classes)
    assert_equal_to_scikit_learn(X, y)
    np.testing.assert_array_equal(shrunk_lda(X, y).shrinkage, 0)


@pytest.mark.filterwarnings("ignore:Only one sample available")  # theirs, of a class
@pytest.mark.parametrize("n_alone", [1, 2])
def test_few_trials_of_one_class_beside_many_of_the_other(n_alone):
    X, _ = planted(60, 253, 2)
    assert_equal_to_scikit_learn(X, (np.arange(60) < 60 - n_alone).astype(int))


def test_the_order_of_features_never_matters():
    # Of four trials of 253 features scikit-learn gives rounding: weights of 1e14, others for
    # another order of the columns.
    X, y = planted(4, 253, 2)
    order = np.random.default_rng(1).permutation(253)
    plain, turned = shrunk_lda(X, y).coef, shrunk_lda(X[:, order], y).coef
    np.testing.assert_allclose(turned, plain[:, order], rtol=1e-9, atol=1e-12 * abs(plain).max())
    theirs, other = (
        LinearDiscriminantAnalysis("lsqr", shrinkage="auto").fit(one, y).coef_
        for one in (X, X[:, order])
    )
    assert abs(other - theirs[:, order]).max() > 0.1 * abs(theirs).max() > 1e9


def test_what_never_varies_has_no_weight():
    X = np.full((10, 3), 3.3)
    np.testing.assert_array_equal(shrunk_lda(X, np.arange(10) % 2).coef, 0)


@given(st.integers(0, 10_000), st.integers(2, 4), st.sampled_from([(30, 12), (24, 60)]))
def test_answers_do_not_depend_on_the_unit_or_the_order_of_trials(seed, n_classes, size):
    X, y = planted(*size, n_classes, seed)
    order = np.random.default_rng(seed).permutation(len(X))
    fresh = planted(*size, n_classes, seed + 1)[0]
    plain, other = shrunk_lda(X, y), shrunk_lda(1e-6 * X[order], y[order])
    np.testing.assert_allclose(
        1e-6 * fresh @ other.coef.T + other.intercept,
        fresh @ plain.coef.T + plain.intercept,
        rtol=1e-7,
        atol=1e-7,
    )


def test_one_class_or_one_trial_of_each_is_refused():
    with pytest.raises(ValueError, match="all 6 training trials are of one class"):
        shrunk_lda(np.zeros((6, 3)), np.ones(6))
    with pytest.raises(ValueError, match="each of the 3 classes has one training trial"):
        shrunk_lda(np.eye(3), np.arange(3))
