"""Classifiers around every centre of a searchlight, at once: what folds share is computed once.

Each gives the predictions of scikit-learn's classifier of that name, fitted at each centre on the
trials outside a fold and asked for those in it.
"""

from collections.abc import Callable, Iterator

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.searchlight import Searchlight

SMOOTHING = 1e-9  # share of the largest variance that is added to all, as scikit-learn does
_BLOCK = 2**26  # bytes of the largest array of a batch of centres
_ROUNDING = 1e-11  # of a log likelihood, in sums of some hundred terms


def decoding_scores(
    X: np.ndarray,
    labels: np.ndarray,
    folds: np.ndarray,
    searchlight: Searchlight,
    classifier: str = "gnb",
    *,
    alpha: float = 1.0,
    shrinkage: float = 0.5,
    balanced: bool = False,
) -> np.ndarray:
    """Score a classifier around each centre, each fold tested by the trials outside it.

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_columns)
        Columns as `searchlight` counts them.
    labels : ndarray of int, shape (n_trials,) or (n_draws, n_trials)
        Classes from 0 on. Several rows, such as permutations, are scored one by one; ``ridge``
        takes hardly more time for hundreds than for one.
    folds : ndarray of int, shape (n_trials,)
        Trials that are left out together.
    searchlight : Searchlight
    classifier : {"gnb", "ridge", "lda"}
        Gaussian naive Bayes, ``RidgeClassifier`` and ``LinearDiscriminantAnalysis("lsqr")``.
    alpha : float
        Penalty of ``ridge``, in the unit of the sum of squares.
    shrinkage : float
        Of ``lda``: above 0, up to 1.
    balanced : bool
        Whether within a fold each class counts alike, else each trial.

    Returns
    -------
    scores : ndarray, shape (n_centres,) or (n_draws, n_centres)
        Share of trials told right, averaged over folds.

    Raises
    ------
    ConfigError
        If there is no such classifier, or its penalty or shrinkage is out of range.
    DataError
        If shapes differ, there are fewer than two folds or classes, values are not finite, or
        a class is in one fold alone.
    """
    X, labels = np.asarray(X, dtype=np.float64), np.asarray(labels)
    folds = np.unique(folds, return_inverse=True)[1]
    draws = np.atleast_2d(labels)
    _check(X, draws, folds, searchlight)
    weights = _weights(draws, folds, balanced=balanced)
    scores = np.empty((len(draws), len(searchlight)))
    for at, centres, right in _told_right(
        X, draws, folds, searchlight, classifier, alpha=alpha, shrinkage=shrinkage
    ):
        scores[at, centres] = np.einsum("dct,dt->dc", right, weights[at])
    return scores.reshape(*labels.shape[:-1], len(searchlight))


def _told_right(
    X: np.ndarray,
    draws: np.ndarray,
    folds: np.ndarray,
    light: Searchlight,
    classifier: str,
    *,
    alpha: float,
    shrinkage: float,
) -> Iterator[tuple[slice, np.ndarray | slice, np.ndarray]]:
    """Give blocks of draws, of centres, and whether trials are told right (draw, centre, trial)."""
    if classifier == "ridge":
        if not alpha > 0:
            raise ConfigError(f"searchlight: alpha is {alpha:g}. A penalty is above zero.")
        yield from _ridge(X, draws, folds, light, alpha)
        return
    found: dict[str, Callable[[np.ndarray], Iterator[tuple[np.ndarray | slice, np.ndarray]]]] = {
        "gnb": lambda y: _naive_bayes(X, y, folds, light),
        "lda": lambda y: _discriminants(X, y, folds, light, shrinkage),
    }
    if classifier not in found:
        raise ConfigError(
            f"searchlight: no classifier {classifier!r}. There are gnb, ridge and lda."
        )
    if not 0 < shrinkage <= 1:
        raise ConfigError(
            f"searchlight: shrinkage is {shrinkage:g}. Give one above 0, up to 1: without any, a "
            "covariance of more voxels than trials has no inverse."
        )
    for draw, y in enumerate(draws):
        for centres, predicted in found[classifier](y):
            yield slice(draw, draw + 1), centres, (predicted == y)[None]


def _naive_bayes(
    X: np.ndarray, y: np.ndarray, folds: np.ndarray, light: Searchlight
) -> Iterator[tuple[slice, np.ndarray]]:
    """Predict by Gaussians of each class, whose log likelihoods are sums over columns."""
    predicted = np.empty((len(light), len(y)), np.int16)
    by_column = np.ascontiguousarray(X.T)
    n_classes = int(y.max()) + 1
    for fold in range(int(folds.max()) + 1):
        train, test = np.flatnonzero(folds != fold), np.flatnonzero(folds == fold)
        of_class = [train[y[train] == k] for k in range(n_classes)]
        mean = np.stack([by_column[:, one].mean(axis=1) for one in of_class], axis=1)
        spread = np.stack([by_column[:, one].var(axis=1) for one in of_class], axis=1)
        safe = np.where(spread > 0, spread, 1)
        far = (by_column[:, test, None] - mean[:, None]) ** 2
        far /= safe[:, None]
        far = light.sums(far.reshape(len(far), -1)).reshape(len(light), len(test), n_classes)
        logs = light.sums(np.log(2 * np.pi * safe))
        prior = np.log([len(one) / len(train) for one in of_class])
        said = prior - 0.5 * (logs[:, None] + far)
        predicted[:, test] = said.argmax(axis=2)
        # To each variance scikit-learn adds a share of the largest one around the centre, which is
        # no sum over columns. It moves log likelihoods by less than `moved`: where the two
        # likeliest classes are nearer than that, the centre is computed by itself.
        added = SMOOTHING * _largest(by_column[:, train].var(axis=1), light)
        with np.errstate(divide="ignore"):
            moved = added * _largest(1 / spread.min(axis=1), light)
        two = np.partition(said, n_classes - 2, axis=2)[:, :, -2:]
        moved = moved[:, None] * (light.sizes[:, None] + far.max(axis=2))
        moved += _ROUNDING * np.abs(two).max(axis=2)
        sure = (two[:, :, 1] - two[:, :, 0] > moved).all(axis=1)
        for centre in map(int, np.flatnonzero(~sure)):
            near = light.of(centre)
            variance = spread[near] + added[centre]
            terms = (X[test][:, near].T[:, :, None] - mean[near][:, None]) ** 2 / variance[:, None]
            alone = prior - 0.5 * (np.log(2 * np.pi * variance).sum(0) + terms.sum(0))
            predicted[centre, test] = alone.argmax(axis=1)
    yield slice(None), predicted


def _largest(values: np.ndarray, light: Searchlight) -> np.ndarray:
    """Largest value, shape (n_columns,), around each centre."""
    return np.maximum.reduceat(values[light.neighbours], light.starts[:-1])


def _ridge(
    X: np.ndarray, draws: np.ndarray, folds: np.ndarray, light: Searchlight, alpha: float
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Predict by ridge regression of classes, one decomposition a centre for all folds and draws.

    With ``S`` what all trials together leave of the targets, a fold that is left out is predicted
    by ``Y_f - S_ff⁻¹ (S Y)_f``: no fold is fitted again.
    """
    n, n_classes = len(X), int(draws.max()) + 1
    by_column = np.ascontiguousarray((X - X.mean(axis=0)).T)
    # Of two classes one target says all.
    classes = np.arange(1 if n_classes == 2 else 0, n_classes)
    targets = np.where(draws[:, :, None] == classes, 1.0, -1.0)
    tests = [np.flatnonzero(folds == fold) for fold in range(int(folds.max()) + 1)]
    step = max(1, _BLOCK // (8 * n * max(n, int(light.sizes.max()))))
    for centres, columns in light.batches(min(step, 256)):
        near = by_column[columns]  # (n_batch, size, n_trials)
        left = _left_by_ridge(near, alpha)
        inverse = [np.linalg.inv(left[:, one[:, None], one]) for one in tests]
        per = max(1, _BLOCK // (8 * n * len(centres) * len(classes)))
        for first in range(0, len(draws), per):
            at = slice(first, first + per)
            told = targets[at].transpose(1, 0, 2).reshape(n, -1)
            residual = left @ told
            said = np.empty_like(residual)
            for one, inverted in zip(tests, inverse, strict=True):
                said[:, one] = told[one] - inverted @ residual[:, one]
            said = said.reshape(len(centres), n, -1, len(classes))
            code = said[..., 0] > 0 if n_classes == 2 else said.argmax(axis=-1)
            yield at, centres, code.transpose(2, 0, 1) == draws[at, None]


def _left_by_ridge(near: np.ndarray, alpha: float) -> np.ndarray:
    """Give what ridge leaves of targets, times any number, by columns centred over trials."""
    _, size, n = near.shape
    if size < n:
        products = near @ near.mT
        np.einsum("bii->bi", products)[:] += alpha
        left = near.mT @ np.linalg.solve(products, near)
        np.negative(left, out=left)
        left -= 1 / n
        np.einsum("bii->bi", left)[:] += 1
        return left
    products = near.mT @ near
    np.einsum("bii->bi", products)[:] += alpha
    # Of the constant the inverse has 1 / alpha, which the intercept takes.
    return np.linalg.inv(products) - 1 / (n * alpha)


def _discriminants(
    X: np.ndarray, y: np.ndarray, folds: np.ndarray, light: Searchlight, shrinkage: float
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Predict by linear discriminants.

    scikit-learn shrinks the covariance of each class towards its own mean variance and averages
    them by their frequency. With one shrinkage for all that is the pooled covariance, shrunk.
    """
    n, n_classes, n_folds = len(X), int(y.max()) + 1, int(folds.max()) + 1
    by_column = np.ascontiguousarray((X - X.mean(axis=0)).T)
    n_train = n - np.bincount(folds)
    # means[f, k] of fold f's training trials of class k, as weights of trials.
    member = (folds[None] != np.arange(n_folds)[:, None])[:, None] & (
        y == np.arange(n_classes)[:, None]
    )
    counts = member.sum(axis=2)
    means = member / counts[:, :, None]  # (n_folds, n_classes, n_trials)
    prior = np.log(counts / n_train[:, None])
    tests = [np.flatnonzero(folds == fold) for fold in range(n_folds)]
    largest = int(light.sizes.max())
    step = _BLOCK // (8 * max(largest * n, min(largest, n) ** 2))
    for centres, columns in light.batches(min(max(1, step), 256)):
        near = by_column[columns]  # (n_batch, size, n_trials)
        primal = near.shape[1] <= n_train.min()
        products = near @ near.mT if primal else near.mT @ near
        predicted = np.empty((len(centres), n), np.int16)
        for fold, test in enumerate(tests):
            if primal:
                said = _primal(near, products, test, means[fold], counts[fold], shrinkage)
            else:
                train = np.flatnonzero(folds != fold)
                said = _dual(
                    products, train, test, means[fold], counts[fold], shrinkage, near.shape[1]
                )
            predicted[:, test] = (said + prior[fold]).argmax(axis=2)
        yield centres, predicted


def _primal(
    near: np.ndarray,
    products: np.ndarray,
    test: np.ndarray,
    means: np.ndarray,
    counts: np.ndarray,
    shrinkage: float,
) -> np.ndarray:
    """Discriminants of a fold by covariances of columns, shape (n_batch, n_test, n_classes)."""
    size, n_train = near.shape[1], counts.sum()
    tested = near[:, :, test]
    centre = near @ means.T  # (n_batch, size, n_classes)
    within = products - tested @ tested.mT - (centre * counts) @ centre.mT
    level = np.einsum("bii->b", within) / (n_train * size)
    within *= (1 - shrinkage) / n_train
    np.einsum("bii->bi", within)[:] += (shrinkage * level)[:, None]
    weights = np.linalg.solve(within, centre)
    return tested.mT @ weights - 0.5 * np.einsum("bpk,bpk->bk", centre, weights)[:, None]


def _dual(
    products: np.ndarray,
    train: np.ndarray,
    test: np.ndarray,
    means: np.ndarray,
    counts: np.ndarray,
    shrinkage: float,
    size: int,
) -> np.ndarray:
    """Discriminants of a fold by products of trials, shape (n_batch, n_test, n_classes).

    With rows U of deviations from class means, ``(level I + UᵀU)⁻¹`` is, by Woodbury's identity,
    ``(I - Uᵀ (level I + U Uᵀ)⁻¹ U) / level``.
    """
    n_train = len(train)
    among = products[:, train[:, None], train]
    asked = products[:, test[:, None], train]
    of_class = means[:, train]
    deviate = np.eye(n_train) - (of_class > 0).T @ of_class  # of each class from its mean
    inner = deviate @ among @ deviate.T
    level = shrinkage * np.einsum("bii->b", inner) / (n_train * size)
    share = (1 - shrinkage) / n_train
    inner *= share
    np.einsum("bii->bi", inner)[:] += level[:, None]
    centre = among @ of_class.T  # products of training trials and class means
    solved = deviate.T @ np.linalg.solve(inner, deviate @ centre)
    both = asked @ (of_class.T - share * solved)
    own = np.einsum("kt,btk->bk", of_class, centre) - share * np.einsum(
        "btk,btk->bk", centre, solved
    )
    return (both - 0.5 * own[:, None]) / level[:, None, None]


def _weights(draws: np.ndarray, folds: np.ndarray, *, balanced: bool) -> np.ndarray:
    """Give what a trial that is told right adds to the score, shape (n_draws, n_trials)."""
    n_folds = int(folds.max()) + 1
    if not balanced:
        return np.broadcast_to(1 / (n_folds * np.bincount(folds)[folds]), draws.shape)
    n_classes = int(draws.max()) + 1
    weights = np.empty(draws.shape)
    for y, mine in zip(draws, weights, strict=True):
        cell = folds * n_classes + y
        counts = np.bincount(cell, minlength=n_folds * n_classes)
        present = (counts.reshape(n_folds, n_classes) > 0).sum(axis=1)
        mine[:] = 1 / (n_folds * present[folds] * counts[cell])
    return weights


def _check(X: np.ndarray, draws: np.ndarray, folds: np.ndarray, light: Searchlight) -> None:
    if X.ndim != 2 or X.shape[1] != len(light.places):
        raise DataError(
            f"searchlight: X has shape {X.shape} and the searchlight {len(light.places)} columns. "
            "Give one row a trial, with the voxels that the searchlight was made of."
        )
    if draws.shape[1] != len(X) or len(folds) != len(X):
        raise DataError(
            f"searchlight: {len(X)} trials, {draws.shape[1]} labels and {len(folds)} folds. Give "
            "one of each a trial."
        )
    if not np.isfinite(X).all():
        trial, column = (int(i[0]) for i in np.nonzero(~np.isfinite(X)))
        raise DataError(
            f"searchlight: trial {trial} is not finite in column {column}. Leave out voxels and "
            "trials that hold NaN; nothing is filled in."
        )
    n_folds, n_classes = int(folds.max()) + 1, int(draws.max()) + 1
    if n_folds < 2 or n_classes < 2:
        raise DataError(
            f"searchlight: {n_folds} folds and {n_classes} classes. Two of each are needed."
        )
    for y in draws:
        cells = np.bincount(folds * n_classes + y, minlength=n_folds * n_classes)
        cells = cells.reshape(n_folds, n_classes)
        lacking = np.argwhere(cells.sum(axis=0) - cells < 1)
        if len(lacking):
            fold, k = lacking[0]
            raise DataError(
                f"searchlight: without fold {fold} no trial is left of class {k}, so it cannot be "
                "learned. Take that class away, or leave out fewer trials at once."
            )
