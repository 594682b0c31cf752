"""Studies in memory with a truth that was planted here, for every model and step of the tree."""

import contextlib
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, ClassVar
from unittest import mock

import numpy as np
import pandas as pd
from scipy import stats
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.pipeline import make_pipeline

from neurodecode.core.digest import digest_array
from neurodecode.core.errors import ConfigError
from neurodecode.core.names import catalogue, find
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.fitting import FoldWork
from neurodecode.harness.index import write_index, write_study
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Question, TargetAccess
from neurodecode.harness.run import execute
from neurodecode.harness.store import Store
from neurodecode.harness.study import Study
from neurodecode.harness.table import score_results
from neurodecode.harness.table_row import TableRow
from neurodecode.models.online import accumulated
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.report.arrays import previous_labels

SFREQ = 32.0
CLASSES = ("a", "b")
SIZES = {"channel": 5, "parcel": 5, "voxel": 8, "feature": 8, "band": 2, "time": 32}
SPACES = {"channel": "sensors", "parcel": "parcels", "voxel": "voxels"}
SHORT = {"kernel_length": 5, "pool_length": 8, "pool_stride": 3}  # the trials are short
ALIGNED = {
    "preset": "tiny", "positives": "trial", "training": {"max_epochs": 2, "batch_size": 16}
}  # fmt: skip
# What cannot be meant without arguments. A model that needs some is added here.
ARGUMENTS = {
    "align.atm": ALIGNED | {"sizes": SHORT},
    "align.benchetrit": ALIGNED,
    "align.mlp": ALIGNED,
    "align.nice": ALIGNED | {"sizes": SHORT},
    "align.ridge": {"repeats": "none"},  # nothing is shown twice
    "augmented_covariance": {"order": 2, "lag": 3},  # the trials are short
    "baseline": {"tmin": 0.0, "tmax": 0.25},  # they begin with their event
    "band_power": {"sfreq": SFREQ, "bands": ((2.0, 6.0), (6.0, 14.0)), "n_bins": 4},
    "baseline.covariates": {"columns": ("position", "site")},
    "deconfound": {"columns": ("position", "site")},
    # One band of five channels and 32 samples: in several, the order of channels would matter, as
    # it does to the last digits of products of single precision.
    "encode.banded_ridge": {
        "bands": {"all": 160}, "delays": (), "n_draws": 4, "precision": "float64"
    },
    "encode.factorized": {"grid": (1, 6), "training": {"max_epochs": 2}},
    "encode.fir_ridge": {"precision": "float64", "null": False},
    "encode.gaussian": {"grid": (1, 6), "training": {"max_epochs": 2}},
    "encode.layers": {"precision": "float64", "null": False},  # which says the mean of noise
    "encode.response_optimized": {"core": (4, 4), "training": {"max_epochs": 2}},
    "encode.ridge": {"precision": "float64", "null": False},
    "encode.semantic_transformer": {"grid": (1, 6), "training": {"max_epochs": 2}},
    "encode.transformer_encoder": {
        "preset": "tiny", "grid": (1, 6), "training": {"max_epochs": 2}
    },
    "riemann.augmented_covariance": {"order": 2, "lag": 3},
    "generate.autoencoder": {"n_updates": 2},
    "generate.benchetrit_generator": {
        "preset": "tiny", "low": {"pca": {"n_components": 3}}, "steps": 2,
        "network": {"training": {"max_epochs": 2}},
        "generator": {"unet": {"channels": [8, 16], "n_updates": 2}},
    },
    "generate.brain_diffuser": {
        "preset": "tiny", "low": {"pca": {"n_components": 3}}, "steps": 2,
        "generator": {"unet": {"channels": [8, 16], "n_updates": 2}},
    },
    "generate.diffusion": {
        "low": {"pca": {"n_components": 3}},
        "generator": {"unet": {"channels": [8, 16], "n_updates": 2, "steps": 2}},
    },
    "generate.pca": {"n_components": 3},
    "generate.token_ridge": {"repeats": "none"},
    "linear.cca_ssvep": {"freqs": (4.0, 6.0), "sfreq": SFREQ},
    "networks.eegnet": {"max_epochs": 2, "kernel_length": 8},
    "networks.shallow_convnet": {
        "max_epochs": 2, "n_filters": 4, "kernel_length": 5, "pool_length": 8
    },
}  # fmt: skip
# The oracle answers from the sources of simulated recordings, which these studies have none of; the
# mean of the true class is told that class.
SHIPPED = [
    (group, name)
    for group in ("models", "steps")
    for name in catalogue(group)
    if name not in ("baseline.oracle", "baseline.class_mean")
]
TIMED = ("trials_per_second", "waiting")  # in the history of a network; never the same twice
KINDS = ("label", "value", "vector", "picture")  # of target, that these studies have


class ClassMeans(ClassifierMixin, BaseEstimator):
    """Answer the class whose training mean is nearest, whatever the shape of a trial."""

    version: ClassVar[int] = 1

    def fit(self, X, y):
        flat = X.reshape(len(X), -1)
        self.classes_ = np.unique(y)
        self.means_ = np.stack([flat[y == code].mean(axis=0) for code in self.classes_])
        return self

    def predict(self, X):
        return self.classes_[np.argmax(self.decision_function(X), axis=1)]

    def decision_function(self, X):
        flat = X.reshape(len(X), 1, -1)
        return -np.sum((flat - self.means_) ** 2, axis=2)

    def __sklearn_tags__(self):
        tags = super().__sklearn_tags__()
        tags.input_tags.three_d_array = True
        tags.no_validation = True
        return tags


def shipped(group: str, name: str, n_features: int | None = None) -> NamedModel:
    """Give a model of the tree, or a step of it before a model that takes what it gives."""
    arguments = ARGUMENTS.get(name, {})
    if n_features is not None and "bands" in arguments and name.startswith("encode."):
        arguments = arguments | {"bands": {"all": n_features}}
    one = find(name, group)(**arguments)
    if name == "online.accumulate":  # takes what a decoder says of windows
        return NamedModel(name, accumulated(Mdm(), average=3, dwell=2))
    if group == "steps" or not hasattr(one, "predict"):
        return NamedModel(name, make_pipeline(one, ClassMeans()))
    role: Any = "control" if name == "baseline.history" else "model"
    return NamedModel(name, one, role)


@dataclass(frozen=True, eq=False)
class Design:
    """Rows of a study without its signal: subjects, sessions, runs of trials four seconds apart."""

    table: pd.DataFrame

    @staticmethod
    def of(
        n_subjects: int = 2, n_sessions: int = 1, n_runs: int = 2, n_per_run: int = 8, seed: int = 0
    ) -> "Design":
        rng = np.random.default_rng([seed, 1])
        table = pd.DataFrame(
            [
                {"subject": f"{s:02d}", "session": f"{e}", "run": f"{r}", "onset": 4.0 * i}
                for s in range(n_subjects) for e in range(n_sessions) for r in range(n_runs)
                for i in range(n_per_run)
            ]
        )  # fmt: skip
        n = len(table)
        table["recording"] = table["subject"] + "/" + table["session"] + "/" + table["run"]
        table["position"] = np.tile(np.arange(n_per_run), n // n_per_run)
        table["duration"], table["start"] = 1.0, table["onset"]
        table["stop"] = table["onset"] + 1.0
        table["site"] = rng.choice(["north", "south"], n)
        table["label"] = np.array(CLASSES)[rng.integers(2, size=n)]
        table["value"] = rng.standard_normal(n)
        return Design(table)


def signal_of(table: pd.DataFrame, axes: tuple[str, ...], effect: float, seed: int) -> np.ndarray:
    """Noise in which the first channel is stronger and higher in class b."""
    rng = np.random.default_rng([seed, 2])
    if axes[-2:] == ("channel", "channel"):
        X = signal_of(table, (*axes[:-1], "time"), effect, seed)
        return X @ X.swapaxes(-2, -1) / X.shape[-1] + 0.1 * np.eye(X.shape[-2])
    X = rng.standard_normal((len(table), *(SIZES.get(axis, 6) for axis in axes)))
    is_b = table["label"].to_numpy() == "b"
    first = X[:, 0] if len(axes) == 1 else X[..., 0, :]
    first[is_b] = (1 + effect) * first[is_b] + effect
    return X


def are_matrices(X: np.ndarray) -> bool:
    """Whether trials are covariances: no other axes here are as long as each other."""
    return X.ndim > 2 and X.shape[-2] == X.shape[-1]


def study_of(
    X: np.ndarray,
    table: pd.DataFrame,
    axes: tuple[str, ...],
    models: tuple[NamedModel, ...],
    kind: str = "label",
    shape: tuple[int, ...] = (),
    **question: Any,
) -> Study:
    """Give a study of trials in memory; a recording is a part, a trial an entry of it.

    Where features are maps, `shape` is that of one.
    """
    if kind == "picture":  # each trial shows one of its own
        table = table.assign(stimulus=[f"{i:03d}" for i in range(len(table))])
    rows, order = Rows.build_sorted(table)
    parts, part, at = [], np.zeros(len(table), dtype=np.int32), np.zeros(len(table), dtype=np.int64)
    names = tuple(f"{axes[0]} {i}" for i in range(X.shape[1]))
    for i, recording in enumerate(dict.fromkeys(table["recording"])):
        mine = np.flatnonzero(table["recording"] == recording)
        part[mine], at[mine] = i, np.arange(len(mine))
        angle = np.linspace(0, 6, X.shape[1])  # of places on a circle, for who asks for some
        places = 0.1 * np.column_stack([np.cos(angle), np.sin(angle), np.ones(X.shape[1])])
        of = SPACES.get(axes[0], "features")
        space = Space(
            of, names if axes[0] != "band" else (),
            positions=places if of == "sensors" and axes[0] != "band" else None, shape=shape,
        )  # fmt: skip
        parts.append(Part(X[mine], space, axes, SFREQ, 0.0, digest_array(X[mine])))
    length = np.full(len(table), -1, dtype=np.int32)
    signals = {"eeg": TrialSignal(tuple(parts), part[order], at[order], length)}
    target = Target("label", column="label", classes=CLASSES)
    if kind == "value":
        target = Target("value", column="value")
    if kind == "vector":
        Y = np.stack([table["value"], -table["value"], np.arange(len(table)) % 3], axis=1)
        signals["shown"] = shown(Y, order)
        target = Target("vector", signal="shown")
    if kind == "picture":
        patterns = np.random.default_rng([0, 5]).standard_normal((2, 8, 8, 3))
        told = np.stack([table["value"], np.arange(len(table)) % 3 - 1], axis=1)
        Y = (1 + np.tanh(np.tensordot(told, patterns, 1))) / 2
        signals["shown"] = shown(Y, order)
        signals["semantic"] = shown(np.tanh(told), order)
        target = Target("picture", signal="shown")
    metric = {
        "label": "balanced_accuracy", "value": "r2", "vector": "r2", "picture": "pixcorr"
    }[kind]  # fmt: skip
    asked = {"target": target, "models": models, "metrics": (metric,), "n_draws": 0}
    if kind == "picture":
        asked["shown"] = ("semantic",)
    if any(model.calibrated for model in models):
        asked["access"] = TargetAccess(calibration=2)
    trials = Trials(rows, signals)
    return Study(trials, Question(**{**asked, **question}), previous_labels(rows, "label"))


def shown(values: np.ndarray, order: np.ndarray) -> TrialSignal:
    """Give vectors or pictures as a signal, an entry a row of the table."""
    flat = values.reshape(len(values), -1)
    shape = values.shape[1:] if values.ndim > 2 else ()
    space = Space("features", tuple(f"{i}" for i in range(flat.shape[1])), shape=shape)
    part = Part(flat, space, ("feature",), None, 0.0, digest_array(flat))
    zeros = np.zeros(len(values), dtype=np.int32)
    return TrialSignal((part,), zeros, order, zeros - 1)


def run(study: Study, folder: Path) -> list[TableRow]:
    """Plan, run and score; give the table."""
    store = Store(folder).open()
    plan = make_plan(study)
    write_study(plan, store, "honesty", {}, "inline")
    finished = execute(plan, store)
    write_index(plan, store, "honesty", finished.errors)
    return score_results(store)


def far_from_chance(scores: dict[str, list[float]], spread: float | None = None) -> dict[str, Any]:
    """Give those whose mean over seeds, chance taken off, is more than 4 standard errors from zero.

    The standard error is that of the seeds, and 4 of them as many as Student's t asks where 4 of
    a known one are meant: 5.1 of 20 seeds. For a few seeds, `spread` is their known deviation.
    """
    far = {}
    for name, several in scores.items():
        n, sd, limit = len(several), spread, 4.0
        if sd is None:
            sd, limit = np.std(several, ddof=1), stats.t.isf(stats.norm.sf(4), n - 1)
        if abs(np.mean(several)) > limit * sd / np.sqrt(n) + 1e-9:
            far[name] = several
    return far


def fitted_numbers(study: Study) -> dict[str, Any]:
    """Run a study in a folder of its own and give all that was learnt, job by job."""
    kept: dict[str, Any] = {}

    class Recorder(FoldWork):
        def fit(self, job):
            fitted = super().fit(job)
            learnt = {f"stage {i}": numbers(one) for i, one in enumerate(fitted.stages)}
            kept[job.label] = learnt | {"reducer": numbers(fitted.reducer)}
            return fitted

    with (
        tempfile.TemporaryDirectory() as folder,
        mock.patch.dict("os.environ", NEURODECODE_CACHE=f"{folder}/cache"),
        mock.patch("neurodecode.harness.fold.FoldWork", Recorder),
    ):
        plan = make_plan(study)
        finished = execute(plan, Store(Path(folder) / "r").open())
    # What was learnt is known before the tested are answered; those 1e9 times as loud as any that
    # were trained on may be refused by a model that inverts them.
    wrong = [one for one in finished.errors.values() if "has no inverse" not in one]
    if wrong:
        raise AssertionError(wrong[0])
    return kept


def numbers(found: Any) -> Any:
    """Give all that an object holds as plain data, arrays as their bytes, down to the last one."""
    if found is None or isinstance(found, str | bytes | bool | int | float | complex | np.generic):
        return repr(found)
    if isinstance(found, np.ndarray):
        if found.dtype == object:
            return [numbers(one) for one in found.ravel()]
        return (str(found.dtype), found.shape, np.ascontiguousarray(found).tobytes())
    if isinstance(found, dict):
        return {str(key): numbers(one) for key, one in found.items() if key not in TIMED}
    if isinstance(found, list | tuple | set | frozenset):
        return [numbers(one) for one in found]
    if hasattr(found, "state_dict"):
        return numbers(found.state_dict())
    if hasattr(found, "detach"):
        return numbers(found.detach().cpu().numpy())
    if isinstance(found, type) or callable(found):
        return getattr(found, "__qualname__", type(found).__qualname__)
    with contextlib.suppress(TypeError):
        return {"": type(found).__qualname__} | numbers(vars(found))
    return repr(found)


def refusal(study: Study) -> str:
    """Say why the plan refuses these data; empty where it does not."""
    try:
        make_plan(study)
    except ConfigError as error:
        return str(error)
    return ""


def with_question(study: Study, **changes: Any) -> Study:
    """Give the study with its question changed."""
    return replace(study, question=replace(study.question, **changes))
