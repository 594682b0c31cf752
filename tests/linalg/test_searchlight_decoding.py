import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import RidgeClassifier
from sklearn.metrics import balanced_accuracy_score
from sklearn.naive_bayes import GaussianNB

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.searchlight import volume_searchlight
from neurodecode.linalg.searchlight_decoding import decoding_scores

PEERS = {
    "gnb": GaussianNB(),
    "ridge": RidgeClassifier(3.0),
    "lda": LinearDiscriminantAnalysis("lsqr", shrinkage=0.3),
}
OURS = {"gnb": {}, "ridge": {"alpha": 3.0}, "lda": {"shrinkage": 0.3}}
SHAPE = (4, 4, 3)


def planted(n_classes, n_folds, per_fold, seed=0):
    """Voxels of unlike scales, far from zero; one is constant, one within a class."""
    rng = np.random.default_rng(seed)
    n, n_voxels = n_folds * per_fold, int(np.prod(SHAPE))
    folds, labels = np.repeat(np.arange(n_folds), per_fold), np.arange(n) % n_classes
    X = rng.normal(size=(n, n_voxels)) + 0.4 * rng.normal(size=(n_classes, n_voxels))[labels]
    X = 100 + X * np.exp(rng.normal(size=n_voxels))
    X[:, 7] = 5.0
    X[labels == 0, 21] = 3.0
    return X, labels, folds


def every_third(radius):
    """A third of the centres, of the border and within: the peer takes its time."""
    return volume_searchlight(np.ones(SHAPE), radius).take(np.arange(0, 48, 3))


def by_scikit_learn(model, X, labels, folds, light, score=lambda true, said: (true == said).mean()):
    """Mean over folds of a score, fitted at each centre by itself."""
    scores = np.zeros(len(light))
    for i in range(len(light)):
        near = X[:, light.of(i)]
        for fold in np.unique(folds):
            test = folds == fold
            said = model.fit(near[~test], labels[~test]).predict(near[test])
            scores[i] += score(labels[test], said) / len(np.unique(folds))
    return scores


@pytest.mark.parametrize("classifier", PEERS)
@pytest.mark.parametrize(
    # The second has fewer trials than most balls have voxels.
    ("n_classes", "n_folds", "per_fold", "radius"),
    [(2, 4, 10, 1.8), (2, 3, 6, 2.9), (4, 3, 12, 1.8)],
)
def test_scores_are_scikit_learns_at_every_centre(classifier, n_classes, n_folds, per_fold, radius):
    X, labels, folds = planted(n_classes, n_folds, per_fold)
    light = every_third(radius)
    found = decoding_scores(X, labels, folds, light, classifier, **OURS[classifier])
    expected = by_scikit_learn(PEERS[classifier], X, labels, folds, light)
    # The same trials are told right; means of folds differ by rounding.
    np.testing.assert_allclose(found, expected, atol=1e-12)
    assert np.ptp(expected) > 0.2


@pytest.mark.parametrize("classifier", PEERS)
def test_draws_at_once_are_draws_one_by_one(classifier):
    X, labels, folds = planted(3, 4, 6)
    light = volume_searchlight(np.ones(SHAPE), 1.5)
    rng = np.random.default_rng(0)
    draws = np.stack([labels, rng.permutation(labels), rng.permutation(labels)])
    at_once = decoding_scores(X, draws, folds, light, classifier)
    for draw, y in zip(at_once, draws, strict=True):
        np.testing.assert_array_equal(draw, decoding_scores(X, y, folds, light, classifier))


def test_variances_that_differ_a_billionfold_are_those_of_scikit_learn():
    """There the share of the largest variance that is added to all tells."""
    X, labels, folds = planted(2, 4, 10)
    X = X - X.mean(axis=0)
    X[:, ::2] *= 1e-5
    light = every_third(1.8)
    found = decoding_scores(X, labels, folds, light, "gnb")
    expected = by_scikit_learn(GaussianNB(), X, labels, folds, light)
    np.testing.assert_allclose(found, expected, atol=1e-12)
    without = by_scikit_learn(GaussianNB(var_smoothing=1e-20), X, labels, folds, light)
    assert not np.allclose(found, without, atol=1e-12)


def test_balanced_scores_count_classes_alike():
    X, labels, folds = planted(2, 4, 10)
    labels = np.where(np.arange(len(labels)) % 5 == 0, 1, 0)  # two of ten
    light = every_third(1.5)
    expected = by_scikit_learn(PEERS["lda"], X, labels, folds, light, balanced_accuracy_score)
    found = decoding_scores(X, labels, folds, light, "lda", shrinkage=0.3, balanced=True)
    np.testing.assert_allclose(found, expected, atol=1e-12)


X, LABELS, FOLDS = planted(2, 4, 10)
LIGHT = volume_searchlight(np.ones(SHAPE), 1.5)
WITH_NAN = np.where(np.arange(X.shape[1]) == 3, np.nan, X)


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        (lambda: decoding_scores(X[:, 1:], LABELS, FOLDS, LIGHT), DataError, "48 columns"),
        (lambda: decoding_scores(X, LABELS[1:], FOLDS, LIGHT), DataError, "39 labels"),
        (lambda: decoding_scores(WITH_NAN, LABELS, FOLDS, LIGHT), DataError, "column 3"),
        (lambda: decoding_scores(X, LABELS, 0 * FOLDS, LIGHT), DataError, "1 folds"),
        (lambda: decoding_scores(X, 0 * LABELS, FOLDS, LIGHT), DataError, "1 classes"),
        (
            lambda: decoding_scores(X, np.where(FOLDS == 2, 1, 0), FOLDS, LIGHT),
            DataError,
            "without fold 2 no trial is left of class 1",
        ),
        (lambda: decoding_scores(X, LABELS, FOLDS, LIGHT, "svm"), ConfigError, "'svm'"),
        (lambda: decoding_scores(X, LABELS, FOLDS, LIGHT, "ridge", alpha=0), ConfigError, "alpha"),
        (
            lambda: decoding_scores(X, LABELS, FOLDS, LIGHT, "lda", shrinkage=0),
            ConfigError,
            "shrinkage is 0",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(call, error, said):
    with pytest.raises(error, match=said):
        call()
