"""Test stimuli that were never trained on; or their concepts, which is zero-shot."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.fold import Fold
from neurodecode.core.rows import Rows
from neurodecode.core.series import follows, is_series
from neurodecode.core.target import Target
from neurodecode.core.timeline import AT_ONCE
from neurodecode.protocols._columns import listed, texts

_SPLIT = "split"  # the column that official splits stand in
_HeldOut = Literal["stimulus", "concept"]
_Within = Literal["subject", "all", "others"]


@dataclass(frozen=True)
class SharedStimuli:
    """Test stimuli that were never trained on, all repeats of one on the same side.

    Which are tested is said by a column (``shared_stimuli: {}`` tests those of ``split`` ``test``),
    drawn (``n_splits``), or those that all people of the study saw (``shared``: of NSD the shared
    pictures). With ``held_out: concept`` no other stimulus of a tested concept is trained on
    either: only that is zero-shot. THINGS-MEG and THINGS-fMRI test other pictures of trained
    concepts, and without it a model that tells 720 concepts is scored as one that tells pictures.

    Parameters
    ----------
    column : str or None
        Column by which stimuli are tested; None for ``split``, where neither `n_splits` nor
        `shared` is given.
    test : list of str
        Its values that are tested; rows of all others are trained on.
    n_splits : int or None
        Folds over stimuli, or over concepts where these are held out, drawn with the seed: each is
        tested once.
    shared : bool
        Test those that all people saw. Who is in the study says which these are: with one person
        left out there may be more.
    held_out : {"stimulus", "concept"}
        What is not trained on: the tested stimuli, or whatever shows one of their concepts.
    within : {"subject", "all", "others"}
        One model a person; one of all people, whose training rows are pooled; or one for each
        person of all other people's rows, so that neither person nor stimulus was trained on.

    Notes
    -----
    Rows without a stimulus, such as catch trials, are used on neither side, nor are those without
    a concept, where these are held out, or without a value of `column`. What a concept is called is
    the card's: two that are numbered alike are one.

    Where the brain is told, single volumes of a series are not drawn (`n_splits`): their neighbours
    are near copies. Films that are drawn whole are.

    Inner folds and validation rows keep stimuli (or concepts) apart too. Of `others` they leave out
    no person.

    References
    ----------
    Gifford et al. 2022, doi 10.1016/j.neuroimage.2022.119754 (test concepts that are no training
    concepts); Allen et al. 2022, doi 10.1038/s41593-021-00962-x (shared pictures).
    """

    column: str | None = None
    test: tuple[str, ...] = ("test",)
    n_splits: int | None = None
    shared: bool = False
    held_out: _HeldOut = "stimulus"
    within: _Within = "subject"

    def __post_init__(self):
        object.__setattr__(self, "test", listed(self.test, "shared_stimuli", "test"))
        if sum((self.column is not None, self.n_splits is not None, self.shared)) > 1:
            raise ConfigError(
                "shared_stimuli: column, n_splits and shared each say which stimuli are tested. "
                "Give one of them."
            )
        if (self.n_splits is not None or self.shared) and self.test != ("test",):
            raise ConfigError("shared_stimuli: test are values of column. Give column, or no test.")
        if self.n_splits is not None and self.n_splits < 2:
            raise ConfigError(f"shared_stimuli: n_splits is {self.n_splits}; give 2 or more.")
        for name, kind in (("held_out", _HeldOut), ("within", _Within)):
            if getattr(self, name) not in get_args(kind):
                raise ConfigError(
                    f"shared_stimuli: {name} is {getattr(self, name)!r}; give one of "
                    f"{', '.join(get_args(kind))}."
                )

    @property
    def apart(self) -> tuple[str, ...]:
        """No tested stimulus, or concept, is trained on."""
        return (self.held_out,)

    @property
    def also_apart(self) -> tuple[tuple[str, ...], ...]:
        """Of `others`, people are kept apart as well."""
        return (("subject",),) if self.within == "others" else ()

    def split(self, rows: Rows, target: Target, seed: int) -> Iterator[Fold]:
        """Give one fold a person (one of all people within all), or `n_splits` of them."""
        held, kind = self._held(rows), self._kinds(rows)
        for who, tested, trained in self._people(rows):
            for name, test in self._tested(rows, held, kind, tested, who, seed):
                test &= tested & (held >= 0)
                shown = np.isin(held, held[test])
                may = trained & (held >= 0) & ~test & kind.trainable
                self._check_sides(who, test, may & ~shown, int(np.sum(may & shown)))
                fold = Fold.of(
                    "/".join(filter(None, (who, name))),
                    len(rows),
                    apart=self.apart,
                    train=np.flatnonzero(may & ~shown),
                    test=np.flatnonzero(test),
                )
                if self.n_splits is not None and target.kind == "brain":
                    _check_neighbours(fold, rows)
                yield replace(fold, left_out=int(np.sum(may & shown)))

    def calibration_rows(self, fold: Fold, rows: Rows) -> np.ndarray:
        """Positions of the rows of the tested whose labels may be shown before they are tested.

        They show what the fold does not test: labels of tested stimuli would give these away.

        Raises
        ------
        ConfigError
            If the tested person is trained on anyway.
        """
        if self.within != "others":
            raise ConfigError(
                f"target_access: calibration shows labels of a new person, and shared_stimuli "
                f"within {self.within} trains on the tested one. Use within: others."
            )
        held, test = self._held(rows), fold.index("test")
        mine = np.isin(rows.codes("subject"), rows.codes("subject")[test]) & (held >= 0)
        mine &= self._kinds(rows).trainable & ~np.isin(held, held[test])
        return np.flatnonzero(mine & (fold.role == 0))

    def _held(self, rows: Rows) -> np.ndarray:
        """Give the number of each row's stimulus, or concept, by name; -1 for none."""
        stimuli = texts(rows, "stimulus", "shared_stimuli")
        if self.held_out == "stimulus":
            return pd.factorize(stimuli, sort=True)[0]
        concepts = texts(rows, "concept", "shared_stimuli: held_out: concept")
        named = pd.DataFrame({"stimulus": stimuli, "concept": concepts}).dropna()
        several = named.drop_duplicates().groupby("stimulus").filter(lambda one: len(one) > 1)
        if len(several):
            first = several.iloc[0]["stimulus"]
            said = " and ".join(several.loc[several["stimulus"] == first, "concept"])
            raise ConfigError(
                f"shared_stimuli: the stimulus {first!r} is of the concepts {said}. Give each "
                "stimulus one concept, or held_out: stimulus."
            )
        concepts[pd.isna(stimuli)] = None
        return pd.factorize(concepts, sort=True)[0]

    def _kinds(self, rows: Rows) -> "_Kinds":
        """Say which rows the column lets be trained on and tested; without one, all."""
        if self.n_splits is not None or self.shared:
            return _Kinds(np.ones(len(rows), dtype=bool), np.ones(len(rows), dtype=bool))
        if self.column is None and _SPLIT not in rows:
            raise ConfigError(
                "shared_stimuli: the rows have no column split that says which stimuli are tested. "
                "Name another (column, test), draw them (n_splits: 5), or test those that all "
                "people saw (shared: true)."
            )
        column = self.column or _SPLIT
        values = texts(rows, column, "shared_stimuli")
        known = [value for value in dict.fromkeys(values) if value is not None]
        for value in self.test:
            if value not in known:
                raise ConfigError(
                    f"shared_stimuli: no row has the {column} {value!r}.{nearest(value, known)}"
                )
        tested = np.array([value in self.test for value in values])
        return _Kinds(tested, ~tested & np.array([value is not None for value in values]))

    def _people(self, rows: Rows) -> Iterator[tuple[str, np.ndarray, np.ndarray]]:
        """Give who is tested, and masks of the rows that are of those tested and trained on."""
        subjects = rows["subject"]
        names = list(dict.fromkeys(subjects))
        if self.within == "all":
            yield "", np.ones(len(rows), dtype=bool), np.ones(len(rows), dtype=bool)
            return
        if self.within == "others" and len(names) < 2:
            raise ConfigError(
                f"shared_stimuli: within others needs two people or more, and all rows are of "
                f"{names[0]}. Use within: subject, or add subjects."
            )
        for name in names:
            mine = subjects == name
            yield name, mine, ~mine if self.within == "others" else mine

    def _tested(
        self, rows: Rows, held: np.ndarray, kind: "_Kinds", mine: np.ndarray, who: str, seed: int
    ) -> Iterator[tuple[str, np.ndarray]]:
        """Give the name of each test and the mask of the rows that it may test."""
        if self.shared:
            yield "shared", _seen_by_all(rows)
            return
        if self.n_splits is None:
            yield f"{self.column or _SPLIT}-{'+'.join(self.test)}", kind.tested.copy()
            return
        there = np.unique(held[mine & (held >= 0)])
        if len(there) < self.n_splits:
            raise ConfigError(
                f"shared_stimuli: {who or 'the study'} has {len(there)} {_several(self.held_out)} "
                f"for {self.n_splits} folds. Give fewer n_splits."
            )
        # By name, and of this person alone: who else is in the study changes no fold.
        order = np.random.default_rng(seed).permutation(len(there))
        for i, drawn in enumerate(np.array_split(order, self.n_splits)):
            yield f"{_several(self.held_out)}-{i}", np.isin(held, there[drawn])

    def _check_sides(self, who: str, test: np.ndarray, train: np.ndarray, left_out: int) -> None:
        if not test.any():
            raise ConfigError(
                f"shared_stimuli: {who or 'the study'} has no row to test that has a "
                f"{self.held_out}. Fill that column, or leave the subject out of data."
            )
        if not train.any():
            raise ConfigError(
                f"shared_stimuli: nothing is left to train on to test {who or 'the study'}: all "
                f"{left_out} rows show a tested {self.held_out}. "
                + ("Use held_out: stimulus." if self.held_out == "concept" else "Test fewer.")
            )


@dataclass(frozen=True, eq=False)
class _Kinds:
    """Masks of the rows that a column lets be tested, and trained on."""

    tested: np.ndarray
    trainable: np.ndarray


def _check_neighbours(fold: Fold, rows: Rows) -> None:
    """Refuse to draw single volumes of a series, whose neighbours are trained on.

    Films that are drawn whole have neighbours at their ends alone, and windows that overlap what is
    tested are taken out of training.
    """
    recording, start, stop = (rows[name] for name in ("recording", "start", "stop"))
    if not is_series(recording, start, stop):
        return
    touching = follows(recording, start, stop)[1:] & (start[1:] >= stop[:-1] - AT_ONCE)
    trained, test = np.isin(np.arange(len(rows)), fold.index("train")), fold.index("test")
    beside = np.zeros(len(rows), dtype=bool)
    beside[1:] |= touching & trained[:-1]
    beside[:-1] |= touching & trained[1:]
    if np.mean(beside[test]) > 0.5:
        raise LeakError(
            f"shared_stimuli: fold {fold.name}: rows follow each other in time, and "
            f"{int(beside[test].sum())} of {len(test)} tested ones are next to rows that are "
            "trained on, which are near copies. Use cross_run, columns, or of one long run "
            "within_session with blocked: true and a gap."
        )


def _several(held_out: _HeldOut) -> str:
    return {"stimulus": "stimuli", "concept": "concepts"}[held_out]


def _seen_by_all(rows: Rows) -> np.ndarray:
    """Mask of the rows whose stimulus was shown to every person."""
    stimuli, subjects = pd.factorize(rows["stimulus"])[0], rows.codes("subject")
    n_subjects = int(subjects.max()) + 1
    if n_subjects < 2:
        raise ConfigError(
            f"shared_stimuli: shared tests what all people saw, and all rows are of "
            f"{rows['subject'][0]}. Add subjects, or name a column that says what is shared."
        )
    pairs = np.unique(np.stack([stimuli, subjects])[:, stimuli >= 0], axis=1)
    counts = np.bincount(pairs[0], minlength=int(stimuli.max(initial=0)) + 1)
    if not np.any(counts == n_subjects):
        raise ConfigError(
            f"shared_stimuli: no stimulus was shown to all {n_subjects} people. Leave out who saw "
            "none of the others', or use n_splits."
        )
    return (stimuli >= 0) & (counts[stimuli] == n_subjects)
