"""An experiment whose targets are many: run as a script, it says what memory it took."""

import json
import re
import sys
from pathlib import Path

import numpy as np
import pandas as pd
from tests_harness import run

from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.question import Question
from neurodecode.harness.study import Study
from neurodecode.models.align.ridge import Ridge
from neurodecode.models.baseline.mean_target import MeanTarget
from neurodecode.protocols.cross_run import CrossRun
from neurodecode.report.arrays import as_trials


def table(folder: Path, n_stimuli: int, n_targets: int) -> Path:
    """Write features of stimuli as they lie in the cache (float16), told by eight numbers."""
    place = folder / "values.npy"
    values = np.lib.format.open_memmap(
        place, mode="w+", dtype=np.float16, shape=(n_stimuli, n_targets)
    )
    rng = np.random.default_rng(0)
    causes = rng.standard_normal((8, n_targets))
    for one in values:
        one[:] = rng.standard_normal(8) @ causes + rng.standard_normal(n_targets)
    values.flush()
    return place


def study_of(source: Path | np.ndarray, n_repeats: int = 1, n_runs: int = 3, **question) -> Study:
    """One person who saw each stimulus so often; 20 channels hold 20 features, and noise."""
    values = np.load(source, mmap_mode="r") if isinstance(source, Path) else source
    n_stimuli, n_targets = values.shape
    shown = np.tile(np.arange(n_stimuli), n_repeats)
    rng = np.random.default_rng(1)
    X = (values[:, :20][shown] + rng.standard_normal((len(shown), 20))).astype(np.float32)
    trials, _ = as_trials(
        {"1": X},
        {"1": np.zeros(len(shown))},
        pd.DataFrame(
            {
                "run": (np.arange(len(shown)) % n_stimuli % n_runs).astype(str),
                "stimulus": [f"s{i:05d}" for i in shown],
            }
        ),
    )
    space = Space("features", tuple(map(str, range(n_targets))))
    part, zeros = Part(source, space, ("feature",), None, 0.0, "table"), np.zeros(len(shown), int)
    order = np.array([int(one[1:]) for one in trials.rows["stimulus"]])
    several = {**trials.signals, "features": TrialSignal((part,), zeros, order, zeros - 1)}
    asked = {
        "target": Target("vector", signal="features"),
        "protocol": CrossRun(),
        "models": (
            NamedModel("align.ridge", Ridge(alphas=(10.0, 1000.0))),
            NamedModel("baseline.mean_target", MeanTarget(), "control"),
        ),
        "metrics": ("two_way", "top_1"),
        "n_draws": 1,
        **question,
    }
    rows: Rows = trials.rows
    return Study(Trials(rows, several), Question(**asked), np.full(len(shown), None))


def peak() -> int:
    """Most that this process has held, in bytes; not `ru_maxrss`, which knows the parent's."""
    told = re.search(r"VmHWM:\s+(\d+)", Path("/proc/self/status").read_text())
    assert told is not None
    return 1024 * int(told[1])


if __name__ == "__main__":
    out, n_stimuli, n_targets = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
    (out / "small").mkdir()
    run(study_of(table(out / "small", 60, 30)), out / "warm")  # wakes libraries
    before = peak()
    _, finished, rows = run(study_of(out / "values.npy", n_runs=20, n_draws=0), out / "results")
    scores = {f"{row.model} {row.metric}": row.mean for row in rows}
    print(json.dumps({"taken": peak() - before, "errors": finished.errors, "scores": scores}))
