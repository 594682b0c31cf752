"""The harness predicts exactly what ten lines of scikit-learn and pyriemann predict."""

import mne
import numpy as np
import pytest
from mne.decoding import CSP
from pyriemann.classification import MDM
from pyriemann.estimation import Covariances
from pyriemann.tangentspace import TangentSpace
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import LeaveOneGroupOut, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC

import neurodecode as nd
from neurodecode.core.errors import DataMissing

mne.set_log_level("ERROR")
BAND = [{"filter": {"l_freq": 8, "h_freq": 30}}]
SUBJECTS = [
    "002",
    *(pytest.param(subject, marks=pytest.mark.slow) for subject in ("001", "003", "004")),
]
VARIANTS = ["slice", pytest.param("vt", marks=pytest.mark.slow)]


@pytest.fixture(scope="module", autouse=True)
def shared_cache(warm, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def csp_lda():
    return make_pipeline(CSP(6, reg="ledoit_wolf", log=True), LinearDiscriminantAnalysis())


def tangent_space():
    regression = LogisticRegression(max_iter=1000)
    return make_pipeline(Covariances("oas"), TangentSpace(), regression)


def mdm():
    return make_pipeline(Covariances("oas"), MDM())


def flat(estimator):
    return make_pipeline(FunctionTransformer(lambda X: X.reshape(len(X), -1)), estimator)


def logistic():
    return flat(LogisticRegression(max_iter=1000))


def svm():
    return flat(SVC(kernel="linear"))


EEG = {"linear.csp_lda": csp_lda, "riemann.tangent_space": tangent_space, "riemann.mdm": mdm}
FMRI = {"linear.logistic": logistic, "linear.svm": svm}


def loaded(*arguments, **named):
    try:
        return nd.load(*arguments, **named)
    except DataMissing as error:
        pytest.skip(f"recordings absent: {str(error).splitlines()[0]}")


def expected(trials, plain, folds):
    """Predictions of the plain estimator on the same prepared arrays."""
    y = trials.rows["label"].astype(str)
    groups = trials.rows["run"] if isinstance(folds, LeaveOneGroupOut) else None
    return cross_val_predict(plain(), trials.X, y, cv=folds, groups=groups)


def ours(trials, model, protocol, tmp_path):
    results = nd.evaluate(
        trials, models=[model], protocol=protocol, controls=(), n_draws=0, out=tmp_path,
        verbose=False,
    )  # fmt: skip
    found = results.predictions().set_index("uid")
    return found.loc[trials.rows["uid"], "pred"].to_numpy(dtype=str)


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("model", EEG)
def test_eeg_with_a_run_left_out(model, subject, tmp_path):
    trials = loaded("eegbci", "left_right", subjects=[subject], prepare=BAND)
    found = ours(trials, model, "cross_run", tmp_path)
    np.testing.assert_array_equal(found, expected(trials, EEG[model], LeaveOneGroupOut()))


@pytest.mark.parametrize("subject", SUBJECTS)
@pytest.mark.parametrize("model", EEG)
def test_eeg_in_shuffled_folds(model, subject, tmp_path):
    trials = loaded("eegbci", "left_right", subjects=[subject], prepare=BAND)
    found = ours(trials, model, "within_session", tmp_path)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    np.testing.assert_array_equal(found, expected(trials, EEG[model], folds))


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize("model", FMRI)
def test_fmri_with_a_run_left_out(model, variant, tmp_path):
    trials = loaded("haxby2001", "eight_way", variant=variant)
    found = ours(trials, model, "cross_run", tmp_path)
    np.testing.assert_array_equal(found, expected(trials, FMRI[model], LeaveOneGroupOut()))
