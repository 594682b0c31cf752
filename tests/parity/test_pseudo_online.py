"""Labels of moabb's sliding windows are ours, and by the reference its scores of noise."""

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace
from sklearn.pipeline import make_pipeline
from sklearn.svm import SVC

import neurodecode as nd
from neurodecode.data._sliding import Spans, naming_events

moabb = pytest.importorskip("moabb")
from moabb.datasets.base import BaseDataset  # noqa: E402
from moabb.datasets.preprocessing import (  # noqa: E402
    _REST_LABEL,
    _generate_sliding_window_events,
)
from moabb.evaluations import WithinSessionEvaluation  # noqa: E402
from moabb.paradigms import LeftRightImagery  # noqa: E402

mne.set_log_level("ERROR")
moabb.set_log_level("ERROR")
SFREQ, SEED = 128.0, 42


@settings(deadline=None, max_examples=100)
@given(
    gaps=st.lists(st.integers(0, 60), min_size=1, max_size=12),
    codes=st.lists(st.integers(1, 3), min_size=12, max_size=12),
    begin=st.integers(0, 30), duration=st.integers(5, 60), window=st.integers(2, 80),
    overlap=st.sampled_from([0.0, 25.0, 50.0, 75.0, 90.0]),
)  # fmt: skip
def test_window_labels_are_moabbs(gaps, codes, begin, duration, window, overlap):
    """Branch B of the reference: majority, of ties a task and of tasks the earlier one."""
    first = begin + np.cumsum([0, *(gap + duration for gap in gaps)])
    codes = np.array(codes)[np.arange(len(first)) % len(codes)]
    events = np.column_stack([first, np.zeros_like(first), codes])
    theirs = _generate_sliding_window_events(events, window, overlap, 1.0, (0.0, float(duration)))
    named = naming_events(
        theirs[:, 0].astype(np.int64), window, Spans(first, first + duration),
        codes.astype(str).astype(object), "majority",
    )  # fmt: skip
    ours = np.where(named.event >= 0, codes[named.event], _REST_LABEL)
    np.testing.assert_array_equal(ours, theirs[:, 2])


class Noise(BaseDataset):
    """Subjects of noise, whose events have labels that mean nothing."""

    def __init__(self, n_subjects=2, n_trials=40):
        super().__init__(
            subjects=list(range(1, n_subjects + 1)), sessions_per_subject=1,
            events={"left_hand": 1, "right_hand": 2}, code="Noise", interval=[0, 4],
            paradigm="imagery",
        )  # fmt: skip
        self.n_trials = n_trials

    def _get_single_subject_data(self, subject):
        rng = np.random.default_rng(subject)
        n_times = int((6 * self.n_trials + 4) * SFREQ)
        stim = np.zeros((1, n_times))
        at = ((1 + 6 * np.arange(self.n_trials)) * SFREQ).astype(int)
        stim[0, at] = rng.permutation(np.resize([1, 2], self.n_trials))
        names = [f"EEG{i}" for i in range(22)]
        info = mne.create_info([*names, "STI"], SFREQ, ["eeg"] * len(names) + ["stim"])
        values = 1e-5 * rng.standard_normal((len(names), n_times))
        return {"0": {"0": mne.io.RawArray(np.vstack([values, stim]), info)}}

    def data_path(self, subject, **_):
        return []


def pipeline():
    return make_pipeline(Covariances("oas"), TangentSpace("riemann"), SVC(kernel="linear"))


@pytest.fixture
def own_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    for name in ("_MNE_FAKE_HOME_DIR", "MNE_DATA", "MNE_RESULTS"):
        monkeypatch.setenv(name, str(tmp_path))
    return tmp_path


def scores_of_noise(n_subjects, n_trials, folder):
    """Scores of noise by subject: moabb's, and ours of the same arrays by the reference."""
    dataset, paradigm = Noise(n_subjects, n_trials), LeftRightImagery(tmax=2, overlap=90)
    made = WithinSessionEvaluation(
        paradigm=paradigm, datasets=[dataset], random_state=SEED, overwrite=True,
        hdf5_path=str(folder),
    )  # fmt: skip
    process = paradigm.make_process_pipelines(dataset)[0]
    found = made.evaluate(dataset, {"svm": pipeline()}, None, process)
    theirs = {str(one["subject"]): float(one["score"]) for one in found}
    X, y, rows = paradigm.get_data(dataset)
    mine = {str(s): np.flatnonzero(rows["subject"] == s) for s in dataset.subject_list}
    results = nd.evaluate(
        {s: X[index] for s, index in mine.items()},
        {s: y[index] for s, index in mine.items()},
        models=[pipeline()], protocol="reference_shuffled", metrics="roc_auc", controls=(),
        n_draws=0, seeds=SEED, out=folder / "ours", verbose=False,
    )  # fmt: skip
    (row,) = results.rows()
    assert row.evaluation == "pseudo_online" and "shuffled_windows" in row.flags
    return theirs, row.per_unit


def test_noise_by_the_reference_scores_as_in_moabb(own_folders):
    theirs, ours = scores_of_noise(1, 12, own_folders)
    assert ours == pytest.approx(theirs, rel=0, abs=1e-12)
    assert min(ours.values()) > 0.9  # of labels that mean nothing


@pytest.mark.slow
def test_six_subjects_of_noise_are_told_apart(own_folders):
    """Few windows to a dimension of the tangent space: of 16 channels and 60 trials it is .92."""
    theirs, ours = scores_of_noise(6, 40, own_folders)
    assert ours == pytest.approx(theirs, rel=0, abs=1e-12)
    assert np.mean(list(ours.values())) > 0.99, ours
