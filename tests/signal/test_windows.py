"""Windows against mne.Epochs, sample for sample."""

import mne
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.core.errors import ConfigError
from neurodecode.signal.windows import outside_recording, peak_to_peak, window_samples


def epochs_of(raw, onset, tmin, tmax):
    raw = raw.copy().set_annotations(mne.Annotations(onset, 0.0, "x"), verbose="ERROR")
    events, codes = mne.events_from_annotations(raw, verbose="ERROR")
    return mne.Epochs(
        raw,
        events,
        codes,
        tmin,
        tmax,
        baseline=None,
        preload=True,
        verbose="ERROR",
        event_repeated="error",
    )


@pytest.mark.parametrize("sfreq", [160.0, 250.0, 256.0, 600.614990234375])
@given(
    tmin=st.floats(-0.7, 0.6).map(lambda t: round(t, 3)),
    length=st.floats(0.0, 1.5).map(lambda t: round(t, 3)),
    gaps=st.lists(st.floats(0.05, 0.9), min_size=1, max_size=8),
)
@settings(max_examples=25, deadline=None)
def test_equals_mne_epochs(sfreq, tmin, length, gaps):
    # The value of a sample is its index, so that an epoch shows what it was cut from.
    n_times = round(6 * sfreq)
    info = mne.create_info(["x"], sfreq, "eeg")
    raw = mne.io.RawArray(np.arange(n_times, dtype=float)[None], info, verbose="ERROR")
    onset = np.cumsum(gaps)
    onset = onset[onset < 5.9]
    epochs = epochs_of(raw, onset, tmin, tmin + length)
    start, n_samples = window_samples(onset, tmin, tmin + length, sfreq)
    inside = ~outside_recording(start, n_samples, n_times)
    assert np.array_equal(epochs.selection, np.flatnonzero(inside))
    if inside.any():
        assert n_samples == len(epochs.times)
        assert np.array_equal(start[inside], epochs.get_data()[:, 0, 0])


def test_eegbci_window_is_321_samples():
    start, n_samples = window_samples(np.array([4.2]), 0.5, 2.5, 160.0)
    assert (start.tolist(), n_samples) == ([752], 321)


def test_halves_go_to_the_even_sample_as_in_mne():
    start, _ = window_samples(np.array([0.5, 1.5, 2.5]), 0.0, 0.0, 1.0)
    assert start.tolist() == [0, 2, 2]


def test_the_last_digit_of_an_onset_does_not_decide():
    # 12.5 samples, but for 2e-15 of rounding: mne's annotations hold microseconds.
    start, _ = window_samples(np.array([0.05, 0.05000000000000001]), 0.0, 0.0, 250.0)
    assert start.tolist() == [12, 12]


def test_the_clock_of_the_first_sample_counts():
    start, _ = window_samples(np.array([3.0]), 0.0, 1.0, 10.0, first_time=-5.0)
    assert start.tolist() == [80]


def test_outside_recording():
    start = np.array([-1, 0, 90, 91])
    assert outside_recording(start, 10, 100).tolist() == [True, False, False, True]


def test_what_cannot_be_meant():
    with pytest.raises(ConfigError, match=r"tmax 0\.5 s is before tmin 2 s"):
        window_samples(np.array([1.0]), 2, 0.5, 100.0)
    with pytest.raises(ConfigError, match="event 1 has no onset"):
        window_samples(np.array([1.0, np.nan]), 0, 1, 100.0)


def test_peak_to_peak_is_per_channel():
    data = np.zeros((2, 3, 4))
    data[1, 2] = [0, -3, 0, 2]
    assert peak_to_peak(data).tolist() == [[0, 0, 0], [0, 0, 5]]
