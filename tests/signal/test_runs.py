"""What is done to a run of volumes: trends, standardising, delays, blocks."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import scipy.signal

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.signal.blocks import BlockMean
from neurodecode.signal.clock import Shift
from neurodecode.signal.detrend import Detrend
from neurodecode.signal.zscore import Zscore


def test_linear_detrend_equals_scipy(eeg, volumes):
    for signal, axis in ((eeg(), -1), (volumes(), 0)):
        wanted = scipy.signal.detrend(signal.data, axis=axis)
        scale = np.abs(signal.data).max()
        np.testing.assert_allclose(Detrend()(signal).data, wanted, rtol=0, atol=1e-13 * scale)


@pytest.mark.parametrize("order", [1, 2])
def test_a_trend_is_removed_on_true_times_with_gaps(volumes, order):
    # As the task volumes of haxby2001's VT file: whole blocks of volumes are absent.
    signal = volumes(sfreq=None)
    onset = signal.events["onset"].to_numpy() + 40 * (np.arange(30) // 8)
    signal = replace(signal, events=signal.events.assign(onset=onset))
    rng = np.random.default_rng(1)
    trend = np.stack([(onset / 50) ** k for k in range(order + 1)], axis=1)
    drifting = replace(signal, data=signal.data + trend @ rng.normal(size=(order + 1, 6)))
    after = Detrend(order)(drifting).data
    np.testing.assert_allclose(after, Detrend(order)(signal).data, atol=1e-11)
    # Counted in volumes instead of seconds it would not go away.
    as_if_even = Detrend(order)(replace(drifting, sfreq=0.4)).data
    assert np.abs(as_if_even - after).max() > 0.01


def test_what_is_only_trend_becomes_exactly_zero_and_stays_so_when_standardised(volumes):
    signal = volumes()
    data = signal.data.copy()
    data[:, 0] = 1234.1
    data[:, 1] = 0.1 * np.arange(30) + 700
    data[:, 2] = 0
    after = Zscore()(Detrend()(replace(signal, data=data))).data
    assert not after[:, :3].any()
    np.testing.assert_allclose(after[:, 3:].std(axis=0), 1)


def test_detrend_needs_more_times_than_coefficients(volumes):
    signal = volumes(n_volumes=3)
    with pytest.raises(DataError, match="has 3 distinct times, and a trend of order 2"):
        Detrend(2)(signal)
    with pytest.raises(ConfigError, match="order is -1"):
        Detrend(-1)
    assert not Detrend(1)(signal).data.sum(axis=0).round(10).any()


def test_entries_without_a_rate_need_an_event_each(volumes):
    signal = volumes(sfreq=None)
    for preparation in (Detrend(), BlockMean()):
        with pytest.raises(DataError, match=r"30 entries without a rate need one event each.* 29"):
            preparation.preview(replace(signal, events=signal.events.iloc[1:]))
    onset = signal.events["onset"].where(signal.events.index != 4)
    with pytest.raises(DataError, match=r"onset of 1 entries is unknown .the first is entry 4"):
        Detrend()(replace(signal, events=signal.events.assign(onset=onset)))


def test_zscore_is_numpy_with_the_population_sd(eeg, volumes):
    for signal, axis in ((eeg(), 1), (volumes(), 0)):
        x = signal.data
        wanted = (x - x.mean(axis, keepdims=True)) / x.std(axis, keepdims=True)
        assert np.array_equal(Zscore()(signal).data, wanted)


def test_a_constant_voxel_is_zero_whatever_its_rounding(volumes):
    signal = volumes()
    data = signal.data.copy()
    data[:, 0] = 0.1  # its mean over 30 volumes is not exactly 0.1
    data[:, 1] = 0
    after = Zscore()(replace(signal, data=data)).data
    assert not after[:, :2].any()
    assert np.isfinite(after).all()


def test_integers_are_standardised_in_double_precision(volumes):
    signal = volumes()
    after = Zscore()(replace(signal, data=signal.data.astype(np.int16)))
    assert after.data.dtype == np.float64
    np.testing.assert_allclose(after.data.std(axis=0), 1)


@pytest.mark.parametrize("sfreq", [0.4, None])
def test_block_mean_of_volumes(volumes, sfreq):
    signal = volumes(sfreq=sfreq)
    after = BlockMean()(signal)
    # Blocks of four volumes at 0-3, 8-11, 16-19, 24-27; what lies between is rest.
    wanted = [signal.data[i : i + 4].mean(axis=0) for i in (0, 8, 16, 24)]
    assert np.array_equal(after.data, np.stack(wanted))
    assert after.sfreq is None
    wanted = pd.DataFrame(
        {
            "onset": [0.0, 20.0, 40.0, 60.0],
            "duration": 10.0,
            "label": ["cat", "house", "cat", "house"],
            "block": ["0", "2", "4", "6"],
        }
    )
    pd.testing.assert_frame_equal(after.events, wanted, check_dtype=False)  # volume varies: gone


def test_block_mean_of_block_events_counts_the_end_out(volumes):
    events = pd.DataFrame(
        {"onset": [5.0, 20.1], "duration": [7.5, 5.0], "label": ["a", "b"], "block": ["1", "2"]}
    )
    signal = volumes(events=events)
    after = BlockMean()(signal)
    # Volumes at 5, 7.5, 10 (not 12.5); the first after 20.1 is at 22.5, then 25.
    assert np.array_equal(after.data[0], signal.data[2:5].mean(axis=0))
    assert np.array_equal(after.data[1], signal.data[9:11].mean(axis=0))


@pytest.mark.parametrize("first", range(1, 20))
def test_times_that_are_a_volume_but_for_rounding_count_as_it(volumes, first):
    # Added up, as tables are made: 0.7 + 0.7 + ... is not always 0.7 * n, nor n / (1 / 0.7).
    onset = float(np.cumsum(np.full(first, 0.7))[-1])
    events = pd.DataFrame({"onset": [onset], "duration": [0.7 * 4], "label": "a", "block": "1"})
    signal = volumes(t_r=0.7, events=events)
    wanted = signal.data[first : first + 4].mean(axis=0)
    assert np.array_equal(BlockMean()(signal).data[0], wanted)


def test_shift_gives_a_block_the_volumes_of_its_answer(volumes):
    signal = volumes()
    after = BlockMean()(Shift(5.0)(signal))
    assert np.array_equal(after.data[1], signal.data[10:14].mean(axis=0))
    assert after.events["onset"].tolist() == [0.0, 20.0, 40.0, 60.0]
    # 4.9 s: the first volume that answers what was shown at 20 s was acquired at 25 s.
    later = BlockMean()(Shift(4.9)(signal))
    assert np.array_equal(later.data[1], signal.data[10:14].mean(axis=0))


def test_shift_needs_a_clock(volumes):
    with pytest.raises(DataError, match=r"no clock to move.*before block_mean"):
        Shift(5)(volumes(sfreq=None))
    with pytest.raises(ConfigError, match="seconds is inf"):
        Shift(float("inf"))


def test_tracks_are_averaged_with_their_volumes(volumes):
    after = BlockMean()(volumes(tracks={"motion": np.arange(30.0)[:, None]}))
    assert after.tracks["motion"].ravel().tolist() == [1.5, 9.5, 17.5, 25.5]


def test_block_mean_needs_one_label_a_block(volumes):
    signal = volumes()
    mixed = signal.events.assign(label=["cat", "dog"] * 15)
    for ask in (BlockMean(), lambda s: BlockMean().preview(replace(s, data=None))):
        with pytest.raises(DataError, match=r"block '0' has several labels \(cat, dog\)"):
            ask(replace(signal, events=mixed))


def test_block_mean_says_what_is_missing(eeg, volumes):
    signal = volumes()
    with pytest.raises(DataError, match="no column 'chunk', only onset, duration, label, block"):
        BlockMean(by="chunk")(signal)
    with pytest.raises(DataError, match="none of the 30 events has a value in 'block'"):
        BlockMean()(replace(signal, events=signal.events.assign(block="")))
    with pytest.raises(DataError, match=r"'6' .60 to 70 s. has no volume: the recording has 20"):
        BlockMean()(replace(signal, data=signal.data[:20]))
    with pytest.raises(DataError, match="no onset or no duration"):
        BlockMean()(replace(signal, events=signal.events.assign(duration=np.nan)))
    with pytest.raises(DataError, match="is no series of volumes"):
        BlockMean()(eeg())
