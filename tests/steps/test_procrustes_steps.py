"""Rescaling, rotation and alignment of tangent vectors do what they promise, domain by domain."""

import sys
from pathlib import Path

import numpy as np
import pytest
from pyriemann.classification import MDM
from pyriemann.geometry.base import powm
from pyriemann.geometry.distance import pairwise_distance
from pyriemann.geometry.mean import gmean
from pyriemann.tangentspace import TangentSpace
from sklearn.linear_model import LogisticRegression

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.stages import ignores_y
from neurodecode.steps.recentre import Recentre
from neurodecode.steps.rescale import Rescale
from neurodecode.steps.rotate import Rotate
from neurodecode.steps.tangent_alignment import TangentAlignment

sys.path.insert(0, str(Path(__file__).parent))
from domains_made import covariances, mixing, of_sessions

N = 24
Y = (np.arange(N) + 1) % 2


def dispersion(C):
    return np.mean(np.sum(np.log(np.linalg.eigvalsh(C)) ** 2, axis=1))


def orthogonal(seed, n=4):
    return np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]


def recentred(seed=0, made=None):
    return Recentre().fit_transform(covariances(N, seed) if made is None else made)


def test_each_domain_is_spread_to_dispersion_1_along_geodesics():
    a = recentred(1)
    b = powm(recentred(2), 1.7)  # the same shape, wider
    given = Rescale().fit_transform(of_sessions(a=a, b=b))
    for C, mine in ((a, given[:N]), (b, given[N:])):
        assert dispersion(mine) == pytest.approx(1, rel=1e-12)
        np.testing.assert_allclose(mine, powm(C, 1 / np.sqrt(dispersion(C))), rtol=1e-9, atol=1e-12)


def test_tested_rows_are_spread_by_what_was_seen_of_them_else_by_the_mean_dispersion():
    a, b, c = recentred(1), powm(recentred(2), 1.7), powm(recentred(3), 0.6)
    step = Rescale().fit(of_sessions(a=a, b=b))
    middle = np.sqrt(dispersion(a) * dispersion(b))
    unseen = step.transform(of_sessions(c=c))
    np.testing.assert_allclose(unseen, powm(c, 1 / np.sqrt(middle)), rtol=1e-9, atol=1e-12)
    seen = step.adapt(of_sessions(c=c[:10])).transform(of_sessions(c=c[10:]))
    np.testing.assert_allclose(
        seen, powm(c[10:], 1 / np.sqrt(dispersion(c[:10]))), rtol=1e-9, atol=1e-12
    )
    assert ignores_y(step)


def test_what_cannot_be_spread_is_named():
    with pytest.raises(DataError, match=r"subject 1, session b do not lie around .* Put recentre"):
        Rescale().fit(of_sessions(a=recentred(1), b=covariances(N, 2)))
    with pytest.raises(
        DataError, match=r"the 1 covariance\(s\) of the trials are all the identity"
    ):
        Rescale().fit(recentred(1)).adapt(np.eye(4)[None])


def test_a_rotation_between_sessions_is_undone_by_labels_of_the_tested():
    a = recentred(1)
    R = orthogonal(5)
    step = Rotate().fit(of_sessions(a=a), Y).adapt(of_sessions(b=R @ a @ R.T), Y)
    np.testing.assert_array_equal(step.rotations_["subject 1, session a"], np.eye(4))
    back = step.transform(of_sessions(b=R @ a @ R.T))
    # Class means of real matrices tell Q up to signs of axes that leave them as they are.
    for code in (0, 1):
        means = [np.asarray(gmean(C[code == Y])) for C in (back, a)]
        np.testing.assert_allclose(means[0], means[1], atol=1e-4)


def test_training_domains_are_turned_onto_one_another():
    several = {name: R @ recentred(seed) @ R.T for name, seed, R in
               (("a", 1, np.eye(4)), ("b", 2, orthogonal(5)), ("c", 3, orthogonal(6)))}  # fmt: skip
    trials, y = of_sessions(**several), np.tile(Y, 3)

    def apart(C):
        means = [[np.asarray(gmean(one[code == Y])) for code in (0, 1)] for one in np.split(C, 3)]
        return np.linalg.norm(np.array(means) - np.mean(means, axis=0))

    step = Rotate().fit(trials, y)
    turned = step.transform(trials)
    assert apart(turned) < apart(trials.X) / 5
    np.testing.assert_allclose(np.linalg.eigvalsh(turned), np.linalg.eigvalsh(trials.X), rtol=1e-9)
    for Q in step.rotations_.values():
        np.testing.assert_allclose(Q @ Q.T, np.eye(4), atol=1e-10)


def test_a_domain_that_lacks_a_class_is_turned_by_those_it_has():
    a, b = recentred(1), recentred(2)
    R = orthogonal(5)
    trials = of_sessions(a=a, b=(R @ b @ R.T)[Y == 0])
    y = np.append(Y, np.zeros(N // 2, dtype=int))
    step = Rotate().fit(trials, y)
    assert step.reference_.classes.tolist() == [0, 1]
    with pytest.raises(DataError, match="none of the 2 training domains has trials of all 2 class"):
        Rotate().fit(of_sessions(a=a[Y == 0], b=b[Y == 1]), np.repeat([0, 1], N // 2))


@pytest.mark.parametrize("step", [Rotate(), TangentAlignment()], ids=repr)
def test_labels_of_the_tested_are_needed(step):
    X = recentred(1)
    X = X if isinstance(step, Rotate) else X.reshape(N, -1)
    assert step.needs.calibration and not ignores_y(step)
    step.fit(of_sessions(a=X), Y)
    with pytest.raises(
        DataError, match="it needs labels of the tested, and was shown rows without"
    ):
        step.adapt(of_sessions(b=X))
    with pytest.raises(DataError, match="it was told no label of subject 1, session b"):
        step.transform(of_sessions(b=X))


def test_rotating_by_an_unknown_distance_is_refused():
    trials = of_sessions(a=recentred(1), b=recentred(2))
    with pytest.raises(ConfigError, match="metric 'kullback' has no rotation"):
        Rotate("kullback").fit(trials, np.tile(Y, 2))


def test_recentring_and_rotation_together_undo_a_mixing_that_a_decoder_stumbles_over():
    trained, A = covariances(60, 1), mixing(5)
    tested = A @ covariances(60, 2) @ A.T
    y = (np.arange(60) + 1) % 2
    seen, rest = slice(0, 20), slice(20, None)

    def accuracy(*steps):
        X, seen_, rest_ = trained, tested[seen], tested[rest]
        for step in steps:
            X = step.fit_transform(of_sessions(a=X), y)
            step.adapt(of_sessions(b=seen_), y[seen])
            seen_, rest_ = (step.transform(of_sessions(b=one)) for one in (seen_, rest_))
        return np.mean(MDM().fit(X, y).predict(rest_) == y[rest])

    assert accuracy() < 0.6  # it takes all for one class
    assert accuracy(Recentre()) < 0.8
    assert accuracy(Recentre(), Rotate()) > 0.95
    assert accuracy(Recentre(), Rescale(), Rotate()) > 0.95


def test_answers_do_not_depend_on_how_the_channels_are_mixed():
    # Recentring turns a mixing of all domains into a rotation of each, rotating into one of all,
    # which an affine-invariant model does not see.
    def answers(A):
        C, fresh = (A @ covariances(N, seed) @ A.T for seed in (1, 2))
        trials, y = of_sessions(a=C, b=B @ C @ B.T), np.tile(Y, 2)
        X, seen, tested, within = trials.X, fresh[:10], fresh[10:], []
        for step in (Recentre(), Rescale(), Rotate()):
            X = step.fit_transform(_like(trials, X), y)
            step.adapt(of_sessions(c=seen), Y[:10])
            seen, tested = (step.transform(of_sessions(c=one)) for one in (seen, tested))
            within.append(pairwise_distance(X[:N]))
        return within, MDM().fit(X, y).predict_proba(tested)

    B = mixing(5)
    plain, mixed = answers(np.eye(4)), answers(mixing(11))
    for ours, theirs in zip(plain[0], mixed[0], strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(plain[1], mixed[1], atol=1e-3)  # a search for a rotation has an end


def _like(trials, X):
    half = len(X) // 2
    return of_sessions(a=X[:half], b=X[half:])


def test_tangent_vectors_of_each_domain_are_centred_and_of_unit_norm():
    vectors = TangentSpace().fit_transform(covariances(N, 1))
    turned = 3 * vectors @ orthogonal(4, 10) + 5
    given = TangentAlignment().fit_transform(of_sessions(a=vectors, b=turned), np.tile(Y, 2))
    for mine in (given[:N], given[N:]):
        np.testing.assert_allclose(mine.mean(axis=0), 0, atol=1e-12)
        assert np.mean(np.linalg.norm(mine, axis=1)) == pytest.approx(1, rel=1e-12)
    means = [[one[code == Y].mean(axis=0) for code in (0, 1)] for one in np.split(given, 2)]
    np.testing.assert_allclose(means[0], means[1], atol=1e-10)


def test_a_decoder_of_aligned_vectors_tells_classes_of_a_turned_session():
    vectors, fresh = (TangentSpace().fit(covariances(60, 1)).transform(covariances(60, seed))
                      for seed in (1, 2))  # fmt: skip
    y = (np.arange(60) + 1) % 2
    R = orthogonal(4, 10)
    tested = 3 * fresh @ R + 5
    step = TangentAlignment()
    model = LogisticRegression().fit(step.fit_transform(of_sessions(a=vectors), y), y)
    step.adapt(of_sessions(b=tested[:20]), y[:20])
    told = model.predict(step.transform(of_sessions(b=tested[20:])))
    plain = LogisticRegression().fit(vectors, y).predict(tested[20:])
    assert np.mean(told == y[20:]) > 0.9 > 0.7 > np.mean(plain == y[20:])


def test_vectors_that_are_all_equal_have_no_scale():
    with pytest.raises(
        DataError, match=r"the 12 vector\(s\) of subject 1, session b are all equal"
    ):
        TangentAlignment().fit(
            of_sessions(a=np.random.default_rng(0).normal(size=(12, 3)), b=np.ones((12, 3))),
            np.arange(24) % 2,
        )
