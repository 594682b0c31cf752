"""Layouts of sensors or voxels: scales learnt of each, and places in the training layouts' square.

What is learnt is plain data: a layout is a dict with ``names types center scale``, under a key that
is the same for all recordings with these channels, wherever their sensors sat.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from neurodecode.core.digest import digest
from neurodecode.core.errors import DataError
from neurodecode.core.parts import TrialSignal
from neurodecode.core.space import Space
from neurodecode.nn.positions import flatten, unit_square

Scaling = Literal["robust", "standard", "none"]
_MOST_TRIALS, _MOST_BYTES = 400, 64e6  # that scales are learnt from, a layout


@dataclass(frozen=True, eq=False)
class Tables:
    """What trials at hand are read by: a row for each space among them.

    Parameters
    ----------
    row : ndarray of int64, shape (n_trials,)
        Of each trial.
    key : list of str
        Of the training layout of each row; empty where it is none of them.
    center, scale : ndarray of float32, shape (n_rows, n_channels)
        Of smaller layouts the last ones are zero and one.
    positions : ndarray of float32, shape (n_rows, n_channels, 2), or None
        NaN where a layout has no such channel.
    """

    row: np.ndarray
    key: list[str]
    center: np.ndarray
    scale: np.ndarray
    positions: np.ndarray | None

    @property
    def n_channels(self) -> int:
        """Of the largest layout."""
        return self.center.shape[1]


def key_of(space: Space) -> str:
    """Name a layout: its channels, or the voxels themselves."""
    return digest([space.kind, space.names, space.types, space.unit]) if space.names else space.key


def learn(signal: TrialSignal, scaling: Scaling, n_baseline: int) -> dict[str, dict[str, Any]]:
    """Learn center and scale of every channel of each layout of training trials.

    Parameters
    ----------
    signal : TrialSignal
        At most 400 trials a layout are read (as many voxel patterns as 64 MB hold), evenly drawn.
    scaling : {"robust", "standard", "none"}
        Median and distance of the quartiles; mean and standard deviation; neither. A channel that
        never changes has the scale one.
    n_baseline : int
        Samples whose mean is taken off each trial and channel first.

    Returns
    -------
    layouts : dict of str to dict
        In the order of the trials.
    """
    layouts = {}
    for key, space, mine in _by_layout(signal):
        layouts[key] = {
            "names": space.names,
            "types": space.types,
            "center": np.zeros(len(space)),
            "scale": np.ones(len(space)),
        }
        if scaling == "none":
            continue
        first = signal.piece(int(mine[0]))
        # A trial of voxels says one number of each, a trial in time one at each sample.
        n = _MOST_TRIALS if first.ndim > 1 else max(_MOST_TRIALS, int(_MOST_BYTES // first.nbytes))
        drawn = np.sort(np.random.default_rng(0).permutation(mine)[:n])
        X = np.stack([np.asarray(signal.piece(i), dtype=np.float32) for i in drawn])
        if X.ndim == 3:
            if n_baseline:
                X = X - X[..., :n_baseline].mean(axis=-1, keepdims=True)
            X = X.swapaxes(0, 1).reshape(len(space), -1).T
        layouts[key]["center"], layouts[key]["scale"] = _moments(X, scaling)
    return layouts


def _moments(X: np.ndarray, scaling: Scaling) -> tuple[np.ndarray, np.ndarray]:
    if scaling == "robust":
        low, center, high = np.percentile(X, [25, 50, 75], axis=0)
        scale = high - low
    else:
        center, scale = X.mean(axis=0, dtype=np.float64), X.std(axis=0, dtype=np.float64)
    if not np.isfinite(center).all():
        raise DataError(
            f"fit: channel {int(np.flatnonzero(~np.isfinite(center))[0])} holds NaN or infinite "
            "values. Leave such trials out (windows: reject), or interpolate the channel."
        )
    return center, np.where(scale > 0, scale, 1.0)


def flat_layout(signal: TrialSignal) -> np.ndarray:
    """Give the places of all sensors of training trials, flat, shape (n_sensors, 2).

    Raises
    ------
    DataError
        If one has no position; it is named.
    """
    return np.concatenate([_flat(space) for space in dict.fromkeys(p.space for p in signal.used())])


def tables(
    signal: TrialSignal, layouts: dict[str, dict[str, Any]], flat: np.ndarray | None
) -> Tables:
    """Give what trials are read by: scales of their channels, and their places.

    A channel of a layout that was not trained on is scaled as one of its name was, else as the
    middle one of those of its type. Places are those of the training layouts' square, whatever
    other sensors there are; what lies outside is put on its edge.

    Parameters
    ----------
    signal : TrialSignal
    layouts : dict of str to dict
        As `learn` gave them.
    flat : ndarray, shape (n_sensors, 2), or None
        As `flat_layout` gave it; None where places are of no use.
    """
    row_of: dict[Space, int] = {}
    of_part = np.zeros(len(signal.parts), dtype=np.int64)
    for i in dict.fromkeys(signal.part.tolist()):
        of_part[i] = row_of.setdefault(signal.parts[i].space, len(row_of))
    n = max((len(space) for space in row_of), default=0)
    center, scale = np.zeros((len(row_of), n)), np.ones((len(row_of), n))
    places = None if flat is None else np.full((len(row_of), n, 2), np.nan, dtype=np.float32)
    for space, row in row_of.items():
        own = layouts.get(key_of(space)) or _likely(space, layouts)
        center[row, : len(space)], scale[row, : len(space)] = own["center"], own["scale"]
        if places is not None and flat is not None:
            inside = _flat(space).clip(flat.min(axis=0), flat.max(axis=0))
            places[row, : len(space)] = unit_square(inside, flat)
    keys = [key if (key := key_of(space)) in layouts else "" for space in row_of]
    row = of_part[signal.part]
    return Tables(row, keys, center.astype(np.float32), scale.astype(np.float32), places)


def _likely(space: Space, layouts: dict[str, dict[str, Any]]) -> dict[str, np.ndarray]:
    """Give center and scale of the channels of a layout that was not trained on."""
    by_name: dict[str, tuple[float, float]] = {}
    by_type: dict[str, list[tuple[float, float]]] = {}
    for one in layouts.values():
        types = one["types"] or ("",) * len(one["names"])
        both = zip(one["center"], one["scale"], strict=True)
        for name, kind, pair in zip(one["names"], types, both, strict=True):
            by_name.setdefault(name, pair)
            by_type.setdefault(kind, []).append(pair)
    every = [pair for several in by_type.values() for pair in several]
    types = space.types or ("",) * len(space)
    pairs = [
        by_name.get(name) or np.median(by_type.get(kind, every), axis=0)
        for name, kind in zip(space.names, types, strict=True)
    ]
    center, scale = np.array(pairs).T
    return {"center": center, "scale": scale}


def check_same(signal: TrialSignal, layouts: dict[str, dict[str, Any]], owner: str) -> None:
    """Hold trials to the channels that a model was trained on, in their order.

    Raises
    ------
    DataError
        If they differ; it names the first that do, and what is missing.
    """
    trained = next(iter(layouts.values()))["names"]
    for part in signal.used():
        there = part.space.names
        if key_of(part.space) in layouts:
            continue
        pairs = enumerate(zip(trained, there, strict=False))
        first = next((i for i, (a, b) in pairs if a != b), None)
        missing = [name for name in trained if name not in there]
        told = (
            f"channel {first} is {there[first]!r} and was {trained[first]!r}"
            if first is not None
            else f"there are {len(there)} and were {len(trained)}"
        )
        lacking = f"; missing: {', '.join(missing[:8])}" if missing else ""
        if trained == there:
            told = "types or units are others"
        raise DataError(
            f"{owner}: these trials have other channels than it was trained on ({told}{lacking}). "
            "Its weights belong to channels: pick the same ones in the same order, or use "
            "align.benchetrit, which reads any layout."
        )


def _by_layout(signal: TrialSignal) -> Iterator[tuple[str, Space, np.ndarray]]:
    """Give each layout with the positions of its trials."""
    spaces = {i: signal.parts[i].space for i in dict.fromkeys(signal.part.tolist())}
    keys = {i: key_of(space) for i, space in spaces.items()}
    for key in dict.fromkeys(keys.values()):
        own = [i for i, one in keys.items() if one == key]
        yield key, spaces[own[0]], np.flatnonzero(np.isin(signal.part, own))


def _flat(space: Space) -> np.ndarray:
    known = space.positions is not None and np.isfinite(space.positions).all(axis=1)
    if space.positions is None or not np.all(known):
        first = 0 if space.positions is None else int(np.flatnonzero(~known)[0])
        name = space.names[first] if space.names else f"number {first}"
        raise DataError(
            f"sensor {name!r} has no position, and the model reads sensors by where they are. Give "
            "the card a montage (channels: montage), pick the sensors that have one, or use "
            "align.nice."
        )
    return flatten(space.positions)
