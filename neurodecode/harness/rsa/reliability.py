"""What a brain says of itself: RDMs of halves of the runs, and what those of all runs would."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataError
from neurodecode.harness.rsa.options import RsaOptions
from neurodecode.harness.rsa.sources import TIMES, Source, measured
from neurodecode.harness.store import Store
from neurodecode.linalg.rdm_compare import compare
from neurodecode.metrics.ceiling import spearman_brown

RELIABILITY = "split-half reliability"  # of all runs
HALVES = "agreement of halves"  # which it is stepped up from
_FILE = "reliability.json"
_FRAME = ("metric", "subject", "region", "time", "model", "score")


@dataclass(frozen=True)
class Reliability:
    """How halves of the runs agree.

    Parameters
    ----------
    halves : mapping of str to list of float
        Of each comparison the mean over halves at each time, averaged as Fisher's z.
    times : float
        How many times as many runs there are as in a half.
    """

    halves: Mapping[str, list[float]]
    times: float

    def save(self, folder: Path) -> None:
        """Write it into the folder of a job."""
        told = {"halves": dict(self.halves), "times": self.times}
        (folder / _FILE).write_text(json.dumps(told), encoding="utf-8")


def reliability(source: Source, options: RsaOptions, seed: int) -> Reliability:
    """Compare RDMs of random halves of the runs; of an odd number one run is in neither.

    Parameters
    ----------
    source : Source
    options : RsaOptions
        With `split_half`, which is how many halves.
    seed : int

    Raises
    ------
    DataError
        If there are fewer than two runs, or a half lacks a condition.
    """
    assert source.runs is not None  # options ask for them
    X, codes, runs = source.values(options), source.codes, np.unique(source.runs)
    half = len(runs) // 2
    if half == 0:
        raise DataError(f"{source.label}: split_half: one run has no halves.")
    rng = np.random.default_rng(seed)
    sums = {name: np.zeros(1) for name in options.comparison}
    for _ in range(options.split_half):
        order = rng.permutation(runs)
        parts = [np.isin(source.runs, one) for one in (order[:half], order[half : 2 * half])]
        if any(len(np.unique(codes[mine])) < len(source.names) for mine in parts):
            raise DataError(f"{source.label}: split_half: a half of the runs lacks a condition.")
        rdms = [measured(X[mine], codes[mine], source.runs[mine], options) for mine in parts]
        for name in options.comparison:
            alike = [compare(a, b, name, warn=False)[0, 0] for a, b in zip(*rdms, strict=True)]
            # A correlation of 1 has no z: noise-free data stay at what rounding leaves.
            sums[name] = sums[name] + np.arctanh(np.clip(alike, -1 + 1e-12, 1 - 1e-12))
    halves = {name: np.tanh(total / options.split_half).tolist() for name, total in sums.items()}
    return Reliability(halves, len(runs) / half)


def stepped_up(halves: np.ndarray, times: float, comparison: str) -> np.ndarray:
    """Say how RDMs of all runs would agree with those of as many others.

    Parameters
    ----------
    halves : ndarray
        Agreement of RDMs of halves.
    times : float
    comparison : str

    Returns
    -------
    whole : ndarray
        By Spearman and Brown; of Kendall's tau by way of the correlation that it belongs to
        (r = sin(pi tau / 2)). Below zero as above, so that noise does not explode.

    Notes
    -----
    The noise of squared distances falls faster with the number of runs than that of patterns, so
    that it is too low where noise is large: by up to .1 of agreements below .7, by .01 from .85 on
    (20 to 40 conditions, 5 to 8 runs, correlation, Euclidean and crossnobis distances).

    References
    ----------
    Spearman 1910, doi 10.1111/j.2044-8295.1910.tb00206.x; Greiner 1909 for tau, in Kendall 1949,
    doi 10.1093/biomet/36.1-2.177.
    """
    if comparison not in ("tau-a", "tau-b"):
        return np.sign(halves) * spearman_brown(np.abs(halves), times)
    r = np.sin(np.pi / 2 * halves)
    return 2 / np.pi * np.arcsin(np.sign(r) * spearman_brown(np.abs(r), times))


def stored_reliability(store: Store, index: Mapping[str, Any]) -> pd.DataFrame:
    """Read reliabilities: ``metric subject region time model score``, two rows each.

    `HALVES` is what was measured, and `RELIABILITY` what it is stepped up to.

    Raises
    ------
    DataError
        If a job is of an earlier version.
    """
    rows = []
    for job in index["jobs"]:
        place = store.folder / "jobs" / job["key"]
        if "error" in job or not (place / _FILE).is_file():
            continue
        told = json.loads((place / _FILE).read_text(encoding="utf-8"))
        if "halves" not in told:
            raise DataError(
                f"{place}: reliability of an earlier version. Run the experiment again."
            )
        times = np.load(place / TIMES, allow_pickle=False)
        for metric, halves in told["halves"].items():
            whole = stepped_up(np.array(halves), told["times"], metric)
            for model, values in ((RELIABILITY, whole), (HALVES, halves)):
                rows += [
                    (metric, job["subject"], job["region"], time, model, float(value))
                    for time, value in zip(times, values, strict=True)
                ]
    return pd.DataFrame(rows, columns=pd.Index(_FRAME))
