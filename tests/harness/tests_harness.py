"""A small study with a planted effect: 3 subjects, 2 runs, 8 channels, 64 Hz, in memory."""

from pathlib import Path

import numpy as np
import pandas as pd

from neurodecode.core.target import Target
from neurodecode.harness.index import write_index, write_study
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Question
from neurodecode.harness.run import execute
from neurodecode.harness.store import Store
from neurodecode.harness.study import Study
from neurodecode.harness.table import score_results
from neurodecode.models.baseline.clock import Clock
from neurodecode.models.baseline.history import History
from neurodecode.models.baseline.prior import Prior
from neurodecode.models.riemann.mdm import Mdm
from neurodecode.models.riemann.tangent_space import TangentSpace
from neurodecode.protocols.cross_run import CrossRun
from neurodecode.report.arrays import as_trials, previous_labels

N_PER_RUN, N_CHANNELS, N_TIMES = 12, 8, 64
MODELS = (
    NamedModel("riemann.mdm", Mdm()),
    NamedModel("riemann.tangent_space", TangentSpace()),
)
CONTROLS = (
    NamedModel("baseline.prior", Prior(), "control"),
    NamedModel("baseline.clock", Clock(), "control"),
    NamedModel("baseline.history", History(), "control"),
)


def planted(effect: float = 1.0, seed: int = 0, subjects=("1", "2", "3")):
    """Arrays by subject, with labels and runs; the first channel is stronger in class b."""
    rng = np.random.default_rng(seed)
    arrays, labels = {}, {}
    n = 2 * N_PER_RUN
    for subject in subjects:
        y = np.concatenate(
            [rng.permutation(np.repeat(["a", "b"], N_PER_RUN // 2)) for _ in range(2)]
        )
        X = rng.standard_normal((n, N_CHANNELS, N_TIMES))
        X[y == "b", 0] *= 1 + effect
        arrays[subject], labels[subject] = X, y
    rows = pd.DataFrame({"run": np.tile(np.repeat(["1", "2"], N_PER_RUN), len(subjects))})
    return arrays, labels, rows


def study_of(arrays, labels, rows, **question) -> Study:
    trials, column = as_trials(arrays, labels, rows)
    asked = {
        "target": Target("label", column=column, classes=("a", "b")),
        "protocol": CrossRun(),
        "models": MODELS + CONTROLS,
        "n_draws": 2,
    }  # fmt: skip
    return Study(trials, Question(**{**asked, **question}), previous_labels(trials.rows, column))


def exactly(rows) -> list[str]:
    """Give a table's rows to the last bit, to be compared: an interval that is not there is NaN."""
    return [repr(row) for row in rows]


def run(study: Study, folder, **options):
    """Plan, run, score; give the plan, what was done, and the table's rows."""
    store = Store(Path(folder)).open()
    plan = make_plan(study)
    write_study(plan, store, "test", {}, "inline")
    finished = execute(plan, store, **options)
    write_index(plan, store, "test", finished.errors)
    return plan, finished, score_results(store)
