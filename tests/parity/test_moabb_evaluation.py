"""Within-session scores equal those of MOABB's own evaluation of the same data set."""

import importlib.util
from pathlib import Path

import mne
import moabb
import numpy as np
import pytest
from mne.decoding import CSP
from moabb.evaluations import CrossSessionEvaluation, WithinSessionEvaluation
from moabb.evaluations.protocols import CrossSubjectMode
from moabb.evaluations.splitters import CrossSubjectSplitter
from moabb.paradigms import LeftRightImagery
from pyriemann.classification import MDM
from pyriemann.estimation import Covariances
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.pipeline import make_pipeline

import neurodecode as nd
from neurodecode.core.target import Target
from neurodecode.harness.access import grant
from neurodecode.harness.question import TargetAccess
from neurodecode.protocols.cross_subject import CrossSubject

mne.set_log_level("ERROR")
moabb.set_log_level("ERROR")
_spec = importlib.util.spec_from_file_location(
    "moabb_sets", Path(__file__).parents[1] / "data/moabb_sets.py"
)
moabb_sets = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(moabb_sets)
SEED = 42
PARADIGM = {"fmin": 8, "fmax": 32}
CARD = """
name: local
modality: eeg
reader: {moabb: {dataset: "moabb_sets:LocalDataset"}}
tasks:
  hands:
    target: {label: label, classes: [left_hand, right_hand]}
    windows: {tmin: 0.0, tmax: 2.0}
"""


def pipelines():
    lda = LinearDiscriminantAnalysis
    return {
        "mdm": make_pipeline(Covariances("oas"), MDM(metric="riemann")),
        "csp": make_pipeline(CSP(4, reg="ledoit_wolf", log=True), lda()),
    }


@pytest.fixture(scope="module")
def own_folders(tmp_path_factory):
    folder = tmp_path_factory.mktemp("moabb")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        patch.setenv("_MNE_FAKE_HOME_DIR", str(folder))
        patch.setenv("MNE_DATA", str(folder))
        patch.setenv("MNE_RESULTS", str(folder))
        patch.syspath_prepend(str(Path(__file__).parents[1] / "data"))
        yield folder


def theirs(evaluation, folder):
    """Scores of MOABB by pipeline, subject and session, taken before its file rounds them."""
    paradigm, dataset = LeftRightImagery(**PARADIGM), moabb_sets.LocalDataset()
    made = evaluation(
        paradigm=paradigm, datasets=[dataset], random_state=SEED, overwrite=True,
        hdf5_path=str(folder),
    )  # fmt: skip
    process = paradigm.make_process_pipelines(dataset)[0]
    found = made.evaluate(dataset, pipelines(), None, process)
    return {
        (one["pipeline"], str(one["subject"]), one["session"]): float(one["score"]) for one in found
    }


def ours(data, protocol, folder, **named):
    """Scores of the harness, averaged over the folds of each session as MOABB does."""
    results = nd.evaluate(
        data, models=list(pipelines().values()), protocol=protocol, metrics=["roc_auc"],
        controls=(), n_draws=0, seeds=[SEED], out=folder, verbose=False, **named,
    )  # fmt: skip
    scores = results.scores()
    names = {"Covariances + MDM": "mdm", "CSP + LinearDiscriminantAnalysis": "csp"}
    scores = scores.assign(pipeline=scores["model"].map(names))
    by = scores.groupby(["pipeline", "subject", "session"], observed=True)
    return by["score"].mean().to_dict()


CASES = [
    (WithinSessionEvaluation, {"within_session": {"n_splits": 5}}),
    (CrossSessionEvaluation, "cross_session"),
]


@pytest.mark.parametrize(("evaluation", "protocol"), CASES)
def test_scores_on_the_same_arrays(evaluation, protocol, own_folders):
    X, y, rows = LeftRightImagery(**PARADIGM).get_data(moabb_sets.LocalDataset())
    subjects = {str(s): np.flatnonzero(rows["subject"] == s) for s in rows["subject"].unique()}
    found = ours(
        {s: X[index] for s, index in subjects.items()}, protocol,
        own_folders / f"arrays_{evaluation.__name__}",
        target={s: y[index] for s, index in subjects.items()},
        rows=rows.drop(columns="subject"),
    )  # fmt: skip
    assert found == pytest.approx(theirs(evaluation, own_folders), rel=0, abs=1e-12)
    assert len(found) == 2 * 3 * 2 and 0.9 < np.mean(list(found.values())) < 1  # it is planted


@pytest.mark.parametrize(("evaluation", "protocol"), CASES)
def test_scores_of_a_card_with_the_same_filter(evaluation, protocol, own_folders):
    card = own_folders / "local.yaml"
    card.write_text(CARD)
    band = {"l_freq": 8, "h_freq": 32, "method": "iir"}
    trials = nd.load(str(card), prepare=[{"mne": {"filter": band}}], allow_code=True)
    X, y, _ = LeftRightImagery(**PARADIGM).get_data(moabb_sets.LocalDataset())
    # MOABB gives microvolts; that product is the only difference of its arrays.
    np.testing.assert_array_equal(trials.X * 1e6, X)
    np.testing.assert_array_equal(trials.rows["label"], y)
    found = ours(trials, protocol, own_folders / f"card_{evaluation.__name__}", target="label")
    assert found == pytest.approx(theirs(evaluation, own_folders), rel=0, abs=1e-12)


MODES = {
    CrossSubjectMode.TRAIN: TargetAccess(),
    CrossSubjectMode.TRAIN_AND_TARGET_UNLABELED_20P: TargetAccess(unlabelled=0.2),
    CrossSubjectMode.TRAIN_AND_TARGET_UNLABELED_50P: TargetAccess(unlabelled=0.5),
    CrossSubjectMode.TRAIN_AND_TARGET_UNLABELED_FULL: TargetAccess(transductive=True),
    CrossSubjectMode.TRAIN_AND_TARGET_LABELED_20P: TargetAccess(calibration=0.2),
    CrossSubjectMode.TRAIN_AND_TARGET_LABELED_50P: TargetAccess(calibration=0.5),
}


@pytest.mark.parametrize("mode", MODES, ids=lambda mode: mode.value)
def test_what_is_seen_of_the_tested_is_moabbs(mode, own_folders):
    _, y, metadata = LeftRightImagery(**PARADIGM).get_data(moabb_sets.LocalDataset())
    splitter = CrossSubjectSplitter(
        calibration_size=mode.calibration_size, calibration_labeled=mode.calibration_labeled
    )
    expected = [[sorted(one) for one in fold] for fold in splitter.split(y, metadata)]
    (own_folders / "local.yaml").write_text(CARD)
    rows = nd.load(str(own_folders / "local.yaml"), allow_code=True).rows
    np.testing.assert_array_equal(rows["subject"].astype(int), metadata["subject"])
    target = Target("label", column="label", classes=("left_hand", "right_hand"))
    codes = target.column_values(rows)
    found = []
    for fold in CrossSubject().split(rows, target, 0):
        seen = grant(fold, rows, codes >= 0, codes, MODES[mode])
        roles = [seen.index(role).tolist() for role in ("train", "adapt", "test")]
        if not MODES[mode].transductive and not roles[1]:
            del roles[1]
        elif MODES[mode].transductive:  # shown as they are tested, without leaving the test
            roles[1] = roles[2]
        found.append(roles)
    assert found == expected
    if mode.calibration_labeled:
        assert seen.adapt_labelled
