"""What folds and plans cost in memory: 200 recordings × 40 rows × 50 folds."""

import gc
import tracemalloc

import numpy as np
import pytest
from tests_harness import study_of

from neurodecode.harness.plan import make_plan
from neurodecode.harness.truth import TrainingTruth
from neurodecode.protocols.cross_subject import CrossSubject

N_SUBJECTS, N_RUNS, N_PER_RUN = 50, 4, 40
N_ROWS = N_SUBJECTS * N_RUNS * N_PER_RUN


@pytest.fixture(scope="module")
def study():
    rng = np.random.default_rng(0)
    n = N_RUNS * N_PER_RUN
    arrays = {f"{s:02d}": rng.standard_normal((n, 2, 4)) for s in range(N_SUBJECTS)}
    labels = {s: np.tile(["a", "b"], n // 2) for s in arrays}
    runs = np.repeat([str(r) for r in range(N_RUNS)], N_PER_RUN)
    rows = {"run": np.tile(runs, N_SUBJECTS), "onset": np.tile(np.arange(n) * 10.0, N_SUBJECTS)}
    return study_of(arrays, labels, rows, protocol=CrossSubject(), n_draws=5)


def test_a_fold_costs_a_byte_a_row(study):
    rows, target = study.trials.rows, study.question.target
    next(CrossSubject().split(rows, target, 0)).index("train")  # warm
    gc.collect()
    tracemalloc.start()
    folds = list(CrossSubject().split(rows, target, 0))
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(folds) == 50
    assert held < 50 * (N_ROWS + 2_000), f"{held / 50 / N_ROWS:.2f} bytes a row and fold"


@pytest.mark.slow
def test_a_plan_holds_folds_and_keys_and_no_truth_of_its_own(study):
    make_plan(study)  # warm
    gc.collect()
    tracemalloc.start()
    plan = make_plan(study)
    gc.collect()
    held, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    # A job is a name, a key and its readable parts; 5 kB each holds them.
    assert held < 50 * (N_ROWS + 2_000) + 5_000 * len(plan.jobs), f"{held / 1e6:.1f} MB"
    truth = TrainingTruth(study)
    assert len(truth.of(plan.jobs[0].fold, 0, None)) == N_ROWS - N_ROWS // N_SUBJECTS
    assert peak < held + 3.2e6, f"{peak / 1e6:.1f} MB at most, {held / 1e6:.1f} MB held"
