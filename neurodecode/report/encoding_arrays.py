"""Trials of features and responses in memory: what an encoder is told, and what it tells."""

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import mne
import numpy as np
import pandas as pd

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.series import is_series, step_of
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials, stack
from neurodecode.report.array_rows import RowsGiven, as_volumes, metadata_of, own_tables
from neurodecode.report.arrays import (
    check_finite_trials,
    checked_data,
    in_order,
    of_epochs,
    trials_of,
)
from neurodecode.report.masks import marked
from neurodecode.simulate import ORACLE_SIGNAL

FEATURES, RESPONSES = "features", "responses"  # names of the signals
_AXES = ("feature",)
_NAMED = 5  # constant targets that a warning names


def as_encoding_trials(
    data: Any, target: Any, rows: RowsGiven | None = None, space: Any = None
) -> tuple[Trials, str, tuple[str, ...]]:
    """Give trials of features and responses, and the name of the signal of responses.

    Parameters
    ----------
    data : ndarray, mapping of name to ndarray, mapping of subject to either, or Trials
        Features, shape (n_trials, …). Of `Trials` all signals but that of the responses.
    target : ndarray, mne.Epochs, mapping of subject to either, or str
        Responses, shape (n_trials, n_targets) or (n_trials,); of `Trials` the name of a signal,
        None for the only one that is no features.
    rows : DataFrame or mapping, optional
        As `evaluate`.
    space : optional
        What each target is, as `evaluate` has it.

    Returns
    -------
    trials : Trials
        Series have a part a recording, at their rate, so that features may be delayed and draws of
        a null keep time; else each subject has one part a signal.
    name : str
    notes : tuple of str
        What was taken for granted.

    Raises
    ------
    ConfigError
        If shapes, subjects or names do not fit together.
    DataError
        If a number is not finite, or all targets are constant.
    """
    if isinstance(data, Trials):
        if rows is not None or space is not None:
            raise ConfigError(
                "rows, space: trials have a table and spaces of their own. Give neither."
            )
        shown = {name: one for name, one in data.signals.items() if name != ORACLE_SIGNAL}
        trials = Trials(data.rows, shown)  # the oracle of a card tells what its task tells
        return trials, _brain_of(trials, target), ()
    several, named = _people(data, target)
    tables = own_tables(rows, {subject: len(one) for subject, one in several.items()})
    spaces = _own_spaces(space, several)
    pieces, notes = [], dict[str, None]()
    for subject, responses in several.items():
        table = tables[subject]
        if table is None:
            table = metadata_of(responses)
        table = pd.DataFrame(index=range(len(responses))) if table is None else table
        if not isinstance(responses, mne.BaseEpochs):
            table, note = as_volumes(table)
            notes |= {note: None} if note else {}
        pieces.append(_one_subject(named[subject], responses, table, spaces[subject], str(subject)))
    return (pieces[0] if len(pieces) == 1 else stack(pieces)), RESPONSES, tuple(notes)


def _people(data: Any, target: Any) -> tuple[dict[Any, Any], dict[Any, dict[str, np.ndarray]]]:
    """Give responses and named features by subject, each held to being an array of trials."""
    if target is None or isinstance(target, str):
        raise ConfigError(
            "target: give the responses, an array of shape (n_trials, n_targets). Only the signals "
            "of Trials have names."
        )
    if not isinstance(target, Mapping):
        target, data = {"1": target}, {"1": data}
    elif not target:
        raise ConfigError("target: the mapping is empty. Give {subject: responses}.")
    elif not isinstance(data, Mapping) or set(data) != set(target):
        there = f"of {', '.join(map(str, data))}" if isinstance(data, Mapping) else "one array"
        raise ConfigError(
            f"data: responses are of the subjects {', '.join(map(str, target))}, and features are "
            f"{there}. Give features by subject too: {{subject: features}}."
        )
    responses, features = {}, {}
    for subject in data:  # in the order of the rows
        responses[subject] = _responses(target[subject], str(subject))
        features[subject] = _features(data[subject], len(responses[subject]), str(subject))
    known = [list(one) for one in features.values()]
    if any(one != known[0] for one in known):
        raise ConfigError(
            f"data: subjects have features of several names ({known[0]} and "
            f"{next(one for one in known if one != known[0])}). Give all the same."
        )
    return responses, features


def _responses(given: Any, subject: str) -> Any:
    if isinstance(given, mne.BaseEpochs):
        return given
    Y = np.asarray(given) if np.ndim(given) == 1 else checked_data(given, subject, RESPONSES)
    if Y.ndim > 2 or Y.dtype.kind not in "fiu":
        raise ConfigError(
            f"responses of subject {subject}: shape {Y.shape} and type {Y.dtype}. Give numbers of "
            "shape (n_trials, n_targets), such as voxels; of channels in time give mne.Epochs."
        )
    return Y[:, None] if Y.ndim == 1 else Y


def _features(given: Any, n_trials: int, subject: str) -> dict[str, np.ndarray]:
    several = given if isinstance(given, Mapping) else {FEATURES: given}
    found = {}
    for name, one in several.items():
        if name == RESPONSES or not isinstance(name, str):
            raise ConfigError(
                f"data: features of subject {subject} are called {name!r}. Give them another name, "
                "as text."
            )
        where = name if isinstance(given, Mapping) else FEATURES
        X = checked_data(one, subject, where)
        if isinstance(X, mne.BaseEpochs):
            raise ConfigError(
                f"{where} of subject {subject}: epochs are responses. Give features first, as in "
                "nd.evaluate(features, epochs, direction='encode')."
            )
        if len(X) != n_trials:
            raise ConfigError(
                f"{where} of subject {subject}: {len(X)} rows for {n_trials} trials of responses. "
                "Give one row of features a trial"
                + (
                    "; several people need responses by subject: {subject: responses}."
                    if isinstance(given, Mapping)
                    else "."
                )
            )
        check_finite_trials(X, subject, where)
        found[name] = X
    if not found:
        raise ConfigError(f"data: there are no features of subject {subject}.")
    return found


def _own_spaces(given: Any, responses: Mapping[Any, Any]) -> dict[Any, Space | None]:
    """Give each subject the space of its responses; None where epochs know it."""
    several = given if isinstance(given, Mapping) else dict.fromkeys(responses, given)
    if set(several) != set(responses):
        raise ConfigError(
            f"space: of the subjects {', '.join(map(str, several))}, and responses are of "
            f"{', '.join(map(str, responses))}. Give each its own, or one for all."
        )
    found: dict[Any, Space | None] = {}
    for subject, Y in responses.items():
        if isinstance(Y, mne.BaseEpochs):
            if several[subject] is not None:
                raise ConfigError("space: epochs know their channels. Leave it out.")
            found[subject] = None
            continue
        # What nobody names is each person's own.
        own, n = f"{subject}: " if len(responses) > 1 else "", Y.shape[1]
        space = _space(several[subject], tuple(f"{own}voxel {i}" for i in range(n)))
        if len(space) != n:
            raise ConfigError(
                f"space: {len(space)} {space.kind} for {n} responses a trial of subject {subject}."
            )
        found[subject] = space
    return found


def _space(given: Any, names: tuple[str, ...]) -> Space:
    """Give the space that is asked for; without one, voxels of these names."""
    if given is None:
        return Space("voxels", names)
    if isinstance(given, Space):
        return given
    if isinstance(given, str | Path) or hasattr(given, "affine"):
        mask, affine = marked(given, "space")
        return Space("voxels", affine=affine, shape=mask.shape, ijk=np.argwhere(mask))
    if isinstance(given, Sequence | np.ndarray | pd.Index | pd.Series):
        several = np.asarray(given)
        if several.ndim != 1 or several.dtype.kind == "b":
            raise ConfigError(
                f"space: an array of {several.dtype} of shape {several.shape} is no list of names, "
                "and as a mask it does not say where its voxels lie. Give an image (nibabel), or "
                "its path."
            )
        return Space("parcels", tuple(map(str, given)))
    raise ConfigError(
        f"space: got {type(given).__name__}. Give the name of each target, a mask (an image of 0 "
        "and 1, or its path) whose voxels they are, or a neurodecode.core.space.Space."
    )


def _one_subject(
    features: Mapping[str, np.ndarray],
    responses: Any,
    table: pd.DataFrame,
    space: Space | None,
    subject: str,
) -> Trials:
    if space is None:
        made, position = of_epochs(responses, table, subject)
        (told,) = made.signals.values()
        sfreq = float(responses.info["sfreq"])
        parts = tuple(replace(part, sfreq=sfreq) for part in told.parts)
        made = Trials(made.rows, {RESPONSES: replace(told, parts=parts)})
    else:
        _check_varies(responses, subject)
        made, position = trials_of(
            responses, table, subject, space, _AXES, sfreq=None, tmin=0.0, name=RESPONSES,
            what=RESPONSES,
        )  # fmt: skip
        told = made.signals[RESPONSES]
        Y = told.parts[0].source
        assert isinstance(Y, np.ndarray)  # in memory
        made = Trials(made.rows, {RESPONSES: _signal(Y, space, made.rows)})
    signals = {}
    for name, X in features.items():
        flat = np.ascontiguousarray(in_order(X, position), dtype=np.float64).reshape(len(X), -1)
        shape = X.shape[1:] if X.ndim > 2 else ()
        of = Space("features", tuple(map(str, range(flat.shape[1]))), shape=shape)
        signals[name] = _signal(flat, of, made.rows)
    return Trials(made.rows, {**signals, **made.signals})


def _check_varies(Y: np.ndarray, subject: str) -> None:
    constant = np.flatnonzero(np.ptp(Y, axis=0) == 0) if len(Y) else np.zeros(0)
    if len(Y) and len(constant) == Y.shape[1]:
        raise DataError(
            f"responses of subject {subject}: all {Y.shape[1]} are constant over {len(Y)} trials. "
            "Check the data and their mask."
        )
    if len(constant):
        named = ", ".join(map(str, constant[:_NAMED])) + (", …" if len(constant) > _NAMED else "")
        warnings.warn(
            f"responses of subject {subject}: {len(constant)} of {Y.shape[1]} are constant over "
            f"all trials (columns {named}). They have no score.",
            UserWarning,
            stacklevel=6,  # the caller of `evaluate`
        )


def _signal(A: np.ndarray, space: Space, rows: Rows) -> TrialSignal:
    """Point each row at its entry: of a series in the part of its recording, which has a rate."""
    codes = rows.codes("recording")
    series = is_series(rows["recording"], rows["start"], rows["stop"])
    begins = np.flatnonzero(np.r_[True, np.diff(codes) != 0]) if series else np.zeros(1, np.intp)
    sfreq = 1 / step_of(rows["recording"], rows["start"]) if series else None
    ends, parts = np.r_[begins[1:], len(A)], []
    for begin, end in zip(begins, ends, strict=True):
        piece, tmin = A[begin:end], float(rows["start"][begin]) if series else 0.0
        key = digest([digest_array(piece), space.key, list(_AXES)])
        parts.append(Part(piece, space, _AXES, sfreq, tmin, key))
    part = np.repeat(np.arange(len(begins), dtype=np.int32), ends - begins)
    at = np.arange(len(A)) - begins[part]
    return TrialSignal(tuple(parts), part, at, np.full(len(A), -1, dtype=np.int32))


def _brain_of(trials: Trials, asked: Any) -> str:
    """Name the signal of trials that is told: the one asked for, or the only brain."""
    there = list(trials.signals)
    if asked is not None and not isinstance(asked, str):
        raise ConfigError(
            f"target: of trials it names the signal that is told: {' or '.join(there)}."
        )
    brains = [name for name in there if trials.signals[name].parts[0].space.kind != "features"]
    if asked is None and len(brains) != 1:
        raise ConfigError(
            f"target: name the signal of the responses; there are: {', '.join(there)}."
        )
    name = asked or brains[0]
    if name not in there:
        raise ConfigError(f"target: no signal {name!r}; there are: {', '.join(there)}.")
    if len(there) < 2:
        raise ConfigError(
            f"data: the trials have the signal {name!r} alone, and no features to tell it from."
        )
    return name
