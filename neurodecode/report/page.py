"""One self-contained HTML page: something to send to a colleague."""

from collections import Counter
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import Any

import jinja2
import matplotlib as mpl
import numpy as np
import pandas as pd
import yaml
from matplotlib.figure import Figure

from neurodecode.core.errors import ConfigError
from neurodecode.core.files import shipped_folder, write_text
from neurodecode.harness.read_reliability import read_reliability
from neurodecode.harness.run import FAILURES
from neurodecode.harness.shown import read_shown
from neurodecode.harness.table import unit_of
from neurodecode.harness.table_row import TableRow
from neurodecode.report import words
from neurodecode.report.asked import what_was_asked
from neurodecode.report.bands import parts_figure
from neurodecode.report.embedded import Picture, as_svg, as_webp
from neurodecode.report.figures import MANY_CLASSES, confusion_figure, scores_figure
from neurodecode.report.maps import how_drawn, plot_patterns
from neurodecode.report.online import event_rows, runs_of
from neurodecode.report.online_figures import (
    calibration_figure,
    course_figure,
    operating_figure,
    pair_figure,
)
from neurodecode.report.patterns import MeanPatterns, mean_patterns
from neurodecode.report.picture_grid import grid_figure
from neurodecode.report.reconstructions import reconstructions
from neurodecode.report.repeats import repeat_figure
from neurodecode.report.results import Results
from neurodecode.report.retrieved import retrieved
from neurodecode.report.rsa_page import rsa_asked, rsa_part, rsa_verdict
from neurodecode.report.sections import Bands, Online, Retrieved, RsaSection, Section
from neurodecode.report.tables import (
    interval,
    null,
    number,
    of_ceiling,
    p_value,
    shown_as,
    spaced,
)
from neurodecode.report.targets import ceiling_sentence, target_figures
from neurodecode.report.time_course import curve_figures
from neurodecode.report.training import loss_figures

_MOST_WARNINGS = 20
_MOST_DRAWN = 12  # matrices of confusions, and half as many models' patterns: the page stays small


def write_page(results: Sequence[Results], path: Path) -> Path:
    """Write one page of one or several results.

    Nothing on it is fetched from elsewhere, and it runs no script. Names that come from data are
    escaped.

    Parameters
    ----------
    results : sequence of Results
    path : Path

    Returns
    -------
    path : Path

    Raises
    ------
    ConfigError
        If there are no results, or the page cannot be written there.
    """
    if not results:
        raise ConfigError("report: there are no results to write a page of. Name a results folder.")
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters |= {
        "number": number, "interval": interval, "null": null, "spaced": spaced,
        "p_value": p_value, "shown_as": shown_as, "of_ceiling": of_ceiling,
        "counted": words.counted,
    }  # fmt: skip
    several = [(part, one) for one in results for part in (one, one.online) if part is not None]
    sections = [
        _section(part, f"result-{i}", offline=None if part is one else one)
        for i, (part, one) in enumerate(several, 1)
    ]
    text = templates.get_template("page.html.jinja").render(sections=sections)
    path = Path(path)
    try:
        write_text(path, text)
    except OSError as error:
        raise ConfigError(
            f"{path}: the page cannot be written there ({error.strerror}). Name another file."
        ) from None
    return path


def _section(results: Results, anchor: str, *, offline: Results | None) -> Section | RsaSection:
    if results.is_rsa:
        return _rsa_section(results, anchor)
    index, rows = results.index, results.rows()
    resolved = yaml.safe_load(results.resolved) or {}
    flags = sorted({flag for row in rows for flag in row.flags})
    warnings = _warnings(results)
    confused, maps = _best_first(results), mean_patterns(results)
    patterned = [one for one in maps if not one.is_attention]
    best = words.best(results)
    # The same results give the same page: no salt of chance in the names inside an SVG.
    with mpl.rc_context({"svg.hashsalt": "neurodecode"}):
        return Section(
            anchor=anchor,
            title=results.title,
            name=results.name,
            date=_date(results),
            verdict=words.verdict(results),
            verdict_flags=best.flags if best else (),
            asked=what_was_asked(results, resolved),
            metrics=index["metrics"],
            rows=rows,
            has_p=any(row.p is not None for row in rows),
            has_ceiling=any(row.ceiling is not None for row in rows),
            ceilings=words.ceilings_heading(rows),
            noise_ceiling=ceiling_sentence(results),
            chance=words.chance_sentence(results.index["metrics"]),
            shuffled=words.shuffled_how(results.index),
            interval=words.interval_sentence(rows, results.index["inflation"]),
            flags=[(flag, words.flag_sentence(flag)) for flag in flags],
            units=_units(rows),
            scores=list(_scores(results)),
            reliability=read_reliability(results.folder),
            bands=list(_bands(results)),
            targets=[
                as_webp(figure, told, quality=88, title=title, caption=told)
                for title, figure, told in target_figures(results)
            ],
            courses=list(_courses(results)),
            reconstructions=reconstructions(results),
            retrieved=_retrieved(results),
            repeats=list(_repeats(results)),
            trainings=list(_trainings(results)),
            online=_online(results, offline),
            confusions=[_confusion(results, model) for model in confused[:_MOST_DRAWN]],
            attention=[_pattern(one) for one in maps if one.is_attention],
            patterns=[_pattern(one) for one in patterned[: _MOST_DRAWN // 2]],
            pattern_notes=words.pattern_notes({one.are_components for one in patterned}),
            undrawn={
                "confusions": confused[_MOST_DRAWN:],
                "patterns": [one.model for one in patterned[_MOST_DRAWN // 2 :]],
            },
            many_classes=len(index["target"]["classes"]) > MANY_CLASSES,
            tested={metric: _tested(rows, metric) for metric in index["metrics"]},
            left_out=sorted(index["ignored"].items(), key=lambda one: -one[1]),
            troubles=list(_troubles(results)),
            notes=index["notes"],
            warnings=warnings[:_MOST_WARNINGS],
            n_more_warnings=max(0, len(warnings) - _MOST_WARNINGS),
            provenance=results.provenance,
            resolved=results.resolved,
            in_memory="in_memory" in resolved.get("data", {}),
            shipped=(shipped_folder("configs") / "experiments" / f"{results.name}.yaml").is_file(),
        )


def _rsa_section(results: Results, anchor: str) -> RsaSection:
    index, resolved = results.index, yaml.safe_load(results.resolved) or {}
    with mpl.rc_context({"svg.hashsalt": "neurodecode"}):
        return RsaSection(
            anchor=anchor,
            title=results.title,
            name=results.name,
            date=_date(results),
            verdict=rsa_verdict(results),
            verdict_flags=(),
            asked=rsa_asked(results, resolved),
            rsa=rsa_part(results),
            troubles=[
                *(f"Recording {one} could not be prepared: {why}"
                  for one, why in index["failed"].items()),
                *(f"{job['subject']} {job['region']}: {job['error']}"
                  for job in index["jobs"] if "error" in job),
            ],
            notes=index["notes"],
            provenance=results.provenance,
            resolved=results.resolved,
            in_memory="in_memory" in resolved.get("data", {}),
            shipped=(shipped_folder("configs") / "experiments" / f"{results.name}.yaml").is_file(),
        )  # fmt: skip


def _units(rows: Sequence[TableRow]) -> pd.DataFrame | None:
    """Scores by unit, a column a model and metric; None where there is one unit."""
    known = [row for row in rows if row.n_units > 1]
    if not known:
        return None
    several = len({row.metric for row in known}) > 1
    columns = {
        f"{row.model}, {spaced(row.shown_as)}" if several else row.model: row.per_unit
        for row in known
    }
    table = pd.DataFrame(columns)
    table.index.name = known[0].unit
    return table


def _scores(results: Results) -> Iterator[Picture]:
    for metric in results.index["metrics"]:
        rows = [row for row in results.rows() if row.metric == metric]
        if all(row.note for row in rows):
            continue  # the table says why, and there is nothing to draw
        told = "; ".join(
            f"{row.model} {row.note or number(row.mean) + ' ' + interval(row)}" for row in rows
        )
        alt = f"{spaced(shown_as(rows))}, mean and 95 % interval of each model: {told}."
        yield as_svg(scores_figure(rows), alt)


def _bands(results: Results) -> Iterator[Bands]:
    """Part the R² of encoders with bands of features."""
    labels = {"product": "part of r²", "unique": "r² that is lost without it"}
    for model in results.models_with_bands():
        found: dict[str, tuple[list[Any], Picture]] = {}
        for split in results.splits_of(model):
            table = results.parts(model, split)  # pyright: ignore[reportArgumentType] one of two
            figure, told = parts_figure(table, model, labels[split])
            rows = list(table[["part", "mean", "ci_low", "ci_high"]].itertuples())
            found[split] = rows, as_webp(figure, told, quality=90)
        unique = found.get("unique", ([], None))
        yield Bands(model, unit_of(results.index["within"]), *found["product"], *unique)


def _courses(results: Results) -> Iterator[Picture]:
    """Draw the first metric over time, of models that predict at each time of a trial."""
    if not pd.notna(results.scores()["time"].to_numpy()).any():
        return
    unit = next((u for u in ("subject", "session", "fold") if u in results.index["within"]), "")
    found = results.index["inflation"]
    each = found["unit"] / found["repeats"]  # a course is a mean over seeds
    for model, figure, told in curve_figures(results.time_course(), unit, each):
        yield as_webp(figure, told, quality=90, title=model, caption=told)


def _retrieved(results: Results) -> "Retrieved | None":
    """Show what the best model took its trials for: pictures, or names where none may be shown."""
    found = retrieved(results)
    if found is None:
        return None
    model, retrievals, n_entries = found
    pictures = read_shown(results.folder)
    if not pictures:
        return Retrieved(model, n_entries, retrievals, None)
    figure, told = grid_figure(retrievals, pictures, n_entries)
    return Retrieved(
        model, n_entries, retrievals, as_webp(figure, told, quality=85, title=model, caption=told)
    )


def _repeats(results: Results) -> Iterator[Picture]:
    """Draw how the first metric of retrieval grows with the repeats whose answers are averaged."""
    try:
        curves = results.repeat_curve()
    except ConfigError:  # nothing was repeated, or retrieved
        return
    first = next(metric for metric in results.index["metrics"] if metric in set(curves["metric"]))
    unit = next((u for u in ("subject", "session", "fold") if u in curves), "")
    found = results.index["inflation"]
    figure, told = repeat_figure(
        pd.DataFrame(curves[curves["metric"] == first]), unit, found["unit"] / found["repeats"]
    )
    yield as_webp(figure, told, quality=90, caption=told)


def _trainings(results: Results) -> Iterator[Picture]:
    """Draw the losses of networks."""
    for model, figure, told in islice(loss_figures(results), _MOST_DRAWN // 2):
        yield as_webp(figure, f"{model}: {told}", quality=85, title=model, caption=told)


def _online(results: Results, offline: Results | None) -> Online | None:
    """Draw what decoders did while they ran over recordings; None where windows did not slide."""
    runs = runs_of(results, _best_first(results))
    if not runs:
        return None
    classes, unit = results.index["target"]["classes"], unit_of(results.index["within"])
    idle = classes.index(results.index["schedule"]["idle"])
    pairs, curves = [], []
    shared = words.beside_offline(results, offline)
    if shared:
        pairs.append(_captioned(*pair_figure(shared)))
    courses = [_captioned(*course_figure(one, classes, idle), title=one.model) for one in runs]
    for title, made in (
        ("Tasks detected against false activations", operating_figure(runs)),
        ("Calibration", calibration_figure(runs)),
    ):
        if made is not None:
            curves.append(_captioned(*made, title=title))
    explained = words.online_notes(results)
    return Online(unit, explained, pairs, list(event_rows(runs, unit)), courses, curves)


def _captioned(figure: Figure, told: str, title: str = "") -> Picture:
    return as_webp(figure, told, quality=88, title=title, caption=told)


def _date(results: Results) -> str:
    """When the last job was computed: reading, copying or asking again changes nothing."""
    folder = results.folder
    done = [folder / "jobs" / job["key"] / "done.json" for job in results.index["jobs"]]
    times = [path.stat().st_mtime for path in done if path.is_file()]
    last = max(times, default=(folder / "jobs.json").stat().st_mtime)
    return datetime.fromtimestamp(last, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _tested(rows: Sequence[TableRow], metric: str) -> str:
    """On what the models of a metric were tested, where that is the same for all; else empty."""
    sizes = {
        (r.n_units, r.unit, r.n_trials, r.tested) for r in rows if r.metric == metric and not r.note
    }
    if len(sizes) != 1:
        return ""
    ((n_units, unit, n_trials, tested),) = sizes
    return f"{words.counted(n_units, unit)}, {words.counted(n_trials, tested)}"


def _best_first(results: Results) -> list[str]:
    """Models whose confusions can be drawn, the best under the first metric first."""
    index = results.index
    if not index["target"]["classes"]:
        return []
    timed = set(results.scores().query("time.notna()", engine="python")["model"])
    rows = [
        row
        for row in results.rows()
        if row.role == "model" and not row.note and row.model not in timed
    ]
    first = [r for r in rows if r.metric == index["metrics"][0]]
    ranked = sorted(first, key=lambda row: -words.sign(row.metric) * row.mean)
    return list(dict.fromkeys(row.model for row in [*ranked, *rows]))


def _confusion(results: Results, model: str) -> Picture:
    """Draw counts over folds and seeds."""
    classes = results.index["target"]["classes"]
    found = results.predictions(model)
    counts = np.zeros((len(classes), len(classes)), dtype=int)
    told = pd.Index(classes).get_indexer(list(found["pred"]))
    np.add.at(counts, (found["y"].to_numpy(), told), 1)
    right = ", ".join(
        f"{name} {counts[i, i]} of {counts[i].sum()}" for i, name in enumerate(classes)
    )
    alt = f"Confusion matrix of {model}. Told right: {right}."
    figure = confusion_figure(counts, classes)
    return (as_svg if len(classes) <= MANY_CLASSES else as_webp)(figure, alt, title=model)


def _pattern(patterns: MeanPatterns) -> Picture:
    mean = how_drawn(patterns)
    if patterns.is_attention:
        mean += " A network is asked at the sensors of the first recording that it was trained on."
    mean += f" Mean over {words.counted(patterns.n_fits, 'fitted model')}"
    if patterns.n_subjects > 1:
        mean += f", first within and then over {patterns.n_subjects} tested subjects"
    if patterns.n_left_out:
        mean += (
            f"; {words.counted(patterns.n_left_out, 'fitted model')} of other channels or voxels "
            "left out"
        )
    alt = f"Maps of {patterns.model}: {', '.join(patterns.maps)}."
    figure = plot_patterns(patterns)
    return as_webp(figure, alt, quality=85, title=patterns.model, caption=f"{mean}.")


def _troubles(results: Results) -> Iterator[str]:
    """Say what failed or has not run, a sentence each."""
    index = results.index
    for recording, message in index["failed"].items():
        yield f"Recording {recording} could not be prepared: {message}"
    for model, reason in index["refused"].items():
        yield f"{model} was not run: {reason}"
    errors: dict[tuple[str, str], int] = Counter(
        (job["model"], job["error"]) for job in index["jobs"] if "error" in job
    )
    for (model, error), n_jobs in errors.items():
        yield f"{model} failed in {words.counted(n_jobs, 'job')}: {error}"
    if errors:
        yield f"The tracebacks are in {FAILURES} of the results folder."
    n_open = sum("error" not in job and not results.store.has(job["key"]) for job in index["jobs"])
    if n_open:
        n_all = len(index["jobs"])
        yield f"{n_open} of {n_all} jobs have not run. The same command goes on with them."


def _warnings(results: Results) -> list[tuple[str, int, str]]:
    """Give what jobs said while they ran: the text, how many jobs said it, of which models."""
    counts: Counter[str] = Counter()
    models: dict[str, dict[str, None]] = {}
    for job in {job["key"]: job for job in results.index["jobs"]}.values():
        for line in dict.fromkeys(results.store.log(job["key"]).splitlines()):
            if line.strip():
                counts[line] += 1
                models.setdefault(line, {})[job["model"]] = None
    return [(line, n, ", ".join(models[line])) for line, n in counts.most_common()]
