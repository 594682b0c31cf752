"""Figures of scores and of confusions, on matplotlib axes."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle

from neurodecode.core.errors import ConfigError
from neurodecode.harness.table import TableRow
from neurodecode.report.tables import spaced

MODEL, CONTROL, NULL, CHANCE, FLAG = "#1f5582", "#6b6b6b", "#dfe6ee", "#222222", "#8a4b00"
GAP = 0.7  # rows between the last model and the first control
_MANY_CLASSES = 12  # beyond, counts are too small to read and the shade alone speaks


def plot_scores(rows: Sequence[TableRow], ax: Axes | None = None) -> Axes:
    """Draw one line a model: units, mean with its interval, chance and the shuffled null.

    Controls stand below the models. A flagged model has a hollow mean, and its flags beside it.

    Parameters
    ----------
    rows : sequence of TableRow
        Of one metric.
    ax : matplotlib Axes, optional
        Without one, a pyplot figure is made, which notebooks show.

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ConfigError
        If there is no row, or they are of several metrics.
    """
    metrics = sorted({row.metric for row in rows})
    if len(metrics) != 1:
        raise ConfigError(
            f"plot: expected rows of one metric, got {len(rows)} rows of "
            f"{', '.join(metrics) or 'none'}. Name one of the experiment's metrics."
        )
    models = [row for row in rows if row.role == "model"]
    controls = [row for row in rows if row.role != "model"]
    ordered = [*models, *controls]
    heights = np.array(
        [*range(len(models)), *(GAP + len(models) + i for i in range(len(controls)))]
    )
    if not models:
        heights = heights - GAP
    if ax is None:
        _, ax = plt.subplots(figsize=scores_size(rows), layout="constrained")
    for row, height in zip(ordered, heights, strict=True):
        _draw_row(ax, row, float(height))
    if models and controls:
        line = len(models) - 0.5 + GAP / 2
        ax.axhline(line, color="#b8b8b8", lw=0.8)
        ax.text(
            0.995, line + 0.06, "controls: no brain data", transform=ax.get_yaxis_transform(),
            ha="right", va="top", fontsize=8, color=CONTROL, style="italic",
        )  # fmt: skip
    ax.set_yticks(heights, [plain_text(row.model) for row in ordered])
    for label, row in zip(ax.get_yticklabels(), ordered, strict=True):
        label.set_color(MODEL if row.role == "model" else CONTROL)
    ax.set_ylim(heights[-1] + 0.6, -0.6)
    ax.set_xlabel(spaced(metrics[0]))
    ax.tick_params(axis="y", length=0)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.grid(axis="x", color="#ececec", lw=0.8)
    ax.set_axisbelow(True)
    units = {row.unit for row in rows if row.n_units > 1}
    ax.legend(
        handles=_legend(rows, units.pop() if units else ""), loc="upper center", ncols=4,
        bbox_to_anchor=(0.5, -0.42 / scores_size(rows)[1] - 0.1), frameon=False, fontsize=8,
        handletextpad=0.5, columnspacing=1.4,
    )  # fmt: skip
    return ax


def plot_confusion(
    counts: np.ndarray, classes: Sequence[str], ax: Axes | None = None, title: str = ""
) -> Axes:
    """Draw a confusion matrix: shade is the share of the shown class, the numbers are counts.

    Parameters
    ----------
    counts : ndarray of int, shape (n_classes, n_classes)
        Rows are what was shown, columns what the model said.
    classes : sequence of str
    ax : matplotlib Axes, optional
        Without one, a pyplot figure is made, which notebooks show.
    title : str

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ConfigError
        If the matrix does not fit the classes.
    """
    n = len(classes)
    if np.shape(counts) != (n, n):
        raise ConfigError(
            f"plot_confusion: counts have shape {np.shape(counts)}, expected ({n}, {n}): "
            f"{n} classes."
        )
    if ax is None:
        _, ax = plt.subplots(figsize=confusion_size(classes), layout="constrained")
    shown = counts.sum(axis=1, keepdims=True)
    share = np.divide(counts, shown, out=np.zeros((n, n)), where=shown > 0)
    ax.imshow(share, cmap="Blues", vmin=0, vmax=1)
    names = [plain_text(name, 18) for name in classes]
    size = 9 if n <= _MANY_CLASSES else max(3.5, 8 - n / 12)
    crowded = n > 4 or max(map(len, names)) > 8
    ax.set_xticks(range(n), names, fontsize=size, rotation=90 if crowded else 0)
    ax.set_yticks(range(n), names, fontsize=size)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("said by the model", fontsize=9)
    ax.set_ylabel("shown", fontsize=9)
    if n <= _MANY_CLASSES:
        for i, j in np.ndindex(n, n):
            percent = f"\n{share[i, j]:.0%}" if n <= 4 else ""
            ax.text(
                j, i, f"{counts[i, j]}{percent}".replace("%", " %"), ha="center", va="center",
                fontsize=9 if n <= 8 else 7, color="white" if share[i, j] > 0.55 else "#1c1c1c",
            )  # fmt: skip
    if title:
        ax.set_title(plain_text(title), fontsize=10, loc="left")
    return ax


def scores_size(rows: Sequence[TableRow]) -> tuple[float, float]:
    """Width and height in inches of a figure of these rows."""
    return 8.6, 1.25 + 0.42 * len(rows)


def confusion_size(classes: Sequence[str]) -> tuple[float, float]:
    """Width and height in inches of a figure of these classes."""
    side = min(2.0 + 0.26 * len(classes), 9.0)
    return side + 0.4, side


def scores_figure(rows: Sequence[TableRow]) -> Figure:
    """Give the scores as a figure that pyplot does not know of."""
    figure = Figure(figsize=scores_size(rows), layout="constrained")
    plot_scores(rows, figure.subplots())
    return figure


def confusion_figure(counts: np.ndarray, classes: Sequence[str]) -> Figure:
    """Give a confusion matrix as a figure that pyplot does not know of."""
    figure = Figure(figsize=confusion_size(classes), layout="constrained")
    plot_confusion(counts, classes, figure.subplots())
    return figure


def plain_text(text: str, longest: int = 60) -> str:
    """Text as matplotlib draws it letter by letter: a $ begins no formula; long names end in …."""
    short = text if len(text) <= longest else text[: longest - 1] + "…"
    return short.replace("$", r"\$")


def _draw_row(ax: Axes, row: TableRow, height: float) -> None:
    color = MODEL if row.role == "model" else CONTROL
    if row.note:
        ax.text(
            0.01, height, plain_text(row.note, 80), transform=ax.get_yaxis_transform(),
            va="center", fontsize=8, color=FLAG,
        )  # fmt: skip
        return
    if row.shuffled_mean is not None:
        spread = row.shuffled_sd or 0.0
        left, width = row.shuffled_mean - spread, max(2 * spread, 1e-4)
        ax.add_patch(Rectangle((left, height - 0.38), width, 0.76, color=NULL, lw=0, zorder=1))
        ax.update_datalim([(left, height), (left + width, height)])
    ax.plot(
        [row.chance] * 2, [height - 0.38, height + 0.38], color=CHANCE, lw=1.4, ls=":", zorder=2
    )
    values = np.array(list(row.per_unit.values()))
    if len(values) > 1:
        ax.scatter(values, height + _spread(values), s=17, color=color, alpha=0.55, lw=0, zorder=3)
    if np.isfinite(row.ci_low):
        ax.plot([row.ci_low, row.ci_high], [height] * 2, color=color, lw=2, zorder=4)
    flagged = bool(row.flags) and row.role == "model"
    ax.plot(
        row.mean, height, marker="D", ms=7, mec=color, mew=1.6, mfc="white" if flagged else color,
        zorder=5,
    )  # fmt: skip
    if flagged:
        ax.annotate(
            plain_text("⚑ " + ", ".join(row.flags), 44), (1.01, height),
            xycoords=ax.get_yaxis_transform(), va="center", fontsize=8, color=FLAG,
            annotation_clip=False,
        )  # fmt: skip


def _spread(values: np.ndarray) -> np.ndarray:
    """Heights that keep points of nearly equal value apart; the same for the same values."""
    rank = np.argsort(np.argsort(values, kind="stable"))
    return np.array([-0.2, 0.1, -0.1, 0.2, 0.0])[rank % 5]


def _legend(rows: Sequence[TableRow], unit: str) -> list[Line2D | Patch]:
    mean = Line2D([], [], color=MODEL, marker="D", ms=6, lw=2, label="mean, 95 % interval")
    chance = Line2D([], [], color=CHANCE, ls=":", lw=1.4, label="chance")
    handles: list[Line2D | Patch] = [mean, chance]
    if unit:
        label = f"one {unit}"
        handles.insert(
            0, Line2D([], [], color=MODEL, marker="o", ms=4.5, alpha=0.55, lw=0, label=label)
        )
    if any(row.shuffled_mean is not None for row in rows):
        handles.append(Patch(color=NULL, label="shuffled labels, mean ± s.d."))
    return handles
