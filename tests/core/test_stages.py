"""What is shared: stateless stages by all, stages that ignore y by every permutation of it."""

import numpy as np
import pytest
from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import SelectKBest
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler

from neurodecode.core.stages import fit_stages, ignores_y, is_stateless, stages_of, through
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.steps.covariance import Covariance
from neurodecode.steps.csp import Csp


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (Covariance(), True),
        (Covariances("oas"), True),
        (Normalizer(), True),  # each trial by its own norm
        (StandardScaler(), False),
        (FunctionTransformer(lambda X: X - X.mean(axis=0)), False),  # looks at all trials
        (Csp(), False),
    ],
    ids=lambda one: type(one).__name__,
)
def test_stateless_is_what_sees_one_trial(stage, expected):
    assert is_stateless(stage) is expected
    if expected:
        X = np.random.default_rng(0).standard_normal((6, 4, 30))
        X = X[..., 0] if isinstance(stage, Normalizer) else X
        alone = np.concatenate([stage.fit(x[None]).transform(x[None]) for x in X])
        np.testing.assert_array_equal(stage.fit(X).transform(X), alone)


@pytest.mark.parametrize(
    ("stage", "expected"),
    [
        (StandardScaler(), True),
        (PCA(2), True),
        (TangentSpace(), True),
        (SelectKBest(k=2), False),
        (Csp(), False),
        (LinearDiscriminantAnalysis(), False),
    ],
    ids=lambda one: type(one).__name__,
)
def test_ignoring_y_is_true_of_those_that_say_so(stage, expected):
    assert ignores_y(stage) is expected
    if expected:
        rng = np.random.default_rng(0)
        X = rng.standard_normal((20, 5))
        if isinstance(stage, TangentSpace):
            X = np.stack([np.cov(rng.standard_normal((3, 50))) for _ in range(20)])
        y = np.tile([0, 1], 10)
        a, b = (stage.fit(X, labels).transform(X) for labels in (y, y[::-1]))
        np.testing.assert_array_equal(a, b)


def test_stages_are_those_of_a_pipeline_or_of_the_model_itself():
    pipeline = make_pipeline(StandardScaler(), "passthrough", LinearDiscriminantAnalysis())
    kinds = [type(one) for one in stages_of(pipeline)]
    assert kinds == [StandardScaler, LinearDiscriminantAnalysis]
    assert [type(one).__name__ for one in stages_of(Mdm())] == ["Covariance", "MDM"]
    alone = PCA()
    assert stages_of(alone) == [alone]


def test_fitting_by_stage_is_fitting_the_pipeline():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 6)), np.tile([0, 1, 2], 10)
    pipeline = make_pipeline(StandardScaler(), PCA(3), LinearDiscriminantAnalysis())
    expected = pipeline.fit(X, y).predict_proba(X)
    fitted = fit_stages(stages_of(pipeline), X, y)
    np.testing.assert_array_equal(fitted[-1].predict_proba(through(fitted, X)), expected)
