"""BOLD5000: which pictures are repeated, and so tested, by the type in the events."""

import json

import nibabel
import numpy as np
import pandas as pd
import pytest
from PIL import Image
from visual_layouts import recordings

from neurodecode.core.errors import DataError
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


def test_repeated_pictures_are_tested_under_one_name(tmp_path):
    write(tmp_path)
    (one,) = recordings("bold5000", tmp_path)
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
    rows = recordings("bold5000", tmp_path)[0].header().events
    assert set(rows["stimulus"]) == set(stimuli.table.index) and not stimuli.show
    told = dict(zip(rows["stimulus"], rows["image_set"], strict=True))
    assert told == stimuli.table["image_set"].to_dict()


@pytest.mark.parametrize("column", ["ImgType", "stim_file"])
def test_a_table_without_types_or_names_is_named(tmp_path, column):
    write(tmp_path, EVENTS.drop(columns=column))
    (one,) = recordings("bold5000", tmp_path)
    with pytest.raises(DataError, match=f"'{column}'"):
        one.header()
