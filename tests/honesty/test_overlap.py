"""Labels that mean nothing stay at chance under every protocol, however much windows overlap."""

import functools
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from honesty_studies import ClassMeans, run
from scipy.signal import lfilter
from sklearn.neighbors import KNeighborsClassifier

from neurodecode.core.errors import DataError, LeakError
from neurodecode.core.names import catalogue, find
from neurodecode.core.recording import Recording, Signal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.question import Question
from neurodecode.harness.study import Study
from neurodecode.harness.truth import TrainingTruth

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
    "pseudo_online": [{}, {"mode": "holdout"}, {"mode": "blocked"}],
    "shared_stimuli": [{"n_splits": 4}],
    "within_session": [{}, {"blocked": True}],
}
HOLES = ("reference_shuffled",)  # there to be measured: test_pseudo_online.py does
PROTOCOLS = [
    (name, arguments)
    for name in catalogue("protocols")
    if name not in HOLES
    for arguments in ARGUMENTS.get(name, [{}])
]  # fmt: skip
# A score of 8 runs of 40 trials, of which half are tested at least, has a standard deviation of
# .5 / sqrt(160) = .04 at most, were all windows of a trial answered alike; trials that are answered
# one by one by the same model half of that. Over 20 seeds the standard error is measured.
SD = 0.04
N_SEEDS, N_SEEDS_FAST, LIMIT = 20, 2, 0.02


def noise(n_times, rng):
    """Three channels of autocorrelated noise that drift: what makes neighbours alike."""
    slow = lfilter([1.0], [1.0, -0.95], rng.standard_normal((3, n_times)))
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


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Where recordings are prepared: the same ones for every protocol."""
    return tmp_path_factory.mktemp("cache")


@functools.cache
def windows_of(seed, folder, per_window):
    """Trials of eight recordings, and the label before each."""
    several = [
        recording(s, e, r, per_window, seed) for s in ("1", "2") for e in ("1", "2")
        for r in ("1", "2")
    ]  # fmt: skip
    target = TargetSpec(label="label", classes=("a", "b"))
    windows = (
        WindowsSpec(tmin=0.0, tmax=LENGTH) if per_window else WindowsSpec(length=LENGTH, hop=HOP)
    )
    done = cut(prepare(several, [], folder), Task(rows={}, target=target), windows)
    table = done.trials.rows.table
    shown = (table["start"] // (TRIAL + GAP)).astype(int) % 10  # all windows of a trial show one
    group = "of " + table["subject"].astype(str)
    rows = Rows(table.assign(group=group, stimulus=shown.astype(str)))
    return Trials(rows, done.trials.signals), done.previous


def study_of(protocol, seed, folder, per_window=False, **question):
    trials, previous = windows_of(seed, folder, per_window)
    question = {"models": MODELS, "n_draws": 0, **question}
    asked = Question(Target("label", column="label", classes=("a", "b")), protocol, **question)
    return Study(trials, asked, previous)


def mean_scores(protocol, seeds, folder, out, **question):
    """Mean score of each model over seeds."""
    found = []
    for seed in seeds:
        rows = run(study_of(protocol, seed, folder, **question), out / f"r{seed}")
        assert not any(row.note for row in rows), rows
        found.append([row.mean for row in rows])
    return np.array(found)


def test_every_protocol_is_walked():
    assert {name for name, _ in PROTOCOLS} | {*HOLES} == set(catalogue("protocols"))


def holds_chance(protocol, per_window, n_seeds, folder, out):
    """Whether labels that mean nothing stay at chance; a refusal is as good."""
    try:
        found = mean_scores(protocol, range(n_seeds), folder, out, per_window=per_window)
    except (LeakError, DataError) as error:
        assert re.search("splits .* blocks|overlaps? a test window", str(error)), error
        return
    error = found.std(axis=0, ddof=1) / np.sqrt(n_seeds)
    if n_seeds < N_SEEDS:
        assert (np.abs(found.mean(axis=0) - 0.5) < 4 * SD / np.sqrt(n_seeds)).all(), found
        return
    assert (error < 0.007).all(), error  # else LIMIT is no sharp bound
    assert (np.abs(found.mean(axis=0) - 0.5) < LIMIT).all(), found.mean(axis=0)


def each(protocols):
    return pytest.mark.parametrize(
        ("name", "arguments"), protocols, ids=[f"{n}-{a}" for n, a in protocols]
    )


# Those whose splits are others' too, or take longest, are left to the twenty seeds.
FAST = [
    (name, arguments)
    for name, arguments in PROTOCOLS
    if name != "reference_zero_phase" and (name != "pseudo_online" or not arguments)
]
of_each = pytest.mark.parametrize("per_window", [False, True], ids=["a trial", "a window"])


@of_each
@each(FAST)
def test_random_labels_stay_at_chance_or_are_refused(name, arguments, per_window, folder, tmp_path):
    protocol = find(name, "protocols")(**arguments)
    holds_chance(protocol, per_window, N_SEEDS_FAST, folder, tmp_path)


@pytest.mark.slow
@of_each
@each(PROTOCOLS)
def test_random_labels_of_twenty_seeds(name, arguments, per_window, folder, tmp_path):
    protocol = find(name, "protocols")(**arguments)
    holds_chance(protocol, per_window, N_SEEDS, folder, tmp_path)


@pytest.mark.parametrize(
    ("arguments", "overlap", "flags"),
    [
        ({"split_blocks": True, "blocked": True}, "purge", {"split_blocks"}),
        ({"split_blocks": True}, "allowed", {"split_blocks", "overlap"}),
        ({"split_blocks": True, "blocked": True}, "allowed", {"split_blocks", "overlap"}),
    ],
)  # fmt: skip
def test_windows_of_one_trial_on_both_sides_are_flagged(
    arguments, overlap, flags, folder, tmp_path
):
    protocol = find("within_session", "protocols")(**arguments)
    rows = run(study_of(protocol, 0, folder, overlap=overlap), tmp_path / "r")
    assert all(flags <= set(row.flags) for row in rows)
    if not arguments.get("blocked"):
        assert rows[1].mean > 0.75  # the leak is there: a neighbour of the same trial is found


def test_labels_of_overlapping_windows_are_permuted_trial_by_trial(folder):
    study = study_of(find("cross_run", "protocols")(), 0, folder)
    truth = TrainingTruth(study)
    rows, permuted = study.trials.rows, truth.permuted(0)
    trial = rows.codes("recording", "block")
    assert not np.array_equal(permuted, study.y)
    for one in range(trial.max() + 1):
        assert len(set(permuted[trial == one])) == 1
