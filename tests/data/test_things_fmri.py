"""THINGS-fMRI: tables of responses, stimuli and voxels told by their order (visual:T3)."""

import numpy as np
import pandas as pd
import pytest
from visual_layouts import N_VOXELS, REGIONS, recordings, write_things_fmri

from neurodecode.core.errors import DataError
from neurodecode.data.readers import _array_files, _hdf5


def changed(root, name, change):
    path = root / f"betas_csv/sub-01_{name}.csv"
    change(pd.read_csv(path)).to_csv(path, index=False)


def test_sessions_of_the_voxels_in_regions(tmp_path, monkeypatch):
    responses, stimuli, voxels = write_things_fmri(tmp_path)
    read, asked = _array_files.read, []
    monkeypatch.setattr(
        _array_files, "read", lambda path, key: asked.append(key) or read(path, key)
    )
    first, second = recordings("things_fmri", tmp_path, "regions")
    assert (first.id, second.id) == ("sub-01_ses-1_run-1", "sub-01_ses-2_run-1")
    inside = voxels[list(REGIONS)].to_numpy() == 1
    kept = np.flatnonzero(inside.any(axis=1))
    assert 0 < len(kept) < N_VOXELS
    for one, trials in ((first, slice(0, 12)), (second, slice(12, 24))):
        signal = one.load()
        np.testing.assert_array_equal(signal.data, responses[kept, trials].T)
        assert signal.space.names == tuple(map(str, kept)) and signal.space.kind == "voxels"
        assert signal.space.types == tuple(REGIONS[i] for i in inside[kept].argmax(axis=1))
        assert one.header().space == signal.space
        rows, table = signal.events, stimuli.iloc[trials]
        assert rows["stimulus"].tolist() == table["stimulus"].str.removesuffix(".jpg").tolist()
        assert rows["concept"].tolist() == table["concept"].tolist()
        assert rows["split"].tolist() == table["trial_type"].tolist()
        assert rows["run_nr"].tolist() == table["run"].tolist()
    assert second.header().events["repeat"].tolist() == [1] * 12  # of both sessions
    assert "ResponseData.block0_values" not in asked  # 17 GB: of chosen voxels alone


def test_reliable_voxels(tmp_path):
    responses, _, voxels = write_things_fmri(tmp_path)
    signal = recordings("things_fmri", tmp_path, "reliable")[0].load()
    kept = (voxels["nc_singletrial"] >= 5).to_numpy()
    np.testing.assert_array_equal(signal.data, responses[kept, :12].T)
    assert signal.space.types == ()


@pytest.mark.parametrize(
    ("table", "change", "said"),
    [
        ("VoxelMetadata", lambda t: t.iloc[::-1], r"'voxel_id' is not what .*ResponseData\.h5 has"),
        ("VoxelMetadata", lambda t: t.iloc[1:], "59 rows, and sub-01_ResponseData.h5 has 60"),
        ("VoxelMetadata", lambda t: t.drop(columns="V1"), "no column 'V1'"),
        ("VoxelMetadata", lambda t: t.assign(V2="x"), "column 'V2' holds what is no number"),
        ("VoxelMetadata", lambda t: t.assign(**dict.fromkeys(REGIONS, 0)), "no feature is left"),
        ("StimulusMetadata", lambda t: t.sort_values("stimulus"), "'trial_id' is .* in row 1 and"),
        ("StimulusMetadata", lambda t: t.iloc[:-1], "its table has 23 rows for 24 entries"),
    ],
)
def test_tables_of_another_order_or_length_are_refused(tmp_path, table, change, said):
    write_things_fmri(tmp_path)
    changed(tmp_path, table, change)
    with pytest.raises(DataError, match=said):
        [one.load() for one in recordings("things_fmri", tmp_path, "regions")]


@pytest.mark.parametrize("index", [[0], [59], [0, 1, 2, 30, 31, 59], list(range(60))])
def test_some_entries_of_a_dataset_are_those_of_all(tmp_path, index, monkeypatch):
    responses, _, _ = write_things_fmri(tmp_path)
    monkeypatch.setattr(_hdf5, "_ENTRIES", 4)
    path = tmp_path / "betas_csv/sub-01_ResponseData.h5"
    for read in (_hdf5.read_entries, _array_files.read_entries):
        found = read(path, "ResponseData.block0_values", np.array(index))
        np.testing.assert_array_equal(found, responses[index])
