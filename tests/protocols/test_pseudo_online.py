"""Windows that slide: no shared sample, the gap kept, no trial split, in every mode."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError, LeakError
from neurodecode.core.rows import Rows
from neurodecode.core.target import Target
from neurodecode.data._sliding import Spans, naming_events, window_starts
from neurodecode.harness.in_use import keep_apart
from neurodecode.protocols import verify
from neurodecode.protocols._in_use import trial_groups
from neurodecode.protocols.pseudo_online import PseudoOnline
from neurodecode.protocols.reference_shuffled import ReferenceShuffled
from neurodecode.protocols.reference_zero_phase import ReferenceZeroPhase

MODES = [
    {"mode": "expanding"},
    {"mode": "holdout"},
    {"mode": "runs", "train": ("2", "10"), "test": ("9",)},
    {"mode": "blocked", "n_splits": 3},
]
TARGET = Target("label", column="label", classes=("idle", "a", "b"))


def sliding_rows(sessions=("1", "2"), runs=("2", "9", "10"), n_trials=6, length=10, hop=3, seed=0):
    """Windows over recordings of one sample a second, with trials of chance lengths."""
    rng, tables = np.random.default_rng(seed), []
    for session in sessions:
        for run in runs:
            first = np.cumsum(rng.integers(8, 25, n_trials))
            stop = np.minimum(first + rng.integers(4, 16, n_trials), np.append(first[1:], 10**6))
            n_times = int(stop[-1]) + 15
            labels = rng.permutation(np.resize(["a", "b"], n_trials)).astype(object)
            starts = window_starts(n_times, length, float(hop), 1.0)
            rule = ("last_sample", "majority")[seed % 2]
            named = naming_events(starts, length, Spans(first, stop), labels, rule)
            tables.append(
                pd.DataFrame(
                    {
                        "recording": f"s1/{session}/{run}", "subject": "s1", "session": session,
                        "run": run, "onset": starts.astype(float), "duration": float(length),
                        "start": starts.astype(float), "stop": starts + float(length),
                        "label": np.append(labels, "idle")[named.event],
                        "trial_index": named.trial, "purity": named.purity,
                    }
                )
            )  # fmt: skip
    return Rows.build(pd.concat(tables, ignore_index=True))


def distances(rows, several, others):
    """Least seconds between the support of each of several rows and others of its recording."""
    start, stop, recording = (rows[name] for name in ("start", "stop", "recording"))
    apart = np.maximum(
        start[others] - stop[several][:, np.newaxis], start[several][:, np.newaxis] - stop[others]
    )
    apart[recording[several][:, np.newaxis] != recording[others]] = np.inf
    return apart.min(axis=1, initial=np.inf)


@settings(deadline=None, max_examples=25)
@given(
    how=st.sampled_from(MODES), gap=st.floats(1, 30), length=st.integers(2, 20),
    hop=st.integers(1, 9), n_trials=st.integers(3, 7), seed=st.integers(0, 99),
)  # fmt: skip
def test_nothing_of_what_is_tested_was_trained_on(how, gap, length, hop, n_trials, seed):
    rows = sliding_rows(n_trials=n_trials, length=length, hop=hop, seed=seed)
    protocol = PseudoOnline(**how)
    trial = rows.codes("recording", "trial_index")
    for found in protocol.split(rows, TARGET, 0):
        verify(found, rows, protocol.apart)
        assert not set(trial[found.index("train")]) & set(trial[found.index("test")])
        fold = keep_apart(found, rows, "purge", gap)
        train, test = fold.index("train"), fold.index("test")
        assert np.array_equal(test, found.index("test"))
        assert fold.purged == len(found.index("train")) - len(train)
        assert (distances(rows, train, test) >= gap - 1e-5).all()
        gone = np.setdiff1d(found.index("train"), train)
        assert (distances(rows, gone, test) < gap).all()  # and none without need


@pytest.mark.parametrize("how", MODES[:3], ids=lambda how: how["mode"])
def test_what_is_trained_on_was_recorded_before(how):
    rows = sliding_rows()
    order = {"2": 0, "9": 1, "10": 2} if how["mode"] != "runs" else {"2": 0, "10": 1, "9": 2}
    for fold in PseudoOnline(**how).split(rows, TARGET, 0):
        when = [
            [int(rows["session"][i]) * 10 * (how["mode"] == "holdout") + order[rows["run"][i]]
             for i in fold.index(side)] for side in ("train", "test")
        ]  # fmt: skip
        if how["mode"] == "holdout":
            when = [[w // 10 for w in side] for side in when]
        assert max(when[0]) < min(when[1])


def test_folds_are_named_by_what_is_tested():
    rows = sliding_rows()
    named = {
        how["mode"]: [fold.name for fold in PseudoOnline(**how).split(rows, TARGET, 0)]
        for how in MODES
    }
    assert named["expanding"] == ["s1/1/run-9", "s1/1/run-10", "s1/2/run-9", "s1/2/run-10"]
    assert named["holdout"] == ["s1/session-2"]
    assert named["runs"] == ["s1/1/run-9", "s1/2/run-9"]
    assert named["blocked"] == [f"s1/{s}/stretch-{i}" for s in (1, 2) for i in range(3)]


def test_stretches_are_whole_trials_in_their_order():
    rows = sliding_rows(sessions=("1",), runs=("1",), n_trials=7)
    groups = trial_groups(rows, 3)
    assert (np.diff(groups) >= 0).all() and set(groups) == {0, 1, 2}
    trials = [set(rows["trial_index"][groups == one]) for one in range(3)]
    assert [len(one) for one in trials] == [3, 2, 2] and not trials[0] & trials[1]
    assert set(trial_groups(rows.take(np.arange(0)), 3)) == set()


def test_windows_of_little_purity_are_tested_but_not_trained_on():
    rows = sliding_rows()
    for fold in PseudoOnline(purity=0.8).split(rows, TARGET, 0):
        assert rows["purity"][fold.index("train")].min() == 0.8  # 8 of 10 samples are enough
        assert rows["purity"][fold.index("test")].min() < 0.8


def test_a_gap_that_is_not_kept_is_an_error():
    rows = sliding_rows(sessions=("1",), runs=("1",))
    fold = next(PseudoOnline(mode="blocked").split(rows, TARGET, 0))
    for overlap in ("allowed", "refuse"):
        with pytest.raises(LeakError, match="within 12 s of one, the first in s1/1/1"):
            keep_apart(fold, rows, overlap, 12.0)


def test_the_reference_shuffles_windows_and_says_so():
    rows = sliding_rows(hop=1)
    folds = list(ReferenceShuffled(3).split(rows, TARGET, 0))
    assert all(fold.flags == ("shuffled_windows",) for fold in folds)
    fold = folds[0]
    near = distances(rows, fold.index("test"), fold.index("train"))
    assert np.mean(near < 0) > 0.99  # nearly every test window overlaps a training one
    with pytest.raises(ConfigError, match="too few windows of a class"):
        next(ReferenceShuffled(999).split(rows, TARGET, 0))


def test_the_other_reference_splits_as_the_protocol_does():
    rows = sliding_rows()
    pairs = zip(
        PseudoOnline().split(rows, TARGET, 0), ReferenceZeroPhase().split(rows, TARGET, 0),
        strict=True,
    )  # fmt: skip
    assert all(np.array_equal(one.role, other.role) for one, other in pairs)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"mode": "shuffled"}, "mode is 'shuffled'. It is one of expanding"),
        ({"mode": "runs"}, "train and test name runs"),
        ({"test": ("1",), "train": ("2",)}, "train and test name runs"),
        ({"mode": "runs", "train": ("1",), "test": ("1",)}, "both trained on and tested"),
        ({"n_splits": 1}, "n_splits is 1"),
        ({"gap": -1.0}, "gap is -1.0 s"),
        ({"purity": 2.0}, "purity is 2.0"),
    ],
)
def test_arguments_are_held_to_sense(arguments, said):
    with pytest.raises(ConfigError, match=said):
        PseudoOnline(**arguments)


@pytest.mark.parametrize(
    ("arguments", "data", "said"),
    [
        ({}, {"runs": ("1",)}, "has the one run 1"),
        ({"mode": "holdout"}, {"sessions": ("1",)}, "has the one session 1"),
        ({"mode": "blocked", "n_splits": 9}, {"runs": ("1",)}, "fewer trials than n_splits"),
        ({"mode": "runs", "train": ("2",), "test": ("4",)}, {}, "no run '4'; there are: 2, 9, 10"),
        ({"purity": 1.0}, {"length": 30, "runs": ("1", "2")}, None),
    ],
)
def test_data_that_cannot_be_split_are_refused(arguments, data, said):
    rows = sliding_rows(**{"n_trials": 3, **data})
    with pytest.raises(ConfigError, match=said or "no window to train on"):
        list(PseudoOnline(**arguments).split(rows, TARGET, 0))
