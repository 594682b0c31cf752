"""Data sets as MOABB wants them, of a few seconds, that no download is needed for."""

from pathlib import Path

import mne
import numpy as np
import requests
from moabb.datasets.base import BaseDataset

SFREQ = 128.0
EVENTS = {"left_hand": 1, "right_hand": 2, "rest": 3}


def recording(subject, session, run, n_trials=20):
    """Six channels and a stim channel; right_hand weakens C3's rhythm, left_hand that of C4."""
    rng = np.random.default_rng([int(subject), int(session), int(run)])
    names = ["Fz", "C3", "Cz", "C4", "Pz", "Oz"]
    n_times = int((4 * n_trials + 4) * SFREQ)
    codes = rng.permutation(np.resize([1, 2], n_trials))
    rhythm = np.sin(2 * np.pi * 11 * np.arange(n_times) / SFREQ)
    gain, stim = np.ones((6, n_times)), np.zeros((1, n_times))
    for i, code in enumerate(codes):
        at = int((1 + 4 * i) * SFREQ)
        stim[0, at] = code
        gain[1 if code == 2 else 3, at : at + int(3 * SFREQ)] = 0.6
    values = 1e-5 * (2 * rng.standard_normal((6, n_times)) + gain * rhythm)
    info = mne.create_info([*names, "STI"], SFREQ, ["eeg"] * 6 + ["stim"])
    return mne.io.RawArray(np.vstack([values, stim]), info, verbose="error")


class LocalDataset(BaseDataset):
    """Three subjects, two sessions of two runs, made where they are asked for."""

    def __init__(self, n_subjects=3):
        super().__init__(
            subjects=list(range(1, n_subjects + 1)), sessions_per_subject=2, events=EVENTS,
            code="LocalDataset", interval=[0.5, 2.5], paradigm="imagery",
        )  # fmt: skip

    def _get_single_subject_data(self, subject):
        return {
            session: {run: recording(subject, session[0], run) for run in ("0", "1")}
            for session in ("0train", "1test")
        }

    def data_path(self, subject, **_):
        return []


class SavedDataset(LocalDataset):
    """The same from files in MOABB's folder, which are counted as they are read."""

    reads = 0

    def data_path(self, subject, **_):
        path = Path(mne.get_config("MNE_DATA")) / "MNE-saved-data" / f"{subject}_raw.fif"
        if not path.is_file():
            requests.get("https://localhost.invalid/" + path.name, timeout=5)
        return [str(path)]

    def _get_single_subject_data(self, subject):
        type(self).reads += 1
        raw = mne.io.read_raw_fif(self.data_path(subject)[0], preload=True, verbose="error")
        return {"0": {"0": raw}}


class NoDataset:
    """A class that is none of MOABB's."""


class LocalOddball(LocalDataset):
    """The same recordings under the names of an oddball, one subject."""

    def __init__(self):
        BaseDataset.__init__(
            self, subjects=[1], sessions_per_subject=2, events={"Target": 2, "NonTarget": 1},
            code="LocalOddball", interval=[0.5, 1.5], paradigm="p300",
        )  # fmt: skip


class LocalFlicker(LocalDataset):
    """The same recordings under the names of two rates of flicker, one subject."""

    def __init__(self):
        BaseDataset.__init__(
            self, subjects=[1], sessions_per_subject=2, events={"11": 1, "15": 2},
            code="LocalFlicker", interval=[0.5, 2.5], paradigm="ssvep",
        )  # fmt: skip
