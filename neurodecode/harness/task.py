"""What a worker is sent: the rows of one fold, and the jobs that are open on it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from neurodecode.core.space import Space
from neurodecode.core.timeline import Schedule
from neurodecode.core.trials import Trials
from neurodecode.core.truth import Taught, Told, both_told
from neurodecode.core.updating import Updates
from neurodecode.harness.beside import Beside
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.repeats import Repeats
from neurodecode.harness.store import Store
from neurodecode.harness.validation import Validation


@dataclass(frozen=True, eq=False)
class Tuning:
    """What the choice of a model's arguments on inner folds needs.

    Parameters
    ----------
    grid : mapping of str to tuple
        Argument to the values to try.
    n_splits : int
    metric : str
    groups : ndarray of int, shape (n_train,), or None
        Training rows that inner folds may not part.
    gap : float
        Seconds that inner training windows keep away from inner test windows.
    """

    grid: Mapping[str, tuple[Any, ...]]
    n_splits: int
    metric: str
    groups: np.ndarray | None
    gap: float = 0.0


@dataclass(frozen=True)
class Origin:
    """Where rows come from, so that they are known again in other results.

    Parameters
    ----------
    card : str
        Empty of arrays in memory.
    contents : mapping of str to str
        Recording to a digest of its files, or of its samples.
    """

    card: str = ""
    contents: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Start:
    """A fitted model that another starts from.

    Parameters
    ----------
    folder : Path
        Results that have kept it.
    key : str
        Of the job that fitted it.
    n_before : int
        How many of its stages stand before the one that starts from the others.
    allow_code : bool
        Whether it may be of classes from outside.
    """

    folder: Path
    key: str
    n_before: int
    allow_code: bool = False


@dataclass(frozen=True, eq=False)
class TaskJob:
    """What a worker needs of a job.

    Parameters
    ----------
    y : ndarray, Entries or RaggedBrains, shape (n_train, …)
        Truth of the training rows, in their order.
    y_adapt : ndarray, Entries or RaggedBrains, shape (n_adapt, …), or None
        Truth of the rows seen before testing, where they come with labels.
    beside : Beside or None
        What the training rows, then the labelled rows of the tested, are told beside y. None where
        nothing is asked.
    val : Validation or None
        How validation rows are cut from the training rows, for a model that asks for them.
    device : {"cpu", "cuda"}
        On what a network is trained.
    start : Start or None
        Fitted model to start from.
    updates : {"", "unlabelled", "delayed_labels"}
        From what the model goes on learning while it is tested; see `TargetAccess`.
    y_test : ndarray, shape (n_test,), or None
        Labels of the test rows, which `replay` gives the model once they are no secret any more.
    space : Space or None
        Of the brain that is told, for a model that asks for it.
    y_ceiling : ndarray, shape (n_test, …), or None
        Truth of the test rows, for a model that says what its ceilings are once it has answered.
    beside_ceiling : Beside or None
        What its training rows are told beside the truth, of the test rows.
    """

    key: str
    parts: dict[str, Any]
    label: str
    model: NamedModel
    seed: int
    shared: str
    n_shared: int
    y: Taught
    is_null: bool
    y_adapt: Taught | None = None
    beside: Beside | None = None
    tuning: Tuning | None = None
    val: Validation | None = None
    device: Literal["cpu", "cuda"] = "cpu"
    start: Start | None = None
    updates: Updates = ""
    y_test: Told | None = None
    space: Space | None = None
    y_ceiling: np.ndarray | None = None
    beside_ceiling: Beside | None = None

    @property
    def told(self) -> Taught:
        """Truth of the training rows, then of the labelled rows of the tested."""
        return self.y if self.y_adapt is None else both_told(self.y, self.y_adapt)


@dataclass(frozen=True, eq=False)
class FoldTask:
    """The open jobs of one fold, with the rows it uses and no others.

    Parameters
    ----------
    train, test : Trials
        Signals and columns; the shared signals of leading stages among them.
    jobs : tuple of TaskJob
    kind : str
        The target's kind.
    classes : tuple of str
    signal : str or None
        Name of the input signal.
    store : Store
    adapt : Trials or None
        Rows of the tested that are seen before testing.
    unlabelled : Trials or None
        Rows to train on whose target is unknown, for models that ask.
    one_by_one : bool
        Whether test rows are handed over one at a time.
    transductive : bool
        Whether models may look at the test rows before they are tested, without labels.
    reduce : scikit-learn transformer or None
        What vectors are brought through before they are learnt.
    keep : bool
        Whether the fitted models are stored too.
    talks : bool
        Whether trainings show how they go.
    origin : Origin
        Where the rows come from, for models that are stored.
    repeats : Repeats or None
        Which test rows are averaged before a model is handed them.
    schedule : Schedule or None
        The tasks of the recordings, for metrics by which arguments are chosen; no model sees them.
    """

    train: Trials
    test: Trials
    jobs: tuple[TaskJob, ...]
    kind: str
    classes: tuple[str, ...]
    signal: str | None
    store: Store
    adapt: Trials | None = None
    unlabelled: Trials | None = None
    one_by_one: bool = False
    transductive: bool = False
    reduce: Any = None
    keep: bool = False
    talks: bool = False
    origin: Origin = Origin()
    repeats: Repeats | None = None
    schedule: Schedule | None = None


@dataclass(frozen=True)
class Outcome:
    """How a job ended: stored, or with an error."""

    key: str
    error: str = ""
    traceback: str = ""
