"""Similarity of representations against how many units there are, beside what is unrelated."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.similarity import SIMILARITIES
from neurodecode.linalg.stats import percentile_interval

if TYPE_CHECKING:
    from matplotlib.axes import Axes

DEFAULT = ("debiased_cka", "ssm")  # at zero where nothing is shared, whatever the numbers
_OF_UNITS = ("cca", "svcca", "pwcca")  # high of any two representations of many units
_COLOURS = ("#1f5582", "#b3541e", "#3b7a57", "#7a3b6b", "#8a7a1e", "#4b4b4b", "#a83244", "#2e8b9a")


def metric_curve(
    X: np.ndarray,
    Y: np.ndarray,
    metrics: str | Sequence[str] = DEFAULT,
    *,
    n_units: Sequence[int] | None = None,
    n_stimuli: int | None = None,
    n_draws: int = 20,
    seed: int = 0,
) -> pd.DataFrame:
    """Measure how alike two representations are with few units and with many.

    Each draw takes as many units of one as of the other, since similarities depend on how many
    there are, and beside them the same units with stimuli in another order: what is unrelated.

    Parameters
    ----------
    X, Y : ndarray, shape (n_stimuli, n_units) and (n_stimuli, n_other_units)
    metrics : str or sequence of str
        Of ``cka``, ``debiased_cka``, ``procrustes``, ``cca``, ``svcca``, ``pwcca``, ``ssm``,
        ``linear_predictivity``.
    n_units : sequence of int, optional
        Without, 10, 20, 50, 100 and so on up to the fewer of both, and that.
    n_stimuli : int, optional
        Drawn of the stimuli; all without.
    n_draws : int
    seed : int

    Returns
    -------
    curve : DataFrame
        ``metric n_units n_stimuli mean low high unrelated unrelated_low unrelated_high``: means
        over draws and their central 95 %.

    Raises
    ------
    ConfigError
        If there is no such metric, or no draw.
    DataError
        If stimuli differ in number, or more units are asked for than the fewer has.

    References
    ----------
    Shi, Shea-Brown & Buice 2019, Proc. NeurIPS, arXiv 1905.12020.
    """
    metrics = (metrics,) if isinstance(metrics, str) else metrics
    _check(metrics, n_draws)
    X, Y, stimuli = _paired(X, Y, n_stimuli)
    fewest = min(X.shape[1], Y.shape[1])
    sizes = _sizes(fewest) if n_units is None else list(n_units)
    if min(sizes) < 2 or max(sizes) > fewest:
        raise DataError(
            f"metric_curve: {min(sizes)} to {max(sizes)} units are asked for; 2 to {fewest} can "
            "be, as many of one as of the other."
        )
    rows = []
    for size in sizes:
        found = {name: np.empty((n_draws, 2)) for name in metrics}
        for draw in range(n_draws):
            rng = np.random.default_rng([seed, size, draw])
            which = rng.permutation(len(X))[:stimuli]
            one, other = (each[which][:, rng.permutation(each.shape[1])[:size]] for each in (X, Y))
            dealt = other[rng.permutation(stimuli)]
            for name in metrics:
                found[name][draw] = [_similarity(name, one, each) for each in (other, dealt)]
        for name in metrics:
            related, unrelated = found[name].T
            rows.append(
                [name, size, stimuli, related.mean(), *percentile_interval(related),
                 unrelated.mean(), *percentile_interval(unrelated)]
            )  # fmt: skip
    columns = ["metric", "n_units", "n_stimuli", "mean", "low", "high"]
    return pd.DataFrame(rows, columns=[*columns, "unrelated", "unrelated_low", "unrelated_high"])


def plot_metric_curve(curve: pd.DataFrame, ax: "Axes | None" = None) -> "Axes":
    """Draw similarities against units; what is unrelated is dashed, and never left out.

    Parameters
    ----------
    curve : DataFrame
        Of `metric_curve`.
    ax : matplotlib Axes, optional
        Without one, a pyplot figure is made, which notebooks show.

    Returns
    -------
    ax : matplotlib Axes
    """
    import matplotlib.pyplot as plt

    if ax is None:
        _, ax = plt.subplots(figsize=(5.8, 3.4), layout="constrained")
    each: Any = curve.groupby("metric", sort=False)
    for i, (name, mine) in enumerate(each):
        colour, units = _COLOURS[i % len(_COLOURS)], mine["n_units"]
        ax.fill_between(units, mine["low"], mine["high"], color=colour, alpha=0.15, lw=0)
        ax.plot(units, mine["mean"], color=colour, lw=1.7, marker="o", ms=3.5, label=str(name))
        ax.plot(units, mine["unrelated"], color=colour, lw=1.2, ls="--", marker="o", ms=2.5)
        ax.fill_between(
            units, mine["unrelated_low"], mine["unrelated_high"], color=colour, alpha=0.08, lw=0
        )
    ax.plot([], [], color="#4b4b4b", ls="--", lw=1.2, label="stimuli permuted")
    ax.set_xscale("log")
    ax.set_xlabel("units of each, drawn at random", fontsize=10)
    ax.set_ylabel("similarity", fontsize=10)
    ax.spines[["top", "right"]].set_visible(False)
    ax.legend(frameon=False, fontsize=9, ncols=3, loc="lower left", bbox_to_anchor=(0, 1))
    return ax


@dataclass(frozen=True, eq=False)
class PseudoDepth:
    """Which layer a region is most like, and how sure that is.

    Parameters
    ----------
    layers : tuple of str
        In their order.
    scores : ndarray, shape (n_draws, n_layers)
    depth : float
        Mean place of the best layer over draws: 0 is the first, 1 the last.
    low, high : float
        Central 95 % of draws.
    share : ndarray, shape (n_layers,)
        Of draws in which a layer is the best.
    """

    layers: tuple[str, ...]
    scores: np.ndarray
    depth: float
    low: float
    high: float
    share: np.ndarray

    @property
    def stable(self) -> bool:
        """Whether one layer is the best in nearly all draws; else no layer should be named."""
        return bool(self.share.max() >= 0.9)


def pseudo_depth(
    X: np.ndarray,
    layers: Mapping[str, np.ndarray],
    metric: str = "debiased_cka",
    *,
    n_units: int | None = None,
    n_draws: int = 50,
    seed: int = 0,
) -> PseudoDepth:
    """Find the layer that a region is most like, in draws of units and stimuli.

    Parameters
    ----------
    X : ndarray, shape (n_stimuli, n_units)
    layers : mapping of str to ndarray, shape (n_stimuli, n_layer_units)
        In the order of the network.
    metric : str
        As for `metric_curve`.
    n_units : int, optional
        Drawn of the region and of each layer alike; the fewest that any has without.
    n_draws : int
        Each of a half of the stimuli, so that draws tell how the choice varies.
    seed : int

    Returns
    -------
    depth : PseudoDepth

    Raises
    ------
    ConfigError
        If there is no such metric, or fewer than two layers.
    DataError
        If stimuli differ in number, or a layer has fewer units than are asked for.

    References
    ----------
    Shi, Shea-Brown & Buice 2019, Proc. NeurIPS, arXiv 1905.12020.
    """
    _check([metric], n_draws)
    if not isinstance(layers, Mapping):
        raise ConfigError(
            f"layers: {type(layers).__name__} is no mapping. Give one of name to array, in the "
            "order of the network: {'conv1': array, …}."
        )
    if len(layers) < 2:
        raise ConfigError("pseudo_depth: a depth is a place among layers. Give two or more.")
    several = {name: _paired(X, one, None)[1] for name, one in layers.items()}
    fewest = min([np.shape(X)[1], *(one.shape[1] for one in several.values())])
    size = fewest if n_units is None else n_units
    if not 2 <= size <= fewest:
        raise DataError(f"pseudo_depth: {size} units; 2 to {fewest} are in the region and in all.")
    X = np.asarray(X, dtype=np.float64)
    stimuli = max(4, len(X) // 2)
    if metric in _OF_UNITS and size > stimuli / 3:
        warnings.warn(
            f"{metric}: of {size} units and {stimuli} stimuli unrelated representations are alike "
            "too, with more units than a third of the stimuli. Use debiased_cka or ssm, or fewer "
            "units.",
            stacklevel=2,
        )
    scores = np.empty((n_draws, len(several)))
    for draw in range(n_draws):
        rng = np.random.default_rng([seed, draw])
        which = rng.permutation(len(X))[:stimuli]
        mine = X[which][:, rng.permutation(X.shape[1])[:size]]
        for j, one in enumerate(several.values()):
            drawn = one[which][:, rng.permutation(one.shape[1])[:size]]
            scores[draw, j] = _similarity(metric, mine, drawn)
    best = scores.argmax(axis=1)
    places = best / (len(several) - 1)
    share = np.bincount(best, minlength=len(several)) / n_draws
    ends = percentile_interval(places)
    return PseudoDepth(tuple(several), scores, float(places.mean()), *ends, share)


def _similarity(name: str, X: np.ndarray, Y: np.ndarray) -> float:
    with warnings.catch_warnings():  # of many units, which is said once, or what the curve shows
        warnings.filterwarnings("ignore", ".*units or more of both")
        return SIMILARITIES[name](X, Y)


def _sizes(fewest: int) -> list[int]:
    """10, 20, 50, 100 and so on below the number of units, and that."""
    rounds = [k * 10**power for power in range(1, 7) for k in (1, 2, 5)]
    return [*(one for one in rounds if one < fewest), fewest]


def _check(metrics: Sequence[str], n_draws: int) -> None:
    for name in metrics:
        if name not in SIMILARITIES:
            raise ConfigError(f"there is no similarity {name!r}.{nearest(name, SIMILARITIES)}")
    if not metrics or n_draws < 1:
        raise ConfigError("give one metric or more, and one draw or more.")


def _paired(X: Any, Y: Any, n_stimuli: int | None) -> tuple[np.ndarray, np.ndarray, int]:
    X, Y = np.asarray(X, dtype=np.float64), np.asarray(Y, dtype=np.float64)
    if X.ndim != 2 or Y.ndim != 2 or len(X) != len(Y):
        raise DataError(
            f"representations of shapes {X.shape} and {Y.shape}; (n_stimuli, n_units) of the same "
            "stimuli are wanted."
        )
    for name, one in (("X", X), ("Y", Y)):
        bad = np.argwhere(~np.isfinite(one))
        if len(bad):
            raise DataError(
                f"{name}: {len(bad)} values are NaN or infinite, the first of stimulus "
                f"{bad[0, 0]}, unit {bad[0, 1]}. Leave out that stimulus or unit."
            )
    n = len(X) if n_stimuli is None else n_stimuli
    if not 4 <= n <= len(X):
        raise DataError(f"{n} stimuli of {len(X)}; four at least, and no more than there are.")
    return X, Y, n
