"""What every preparation promises: its preview, its reach, its input left alone, a frozen value."""

import math
from dataclasses import FrozenInstanceError, fields, is_dataclass, replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from neurodecode.core.config import Call
from neurodecode.core.errors import DataError
from neurodecode.core.names import build, catalogue, check_call, find
from neurodecode.core.nodes import Node, Problems
from neurodecode.signal.rank import measured_rank

# Each name of the folder, with arguments as a file gives them. A new preparation is added here.
EXAMPLES = {
    "block_mean": [{}, {"by": "block"}],
    "clean": [
        {},
        {"confounds": None, "high_pass": 0.02, "standardize": "psc"},
        {"high_pass": 0.02, "filter": "cosine", "standardize": None},
    ],
    "crop": [{"tmin": 0.1, "tmax": 0.5}, {"tmax": 0.505}, {"tmin": 0.03}],
    "detrend": [{}, {"order": 2}],
    "drop": [{"channels": ["HEOG", "Pz"]}, {"channels": ["eog"]}],
    "event_features": [
        {"features": {"any": {"at": "onset"}, "what": {"column": "label", "levels": ["left"]}}},
        {"features": {"any": {"at": "onset"}}, "hrf": "spm", "detrend": 1},
    ],
    "filter": [
        {"l_freq": 8, "h_freq": 30},
        {"l_freq": 8, "h_freq": 30, "phase": "causal"},
        {"l_freq": 2.0, "h_freq": 30, "method": "iir"},
        {"h_freq": 20, "method": "iir", "phase": "causal", "order": 2},
        {"l_freq": 8, "method": "iir", "phase": "causal", "initial": "zero"},
    ],
    "filter_bank": [
        {"bands": [[8, 12], [18, 26]]},
        {"bands": [[None, 6], [8, 12], [20, None]], "method": "iir", "order": 2},
        {"bands": [[8, 12]], "method": "iir", "phase": "causal"},
    ],
    "glm": [
        {"by": "block"},
        {"by": "block", "method": "lss", "noise_model": "ols", "confounds": "confounds"},
    ],
    "ica": [
        {"exclude": [0, 2], "n_components": 4, "max_iter": 20},
        {"eog": ["HEOG"], "measure": "correlation", "threshold": 0.5, "max_iter": 20},
        {"ecg": ["HEOG"], "exclude": [1], "method": "infomax", "max_iter": 20},
    ],
    "interpolate": [
        {"channels": ["Cz", "O1"]},
        {"channels": ["FCz", "M1"], "positions": [[0, 0.04, 0.08], [-0.08, -0.02, -0.03]]},
    ],
    "laplacian": [{}],
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
    "moving_mean": [{"length": 0.1}],
    "notch": [
        {"freqs": [20]},
        {"freqs": [20, 40], "notch_widths": 2.0},
        {"freqs": [20, 40], "method": "iir"},
        {"freqs": [20], "method": "spectrum_fit"},
        {"freqs": [20], "method": "iir", "phase": "causal", "notch_widths": 8},
    ],
    "pick": [{"channels": ["Cz", "Fz"]}, {"channels": ["eeg"]}],
    "reference": [{}, {"channels": ["O1", "O2"]}],
    "regress": [{}, {"channels": ["HEOG", "Fz"]}],
    "resample": [
        {"sfreq": 64},
        {"sfreq": 250},
        {"sfreq": 100},
        {"sfreq": 33.3},
        {"sfreq": 64, "phase": "causal"},
        {"sfreq": 250, "phase": "causal"},
    ],
    "scale": [{"factor": 1e6}],
    "shift": [{"seconds": 5.0}, {"seconds": -1}],
    "zscore": [{}],
}
CALLS = [Call(name, arguments) for name, group in EXAMPLES.items() for arguments in group]
LOCAL = [
    call
    for call in CALLS
    if math.isfinite(build(call, "signal").reach(100.0)) and call.name != "event_features"
]  # features are no samples, and the data of volumes are left as they are
# How much of an output may depend on samples beyond the reach: a Butterworth's response never
# ends and is cut at 1e-4 of its peak, the rest is rounding.
BEYOND = {"iir": 1e-4}
ROUNDING = 1e-12
BY_SAMPLE = (
    "crop",
    "drop",
    "interpolate",
    "laplacian",
    "pick",
    "reference",
    "resample",
    "scale",
    "shift",
)
ALONG_TIME = ("detrend", "filter", "moving_mean", "notch", "zscore")
# Those whose outcome is known only when the signal has been looked at.
SEARCHING = ("ica",)


def as_named(call, signal):
    """Give a signal whose channels are called as the preparation asks for."""
    if call.name != "laplacian":
        return signal
    shaft = tuple(f"LA{i + 1}" for i in range(len(signal.space)))
    return replace(signal, space=replace(signal.space, names=shaft))


def example_signals(call, kinds):
    eeg, volumes, epochs, bands = kinds
    if call.name == "block_mean":
        return [volumes(), volumes(sfreq=None)]
    if call.name == "event_features":
        return [volumes(), volumes(tracks={"confounds": np.zeros((30, 2))})]
    if call.name in ("clean", "glm"):
        motion = np.random.default_rng(1).normal(size=(30, 2))
        return [volumes(tracks={"confounds": motion})]
    if call.name == "laplacian":
        return [as_named(call, one) for one in (eeg(), eeg(rank=5), epochs(), bands())]
    signals = [eeg(), eeg(rank=5), eeg(n_times=1197, tmin=0.25 if call.name != "crop" else 0.01)]
    if call.name in BY_SAMPLE:
        signals += [epochs(), epochs(rank=5), bands()]
    if call.name in ALONG_TIME:
        signals += [bands()]
    if call.name in ("detrend", "zscore"):
        signals += [volumes(), volumes(sfreq=None)]
    if call.name in ("scale", "shift"):
        signals += [volumes()]
    return signals


@pytest.fixture(scope="session")
def kinds(eeg, volumes, epochs, bands):
    return eeg, volumes, epochs, bands


def header_of(signal):
    return replace(signal, data=None)


def test_every_preparation_of_the_folder_has_an_example():
    assert set(catalogue("signal")) == set(EXAMPLES)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.arguments}")
def test_preview_is_the_header_of_the_result(call, kinds):
    preparation = build(call, "signal")
    for signal in example_signals(call, kinds):
        preview, result = preparation.preview(header_of(signal)), preparation(signal)
        assert preview.data is None
        assert result.data.dtype == np.float64
        assert preview.space == result.space
        assert preview.axes == result.axes
        assert result.axes[-len(signal.axes) :] == signal.axes
        assert preview.entries == result.entries == signal.entries
        assert preview.sfreq == result.sfreq
        assert preview.n_times == result.n_times == result.data.shape[result.time_axis]
        assert preview.tmin == result.tmin
        if call.name in SEARCHING:
            assert preview.rank in (None, result.rank)
            assert set(preview.notes) <= set(result.notes)
        else:
            assert preview.rank == result.rank
            assert preview.notes == result.notes
        pd.testing.assert_frame_equal(preview.events, result.events)
        if result.rank is not None and signal.rank is None:
            assert measured_rank(result) <= result.rank


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.arguments}")
def test_the_signal_handed_in_is_left_alone(call, kinds):
    for signal in example_signals(call, kinds):
        before, events = signal.data.copy(), signal.events.copy()
        build(call, "signal")(signal)
        assert np.array_equal(signal.data, before)
        pd.testing.assert_frame_equal(signal.events, events)


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.arguments}")
def test_a_preparation_is_a_frozen_value_whose_fields_are_its_arguments(call):
    first, second = build(call, "signal"), build(call, "signal")
    assert is_dataclass(first) and first == second
    assert type(first).version >= 1
    names = {field.name for field in fields(first)}
    assert "version" not in names
    if call.name != "mne":
        assert names >= set(call.arguments)
        hash(first)
    with pytest.raises(FrozenInstanceError):
        setattr(first, next(iter(names), "version"), None)
    problems = Problems("test.yaml")
    check_call(replace(call, node=Node(None)), "signal", "prepare", problems)
    assert problems.lines == []


@pytest.mark.parametrize("call", LOCAL, ids=lambda call: f"{call.name}-{call.arguments}")
@given(at=st.integers(0, 999), channel=st.integers(0, 7), seed=st.integers(0, 9))
@settings(max_examples=15, deadline=None)
def test_a_sample_changes_the_output_only_within_reach(call, at, channel, seed, eeg):
    preparation = build(call, "signal")
    signal = as_named(call, eeg(seed))
    changed = signal.data.copy()
    changed[channel, at] += 1e-4
    before, after = preparation(signal), preparation(replace(signal, data=changed))
    difference = np.abs(after.data - before.data).max(axis=tuple(range(after.data.ndim - 1)))
    times = after.tmin + np.arange(after.n_times) / after.sfreq
    away = times - at / signal.sfreq
    reach = preparation.reach(signal.sfreq)
    allowed = BEYOND.get(call.arguments.get("method"), ROUNDING) * 1e-4
    outside = np.abs(away) > reach + 1e-9
    assert difference[outside].max(initial=0) <= allowed
    ahead = preparation.ahead(signal.sfreq)
    assert ahead <= reach and (ahead == 0 or call.arguments.get("phase") != "causal")
    rounded = ROUNDING * 1e-4 if ahead == 0 else allowed
    assert difference[away < -ahead - 1e-9].max(initial=0) <= rounded
    whole_windows = call.arguments.get("method") == "spectrum_fit"
    if 100 < at < 900 and call.name in ("filter", "filter_bank", "notch") and not whole_windows:
        # The reach is no exaggeration either: something moves in its outer half. (A resampled
        # sample that falls on the new grid is seen nowhere else: a sinc has its zeros there.)
        outer = (np.abs(away) > reach / 2) & ~outside
        assert difference[outer].max(initial=0) > ROUNDING * 1e-4


def moved_within(window, preparation, signal, size, seed):
    """How far a window moves when all that lies beyond the reach of it is noise of some size.

    `window` is first and last sample; the answer is in units of the noise.
    """
    rng = np.random.default_rng(seed)
    reach, times = preparation.reach(signal.sfreq), np.arange(signal.n_times) / signal.sfreq
    first, last = times[list(window)]
    beyond = (times < first - reach - 1e-9) | (times > last + reach + 1e-9)
    changed = signal.data.copy()
    changed[:, beyond] = size * rng.standard_normal((len(changed), int(beyond.sum())))
    before, after = preparation(signal), preparation(replace(signal, data=changed))
    times = after.tmin + np.arange(after.n_times) / after.sfreq
    inside = (times >= first - 1e-9) & (times <= last + 1e-9)
    return np.abs(after.data - before.data)[..., inside].max(initial=0) / size


@pytest.mark.parametrize("call", LOCAL, ids=lambda call: f"{call.name}-{call.arguments}")
@given(
    first=st.integers(0, 999), length=st.integers(1, 200), size=st.sampled_from([1e-5, 1.0]),
    seed=st.integers(0, 9),
)  # fmt: skip
@settings(max_examples=8, deadline=None)
def test_a_window_is_what_lies_within_its_reach(call, first, length, size, seed, eeg):
    preparation = build(call, "signal")
    window = first, min(first + length, 999)
    # Of a Butterworth many samples beyond add up, with either sign.
    allowed = 10 * BEYOND["iir"] if call.arguments.get("method") == "iir" else 100 * ROUNDING
    assert moved_within(window, preparation, as_named(call, eeg(seed)), size, seed) <= allowed


@pytest.mark.parametrize("call", CALLS, ids=lambda call: f"{call.name}-{call.arguments}")
def test_what_looks_at_the_whole_recording_looks_ahead(call):
    preparation = build(call, "signal")
    if call not in LOCAL and call.name != "event_features":
        assert preparation.ahead(100.0) == math.inf
    causal = call.arguments.get("phase") == "causal" or preparation.reach(100.0) == 0
    back = call.arguments.get("seconds", 0) < 0  # what was recorded before counts as now
    assert (preparation.ahead(100.0) == 0) == (causal or back or same_rate(call))


def same_rate(call):
    return call.name == "resample" and call.arguments["sfreq"] == 100


def test_a_reach_that_is_too_short_is_seen(eeg):
    class Short(find("filter", "signal")):
        def reach(self, sfreq):
            return super().reach(sfreq) / 2

    assert moved_within((400, 500), Short(l_freq=8, h_freq=30), eeg(), 1.0, 0) > 1e-4


CUT = "already cut into epochs|cut into epochs, "


@pytest.mark.parametrize(
    "call", [c for c in CALLS if c.name not in BY_SAMPLE], ids=lambda c: f"{c.name}-{c.arguments}"
)
def test_what_looks_around_refuses_epochs_from_the_header_on(call, kinds):
    signal, preparation = kinds[2](), build(call, "signal")
    message = "is no series of volumes" if call.name == "block_mean" else CUT
    for ask in (preparation, lambda one: preparation.preview(header_of(one))):
        with pytest.raises(DataError, match=message):
            ask(signal)


@pytest.mark.parametrize(
    "call",
    [c for c in CALLS if c.name not in BY_SAMPLE + ALONG_TIME],
    ids=lambda c: f"{c.name}-{c.arguments}",
)
def test_what_needs_channels_alone_refuses_bands_from_the_header_on(call, kinds):
    signal, preparation = kinds[3](), build(call, "signal")
    message = "is no series of volumes" if call.name == "block_mean" else r"axes are \('band'"
    for ask in (preparation, lambda one: preparation.preview(header_of(one))):
        with pytest.raises(DataError, match=message):
            ask(signal)


@pytest.mark.parametrize(
    "call", [c for c in CALLS if c.name in BY_SAMPLE], ids=lambda c: f"{c.name}-{c.arguments}"
)
def test_each_epoch_is_prepared_as_if_it_were_alone(call, epochs):
    signal, preparation = as_named(call, epochs()), build(call, "signal")
    together = preparation(signal)
    for i in (0, 7):
        alone = replace(signal, data=signal.data[i], entries=False)
        assert np.array_equal(preparation(alone).data, together.data[i])


@pytest.mark.parametrize(
    "call",
    [c for c in CALLS if c.name in BY_SAMPLE + ALONG_TIME],
    ids=lambda c: f"{c.name}-{c.arguments}",
)
def test_each_band_is_prepared_as_if_it_were_alone(call, bands):
    signal, preparation = as_named(call, bands()), build(call, "signal")
    together = preparation(signal)
    for i in range(2):
        alone = replace(signal, data=signal.data[i], axes=signal.axes[1:])
        assert np.array_equal(preparation(alone).data, together.data[i])
