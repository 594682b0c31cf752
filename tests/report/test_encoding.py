"""`nd.evaluate` with `direction="encode"`: features and responses in, scores of voxels out."""

import warnings
from dataclasses import replace

import mne
import nibabel
import numpy as np
import pandas as pd
import pytest
import yaml
from sklearn.linear_model import Ridge
from sklearn.model_selection import GroupKFold, cross_val_predict

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError, LeakError
from neurodecode.core.space import Space
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.opening import open_study
from tests.harness.tests_harness import run

FEW = {"direction": "encode", "controls": (), "n_draws": 1, "verbose": False}
N_STIMULI, N_REPEATS, N_FEATURES, N_VOXELS = 30, 2, 4, 6


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))


def pictures(seed=0, n_voxels=N_VOXELS, noise=1.0):
    """Features, responses and rows of 30 stimuli, each shown in both of two runs."""
    rng = np.random.default_rng(seed)
    shown = np.concatenate([rng.permutation(N_STIMULI) for _ in range(N_REPEATS)])
    X = np.random.default_rng(9).standard_normal((N_STIMULI, N_FEATURES))[shown]
    Y = X @ rng.standard_normal((N_FEATURES, n_voxels))
    Y += noise * rng.standard_normal(Y.shape)
    rows = pd.DataFrame(
        {
            "run": np.repeat(["1", "2"], N_STIMULI),
            "stimulus": [f"picture {i}" for i in shown],
        }
    )
    return X, Y, rows


def volumes(n_runs=3, n=60, t_r=1.5, seed=0):
    """Features and responses of runs of volumes, which follow each other."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n_runs * n, 3))
    Y = X @ rng.standard_normal((3, 4)) + rng.standard_normal((n_runs * n, 4))
    runs = np.repeat([str(i) for i in range(n_runs)], n)
    return X, Y, {"run": runs, "onset": np.tile(t_r * np.arange(n), n_runs)}


def folds_of(results):
    return [fold["name"] for fold in results.index["folds"]]


def test_a_card_and_the_same_arrays_have_the_same_table_to_the_last_digit(tmp_path):
    """Scores, intervals, ceilings, nulls and p; two people of 30 and 41 voxels see a film."""
    file = tmp_path / "film.yaml"
    file.write_text("""
data: {card: simulated_encoding_fmri, task: film, simulate: small}
direction: encode
features: features
models:
  - encode.fir_ridge: {cv: runs}
  - [scale, encode.ridge: {cv: runs}]
controls: [baseline.mean_target]
metrics: [r, r2]
shuffled: {n_draws: 2}
""")
    study = open_study(read_experiment(file), None, compute=True)
    models = tuple(one for one in study.question.models if one.name != "baseline.oracle")
    study = replace(study, question=replace(study.question, models=models), sources={})
    *_, of_card = run(study, tmp_path / "card")
    own = {one: study.trials.select(subject=one) for one in ("01", "02")}
    of_arrays = nd.evaluate(
        {one: trials.array("features") for one, trials in own.items()},
        {one: trials.array("fmri") for one, trials in own.items()},
        [{"encode.fir_ridge": {"cv": "runs"}}, ["scale", {"encode.ridge": {"cv": "runs"}}]],
        rows={
            one: trials.rows.table[["run", "onset", "duration", "stimulus", "split"]]
            for one, trials in own.items()
        },
        direction="encode",
        n_draws=2,
        verbose=False,
    )
    assert len(of_card) == 3 * 2
    assert of_card[0].ceiling_by == "explainable_variance" and of_card[0].p is not None
    assert [repr(replace(row, experiment="")) for row in of_arrays.rows()] == [
        repr(replace(row, experiment="")) for row in of_card
    ]
    in_card = nd.load_results(tmp_path / "card").targets()
    in_memory = of_arrays.targets()
    assert len(in_memory) == 30 + 41
    pd.testing.assert_frame_equal(
        in_memory.drop(columns="name"), in_card[in_memory.columns].drop(columns="name")
    )
    # Trials of the card know their table and their voxels themselves.
    of_trials = nd.evaluate(
        study.trials, None, [["scale", {"encode.ridge": {"cv": "runs"}}]],
        direction="encode", controls=(), n_draws=2, verbose=False,
    )  # fmt: skip
    assert [row.mean for row in of_trials.rows()] == [of_card[1].mean, of_card[4].mean]


def test_stimuli_that_repeat_are_on_one_side_and_give_a_ceiling():
    X, Y, rows = pictures()
    results = nd.evaluate(X, Y, [Ridge()], rows=rows, **FEW)
    assert folds_of(results) == [f"1/stimuli-{i}" for i in range(5)]
    told = results.predictions()
    assert told.groupby("stimulus")["fold"].nunique().max() == 1
    voxels = results.targets()
    assert voxels["name"].tolist() == [f"voxel {i}" for i in range(N_VOXELS)]
    assert (voxels["score"] > 0.5).all()
    table = results.table()
    assert table["metric"].tolist() == ["r", "r2"]
    assert table["ceiling_by"].tolist() == ["anova_nc"] * 2
    assert results.report().is_file()


def test_ridge_of_scikit_learn_says_what_it_says_alone():
    X, Y, rows = pictures()
    results = nd.evaluate(X, Y, [Ridge()], rows={"run": rows["run"]}, metrics="r2", **FEW)
    assert folds_of(results) == ["1/1/run-1", "1/1/run-2"]
    runs = GroupKFold(2)
    said = cross_val_predict(Ridge(), X, Y, cv=runs, groups=rows["run"])
    scores = [
        1 - ((Y - said)[mine] ** 2).sum(0) / ((Y[mine] - Y[mine].mean(0)) ** 2).sum(0)
        for mine in (rows["run"] == "1", rows["run"] == "2")
    ]
    found = results.targets()["score"]
    np.testing.assert_allclose(found, np.mean(scores, axis=0), rtol=1e-9)


def test_one_voxel_is_told_as_each_of_several():
    X, Y, rows = pictures()
    all_of_them = nd.evaluate(X, Y, [Ridge()], rows=rows, metrics="r", **FEW).targets()
    for one in (Y[:, 2], Y[:, 2:3]):
        alone = nd.evaluate(X, one, [Ridge()], rows=rows, metrics="r", **FEW)
        assert alone.table()["mean"][0] == pytest.approx(all_of_them["score"][2], rel=1e-12)


def test_people_with_voxels_of_their_own_have_encoders_of_their_own():
    people = {"A": pictures(0), "B": pictures(1, n_voxels=4)}
    X, Y, rows = ({who: given[i] for who, given in people.items()} for i in range(3))
    both = nd.evaluate(X, Y, [Ridge()], rows=rows, metrics="r", **FEW)
    alone = nd.evaluate(X["B"], Y["B"], [Ridge()], rows=rows["B"], metrics="r", **FEW)
    assert folds_of(both)[0] == "A/stimuli-0" and len(folds_of(both)) == 10
    assert both.table()["B"][0] == alone.table()["mean"][0]
    assert both.targets().groupby("subject").size().to_dict() == {"A": 6, "B": 4}
    joined = nd.evaluate(X, Y, [Ridge()], rows=pd.concat(rows.values()), metrics="r", **FEW)
    assert joined.rows() == both.rows()
    with pytest.raises(
        ConfigError, match=r"own \(6 voxels and 4 voxels\).*fit an encoder for each"
    ):
        nd.evaluate(X, Y, [Ridge()], rows=rows, protocol="cross_subject", **FEW)


def test_as_many_voxels_are_the_same_ones_where_they_are_named():
    people = {"A": pictures(0), "B": pictures(0)}
    X, Y, _ = ({who: given[i] for who, given in people.items()} for i in range(3))
    asked = {"protocol": "cross_subject", "metrics": "r", **FEW}
    with pytest.raises(ConfigError, match=r"own \(6 voxels\)"):
        nd.evaluate(X, Y, [Ridge()], **asked)
    named = nd.evaluate(X, Y, [Ridge()], space=["V1", "V2", "V3", "V4", "LO", "MT"], **asked)
    assert folds_of(named) == ["subject-A", "subject-B"]
    assert named.targets()["name"].tolist()[:2] == ["V1", "V2"]


def test_a_new_person_is_told_in_context_from_people_with_other_voxels():
    people = {who: pictures(seed, n) for seed, (who, n) in enumerate({"A": 30, "B": 8}.items())}
    X, Y, _ = ({who: given[i] for who, given in people.items()} for i in range(3))
    with pytest.warns(UserWarning, match="Ridge: not run: it learns brains of one space"):
        results = nd.evaluate(
            X, Y, ["encode.prior_ridge", Ridge()], protocol="cross_subject",
            target_access={"calibration": 20}, metrics="r", **FEW,
        )  # fmt: skip
    assert set(results.targets().groupby("subject").size()) == {30, 8}
    assert results.table()["mean"][0] > 0.5


def test_bands_are_features_by_name():
    X, Y, rows = pictures(noise=0.3)
    bands = {"told": X, "other": np.random.default_rng(5).standard_normal(X.shape)}
    banded = {"encode.banded_ridge": {"bands": ["told", "other"], "delays": [], "n_draws": 5}}
    results = nd.evaluate(bands, Y, banded, rows=rows, metrics=["r2"], **FEW)
    parts = results.parts().set_index("part")["mean"]
    assert parts["told"] > 0.5 > abs(parts["other"])
    with pytest.raises(ConfigError, match=r"there are 2 \(told, other\). Begin with join_signals"):
        nd.evaluate(bands, Y, [Ridge()], rows=rows, **FEW)


def test_layers_and_maps_keep_their_shape():
    X, Y, rows = pictures()
    layers = np.stack([np.random.default_rng(5).standard_normal(X.shape), X], axis=1)
    asked = {"encode.layers": {"n_layers": 2, "alphas": [1.0, 10.0]}}
    results = nd.evaluate(layers, Y, asked, rows=rows, metrics="r", **FEW)
    assert (results.targets()["layer"] == 1).all()
    assert results.index["input"]["axes"] == ["feature"]


def test_epochs_are_told_at_each_channel_and_time():
    rng = np.random.default_rng(0)
    X, info = rng.standard_normal((40, 3)), mne.create_info(["Cz", "Pz"], 10.0, "eeg")
    signal = 1e-5 * (X @ rng.standard_normal((3, 10))).reshape(40, 2, 5)
    signal += 1e-6 * rng.standard_normal(signal.shape)
    epochs = mne.EpochsArray(signal, info, tmin=-0.1, verbose="ERROR")
    rows = {"run": np.repeat(["1", "2"], 20)}
    targets = nd.evaluate(X, epochs, [Ridge()], rows=rows, metrics="r", **FEW).targets()
    assert targets["name"].tolist() == ["Cz"] * 5 + ["Pz"] * 5
    np.testing.assert_allclose(targets["time"][:5], [-0.1, 0.0, 0.1, 0.2, 0.3])
    assert (targets["score"] > 0.8).all()


def test_epochs_that_overlap_are_trials_whose_stimuli_are_held_out():
    X, Y, rows = pictures()
    info = mne.create_info(["Cz"], 10.0, "eeg")
    begins = 2 * np.arange(60)  # 0.2 s apart, 0.6 s long
    events = np.column_stack([begins, np.zeros((60, 1), int), np.ones((60, 1), int)])
    epochs = mne.EpochsArray(1e-6 * Y[:, None], info, events, verbose="ERROR")
    epochs.metadata = rows.drop(columns="run")
    results = nd.evaluate(X, epochs, [Ridge()], metrics="r", **FEW)
    assert folds_of(results) == [f"1/stimuli-{i}" for i in range(5)]
    assert all(fold["purged"] > 0 for fold in results.index["folds"])


def test_voxels_of_a_mask_have_their_places_and_maps():
    X, Y, rows = pictures()
    values = np.zeros((3, 3, 2))
    values[1, :, :] = 1
    mask = nibabel.Nifti1Image(values.astype(np.int8), np.diag([2.0, 2.0, 2.0, 1.0]))
    results = nd.evaluate(X, Y, [Ridge()], rows=rows, space=mask, metrics="r", **FEW)
    voxels = results.targets()
    assert voxels[["i", "j", "k"]].to_numpy().tolist() == np.argwhere(values).tolist()
    assert "seen from above" in results.report().read_text()  # slices of the image


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"run": 3}, ["1/1/run-0"]),
        ({"session": 2}, ["1/session-0"]),
        ({"run": 3, "split": True}, ["1/split-test"]),
    ],
)
def test_without_repeats_runs_are_left_out_then_sessions(columns, expected):
    X, Y, _ = pictures()
    rows = {
        name: np.where(np.arange(60) < 40, "train", "test")
        if name == "split"
        else np.repeat([str(i) for i in range(value)], 60 // value)
        for name, value in columns.items()
    }
    assert folds_of(nd.evaluate(X, Y, [Ridge()], rows=rows, **FEW))[:1] == expected


def test_rows_of_which_nothing_is_said_are_not_shuffled():
    X, Y, _ = pictures()
    told = nd.evaluate(X, Y, [Ridge()], **FEW).predictions()
    of_fold = told.sort_values("position")["fold"]
    assert of_fold.tolist() == [f"1/1/fold-{i}" for i in range(5) for _ in range(12)]


def series_of(**given):
    X, Y, rows = volumes()
    return nd.evaluate(X, Y, [Ridge()], rows={**rows, **given}, metrics="r", **FEW)


def test_volumes_are_a_series_and_their_runs_are_left_out():
    results = series_of()
    assert folds_of(results) == ["1/1/run-0", "1/1/run-1", "1/1/run-2"]
    assert results.table()["p_of"][0] == "blocks"
    assert results.index["notes"][0].startswith("rows have evenly spaced onsets")
    assert series_of(duration=np.full(180, 1.5)).rows() == results.rows()
    assert series_of(duration=np.zeros(180)).table()["p_of"][0] != "blocks"  # trials, as said
    X, Y, rows = volumes()
    with pytest.raises(LeakError, match="shuffled folds train on the neighbours of what they test"):
        nd.evaluate(X, Y, [Ridge()], rows=rows, protocol="within_session", **FEW)


def test_one_run_is_cut_into_stretches_with_a_gap():
    X, Y, rows = volumes(n_runs=1, n=200)
    results = nd.evaluate(X, Y, [Ridge()], rows=rows, **FEW)
    first = results.index["folds"][0]
    # 40 of 200 volumes are tested, and 20 s on one side of them, 13 volumes and a part, are free.
    assert (first["n_test"], first["n_train"]) == (40, 200 - 40 - 14)


def test_a_duration_without_onset_makes_a_series_within_each_run():
    X, Y, rows = volumes(t_r=0.8)
    timed = nd.evaluate(X, Y, [Ridge()], rows={**rows, "duration": np.full(180, 0.8)}, **FEW)
    untimed = nd.evaluate(
        X, Y, [Ridge()], rows={"run": rows["run"], "duration": np.full(180, 0.8)}, **FEW
    )
    assert [row.mean for row in untimed.rows()] == [row.mean for row in timed.rows()]
    assert untimed.table()["p_of"][0] == "blocks"
    assert "durations and no onsets" in untimed.index["notes"][0]


def test_films_that_runs_share_are_left_out_by_film():
    assert folds_of(series_of(stimulus=np.repeat(["a", "b", "a"], 60))) == [
        "1/stimulus-a",
        "1/stimulus-b",
    ]
    by_volume = np.tile([f"volume {i}" for i in range(60)], 3)
    with pytest.raises(ConfigError, match=r"runs show the same stimuli.*in a column split"):
        series_of(stimulus=by_volume)


def test_trials_of_one_pace_whose_stimuli_come_in_another_order_are_no_volumes():
    X, Y, rows = pictures()
    timed = rows.assign(onset=np.tile(4.0 * np.arange(N_STIMULI), N_REPEATS))
    results = nd.evaluate(X, Y, ["encode.ridge"], rows=timed, **FEW)
    assert folds_of(results)[0] == "1/stimuli-0" and results.index["notes"] == []


def test_a_stimulus_on_both_sides_is_refused():
    X, Y, rows = pictures()
    with pytest.raises(LeakError, match="30 stimuli are trained on and tested"):
        nd.evaluate(X, Y, [Ridge()], rows=rows, protocol="cross_run", **FEW)


def test_means_of_repeats_have_the_ceiling_of_means():
    X, Y, rows = pictures()
    single = nd.evaluate(X, Y, [Ridge()], rows=rows, **FEW).table()
    mean = nd.evaluate(X, Y, [Ridge()], rows=rows, aggregate={"by": ["stimulus"]}, **FEW).table()
    assert (single["ceiling_of"][0], mean["ceiling_of"][0]) == ("single", "mean_k")
    assert mean["ceiling"][0] > single["ceiling"][0]
    halves = nd.evaluate(X, Y, [Ridge()], rows=rows, ceiling="split_half", **FEW).table()
    assert halves["ceiling_by"][0] == "split_half"
    known = replace(Space("voxels", tuple("abcdef")), ceiling=np.full(6, 0.5))
    of_set = nd.evaluate(X, Y, [Ridge()], rows=rows, space=known, ceiling="data_set", **FEW)
    # r of a reliability of .5
    np.testing.assert_allclose(of_set.targets()["ceiling"], np.sqrt(0.5))


def with_nan():
    Y = pictures()[1]
    Y[37:, 2] = np.nan  # from the middle of the second run on
    return Y


ROW = np.ones((60, 3))
THREE_RUNS = {"run": np.repeat(["1", "2", "3"], 20)}
NINE_FOLDS = {"encode.ridge": {"cv": "runs", "n_splits": 9}}


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (
            {"target": with_nan()},
            r"responses of subject 1: 23 of 60 .*6 columns.*is trial 37 \(run 2\)",
        ),
        ({"data": ROW * np.inf}, "features of subject 1: 60 of 60 trials hold NaN or infinite"),
        ({"target": ROW}, "responses of subject 1: all 3 are constant over 60 trials"),
        ({"target": ROW[1:]}, "features of subject 1: 60 rows for 59 trials of responses"),
        ({"target": ROW[..., None]}, r"shape \(60, 3, 1\).*give mne.Epochs"),
        ({"target": None}, "target: give the responses"),
        ({"target": {"A": ROW}}, "of the subjects A, and features are one array"),
        ({"data": {}, "target": {}}, "target: the mapping is empty"),
        ({"data": {"A": ROW[1:], "B": ROW}}, "A of subject 1: 59 rows for 60 .*by subject"),
        ({"data": {"responses": ROW}}, "features of subject 1 are called 'responses'"),
        ({"space": ["V1", "V2"]}, "space: 2 parcels for 6 responses a trial"),
        ({"space": 3}, "space: got int. Give the name of each target, a mask"),
        ({"direction": "endcode"}, "direction: 'endcode'. Give decode or encode"),
        ({"direction": "decode", "space": ["V1"]}, "space: it says what responses are"),
        ({"rows": None, "ceiling": "split_half"}, "rows have no column stimulus"),
        ({"rows": {"stimulus": range(60)}, "ceiling": "anova_nc"}, "no stimulus was shown twice"),
        ({"ceiling": "data_set"}, "responses come with, and they come with none"),
        ({"ceiling": "split_half_"}, "no noise ceiling is called .*Did you mean 'split_half'"),
        ({"rows": THREE_RUNS, "models": [NINE_FOLDS]}, "cv: runs, among the training rows"),
        ({"rows": {"2": THREE_RUNS}}, "rows: there are some of subject '2', and data of '1'"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_fitted(given, sentence):
    X, Y, rows = pictures()
    asked = {"data": X, "target": Y, "models": [Ridge()], "rows": rows, **FEW, **given}
    with pytest.raises((ConfigError, DataError), match=sentence):
        nd.evaluate(**asked)


def test_a_constant_voxel_is_named_and_has_no_score():
    X, Y, rows = pictures()
    Y[:, 3] = 2.0
    with pytest.warns(UserWarning, match=r"1 of 6 are constant over all trials \(columns 3\)"):
        results = nd.evaluate(X, Y, [Ridge()], rows=rows, **FEW)
    assert np.flatnonzero(results.targets()["score"].isna()).tolist() == [3]


@pytest.mark.parametrize(
    ("n_runs", "seconds", "name", "cv"),
    [
        (3, 2.0, "encode.fir_ridge", "runs"),
        (1, 2.0, "encode.fir_ridge", "blocked"),
        (3, 0.1, "scale + encode.ridge", "runs"),
    ],
)
def test_without_a_model_volumes_are_told_from_what_was_shown_before(n_runs, seconds, name, cv):
    rng = np.random.default_rng(0)
    n = 60 * n_runs
    results = nd.evaluate(
        rng.standard_normal((n, 2)), rng.standard_normal((n, 3)), direction="encode", n_draws=0,
        rows={"run": np.arange(n) // 60, "duration": np.full(n, seconds)}, verbose=False,
    )  # fmt: skip
    ((model, stages),) = yaml.safe_load(results.resolved)["models"][0].items()
    assert (model, stages[-1]["parameters"]["cv"]) == (name, cv)


def test_an_encoder_of_vectors_is_told_what_encoding_is():
    rng = np.random.default_rng(0)
    with pytest.warns(UserWarning, match="say direction='encode'"):
        nd.evaluate(
            rng.standard_normal((40, 2)), rng.standard_normal((40, 3)), ["encode.ridge"],
            n_draws=0, verbose=False,
        )  # fmt: skip


@pytest.mark.parametrize(("beside", "told"), [([], True), (["encode.ridge"], False)])
def test_a_learned_readout_asks_for_ridge_beside_it(beside, told):
    rng = np.random.default_rng(0)
    readout = {"encode.gaussian": {"grid": (1, 6), "training": {"max_epochs": 1}}}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one pass is not enough
        results = nd.evaluate(
            rng.standard_normal((60, 6, 4)), rng.standard_normal((60, 3)), [readout, *beside],
            direction="encode", controls=(), n_draws=0, verbose=False,
        )  # fmt: skip
    said = [note for note in results.index["notes"] if "what it adds to ridge" in note]
    assert bool(said) == told


def test_rows_that_may_be_volumes_without_times_are_told():
    rng = np.random.default_rng(0)
    walks = np.cumsum(rng.standard_normal((60, 3)), axis=0)
    with pytest.warns(UserWarning, match="rows have no times. If they are volumes"):
        nd.evaluate(
            rng.standard_normal((60, 2)), walks, direction="encode", n_draws=0, verbose=False
        )


def test_an_array_is_no_mask():
    rng = np.random.default_rng(0)
    with pytest.raises(ConfigError, match=r"space: an array of bool .* Give an image"):
        nd.evaluate(
            rng.standard_normal((60, 2)), rng.standard_normal((60, 3)), direction="encode",
            space=np.ones(3, dtype=bool), verbose=False,
        )  # fmt: skip
