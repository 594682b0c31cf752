import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.spd import EXP, LOG, derivative, expm, invsqrtm, logm, powm, sqrtm

sys.path.insert(0, str(Path(__file__).parent))
from spd_made import spd


def repeated(torch, dtype):
    """Matrices whose eigenvalues coincide: 1 1 2 2 5, all ones, and the inverse of the first."""
    generator = torch.Generator().manual_seed(0)
    Q = torch.linalg.qr(torch.randn(5, 5, dtype=dtype, generator=generator))[0]
    X = Q @ torch.diag(torch.tensor([1.0, 1, 2, 2, 5], dtype=dtype)) @ Q.mH
    return torch.stack([X, torch.eye(5, dtype=dtype), torch.linalg.inv(X)])


@pytest.mark.parametrize("complex_", [False, True])
def test_each_function_is_scipys(complex_):
    X = spd(3, 5, complex_=complex_)
    pairs = (
        (expm, scipy.linalg.expm),
        (logm, scipy.linalg.logm),
        (sqrtm, scipy.linalg.sqrtm),
        (invsqrtm, lambda one: np.linalg.inv(scipy.linalg.sqrtm(one))),
        (lambda X: powm(X, 0.3), lambda one: scipy.linalg.fractional_matrix_power(one, 0.3)),
        (lambda X: powm(X, -1.5), lambda one: scipy.linalg.fractional_matrix_power(one, -1.5)),
    )
    for ours, theirs in pairs:
        expected = np.stack([theirs(one) for one in X])
        found = ours(X)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12 * np.abs(expected).max())
        np.testing.assert_array_equal(found, found.conj().mT)


@settings(max_examples=20)
@given(seed=st.integers(0, 2**32 - 1), n=st.integers(1, 8), alpha=st.floats(0.1, 2))
def test_functions_undo_each_other(seed, n, alpha):
    X = spd(2, n, seed)
    close = {"rtol": 0, "atol": 1e-10 * np.abs(X).max()}
    np.testing.assert_allclose(expm(logm(X)), X, **close)
    np.testing.assert_allclose(sqrtm(X) @ sqrtm(X), X, **close)
    np.testing.assert_allclose(powm(powm(X, alpha), 1 / alpha), X, **close)
    root = invsqrtm(X)
    np.testing.assert_allclose(root @ X @ root, np.broadcast_to(np.eye(n), X.shape), atol=1e-9)


@pytest.mark.parametrize("function", [EXP, LOG])
def test_the_derivative_is_the_off_diagonal_block_of_a_block_matrix(function):
    A, along = spd(1, 4)[0], spd(1, 4, seed=1)[0]
    A[1] = A[:, 1] = [0, 2, 0, 0]
    A[2] = A[:, 2] = [0, 0, 2, 0]  # an eigenvalue that is there twice
    block = np.block([[A, along], [0 * A, A]])
    theirs = scipy.linalg.expm if function is EXP else scipy.linalg.logm  # Higham 2008, eq. 3.16
    np.testing.assert_allclose(derivative(function, A, along), theirs(block)[:4, 4:], atol=1e-10)


@pytest.mark.parametrize("dtype", ["float64", "complex128"])
@pytest.mark.parametrize(
    "function", [expm, logm, sqrtm, invsqrtm, lambda X: powm(X, 0.3), lambda X: powm(X, -1.5)]
)
def test_torch_gives_the_same_and_its_derivative_knows_no_gap(function, dtype):
    torch = pytest.importorskip("torch")
    X = repeated(torch, getattr(torch, dtype))
    np.testing.assert_allclose(function(X).numpy(), function(X.numpy()), rtol=0, atol=1e-12)
    assert torch.autograd.gradcheck(
        lambda A: function((A + A.mH) / 2), (X.requires_grad_(),), fast_mode=True
    )


def test_the_kind_and_precision_that_come_in_come_out():
    X = spd(2, 3)
    assert logm(X.astype(np.float32)).dtype == np.float32
    assert logm(X.astype(np.complex64)).dtype == np.complex64
    assert logm(np.eye(3, dtype=int)).dtype == np.float64
    assert logm(X[0]).shape == (3, 3)
    assert logm(X.reshape(1, 2, 1, 3, 3)).shape == (1, 2, 1, 3, 3)


def test_importing_the_kernels_imports_no_torch():
    code = "import sys, neurodecode.linalg.means; print('torch' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", code], text=True).strip() == "False"


def test_a_matrix_without_inverse_is_named():
    X = spd(4, 5)
    X[2] -= X[2].mean(axis=0)
    X[2] -= X[2].mean(axis=1)[:, None]
    for function in (logm, invsqrtm, lambda X: powm(X, -0.5)):
        with pytest.raises(DataError, match=r"X: matrix 2 \(of 4\) has no inverse.* rank 4 for 5"):
            function(X)
    assert np.isfinite(sqrtm(X)).all()  # has a root all the same
    with pytest.raises(DataError, match=r"matrix \(1, 0\) .*smallest eigenvalue is -1"):
        logm(np.stack([X[:2], np.stack([np.diag([-1.0, 1, 1, 1, 1]), X[0]])]))
    with pytest.raises(DataError, match="not positive: its smallest eigenvalue is -1"):
        sqrtm(np.diag([-1.0, 1]))


def test_what_is_no_symmetric_matrix_is_refused():
    X = spd(4, 3)
    for bad, words in (
        (np.where(np.arange(4)[:, None, None] == 1, np.nan, X), "matrix 1 .* holds NaN"),
        (X + np.triu(np.ones((3, 3)), 1), "not symmetric"),
        (X[:, :2], "no square matrices"),
        (X.astype(np.float16), "float16"),
    ):
        with pytest.raises(DataError, match=words):
            expm(bad)
    with pytest.raises(ConfigError, match="finite power"):
        powm(X, np.nan)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_units_do_not_matter(scale):
    X = spd(3, 4)
    np.testing.assert_allclose(logm(scale * X), logm(X) + np.log(scale) * np.eye(4), atol=1e-12)
    np.testing.assert_allclose(sqrtm(scale * X), scale**0.5 * sqrtm(X), rtol=1e-9)


def test_a_condition_of_1e14_still_has_a_logarithm():
    # Diagonal, so that the eigenvalues are known: 1e-14 is above what rounding makes of zero.
    np.testing.assert_allclose(
        logm(np.diag([1.0, 1e-7, 1e-14])), np.diag(np.log([1, 1e-7, 1e-14])), rtol=1e-12, atol=0
    )
