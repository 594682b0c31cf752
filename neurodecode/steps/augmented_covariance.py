"""A covariance a trial, of the trial and delayed copies of it."""

from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.linalg.embedding import Embedding, select_embedding
from neurodecode.linalg.lagged import (
    Edge,
    LaggedEstimator,
    check_length,
    covariances_of_orders,
    n_columns,
)
from neurodecode.steps._input import check_count, three_dimensional, trials_of
from neurodecode.steps._rank import SHRINKING, check_inverses

_AXES = ("channel", "time")
Select = Literal["mdop", "afnn"]


class AugmentedCovariance(TransformerMixin, BaseEstimator):
    """Estimate the covariance of the channels and of their delayed copies in each trial.

    It holds how each channel goes on from itself and from the others: a spectrum, where a plain
    covariance has a power.

    Parameters
    ----------
    order : int
        Copies of each channel, the undelayed one among them.
    lag : int
        Samples from one copy to the next.
    select : {"mdop", "afnn"} or None
        How order and lag are chosen from the training trials, in place of those given; labels have
        no part in it. See `neurodecode.linalg.embedding.select_embedding`.
    estimator : {"cov", "oas", "lwf", "scm"}
        As published, ``cov``; the shrinking ones give an inverse where samples are few.
    edge : {"reference", "full"}
        How many samples are used; see `neurodecode.linalg.lagged.lagged_covariances`.

    Attributes
    ----------
    embedding_ : Embedding
        Order and lag that were used.

    References
    ----------
    Carrara & Papadopoulo 2024, doi 10.1109/TBME.2024.3386219.
    """

    supervised = False
    gives = ("channel", "channel")
    version: ClassVar[int] = 1

    def __init__(
        self,
        order: int = 4,
        lag: int = 5,
        select: Select | None = None,
        estimator: LaggedEstimator = "cov",
        edge: Edge = "reference",
    ):
        self.order = order
        self.lag = lag
        self.select: Select | None = select
        self.estimator: LaggedEstimator = estimator
        self.edge: Edge = edge

    @property
    def stateless(self) -> bool:
        """Whether each trial is mapped by itself: where order and lag are given."""
        return self.select is None

    @property
    def needs(self) -> Needs:
        """Trials of channels by time; of full rank where nothing shrinks."""
        return Needs(axes=_AXES, full_rank=self.estimator not in SHRINKING)

    def check_shape(self, n_channels: int, n_times: int | None, sfreq: float | None) -> None:
        """Hold trials of this shape to the order and lag, which `plan` does before any is read.

        None where it is not known.

        Raises
        ------
        DataError
            If they are too short.
        """
        del sfreq
        if self.select is None and n_times is not None:
            found = self._given()
            n = n_columns(n_times, found.order, found.lag, self.edge)
            what = f"order {found.order} of lag {found.lag}"
            check_length(n, found.order * n_channels, self.estimator, what)

    def fit(self, X, y=None):
        """Choose order and lag, where they are not given.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)

        Raises
        ------
        ConfigError
            If order or lag is no whole number from 1 on.
        DataError
            If trials are too short to choose from, or a channel does not vary.
        """
        if self.select is not None:
            self.embedding_ = select_embedding(trials_of(X, _AXES, self), self.select)
        else:
            self.embedding_ = self._given()
        return self

    def transform(self, X):
        """Give one covariance a trial.

        Parameters
        ----------
        X : ndarray, shape (n_trials, n_channels, n_times)

        Returns
        -------
        C : ndarray, shape (n_trials, order * n_channels, order * n_channels)
            The undelayed channels first; in the square of the unit of `X`.

        Raises
        ------
        DataError
            If trials are too short for the order and lag, or a covariance without shrinkage has no
            inverse.
        """
        if self.select is not None:
            check_is_fitted(self)
        found = self._given() if self.select is None else self.embedding_
        return self._several(X, (found.order,), found.lag)[0]

    @classmethod
    def each(
        cls, steps: Sequence["AugmentedCovariance"], X: Any
    ) -> Iterator[tuple[list[int], np.ndarray]]:
        """Give what several stateless steps give; those of one lag share their work.

        Parameters
        ----------
        steps : sequence of AugmentedCovariance
        X : ndarray, shape (n_trials, n_channels, n_times)

        Yields
        ------
        which : list of int
            Positions of the steps that give this; of order 1 all do, whatever their lag.
        C : ndarray, shape (n_trials, order * n_channels, order * n_channels)
        """
        alike: dict[Any, dict[int, list[int]]] = {}
        for i, step in enumerate(steps):
            found = step._given()
            lag = found.lag if found.order > 1 else 1
            group = alike.setdefault((lag, step.estimator, step.edge), {})
            group.setdefault(found.order, []).append(i)
        for (lag, _, _), orders in alike.items():
            first = steps[next(iter(orders.values()))[0]]
            several = first._several(X, tuple(orders), lag)
            yield from zip(orders.values(), several, strict=True)

    def _given(self) -> Embedding:
        check_count(self.order, "order", self)
        check_count(self.lag, "lag", self)
        return Embedding(int(self.order), int(self.lag))

    def _several(self, X: Any, orders: tuple[int, ...], lag: int) -> tuple[np.ndarray, ...]:
        X = trials_of(X, _AXES, self)
        found = covariances_of_orders(X, orders, lag, edge=self.edge, estimator=self.estimator)
        if self.estimator not in SHRINKING:
            for order, C in zip(orders, found, strict=True):
                try:
                    check_inverses(C)
                except DataError as error:
                    raise DataError(f"order {order} of lag {lag}: {error}") from error
        return found

    def __sklearn_tags__(self):
        tags = three_dimensional(super().__sklearn_tags__())
        tags.requires_fit = self.select is not None
        return tags
