"""Scores beside published ones, with what their protocols differ in."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from neurodecode.core.errors import ConfigError, NeurodecodeError
from neurodecode.data.cards import load_card
from neurodecode.harness.table_row import TableRow
from neurodecode.report.differing import how_models_differ, how_protocols_differ
from neurodecode.report.published import Published, PublishedScore, Recipe, read_published
from neurodecode.report.results import Results
from neurodecode.report.tables import LAYOUTS, as_csv, ends, number, plain

_HEAD = (
    "model", "metric", "score", "95 % interval", "units", "published as", "published",
    "s.d.", "evaluation", "flags",
)  # fmt: skip
_NUMBERS = ("score", "published", "s.d.")


@dataclass(frozen=True)
class AgainstRow:
    """One model beside one published figure; empty and None where none was published.

    Parameters
    ----------
    experiment, model, metric : str
    mean, ci_low, ci_high : float
    n_units : int
    unit : str
    flags : tuple of str
    dataset, paradigm, pipeline, evaluation : str
        Of the published figure.
    published, published_sd : float or None
        Over the subjects and sessions of the data set; of the same metric as `mean`.
    differs : tuple of str
        What is not the same: ours; theirs.
    caution : str
        Why the published figure is no bar, if so.
    source : str
    """

    experiment: str
    model: str
    metric: str
    mean: float
    ci_low: float
    ci_high: float
    n_units: int
    unit: str
    flags: tuple[str, ...]
    dataset: str
    paradigm: str
    pipeline: str = ""
    evaluation: str = ""
    published: float | None = None
    published_sd: float | None = None
    differs: tuple[str, ...] = ()
    caution: str = ""
    source: str = ""


def against_published(results: Results, metric: str | None = None) -> list[AgainstRow]:
    """Set what was published beside each model of the results.

    A model is matched by what it is, step by step, whatever it is called; figures are joined of
    the same data set, paradigm and metric alone. Of a model that is no published pipeline there is
    one row without.

    Parameters
    ----------
    results : Results
    metric : str, optional
        Only this metric.

    Returns
    -------
    rows : list of AgainstRow
        In the order of the table, models only.

    Raises
    ------
    ConfigError
        If nothing was published to set beside: simulated recordings, another data set, paradigm,
        metric or models.
    """
    published = read_published()
    asked: dict[str, Any] = yaml.safe_load(results.resolved) or {}
    where = str(results.folder)
    dataset, paradigm = _place(published, asked, where)
    there = [s for s in published.scores if (s.dataset, s.paradigm) == (dataset, paradigm)]
    metrics = sorted({score.metric for score in there})
    rows = [
        row for row in results.rows()
        if row.role == "model" and row.metric in metrics and metric in (None, row.metric)
    ]  # fmt: skip
    if not rows:
        has = metric or ", ".join(results.index["metrics"])
        if set(metrics) & set(results.index["metrics"]):
            remedy = f"Ask for --metric {metrics[0]}."
        else:
            remedy = f"Run it again with --set metrics=[{metrics[0]}]; nothing is fitted anew."
        raise ConfigError(
            f"{where}: what was published of {dataset}, {paradigm}, is {' and '.join(metrics)}, "
            f"and this is {has}: they do not compare. {remedy}"
        )
    recipes = _recipes(published, asked, results.index)
    joined = [
        one for row in rows for one in _joined(row, recipes, there, published, asked, results)
    ]
    if not any(row.pipeline for row in joined):
        names = ", ".join(dict.fromkeys(row.model for row in rows))
        raise ConfigError(
            f"{where}: no model ({names}) is a pipeline that was published of {dataset}, "
            f"{paradigm}. Those are: {', '.join(dict.fromkeys(s.pipeline for s in there))}."
        )
    return joined


def format_against(rows: Sequence[AgainstRow], form: str) -> str:
    """Give the rows in a format.

    Parameters
    ----------
    rows : sequence of AgainstRow
    form : {"text", "md", "latex", "csv", "json"}
        JSON is a list of objects with the fields of `AgainstRow`.

    Returns
    -------
    text : str
        What differs stands below the table: first what does in all rows.
    """
    if form == "json":
        return json.dumps([plain(row) for row in rows], indent=1)
    if form == "csv":
        return as_csv(rows)
    return LAYOUTS[form](_HEAD, [_cells(row) for row in rows], _notes(rows), _NUMBERS)


def _place(published: Published, asked: Mapping[str, Any], where: str) -> tuple[str, str]:
    """Name the data set and the paradigm that the experiment is of."""
    data: dict[str, Any] = asked.get("data", {})
    if data.get("simulate"):
        raise ConfigError(
            f"{where}: these recordings are simulated, and what was published is of people. "
            "Run the experiment on recordings."
        )
    if "card" not in data:
        raise ConfigError(
            f"{where}: these trials were in memory, so nothing tells which data set they are of. "
            "Run an experiment with a card."
        )
    card, classes = data["card"], tuple(asked.get("target", {}).get("classes", ()))
    known = published.cards.get(card)
    if known is not None:
        task = known.tasks.get(data["task"])
        if task is None or set(task.classes) != set(classes):
            are = "; ".join(
                f"{name} ({', '.join(one.classes)}) is {one.paradigm}"
                for name, one in known.tasks.items()
            )
            raise ConfigError(
                f"{where}: task {data['task']} of {card} with classes {', '.join(classes)} is no "
                f"paradigm that was published of {known.dataset}. There: {are}."
            )
        return known.dataset, task.paradigm
    dataset = _read_by_moabb(data)
    if dataset not in published.datasets:
        raise ConfigError(
            f"{where}: nothing was published of the data of {card}. There is of the cards "
            f"{' and '.join(published.cards)}, and of {len(published.datasets)} data sets that "
            "MOABB reads (configs/published/moabb.yaml)."
        )
    of_it = {score.paradigm for score in published.scores if score.dataset == dataset}
    for name in sorted(of_it):
        if set(published.paradigms[name].classes) == set(classes):
            return dataset, name
    raise ConfigError(
        f"{where}: classes {', '.join(classes)} are no paradigm that was published of {dataset}. "
        f"There: {', '.join(sorted(of_it))}."
    )


def _read_by_moabb(data: Mapping[str, Any]) -> str:
    """Name the data set of a card that MOABB reads; empty where it is not one, or not here."""
    try:
        card = load_card(data["card"])
        variant = card.variant(data.get("variant", ""))
    except NeurodecodeError:
        return ""
    return variant.options.dataset.rpartition(".")[2] if variant.reader == "moabb" else ""


Found = tuple[str, Recipe, tuple[str, ...]]  # a pipeline, which model it is, what differs


def _recipes(
    published: Published, asked: Mapping[str, Any], index: Mapping[str, Any]
) -> dict[str, list[Found]]:
    """Pipelines that each model is, the closest ones alone."""
    names = [model["name"] for model in index["models"] if model["role"] == "model"]
    grids = asked.get("tune", {}).get("grids", {})
    found = {}
    for name, model in zip(names, asked["models"], strict=True):
        steps = model if isinstance(model, list) else [model]
        alike = [
            (pipeline, recipe, differs)
            for pipeline, known in published.pipelines.items()
            for recipe in known.models
            if (differs := how_models_differ(steps, grids.get(name, {}), recipe)) is not None
        ]
        fewest = min((len(differs) for *_, differs in alike), default=0)
        found[name] = [one for one in alike if len(one[2]) == fewest]
    return found


def _joined(
    row: TableRow,
    recipes: Mapping[str, list[Found]],
    there: Sequence[PublishedScore],
    published: Published,
    asked: Mapping[str, Any],
    results: Results,
) -> list[AgainstRow]:
    """Give a row beside each figure of the pipelines that its model is; one without, if none is."""
    own = {
        name: getattr(row, name)
        for name in ("experiment", "model", "metric", "mean", "ci_low", "ci_high", "n_units",
                     "unit", "flags")
    }  # fmt: skip
    own |= {"dataset": there[0].dataset, "paradigm": there[0].paradigm}
    made = [
        AgainstRow(
            **own,
            pipeline=score.pipeline,
            evaluation=score.evaluation,
            published=score.mean,
            published_sd=score.sd,
            differs=(*how_protocols_differ(score, published, asked, results), *differs),
            caution=score.caution,
            source=score.source,
        )
        for pipeline, _, differs in recipes.get(row.model, ())
        for score in there
        if score.pipeline == pipeline and score.metric == row.metric
    ]
    return made or [AgainstRow(**own)]


def _cells(row: AgainstRow) -> list[str]:
    return [
        row.model, row.metric, number(row.mean), ends(row.ci_low, row.ci_high),
        f"{row.n_units} {row.unit}{'s' if row.n_units != 1 else ''}", row.pipeline or "–",
        number(row.published), number(row.published_sd), row.evaluation or "–",
        ", ".join(row.flags),
    ]  # fmt: skip


def _notes(rows: Sequence[AgainstRow]) -> list[str]:
    """Say what differs: first where all rows of an experiment do, then row by row; and cautions."""
    notes = []
    for experiment in dict.fromkeys(row.experiment for row in rows):
        mine = [row for row in rows if row.experiment == experiment and row.pipeline]
        notes.append(f"{experiment}: {mine[0].dataset}, {mine[0].paradigm}. What is not the same:")
        common = [what for what in mine[0].differs if all(what in row.differs for row in mine)]
        notes += [f"  {what}" for what in common]
        for row in mine:
            told = [what for what in row.differs if what not in common]
            told += [f"caution, {row.caution}"] if row.caution else []
            if told:
                notes.append(f"  {row.model} beside {row.pipeline}: {'; '.join(told)}")
        if notes[-1].endswith("not the same:"):
            notes[-1] = notes[-1].replace("What is not the same:", "Nothing that is told differs.")
    return list(dict.fromkeys(notes))
