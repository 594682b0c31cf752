"""`nd.evaluate`: arrays and epochs in, results out."""

import shutil

import mne
import numpy as np
import pandas as pd
import pytest
from pyriemann.classification import MDM, FgMDM
from pyriemann.estimation import Covariances
from pyriemann.spatialfilters import CSP
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import Ridge
from sklearn.metrics import r2_score
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_predict
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.steps.tangent_space import TangentSpace

FEW = {"n_draws": 1, "controls": (), "verbose": False}


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))


def arrays(seed=0, n=40, n_features=5, effect=1.0):
    rng = np.random.default_rng(seed)
    y = rng.permutation(np.repeat(["left", "right"], n // 2))
    X = rng.standard_normal((n, n_features))
    X[y == "right", 0] += effect
    return X, y


def epochs_of(seed=0, n=30, effect=1.0, microvolt=20e-6):
    """Epochs whose first channel is stronger in the second class."""
    rng = np.random.default_rng(seed)
    info = mne.create_info(["C3", "Cz", "C4", "Pz"], 100.0, "eeg")
    code = rng.permutation(np.repeat([1, 2], n // 2))
    X = microvolt * rng.standard_normal((n, 4, 100))
    X[code == 2, 0] *= 1 + effect
    events = np.column_stack([np.arange(n) * 150, np.zeros(n, dtype=int), code])
    made = mne.EpochsArray(X, info, events, event_id={"left": 1, "right": 2}, verbose="ERROR")
    hand = np.where(code == 1, "l", "r")
    made.metadata = pd.DataFrame({"hand": hand, "run": np.repeat(["1", "2"], n // 2)})
    return made


def test_predictions_are_those_of_scikit_learn():
    X, y = arrays()
    mine = make_pipeline(StandardScaler(), LinearDiscriminantAnalysis())
    results = nd.evaluate(X, y, [mine], **FEW)
    folds = StratifiedKFold(5, shuffle=True, random_state=0)
    expected = cross_val_predict(mine, X, y, cv=folds)
    found = results.predictions().sort_values("position")
    np.testing.assert_array_equal(found["pred"].to_numpy(dtype=str), expected)


def test_one_subject_is_split_within_and_several_across():
    X, y = arrays()
    X2, y2 = arrays(seed=1)
    one = nd.evaluate(X, y, ["linear.logistic"], **FEW)
    several = nd.evaluate({"A": X, "B": X2}, {"A": y, "B": y2}, ["linear.logistic"], **FEW)
    assert [fold["name"] for fold in one.index["folds"]] == [f"1/1/fold-{i}" for i in range(5)]
    assert [fold["name"] for fold in several.index["folds"]] == ["subject-A", "subject-B"]
    assert list(several.table()["unit"]) == ["subject"]
    assert {"A", "B"} <= set(several.table())


def test_labels_of_several_subjects_may_come_one_after_the_other():
    X, y = arrays()
    X2, y2 = arrays(seed=1)
    by_name = nd.evaluate({"A": X, "B": X2}, {"A": y, "B": y2}, ["linear.logistic"], **FEW)
    in_a_row = nd.evaluate({"A": X, "B": X2}, np.concatenate([y, y2]), ["linear.logistic"], **FEW)
    assert by_name.rows() == in_a_row.rows()


def test_epochs_are_decoded_by_event_name_or_by_a_column_of_their_metadata():
    epochs = epochs_of()
    by_event = nd.evaluate(epochs, models=["riemann.mdm"], **FEW)
    by_column = nd.evaluate(epochs, "hand", ["riemann.mdm"], **FEW)
    assert by_event.index["target"]["classes"] == ["left", "right"]
    assert by_column.index["target"]["classes"] == ["l", "r"]
    # Power doubled or more in a channel: 100 samples tell it nearly always.
    assert by_event.table()["mean"][0] > 0.9
    assert by_event.table()["mean"][0] == by_column.table()["mean"][0]


def test_runs_of_the_metadata_can_be_left_out_one_by_one():
    results = nd.evaluate(epochs_of(), "hand", ["riemann.mdm"], protocol="cross_run", **FEW)
    assert [fold["name"] for fold in results.index["folds"]] == ["1/1/run-1", "1/1/run-2"]


def test_subjects_of_epochs_share_their_channels():
    subjects = {"S1": epochs_of(0), "S2": epochs_of(1)}
    results = nd.evaluate(subjects, "hand", ["riemann.mdm", "riemann.tangent_space"], **FEW)
    assert list(results.table()["model"]) == ["riemann.mdm", "riemann.tangent_space"]
    assert results.table()["n_units"].tolist() == [2, 2]


def test_a_second_call_is_a_hit_and_a_new_model_is_the_only_one_that_is_fitted():
    X, y = arrays()
    counted = Counting()
    first = nd.evaluate(X, y, [counted], **FEW)
    n_fits = Counting.n_fits
    assert n_fits == 5 * 2  # folds × (itself, one shuffled draw)
    again = nd.evaluate(X, y, [counted], **FEW)
    with_more = nd.evaluate(X, y, [counted, "linear.svm"], **FEW)
    assert Counting.n_fits == n_fits
    assert again.rows() == first.rows()
    assert with_more.rows()[0] == first.rows()[0]
    X[0, 0] += 1e-9
    nd.evaluate(X, y, [counted], **FEW)
    assert Counting.n_fits == 2 * n_fits


def test_results_do_not_change_when_other_labels_are_asked_of_the_same_arrays():
    X, y = arrays()
    first = nd.evaluate(X, y, ["linear.logistic"], **FEW)
    before = (first.table(), first.scores(), first.predictions(), first.trials())
    nd.evaluate(X, np.roll(y, 1), ["linear.svm"], metrics=["roc_auc"], **FEW)
    for was, now in zip(
        before, (first.table(), first.scores(), first.predictions(), first.trials()), strict=True
    ):
        pd.testing.assert_frame_equal(was, now)


def test_the_same_model_twice_has_two_rows():
    X, y = arrays()
    models = [{"linear.logistic": {"C": 0.01}}, {"linear.logistic": {"C": 10.0}}]
    names = nd.evaluate(X, y, models, **FEW).table()["model"]
    assert names.nunique() == 2


def test_overlapping_epochs_are_purged_and_the_row_says_what_the_design_gives_away():
    epochs = epochs_of()
    epochs.events[:, 0] //= 2  # 0.75 s apart, 1 s long
    results = nd.evaluate(epochs, "hand", ["riemann.mdm"], n_draws=1, verbose=False)
    assert sum(fold["purged"] for fold in results.index["folds"]) > 0
    assert {"baseline.prior", "baseline.clock", "baseline.history"} < set(results.table()["model"])


class Counting(LinearDiscriminantAnalysis):
    n_fits = 0

    def fit(self, X, y):
        type(self).n_fits += 1
        return super().fit(X, y)


def test_a_function_of_trials_is_given_them_as_they_are():
    """FunctionTransformer validates nothing, so nothing is flattened for it."""
    epochs = epochs_of()
    power = FunctionTransformer(lambda X: np.log(X.var(axis=-1)))
    results = nd.evaluate(
        epochs, "hand", [make_pipeline(power, LinearDiscriminantAnalysis())], **FEW
    )
    assert results.table()["mean"][0] > 0.9


def told_by_ridge(X, Y):
    """Out of sample, in the folds that `within_session` cuts where nothing is stratified."""
    return cross_val_predict(Ridge(), X, Y, cv=KFold(5, shuffle=True, random_state=0))


def test_numbers_are_values_and_scored_as_scikit_learn_does():
    X, _ = arrays()
    y = X[:, 0] + 0.5 * np.random.default_rng(1).standard_normal(len(X))
    results = nd.evaluate(X, y, [Ridge()], n_draws=1, verbose=False)
    found = results.predictions().query("model == 'Ridge'").sort_values("position")
    np.testing.assert_allclose(found["pred"], told_by_ridge(X, y), rtol=1e-9)
    table = results.table()
    assert table["metric"].unique().tolist() == ["r2"]
    assert table["model"].tolist() == ["Ridge", "baseline.mean_target"]


def test_whole_numbers_are_labels_unless_every_model_tells_numbers():
    X, y = arrays()
    age = 20 + np.argsort(np.argsort(X[:, 0]))
    regressed = nd.evaluate(X, age, [Ridge()], **FEW)
    found = regressed.predictions().sort_values("position")
    np.testing.assert_allclose(found["pred"], told_by_ridge(X, age), rtol=1e-9)
    told_apart = nd.evaluate(X, (y == "left").astype(int), ["linear.svm"], **FEW)
    assert told_apart.index["target"]["classes"] == ["0", "1"]


def test_vectors_are_told_and_scored():
    X, _ = arrays()
    rng = np.random.default_rng(1)
    Y = X[:, :3] + 0.5 * rng.standard_normal((len(X), 3))
    results = nd.evaluate(X, Y, [Ridge()], metrics=["r2", "r"], **FEW)
    (row,) = results.table(metric="r2").to_dict("records")
    folds = KFold(5, shuffle=True, random_state=0).split(X)
    pred = told_by_ridge(X, Y)
    expected = np.mean([r2_score(Y[test], pred[test]) for _, test in folds])
    assert row["mean"] == pytest.approx(expected)
    assert results.report().is_file()


def test_vectors_of_several_subjects_keep_their_trials():
    """Trials are put in time, and vectors with them: each is told from its own signal."""
    X, _ = arrays()
    onset = np.random.default_rng(2).permutation(len(X)).astype(float)
    rows = pd.DataFrame({"onset": np.tile(onset, 2)})
    two = {"1": X, "2": X + 1e-3}
    results = nd.evaluate(two, {"1": X, "2": X}, [Ridge(1e-6)], rows=rows, metrics="r2", **FEW)
    assert results.table()["mean"][0] > 0.99


def test_columns_of_trials_may_be_numbers():
    trials = nd.load("eegbci", "left_right", simulate="small")
    code = (trials.rows["label"] == "left").astype(int)
    rows = trials.rows.with_column("code", code).with_column("size", code + 0.5)
    trials = type(trials)(rows, trials.signals)
    of_code = nd.evaluate(trials, "code", ["linear.csp_lda"], **FEW)
    of_label = nd.evaluate(trials, "label", ["linear.csp_lda"], **FEW)
    assert of_code.table()["mean"][0] == of_label.table()["mean"][0]
    of_size = nd.evaluate(trials, "size", ["linear.ridge"], **FEW).table()
    assert of_size["metric"][0] == "r2"
    assert "baseline.oracle" not in set(of_size["model"])  # it knows the labels alone


@pytest.mark.filterwarnings("ignore:.*r2. one row has no variance")  # a subject is one row
@pytest.mark.parametrize(("column", "known"), [("age", True), ("shoe", False)])
def test_the_oracle_of_a_value_answers_that_value_alone(column, known):
    trials = nd.load("abide_aal116", "age", simulate="small")
    length = trials.signals["fmri"].length
    trials = trials.take(length == length.min())
    rows = trials.rows.with_column("shoe", trials.rows["age"] + 0.5)
    made = type(trials)(rows, trials.signals)
    split = {"cross_subject": {"n_splits": 3}}
    table = nd.evaluate(made, column, [Ridge()], protocol=split, **FEW).table()
    assert ("baseline.oracle" in set(table["model"])) == known


def test_a_list_of_steps_that_ends_in_a_model_is_a_pipeline():
    X, y = arrays()
    lda = LinearDiscriminantAnalysis()
    several = [
        make_pipeline(StandardScaler(), lda),
        [StandardScaler(), lda],
        ["sklearn.preprocessing.StandardScaler", lda],
        [StandardScaler(), {"sklearn.discriminant_analysis.LinearDiscriminantAnalysis": {}}],
    ]
    results = nd.evaluate(X, y, several, **FEW)
    said = results.predictions().groupby("model")["pred"].agg(list)
    assert len(said) == 4 and all(one == said.iloc[0] for one in said)
    assert results.table()["model"].tolist()[2:] == [
        "sklearn.preprocessing.StandardScaler + LinearDiscriminantAnalysis",
        "StandardScaler + sklearn.discriminant_analysis.LinearDiscriminantAnalysis",
    ]


def test_one_mapping_is_one_model_with_its_arguments():
    X, y = arrays()
    one = nd.evaluate(X, y, {"linear.svm": {"C": 0.01}}, **FEW)
    listed = nd.evaluate(X, y, [{"linear.svm": {"C": 0.01}}], **FEW)
    assert {job["key"] for job in one.index["jobs"]} == {job["key"] for job in listed.index["jobs"]}


def test_a_model_that_fails_is_said_at_once():
    X, y = arrays()
    with pytest.warns(UserWarning, match="Failing: failed: ValueError: no thanks"):
        results = nd.evaluate(X, y, [Failing(), "linear.svm"], **FEW)
    assert results.table()["note"].tolist()[1] == ""
    assert "no thanks" in (results.folder / "failures.txt").read_text()


class Failing(LinearDiscriminantAnalysis):
    def fit(self, X, y):
        raise ValueError("no thanks")


@pytest.mark.parametrize(
    "end",
    [
        MDM(),
        FgMDM(),
        make_pipeline(CSP(), LinearDiscriminantAnalysis()),
        make_pipeline(TangentSpace(), LinearDiscriminantAnalysis()),
    ],
)
def test_a_covariance_without_an_inverse_is_named_with_the_remedy(end):
    """pyriemann says "Matrices must be positive definite", scipy "the leading minor of order 4".

    Our own tangent space names the matrix, its smallest eigenvalue and rank.
    """
    epochs = epochs_of().set_eeg_reference("average", verbose="ERROR")
    with pytest.warns(UserWarning, match="positive definite|its rank 3 for 4 rows"):
        table = nd.evaluate(epochs, models=[[Covariances("scm"), end]], **FEW).table()
    assert (
        "the covariance has rank 3 for 4 channels (condition number above 1e+15), so it has no "
        "inverse. Average reference, ICA and interpolated channels do this. Use regularize: auto, "
        "estimator: oas, or drop the redundant channels."
    ) in table["note"][0]
    assert nd.evaluate(epochs, models=[[Covariances("oas"), end]], **FEW).table()["note"][0] == ""


def test_epochs_without_events_have_no_times():
    """mne.EpochsArray numbers them 0, 1, 2 … samples, which would make all of them overlap."""
    timed = epochs_of()
    untimed = mne.EpochsArray(timed.get_data(), timed.info, verbose="ERROR")
    untimed.drop([3], verbose="ERROR")
    hand = np.delete(timed.metadata["hand"].to_numpy(), 3)
    results = nd.evaluate(untimed, hand, ["riemann.mdm"], **FEW)
    assert sum(fold["purged"] for fold in results.index["folds"]) == 0
    assert results.table()["mean"][0] > 0.9


def test_trials_have_their_labels_in_their_table():
    trials = nd.load("haxby2001", "face_house", variant="slice")
    results = nd.evaluate(trials, models=["linear.svm"], protocol="cross_run", **FEW)
    assert results.index["target"]["classes"] == ["face", "house"]
    with pytest.raises(ConfigError, match="target names one of its columns"):
        nd.evaluate(trials, np.zeros(len(trials)), ["linear.svm"], **FEW)
    with pytest.raises(DataError, match="no column 'hand'"):
        nd.evaluate(trials, "hand", ["linear.svm"], **FEW)


def test_half_a_run_has_its_predictions_and_its_page(tmp_path):
    X, y = arrays()
    results = nd.evaluate(X, y, ["linear.svm"], out=tmp_path / "r", **FEW)
    job = next(job for job in results.index["jobs"] if job["draw"] is None)
    shutil.rmtree(tmp_path / "r" / "jobs" / job["key"])
    half = nd.load_results(tmp_path / "r")
    assert len(half.predictions()) == 32
    assert half.table()["flags"][0].startswith("jobs not run yet: 1")
    assert half.report().is_file()


@pytest.mark.parametrize("seeds", [2, np.int64(2), [0, 2], np.array([0, 2])])
def test_seeds_may_be_one_or_an_array(seeds):
    X, y = arrays()
    results = nd.evaluate(X, y, ["linear.svm"], seeds=seeds, **FEW)
    assert results.index["seeds"] == ([2] if np.ndim(seeds) == 0 else [0, 2])


@pytest.mark.parametrize(
    ("target", "sentence"),
    [
        (lambda y: np.tile(y, 3), "120 labels for 80 trials of 2 subjects"),
        (lambda y: {"1": y, "2": y, "3": y}, "labels of 3, but no data"),
    ],
)
def test_labels_that_belong_to_no_trial_are_a_mistake(target, sentence):
    X, y = arrays()
    with pytest.raises(ConfigError, match=sentence):
        nd.evaluate({"1": X, "2": X + 1}, target(y), ["linear.svm"], **FEW)


def test_a_run_that_is_missing_is_no_run():
    X, y = arrays()
    with pytest.raises(ConfigError, match="some runs of subject 1 are missing"):
        nd.evaluate(X, y, ["linear.svm"], rows={"run": [None] * 40}, **FEW)


def test_one_subject_may_be_named_as_text():
    assert set(nd.load("eegbci", "left_right", subjects="002").rows["subject"]) == {"002"}


def test_results_of_somebody_else_whose_table_is_old_are_said_to_be_copied(tmp_path, monkeypatch):
    X, y = arrays()
    nd.evaluate(X, y, ["linear.svm"], out=tmp_path / "r", **FEW)
    nd.load_results(tmp_path / "r")
    (tmp_path / "r" / "table.json").unlink()

    def denied(prefix, suffix, dir):  # noqa: A002 (mkstemp's word); root may write everywhere
        raise PermissionError(13, "Permission denied", f"{dir}/{prefix}")

    monkeypatch.setattr("neurodecode.core.files.tempfile.mkstemp", denied)
    with pytest.raises(ConfigError, match=r"not be made anew .*Copy the results to a folder of y"):
        nd.load_results(tmp_path / "r")


@pytest.mark.parametrize("name", ["rows.parquet", "provenance.json", "resolved.yaml"])
def test_results_that_lack_a_file_say_how_to_mend_them(name, tmp_path):
    X, y = arrays()
    nd.evaluate(X, y, ["linear.svm"], out=tmp_path / "r", **FEW)
    (tmp_path / "r" / name).unlink()
    with pytest.raises(ConfigError, match=r"damaged or missing.*makes it anew"):
        nd.load_results(tmp_path / "r")


def test_volumes_that_follow_each_other_are_a_series_where_their_duration_says_so():
    rng = np.random.default_rng(0)
    X, Y = rng.normal(size=(40, 3)), rng.normal(size=(40, 2))
    rows = {"run": np.repeat(["1", "2"], 20), "onset": np.tile(1.5 * np.arange(20), 2)}
    asked = {"models": ["encode.ridge"], "protocol": "cross_run", "controls": (), "n_draws": 0}
    nd.evaluate(X, Y, rows=rows, **asked, verbose=False)  # trials, as far as anybody knows
    with pytest.raises(ConfigError, match="the training rows follow each other in time"):
        nd.evaluate(X, Y, rows={**rows, "duration": np.full(40, 1.5)}, **asked, verbose=False)


@pytest.mark.parametrize("column", ["onset", "duration"])
def test_times_that_are_no_numbers_are_named(column):
    X, y = arrays()
    with pytest.raises(DataError, match=f"{column} of subject 1 is no number. Give seconds"):
        nd.evaluate(X, y, ["linear.svm"], rows={column: ["soon"] * len(X)}, **FEW)


def test_responses_of_one_voxel_in_a_column_say_how_to_give_them():
    X, _ = arrays()
    with pytest.raises(ConfigError, match=r"of one voxel y\[:, 0\]"):
        nd.evaluate(X, np.arange(len(X))[:, None] / 3, ["linear.ridge"], **FEW)


@pytest.mark.parametrize(
    "model",
    [
        "encode.fir_ridge",
        {"encode.banded_ridge": {"bands": {"a": 2, "b": 2}}},
        ["delays", "sklearn.linear_model.Ridge"],
    ],
)
def test_trials_that_last_no_time_have_no_delays(model):
    # Trials that were not recorded one after the other would be told from each other's features.
    rng = np.random.default_rng(0)
    X, Y = rng.standard_normal((40, 4)), rng.standard_normal((40, 3))
    rows = {"run": np.repeat(["1", "2"], 20)}
    with pytest.raises(ConfigError, match="delays: rows last no time"):
        nd.evaluate(X, Y, models=[model], protocol="cross_run", rows=rows, verbose=False)
