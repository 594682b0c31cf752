"""Sets of positive definite matrices, and how far a matrix is from being their mean."""

import numpy as np


def spd(n_matrices, n, seed=0, complex_=False):
    """Covariances of 3 n samples: conditions of a hundred or so."""
    rng = np.random.default_rng(seed)
    Z = rng.standard_normal((n_matrices, n, 3 * n))
    if complex_:
        Z = Z + 1j * rng.standard_normal(Z.shape)
    X = Z @ Z.conj().mT / (3 * n)
    return (X + X.conj().mT) / 2


def dispersed(seed, decades, n_matrices, n):
    """Random eigenvectors, and eigenvalues over so many decades up and down."""
    rng = np.random.default_rng(seed)
    made = np.empty((n_matrices, n, n))
    for i in range(n_matrices):
        Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
        made[i] = (Q * 10 ** rng.uniform(-decades, decades, n)) @ Q.T
    return (made + made.mT) / 2


def gradient_norm(M, X, weights=None):
    """Norm of the mean logarithm of X seen from M.

    By singular values of factors, which stay accurate where X is widely dispersed.
    """
    L, R = np.linalg.cholesky(M), np.linalg.cholesky(X)
    U, s, _ = np.linalg.svd(np.linalg.solve(L, R))
    logs = (U * (2 * np.log(s))[:, None, :]) @ U.conj().mT
    return np.linalg.norm(np.average(logs, axis=0, weights=weights))
