import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.covariance import BLOCK, ESTIMATORS, covariance_rank, covariances


def with_spectrum(eigenvalues, seed=0):
    n = len(eigenvalues)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]
    covariance = rotation @ np.diag(eigenvalues) @ rotation.T
    return (covariance + covariance.T) / 2


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 12),
    lost=st.integers(0, 12),
    exponent=st.integers(-15, 6),
)
def test_the_rank_is_that_of_the_data_in_any_unit(seed, n, lost, exponent):
    rank = max(n - lost, 0)
    rng = np.random.default_rng(seed)
    # Sources of like strength, mixed by orthogonal columns: nothing is lost but what is planted.
    mixing = np.linalg.qr(rng.normal(size=(n, n)))[0][:, :rank]
    data = mixing @ rng.normal(size=(rank, 50)) * 10.0**exponent
    assert covariance_rank(data @ data.T / 50) == rank == np.linalg.matrix_rank(data)


def test_an_average_reference_takes_one_rank():
    data = np.random.default_rng(0).normal(size=(8, 200))
    assert covariance_rank(np.cov(data)) == 8
    assert covariance_rank(np.cov(data - data.mean(axis=0))) == 7


@pytest.mark.parametrize(("smallest", "rank"), [(1e-8, 4), (1e-9, 4), (1e-11, 3), (0, 3)])
def test_what_counts_is_the_share_of_the_largest_eigenvalue(smallest, rank):
    # On both sides of the promised 1e-10; times 1e-12, the square of a microvolt in volts.
    assert covariance_rank(1e-12 * with_spectrum([1, 0.5, 0.1, smallest])) == rank


def test_the_tolerance_is_the_callers():
    covariance = with_spectrum([1, 1e-3, 1e-6])
    assert [covariance_rank(covariance, t) for t in (1e-2, 1e-4, 1e-7)] == [1, 2, 3]


def trials(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_leading_axes_are_any():
    X = trials(2, 3, 4, 30)
    for estimator in ESTIMATORS:
        C = covariances(X, estimator)
        assert C.shape == (2, 3, 4, 4)
        np.testing.assert_array_equal(C[1, 2], covariances(X[1, 2], estimator))
    assert covariances(X[:0]).shape == (0, 3, 4, 4)


def test_a_batch_is_its_trials_bit_by_bit():
    # More trials than are centred at once, and a last block that is smaller.
    X = trials(13, 30, 500)
    assert X.nbytes > 2 * BLOCK
    for estimator in ESTIMATORS:
        alone = np.stack([covariances(one, estimator) for one in X])
        np.testing.assert_array_equal(covariances(X, estimator), alone)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_covariances_are_symmetric_and_the_data_stay(estimator):
    X = trials(4, 6, 50)
    before = X.copy()
    C = covariances(X, estimator)
    np.testing.assert_array_equal(C, C.mT)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("estimator", ["scm", "cov", "oas", "lwf", "sch"])
def test_a_unit_is_a_factor(estimator):
    # From teslas to microvolts: the shrinkage is of ratios, so that no square is lost.
    X = trials(3, 5, 40)
    expected = covariances(X, estimator)
    for unit in (2.0**-200, 2.0**-40, 2.0**40):
        np.testing.assert_allclose(covariances(unit * X, estimator) / unit**2, expected, rtol=1e-13)


def test_single_precision_stays_and_is_right_in_teslas():
    X = trials(3, 5, 200)
    for estimator in ("scm", "oas", "lwf", "sch"):
        single = covariances((1e-13 * X).astype(np.float32), estimator)
        assert single.dtype == np.float32
        # 1e-5: some hundred roundings of float32 (6e-8).
        np.testing.assert_allclose(single * 1e26, covariances(X, estimator), rtol=1e-5, atol=1e-5)


def test_whole_numbers_are_taken_as_double_precision():
    X = np.arange(24).reshape(1, 2, 12) ** 2
    np.testing.assert_array_equal(covariances(X), covariances(X.astype(float)))


def test_a_constant_offset_costs_no_more_than_it_must():
    # An offset of 1e6 takes 1e6 × 1e-16 of each value, whose sum over 200 samples is centred.
    X = trials(3, 5, 200)
    for estimator in ESTIMATORS:
        np.testing.assert_allclose(
            covariances(X + 1e6, estimator), covariances(X, estimator), rtol=1e-8, atol=1e-9
        )


def test_shrinkage_gives_an_inverse_with_fewer_samples_than_channels():
    X = trials(4, 12, 6)
    for estimator in ("oas", "lwf", "sch"):
        assert np.linalg.eigvalsh(covariances(X, estimator)).min() > 1e-3
    assert covariance_rank(covariances(X, "scm")[0]) == 5


@pytest.mark.parametrize("estimator", ["oas", "lwf", "scm", "cov"])
def test_a_flat_channel_has_no_covariance_with_others(estimator):
    X = trials(3, 4, 50)
    X[:, 2] = 7.0
    C = covariances(X, estimator)
    assert np.isfinite(C).all() and not C[:, 2, [0, 1, 3]].any()


def test_silence_has_the_covariance_zero():
    for estimator in ("scm", "oas", "lwf"):
        np.testing.assert_array_equal(covariances(np.zeros((2, 3, 10)), estimator), 0)


def test_gradients_pass():
    torch = pytest.importorskip("torch")
    X = torch.from_numpy(trials(1, 3, 6)).requires_grad_()
    for estimator in ESTIMATORS:
        assert torch.autograd.gradcheck(lambda X, e=estimator: covariances(X, e), X)


@pytest.mark.parametrize("estimator", ["corr", "sch"])
def test_a_constant_channel_without_correlation_is_named(estimator):
    X = trials(3, 4, 50)
    X[1, 2] = 0.1
    with pytest.raises(DataError, match=r"^trial 1: channel 2 is constant.*Drop it"):
        covariances(X, estimator)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_a_value_that_is_no_number_is_named(estimator, value):
    X = trials(3, 4, 50)
    X[2, 1, 7] = value
    with pytest.raises(DataError, match=r"^trial 2: channel 1 is not finite at sample 7\."):
        covariances(X, estimator)


def test_other_misuse_is_named():
    with pytest.raises(DataError, match=r"2 samples or more.*\(3, 4, 1\)"):
        covariances(trials(3, 4, 1))
    with pytest.raises(ConfigError, match=r"'osa' is no estimator of covariances.*'oas'"):
        covariances(trials(3, 4, 9), "osa")
    with pytest.raises(DataError, match="beyond the largest float"):
        covariances(1e200 * trials(3, 4, 9))


@pytest.mark.parametrize("estimator", ["oas", "lwf"])
def test_one_trial_of_silence_has_the_covariance_zero(estimator):
    np.testing.assert_array_equal(covariances(np.zeros((3, 10)), estimator), 0)
