"""Preparations on chunks: the same as on the whole recording, wherever the borders are."""

from dataclasses import replace

import numpy as np
import pytest
import scipy.signal
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.core.config import Call
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.names import build
from neurodecode.signal._streams import of_unknown_length, stream_of, streams_of
from neurodecode.signal.filters import Filter
from neurodecode.signal.notch import Notch
from neurodecode.signal.reference import Reference
from neurodecode.signal.resample import Resample

# Each with what the chunks may differ by from the whole: nothing where samples are worked on one
# by one, else rounding, of a signal of 2e-5 V.
ROUNDING = 1e-18
CAUSAL = [
    ("filter", {"l_freq": 8, "h_freq": 30, "method": "iir", "phase": "causal"}, 0),
    ("filter", {"h_freq": 30, "method": "iir", "phase": "causal", "initial": "zero"}, 0),
    ("filter", {"l_freq": 8, "h_freq": 30, "phase": "causal"}, ROUNDING),
    ("filter", {"h_freq": 20, "phase": "causal", "initial": "zero"}, ROUNDING),
    ("filter_bank", {"bands": [[8, 12], [18, 26]], "method": "iir", "phase": "causal"}, 0),
    ("notch", {"freqs": [15, 35], "method": "iir", "phase": "causal", "notch_widths": 8}, 0),
    ("resample", {"sfreq": 64, "phase": "causal"}, 0),
    ("resample", {"sfreq": 250, "phase": "causal"}, 0),
    ("resample", {"sfreq": 30, "phase": "causal"}, 0),
    ("resample", {"sfreq": 100}, 0),
    ("pick", {"channels": ["Cz", "eog"]}, 0),
    ("drop", {"channels": ["HEOG"]}, 0),
    ("scale", {"factor": 1e6}, 0),
    ("reference", {}, ROUNDING),
    ("interpolate", {"channels": ["Cz", "O1"]}, ROUNDING),
    ("interpolate", {"channels": ["FCz"], "positions": [[0, 0.04, 0.08]]}, ROUNDING),
]


def named(case):
    return f"{case[0]}-{case[1]}"


def pushed(stream, data, borders):
    """Push the data in pieces that end at `borders`, and put together what comes."""
    return np.concatenate([stream.push(one) for one in np.split(data, borders, axis=-1)], axis=-1)


def sines(n_times=400):
    """Waves with an offset: what a filter makes of the first sample shows."""
    rng = np.random.default_rng(3)
    return rng.normal(scale=2e-5, size=(8, n_times)) + rng.normal(scale=2e-5, size=(8, 1))


@pytest.mark.parametrize("case", CAUSAL, ids=named)
@given(borders=st.lists(st.integers(0, 400), max_size=6).map(sorted))
@settings(max_examples=10, deadline=None)
def test_chunks_of_any_size_are_the_whole(case, borders, eeg):
    name, arguments, allowed = case
    preparation, signal = build(Call(name, arguments), "signal"), eeg(data=sines())
    chunks = pushed(stream_of(preparation, signal), signal.data, borders)
    whole = preparation(signal).data
    assert chunks.shape == whole.shape
    assert np.abs(chunks - whole).max() <= allowed


@pytest.mark.parametrize("case", CAUSAL, ids=named)
def test_one_sample_at_a_time_and_nothing_at_all(case, eeg):
    name, arguments, allowed = case
    preparation, signal = build(Call(name, arguments), "signal"), eeg(data=sines())
    stream = stream_of(preparation, signal)
    assert stream.push(signal.data[:, :0]).shape[-1] == 0
    chunks = pushed(stream, signal.data, np.arange(1, 400))
    assert np.abs(chunks - preparation(signal).data).max() <= allowed


@pytest.mark.parametrize("case", CAUSAL, ids=named)
def test_a_stream_goes_on_from_a_saved_state_and_begins_anew_after_a_reset(case, eeg):
    preparation, signal = build(Call(*case[:2]), "signal"), eeg(data=sines())
    stream = stream_of(preparation, signal)
    stream.push(signal.data[:, :130])
    state = stream.state_dict()
    rest = stream.push(signal.data[:, 130:])
    other = stream_of(preparation, signal)
    other.load_state_dict(state)
    np.testing.assert_array_equal(other.push(signal.data[:, 130:]), rest)
    other.load_state_dict(state)  # what was pushed since has not moved the state
    np.testing.assert_array_equal(other.push(signal.data[:, 130:]), rest)
    other.reset()
    again = other.push(signal.data)
    assert np.abs(again - preparation(signal).data).max() <= case[2]


@pytest.mark.parametrize("sfreq", [64, 250, 30, 100, 50])
def test_a_stream_says_how_many_samples_it_needs(sfreq, eeg):
    signal = eeg(n_times=300)
    for n_times in (1, 2, 7, 40):
        stream = stream_of(Resample(sfreq, "causal"), signal)
        n_needed = stream.needs(n_times)
        assert stream.push(signal.data[:, : n_needed - 1]).shape[-1] < n_times
        assert stream.push(signal.data[:, n_needed - 1 : n_needed]).shape[-1] > 0
    assert stream.needs(0) == 0


@pytest.mark.parametrize("sfreq", [64.0, 250.0, 30.0])
def test_causal_resampling_is_late_by_its_delay_and_else_right(sfreq, eeg):
    freq = 1.0
    wave = np.sin(2 * np.pi * freq * np.arange(1000) / 100)
    causal = Resample(sfreq, "causal")
    after = causal(eeg(data=np.tile(wave, (8, 1))))
    times = np.arange(after.n_times) / after.sfreq
    late = causal.delay(100.0, [freq])[0]
    # Two samples of the slower rate at most; phase delay and group delay differ by little.
    assert 0 < late < 2.2 / min(100.0, sfreq)
    inner = times > 1
    expected = np.sin(2 * np.pi * freq * (times[inner] - late))
    np.testing.assert_allclose(after.data[0, inner], expected, atol=0.02)


def test_causal_resampling_lets_nothing_fold_back_and_an_offset_through_unchanged(eeg):
    # 23 Hz at 32 Hz would be seen at 9 Hz; 52 dB is what mne's design of this length gives.
    above = np.sin(2 * np.pi * 23 * np.arange(1000) / 100)
    after = Resample(32, "causal")(eeg(data=np.tile(above, (8, 1)))).data[0, 100:]
    assert np.abs(after).max() < 10 ** (-48 / 20)
    offset = Resample(64, "causal")(eeg(data=np.full((8, 500), 1e-2))).data
    np.testing.assert_allclose(offset, 1e-2, rtol=1e-13)


def test_group_delay_of_a_causal_notch_is_that_of_its_sections():
    sections = scipy.signal.butter(4, (49.375, 50.625), "bandstop", fs=250, output="sos")
    b, a = scipy.signal.sos2tf(sections)
    theirs = scipy.signal.group_delay((b, a), w=[30.0, 45.0], fs=250)[1] / 250
    ours = Notch([50], method="iir", phase="causal").delay(250.0, [30.0, 45.0])
    np.testing.assert_allclose(ours, theirs, rtol=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments", "message"),
    [
        ("filter", {"l_freq": 8}, "with phase: zero looks 0.82 s ahead.*Say phase: causal"),
        ("filter_bank", {"bands": [[8, 12]]}, "filter_bank: from 8 Hz to 12 Hz with phase: zero"),
        ("notch", {"freqs": [20]}, "Say method: iir and phase: causal"),
        ("resample", {"sfreq": 50}, "looks 0.20 s ahead.*Say phase: causal"),
        ("zscore", {}, "zscore: it looks at the whole recording.*the step scale"),
        ("ica", {"exclude": [0]}, "ica: it looks at the whole recording"),
        ("mne", {"filter": {"l_freq": 8, "h_freq": 30}}, "Of its methods there are filter"),
        ("crop", {"tmax": 5.0}, "crop: it looks at the whole.*Leave it out"),
    ],
)
def test_what_looks_ahead_is_refused_with_what_to_use_instead(name, arguments, message, eeg):
    with pytest.raises(ConfigError, match=message):
        stream_of(build(Call(name, arguments), "signal"), eeg())


def test_a_chain_names_all_that_cannot_stream_and_gives_the_last_header(eeg):
    header = of_unknown_length(eeg())
    with pytest.raises(ConfigError) as caught:
        streams_of([Filter(8, 30), Reference(), Resample(50)], header)
    assert [one.partition(":")[0] for one in caught.value.problems] == ["filter", "resample"]
    streams, after = streams_of([Reference(), Resample(50, "causal")], header)
    assert len(streams) == 2 and after.sfreq == 50 and after.n_times is None and after.rank == 7
    with pytest.raises(DataError, match="needs continuous channels"):
        streams_of([Resample(50, "causal")], replace(header, axes=("voxel",), sfreq=None))


@pytest.mark.parametrize("case", CAUSAL, ids=named)
def test_what_streams_says_that_it_does_not_look_ahead(case):
    assert build(Call(*case[:2]), "signal").ahead(100.0) == 0


def test_notch_by_fir_cannot_be_causal():
    with pytest.raises(ConfigError, match="method 'fir' looks ahead and cannot be causal"):
        Notch([50], phase="causal")
