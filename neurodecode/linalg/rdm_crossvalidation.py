"""Scores of fitted models on subjects and conditions that they were not fitted to."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.linalg._namespace import as_floats
from neurodecode.linalg.rdm_ceilings import pool
from neurodecode.linalg.rdm_compare import Method, compare, coordinates
from neurodecode.linalg.rdm_incomplete import own_conditions, pool_incomplete
from neurodecode.linalg.rdm_models import Aim, Model, NothingToSelect, Select, fit_several
from neurodecode.linalg.rdm_pairs import n_conditions_of, pairs_among

_FEWEST = 3  # conditions of a test fold: three pairs, the fewest that can correlate


@dataclass(frozen=True, eq=False)
class CrossValidated:
    """Scores of left-out blocks.

    Parameters
    ----------
    lower, upper : float
        Noise ceilings of the same blocks: the pool of the training subjects, and of all.
    scores : ndarray, shape (n_models,)
        Mean over folds. Where no weight above zero serves, or all pairs of a fold are as
        dissimilar, a model says nothing, and scores 0.
    folds : ndarray, shape (n_folds, n_models)
        Fold by fold, those of conditions within those of subjects.
    each : ndarray, shape (n_subjects, n_models)
        Of each subject, mean over the folds of conditions.
    """

    lower: float
    upper: float
    scores: np.ndarray
    folds: np.ndarray
    each: np.ndarray


def crossvalidate(
    models: Sequence[Model],
    rdms: np.ndarray,
    method: Method = "corr",
    *,
    n_subject_folds: int | None = None,
    n_condition_folds: int | None = None,
    subjects: np.ndarray | None = None,
    conditions: np.ndarray | None = None,
    fit_by: Method | None = None,
    seed: int = 0,
) -> CrossValidated:
    """Fit on some subjects and conditions, and score on other subjects among other conditions.

    Parameters
    ----------
    models : sequence of Model
    rdms : ndarray, shape (n_subjects, n_pairs)
        NaN where a subject has no such pair: weights are fitted to the pool of those who have it
        (`neurodecode.linalg.rdm_incomplete.pool_incomplete`), and each subject is scored in the
        folds of which it has three conditions.
    method : str
        As for `neurodecode.linalg.rdm_compare.compare`.
    n_subject_folds, n_condition_folds : int, optional
        2 to 5 by number without, as rsatoolbox chooses, of conditions by that of the subject who
        has the fewest. One fold leaves none out.
    subjects, conditions : ndarray, shape (n_subjects,) and (n_conditions,), optional
        Labels of what stays together in a fold: sessions of a subject, pictures of a category.
    fit_by : str, optional
        Comparison that weights are fitted by, where it is not that of the score: a sum that is
        scored by ranks is fitted by ``corr``.
    seed : int
        Of who goes into which fold.

    Returns
    -------
    scored : CrossValidated

    Raises
    ------
    DataError
        If there are more folds than subjects, or a test fold would have fewer than three
        conditions.
    """
    folds = Folds.of(
        rdms,
        method,
        n_subject_folds=n_subject_folds,
        n_condition_folds=n_condition_folds,
        subjects=subjects,
        conditions=conditions,
        fit_by=fit_by,
        seed=seed,
    )
    return CrossValidated(*folds.bounds(), *folds.scores(models))


@dataclass(frozen=True, eq=False)
class _Tested:
    """Subjects of a fold who have the same pairs of its conditions."""

    fold: int
    rows: np.ndarray
    rdms: np.ndarray
    coordinates: np.ndarray | None  # None of Kendall's


@dataclass(frozen=True, eq=False)
class _Block:
    """Conditions that are left out together, and folds of subjects to them."""

    at_train: np.ndarray
    at_test: np.ndarray
    aims: tuple[Aim, ...]
    tested: tuple[tuple[np.ndarray, list[_Tested]], ...]  # by the pairs that subjects have


@dataclass(frozen=True, eq=False)
class Folds:
    """Data of each fold, in the coordinates in which models are fitted and scored.

    They are made once for any number of models, such as those of a permutation.

    Parameters
    ----------
    rdms : ndarray, shape (n_subjects, n_pairs)
    method : str
    by_subject : sequence of ndarray of bool, shape (n_subjects,)
    blocks : tuple of _Block
        One a fold of conditions.
    """

    rdms: np.ndarray
    method: Method
    by_subject: Sequence[np.ndarray]
    blocks: tuple[_Block, ...]

    @staticmethod
    def of(
        rdms: np.ndarray,
        method: Method = "corr",
        *,
        n_subject_folds: int | None = None,
        n_condition_folds: int | None = None,
        subjects: np.ndarray | None = None,
        conditions: np.ndarray | None = None,
        fit_by: Method | None = None,
        seed: int = 0,
    ) -> "Folds":
        """Divide subjects and conditions; parameters and errors as of `crossvalidate`."""
        rdms = np.atleast_2d(as_floats(rdms)).astype(np.float64, copy=False)
        n = n_conditions_of(rdms.shape[1])
        if n_condition_folds is None and conditions is None:
            n_condition_folds = default_condition_folds(int(own_conditions(rdms).sum(1).min()))
        subjects = np.arange(len(rdms)) if subjects is None else np.asarray(subjects)
        conditions = np.arange(n) if conditions is None else np.asarray(conditions)
        rng = np.random.default_rng(seed)
        by_subject = _dealt(subjects, n_subject_folds, default_subject_folds, "subjects", rng)
        by_condition = _dealt(
            conditions, n_condition_folds, default_condition_folds, "conditions", rng
        )
        blocks = []
        for block in by_condition:
            rest = ~block if len(by_condition) > 1 else block
            if block.sum() < _FEWEST or rest.sum() < _FEWEST:
                raise DataError(
                    f"A fold of {len(by_condition)} tests {block.sum()} conditions and trains on "
                    f"{rest.sum()}; three are the fewest. Use fewer folds of conditions."
                )
            at_test = pairs_among(np.flatnonzero(block), n)
            at_train = pairs_among(np.flatnonzero(rest), n)
            trained = [~one if len(by_subject) > 1 else one for one in by_subject]
            aims = [_aim(rdms[one][:, at_train], fit_by or method) for one in trained]
            tested = _tested(rdms[:, at_test], by_subject, method)
            blocks.append(_Block(at_train, at_test, tuple(aims), tested))
        return Folds(rdms, method, by_subject, tuple(blocks))

    def scores(self, models: Sequence[Model]) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Fit and score models.

        Returns
        -------
        scores, folds, each
            As of `CrossValidated`; NaN of a subject who has fewer than three of the conditions of
            every fold.
        """
        of_blocks = np.full((len(self.blocks), len(self.rdms), len(models)), np.nan)
        for found, block in zip(of_blocks, self.blocks, strict=True):
            for j, model in enumerate(models):
                self._score(model, block, found[:, j])
        folds = [_mean(of_blocks[:, one], axis=1) for one in self.by_subject]
        by_fold = np.concatenate(folds)
        return _mean(by_fold, axis=0), by_fold, _mean(of_blocks, axis=0)

    def weights(self, model: Model) -> np.ndarray:
        """Give what is fitted in each fold, shape (n_folds, n_rdms); NaN where nothing can be."""
        return np.concatenate([_fitted(model, block) for block in self.blocks])

    def _score(self, model: Model, block: _Block, found: np.ndarray) -> None:
        weights = _fitted(model, block)
        said = weights @ np.asarray(model.rdms, dtype=np.float64)[:, block.at_test]
        for known, several in block.tested:
            of_known = said if known.all() else np.where(known, said, np.nan)
            kendalls = self.method in ("tau-a", "tau-b")
            fitted = np.asarray(np.isfinite(weights).all(axis=1))
            U = np.full((len(said), 0), np.nan)
            if not kendalls and fitted.any():
                told = coordinates(of_known[fitted], self.method)
                U = np.full((len(said), told.shape[1]), np.nan)
                U[fitted] = told
            for one in several:
                if not fitted[one.fold]:
                    continue
                mine = of_known[one.fold]
                if not weights[one.fold].any() or np.nanmax(mine) == np.nanmin(mine):
                    found[one.rows] = 0
                elif one.coordinates is None:
                    found[one.rows] = compare(mine[None], one.rdms, self.method, warn=False)[0]
                else:
                    found[one.rows] = one.coordinates @ U[one.fold]

    def bounds(self) -> tuple[float, float]:
        """Score pools of training subjects, and of all, by the same blocks: noise ceilings."""
        bounds = []
        for block in self.blocks:
            rdms = self.rdms[:, block.at_test]
            for fold, tested in enumerate(self.by_subject):
                trained = ~tested if len(self.by_subject) > 1 else tested
                pools = np.stack([_pooled(rows, self.method) for rows in (rdms[trained], rdms)])
                mine = [
                    compare(
                        np.where(shared, pools, np.nan), np.where(shared, one.rdms, np.nan),
                        self.method, warn=False,
                    )
                    for known, several in block.tested
                    for one in several
                    if one.fold == fold and (shared := known & np.isfinite(pools).all(0)).sum() > 2
                ]  # fmt: skip
                if mine:
                    bounds.append(np.concatenate(mine, axis=1).mean(axis=1))
        lower, upper = np.mean(bounds, axis=0) if bounds else (np.nan, np.nan)
        return float(lower), float(upper)


def default_subject_folds(n: int) -> int:
    """Give a number of folds of subjects: 2 below 6, then 3, 4 from 12, 5 from 20."""
    return 1 if n < 2 else 2 + int(np.searchsorted([6, 12, 20], n, side="right"))


def default_condition_folds(n: int) -> int:
    """Give a number of folds of conditions: 2 below 12, then 3, 4 from 24, 5 from 40."""
    return 2 + int(np.searchsorted([12, 24, 40], n, side="right"))


def _fitted(model: Model, block: _Block) -> np.ndarray:
    """Fit a model to each fold of subjects, those of the same pairs at once; NaN of no pair."""
    weights = np.full((len(block.aims), len(model.rdms)), np.nan)
    left = [i for i, aim in enumerate(block.aims) if aim.known.any()]
    while left:
        known = block.aims[left[0]].known
        alike = [i for i in left if np.array_equal(block.aims[i].known, known)]
        alike = alike[:1] if isinstance(model, Select) else alike
        try:
            aims = [block.aims[i] for i in alike]
            weights[alike] = fit_several(model, aims, pairs=block.at_train)
        except NothingToSelect:
            weights[alike] = 0
        left = [i for i in left if i not in alike]
    return weights


def _aim(rdms: np.ndarray, method: Method) -> Aim:
    """Fit to subjects as they are, or to their pool where they have different pairs."""
    whole = _alike(rdms) and not _few(rdms)
    return Aim(rdms if whole else _pooled(rdms, method)[None], method)


def _pooled(rdms: np.ndarray, method: Method) -> np.ndarray:
    """Pool subjects; NaN where they say nothing."""
    nothing = np.full(rdms.shape[1], np.nan)
    if _few(rdms):
        return nothing
    if _alike(rdms):
        return pool(rdms, method)
    pooled = pool_incomplete(rdms, method)
    # Of subjects who have a pair each, which is neither large nor small among its own.
    return nothing if np.nanmax(pooled) == np.nanmin(pooled) else pooled


def _few(rdms: np.ndarray) -> bool:
    return bool(np.isfinite(rdms).any(axis=0).sum() < _FEWEST)


def _alike(rdms: np.ndarray) -> bool:
    lacking = np.isnan(rdms)
    return bool((lacking == lacking[0]).all())


def _tested(
    rdms: np.ndarray, by_subject: Sequence[np.ndarray], method: Method
) -> tuple[tuple[np.ndarray, list[_Tested]], ...]:
    """Group the subjects of each fold by the pairs that they have, three conditions at least."""
    patterns, of_row = np.unique(np.isfinite(rdms), axis=0, return_inverse=True)
    found = []
    for i, known in enumerate(patterns):
        mine = np.where(known, 1.0, np.nan)[None]
        if own_conditions(mine).sum() < _FEWEST:
            continue
        several = []
        for fold, tested in enumerate(by_subject):
            rows = np.flatnonzero(tested & (of_row.ravel() == i))
            if len(rows):
                told = None
                if method not in ("tau-a", "tau-b"):
                    told = coordinates(rdms[rows], method)
                several.append(_Tested(fold, rows, rdms[rows], told))
        found.append((known, several))
    return tuple(found)


def _mean(values: np.ndarray, axis: int) -> np.ndarray:
    """Average what is known."""
    known = np.isfinite(values)
    n = known.sum(axis=axis)
    total = np.where(known, values, 0).sum(axis=axis)
    return np.where(n > 0, total / np.maximum(n, 1), np.nan)


def _dealt(labels, n_folds, default, what, rng) -> list[np.ndarray]:
    groups = np.unique(labels)
    n_folds = default(len(groups)) if n_folds is None else n_folds
    if not 1 <= n_folds <= len(groups):
        raise DataError(f"There are {n_folds} folds for {len(groups)} {what}. Use at most as many.")
    return [np.isin(labels, part) for part in np.array_split(rng.permutation(groups), n_folds)]
