"""Figures of what was shown beside the pictures that its brain was taken for."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurodecode.report.figures import both_ends, plain_text

HIT = "#00704a"
_CELL = 1.0  # inches of a picture
_GAP = 0.35  # of a cell, between what was shown and what was retrieved
_ID = 14  # letters of a name below a picture


@dataclass(frozen=True)
class Retrieval:
    """What one answer was most like.

    Parameters
    ----------
    kind : {"best", "middle", "worst"}
        Where it stands among all answers.
    stimulus : str
        What was shown.
    place : float
        Its place among the gallery, the first being 1; ties have the mean of their places.
    nearest : tuple of str
        The entries of the gallery that the answer is most like, the first foremost.
    likenesses : tuple of float
        Theirs.
    """

    kind: str
    stimulus: str
    place: float
    nearest: tuple[str, ...]
    likenesses: tuple[float, ...]


def grid_figure(
    retrievals: Sequence[Retrieval], pictures: Mapping[str, np.ndarray], n_entries: int
) -> tuple[Figure, str]:
    """Draw what was shown, and beside it the pictures that come first, the right one framed.

    Parameters
    ----------
    retrievals : sequence of Retrieval
        A line each, in this order.
    pictures : mapping of str to ndarray of uint8, shape (height, width[, 3])
        By stimulus. One that is not there is drawn as its name.
    n_entries : int
        Of the gallery.

    Returns
    -------
    figure : matplotlib Figure
    told : str
        What it shows, in words.
    """
    n_rows, n_columns = len(retrievals), max(len(one.nearest) for one in retrievals)
    width = 1.1 + _CELL * (n_columns + 1 + _GAP)
    figure = Figure(figsize=(width, 0.3 + (_CELL + 0.3) * n_rows), layout="constrained")
    ratios = [1, _GAP, *[1] * n_columns]
    axes = figure.subplots(n_rows, n_columns + 2, squeeze=False, width_ratios=ratios)
    for row, one in zip(axes, retrievals, strict=True):
        _draw(row[0], one.stimulus, pictures)
        side = f"{one.kind}\nplace {one.place:g}\nof {n_entries}"
        row[0].set_ylabel(side, rotation=0, ha="right", va="center", fontsize=8.5)
        row[1].set_visible(False)
        for ax, name, likeness in zip(row[2:], one.nearest, one.likenesses, strict=False):
            is_hit = name == one.stimulus
            _draw(ax, name, pictures)
            ax.set_xlabel(
                f"{'hit  ' if is_hit else ''}{likeness:.2f}", fontsize=8.5,
                color=HIT if is_hit else "#333333", fontweight="bold" if is_hit else "normal",
            )  # fmt: skip
            if is_hit:
                ax.spines[:].set(visible=True, color=HIT, linewidth=3)
        for ax in row[2 + len(one.nearest) :]:
            ax.set_visible(False)
    axes[0, 0].set_title("shown", fontsize=9.5)
    above = axes[0, 2].annotate(
        "most like its answer, the first foremost", (0, 1.06), xycoords="axes fraction",
        fontsize=9.5,
    )  # fmt: skip
    above.set_in_layout(False)  # it is wider than its column
    n_hits = sum(one.stimulus in one.nearest for one in retrievals)
    told = (
        f"What was shown, and the {n_columns} of {n_entries} pictures its answer is most like, "
        f"with their likeness; the right one is framed, in {n_hits} of these {n_rows} lines. Lines "
        "are chosen by place: the best, the middle and the worst answers, not a fair sample."
    )
    return figure, told


def _draw(ax: Axes, name: str, pictures: Mapping[str, np.ndarray]) -> None:
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)
    picture = pictures.get(name)
    if picture is None:
        ax.set_facecolor("#eeeeee")
        text = plain_text(both_ends(name, _ID))
        ax.text(0.5, 0.5, text, transform=ax.transAxes, ha="center", va="center", fontsize=7.5)
        ax.set_box_aspect(1)
        return
    grey = {"cmap": "gray", "vmin": 0, "vmax": 255} if picture.ndim == 2 else {}
    ax.imshow(picture, interpolation="antialiased", **grey)
