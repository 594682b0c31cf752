"""Pictures that models told beside those that were shown, with nulls and ceilings."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal, get_args

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neurodecode.core.errors import ConfigError
from neurodecode.core.names import find
from neurodecode.harness.score import Group, collect_groups
from neurodecode.harness.scorer import Scorer
from neurodecode.metrics.metric import Metric
from neurodecode.report.results import Results
from neurodecode.report.words import sign

Choice = Literal["ranked", "first"]
Role = Literal["model", "mean", "shuffled", "ceiling"]
KINDS = ("best", "median", "worst")
N_SHOWN: Mapping[Choice, int] = {"ranked": 9, "first": 12}
MEAN, SHUFFLED = "mean training picture", "shuffled"
_MOST = {"model": 5, "ceiling": 5}  # of each role that are given


@dataclass(frozen=True, eq=False)
class Line:
    """What one model, null or ceiling tells of each picture.

    Parameters
    ----------
    name : str
    role : {"model", "mean", "shuffled", "ceiling"}
    pictures : ndarray of float32, shape (n, height, width, channels)
        From 0 to 1; NaN where there is none, as of a fold that failed.
    scores : dict of str to ndarray, shape (n,)
        What each adds to a metric; NaN where it adds nothing.
    """

    name: str
    role: Role
    pictures: np.ndarray
    scores: dict[str, np.ndarray]

    def take(self, index: slice) -> "Line":
        """Give some of the pictures."""
        scores = {name: values[index] for name, values in self.scores.items()}
        return replace(self, pictures=self.pictures[index], scores=scores)


@dataclass(frozen=True, eq=False)
class Reconstructed:
    """Pictures that were shown, and what was told of each.

    Parameters
    ----------
    choice : {"ranked", "first"}
        How the pictures were chosen.
    trials : DataFrame
        Row of each picture, with ``kind``: ``best``, ``median`` or ``worst`` under the first of
        `metrics`; empty where they are the first ones.
    shown : ndarray of float32, shape (n, height, width, channels)
        From 0 to 1.
    lines : tuple of Line
        Models, the one that the choice is of foremost; the mean training picture; the first draw of
        that model's shuffled null; ceilings.
    metrics : tuple of str
        Those of which each row adds a value.
    n_tested : int
        Answers of the first model that were chosen from.
    left_out : tuple of str
        Models and ceilings that are not among the lines, to keep them few.
    may_be_shown : bool
        False where a card says ``show_stimuli: never``.
    """

    choice: Choice
    trials: pd.DataFrame
    shown: np.ndarray
    lines: tuple[Line, ...]
    metrics: tuple[str, ...]
    n_tested: int
    left_out: tuple[str, ...]
    may_be_shown: bool

    def __repr__(self) -> str:
        told = ", ".join(line.name for line in self.lines)
        return f"Reconstructed({len(self.shown)} pictures, {self.choice}: {told})"

    @property
    def model(self) -> str:
        """The model that the choice is of."""
        return self.lines[0].name

    @property
    def names(self) -> list[str]:
        """What each picture is called: by stimulus, or by row where none is named."""
        column = "stimulus" if "stimulus" in self.trials else "uid"
        named, whose = ([str(one) for one in self.trials[name]] for name in (column, "subject"))
        if len(set(whose)) < 2:
            return named
        return [f"{one} ({who})" for one, who in zip(named, whose, strict=True)]

    @property
    def told(self) -> dict[str, np.ndarray]:
        """Pictures by line, each of shape (n, height, width, channels)."""
        return {line.name: line.pictures for line in self.lines}

    def table(self) -> pd.DataFrame:
        """Give the scores: one row a picture, a column a line and metric.

        Returns
        -------
        table : DataFrame
            Indexed by ``kind`` and the picture's name.
        """
        index = pd.MultiIndex.from_arrays(
            [self.trials["kind"], self.names], names=["kind", "picture"]
        )
        columns = {
            (line.name, metric): line.scores[metric]
            for line in self.lines
            for metric in self.metrics
        }
        return pd.DataFrame(columns, index=index).rename_axis(columns=["told by", "metric"])

    def plot(self) -> Figure:
        """Draw a column a picture: what was shown, and below it what each line told.

        Returns
        -------
        figure : matplotlib Figure

        Raises
        ------
        ConfigError
            If the pictures may not be shown.
        """
        from neurodecode.report.reconstruction_grid import reconstruction_figure

        if not self.may_be_shown:
            raise ConfigError(
                "pictures: the card of these data says show_stimuli: never, so neither its "
                "pictures nor what is told of them is drawn. table() gives ids and scores."
            )
        return reconstruction_figure(self)[0]


def reconstructed(
    results: Results,
    choices: Mapping[Choice, int] = N_SHOWN,
    model: str | None = None,
) -> list[Reconstructed]:
    """Give what was told of a few pictures, for each way to choose them.

    Parameters
    ----------
    results : Results
    choices : mapping of {"ranked", "first"} to int
        How many pictures. ``ranked``: as many of the best, the middle and the worst answers;
        ``first``: the first tested pictures in the order of the rows. Each picture once.
    model : str, optional
        Whose answers are ranked; the best one under the first metric without.

    Returns
    -------
    found : list of Reconstructed
        In the order of `choices`; empty where no pictures are told, or none has a score.

    Raises
    ------
    ConfigError
        If there is no such choice or model, or a number is below 1.
    """
    for choice, n in choices.items():
        if choice not in get_args(Choice) or isinstance(n, bool) or not isinstance(n, int) or n < 1:
            raise ConfigError(
                f"pictures: expected ranked or first, and at least 1 of them; got {choice!r}, "
                f"{n!r}."
            )
    if results.index["target"]["kind"] != "picture":
        return []
    judged = [find(name, "metrics") for name in results.index["metrics"]]
    judged = [one for one in judged if one.terms is not None and "picture" in one.kinds]
    ranked = _ranked(results, judged[0].name) if judged else []
    if model is not None and model not in ranked:
        known = f"there are: {', '.join(ranked)}" if ranked else "no model has one"
        raise ConfigError(f"pictures: no model {model!r} with a score of pictures; {known}.")
    if not ranked:
        return []
    lead = model or ranked[0]
    models = [lead, *(one for one in ranked if one != lead)]
    bounds = _ceilings(results, models)
    kept = {"model": models[: _MOST["model"]], "ceiling": bounds[: _MOST["ceiling"]]}
    left_out = (*models[_MOST["model"] :], *bounds[_MOST["ceiling"] :])

    at, value = _scored(results, lead, judged[0])
    if len(at) == 0:
        return []
    trials = results.trials()
    same = trials["stimulus" if "stimulus" in trials else "uid"].astype(str).to_numpy(dtype=object)
    chosen = [
        _extremes(at, sign(judged[0].name) * value, same, n)
        if choice == "ranked"
        else [("", row) for row in _distinct(np.sort(at), same, n)]
        for choice, n in choices.items()
    ]
    rows = np.array([row for several in chosen for _, row in several], dtype=np.intp)
    every = _lines(results, kept, judged, rows)
    y: Any = results.store.truth(trials)
    found, begin = [], 0
    for choice, several in zip(choices, chosen, strict=True):
        part = slice(begin, begin + len(several))
        begin += len(several)
        found.append(
            Reconstructed(
                choice,
                trials.iloc[rows[part]].assign(kind=[kind for kind, _ in several]),
                y[rows[part]],
                tuple(line.take(part) for line in every),
                tuple(one.name for one in judged),
                len(at),
                left_out,
                bool(results.index.get("show_stimuli", False)),  # results of before do not say
            )
        )
    return found


def _ranked(results: Results, metric: str) -> list[str]:
    """Models that tell pictures, the best under a metric first; none that tell several a trial."""
    timed = set(results.scores().query("time.notna()", engine="python")["model"])
    rows = [r for r in results.rows() if (r.metric, r.role, r.note) == (metric, "model", "")]
    rows = [row for row in rows if row.model not in timed]
    return [row.model for row in sorted(rows, key=lambda row: -sign(metric) * row.mean)]


def _ceilings(results: Results, models: Sequence[str]) -> list[str]:
    """Ceilings: those of models in the order of these, then what is told what no model may know."""
    of = {one["model"]: one["of"] for one in results.index["ceilings"]}
    alone = [
        one["name"]
        for one in results.index["models"]
        if one["role"] == "ceiling" and one["name"] not in of
    ]
    return [name for model in models for name in of if of[name] == model] + alone


def _scored(results: Results, model: str, metric: Metric) -> tuple[np.ndarray, np.ndarray]:
    """Rows that a model answered, each once, and what each adds to a metric."""
    scorer = Scorer.of(results.store)
    found = [
        (group.rows, scorer.of_rows(metric, group))
        for group in _groups(results, [model], shuffled=False)
    ]
    if not found:  # all jobs of the first seed failed
        return np.zeros(0, dtype=np.intp), np.zeros(0)
    at, value = (np.concatenate(several) for several in zip(*found, strict=True))
    at, first = np.unique(at, return_index=True)
    return at, value[first]


def _groups(results: Results, names: Sequence[str], *, shuffled: bool) -> Iterator[Group]:
    """Answers under the first seed of some models; of the first also one draw of its null."""
    seed = results.index["seeds"][0]

    def wanted(job: dict[str, Any]) -> bool:
        if job["seed"] != seed or job["permutation"] is not None or job["model"] not in names:
            return False
        return job["draw"] is None or (shuffled and (job["draw"], job["model"]) == (0, names[0]))

    return collect_groups(results.store, only=wanted)


def _extremes(at: np.ndarray, value: np.ndarray, same: np.ndarray, n: int) -> list[tuple[str, int]]:
    """Choose the best, the middle and the worst rows, each with its kind; no picture twice."""
    known = np.isfinite(value)
    order = at[known][np.argsort(-value[known], kind="stable")]
    rank = {int(row): i for i, row in enumerate(order)}
    from_middle = order[np.argsort(np.abs(np.arange(len(order)) - (len(order) - 1) / 2))]
    sides = {"best": order, "worst": order[::-1], "median": from_middle}
    sizes = {kind: n // 3 + (i < n % 3) for i, kind in enumerate(KINDS)}
    taken: set[str] = set()
    chosen: dict[str, list[int]] = {}
    for kind, rows in sides.items():
        left = np.array([row for row in rows if same[row] not in taken], dtype=np.intp)
        chosen[kind] = sorted(_distinct(left, same, sizes[kind]), key=lambda row: rank[row])
        taken |= {same[row] for row in chosen[kind]}
    return [(kind, row) for kind in KINDS for row in chosen[kind]]


def _distinct(rows: np.ndarray, same: np.ndarray, n: int) -> list[int]:
    """Give the first rows of as many pictures."""
    first: dict[str, int] = {}
    for row in rows.tolist():
        if len(first) == n:
            break
        first.setdefault(str(same[row]), row)
    return list(first.values())


def _lines(
    results: Results, kept: Mapping[str, Sequence[str]], judged: Sequence[Metric], rows: np.ndarray
) -> list[Line]:
    """Give what each line tells of some rows; answers are read group by group."""
    names = [*kept["model"], *kept["ceiling"]]
    scorer, lead = Scorer.of(results.store), names[0]
    made: dict[tuple[Role, str], Line] = {}
    for group in _groups(results, names, shuffled=True):
        if group.axes:
            continue
        role: Role = "ceiling" if group.model in kept["ceiling"] else "model"
        key: tuple[Role, str] = (role, group.model) if group.is_itself else ("shuffled", SHUFFLED)
        told: dict[tuple[Role, str], Group] = {key: group}
        if key == ("model", lead) and group.centre is not None:
            mean = group.centre[group.centre_of].reshape(group.true.shape).astype(np.float32)
            told["mean", MEAN] = replace(group, pred=mean)
        for (role, name), one in told.items():
            line = made.setdefault((role, name), _empty(name, role, judged, rows, one))
            _fill(line, one, scorer, judged, rows)
    order = ("model", "mean", "shuffled", "ceiling")
    return sorted(
        made.values(),
        key=lambda line: (
            order.index(line.role),
            names.index(line.name) if line.name in names else 0,
        ),
    )


def _empty(name: str, role: Role, judged: Sequence[Metric], rows: np.ndarray, like: Group) -> Line:
    pictures = np.full((len(rows), *like.true.shape[1:]), np.nan, dtype=np.float32)
    return Line(name, role, pictures, {one.name: np.full(len(rows), np.nan) for one in judged})


def _fill(
    line: Line, group: Group, scorer: Scorer, judged: Sequence[Metric], rows: np.ndarray
) -> None:
    """Put into a line what a group of rows holds of it."""
    place = pd.Index(rows)
    of = {int(row): i for i, row in enumerate(group.rows)}
    here = np.flatnonzero(place.isin(list(of)))
    mine = np.array([of[int(row)] for row in rows[here]], dtype=np.intp)
    if len(here) == 0:
        return
    line.pictures[here] = group.pred[mine]
    for metric in judged:
        line.scores[metric.name][here] = scorer.of_rows(metric, group)[mine]
