"""Pages of memory maps that are given back, with what was written to them."""

import sys
from pathlib import Path

import numpy as np
import pytest

from neurodecode.core.maps import read_columns, release


def resident(path):
    """Bytes of a file that this process holds in memory, as Linux tells."""
    held, mine = 0, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ", 1)[0]:
            mine = line.rstrip().endswith(str(path))
        elif mine and line.startswith("Rss:"):
            held += 1024 * int(line.split()[1])
    return held


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what is held")
def test_what_was_read_and_written_is_no_longer_held_and_not_lost(tmp_path):
    path = tmp_path / "map.npy"
    made = np.lib.format.open_memmap(path, mode="w+", dtype=np.float64, shape=(50, 2000))
    made[:] = 1.0
    assert resident(path) >= made.nbytes
    release(made[3:, 5:])
    assert resident(path) == 0
    np.testing.assert_array_equal(made, 1.0)
    read = np.load(path, mmap_mode="r")
    np.testing.assert_array_equal(read, 1.0)


def test_a_map_that_is_copied_on_write_keeps_what_was_written(tmp_path):
    np.save(tmp_path / "map.npy", np.zeros(2000))
    made = np.load(tmp_path / "map.npy", mmap_mode="c")
    made[:] = 1.0
    release(made)
    release(np.asarray(made)[2:])
    np.testing.assert_array_equal(made, 1.0)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what is held")
def test_columns_are_read_and_not_held(tmp_path):
    X = np.random.default_rng(0).normal(size=(300, 700)).astype(np.float16)
    np.save(tmp_path / "map.npy", X)
    mapped = np.load(tmp_path / "map.npy", mmap_mode="r")
    np.testing.assert_array_equal(read_columns(mapped[:, 10:], slice(5, 90)), X[:, 15:100])
    assert resident(tmp_path / "map.npy") == 0
    assert read_columns(mapped, slice(600, 900)).shape == (300, 100)
    assert np.shares_memory(read_columns(X, slice(5, 90)), X)


def test_other_arrays_are_left_alone():
    X = np.ones(3)
    release(X)
    release([1, 2])
    np.testing.assert_array_equal(X, 1.0)
