"""Stored predictions in groups of rows that are scored together."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.entries import Entries
from neurodecode.core.errors import ConfigError
from neurodecode.core.predictions import Predictions
from neurodecode.core.rows import Rows
from neurodecode.core.truth import BrainTruth, Told, Truth, comparable, known_rows
from neurodecode.harness.galleries import TOLD_APART
from neurodecode.harness.repeats import first_repeats
from neurodecode.harness.store import Store
from neurodecode.harness.truth import permuted_rows, shuffle_units
from neurodecode.linalg.groups import group_means

NO_DRAW = -1


@dataclass(frozen=True, eq=False)
class Group:
    """Test rows that are scored together.

    Parameters
    ----------
    model : str
    seed : int
    fold, subject, session : str
        Empty where groups are pooled over them.
    draw, permutation : int
        Draw of the shuffled null, or number of the permutation; `NO_DRAW` for the model itself.
    rows : ndarray of int, shape (n,)
        Positions in ``rows.parquet``; of rows answered together, the first.
    true : ndarray or Entries, shape (n,), (n, n_targets), (n, n_targets, n_times) or (n, h, w, c)
        Codes, values, vectors (a brain is one), series, or pictures. Vectors stay on disk until
        `read`.
    pred : ndarray or Entries, shape of `true`, and the axes of `axes`
    scores : ndarray, shape (n, …, n_classes), or None
    score_kind : str
    prior : ndarray, shape (n_classes,) or (n_targets,)
        Frequencies of the classes in training, or the mean of the training targets, flattened.
    axes : tuple of str
        ``time``; or ``train_time`` and ``time``.
    samples : tuple of int
        Samples of a trial that times are; empty: each of them.
    waits : ndarray, shape (n, 2), or None
        Of decoders that accumulate evidence: decisions in a row that they wait before they act, and
        seconds that they pause after they did.
    centre : ndarray, shape (n_folds, n_targets), or None
        Of vectors, pictures and brains: the mean of the training targets, flattened, of each fold
        that the rows are tested in.
    centre_of : ndarray of int, shape (n,), or None
        Which of them is each row's.
    """

    model: str
    seed: int
    fold: str
    subject: str
    session: str
    draw: int
    permutation: int
    rows: np.ndarray
    true: Any
    pred: Any
    scores: np.ndarray | None
    score_kind: str
    prior: np.ndarray
    axes: tuple[str, ...] = ()
    samples: tuple[int, ...] = ()
    waits: np.ndarray | None = None
    centre: np.ndarray | None = None
    centre_of: np.ndarray | None = None

    @property
    def is_itself(self) -> bool:
        """Whether this is the model itself, no draw of a null."""
        return self.draw == NO_DRAW and self.permutation == NO_DRAW

    def take(self, index: np.ndarray) -> "Group":
        """Give the group of the rows at `index`."""
        return replace(
            self,
            rows=self.rows[index],
            true=self.true[index],
            pred=self.pred[index],
            scores=None if self.scores is None else self.scores[index],
            waits=None if self.waits is None else self.waits[index],
            centre_of=None if self.centre_of is None else self.centre_of[index],
        )

    def read(self) -> "Group":
        """Give the group with arrays of what it points to."""
        if not isinstance(self.true, Entries) and not isinstance(self.pred, Entries):
            return self
        return replace(self, true=np.asarray(self.true), pred=np.asarray(self.pred))

    def cells(self, *, all_cells: bool) -> Iterator[tuple[int, int, "Group"]]:
        """Give the group at each time it was predicted for, read; itself where there is none.

        Parameters
        ----------
        all_cells : bool
            Whether pairs of different training and test times are given too.

        Yields
        ------
        train_time, time : int
            Positions; -1 where there is no such axis.
        cell : Group
        """
        if not self.axes:
            yield -1, -1, self.read()
            return
        n_own, read = self.true.ndim, self.read()
        for cell in np.ndindex(*self.pred.shape[n_own:]):
            if len(set(cell)) > 1 and not all_cells:
                continue
            at = (slice(None),) * n_own + cell
            one = replace(
                read,
                pred=read.pred[at],
                scores=None if self.scores is None else self.scores[(slice(None), *cell)],
                axes=(),
            )
            train_time, time = (-1, *cell)[-2:]
            yield train_time, time, one


def collect_groups(
    store: Store,
    *,
    single: bool = False,
    only: Callable[[dict[str, Any]], bool] | None = None,
    band: str | None = None,
    without: bool = False,
) -> Iterator[Group]:
    """Read all stored predictions and group them as the experiment says; vectors are pointed to.

    Parameters
    ----------
    store : Store
    single : bool
        Whether the models' own answers are given row by row, no nulls and nothing averaged.
    only : callable, optional
        Whether what a job answered is read, of a job as `Store.answers` gives it; all without.
    band : str, optional
        What this band of features adds to the answers, in their place; all that are read have it.
    without : bool
        What is answered without that band instead.

    Raises
    ------
    ConfigError
        If rows that are answered together have several truths.
    """
    index, rows = store.index(), store.rows()
    classes = tuple(index["target"]["classes"])
    position = pd.Index(rows["uid"])
    truth = _Truth(store.truth(rows), rows, index["target"])
    priors = {(f["seed"], f["name"]): np.array(f["prior"]) for f in index["folds"]}
    within = index["within"]
    columns = {u: rows[u].astype(str).to_numpy(dtype=object) for u in ("subject", "session")}
    jobs = store.answers(index)
    if single:
        jobs = [job for job in jobs if job["draw"] is None and job["permutation"] is None]
    if only is not None:
        jobs = [job for job in jobs if only(job)]

    def scored_with(job: dict[str, Any]) -> tuple[Any, ...]:
        numbers = (NO_DRAW if job[k] is None else job[k] for k in ("draw", "permutation"))
        return job["model"], *numbers, job["seed"], job["fold"] if "fold" in within else ""

    # Jobs come grouped by fold; sorting keeps the folds of one model in their order.
    for called, several in groupby(sorted(jobs, key=scored_with), key=scored_with):
        model, draw, permutation, seed, fold = called
        answered = list(several)
        read = [
            store.predictions(job["key"], classes, job["ceiling"], band, without=without)
            for job in answered
        ]
        rows_of = [position.get_indexer(pd.Index(one.uid)) for one in read]
        for which in truth.of_one_space(rows_of):
            mine, found = [answered[i] for i in which], [read[i] for i in which]
            at = np.concatenate([rows_of[i] for i in which])
            scores = [p.scores for p in found if p.scores is not None]
            whole = Group(
                model=model,
                seed=seed,
                fold=fold,
                subject="",
                session="",
                draw=draw,
                permutation=permutation,
                rows=at,
                true=truth.of(at, permutation),
                pred=_pred(store, mine, found),
                scores=np.concatenate(scores) if len(scores) == len(found) else None,
                score_kind=found[0].score_kind,
                prior=np.mean([priors[job["seed"], job["fold"]] for job in mine], axis=0),
                axes=found[0].axes,
                samples=found[0].samples,
                waits=_waits(store, mine, found),
            )
            if index["target"]["kind"] in (*TOLD_APART, "brain"):
                several = [priors[job["seed"], job["fold"]] for job in mine]
                of_rows = np.repeat(np.arange(len(found)), [len(one) for one in found])
                whole = replace(whole, centre=np.stack(several), centre_of=of_rows)
            for one in _split(whole, columns, within):
                yield one if single else _answered_together(one, rows, index)


def _pred(store: Store, jobs: Sequence[dict[str, Any]], found: Sequence[Predictions]) -> Any:
    """Predictions of several jobs: vectors as pointers to their files, else an array."""
    if all(one.kind == "vector" and one.pred.ndim == 2 for one in found):
        return Entries.of([store.predictions_place(job["key"]) for job in jobs])
    return np.concatenate([one.pred for one in found])


def _waits(
    store: Store, jobs: Sequence[dict[str, Any]], found: Sequence[Predictions]
) -> np.ndarray | None:
    """How long the decoders of several jobs wait at each row, where they do."""
    told = [store.decides(job["key"]) for job in jobs]
    if not any(told):
        return None
    pairs = [(one.get("dwell", 1), one.get("refractory", 0.0)) for one in told]
    return np.repeat(np.array(pairs, dtype=np.float64), [len(one) for one in found], axis=0)


def unmoved(groups: Sequence[Group]) -> set[str]:
    """Name the models that answer the same whatever training labels are permuted.

    Parameters
    ----------
    groups : sequence of Group

    Returns
    -------
    models : set of str
        Those with a shuffled null, of which each draw gives what the model itself gives.
    """

    def place(group: Group) -> tuple[Any, ...]:
        return group.model, group.seed, group.fold, group.subject, group.session

    itself = {place(group): group for group in groups if group.is_itself}
    drawn = [group for group in groups if group.draw != NO_DRAW and place(group) in itself]
    moved = {one.model for one in drawn if not _same_answers(one, itself[place(one)])}
    return {one.model for one in drawn} - moved


def _same_answers(one: Group, other: Group) -> bool:
    if not (np.array_equal(one.rows, other.rows) and np.array_equal(one.pred, other.pred)):
        return False
    if one.scores is None or other.scores is None:
        return one.scores is other.scores
    return np.array_equal(one.scores, other.scores)


class _Truth:
    """The truth of rows, or of one permutation of all; the last one asked for is kept."""

    def __init__(self, y: Truth, rows: pd.DataFrame, target: dict[str, Any]):
        self._y, self._rows = y, Rows(rows)
        self._spaces = y.spaces if isinstance(y, BrainTruth) else None
        self._known = known_rows(y, target["kind"])
        self._rotate = target["rotates"]
        self._last: tuple[int, np.ndarray] = (NO_DRAW, np.arange(len(rows)))

    def of_one_space(self, several: Sequence[np.ndarray]) -> list[list[int]]:
        """Part folds by the space of the brain that they test; all together where it is one."""
        if self._spaces is None:
            return [list(range(len(several)))]
        number = [int(self._spaces[at[0]]) for at in several]
        return [[i for i, one in enumerate(number) if one == n] for n in sorted(set(number))]

    def of(self, index: np.ndarray, permutation: int) -> Told:
        if permutation == NO_DRAW:
            return self._y[index]
        if self._last[0] != permutation:
            units, groups = shuffle_units(self._rows)
            drawn = permuted_rows(
                comparable(self._y),
                self._known,
                units,
                groups,
                self._rows["uid"],
                permutation,
                rotate=self._rotate,
            )
            self._last = permutation, drawn
        return self._y[self._last[1][index]]


def _split(group: Group, columns: dict[str, np.ndarray], within: list[str]) -> Iterator[Group]:
    asked = [unit for unit in ("subject", "session") if unit in within]
    if not asked:
        yield group
        return
    table = pd.DataFrame({unit: columns[unit][group.rows] for unit in asked})
    for names, index in table.groupby(asked, sort=True).indices.items():
        texts = [str(n) for n in (names if isinstance(names, tuple) else (names,))]
        yield replace(group.take(np.asarray(index)), **dict(zip(asked, texts, strict=True)))


def _answered_together(group: Group, rows: pd.DataFrame, index: dict[str, Any]) -> Group:
    """Average scores, values or told brains of rows that are answered together."""
    if index["aggregate"] is None:
        return group
    asked, kind = index["aggregate"], index["target"]["kind"]
    by = asked["by"]
    mine = Rows(rows).take(group.rows)
    if asked["of"] == "answers" and asked["n"] is not None:
        kept = np.flatnonzero(first_repeats(mine, mine.codes(*by), asked["n"]))
        group, mine = group.take(kept), mine.take(kept)
    code = mine.codes(*by)  # in the order of first rows
    first, truth = np.unique(code, return_index=True)[1], comparable(group.true)
    if kind == "brain":  # each repeat is measured anew, and what they have in common is told
        true, pred = (group_means(np.asarray(one), code) for one in (group.true, group.pred))
        return replace(group.take(first), true=true, pred=pred)
    if not np.array_equal(truth, truth[first][code]):
        raise ConfigError(
            f"aggregate: rows with the same {' and '.join(by)} have several truths, so they "
            "cannot be answered together. Name columns that the target follows from."
        )
    if kind != "label":
        return replace(group.take(first), pred=group_means(np.asarray(group.pred), code))
    if group.scores is None:
        raise ConfigError(
            f"aggregate: {group.model} gives classes without scores, and there is nothing to "
            "average. Use a model with probabilities or margins."
        )
    scores = group_means(group.scores, code)
    return replace(group.take(first), pred=np.argmax(scores, axis=-1), scores=scores)
