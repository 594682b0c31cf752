"""R² of encoders in what each band of features adds to it, from what is stored band by band."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.truth import Truth
from neurodecode.harness.noise_ceilings import Whose
from neurodecode.harness.score import Group, collect_groups
from neurodecode.harness.store import Store
from neurodecode.harness.target_scores import target_means
from neurodecode.linalg.variance_parts import product_measure, unique_variance
from neurodecode.metrics.regression import r2_of_targets

PARTS = "parts.parquet"
PRODUCT, UNIQUE = "product", "unique"  # two ways to part one R²
_REST = {PRODUCT: "offset", UNIQUE: "shared"}  # what is of no band
_BYTES = 2**26  # of the products of a block of targets


@dataclass(frozen=True)
class BandsOf:
    """Which bands of features a model has, in their order, and in which ways its R² is parted."""

    names: tuple[str, ...]
    splits: tuple[str, ...]

    def parts(self, split: str) -> tuple[str, ...]:
        """Name the parts of R²: the bands, and what is of none."""
        return (*self.names, _REST[split])


def parts_of_groups(store: Store) -> pd.DataFrame | None:
    """Part the R² of every group of test rows that is scored together, of encoders with bands.

    Parameters
    ----------
    store : Store

    Returns
    -------
    parts : DataFrame or None
        ``model split part seed fold subject session score``: means over targets. Of the split
        ``product`` a part is a band, or ``offset``; of ``unique`` it is what is lost without a
        band, or ``shared``: those of a group and split sum to its R². None where no model has
        bands.
    """
    found: list[dict[str, Any]] = []
    for model in store.index()["models"]:
        bands = bands_of(store, model["name"])
        for split in bands.splits:
            for group, parts in _each(store, model["name"], bands, split):
                if not np.isfinite(parts).any():
                    continue
                where = {one: getattr(group, one) for one in ("seed", "fold", "subject", "session")}
                of = {"model": model["name"], "split": split}
                found += [
                    {**of, "part": part, **where, "score": float(np.nanmean(values))}
                    for part, values in zip(bands.parts(split), parts, strict=True)
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
    parts : dict of DataFrame, shape (n_targets, n_parts)
        A column a band, and ``offset``; where it is known ``unique_BAND``, what is lost without it.
        By subject and number of the space; empty without bands.
    """
    bands = bands_of(store, model)
    found: dict[Whose, pd.DataFrame] = {}
    for split in bands.splits:
        means = target_means(_each(store, model, bands, split), truth)
        names = list(bands.parts(split))
        if split == UNIQUE:
            names = [f"{UNIQUE}_{name}" for name in bands.names]
        for whose, parts in means.items():
            table = pd.DataFrame(parts[: len(names)].T, columns=pd.Index(names))
            found[whose] = pd.concat([found.get(whose, pd.DataFrame()), table], axis=1)
    return found


def bands_of(store: Store, model: str) -> BandsOf:
    """Name the bands of a model's features, in their order; empty where jobs have none, or others.

    Parameters
    ----------
    store : Store
    model : str
    """
    jobs = [job["key"] for job in store.answers(store.index()) if _is_own(job, model)]
    several = {store.bands(key) for key in jobs}
    names = several.pop() if len(several) == 1 else ()
    if not names:
        return BandsOf((), ())
    return BandsOf(names, (PRODUCT, UNIQUE) if all(map(store.drops_one, jobs)) else (PRODUCT,))


def _is_own(job: dict[str, Any], model: str) -> bool:
    return job["model"] == model and job["draw"] is None and job["permutation"] is None


def _each(
    store: Store, model: str, bands: BandsOf, split: str
) -> Iterator[tuple[Group, np.ndarray]]:
    """Give groups of a model, at each time, and parts of shape (n_bands + 1, n_targets)."""
    wanted: dict[str, Any] = {"only": lambda job: _is_own(job, model), "without": split == UNIQUE}
    streams = (collect_groups(store, **wanted, band=band) for band in (None, *bands.names))
    for groups in zip(*streams, strict=True):
        if len(groups[0].rows) < 2:
            continue
        for cells in zip(*(one.cells(all_cells=False) for one in groups), strict=True):
            yield groups[0], _parts(split, *(cell for _, _, cell in cells))


def _parts(split: str, whole: Group, *bands: Group) -> np.ndarray:
    true = np.asarray(whole.true).reshape(len(whole.rows), -1)
    pred, *by_band = (np.asarray(one.pred).reshape(true.shape) for one in (whole, *bands))
    size = max(1, _BYTES // (24 * len(true) * (len(bands) + 2)))
    blocks = [slice(start, start + size) for start in range(0, true.shape[1], size)]
    of_targets = _product if split == PRODUCT else _unique
    return np.concatenate(
        [of_targets(true[:, at], pred[:, at], [z[:, at] for z in by_band]) for at in blocks],
        axis=1,
    )


def _product(true: np.ndarray, pred: np.ndarray, by_band: list[np.ndarray]) -> np.ndarray:
    """Part R² of a block of targets: shape (n_bands + 1, n_targets), the offset last."""
    z = np.stack(by_band).astype(np.float64)
    # What bands leave of an answer is the mean of its training targets, which differs between
    # folds that are pooled, and the rounding of what is stored: all of it is offset.
    rest = pred - z.sum(axis=0)
    mean = rest.mean(axis=0)
    found = product_measure(true, np.concatenate([z, (rest - mean)[None]]), mean)
    parts = np.vstack([found.parts[:-1], found.parts[-1] + found.offset])
    return np.where(np.isfinite(r2_of_targets(true, pred)), parts, np.nan)


def _unique(true: np.ndarray, pred: np.ndarray, without: list[np.ndarray]) -> np.ndarray:
    """Say what of R² of a block of targets is lost without each band, and what is shared last."""
    full = r2_of_targets(true, pred)
    unique, shared = unique_variance(full, np.stack([r2_of_targets(true, z) for z in without]))
    return np.vstack([unique, shared])
