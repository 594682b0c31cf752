"""The tangent space, and covariances brought to the identity."""

import numpy as np
import pytest
from pyriemann.geometry.mean import gmean
from pyriemann.tangentspace import TangentSpace as Projection
from pyriemann.transfer import TLCenter, encode_domains
from scipy.linalg import sqrtm

from neurodecode.core.errors import DataError
from neurodecode.core.stages import ignores_y
from neurodecode.steps.recentre import Recentre
from neurodecode.steps.tangent_space import TangentSpace

METRICS = ("riemann", "logeuclid", "euclid")


def covariances(n=12, seed=0):
    rng = np.random.default_rng(seed)
    mixing = np.random.default_rng(seed + 10).normal(size=(4, 4))
    X = mixing @ rng.normal(size=(n, 4, 40))
    return X @ X.transpose(0, 2, 1) / 40


@pytest.mark.parametrize("metric", METRICS)
def test_the_projection_is_pyriemanns(metric):
    C, fresh = covariances(), covariances(seed=1)
    peer = Projection(metric).fit(C)
    step = TangentSpace(metric).fit(C)
    np.testing.assert_array_equal(step.transform(fresh), peer.transform(fresh))


@pytest.mark.parametrize("metric", METRICS)
def test_recentring_is_pyriemanns_and_the_formula(metric):
    C, fresh = covariances(), covariances(seed=1)
    step = Recentre(metric).fit(C)
    whitening = np.linalg.inv(np.real(sqrtm(np.asarray(gmean(C, metric=metric)))))
    # Roots of matrices are taken by other routines.
    expected = whitening @ fresh @ whitening
    np.testing.assert_allclose(step.transform(fresh), expected, rtol=1e-8, atol=1e-10)
    y = np.arange(len(C)) % 2
    peer = TLCenter("train", metric=metric)
    moved = peer.fit_transform(*encode_domains(C, y, np.full(len(C), "train")))
    np.testing.assert_allclose(step.transform(C), moved, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("metric", METRICS)
def test_the_mean_of_what_was_seen_becomes_the_identity(metric):
    C, seen = covariances(), covariances(seed=1)
    step = Recentre(metric).fit(C)
    if metric == "logeuclid":  # the logarithmic mean does not follow a whitening
        assert step.transform(C).shape == C.shape
    else:
        np.testing.assert_allclose(gmean(step.transform(C), metric=metric), np.eye(4), atol=1e-8)
    assert step.adapt(seen, np.zeros(len(seen))) is step
    np.testing.assert_array_equal(step.mean_, Recentre(metric).fit(seen).mean_)


def test_a_session_that_only_lies_elsewhere_is_brought_back_by_recentring():
    # Zanini et al. 2018: a change of the electrodes' gains is a congruence, which recentring undoes
    # up to a rotation; distances between covariances do not see the rotation.
    C, mixing = covariances(), np.random.default_rng(5).normal(size=(4, 4))
    elsewhere = mixing @ C @ mixing.T
    here = Recentre().fit(C).transform(C)
    there = Recentre().fit(C).adapt(elsewhere).transform(elsewhere)
    np.testing.assert_allclose(np.linalg.eigvalsh(there), np.linalg.eigvalsh(here), rtol=1e-6)


def test_covariances_without_an_inverse_are_named():
    C = covariances()
    C[3, 0] = C[3, 1]
    C[3, :, 0] = C[3, :, 1]
    with pytest.raises(DataError, match=r"^trial 3: the covariance has rank 3 for 4 channels"):
        Recentre().fit(C)


@pytest.mark.parametrize("step", [TangentSpace(), Recentre()], ids=repr)
def test_vectors_are_no_covariances(step):
    assert ignores_y(step)
    with pytest.raises(DataError, match=r"takes trials of channel × channel.*shape \(12, 16\)"):
        step.fit(covariances().reshape(12, 16))
