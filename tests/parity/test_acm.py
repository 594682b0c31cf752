"""Augmented covariances and the search among them are those of pyriemann and scikit-learn."""

import sys
from pathlib import Path

import numpy as np
import pytest
from pyriemann.classification import MDM
from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import neurodecode as nd
from neurodecode.models.riemann.augmented_covariance import AugmentedCovariance

sys.path.insert(0, str(Path(__file__).parent))
from acm_search import AugmentedDataset, by_scikit_learn, by_the_harness, planted

ORDERS, LAGS = (1, 2, 3), (1, 4)
HEADS = {
    "mdm": [MDM()],
    "svm": [TangentSpace(), SVC(kernel="rbf", C=0.5)],
    "logistic": [TangentSpace(), LogisticRegression(C=0.5, max_iter=1000)],
}


@pytest.mark.parametrize("head", HEADS)
def test_a_given_order_and_lag_is_the_published_pipeline(head):
    X, y = planted(60, 4, 150, strength=1.1)
    fresh, _ = planted(60, 4, 150, strength=1.1, seed=1)
    model = AugmentedCovariance(3, 2, head=head, C=0.5, kernel="rbf").fit(X, y)
    plain = make_pipeline(AugmentedDataset(3, 2), Covariances("cov"), *HEADS[head]).fit(X, y)
    np.testing.assert_array_equal(model.predict(fresh), plain.predict(fresh))
    method = "decision_function" if head == "svm" else "predict_proba"
    found, expected = getattr(model, method)(fresh), getattr(plain, method)(fresh)
    # Two searches for one mean, each until its gradient is 1e-8.
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("head", "n_classes"), [("mdm", 2), ("mdm", 3), ("svm", 2)])
def test_every_candidate_scores_what_scikit_learns_search_finds(head, n_classes):
    X, y = planted(48, 4, 120, n_classes, strength=1.06)
    scoring = "roc_auc" if n_classes == 2 else "accuracy"
    search = by_scikit_learn(X, y, head, ORDERS, LAGS, scoring)
    told = by_the_harness(X, y, head, ORDERS, LAGS, scoring)
    scores = np.array([one["score"] for one in told["scores"]])
    expected = search.cv_results_["mean_test_score"]
    np.testing.assert_array_equal(scores, expected)
    assert 0.4 < scores.min() < scores.max() < 1
    arguments = [
        {name.rpartition("__")[2]: value for name, value in one.items()}
        for one in search.cv_results_["params"]
    ]
    assert [one["arguments"] for one in told["scores"]] == arguments
    assert told["chosen"] == arguments[search.best_index_]


def test_of_equal_scores_the_first_candidate_wins():
    X, y = planted(48, 4, 120, strength=4.0)  # so strong that several tell all trials right
    search = by_scikit_learn(X, y, "mdm", ORDERS, LAGS)
    told = by_the_harness(X, y, "mdm", ORDERS, LAGS)
    scores = np.array([one["score"] for one in told["scores"]])
    assert np.count_nonzero(scores == scores.max()) > 1
    assert told["chosen"] == told["scores"][search.best_index_]["arguments"]
    # All lags are one candidate where there is one copy, and the first of them is lag 1.
    alone = [one["score"] for one in told["scores"] if one["arguments"]["order"] == 1]
    assert len(alone) == len(LAGS)
    assert len(set(alone)) == 1
    told = by_the_harness(X, y, "mdm", (1,), LAGS)
    assert told["chosen"] == {"lag": 1, "order": 1}


@pytest.fixture
def no_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path))


def autoregressive(n_trials=120, n_sources=6, n_times=500, sfreq=250.0, seed=0):
    """Mixed sources of one power, whose rhythm alone differs by class: 11 or 12.5 Hz."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_trials) % 2
    omega = 2 * np.pi * np.where(y == 1, 12.5, 11.0) / sfreq
    radius, burn = 0.97, 300
    noise = rng.normal(size=(n_times + burn, n_trials, n_sources))
    x = np.zeros_like(noise)
    for t in range(2, n_times + burn):
        x[t] = 2 * radius * np.cos(omega)[:, None] * x[t - 1] - radius**2 * x[t - 2] + noise[t]
    sources = np.moveaxis(x[burn:], 0, -1)
    sources /= sources.std(axis=(0, 2), keepdims=True)
    for code in (0, 1):  # unit variance of each class
        sources[y == code] /= sources[y == code].std(axis=(0, 2), keepdims=True)
    return rng.normal(size=(n_sources, n_sources)) @ sources, y


def test_classes_that_differ_in_their_spectrum_alone_are_told_by_delayed_copies(no_cache):
    # Spec'd bounds: below .65 and above .95; measured .55 and 1.00.
    X, y = autoregressive()
    results = nd.evaluate(
        X,
        y,
        models=[
            "riemann.tangent_space",
            {"riemann.augmented_covariance": {"order": 2, "lag": 5, "head": "logistic"}},
        ],
        protocol="within_session",
        metrics="roc_auc",
        controls=(),
        n_draws=0,
        verbose=False,
    )
    scores = {row.model: row.mean for row in results.rows()}
    assert scores["riemann.tangent_space"] < 0.65
    assert scores["riemann.augmented_covariance"] > 0.95


def test_what_is_reported_of_a_search_is_the_outer_score(no_cache):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(24, 3, 100)), np.arange(24) % 2  # nothing to find
    name = "riemann.augmented_covariance"
    results = nd.evaluate(
        X,
        y,
        models=[{name: {"head": "mdm"}}],
        protocol={"within_session": {"n_splits": 3}},
        metrics="accuracy",
        controls=(),
        n_draws=0,
        tune={"grids": {name: {"lag": [1, 2, 3, 5], "order": [1, 2, 3, 4]}}, "n_splits": 3},
        verbose=False,
    )
    (row,) = results.rows()
    jobs = results.store.index()["jobs"]
    best = [max(one["score"] for one in results.store.tuned(job["key"])["scores"]) for job in jobs]
    assert len(best) == 3
    # The best of sixteen on noise is well above chance; the score is not that.
    assert np.mean(best) > 0.6
    assert row.mean < np.mean(best) - 0.05
