"""Pictures of values on the cortical surface, on the meshes that nilearn ships with."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import numpy as np
from matplotlib.cm import ScalarMappable
from matplotlib.colors import Normalize
from matplotlib.figure import Figure

from neurodecode.core.space import Space
from neurodecode.report.figures import both_ends, plain_text
from neurodecode.report.maps import Colours

# Each mesh begins with the vertices of the coarser ones: an icosahedron, divided again and again.
_DRAWN, _N_DRAWN = "fsaverage5", 10_242
_FINER = ("fsaverage5", "fsaverage6", "fsaverage7", "fsaverage")
_VIEWS = ("lateral", "medial", "ventral")


def can_be_drawn(space: Space) -> bool:
    """Whether vertices are of a mesh that begins with those of fsaverage5."""
    return space.kind == "vertices" and space.mesh in _FINER and min(space.shape) >= _N_DRAWN


def on_the_surface(space: Space, maps: Mapping[str, np.ndarray], colours: Colours) -> Figure:
    """Draw maps of vertices on the inflated surface, a line each, on one scale.

    Parameters
    ----------
    space : Space
        For which `can_be_drawn` holds; of finer meshes every vertex of fsaverage5 is drawn.
    maps : mapping of str to ndarray, shape (n_vertices,)
        NaN shows the folds beneath.
    colours : Colours
    """
    from nilearn.plotting import plot_surf_stat_map

    halves = {name: space.to_surface(one) for name, one in maps.items()}
    sides = [
        (i, side)
        for i, side in enumerate(("left", "right"))
        if any(np.isfinite(one[i][:_N_DRAWN]).any() for one in halves.values())
    ]
    shown = [(i, side, view) for i, side in sides for view in _VIEWS]
    n_columns = max(1, len(shown))
    figure = Figure(figsize=(1.5 * n_columns + 0.9, 1.35 * len(maps) + 0.3), layout="constrained")
    axes: Any = figure.subplots(
        len(maps), n_columns, squeeze=False, subplot_kw={"projection": "3d"}
    )
    for line, (name, values) in zip(axes, halves.items(), strict=True):
        for ax, (i, side, view) in zip(line, shown, strict=False):
            plot_surf_stat_map(
                _mesh()[f"infl_{side}"], values[i][:_N_DRAWN], hemi=side, view=view,
                bg_map=_mesh()[f"sulc_{side}"], axes=ax, figure=figure, colorbar=False,
                cmap=colours.cmap, vmin=colours.low, vmax=colours.high, threshold=None,
                bg_on_data=False, symmetric_cbar=False,
            )  # fmt: skip
            ax.set_title("")
            ax.set_box_aspect(None, zoom=1.5)
            if ax in axes[0]:
                ax.set_title(f"{side}, {view}", fontsize=8.5, y=0.95)
        label = plain_text(both_ends(name, 24)).replace(" ", "\n")
        line[0].text2D(-0.05, 0.5, label, transform=line[0].transAxes, fontsize=9.5, ha="right")
    scale = ScalarMappable(Normalize(colours.low, colours.high), colours.cmap)
    bar = figure.colorbar(
        scale, ax=axes.ravel().tolist(), shrink=min(0.8, 1.7 / figure.get_figheight()), aspect=14,
        ticks=colours.ticks,
    )  # fmt: skip
    bar.ax.set_yticklabels(colours.labels, fontsize=9)
    bar.outline.set_visible(False)  # pyright: ignore[reportCallIssue]
    return figure


@cache
def _mesh() -> Mapping[str, str]:
    """Files of fsaverage5, which nilearn ships with; nothing is fetched."""
    from nilearn.datasets import fetch_surf_fsaverage

    return fetch_surf_fsaverage(_DRAWN)
