"""Jobs: one model on one fold, under a key that holds all the fold uses and nothing else."""

import hashlib
import inspect
import sys
from dataclasses import dataclass, field
from functools import cache
from importlib import metadata
from typing import Any, Literal

import numpy as np
from sklearn.base import clone

from neurodecode.core.digest import digest, digest_array
from neurodecode.core.errors import ConfigError
from neurodecode.core.files import cache_folder
from neurodecode.core.fold import Fold
from neurodecode.core.needs import Needs
from neurodecode.core.parts import TrialSignal
from neurodecode.core.stages import stages_of
from neurodecode.core.training import resolve_device
from neurodecode.core.truth import digest_told
from neurodecode.harness.in_use import inner_groups_of, needed_gap
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.question import Question
from neurodecode.harness.repeats import repeats_of
from neurodecode.harness.study import Study
from neurodecode.harness.task import Start
from neurodecode.harness.truth import TrainingTruth, rotates
from neurodecode.harness.validation import VERSION, held_out_by
from neurodecode.protocols import inner_groups
from neurodecode.simulate import ORACLE_SIGNAL

FORMAT = 2  # of what a job folder holds


@dataclass(frozen=True, eq=False)
class Job:
    """One model on one fold, or one draw of its shuffled null.

    Parameters
    ----------
    model : NamedModel
        Its estimator has every open ``random_state`` set.
    seed : int
    fold : Fold
    draw : int or None
        Draw of the shuffled null; None for the model itself.
    key : str
    parts : dict
        The readable key, of which `key` is the digest.
    permutation : int or None
        Number of the permutation of all labels that it is trained and scored on.
    start : Start or None
        Fitted model that it starts from.
    """

    model: NamedModel
    seed: int
    fold: Fold
    draw: int | None
    key: str
    parts: dict[str, Any] = field(repr=False)
    permutation: int | None = None
    start: Start | None = None

    @property
    def label(self) -> str:
        """How messages name the job."""
        draw = "" if self.draw is None else f", shuffled draw {self.draw}"
        if self.permutation is not None:
            draw = f", permutation {self.permutation}"
        return f"{self.model.name}, fold {self.fold.name}, seed {self.seed}{draw}"


def seeded(estimator: Any, seed: int) -> Any:
    """Clone an estimator and give every ``random_state`` that is open the seed.

    Raises
    ------
    ConfigError
        If it cannot be cloned.
    """
    try:
        copy: Any = clone(estimator)
    except (AttributeError, RuntimeError, TypeError) as error:
        raise ConfigError(
            f"models: {type(estimator).__name__} cannot be cloned, as every fold needs ({error}). "
            "Its __init__ must store each argument under its own name, unchanged."
        ) from error
    open_states = {
        name: seed
        for name, value in copy.get_params(deep=True).items()
        if name.rpartition("__")[2] == "random_state" and value is None
    }
    return copy.set_params(**open_states) if open_states else copy


class JobKeys:
    """Keys of the jobs of one study; what jobs share is digested once.

    Parameters
    ----------
    study : Study
    truth : TrainingTruth
    """

    def __init__(self, study: Study, truth: TrainingTruth):
        self._trials, self._truth, self._previous = study.trials, truth, study.previous
        self._study = study
        self._inputs = tuple(study.inputs.signals)
        self._question, self._pretrained = study.question, study.pretrained
        self._uids = np.array(study.trials.rows["uid"], dtype="S16")
        self._memo: dict[Any, Any] = {}
        self._device = device_of(study.question)

    def job(
        self,
        model: NamedModel,
        seed: int,
        fold: Fold,
        draw: int | None = None,
        permutation: int | None = None,
    ) -> Job:
        """Give the job of `model` on `fold`, or of a draw of its null, or of a permutation."""
        named, described = self._once((model.name, seed), lambda: _seeded_model(model, seed))
        needs = model.input_needs
        more = ("unlabelled",) if model.unlabelled else ()
        used = fold.index("train", "val", "test", "adapt", *more)
        told = ("y", id(fold), seed, draw, permutation)
        parts = {
            "format": FORMAT,
            "model": described,
            "data": self._once(
                ("data", id(fold), needs.signals, more), lambda: self._data(used, needs)
            ),
            "rows": self._once(("rows", id(fold)), lambda: self._rows(fold)),
            "y": self._once(told, lambda: self._y(fold, seed, draw, permutation)),
            "columns": {name: digest_array(self._column(name)[used]) for name in model.columns},
            "access": [fold.access, self._question.access.one_by_one],
            "tune": self._tuning(model, fold),
            "device": self._device if "torch" in model.packages else "cpu",
        }
        if self._question.averages_inputs:
            parts["repeats"] = self._once(("repeats", id(fold)), lambda: self._repeats(fold))
        weights = self._once(("weights", model.name), lambda: weights_of(model.estimator))
        if weights:
            parts["weights"] = weights
        how = model.updates(self._question.access)
        if how:
            later = self._truth.tested(fold, seed, draw, permutation)
            parts["updates"] = [how, digest_told(later) if how == "delayed_labels" else None]
        if model.training_columns or model.training_signals:
            whose = self._once(  # of a null they go with the truth that is told
                ("whose", *told[1:]), lambda: self._truth.whose(fold, seed, draw, permutation)
            )
            parts["training_columns"] = {
                name: digest_array(self._column(name)[whose])
                for name in model.training_columns
                if name in self._trials.rows or name == "previous"
            }
            if model.training_signals:
                shown = {name: self._study.shown.get(name) for name in model.training_signals}
                parts["training_signals"] = {  # none where features are not computed yet
                    name: one and one[whose].key for name, one in shown.items()
                }
        if model.target_space:
            space = self._once(("space", id(fold)), lambda: self._truth.space(fold))
            parts["target_space"] = space and space.key
        if model.val:  # else the model trains on all of them
            parts["val"] = self._once(("val", id(fold)), lambda: self._val(fold))
        if more:
            parts["unlabelled"] = digest_array(self._uids[fold.index(*more)])
        pretrained = self._pretrained
        start = None if pretrained is None else pretrained.start(named, described, seed, fold)
        if start is not None:
            parts["init"] = start.key
        return Job(named, seed, fold, draw, digest(parts), parts, permutation, start)

    def _tuning(self, model: NamedModel, fold: Fold) -> Any:
        """Say what choosing a model's arguments uses: the grid, what inner folds keep apart."""
        tune = self._question.tune
        if tune is None or model.name not in tune.grids:
            return None
        # Pairs: of equal scores the first candidate wins, in the order of the arguments.
        grid = [[name, _describe_value(values)] for name, values in tune.grids[model.name].items()]
        rows = self._trials.rows.take(fold.index("train", "val"))
        groups = inner_groups_of(self._question, rows, self._study.paired_by)
        metric = tune.metric or self._question.metrics[0]
        codes = None if groups is None else digest_array(groups)
        gap = needed_gap(self._study)
        return [grid, tune.n_splits, metric, codes, *([gap] if gap else [])]

    def _val(self, fold: Fold) -> list[Any]:
        """Say what cutting validation rows from training rows goes by."""
        rows = self._trials.rows.take(fold.index("train", "val"))
        apart, paired_by = self._question.protocol.apart, self._study.paired_by
        several = [inner_groups(rows, one, paired_by) for one in (apart, ())]
        several += [rows.codes(*paired_by)] if paired_by else []
        shown = None
        if not rotates(self._study):
            shown = held_out_by(rows, self._question.target.kind, paired_by)
        several += [] if shown is None else [shown]
        return [VERSION, *(None if one is None else digest_array(one) for one in several)]

    def _repeats(self, fold: Fold) -> list[str] | None:
        repeats = repeats_of(self._question, self._trials.rows, fold)
        return None if repeats is None else repeats.key

    def _once(self, name: Any, make: Any) -> Any:
        if name not in self._memo:
            self._memo[name] = make()
        return self._memo[name]

    def _y(self, fold: Fold, seed: int, draw: int | None, permutation: int | None) -> str:
        y = self._truth.of(fold, seed, draw, permutation)
        target, reduce = self._question.target, self._question.reduce
        reduced = None if reduce is None else describe_stage(reduce)
        return digest([digest_told(y), target.kind, target.classes, reduced])

    def _rows(self, fold: Fold) -> dict[str, str]:
        return {
            role: hashlib.sha256(self._uids[fold.index(role)].tobytes()).hexdigest()[:32]
            for role in ("train", "val", "test", "adapt")
        }

    def _data(self, used: np.ndarray, needs: Needs) -> list[Any]:
        described = []
        names = self._inputs if isinstance(needs.signals, int) else needs.signals
        for name in sorted(names) if needs.signals != 0 else ():
            signal = self._signal(name)
            mine = signal.take(used)
            source = signal.parts[0].source
            if name == ORACLE_SIGNAL and isinstance(source, np.ndarray):  # of all recordings
                described.append([name, digest_array(source[mine.at])])
                continue
            pieces = [digest_array(array) for array in (mine.at, mine.length)]
            described.append([name, sorted(part.key for part in mine.used()), *pieces])
        return described

    def _signal(self, name: str) -> TrialSignal:
        """Give a signal; what the oracle says stands in the order of the question's classes."""
        oracle = self._study.oracle if name == ORACLE_SIGNAL else None
        return self._trials.signals[name] if oracle is None else oracle

    def _column(self, name: str) -> np.ndarray:
        return self._previous if name == "previous" else self._trials.rows[name]


def device_of(question: Question) -> Literal["cpu", "cuda"]:
    """Say on what networks are trained; torch is imported only where a model needs it."""
    if question.device == "cpu" or not any("torch" in one.packages for one in question.models):
        return "cpu"
    return resolve_device(question.device)


def _seeded_model(model: NamedModel, seed: int) -> tuple[NamedModel, list[Any]]:
    estimator = seeded(model.estimator, seed)
    return NamedModel(model.name, estimator, model.role), describe_model(estimator)


def weights_of(estimator: Any) -> dict[str, str]:
    """Give SHA-256 of every file of weights that a model is made from, by its method ``hashes``.

    Raises
    ------
    DataMissing
        If weights are not on this machine.
    ConfigError, DataError
        If an argument that names them cannot be meant, or they are of another model.
    """
    stages = [one for one in stages_of(estimator) if hasattr(one, "hashes")]
    return {file: sha for one in stages for file, sha in one.hashes(cache_folder()).items()}


def describe_model(estimator: Any) -> list[Any]:
    """Stages of a model with every parameter, defaults included, and versions: plain data."""
    return [describe_stage(stage) for stage in stages_of(estimator)]


def describe_stage(stage: Any) -> dict[str, Any]:
    """One estimator with its parameters and the version of its code."""
    params = stage.get_params(deep=False) if hasattr(stage, "get_params") else {}
    return {
        "class": f"{type(stage).__module__}.{type(stage).__qualname__}",
        "version": _version(type(stage)),
        "parameters": {name: _describe_value(value) for name, value in params.items()},
    }


def _describe_value(value: Any) -> Any:
    if hasattr(value, "get_params") and not isinstance(value, type):
        return describe_stage(value)
    if isinstance(value, np.ndarray):
        return digest_array(value)
    if isinstance(value, dict):
        # In their order, which digests of mappings do not see: bands lie in it among the columns.
        return [{str(key): _describe_value(one)} for key, one in value.items()]
    if isinstance(value, list | tuple):
        return [_describe_value(one) for one in value]
    if value is None or isinstance(value, str | int | float | bool | np.generic):
        return value
    if isinstance(value, type):
        return [f"{value.__module__}.{value.__qualname__}", _version(value)]
    if callable(value):
        return [getattr(value, "__qualname__", repr(value)), _source_digest(value)]
    return repr(value)


@cache
def _version(cls: type) -> str:
    library = cls.__module__.partition(".")[0]
    if library == "neurodecode":
        # What our class computes also depends on the library that it wraps.
        needs = getattr(cls, "needs", None)
        more = needs.packages if isinstance(needs, Needs) else ()
        wrapped = ", ".join(map(_release, ("scikit-learn", "pyriemann", "mne", *more)))
        return f"{vars(cls)['version']} on {wrapped}"
    distribution = {"sklearn": "scikit-learn"}.get(library, library)
    if library in ("sklearn", "pyriemann", "mne", "nilearn", "braindecode"):
        return _release(distribution)
    return _source_digest(cls)


@cache
def _release(distribution: str) -> str:
    return distribution + " " + ".".join(metadata.version(distribution).split(".")[:2])


def _source_digest(found: Any) -> str:
    """Digest of the source of the module that a stranger's class or function stands in."""
    module = sys.modules.get(getattr(found, "__module__", "") or "")
    # A notebook's or a script's own module changes with every cell; its class alone counts.
    counts = found if module is None or module.__name__ == "__main__" else module
    try:
        return digest(inspect.getsource(counts))
    except (OSError, TypeError):
        return digest(_code_of(found))


def _code_of(found: Any) -> list[Any]:
    """Give what is compiled of a class or function typed at a prompt, whose source is lost."""
    if inspect.isclass(found):
        bases = [_code_of(base) for base in found.__bases__ if base is not object]
        members = sorted(vars(found).items())
        return [bases, [[name, _code_of(one)] for name, one in members if callable(one)]]
    code = found if inspect.iscode(found) else getattr(found, "__code__", None)
    if code is None:
        return [type(found).__qualname__]
    inner = [_code_of(one) if inspect.iscode(one) else repr(one) for one in code.co_consts]
    return [code.co_code.hex(), code.co_names, inner]
