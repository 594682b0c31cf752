"""What `evaluate` is asked beside data and models, in the words of experiment files."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from neurodecode.core.config import bind, call
from neurodecode.core.errors import ConfigError
from neurodecode.core.names import build, check_call
from neurodecode.core.nodes import Node, Problems, from_plain
from neurodecode.core.rows import Rows
from neurodecode.core.series import ALIKE_ROWS, ALIKE_SECONDS, is_series, step_of
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.asked_ceiling import AUTOMATIC, DATA_SET, NONE, CeilingSpec
from neurodecode.harness.experiment import read_access, read_ceiling
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.noise_ceilings import STIMULUS
from neurodecode.harness.question import Aggregate, TargetAccess, Tune
from neurodecode.protocols import Protocol, claims_of

_FASTEST_VOLUMES = 0.4  # seconds; what comes faster is no blood flow
_LOOKED_AT, _FEWEST = 500, 20  # rows and targets of a recording; rows that say something
_N_SPLITS = 5
_SPLIT = "split"  # the column that official splits stand in


def several(given: Any) -> tuple[Any, ...]:
    """Give one value as a tuple of it, and several as a tuple of them."""
    return tuple(given) if isinstance(given, Iterable) and not isinstance(given, str) else (given,)


def tune_of(asked: Mapping[str, Any] | None) -> Tune | None:
    """Read which arguments are chosen on inner folds."""
    return None if asked is None else _read(asked, lambda *read: bind(Tune, *read), "tune")


def aggregate_of(asked: Mapping[str, Any] | None) -> Aggregate | None:
    """Read which test rows are answered together."""
    return (
        None if asked is None else _read(asked, lambda *read: bind(Aggregate, *read), "aggregate")
    )


def ceiling_of(asked: str | Mapping[str, Any] | None) -> CeilingSpec:
    """Read which noise ceiling stands beside scores."""
    return CeilingSpec() if asked is None else _read(asked, read_ceiling, "ceiling")


def access_of(asked: str | Mapping[str, Any] | None) -> TargetAccess:
    """Read what of the tested may be seen."""
    return TargetAccess() if asked is None else _read(asked, read_access, "target_access")


def _read(asked: Any, reader: Any, name: str) -> Any:
    problems = Problems("evaluate")
    found = reader(from_plain(asked), name, problems)
    problems.stop()
    return found


def protocol_of(
    asked: str | Mapping[str, Any] | None, trials: Trials, target: Target
) -> tuple[Protocol, str]:
    """Give the protocol that is asked for, or the default of such trials, and its name.

    Raises
    ------
    ConfigError
        If there is no such protocol, or nobody can say who is to be tested.
    """
    if asked is None:
        encodes = target.kind == "brain"
        asked = _of_encoders(trials, target) if encodes else _of_decoders(trials.rows)
    problems = Problems("evaluate")
    found = call(
        from_plain(asked) if not isinstance(asked, str) else Node(asked), "protocol", problems
    )
    check_call(found, "protocols", "protocol", problems)
    problems.stop()
    return build(found, "protocols"), found.name


def _of_decoders(rows: Rows) -> str:
    return "cross_subject" if len(set(rows["subject"])) > 1 else "within_session"


def encoder_of(trials: Trials, target: Target) -> Any:
    """Give the encoder of such trials where none is named.

    Of volumes one of what was shown before, since blood takes seconds; penalties are chosen by
    leaving out runs, or stretches where there is one run to train on.
    """
    rows = trials.rows
    if not _are_series(trials, target):
        return ["scale", "encode.ridge"]
    trained = rows if _SPLIT not in rows else rows.take(np.flatnonzero(rows[_SPLIT] != "test"))
    n_runs = int(_distinct(trained, ("subject",), "recording").min())
    left_out = n_runs if _SPLIT in rows else n_runs - 1
    how = {"cv": "runs" if left_out > 1 else "blocked"}
    if step_of(rows["recording"], rows["start"]) < _FASTEST_VOLUMES:
        return ["scale", {"encode.ridge": how}]
    return {"encode.fir_ridge": how}


def alike_rows(trials: Trials, target: Target) -> float:
    """Give the correlation of responses with those of the row before; 0 of series and epochs.

    The median over recordings, each of its first rows and targets.
    """
    signal = trials.signals[target.signal]
    if _are_series(trials, target) or any("time" in part.axes for part in signal.used()):
        return 0.0
    recording, found = trials.rows["recording"], []
    for one in dict.fromkeys(recording):
        mine = np.flatnonzero(recording == one)[:_LOOKED_AT]
        if len(mine) < _FEWEST:
            continue
        Y = trials.take(mine).array(target.signal).reshape(len(mine), -1)[:, :_LOOKED_AT]
        Y = Y - Y.mean(axis=0)
        size = float(np.sum(Y**2))
        found.append(float(np.sum(Y[1:] * Y[:-1])) / size if size > 0 else 0.0)
    return float(np.median(found)) if found else 0.0


def _are_series(trials: Trials, target: Target) -> bool:
    rows = trials.rows
    # Epochs that overlap are trials nevertheless: those that overlap the tested are not trained on.
    timed = any("time" in part.axes for part in trials.signals[target.signal].used())
    return not timed and is_series(rows["recording"], rows["start"], rows["stop"])


def _of_encoders(trials: Trials, target: Target) -> dict[str, dict[str, Any]]:
    """Say who is tested where an encoder tells the brain: no stimulus on both sides, no neighbours.

    Each person has an encoder of their own, since voxels are their own.
    """
    rows, series = trials.rows, _are_series(trials, target)
    if _SPLIT in rows and len(set(rows[_SPLIT])) > 1 and "test" in set(rows[_SPLIT]):
        return {"columns" if series or STIMULUS not in rows else "shared_stimuli": {}}
    shown = None if STIMULUS not in rows else rows.take(np.flatnonzero(pd.notna(rows[STIMULUS])))
    if shown is not None and len(shown) and not series:
        n_stimuli = _distinct(shown, ("subject",), STIMULUS)
        if n_stimuli.sum() < len(shown):
            return {"shared_stimuli": {"n_splits": min(_N_SPLITS, max(2, int(n_stimuli.min())))}}
    again = shown is not None and (_distinct(shown, ("subject", STIMULUS), "recording") > 1).any()
    if shown is not None and series and again:
        if (_distinct(shown, ("recording",), STIMULUS) == 1).all():
            return {"columns": {"column": STIMULUS, "test": "each"}}
        raise ConfigError(
            "protocol: rows follow each other in time, and runs show the same stimuli, so that no "
            "run can be left out alone. Say in a column split which rows are train and test."
        )
    if (_distinct(rows, ("subject", "session"), "run") > 1).all():
        return {"cross_run": {}}
    if (_distinct(rows, ("subject",), "session") > 1).all():
        return {"cross_session": {}}
    # Rows that nobody says anything of may be volumes: stretches of them are no near copies.
    gap = max(ALIKE_SECONDS, ALIKE_ROWS * step_of(rows["recording"], rows["start"]))
    within = {"n_splits": _N_SPLITS, "blocked": True}
    return {"within_session": within | ({"gap": gap} if series else {})}


def _distinct(rows: Rows, within: tuple[str, ...], part: str) -> np.ndarray:
    """Count the values of a column in each combination of values of some others."""
    pairs = np.unique(np.stack([rows.codes(*within), rows.codes(*within, part)]), axis=1)
    return np.bincount(pairs[0])


def check_people(
    protocol: Protocol, name: str, models: Sequence[NamedModel], trials: Trials, target: Target
) -> None:
    """Refuse to train on the voxels of one person and test those of another, which are not these.

    Raises
    ------
    ConfigError
        If people are kept apart, their responses are of several spaces, and no model learns from
        such.
    """
    apart = target.kind == "brain" and ("subject",) in claims_of(protocol)
    if not apart or any(model.ragged_targets for model in models):
        return
    spaces = {part.space.key: part.space for part in trials.signals[target.signal].used()}
    if len(spaces) > 1:
        sizes = " and ".join(dict.fromkeys(f"{len(one)} {one.kind}" for one in spaces.values()))
        raise ConfigError(
            f"protocol: {name} tests people who were not trained on, and each has voxels of their "
            f"own ({sizes}): what one of them answers says nothing of another's. Use "
            "shared_stimuli, cross_run or within_session, which fit an encoder for each person; "
            "bring people to one space, such as parcels or fsaverage, and name it with space=; or "
            "ask encode.prior_ridge or encode.braincorl, with target_access={'calibration': 16}."
        )


def check_ceiling(
    asked: CeilingSpec, aggregate: Aggregate | None, trials: Trials, target: Target
) -> None:
    """Refuse a noise ceiling that nothing can give: known before anything is fitted.

    Raises
    ------
    ConfigError
        If nothing is repeated, or the data come with none.
    """
    if target.kind != "brain" or asked.call.name in (AUTOMATIC, NONE):
        return
    where, rows = f"ceiling: {asked.call.name}", trials.rows
    if asked.call.name == DATA_SET:
        if any(part.space.ceiling is None for part in trials.signals[target.signal].used()):
            raise ConfigError(
                f"{where} is what the responses come with, and they come with none. Give space= a "
                "Space that has a ceiling, or another function."
            )
        return
    by = [STIMULUS] if aggregate is None else list(aggregate.by)
    lacking = [name for name in by if name not in rows]
    if lacking:
        raise ConfigError(
            f"{where} is of what was shown twice, and rows have no column {lacking[0]}. Give "
            "rows= one that names what each trial shows."
        )
    named = np.flatnonzero(np.logical_and.reduce([pd.notna(rows[name]) for name in by]))
    shown, columns = rows.take(named), list(dict.fromkeys(["subject", *by]))
    codes = shown.codes(*columns)
    if is_series(shown["recording"], shown["start"], shown["stop"]):
        # Rows of one film are told apart by their place in the run.
        frame = pd.DataFrame({"run": shown.codes("recording"), "code": codes})
        place = frame.groupby(["run", "code"]).cumcount()
        codes = pd.factorize(pd.Series(list(zip(codes, place, strict=True))))[0]
    if len(np.unique(codes)) == len(codes):
        raise ConfigError(
            f"{where} is of what was shown twice, and no {' and '.join(by)} was shown twice to one "
            "person. Leave ceiling out, or say none."
        )
