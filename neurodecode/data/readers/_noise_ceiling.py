"""Noise ceilings that a data set comes with, whatever unit its files have, as one quantity."""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from neurodecode.core.errors import ConfigError, DataError

Unit = Literal["r2", "percent", "r", "ncsnr"]


@dataclass(frozen=True)
class NoiseCeiling:
    """Where the noise ceiling of each voxel or vertex is kept.

    Parameters
    ----------
    path : str
        Template, as of the data.
    unit : {"r2", "percent", "r", "ncsnr"}
        ``r2``: share of variance, 0 to 1. ``percent``: the same, 0 to 100. ``r``: largest
        correlation. ``ncsnr``: standard deviation of the signal by that of the noise of one trial.
    repeats : int
        Repeats that it is the ceiling of a mean of; 1 of single rows, and of rows that are means
        themselves.
    withheld : bool
        Whether the file may be missing, as that of a challenge whose answers are not public.

    References
    ----------
    Allen et al. 2022, doi 10.1038/s41593-021-00962-x: of a mean of k trials it is
    ncsnr² / (ncsnr² + 1/k).
    """

    path: str
    unit: Unit
    repeats: int = 1
    withheld: bool = False

    def __post_init__(self):
        if self.unit not in get_args(Unit):
            raise ConfigError(
                f"unit: {self.unit!r} is none of {', '.join(get_args(Unit))}. Ceilings in percent "
                "and in r are told apart by nothing but what is said of them."
            )
        if self.repeats < 1 or (self.unit == "ncsnr" and self.repeats != 1):
            raise ConfigError(f"repeats: {self.repeats}: expected 1 or more, and 1 of ncsnr.")


def of_one_row(values: np.ndarray, spec: NoiseCeiling, where: str) -> np.ndarray:
    """Give the share of variance of one row that is signal.

    Parameters
    ----------
    values : ndarray
        In the unit of `spec`; NaN where unknown.
    spec : NoiseCeiling
    where : str
        The file, for messages.

    Returns
    -------
    ceiling : ndarray, shape as `values`
        From 0 to 1, by Spearman and Brown's formula where the file is of means of repeats.

    Raises
    ------
    DataError
        If values are beyond what the unit allows, as percent are that were called a share.
    """
    held = np.asarray(values, dtype=np.float64)
    most = {"r2": 1.0, "r": 1.0, "percent": 100.0, "ncsnr": np.inf}[spec.unit]
    known = held[np.isfinite(held)]
    if len(known) and not (known.min() >= -1e-6 and known.max() <= most * (1 + 1e-6)):
        raise DataError(
            f"{where}: noise ceilings from {known.min():g} to {known.max():g}; in the unit "
            f"{spec.unit} they are 0 to {most:g}. Correct its unit in the card."
        )
    held = np.clip(held, 0, None)
    if spec.unit == "ncsnr":
        return held**2 / (held**2 + 1)
    share = {"r2": held, "percent": held / 100, "r": held**2}[spec.unit]
    # Of a mean of k rows it is kρ / (1 + (k - 1)ρ).
    return share / (spec.repeats - (spec.repeats - 1) * share)
