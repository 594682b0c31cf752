"""Cropping against mne, sample for sample, and on every clock."""

from dataclasses import replace

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.signal.crop import Crop
from neurodecode.signal.resample import Resample

# Of n400_words, mne_sample and eegbci.
RATES = [50.0, 60.06149673461914, 160.0]


@pytest.mark.parametrize("sfreq", RATES)
@given(tmin=st.floats(-0.19, 0.3), length=st.floats(0.05, 0.2))
@settings(max_examples=25, deadline=None)
def test_equals_mne_epochs(epochs, sfreq, tmin, length):
    first = round(-0.2 * sfreq) / sfreq
    signal = epochs(sfreq=sfreq, tmin=first, n_times=round(0.8 * sfreq))
    info = mne.create_info(list(signal.space.names), sfreq, "eeg")
    theirs = mne.EpochsArray(signal.data, info, tmin=first, verbose="ERROR")
    theirs.crop(tmin, tmin + length)
    ours = Crop(tmin, tmin + length)(signal)
    assert np.array_equal(ours.data, theirs.get_data())
    assert ours.tmin == pytest.approx(theirs.times[0], abs=1e-12)


def test_of_a_recording_events_stay_and_tracks_follow(eeg):
    signal = eeg(tracks={"motion": np.arange(1000.0)[:, None]})
    after = Crop(2.0, 4.0)(signal)
    assert after.tmin == 2.0
    assert np.array_equal(after.data, signal.data[:, 200:401])
    assert np.array_equal(after.tracks["motion"], signal.tracks["motion"][200:401])
    assert after.events is signal.events


def test_of_volumes_the_first_ones_are_left_out(volumes):
    signal = volumes()
    after = Crop(tmin=10.0)(signal)
    assert after.tmin == 10.0
    assert np.array_equal(after.data, signal.data[4:])


def test_of_epochs_the_tracks_are_one_an_epoch(epochs):
    pictures = np.arange(24.0).reshape(12, 2)
    signal = epochs(tracks={"picture": pictures})
    for preparation in (Crop(0.0, 0.3), Resample(50)):
        assert np.array_equal(preparation(signal).tracks["picture"], pictures)
        assert (
            preparation.preview(replace(signal, data=None)).n_times
            == preparation(signal).data.shape[2]
        )


@pytest.mark.parametrize("sfreq", [50.0, 80.0, 125.0])
def test_epochs_are_resampled_one_by_one_as_mne_does(epochs, sfreq):
    signal = epochs()
    info = mne.create_info(list(signal.space.names), 100.0, "eeg")
    theirs = mne.EpochsArray(signal.data, info, tmin=-0.2, verbose="ERROR")
    theirs.resample(sfreq, method="polyphase", pad="reflect", verbose="ERROR")
    after = Resample(sfreq)(signal)
    np.testing.assert_allclose(after.data, theirs.get_data(), rtol=0, atol=1e-18)
    assert (after.sfreq, after.tmin) == (sfreq, -0.2)


def test_what_stops_it(eeg, epochs, volumes):
    with pytest.raises(ConfigError, match="neither tmin nor tmax"):
        Crop()
    with pytest.raises(ConfigError, match=r"tmax 0\.1 s is before tmin 0\.5 s"):
        Crop(0.5, 0.1)
    with pytest.raises(ConfigError, match="tmin is nan"):
        Crop(float("nan"))
    with pytest.raises(DataError, match=r"-0\.5 s to end does not lie within .* -0\.2 to 0\.59 s"):
        Crop(-0.5)(epochs())
    with pytest.raises(DataError, match=r"start to 12 s does not lie within .* from 0 to 9\.99 s"):
        Crop(tmax=12).preview(eeg())
    with pytest.raises(DataError, match="no clock to crop by"):
        Crop(1.0)(volumes(sfreq=None))
