"""Recordings of pictures, vectors, distances and counts: what every simulation promises."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.metrics.image import pixcorr
from neurodecode.metrics.retrieval import two_way
from neurodecode.simulate import ORACLE
from neurodecode.simulate.eeg_meg.pictures import Pictures as EpochsOfPictures
from neurodecode.simulate.fmri.distances import Distances
from neurodecode.simulate.fmri.pictures import Pictures
from neurodecode.simulate.fmri.vectors import Vectors
from neurodecode.simulate.spikes.conditions import Conditions
from neurodecode.simulate.spikes.pictures import Pictures as SpikesToPictures

SESSIONS = {"shown": {"1": ("geometric",), "2": ("small_letter", "large_letter")}}
GENERATORS = {
    "figures": Pictures(sessions=("1", "2"), n_voxels=80, effect=0.3, **SESSIONS),
    "digits": Pictures(
        pictures="digits", names=("six", "nine"), size=28, n_pictures=100, n_test=10, repeats=1,
        n_voxels=200, n_components=20, effect=0.3,
    ),
    "shapes": Pictures(
        pictures="shapes", size=40, n_pictures=90, n_test=20, n_voxels=120, n_components=25
    ),
    "mixed shapes": Pictures(
        pictures="shapes", size=16, n_pictures=90, n_test=20, repeats=1, test_repeats=3,
        n_voxels={"00": 5, "01": 90, "02": 80}, fields=0.0, whitened=True,
    ),
    "epochs of shapes": EpochsOfPictures(
        size=16, n_pictures=60, n_test=12, repeats=1, test_repeats=3, n_channels=20, effect=2.0
    ),
    "epochs of textures": EpochsOfPictures(
        pictures="textures", n_pictures=60, n_test=12, n_channels=20, layout="own", effect=2.0
    ),
    "vectors": Vectors(vectors={"near": 20, "far": 30}, regions={"EVC": 40, "LOC": 60}, effect=0.3),
    "distances": Distances(effect=1.0),
    "conditions": Conditions(areas={"1": "V1"}, effect=0.4),
    "bins": Conditions(bins=True, duration=1.0, effect=0.4),
    "spikes": SpikesToPictures(n_pictures=40, n_cells=20, effect=0.5),
    "showings": SpikesToPictures(
        n_pictures=10, n_cells=20, averaged=False, pictures={"1": "textures"}
    ),
}  # fmt: skip
STUDIES = pytest.mark.parametrize("made", GENERATORS.values(), ids=GENERATORS)
LABELS = {
    "figures": ("label", "figure"),
    "digits": ("label",),
    "shapes": ("label",),
    "mixed shapes": ("label",),
    "epochs of shapes": ("label",),
    "epochs of textures": ("label",),
    "distances": ("label", "category"),
    "conditions": ("label", "motion", "coherence"),
    "bins": ("label", "motion", "coherence"),
}


def every(made, subject="01"):
    return [made.signal(subject, session, run) for _, session, run in made.recordings()]


def shown(signal, name):
    """What is to be told, one entry a trial, be it a track, a table or the brain."""
    if name in signal.tracks:
        return signal.tracks[name]
    if name not in signal.tables:
        return signal.data
    return signal.tables[name][signal.events[f"at:{name}"]]


def told_of(signal):
    return [name.removeprefix(ORACLE) for name in signal.tracks if name.startswith(ORACLE)]


def oracle_tells(events, column):
    prefix = f"{ORACLE}{column}="
    names = [name for name in events if name.startswith(prefix)]
    best = events[names].to_numpy().argmax(axis=1)
    return np.array([names[i].removeprefix(prefix) for i in best]) == events[column]


@STUDIES
def test_a_seed_gives_the_same_bytes_and_another_one_others(made):
    one, again = (every(replace(made))[0] for _ in range(2))
    assert one.data.tobytes() == again.data.tobytes()
    pd.testing.assert_frame_equal(one.events, again.events)
    for name, vectors in {**one.tracks, **one.tables}.items():
        assert vectors.tobytes() == {**again.tracks, **again.tables}[name].tobytes(), name
    other = every(replace(made, seed=1))[0]
    assert other.data.tobytes() != one.data.tobytes()


@STUDIES
def test_other_subjects_and_sessions_change_nothing(made):
    alone = every(made)[0]
    crowd = replace(made, subjects=("00", *made.subjects, "02"))
    assert crowd.signal("01", made.sessions[0], "1").data.tobytes() == alone.data.tobytes()
    assert crowd.signal("02", made.sessions[0], "1").data.tobytes() != alone.data.tobytes()


@STUDIES
def test_a_header_is_the_signal_without_data(made):
    session = made.sessions[-1]
    header, signal = made.header("01", session, "1"), made.signal("01", session, "1")
    assert header.data is None
    for name in ("space", "axes", "sfreq", "tmin", "n_times", "entries", "notes"):
        assert getattr(header, name) == getattr(signal, name), name
    seen = [name for name in signal.events if not name.startswith(ORACLE)]
    pd.testing.assert_frame_equal(header.events[seen], signal.events[seen])
    assert [*header.events] == [*signal.events]
    assert not header.events.filter(like=ORACLE).notna().any(axis=None)
    for kind in ("tracks", "tables"):
        with_data = {name: one.shape[1:] for name, one in getattr(signal, kind).items()}
        assert {name: one.shape[1:] for name, one in getattr(header, kind).items()} == with_data
    for name in signal.tracks:
        assert len(signal.tracks[name]) == len(signal.events), name
        assert shown(signal, name.removeprefix(ORACLE)).shape == signal.tracks[name].shape
    assert np.isfinite(signal.data).all()


@pytest.mark.parametrize("name", LABELS)
def test_without_an_effect_the_oracle_knows_no_label(name):
    for one in every(replace(GENERATORS[name], effect=0.0)):
        for column in LABELS[name]:
            answers = one.events.filter(regex=f"^{ORACLE}{column}=").to_numpy()
            assert np.ptp(answers, axis=1).max() < 1e-9  # rounding of sums of thousands


@pytest.mark.parametrize("name", LABELS)
def test_with_an_effect_the_oracle_tells_labels(name):
    events = pd.concat([one.events for one in every(GENERATORS[name])])
    for column in LABELS[name]:
        score = oracle_tells(events, column).groupby(events[column]).mean()  # of each label
        chance = 1 / len(score)
        error = np.sqrt(chance * (1 - chance) / (len(score) * events[column].value_counts().min()))
        assert score.mean() > chance + 4 * error, column


@pytest.mark.parametrize(
    "name", ["figures", "digits", "shapes", "mixed shapes", "epochs of shapes", "vectors", "spikes"]
)
def test_the_oracle_answers_the_mean_without_an_effect_and_more_with_one(name):
    several = every(replace(GENERATORS[name], effect=0.0))
    for track in told_of(several[0]):
        guess = np.concatenate([one.tracks[ORACLE + track] for one in several])
        np.testing.assert_allclose(guess, np.broadcast_to(guess[0], guess.shape), atol=1e-9)
        known = every(GENERATORS[name])
        true = np.concatenate([shown(one, track) for one in known])
        told = np.concatenate([one.tracks[ORACLE + track] for one in known])
        assert pixcorr(true, told) > pixcorr(true, np.broadcast_to(guess[0], true.shape)) + 0.1
        assert two_way(true, told) > 0.75


def test_balanced_figures_come_as_often_and_independent_ones_do_not():
    balanced = GENERATORS["figures"].signal("01", "1", "1").events
    assert set(balanced["figure"].value_counts()) == {2}
    assert set(balanced["label"]) == {"geometric"}
    drawn = replace(GENERATORS["figures"], order="independent", repeats=20)
    assert len(set(drawn.signal("01", "1", "1").events["figure"].value_counts())) > 1


def test_digits_have_parts_with_each_digit_as_often():
    events = GENERATORS["digits"].header("01", "1", "1").events
    counts = events.groupby(["split", "label"]).size()
    assert counts.to_dict() == {
        ("test", "nine"): 5, ("test", "six"): 5, ("train", "nine"): 45, ("train", "six"): 45
    }  # fmt: skip
    assert events["stimulus"].is_unique
    assert (events["stimulus"].str.startswith("train") == (events["split"] == "train")).all()


@pytest.mark.parametrize("name", ["figures", "digits", "shapes", "epochs of shapes"])
def test_stimuli_are_what_the_trials_showed(name):
    made = GENERATORS[name]
    stimuli, one = made.stimuli(), every(made)[0]
    assert stimuli.show
    for i in (0, 3, len(one.events) - 1):
        picture = stimuli[one.events["stimulus"].iloc[i]]
        np.testing.assert_array_equal(picture / 255, shown(one, "picture")[i])
        category = stimuli.table.loc[one.events["stimulus"].iloc[i], "category"]
        assert category == one.events["label"].iloc[i]


@pytest.mark.parametrize("name", ["distances", "spikes", "showings"])
def test_every_stimulus_has_a_picture(name):
    made = GENERATORS[name]
    stimuli = made.stimuli()
    assert set(every(made)[0].events["stimulus"]) == set(stimuli.table.index)
    assert stimuli[stimuli.table.index[0]].shape[:2] == (64, 64)


def test_tokens_know_the_shape_and_not_its_place():
    one = GENERATORS["shapes"].signal("01", "1", "1")
    alike = one.events.groupby(["label", "colour", "background"]).indices
    first, second = next(index[:2] for index in alike.values() if len(index) > 2)
    tokens = shown(one, "semantic")
    assert tokens.shape[1:] == (8, 32)
    np.testing.assert_array_equal(tokens[first], tokens[second])
    assert len(np.unique(tokens[:, 0, 0])) == len(alike)


@pytest.mark.parametrize("name", ["mixed shapes", "epochs of shapes"])
def test_showings_of_a_tested_picture_are_answered_together(name):
    one = GENERATORS[name].signal("01", "1", "1")
    counts = one.events.groupby("split")["stimulus"].value_counts()
    assert set(counts["test"]) == {3} and set(counts["train"]) == {1}
    showings = one.events[one.events["split"] == "test"].groupby("stimulus").indices
    assert len(showings) == GENERATORS[name].n_test
    tested = np.flatnonzero(one.events["split"] == "test")
    for index in (tested[i] for i in showings.values()):
        for track in ("picture", "semantic"):
            told = one.tracks[ORACLE + track][index]
            np.testing.assert_array_equal(told, told[[0, 0, 0]])


def test_fmri_and_meg_of_one_seed_see_the_same_pictures_and_tokens():
    meg = GENERATORS["epochs of shapes"]
    fmri = Pictures(pictures="shapes", size=16, n_pictures=60, n_test=12, n_voxels=10)
    one, other = (made.signal("01", "1", "1") for made in (meg, fmri))
    for name in ("picture", "semantic"):
        np.testing.assert_array_equal(one.tables[name], other.tables[name])


def test_what_a_picture_looks_like_comes_before_what_it_means():
    """Bumps of components peak at .06 to .24 s, of meanings at .18 to .44; s.d. at most .05 s."""
    loud = replace(GENERATORS["epochs of shapes"], effect=100.0)  # the noise is a hundredth
    one = loud.signal("01", "1", "1")
    seen = one.events["at:picture"].to_numpy()
    mean = np.abs(one.data).mean(axis=(0, 1))
    times = np.arange(loud.n_times) / loud.sfreq + one.tmin
    assert mean[times < -0.06].max() < 0.05 * mean.max()
    groups = one.events.groupby(["label", "colour", "background"]).indices.values()
    alike = [index for index in groups if len(index) > 1 and len(set(seen[index])) > 1]
    within = np.mean([one.data[index].var(axis=0).sum(axis=0) for index in alike], axis=0)
    total = one.data.var(axis=0).sum(axis=0)
    # Pictures of one meaning differ early and are alike late.
    early, late = (times > 0.06) & (times < 0.15), times > 0.36
    assert (within[early] / total[early]).mean() > 5 * (within[late] / total[late]).mean()


def test_distances_are_one_less_the_correlation():
    one = GENERATORS["distances"].signal("01", "1", "1")
    assert not np.diag(one.data).any()
    np.testing.assert_array_equal(one.data, one.data.T)
    counts = one.events["label"].value_counts()
    assert counts.to_dict() == {"natural": 69, "artificial": 23}


def test_counts_in_bins_add_up_to_those_of_trials():
    bins = replace(GENERATORS["conditions"], bins=True)
    whole, parts = (made.signal("01", "1", "1") for made in (GENERATORS["conditions"], bins))
    np.testing.assert_array_equal(parts.data.sum(axis=2), whole.data)
    assert parts.n_times == 16
    assert parts.sfreq == 4
    different = whole.events.groupby("repeat")["label"].nunique()
    assert set(different) == {4}  # each repeat shows each condition


def test_means_over_repeats_are_those_of_showings():
    showings = replace(GENERATORS["spikes"], averaged=False)
    means, each = (made.signal("01", "1", "1") for made in (GENERATORS["spikes"], showings))
    np.testing.assert_allclose(each.data.reshape(40, 8, 20).mean(axis=1), means.data)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (
            lambda: Pictures(names=("sqare", "plus")),
            "names: 'sqare' is none of the figures. Did you mean",
        ),
        (lambda: Pictures(names=("plus", "plus")), "names: expected two or more that differ"),
        (lambda: Pictures(n_pictures=5), "figures are as many as there are"),
        (lambda: Pictures(pictures="digits"), "n_test: 0 of 0 pictures. Give n_pictures"),
        (lambda: Pictures(n_voxels=0), "n_voxels: 0 is below one"),
        (lambda: Pictures(n_voxels={"02": 9}), "n_voxels: subject '01' has none"),
        (lambda: Pictures(fields=1.5), "fields: 1.5 is no part"),
        (lambda: Pictures(test_repeats=3), "test_repeats: 3 of 0 tested pictures"),
        (lambda: EpochsOfPictures(n_pictures=9, noise=0.0), "noise: 0.0 above zero"),
        (lambda: EpochsOfPictures(n_pictures=9, n_channels=103), "which has 102 sensors"),
        (lambda: EpochsOfPictures(n_pictures=9, n_times=30), "n_times: 30 samples"),
        (lambda: Pictures(shown={"1": ("letter",)}), "shown: 1: no figure is 'letter'"),
        (
            lambda: Pictures(pictures="digits", n_pictures=5, shown={"1": ("six",)}),
            "shown: it is for figures",
        ),
        (lambda: Pictures(n_components=40).signal("01", "1", "1"), "n_components: 40 of the view"),
        (lambda: Vectors(vectors={}), "one of each is needed"),
        (lambda: Vectors(vectors={"a": 0}), "vectors: a: 0 is below one"),
        (lambda: Vectors(n_test=120), "n_test: 120 of 120 stimuli"),
        (lambda: Distances(n_objects=4), "n_objects 4"),
        (lambda: Conditions(factors={"a": ("x",)}), "factors: each needs two"),
        (lambda: Conditions(areas={"b": "V1"}), "areas: 'b' is none of the sessions"),
        (lambda: Conditions(repeats=0), "repeats 0"),
        (lambda: SpikesToPictures(sessions=("2",)), "session '2' shows None"),
        (lambda: SpikesToPictures(size=8), "17 pixels at least"),
    ],
)
def test_what_cannot_be_simulated_is_said(make, said):
    with pytest.raises(ConfigError, match=said):
        make()
