"""Figures of retrieval over the number of repeats whose answers are averaged."""

from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neurodecode.core.names import find
from neurodecode.harness.dependence import interval_over
from neurodecode.report.figures import CHANCE, plain_text
from neurodecode.report.tables import spaced

_COLOURS = ("#1f5582", "#b5541c", "#00704a", "#7a4fa0", "#8a6d00", "#6b6b6b")


def repeat_figure(curve: pd.DataFrame, unit: str, inflation: float = 1.0) -> tuple[Figure, str]:
    """Draw a line a model over the number of repeats.

    Parameters
    ----------
    curve : DataFrame
        As `neurodecode.report.results.Results.repeat_curve` gives, of one metric.
    unit : str
        Column of the units, over which mean and interval are taken; empty for none.
    inflation : float
        Variance of a mean over units, as a multiple of that of independent ones.

    Returns
    -------
    figure : matplotlib Figure
    told : str
        What it shows, in words.
    """
    metric = str(curve["metric"].iloc[0])
    figure = Figure(figsize=(5.8, 2.9), layout="constrained")
    ax = figure.subplots()
    told = []
    each: Any = curve.groupby("model", sort=False)
    for i, (model, mine) in enumerate(each):
        colour = _COLOURS[i % len(_COLOURS)]
        by_repeats = mine.groupby("n_repeats", sort=True)
        n_repeats, mean = np.array(list(by_repeats.groups)), by_repeats["score"].mean().to_numpy()
        if unit and len(set(mine[unit])) > 1:
            ends = [interval_over(one["score"].to_numpy(), inflation) for _, one in by_repeats]
            low, high = np.clip(np.array(ends), *find(metric, "metrics").range).T
            ax.fill_between(n_repeats, low, high, color=colour, alpha=0.15, lw=0)
        ax.plot(n_repeats, mean, color=colour, lw=1.8, marker="o", ms=4, label=plain_text(model))
        told.append(f"{model} {mean[0]:.3f} to {mean[-1]:.3f}")
    chance: Any = curve.groupby("n_repeats")["chance"].mean()
    ax.plot(chance.index, chance, color=CHANCE, ls=":", lw=1.4, label="chance")
    ax.set_xscale("log", base=2)
    ticks = sorted(set(curve["n_repeats"]))
    ax.set_xticks(ticks, [str(one) for one in ticks])
    ax.minorticks_off()
    ax.set_xlabel("repeats whose answers are averaged", fontsize=10)
    ax.set_ylabel(spaced(metric), fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9, loc="upper left", bbox_to_anchor=(1, 1))
    sizes = sorted(set(curve["n_candidates"].round().astype(int)))
    among = f"{sizes[0]}" if len(sizes) == 1 else f"{sizes[0]} to {sizes[-1]}"
    return figure, (
        f"{spaced(metric)} among {among} candidates, from {ticks[0]} repeat to {ticks[-1]}: "
        f"{'; '.join(told)}."
    )
