"""Pictures of patterns: on the head, in the brain, or as bars."""

from collections.abc import Mapping
from dataclasses import dataclass

import mne
import nibabel
import numpy as np
from matplotlib.axes import Axes
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from nibabel.affines import voxel_sizes
from scipy.spatial import Delaunay, QhullError

from neurodecode.core.space import Space
from neurodecode.report.figures import MODEL, both_ends, plain_text
from neurodecode.report.patterns import MeanPatterns

COLOURS = "RdBu_r"
_MAX_SLICES = 6
_MAX_FEATURES = 20
_MAX_BARS = 4  # maps beside each other; more become the columns of a heat map
_ON_A_HEAD = {"eeg": "EEG electrodes", "mag": "magnetometers", "grad": "gradiometers"}


@dataclass(frozen=True)
class Colours:
    """What the colours of maps mean: one scale for all of them.

    Parameters
    ----------
    cmap : str
        Of matplotlib.
    low, high : float
    ticks : tuple of float
    labels : tuple of str
        One a tick.
    """

    cmap: str
    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]

    @staticmethod
    def about_zero(maps: Mapping[str, np.ndarray], *, are_components: bool = False) -> "Colours":
        """Give red above zero and blue below, symmetric about it."""
        largest = max(float(np.nanmax(np.abs(one), initial=0.0)) for one in maps.values()) or 1.0
        # The scale of a component means nothing, so its ends are words.
        ends = ("-max", "+max") if are_components else (f"-{largest:.2g}", f"+{largest:.2g}")
        return Colours(COLOURS, -largest, largest, (-largest, 0, largest), (ends[0], "0", ends[1]))


def plot_patterns(patterns: MeanPatterns) -> Figure:
    """Draw maps on the head, in slices, or as bars or a heat map of features without a place.

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
        return in_slices(space, patterns.maps, _colours(patterns))
    if len(_on_head(space)):
        return _on_the_head(patterns)
    return _as_bars(patterns) if len(patterns.maps) <= _MAX_BARS else _as_heat_map(patterns)


def how_drawn(patterns: MeanPatterns) -> str:
    """Say in a sentence what a picture of `plot_patterns` shows of which places."""
    space = patterns.space
    if space.kind == "voxels" and space.ijk is not None:
        n_voxels = np.isfinite(_image(space, np.ones(len(space)))).sum(axis=(0, 1))
        n_shown, n_all = len(_picked(n_voxels)), int((n_voxels > 0).sum())
        which = f"The {n_shown} of {n_all} slices with most voxels" if n_shown < n_all else "Slices"
        return f"{which}, seen from above: front up, left side on the left; grey has no voxels."
    on_head = _on_head(space)
    if len(on_head):
        of_all = "" if len(on_head) == len(space) else f" of {len(space)} sensors"
        kind = _ON_A_HEAD[space.types[on_head[0]]]
        return f"Heads are seen from above, nose up: {len(on_head)} {kind}{of_all}."
    if len(space) > _MAX_FEATURES:
        return f"The {_MAX_FEATURES} of {len(space)} features with the largest values."
    return f"All {len(space)} features."


def _on_head(space: Space) -> np.ndarray:
    """Sensors of the first type that a head is drawn with, whose place is known; or none."""
    if space.kind != "sensors" or space.positions is None or not space.types:
        return np.zeros(0, dtype=int)
    types = np.array(space.types)
    drawn = next((kind for kind in _ON_A_HEAD if kind in types), None)
    index = np.flatnonzero((types == drawn) & np.isfinite(space.positions).all(axis=1))
    return index if _spread_out(space.positions[index]) else index[:0]


def _spread_out(places: np.ndarray) -> bool:
    """Whether a map can be interpolated: not between pairs of one place, nor within a bare ring."""
    if len(places) < 4 or len(np.unique(places.round(4), axis=0)) < len(places):
        return False
    try:
        Delaunay(places[:, :2], incremental=True)  # as mne does
    except QhullError:
        return False
    return True


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
    colours = Colours.about_zero(values, are_components=patterns.are_components)
    for ax, (name, one) in zip(axes, values.items(), strict=False):
        mne.viz.plot_topomap(
            one, info, axes=ax, show=False, cmap=colours.cmap, vlim=(colours.low, colours.high),
            contours=4,
        )  # fmt: skip
        ax.set_title(plain_text(both_ends(name, 24)), fontsize=10)
    _finish(figure, axes, n_maps, colours)
    return figure


def in_slices(space: Space, maps: Mapping[str, np.ndarray], colours: Colours) -> Figure:
    """Draw maps of voxels, a line of slices each, on one scale.

    Parameters
    ----------
    space : Space
        Of voxels.
    maps : mapping of str to ndarray, shape (n_voxels,)
        NaN is as grey as what is no voxel.
    colours : Colours
    """
    images = {name: _image(space, one) for name, one in maps.items()}
    inside = np.isfinite(_image(space, np.ones(len(space))))
    picked = _picked(inside.sum(axis=(0, 1)))
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
    above = 0.3 if len(picked) == 1 else 0.1  # the name of a map; names beside the slices
    figure = Figure(
        figsize=(cell * n_columns + 0.9, (cell * depth / width + above) * n_rows + 0.3),
        layout="constrained",
    )
    axes = figure.subplots(n_rows, n_columns, squeeze=False)
    drawn = [(name, z) for name in images for z in picked]
    for i, (ax, (name, z)) in enumerate(zip(axes.ravel(), drawn, strict=False)):
        _slice(ax, images[name][:, :, z][window], colours, depth / width)
        if len(picked) == 1:
            ax.set_title(plain_text(both_ends(name, 24)), fontsize=9.5, loc="left")
        elif z == picked[0]:
            label = plain_text(both_ends(name, 24)).replace(" ", "\n")
            ax.set_ylabel(label, fontsize=9.5, rotation=0, ha="right", va="center")
        if i < len(picked) > 1:
            ax.set_title(f"slice {z + 1} of {inside.shape[2]}", fontsize=8.5)
        if i % n_columns == 0:
            _sides(ax)
    _finish(figure, axes.ravel(), len(drawn), colours)
    return figure


def _image(space: Space, values: np.ndarray) -> np.ndarray:
    """Image of the values, NaN where there is no voxel: to the right, to the front, upwards."""
    return nibabel.as_closest_canonical(space.to_image(values)).get_fdata()


def _picked(n_voxels: np.ndarray) -> np.ndarray:
    """Slices with the most voxels, from below."""
    fullest = np.argsort(-n_voxels, kind="stable")[:_MAX_SLICES]
    return np.sort(fullest[n_voxels[fullest] > 0])


def _slice(ax: Axes, values: np.ndarray, colours: Colours, ratio: float) -> None:
    """One slice from above, front up, left side left; grey where there is no voxel."""
    n_x, n_y = values.shape
    ax.set_facecolor("#e2e2e2")
    ax.imshow(
        values.T, origin="lower", cmap=colours.cmap, vmin=colours.low, vmax=colours.high,
        aspect=ratio * n_x / n_y, interpolation="nearest",
    )  # fmt: skip
    ax.set_xticks([])
    ax.set_yticks([])
    ax.spines[:].set_visible(False)


def _sides(ax: Axes) -> None:
    for x, side in ((0.02, "left"), (0.98, "right")):
        ax.text(
            x, 0.96, side[0].upper(), transform=ax.transAxes, fontsize=9, va="top", ha=side,
            color="#333333",
        )  # fmt: skip


def _as_bars(patterns: MeanPatterns) -> Figure:
    """Bars of the features with the largest values of any map, on one scale."""
    picked, names = _strongest(patterns)
    n_maps = len(patterns.maps)
    figure = Figure(figsize=(1.6 + 1.8 * n_maps, 0.7 + 0.2 * len(picked)), layout="constrained")
    axes = figure.subplots(1, n_maps, squeeze=False, sharex=True, sharey=True).ravel()
    for ax, (name, one) in zip(axes, patterns.maps.items(), strict=True):
        ax.barh(np.arange(len(picked)), one[picked], color=MODEL)
        ax.axvline(0, color="#222222", lw=0.8)
        ax.set_title(plain_text(both_ends(name, 24)), fontsize=10)
        ax.locator_params(axis="x", nbins=4)
        ax.spines[["top", "right", "left"]].set_visible(False)
        ax.tick_params(axis="x", labelsize=8.5)
        ax.tick_params(axis="y", length=0)
    axes[0].set_yticks(np.arange(len(picked)), names, fontsize=9)
    axes[0].invert_yaxis()
    return figure


def _as_heat_map(patterns: MeanPatterns) -> Figure:
    """Features by maps: the features with the largest values of any map."""
    picked, names = _strongest(patterns)
    n_maps = len(patterns.maps)
    figure = Figure(
        figsize=(min(2.2 + 0.32 * n_maps, 9), 1.7 + 0.22 * len(picked)), layout="constrained"
    )
    ax = figure.subplots()
    colours = _colours(patterns)
    values = np.stack([one[picked] for one in patterns.maps.values()], axis=1)
    ax.imshow(values, cmap=colours.cmap, vmin=colours.low, vmax=colours.high, aspect="auto")
    titles = [plain_text(both_ends(name, 24)) for name in patterns.maps]
    size = min(9.0, 0.75 * 72 * (figure.get_figwidth() - 2.2) / n_maps)
    ax.set_xticks(range(n_maps), titles, rotation=90, fontsize=size)
    ax.set_yticks(range(len(picked)), names, fontsize=9)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    _finish(figure, np.array([ax]), 1, colours)
    return figure


def _strongest(patterns: MeanPatterns) -> tuple[np.ndarray, list[str]]:
    """Features with the largest values of any map, in their own order, with their names."""
    names = patterns.space.names or tuple(f"feature {i}" for i in range(len(patterns.space)))
    strength = np.max([np.abs(one) for one in patterns.maps.values()], axis=0)
    picked = np.sort(np.argsort(-strength, kind="stable")[:_MAX_FEATURES])
    return picked, [plain_text(both_ends(names[i], 24)) for i in picked]


def _colours(patterns: MeanPatterns) -> Colours:
    return Colours.about_zero(patterns.maps, are_components=patterns.are_components)


def _finish(figure: Figure, axes: np.ndarray, n_drawn: int, colours: Colours) -> None:
    """Clear the axes that hold nothing, and say what the colours mean."""
    for ax in axes[n_drawn:]:
        ax.set_axis_off()
    scale = ScalarMappable(Normalize(colours.low, colours.high), colours.cmap)
    bar = figure.colorbar(
        scale, ax=list(axes), shrink=min(0.8, 1.7 / figure.get_figheight()), aspect=14,
        ticks=colours.ticks,
    )  # fmt: skip
    bar.ax.set_yticklabels(colours.labels, fontsize=9)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
