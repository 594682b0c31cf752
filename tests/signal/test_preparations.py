"""What every preparation promises: its preview, its reach, its input left alone, a frozen value."""

import math
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.core.config import Call, Node, Problems
from neurodecode.core.names import build, catalogue, check_call
from neurodecode.signal.rank import measured_rank

# Each name of the folder, with arguments as a file gives them. A new preparation is added here.
EXAMPLES = {
    "block_mean": [{}, {"by": "block"}],
    "detrend": [{}, {"order": 2}],
    "drop": [{"channels": ["HEOG", "Pz"]}, {"channels": ["eog"]}],
    "filter": [
        {"l_freq": 8, "h_freq": 30},
        {"l_freq": 8, "h_freq": 30, "phase": "causal"},
        {"l_freq": 2.0, "h_freq": 30, "method": "iir"},
        {"h_freq": 20, "method": "iir", "phase": "causal", "order": 2},
    ],
    "mne": [
        {"notch_filter": {"freqs": 20.0}},
        {"set_eeg_reference": {"ref_channels": "average", "projection": False}},
        {"set_eeg_reference": {"projection": True}},
        {"pick": {"picks": ["Cz", "C3"]}},
        {"resample": {"sfreq": 37.0}},
        {"drop_channels": {"ch_names": ["Cz"]}},
        {"rename_channels": {"mapping": {"Cz": "vertex"}}},
        {"add_reference_channels": {"ref_channels": "M1"}},
        {"apply_hilbert": {"envelope": True}},
    ],
    "pick": [{"channels": ["Cz", "Fz"]}, {"channels": ["eeg"]}],
    "reference": [{}, {"channels": ["O1", "O2"]}],
    "resample": [{"sfreq": 64}, {"sfreq": 250}, {"sfreq": 100}, {"sfreq": 33.3}],
    "scale": [{"factor": 1e6}],
    "shift": [{"seconds": 5.0}, {"seconds": -1}],
    "zscore": [{}],
}
CALLS = [Call(name, arguments) for name, group in EXAMPLES.items() for arguments in group]
LOCAL = [call for call in CALLS if math.isfinite(build(call, "signal").reach(100.0))]
# How much of an output may depend on samples beyond the reach: a Butterworth's response never
# ends and is cut at 1e-4 of its peak, the rest is rounding.
BEYOND = {"iir": 1e-4, "fir": 1e-12}


def example_signals(call, eeg, volumes):
    if call.name == "block_mean":
        return [volumes(), volumes(sfreq=None)]
    if call.name in ("detrend", "zscore"):
        return [eeg(), volumes(), volumes(sfreq=None)]
    if call.name == "shift":
        return [eeg(), volumes()]
    if call.name == "scale":
        return [eeg(), volumes(), eeg(rank=5)]
    return [eeg(), eeg(rank=5), eeg(n_times=997, tmin=0.25)]


def header_of(signal):
    return replace(signal, data=None)


def test_every_preparation_of_the_folder_has_an_example():
    assert set(catalogue("signal")) == set(EXAMPLES)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.arguments}")
def test_preview_is_the_header_of_the_result(call, eeg, volumes):
    preparation = build(call, "signal")
    for signal in example_signals(call, eeg, volumes):
        preview, result = preparation.preview(header_of(signal)), preparation(signal)
        assert preview.data is None
        assert result.data.dtype == np.float64
        assert preview.space == result.space
        assert preview.axes == result.axes == signal.axes
        assert preview.sfreq == result.sfreq
        assert preview.n_times == result.n_times == result.data.shape[result.time_axis]
        assert preview.tmin == result.tmin
        assert preview.rank == result.rank
        pd.testing.assert_frame_equal(preview.events, result.events)
        if result.rank is not None and signal.rank is None:
            assert measured_rank(result) <= result.rank


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.arguments}")
def test_the_signal_handed_in_is_left_alone(call, eeg, volumes):
    for signal in example_signals(call, eeg, volumes):
        before, events = signal.data.copy(), signal.events.copy()
        build(call, "signal")(signal)
        assert np.array_equal(signal.data, before)
        pd.testing.assert_frame_equal(signal.events, events)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.arguments}")
def test_a_preparation_is_a_frozen_value_whose_fields_are_its_arguments(call):
    first, second = build(call, "signal"), build(call, "signal")
    assert is_dataclass(first) and first == second
    assert type(first).version == 1
    names = {field.name for field in fields(first)}
    assert "version" not in names
    if call.name != "mne":
        assert names >= set(call.arguments)
        hash(first)
    with pytest.raises(FrozenInstanceError):
        setattr(first, next(iter(names)), None)
    problems = Problems("test.yaml")
    check_call(replace(call, node=Node(None)), "signal", "prepare", problems)
    assert problems.lines == []


@pytest.mark.parametrize("call", LOCAL, ids=lambda call: f"{call.name}-{call.arguments}")
@given(at=st.integers(0, 999), channel=st.integers(0, 7), seed=st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_a_sample_changes_the_output_only_within_reach(call, at, channel, seed, eeg):
    preparation = build(call, "signal")
    signal = eeg(seed)
    changed = signal.data.copy()
    changed[channel, at] += 1e-4
    before, after = preparation(signal), preparation(replace(signal, data=changed))
    difference = np.abs(after.data - before.data).max(axis=0)
    times = after.tmin + np.arange(after.n_times) / after.sfreq
    away = times - at / signal.sfreq
    reach = preparation.reach(signal.sfreq)
    allowed = BEYOND[call.arguments.get("method", "fir")] * 1e-4
    outside = np.abs(away) > reach + 1e-9
    assert difference[outside].max(initial=0) <= allowed
    if call.arguments.get("phase") == "causal":
        assert difference[away < -1e-9].max(initial=0) <= BEYOND["fir"] * 1e-4
    if 100 < at < 900 and call.name == "filter":
        # The reach is no exaggeration either: something moves in its outer half. (A resampled
        # sample that falls on the new grid is seen nowhere else: a sinc has its zeros there.)
        outer = (np.abs(away) > reach / 2) & ~outside
        assert difference[outer].max(initial=0) > BEYOND["fir"] * 1e-4
