import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from neurodecode.linalg.conditioning import column_space, conditioning


def with_spectrum(eigenvalues, seed=0):
    n = len(eigenvalues)
    rotation = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]
    return rotation * np.asarray(eigenvalues) @ rotation.T


def test_rank_and_condition_number_of_each():
    C = np.stack([with_spectrum([1, 0.1, 1e-4]), with_spectrum([5, 1, 0]), np.zeros((3, 3))])
    first, second, third = conditioning(C)
    assert (first.rank, first.deficient) == (3, False)
    assert first.condition == pytest.approx(1e4, rel=1e-9)
    assert (second.rank, second.deficient, third.rank) == (2, True, 0)
    assert str(first) == "rank 3 for 3 channels (condition number 1e+04)"
    assert str(second) == "rank 2 for 3 channels (condition number above 1e+15)"


@given(
    seed=st.integers(0, 2**32 - 1), n=st.integers(2, 10), lost=st.integers(0, 4),
    spread=st.floats(0, 10),
)  # fmt: skip
def test_the_space_is_that_of_the_channels_whatever_their_units(seed, n, lost, spread):
    rng = np.random.default_rng(seed)
    rank = max(1, n - lost)
    mixing = np.linalg.qr(rng.normal(size=(n, n)))[0][:, :rank]
    scales = 10 ** rng.uniform(-spread, 0, n)
    spanning = scales[:, None] * mixing
    basis = column_space(spanning @ spanning.T)
    assert basis.shape == (n, rank)
    np.testing.assert_allclose(basis.T @ basis, np.eye(rank), atol=1e-9)
    # Nothing of any channel lies outside, in shares of that channel.
    outside = spanning - basis @ (basis.T @ spanning)
    assert np.abs(outside / scales[:, None]).max() < 1e-4


def test_of_full_rank_nothing_is_turned():
    np.testing.assert_array_equal(column_space(with_spectrum([3, 2, 1])), np.eye(3))
