"""Models that tell as many trials right as they are asked to, stored to be compared."""

from dataclasses import replace

import numpy as np
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import Ridge
from tests_harness import planted, run, study_of

from neurodecode.core.needs import Needs
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.store import Store

SUBJECTS = ("1", "2", "3", "4", "5", "6")


class Says(ClassifierMixin, BaseEstimator):
    """Reads its answer from one channel of the signal."""

    needs = Needs()
    version = 1

    def __init__(self, channel=0):
        self.channel = channel

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        return self

    def predict(self, X):
        return X[:, self.channel, 0].astype(int)


def said(n_right, subjects=SUBJECTS, seed=0, n_draws=0, **question):
    """Study of models that tell, of each subject's 24 trials, as many as `n_right` says.

    Parameters
    ----------
    n_right : dict of str to sequence of int
        Model to trials told right, one number a subject.
    """
    arrays, labels, rows = planted(seed=seed, subjects=subjects)
    rng = np.random.default_rng(seed)
    for channel, numbers in enumerate(n_right.values()):
        for subject, n in zip(subjects, numbers, strict=True):
            truth = labels[subject] == "b"
            wrong = rng.permutation(len(truth)) >= n
            arrays[subject][:, channel, 0] = truth ^ wrong
    models = tuple(NamedModel(name, Says(i)) for i, name in enumerate(n_right))
    asked = {"metrics": ("accuracy",), "models": models, "n_draws": n_draws, **question}
    return study_of(arrays, labels, rows, **asked)


def stored(study, folder):
    run(study, folder)
    return Store(folder)


GOOD, FAIR, BAD = (20, 22, 18, 24, 21, 19), (18, 19, 18, 20, 20, 16), (12, 10, 14, 12, 11, 13)


def of_vectors(seed=0, subjects=SUBJECTS, Y=None):
    """Study of vectors of four entries that the mean of each channel tells, and of their truth."""
    study = said({"unused": GOOD}, subjects)
    X = study.trials.X.mean(axis=2)
    rng = np.random.default_rng(seed)
    Y = X[:, :4] + 0.1 * rng.standard_normal((len(X), 4)) if Y is None else Y
    names = {"eeg": (X, tuple("abcdefgh")), "shown": (Y, tuple("0123"))}
    at = np.arange(len(X))
    none = np.zeros(len(X), dtype=np.int32)
    signals = {
        name: TrialSignal(
            (Part(data, Space("features", columns), ("feature",), None, 0.0, name),),
            none, at, none - 1,
        )
        for name, (data, columns) in names.items()
    }  # fmt: skip
    question = replace(
        study.question,
        target=Target("vector", signal="shown"),
        models=(NamedModel("sure", Ridge()), NamedModel("weak", Ridge(alpha=1e3))),
        metrics=("r", "rmse"),
    )
    return replace(study, trials=Trials(study.trials.rows, signals), question=question), Y
