"""Steps of transfer give what `pyriemann.transfer` gives, and what formulas written out give.

There each row carries its domain in its label; here in the columns of its row.
"""

import sys
from pathlib import Path

import numpy as np
import pytest
from pyriemann.geometry.distance import distance
from pyriemann.geometry.mean import gmean
from pyriemann.optimization.grassmann import _get_rotation_manifold, _run_minimization
from pyriemann.transfer import MDWM, TLCenter, TLScale, encode_domains
from scipy.linalg import inv, orthogonal_procrustes, sqrtm

from neurodecode.linalg.procrustes import rotation, turned, vector_rotation
from neurodecode.models.riemann.mdwm import Mdwm
from neurodecode.steps.euclidean_alignment import EuclideanAlignment
from neurodecode.steps.recentre import Recentre
from neurodecode.steps.rescale import Rescale
from neurodecode.steps.rotate import Rotate

sys.path.insert(0, str(Path(__file__).parents[1] / "steps"))
from domains_made import covariances, mixing, of_sessions, signals

N = 14
Y = np.arange(N) % 2
SETS = {
    name: covariances(N, seed, mixing(seed + 20))
    for seed, name in enumerate(("source", "other", "target", "tested"))
}
TRAINED = ("source", "other", "target")  # theirs is fitted on rows of the target too
# Two searches for a mean, each of which ends at a gradient of 1e-8.
CLOSE = {"rtol": 1e-7, "atol": 1e-8}


def encoded(sets):
    names = np.repeat(TRAINED, N)
    return encode_domains(np.concatenate([sets[name] for name in TRAINED]), np.tile(Y, 3), names)


def of_ours(step, sets):
    """Fit on the sources, adapt to the target; give their rows, and new ones of the target."""
    trained = of_sessions(source=sets["source"], other=sets["other"])
    moved = [step.fit_transform(trained, np.tile(Y, 2))]
    seen = of_sessions(target=sets["target"])
    moved.append(step.adapt(seen, Y).transform(seen))
    return np.concatenate(moved), step.transform(of_sessions(target=sets["tested"]))


@pytest.mark.parametrize("metric", ["riemann", "logeuclid", "euclid"])
def test_recentring(metric):
    theirs = TLCenter("target", metric=metric)
    rows, tested = of_ours(Recentre(metric), SETS)
    np.testing.assert_allclose(rows, theirs.fit_transform(*encoded(SETS)), **CLOSE)
    np.testing.assert_allclose(tested, theirs.transform(SETS["tested"]), **CLOSE)


def test_where_theirs_differs_between_fit_transform_and_transform_ours_looks_at_the_rows():
    # Their transform takes every row for one of the target; told the domain, it gives ours.
    X, y = encoded(SETS)
    as_target = TLCenter("target").fit(X, y).transform(SETS["source"])
    as_source = TLCenter("source").fit(X, y).transform(SETS["source"])
    step = Recentre().fit(of_sessions(source=SETS["source"], other=SETS["other"]))
    step.adapt(of_sessions(target=SETS["target"]))
    for name, theirs in (("source", as_source), ("target", as_target)):
        given = step.transform(of_sessions(**{name: SETS["source"]}))
        np.testing.assert_allclose(given, theirs, **CLOSE)


def test_rescaling():
    centre = TLCenter("target").fit(*encoded(SETS))
    centred = {name: np.array(Recentre().fit_transform(C)) for name, C in SETS.items()}
    centred["tested"] = centre.transform(SETS["tested"])
    theirs = TLScale("target", centered_data=True)
    X, y = encoded(centred)
    rows, tested = of_ours(Rescale(), centred)
    np.testing.assert_allclose(rows, theirs.fit_transform(X.copy(), y), rtol=1e-10, atol=1e-12)
    expected = theirs.transform(centred["tested"].copy())
    np.testing.assert_allclose(tested, expected, rtol=1e-10, atol=1e-12)


def test_euclidean_alignment_is_the_formula():
    a, b, tested = (signals(N, seed, mixing(seed)) for seed in (1, 2, 3))
    step = EuclideanAlignment()
    given = [*np.split(step.fit_transform(of_sessions(a=a, b=b)), 2)]
    given.append(step.adapt(of_sessions(c=tested[:5])).transform(of_sessions(c=tested[5:])))
    for mine, X, seen in zip(given, (a, b, tested[5:]), (a, b, tested[:5]), strict=True):
        R = sum(x @ x.T / x.shape[1] for x in seen) / len(seen)
        expected = [inv(np.real(sqrtm(R))) @ x for x in X]
        np.testing.assert_allclose(mine, expected, rtol=1e-8, atol=1e-10)


def class_means(seed, turn):
    C = Recentre().fit_transform(covariances(N, seed))
    return np.stack([np.asarray(gmean((turn @ C @ turn.T)[code == Y])) for code in (0, 1)])


@pytest.mark.parametrize("metric", [pytest.param("riemann", marks=pytest.mark.slow), "euclid"])
def test_a_rotation_is_one_that_their_search_would_not_leave_and_no_worse_than_theirs(metric):
    # Theirs starts from eigenvectors whose signs are those that a library happens to give. Means of
    # two classes are nearly each other's inverse here, so that many minima are nearly as deep.
    losses = []
    for seed in range(4):
        turn = np.linalg.qr(np.random.default_rng(seed).normal(size=(4, 4)))[0]
        X, Y_ = class_means(seed, np.eye(4)), class_means(seed + 50, turn)
        ours = rotation(X, Y_, metric, tol=1e-7)
        theirs = _get_rotation_manifold(X, Y_, metric=metric)
        there, _ = _run_minimization(ours.value, X, Y_, np.full(2, 0.5), metric=metric)
        np.testing.assert_allclose(there, ours.value, atol=1e-4)
        losses.append([np.mean(distance(Y_, Q @ X @ Q.T, metric=metric) ** 2)
                       for Q in (ours.value, theirs)])  # fmt: skip
        assert ours.loss == pytest.approx(losses[-1][0], rel=1e-6)
    ours, theirs = np.transpose(losses)
    assert np.all(ours < theirs * 1.001)
    assert np.median(ours / theirs) < 1


def test_rotating_is_turning_class_means_by_that_rotation():
    sets = {name: Recentre().fit_transform(C) for name, C in SETS.items()}
    step = Rotate().fit(of_sessions(source=sets["source"]), Y)
    step.adapt(of_sessions(target=sets["target"]), Y)
    X, Y_ = (
        np.stack([np.asarray(gmean(sets[name][code == Y])) for code in (0, 1)])
        for name in ("target", "source")
    )
    Q = rotation(X, Y_, step.metric).value
    expected = Q @ sets["tested"] @ Q.T
    given = step.transform(of_sessions(target=sets["tested"]))
    np.testing.assert_allclose(given, expected, atol=1e-4)  # the means differ by 1e-8


def test_vectors_are_turned_by_orthogonal_procrustes():
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(3, 10)), rng.normal(size=(3, 10))
    # Of all its solutions theirs is another one; what becomes of the given vectors is the same.
    expected = A @ orthogonal_procrustes(A, B)[0]
    np.testing.assert_allclose(turned(A, *vector_rotation(A, B)), expected, atol=1e-10)


@pytest.mark.parametrize("tradeoff", [0.0, 0.3, 1.0])
def test_means_between_those_of_others_and_the_tested(tradeoff):
    theirs = MDWM(tradeoff, "target").fit(*encoded(SETS))
    sources = np.concatenate([SETS["source"], SETS["other"]])
    model = Mdwm(tradeoff, estimator="given").fit(sources, np.tile(Y, 2))
    model.adapt(SETS["target"], Y)
    np.testing.assert_allclose(model.stages_[-1].means_, theirs.covmeans_, **CLOSE)
    np.testing.assert_allclose(
        model.predict_proba(SETS["tested"]), theirs.predict_proba(SETS["tested"]), **CLOSE
    )
