"""Figures of scores and of confusions, on matplotlib axes."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch, Rectangle
from matplotlib.transforms import ScaledTranslation

from neurodecode.core.errors import ConfigError
from neurodecode.harness.table_row import TableRow
from neurodecode.report.tables import shown_as, spaced

MODEL, CONTROL, CHANCE, FLAG = "#1f5582", "#6b6b6b", "#222222", "#8a4b00"
NULL = {"fc": "#d9e3ee", "ec": "#8fabc8", "lw": 1.2}
GAP = 0.5  # rows between the last model and the first control
_BELOW = {
    frozenset({"control"}): "controls: no brain data",
    frozenset({"ceiling"}): "ceilings: told what no model may know",
    frozenset({"control", "ceiling"}): "controls, then ceilings",
}
_HALF = 0.2  # rows: half the height of the null's band and of the mark of chance
_LONGEST = 58  # letters that fit above a line: a name with its flags
_LONGEST_CLASS = 22  # letters of a class beside a matrix
MANY_CLASSES = 12  # beyond, counts are too small to read: the diagonal has its per cent


def plot_scores(rows: Sequence[TableRow], ax: Axes | None = None, *, below: str = "") -> Axes:
    """Draw one line a model: units, mean with its interval, chance and the shuffled null.

    Controls stand below the models, ceilings last. A flagged model has a hollow mean, and its flags
    beside its name. Names stand above the lines: they may be long, and a phone shows all of it.

    Parameters
    ----------
    rows : sequence of TableRow
        Of one metric.
    ax : matplotlib Axes, optional
        Without one, a pyplot figure is made, which notebooks show.
    below : str
        What is said of the rows below the models; without, what their roles are.

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
    controls = sorted((r for r in rows if r.role != "model"), key=lambda r: r.role == "ceiling")
    heights = np.arange(len(rows), dtype=float)
    if models and controls:
        heights[len(models) :] += GAP
    if ax is None:
        _, ax = plt.subplots(figsize=scores_size(rows), layout="constrained")
    for row, height in zip([*models, *controls], heights, strict=True):
        _draw_row(ax, row, float(height))
    if models and controls:
        line = len(models) - 0.5 + GAP / 2
        ax.axhline(line - 0.2, color="#b8b8b8", lw=0.8)
        ax.text(
            1, line - 0.16, below or _BELOW[frozenset(row.role for row in controls)],
            transform=ax.get_yaxis_transform(), ha="right", va="top", fontsize=9.5, color=CONTROL,
            style="italic",
        )  # fmt: skip
    ax.set_yticks([])
    ax.set_ylim(heights[-1] + 0.5, -0.75)
    if all(row.note for row in rows):
        ax.set_xticks([])
    ax.set_xlabel(spaced(shown_as(rows)), fontsize=11)
    ax.tick_params(axis="x", labelsize=10)
    ax.spines[["top", "right", "left"]].set_visible(False)
    ax.grid(axis="x", color="#ececec", lw=0.8)
    ax.set_axisbelow(True)
    below_label = ScaledTranslation(0, -0.55, ax.figure.dpi_scale_trans)
    ax.legend(
        handles=_legend(rows), loc="upper left", ncols=2, bbox_to_anchor=(0, 0),
        bbox_transform=ax.transAxes + below_label, borderaxespad=0, borderpad=0, frameon=False,
        fontsize=9.5, handletextpad=0.6, columnspacing=1.6,
    )  # fmt: skip
    return ax


def plot_confusion(
    counts: np.ndarray, classes: Sequence[str], ax: Axes | None = None, title: str = ""
) -> Axes:
    """Draw a confusion matrix: shade is the share of the true class, the numbers are counts.

    Of more than 12 classes, counts cannot be read: the diagonal has its per cent.

    Parameters
    ----------
    counts : ndarray of int, shape (n_classes, n_classes)
        Rows are the true classes, columns what the model said.
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
    names = [plain_text(both_ends(name, _LONGEST_CLASS)) for name in classes]
    size = _letters(n)
    crowded = _names_width(classes) > _cell(n)
    ax.set_xticks(range(n), names, fontsize=size, rotation=90 if crowded else 0)
    ax.set_yticks(range(n), names, fontsize=size)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel("predicted class", fontsize=9.5)
    ax.set_ylabel("true class", fontsize=9.5)
    for i, j in np.ndindex(n, n):
        if n > MANY_CLASSES:
            told = f"{100 * share[i, j]:.0f}" if i == j else ""
        else:
            told = f"{counts[i, j]}" + (f"\n{100 * share[i, j]:.0f} %" if n <= 4 else "")
        if told:
            ax.text(
                j, i, told, ha="center", va="center", fontsize=size,
                color="white" if share[i, j] > 0.55 else "#1c1c1c",
            )  # fmt: skip
    if title:
        ax.set_title(plain_text(title), fontsize=10, loc="left")
    return ax


def scores_size(rows: Sequence[TableRow]) -> tuple[float, float]:
    """Width and height in inches of a figure of these rows."""
    both = len({row.role for row in rows}) > 1
    return 5.8, 1.5 + 0.58 * (len(rows) + GAP * both)


def confusion_size(classes: Sequence[str]) -> tuple[float, float]:
    """Width and height in inches of a figure of these classes."""
    n, names = len(classes), _names_width(classes)
    side = _cell(n) * n
    return side + names + 0.5, side + (names if names > _cell(n) else 0.2) + 0.5


def _cell(n_classes: int) -> float:
    """Side in inches of one cell of a confusion matrix."""
    return 0.62 if n_classes <= 4 else min(0.36, 6.6 / n_classes)


def _letters(n_classes: int) -> float:
    """Size in points of what is written in and beside the cells."""
    return min(9.0, 0.75 * 72 * _cell(n_classes))


def _names_width(classes: Sequence[str]) -> float:
    """Width in inches of the longest name: a letter is about 0.6 of its size."""
    longest = min(max(map(len, classes)), _LONGEST_CLASS)
    return longest * 0.62 * _letters(len(classes)) / 72


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


def both_ends(text: str, longest: int) -> str:
    """Shorten a name in its middle: long names often differ at their end alone."""
    if len(text) <= longest:
        return text
    end = longest // 3
    return f"{text[: longest - end - 1]}…{text[-end:]}"


def _draw_row(ax: Axes, row: TableRow, height: float) -> None:
    color = MODEL if row.role == "model" else CONTROL
    flagged = bool(row.flags) and row.role == "model"
    # Out of the layout: a long name must not narrow the axes that it stands in.
    name = ax.text(
        0, height - 0.26, plain_text(both_ends(row.model, _LONGEST)), fontsize=11, color=color,
        transform=ax.get_yaxis_transform(), va="bottom", in_layout=False,
    )  # fmt: skip
    if row.note:
        ax.text(
            0, height, plain_text(row.note, 72), transform=ax.get_yaxis_transform(),
            va="center", fontsize=9.5, color=FLAG, in_layout=False,
        )  # fmt: skip
        return
    if flagged:
        left = max(12, _LONGEST - len(row.model))
        ax.annotate(
            plain_text("⚑ " + ", ".join(row.flags), left), (1, 0), xycoords=name,
            xytext=(8, 0.5), textcoords="offset points", fontsize=9.5, color=FLAG, in_layout=False,
        )  # fmt: skip
    if row.shuffled_mean is not None:
        spread = row.shuffled_sd or 0.0
        low, high = row.shuffled_mean - spread, row.shuffled_mean + spread
        # The edge shows a null of one draw too, which has no spread.
        ax.add_patch(Rectangle((low, height - _HALF), high - low, 2 * _HALF, zorder=1, **NULL))
        ax.update_datalim([(low, height), (high, height)])
    ax.plot(
        [row.chance] * 2, [height - _HALF, height + _HALF], color=CHANCE, lw=1.4, ls=":", zorder=2
    )
    values = np.array(list(row.per_unit.values()))
    if len(values) > 1:
        ax.scatter(values, height + _spread(values), s=17, color=color, alpha=0.55, lw=0, zorder=3)
    if np.isfinite(row.ci_low):
        ax.plot([row.ci_low, row.ci_high], [height] * 2, color=color, lw=2, zorder=4)
    ax.plot(
        row.mean, height, marker="D", ms=7, mec=color, mew=1.6, mfc="white" if flagged else color,
        zorder=5,
    )  # fmt: skip


def _spread(values: np.ndarray) -> np.ndarray:
    """Heights that keep points of nearly equal value apart; the same for the same values."""
    rank = np.argsort(np.argsort(values, kind="stable"))
    return np.array([-0.16, 0.08, -0.08, 0.16, 0.0])[rank % 5]


def _legend(rows: Sequence[TableRow]) -> list[Line2D | Patch]:
    """Give handles of what is drawn of these rows, and of nothing else."""
    known = [row for row in rows if not row.note]
    if not known:
        return []
    dot = {"color": MODEL, "marker": "o", "ms": 4.5, "alpha": 0.55, "lw": 0}
    units = dict.fromkeys(row.unit for row in known if row.n_units > 1)
    handles: list[Line2D | Patch] = [
        *(Line2D([], [], label=f"one {unit}", **dot) for unit in units),
        Line2D([], [], color=MODEL, marker="D", ms=6, lw=2, label="mean, 95 % interval"),
        Line2D([], [], color=CHANCE, ls=":", lw=1.4, label="chance"),
    ]
    nulls = [row for row in known if row.shuffled_mean is not None]
    if nulls:
        spread = any(row.shuffled_sd is not None for row in nulls)
        label = "shuffled, mean ± s.d." if spread else "shuffled, one draw"
        handles.append(Patch(label=label, **NULL))
    if any(row.flags and row.role == "model" for row in known):
        hollow = {"color": MODEL, "marker": "D", "ms": 6, "mfc": "white", "mew": 1.6, "lw": 0}
        handles.append(Line2D([], [], label="flagged (⚑)", **hollow))
    return handles
