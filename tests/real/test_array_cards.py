"""Cards of arrays on the real sets: shapes, counts, labels, and rows against plain loading.

Numbers are those of the data's README; what is compared is read by numpy, scipy and pandas alone.
"""

import os
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import scipy.io
from PIL import Image
from scipy.ndimage import binary_fill_holes
from scipy.spatial.distance import squareform
from scipy.stats import spearmanr
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import neurodecode as nd
from neurodecode.data.cards import load_card
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.stimuli import open_stimuli

CARDS = (
    "abide_aal116", "digits69", "event_related_mt", "images92", "miyawaki2008", "mouse_v1",
    "objects81", "sherlock_pmc", "v4_natural",
)  # fmt: skip
MAY_BE_SHOWN = {"abide_aal116", "event_related_mt", "mouse_v1", "sherlock_pmc"}  # have no pictures


@pytest.fixture(scope="module", autouse=True)
def shared_cache(warm, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(tmp_path_factory.mktemp("cache")))
        yield


def root_of(name):
    for root in filter(None, os.environ.get("NEURODECODE_DATA", "").split(os.pathsep)):
        if (Path(root) / name / "SHA256SUMS").is_file():
            return Path(root) / name
    return pytest.skip(f"{name} is not in NEURODECODE_DATA")


def recordings(name, variant=""):
    root = root_of(name)
    return {one.id: one for one in find_recordings(load_card(name), variant, root)}


@pytest.mark.parametrize("name", CARDS)
def test_cards_are_complete(name):
    card = load_card(name)
    assert card.name == name and card.title and card.citation and card.files.url
    assert card.licence["name"] and card.licence["class"] in ("open", "research", "unclear")
    assert card.traps and card.tasks
    assert (card.show_stimuli == "always") == (name in MAY_BE_SHOWN)


@pytest.mark.parametrize("name", CARDS)
def test_headers_equal_signals_in_every_variant(name):
    for variant in load_card(name).variants or [""]:
        for one in list(recordings(name, variant).values())[::20]:
            header, signal = one.header(), one.load()
            assert header.events.equals(signal.events) and header.space == signal.space
            assert header.n_times == signal.n_times and header.notes == signal.notes


def test_digits69():
    plain = scipy.io.loadmat(root_of("digits69") / "digit69_28x28.mat")
    trials = nd.load("digits69", "picture")
    assert trials.rows.table["split"].value_counts().to_dict() == {"train": 90, "test": 10}
    X = trials.array("fmri")
    np.testing.assert_array_equal(X, np.concatenate([plain["fmriTrn"], plain["fmriTest"]]))
    assert X.shape == (100, 3092)
    pictures = trials.array("picture").reshape(100, 28, 28)
    for i, raw in ((0, plain["stimTrn"][0]), (99, plain["stimTest"][9])):
        upright = raw.reshape(28, 28, order="F")  # as the README has it
        np.testing.assert_array_equal(pictures[i], upright / 255)
    codes = np.concatenate([plain["labelTrn"], plain["labelTest"]]).ravel()
    assert trials.rows["label"].tolist() == [{1: "six", 2: "nine"}[code] for code in codes]
    stimuli = nd.stimuli("digits69")
    assert len(stimuli) == 100 and not stimuli.show
    assert set(stimuli.table.index) == set(trials.rows["stimulus"])
    for i in (0, 99):
        shown = stimuli[trials.rows["stimulus"][i]]
        assert shown.dtype == np.uint8
        np.testing.assert_array_equal(shown / 255, pictures[i])


def test_a_six_has_its_hole_below_and_a_nine_above():
    """Upright is not only what the README says: a picture read by rows would lie on its side."""
    trials = nd.load("digits69", "picture") if root_of("digits69") else None
    ink = trials.array("picture").reshape(100, 28, 28) > 0.4
    for label, sign in (("six", 1), ("nine", -1)):
        offsets = []
        for one in ink[trials.rows["label"] == label]:
            hole = binary_fill_holes(one) & ~one
            if hole.sum() > 3:
                offsets.append(np.argwhere(hole).mean(axis=0) - np.argwhere(one).mean(axis=0))
        below, right = np.mean(offsets, axis=0)
        assert len(offsets) > 30 and sign * below > 2 > abs(right)


def test_miyawaki2008():
    with np.load(root_of("miyawaki2008") / "figures_v1.npz") as plain:
        plain = dict(plain)
    trials = nd.load("miyawaki2008", "picture")
    rows = trials.rows.table
    assert len(trials) == 80 and trials.array("fmri").shape == (80, 967)
    assert rows["session"].value_counts().to_dict() == {str(s): 10 for s in range(21, 29)}
    order = np.lexsort([np.arange(80), plain["session"]])
    np.testing.assert_array_equal(trials.array("fmri"), plain["X"][order].astype(np.float64))
    np.testing.assert_array_equal(trials.array("picture"), plain["stim"][order].reshape(80, 100))
    for label, n_shown in (("geometric", 8), ("small_letter", 4), ("large_letter", 4)):
        counts = Counter(rows.loc[rows["label"] == label, "figure"])
        assert list(counts.values()) == [n_shown] * 5
    names = list(load_card("miyawaki2008").tasks["figure"].target.classes)
    assert rows["figure"].tolist() == [names[i] for i in plain["figure"][order]]
    stimuli = nd.stimuli("miyawaki2008")
    assert len(stimuli) == 15
    for i, name in enumerate(rows["stimulus"]):
        np.testing.assert_array_equal(stimuli[name].ravel(), trials.array("picture")[i])


def test_letters_of_miyawaki_are_upright_and_named_as_they_look():
    stimuli = nd.stimuli("miyawaki2008") if root_of("miyawaki2008") else None
    for size in ("small", "large"):
        n, u, r = (stimuli[f"{size}_{letter}"].astype(int) for letter in "nur")
        np.testing.assert_array_equal(n[::-1], u)  # a u is an n upside down
        assert n[:5].sum() > n[5:].sum() and r[:, :5].sum() > r[:, 5:].sum()  # not mirrored
    np.testing.assert_array_equal(stimuli["plus"], stimuli["plus"].T)
    frame, square = stimuli["small_frame"].astype(int), stimuli["square"].astype(int)
    assert square.sum() - frame.sum() == 4 and (square >= frame).all()  # a hole within


def test_abide_aal116():
    root = root_of("abide_aal116")
    people = pd.read_csv(root / "phenotypes.csv", dtype={"SUB_ID": str}).set_index("SUB_ID")
    trials = nd.load("abide_aal116", "diagnosis")
    rows = trials.rows.table
    assert len(trials) == 75
    assert rows["group"].value_counts().to_dict() == {"PITT": 42, "OLIN": 25, "OHSU": 8}
    assert rows["label"].value_counts().to_dict() == {"asd": 44, "control": 31}
    assert set(rows.loc[rows["group"] == "OHSU", "label"]) == {"asd"}  # a trap of the README
    with np.load(root / "timeseries.npz") as plain:
        for series, row in zip(trials.list(), rows.itertuples(), strict=True):
            np.testing.assert_array_equal(series, plain[row.subject].T.astype(np.float64))
            person = people.loc[row.subject]
            assert row.label == {1: "asd", 0: "control"}[person["DX_GROUP"]]
            assert row.age == person["AGE_AT_SCAN"] and row.motion == person["func_mean_fd"]
            assert row.sex == {1: "male", 2: "female"}[person["SEX"]]
            assert row.duration == pytest.approx(len(plain[row.subject]) * person["tr_s"])
    lengths = {one.shape[1] for one in trials.list()}
    assert lengths == {195, 205, 77}
    assert rows["fiq"].isna().sum() == (people["FIQ"] == -9999).sum() == 1
    assert nd.load("abide_aal116", "site").rows.table["group"].value_counts().to_dict() == {
        "PITT": 42,
        "OLIN": 25,
    }
    ages = nd.load("abide_aal116", "age").rows["age"]
    np.testing.assert_array_equal(ages, people.loc[list(rows["subject"]), "AGE_AT_SCAN"])


def test_the_parcels_of_abide_are_those_of_aal():
    names = next(iter(recordings("abide_aal116").values())).header().space.names
    assert len(set(names)) == 116 and names[0] == "Precentral_L" and names[-1] == "Vermis_10"
    pairs = list(zip(names[:108:2], names[1:108:2], strict=True))  # left, right, then the vermis
    assert all(left[:-2] == right[:-2] and left[-1] + right[-1] == "LR" for left, right in pairs)
    assert names[36:38] == ("Hippocampus_L", "Hippocampus_R")  # 37 and 38 of AAL
    # The same place left and right has more in common than any other pair of places, on average.
    path = root_of("abide_aal116") / "timeseries.npz"
    with np.load(path) as plain, np.errstate(invalid="ignore"):  # some parcels are constant
        r = np.mean([np.nan_to_num(np.corrcoef(plain[key].T)) for key in plain.files[:10]], axis=0)
    across = np.array([r[i, i + 1] for i in range(0, 90, 2)])
    others = r[:90, :90][np.triu_indices(90, 1)]
    assert across.mean() > others.mean() + 3 * others.std() / np.sqrt(45)


def test_event_related_mt():
    root = root_of("event_related_mt")
    plain = pd.read_csv(root / "event_related_fmri.csv")
    trials = nd.load("event_related_mt", "trial_type")
    rows = trials.rows.table
    assert len(plain) == 3360
    assert rows["label"].value_counts().to_dict() == {str(i): 96 for i in range(1, 7)}
    samples = np.flatnonzero(plain["events"])
    np.testing.assert_array_equal(rows["onset"], 2.0 * samples)
    first, last = samples[0], samples[-1]
    np.testing.assert_array_equal(trials.X[0, 0], plain["bold"][first : first + 11])
    np.testing.assert_array_equal(trials.X[-1, 0], plain["bold"][last : last + 11])
    (rest,) = recordings("event_related_mt", "rest").values()
    rest = rest.load()
    table = pd.read_csv(root / "fmri_timeseries.csv")
    assert table.shape == (250, 31) and rest.data.shape == (28, 250)
    assert rest.sfreq == pytest.approx(1 / 1.89)
    np.testing.assert_array_equal(rest.tracks["confounds"], table[["WM", "Vent", "Brain"]])
    np.testing.assert_array_equal(rest.data, table.iloc[:, 3:].T)
    assert rest.space.names == tuple(table.columns[3:])


def test_images92():
    root = root_of("images92")
    plain = scipy.io.loadmat(root / "92_brainRDMs.mat")["RDMs"]
    human = recordings("images92", "human")
    assert len(human) == 8
    for i, subject in enumerate(("BE", "KO", "SN", "TI")):
        for j, session in enumerate("12"):
            one = human[f"sub-{subject}_ses-{session}_run-1"]
            cell = plain[0, i, j]
            assert str(cell["name"][0]) == f"hIT | {subject} | Session: {session}"
            np.testing.assert_array_equal(one.load().data, cell["RDM"].astype(np.float64))
    counts = {v: len(recordings("images92", v)) for v in load_card("images92").variants}
    assert counts == {"human": 8, "mean": 2, "behaviour": 16, "models": 8, "cichy": 30}
    models = scipy.io.loadmat(root / "92_modelRDMs.mat")["Models"].ravel()
    ours = recordings("images92", "models")
    for model in models:
        one = ours[f"sub-{model['name'][0]}_ses-1_run-1"]
        np.testing.assert_array_equal(one.load().data, model["RDM"])
    with np.load(root / "algonauts92_fmri.npz") as cichy:
        one = recordings("images92", "cichy")["sub-15_ses-IT_run-1"].load()
        np.testing.assert_array_equal(one.data, squareform(cichy["IT_RDMs"][14].astype(float)))


def test_images92_gives_the_readmes_correlations():
    upper = np.triu_indices(92, 1)

    def mean_of(variant, ids=""):
        held = [r.load().data for k, r in recordings("images92", variant).items() if ids in k]
        return np.mean(held, axis=0)[upper]

    human, monkey = mean_of("human"), mean_of("models", "monkeyIT")
    assert spearmanr(human, monkey).statistic == pytest.approx(0.4389, abs=5e-4)
    assert spearmanr(human, mean_of("models", "animacy")).statistic == pytest.approx(
        0.5882, abs=5e-4
    )
    assert spearmanr(human, mean_of("behaviour")).statistic == pytest.approx(0.3924, abs=5e-4)
    cichy = mean_of("cichy", "ses-IT")
    assert spearmanr(cichy, human).statistic == pytest.approx(0.557, abs=5e-4)
    np.testing.assert_allclose(mean_of("mean", "human"), human, atol=1e-6)  # r = 1 in the README


def test_stimuli_of_images92():
    root = root_of("images92")
    stimuli = open_stimuli(load_card("images92"), root)
    plain = scipy.io.loadmat(root / "Kriegeskorte_Neuron2008_supplementalData.mat")
    shown = plain["stimuli_92objs"].ravel()
    assert len(stimuli) == 92 and stimuli["object01"].shape == (175, 175, 3)
    for i in (0, 45, 91):
        np.testing.assert_array_equal(stimuli[f"object{i + 1:02d}"], shown[i]["image"])
        assert stimuli.table["category"].iloc[i] == shown[i]["category"][0]
    trials = nd.load("images92", "natural", variant="human", subjects=["BE"], sessions=["1"])
    assert trials.rows["stimulus"].tolist() == stimuli.table.index.tolist()
    assert trials.rows["category"].tolist() == stimuli.table["category"].tolist()
    natural = [int(one["natural"][0, 0]) for one in shown]
    assert (trials.rows["label"] == "natural").tolist() == [bool(one) for one in natural]


@pytest.mark.parametrize(
    ("file", "task", "n_way", "cells"),
    [
        ("texture", "texture_16", 16, [169, 69, 119, 103, 156, 157]),
        ("rdk", "rdk_12", 12, [215, 187, 168, 138]),
    ],
)
def test_mouse_v1(file, task, n_way, cells):
    root = root_of("mouse_v1")
    ours = recordings("mouse_v1", file)
    with np.load(root / f"{file}.npz") as plain:
        assert [plain[key].shape[2] for key in plain.files] == cells
        for key, one in zip(plain.files, ours.values(), strict=True):
            counts, signal = plain[key], one.load()
            session, field, area = key[1:].split("_")
            assert (one.subject, one.session) == (session, field)
            summed = counts.astype(int).sum(axis=3).reshape(-1, counts.shape[2])
            np.testing.assert_array_equal(signal.data, summed)
            rows = signal.events
            assert set(rows["area"]) == {area} and rows["repeat"].nunique() == 10
            assert rows["label"].nunique() == n_way and len(rows) == 10 * n_way
            classes = load_card("mouse_v1").tasks[task].target.classes
            assert rows["label"].tolist() == list(classes) * 10  # i // k, then i % k
            bins = recordings("mouse_v1", f"{file}_bins")[one.id].load()
            np.testing.assert_array_equal(bins.data, counts.reshape(-1, *counts.shape[2:]))
            assert bins.sfreq == 4.0 and bins.entries


@pytest.mark.parametrize(
    ("variant", "subject", "session", "expected"),
    [("texture", "00", "a", 0.731), ("texture", "11", "b", 0.800), ("rdk", "03", "a", 0.692)],
)
def test_mouse_v1_gives_the_readmes_scores(variant, subject, session, expected):
    """Square root, standardised, C = 0.01, a repeat left out at a time: the same folds."""
    one = recordings("mouse_v1", variant)[f"sub-{subject}_ses-{session}_run-1"].load()
    label, repeat = (one.events[name].to_numpy() for name in ("label", "repeat"))
    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.01, max_iter=2000))
    X, scores = np.sqrt(one.data), []
    for left in np.unique(repeat):
        train, test = repeat != left, repeat == left
        scores.append(model.fit(X[train], label[train]).score(X[test], label[test]))
    assert np.mean(scores) == pytest.approx(expected, abs=1.5 / len(label))  # one trial


def test_objects81():
    with np.load(root_of("objects81") / "objects81.npz") as plain:
        plain = dict(plain)
    trials = nd.load("objects81", "alexnet")
    order = [plain["condition"].tolist().index(name) for name in trials.rows["stimulus"]]
    np.testing.assert_array_equal(trials.array("fmri"), plain["betas"][order].astype(float))
    np.testing.assert_array_equal(trials.array("alexnet"), plain["alexnet"][order].astype(float))
    words = nd.load("objects81", "word2vec").array("word2vec")
    np.testing.assert_array_equal(words, plain["word2vec"][order].astype(float))
    types = trials.signal("fmri").parts[0].space.types
    assert types == tuple(plain["roi_names"][i - 1] for i in plain["roi_index"])
    one_region = nd.load("objects81", "alexnet", prepare=[{"pick": {"channels": ["FFA"]}}])
    wanted = plain["roi_index"] == 7
    np.testing.assert_array_equal(one_region.array("fmri"), plain["betas"][order][:, wanted])


def test_sherlock_pmc():
    root = root_of("sherlock_pmc")
    segments = pd.read_csv(root / "segments.csv")
    voxels, rois = recordings("sherlock_pmc", "pmc"), recordings("sherlock_pmc", "rois")
    assert sorted({one.subject for one in voxels.values()}) == ["s1", "s2", "s3", "s4", "s6", "s7"]
    assert len(voxels) == 12 and len(rois) == 28
    with np.load(root / "pmc_movie.npz") as plain:
        for subject in ("s1", "s7"):
            runs = [voxels[f"sub-{subject}_ses-1_run-{run}"].load() for run in "12"]
            assert [one.n_times for one in runs] == [946, 1030]
            whole = plain[subject].astype(np.float64)
            np.testing.assert_array_equal(np.concatenate([one.data for one in runs]), whole)
            assert all(one.sfreq == pytest.approx(1 / 1.5) for one in runs)
            assert all(one.axes == ("voxel",) for one in runs)
    first, second = runs
    assert len(first.events) == 480 and len(second.events) == 518  # 1000 less two without numbers
    for one, at, offset in ((first, 0, 0), (second, 482, 946)):  # a cartoon begins both
        row = segments.iloc[at]
        event = one.events.iloc[0]
        assert event["onset"] == 1.5 * (row["start_tr"] - 1 - offset) == 0.0
        assert event["duration"] == 1.5 * (row["end_tr"] - row["start_tr"] + 1) == 12.0
        assert event["stimulus"] == str(row["segment"])
        assert event["detail"] == row["detail"]
    last = second.events.iloc[-1]
    assert last["onset"] + last["duration"] == 1030 * 1.5
    with np.load(root / "roi_mean_movie.npz") as plain:
        one = rois["sub-s17_ses-1_run-2"].load()
        assert one.axes == ("parcel", "time") and one.space.names[0] == "aud_early"
        for name, series in zip(one.space.names, one.data, strict=True):
            np.testing.assert_array_equal(series, plain[name][946:, 13].astype(np.float64))
    trials = nd.load("sherlock_pmc", "place_spans", variant="rois", subjects=["s1"])
    known = segments[segments["start_tr"].notna() & segments["end_tr"].notna()]
    assert len(trials) == known["space"].isin(["Indoor", "Outdoor"]).sum()


def test_v4_natural():
    root = root_of("v4_natural")
    means = recordings("v4_natural", "means")
    stimuli = nd.stimuli("v4_natural")
    assert len(stimuli) == 1840 and not stimuli.show
    for session, shape in (("201025", (1200, 89)), ("210325", (640, 50))):
        signal = means[f"sub-PE_ses-{session}_run-1"].load()
        with np.load(root / f"responses_{session}.npz") as plain:
            assert signal.data.shape == shape
            np.testing.assert_array_equal(signal.data, plain["mean_counts"].astype(float))
        shown = signal.events["stimulus"].tolist()
        assert shown == stimuli.table.index[stimuli.table["session"] == session].tolist()
        with zipfile.ZipFile(root / f"images_{session}.zip") as archive:
            names = sorted(archive.namelist())
            for i in (0, len(names) - 1):  # row i is picture i, in the order of the names
                with archive.open(names[i]) as stream, Image.open(stream) as picture:
                    np.testing.assert_array_equal(stimuli[shown[i]], np.asarray(picture))
        assert stimuli[shown[0]].shape == (112, 112, 3)


def test_repeats_of_v4_natural_average_to_its_means(tmp_path):
    (one,) = recordings("v4_natural", "repeats").values()
    signal = one.load()
    with np.load(root_of("v4_natural") / "responses_210325.npz") as plain:
        counts, mean = plain["counts_per_repeat_255_is_missing"], plain["mean_counts"]
    missing = (counts == 255).all(axis=2)
    assert len(signal.data) == (~missing).sum()
    assert signal.notes == (f"{missing.sum()} of 6400 entries hold no value.",)
    rows = signal.events
    assert rows.groupby("picture").size().between(6, 10).all()
    ours = pd.DataFrame(signal.data).groupby(rows["picture"].to_numpy()).mean()
    ratio = ours.to_numpy()[mean > 0] / mean[mean > 0]
    assert np.corrcoef(ours.to_numpy().ravel(), mean.ravel())[0, 1] > 0.999
    assert ratio.std() / ratio.mean() < 0.01  # counts of a window against counts a 100 ms bin
    prepared = prepare([one], [], tmp_path)
    trials = cut(prepared, load_card("v4_natural").tasks["responses"], None).trials
    assert len(trials) == len(signal.data) and len(set(trials.rows["stimulus"])) == 640
