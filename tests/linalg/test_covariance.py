import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.linalg.covariance import covariance_rank


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
