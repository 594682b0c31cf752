"""Patterns say where the signal is: Haufe et al. 2014, doi 10.1016/j.neuroimage.2013.10.067."""

import numpy as np
import pytest

from neurodecode.models._haufe import named_patterns
from neurodecode.models.linear.lda import Lda
from neurodecode.models.linear.logistic import Logistic
from neurodecode.models.linear.svm import Svm

N_CLASSES, N_FEATURES = 4, 12


def planted(n_classes=N_CLASSES, n=400, seed=0):
    """Class c raises feature c; the last feature is noise that feature 0 shares."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = 0.5 * rng.standard_normal((n, N_FEATURES))
    X[np.arange(n), y] += 1.0
    noise = rng.standard_normal(n)
    X[:, 0] += noise
    X[:, -1] = noise
    return X, y


@pytest.mark.parametrize("model", [Lda(), Logistic(), Svm()], ids=repr)
def test_a_class_has_its_own_feature_raised(model):
    X, y = planted()
    patterns = model.fit(X, y).patterns()
    assert list(patterns) == [f"class {c}" for c in range(N_CLASSES)]
    for c in range(N_CLASSES):
        found = patterns[f"class {c}"]
        assert np.argmax(found) == c
        assert found[c] > 0


@pytest.mark.parametrize("model", [Lda(), Logistic(), Svm()], ids=repr)
def test_two_classes_have_one_pattern_towards_the_second(model):
    X, y = planted(n_classes=2)
    ((name, pattern),) = model.fit(X, y).patterns().items()
    assert name == "class 1"
    assert pattern[1] > 0 > pattern[0]


@pytest.mark.parametrize("model", [Lda(), Logistic(), Svm()], ids=repr)
def test_a_feature_that_only_cancels_noise_has_weight_and_no_pattern(model):
    X, y = planted(n_classes=2)
    model.fit(X, y)
    weight, pattern = model.estimator_.coef_[0], model.patterns_[0]
    assert abs(weight[-1]) > 0.5 * abs(weight[0])
    assert abs(pattern[-1]) < 0.3 * abs(pattern[0])


def test_names():
    assert list(named_patterns(np.zeros((1, 3)), [3, 5])) == ["class 5"]
    assert list(named_patterns(np.zeros((3, 3)), [0, 2, 4])) == ["class 0", "class 2", "class 4"]
