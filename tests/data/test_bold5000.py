"""BOLD5000: which pictures are repeated, and so tested, by the type in the events."""

import json

import nibabel
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from visual_layouts import recordings

from neurodecode.core.errors import DataError, DataMissing
from neurodecode.data.cards import load_card
from neurodecode.data.stimuli import open_stimuli

EVENTS = pd.DataFrame(
    {
        "onset": 6.0 + 10 * np.arange(4),
        "duration": 1.0,
        "stim_file": ["alley1.jpg", "rep_n01_2.JPEG", "COCO_train_3.jpg", "n01_2.JPEG"],
        "ImgType": ["scenes", "rep_imagenet", "coco", "rep_imagenet"],
    }
)


def write(root, events=EVENTS):
    """Write one run as fMRIPrep leaves it, with the events of the raw data set."""
    stem, folder = "sub-CSI1_ses-01_task-5000scenes_run-01", "sub-CSI1/ses-01/func"
    prepared = root / "derivatives/fmriprep" / folder
    for path in (prepared, root / folder):
        path.mkdir(parents=True)
    bold = np.random.default_rng(0).integers(100, 1000, (3, 3, 2, 25)).astype(np.int16)
    image = nibabel.Nifti1Image(bold, np.eye(4))
    image.header.set_zooms((2.0, 2.0, 2.0, 2.0))
    image.to_filename(prepared / f"{stem}_space-T1w_desc-preproc_bold.nii.gz")
    mask = nibabel.Nifti1Image(np.ones((3, 3, 2), dtype=np.uint8), image.affine)
    mask.to_filename(prepared / f"{stem}_space-T1w_desc-brain_mask.nii.gz")
    said = json.dumps({"RepetitionTime": 2.0, "TaskName": "5000scenes"})
    (prepared / f"{stem}_space-T1w_desc-preproc_bold.json").write_text(said)
    events.to_csv(root / folder / f"{stem}_events.tsv", sep="\t", index=False)
    (root / "dataset_description.json").write_text('{"Name": "own", "BIDSVersion": "1.10.0"}')


def write_betas(root, n_runs=2, n_betas=8, shape=(3, 3, 2)):
    """Write a session of betas, whose header is wrong, and the events of its runs."""
    rng = np.random.default_rng(1)
    betas, mask = rng.standard_normal((3, 3, 2, n_betas)), rng.integers(0, 2, shape)
    name = "CSI1_GLMbetas-TYPED-FITHRF-GLMDENOISE-RR_ses-01.nii.gz"
    nibabel.Nifti1Image(betas, np.eye(4)).to_filename(root / name)
    placed = nibabel.Nifti1Image(mask.astype(np.uint8), np.diag([2.0, 2.0, 2.0, 1.0]))
    placed.to_filename(root / "CSI1_brainmask.nii.gz")
    folder = root / "sub-CSI1/ses-01/func"
    folder.mkdir(parents=True)
    for run in range(n_runs):
        path = folder / f"sub-CSI1_ses-01_task-5000scenes_run-{run + 1:02d}_events.tsv"
        EVENTS.iloc[:: 1 - 2 * run].to_csv(path, sep="\t", index=False)
    return betas, mask


def test_betas_follow_the_runs_of_their_session(tmp_path):
    betas, mask = write_betas(tmp_path)
    (one,) = recordings("bold5000", tmp_path, "betas")
    assert one.id == "sub-1_ses-01_run-1" and len(one.files) == 4
    signal = one.load()
    np.testing.assert_array_equal(signal.data, betas[mask > 0].T)
    np.testing.assert_array_equal(signal.space.affine, np.diag([2.0, 2.0, 2.0, 1.0]))
    rows = signal.events
    names = ["alley1", "n01_2", "COCO_train_3", "n01_2"]
    assert rows["stimulus"].tolist() == names + names[::-1]
    assert rows["run_nr"].tolist() == [1] * 4 + [2] * 4 and rows["onset"].isna().all()
    assert rows["repeat"].tolist() == [0, 0, 0, 1, 2, 1, 3, 1]
    assert one.header().events.equals(rows)


@pytest.mark.parametrize(
    ("made", "said"),
    [
        ({"n_runs": 1}, "4 trials, and CSI1_GLMbetas.* holds 8"),
        ({"n_betas": 7}, "8 trials, and CSI1_GLMbetas.* holds 7"),
        ({"shape": (3, 3, 3)}, r"brainmask.nii.gz: shape \(3, 3, 3\), but"),
        ({"n_runs": 0}, r"run-\*_events.tsv: the tables of trials of CSI1_GLMbetas"),
    ],
)
def test_betas_that_fit_no_events_or_mask_are_named(tmp_path, made, said):
    write_betas(tmp_path, **made)
    with pytest.raises((DataError, DataMissing), match=said):
        recordings("bold5000", tmp_path, "betas")[0].header()


def test_repeated_pictures_are_tested_under_one_name(tmp_path):
    write(tmp_path)
    (one,) = recordings("bold5000", tmp_path, "volumes")
    assert one.id == "sub-CSI1_ses-01_run-01"
    rows = one.header().events
    assert rows["stimulus"].tolist() == ["alley1", "n01_2", "COCO_train_3", "n01_2"]
    assert rows["split"].tolist() == ["train", "test", "train", "test"]
    assert rows["image_set"].tolist() == ["scenes", "imagenet", "coco", "imagenet"]
    assert rows["onset"].tolist() == EVENTS["onset"].tolist()


def test_pictures_are_found_by_the_names_of_the_events(tmp_path):
    write(tmp_path)
    names = {"Scene": "alley1.jpg", "ImageNet": "n01_2.JPEG", "COCO": "COCO_train_3.jpg"}
    for folder, name in names.items():
        path = tmp_path / "BOLD5000_Stimuli/Scene_Stimuli/Presented_Stimuli" / folder / name
        path.parent.mkdir(parents=True)
        Image.fromarray(np.zeros((3, 4, 3), dtype=np.uint8)).save(path)
    stimuli = open_stimuli(load_card("bold5000"), tmp_path)
    rows = recordings("bold5000", tmp_path, "volumes")[0].header().events
    assert set(rows["stimulus"]) == set(stimuli.table.index) and not stimuli.show
    told = dict(zip(rows["stimulus"], rows["image_set"], strict=True))
    assert told == stimuli.table["image_set"].to_dict()


@pytest.mark.parametrize("column", ["ImgType", "stim_file"])
def test_a_table_without_types_or_names_is_named(tmp_path, column):
    write(tmp_path, EVENTS.drop(columns=column))
    (one,) = recordings("bold5000", tmp_path, "volumes")
    with pytest.raises(DataError, match=f"'{column}'"):
        one.header()
