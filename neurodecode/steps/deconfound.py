"""Features without what confounds explain of them."""

import warnings
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.preprocessing import SplineTransformer
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import SAME, Needs
from neurodecode.core.trials import Trials
from neurodecode.linalg.design import Design, numbers
from neurodecode.steps._audit import N_FOLDS, audit_folds, held_out_auc, parts_of
from neurodecode.steps._input import columns_of

Kind = Literal["linear", "spline"]
_N_KNOTS = 5


class Deconfound(TransformerMixin, BaseEstimator):
    """Subtract what columns of the rows, such as age or motion, explain of each feature.

    One regression a feature is fitted on the training rows; test rows are corrected by its
    weights. Then an audit looks at what is left: trees learn to tell each confound from corrected
    training rows, and are asked of training rows that were held out, of other subjects, both from
    the correction and from the trees. A confound that is told beyond chance is named in a warning,
    and in the table as ``confound:COLUMN``: a linear correction leaves what is not linear.

    Parameters
    ----------
    columns : tuple of str
        Names of the confounds. Numbers are taken as `kind` says, text as categories; a category
        that training did not have corrects nothing.
    kind : {"linear", "spline"}
        How numbers are taken: as they are, or as a cubic spline of five knots at quantiles of the
        training rows, straight beyond the outermost.
    audit : bool
        Whether it is looked for what is left.

    Attributes
    ----------
    design_ : Design
    splines_ : dict of str to sklearn.preprocessing.SplineTransformer
        Of columns of numbers, where `kind` is ``spline``.
    weights_ : ndarray, shape (n_regressors, n_features)
        In the features' unit by the confounds' unit. Where confounds depend on one another, the
        weights of least norm.
    audit_ : dict of str to float
        Confound to the AUC with which trees tell its best-told category (of numbers: quarter) from
        the others, in held-out training rows.
    flags_ : tuple of str
        ``confound:COLUMN`` of each that is told beyond chance.

    Notes
    -----
    Features keep their training mean: what is subtracted is the difference to a trial whose
    confounds are average. It may stand anywhere in a model whose harness hands it `Trials`.

    References
    ----------
    Snoek et al. 2019, doi 10.1016/j.neuroimage.2018.09.074: to be fitted within the fold.
    """

    supervised = False
    gives = SAME
    version: ClassVar[int] = 2

    def __init__(self, columns: tuple[str, ...] = (), kind: Kind = "linear", audit: bool = True):
        self.columns = columns
        self.kind: Kind = kind
        self.audit = audit

    @property
    def needs(self) -> Needs:
        """`Trials` with the named columns, and with the subject where there is an audit."""
        who = ("subject",) if self.audit and "subject" not in self.columns else ()
        return Needs(trials=True, columns=(*self.columns, *who))

    def fit(self, X: Trials, y=None):
        """Learn the weights, and look at what is left.

        Parameters
        ----------
        X : Trials
            With one signal and the columns.

        Raises
        ------
        ConfigError
            If `kind` is unknown.
        DataError
            If no column is named, or a value of one is missing.
        """
        if self.kind not in ("linear", "spline"):
            raise ConfigError(f"deconfound: kind is {self.kind!r}. Give linear or spline.")
        confounds = columns_of(X, self.columns, self)
        features = _flat(X.X)
        self.design_, self.splines_, self.weights_ = self._learnt(confounds, features)
        self.audit_, self.flags_ = {}, ()
        if self.audit:
            self._look(confounds, features, columns_of(X, ("subject",), self)["subject"])
        return self

    def transform(self, X: Trials) -> np.ndarray:
        """Give the corrected trials.

        Returns
        -------
        X : ndarray, shape (n_trials, …)
            Axes and unit of the signal.
        """
        check_is_fitted(self)
        confounds = columns_of(X, self.columns, self)
        trials = X.X
        explained = _explained(self.design_, self.splines_, self.weights_, confounds)
        return trials - explained.reshape(trials.shape)

    def _learnt(
        self, confounds: Mapping[str, np.ndarray], features: np.ndarray
    ) -> tuple[Design, dict[str, SplineTransformer], np.ndarray]:
        """Fit the regressions."""
        plain = Design.of(confounds)  # says which columns hold numbers, and that none lacks a value
        splines = {}
        if self.kind == "spline":
            for name, levels in plain.levels.items():
                if levels or len(set(confounds[name].tolist())) <= _N_KNOTS:
                    continue
                basis = SplineTransformer(_N_KNOTS, knots="quantile", extrapolation="linear")
                splines[name] = basis.fit(numbers(name, confounds[name])[:, None])
        regressors = _regressors(splines, confounds)
        design = Design.of(regressors)
        centred = features - features.mean(axis=0)
        return design, splines, np.linalg.lstsq(design.matrix(regressors), centred, rcond=None)[0]

    def _look(
        self, confounds: Mapping[str, np.ndarray], features: np.ndarray, subjects: np.ndarray
    ) -> None:
        """Let trees tell each confound from what is left of the features."""
        if len(features) < 2 * N_FOLDS:
            return
        folds = audit_folds(subjects)
        kept: dict[int, tuple[np.ndarray, np.ndarray]] = {}

        def corrected(train: np.ndarray, held_out: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
            if id(train) not in kept:
                learnt = self._learnt(_rows_of(confounds, train), features[train])
                left = [
                    features[rows] - _explained(*learnt, _rows_of(confounds, rows))
                    for rows in (train, held_out)
                ]
                kept[id(train)] = left[0], left[1]
            return kept[id(train)]

        for name, column in confounds.items():
            values = np.asarray(column.tolist())  # numbers may come as objects
            auc, beyond = held_out_auc(corrected, parts_of(values), folds)
            self.audit_[name] = auc
            if beyond:
                self.flags_ = (*self.flags_, f"confound:{name}")
        told = [f"{one} (AUC {self.audit_[one]:.2f})" for one in self.audit_
                if f"confound:{one}" in self.flags_]  # fmt: skip
        if told:
            more = "Use kind: spline. " if self.kind == "linear" else ""
            warnings.warn(
                f"deconfound: after {self.kind} removal, trees still tell {', '.join(told)} from "
                f"the features of held-out training rows. {more}Scores may lean on it.",
                stacklevel=3,
            )

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        return tags


def _rows_of(columns: Mapping[str, np.ndarray], index: np.ndarray) -> dict[str, np.ndarray]:
    return {name: column[index] for name, column in columns.items()}


def _explained(
    design: Design,
    splines: Mapping[str, SplineTransformer],
    weights: np.ndarray,
    confounds: Mapping[str, np.ndarray],
) -> np.ndarray:
    """Give what confounds explain of features, shape (n_rows, n_features)."""
    return design.matrix(_regressors(splines, confounds)) @ weights


def _regressors(
    splines: Mapping[str, SplineTransformer], confounds: Mapping[str, np.ndarray]
) -> dict[str, np.ndarray]:
    """Confounds, those with a spline as the columns of its basis."""
    given: dict[str, np.ndarray] = {}
    for name, column in confounds.items():
        if name not in splines:
            given[name] = column
            continue
        basis = np.asarray(splines[name].transform(numbers(name, column)[:, None]))
        given |= {f"{name} spline {i}": one for i, one in enumerate(basis.T)}
    return given


def _flat(X: np.ndarray) -> np.ndarray:
    return X.reshape(len(X), -1)
