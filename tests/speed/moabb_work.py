"""The same evaluation by MOABB and by the harness, each in a process of its own.

`python -c "import moabb_work; moabb_work.main(SIDE, FOLDER)"` prints seconds and megabytes as JSON.
"""

import json
import os
import resource
import time
from pathlib import Path

import mne
import numpy as np
from mne.decoding import CSP
from moabb.datasets.base import BaseDataset
from pyriemann.classification import MDM
from pyriemann.estimation import Covariances
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline

# The shape of BNCI2014_001 (Tangermann et al. 2012, doi 10.3389/fnins.2012.00055), two classes.
N_CHANNELS, SFREQ, N_SESSIONS, N_RUNS, N_TRIALS, SPACING = 22, 250.0, 2, 6, 24, 8.0
N_SUBJECTS, SEED = 2, 42
CARD = """
name: like_bnci
modality: eeg
reader: {moabb: {dataset: "moabb_work:LikeBNCI"}}
tasks:
  hands:
    target: {label: label, classes: [left_hand, right_hand]}
    windows: {tmin: 0.0, tmax: 4.0}
"""


class LikeBNCI(BaseDataset):
    """Noise of the shape of BNCI2014_001, in FIF files below MOABB's folder."""

    def __init__(self):
        super().__init__(
            subjects=list(range(1, N_SUBJECTS + 1)), sessions_per_subject=N_SESSIONS,
            events={"left_hand": 1, "right_hand": 2}, code="LikeBNCI", interval=[2, 6],
            paradigm="imagery",
        )  # fmt: skip

    def data_path(self, subject, **_):
        folder = Path(os.environ["MNE_DATA"]) / "MNE-like-data"
        return sorted(str(path) for path in folder.glob(f"{subject}_*_raw.fif"))

    def _get_single_subject_data(self, subject):
        found = {}
        for path in map(Path, self.data_path(subject)):
            _, session, run, _ = path.name.split("_")
            raw = mne.io.read_raw_fif(path, preload=True, verbose="error")
            found.setdefault(session, {})[run] = raw
        return found


def write(root):
    """Write the recordings of all subjects."""
    folder = root / "MNE-like-data"
    folder.mkdir(parents=True)
    names = [f"E{i}" for i in range(N_CHANNELS)] + ["STI"]
    info = mne.create_info(names, SFREQ, ["eeg"] * N_CHANNELS + ["stim"])
    n_times = int(N_TRIALS * SPACING * SFREQ)
    for subject in range(1, N_SUBJECTS + 1):
        for session in range(N_SESSIONS):
            for run in range(N_RUNS):
                rng = np.random.default_rng([subject, session, run])
                values = 1e-5 * rng.standard_normal((N_CHANNELS + 1, n_times))
                values[-1] = 0
                at = (np.arange(N_TRIALS) * SPACING * SFREQ).astype(int) + 1
                values[-1, at] = rng.permutation(np.resize([1, 2], N_TRIALS))
                raw = mne.io.RawArray(values, info, verbose="error")
                raw.save(folder / f"{subject}_{session}_{run}_raw.fif", verbose="error")


def pipelines():
    return {
        "mdm": make_pipeline(Covariances("oas"), MDM(metric="riemann")),
        "csp": make_pipeline(CSP(6, reg="ledoit_wolf", log=True), LinearDiscriminantAnalysis()),
    }


def by_moabb(folder):
    from moabb.evaluations import WithinSessionEvaluation
    from moabb.paradigms import LeftRightImagery

    made = WithinSessionEvaluation(
        paradigm=LeftRightImagery(fmin=8, fmax=32), datasets=[LikeBNCI()], random_state=SEED,
        overwrite=True, hdf5_path=str(folder),
    )  # fmt: skip
    found = made.process(pipelines())
    return float(found["score"].mean())


def by_harness(folder):
    import neurodecode as nd

    (folder / "like_bnci.yaml").write_text(CARD)
    band = {"l_freq": 8, "h_freq": 32, "method": "iir"}
    trials = nd.load(
        str(folder / "like_bnci.yaml"), prepare=[{"mne": {"filter": band}}], data=folder,
        allow_code=True,
    )  # fmt: skip
    results = nd.evaluate(
        trials, target="label", models=list(pipelines().values()), metrics=["roc_auc"],
        protocol={"within_session": {"n_splits": 5}}, controls=(), n_draws=0, seeds=[SEED],
        out=folder / "out", verbose=False,
    )  # fmt: skip
    return float(results.table()["mean"].mean())


def main(side, folder):
    work = {"moabb": by_moabb, "harness": by_harness}[side]
    started = time.perf_counter()
    score = work(Path(folder))
    seconds = time.perf_counter() - started
    peak, child = (
        resource.getrusage(who).ru_maxrss / 1024
        for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)
    )
    print(json.dumps({"score": score, "seconds": seconds, "peak_mb": peak, "worker_mb": child}))
