"""Figures of decoders that ran over recordings: small multiples, a panel a model."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurodecode.harness.table_row import TableRow
from neurodecode.report.figures import CHANCE, CONTROL, MODEL, both_ends, plain_text
from neurodecode.report.online import Replayed, mean_course, mean_curve
from neurodecode.report.tables import spaced

# Okabe & Ito 2008: told apart by who sees few colours too. Idle is grey.
_TASKS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000", "#F0E442")
_IDLE = "#8c8c8c"
_RATES = np.linspace(0, 6, 61)  # false activations a minute
_LEAST_ROWS = 10  # of a bin of confidence: the share of fewer says nothing
_WIDTH, _HEIGHT = 2.7, 2.1  # inches of a panel


def pair_figure(pairs: Mapping[str, tuple[TableRow, TableRow]]) -> tuple[Figure, str]:
    """Draw each subject's score offline beside its score online, a panel a model.

    Parameters
    ----------
    pairs : mapping of str to tuple of TableRow
        Model to its rows offline and online, of one metric.

    Returns
    -------
    figure : matplotlib Figure
    told : str
        What it shows, in words.
    """
    figure, axes = _panels(len(pairs))
    told = []
    for ax, (model, rows) in zip(axes, pairs.items(), strict=False):
        color = MODEL if rows[0].role == "model" else CONTROL
        for unit in rows[0].per_unit.keys() & rows[1].per_unit.keys():
            values = [row.per_unit[unit] for row in rows]
            ax.plot([0, 1], values, "-o", color=color, alpha=0.45, lw=1, ms=4)
        means = [row.mean for row in rows]
        ax.plot([0, 1], means, "-D", color=color, lw=2.2, ms=7, mec="white")
        for x, row in enumerate(rows):
            ax.plot([x - 0.22, x + 0.22], [row.chance] * 2, color=CHANCE, ls=":", lw=1.4)
        ax.set_xlim(-0.4, 1.4)
        ax.set_xticks([0, 1], ["offline", "pseudo-online"], fontsize=9)
        _title(ax, model)
        told.append(f"{model}: {means[0]:.3f} offline, {means[1]:.3f} pseudo-online")
    metric = spaced(next(iter(pairs.values()))[0].metric)
    axes[0].set_ylabel(metric, fontsize=9.5)
    ends = np.array([ax.get_ylim() for ax in axes])
    for ax in axes:
        ax.set_ylim(ends[:, 0].min(), ends[:, 1].max())
    return (
        figure,
        f"{metric}, a thin line a {next(iter(pairs.values()))[0].unit}. {'; '.join(told)}.",
    )


def course_figure(run: Replayed, classes: Sequence[str], idle: int) -> tuple[Figure, str]:
    """Draw the share of tasks at which each class is decided, around the onset, by true class.

    Parameters
    ----------
    run : Replayed
    classes : sequence of str
    idle : int
        Code of idle.

    Returns
    -------
    figure : matplotlib Figure
    told : str
    """
    course = mean_course(run)
    codes = [code for code in range(len(classes)) if code != idle and course.n_tasks[code]]
    figure, axes = _panels(len(codes))
    color = {code: _TASKS[i % len(_TASKS)] for i, code in enumerate(
        c for c in range(len(classes)) if c != idle)}  # fmt: skip
    latency = run.latency
    for ax, code in zip(axes, codes, strict=False):
        ax.axvspan(0, course.duration, color="#f0f3f7", zorder=0)
        for said in range(len(classes)):
            own = said == code
            ax.plot(
                course.time, course.share[code, :, said], color=color.get(said, _IDLE),
                lw=2.2 if own else 1.3, ls="--" if said == idle else "-",
                label=plain_text(both_ends(classes[said], 16)), zorder=3 if own else 2,
            )  # fmt: skip
        if len(latency):
            low, middle, high = np.percentile(latency, [25, 50, 75])
            ax.plot([low, high], [1.04] * 2, color="#1c1c1c", lw=1.6, clip_on=False)
            ax.plot(middle, 1.04, "v", color="#1c1c1c", ms=6, clip_on=False)
        ax.axvline(0, color="#555555", lw=0.9)
        ax.set_ylim(0, 1.08)
        ax.set_xlim(course.time[0], course.time[-1])
        ax.set_title(
            plain_text(f"true: {both_ends(classes[code], 20)}, {course.n_tasks[code]} tasks"),
            fontsize=9.5, loc="left",
        )  # fmt: skip
        ax.set_xlabel("seconds from the onset", fontsize=9)
    axes[0].set_ylabel("share of windows\ntold as", fontsize=9)
    handles, labels = axes[0].get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="outside lower center", ncols=min(5, len(labels)), frameon=False,
        fontsize=9,
    )  # fmt: skip
    n_tasks = sum(one.detections.n_tasks for one in run.units)
    said = f"{len(latency)} of {n_tasks} tasks detected"
    if len(latency):
        said += f", {np.median(latency):.2f} s after their onset (median, triangle; bar: quartiles)"
    within = (course.time > 0) & (course.time <= course.duration) & np.isfinite(course.right)
    before = (course.time <= 0) & np.isfinite(course.right)
    told = [
        f"{np.mean(course.right[when]):.2f} {where}"
        for when, where in ((before, "before the onset"), (within, "within the task"))
        if when.any()
    ]
    return figure, f"{said}. Shaded: the task. Windows told right: {', '.join(told)}."


def operating_figure(runs: Sequence[Replayed]) -> tuple[Figure, str] | None:
    """Draw tasks detected against false activations, over thresholds; None without curves.

    Returns
    -------
    figure : matplotlib Figure
    told : str
    """
    drawn = [(run, curve) for run in runs if (curve := mean_curve(run, _RATES)) is not None]
    if not drawn:
        return None
    figure, axes = _panels(len(drawn))
    told = []
    for ax, (run, curve) in zip(axes, drawn, strict=False):
        color = MODEL if run.role == "model" else CONTROL
        for unit in run.units:
            assert unit.curve is not None  # else there is no mean
            one = [unit.curve.at(rate) for rate in _RATES]
            ax.plot(_RATES, one, color=color, lw=0.8, alpha=0.45, drawstyle="steps-post")
        ax.plot(_RATES, curve, color=color, lw=2.2, drawstyle="steps-post")
        false = [u.detections.n_false / u.detections.idle_minutes for u in run.units
                 if u.detections.idle_minutes]  # fmt: skip
        detected = np.mean([u.detections.n_detected / u.detections.n_tasks for u in run.units])
        rate = float(np.mean(false)) if false else 0.0
        beyond = rate > _RATES[-1]
        ax.plot(
            min(rate, _RATES[-1]), detected, ">" if beyond else "D", color="white", mec="#1c1c1c",
            mew=1.5, ms=7, clip_on=False, zorder=5,
        )  # fmt: skip
        for mark in (1, 3):
            ax.axvline(mark, color="#b8b8b8", lw=0.8, zorder=0)
        ax.set_ylim(0, 1.02)
        ax.set_xlim(0, _RATES[-1])
        ax.set_xlabel("false activations a minute", fontsize=9)
        _title(ax, run.model)
        at_1, at_3 = (float(np.interp(one, _RATES, curve)) for one in (1, 3))
        told.append(
            f"{run.model}: {at_1:.2f} of the tasks at 1 and {at_3:.2f} at 3 false activations a "
            f"minute; as it ran, {detected:.2f} at {rate:.1f}"
        )
    axes[0].set_ylabel("share of tasks detected", fontsize=9.5)
    return figure, f"{'; '.join(told)}."


def calibration_figure(runs: Sequence[Replayed]) -> tuple[Figure, str] | None:
    """Draw the share told right against confidence; None without probabilities.

    Returns
    -------
    figure : matplotlib Figure
    told : str
    """
    known = [run for run in runs if all(unit.bins is not None for unit in run.units)]
    if not known:
        return None
    figure, axes = _panels(len(known))
    told = []
    for ax, run in zip(axes, known, strict=False):
        bins = [unit.bins for unit in run.units if unit.bins is not None]
        n_rows, sure, right = (np.sum([one[i] for one in bins], axis=0) for i in range(3))
        there = n_rows >= _LEAST_ROWS
        x, y = sure[there] / n_rows[there], right[there] / n_rows[there]
        color = MODEL if run.role == "model" else CONTROL
        ax.plot([0, 1], [0, 1], color=CHANCE, ls=":", lw=1.2)
        ax.plot(x, y, color=color, lw=1.4)
        ax.scatter(
            x, y, s=8 + 90 * n_rows[there] / n_rows.max(), color=color, lw=0, alpha=0.8,
            clip_on=False,
        )  # fmt: skip
        ax.set_xlim(0, 1)
        ax.set_ylim(0, 1)
        ax.set_xlabel("confidence", fontsize=9)
        _title(ax, run.model)
        error = float(np.sum(np.abs(right - sure)) / n_rows.sum())
        told.append(f"{run.model}: expected calibration error {error:.3f}")
    axes[0].set_ylabel("share told right", fontsize=9.5)
    return figure, (
        f"{'; '.join(told)}. Windows of all subjects together, the larger a point the more; bins "
        f"of fewer than {_LEAST_ROWS} are not drawn."
    )


def _panels(n: int) -> tuple[Figure, list[Axes]]:
    """Make panels side by side, three in a row."""
    n_columns = min(n, 3)
    n_rows = -(-n // n_columns)
    size = (max(_WIDTH * n_columns, 3.4) + 0.5, _HEIGHT * n_rows + 0.55)
    figure = Figure(figsize=size, layout="constrained")
    axes = list(np.ravel(figure.subplots(n_rows, n_columns, squeeze=False)))
    for ax in axes[n:]:
        ax.remove()
    for ax in axes[:n]:
        ax.spines[["top", "right"]].set_visible(False)
        ax.tick_params(labelsize=8.5)
    return figure, axes[:n]


def _title(ax: Axes, model: str) -> None:
    ax.set_title(plain_text(both_ends(model, 28)), fontsize=9.5, loc="left")
