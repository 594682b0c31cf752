"""Trials too many to hold, written to ``.npy`` files some at a time and read by memory map."""

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.core.digest import digest
from neurodecode.core.files import whole_file
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials


def write_pieces(path: Path, shape: tuple[int, ...], pieces: Iterable[np.ndarray]) -> None:
    """Write an array whose rows come some at a time; the file is whole or absent.

    Parameters
    ----------
    path : Path
        Of the ``.npy`` file.
    shape : tuple of int
        Of the whole array.
    pieces : iterable of ndarray, shape (n, …)
        Of one dtype, in the order of axis 0.
    """
    with whole_file(path) as temporary, temporary.open("wb") as file:
        for i, piece in enumerate(pieces):
            if i == 0:
                header = np.lib.format.header_data_from_array_1_0(piece)
                np.lib.format.write_array_header_2_0(file, header | {"shape": shape})
            file.write(np.ascontiguousarray(piece).data)


def trials_of_files(
    events: pd.DataFrame,
    files: dict[str, Path],
    spaces: dict[str, Space],
    at: dict[str, np.ndarray],
    key: object,
) -> Trials:
    """Give trials whose signals are entries of files.

    Parameters
    ----------
    events : DataFrame
        A row a trial: subject, session, run, and whatever else is known.
    files, spaces, at : dict
        By signal: the ``.npy`` file, what its entries are, and the entry of each trial.
    key : plain data
        What the files were made from.
    """
    n = np.full(len(events), np.nan)
    entities = events[["subject", "session", "run"]].to_numpy().T
    table = events.assign(
        recording=[f"sub-{s}_ses-{e}_run-{r}" for s, e, r in zip(*entities, strict=True)],
        position=np.arange(len(events)),
        start=n,
        stop=n,
    )
    rows, order = Rows.build_sorted(table)
    trials = None
    for name, path in files.items():
        axis = "voxel" if spaces[name].kind == "voxels" else "feature"
        part = Part(path, spaces[name], (axis,), None, 0.0, digest([key, name]))
        one = Trials.of_entries(rows, name, part, at[name][order])
        trials = one if trials is None else Trials(rows, {**trials.signals, **one.signals})
    assert trials is not None  # there is a file
    return trials
