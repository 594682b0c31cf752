"""Covariances of delay-embedded trials, block by block: the embedding itself is never made.

An embedding of order p and lag τ puts p copies of a trial above each other, each τ samples later
than the one before. Its covariance has the blocks Σ_t x(t + jτ) x(t + kτ)ᵀ. Blocks of one
difference k - j share all but a few samples at the ends, so that a product over the shared ones
and some over τ samples give all of them, for all orders at once, by additions alone.

References
----------
Carrara & Papadopoulo 2024, doi 10.1109/TBME.2024.3386219.
"""

from collections.abc import Callable, Sequence
from math import prod
from numbers import Integral
from typing import Any, Literal

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg._namespace import as_floats, is_tensor, new_empty
from neurodecode.linalg.covariance import check_finite, from_moments
from neurodecode.linalg.shrinkage import or_one

Edge = Literal["reference", "full"]
LaggedEstimator = Literal["scm", "cov", "corr", "oas", "lwf"]
_SHRINKING = ("oas", "lwf")
# Bytes of trials and of their covariances in hand at once; they then stay in the cache.
BLOCK = 2**21


def n_columns(n_times: int, order: int, lag: int, edge: Edge = "reference") -> int:
    """Count the samples of an embedded trial.

    Parameters
    ----------
    n_times : int
    order, lag : int
    edge : {"reference", "full"}
        See `lagged_covariances`.

    Returns
    -------
    n : int
        Zero or less where the trial is too short.
    """
    return n_times - (order - 1) * lag - _dropped(order, lag, edge)


def lagged_covariances(
    X: Any,
    order: int,
    lag: int,
    *,
    edge: Edge = "reference",
    estimator: LaggedEstimator = "cov",
) -> Any:
    """Estimate the covariance of each trial's delay embedding.

    Parameters
    ----------
    X : ndarray or tensor, shape (..., n_channels, n_times)
    order : int
        How many delayed copies; 1 is the trial itself.
    lag : int
        Samples between copies.
    edge : {"reference", "full"}
        How many samples are used: the published ``n_times - order * lag`` (all where the order
        is 1), or all there are, ``n_times - (order - 1) * lag``.
    estimator : {"scm", "cov", "corr", "oas", "lwf"}
        As `neurodecode.linalg.covariance.covariances`, of the embedded trial.

    Returns
    -------
    C : ndarray or tensor, shape (..., order * n_channels, order * n_channels)
        Row ``j * n_channels + c`` is channel c, `j` lags later. Equal to the covariance of the
        embedding.

    Raises
    ------
    ConfigError
        If the order or the lag is no whole number from 1 on.
    DataError
        If the embedded trial has fewer than 2 samples, or, where nothing shrinks, too few for an
        inverse; or a value is not finite.

    References
    ----------
    Carrara & Papadopoulo 2024, doi 10.1109/TBME.2024.3386219.
    """
    return covariances_of_orders(X, (order,), lag, edge=edge, estimator=estimator)[0]


def covariances_of_orders(
    X: Any,
    orders: Sequence[int],
    lag: int,
    *,
    edge: Edge = "reference",
    estimator: LaggedEstimator = "cov",
) -> tuple[Any, ...]:
    """Estimate the covariances of each trial's delay embeddings of several orders and one lag.

    They share their products: all orders up to p cost little more than order p alone.

    Parameters
    ----------
    X, lag, edge, estimator
        See `lagged_covariances`.
    orders : sequence of int

    Returns
    -------
    covariances : tuple of ndarray or tensor
        One for each order, as `lagged_covariances` gives it.

    Raises
    ------
    ConfigError, DataError
        See `lagged_covariances`.
    """
    X = as_floats(X)
    for order in orders:
        check_count(order, "order")
        check_count(lag, "lag")
        n = n_columns(X.shape[-1], order, lag, edge)
        check_length(n, order * X.shape[-2], estimator, f"order {order} of lag {lag}")

    def moments(Z: Any) -> list[tuple[Any, Any, int]]:
        return _moments(Z, tuple(orders), lag, edge, fourth=estimator == "lwf")

    sizes = [order * X.shape[-2] for order in orders]
    return _by_blocks(X, sizes, moments, estimator)


def delayed_covariances(
    X: Any,
    lags: Sequence[int],
    *,
    edge: Edge = "reference",
    estimator: LaggedEstimator = "cov",
) -> Any:
    """Estimate the covariance of each trial's embedding with delays of any lengths.

    Parameters
    ----------
    X, estimator
        See `lagged_covariances`.
    lags : sequence of int
        Samples by which each copy is later, such as ``(0, 3, 11)``; none twice.
    edge : {"reference", "full"}
        ``n_times - max(lags) - 1`` samples, as published; or one more, all there are.

    Returns
    -------
    C : ndarray or tensor, shape (..., n_lags * n_channels, n_lags * n_channels)

    Raises
    ------
    ConfigError
        If the lags are no different whole numbers from 0 on.
    DataError
        See `lagged_covariances`.
    """
    X = as_floats(X)
    whole = all(isinstance(lag, Integral) and lag >= 0 for lag in lags)
    if not whole or not lags or len(set(lags)) < len(lags):
        raise ConfigError(f"lags: {tuple(lags)!r}. Give different whole numbers, 0 or more.")
    n = X.shape[-1] - max(lags) - (edge == "reference")
    check_length(n, len(lags) * X.shape[-2], estimator, f"lags of {tuple(lags)}")

    def moments(Z: Any) -> list[tuple[Any, Any, int]]:
        return [_direct(Z, tuple(lags), n, fourth=estimator == "lwf")]

    return _by_blocks(X, [len(lags) * X.shape[-2]], moments, estimator)[0]


def toeplitz_covariances(X: Any, order: int, lag: int) -> Any:
    """Estimate the block-Toeplitz covariance of a stationary signal's delay embedding.

    Block (j, k) is the same for every k - j: the product over all pairs of samples that far
    apart, divided by `n_times`. That divisor, biased as it is, keeps eigenvalues from being
    negative; one by the number of pairs does not.

    Parameters
    ----------
    X, order, lag
        See `lagged_covariances`.

    Returns
    -------
    C : ndarray or tensor, shape (..., order * n_channels, order * n_channels)

    Raises
    ------
    ConfigError
        If the order or the lag is no whole number from 1 on.
    DataError
        If the trial is not longer than the largest delay, or a value is not finite.
    """
    X = as_floats(X)
    check_count(order, "order")
    check_count(lag, "lag")
    n_channels, n_times = X.shape[-2:]
    check_length(n_times - (order - 1) * lag, 0, "scm", f"order {order} of lag {lag}")

    def moments(Z: Any) -> list[tuple[Any, Any, int]]:
        size = order * n_channels
        scatter = new_empty(Z, (len(Z), size, size))
        for d in range(order):
            block = Z[..., : n_times - d * lag] @ Z[..., d * lag :].mT
            for j in range(order - d):
                _put(scatter, j, j + d, block)
        return [(scatter, None, n_times)]

    return _by_blocks(X, [order * n_channels], moments, "scm")[0]


def check_count(value: Any, name: str) -> None:
    """Hold an order or a lag to a whole number from 1 on.

    Raises
    ------
    ConfigError
        If it is none.
    """
    if not isinstance(value, Integral) or value < 1:
        raise ConfigError(f"{name}: {value!r}. Give a whole number, 1 or more.")


def check_length(n: int, n_rows: int, estimator: str, what: str) -> None:
    """Hold an embedding to enough samples.

    Parameters
    ----------
    n, n_rows : int
        Samples and rows of the embedded trial.
    estimator : str
    what : str
        The embedding, in words.

    Raises
    ------
    DataError
        If there are fewer than 2 samples, or, where nothing shrinks, too few for an inverse.
    """
    if n < 2:
        raise DataError(
            f"{what} leaves {max(n, 0)} sample(s) of a trial. Use a smaller order or lag, or "
            "longer trials."
        )
    if n <= n_rows and estimator not in _SHRINKING:
        raise DataError(
            f"{what} leaves {n} samples of a trial for {n_rows} rows, so the covariance has no "
            "inverse. Use a smaller order or lag, longer trials, or estimator: oas."
        )


def _moments(
    Z: Any, orders: tuple[int, ...], lag: int, edge: Edge, *, fourth: bool
) -> list[tuple[Any, Any, int]]:
    """Give `(scatter, fourth, n)` of each order of centred trials."""
    n_times, most = Z.shape[-1], max(orders)
    # Samples that all windows of one difference share; none in very short trials.
    if n_times < (most - 1) * lag + (most - 1) * lag + _dropped(most, lag, edge):
        return [
            _direct(Z, range(0, order * lag, lag), n_columns(n_times, order, lag, edge), fourth)
            for order in orders
        ]
    n_channels = Z.shape[-2]
    made = [new_empty(Z, (len(Z), order * n_channels, order * n_channels)) for order in orders]
    means = [new_empty(Z, (len(Z), order, n_channels)) for order in orders]
    lasts = {order: _dropped(order, lag, edge) // lag for order in orders}

    for d in range(most):

        def product(start: int, stop: int, apart: int = d * lag) -> Any:
            return Z[..., start:stop] @ Z[..., start + apart : stop + apart].mT

        def total(start: int, stop: int) -> Any:
            return Z[..., start:stop].sum(-1)

        windows = [
            (i, j, order - 1 - j + lasts[order])
            for i, order in enumerate(orders)
            for j in range(order - d)
        ]
        products = _Windows(product, windows, lag, n_times)
        for i, j, last in windows:
            _put(made[i], j, j + d, products(j, last))
        if d == 0:
            totals = _Windows(total, windows, lag, n_times)
            for i, j, last in windows:
                means[i][:, j] = totals(j, last)
    given = []
    for order, scatter, mean in zip(orders, made, means, strict=True):
        n = n_columns(n_times, order, lag, edge)
        mean /= n
        _centre(scatter, mean, n)
        more = _fourth(Z, range(0, order * lag, lag), mean, n) if fourth else None
        given.append((scatter, more, n))
    return given


class _Windows:
    """Sums over windows that begin `j` lags after the start and end `last` lags before the end."""

    def __init__(
        self,
        summed: Callable[[int, int], Any],
        windows: Sequence[tuple[int, int, int]],
        lag: int,
        n_times: int,
    ):
        first = max(j for _, j, _ in windows)
        lasts = [last for _, _, last in windows]
        self._until = max(lasts)
        # The samples that all share, with those before them; then those after.
        self._before = {first: summed(first * lag, n_times - self._until * lag)}
        for j in range(first - 1, -1, -1):
            self._before[j] = self._before[j + 1] + summed(j * lag, (j + 1) * lag)
        self._after: dict[int, Any] = {}
        for last in range(self._until - 1, min(lasts) - 1, -1):
            here = summed(n_times - (last + 1) * lag, n_times - last * lag)
            self._after[last] = here + self._after[last + 1] if self._after else here

    def __call__(self, j: int, last: int) -> Any:
        return self._before[j] + self._after[last] if last < self._until else self._before[j]


def _direct(Z: Any, lags: Sequence[int], n: int, fourth: bool) -> tuple[Any, Any, int]:
    """Give `(scatter, fourth, n)`, each block a product over its own samples."""
    n_channels = Z.shape[-2]
    scatter = new_empty(Z, (len(Z), len(lags) * n_channels, len(lags) * n_channels))
    mean = new_empty(Z, (len(Z), len(lags), n_channels))
    for j, first in enumerate(lags):
        mean[:, j] = Z[..., first : first + n].mean(-1)
        for k, second in enumerate(lags[j:], j):
            _put(scatter, j, k, Z[..., first : first + n] @ Z[..., second : second + n].mT)
    _centre(scatter, mean, n)
    return scatter, _fourth(Z, lags, mean, n) if fourth else None, n


def _put(scatter: Any, j: int, k: int, block: Any) -> None:
    n = block.shape[-1]
    scatter[..., j * n : (j + 1) * n, k * n : (k + 1) * n] = block
    if k != j:
        scatter[..., k * n : (k + 1) * n, j * n : (j + 1) * n] = block.mT


def _centre(scatter: Any, mean: Any, n: int) -> None:
    flat = mean.reshape(len(scatter), -1) * n**0.5  # on both sides, for exact symmetry
    scatter -= flat[:, :, None] * flat[:, None, :]


def _fourth(Z: Any, lags: Sequence[int], mean: Any, n: int) -> Any:
    """Give the mean squared share of an embedded sample, as Ledoit-Wolf's shrinkage needs it."""
    centred = (Z[..., lag : lag + n] - mean[:, j, :, None] for j, lag in enumerate(lags))
    length: Any = sum((one * one).sum(-2) for one in centred)
    share = length / or_one(length.mean(-1))[..., None]
    return (share * share).mean(-1)


def _by_blocks(
    X: Any,
    sizes: Sequence[int],
    moments: Callable[[Any], list[tuple[Any, Any, int]]],
    estimator: LaggedEstimator,
) -> tuple[Any, ...]:
    """Make covariances of a few trials at a time, of each size."""
    *leading, n_channels, n_times = X.shape
    trials = X.reshape(prod(leading), n_channels, n_times)
    cost = X.itemsize * (n_channels * n_times + sum(size**2 for size in sizes))
    step = max(1, len(trials) if is_tensor(X) else BLOCK // cost)
    made = [new_empty(X, (len(trials), size, size)) for size in sizes]
    for start in range(0, len(trials), step):
        block = trials[start : start + step]
        # Whatever is taken from a whole trial leaves its covariances as they are, and their sums
        # smaller.
        Z = block - block.mean(-1)[..., None]
        for C, (scatter, more, n) in zip(made, moments(Z), strict=True):
            C[start : start + step] = from_moments(scatter, more, n, estimator)
    for C in made:
        check_finite(C, X)
    return tuple(C.reshape(*leading, *C.shape[-2:]) for C in made)


def _dropped(order: int, lag: int, edge: Edge) -> int:
    """Count what the published edge rule leaves out beyond what an embedding must."""
    return lag if edge == "reference" and order > 1 else 0
