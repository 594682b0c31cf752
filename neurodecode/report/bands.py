"""What each band of features adds to the R² of an encoder: its table and its figure."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from neurodecode.harness.dependence import interval_over
from neurodecode.harness.table import unit_means
from neurodecode.report.figures import MODEL, plain_text

TOTAL = "r2"
_OTHER = "#9a9a9a"  # of what is no band, and of the sum
_MOST_POINTS = 30


def parts_table(
    parts: pd.DataFrame, model: str, unit: str, inflation: Mapping[str, float]
) -> pd.DataFrame:
    """Give the mean of each part of a model's R² over units, with its interval.

    Parameters
    ----------
    parts : DataFrame
        As `neurodecode.harness.band_parts.parts_of_groups` gives, of one split.
    model : str
    unit : str
        As `neurodecode.harness.dependence.unit_of` names it.
    inflation : mapping
        Of the index: how much units lean on each other.

    Returns
    -------
    table : DataFrame
        ``part mean ci_low ci_high`` and a column a unit: bands in their order, what is of none
        (``offset`` or ``shared``), and their sum, ``r2``. Of one unit there is no interval.
    """
    mine = pd.DataFrame(parts[parts["model"] == model])
    if inflation["repeats"] > 1:  # folds of one name test other rows with another seed
        fold = mine["fold"].astype(str) + " (seed " + mine["seed"].astype(str) + ")"
        mine = mine.assign(fold=fold)
    each: dict[str, pd.Series] = {
        str(part): unit_means(pd.DataFrame(one), unit, "score")
        for part, one in mine.groupby("part", sort=False)
    }
    total: Any = pd.DataFrame(each).sum(axis=1)
    rows = []
    for part, values in {**each, TOTAL: total}.items():
        low, high = interval_over(values.to_numpy(), inflation["unit"], inflation["repeats"])
        row = {"part": part, "mean": float(values.mean()), "ci_low": low, "ci_high": high}
        rows.append({**row, **{str(name): float(value) for name, value in values.items()}})
    return pd.DataFrame(rows)


def parts_figure(table: pd.DataFrame, model: str, label: str) -> tuple[Figure, str]:
    """Draw a bar a part, a point a unit, and the interval of the mean.

    Parameters
    ----------
    table : DataFrame
        As `parts_table` gives.
    model : str
    label : str
        Of the axis.

    Returns
    -------
    figure : matplotlib Figure
    told : str
        What it shows, in words.
    """
    names, means = table["part"].tolist(), table["mean"].to_numpy()
    units = table.drop(columns=["part", "mean", "ci_low", "ci_high"]).to_numpy()
    places = np.arange(len(names))
    figure = Figure(figsize=(5.8, 0.9 + 0.34 * len(names)), layout="constrained")
    ax = figure.subplots()
    colours = [MODEL] * (len(names) - 2) + [_OTHER] * 2
    ax.barh(places, means, height=0.62, color=colours, alpha=0.75, lw=0)
    if units.shape[1] > 1:
        reach = np.abs(table[["ci_low", "ci_high"]].to_numpy().T - means)
        ax.errorbar(means, places, xerr=reach, fmt="none", ecolor="#222222", elinewidth=1.1)
        if units.shape[1] <= _MOST_POINTS:
            ax.plot(units, places[:, None], ls="", marker="o", ms=3.5, mfc="white", mec="#222222",
                    mew=0.7)  # fmt: skip
    ax.axvline(0, color="#222222", lw=0.8)
    ax.set_yticks(places, ["r²" if one == TOTAL else plain_text(one) for one in names], fontsize=9)
    ax.invert_yaxis()
    ax.set_xlabel(label, fontsize=10)
    ax.tick_params(labelsize=9)
    ax.spines[["top", "right", "left"]].set_visible(False)
    told = "; ".join(f"{name} {mean:.3f}" for name, mean in zip(names, means, strict=True))
    return figure, f"{model}: {told}."
