"""NSD: which picture each trial shows, which voxels, and pictures read one by one (visual:T6)."""

import numpy as np
import pytest
import scipy.io
from visual_layouts import (
    N_TRIALS,
    recordings,
    write_nsd,
    write_nsd_hdf5,
    write_nsd_ncsnr,
    write_nsd_pictures,
    write_nsd_surface,
)

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data.cards import load_card
from neurodecode.data.readers import _array_files, _design
from neurodecode.data.roots import find_root
from neurodecode.data.stimuli import open_stimuli


@pytest.fixture
def here(monkeypatch):
    """Open the file in this process: that another one does otherwise costs a second."""
    monkeypatch.setattr(_design, "safely", lambda path, function, *arguments: function(*arguments))


def changed(root, **arrays):
    path = root / "nsddata/experiments/nsd/nsd_expdesign.mat"
    held = {name: value for name, value in scipy.io.loadmat(path).items() if name[0] != "_"}
    scipy.io.savemat(path, {**held, **arrays})


def test_trials_show_the_picture_of_both_numbers_less_one(tmp_path):
    betas, order, own = write_nsd(tmp_path)
    found = recordings("nsd", tmp_path)
    assert [one.id for one in found] == ["sub-02_ses-01_run-1", "sub-02_ses-02_run-1"]
    signals = [one.load() for one in found]
    for signal, told, one in zip(signals, betas, found, strict=True):
        np.testing.assert_allclose(signal.data, told)  # percent, voxels in C order
        assert one.header().events.equals(signal.events)
        assert signal.axes == ("voxel",) and signal.sfreq is None
    rows = [row for signal in signals for _, row in signal.events.iterrows()]
    assert len(rows) == 2 * N_TRIALS
    shown = {}
    for t, row in enumerate(rows):
        number = own[1, order[t] - 1] - 1
        assert row["stimulus"] == f"nsd{number:05d}"
        assert row["split"] == ("test" if order[t] <= 1000 else "train")
        assert row["repeat"] == shown.get(number, 0)  # over both sessions
        shown[number] = shown.get(number, 0) + 1
    assert set(shown.values()) == {3}


def test_hdf5_holds_the_same_betas(tmp_path, here):
    write_nsd(tmp_path)
    write_nsd_hdf5(tmp_path)
    for one, other in zip(
        recordings("nsd", tmp_path, "volumes"), recordings("nsd", tmp_path, "hdf5"), strict=True
    ):
        image, stored = one.load(), other.load()
        np.testing.assert_array_equal(stored.data, image.data)
        assert stored.space == image.space and other.header().space == image.space
        assert stored.events.equals(image.events) and stored.space.ceiling is None


def test_ceilings_are_shares_of_the_variance_of_one_trial(tmp_path, here):
    betas, _, _ = write_nsd(tmp_path, mask_values=(1, 1, 1))
    ncsnr = write_nsd_ncsnr(tmp_path)
    signal = recordings("nsd", tmp_path)[0].load()
    known = ncsnr.ravel()[1:].astype(np.float64)  # the first voxel's is unknown
    assert signal.data is not None and signal.space.ceiling is not None
    # Allen et al. 2022: ncsnr² / (ncsnr² + 1/k), of single trials k is 1.
    np.testing.assert_allclose(signal.space.ceiling, known**2 / (known**2 + 1), rtol=1e-6)
    np.testing.assert_allclose(signal.data, betas[0][:, 1:])
    assert signal.notes[0] == "1 voxels of unknown noise ceiling are left out"


def test_vertices_of_both_hemispheres_by_stream(tmp_path, here):
    write_nsd(tmp_path, n_sessions=1)
    made = write_nsd_surface(tmp_path)
    (one,) = recordings("nsd", tmp_path, "fsaverage")
    signal = one.load()
    kept = {side: inside & np.isfinite(ncsnr) for side, (_, ncsnr, inside, _) in made.items()}
    expected = np.hstack([made[side][0][:, kept[side]] for side in ("lh", "rh")])
    np.testing.assert_allclose(signal.data, expected.astype(np.float32))
    words = np.array(["unknown", "early", "midventral"], dtype=object)
    types = [word for side in ("lh", "rh") for word in words[made[side][3][kept[side]]]]
    assert signal.space.types == tuple(types) and signal.space.mesh == "fsaverage"
    left, right = signal.space.to_surface(np.arange(float(len(signal.space))))
    np.testing.assert_array_equal(np.isfinite(left), kept["lh"])
    np.testing.assert_array_equal(np.isfinite(right), kept["rh"])
    assert signal.notes == ("2 vertices of unknown noise ceiling are left out",)
    assert one.id == "sub-02_ses-01_run-1" and set(signal.events["split"]) == {"train", "test"}


def test_pictures_are_joined_by_id_and_read_one_by_one(tmp_path, here, monkeypatch):
    write_nsd(tmp_path)
    write_nsd_pictures(tmp_path)
    events = recordings("nsd", tmp_path)[0].header().events
    monkeypatch.setattr(_array_files, "read", None)  # which would take all
    stimuli = open_stimuli(load_card("nsd"), tmp_path)
    assert len(stimuli) == 73_000 and not stimuli.show
    for stimulus in events["stimulus"][:5]:
        high, middle, low = (int(one) for one in stimuli[stimulus][0, 0])
        assert (high << 16) + (middle << 8) + low == int(stimulus.removeprefix("nsd"))


def test_the_mask_is_what_is_above_zero(tmp_path, here):
    betas, _, _ = write_nsd(tmp_path, mask_values=(-1, 1, 2))
    signal = recordings("nsd", tmp_path)[0].load()
    assert signal.data.shape == betas[0].shape


@pytest.mark.parametrize(
    ("arrays", "said"),
    [
        ({"masterordering": np.arange(1500)[None]}, "'masterordering' holds 0 to 1499; it counts"),
        ({"masterordering": np.full((1, 1500), 10_001)}, "it counts from 1 to 10000"),
        ({"subjectim": np.zeros((8, 10_000))}, "'subjectim' holds 0 to 0; it counts from 1"),
        ({"masterordering": np.ones((1, 700))}, "700 trials, which are no sessions of 750"),
        ({"subjectim": np.ones((1, 10_000))}, "1 rows, none of them of subject 02"),
    ],
)
def test_a_design_that_cannot_be_is_named(tmp_path, here, arrays, said):
    write_nsd(tmp_path, n_sessions=1)
    changed(tmp_path, **arrays)
    with pytest.raises(DataError, match=said) as caught:
        recordings("nsd", tmp_path)
    assert "nsd_expdesign.mat" in str(caught.value)


def test_a_session_beyond_the_design_is_named(tmp_path, here):
    write_nsd(tmp_path)
    changed(tmp_path, masterordering=np.ones((1, 750)))
    _, second = recordings("nsd", tmp_path)
    with pytest.raises(DataError, match="no trial is of session 02; there are: 01"):
        second.header()


def test_who_has_no_copy_is_told_of_the_agreement(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_DATA", str(tmp_path))
    with pytest.raises(DataMissing, match="asks you to sign") as caught:
        find_root(load_card("nsd"))
    assert "neither recordings nor pictures may be passed on" in str(caught.value)
    write_nsd(tmp_path / "nsd", n_sessions=1)
    assert find_root(load_card("nsd")) == tmp_path / "nsd"
