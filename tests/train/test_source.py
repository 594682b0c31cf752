"""Sources: batches are what indexing gives, memory maps are given back, moments are numpy's."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.core.errors import DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.train.moments import channel_moments
from neurodecode.train.source import Padded, Source, inputs_of

SPACE = Space("sensors", ("a", "b"))


def windows(at, length):
    """Windows of one continuous recording of 2 channels and 100 samples."""
    part = Part(
        np.arange(200.0).reshape(2, 100), SPACE, ("channel", "time"), 10.0, 0.0, "recording"
    )
    n = len(at)
    signal = TrialSignal(
        (part,), np.zeros(n, dtype=np.int32), np.array(at), np.array(length, dtype=np.int32)
    )
    table = pd.DataFrame({"recording": ["sub-1"] * n})
    return Trials(Rows(table), {"eeg": signal})


def test_a_batch_is_what_indexing_gives():
    trials = windows([0, 5, 9, 50], [7] * 4)
    y = np.array([3, 1, 2, 0])
    batch = Source({"X": inputs_of(trials), "y": y}).read(np.array([2, 0]))
    np.testing.assert_array_equal(batch["X"].numpy(), trials.X[[2, 0]])
    assert batch["X"].dtype == torch.float32
    assert batch["y"].tolist() == [2, 3] and batch["y"].dtype == torch.int64


def test_bytes_of_pictures_stay_bytes_and_other_byte_orders_are_read():
    pictures = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
    swapped = np.arange(2, dtype=">f8")
    batch = Source({"picture": pictures, "value": swapped}).read(np.array([1]))
    assert batch["picture"].dtype == torch.uint8
    assert batch["value"].tolist() == [1.0]


def test_columns_of_other_lengths_are_refused():
    with pytest.raises(DataError, match=r"differ in their number of trials.*'X': 3, 'y': 2"):
        Source({"X": np.zeros((3, 1)), "y": np.zeros(2)})


def test_trials_of_several_lengths_are_refused_by_name():
    with pytest.raises(DataError, match="differ in length"):
        inputs_of(windows([0, 5], [7, 8]))


def test_keys_differ_with_content_order_and_name():
    one = Source({"X": np.arange(4.0)})
    assert one.key() == Source({"X": np.arange(4.0)}).key()
    others = [{"X": np.arange(4.0)[::-1]}, {"Y": np.arange(4.0)}, {"X": np.arange(4)}]
    keys = {one.key(), *(Source(columns).key() for columns in others)}
    trials = windows([0, 5], [7, 7]), windows([5, 0], [7, 7])
    keys |= {Source({"X": inputs_of(t)}).key() for t in trials}
    assert len(keys) == 6


def test_pages_of_a_memory_map_are_given_back(tmp_path):
    """Of 160 MB that are read once, less than a batch stays in memory."""
    path = tmp_path / "betas.npy"
    stored = np.lib.format.open_memmap(path, "w+", np.float32, (400, 100_000))
    stored[:] = 1
    del stored
    mapped = np.load(path, mmap_mode="r")
    source = Source({"X": mapped})
    before, most = _file_pages(), 0
    for first in range(0, 400, 20):  # 8 MB a batch
        source.read(np.arange(first, first + 20))
        most = max(most, _file_pages() - before)
    assert most < 8e6


def test_all_trials_come_in_order_a_few_megabytes_at_a_time():
    several = list(Source({"X": np.zeros((50, 1_000_000), dtype=np.uint8)}).in_order())
    assert [len(index) for index in several] == [8] * 6 + [2]
    np.testing.assert_array_equal(np.concatenate(several), np.arange(50))
    assert [len(index) for index in Source({"X": np.zeros((600, 2))}).in_order()] == [256, 256, 88]
    assert list(Source({"X": np.zeros((0, 2))}).in_order()) == []


def test_what_was_written_to_a_copy_of_a_map_stays(tmp_path):
    np.save(tmp_path / "x.npy", np.zeros((10, 1000)))
    changed = np.load(tmp_path / "x.npy", mmap_mode="c")
    changed[3] = 7
    source = Source({"X": changed})
    source.read(np.arange(10))
    assert source.read(np.array([3]))["X"].unique().tolist() == [7.0]


def _file_pages():
    """Bytes of files that are in this process's memory."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(line.split()[1]) for line in lines if line.startswith("RssFile"))


@pytest.mark.parametrize("shape", [(700, 3, 40), (700, 5), (300, 2, 3, 20)])
def test_moments_are_numpy_s_far_from_zero(shape):
    rng = np.random.default_rng(0)
    X = (rng.normal(size=shape) * 3 + 1000).astype(np.float32)
    mean, scale = channel_moments(Source({"X": X}))
    axes = (0, X.ndim - 1) if X.ndim > 2 else (0,)
    np.testing.assert_allclose(mean, X.astype(float).mean(axes, keepdims=True)[0], rtol=1e-12)
    # A naive sum of squares would be off by 1e-4 in float32 and 1e-10 in float64.
    np.testing.assert_allclose(scale, X.astype(float).std(axes, keepdims=True)[0], rtol=1e-12)


def test_a_flat_channel_is_left_as_it_is():
    X = np.zeros((4, 2, 5))
    X[:, 1] = np.arange(5)
    _, scale = channel_moments(Source({"X": X}))
    assert scale[0, 0] == 1


def test_nan_names_the_trial():
    X = np.zeros((4, 2, 5))
    X[2, 0, 0] = np.nan
    with pytest.raises(DataError, match="trial 2 of 4 holds NaN"):
        channel_moments(Source({"X": X}))


def test_pieces_of_smaller_layouts_are_filled_up_with_zeros():
    large, small = (
        Part(np.full((2, n, 4), float(n)), Space("sensors", tuple("abc"[:n])), ("channel", "time"),
             10.0, 0.0, f"{n} channels")
        for n in (3, 2)
    )  # fmt: skip
    part = np.array([0, 1, 0, 1], dtype=np.int32)
    signal = TrialSignal((large, small), part, np.array([0, 0, 1, 1]), np.full(4, -1, np.int32))
    source = Source({"X": Padded(signal, 3), "layout": part.astype(np.int64)})
    batch = source.read(np.array([1, 2]))
    assert batch["X"].shape == (2, 3, 4) and len(source) == 4
    assert batch["X"][0, :2].unique().tolist() == [2.0] and not batch["X"][0, 2].any()
    assert batch["X"][1].unique().tolist() == [3.0]
    wider = Source({"X": Padded(signal, 4), "layout": part.astype(np.int64)})
    assert wider.key() != source.key()
