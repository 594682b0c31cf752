"""`Gallery`: what identification tells a vector from, and when two vectors are alike."""

from dataclasses import dataclass
from typing import Literal

import numpy as np

from neurodecode.core.errors import DataError

Likeness = Literal["correlation", "cosine", "centered_cosine"]
LIKENESSES: tuple[Likeness, ...] = ("correlation", "cosine", "centered_cosine")


@dataclass(frozen=True, eq=False)
class Gallery:
    """Candidates that the true one is told from.

    Parameters
    ----------
    vectors : ndarray, shape (n_entries, …), or None
        The candidates, of which equal ones are one; None: the true vectors of the rows that are
        scored together.
    likeness : {"correlation", "cosine", "centered_cosine"}
        Pearson's correlation over the entries of two vectors; the cosine of their angle; or that
        cosine after `centre` is taken from both.
    centre : ndarray, shape (n,) or (n_centres, n), or None
        Mean of the training targets; of several folds that are scored together, that of each.
    centre_of : ndarray of int, shape (n_rows,), or None
        Which centre is each row's, where there are several.
    own : ndarray of int, shape (n_rows,), or None
        Entry that is each row's own, of vectors that all differ; of prototypes the column of
        `rounds`. Without, the own one is the entry that equals the true vector.
    rounds : ndarray of int, shape (n_rounds, n_concepts), or None
        Of prototypes: the entries of `vectors` among which the rows of each round are told. The
        n-th picture of each concept leaves itself out of the prototypes of round n, so every
        gallery holds one prototype a concept, and that of a row never holds what was shown.
    round_of : ndarray of int, shape (n_rows,), or None
        Round of each row.
    told : {"image", "brain"}
        What the true vectors are: pictures, which a decoder tells from the brain; or brains, which
        an encoder tells from the picture. Then a prediction stands for a picture.
    """

    vectors: np.ndarray | None = None
    likeness: Likeness = "correlation"
    centre: np.ndarray | None = None
    centre_of: np.ndarray | None = None
    own: np.ndarray | None = None
    rounds: np.ndarray | None = None
    round_of: np.ndarray | None = None
    told: Literal["image", "brain"] = "image"

    def __post_init__(self):
        if self.likeness == "centered_cosine" and self.centre is None:
            raise DataError(
                "centered_cosine takes the mean of the training targets from both sides, and it "
                "is not known here. Give it as centre, or use likeness: cosine."
            )
        if self.rounds is not None and (self.own is None or self.round_of is None):
            raise DataError("prototypes need rounds, and for each row its round and its own one.")

    @property
    def kind(self) -> Literal["image", "prototype"]:
        """What an entry is: a picture, or the mean of the other pictures of a concept."""
        return "image" if self.rounds is None else "prototype"

    @staticmethod
    def of(gallery: "Gallery | np.ndarray | None") -> "Gallery":
        """Give a gallery as such: an array is its vectors, told apart by their correlation."""
        return gallery if isinstance(gallery, Gallery) else Gallery(gallery)


def prototypes(
    pictures: np.ndarray, concept: np.ndarray, shown: np.ndarray
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Give the mean of the other pictures of its concept for each that was shown, in rounds.

    Parameters
    ----------
    pictures : ndarray, shape (n_pictures, n)
        All there are, shown and not; no two are equal.
    concept : ndarray of str, shape (n_pictures,)
    shown : ndarray of int, shape (n_shown,)
        Pictures that answers are scored of.

    Returns
    -------
    means : ndarray, shape (n_shown, n)
        Mean vector of the other pictures of the concept of each shown one.
    rounds : ndarray of int, shape (n_rounds, n_concepts)
        As `Gallery` has them; concepts of fewer shown pictures begin again with their first.
    own : ndarray of int, shape (n_shown,)
        Column of each shown picture's concept.
    round_of : ndarray of int, shape (n_shown,)

    Raises
    ------
    DataError
        If a concept has no other picture, or a single concept was shown.

    Notes
    -----
    The gallery of NICE (Song et al. 2024, arXiv 2308.13234) where one picture a concept is shown.
    """
    names, own = np.unique(concept[shown], return_inverse=True)
    if len(names) < 2:
        raise DataError(
            f"all that is scored together is {str(names[0])!r}: there is nothing to tell"
        )
    n_own = np.bincount(own)
    means = np.empty((len(shown), pictures.shape[1]))
    round_of = np.empty(len(shown), dtype=np.int64)
    for code, name in enumerate(names):
        mine, all_of_it = np.flatnonzero(own == code), concept == name
        if all_of_it.sum() < 2:
            raise DataError(
                f"the concept {str(name)!r} has one picture, so none to make a prototype of "
                "without it. Use score: {gallery: tested}, or a table with other pictures of it"
            )
        total = pictures[all_of_it].sum(axis=0, dtype=np.float64)
        means[mine] = (total - pictures[shown[mine]]) / (all_of_it.sum() - 1)
        round_of[mine] = np.arange(len(mine))
    order = np.argsort(own, kind="stable")
    begins = np.cumsum(n_own) - n_own
    rounds = [order[begins + turn % n_own] for turn in range(n_own.max())]
    return means, np.stack(rounds), own, round_of
