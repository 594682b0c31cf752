"""Algonauts 2023: both hemispheres as one space, named pictures, answers that may be withheld."""

import pickle

import numpy as np
import pytest
from encoding_layouts import AREAS, MESH, write_algonauts2023
from visual_layouts import recordings

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data.cards import load_card
from neurodecode.data.roots import find_root
from neurodecode.data.stimuli import open_stimuli


def test_public_rows_are_named_by_the_pictures(tmp_path):
    told, inside, _, _, nsd_ids = write_algonauts2023(tmp_path)
    (one,) = recordings("algonauts2023", tmp_path, "streams")
    signal = one.load()
    assert one.id == "sub-01_ses-1_run-1" and signal.axes == ("vertex",) and signal.sfreq is None
    both = np.hstack([told["training", "lh"], told["training", "rh"]])
    np.testing.assert_array_equal(signal.data, both)
    assert signal.data is not None and signal.data.dtype == np.float32
    rows = signal.events
    assert set(rows["split"]) == {"train"}
    assert rows["stimulus"].tolist() == [f"subj01/nsd{number:05d}" for number in nsd_ids[:6]]
    assert signal.space.ceiling is None
    assert one.header().space == signal.space and one.header().events.equals(rows)
    stimuli = open_stimuli(load_card("algonauts2023"), tmp_path)
    assert set(rows["stimulus"]) < set(stimuli.table.index) and not stimuli.show
    picture = stimuli[f"subj01/nsd{nsd_ids[4]:05d}"]
    assert isinstance(picture, np.ndarray) and picture[0, 0, 0] == 4
    # What is told of each vertex goes back to its place on the mesh.
    left, right = signal.space.to_surface(both[2])
    for drawn, side in ((left, "lh"), (right, "rh")):
        assert drawn.shape == (MESH,)
        np.testing.assert_array_equal(np.isfinite(drawn), inside[side])
        np.testing.assert_array_equal(drawn[inside[side]], told["training", side][2])


def test_the_folder_is_found_by_its_first_part(tmp_path, monkeypatch):
    write_algonauts2023(tmp_path / "algonauts2023")
    monkeypatch.setenv("NEURODECODE_DATA", str(tmp_path))
    assert find_root(load_card("algonauts2023"), variant="streams") == tmp_path / "algonauts2023"


def test_regions_are_the_first_that_a_vertex_is_in(tmp_path):
    _, _, labels, _, _ = write_algonauts2023(tmp_path)
    (one,) = recordings("algonauts2023", tmp_path, "areas")
    sets = [name for name in AREAS if name != "streams"]
    expected = []
    for side in ("lh", "rh"):
        for numbers in zip(*(labels[name, side] for name in sets), strict=True):
            words = [AREAS[n][i] for n, i in zip(sets, numbers, strict=True) if i > 0]
            expected.append(words[0] if words else "unknown")
    assert one.header().space.types == tuple(expected)


def test_answers_that_are_there_are_the_test_part(tmp_path):
    told, _, _, ceilings, nsd_ids = write_algonauts2023(tmp_path, with_answers=True)
    (one,) = recordings("algonauts2023", tmp_path, "streams")
    signal = one.load()
    assert signal.events["split"].tolist() == ["train"] * 6 + ["test"] * 3
    assert signal.events["stimulus"].iloc[6] == f"subj01/nsd{nsd_ids[6]:05d}"
    assert signal.data is not None and signal.space.ceiling is not None
    np.testing.assert_array_equal(signal.data[6:, : len(ceilings["lh"])], told["test", "lh"])
    np.testing.assert_allclose(
        signal.space.ceiling, np.r_[ceilings["lh"], ceilings["rh"]], rtol=1e-12
    )
    # A part of the vertices keeps what is known of them.
    some = signal.space.take(np.array([3, 0]))
    np.testing.assert_array_equal(some.ceiling, signal.space.ceiling[[3, 0]])
    assert some != signal.space and len(some) == 2


def test_ceilings_in_percent_are_no_shares(tmp_path):
    *_, ceilings, _ = write_algonauts2023(tmp_path, with_answers=True)
    path = tmp_path / "subj01/test_split/noise_ceiling/lh_noise_ceiling.npy"
    np.save(path, 100 * ceilings["lh"])
    with pytest.raises(DataError, match="in the unit r2 they are 0 to 1"):
        recordings("algonauts2023", tmp_path, "areas")[0].header()


class _Harm:
    def __reduce__(self):
        return print, ("this was run",)


def test_names_of_regions_run_nothing(tmp_path, capsys):
    write_algonauts2023(tmp_path)
    path = tmp_path / "subj01/roi_masks/mapping_streams.npy"
    array = np.empty((), dtype=object)
    array[()] = {0: "Unknown", 1: _Harm()}
    np.save(path, array, allow_pickle=True)
    assert b"print" in path.read_bytes() and pickle.loads  # it would run
    (one,) = recordings("algonauts2023", tmp_path, "streams")
    with pytest.raises(DataError, match="no array and no number"):
        one.header()
    assert capsys.readouterr().out == ""


def test_files_of_other_sizes_are_named(tmp_path):
    write_algonauts2023(tmp_path)
    person = tmp_path / "subj01"
    images = sorted((person / "training_split/training_images").iterdir())
    images[0].unlink()
    (one,) = recordings("algonauts2023", tmp_path, "areas")
    with pytest.raises(DataError, match="5 pictures for 6 rows"):
        one.header()
    (person / "training_split/training_fmri/rh_training_fmri.npy").unlink()
    with pytest.raises(DataMissing, match=r"rh_training_fmri\.npy: a file of algonauts2023"):
        recordings("algonauts2023", tmp_path, "areas")
