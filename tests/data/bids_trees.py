"""Small data sets with a planted effect, as a private folder and as BIDS, for reader tests."""

import mne
import mne_bids
import numpy as np
import pandas as pd
import pybv

NAMES, SFREQ, N_TRIALS = ["Fz", "C3", "C4", "Pz", "HEOG"], 100.0, 12
SUBJECTS, RUNS = ("01", "02"), ("01", "02")
MARKERS = {1: "left", 2: "right"}


def write_private(folder):
    """Write BrainVision files ``S01_run-01.vhdr`` with markers S 1 (left) and S 2 (right).

    One hemisphere's rhythm of 10 Hz is weaker after each marker: that of C3 after S 2.
    """
    folder.mkdir(parents=True)
    for i, subject in enumerate(SUBJECTS):
        for j, run in enumerate(RUNS):
            rng = np.random.default_rng([i, j])
            codes = rng.permutation(np.tile([1, 2], N_TRIALS // 2))
            n_times = int((2 + 3 * N_TRIALS + 2) * SFREQ)
            rhythm = np.sin(2 * np.pi * 10 * np.arange(n_times) / SFREQ + rng.uniform(0, 6))
            gain = np.ones((len(NAMES), n_times))
            events = []
            for k, code in enumerate(codes):
                at = int((2 + 3 * k) * SFREQ)
                gain[1 if code == 2 else 2, at : at + int(1.5 * SFREQ)] = 0.3
                events.append({"onset": at, "duration": 1, "description": int(code)})
            values = 1e-5 * (2.4 * rng.standard_normal(gain.shape) + gain * rhythm)
            pybv.write_brainvision(
                data=values, sfreq=SFREQ, ch_names=NAMES, fname_base=f"S{subject}_run-{run}",
                folder_out=str(folder), events=events, unit="µV", resolution=0.1,
            )  # fmt: skip
    return folder


def write_bids(private, root):
    """Write the same recordings as a BIDS data set, with participants and sidecars."""
    for path in sorted(private.glob("*.vhdr")):
        subject, run = path.stem[1:3], path.stem[-2:]
        raw = mne.io.read_raw_brainvision(path, verbose="error")
        raw.set_channel_types({"HEOG": "eog"}, verbose="error")
        raw.set_montage("colin27_1005", on_missing="ignore", verbose="error")
        raw.info["line_freq"] = 50
        place = mne_bids.BIDSPath(subject=subject, run=run, task="hand", datatype="eeg", root=root)
        mne_bids.write_raw_bids(raw, place, overwrite=True, verbose="error")
    write_participants(root, [("sub-01", "31", "patient"), ("sub-02", "27", "control")])
    return root


def write_participants(root, rows):
    table = pd.DataFrame(rows, columns=["participant_id", "age", "group"])
    table.to_csv(root / "participants.tsv", sep="\t", index=False)


def change_table(path, change):
    """Write a tab-separated table anew, changed by a function of the table."""
    table = pd.read_csv(path, sep="\t", dtype=str, keep_default_na=False)
    change(table).to_csv(path, sep="\t", index=False)


def rename(paths, old, new, folder=None):
    """Rename files, and the names that BrainVision headers keep of each other."""
    for path in list(paths):
        target = (folder or path.parent) / path.name.replace(old, new, 1)
        target.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix in (".vhdr", ".vmrk"):
            path.write_text(path.read_text().replace(old, new))
        path.rename(target)
