"""Filters against mne and scipy, their length, and what stops them."""

from dataclasses import replace

import mne
import numpy as np
import pytest
import scipy.signal

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.signal.filters import Filter


def raw_of(signal):
    info = mne.create_info(list(signal.space.names), signal.sfreq, list(signal.space.types))
    return mne.io.RawArray(signal.data.copy(), info, verbose="ERROR")


@pytest.mark.parametrize("method", ["fir", "iir"])
@pytest.mark.parametrize(("l_freq", "h_freq"), [(8, 30), (None, 40.0), (4.0, None)])
def test_zero_phase_is_raw_filter_to_the_bit(eeg, method, l_freq, h_freq):
    signal = eeg(types=("eeg",) * 4, sfreq=160.0, n_times=3200)
    raw = raw_of(signal).filter(l_freq, h_freq, method=method, verbose="ERROR")
    ours = Filter(l_freq, h_freq, method=method)(signal)
    assert np.array_equal(ours.data, raw.get_data())


def test_causal_butterworth_is_sosfilt_from_the_state_that_is_asked_for(eeg):
    signal = eeg(sfreq=160.0, n_times=3200)
    sections = scipy.signal.butter(4, (8, 30), "bandpass", fs=160, output="sos")
    zero = Filter(8, 30, method="iir", phase="causal", initial="zero")(signal)
    assert np.array_equal(zero.data, scipy.signal.sosfilt(sections, signal.data, axis=-1))
    steady = Filter(8, 30, method="iir", phase="causal")(signal)
    zi = scipy.signal.sosfilt_zi(sections)[:, None] * signal.data[:, :1]
    assert np.array_equal(steady.data, scipy.signal.sosfilt(sections, signal.data, zi=zi)[0])


@pytest.mark.parametrize("method", ["fir", "iir"])
def test_an_offset_makes_no_step_where_the_first_sample_was_held_for_ever(eeg, method):
    # 0.1 V, as of an amplifier without a high-pass; mne's FIR lets 3e-7 of it through.
    offset = eeg(data=np.full((8, 2000), 0.1))
    assert np.abs(Filter(8, 30, method=method, phase="causal")(offset).data).max() < 1e-7
    low = Filter(None, 30, method=method, phase="causal")(offset).data
    np.testing.assert_allclose(low, low[:, :1].repeat(2000, axis=1), rtol=1e-12)
    zero = Filter(8, 30, method=method, phase="causal", initial="zero")(offset).data
    assert np.abs(zero).max() > 0.01


@pytest.mark.parametrize(
    "prepare", [Filter(8, 30, "iir", "causal"), Filter(8, 30, "fir", "causal")]
)
def test_what_is_held_for_ever_is_a_longer_recording(eeg, prepare):
    signal = eeg()
    longer = np.concatenate([np.repeat(signal.data[:, :1], 2000, axis=1), signal.data], axis=1)
    after = prepare(replace(signal, data=longer)).data[:, 2000:]
    np.testing.assert_allclose(prepare(signal).data, after, atol=1e-13)  # of 2e-5 V


def test_group_delay_of_a_butterworth():
    # Measured for Butterworth-4, 8 to 32 Hz at 250 Hz: 78, 51, 34, 29, 31 ms.
    delay = Filter(8, 32, method="iir", phase="causal").delay(250.0, [10, 12, 16, 20, 25])
    np.testing.assert_allclose(delay, [0.078, 0.051, 0.034, 0.029, 0.031], atol=6e-4)


def test_group_delay_is_that_of_scipy(eeg):
    causal = Filter(8, 30, phase="causal")
    taps = Filter(8, 30, phase="causal", initial="zero")(
        eeg(data=np.eye(8, 1000)[:1].repeat(8, axis=0), sfreq=160.0)
    ).data[0]
    freqs = [10.0, 15.0, 25.0]
    theirs = scipy.signal.group_delay((taps, [1.0]), w=freqs, fs=160.0)[1] / 160
    np.testing.assert_allclose(causal.delay(160.0, freqs), theirs, rtol=1e-6)
    assert np.array_equal(Filter(8, 30).delay(160.0, freqs), np.zeros(3))
    # 0 Hz does not pass, so it has no delay.
    assert np.isnan(Filter(8, 30, method="iir", phase="causal").delay(160.0, [0.0]))


def test_causal_fir_has_the_gain_of_the_zero_phase_one_and_starts_from_zeros(eeg):
    data = np.zeros((8, 2000))
    data[:, 0] = 1
    causal = Filter(8, 30, phase="causal", initial="zero")(eeg(data=data, sfreq=160.0)).data[0]
    taps = mne.filter.create_filter(None, 160.0, 8, 30, verbose="ERROR")
    frequencies = np.linspace(10, 28, 50)
    gain = np.abs(scipy.signal.freqz(causal, worN=frequencies, fs=160)[1])
    wanted = np.abs(scipy.signal.freqz(taps, worN=frequencies, fs=160)[1])
    # mne's homomorphic design keeps the gain to about a hundredth.
    np.testing.assert_allclose(gain, wanted, atol=0.02)
    assert np.abs(causal[len(taps) :]).max() < 1e-12
    # Half of the energy has come by a tenth of the length; of a symmetric filter, at its middle.
    energy = np.cumsum(causal**2) / np.sum(causal**2)
    assert energy[len(taps) // 10] > 0.5


def test_reach_of_mne_default_fir_at_160_hz():
    # The transition of 2 Hz at 8 Hz makes 3.3 / 2 s, 265 taps (mne's rule for a Hamming window).
    assert Filter(8, 30).reach(160.0) == 132 / 160
    assert Filter(8, 30, phase="causal").reach(160.0) == 264 / 160


def test_reach_of_a_butterworth_ends_where_its_response_has():
    sections = scipy.signal.butter(4, (8, 30), "bandpass", fs=160, output="sos")
    response = np.abs(scipy.signal.sosfilt(sections, np.eye(1, 4000)[0]))
    last = round(Filter(8, 30, method="iir", phase="causal").reach(160.0) * 160)
    assert response[last + 1 :].max() <= 1e-4 * response.max()
    from_zeros = Filter(8, 30, method="iir", phase="causal", initial="zero")
    assert response[round(from_zeros.reach(160.0) * 160)] > 1e-4 * response.max()
    # The first sample, held for ever, moves what comes by the sum of the response still to come.
    assert round(from_zeros.reach(160.0) * 160) <= last < 2 * from_zeros.reach(160.0) * 160
    assert Filter(0.5, 30, method="iir").reach(160.0) > Filter(8, 30, method="iir").reach(160.0)


def test_band_axis_is_filtered_along_time(eeg):
    signal = eeg(types=("eeg",) * 4, n_times=1000)
    banded = replace(
        signal, data=np.stack([signal.data, 2 * signal.data]), axes=("band", "channel", "time")
    )
    both = Filter(8, 30)(banded).data
    np.testing.assert_allclose(both[1], 2 * Filter(8, 30)(signal).data, atol=1e-18)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({}, "neither l_freq nor h_freq"),
        ({"l_freq": 30, "h_freq": 8}, "l_freq 30 Hz is not below h_freq 8 Hz"),
        ({"l_freq": 0}, "l_freq is 0 Hz"),
        ({"h_freq": float("nan")}, "h_freq is nan Hz"),
        ({"l_freq": 8, "order": 2}, "order 2 belongs to method: iir"),
        ({"l_freq": 8, "order": 0, "method": "iir"}, "order is 0"),
        ({"l_freq": 8, "phase": "minimum"}, "phase 'minimum' is not known"),
        ({"l_freq": 8, "phase": "causal", "initial": "rest"}, "initial is 'rest'. It is one of st"),
        ({"l_freq": 8, "initial": "zero"}, "initial 'zero' belongs to phase: causal"),
    ],
)
def test_arguments_that_cannot_be_meant(arguments, message):
    with pytest.raises(ConfigError, match=message):
        Filter(**arguments)


def test_corner_above_nyquist(eeg):
    for ask in (Filter(8, 60).preview, Filter(8, 60), lambda signal: Filter(8, 60).reach(100.0)):
        with pytest.raises(ConfigError, match="h_freq 60 Hz is not below 50 Hz, half the sampling"):
            ask(eeg())


@pytest.mark.parametrize("prepare", [Filter(0.5, 30), Filter(0.05, method="iir")])
def test_filter_longer_than_the_recording_is_named_from_the_header_on(eeg, prepare):
    signal = eeg(n_times=500)
    for ask in (prepare, lambda one: prepare.preview(replace(one, data=None))):
        with pytest.raises(DataError, match=r"samples \(\d+\.\d+ s\) long and the recording 500"):
            ask(signal)


def test_volumes_are_not_filtered(volumes):
    with pytest.raises(DataError, match=r"needs continuous channels.*detrend"):
        Filter(0.01, 0.1)(volumes())
