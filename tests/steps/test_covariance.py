"""Covariances against numpy and scikit-learn, which share no code with pyriemann's."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyriemann.geometry.distance import distance_riemann
from sklearn.base import clone
from sklearn.covariance import ledoit_wolf, oas

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.stages import is_stateless
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.steps.covariance import Covariance

PEERS = {
    "oas": lambda x: oas(x.T)[0],
    "lwf": lambda x: ledoit_wolf(x.T)[0],
    "scm": lambda x: (x - x.mean(1, keepdims=True)) @ (x - x.mean(1, keepdims=True)).T / x.shape[1],
    "cov": np.cov,
}


def trials(n=6, n_channels=5, n_times=70, seed=0):
    rng = np.random.default_rng(seed)
    mixing = rng.normal(size=(n_channels, n_channels))
    return 1e-5 * mixing @ rng.normal(size=(n, n_channels, n_times))


@pytest.mark.parametrize("estimator", PEERS)
def test_each_estimator_is_the_peers(estimator):
    X = trials()
    expected = np.stack([PEERS[estimator](x) for x in X])
    # Rounding alone: the values are near 1e-10 V².
    np.testing.assert_allclose(Covariance(estimator).transform(X), expected, rtol=1e-9, atol=1e-22)


@pytest.mark.parametrize("estimator", ["oas", "lwf", "sch"])
def test_shrunk_covariances_of_short_windows_have_an_inverse(estimator):
    C = Covariance(estimator).transform(trials(n_channels=8, n_times=6))
    values = np.linalg.eigvalsh(C)
    assert np.all(values[:, 0] > 1e-6 * values[:, -1])


def test_the_first_trial_without_an_inverse_is_named_with_the_remedy():
    X = trials()
    X[3, 0] = X[3, 1]
    with pytest.raises(DataError, match=r"^trial 3: the covariance has rank 4 for 5 channels.*oas"):
        Covariance("scm").transform(X)


def test_nothing_is_learnt():
    step = Covariance()
    assert is_stateless(step)
    assert vars(step.fit(trials())) == vars(clone(step))


@pytest.mark.parametrize("estimator", PEERS)
def test_trials_of_unequal_length_are_as_each_alone(estimator):
    several = [one[:, :n] for one, n in zip(trials(), (70, 40, 55, 70, 33, 61), strict=True)]
    step = Covariance(estimator)
    assert step.needs.ragged
    alone = np.concatenate([step.transform(one[None]) for one in several])
    np.testing.assert_array_equal(step.transform(several), alone)


def test_a_list_of_equal_lengths_is_an_array():
    np.testing.assert_array_equal(
        Covariance().transform(list(trials())), Covariance().transform(trials())
    )


def test_a_trial_of_a_list_that_is_no_matrix_is_named():
    with pytest.raises(
        DataError, match=r"Covariance takes trials of channel × time.*shape \(70,\)"
    ):
        Covariance().transform([*trials(2), np.zeros(70)])


def referenced(n=8, n_channels=6, n_times=90):
    """Give trials of an average reference, and the same on an orthonormal basis of what varies."""
    X = trials(n, n_channels, n_times)
    X -= X.mean(axis=1, keepdims=True)
    basis = np.linalg.svd(np.eye(n_channels) - 1 / n_channels)[0][:, :-1]
    return X, basis.T @ X


@pytest.mark.parametrize("estimator", ["scm", "cov", "oas", "lwf"])
def test_dependent_channels_are_projected_on_what_varies_and_it_is_said(estimator):
    X, varying = referenced()
    step = Covariance(estimator, regularize="auto").fit(X[:5])
    assert step.flags_ == ("projected:5/6",) and step.estimator_ == estimator
    C, expected = step.transform(X), Covariance(estimator).transform(varying)
    # In another orthonormal basis: distances, which are what is used, are the same.
    for i in range(1, len(X)):
        assert distance_riemann(C[0], C[i]) == pytest.approx(
            distance_riemann(expected[0], expected[i]), rel=1e-6
        )


def test_nothing_is_done_where_nothing_need_be():
    X = trials()
    step = Covariance("scm", regularize="auto").fit(X)
    assert step.flags_ == () and step.reducer_.basis_ is None
    np.testing.assert_array_equal(step.transform(X), Covariance("scm").transform(X))
    assert not is_stateless(step) and is_stateless(Covariance("scm"))
    assert step.needs.full_rank is False and Covariance("scm").needs.full_rank


def test_short_trials_are_shrunk_and_it_is_said():
    X = trials(n=20, n_channels=8, n_times=6)
    step = Covariance("cov", regularize="auto").fit(X)
    assert step.flags_ == ("shrunk:oas",)
    np.testing.assert_array_equal(step.transform(X), Covariance("oas").transform(X))


def test_a_flat_channel_and_channels_of_other_units_are_told_apart():
    X = trials(n_channels=6, n_times=200)
    X[:, 0] *= 1e-4  # another unit
    X[:, 3] = 1e-5  # flat
    step = Covariance("scm", regularize="auto").fit(X)
    assert step.flags_ == ("projected:5/6",)
    assert not step.reducer_.basis_[3].any() and np.abs(step.reducer_.basis_[0]).max() > 0


def test_trials_of_unequal_length_are_regularized_too():
    X, _ = referenced()
    several = [one[:, :n] for one, n in zip(X, (70, 40, 55, 70, 33, 61, 50, 90), strict=True)]
    step = Covariance("scm", regularize="auto").fit(several)
    C = step.transform(several)
    assert C.shape == (8, 5, 5)
    np.testing.assert_array_equal(C[3], step.transform(several[3][None])[0])


def test_a_trial_prepared_otherwise_is_named():
    X, _ = referenced()
    step = Covariance("oas", regularize="auto").fit(X)
    X[4, 2] += 1e-7 * np.random.default_rng(0).normal(size=90)
    with pytest.raises(DataError, match=r"^trial 4: .*rank 5 for 6 channels.*Prepare all"):
        step.transform(X)


def test_a_ridge_is_a_share_of_the_mean_eigenvalue():
    X, _ = referenced()
    step = Covariance("scm", regularize=0.01).fit(X)
    assert step.flags_ == ("ridge:0.01",)
    values = np.linalg.eigvalsh(step.transform(X))
    without = np.linalg.eigvalsh(X @ X.mT / 90 - X.mean(2)[:, :, None] * X.mean(2)[:, None])
    np.testing.assert_allclose(
        values, without + 0.01 * without.mean(1, keepdims=True), rtol=1e-6, atol=1e-22
    )


@pytest.mark.parametrize("regularize", [1e-9, -1, True, "automatic"])
def test_what_is_no_regularization_is_named(regularize):
    with pytest.raises(ConfigError, match=r"regularize: .*Give auto, null, or a share"):
        Covariance(regularize=regularize).fit(trials())


def with_power(n, seed):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    sources = rng.normal(size=(n, 4, 200))
    sources[:, 0] *= np.where(y, 2, 1)[:, None]
    return rng, sources, y


# The mean says that it stops at its floor, which is the rounding times the condition number.
@pytest.mark.filterwarnings("ignore::neurodecode.linalg._iteration.NotConverged")
@settings(max_examples=8)
@given(seed=st.integers(0, 2**32 - 1), exponent=st.floats(0, 6), lost=st.integers(0, 1))
def test_any_mixing_leaves_predictions_unchanged(seed, exponent, lost):
    # Of condition up to 1e6, also into more channels than sources, which auto projects away.
    rng, sources, y = with_power(40, seed)
    left = np.linalg.qr(rng.normal(size=(4 + lost, 4)))[0]
    right = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    mixing = left * np.logspace(0, -exponent, 4) @ right
    predictions = []
    for X in (sources, mixing @ sources):
        model = Mdm(estimator="scm", regularize="auto").fit(X[:20], y[:20])
        assert model.stages_[-1].means_.shape == (2, 4, 4)
        predictions.append(model.predict(X[20:]))
    np.testing.assert_array_equal(*predictions)


def test_a_value_that_is_no_number_is_named():
    X = trials()
    X[2, 1, 5] = np.nan
    with pytest.raises(DataError, match=r"^trial 2: channel 1 is not finite at sample 5"):
        Covariance().transform(X)


def test_covariances_that_are_given_are_handed_on():
    C = Covariance("cov").transform(trials())
    step = Covariance("given")
    assert step.needs.axes == ("channel", "channel")
    np.testing.assert_array_equal(step.transform(C), C)
    singular = C.copy()
    singular[2] = np.ones((5, 5))
    with pytest.raises(DataError, match=r"^trial 2: the covariance has rank 1 for 5 channels"):
        step.transform(singular)
    with pytest.raises(DataError, match="Covariance takes trials of channel × channel"):
        step.transform(trials()[0])
