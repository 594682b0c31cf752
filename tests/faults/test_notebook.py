"""What a person sees of bad input in a notebook: one sentence, before anything is fitted."""

import mne
import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.linear_model import Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError, DataMissing

RNG = np.random.default_rng(0)
X, Y = RNG.standard_normal((40, 5)), np.tile(["a", "b"], 20)
E = 1e-5 * RNG.standard_normal((40, 4, 100))
SVM = "linear.svm"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NEURODECODE_DATA", raising=False)
    yield
    assert not list(tmp_path.rglob("done.json"))  # nothing was fitted


class Fixed(ClassifierMixin, BaseEstimator):
    def __init__(self, kinds=()):
        self.kinds = list(kinds)

    def fit(self, X, y):
        return self

    def predict(self, X):
        return np.zeros(len(X))


class Forgets(Fixed):
    def __init__(self, kinds=()):
        del kinds


def epochs(data=E, names=("Fz", "C3", "C4", "Pz")):
    codes = np.tile([1, 2], len(data) // 2)
    events = np.column_stack([200 * np.arange(len(data)), np.zeros_like(codes), codes])
    info = mne.create_info(list(names), 100.0, "eeg")
    return mne.EpochsArray(data, info, events, event_id={"l": 1, "r": 2}, verbose="ERROR")


def changed(array, index, value):
    array = array.copy()
    array[index] = value
    return array


def evaluate(data, target=None, models=SVM, **options):
    return nd.evaluate(data, target, models, verbose=False, **options)


MDM = "riemann.mdm"
ACM = "riemann.augmented_covariance"
CASES = {
    "too few labels": (lambda: evaluate(X, Y[:10]), r"\(10,\) labels for 40 trials of subject 1"),
    "a label is missing": (lambda: evaluate(X, [None, *Y[1:]]), "1 labels .* are missing"),
    "no labels": (lambda: evaluate(X), "give the labels, one a trial"),
    "labels of one subject alone": (
        lambda: evaluate({"S1": X, "S2": X}, {"S1": Y}),
        "no labels of subject S2; there are: S1",
    ),
    "no such column": (lambda: evaluate(epochs(), "hand", MDM), "no column 'hand'"),
    "no such protocol": (lambda: evaluate(X, Y, protocol="crossrun"), "Did you mean 'cross_run'"),
    "no such argument": (
        lambda: evaluate(X, Y, protocol={"within_session": {"nsplits": 3}}),
        "Did you mean 'n_splits'",
    ),
    "no such model": (lambda: evaluate(X, Y, "linear.swm"), "Did you mean 'linear.svm'"),
    "a class for a model": (lambda: evaluate(X, Y, [SVC]), r"SVC is a class. Make one: SVC\(\)"),
    "a name without its family": (lambda: evaluate(X, Y, "svm"), "Did you mean 'linear.svm'"),
    "no models": (lambda: evaluate(X, Y, []), "models: there is none. Name at least one"),
    "no list of models": (lambda: evaluate(X, Y, 3), "models: expected a list of names .* got 3"),
    "a number for a model": (lambda: evaluate(X, Y, [3]), "models: expected a name, .* got 3"),
    "a function for a model": (lambda: evaluate(X, Y, [len]), "got <built-in function len>"),
    "no steps": (lambda: evaluate(X, Y, [[]]), "the list of steps is empty"),
    "a step at the end": (lambda: evaluate(X, Y, [["scale"]]), "'scale' is a step. Put a model"),
    "a model before the end": (
        lambda: evaluate(X, Y, [[SVM, "linear.lda"]]),
        "'linear.svm' is a model, and stands last",
    ),
    "a number of controls": (lambda: evaluate(X, Y, controls=3), "controls: expected a list of n"),
    "a number of metrics": (lambda: evaluate(X, Y, metrics=3), "metrics: expected names, got 3"),
    "vectors of two lengths": (
        lambda: evaluate({"1": X, "2": X}, {"1": X[:, :2], "2": X}, [Ridge()]),
        "vectors of 2 lengths over the subjects",
    ),
    "vectors for some": (
        lambda: evaluate({"1": X, "2": X}, {"1": X[:, 0], "2": X}, [Ridge()]),
        "vectors of 2 lengths over the subjects",
    ),
    "a column of labels": (lambda: evaluate(X, Y[:, None]), r"\(40, 1\) labels for 40 trials"),
    "an infinite value": (
        lambda: evaluate(X, np.where(Y == "a", 0.5, np.inf), [Ridge()]),
        "target: infinite numbers of subject 1",
    ),
    "a value that is missing": (
        lambda: evaluate(X, changed(X[:, 0], 3, np.nan), [Ridge()]),
        "1 labels of subject 1 are missing",
    ),
    "numbers for a model of labels": (
        lambda: evaluate(X, X[:, 0]),
        "linear.svm cannot be run: it learns label, and the target is a value",
    ),
    "no such metric": (lambda: evaluate(X, Y, metrics="auc"), "metrics: .*Did you mean 'roc_auc'"),
    "a metric twice": (
        lambda: evaluate(X, Y, metrics=["accuracy", "accuracy"]),
        "metrics: 'accuracy' is given twice",
    ),
    "a number for a metric": (lambda: evaluate(X, Y, metrics=[5]), "metrics: expected names"),
    "processes in words": (lambda: evaluate(X, Y, n_jobs="2"), "n_jobs: '2' processes"),
    "a seed below zero": (lambda: evaluate(X, Y, seeds=-1), "seeds: expected whole .* got -1"),
    "a seed of text": (lambda: evaluate(X, Y, seeds="0"), "seeds: expected whole .* got '0'"),
    "half a seed": (lambda: evaluate(X, Y, seeds=[0.5]), "seeds: expected whole .* got 0.5"),
    "no seeds": (lambda: evaluate(X, Y, seeds=None), "seeds: expected whole .* got None"),
    "one seed and a half": (lambda: evaluate(X, Y, seeds=1.5), "seeds: expected whole .* got 1.5"),
    "a truth for a seed": (lambda: evaluate(X, Y, seeds=True), "seeds: expected whole .* got True"),
    "a seed twice": (lambda: evaluate(X, Y, seeds=[1, 1]), "seeds: 1 is given twice"),
    "half a draw": (lambda: evaluate(X, Y, n_draws=2.5), "n_draws: 2.5"),
    "draws in words": (lambda: evaluate(X, Y, n_draws="5"), "n_draws: '5'"),
    "a step for a model": (lambda: evaluate(X, Y, [StandardScaler()]), "no fit and predict"),
    "a pipeline without an end": (
        lambda: evaluate(X, Y, [make_pipeline(StandardScaler())]),
        "no fit and predict",
    ),
    "a model that changes its arguments": (
        lambda: evaluate(X, Y, [Fixed()]),
        "Fixed cannot be cloned, as every fold needs",
    ),
    "a model that forgets its arguments": (
        lambda: evaluate(X, Y, [Forgets()]),
        "Forgets cannot be cloned, as every fold needs",
    ),
    "a model for numbers": (lambda: evaluate(X, Y, [Ridge()]), "it learns value or vector"),
    "draws below zero": (lambda: evaluate(X, Y, n_draws=-1), "n_draws: -1"),
    "no process": (lambda: evaluate(X, Y, n_jobs=0), "n_jobs: 0 processes"),
    "one number a trial": (lambda: evaluate(X[:, 0], Y), r"shape \(n_trials, …\)"),
    "text": (lambda: evaluate(X.astype(str), Y), "expected numbers"),
    "nothing": (lambda: evaluate({}), "the mapping is empty"),
    "lists of other lengths": (
        lambda: evaluate([one[: 50 + i] for i, one in enumerate(np.tile(X, 12))], Y),
        r"data of subject 1: trials differ in shape \(\(50,\), \(51,\), …\).*Cut or pad them",
    ),
    "trials of other lengths": (
        lambda: evaluate({"S1": [one[:, i:] for i, one in enumerate(E)]}, {"S1": Y}),
        r"data of subject S1: trials differ in shape \(\(4, 100\), \(4, 99\), …\)",
    ),
    "a continuous recording": (
        lambda: evaluate(mne.io.RawArray(E[0], epochs().info, verbose="ERROR"), Y),
        r"a continuous recording \(RawArray\) has no trials yet. Cut it around its events",
    ),
    "epochs in a list": (
        lambda: evaluate([epochs(), epochs()]),
        "a list of Epochs says nothing of whose they are. Give a mapping",
    ),
    "nothing of one subject": (lambda: evaluate({"S1": None}, {"S1": Y}), "got NoneType of shape"),
    "labels of other lengths": (
        lambda: evaluate(X, [[1], [1, 2]] * 20),
        "trials of subject 1 differs in length. Give one label or number a trial",
    ),
    "rows of two lengths": (
        lambda: evaluate(X, Y, rows={"run": ["1"], "day": [1, 2]}),
        "rows: no table can be made of them",
    ),
    "no trial": (lambda: evaluate(X[:0], Y[:0]), "holds no trial"),
    "rows of other trials": (lambda: evaluate(X, Y, rows={"run": ["1"]}), "1 rows for 40 trials"),
    "trials of another shape": (lambda: evaluate(X, Y, "linear.csp_lda"), "channel × time"),
    "too few trials": (lambda: evaluate(X[:6], Y[:6]), "3 trials of 'a' for 5 folds"),
    "one run": (lambda: evaluate(X, Y, protocol="cross_run"), "the one run 1"),
    "other channels": (
        lambda: evaluate({"1": epochs(), "2": epochs(names=("Fz", "C3", "C4", "Cz"))}, models=MDM),
        r"sub-2.*lacking: \['Pz'\]",
    ),
    "other lengths": (
        lambda: evaluate({"1": epochs(), "2": epochs(E[:, :, :50])}, models=MDM),
        r"sub-2_ses-1_run-1 has shape \(4, 50\)",
    ),
    "no inverse": (
        lambda: evaluate(
            epochs(E - E.mean(axis=1, keepdims=True)), models=[{MDM: {"estimator": "scm"}}]
        ),
        "rank 3 for 4 channels",
    ),
    "too short for an embedding": (
        lambda: evaluate(
            RNG.standard_normal((40, 8, 60)), Y, {ACM: {"order": 4, "lag": 8}}
        ),
        "order 4 of lag 8 leaves 28 samples of a trial for 32 rows",  # 60 - 4 * 8; 4 * 8
    ),
    "no inverse of short trials": (
        lambda: evaluate(RNG.standard_normal((40, 8, 5)), Y, {MDM: {"estimator": "scm"}}),
        "windows of 5 samples give a covariance of rank 4 at most for 8 channels",
    ),
    "no subject": (lambda: nd.load("eegbci", subjects=[]), "subjects: the list is empty"),
    "no such window": (
        lambda: nd.load("eegbci", windows={"tmin": 0, "tmax": float("inf")}),
        "tmax: inf is no number of seconds",
    ),
    "no such card's task": (lambda: nd.load("eegbci", "leftright"), "Did you mean 'left_right'"),
    "no such preparation": (
        lambda: nd.load("eegbci", prepare=[{"filter": {"lfreq": 8}}]),
        "Did you mean 'l_freq'",
    ),
    "no such value": (lambda: nd.build(MDM, metric="x"), "expected one of riemann, logeuclid"),
    "no results": (lambda: nd.load_results("."), "holds no results"),
    "no table": (lambda: nd.table(42), "no table of int"),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_what_cannot_be_meant_is_said(name):
    call, sentence = CASES[name]
    with pytest.raises(ConfigError, match=sentence):
        call()


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: evaluate(changed(X, (3, 2), np.nan), Y), "1 of 40 trials .* the first is trial 3"),
        (lambda: evaluate(epochs(changed(E, (3, 2, 5), np.nan)), models=MDM), "1 of 4 sensors: C4"),
        (lambda: evaluate(epochs(changed(E, np.s_[:, 1], 0)), models=MDM), "are flat.*C3"),
        (lambda: evaluate(epochs(1e6 * E), models=MDM), "uV stored as V"),
        (lambda: evaluate(X, ["a"] * 40), "Two classes are needed"),
        (lambda: evaluate(X, np.full(40, 0.5), [Ridge()]), "all 40 trials are 0.5: nothing to"),
        (
            lambda: evaluate(
                X, ["a"] * 20 + ["b"] * 20, protocol="cross_run", rows={"run": [1] * 20 + [2] * 20}
            ),
            r"too few training trials of a class \('a' 0; 2 are needed\)",
        ),
        (lambda: evaluate(X, Y, rows={"onset": [np.nan] * 40}), "onset of subject 1 is no number"),
        (lambda: evaluate(X, Y, rows={"onset": [1.0] * 40}), "40 rows share their window"),
    ],
)
def test_data_that_cannot_be_true_are_said(call, sentence):
    with pytest.raises(DataError, match=sentence):
        call()


def test_a_subject_that_is_not_there_is_said_with_the_remedy():
    with pytest.raises(DataMissing, match=r"subject 099.*there are: 002.*--data DIR"):
        nd.load("eegbci", subjects=["099"])


def test_results_are_not_written_over_a_file(tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(ConfigError, match="results cannot be written there"):
        evaluate(X, Y, out=tmp_path / "taken")


def test_montages_may_differ_between_people_who_share_no_fold(tmp_path):
    """Nothing is wrong with this one: it is planned, and stops for another reason."""
    other = epochs(names=("Fz", "C3", "C4", "Cz"))
    rows = pd.DataFrame({"run": ["1"] * 80})
    with pytest.raises(ConfigError, match="n_jobs"):
        evaluate(
            {"1": epochs(), "2": other}, models=MDM, protocol="within_session", rows=rows, n_jobs=0
        )
