"""Weights and patterns of linear decoders, against the formulas that define them."""

from itertools import combinations

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from neurodecode.models.linear.lda import Lda
from neurodecode.models.linear.logistic import Logistic
from neurodecode.models.linear.svm import Svm, _weights


def planted(n_classes, n=90, n_features=6, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = rng.normal(size=(n, n_features)) @ rng.normal(size=(n_features, n_features)) + 5
    X[np.arange(n), y] += 3
    return X, y


@pytest.mark.parametrize("n_classes", [3, 4])
def test_weights_of_a_class_are_the_signed_mean_of_its_machines(n_classes):
    X, y = planted(n_classes)
    svc = SVC(kernel="linear", decision_function_shape="ovo").fit(X, y)
    pairs = list(combinations(range(n_classes), 2))
    # A machine of two classes is above zero where it votes for the first, as scikit-learn says.
    machines = svc.decision_function(X) - svc.intercept_
    outputs = X @ _weights(svc).T
    for code in range(n_classes):
        mine = [
            machine if code == first else -machine
            for machine, (first, second) in zip(machines.T, pairs, strict=True)
            if code in (first, second)
        ]
        np.testing.assert_allclose(outputs[:, code], np.mean(mine, axis=0), atol=1e-9)
        assert outputs[y == code, code].mean() > outputs[y != code, code].mean()


PLAIN = {
    "logistic": (
        Logistic(max_iter=5000),
        lambda X, y: LogisticRegression(max_iter=5000).fit(X, y).coef_,
    ),
    "lda": (
        Lda(),
        lambda X, y: LinearDiscriminantAnalysis(solver="lsqr", shrinkage="auto").fit(X, y).coef_,
    ),
    "svm": (Svm(), lambda X, y: _weights(SVC(kernel="linear").fit(X, y))),
}


@pytest.mark.parametrize("shape", [(90, 6), (20, 60)], ids=["more trials", "more features"])
@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", PLAIN)
def test_patterns_are_equation_6_of_haufe(name, n_classes, shape):
    model, weights_of = PLAIN[name]
    X, y = planted(n_classes, *shape)
    W = weights_of(X, y).T
    # Weights of three classes sum to zero, so that the sources' covariance has no inverse: the
    # pseudo-inverse then gives the patterns of least norm.
    of_sources = np.atleast_2d(np.cov((X @ W).T))
    expected = np.cov(X.T) @ W @ np.linalg.pinv(of_sources, rcond=1e-9)
    found = np.array(list(model.fit(X, y).patterns().values()))
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found, expected.T, atol=1e-8 * scale)
