"""Which trials and recordings the tables beside images part them into."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from neurodecode.core.errors import DataMissing
from neurodecode.data.readers import _design, _templates, _trials, _volumes
from neurodecode.data.readers._design import Design

if TYPE_CHECKING:
    from neurodecode.data.readers.nifti import Options


def parts(
    options: "Options", tables: Sequence[Path], paths: Mapping[str, Path], ids: Mapping[str, str]
) -> dict[str | None, tuple[Path, ...]]:
    """Give the recordings that a table parts an image into, and their images; None: one."""
    column = options.recordings_by
    if options.events:
        return {None: tuple(paths.values())}
    if options.volumes:
        table = _volumes.read(tables[0], column)
        return dict.fromkeys(table[column], tuple(paths.values()))
    table = trials_of(options, tables, ids["subject"])
    if column in named(options):  # each recording has images of its own
        if "" in paths:
            return {None: tuple(paths.values())}
        mine = table.iloc[_trials.of_recording(table, column, ids[column], tables[0])]
        return {None: _trials.images(mine, paths, tables[0])}
    one_image = "" in paths
    chosen = np.array([] if one_image else _trials.images(table, paths, tables[0]), dtype=object)
    if column not in table:
        return {None: tuple(paths.values()) if one_image else tuple(chosen)}
    if one_image:
        return dict.fromkeys(table[column], tuple(paths.values()))
    return {part: tuple(chosen[table[column] == part]) for part in dict.fromkeys(table[column])}


def named(options: "Options") -> list[str]:
    """Entities that the template of the betas names."""
    return _templates.fields(options.betas, (_trials.TRIAL,))


def trials_of(options: "Options", tables: Sequence[Path], subject: str) -> pd.DataFrame:
    """Give one row a trial, of one table, of the tables of all runs, or by arrays."""
    if isinstance(options.trials, Design):
        return _design.read(options.trials, tables[0], subject)
    return _trials.read_runs(tables) if of_runs(options) else _trials.read(tables[0])


def of_runs(options: "Options") -> bool:
    """Whether trials stand in a table a run, and betas of all runs in one image."""
    trials = options.trials
    return isinstance(trials, str) and "{run}" in trials and "{run}" not in options.betas


def tables_of_runs(
    root: Path, template: str, ids: Mapping[str, str], image: Path
) -> Sequence[Path]:
    """Give the tables of the runs that an image of betas holds, in the order of their names."""
    known = {name: value for name, value in ids.items() if name != "run"} | {"run": "{run}"}
    found = [path for _, path in _templates.match(root, _templates.fill(template, known))]
    if not found:
        place = root / _templates.fill(template, {**ids, "run": "*"})
        raise DataMissing(
            f"{place}: the tables of trials of {image.name} are missing. Fetch them, or correct "
            "the card."
        )
    return found
