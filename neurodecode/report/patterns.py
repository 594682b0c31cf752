"""Patterns of linear models, averaged over folds and subjects, on the head or in the brain."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mne
import nibabel
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from nibabel.affines import voxel_sizes
from scipy.optimize import linear_sum_assignment

from neurodecode.core.space import Space
from neurodecode.report.figures import MODEL, plain_text
from neurodecode.report.results import Results

COLOURS = "RdBu_r"
_MAX_SLICES = 6
_MAX_BARS = 20
_CLASS = re.compile(r"\bclass (\d+)\b")  # models know classes by their codes
_ON_A_HEAD = ("eeg", "mag", "grad")


@dataclass(frozen=True, eq=False)
class MeanPatterns:
    """Patterns of one model: the mean over each subject's folds, then over subjects.

    Parameters
    ----------
    model : str
    maps : mapping of str to ndarray, shape (n_features,)
        What a map leads to (a class, a component) and its values.
    space : Space
    are_components : bool
        Whether the maps are components, whose order, sign and scale mean nothing by themselves.
    n_fits, n_subjects : int
        Fitted models and tested subjects behind the mean.
    n_left_out : int
        Fitted models whose features are not those of `space`.
    """

    model: str
    maps: Mapping[str, np.ndarray]
    space: Space
    are_components: bool
    n_fits: int
    n_subjects: int
    n_left_out: int


def mean_patterns(results: Results) -> list[MeanPatterns]:
    """Average the stored patterns of every model that has some.

    Models whose patterns belong to none of the recorded spaces are left out.

    Parameters
    ----------
    results : Results

    Returns
    -------
    patterns : list of MeanPatterns
    """
    index, store = results.index, results.store
    spaces = [space_of(plain) for several in index["spaces"].values() for plain in several]
    classes = tuple(index["target"]["classes"])
    subject_of = store.rows().set_index("uid")["subject"].astype(str)
    found: dict[str, list[tuple[str, dict[str, np.ndarray]]]] = {}
    for job in index["jobs"]:
        if job["draw"] is not None or not store.has(job["key"]):
            continue
        maps = store.patterns(job["key"])
        if maps:
            uid = store.predictions(job["key"], classes).uid
            tested = " ".join(sorted(set(subject_of.loc[uid])))
            found.setdefault(job["model"], []).append((tested, maps))
    means = []
    for model, fits in found.items():
        size = next(iter(fits[0][1].values())).size
        space = next((one for one in spaces if len(one) == size), None)
        if space is not None:
            means.append(_mean(model, fits, space, classes))
    return means


def plot_patterns(patterns: MeanPatterns) -> Figure:
    """Draw maps on the head (sensors), in slices (voxels), or as bars (features without a place).

    Parameters
    ----------
    patterns : MeanPatterns

    Returns
    -------
    figure : matplotlib Figure
        Red above zero, blue below; one colour scale for all maps, symmetric about zero.
    """
    space = patterns.space
    if space.kind == "voxels" and space.ijk is not None:
        return _in_slices(patterns)
    if len(_on_head(space)) >= 4:
        return _on_the_head(patterns)
    return _as_bars(patterns)


def space_of(plain: Mapping[str, Any]) -> Space:
    """Space from the plain data that a results folder keeps."""

    def array(name: str, dtype: type) -> np.ndarray | None:
        return np.array(plain[name], dtype=dtype) if name in plain else None

    return Space(
        plain["kind"],
        names=tuple(plain["names"]),
        types=tuple(plain["types"]),
        unit=plain["unit"],
        positions=array("positions", float),  # None becomes NaN
        affine=array("affine", float),
        shape=tuple(plain.get("shape", ())),
        ijk=array("ijk", int),
    )


def _mean(
    model: str,
    fits: list[tuple[str, dict[str, np.ndarray]]],
    space: Space,
    classes: tuple[str, ...],
) -> MeanPatterns:
    usable = [
        (subject, maps)
        for subject, maps in fits
        if all(one.shape == (len(space),) for one in maps.values())
    ]
    subjects = dict.fromkeys(subject for subject, _ in usable)
    are_components = not any(_CLASS.search(name) for name in usable[0][1])
    if are_components:
        first = usable[0][1]
        usable = [(subject, matched(maps, first)) for subject, maps in usable]
    means = {}
    for name in dict.fromkeys(name for _, maps in usable for name in maps):
        of_subjects = [
            np.mean([maps[name] for one, maps in usable if one == subject and name in maps], axis=0)
            for subject in subjects
            if any(one == subject and name in maps for one, maps in usable)
        ]
        means[_readable(name, classes)] = np.mean(of_subjects, axis=0)
    if are_components:
        means = {name: one / (one[np.abs(one).argmax()] or 1.0) for name, one in means.items()}
    return MeanPatterns(
        model, means, space, are_components, len(usable), len(subjects), len(fits) - len(usable)
    )


def matched(maps: Mapping[str, np.ndarray], to: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """Give components the order, names and signs that make them most like those of another fit.

    Parameters
    ----------
    maps, to : mapping of str to ndarray, shape (n_features,)

    Returns
    -------
    matched : dict of str to ndarray, shape (n_features,)
        Under the names of `to`.
    """
    n = len(maps)
    alike = np.corrcoef([*maps.values(), *to.values()])[:n, n:]
    mine, theirs = linear_sum_assignment(-np.abs(alike))
    values, names = list(maps.values()), list(to)
    by_name = {
        names[j]: values[i] * (-1 if alike[i, j] < 0 else 1)
        for i, j in zip(mine, theirs, strict=True)
    }
    return {name: by_name[name] for name in names if name in by_name}


def _readable(name: str, classes: tuple[str, ...]) -> str:
    """Class names where a model, which knows codes alone, says ``class 2``."""

    def named(code: re.Match[str]) -> str:
        return classes[int(code[1])] if int(code[1]) < len(classes) else code[0]

    return _CLASS.sub(named, name)


def _on_head(space: Space) -> np.ndarray:
    """Sensors of the first type that a head is drawn with, and whose place is known."""
    if space.kind != "sensors" or space.positions is None or not space.types:
        return np.zeros(0, dtype=int)
    types = np.array(space.types)
    drawn = next((kind for kind in _ON_A_HEAD if kind in types), None)
    return np.flatnonzero((types == drawn) & np.isfinite(space.positions).all(axis=1))


def _on_the_head(patterns: MeanPatterns) -> Figure:
    index = _on_head(patterns.space)
    space = patterns.space.take(index)
    kind = space.types[0]
    info = mne.create_info(list(space.names), 1.0, kind)
    # Magnetometers and gradiometers have places in `loc` alone; montages are for electrodes.
    positions = [] if space.positions is None else space.positions
    for channel, position in zip(info["chs"], positions, strict=True):
        channel["loc"][:3] = position
    n_maps = len(patterns.maps)
    n_columns = min(n_maps, 4)
    n_rows = -(-n_maps // n_columns)
    figure = Figure(figsize=(2.0 * n_columns + 0.9, 2.25 * n_rows), layout="constrained")
    axes = figure.subplots(n_rows, n_columns, squeeze=False).ravel()
    values = {name: one[index] for name, one in patterns.maps.items()}
    largest = _largest(values)
    for ax, (name, one) in zip(axes, values.items(), strict=False):
        mne.viz.plot_topomap(
            one, info, axes=ax, show=False, cmap=COLOURS, vlim=(-largest, largest), contours=4,
        )  # fmt: skip
        ax.set_title(plain_text(name, 24), fontsize=10)
    _finish(figure, axes, n_maps, largest)
    return figure


def _in_slices(patterns: MeanPatterns) -> Figure:
    space = patterns.space
    images = {
        name: nibabel.as_closest_canonical(space.to_image(one)).get_fdata()
        for name, one in patterns.maps.items()
    }  # axes to the right, to the front, upwards
    inside = np.isfinite(next(iter(images.values())))
    n_inside = inside.sum(axis=(0, 1))
    fullest = np.argsort(-n_inside, kind="stable")[:_MAX_SLICES]
    picked = np.sort(fullest[n_inside[fullest] > 0])
    window = tuple(
        slice(max(0, places.min() - 1), places.max() + 2) for places in np.nonzero(inside)[:2]
    )
    zooms = voxel_sizes(space.affine)[np.argsort(nibabel.io_orientation(space.affine)[:, 0])]
    width, depth = (float(side) for side in np.array(inside[:, :, 0][window].shape) * zooms[:2])
    n_maps = len(images)
    # One slice: the maps side by side. Several: a line of slices for each map.
    n_columns = min(n_maps, 4) if len(picked) == 1 else len(picked)
    n_rows = -(-n_maps // n_columns) if len(picked) == 1 else n_maps
    cell = min(2.1, 8.4 / n_columns)
    figure = Figure(
        figsize=(cell * n_columns + 0.9, (cell * depth / width + 0.3) * n_rows),
        layout="constrained",
    )
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    largest = _largest(patterns.maps)
    drawn = [(name, z) for name in images for z in picked]
    for i, (ax, (name, z)) in enumerate(zip(axes.ravel(), drawn, strict=False)):
        _slice(ax, images[name][:, :, z][window], largest, depth / width)
        if len(picked) == 1 or z == picked[0]:
            ax.set_title(plain_text(name, 24), fontsize=9, loc="left")
        if i < len(picked) > 1:
            ax.set_title(f"slice {z + 1} of {inside.shape[2]}", fontsize=7, loc="right")
        if i % n_columns == 0:
            _sides(ax)
    _finish(figure, axes.ravel(), len(drawn), largest)
    return figure


def _slice(ax: Axes, values: np.ndarray, largest: float, ratio: float) -> None:
    """One slice from above, front up, left side left; grey where there is no voxel."""
    n_x, n_y = values.shape
    ax.set_facecolor("#e2e2e2")
    ax.imshow(
        values.T, origin="lower", cmap=COLOURS, vmin=-largest, vmax=largest,
        aspect=ratio * n_x / n_y, interpolation="nearest",
    )  # fmt: skip
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def _sides(ax: Axes) -> None:
    for x, side in ((0.02, "left"), (0.98, "right")):
        ax.text(
            x, 0.96, side[0].upper(), transform=ax.transAxes, fontsize=7, va="top", ha=side,
            color="#333333",
        )  # fmt: skip


def _as_bars(patterns: MeanPatterns) -> Figure:
    """Bars of the features with the largest values of any map."""
    names = patterns.space.names or tuple(f"feature {i}" for i in range(len(patterns.space)))
    strength = np.max([np.abs(one) for one in patterns.maps.values()], axis=0)
    picked = np.sort(np.argsort(-strength, kind="stable")[:_MAX_BARS])
    n_maps = len(patterns.maps)
    figure = Figure(
        figsize=(min(1.6 + 1.7 * n_maps, 9), 0.7 + 0.19 * len(picked)), layout="constrained"
    )
    axes = figure.subplots(1, n_maps, squeeze=False, sharey=True).ravel()
    for ax, (name, one) in zip(axes, patterns.maps.items(), strict=True):
        ax.barh(np.arange(len(picked)), one[picked], color=MODEL)
        ax.axvline(0, color="#222222", lw=0.8)
        ax.set_title(plain_text(name, 24), fontsize=10)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(labelsize=8)
    axes[0].set_yticks(
        np.arange(len(picked)), [plain_text(names[i], 20) for i in picked], fontsize=8
    )
    axes[0].invert_yaxis()
    return figure


def _largest(maps: Mapping[str, np.ndarray]) -> float:
    return max(float(np.nanmax(np.abs(one))) for one in maps.values()) or 1.0


def _finish(figure: Figure, axes: np.ndarray, n_drawn: int, largest: float) -> None:
    """Clear the axes that hold nothing, and say what the colours mean."""
    for ax in axes[n_drawn:]:
        ax.set_axis_off()
    colours = ScalarMappable(Normalize(-largest, largest), COLOURS)
    bar = figure.colorbar(
        colours, ax=list(axes), shrink=min(0.8, 1.7 / figure.get_figheight()), aspect=14,
        ticks=[-largest, 0, largest],
    )  # fmt: skip
    bar.ax.set_yticklabels(["lower", "0", "higher"], fontsize=8)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
