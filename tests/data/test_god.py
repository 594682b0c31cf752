"""Generic Object Decoding: brains, labels and regions in one matrix, told apart by flags."""

from typing import Any

import h5py
import numpy as np
import pytest
from visual_layouts import REGIONS_OF_GOD, recordings, write_god

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data._layout import Column, Features

NAMES = ["n01518878_5958", "n01518878_19020", "n02084071_109"]
TESTED = ["n01443537_22563", "n04572121_3262"]


def opened(root) -> Any:
    return h5py.File(root / "Subject1.h5", "r+")


@pytest.mark.parametrize("form", ["hdf5", "mat"])
def test_rows_and_voxels(tmp_path, form):
    voxels, inside, _ = write_god(tmp_path, form)
    (recording,) = recordings("god", tmp_path, form)
    assert recording.subject == "1"
    signal = recording.load()
    kept = np.flatnonzero(inside["VC"])
    np.testing.assert_array_equal(signal.data, voxels[:, kept])
    first = [next(name for name in REGIONS_OF_GOD if inside[name][i]) for i in kept]
    assert signal.space.types == tuple(first) and "VC" in first  # no union hides a region
    assert signal.space.kind == "voxels" and recording.header().space == signal.space
    rows = recording.header().events
    assert rows["stimulus"].tolist() == [*NAMES, *TESTED * 3, *TESTED]
    assert rows["concept"].tolist()[:3] == ["n01518878", "n01518878", "n02084071"]
    assert rows["split"].tolist() == ["train"] * 3 + ["test"] * 6 + ["imagery"] * 2
    assert rows["run_nr"].tolist() == [1, 1, 2, 1, 1, 2, 2, 3, 3, 1, 1]
    assert rows["repeat"].tolist() == [0, 0, 0, 0, 0, 1, 1, 2, 2, 0, 0]  # seen and imagined apart


def test_numbers_of_too_few_digits_are_refused(tmp_path):
    """In float32 all pictures of a category have one number, and no error would follow."""
    write_god(tmp_path, dtype=np.float32)
    (recording,) = recordings("god", tmp_path, "hdf5")
    with pytest.raises(DataError, match="'picture_id': numbers of type float32 are no names of 6"):
        recording.load()


def test_numbers_of_more_digits_are_refused(tmp_path):
    write_god(tmp_path)
    with opened(tmp_path) as file:
        file["dataset"][0, 2] = 1518878.1234565
    with pytest.raises(DataError, match="float64 are no names of 6 decimals"):
        recordings("god", tmp_path, "hdf5")[0].load()


def test_flags_of_other_files_are_refused(tmp_path):
    write_god(tmp_path)
    (recording,) = recordings("god", tmp_path, "hdf5")
    with opened(tmp_path) as file:
        file["metadata/value"][0, 1] = 1
    with pytest.raises(DataError, match="'DataType' marks 2 columns of the data"):
        recording.load()
    with opened(tmp_path) as file:
        file["metadata/key"][5] = "ROI_V9"
    with pytest.raises(DataError, match=r"no 'ROI_V1'\. Did you mean"):
        recording.load()
    with opened(tmp_path) as file:
        value = file["metadata/value"][()]
        del file["metadata/value"]
        file["metadata/value"] = value[:, 1:]
    with pytest.raises(DataError, match=r"shape .* for 15 names and 24 features"):
        recording.load()


def test_a_layout_says_flags_in_full():
    with pytest.raises(ConfigError, match="flags with flag_names, or a table"):
        Features(flags="value", regions=("V1",))
    with pytest.raises(ConfigError, match="they say regions"):
        Features(flags="value", flag_names="key")
    with pytest.raises(ConfigError, match="decimals: expected 1 or more"):
        Column(template="{number}", decimals=6)
    with pytest.raises(ConfigError, match="expected one of key"):
        Column(key="a", flag="b")
