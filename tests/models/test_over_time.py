"""Estimators of each time, against mne's and one by one."""

import mne
import numpy as np
import pytest
from mne.decoding import GeneralizingEstimator, SlidingEstimator
from sklearn.base import clone, is_classifier, is_regressor
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import LinearSVC

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models._haufe import haufe_patterns
from neurodecode.models.linear.generalization import Generalization
from neurodecode.models.linear.time_resolved import TimeResolved

mne.set_log_level("ERROR")
PLAIN = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
ESTIMATORS = [(None, PLAIN), (LinearSVC(), LinearSVC()), (Ridge(), Ridge())]
MODELS = [(TimeResolved, SlidingEstimator), (Generalization, GeneralizingEstimator)]


def planted(n_classes=2, n=36, n_times=6, seed=0):
    """Classes differ in one channel from the third sample on."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = rng.normal(size=(n, 4, n_times)) * [[1], [2], [3], [1]] + 10
    X[np.arange(n), y, 2:] += 2
    return X, y


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize(("estimator", "plain"), ESTIMATORS, ids=lambda one: type(one).__name__)
@pytest.mark.parametrize(("model", "peer"), MODELS, ids=["time_resolved", "generalization"])
def test_it_is_mnes(model, peer, estimator, plain, n_classes):
    X, y = planted(n_classes)
    fresh, _ = planted(n_classes, seed=1)
    y = y.astype(float) if is_regressor(plain) else y
    ours = model(estimator).fit(X, y)
    theirs = peer(clone(plain), verbose=False).fit(X, y)
    for method in ("predict", "predict_proba", "decision_function"):
        assert hasattr(ours, method) == hasattr(plain, method)
        if hasattr(ours, method):
            np.testing.assert_array_equal(
                getattr(ours, method)(fresh), getattr(theirs, method)(fresh)
            )
    if not is_regressor(plain):
        assert ours.classes_.tolist() == list(range(n_classes))


def test_shapes_are_trials_by_times():
    X, y = planted(3)
    sliding, across = TimeResolved().fit(X, y), Generalization().fit(X, y)
    assert sliding.predict(X).shape == (36, 6)
    assert sliding.predict_proba(X).shape == (36, 6, 3)
    assert across.predict(X).shape == (36, 6, 6)
    assert across.predict_proba(X).shape == (36, 6, 6, 3)
    # Trained and asked at one time, generalization is the time-resolved decoder.
    diagonal = np.diagonal(across.predict_proba(X), axis1=1, axis2=2).transpose(0, 2, 1)
    np.testing.assert_array_equal(diagonal, sliding.predict_proba(X))


def test_the_effect_is_found_when_it_is_there():
    X, y = planted(n=200)
    fresh, truth = planted(n=200, seed=1)
    right = (TimeResolved().fit(X, y).predict(fresh) == truth[:, None]).mean(axis=0)
    assert np.all(np.abs(right[:2] - 0.5) < 0.12)  # 3.3 standard errors of a share of 200
    assert np.all(right[2:] > 0.75)


def test_generalization_is_asked_at_times_it_was_not_trained_on():
    X, y = planted()
    model = Generalization().fit(X, y)
    assert model.predict(X[..., :4]).shape == (36, 6, 4)


def test_kinds_of_target_follow_the_estimator():
    assert TimeResolved().needs.targets == ("label",)
    assert TimeResolved(Ridge()).needs.targets == ("value",)
    assert is_classifier(TimeResolved()) and is_regressor(Generalization(Ridge()))


@pytest.mark.parametrize("n_classes", [2, 3])
def test_patterns_are_of_channels_by_time(n_classes):
    X, y = planted(n_classes, n=90)
    model = TimeResolved().fit(X, y)
    found = np.array(list(model.patterns().values()))
    for time, (scaler, regression) in enumerate(model.estimators_):
        # On standardised channels a pattern is in standard deviations; back it is in units.
        at = X[..., time]
        expected = haufe_patterns(scaler.transform(at), regression.coef_) * scaler.scale_
        mine = found.reshape(len(found), 4, 6)[..., time]
        np.testing.assert_allclose(mine, expected, rtol=1e-6, atol=1e-8)
    assert list(model.patterns()) == [f"class {c}" for c in (range(3) if n_classes == 3 else (1,))]


def test_what_is_not_linear_has_no_patterns():
    X, y = planted()
    forest = RandomForestClassifier(5, random_state=0)
    assert TimeResolved(forest).fit(X, y).patterns() == {}
    assert list(TimeResolved(Ridge()).fit(X, y.astype(float)).patterns()) == ["value"]


def test_windows_of_another_length_are_named():
    X, y = planted()
    model = TimeResolved().fit(X, y)
    with pytest.raises(DataError, match="trials of 5 samples, and those of training had 6"):
        model.predict(X[..., :5])
    with pytest.raises(DataError, match=r"takes trials of channel × time.*\(36, 4\)"):
        model.predict(X[..., 0])


@pytest.mark.parametrize("wrong", ["linear.svm", LinearSVC])
def test_what_is_no_estimator_is_named(wrong):
    with pytest.raises(ConfigError, match=r"estimator is .*, which is no estimator"):
        _ = TimeResolved(wrong).needs
