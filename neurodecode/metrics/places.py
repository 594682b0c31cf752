"""Places of the true one among a gallery: what every metric of retrieval is made of.

Of a decoder a brain is a predicted vector and a picture a true one; of an encoder it is the other
way round. Each brain may rank the pictures, or each picture the brains; where a picture has several
rows, the mean of its predictions stands for them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.gallery import Gallery, Likeness
from neurodecode.linalg.groups import group_means
from neurodecode.linalg.retrieval import ROUNDING, every_place, own_products, retrieve
from neurodecode.metrics._pictures import distinct, flat, pairs
from neurodecode.metrics.metric import Candidates
from neurodecode.metrics.regression import unit_columns

Direction = Literal["brain_to_image", "image_to_brain"]
_MOST_AT_ONCE = 2**23  # products of a block of rows: 64 MB


@dataclass(frozen=True, eq=False)
class Places:
    """Where the true one stands, for each that ranks.

    Parameters
    ----------
    row : ndarray of int, shape (n,)
        Row that each place is of; of a picture that ranks brains, its first one.
    better, alike : ndarray of int, shape (n,)
        Candidates that are more like it than its own one, and as like, the own one among them.
    n_candidates : int
    """

    row: np.ndarray
    better: np.ndarray
    alike: np.ndarray
    n_candidates: int


@dataclass(frozen=True, eq=False)
class EveryPlace:
    """The same for whatever was scored, as if it had been each one's own.

    Parameters
    ----------
    own : ndarray of int, shape (n,)
        Column that is each one's own: a picture, or the concept of a prototype.
    better, alike : ndarray of int, shape (n, n_shown)
    n_candidates : int
    row : ndarray of int, shape (n,)
        As in `Places`.
    """

    own: np.ndarray
    better: np.ndarray
    alike: np.ndarray
    n_candidates: int
    row: np.ndarray


def places(true: np.ndarray, pred: np.ndarray, gallery: Candidates, direction: Direction) -> Places:
    """Place the true one of each brain among pictures, or of each picture among brains.

    Parameters
    ----------
    true, pred : ndarray, shape (n_rows, …)
    gallery : Gallery or ndarray, shape (n_entries, …), or None
    direction : {"brain_to_image", "image_to_brain"}

    Returns
    -------
    places : Places

    Raises
    ------
    DataError
        If there is one candidate, a true picture is not in the gallery, or sizes differ.
    """
    direction = _of_predictions(gallery, direction)
    several = [one.places(direction) for one in _rounds(true, pred, gallery, direction)]
    row, better, alike = (
        np.concatenate([getattr(one, name) for one in several])
        for name in ("row", "better", "alike")
    )
    order = np.argsort(row, kind="stable")
    return Places(row[order], better[order], alike[order], several[0].n_candidates)


def every(
    true: np.ndarray, pred: np.ndarray, gallery: Candidates, direction: Direction
) -> EveryPlace:
    """Place each picture that was scored as if it were the true one; parameters as `places`.

    Returns
    -------
    places : EveryPlace
    """
    direction = _of_predictions(gallery, direction)
    several = [one.every(direction) for one in _rounds(true, pred, gallery, direction)]
    own, better, alike, row = (
        np.concatenate([getattr(one, name) for one in several])
        for name in ("own", "better", "alike", "row")
    )
    order = np.argsort(row, kind="stable")
    return EveryPlace(own[order], better[order], alike[order], several[0].n_candidates, row[order])


def nearest(
    true: np.ndarray, pred: np.ndarray, gallery: Candidates, n_nearest: int
) -> tuple[np.ndarray, np.ndarray]:
    """Give the pictures of the gallery that each prediction is most like, the likest first.

    Parameters
    ----------
    true, pred, gallery
        As in `places`.
    n_nearest : int

    Returns
    -------
    entries : ndarray of int, shape (n_rows, n_nearest)
        First entry of `Gallery.vectors` of this content, of prototypes too; where the gallery is
        what is scored together, first row of `true`.
    likeness : ndarray, shape (n_rows, n_nearest)
    """
    entries = np.empty((len(true), 0), dtype=np.int64)
    likeness = np.empty((len(true), 0))
    for one in _rounds(true, pred, gallery, "brain_to_image"):
        for rows, brains, candidates in one.compared():
            found = retrieve(brains, candidates, n_nearest=n_nearest)
            if entries.shape[1] == 0:
                entries = np.empty((len(true), found.nearest.shape[1]), dtype=np.int64)
                likeness = np.empty(entries.shape)
            entries[rows], likeness[rows] = one.entry[found.nearest], found.products
    return entries, likeness


def n_candidates(true: np.ndarray, gallery: Candidates, direction: Direction) -> int:
    """Count what the true one is told from, itself among them."""
    gallery = _asked(gallery, direction)
    if gallery.rounds is not None:
        return gallery.rounds.shape[1]
    if gallery.vectors is not None and gallery.own is not None:
        return len(gallery.vectors)
    return len(distinct(flat(true if gallery.vectors is None else gallery.vectors))[0])


def _of_predictions(gallery: Candidates, direction: Direction) -> Direction:
    """Give the direction as if predictions were brains, as what follows calls them."""
    if Gallery.of(gallery).told == "image":
        return direction
    return "image_to_brain" if direction == "brain_to_image" else "brain_to_image"


def _asked(gallery: Candidates, direction: Direction) -> Gallery:
    """Give what is told apart; where pictures rank brains, these are the gallery, whatever else."""
    gallery = Gallery.of(gallery)
    if direction == "brain_to_image" or gallery.told == "brain":
        return gallery
    return replace(gallery, vectors=None, own=None, rounds=None, round_of=None)


@dataclass(frozen=True, eq=False)
class _Round:
    """Rows that are told among the same entries.

    Parameters
    ----------
    rows : ndarray of int, shape (n,)
    pred : ndarray, shape (n, n_numbers)
    entries : ndarray, shape (n_entries, n_numbers)
    own : ndarray of int, shape (n,)
        Entry of each row.
    entry : ndarray of int, shape (n_entries,)
        What the entries are called outside.
    shown : ndarray of int, shape (n_shown,)
        Entries that any row is of, in whatever round.
    likeness : str
    centre : ndarray, shape (n_centres, n_numbers), or None
    centre_of : ndarray of int, shape (n,)
    rounding : float
        Share of its length by which a prediction is off.
    """

    rows: np.ndarray
    pred: np.ndarray
    entries: np.ndarray
    own: np.ndarray
    entry: np.ndarray
    shown: np.ndarray
    likeness: Likeness
    centre: np.ndarray | None
    centre_of: np.ndarray
    rounding: float

    def compared(self) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Give rows of one centre, with their brains and the entries as vectors of length 1."""
        for code in np.unique(self.centre_of):
            mine = self.centre_of == code
            centre = None if self.centre is None else self.centre[code]
            brains = _units(self.pred[mine], self.likeness, centre, self.rounding)
            yield self.rows[mine], brains, _units(self.entries, self.likeness, centre, ROUNDING)

    def places(self, direction: Direction) -> Places:
        """Place the true one for each that ranks."""
        if direction == "image_to_brain":
            return self._among_brains()
        n = len(self.rows)
        better, alike = np.empty((2, n), dtype=np.int64)
        at = {row: i for i, row in enumerate(self.rows.tolist())}
        for rows, brains, entries in self.compared():
            mine = np.array([at[row] for row in rows.tolist()])
            own = own_products(brains, entries, self.own[mine])
            found = retrieve(brains, entries, own)
            better[mine], alike[mine] = found.better, found.alike
        return Places(self.rows, better, alike, len(self.entries))

    def _among_brains(self) -> Places:
        shown, first = np.unique(self.own, return_index=True)
        _hold_to_several(len(shown), "brain")
        several = list(self._mean_brains(shown))
        own = np.empty(len(shown))
        for mine, brains, pictures in several:
            own[mine] = own_products(brains, pictures[mine])
        better, alike = np.zeros((2, len(shown)), dtype=np.int64)
        for _, brains, pictures in several:
            found = retrieve(pictures, brains, own)
            better += found.better
            alike += found.alike
        return Places(self.rows[first], better, alike, len(shown))

    def _mean_brains(
        self, shown: np.ndarray
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """Give mean brains of pictures, of one centre each time, and all pictures so centred."""
        code = np.searchsorted(shown, self.own)
        counts = np.bincount(code)
        means = group_means(self.pred, code)
        # Rows of one picture may be of several folds: its centre is then the mean of theirs.
        shares = np.zeros((len(shown), 1 if self.centre is None else len(self.centre)))
        np.add.at(shares, (code, self.centre_of), 1)
        shares, which = np.unique(shares / counts[:, None], axis=0, return_inverse=True)
        for i, share in enumerate(shares):
            mine = which.reshape(-1) == i
            centre = None if self.centre is None else share @ self.centre
            yield (
                mine,
                _units(means[mine], self.likeness, centre, self.rounding),
                _units(self.entries[shown], self.likeness, centre, ROUNDING),
            )

    def every(self, direction: Direction) -> EveryPlace:
        """Place every entry that was shown, for each that ranks."""
        if direction == "image_to_brain":
            return self._every_among_brains()
        n = len(self.rows)
        better = np.empty((n, len(self.shown)), dtype=np.int32)
        alike = np.empty_like(better)
        at = {row: i for i, row in enumerate(self.rows.tolist())}
        n_at_once = max(1, _MOST_AT_ONCE // len(self.entries))
        for rows, brains, entries in self.compared():
            mine = np.array([at[row] for row in rows.tolist()])
            for start in range(0, len(mine), n_at_once):
                some = slice(start, start + n_at_once)
                found = every_place(brains[some] @ entries.T, self.shown)
                better[mine[some]], alike[mine[some]] = found
        own = np.searchsorted(self.shown, self.own)
        return EveryPlace(own, better, alike, len(self.entries), self.rows)

    def _every_among_brains(self) -> EveryPlace:
        shown, first = np.unique(self.own, return_index=True)
        _hold_to_several(len(shown), "brain")
        products = np.empty((len(shown), len(shown)))
        for mine, brains, pictures in self._mean_brains(shown):
            products[:, mine] = pictures @ brains.T
        better, alike = every_place(products)
        return EveryPlace(np.arange(len(shown)), better, alike, len(shown), self.rows[first])


def _rounds(
    true: np.ndarray, pred: np.ndarray, gallery: Candidates, direction: Direction
) -> Iterator[_Round]:
    """Give the rows that are told among the same entries, and these."""
    gallery, rounding = _asked(gallery, direction), _rounding_of(pred)
    true, pred = pairs(true, pred)
    centre = None
    if gallery.likeness == "centered_cosine" and gallery.centre is not None:
        centre = np.atleast_2d(gallery.centre.astype(np.float64))
    n_rows = len(true)
    one_centre = centre is None or gallery.centre_of is None
    centre_of = np.zeros(n_rows, dtype=np.int64) if one_centre else np.asarray(gallery.centre_of)

    def made(rows, entries, own, entry, shown) -> _Round:
        return _Round(
            rows, pred[rows], entries, own[rows], entry, shown, gallery.likeness, centre,
            centre_of[rows], rounding,
        )  # fmt: skip

    if gallery.rounds is not None and gallery.own is not None and gallery.vectors is not None:
        assert gallery.round_of is not None  # with `rounds`
        for turn, entry in enumerate(gallery.rounds):
            mine = np.flatnonzero(gallery.round_of == turn)
            if len(mine):
                entries = flat(gallery.vectors[entry])
                yield made(mine, entries, gallery.own, entry, np.arange(len(entry)))
        return
    vectors = true if gallery.vectors is None else flat(gallery.vectors)
    if gallery.vectors is not None and gallery.own is not None:
        pictures, own, entry = vectors, gallery.own, np.arange(len(vectors))
    else:
        pictures, which = distinct(vectors)
        entry = np.unique(which, return_index=True)[1]
        own = which if gallery.vectors is None else _found(true, pictures)
    _hold_to_several(len(pictures), "picture")
    yield made(np.arange(n_rows), pictures, own, entry, np.unique(own))


def _found(true: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    known = {picture.tobytes(): i for i, picture in enumerate(pictures)}
    found = np.array([known.get(picture.tobytes(), -1) for picture in true])
    if np.any(found < 0):
        raise DataError(
            f"{int(np.sum(found < 0))} of {len(true)} true pictures are not in the gallery"
        )
    return found


def _hold_to_several(n: int, name: str) -> None:
    if n < 2:
        raise DataError(f"there is one {name}, so none to tell it from; score more together")


def _rounding_of(pred: np.ndarray) -> float:
    """Share of its length by which a prediction of this precision is off its exact value."""
    dtype = np.asarray(pred).dtype
    return max(ROUNDING, 8 * float(np.finfo(dtype).eps)) if dtype.kind == "f" else ROUNDING


def _units(
    X: np.ndarray, likeness: Likeness, centre: np.ndarray | None, rounding: float
) -> np.ndarray:
    """Give vectors of length 1 whose products are the likeness; 0 for what is like nothing."""
    if likeness == "correlation":
        return unit_columns(X.T).T
    length = np.linalg.norm(X, axis=1)
    if centre is not None:
        # What is left of a prediction that is the mean but for rounding has no direction.
        least = rounding * np.maximum(length, np.linalg.norm(centre))
        X = X - centre
        length = np.linalg.norm(X, axis=1)
        return np.divide(X, length[:, None], out=np.zeros_like(X), where=(length > least)[:, None])
    return np.divide(X, length[:, None], out=np.zeros_like(X), where=(length > 0)[:, None])
