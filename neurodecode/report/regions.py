"""Pictures that a model makes of a region's voxels alone, beside those of as many random ones."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.pictures import check_pictures
from neurodecode.core.processes import one_thread
from neurodecode.core.trials import Trials
from neurodecode.harness.keep import Kept, open_model
from neurodecode.harness.telling import pictures_of
from neurodecode.report.results import Results

Region = np.ndarray | str | Sequence[str]


@dataclass(frozen=True, eq=False)
class RegionPictures:
    """What a model makes of regions, and of random voxels.

    Parameters
    ----------
    table : DataFrame
        A row a region: ``region n_voxels distance random ratio p``. `distance` is the root mean
        square difference (pictures are from 0 to 1) of its picture to the mean of the random ones,
        `random` that of a random picture to the mean of all others, `ratio` the one by the other.
    pictures : dict of str to ndarray, shape (height, width, channels)
        Of each region.
    random : dict of str to ndarray, shape (n_random, height, width, channels)
        Of as many voxels as the region has, drawn from all.
    """

    table: pd.DataFrame
    pictures: dict[str, np.ndarray]
    random: dict[str, np.ndarray]


def roi_pictures(
    results: Results,
    trials: Trials,
    rois: Mapping[str, Region] | None = None,
    *,
    model: str | None = None,
    n_random: int = 199,
    amplitude: float = 1.0,
    seed: int = 0,
    allow_code: bool = False,
) -> RegionPictures:
    """Show what a kept model makes of each region alone, beside random voxels of equal number.

    Parameters
    ----------
    results : Results
        Of a run with ``keep: final`` whose models tell pictures.
    trials : Trials
        Those that it was trained on, as `neurodecode.load` gives them: they say what an answer of a
        standard deviation is, and the regions of voxels.
    rois : mapping, optional
        Name of a region to its mask, shape (n_voxels,), or to types of voxels. Without it, each
        type is a region.
    model : str, optional
        Name in the table; the first one that was kept without.
    n_random, amplitude, seed, allow_code
        As of `region_pictures`; whether the model may be of classes from outside.

    Returns
    -------
    pictures : RegionPictures

    Raises
    ------
    ConfigError
        If no such model was kept, or it tells no pictures.
    DataError
        If voxels are of no region, or those of several people.
    """
    finals = results.index["finals"]
    order = [one["name"] for one in results.index["models"] if one["name"] in finals]
    name = next(iter(order), "") if model is None else model
    if name not in finals:
        raise ConfigError(
            f"roi_pictures: {results.folder} kept no model {name!r}.{nearest(name, finals)} Run "
            "the experiment with: --set keep=final"
        )
    kept = open_model(results.store, finals[name], allow_code=allow_code)
    if not kept.shape:
        raise ConfigError(f"roi_pictures: {name} tells no pictures. Name a model that does.")
    signal = results.index["input"]["signal"]  # beside it may stand what was shown
    trials.check_alike(signal)
    space = trials.signal(signal).used()[0].space
    if rois is None:
        rois = {one: one for one in dict.fromkeys(space.types)}
        if not rois:
            raise DataError(
                "roi_pictures: the card says no regions of its voxels. Give rois: a name to a mask."
            )
    masks = {one: _mask(one, region, space.types, len(space)) for one, region in rois.items()}
    return region_pictures(
        lambda X: _told(kept, X),
        trials.array(signal),
        masks,
        n_random=n_random,
        amplitude=amplitude,
        seed=seed,
    )


def region_pictures(
    predict: Callable[[np.ndarray], np.ndarray],
    X: np.ndarray,
    masks: Mapping[str, np.ndarray],
    *,
    n_random: int = 199,
    amplitude: float = 1.0,
    seed: int = 0,
) -> RegionPictures:
    """Show what `predict` makes of brains in which one region alone answers.

    Voxels of the region stand `amplitude` standard deviations above their mean, all others at
    theirs. A picture of a region is little by itself: any voxels make one. Beside it stand those of
    as many random voxels, and p says how often a random one differs as much from all others.

    Parameters
    ----------
    predict : callable
        Brains, shape (n, n_voxels), to pictures, shape (n, height, width, channels), from 0 to 1.
    X : ndarray, shape (n_trials, n_voxels)
        Training trials, which say each voxel's mean and standard deviation.
    masks : mapping of str to ndarray of bool, shape (n_voxels,)
        Name of a region to its voxels.
    n_random : int
        Random sets of voxels, of all that there are.
    amplitude : float
        Standard deviations.
    seed : int

    Returns
    -------
    pictures : RegionPictures

    Raises
    ------
    ConfigError
        If there are no regions, or no random sets.
    DataError
        If a mask is of other voxels, or marks none or all of them.

    Notes
    -----
    Each picture, the region's and the random ones', is held against the mean of all others, so all
    are alike where the region is as any set of voxels: p = (1 + random ones at least as far) /
    (1 + n_random) is exact. Voxels of a region are neighbours and random ones are not: p tells a
    region from scattered voxels, also where any patch of cortex would differ from these. p is of
    one region; correct it where several are looked at.

    References
    ----------
    Ozcelik & VanRullen 2023, doi 10.1038/s41598-023-42891-8 (scenes of a region's voxels; there
    without control).
    """
    if n_random < 1 or not masks:
        raise ConfigError(
            f"region_pictures: {len(masks)} regions and n_random {n_random}. Give one or more."
        )
    X = np.asarray(X, dtype=np.float64).reshape(len(X), -1)
    mean, sd = X.mean(axis=0), amplitude * X.std(axis=0)
    rows, pictures, random = [], {}, {}
    for number, (name, mask) in enumerate(masks.items()):
        mask = np.asarray(mask)
        n = int(mask.sum()) if mask.dtype == bool and mask.shape == mean.shape else 0
        if not 0 < n < len(mean):
            raise DataError(
                f"region_pictures: {name!r} has a mask of {mask.dtype}, shape {mask.shape}, that "
                f"marks {n} of {len(mean)} voxels. Give True for some and False for others."
            )
        rng = np.random.default_rng([seed, number])
        sets = np.zeros((1 + n_random, len(mean)), dtype=bool)
        sets[0] = mask
        for one in sets[1:]:
            one[rng.choice(len(mean), n, replace=False)] = True
        made = check_pictures(predict(mean + sd * sets), f"region_pictures: {name}")
        far = _distances(made)
        usual = float(np.sqrt(np.mean(far[1:] ** 2)))
        rows.append(
            {
                "region": name,
                "n_voxels": n,
                "distance": far[0],
                "random": usual,
                "ratio": far[0] / usual if usual > 0 else np.nan,
                "p": (1 + int(np.sum(far[1:] >= far[0]))) / (1 + n_random),
            }
        )
        pictures[name], random[name] = made[0], made[1:]
    return RegionPictures(pd.DataFrame(rows), pictures, random)


def _distances(pictures: np.ndarray) -> np.ndarray:
    """Root mean square difference of each picture to the mean of all others."""
    n = len(pictures)
    flat = pictures.reshape(n, -1).astype(np.float64)
    others = (flat.sum(axis=0) - flat) / (n - 1)
    return np.sqrt(np.mean((flat - others) ** 2, axis=1))


def _mask(name: str, region: Region, types: Sequence[str], n: int) -> np.ndarray:
    """Give the mask of a region that is told by types of voxels."""
    if isinstance(region, np.ndarray):
        return region
    asked = [region] if isinstance(region, str) else list(region)
    for one in asked:
        if one not in types:
            raise DataError(
                f"roi_pictures: {name!r}: none of {n} voxels is of type {one!r}."
                f"{nearest(one, dict.fromkeys(types))} Give a mask, or types that there are."
            )
    return np.isin(np.array(types, dtype=object).astype(str), asked)


def _told(kept: Kept, X: np.ndarray) -> np.ndarray:
    """Give a kept model's pictures of brains that nobody had: they have no rows."""
    last: Any = kept.stages[-1]
    with one_thread():
        for stage in kept.stages[:-1]:
            X = stage.transform(X)
        said = np.asarray(last.predict(X))
    said = said if kept.reducer is None else kept.reducer.inverse_transform(said)
    return pictures_of(said, kept.shape, kept.reducer or last)
