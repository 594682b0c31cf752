"""Resampling against mne, and where samples end up in time."""

import mne
import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.signal.resample import Resample


@pytest.mark.parametrize("sfreq", [50.0, 80.0, 125.0])
def test_equals_mne_polyphase(eeg, sfreq):
    signal = eeg(n_times=1000)  # a whole number of samples at each rate, or mne bends the ratio
    theirs = mne.filter.resample(
        signal.data, up=sfreq, down=100.0, method="polyphase", verbose="ERROR"
    )
    np.testing.assert_allclose(Resample(sfreq)(signal).data, theirs, rtol=0, atol=1e-18)


@pytest.mark.parametrize("sfreq", [50, 33.3, 64, 250, 100.01])
def test_a_sine_stays_where_it_was_in_time(eeg, sfreq):
    wave = np.sin(2 * np.pi * 3 * np.arange(1000) / 100)
    after = Resample(sfreq)(eeg(data=np.tile(wave, (8, 1))))
    times = after.tmin + np.arange(after.n_times) / after.sfreq
    inner = (times > 1) & (times < 9)
    # scipy's Kaiser window lets 0.2 % of the passband ripple through.
    np.testing.assert_allclose(
        after.data[0, inner], np.sin(2 * np.pi * 3 * times[inner]), atol=5e-3
    )


def test_events_keep_their_seconds_and_tracks_follow(eeg):
    signal = eeg(tracks={"motion": np.ones((1000, 3))})
    after = Resample(50)(signal)
    assert after.events is signal.events
    assert after.tracks["motion"].shape == (500, 3)


def test_odd_rates_are_taken_as_fractions(eeg):
    # MNE's sample recording: 600.614990234375 Hz.
    after = Resample(100)(eeg(sfreq=600.614990234375, n_times=6006))
    assert after.sfreq == 100.0
    assert after.n_times == 1000


def test_what_stops_it(eeg, volumes):
    with pytest.raises(ConfigError, match="sfreq is 0"):
        Resample(0)
    with pytest.raises(DataError, match="Leave volumes at their t_r"):
        Resample(1)(volumes())
    with pytest.raises(ConfigError, match="more than 10000 to one"):
        Resample(0.001)(eeg())
