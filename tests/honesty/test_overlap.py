"""Labels that mean nothing stay at chance under every protocol, however much windows overlap."""

from dataclasses import replace

import numpy as np
import pandas as pd
from honesty_studies import ClassMeans, run
from sklearn.neighbors import KNeighborsClassifier

from neurodecode.core.names import catalogue
from neurodecode.core.recording import Recording, Signal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.specs import TargetSpec, Task, WindowsSpec
from neurodecode.harness.question import NamedModel, Question
from neurodecode.harness.study import Study

SFREQ, N_TRIALS, TRIAL, GAP = 20.0, 40, 2.4, 0.6  # of a run; seconds
LENGTH, HOP = 1.0, 0.1  # 90 % of a window is the next one's too
MODELS = (
    NamedModel("means", ClassMeans()),
    NamedModel("neighbour", KNeighborsClassifier(1)),  # finds copies, where there are any
)
ARGUMENTS = {
    "chronological": [{}, {"within": "run", "n_splits": 2}],
    "columns": [{"column": "run", "test": "each"}],
    "cross_subject": [{}],
    "within_session": [{}, {"blocked": True}],
}
PROTOCOLS = [
    (name, arguments)
    for name in catalogue("protocols")
    for arguments in ARGUMENTS.get(name, [{}])
]  # fmt: skip
# 8 runs of 40 trials with labels of their own, of which half are tested at least: a score of one
# seed has a standard error of .5 / sqrt(160) = .040 were all windows of a trial answered alike, and
# the mean of 80 scores (20 seeds and the four subjects' sessions are in each) one below .007.
N_SEEDS, N_SEEDS_FAST = 40, 4
LIMIT = 0.02


def noise(n_times, rng):
    """Three channels of autocorrelated noise that drift: what makes neighbours alike."""
    white = rng.standard_normal((3, n_times))
    slow = np.zeros_like(white)
    for t in range(1, n_times):
        slow[:, t] = 0.95 * slow[:, t - 1] + white[:, t]
    drift = np.cumsum(0.2 * rng.standard_normal((3, n_times)), axis=1)
    return 1e-6 * (slow + drift)


def recording(subject, session, run_, per_window, seed):
    """Events with labels drawn by themselves: one a trial, or one a window."""
    rng = np.random.default_rng([seed, int(subject), int(session), int(run_)])
    seconds = N_TRIALS * (TRIAL + GAP)
    data = noise(round(seconds * SFREQ), rng)
    onset = np.arange(N_TRIALS) * (TRIAL + GAP)
    if per_window:
        onset = np.arange(0, seconds - LENGTH, HOP)
    labels = np.array(["a", "b"])[rng.integers(2, size=len(onset))]
    events = pd.DataFrame({"onset": onset, "duration": TRIAL, "label": labels})
    space = Space("sensors", names=("C3", "Cz", "C4"), types=("eeg",) * 3, unit="V")
    signal = Signal(data, space, ("channel", "time"), SFREQ, events)
    key = {"seed": seed, "who": [subject, session, run_, per_window]}
    header = replace(signal, data=None)
    return Recording(subject, session, run_, "eeg", (), key, lambda: signal, lambda: header)


def study_of(protocol, seed, cache, per_window=False, **question):
    several = [
        recording(s, e, r, per_window, seed) for s in ("1", "2") for e in ("1", "2")
        for r in ("1", "2")
    ]  # fmt: skip
    target = TargetSpec(label="label", classes=("a", "b"))
    windows = (
        WindowsSpec(tmin=0.0, tmax=LENGTH) if per_window else WindowsSpec(length=LENGTH, hop=HOP)
    )
    done = cut(prepare(several, [], cache), Task(rows={}, target=target), windows)
    table = done.trials.rows.table
    trials = Trials(
        Rows(table.assign(group="of " + table["subject"].astype(str))), done.trials.signals
    )
    question = {"models": MODELS, "n_draws": 0, **question}
    asked = Question(Target("label", column="label", classes=("a", "b")), protocol, **question)
    return Study(trials, asked, done.previous)


def mean_scores(protocol, seeds, folder, **question):
    """Mean score of each model over seeds."""
    found = []
    for seed in seeds:
        rows = run(study_of(protocol, seed, folder / "cache", **question), folder / f"r{seed}")
        assert not any(row.note for row in rows), rows
        found.append([row.mean for row in rows])
    return np.array(found)
