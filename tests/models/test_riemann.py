"""Models on covariances against plain pipelines, and what they say where there is too little."""

import numpy as np
import pytest
from pyriemann.classification import FgMDM
from pyriemann.estimation import Covariances
from pyriemann.estimation import XdawnCovariances as Estimation
from pyriemann.tangentspace import FGDA
from pyriemann.tangentspace import TangentSpace as Projection
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.names import find
from neurodecode.core.stages import is_stateless
from neurodecode.models.riemann.augmented_covariance import AugmentedCovariance
from neurodecode.models.riemann.fgmdm import Fgmdm
from neurodecode.models.riemann.filterbank_tangent_space import FilterbankTangentSpace
from neurodecode.models.riemann.tangent_space import TangentSpace
from neurodecode.models.riemann.xdawn_tangent_space import XdawnTangentSpace
from neurodecode.steps.augmented_covariance import AugmentedCovariance as Augmented
from neurodecode.steps.covariance import Covariance
from neurodecode.steps.fgda import Fgda

# Two searches for one mean, each until its gradient is 1e-8.
CLOSE = {"rtol": 1e-6, "atol": 1e-6}
NAMES = ("augmented_covariance", "fgmdm", "mdm", "tangent_space", "xdawn_tangent_space")


def planted(n_trials=48, n_classes=2, seed=0, n_channels=5):
    rng = np.random.default_rng(seed)
    y = np.arange(n_trials) % n_classes
    X = rng.normal(size=(n_trials, n_channels, 90))
    X[np.arange(n_trials), y] *= 1.3
    X[np.arange(n_trials), y] += 0.1
    return X, y


@pytest.mark.parametrize("n_classes", [2, 3, 4])
@pytest.mark.parametrize("n_trials", [24, 80])  # fewer than tangent features, and more
def test_geodesic_filtering_is_pyriemanns(n_classes, n_trials):
    X, y = planted(n_trials, n_classes, n_channels=8)
    fresh, _ = planted(n_trials, n_classes, seed=1, n_channels=8)
    model = Fgmdm().fit(X, y)
    plain = make_pipeline(Covariances("oas"), FgMDM()).fit(X, y)
    np.testing.assert_array_equal(model.predict(fresh), plain.predict(fresh))
    np.testing.assert_allclose(model.predict_proba(fresh), plain.predict_proba(fresh), **CLOSE)
    step, peer = make_pipeline(Covariance(), Fgda()), make_pipeline(Covariances("oas"), FGDA())
    found, expected = (one.fit(X, y).transform(fresh) for one in (step, peer))
    np.testing.assert_allclose(found, expected, **CLOSE)


def test_no_projector_of_all_features_is_kept():
    X, y = planted(n_channels=12)
    kept = [value for stage in Fgmdm().fit(X, y).stages_ for value in vars(stage).values()]
    n_features = 12 * 13 // 2
    assert max(np.size(one) for one in kept) < n_features**2 / 10


def svc(kernel):
    return SVC(C=0.5, kernel=kernel)


HEADS = {
    "linear machine": ({"head": "svm"}, svc("linear")),
    "machine of radial functions": ({"head": "svm", "kernel": "rbf"}, svc("rbf")),
    "logistic": ({"head": "logistic"}, LogisticRegression(C=0.5, max_iter=1000)),
}


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("name", HEADS)
def test_heads_are_scikit_learns(name, n_classes):
    arguments, last = HEADS[name]
    X, y = planted(n_classes=n_classes)
    fresh, _ = planted(n_classes=n_classes, seed=1)
    pairs = (
        (TangentSpace(C=0.5, **arguments), Covariances("oas")),
        (XdawnTangentSpace(2, C=0.5, **arguments), Estimation(2, estimator="oas")),
    )
    for model, before in pairs:
        plain = make_pipeline(before, Projection(), last).fit(X, y)
        model.fit(X, y)
        np.testing.assert_array_equal(model.predict(fresh), plain.predict(fresh))
        found, expected = model.decision_function(fresh), plain.decision_function(fresh)
        np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-5)  # libsvm stops at 1e-3
        assert hasattr(model, "predict_proba") == hasattr(plain, "predict_proba")


def test_the_elastic_net_leaves_features_out():
    X, y = planted(60)
    model = TangentSpace(head="elastic_net", C=0.5, l1_ratio=0.7, max_iter=3000).fit(X, y)
    weights = model.stages_[-1].coef_
    assert 0 < np.count_nonzero(weights) < weights.size
    again = TangentSpace(head="elastic_net", C=0.5, l1_ratio=0.7, max_iter=3000).fit(X, y)
    np.testing.assert_array_equal(again.stages_[-1].coef_, weights)


def test_bands_stand_side_by_side_in_the_tangent_space():
    several = [planted(seed=seed) for seed in (0, 2)]
    fresh = np.stack([planted(seed=seed)[0] for seed in (1, 3)], axis=1)
    X, y = np.stack([one for one, _ in several], axis=1), several[0][1]
    model = FilterbankTangentSpace().fit(X, y)
    bands = [make_pipeline(Covariances("oas"), Projection()).fit(X[:, i]) for i in (0, 1)]
    vectors, tested = (
        np.concatenate([one.transform(some[:, i]) for i, one in enumerate(bands)], axis=1)
        for some in (X, fresh)
    )
    plain = LogisticRegression(max_iter=1000).fit(vectors, y)
    np.testing.assert_allclose(model.predict_proba(fresh), plain.predict_proba(tested), **CLOSE)


def test_what_is_selected_depends_on_training_trials_and_on_no_label():
    X, y = planted(8, n_channels=3)
    X = np.cumsum(np.concatenate([X, X[..., ::-1]], axis=-1), axis=-1)  # smooth, 180 samples
    X -= X.mean(axis=-1, keepdims=True)
    for method in ("mdop", "afnn"):
        step = Augmented(select=method, estimator="oas")
        assert not is_stateless(step)
        found = step.fit(X, y).embedding_
        assert Augmented(select=method, estimator="oas").fit(X, y[::-1]).embedding_ == found
        n = X.shape[1] * found.order
        assert step.transform(X[:2]).shape == (2, n, n)
    assert is_stateless(Augmented(3, 2))


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"fgmdm"}))
def test_one_trial_a_class_is_enough_to_answer(name):
    X, y = planted(2)
    model = find(f"riemann.{name}", "models")().fit(X, y)
    np.testing.assert_array_equal(model.predict(X), y)


def test_a_discriminant_needs_two_trials_of_a_class():
    X, y = planted(2)
    with pytest.raises(ValueError, match="each of the 2 classes has one training trial"):
        Fgmdm().fit(X, y)
    assert len(Fgmdm().fit(*planted(3)).predict(X)) == 2


@pytest.mark.parametrize("name", sorted(set(NAMES) - {"mdm"}))
def test_one_class_is_an_error(name):
    X, _ = planted(6)
    model = find(f"riemann.{name}", "models")()
    with pytest.raises((DataError, ValueError), match="class"):
        model.fit(X, np.zeros(6, dtype=int))


def test_what_cannot_be_meant_is_named():
    X, y = planted(12)
    with pytest.raises(ConfigError, match=r"head: 'svn' is none\. Did you mean 'svm'"):
        TangentSpace(head="svn").fit(X, y)
    with pytest.raises(ConfigError, match="kernel: 'poly' is none"):
        TangentSpace(head="svm", kernel="poly").fit(X, y)
    with pytest.raises(ConfigError, match="AugmentedCovariance: order is 0"):
        AugmentedCovariance(order=0).fit(X, y)
    with pytest.raises(DataError, match="order 9 of lag 5 leaves 45 samples"):
        AugmentedCovariance(order=9, lag=5).fit(X, y)
    flat = X.copy()
    flat[:, 1] = flat[:, 0]
    with pytest.raises(DataError, match="order 2 of lag 1: trial 0: the covariance has rank 8"):
        AugmentedCovariance(order=2, lag=1).fit(flat, y)
