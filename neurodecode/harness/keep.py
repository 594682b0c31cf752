"""Fitted models on disk: stored with skops, and opened without running anything of a stranger."""

import copy
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.files import read_json, whole_folder
from neurodecode.core.fold import Fold
from neurodecode.core.trials import Trials
from neurodecode.harness.handed import asked_for
from neurodecode.harness.store import TRAINED, Store
from neurodecode.harness.task import FoldTask, TaskJob

if TYPE_CHECKING:  # both open models that were kept
    from neurodecode.harness.answers import Fitted
    from neurodecode.harness.study import Study

FINAL = "final"  # name of the fold that trains on all rows
_STAGES, _REDUCER = "stages.skops", "reducer.skops"
_WEIGHTS = "stage-{}.safetensors"  # of the network that is this stage
# What may be opened: classes of these libraries, none of which runs code when it is made.
_TRUSTED = ("neurodecode.", "sklearn.", "pyriemann.", "mne.decoding.", "nilearn.", "numpy.",
            "scipy.", "collections.", "builtins.")  # fmt: skip


@dataclass(frozen=True, eq=False)
class Kept:
    """A fitted model that was stored.

    Parameters
    ----------
    model : str
        Name in the table.
    stages : list
        Fitted stages, the predictor last.
    reducer : scikit-learn transformer or None
        What predicted vectors are brought back through.
    shape : tuple of int
        Height, width and channels of the pictures that it tells; empty where it tells others.
    """

    model: str
    stages: list[Any]
    reducer: Any
    shape: tuple[int, ...] = ()

    def apply(self, X: Any, trials: Trials | None = None) -> Any:
        """Give what the predictor is handed for `X`.

        Parameters
        ----------
        X : ndarray, list of ndarray, or Trials
            As the first stage asks for them.
        trials : Trials, optional
            The same, for later stages that read columns of the rows.
        """
        for i, stage in enumerate(self.stages[:-1]):
            X = stage.transform(asked_for(stage, X, trials, self.stages[:i]))
        return asked_for(self.stages[-1], X, trials, self.stages[:-1])


def final_fold(study: "Study") -> Fold:
    """Give the fold that trains on every row whose target is known, and tests none.

    The others are there for models that learn from them too.
    """
    known = study.question.target.known(study.y)
    more = {}
    if any(model.unlabelled for model in study.question.models):
        more["unlabelled"] = np.flatnonzero(~known)
    return Fold.of(FINAL, len(study.trials), train=np.flatnonzero(known), **more)


def save_model(task: FoldTask, job: TaskJob, fitted: "Fitted") -> None:
    """Store the stages of a fitted model, and which rows it has seen.

    Raises
    ------
    DataError
        If they cannot be stored, as with functions typed at a prompt.
    """
    io, store = _skops(), task.store
    (store.folder / "models").mkdir(exist_ok=True)
    try:
        with whole_folder(store.folder / "models" / job.key) as folder:
            io.dump(
                [_without_weights(one, i, folder) for i, one in enumerate(fitted.stages)],
                folder / _STAGES,
            )
            if fitted.reducer is not None:
                io.dump(fitted.reducer, folder / _REDUCER)
            _load(folder / _STAGES, allow_code=True)  # some classes can be written and not read
            store.take_history(job.key, folder)
            _rows_seen(task, job).to_parquet(folder / TRAINED, index=False)
            (folder / "key.json").write_text(json.dumps(job.parts, indent=1, sort_keys=True))
            (folder / "done.json").write_text(
                json.dumps({"model": job.model.name, "shape": fitted.shape})
            )
    except OSError:
        raise
    except Exception as error:  # skops raises of many kinds
        raise DataError(
            f"keep: {job.model.name} cannot be stored ({type(error).__name__}: {error}). Models "
            "that are kept are made of importable classes and plain data."
        ) from error


def _rows_seen(task: FoldTask, job: TaskJob) -> pd.DataFrame:
    """Give the rows that a model has seen, also those of what it started from."""
    own = (task.train, task.adapt, task.unlabelled if job.model.unlabelled else None)
    tables = [one.rows.table for one in own if one is not None]
    seen = pd.concat(tables, ignore_index=True)
    seen = seen.assign(
        card=task.origin.card,
        content=[task.origin.contents.get(one, "") for one in seen["recording"]],
    )
    if job.start is not None:
        before = Store(job.start.folder).trained(job.start.key)
        seen = pd.concat([seen, before], ignore_index=True)
    text = [name for name, column in seen.items() if column.dtype.kind not in "biuf"]
    return seen.astype(dict.fromkeys(text, "string"))  # parquet has no column of several types


def open_model(store: Store, key: str, *, allow_code: bool = False) -> Kept:
    """Open a model that was kept.

    Parameters
    ----------
    store : Store
    key : str
    allow_code : bool
        Whether classes of other than known libraries may be made.

    Raises
    ------
    ConfigError
        If there is none, or it needs classes that are not trusted.
    """
    folder = store.folder / "models" / key
    if not (folder / "done.json").is_file():
        raise ConfigError(
            f"{store.folder}: this model was not kept. Run the experiment with: --set keep=final"
        )
    reducer = folder / _REDUCER
    stages = _load(folder / _STAGES, allow_code)
    done = read_json(folder / "done.json")
    return Kept(
        done["model"],
        [_with_weights(one, i, folder) for i, one in enumerate(stages)],
        _load(reducer, allow_code) if reducer.is_file() else None,
        tuple(done.get("shape", ())),  # models of before told no pictures
    )


def _without_weights(stage: Any, i: int, folder: Path) -> Any:
    """Give a stage without the weights of its network, if it has one, which are stored apart."""
    if not hasattr(stage, "weights_"):
        return stage
    from safetensors.numpy import save_file  # comes with torch, which made the weights

    # ascontiguousarray would make a vector of a count of batches, which is one number.
    weights = {name: np.asarray(one, order="C") for name, one in stage.weights_.items()}
    save_file(weights, folder / _WEIGHTS.format(i))
    stage = copy.copy(stage)
    del stage.weights_
    return stage


def _with_weights(stage: Any, i: int, folder: Path) -> Any:
    """Give a stage the weights that were stored of it.

    Raises
    ------
    DataError
        If their file is damaged.
    """
    path = folder / _WEIGHTS.format(i)
    if path.is_file():
        from safetensors import SafetensorError
        from safetensors.numpy import load_file

        try:
            stage.weights_ = load_file(path)
        except SafetensorError as error:
            raise DataError(
                f"{path}: damaged ({error}). Delete its folder and run the experiment again: the "
                "model is fitted anew."
            ) from error
    return stage


def _load(path: Any, allow_code: bool) -> Any:
    io = _skops()
    try:
        named: Sequence[str] = io.get_untrusted_types(file=path)
    except Exception as error:  # a damaged file raises anything at all
        raise DataError(
            f"{path}: damaged ({type(error).__name__}: {error}). Delete its folder and run the "
            "experiment again: the model is fitted anew."
        ) from error
    strange = [name for name in named if not name.startswith(_TRUSTED)]
    if strange and not allow_code:
        raise ConfigError(
            f"{path}: it holds {', '.join(strange[:5])}, which is code from outside. If you trust "
            "it, say --allow-code."
        )
    return io.load(path, trusted=list(named))


def _skops() -> Any:
    import skops.io  # 0.2 s: only where a model is kept or opened

    return skops.io
