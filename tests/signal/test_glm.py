"""Single-trial estimates: equal to nilearn's, recover what was planted, name what cannot be."""

import math
import warnings
from dataclasses import replace

import nibabel
import numpy as np
import pandas as pd
import pytest
from nilearn.glm.first_level import FirstLevelModel

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Signal
from neurodecode.core.space import Space
from neurodecode.signal.design import response
from neurodecode.signal.glm import Glm

SHAPE, T_R, N = (3, 2, 2), 2.0, 100
ONSETS = (4.0, 15.0, 31.0, 38.5, 60.0, 81.0, 103.0, 130.0, 151.7, 170.0)


def make_run(onset=ONSETS, duration=3.0, seed=0, n_volumes=N, amplitude=None, **changes):
    """Noise that remembers around 500, on 12 voxels, with a response to each event."""
    rng = np.random.default_rng(seed)
    noise = rng.normal(size=(n_volumes, 12))
    for i in range(1, n_volumes):
        noise[i] += 0.4 * noise[i - 1]
    onset = np.asarray(onset, dtype=float)
    duration = np.broadcast_to(np.asarray(duration, dtype=float), onset.shape)
    data = 500 + noise
    if amplitude is not None:
        times = np.arange(n_volumes) * T_R
        each = np.hstack([response(onset[[i]], duration[[i]], times) for i in range(len(onset))])
        data = 500 + 0 * noise + each @ amplitude
    events = pd.DataFrame(
        {"onset": onset, "duration": duration, "label": np.resize(["a", "b"], len(onset))}
    )
    ijk = np.argwhere(np.ones(SHAPE))
    space = Space("voxels", affine=np.eye(4), shape=SHAPE, ijk=ijk)
    made = Signal(data, space, ("voxel",), 1 / T_R, events)
    return replace(made, **changes)


def nilearns(signal, conditions, wanted, confounds=None, **arguments):
    """Give the effect sizes of conditions from FirstLevelModel on the image of the run."""
    image = nibabel.Nifti1Image(signal.data.T.reshape(*SHAPE, -1), np.eye(4))
    mask = nibabel.Nifti1Image(np.ones(SHAPE, dtype=np.uint8), np.eye(4))
    events = signal.events[["onset", "duration"]].assign(trial_type=conditions)
    table = None if confounds is None else pd.DataFrame(confounds, columns=["x", "y"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = FirstLevelModel(t_r=T_R, mask_img=mask, signal_scaling=False, **arguments)
        model.fit(image, events, confounds=table)
        maps = [model.compute_contrast(name, output_type="effect_size") for name in wanted]
    return np.stack([one.get_fdata().reshape(-1) for one in maps])


MODELS = [
    {},
    {"noise_model": "ols"},
    {"hrf_model": "spm"},
    {"hrf_model": "glover + derivative"},
    {"hrf_model": "spm + derivative + dispersion"},
    {"drift_model": None},
    {"drift_model": "polynomial", "drift_order": 3},
    {"high_pass": 0.02},
    {"slice_time_ref": 0.5},
]


@pytest.mark.parametrize("arguments", MODELS, ids=str)
@pytest.mark.parametrize("duration", [3.0, 0.0])
def test_all_at_once_equals_nilearns_first_level_model(arguments, duration):
    run = make_run(duration=duration)
    names = [f"t{i:02d}" for i in range(len(ONSETS))]
    theirs = nilearns(run, names, names, **arguments)
    # Of betas around 1 (around 30 for impulses); the designs' columns are nilearn's own.
    np.testing.assert_allclose(Glm(**arguments)(run).data, theirs, rtol=1e-9, atol=1e-8)


@pytest.mark.parametrize("arguments", MODELS[:5], ids=str)
def test_one_by_one_equals_nilearns_model_of_one_against_the_others(arguments):
    run = make_run()
    theirs = [
        nilearns(run, np.where(np.arange(len(ONSETS)) == i, "this", "rest"), ["this"], **arguments)
        for i in range(len(ONSETS))
    ]
    ours = Glm(method="lss", **arguments)(run).data
    np.testing.assert_allclose(ours, np.concatenate(theirs), rtol=1e-9, atol=1e-8)


def test_confounds_are_fitted_along_as_nilearn_does():
    motion = np.random.default_rng(3).normal(size=(N, 2)).cumsum(axis=0)
    run = make_run(tracks={"confounds": motion})
    names = [f"t{i:02d}" for i in range(len(ONSETS))]
    ours = Glm(confounds="confounds")(run)
    theirs = nilearns(run, names, names, confounds=motion)
    np.testing.assert_allclose(ours.data, theirs, rtol=1e-9, atol=1e-8)
    assert ours.tracks == {}
    assert np.abs(ours.data - Glm()(run).data).max() > 0.1


@pytest.mark.parametrize("method", ["lsa", "lss"])
def test_what_was_planted_without_noise_comes_back(method):
    amplitude = np.random.default_rng(1).normal(size=(len(ONSETS), 12))
    if method == "lss":  # the others share one regressor, so they are planted alike
        amplitude[1:] = amplitude[1]
    run = make_run(amplitude=amplitude)
    found = Glm(method=method, noise_model="ols")(run).data
    wanted = slice(None) if method == "lsa" else slice(0, 1)
    # Rounding of a mean of 500 through a design of condition 20.
    np.testing.assert_allclose(found[wanted], amplitude[wanted], atol=1e-9)


def test_estimates_belong_to_events_one_by_one():
    run = make_run(notes=("told before",))
    betas = Glm()(run)
    assert betas.sfreq is None and betas.axes == ("voxel",) and betas.tmin == 0
    assert betas.data.shape == (10, 12)
    pd.testing.assert_frame_equal(betas.events, run.events)
    assert betas.space == run.space and betas.notes[0] == "told before"
    assert Glm().reach(0.5) == math.inf


def test_labels_change_no_estimate():
    run = make_run()
    other = replace(run, events=run.events.assign(label=run.events["label"].to_numpy()[::-1]))
    for method in ("lsa", "lss"):
        np.testing.assert_array_equal(Glm(method)(run).data, Glm(method)(other).data)


def test_a_continuous_series_gives_the_same():
    run = make_run()
    space = Space("parcels", names=tuple("abcdefghijkl"))
    series = replace(run, data=run.data.T.copy(), space=space, axes=("parcel", "time"))
    betas = Glm()(series)
    assert betas.axes == ("parcel",) and not betas.continuous
    np.testing.assert_array_equal(betas.data, Glm()(run).data)


def test_a_run_that_begins_late_on_its_clock_gives_the_same():
    run = make_run()
    later = replace(run, tmin=30.0, events=run.events.assign(onset=run.events["onset"] + 30.0))
    np.testing.assert_allclose(Glm()(later).data, Glm()(run).data, atol=1e-9)


def test_a_constant_voxel_has_betas_of_zero():
    run = make_run()
    data = run.data.copy()
    data[:, [0, 7]] = [0.0, 812.7]
    betas = Glm()(replace(run, data=data)).data
    assert (betas[:, [0, 7]] == 0).all()
    kept = [1, 2, 3, 4, 5, 6, 8, 9, 10, 11]
    np.testing.assert_allclose(betas[:, kept], Glm()(run).data[:, kept], atol=1e-9)
    nothing = Glm()(replace(run, data=np.full((N, 12), 7.0))).data
    assert (nothing == 0).all()


def test_blocks_are_one_event_and_what_has_none_gets_no_regressor():
    run = make_run()
    names = np.array(["x", "x", "y", "", "z", None, "u", "u", "v", "w"], dtype=object)
    label = np.array(["a", "a", "b", "a", "b", "b", "a", "a", "b", "a"])
    blocked = replace(run, events=run.events.assign(block=names, label=label))
    betas = Glm(by="block")(blocked)
    assert betas.events["block"].tolist() == ["x", "y", "z", "u", "v", "w"]
    assert betas.events["onset"].tolist() == [4.0, 31.0, 60.0, 103.0, 151.7, 170.0]
    kept = run.events.index[[name not in ("", None) for name in names]]
    fewer = replace(run, events=run.events.loc[kept])
    theirs = nilearns(fewer, names[kept], ["x", "y", "z", "u", "v", "w"])
    np.testing.assert_allclose(betas.data, theirs, rtol=1e-9, atol=1e-8)


def test_overlap_is_told():
    crowded = make_run(onset=np.arange(4, 160, 4.0), duration=0.0)
    (note,) = Glm().preview(replace(crowded, data=None)).notes
    assert "the variance of a beta is up to" in note
    assert Glm(method="lss").preview(replace(crowded, data=None)).notes == ()
    assert Glm()(make_run()).notes == ()


@pytest.mark.parametrize("method", ["lsa", "lss"])
def test_two_events_at_one_onset_are_named(method):
    twice = make_run(onset=(4, 15, 31, 31, 60, 81))
    with pytest.raises(DataError, match=r"events 3 \(at 31 s\) and 4 \(at 31 s\) evoke the same"):
        Glm(method).preview(replace(twice, data=None))


def test_a_confound_that_is_the_task_is_named():
    run = make_run()
    times = np.arange(N) * T_R
    task = response(np.array([60.0]), np.array([3.0]), times)
    follows = replace(run, tracks={"confounds": 3 * task + 1})
    with pytest.raises(
        DataError, match=r"not determined: events 5 \(at 60 s\)\. .*follow the task"
    ):
        Glm(confounds="confounds")(follows)
    # A confound that is a mixture of drifts harms no beta.
    constant = replace(run, tracks={"confounds": np.full((N, 1), 2.0)})
    np.testing.assert_allclose(
        Glm(confounds="confounds", noise_model="ols")(constant).data,
        Glm(noise_model="ols")(run).data,
        atol=1e-9,
    )


def test_more_regressors_than_volumes_are_counted():
    crowded = make_run(onset=np.arange(0, 78, 2.0), n_volumes=40, duration=1.0)
    crowded = replace(crowded, events=crowded.events.iloc[:38])
    with pytest.raises(DataError, match=r"40 regressors \(38 events\) for 40 volumes.*method: lss"):
        Glm(high_pass=0.01)(crowded)
    assert Glm(method="lss")(crowded).data.shape == (38, 12)


@pytest.mark.parametrize("onset", [197.0, 200.0, 430.0, -9.0])
def test_an_event_outside_the_run_is_named(onset):
    run = make_run(onset=(4.0, 50.0, onset, 90.0))
    with pytest.raises(DataError, match=rf"last volume is at 198 s: .* event 3 at {onset:g} s"):
        Glm()(run)


def test_a_run_that_is_shorter_than_a_response():
    run = make_run(onset=(2.0, 9.0), n_volumes=15)
    with pytest.raises(DataError, match="the run lasts 30 s and a response 32 s"):
        Glm().preview(replace(run, data=None))


@pytest.mark.parametrize(("column", "value"), [("onset", np.nan), ("duration", -1.0)])
def test_times_that_are_none(column, value):
    run = make_run()
    run.events.loc[6, column] = value
    with pytest.raises(DataError, match="event 7 has onset"):
        Glm()(run)


def test_what_is_no_run_of_volumes_is_refused():
    run = make_run()
    with pytest.raises(DataError, match=r"glm needs all volumes of a run.*before block_mean"):
        Glm()(replace(run, sfreq=None, data=run.data[:10]))
    with pytest.raises(DataError, match=r"moved by 5 s \(shift\).*Leave shift out"):
        Glm()(replace(run, tmin=-5.0))
    with pytest.raises(DataError, match="no event, so there is nothing to estimate"):
        Glm()(replace(run, events=run.events.iloc[:0]))
    with pytest.raises(DataError, match="glm: the recording has no track 'confounds'"):
        Glm(confounds="confounds")(run)
    with pytest.raises(DataError, match="glm: the events have no column 'blok'"):
        Glm(by="blok")(run)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"high_pass": 0.0}, "drift_model: null"),
        ({"method": "lsx"}, "glm: method is 'lsx'. It is one of lsa, lss"),
        ({"hrf_model": "fir"}, "glm: hrf_model is 'fir'. It is one of glover, glover"),
        ({"drift_model": "none"}, "one of cosine, polynomial, null"),
        ({"noise_model": "ar5"}, "one of ar1, ols"),
        ({"drift_order": -1}, "Give 0 or more"),
        ({"slice_time_ref": 1.5}, "a part of t_r, 0 to 1"),
    ],
)
def test_arguments_that_cannot_be_meant(arguments, said):
    with pytest.raises(ConfigError, match=said):
        Glm(**arguments)


def test_a_high_pass_above_half_the_rate():
    with pytest.raises(ConfigError, match=r"high_pass 0.3 Hz is not below 0.25 Hz"):
        Glm(high_pass=0.3)(make_run())
