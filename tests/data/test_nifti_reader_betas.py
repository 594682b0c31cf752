"""Images of single-trial estimates with a table of trials: one entry a trial."""

import nibabel
import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.nifti import Options
from neurodecode.data.specs import Card, EventsSpec, Variant
from neurodecode.data.tasks import TargetSpec, Task

SHAPE, N = (4, 3, 2), 8
LABELS = ["face", "house"] * 4


@pytest.fixture
def betas(tmp_path):
    """Write eight betas of 4 x 3 x 2 voxels in one image, a mask of 7 voxels, and a table."""
    rng = np.random.default_rng(2)
    values = rng.normal(size=(*SHAPE, N)).astype(np.float32)
    mask = np.zeros(SHAPE, dtype=np.uint8)
    mask.reshape(-1)[[1, 4, 5, 9, 14, 20, 23]] = 1
    save(tmp_path / "betas.nii.gz", values)
    save(tmp_path / "mask.nii.gz", mask)
    write_trials(tmp_path)
    return values, mask.astype(bool)


def save(path, values):
    path.parent.mkdir(parents=True, exist_ok=True)
    nibabel.Nifti1Image(values, np.diag([3.0, 3.0, 4.0, 1.0])).to_filename(path)


def write_trials(folder, rows=range(N), columns=("trial", "label", "run", "onset", "stimulus")):
    held = {
        "trial": [f"{i + 1:03d}" for i in range(N)],
        "label": LABELS,
        "run": ["1"] * 4 + ["2"] * 4,
        "onset": [f"{10.5 * (i % 4)}" for i in range(N)],
        "stimulus": [f"picture-{i % 3}" for i in range(N)],
    }
    lines = ["\t".join(columns)]
    lines += ["\t".join(held[c][i] for c in columns) for i in rows]
    (folder / "trials.tsv").write_text("\n".join(lines) + "\n")


def recordings(folder, events=None, **options):
    options = {"betas": "betas.nii.gz", "mask": "mask.nii.gz", "trials": "trials.tsv"} | options
    variant = Variant("nifti", Options(**options), events=events or EventsSpec())
    return find_recordings(Card("own", "fmri", reader=variant), "", folder)


def test_entries_belong_to_trials_one_by_one(betas, tmp_path):
    values, mask = betas
    found = recordings(tmp_path)
    assert [one.run for one in found] == ["1", "2"]
    for one, trials in zip(found, (slice(0, 4), slice(4, 8)), strict=True):
        signal, header = one.load(), one.header()
        np.testing.assert_array_equal(signal.data, values[mask][:, trials].T.astype(np.float64))
        assert signal.data.dtype == np.float64
        assert signal.axes == ("voxel",) and signal.sfreq is None
        np.testing.assert_array_equal(signal.space.ijk, np.argwhere(mask))
        assert signal.events["label"].tolist() == LABELS[trials]
        assert signal.events["onset"].tolist() == [0.0, 10.5, 21.0, 31.5]
        assert signal.events["trial"].tolist() == [f"{i + 1:03d}" for i in range(N)][trials]
        assert "run" not in signal.events and "stimulus" in signal.events
        assert header.data is None and header.n_times == signal.n_times == 4
        assert header.events.equals(signal.events) and header.space == signal.space
    assert len({one.key for one in found}) == 2


def test_an_image_a_trial_gives_the_same(betas, tmp_path):
    values, _ = betas
    for i in range(N):
        save(tmp_path / f"single/beta_{i + 1:03d}.nii.gz", values[..., i])
    together, apart = recordings(tmp_path), recordings(tmp_path, betas="single/beta_{trial}.nii.gz")
    assert [one.id for one in apart] == [one.id for one in together]
    for one, other in zip(together, apart, strict=True):
        np.testing.assert_array_equal(one.load().data, other.load().data)
        assert one.load().events.equals(other.load().events)
        assert len(other.files) == 4 + 2


def test_the_images_of_a_run_follow_the_rows_of_the_table(betas, tmp_path):
    values, mask = betas
    for i in range(N):
        save(tmp_path / f"run-{i // 4 + 1}/trial-{i + 1:03d}.nii", values[..., i])
    write_trials(tmp_path, rows=[3, 0, 2, 1, 7, 6, 5, 4])
    first, second = recordings(tmp_path, betas="run-{run}/trial-{trial}.nii")
    order = [3, 0, 2, 1]
    np.testing.assert_array_equal(first.load().data, values[mask][:, order].T)
    assert first.load().events["label"].tolist() == [LABELS[i] for i in order]
    assert second.load().events["trial"].tolist() == ["008", "007", "006", "005"]


def test_an_image_a_run_takes_its_rows_of_one_table(betas, tmp_path):
    values, mask = betas
    for run in (1, 2):
        save(tmp_path / f"run-{run}_betas.nii.gz", values[..., 4 * run - 4 : 4 * run])
    found = recordings(tmp_path, betas="run-{run}_betas.nii.gz")
    assert [one.run for one in found] == ["1", "2"]
    np.testing.assert_array_equal(found[1].load().data, values[mask][:, 4:].T)
    assert found[1].load().events["onset"].tolist() == [0.0, 10.5, 21.0, 31.5]
    # Written otherwise than in the names of the files, no row is theirs.
    text = (tmp_path / "trials.tsv").read_text().replace("\t2\t", "\t02\t")
    (tmp_path / "trials.tsv").write_text(text)
    with pytest.raises(DataError, match=r"no trial is of run 2; there are: 1, 02"):
        recordings(tmp_path, betas="run-{run}_betas.nii.gz")[1].header()


def test_an_onset_that_nobody_knows_is_no_obstacle(betas, tmp_path):
    values, mask = betas
    write_trials(tmp_path, columns=("label", "run"))
    made = prepare(recordings(tmp_path), [], tmp_path / "cache")
    assert np.isnan(made[0].signal.events["onset"]).all()
    task = Task(target=TargetSpec(label="label", classes=("face", "house")))
    trials = cut(made, task, None).trials
    np.testing.assert_array_equal(trials.X, values[mask].T.astype(np.float64))
    assert list(trials.rows.table["label"]) == LABELS


def test_labels_and_times_under_other_names(betas, tmp_path):
    write_trials(tmp_path)
    text = (tmp_path / "trials.tsv").read_text().replace("label", "category", 1)
    (tmp_path / "trials.tsv").write_text(text.replace("onset", "when", 1))
    spec = EventsSpec(
        columns={"label": "category", "onset": "when"}, codes={"face": "F"}, duration=3
    )
    events = recordings(tmp_path, spec)[0].load().events
    assert events["label"].tolist() == ["F", "house"] * 2
    assert events["onset"].tolist() == [0.0, 10.5, 21.0, 31.5]
    assert set(events["duration"]) == {3.0}
    with pytest.raises(DataError, match=r"no column 'label' for label; there are: trial, category"):
        recordings(tmp_path)[0].header()


def test_as_many_betas_as_trials(betas, tmp_path):
    write_trials(tmp_path, rows=range(7))
    with pytest.raises(DataError, match=r"trials.tsv: 7 trials, and betas.nii.gz holds 8"):
        recordings(tmp_path)[0].header()


def test_images_and_trials_belong_together(betas, tmp_path):
    values, _ = betas
    for i in range(N):
        save(tmp_path / f"beta_{i + 1:03d}.nii.gz", values[..., i])
    write_trials(tmp_path, rows=range(6))
    with pytest.raises(DataError, match=r"2 of 8 images are of no trial of the table.*beta_007"):
        recordings(tmp_path, betas="beta_{trial}.nii.gz")
    write_trials(tmp_path)
    (tmp_path / "beta_003.nii.gz").unlink()
    with pytest.raises(DataMissing, match=r"1 of 8 trials have no image like .* is trial 003"):
        recordings(tmp_path, betas="beta_{trial}.nii.gz")
    write_trials(tmp_path, rows=[0, 1, 1, 3])
    with pytest.raises(DataError, match=r"trial 002 stands in two rows, and has one image"):
        recordings(tmp_path, betas="beta_{trial}.nii.gz")
    write_trials(tmp_path, columns=("label", "run"))
    with pytest.raises(DataError, match=r"no column 'trial', which tells whose image"):
        recordings(tmp_path, betas="beta_{trial}.nii.gz")


def test_an_image_of_one_trial_on_another_grid(betas, tmp_path):
    values, _ = betas
    for i in range(N):
        save(tmp_path / f"beta_{i + 1:03d}.nii.gz", values[..., i])
    moved = nibabel.Nifti1Image(values[..., 2], np.diag([2.0, 3.0, 4.0, 1.0]))
    moved.to_filename(tmp_path / "beta_003.nii.gz")
    with pytest.raises(DataError, match=r"beta_003.nii.gz: its affine differs .* beta_001.nii.gz"):
        recordings(tmp_path, betas="beta_{trial}.nii.gz")[0].load()
    save(tmp_path / "beta_003.nii.gz", values[..., :2])
    with pytest.raises(DataError, match=r"an image of one trial has three axes"):
        recordings(tmp_path, betas="beta_{trial}.nii.gz")[0].load()


def test_nan_inside_the_mask_is_named(betas, tmp_path):
    values, mask = betas
    i, j, k = np.argwhere(mask)[2]
    values[i, j, k, 5] = np.nan
    save(tmp_path / "betas.nii.gz", values)
    with pytest.raises(DataError, match=rf"1 of 7 voxels of the mask .* the first at {i} {j} {k}"):
        recordings(tmp_path)[1].load()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "cannot be read as a table of trials"),
        ("label\trun\n", "the table has no trial"),
        ("label\tonset\n" + "face\tsoon\n" * 8, "onset of trial 1 is 'soon', not a number"),
    ],
)
def test_tables_that_are_none(text, said, betas, tmp_path):
    (tmp_path / "trials.tsv").write_text(text)
    with pytest.raises(DataError, match=said):
        recordings(tmp_path)[0].header()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"bold": "bold.nii"}, "as bold .volumes. or as betas"),
        ({"trials": ""}, "expected a table with one row a trial"),
        ({"volumes": "v.txt"}, "expected a table with one row a trial"),
        ({"mask": ""}, "expected a mask, an atlas, or both"),
        ({"t_r": 2.0}, "t_r: it is of volumes"),
        ({"continuous": True}, "continuous: it is of volumes"),
        ({"betas": "{number}.nii"}, "is not one of subject, session, run, trial"),
    ],
)
def test_options_that_do_not_go_together(options, said):
    whole = {"betas": "b.nii", "mask": "m.nii", "trials": "t.tsv"} | options
    with pytest.raises(ConfigError, match=said):
        Options(**whole)
