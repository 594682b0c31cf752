"""Covariances and signals of each domain brought to the identity by what may be seen of it."""

import sys
from pathlib import Path

import numpy as np
import pytest
from pyriemann.geometry.geodesic import geodesic
from pyriemann.geometry.mean import gmean

from neurodecode.core.errors import DataError
from neurodecode.core.stages import ignores_y
from neurodecode.steps.euclidean_alignment import EuclideanAlignment
from neurodecode.steps.recentre import Recentre

sys.path.insert(0, str(Path(__file__).parent))
from domains_made import covariances, mixing, of_sessions, signals

METRICS = ("riemann", "logeuclid", "euclid")
BOTH = ((Recentre, covariances), (EuclideanAlignment, signals))
both = pytest.mark.parametrize(("kind", "made"), BOTH, ids=lambda one: one.__name__)


def invsqrt(C):
    values, vectors = np.linalg.eigh(C)
    return (vectors / np.sqrt(values)) @ vectors.T


@pytest.mark.parametrize("metric", METRICS)
def test_each_training_domain_is_whitened_by_its_own_mean(metric):
    a, b = covariances(seed=1), covariances(9, 2, mixing(3))
    given = Recentre(metric).fit_transform(of_sessions(a=a, b=b))
    for C, mine in ((a, given[:12]), (b, given[12:])):
        W = invsqrt(np.asarray(gmean(C, metric=metric)))
        # Either search for a mean ends at a gradient of 1e-8.
        np.testing.assert_allclose(mine, W @ C @ W, rtol=1e-7, atol=1e-8)
        if metric != "logeuclid":  # the logarithmic mean does not follow a whitening
            np.testing.assert_allclose(gmean(mine, metric=metric), np.eye(4), atol=1e-7)


def test_signals_of_a_domain_have_unit_covariance_on_average():
    a, b = signals(seed=1), signals(9, 2, mixing(3))
    given = EuclideanAlignment().fit_transform(of_sessions(a=a, b=b))
    for mine in (given[:12], given[12:]):
        powers = np.mean([x @ x.T / x.shape[1] for x in mine], axis=0)
        np.testing.assert_allclose(powers, np.eye(4), atol=1e-12)


@both
def test_fit_then_transform_is_fit_transform_because_rows_name_their_domain(kind, made):
    trials = of_sessions(a=made(seed=1), b=made(9, 2, mixing(3)))
    step = kind().fit(trials)
    np.testing.assert_array_equal(step.transform(trials), kind().fit_transform(trials))
    one_by_one = np.concatenate([step.transform(trials.take([i])) for i in range(len(trials))])
    np.testing.assert_allclose(one_by_one, step.transform(trials), rtol=1e-12, atol=1e-14)


@both
def test_an_array_without_rows_is_one_domain(kind, made):
    X, fresh = made(seed=1), made(seed=2, mixing=mixing(3))
    step = kind().fit(X)
    named = kind().fit(of_sessions(a=X))
    np.testing.assert_array_equal(step.transform(X), named.transform(of_sessions(a=X)))
    np.testing.assert_array_equal(step.transform(fresh), kind().fit(X).transform(fresh))
    np.testing.assert_array_equal(step.adapt(fresh).transform(fresh), kind().fit_transform(fresh))


@both
def test_tested_rows_are_whitened_by_what_was_seen_of_their_domain(kind, made):
    trained = of_sessions(a=made(seed=1), b=made(seed=2, mixing=mixing(3)))
    seen, also = made(6, 4, mixing(5)), made(6, 5, mixing(6))
    tested, other = made(7, 7, mixing(5)), made(7, 8, mixing(6))
    step = kind().fit(trained).adapt(of_sessions(c=seen, d=also))
    given = step.transform(of_sessions(c=tested, d=other))
    by_hand = [kind().fit(s).transform(X) for s, X in ((seen, tested), (also, other))]
    np.testing.assert_array_equal(given, np.concatenate(by_hand))
    # Those that were trained on stay where they were.
    np.testing.assert_array_equal(step.transform(trained), kind().fit_transform(trained))


@both
def test_a_domain_of_which_nothing_was_seen_is_whitened_by_the_mean_of_the_means(kind, made):
    a, b = made(4, 1), made(12, 2, mixing(3))
    step = kind().fit(of_sessions(a=a, b=b))
    means = np.stack(list(step.centres_.trained.values()))
    metric = step.centres_.metric
    W = invsqrt(np.asarray(gmean(means, metric=metric)))
    fresh = made(5, 4, mixing(5))
    expected = W @ fresh @ W if kind is Recentre else W @ fresh
    np.testing.assert_allclose(step.transform(of_sessions(c=fresh)), expected, rtol=1e-9)
    np.testing.assert_array_equal(step.transform(fresh), step.transform(of_sessions(c=fresh)))


def test_the_columns_say_what_a_domain_is():
    trials = of_sessions(a=covariances(seed=1), b=covariances(seed=2, mixing=mixing(3)))
    together, apart = Recentre(by=("subject",)).fit(trials), Recentre().fit(trials)
    assert list(together.centres_.trained) == ["subject 1"]
    assert list(apart.centres_.trained) == ["subject 1, session a", "subject 1, session b"]
    nobody = Recentre(by=()).fit(trials)
    np.testing.assert_array_equal(nobody.transform(trials), together.transform(trials))


def test_a_mixing_between_sessions_is_undone_up_to_a_rotation():
    # Zanini et al. 2018: other gains or places of electrodes are a congruence; distances between
    # covariances do not see what is left of it.
    C = covariances()
    A = mixing(5)
    here, there = np.split(Recentre().fit_transform(of_sessions(a=C, b=A @ C @ A.T)), 2)
    np.testing.assert_allclose(np.linalg.eigvalsh(there), np.linalg.eigvalsh(here), rtol=1e-6)
    W, V = (invsqrt(np.asarray(gmean(one))) for one in (C, A @ C @ A.T))
    rotation = V @ A @ np.linalg.inv(W)
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(4), atol=1e-7)
    np.testing.assert_allclose(there, rotation @ here @ rotation.T, atol=1e-7)


@pytest.mark.parametrize("metric", METRICS)
def test_the_recursive_mean_is_the_formula(metric):
    C = covariances(8)
    step = Recentre(metric, recursive=True).fit(covariances(seed=1)).adapt(C)
    M = C[0]
    for k, one in enumerate(C[1:], start=2):
        M = np.asarray(geodesic(M, one, 1 / k, metric=metric))
    assert step.centres_.n_seen == {"": 8}
    np.testing.assert_allclose(step.centres_.tested[""], M, rtol=1e-10)
    if metric == "euclid":
        np.testing.assert_allclose(M, C.mean(axis=0), rtol=1e-12)
    in_parts = Recentre(metric, recursive=True).fit(covariances(seed=1))
    for one in C:
        in_parts.update(one[None])
    np.testing.assert_array_equal(in_parts.centres_.tested[""], step.centres_.tested[""])


@both
def test_no_trial_changes_the_answer_to_an_earlier_one(kind, made):
    def answers(X):
        step = kind(recursive=True).fit(made(seed=1))
        return np.stack([step.update(one[None]).transform(one[None])[0] for one in X])

    X = made(10, 2, mixing(3))
    before = answers(X)
    for k in (0, 4, 9):
        changed = X.copy()
        changed[k] = made(1, 77, mixing(8))[0]
        after = answers(changed)
        np.testing.assert_array_equal(after[:k], before[:k])
        assert not np.allclose(after[k:], before[k:])


@both
def test_adapting_changes_nothing_that_was_trained(kind, made):
    trained = of_sessions(a=made(seed=1), b=made(seed=2, mixing=mixing(3)))
    step = kind().fit(trained)
    before = step.centres_
    step.adapt(of_sessions(c=made(seed=4)))
    assert step.centres_.trained is before.trained and step.centres_.overall is before.overall
    assert before.tested == {}


def test_what_has_no_inverse_is_named():
    C = covariances()
    C[3, 0] = C[3, 1]
    C[3, :, 0] = C[3, :, 1]
    with pytest.raises(DataError, match=r"^trial 3: the covariance has rank 3 for 4 channels"):
        Recentre().fit(C)
    with pytest.raises(DataError, match=r"^trial 3: the covariance has rank 3 for 4 channels"):
        Recentre().fit(covariances()).adapt(C)
    flat = signals()
    flat[:, 2] = flat[:, 1]
    said = "mean covariance of subject 1, session b has rank 3 for 4 channels"
    with pytest.raises(DataError, match=said):
        EuclideanAlignment().fit(of_sessions(a=signals(), b=flat))
    with pytest.raises(DataError, match="mean covariance of the trials has rank 3"):
        EuclideanAlignment().fit(signals()).adapt(flat)


@both
def test_what_cannot_be_meant_is_refused(kind, made):
    assert ignores_y(kind())
    assert not hasattr(kind(), "update")  # so the harness knows that it does not go on
    with pytest.raises(DataError, match=r"takes trials of channel × .*shape \(12, 16\)"):
        kind().fit(made().reshape(12, -1)[:, :16])
    trials = of_sessions(a=made(), b=made())
    gap = trials.rows.table.assign(session=["a"] * 12 + [None] * 12)
    lacking = type(trials)(type(trials.rows)(gap), trials.signals)
    with pytest.raises(DataError, match="12 of 24 rows have no session, so their domain is not kn"):
        kind().fit(lacking)
    two = kind().fit(made()).adapt(trials)
    with pytest.raises(DataError, match=r"adapted to 2 domains \(subject 1, session a, subject 1"):
        two.transform(made())


@both
def test_what_comes_without_rows_goes_on_with_the_domain_seen_before(kind, made):
    trials = of_sessions(b=made(seed=2))
    more = made(5, 3)
    step = kind(recursive=True).fit(of_sessions(a=made(seed=1))).adapt(trials)
    (named,) = step.centres_.tested
    step.update(more)
    assert step.centres_.n_seen == {named: 17}  # 12 were seen before
    whole = kind(recursive=True).fit(of_sessions(a=made(seed=1)))
    whole.adapt(of_sessions(b=np.concatenate([made(seed=2), more])))
    np.testing.assert_array_equal(step.centres_.tested[named], whole.centres_.tested[named])
    step.adapt(of_sessions(c=made(seed=4)))
    with pytest.raises(DataError, match="adapted to 2 domains"):
        step.update(more)
