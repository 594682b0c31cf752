"""What is shared: stateless stages by all, stages that ignore y by every permutation of it."""

import numpy as np
import pytest
from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.feature_selection import SelectKBest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, Normalizer, StandardScaler

from neurodecode.core.stages import (
    fit_stages,
    ignores_y,
    is_stateless,
    stages_of,
    through,
    why_not_chained,
)
from neurodecode.models.linear.csp_lda import CspLda
from neurodecode.models.linear.logistic import Logistic
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.steps.connectivity import Connectivity
from neurodecode.steps.covariance import Covariance
from neurodecode.steps.csp import Csp
from neurodecode.steps.join_signals import JoinSignals
from neurodecode.steps.recentre import Recentre
from neurodecode.steps.scale import Scale
from neurodecode.steps.tangent_space import TangentSpace as TangentSpace_


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
    assert [type(one).__name__ for one in stages_of(Mdm())] == ["Covariance", "NearestMean"]
    alone = PCA()
    assert stages_of(alone) == [alone]


def test_fitting_by_stage_is_fitting_the_pipeline():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((30, 6)), np.tile([0, 1, 2], 10)
    pipeline = make_pipeline(StandardScaler(), PCA(3), LinearDiscriminantAnalysis())
    expected = pipeline.fit(X, y).predict_proba(X)
    fitted = fit_stages(stages_of(pipeline), X, y)
    np.testing.assert_array_equal(fitted[-1].predict_proba(through(fitted, X)), expected)


SIGNAL = ("channel", "time")


@pytest.mark.parametrize(
    ("stages", "axes", "reason"),
    [
        ([Covariance(), Recentre(), TangentSpace_(), LogisticRegression()], SIGNAL, None),
        ([Scale(), CspLda()], SIGNAL, None),
        (
            [Connectivity(), CspLda()], ("parcel", "time"),
            "its CspLda takes trials of channel × time, and Connectivity gives feature.",
        ),
        # What is handed on as it came is remembered past the step.
        (
            [Covariance(), Recentre(), Scale(), CspLda()], SIGNAL,
            "its CspLda takes trials of channel × time, and Scale gives channel × channel.",
        ),
        (
            [Covariance(), LogisticRegression()], SIGNAL,
            "its LogisticRegression takes trials that are rows of numbers, and Covariance gives "
            "channel × channel.",
        ),
        ([Covariance(), Logistic()], SIGNAL, None),  # flattens trials
        ([JoinSignals(("a", "b")), LogisticRegression()], None, None),
        ([JoinSignals(("a",)), CspLda()], SIGNAL, None),
        # Nothing is known of what others give, or take beyond their tags.
        ([Covariances(), CspLda()], SIGNAL, None),
        ([Covariance(), TangentSpace(), LogisticRegression()], SIGNAL, None),
    ],
)  # fmt: skip
def test_a_stage_that_cannot_take_what_it_is_handed_is_found(stages, axes, reason):
    assert why_not_chained(make_pipeline(*stages), axes) == reason
