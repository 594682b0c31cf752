"""R² of encoders in what each band of features adds to it, from what is stored band by band."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.truth import Truth
from neurodecode.harness.noise_ceilings import Whose
from neurodecode.harness.score import Group, collect_groups
from neurodecode.harness.store import Store
from neurodecode.harness.target_scores import target_means
from neurodecode.linalg.variance_parts import product_measure
from neurodecode.metrics.regression import r2_of_targets

PARTS = "parts.parquet"
OFFSET = "offset"
_BYTES = 2**26  # of the products of a block of targets


def parts_of_groups(store: Store) -> pd.DataFrame | None:
    """Part the R² of every group of test rows that is scored together, of encoders with bands.

    Parameters
    ----------
    store : Store

    Returns
    -------
    parts : DataFrame or None
        ``model part seed fold subject session score``: means over targets. A part is a band, or
        ``offset``; those of a group sum to its R². None where no model has bands.
    """
    found: list[dict[str, Any]] = []
    for model in store.index()["models"]:
        bands = bands_of(store, model["name"])
        for group, parts in _each(store, model["name"], bands):
            if not np.isfinite(parts).any():
                continue
            where = {one: getattr(group, one) for one in ("seed", "fold", "subject", "session")}
            found += [
                {"model": model["name"], "part": part, **where, "score": float(np.nanmean(values))}
                for part, values in zip((*bands, OFFSET), parts, strict=True)
            ]
    return pd.DataFrame(found) if found else None


def parts_of_targets(store: Store, model: str, truth: Truth) -> dict[Whose, pd.DataFrame]:
    """Part the R² of each target, the mean over folds and seeds, then sessions.

    Parameters
    ----------
    store : Store
    model : str
    truth : Truth
        Of all rows.

    Returns
    -------
    parts : dict of DataFrame, shape (n_targets, n_bands + 1)
        A column a band, and ``offset``, by subject and number of the space; empty without bands.
    """
    bands = bands_of(store, model)
    means = target_means(_each(store, model, bands), truth)
    names = pd.Index([*bands, OFFSET])
    return {whose: pd.DataFrame(parts.T, columns=names) for whose, parts in means.items()}


def bands_of(store: Store, model: str) -> tuple[str, ...]:
    """Name the bands of a model's features, in their order; empty where jobs have none, or others.

    Parameters
    ----------
    store : Store
    model : str
    """
    several = {
        store.bands(job["key"]) for job in store.answers(store.index()) if _is_own(job, model)
    }
    return several.pop() if len(several) == 1 else ()


def _is_own(job: dict[str, Any], model: str) -> bool:
    return job["model"] == model and job["draw"] is None and job["permutation"] is None


def _each(store: Store, model: str, bands: tuple[str, ...]) -> Iterator[tuple[Group, np.ndarray]]:
    """Give groups of a model, at each time, and parts of shape (n_bands + 1, n_targets)."""
    if not bands:
        return
    wanted: dict[str, Any] = {"only": lambda job: _is_own(job, model)}
    streams = (collect_groups(store, **wanted, band=band) for band in (None, *bands))
    for groups in zip(*streams, strict=True):
        if len(groups[0].rows) < 2:
            continue
        for cells in zip(*(one.cells(all_cells=False) for one in groups), strict=True):
            yield groups[0], _parts(*(cell for _, _, cell in cells))


def _parts(whole: Group, *bands: Group) -> np.ndarray:
    true = np.asarray(whole.true).reshape(len(whole.rows), -1)
    pred, *by_band = (np.asarray(one.pred).reshape(true.shape) for one in (whole, *bands))
    size = max(1, _BYTES // (24 * len(true) * (len(bands) + 2)))
    blocks = [slice(start, start + size) for start in range(0, true.shape[1], size)]
    return np.concatenate(
        [_of_targets(true[:, at], pred[:, at], [z[:, at] for z in by_band]) for at in blocks],
        axis=1,
    )


def _of_targets(true: np.ndarray, pred: np.ndarray, by_band: list[np.ndarray]) -> np.ndarray:
    """Part R² of a block of targets: shape (n_bands + 1, n_targets), the offset last."""
    z = np.stack(by_band).astype(np.float64)
    # What bands leave of an answer is the mean of its training targets, which differs between
    # folds that are pooled, and the rounding of what is stored: all of it is offset.
    rest = pred - z.sum(axis=0)
    mean = rest.mean(axis=0)
    found = product_measure(true, np.concatenate([z, (rest - mean)[None]]), mean)
    parts = np.vstack([found.parts[:-1], found.parts[-1] + found.offset])
    return np.where(np.isfinite(r2_of_targets(true, pred)), parts, np.nan)
