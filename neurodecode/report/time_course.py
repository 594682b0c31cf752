"""Figures of scores at each time of a trial, and of training at one time and testing at another."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurodecode.harness.dependence import interval_over
from neurodecode.report.figures import CHANCE, CONTROL, MODEL, plain_text
from neurodecode.report.tables import spaced

_WIDTH, _HEIGHT = 5.8, 2.6


def curve_figures(
    course: pd.DataFrame, unit: str, inflation: float = 1.0
) -> Iterator[tuple[str, Figure, str]]:
    """Draw each model's score over time.

    Parameters
    ----------
    course : DataFrame
        As `neurodecode.report.results.Results.time_course` gives, of one metric.
    unit : str
        Column of the units, over which the mean and its interval are taken; empty for none.
    inflation : float
        Variance of a mean over units, as a multiple of that of independent ones: the band is as
        wide as the table's intervals.

    Yields
    ------
    model : str
    figure : matplotlib Figure
    told : str
        What it shows, in words.
    """
    each: Any = course.groupby("model", sort=False)
    for model, mine in each:
        pairs = mine["train_time"].notna()
        figure = Figure(figsize=(_WIDTH, _HEIGHT), layout="constrained")
        ax = figure.subplots()
        equal = pd.DataFrame(mine[~pairs | (mine["train_time"] == mine["time"])])
        yield str(model), figure, _draw_curve(ax, equal, unit, inflation)
        if pairs.any():
            figure = Figure(figsize=(4.4, 3.6), layout="constrained")
            ax = figure.subplots()
            yield str(model), figure, _draw_matrix(ax, pd.DataFrame(mine[pairs]))


def _draw_curve(ax: Axes, course: pd.DataFrame, unit: str, inflation: float) -> str:
    metric = str(course["metric"].iloc[0])
    by_time: Any = course.groupby("time", sort=True)
    times = np.array(list(by_time.groups))
    mean, chance = by_time["score"].mean().to_numpy(), by_time["chance"].mean().to_numpy()
    null = by_time["shuffled"].mean().to_numpy()
    if unit and len(set(course[unit])) > 1:
        ends = np.array([interval_over(one["score"].to_numpy(), inflation) for _, one in by_time])
        ax.fill_between(times, ends[:, 0], ends[:, 1], color=MODEL, alpha=0.18, lw=0)
    ax.plot(times, chance, color=CHANCE, ls=":", lw=1.4, label="chance")
    if np.isfinite(null).any():
        ax.plot(times, null, color=CONTROL, lw=1.2, label="shuffled")
    ax.plot(times, mean, color=MODEL, lw=1.8, label="mean")
    ax.axvline(0, color="#b8b8b8", lw=0.8)
    ax.set_xlabel("seconds from the event", fontsize=10)
    ax.set_ylabel(spaced(metric), fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    best = int(np.argmax(mean))
    return (
        f"{spaced(metric)} over time, from {mean.min():.3f} to {mean.max():.3f}, the largest at "
        f"{times[best]:.3f} s. A largest value of many is larger than any one would be by itself."
    )


def _draw_matrix(ax: Axes, course: pd.DataFrame) -> str:
    metric = str(course["metric"].iloc[0])
    by_times: Any = course.groupby(["train_time", "time"])
    mean = by_times["score"].mean().unstack()
    times = mean.columns.to_numpy()
    half = (times[1] - times[0]) / 2 if len(times) > 1 else 0.5
    ends = (times[0] - half, times[-1] + half)
    chance = float(course["chance"].to_numpy().mean())
    reach = max(float(np.abs(mean.to_numpy() - chance).max()), 1e-9)
    drawn = ax.imshow(
        mean.to_numpy(), origin="lower", extent=(*ends, *ends), aspect="equal", cmap="RdBu_r",
        vmin=chance - reach, vmax=chance + reach,
    )  # fmt: skip
    ax.figure.colorbar(drawn, ax=ax, label=plain_text(spaced(metric)))
    ax.set_xlabel("tested at, seconds", fontsize=10)
    ax.set_ylabel("trained at, seconds", fontsize=10)
    return (
        f"{spaced(metric)} of a model trained at one time and tested at another; white is chance, "
        f"{chance:.3f}."
    )
