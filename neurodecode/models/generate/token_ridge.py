"""Ridge regression from brains to what a generator is told, with the spread that it was told."""

from dataclasses import replace
from typing import Any, ClassVar, Literal

import numpy as np
import pandas as pd
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.entries import Entries
from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.linalg.ridge_left_out import left_out_predictions, left_out_statistics
from neurodecode.models.align.ridge import Ridge
from neurodecode.models.generate._renorm import respread

Renorm = Literal["none", "loo", "transductive"]


class TokenRidge(Ridge):
    """Tell the tokens or the latent of a picture by ridge, spread as those of pictures are.

    What ridge says varies less than what it is to say, and a generator that was made for real
    tokens paints little from shrunken ones. Renormalised, each output has the mean and standard
    deviation that it has in training pictures. How much predictions of new rows vary is told by
    those of training rows, each left out of the regression that says it (``loo``): in closed form,
    nothing is fitted again. No weights are formed; training rows and their targets are kept.

    Parameters
    ----------
    alphas : tuple of float
        Penalties to choose from by leaving rows out, above zero, in the unit of the sum of squares
        over features of standard deviation 1, with no division by rows. Published ones are of one
        recording: 60,000 of tokens of pictures, 100,000 of tokens of text, 50,000 of low-level
        latents suit 8,859 rows; give one as ``(60000.0,)``.
    repeats : {"average", "single", "none"}
        As of `neurodecode.models.align.ridge.Ridge`.
    per : {"all", "token", "target"}
        What has a penalty of its own.
    n_tokens : int
        Equal pieces that a flat target falls into.
    gram : {"float64", "float32"}
        Precision in which products of rows are summed.
    renorm : {"loo", "transductive", "none"}
        By which predictions' mean and standard deviation predictions are scaled: those of training
        rows that are left out; those of the test rows themselves, which the papers take and
        ``target_access: transductive`` must allow; or not at all.

    Attributes
    ----------
    alpha_, mean_, solver_, targets_
        As of `neurodecode.models.align.ridge.Ridge`.
    loo_mean_, loo_std_ : ndarray, shape (n_targets,)
        Of predictions of training rows that are left out; without ``none``.
    target_std_ : ndarray, shape (n_targets,)
        Of the training targets; without ``none``.
    test_mean_, test_std_ : ndarray, shape (n_targets,), or None
        Of predictions of the rows handed to `adapt`.
    row_of_trial_ : ndarray of int, shape (n_trials,)
        Which row of `loo_predictions` is that of a training trial.

    Notes
    -----
    ``(prediction - loo_mean_) / loo_std_ * target_std_ + mean_``, output by output, standard
    deviations with the divisor n. Predictions of rows that were trained on vary too much to scale
    by. Where repeats are averaged, so are the rows that are left out: test rows that are averages
    of as many spread as they do, single trials more. With ``transductive`` the answer to a picture
    depends on which others are tested, brains that tell nothing look as lively as brains that do,
    and one picture alone is 0 / 0.

    References
    ----------
    Ozcelik & VanRullen 2023, doi 10.1038/s41598-023-42891-8 (a regression a token, and the
    transductive scaling); Allen 1974, doi 10.1080/00401706.1974.10489157 (rows left out).
    """

    version: ClassVar[int] = 1
    _words: ClassVar[dict[str, tuple[str, ...]]] = {
        **Ridge._words,
        "renorm": ("loo", "transductive", "none"),
    }

    def __init__(
        self,
        alphas: tuple[float, ...] = tuple(float(alpha) for alpha in np.logspace(0, 7, 15)),
        repeats: Literal["average", "single", "none"] = "average",
        per: Literal["all", "token", "target"] = "all",
        n_tokens: int = 1,
        gram: Literal["float64", "float32"] = "float64",
        renorm: Renorm = "loo",
    ):
        super().__init__(alphas, repeats, per, n_tokens, gram)
        self.renorm: Renorm = renorm

    @property
    def needs(self) -> Needs:
        """As of ridge; the test rows themselves where predictions are scaled by theirs."""
        return replace(super().needs, transductive=self.renorm == "transductive")

    def fit(self, X, y, rows: pd.DataFrame | None = None):
        """Fit on trials.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …), or Trials
            Axes beyond the first are flattened.
        y : ndarray, shape (n_trials,), (n_trials, n_targets) or (n_trials, n_tokens, n_entries)
            A memory map or `Entries` are read in blocks of columns, of any floating precision.
        rows : DataFrame, optional
            Columns ``subject`` and ``stimulus`` of the trials. Without it, trials of equal target
            show the same.

        Raises
        ------
        ConfigError
            If an argument cannot be meant.
        DataError
            If fewer than two rows are left, a number is not finite, or targets do not fall into
            `n_tokens`.
        """
        solver, Y, alpha, groups = self._solved(X, y, rows)
        self.coef_ = self.intercept_ = None
        self.patterns_ = np.zeros((0, solver.rows.X.shape[1]))
        # A fitted model holds no row that it was not trained on.
        self.solver_, self.targets_ = solver, Y.owned if isinstance(Y, Entries) else Y
        averaged = groups is not None and self.repeats == "average"
        self.row_of_trial_ = groups if averaged else np.arange(len(Y))
        self._together = None if averaged else groups
        self.test_mean_ = self.test_std_ = None
        if self.renorm == "none":
            self.mean_ = self._finite(solver.predict(solver.rows.X[:1], Y, np.inf)[0])
            return self
        found = left_out_statistics(solver, Y, alpha, groups=self._together)
        self.mean_ = self._finite(found.target_mean)
        self.loo_mean_, self.loo_std_ = found.mean, found.sd
        self.target_std_ = found.target_sd
        return self

    def loo_predictions(
        self, columns: slice = slice(None), around: Literal["others", "all"] = "others"
    ) -> np.ndarray:
        """Say each training row by all others.

        Parameters
        ----------
        columns : slice
            Of the flattened targets; of many, a block at a time.
        around : {"others", "all"}
            Which rows' mean target predictions lie around: of the others, as where a row is really
            left out; or of all, as those of a new row do. Around the others', a row that the brain
            says nothing of is told its own target upside down, and who learns from it turns it
            back.

        Returns
        -------
        predictions : ndarray, shape (n_rows, n_columns)
            Renormalised as those of `predict` are; with ``transductive`` by their own statistics.
        """
        check_is_fitted(self)
        alpha = self._penalties(self.targets_.shape[1])[columns]
        Y = self.targets_[:, columns]
        said = left_out_predictions(self.solver_, Y, alpha, groups=self._together)
        if around == "all":
            said += self._own_shares(np.asarray(Y)).astype(said.dtype)
        if self.renorm == "none":
            return said
        return self._spread(said, self.loo_mean_, self.loo_std_, columns)

    @available_if(lambda self: self.renorm == "transductive")
    def adapt(self, X, y=None):
        """Take mean and spread of what is said of the test rows, all of them together.

        Parameters
        ----------
        X : ndarray, shape (n_trials, …), or Trials
        y : None
            Nothing is told of them.

        Raises
        ------
        DataError
            If there is one row: it has no spread.
        """
        del y
        said = super()._said(X)
        if len(said) < 2:
            raise DataError(
                f"{self._name}: renorm: transductive scales what is said of test rows by their own "
                "spread, and there is one row: 0 / 0. Say renorm: loo."
            )
        self.test_mean_ = said.mean(axis=0, dtype=np.float64)
        self.test_std_ = said.std(axis=0, dtype=np.float64)
        return self

    def _said(self, X: Any) -> np.ndarray:
        check_is_fitted(self)
        if self.renorm == "none":
            return super()._said(X)
        if self.renorm == "loo":
            return self._spread(super()._said(X), self.loo_mean_, self.loo_std_)
        if self.test_mean_ is None or self.test_std_ is None:
            raise DataError(
                f"{self._name}: renorm: transductive scales by the test rows, and it was shown "
                "none. Say target_access: transductive, or call adapt with all of them; renorm: "
                "loo needs neither."
            )
        return self._spread(super()._said(X), self.test_mean_, self.test_std_)

    def _own_shares(self, Y: np.ndarray) -> np.ndarray:
        """Give the mean of all rows less that of the others, of each row, shape of `Y`."""
        n = len(Y)
        root, together = self.solver_.rows.root, self._together
        weights = np.ones(n) if root is None else np.asarray(root, dtype=np.float64) ** 2
        together = np.arange(n) if together is None else np.unique(together, return_inverse=True)[1]
        away = weights[:, None] * (Y - np.average(Y, axis=0, weights=weights))
        sums, held = np.zeros((together.max() + 1, Y.shape[1])), np.bincount(together, weights)
        np.add.at(sums, together, away)
        return (sums / (weights.sum() - held)[:, None])[together]

    def _spread(
        self, said: np.ndarray, mean: np.ndarray, sd: np.ndarray, columns: slice = slice(None)
    ) -> np.ndarray:
        """Scale predictions in place from a mean and spread to those of the targets."""
        mean, sd, target_mean = mean[columns], sd[columns], self.mean_[columns]
        # What varies by less than rounding is constant, and to be divided by no rounding.
        least = len(self.targets_) * np.finfo(np.float64).eps
        least = max(least, np.finfo(said.dtype).eps) * np.abs(target_mean)
        return respread(said, mean, sd, target_mean, self.target_std_[columns], least)
