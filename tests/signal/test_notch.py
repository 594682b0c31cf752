"""Notches against mne, their reach, and what stops them."""

from dataclasses import replace

import mne
import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.signal.notch import Notch


def raw_of(signal):
    info = mne.create_info(list(signal.space.names), signal.sfreq, list(signal.space.types))
    return mne.io.RawArray(signal.data.copy(), info, verbose="ERROR")


@pytest.mark.parametrize("method", ["fir", "iir", "spectrum_fit"])
@pytest.mark.parametrize("notch_widths", [None, 3.0])
def test_one_frequency_is_raw_notch_filter_to_the_bit(eeg, method, notch_widths):
    signal = eeg(types=("eeg",) * 4, sfreq=160.0, n_times=3200)
    raw = raw_of(signal).notch_filter(50, method=method, notch_widths=notch_widths, verbose="ERROR")
    ours = Notch([50], method=method, notch_widths=notch_widths)(signal)
    assert np.array_equal(ours.data, raw.get_data())


@pytest.mark.parametrize("method", ["fir", "spectrum_fit"])
def test_several_frequencies_are_raw_notch_filter_to_the_bit(eeg, method):
    signal = eeg(types=("eeg",) * 4, sfreq=250.0, n_times=5000)
    raw = raw_of(signal).notch_filter([50, 100], method=method, verbose="ERROR")
    assert np.array_equal(Notch([50, 100], method=method)(signal).data, raw.get_data())


def test_several_butterworths_run_one_after_the_other(eeg):
    # mne takes one stop band at a time here.
    signal = eeg(types=("eeg",) * 4, sfreq=250.0, n_times=5000)
    raw = raw_of(signal)
    for freq in (50, 100):
        raw.notch_filter(freq, method="iir", verbose="ERROR")
    assert np.array_equal(Notch([50, 100], method="iir")(signal).data, raw.get_data())


@pytest.mark.parametrize("method", ["fir", "iir", "spectrum_fit"])
def test_mains_go_and_the_rest_stays(eeg, method):
    times = np.arange(3000) / 100
    mains, alpha = np.sin(2 * np.pi * 25 * times), np.sin(2 * np.pi * 10 * times)
    after = Notch([25], method=method)(eeg(data=np.tile(mains + alpha, (8, 1)))).data[0]
    inner = slice(1000, 2000)
    # A stop band of 25/200 Hz, seen over 30 s: what is left of the sine is below 1 %.
    np.testing.assert_allclose(after[inner], alpha[inner], atol=0.01)


def test_reach_of_mne_default_fir():
    # Transitions of 0.5 Hz: 3.3 / 0.5 s, made odd (mne's rule for a Hamming window).
    assert Notch([50]).reach(160.0) == 528 / 160
    assert Notch([50, 60]).reach(250.0) == 825 / 250


def test_reach_of_butterworths_adds_up():
    one, other = Notch([50], method="iir"), Notch([100], method="iir")
    both = Notch([50, 100], method="iir")
    assert both.reach(250.0) == pytest.approx(one.reach(250.0) + other.reach(250.0))


def test_reach_of_fitted_sines_is_a_window_and_a_half(eeg):
    # 47 s: windows of 10 s every 5 s, the last one of 12 s.
    preparation = Notch([20], method="spectrum_fit")
    signal = eeg(types=("eeg",) * 2, n_times=4700)
    before = preparation(signal).data
    for at in (0, 1800, 3600, 4699):
        changed = signal.data.copy()
        changed[0, at] += 1e-4
        moved = np.flatnonzero(np.abs(preparation(replace(signal, data=changed)).data - before)[0])
        assert np.abs(moved - at).max() <= preparation.reach(100.0) * 100
        assert np.abs(moved - at).max() > 400


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"freqs": []}, r"freqs is \[\]"),
        ({"freqs": 50}, r"freqs is 50\. Give a list in Hz, such as \[50\]"),
        ({"freqs": [0]}, "freqs has 0 Hz"),
        ({"freqs": [float("nan")]}, "freqs has nan Hz"),
        ({"freqs": [50], "method": "fft"}, "method 'fft' is not known"),
        ({"freqs": [50], "notch_widths": 0}, "notch_widths is 0 Hz"),
        ({"freqs": [50, 50.5]}, r"two stop bands of freqs \[50, 50\.5\] meet at 49\.8"),
    ],
)
def test_arguments_that_cannot_be_meant(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Notch(**arguments)


@pytest.mark.parametrize("method", ["fir", "iir", "spectrum_fit"])
def test_frequencies_above_nyquist(eeg, method):
    notch = Notch([20, 50], method=method)
    for ask in (notch, notch.preview, lambda signal: notch.reach(100.0)):
        with pytest.raises(ConfigError, match=r"stop band of 50 Hz.*within 0 and 50 Hz, half"):
            ask(eeg())


def test_a_fir_longer_than_the_recording_is_named_from_the_header_on(eeg):
    signal = eeg(n_times=500)
    for ask in (Notch([20]), Notch([20]).preview):
        with pytest.raises(DataError, match=r"at 20 Hz is, at 100 Hz, 661 samples.*method: iir"):
            ask(signal)
    Notch([20], method="iir", notch_widths=2.0)(signal)
    Notch([20], method="spectrum_fit")(signal)
