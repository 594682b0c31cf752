"""p of pictures by permuting who saw what: nothing is fitted, and no picture counts twice.

The pairs of a row and the pictures that it is told from share rows and pictures, so they are no
independent trials: a binomial test of them is wrong by a factor that grows with their number.
"""

from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.errors import DataError
from neurodecode.core.names import find
from neurodecode.harness.galleries import CONCEPT
from neurodecode.harness.score import Group
from neurodecode.harness.scorer import Scorer
from neurodecode.linalg.permutation import permutation_p
from neurodecode.metrics.metric import Metric, Retrieval
from neurodecode.metrics.places import EveryPlace, every

_MOST_AT_ONCE = 2_000_000  # values of draws: 16 MB


class ChancePairings:
    """Scores of the models of a study under pairings that are drawn.

    Within each group of rows that is scored together, answers are dealt to the pictures anew: all
    rows of a picture together, and where a concept has several pictures, all of it. Groups are
    averaged as the table averages them, within sessions, then units. Every model sees the same
    draws.

    Parameters
    ----------
    groups : sequence of Group
    rows : DataFrame
        Of the study.
    scorer : Scorer
    metrics : sequence of str
        Those of the table. Of some, which neither are of retrieval nor can say what an answer would
        score beside another picture, there is no p.
    n_draws : int
    unit : str
        What the table counts: ``subject``, ``session``, ``fold`` or ``study``.
    inflation : float
        Variance of the mean score, as a multiple of that of independent rows: above 1 where rows
        that are tested train the models of others. The draws spread by its root.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        rows: pd.DataFrame,
        scorer: Scorer,
        metrics: Sequence[str],
        n_draws: int,
        unit: str = "subject",
        inflation: float = 1.0,
    ):
        self._rows, self._scorer, self._n_draws = rows, scorer, n_draws
        self._unit, self._inflation = unit, inflation
        found: list[Metric] = [find(name, "metrics") for name in metrics]
        # Those that place the same pictures in the same way are placed once.
        self._placing: dict[tuple[str, str], list[Metric]] = {}
        for one in found:
            if one.retrieval is not None:
                self._placing.setdefault((one.view, one.retrieval.direction), []).append(one)
        self._paired = {one.name: one for one in found if one.pairwise is not None}
        self._sign = {one.name: 1 if one.direction == "up" else -1 for one in found}
        self._groups: dict[str, list[Group]] = {}
        for group in groups:
            if group.is_itself:
                self._groups.setdefault(group.model, []).append(group)
        self._memo: dict[str, dict[str, tuple[float, np.ndarray]]] = {}

    def p(self, model: str, metric: str) -> float | None:
        """Give the one-sided p of a model; None where there is none.

        Parameters
        ----------
        model, metric : str

        Returns
        -------
        p : float or None
            Share of draws whose score is at least as good, the score found among them. None of a
            metric that deals nothing, without draws, and where all groups hold one picture
            or concept, so that there is nothing to deal anew.
        """
        placing = {one.name for several in self._placing.values() for one in several}
        if metric not in {*placing, *self._paired} or self._n_draws == 0:
            return None
        if model not in self._memo:
            self._memo[model] = self._drawn(model)
        if metric not in self._memo[model]:
            return None
        score, drawn = self._memo[model][metric]
        centre = drawn.mean()
        widened = centre + np.sqrt(self._inflation) * (drawn - centre)
        return permutation_p(self._sign[metric] * score, self._sign[metric] * widened)

    def _drawn(self, model: str) -> dict[str, tuple[float, np.ndarray]]:
        """Score of each metric, and that of each draw."""
        groups = self._groups[model]
        seeds = {}
        for group in groups:
            seeds.setdefault(group.seed, []).append(group.rows.tobytes())
        # Another seed whose folds are others tests the same rows again and is dealt for itself:
        # that tells hardly more, and would make draws too alike.
        several = [sorted(one) for one in seeds.values()]
        repeats = len(several) if any(one != several[0] for one in several) else 1
        found: dict[str, list[tuple[Group, float, np.ndarray]]] = {}
        dealing = set()
        for group in groups:
            for name, (score, drawn, deals) in self._of_group(group).items():
                found.setdefault(name, []).append((group, score, drawn))
                dealing |= {name} if deals else set()
        means = {}
        for name in [one for one in found if one in dealing]:
            parts = found[name]
            weights = _weights([group for group, _, _ in parts], self._unit)
            score = float(weights @ [score for _, score, _ in parts])
            drawn = np.sum([w * one for w, (_, _, one) in zip(weights, parts, strict=True)], axis=0)
            means[name] = score, drawn.mean() + np.sqrt(repeats) * (drawn - drawn.mean())
        return means

    def _of_group(self, group: Group) -> dict[str, tuple[float, np.ndarray, bool]]:
        """Score of each metric, that of each draw, and whether there was anything to deal."""
        cells = [cell for _, _, cell in group.cells(all_cells=False)]
        found: dict[str, tuple[float, np.ndarray, bool]] = {}
        for mine in self._placing.values():
            try:
                placed = [self._placed(mine[0], cell) for cell in cells]
            except DataError:  # the table says why there is no score
                continue
            first = placed[0]
            dealt = self._dealt(group, first.better.shape[1], first.own, first.row)
            deals = bool((dealt != np.arange(dealt.shape[1])).any())
            for metric in mine:
                judged = metric.retrieval
                assert judged is not None  # chosen so
                try:
                    values = [judged.judge(p.better, p.alike, p.n_candidates) for p in placed]
                except DataError:
                    continue
                if judged.summary == "mean":  # that of several times is that of their mean
                    values = [np.mean(values, axis=0)]
                own = np.mean([_own(judged, one, placed[0]) for one in values])
                drawn = [_draws(judged, one, placed[0].own, dealt) for one in values]
                found[metric.name] = float(own), np.mean(drawn, axis=0), deals
        for name, metric in self._paired.items():
            try:
                several = [self._of_pairs(group, cell, metric) for cell in cells]
            except DataError:
                continue
            own = float(np.mean([one for one, _, _ in several]))
            drawn = np.mean([one for _, one, _ in several], axis=0)
            if np.isfinite(own) and np.isfinite(drawn).all():
                found[name] = own, drawn, several[0][2]
        return found

    def _seen(self, metric: Metric, cell: Group) -> tuple[Scorer, Group]:
        seen = self._scorer.seen(metric, cell)
        if isinstance(seen, str):
            raise DataError(seen)
        return seen

    def _placed(self, metric: Metric, cell: Group) -> EveryPlace:
        """Place every picture for each row, as a metric sees them."""
        assert metric.retrieval is not None  # chosen so
        scorer, cell = self._seen(metric, cell)
        gallery = scorer.gallery_of(cell)
        return every(cell.true, cell.pred, gallery, metric.retrieval.direction)

    def _of_pairs(
        self, group: Group, cell: Group, metric: Metric
    ) -> tuple[float, np.ndarray, bool]:
        """Score of a metric of pairs, that of each draw, and whether there is anything to deal.

        Answers are compared with every picture block by block, so that what is held stays small.
        """
        assert metric.pairwise is not None  # chosen so
        _, seen = self._seen(metric, cell)
        true, pred = seen.true, seen.pred
        own = _shown_by(cell.true)
        shown = true[np.unique(own, return_index=True)[1]]
        rows = np.arange(len(own))
        dealt = self._dealt(group, len(shown), own, rows)
        total, count = np.zeros((2, len(dealt) + 1))  # the pairs that belong together stand first
        most = max(1, 4 * _MOST_AT_ONCE // max(1, shown[0].size, pred[0].size))
        n_at_once = min(most, max(1, _MOST_AT_ONCE // max(len(shown), len(total))))
        for start in range(0, len(pred), n_at_once):
            some = rows[start : start + n_at_once]
            values = np.vstack(
                [
                    metric.pairwise(shown[first : first + most], pred[some])
                    for first in range(0, len(shown), most)
                ]
            )
            beside = np.vstack([own[some], dealt[:, own[some]]])
            drawn = values[beside, np.arange(len(some))]
            known = np.isfinite(drawn)
            total += np.where(known, drawn, 0.0).sum(axis=1)
            count += known.sum(axis=1)
        means = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)
        return float(means[0]), means[1:], bool((dealt != np.arange(len(shown))).any())

    def _dealt(self, group: Group, n_shown: int, own: np.ndarray, row: np.ndarray) -> np.ndarray:
        """Picture that stands for each in each draw, shape (n_draws, n_shown).

        Parameters
        ----------
        group : Group
        n_shown : int
            Different pictures.
        own : ndarray of int, shape (n,)
            Picture of each that is scored.
        row : ndarray of int, shape (n,)
            Its row in the group.
        """
        code = np.zeros(n_shown, dtype=np.int64)
        code[own] = group.rows[row]  # a row of each picture
        unit = np.arange(n_shown)
        if CONCEPT in self._rows:
            told = self._rows[CONCEPT].iloc[code]
            alone = pd.Series([f"\0{i}" for i in range(n_shown)], index=told.index)
            unit = pd.factorize(told.astype(object).where(told.notna(), alone))[0]
        uids = sorted(str(one) for one in self._rows["uid"].iloc[group.rows])
        rng = np.random.default_rng(int(digest(uids)[:16], 16))
        return dealt(unit, self._n_draws, rng)


def dealt(unit: np.ndarray, n_draws: int, rng: np.random.Generator) -> np.ndarray:
    """Deal units to each other, all that is of a unit together.

    Parameters
    ----------
    unit : ndarray of int, shape (n,)
        Concept of each picture, numbered from 0.
    n_draws : int
    rng : numpy Generator

    Returns
    -------
    drawn : ndarray of int, shape (n_draws, n)
        For each picture the one that stands for it: the first picture of a concept is given the
        first one of another, and so on; where that has fewer, they begin again.
    """
    sizes = np.bincount(unit)
    order = np.argsort(unit, kind="stable")
    begins = np.cumsum(sizes) - sizes
    place = np.empty(len(unit), dtype=np.int64)
    place[order] = np.arange(len(unit)) - begins[unit[order]]
    turns = np.arange(sizes.max())[None, :] % sizes[:, None]
    members = order[begins[:, None] + turns]  # (n_units, most of a unit)
    units = rng.permuted(np.tile(np.arange(len(sizes)), (n_draws, 1)), axis=1)
    return members[units[:, unit], place[None, :]]


def _shown_by(true: np.ndarray) -> np.ndarray:
    """Give the number of the picture of each row, in the order they come."""
    number: dict[bytes, int] = {}
    return np.array([number.setdefault((one + 0.0).tobytes(), len(number)) for one in true])


def _own(judged: Retrieval, values: np.ndarray, placed: EveryPlace) -> float:
    return float(judged.of(values[np.arange(len(values)), placed.own]))


def _draws(judged: Retrieval, values: np.ndarray, own: np.ndarray, drawn: np.ndarray) -> np.ndarray:
    """Score of each draw, where the value of a row is that of the picture it is given."""
    at = np.arange(len(values))
    return np.concatenate(
        [judged.of(values[at, some[:, own]]) for some in _in_pieces(drawn, len(values))]
    )


def _in_pieces(drawn: np.ndarray, n: int) -> Iterator[np.ndarray]:
    n_at_once = max(1, _MOST_AT_ONCE // n)
    return (drawn[start : start + n_at_once] for start in range(0, len(drawn), n_at_once))


def _weights(groups: Sequence[Group], unit: str) -> np.ndarray:
    """Share of each group in the mean over folds and seeds, then sessions, then units."""
    units = [getattr(group, unit, "") for group in groups]
    sessions = [(one, group.session) for one, group in zip(units, groups, strict=True)]
    n_sessions = Counter(one for one, _ in set(sessions))
    n_groups, n_units = Counter(sessions), len(set(units))
    shares = [1 / (n_units * n_sessions[one[0]] * n_groups[one]) for one in sessions]
    return np.array(shares)
