"""Tables of a BIDS data set: who took part, which channels there are, what happened."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data.readers import _events
from neurodecode.data.specs import EventsSpec

# Columns that rows of a recording have in any case; a table's own of the same name are told apart.
_TAKEN = ("uid", "recording", "subject", "session", "run", "start", "stop", "position", "previous")
_FORMS = {"\N{MICRO SIGN}": "u", "\N{GREEK SMALL LETTER MU}": "u", "micro": "u", "volts": "V"}


def read_tsv(path: Path) -> pd.DataFrame:
    """Read a table, all values as text.

    Raises
    ------
    DataError
        If it is no table of tab-separated values.
    """
    try:
        return pd.read_csv(
            path, sep="\t", dtype=str, keep_default_na=False, encoding="utf-8-sig"
        ).rename(columns=str.strip)
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise DataError(
            f"{path}: it is no table of tab-separated values ({error}). Replace the file."
        ) from error


def read_sidecar(paths: list[Path]) -> dict[str, Any]:
    """Join JSON sidecars, the nearest first: what it says goes before what those above say.

    Raises
    ------
    DataError
        If one is not JSON.
    """
    joined: dict[str, Any] = {}
    for path in reversed(paths):
        try:
            said = json.loads(path.read_text(encoding="utf-8-sig"))
        except (json.JSONDecodeError, UnicodeDecodeError) as error:
            raise DataError(f"{path}: it is not JSON ({error}). Correct the file.") from error
        if not isinstance(said, dict):
            raise DataError(f"{path}: expected keys and values, got a {type(said).__name__}.")
        joined |= said
    return joined


def participants(root: Path) -> dict[str, dict[str, str]] | None:
    """Give the columns of ``participants.tsv`` by subject, or None where there is no such file.

    Raises
    ------
    DataError
        If it names nobody, or somebody twice.
    """
    path = root / "participants.tsv"
    if not path.is_file():
        return None
    table = read_tsv(path)
    if "participant_id" not in table:
        raise DataError(
            f"{path}: no column 'participant_id'; there are: {', '.join(table)}. Add it: sub-LABEL "
            "of each row."
        )
    who = table["participant_id"].str.removeprefix("sub-")
    twice = who[who.duplicated()]
    if len(twice):
        raise DataError(
            f"{path}: sub-{twice.iloc[0]} has {int((who == twice.iloc[0]).sum())} rows. Keep one "
            "row a subject."
        )
    columns = [column for column in table if column != "participant_id"]
    return {
        name: {column: str(value) for column, value in zip(columns, values, strict=True)}
        for name, values in zip(who, table[columns].to_numpy(), strict=True)
    }


def participant_of(
    subject: str, known: Mapping[str, Mapping[str, str]] | None, root: Path
) -> Mapping[str, str]:
    """Columns of one subject.

    Raises
    ------
    DataError
        If there is a table without this subject.
    """
    if known is None:
        return {}
    if subject not in known:
        raise DataError(
            f"{root / 'participants.tsv'}: no row for sub-{subject}, who has recordings; there are "
            f"rows for {', '.join(f'sub-{name}' for name in list(known)[:20])}. Add the row, with "
            "n/a for what is not known."
        )
    return known[subject]


def events_of(
    path: Path | None, spec: EventsSpec, participant: Mapping[str, str]
) -> tuple[pd.DataFrame, tuple[str, ...]]:
    """Events with every column of ``events.tsv`` and of the person's row, and notes on them.

    Parameters
    ----------
    path : Path or None
        None for a recording at rest, which needs none.
    spec : EventsSpec
        Without a column for the label, it is ``trial_type``, else ``value``.
    participant : mapping of str to str
    """
    if path is None:
        empty = {"onset": [], "duration": []}
        events = pd.DataFrame(empty, dtype="float64").assign(label=pd.Series(dtype=object))
        notes = []
    else:
        known = read_tsv(path).columns
        if "label" not in spec.columns and not {"label", "trial_type"} & set(known):
            spec = replace(spec, columns={**spec.columns, "label": "value"})
        events = _events.read_table(path, spec)
        notes = [] if len(events) else [f"{path.name} holds no event"]
    columns: dict[str, Any] = {}
    for name in events:
        ours = _free(str(name), "event", columns)
        columns[ours] = events[name]
        if ours != name:
            notes.append(f"column {name!r} of events.tsv is called {ours!r}")
    for name, value in participant.items():
        ours = _free(name, "participant", columns)
        columns[ours] = [value] * len(events)
        if ours != name:
            notes.append(f"column {name!r} of participants.tsv is called {ours!r}")
    return pd.DataFrame(columns, index=events.index), tuple(notes)


def channels_of(path: Path) -> pd.DataFrame:
    """Table of channels: ``name``, ``type``, ``units`` (SI letters) and ``status``, as text.

    Raises
    ------
    DataError
        If a column that BIDS requires is missing, or a name is given twice.
    """
    table = read_tsv(path)
    lacking = [column for column in ("name", "type", "units") if column not in table]
    if lacking:
        raise DataError(
            f"{path}: no column {', '.join(lacking)}, which BIDS requires; there are: "
            f"{', '.join(table)}. Add it."
        )
    twice = table.loc[table["name"].duplicated(), "name"]
    if len(twice):
        raise DataError(f"{path}: channel {twice.iloc[0]!r} has two rows. Keep one a channel.")
    if "status" not in table:
        table["status"] = "n/a"
    table["units"] = [unit_letters(unit) for unit in table["units"]]
    return table


def unit_letters(unit: str) -> str:
    """Write a unit one way: ``µV`` and ``microV`` are ``uV``; empty where none is said."""
    if unit.strip().lower() in ("", "n/a", "na"):
        return ""
    for form, ours in _FORMS.items():
        unit = unit.replace(form, ours)
    return unit.strip()


def check_description(root: Path) -> None:
    """Hold the folder to being a BIDS data set.

    Raises
    ------
    DataMissing
        If there is no ``dataset_description.json``.
    """
    path = root / "dataset_description.json"
    if not path.is_file():
        raise DataMissing(
            f"{path}: it is missing, so {root} is no BIDS data set. If it is one all the same, "
            'write the file: {"Name": "…", "BIDSVersion": "1.10.0"}; else read the folder with the '
            "reader files."
        )
    read_sidecar([path])


def _free(name: str, source: str, taken: Mapping[str, Any]) -> str:
    while name in _TAKEN or name in taken:
        name = f"{source}_{name}"
    return name
