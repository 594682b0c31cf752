"""Patterns of one subject in one region, and the dissimilarities between them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import DataError
from neurodecode.core.rdms import not_square
from neurodecode.harness.rsa.options import RsaOptions
from neurodecode.linalg.rdm import DISTANCES, mahalanobis
from neurodecode.linalg.rdm_crossnobis import crossnobis
from neurodecode.linalg.rdm_noise import measurement_residuals, noise_precision
from neurodecode.linalg.rdm_pairs import n_conditions_of, vectors
from neurodecode.linalg.rdm_patterns import patterns

VERSION = 1  # of what is computed here; part of every key
TIMES = "times.npy"  # of a job: when its RDMs are
RELIABILITY_VERSION = 2  # of what halves of the runs say; part of keys of those who ask for it


@dataclass(frozen=True, eq=False)
class Source:
    """Where the RDMs of one subject in one region come from.

    Parameters
    ----------
    subject, region : str
    read : callable
        Gives (n_trials, n_channels) or (n_trials, n_channels, n_times); of RDMs that are there
        already (n_trials, n_conditions), rows and columns in the same order, or vectors
        (n_times, n_pairs).
    content : str
        Digest of what `read` gives.
    conditions : ndarray of str, shape (n_trials,)
        Of vectors the names that the pairs are of.
    runs : ndarray or None
        Of each trial.
    times : ndarray, tuple of float, or None
        Seconds; or when the first sample is, and how many there are a second.
    vectors : bool
        Whether `read` gives vectors of pairs.
    """

    subject: str
    region: str
    read: Callable[[], np.ndarray]
    content: str
    conditions: np.ndarray
    runs: np.ndarray | None = None
    times: np.ndarray | tuple[float, float] | None = None
    vectors: bool = False

    @property
    def names(self) -> tuple[str, ...]:
        """Conditions, sorted, numbers by their value; of vectors as they are."""
        return tuple(self.conditions.tolist() if self.vectors else in_order(self.conditions))

    @property
    def codes(self) -> np.ndarray:
        """Place of each trial's condition among `names`."""
        place = {name: i for i, name in enumerate(self.names)}
        return np.array([place[one] for one in self.conditions.tolist()])

    @property
    def label(self) -> str:
        """Whose it is, for messages."""
        return f"subject {self.subject}" + (f", {self.region}" if self.region else "")

    def times_of(self, n_times: int) -> np.ndarray:
        """Seconds of each of so many RDMs; NaN where there is no time.

        Raises
        ------
        DataError
            If there are other times than RDMs.
        """
        if isinstance(self.times, tuple):
            tmin, sfreq = self.times
            return tmin + np.arange(n_times) / sfreq
        times = np.full(n_times, np.nan) if self.times is None else self.times
        if len(times) != n_times:
            raise DataError(f"{self.label}: {n_times} RDMs for {len(times)} times.")
        return times

    def key(self, options: RsaOptions, seed: int) -> str:
        """Name what is computed by all that it is made of."""
        return digest(self.parts(options, seed))

    def parts(self, options: RsaOptions, seed: int) -> dict[str, object]:
        """Give all that the RDMs are made of, as plain data."""
        halves = [options.split_half, *options.comparison, seed] if options.split_half else []
        return {
            "kind": "rdm",
            "version": VERSION,
            "content": self.content,
            "conditions": digest_array(self.conditions),
            "runs": "" if self.runs is None else digest_array(self.runs),
            "distance": options.distance,
            "noise": options.noise,
            "transform": options.transform,
            "split_half": [RELIABILITY_VERSION, *halves] if halves else [],
        }

    def rdms(self, options: RsaOptions) -> np.ndarray:
        """Compute RDMs, shape (n_times, n_pairs); one where there is no time.

        Raises
        ------
        DataError
            If data that are said to be RDMs are none, or a distance cannot be computed.
        """
        try:
            if self.vectors:
                found = np.atleast_2d(np.asarray(self.read(), dtype=np.float64))
                n_conditions_of(found.shape[1])
                return found
            if options.distance == "precomputed":
                return self._precomputed()
            return measured(self.values(options), self.codes, self.runs, options)
        except DataError as error:
            raise DataError(f"{self.label}: {error}") from error

    def values(self, options: RsaOptions) -> np.ndarray:
        """Give patterns as they are measured, (n_trials, n_channels) or with a last axis of time.

        Raises
        ------
        DataError
            If they have another shape, are not finite, or below zero where their root is taken.
        """
        X = np.asarray(self.read())
        X = X if X.dtype in (np.float32, np.float64) else X.astype(np.float64)
        if X.ndim not in (2, 3):
            raise DataError(
                f"{self.label}: patterns of shape {X.shape}; (n_trials, n_channels), or with a "
                "last axis of time, is wanted."
            )
        if not np.isfinite(X).all():
            trial = int(np.flatnonzero(~np.isfinite(X).reshape(len(X), -1).all(1))[0])
            raise DataError(f"{self.label}: trial {trial} holds NaN or infinity. Leave it out.")
        if options.transform == "sqrt":
            if (X < 0).any():
                raise DataError(f"{self.label}: transform: sqrt: a value is below zero.")
            X = np.sqrt(X)
        return X

    def _precomputed(self) -> np.ndarray:
        """Average rows of one condition; columns stand in the order in which conditions come."""
        rows = np.asarray(self.read(), dtype=np.float64)
        first = np.unique(self.conditions, return_index=True)[1]
        names = self.conditions[np.sort(first)]
        if rows.ndim != 2 or rows.shape[1] != len(names):
            raise DataError(
                f"rows of shape {rows.shape} for {len(names)} conditions are no RDM. Give the "
                "dissimilarity of each condition to each, or another distance than precomputed."
            )
        code = {name: i for i, name in enumerate(names)}
        at = np.array([code[one] for one in self.conditions])
        square = np.stack([rows[at == i].mean(axis=0) for i in range(len(names))])
        problem = not_square(square)
        if problem:
            raise DataError(f"what is said to be an RDM is none: {problem}")
        order = [code[name] for name in self.names]
        return vectors(square[np.ix_(order, order)])[None]


def in_order(names: np.ndarray) -> list[str]:
    """Sort names without repeats: numbers by value, else by letter."""
    found = sorted(set(names.tolist()))
    try:
        return sorted(found, key=float)
    except ValueError:
        return found


def measured(
    X: np.ndarray, conditions: np.ndarray, runs: np.ndarray | None, options: RsaOptions
) -> np.ndarray:
    """Measure dissimilarities of conditions, shape (n_times, n_pairs).

    Parameters
    ----------
    X : ndarray, shape (n_trials, n_channels) or (n_trials, n_channels, n_times)
    conditions : ndarray, shape (n_trials,)
    runs : ndarray, shape (n_trials,), or None
    options : RsaOptions
    """
    by_run = options.distance == "crossnobis"
    found = patterns(X, conditions, runs if by_run else None)
    means = found.means if X.ndim == 3 else found.means[..., None]
    means = np.moveaxis(means, -1, 0)  # (n_times, [n_runs,] n_conditions, n_channels)
    if options.distance in DISTANCES:
        return DISTANCES[options.distance](means)
    precision = _precision(X, conditions, runs, options)
    if by_run:
        return crossnobis(means, precision)
    return mahalanobis(means, np.ones(X.shape[1]) if precision is None else precision)


def _precision(
    X: np.ndarray, conditions: np.ndarray, runs: np.ndarray | None, options: RsaOptions
) -> np.ndarray | None:
    """Noise precision of channels, pooled over runs and times; None where none is asked for."""
    if options.noise == "none":
        return None
    n_times = 1 if X.ndim == 2 else X.shape[2]
    flat = X if X.ndim == 2 else np.moveaxis(X, 2, 0).reshape(-1, X.shape[1])
    of_run = np.zeros(len(X), int) if runs is None else np.unique(runs, return_inverse=True)[1]
    # Each time of each run has means of its own.
    cell = (np.arange(n_times)[:, None] * (of_run.max() + 1) + of_run).ravel()
    left, dof = measurement_residuals(flat, np.tile(conditions, n_times), cell)
    return noise_precision(left, options.noise, dof).precision
