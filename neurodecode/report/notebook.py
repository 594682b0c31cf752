"""The notebook's small ways in: trials, stimuli, a model by name, anything as a table."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from neurodecode.core.config import Call, call, convert
from neurodecode.core.errors import ConfigError
from neurodecode.core.fold import ROLES, Fold
from neurodecode.core.names import build as build_call
from neurodecode.core.names import check_call
from neurodecode.core.nodes import Node, Problems, from_plain
from neurodecode.core.predictions import Predictions
from neurodecode.core.recording import Recording, Signal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.stimuli import Stimuli
from neurodecode.core.trials import Trials
from neurodecode.data.cards import load_card
from neurodecode.data.roots import find_root
from neurodecode.data.simulated import simulated_stimuli
from neurodecode.data.stimuli import open_stimuli
from neurodecode.data.tasks import WindowsSpec
from neurodecode.harness.opening import open_study
from neurodecode.harness.resolve import resolve
from neurodecode.harness.spec import DataSpec, Experiment, ProtocolSpec
from neurodecode.harness.study import Study
from neurodecode.report.results import Results


def load(
    card: str,
    task: str | None = None,
    *,
    variant: str = "",
    subjects: Sequence[str] | None = None,
    sessions: Sequence[str] | None = None,
    runs: Sequence[str] | None = None,
    prepare: Sequence[str | Mapping[str, Any]] | Mapping[str, Any] | str | None = None,
    windows: Mapping[str, Any] | None = None,
    data: str | Path | None = None,
    simulate: Literal["", "full", "small"] = "",
    allow_code: bool = False,
) -> Trials:
    """Read recordings of a card, prepare them, and cut the trials of a task.

    Parameters
    ----------
    card : str
        Name of a card, or path of a card file.
    task : str, optional
        A task of the card; the first one without.
    variant : str
        A variant of the card; the first one without.
    subjects, sessions, runs : sequence of str, optional
    prepare : sequence, optional
        Preparations in order, such as ``[{"filter": {"l_freq": 8, "h_freq": 30}}]``. Without it,
        what the task says.
    windows : mapping, optional
        ``tmin`` and ``tmax`` in seconds around the onset, ``reject``. Without it, the task's.
    data : path, optional
        A data root: a folder with one subfolder a card.
    simulate : {"", "full", "small"}
        Whether recordings are made, with a planted effect, as the card says; no file is read then.
    allow_code : bool
        Whether the card may name code of its own, such as the class of a MOABB data set.

    Returns
    -------
    trials : Trials
        ``trials.X`` is the array, ``trials.rows`` the table.
    """
    return open_study_of(
        card, task, variant=variant, subjects=subjects, sessions=sessions, runs=runs,
        prepare=prepare, windows=windows, data=data, simulate=simulate, allow_code=allow_code,
    ).trials  # fmt: skip


def open_study_of(card: str, task: str | None, *, data: str | Path | None, **choices: Any) -> Study:
    """Give the study behind `load`."""
    tasks = load_card(card, allow_code=choices["allow_code"]).tasks
    if not tasks:
        raise ConfigError(f"load: card {card} has no task. Give it one under tasks.")
    task = task or next(iter(tasks))
    problems = Problems("load")
    spec = DataSpec(
        card,
        task,
        choices["variant"],
        _texts(choices["subjects"]),
        _texts(choices["sessions"]),
        _texts(choices["runs"]),
        choices["simulate"],
    )
    preparations = None
    if choices["prepare"] is not None:
        asked = choices["prepare"]
        listed = [asked] if isinstance(asked, str | Mapping) else asked
        nodes = [Node(p) if isinstance(p, str) else from_plain(p) for p in listed]
        preparations = tuple(call(node, "prepare", problems) for node in nodes)
        for one in preparations:
            check_call(one, "signal", "prepare", problems)
    windows = None
    if choices["windows"] is not None:
        windows = convert(from_plain(choices["windows"]), WindowsSpec, "windows", problems)
    problems.stop()
    experiment = Experiment(
        data=spec,
        models=((Call("baseline.prior"),),),
        controls=(),
        prepare=preparations,
        windows=windows,
        protocol=ProtocolSpec(Call("within_session")),
    )
    resolved = resolve("load", experiment, allow_code=choices["allow_code"])
    return open_study(resolved, None if data is None else Path(data), compute=True)


def stimuli(
    card: str,
    *,
    variant: str = "",
    data: str | Path | None = None,
    simulate: Literal["", "full", "small"] = "",
) -> Stimuli:
    """Open what was shown in a data set; contents are read when asked for.

    Parameters
    ----------
    card : str
        Name of a card, or path of a card file.
    variant : str
        A variant of the card; the first one without.
    data : path, optional
        A data root: a folder with one subfolder a card.
    simulate : {"", "full", "small"}
        Whether to give what simulated recordings show, which is made and may be seen by anyone;
        of a card without files always.

    Returns
    -------
    stimuli : Stimuli
        ``stimuli[id]`` is a picture, upright, as it is stored; ``stimuli.table`` has a row each.
        The ids are those in the column ``stimulus`` of the trials.
    """
    found = load_card(card)
    if simulate or found.wholly_simulated:
        return simulated_stimuli(found, simulate or "full", variant)
    root = find_root(found, None if data is None else Path(data), variant)
    return open_stimuli(found, root, variant)


def build(name: str, /, **arguments: Any) -> Any:
    """Make the model or step that a name stands for.

    Parameters
    ----------
    name : str
        Such as ``"riemann.mdm"`` or ``"sklearn.svm.LinearSVC"``.
    **arguments
        Of its constructor.

    Returns
    -------
    estimator : scikit-learn estimator
        Unfitted.

    Examples
    --------
    >>> build("riemann.mdm", metric="logeuclid")
    Mdm(metric='logeuclid')
    """
    problems = Problems("build")
    one = Call(name, arguments)
    check_call(one, "models", "", problems, allow_code=True)
    problems.stop()
    return build_call(one, "models", allow_code=True)


def table(x: Any) -> pd.DataFrame:
    """Show anything of neurodecode's vocabulary as a table.

    Parameters
    ----------
    x : Trials, Rows, Space, Signal, Recording, Fold, Predictions, Stimuli, Results
        A list of recordings works too.

    Returns
    -------
    table : DataFrame
    """
    if isinstance(x, Results):
        return x.table()
    if isinstance(x, Trials):
        return x.rows.table
    if isinstance(x, Rows):
        return x.table
    if isinstance(x, Signal):
        return x.events.copy()
    if isinstance(x, Stimuli):
        return x.table.copy()
    if isinstance(x, Fold):
        return pd.DataFrame({"role": [ROLES[code] for code in x.role]})
    if isinstance(x, Space):
        return _space_table(x)
    if isinstance(x, Predictions):
        frame = pd.DataFrame({"uid": x.uid, "pred": list(x.pred)})
        for i in range(0 if x.scores is None else x.scores.shape[1]):
            frame[f"score_{i}"] = x.scores[:, i]  # pyright: ignore[reportOptionalSubscript]
        return frame
    several = list(x) if isinstance(x, Sequence) else [x]
    recordings = [one for one in several if isinstance(one, Recording)]
    if len(recordings) < max(1, len(several)):
        raise ConfigError(
            f"table: there is no table of {type(x).__name__}. Give trials, rows, results, a space, "
            "a fold, predictions or recordings."
        )
    return pd.DataFrame(
        [
            {
                "subject": r.subject,
                "session": r.session,
                "run": r.run,
                "modality": r.modality,
                "files": ", ".join(f.path.name for f in r.files),
            }
            for r in recordings
        ]
    )


def _space_table(space: Space) -> pd.DataFrame:
    columns: dict[str, Any] = {"name": list(space.names) or list(range(len(space)))}
    if space.types:
        columns["type"] = list(space.types)
    for array, axes in ((space.positions, "xyz"), (space.ijk, "ijk")):
        if array is not None:
            columns |= {axis: array[:, i] for i, axis in enumerate(axes)}
    return pd.DataFrame(columns)


def _texts(values: Sequence[str] | None) -> tuple[str, ...] | None:
    listed = [values] if isinstance(values, str) else values
    return None if listed is None else tuple(map(str, listed))
