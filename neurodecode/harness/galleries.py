"""What identification tells the true one from, for each group of rows that is scored together."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.gallery import Gallery, Likeness, prototypes
from neurodecode.core.truth import Told, known_rows
from neurodecode.linalg.groups import group_means

GalleryOf = Literal["tested", "all", "prototype"]
CONCEPT = "concept"  # column of rows, and of tables of stimuli
STIMULUS = "stimulus"
TOLD_APART = ("vector", "picture")  # kinds of target that are told from others of a gallery


@dataclass(frozen=True, eq=False)
class Galleries:
    """Galleries of the groups of a study.

    Parameters
    ----------
    asked : {"tested", "all", "prototype"}
        Pictures that are scored together; all that there are; or for each concept that is scored
        together the mean vector of its other pictures.
    likeness : {"correlation", "cosine", "centered_cosine"}
    pictures : ndarray, shape (n_pictures, n)
        All that there are, each once; empty where `asked` is ``tested``.
    concept : ndarray of object, shape (n_pictures,)
        Of each picture; None where it has none.
    """

    asked: GalleryOf
    likeness: Likeness
    pictures: np.ndarray = field(default_factory=lambda: np.zeros((0, 0)))
    concept: np.ndarray = field(default_factory=lambda: np.zeros(0, dtype=object))

    @staticmethod
    def of(
        asked: GalleryOf,
        likeness: Likeness,
        y: Told,
        rows: pd.DataFrame,
        table: tuple[np.ndarray, np.ndarray] | None = None,
    ) -> "Galleries":
        """Collect the pictures that there are.

        Parameters
        ----------
        asked, likeness : str
        y : ndarray or Entries, shape (n_rows, …)
            True vectors or pictures; NaN where there is none.
        rows : DataFrame
            With a column ``concept``, for prototypes.
        table : tuple of ndarray, optional
            Vectors of all stimuli, shape (n_stimuli, n), also of those that were not shown, and
            their concepts.

        Raises
        ------
        ConfigError
            If prototypes are asked for and no row has a concept.
        DataError
            If one picture is of several concepts.
        """
        if asked == "tested":
            return Galleries(asked, likeness)
        known_of = CONCEPT in rows or (table is not None and pd.notna(table[1]).any())
        if asked == "prototype" and not known_of:
            raise ConfigError(
                "score: gallery: prototype is the mean of the other pictures of a concept, and the "
                f"rows have no column {CONCEPT!r}. Name it under columns in the card, or use "
                "gallery: tested."
            )
        known = np.flatnonzero(known_rows(y, "vector"))
        vectors = _exact(y[known])
        concept = [*rows[CONCEPT].iloc[known]] if CONCEPT in rows else [None] * len(known)
        if table is not None:
            vectors = np.concatenate([vectors, _exact(table[0])])
            concept += [*table[1]]
        pictures, which = np.unique(vectors, axis=0, return_inverse=True)
        names = np.full(len(pictures), None, dtype=object)
        for row in np.flatnonzero(pd.notna(np.array(concept, dtype=object))):
            picture, name = which.reshape(-1)[row], concept[row]
            if asked == "prototype" and names[picture] not in (None, str(name)):
                raise DataError(
                    f"score: gallery: prototype: one picture is of the concepts {names[picture]!r} "
                    f"and {str(name)!r}. Correct the column {CONCEPT!r}."
                )
            names[picture] = str(name)
        return Galleries(asked, likeness, pictures, names)

    def gallery(
        self, true: np.ndarray, centre: np.ndarray | None, centre_of: np.ndarray | None
    ) -> Gallery:
        """Give the gallery of rows that are scored together.

        Parameters
        ----------
        true : ndarray, shape (n_rows, …)
        centre : ndarray, shape (n_folds, n), or None
            Means of the training targets.
        centre_of : ndarray of int, shape (n_rows,), or None

        Raises
        ------
        DataError
            If a concept has no other picture.
        """
        shared: dict[str, Any] = {
            "likeness": self.likeness, "centre": centre, "centre_of": centre_of,
        }  # fmt: skip
        if self.asked == "tested":
            return Gallery(**shared)
        at = np.array([self._number[one.tobytes()] for one in _exact(true)])
        if self.asked == "all":
            return Gallery(self.pictures, own=at, **shared)
        shown, row = np.unique(at, return_inverse=True)
        lost = [i for i in shown if self.concept[i] is None]
        if lost:
            raise DataError(
                f"{len(lost)} of {len(shown)} pictures that are scored together have no concept. "
                f"Fill in the column {CONCEPT!r}, or use score: {{gallery: tested}}"
            )
        named = np.array(["" if one is None else one for one in self.concept])
        means, rounds, own, round_of = prototypes(self.pictures, named, shown)
        return Gallery(means, rounds=rounds, own=own[row], round_of=round_of[row], **shared)

    @cached_property
    def _number(self) -> dict[bytes, int]:
        """Number of each picture by its content."""
        return {picture.tobytes(): i for i, picture in enumerate(self.pictures)}


@dataclass(frozen=True, eq=False)
class Brains:
    """Galleries of measured brains, which an encoder predicts: of each picture the mean.

    Parameters
    ----------
    likeness : {"correlation", "cosine", "centered_cosine"}
    shown : ndarray of int, shape (n_rows,)
        Picture of each row of the study.
    """

    likeness: Likeness
    shown: np.ndarray

    @staticmethod
    def of(likeness: Likeness, rows: pd.DataFrame) -> "Brains":
        """Find rows of one picture by the column ``stimulus``; without a name each has its own."""
        shown = np.full(len(rows), -1)
        if STIMULUS in rows:
            shown = pd.factorize(rows[STIMULUS])[0]
        return Brains(likeness, np.where(shown < 0, len(rows) + np.arange(len(rows)), shown))

    def gallery(
        self,
        rows: np.ndarray,
        true: np.ndarray,
        centre: np.ndarray | None,
        centre_of: np.ndarray | None,
    ) -> Gallery:
        """Give the gallery of rows that are scored together, at these positions in the study."""
        own = np.unique(self.shown[rows], return_inverse=True)[1].reshape(-1)
        true = np.asarray(true, dtype=np.float64).reshape(len(true), -1)
        return Gallery(
            group_means(true, own), self.likeness, centre, centre_of, own=own, told="brain"
        )


def _exact(vectors: np.ndarray) -> np.ndarray:
    """Give vectors as float64, of which equal ones have equal bytes."""
    return np.asarray(vectors, dtype=np.float64).reshape(len(vectors), -1) + 0.0
