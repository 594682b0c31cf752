"""Axes of a stored array: which count trials, which is the feature axis, which tell recordings."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data._layout import KINDS
from neurodecode.data.readers._templates import ENTITIES

if TYPE_CHECKING:
    from neurodecode.data.readers._feature_table import Kept

ONE, PAIR, TIME, VOLUME = "_", "pair", "time", "volume"


@dataclass(frozen=True)
class Axes:
    """What each axis of a stored array is.

    Parameters
    ----------
    stored : tuple of str
        Names in the file's order; of two factors that one axis runs through, ``family*direction``.
    sizes : mapping of str to int
        Length of each, factors one by one.
    summed : tuple of str
        Axes over which values are added.
    kept : Kept or None
        Features that are read, where these are not all.
    """

    stored: tuple[str, ...]
    sizes: Mapping[str, int]
    summed: tuple[str, ...] = ()
    kept: "Kept | None" = None

    @property
    def names(self) -> tuple[str, ...]:
        """Axes of the array as it is worked with: factors apart, pairs unpacked."""
        return tuple(
            name
            for axis in self.stored
            for name in (("trial", "feature") if axis == PAIR else axis.split("*"))
        )

    @property
    def feature(self) -> str:
        """Name of the feature axis."""
        return next(name for name in self.names if name in KINDS)

    @property
    def entries(self) -> tuple[str, ...]:
        """Axes that count trials, the outermost first."""
        other = (*KINDS, *ENTITIES, *self.summed, ONE, TIME, VOLUME)
        return tuple(name for name in self.names if name not in other)

    @property
    def over_time(self) -> str:
        """``time``, ``volume`` or neither."""
        left = [name for name in self.names if name in (TIME, VOLUME) and name not in self.summed]
        return left[0] if left else ""

    @property
    def n_entries(self) -> int:
        """Number of trials."""
        return math.prod(self.sizes[name] for name in self.entries)

    def positions(self, axis: str) -> np.ndarray:
        """Position of each trial along one of the axes that count them."""
        before = math.prod(self.sizes[n] for n in self.entries[: self.entries.index(axis)])
        after = self.n_entries // max(before * self.sizes[axis], 1)
        return np.tile(np.repeat(np.arange(self.sizes[axis]), after), before)

    def arranged(self, array: np.ndarray, chosen: Mapping[str, int]) -> np.ndarray:
        """Bring a stored array into the order of signals.

        Parameters
        ----------
        array : ndarray
            As stored.
        chosen : mapping of str to int
            Position along each axis that tells recordings apart.

        Returns
        -------
        values : ndarray, float64
            Shape (n_entries, n_features), (n_entries, n_features, n_times),
            (n_features, n_times) or (n_volumes, n_features).
        """
        if PAIR in self.stored:
            array = _square(array, self.stored.index(PAIR))
        array = array.reshape([self.sizes[name] for name in self.names])
        index = tuple(
            chosen[name] if name in ENTITIES else 0 if name == ONE else slice(None)
            for name in self.names
        )
        array = array[index]
        left = [name for name in self.names if name not in (*ENTITIES, ONE)]
        if self.summed:
            array = array.sum(axis=tuple(left.index(name) for name in self.summed),
                              dtype=np.float64)  # fmt: skip
            left = [name for name in left if name not in self.summed]
        wanted = [*self.entries, self.feature]
        if self.over_time == VOLUME:
            wanted = [VOLUME, self.feature]
        elif self.over_time:
            wanted = [*wanted, TIME]
        array = array.transpose([left.index(name) for name in wanted])
        if self.over_time and not self.entries:
            return np.ascontiguousarray(array, dtype=np.float64)
        ends = array.shape[len(self.entries) :]
        return np.ascontiguousarray(array, dtype=np.float64).reshape(self.n_entries, *ends)


def check_axes(axes: Sequence[str], summed: Sequence[str]) -> None:
    """Hold the axes of a layout to what a signal can be.

    Raises
    ------
    ConfigError
        If there is not one feature axis, an axis is named twice, or volumes are within trials.
    """
    names = Axes(tuple(axes), {}).names
    twice = [name for name in names if name != ONE and names.count(name) > 1]
    if twice:
        raise ConfigError(f"axes: {twice[0]!r} is named twice. Give each axis a name of its own.")
    features = [name for name in names if name in KINDS]
    if len(features) != 1:
        raise ConfigError(
            f"axes: expected one of {', '.join(KINDS)}, got {' and '.join(features) or 'none'} in "
            f"[{', '.join(axes)}]."
        )
    for name in summed:
        if name not in names or name in KINDS or name in ENTITIES:
            raise ConfigError(f"sum: {name!r} is no axis that can be summed over.")
    made = Axes(tuple(axes), {}, tuple(summed))
    if VOLUME in names and (made.entries or TIME in names):
        raise ConfigError("axes: volumes are entries themselves; no trial or time is beside them.")


def axes_of(
    axes: Sequence[str],
    summed: Sequence[str],
    levels: Mapping[str, int],
    shape: Sequence[int],
    where: str,
) -> Axes:
    """Give the axes of an array of one shape.

    Parameters
    ----------
    axes, summed : sequence of str
        As the card names them.
    levels : mapping of str to int
        How many names the card has for an axis.
    shape : sequence of int
    where : str
        File and key, for messages.

    Raises
    ------
    DataError
        If the array has other axes, or lengths that the names do not fit.
    """
    if len(shape) != len(axes):
        raise DataError(
            f"{where}: shape {tuple(shape)} has {len(shape)} axes, the card names {len(axes)}: "
            f"{', '.join(axes)}. Correct axes in the card."
        )
    sizes: dict[str, int] = {}
    for axis, length in zip(axes, shape, strict=True):
        factors = axis.split("*")
        if axis == PAIR:
            n = round((1 + math.sqrt(1 + 8 * length)) / 2)
            if n * (n - 1) // 2 != length:
                raise DataError(
                    f"{where}: {length} pairs are not the upper triangle of a square. Correct "
                    "axes in the card."
                )
            sizes |= {"trial": n, "feature": n}
        elif len(factors) == 1:
            sizes[axis] = length
        else:
            lacking = [name for name in factors if name not in levels]
            if lacking:
                raise DataError(f"{where}: levels of {lacking[0]!r} are not in the card.")
            sizes |= {name: levels[name] for name in factors}
            if math.prod(levels[name] for name in factors) != length:
                counts = " × ".join(str(levels[name]) for name in factors)
                raise DataError(
                    f"{where}: the axis {axis} has {length} positions, its levels are {counts}. "
                    "Correct levels in the card."
                )
        if axis == ONE and length != 1:
            raise DataError(
                f"{where}: an axis named _ has {length} positions; _ stands for an axis of length "
                "1. Name it in the card."
            )
        if axis in levels and levels[axis] != length:
            raise DataError(
                f"{where}: the axis {axis} has {length} positions and {levels[axis]} levels in the "
                "card. Correct levels."
            )
    if ONE in axes:
        sizes[ONE] = 1
    return Axes(tuple(axes), sizes, tuple(summed))


def _square(array: np.ndarray, axis: int) -> np.ndarray:
    """Unpack upper triangles, row by row, into symmetric matrices with a diagonal of zeros."""
    packed = np.moveaxis(array, axis, -1)
    n = round((1 + math.sqrt(1 + 8 * packed.shape[-1])) / 2)
    square = np.zeros((*packed.shape[:-1], n, n), dtype=np.float64)
    rows, columns = np.triu_indices(n, 1)
    square[..., rows, columns] = packed
    square[..., columns, rows] = packed
    return np.moveaxis(square, (-2, -1), (axis, axis + 1))
