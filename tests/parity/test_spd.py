"""Kernels of positive definite matrices against pyriemann, whose users expect them."""

import sys
import warnings
from pathlib import Path

import numpy as np
import pyriemann.geometry.distance as their_distance
import pyriemann.geometry.geodesic as their_geodesic
import pyriemann.geometry.kernel as their_kernel
import pyriemann.geometry.mean as their_mean
import pyriemann.geometry.median as their_median
import pyriemann.geometry.tangentspace as their_tangent
import pytest
from pyriemann.classification import MDM

from neurodecode.linalg.distances import DISTANCES, distance, pairwise_distances
from neurodecode.linalg.geodesics import geodesic
from neurodecode.linalg.kernels import kernel
from neurodecode.linalg.means import NotConverged, geometric_median, mean, power_mean
from neurodecode.linalg.tangent import (
    exp_map,
    from_tangent,
    inner_product,
    log_map,
    to_tangent,
    transport,
)
from neurodecode.models.riemann._nearest_mean import NearestMean

sys.path.insert(0, str(Path(__file__).parents[1] / "linalg"))
from spd_made import dispersed, gradient_norm, spd

TANGENTS = ("euclid", "logchol", "logeuclid", "riemann", "wasserstein")
MEANS = ("chol", "euclid", "harmonic", "kullback_sym", "logchol", "logeuclid")
either = pytest.mark.parametrize("complex_", [False, True], ids=["real", "complex"])


def same(found, expected, rtol=1e-9):
    """Equal relative to the largest entry."""
    np.testing.assert_allclose(found, expected, rtol=0, atol=rtol * np.abs(expected).max())


@either
@pytest.mark.parametrize("metric", DISTANCES)
def test_distances(metric, complex_):
    X, Y = spd(6, 5, 0, complex_), spd(6, 5, 1, complex_)
    for squared in (False, True):
        theirs = their_distance.distance(X, Y, metric, squared=squared)
        same(distance(X, Y, metric, squared=squared), theirs)
        theirs = their_distance.distance(X, Y[0], metric, squared=squared)[:, 0]
        same(distance(X, Y[0], metric, squared=squared), theirs)
        theirs = their_distance.pairwise_distance(X, Y[:4], metric, squared=squared)
        same(pairwise_distances(X, Y[:4], metric, squared=squared), theirs)
        theirs = their_distance.pairwise_distance(X, None, metric, squared=squared)
        same(pairwise_distances(X, None, metric, squared=squared), theirs)


@either
@pytest.mark.parametrize("metric", their_geodesic.geodesic_functions)
def test_geodesics(metric, complex_):
    X, Y = spd(6, 5, 0, complex_), spd(6, 5, 1, complex_)
    for alpha in (0, 0.3, 1, np.linspace(0, 1, 6)):
        if metric == "thompson" and np.ndim(alpha):
            continue  # theirs takes one number
        if metric in ("riemann", "logchol") and np.ndim(alpha):
            theirs = [
                their_geodesic.geodesic(*one, metric=metric)
                for one in zip(X, Y, alpha.tolist(), strict=True)
            ]
        else:
            theirs = their_geodesic.geodesic(X, Y, alpha, metric=metric)
        same(geodesic(X, Y, alpha, metric), np.asarray(theirs))


@either
@pytest.mark.parametrize("metric", TANGENTS)
def test_tangent_spaces(metric, complex_):
    X, R, S = spd(6, 5, 0, complex_), *spd(2, 5, 1, complex_)
    flags = ({"C12": True}, {"Cm12": True}) if metric == "riemann" else ({}, {})
    V = log_map(X, R, metric)
    same(V, their_tangent.log_map(X, R, metric=metric, **flags[0]))
    same(exp_map(V / 2, R, metric), their_tangent.exp_map(V / 2, R, metric=metric, **flags[1]))
    T = to_tangent(X, R, metric)
    same(T, their_tangent.tangent_space(X, R, metric=metric))
    same(from_tangent(T / 2, R, metric), their_tangent.untangent_space(T / 2, R, metric=metric))
    if metric != "wasserstein":
        same(transport(V, R, S, metric), their_tangent.transport(V, R, S, metric=metric))
        theirs = their_tangent.innerproduct(V, V[::-1], R, metric=metric)
        same(inner_product(V, V[::-1], R, metric), theirs)


@either
@pytest.mark.parametrize("metric", their_kernel.kernel_functions)
def test_kernels(metric, complex_):
    X, Y, R = spd(6, 5, 0, complex_), spd(4, 5, 1, complex_), spd(1, 5, 2, complex_)[0]
    for reference in (None, R):
        # Without a reference theirs is the mean, short of it by a gradient of 1e-9.
        rtol = 1e-8 if reference is None else 1e-9
        theirs = their_kernel.kernel(X, Y, Cref=reference, metric=metric)
        same(kernel(X, Y, metric, reference), theirs, rtol)
        theirs = their_kernel.kernel(X, Cref=reference, metric=metric)
        same(kernel(X, None, metric, reference), theirs, rtol)


@either
@pytest.mark.parametrize("weighted", [False, True])
def test_means(weighted, complex_):
    X = spd(12, 5, 0, complex_)
    w = np.random.default_rng(0).uniform(0.1, 1, 12) if weighted else None
    for metric in MEANS:
        same(mean(X, metric, weights=w).value, their_mean.gmean(X, metric=metric, sample_weight=w))
    for metric, more in (
        ("riemann", {"tol": 1e-12}),
        ("wasserstein", {"tol": 1e-12}),
        ("logdet", {"tol": 1e-12, "maxiter": 300}),
    ):
        theirs = their_mean.gmean(X, metric=metric, sample_weight=w, **more)
        same(mean(X, metric, weights=w, tol=1e-9, max_iter=300).value, theirs, 1e-8)
    for p in (-1, -0.5, 0.3, 1):
        theirs = their_mean.mean_power(X, p, sample_weight=w)
        same(power_mean(X, p, weights=w, tol=1e-9).value, theirs, 1e-8)
    for metric in ("euclid", "riemann"):
        theirs = getattr(their_median, f"median_{metric}")(X, weights=w, tol=1e-11, maxiter=500)
        same(geometric_median(X, metric, weights=w, tol=1e-10).value, theirs, 1e-8)


@pytest.mark.filterwarnings("ignore:Convergence not reached")
def test_the_running_mean_of_thompson():
    X = spd(12, 5)
    with pytest.warns(UserWarning, match="thompson"):
        found = mean(X, "thompson", max_iter=40)
    same(found.value, their_mean.mean_thompson(X, maxiter=40))


@either
def test_our_gradient_is_never_the_larger(complex_):
    for seed in range(10):
        X = spd(40, 6, seed, complex_)
        ours, theirs = mean(X), their_mean.mean_riemann(X)
        same(ours.value, theirs, 1e-8)
        # 1e-13: below it both are rounding.
        assert gradient_norm(ours.value, X) <= max(gradient_norm(theirs, X), 1e-13)


def test_the_nearest_mean_is_pyriemanns():
    X, y = np.concatenate([spd(20, 4), 1.5 * spd(20, 4, 1)]), np.repeat([3, 7], 20)
    fresh = np.concatenate([spd(10, 4, 2), 1.5 * spd(10, 4, 3)])
    for metric in ("riemann", "logeuclid", "euclid"):
        ours, theirs = NearestMean(metric).fit(X, y), MDM(metric).fit(X, y)
        np.testing.assert_array_equal(ours.predict(fresh), theirs.predict(fresh))
        same(ours.predict_proba(fresh), theirs.predict_proba(fresh), 1e-8)


@pytest.mark.slow
def test_dispersed_sets_on_which_pyriemann_stops_short():
    """Of 450 sets, those that matter: theirs ends short or raises, ours does not."""
    short, raised = 0, 0
    for decades, n_matrices, n, n_sets in (
        *((3, 3, 2, 20), (4, 3, 2, 20), (4, 50, 22, 5), (5, 3, 2, 20), (5, 5, 2, 20)),
        *((6, 3, 2, 20), (6, 10, 5, 20), (6, 20, 10, 5), (6, 50, 22, 5)),
    ):
        for seed in range(n_sets):
            X = dispersed(seed, decades, n_matrices, n)
            assert gradient_norm(mean(X).value, X) <= 1e-7
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                try:
                    theirs = gradient_norm(their_mean.mean_riemann(X), X)
                except (ValueError, np.linalg.LinAlgError):  # all of X have inverses
                    raised += 1
                    continue
            short += theirs > 1e-6
    # Counted with pyriemann 0.12; a release that mends it makes this test worth deleting.
    assert short >= 40
    assert raised >= 1


def test_near_singular_sets_on_which_pyriemann_is_silent():
    X = spd(60, 12)
    X -= X.mean(axis=1, keepdims=True)
    X -= X.mean(axis=2, keepdims=True)
    X += 1e-14 * np.trace(X, axis1=1, axis2=2)[:, None, None] * np.eye(12) / 12
    X = (X + X.mT) / 2
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        theirs = their_mean.mean_riemann(X)
    with pytest.warns(NotConverged):
        ours = mean(X).value
    assert gradient_norm(theirs, X) > 0.1
    assert gradient_norm(ours, X) < 1e-3
