"""One figure of what was shown and what was told of it, a column a picture."""

import textwrap
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from neurodecode.core.pictures import to_bytes
from neurodecode.report.figures import CONTROL, MODEL, both_ends, plain_text
from neurodecode.report.reconstructed import KINDS, Line, Reconstructed
from neurodecode.report.tables import spaced

CELL = 96  # pixels of the longer side of a picture: 64 on the page
DPI = 144
_GAP = 8  # pixels between pictures
_APART = 14  # between kinds of pictures, and roles of lines
_SCORES = 28  # below a picture
_HEAD = {True: 50, False: 28}  # above the first, with kinds and without
_NAMES = 214  # left of all
_LETTERS = 25  # in a line of names
_ID = 13  # letters of a picture's name
N_SCORES = 2  # that fit below a picture
_BESIDE = {"mean": "null", "shuffled": "null"}  # lines that stand together


def reconstruction_figure(found: Reconstructed) -> tuple[Figure, str]:
    """Draw what was shown, and below it what each model, null and ceiling told of it.

    Parameters
    ----------
    found : Reconstructed

    Returns
    -------
    figure : matplotlib Figure
    told : str
        What it shows, in words.
    """
    from PIL import Image

    kinds = list(found.trials["kind"])
    head = _HEAD[any(kinds)]
    left = [_NAMES]
    for before, kind in pairwise(kinds):
        left.append(left[-1] + CELL + _GAP + (_APART if kind != before else 0))
    top, before = [head], "shown"
    for role in (_BESIDE.get(line.role, line.role) for line in found.lines):
        below = _GAP if before == "shown" else _SCORES
        top.append(top[-1] + CELL + below + (_APART if role != before else 0))
        before = role
    width, height = left[-1] + CELL + _GAP, top[-1] + CELL + _SCORES

    canvas = np.full((height, width, 3), 255, dtype=np.uint8)
    drawn = [found.shown, *(line.pictures for line in found.lines)]
    for y, pictures in zip(top, drawn, strict=True):
        for x, picture in zip(left, pictures, strict=True):
            if not np.isfinite(picture).all():
                canvas[y : y + CELL, x : x + CELL] = 238
                continue
            small = _fitted(to_bytes(picture), Image)
            y0, x0 = y + (CELL - small.shape[0]) // 2, x + (CELL - small.shape[1]) // 2
            canvas[y0 : y0 + small.shape[0], x0 : x0 + small.shape[1]] = small

    figure = Figure(figsize=(width / DPI, height / DPI), dpi=DPI)
    ax = figure.add_axes((0, 0, 1, 1))
    ax.imshow(canvas, extent=(0, width, height, 0), interpolation="nearest", aspect="auto")
    ax.axis("off")
    _write_heads(ax, found, left, head)
    ax.text(
        _NAMES - 10, top[0] + CELL / 2, "shown", ha="right", va="center", fontsize=8.5,
        fontweight="bold",
    )  # fmt: skip
    for y, line in zip(top[1:], found.lines, strict=True):
        _write_line(ax, line, y, left, found.metrics[:N_SCORES])
    return figure, f"{how_chosen(found)} Below each: {which_scores(found)}."


def which_scores(found: Reconstructed) -> str:
    """Name the metrics whose values stand beside pictures."""
    return _listed([spaced(one) for one in found.metrics[:N_SCORES]])


def how_chosen(found: Reconstructed) -> str:
    """Say how the pictures were chosen, and which models are not among the lines."""
    n = len(found.shown)
    if found.choice == "ranked":
        chosen = (
            f"By {spaced(found.metrics[0])} of {found.model}, of {found.n_tested} answers: "
            f"{_listed(_kinds(found))}, each picture once. No fair sample: the next one is."
        )
    else:
        chosen = (
            "The tested picture."
            if n == 1
            else f"The first {n} tested pictures in the order of the trials, whatever their score."
        )
    left_out = f" Not among the lines: {', '.join(found.left_out)}." if found.left_out else ""
    return chosen + left_out


def _kinds(found: Reconstructed) -> list[str]:
    kinds = list(found.trials["kind"])
    return [f"the {one} {kinds.count(one)}" for one in KINDS if one in kinds]


def _listed(several: list[str]) -> str:
    return several[0] if len(several) == 1 else f"{', '.join(several[:-1])} and {several[-1]}"


def _fitted(picture: np.ndarray, image_library) -> np.ndarray:
    """Bring a picture to the size of a cell; small ones keep their pixels."""
    scale = CELL / max(picture.shape[:2])
    size = tuple(max(1, round(side * scale)) for side in picture.shape[1::-1])
    image = image_library.fromarray(picture[..., 0] if picture.shape[2] == 1 else picture)
    how = image_library.Resampling.NEAREST if scale > 1 else image_library.Resampling.BOX
    return np.asarray(image.resize(size, how).convert("RGB"))


def _write_heads(ax: Axes, found: Reconstructed, left: list[int], head: int) -> None:
    kinds = list(found.trials["kind"])
    for i, (kind, name, x) in enumerate(zip(kinds, found.names, left, strict=True)):
        ax.text(
            x + CELL / 2, head - 8, plain_text(both_ends(name, _ID)), ha="center", va="bottom",
            fontsize=6.5, color=CONTROL,
        )  # fmt: skip
        if kind and (i == 0 or kinds[i - 1] != kind):
            ax.text(x, 4, kind, ha="left", va="top", fontsize=8.5, fontweight="bold")


def two_decimals(value: float) -> str:
    """Give two decimals, or a dash where there is no score."""
    return "–" if np.isnan(value) else f"{value:.2f}"


def _write_line(ax: Axes, line: Line, y: int, left: list[int], metrics: tuple[str, ...]) -> None:
    color = MODEL if line.role == "model" else CONTROL
    ax.text(
        _NAMES - 10, y + CELL / 2, "\n".join(_wrapped(line.name)), ha="right", va="center",
        fontsize=7.5, color=color, linespacing=1.15,
    )  # fmt: skip
    for i, x in enumerate(left):
        values = [line.scores[metric][i] for metric in metrics]
        said = "   ".join(map(two_decimals, values))
        ax.text(x + CELL / 2, y + CELL + 3, said, ha="center", va="top", fontsize=7, color=color)


def _wrapped(name: str) -> Iterator[str]:
    """Break a name into a few short lines."""
    lines = textwrap.wrap(both_ends(name, 5 * _LETTERS), _LETTERS, break_on_hyphens=False)
    yield from (plain_text(line) for line in lines)
