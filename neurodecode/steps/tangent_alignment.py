"""Tangent vectors of each domain centred, scaled, and turned so that classes meet."""

from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from sklearn.base import BaseEstimator, TransformerMixin
from sklearn.utils.validation import check_is_fitted

from neurodecode.core.errors import DataError
from neurodecode.core.needs import Needs
from neurodecode.linalg.procrustes import turned, vector_rotation
from neurodecode.steps._anchors import Turning, anchors_of, meeting_point
from neurodecode.steps._domains import each_domain, labels_of_the_tested, told_of, with_domains

_AXES = ("feature",)
_TURNING = Turning(
    lambda X: np.mean(X, axis=0),
    lambda A, B, start: vector_rotation(A, B),  # in closed form: it starts nowhere
    lambda X, turn: turned(X, *turn),
)


@dataclass(frozen=True, eq=False)
class _Frame:
    """How vectors of one domain are brought to the common place.

    Parameters
    ----------
    centre : ndarray, shape (n_features,)
    scale : float
        Mean norm of the centred vectors.
    turn : tuple of ndarray, or None
        As `neurodecode.linalg.procrustes.vector_rotation` gives it; None before it is known.
    """

    centre: np.ndarray
    scale: float
    turn: Any = None


class TangentAlignment(TransformerMixin, BaseEstimator):
    """Centre, scale and turn tangent vectors of each domain so that its classes meet the others'.

    With ``target_access: {calibration: …}``: labels of the tested are needed. A tangent space
    stands before, such as the step `tangent_space`.

    Parameters
    ----------
    by : tuple of str
        Columns of the rows; trials that have the same values of all are of one domain. Trials that
        come as an array, without rows, are of one domain.

    Attributes
    ----------
    reference_ : Anchors
        Class means to which all domains are turned.
    frames_ : dict of str to object
        Centre, scale and turn of each domain of the training rows.
    tested_ : dict of str to object
        The same of each tested domain that was seen.

    Notes
    -----
    Class means of a domain span few directions; only these are turned, by orthogonal Procrustes,
    and what no class mean tells of is kept as it is. (Where source vectors are projected on the
    span of the means, as in pyriemann's ``TLRotate``, the rest is lost.) As in
    `neurodecode.steps.rotate.Rotate`, all domains are turned to the common class means of those
    that were trained on.

    References
    ----------
    Bleuzé et al. 2022, doi 10.3389/fnhum.2022.1049985.
    """

    supervised = True
    gives = _AXES
    version: ClassVar[int] = 1

    def __init__(self, by: tuple[str, ...] = ("subject", "session")):
        self.by = by

    @property
    def needs(self) -> Needs:
        """`Trials` of vectors with the columns of `by`; labels of some of the tested."""
        return Needs(
            trials=True, rowless=True, columns=tuple(self.by), axes=_AXES, calibration=True
        )

    def fit(self, X, y):
        """Learn centre, scale and turn of each domain of the training rows.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_features)
        y : ndarray, shape (n_trials,)

        Raises
        ------
        DataError
            If vectors of a domain are all equal, no training domain has all classes, or a row no
            domain.
        """
        X, domains = with_domains(X, _AXES, self.by, self)
        frames = {name: _frame(X[rows], name) for name, rows in each_domain(domains)}
        anchors = anchors_of(_scaled(X, domains, frames), np.asarray(y), domains, _TURNING.mean)
        self.reference_, turns = meeting_point(anchors, _TURNING, self)
        self.frames_ = {n: _Frame(one.centre, one.scale, turns[n]) for n, one in frames.items()}
        self.tested_ = {}
        return self

    def adapt(self, X, y=None):
        """Learn centre, scale and turn of tested domains.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_features)
        y : ndarray, shape (n_trials,)

        Raises
        ------
        DataError
            If there are no labels, vectors of a domain are all equal, or a row has no domain.
        """
        check_is_fitted(self)
        y = labels_of_the_tested(y, "tangent_alignment")
        X, domains = with_domains(X, _AXES, self.by, self)
        frames = {name: _frame(X[rows], name) for name, rows in each_domain(domains)}
        anchors = anchors_of(_scaled(X, domains, frames), y, domains, _TURNING.mean)
        for name, one in anchors.items():
            turn = _TURNING.onto(one, self.reference_)
            frames[name] = _Frame(frames[name].centre, frames[name].scale, turn)
        self.tested_ = {**self.tested_, **frames}
        return self

    def transform(self, X):
        """Bring vectors to the common place.

        Parameters
        ----------
        X : Trials, or ndarray, shape (n_trials, n_features)

        Returns
        -------
        aligned : ndarray, shape (n_trials, n_features)
            Without unit; the mean norm of a domain is 1.

        Raises
        ------
        DataError
            If trials are of a domain whose labels were never seen.
        """
        check_is_fitted(self)
        X, domains = with_domains(X, _AXES, self.by, self)
        aligned = np.empty_like(X, dtype=np.float64)
        for name, rows in each_domain(domains):
            frame = told_of(name, self.tested_, self.frames_, self, "tangent_alignment")
            aligned[rows] = turned((X[rows] - frame.centre) / frame.scale, *frame.turn)
        return aligned

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = False
        tags.target_tags.required = True
        return tags


def _frame(X: np.ndarray, domain: str) -> _Frame:
    centre = X.mean(axis=0)
    scale = float(np.mean(np.linalg.norm(X - centre, axis=1)))
    if not scale > 0:
        raise DataError(
            f"tangent_alignment: the {len(X)} vector(s) of {domain or 'the trials'} are all equal, "
            "so they have no scale. Show more trials of each domain."
        )
    return _Frame(centre, scale)


def _scaled(X: np.ndarray, domains: np.ndarray, frames: dict[str, _Frame]) -> np.ndarray:
    scaled = np.empty_like(X, dtype=np.float64)
    for name, rows in each_domain(domains):
        scaled[rows] = (X[rows] - frames[name].centre) / frames[name].scale
    return scaled
