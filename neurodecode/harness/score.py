"""Scores from stored predictions: neither data nor model is needed."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.names import find
from neurodecode.harness.store import Store

NO_DRAW = -1
_COLUMNS = (
    "model", "metric", "seed", "fold", "subject", "session", "draw", "score", "chance", "n_trials",
    "note",
)  # fmt: skip


@dataclass(frozen=True, eq=False)
class Group:
    """Test rows that are scored together.

    Parameters
    ----------
    model : str
    seed : int
    fold, subject, session : str
        Empty where groups are pooled over them.
    draw : int
        Draw of the shuffled null; `NO_DRAW` for the model itself.
    rows : ndarray of int, shape (n,)
        Positions in ``rows.parquet``.
    true, pred : ndarray, shape (n,)
        Codes, or values.
    scores : ndarray, shape (n, n_classes), or None
    score_kind : str
    prior : ndarray, shape (n_classes,)
        Frequencies of the classes in training.
    """

    model: str
    seed: int
    fold: str
    subject: str
    session: str
    draw: int
    rows: np.ndarray
    true: np.ndarray
    pred: np.ndarray
    scores: np.ndarray | None
    score_kind: str
    prior: np.ndarray

    def take(self, index: np.ndarray) -> "Group":
        """Give the group of the rows at `index`."""
        scores = None if self.scores is None else self.scores[index]
        return Group(
            self.model, self.seed, self.fold, self.subject, self.session, self.draw,
            self.rows[index], self.true[index], self.pred[index],
            scores, self.score_kind, self.prior,
        )  # fmt: skip


def collect_groups(store: Store) -> Iterator[Group]:
    """Read all stored predictions and group them as the experiment says."""
    index, rows = store.index(), store.rows()
    classes = tuple(index["target"]["classes"])
    position = pd.Index(rows["uid"])
    truth = rows["y"].to_numpy()
    priors = {(f["seed"], f["name"]): np.array(f["prior"]) for f in index["folds"]}
    within = index["within"]
    columns = {u: rows[u].astype(str).to_numpy(dtype=object) for u in ("subject", "session")}
    jobs = [job for job in index["jobs"] if "error" not in job and store.has(job["key"])]

    def together(job: dict[str, Any]) -> tuple[Any, ...]:
        draw = NO_DRAW if job["draw"] is None else job["draw"]
        return job["model"], draw, job["seed"], job["fold"] if "fold" in within else ""

    # Jobs come grouped by fold; sorting keeps the folds of one model in their order.
    for (model, draw, seed, fold), several in groupby(sorted(jobs, key=together), key=together):
        mine = list(several)
        found = [store.predictions(job["key"], classes) for job in mine]
        at = position.get_indexer(pd.Index(np.concatenate([p.uid for p in found])))
        scored = all(p.scores is not None for p in found)
        whole = Group(
            model, seed, fold, "", "", draw,
            at,
            truth[at],
            np.concatenate([p.pred for p in found]),
            np.concatenate([p.scores for p in found]) if scored else None,  # pyright: ignore[reportArgumentType, reportCallIssue]
            found[0].score_kind,
            np.mean([priors[job["seed"], job["fold"]] for job in mine], axis=0),
        )  # fmt: skip
        yield from _split(whole, columns, within)


def score_group(metric: Any, group: Group, kind: str) -> float | str:
    """One score, or why it is not computed."""
    return metric.evaluate(
        group.true, group.pred, scores=group.scores, score_kind=group.score_kind, kind=kind
    )


def score_groups(store: Store, groups: list[Group]) -> pd.DataFrame:
    """Give the scores of all groups and metrics as a table.

    Returns
    -------
    scores : DataFrame
        ``model metric seed fold subject session draw score chance n_trials note``; `score` is NaN
        where `note` says why it is not computed.
    """
    index = store.index()
    kind = index["target"]["kind"]
    rows = []
    for name in index["metrics"]:
        metric = find(name, "metrics")
        for group in groups:
            value = score_group(metric, group, kind)
            known = isinstance(value, float)
            rows.append(
                {
                    "model": group.model,
                    "metric": name,
                    "seed": group.seed,
                    "fold": group.fold,
                    "subject": group.subject,
                    "session": group.session,
                    "draw": group.draw,
                    "score": value if known else np.nan,
                    "chance": metric.chance(group.true, group.prior) if known else np.nan,
                    "n_trials": len(group.true),
                    "note": "" if known else value,
                }
            )
    return pd.DataFrame(rows, columns=list(_COLUMNS))


def _split(group: Group, columns: dict[str, np.ndarray], within: list[str]) -> Iterator[Group]:
    asked = [unit for unit in ("subject", "session") if unit in within]
    if not asked:
        yield group
        return
    table = pd.DataFrame({unit: columns[unit][group.rows] for unit in asked})
    for names, index in table.groupby(asked, sort=True).indices.items():
        one = group.take(np.asarray(index))
        texts = [str(n) for n in (names if isinstance(names, tuple) else (names,))]
        named = dict(zip(asked, texts, strict=True))
        yield Group(
            one.model, one.seed, one.fold, named.get("subject", ""), named.get("session", ""),
            one.draw, one.rows, one.true, one.pred, one.scores, one.score_kind, one.prior,
        )  # fmt: skip
