"""Covariances of many trials at once, and their ranks."""

from math import prod
from typing import Any, Literal

import numpy as np

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg import shrinkage
from neurodecode.linalg._namespace import as_floats, as_numpy, diagonal, is_tensor, namespace

Estimator = Literal["scm", "cov", "corr", "oas", "lwf", "sch"]
ESTIMATORS: tuple[Estimator, ...] = ("scm", "cov", "corr", "oas", "lwf", "sch")
# Bytes of trials centred at once: their copy stays in the second cache, which saves writing and
# reading it through memory (a quarter of the time at 22 × 500, 288 trials).
BLOCK = 2**19


def covariances(X: Any, estimator: Estimator = "oas") -> Any:
    """Estimate the covariance of the channels of each trial.

    Parameters
    ----------
    X : ndarray or tensor, shape (..., n_channels, n_times)
        Real. Whole numbers are taken as float64; float32 stays.
    estimator : {"scm", "cov", "corr", "oas", "lwf", "sch"}
        Divided by `n_times`; by ``n_times - 1``; correlations; oracle approximating shrinkage;
        Ledoit-Wolf; Schäfer-Strimmer. Each channel's mean is removed, by trial.

    Returns
    -------
    C : ndarray or tensor, shape (..., n_channels, n_channels)
        Symmetric; in the square of the unit of `X`, correlations without unit. Equal to
        `pyriemann.geometry.covariance.covariances` and to scikit-learn.

    Raises
    ------
    DataError
        If a trial has fewer than 2 samples or values that are not finite, or a constant channel
        where correlations are needed (``corr`` and ``sch``). The first one is named.
    """
    X = as_floats(X)
    check_estimator(estimator)
    if X.ndim < 2 or X.shape[-1] < 2:
        raise DataError(
            f"covariances take (..., n_channels, n_times) of 2 samples or more, and were handed "
            f"shape {tuple(X.shape)}. Use longer windows."
        )
    if estimator in ("corr", "sch"):
        check_varies(X)
    moments = _tensor_moments if is_tensor(X) else _array_moments
    with np.errstate(over="ignore", invalid="ignore"):  # what comes of it is named below
        scatter, more = moments(X, estimator)
    check_finite(scatter, X)
    return from_moments(scatter, more, X.shape[-1], estimator)


def from_moments(scatter: Any, more: Any, n_times: float, estimator: Estimator) -> Any:
    """Give the estimate that belongs to moments of centred samples.

    Parameters
    ----------
    scatter : ndarray or tensor, shape (..., n_channels, n_channels)
        Products of centred samples, summed over `n_times` of them.
    more : ndarray or tensor or None
        What ``lwf`` and ``sch`` need besides; see `neurodecode.linalg.shrinkage`.
    n_times : float
    estimator : str
        See `covariances`.

    Returns
    -------
    C : ndarray or tensor, shape (..., n_channels, n_channels)
    """
    if estimator == "oas":
        return shrinkage.oas(scatter, n_times)
    if estimator == "lwf":
        return shrinkage.ledoit_wolf(scatter, more, n_times)
    if estimator == "sch":
        return shrinkage.schaefer_strimmer(scatter, more, n_times)
    if estimator == "corr":
        scale = namespace(scatter).sqrt(diagonal(scatter))
        return scatter / (scale[..., :, None] * scale[..., None, :])
    return scatter / (n_times - 1 if estimator == "cov" else n_times)


def covariance_rank(covariance: np.ndarray, tolerance: float = 1e-10) -> int:
    """Numerical rank of a covariance.

    Parameters
    ----------
    covariance : ndarray, shape (n_channels, n_channels)
        Symmetric.
    tolerance : float
        Eigenvalues below `tolerance` times the largest one count as zero. Rounding in float64
        leaves about 1e-16 of the largest; recordings keep their smallest above 1e-8 of it.

    Returns
    -------
    rank : int
    """
    values = np.linalg.eigvalsh(covariance)
    return int(np.sum(values > tolerance * values[-1]))


def check_estimator(estimator: str) -> None:
    """Hold the name of an estimator to those there are.

    Raises
    ------
    ConfigError
        If it is none of them.
    """
    if estimator not in ESTIMATORS:
        raise ConfigError(
            f"estimator: {estimator!r} is no estimator of covariances."
            f"{nearest(str(estimator), ESTIMATORS)}"
        )


def check_finite(C: Any, X: Any) -> None:
    """Hold covariances to numbers, and name what in their trials is none.

    Parameters
    ----------
    C : ndarray or tensor, shape (..., n, n)
    X : ndarray or tensor, shape (..., n_channels, n_times)
        What they are of; looked at where one is not finite.

    Raises
    ------
    DataError
        With the first trial, channel and sample that is not finite.
    """
    if not bool(namespace(C).isfinite(C).all()):
        raise DataError(_not_finite(X))


def check_varies(X: Any) -> None:
    """Hold channels to varying, so that they have correlations.

    Parameters
    ----------
    X : ndarray or tensor, shape (..., n_channels, n_times)

    Raises
    ------
    DataError
        With the first constant channel.
    """
    xp = namespace(X)
    constant = xp.amax(X, -1) == xp.amin(X, -1)
    if bool(constant.any()):
        where = np.nonzero(as_numpy(constant))
        *trial, channel = (int(i[0]) for i in where)
        raise DataError(
            f"{_place(trial)}channel {channel} is constant, so it has no correlation. Drop it, or "
            "use estimator: oas."
        )


def _array_moments(X: np.ndarray, estimator: Estimator) -> tuple[np.ndarray, np.ndarray | None]:
    *leading, n_channels, n_times = X.shape
    trials = X.reshape(prod(leading), n_channels, n_times)
    scatter = np.empty((len(trials), n_channels, n_channels), X.dtype)
    more = None
    if estimator in ("lwf", "sch"):
        more = np.empty(len(trials) if estimator == "lwf" else scatter.shape, X.dtype)
    step = max(1, BLOCK // max(1, n_channels * n_times * X.itemsize))
    centred = np.empty((min(step, len(trials)), n_channels, n_times), X.dtype)
    for start in range(0, len(trials), step):
        block = trials[start : start + step]
        Z = np.subtract(block, block.mean(-1, keepdims=True), out=centred[: len(block)])
        # numpy hands a product with the own transpose to syrk: half the work, exactly symmetric.
        np.matmul(Z, Z.mT, out=scatter[start : start + step])
        if more is not None:
            more[start : start + step] = _more(Z, estimator)
    shape = (*leading, n_channels, n_channels)
    if more is None:
        return scatter.reshape(shape), None
    return scatter.reshape(shape), more.reshape(shape if estimator == "sch" else tuple(leading))


def _tensor_moments(X: Any, estimator: Estimator) -> tuple[Any, Any]:
    Z = X - X.mean(-1, keepdim=True)
    scatter = Z @ Z.mT
    return scatter, _more(Z, estimator) if estimator in ("lwf", "sch") else None


def _more(Z: Any, estimator: Estimator) -> Any:
    """Give the fourth moments of centred samples that an estimator needs."""
    squares = Z * Z
    # Without unit: fourth powers of teslas are no numbers of float32.
    if estimator == "lwf":
        squares = squares.sum(-2)
        squares = squares / shrinkage.or_one(squares.mean(-1))[..., None]
        return (squares * squares).mean(-1)
    squares = squares / squares.mean(-1)[..., None]
    return squares @ squares.mT / Z.shape[-1]


def _not_finite(X: Any) -> str:
    bad = ~np.isfinite(as_numpy(X))
    if not bad.any():
        return "a covariance is beyond the largest float. Give the data in another unit, as volts."
    *trial, channel, sample = (int(i[0]) for i in np.nonzero(bad))
    return (
        f"{_place(trial)}channel {channel} is not finite at sample {sample}. Drop the trial or the "
        "channel, or interpolate it."
    )


def _place(trial: list[int]) -> str:
    return f"trial {', '.join(map(str, trial))}: " if trial else ""
