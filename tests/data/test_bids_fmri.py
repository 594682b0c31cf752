import json
import shutil

import bids_trees as trees
import nibabel
import numpy as np
import pandas as pd
import pytest

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.bids import Options
from neurodecode.data.specs import Card, Variant

FUNC = "derivatives/fmriprep/sub-01/func"
STEM = "sub-01_task-objects_run-01"
BOLD = f"{FUNC}/{STEM}_space-TPL_desc-preproc_bold.nii.gz"
MASK = f"{FUNC}/{STEM}_space-TPL_desc-brain_mask.nii.gz"
TABLE = f"{FUNC}/{STEM}_desc-confounds_timeseries.tsv"
MOTION = ["trans_x", "trans_y", "trans_z", "rot_x", "rot_y", "rot_z"]
N, T_R = 24, 2.0


def write_run(root, bold, mask, affine, events, motion, run="01", t_r=T_R):
    """Write one run as fMRIPrep would, with the events of the raw data set."""
    stem = f"sub-01_task-objects_run-{run}"
    for folder in (root / FUNC, root / "sub-01/func"):
        folder.mkdir(parents=True, exist_ok=True)
    image = nibabel.Nifti1Image(bold, affine)
    image.header.set_zooms((*image.header.get_zooms()[:3], t_r))
    image.to_filename(root / FUNC / f"{stem}_space-TPL_desc-preproc_bold.nii.gz")
    name = f"{stem}_space-TPL_desc-brain_mask.nii.gz"
    nibabel.Nifti1Image(mask.astype(np.uint8), affine).to_filename(root / FUNC / name)
    said = {"RepetitionTime": t_r, "TaskName": "objects"}
    (root / FUNC / f"{stem}_space-TPL_desc-preproc_bold.json").write_text(json.dumps(said))
    table = pd.DataFrame(motion, columns=MOTION)
    path = root / FUNC / f"{stem}_desc-confounds_timeseries"
    table.to_csv(f"{path}.tsv", sep="\t", index=False, na_rep="n/a")
    path.with_suffix(".json").write_text("{}")
    events.to_csv(root / f"sub-01/func/{stem}_events.tsv", sep="\t", index=False)
    (root / "dataset_description.json").write_text('{"Name": "own", "BIDSVersion": "1.10.0"}')
    trees.write_participants(root, [("sub-01", "30", "control")])


@pytest.fixture
def tree(tmp_path):
    """Two runs of 4 x 3 x 2 voxels and 24 volumes, faces and houses of 4 s, motion beside them."""
    mask = np.zeros((4, 3, 2), dtype=bool)
    mask.reshape(-1)[[1, 4, 5, 9, 14, 20, 23]] = True
    for run in ("01", "02"):
        rng = np.random.default_rng(int(run))
        events = pd.DataFrame(
            {
                "onset": 4.0 + 8 * np.arange(5),
                "duration": 4.0,
                "trial_type": ["face", "house", "face", "house", "face"],
                "picture": [f"{run}-{i}.png" for i in range(5)],
            }
        )
        bold = rng.integers(100, 1000, (*mask.shape, N)).astype(np.int16)
        motion = rng.standard_normal((N, 6))
        (tmp_path / "derivatives/fmriprep").mkdir(parents=True, exist_ok=True)
        (tmp_path / "derivatives/fmriprep/sub-01.html").touch()  # fMRIPrep's report
        write_run(tmp_path, bold, mask, np.diag([3.0, 3.0, 4.0, 1.0]), events, motion, run)
    return tmp_path


def find(root, **options):
    card = Card("own", "fmri", reader=Variant("bids", Options(**options)))
    return find_recordings(card, "", root)


def test_a_series_is_its_masks_voxels_by_volume(tree):
    found = find(tree, space="TPL")
    assert [one.id for one in found] == ["sub-01_ses-1_run-01", "sub-01_ses-1_run-02"]
    signal = found[0].load()
    bold, mask = (np.asarray(nibabel.load(tree / path).dataobj) for path in (BOLD, MASK))
    np.testing.assert_array_equal(signal.data, bold[mask > 0].T)
    assert signal.axes == ("voxel",) and signal.sfreq == 1 / T_R and signal.tmin == 0
    np.testing.assert_array_equal(signal.space.ijk, np.argwhere(mask))
    assert signal.events["label"].tolist() == ["face", "house", "face", "house", "face"]
    assert set(signal.events["age"]) == {"30"}
    assert signal.events["picture"].tolist() == [f"01-{i}.png" for i in range(5)]
    header = found[0].header()
    assert header.data is None and header.n_times == N and header.space == signal.space


def test_events_spread_over_volumes_keep_their_columns(tree):
    events = find(tree, per_volume=True)[0].load().events
    assert len(events) == N
    # Volumes of 2 s: rest, rest, two of face, two of rest, two of house, …
    assert (
        events["label"].tolist()[:8] == ["rest"] * 2 + ["face"] * 2 + ["rest"] * 2 + ["house"] * 2
    )
    assert events["picture"].isna().tolist()[:5] == [True, True, False, False, True]
    assert events["picture"].tolist()[2:4] == ["01-0.png", "01-0.png"]
    assert set(events["age"]) == {"30"}
    assert events["block"].tolist()[:4] == ["01-01", "01-01", "01-02", "01-02"]


def test_confounds_are_a_track_of_nilearns_columns(tree):
    from nilearn.interfaces.fmriprep import load_confounds

    asked = {"strategy": ["motion"], "motion": "basic", "demean": False}
    one = find(tree, confounds=asked)[0]
    signal = one.load()
    expected, _ = load_confounds(str(tree / BOLD), **asked)
    np.testing.assert_array_equal(signal.tracks["confounds"], expected.to_numpy())
    assert signal.tracks["confounds"].shape == (N, 6)
    assert signal.notes == (f"6 confounds are kept: {', '.join(expected)}",)
    assert one.header().tracks["confounds"].shape == (N, 6)
    assert one.key != find(tree, confounds=asked | {"demean": True})[0].key


def test_volumes_before_the_steady_state_are_left_out(tree):
    def mark(table):
        return table.assign(
            non_steady_state_outlier00=["1"] + ["0"] * (N - 1),
            non_steady_state_outlier01=["0", "1"] + ["0"] * (N - 2),
        )

    trees.change_table(tree / TABLE, mark)
    asked = {"strategy": ["motion"], "motion": "basic"}
    signal = find(tree, confounds=asked, per_volume=True)[0].load()
    assert signal.tmin == 2 * T_R and len(signal.data) == len(signal.events) == N - 2
    assert len(signal.tracks["confounds"]) == N - 2
    assert signal.events["onset"].iloc[0] == 2 * T_R
    assert signal.notes[-1] == "the first 2 volumes, before the steady state, are left out"


def test_another_mask_is_taken_where_the_card_names_one(tree):
    image = nibabel.load(tree / MASK)
    values = np.asarray(image.dataobj).copy()
    values[0] = 0
    (tree / "rois").mkdir()
    nibabel.Nifti1Image(values, image.affine).to_filename(tree / "rois/sub-01_vt.nii.gz")
    assert len(find(tree, mask="rois/sub-{subject}_vt.nii.gz")[0].load().space) == values.sum()


def test_a_mask_of_another_grid_is_refused(tree):
    image = nibabel.load(tree / MASK)
    affine = image.affine.copy()
    affine[0, 3] = 1.5
    nibabel.Nifti1Image(np.asarray(image.dataobj), affine).to_filename(tree / MASK)
    with pytest.raises(
        DataError, match=r"brain_mask.nii.gz: its affine differs.*Resample the mask"
    ):
        find(tree)[0].header()


def test_a_space_that_is_not_there_is_named_with_those_that_are(tree):
    with pytest.raises(DataMissing, match=r"no recording of space 'MNI'.*Known: TPL. Correct"):
        find(tree, space="MNI")
    shutil.copy(tree / BOLD, tree / BOLD.replace("TPL", "T1w"))
    with pytest.raises(DataError, match=r"several values of space: T1w, TPL. Say which"):
        find(tree)


def test_derivatives_that_are_nowhere_are_said(tree):
    with pytest.raises(DataMissing, match=r"derivatives/prep: there is no such folder. Name that"):
        find(tree, derivatives="derivatives/prep")
    (tree / "derivatives/empty").mkdir()
    with pytest.raises(DataMissing, match=r"no \*_desc-preproc_bold.nii.gz is below it"):
        find(tree, derivatives="derivatives/empty")
    with pytest.raises(ConfigError, match="leaves the data set's folder"):
        Options(derivatives="../fmriprep")


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        (MASK, "brain_mask.nii.gz: the mask of .* is missing"),
        (TABLE, "confounds_timeseries.tsv: the confounds of .* are missing"),
        (
            f"sub-01/func/{STEM}_events.tsv",
            "events.tsv: this sidecar .* is missing in the raw data",
        ),
    ],
)
def test_what_is_missing_is_one_runs_error(tree, path, sentence):
    (tree / path).unlink()
    found = find(tree, confounds={"strategy": ["motion"], "motion": "basic"})
    with pytest.raises(DataMissing, match=sentence):
        found[0].header()
    assert found[1].load().n_times == N


def test_tables_of_another_run_are_refused(tree):
    asked = {"strategy": ["motion"], "motion": "basic"}
    trees.change_table(tree / TABLE, lambda table: table[:-4])
    with pytest.raises(DataError, match=r"timeseries.tsv: 20 rows for the 24 volumes of sub-01"):
        find(tree, confounds=asked)[0].load()
    path = tree / f"sub-01/func/{STEM}_events.tsv"
    trees.change_table(path, lambda table: table.assign(onset=[str(40 * i) for i in range(5)]))
    with pytest.raises(DataError, match=r"events.tsv: event 3 of 5 .* outside the recording of 48"):
        find(tree)[0].load()


def test_confounds_that_the_table_lacks_are_said(tree):
    with pytest.raises(DataError, match=r"timeseries.tsv: confounds .*wm_csf.* cannot be taken"):
        find(tree, confounds={"strategy": ["wm_csf"]})[0].load()
    with pytest.raises(DataError, match=r"cannot be taken from it .*Correct the strategy"):
        find(tree, confounds={"strategies": ["motion"]})[0].load()
    with pytest.raises(ConfigError, match=r"strategy is empty. Name one"):
        Options(confounds={"strategy": []})
    with pytest.raises(ConfigError, match="scrub leaves out volumes within a run"):
        Options(confounds={"strategy": ["motion", "scrub"]})


def test_repetition_times_that_differ_are_refused(tree):
    path = tree / BOLD.replace(".nii.gz", ".json")
    path.write_text('{"RepetitionTime": 2.5}')
    with pytest.raises(
        DataError, match=r"header says 2 s from volume to volume, its sidecar 2.5 s"
    ):
        find(tree)[0].header()
    path.write_text('{"RepetitionTime": 2500}')
    with pytest.raises(DataError, match="RepetitionTime is 2500 s, which cannot be"):
        find(tree)[0].header()


def test_haxby_as_fmriprep_equals_the_reader_nifti(real, tmp_path):
    """The 25 mm tree of Haxby et al. 2001, four runs of it written again under BIDS names."""
    source = real("haxby2001", "openfmri_25mm") / "openfmri_25mm/sub001"
    mask = nibabel.load(source / "masks/25mm/brain.nii.gz")
    runs = ("001", "002", "003", "004")
    for run in runs:
        folder = source / f"BOLD/task001_run{run}"
        image = nibabel.load(folder / "bold_25mm.nii.gz")
        rotations_first = np.loadtxt(folder / "bold_moest.txt")
        write_run(
            tmp_path, np.asarray(image.dataobj), np.asarray(mask.dataobj), image.affine,
            pd.read_csv(folder / "bold_events.tsv", sep="\t"),
            np.roll(rotations_first, 3, axis=1), run, t_r=2.5,
        )  # fmt: skip
    theirs = nd.load("haxby2001", "face_house", variant="mm25", runs=[run[1:] for run in runs])
    card = tmp_path / "own.yaml"
    card.write_text("""
name: own
modality: fmri
reader: {bids: {space: TPL, per_volume: true, confounds: {strategy: [motion], motion: basic}}}
tasks:
  face_house:
    target: {label: label, classes: [face, house]}
    block: block
    prepare: [{zscore: {axis: time}}, {block_mean: {by: block}}]
""")
    ours = nd.load(str(card), data=tmp_path)
    np.testing.assert_array_equal(ours.X, theirs.X)
    assert list(ours.rows["label"]) == list(theirs.rows["label"])
    scores = [
        nd.evaluate(
            trials, models=["linear.logistic"], protocol="cross_run", n_draws=0, verbose=False,
            out=tmp_path / f"out{i}",
        ).table()["mean"].tolist()
        for i, trials in enumerate((ours, theirs))
    ]  # fmt: skip
    assert scores[0] == scores[1]
