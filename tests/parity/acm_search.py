"""The search among augmented covariances, by scikit-learn with pyriemann and by the harness."""

from typing import Any

import numpy as np
from pyriemann.classification import MDM
from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.model_selection import GridSearchCV, StratifiedKFold
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.task import FoldTask, TaskJob, Tuning
from neurodecode.harness.tune import choose
from neurodecode.models.riemann.augmented_covariance import AugmentedCovariance
from neurodecode.report.arrays import as_trials

N_SPLITS, SEED = 3, 42


class AugmentedDataset(TransformerMixin, BaseEstimator):
    """Delayed copies below each other: the published embedding, sample by sample."""

    def __init__(self, order=1, lag=1):
        self.order = order
        self.lag = lag

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        if self.order == 1:
            return X
        n = X.shape[-1] - self.order * self.lag
        copies = [X[..., j * self.lag : j * self.lag + n] for j in range(self.order)]
        return np.concatenate(copies, axis=-2)


def planted(n_trials, n_channels, n_times, n_classes=2, strength=1.05, seed=0):
    """Mixed noise; of each class a few sources are a little stronger."""
    rng = np.random.default_rng(seed)
    y = np.arange(n_trials) % n_classes
    sources = rng.normal(size=(n_trials, n_channels, n_times))
    for code in range(n_classes):
        sources[y == code, 2 * code : 2 * code + 2] *= strength
    return rng.normal(size=(n_channels, n_channels)) @ sources, y


def by_scikit_learn(X, y, head, orders, lags, scoring="roc_auc") -> GridSearchCV:
    """Give the search whose candidates are refitted from raw trials, each in each fold."""
    grid: dict[str, Any] = {
        "augmenteddataset__lag": list(lags),
        "augmenteddataset__order": list(orders),
    }
    last = [MDM()]
    if head == "svm":
        last = [TangentSpace(), SVC()]
        grid |= {"svc__C": [0.5, 1.0, 1.5], "svc__kernel": ["linear", "rbf"]}
    pipeline = make_pipeline(AugmentedDataset(), Covariances("cov"), *last)
    inner = StratifiedKFold(N_SPLITS, shuffle=True, random_state=SEED)
    return GridSearchCV(pipeline, grid, cv=inner, scoring=scoring, refit=False).fit(X, y)


def by_the_harness(X, y, head, orders, lags, metric="roc_auc") -> dict[str, Any]:
    """Give what the harness tells of its choice."""
    grid: dict[str, Any] = {"lag": tuple(lags), "order": tuple(orders)}
    if head == "svm":
        grid |= {"C": (0.5, 1.0, 1.5), "kernel": ("linear", "rbf")}
    names = tuple("abcd"[: len(np.unique(y))])
    trials, _ = as_trials(X, np.array(names)[y], None)
    job = TaskJob(
        key="acm",
        parts={},
        label="acm",
        model=NamedModel("acm", AugmentedCovariance(head=head)),
        seed=SEED,
        shared="",
        n_shared=0,
        y=y,
        is_null=False,
        tuning=Tuning(grid, N_SPLITS, metric, None),
    )
    task = FoldTask(
        train=trials,
        test=trials,
        jobs=(job,),
        kind="label",
        classes=names,
        signal=next(iter(trials.signals)),
        store=None,  # nothing is stored of inner folds
    )
    return choose(job, task)[1]
