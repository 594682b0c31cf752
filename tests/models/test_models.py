"""Scores agree with predictions, and the stages of a model are the model."""

import numpy as np
import pytest
from sklearn.base import clone

from neurodecode.core.stages import fit_stages, through
from neurodecode.models.linear.csp_lda import CspLda
from neurodecode.models.linear.lda import Lda
from neurodecode.models.linear.logistic import Logistic
from neurodecode.models.linear.svm import Svm
from neurodecode.models.linear.xdawn_lda import XdawnLda
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.models.riemann.tangent_space import TangentSpace

MODELS = [
    CspLda(n_components=3),
    XdawnLda(n_components=2, width=10),
    Lda(),
    Logistic(C=0.1),
    Svm(C=0.1),
    Mdm(metric="logeuclid"),
    TangentSpace(estimator="lwf", C=0.5),
]
COMPOSED = [model for model in MODELS if hasattr(model, "stages")]


def trials(seed=0, n=30, n_classes=3):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = rng.standard_normal((n, 5, 60))
    X[np.arange(n), y] *= 3
    return X, y


@pytest.mark.parametrize("model", MODELS, ids=repr)
def test_scores_agree_with_predictions(model):
    X, y = trials()
    fresh, _ = trials(1)
    fitted = clone(model).fit(X, y)
    if hasattr(fitted, "predict_proba"):
        scores = fitted.predict_proba(fresh)
        np.testing.assert_allclose(scores.sum(axis=1), 1)
    else:
        scores = fitted.decision_function(fresh)
    np.testing.assert_array_equal(fitted.classes_[scores.argmax(axis=1)], fitted.predict(fresh))


@pytest.mark.parametrize("model", COMPOSED, ids=repr)
def test_the_stages_are_the_model(model):
    X, y = trials()
    fresh, _ = trials(1)
    stages = fit_stages(model.stages(), X, y)
    np.testing.assert_array_equal(
        stages[-1].predict(through(stages, fresh)), clone(model).fit(X, y).predict(fresh)
    )
