import shutil

import nibabel
import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.data.cards import load_card
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.nifti import Options
from neurodecode.data.specs import Card, Variant
from neurodecode.signal.blocks import BlockMean
from neurodecode.signal.zscore import Zscore


def recordings(folder, **options):
    options = {"bold": "bold.nii.gz", "mask": "mask.nii.gz", "t_r": 2.0} | options
    return find_recordings(
        Card("own", "fmri", reader=Variant("nifti", Options(**options))), "", folder
    )


def test_values_equal_plain_indexing_by_the_mask(image, tmp_path):
    bold, mask, _ = image
    found = recordings(tmp_path, volumes="volumes.txt")
    assert [one.run for one in found] == ["0", "1"]
    for one, volumes in zip(found, (slice(0, 6), slice(6, 12)), strict=True):
        signal = one.load()
        np.testing.assert_array_equal(signal.data, bold[mask][:, volumes].T)
        assert signal.data.dtype == np.float64 and signal.axes == ("voxel",)
        assert signal.sfreq == 0.5 and signal.tmin == 0.0


def test_voxels_find_their_way_back_to_an_image(image, tmp_path):
    bold, mask, affine = image
    signal = recordings(tmp_path, volumes="volumes.txt")[0].load()
    np.testing.assert_array_equal(signal.space.ijk, np.argwhere(mask))
    back = signal.space.to_image(signal.data[3])
    np.testing.assert_array_equal(back.affine, affine)
    np.testing.assert_array_equal(back.get_fdata()[mask], bold[mask][:, 3])
    assert np.isnan(back.get_fdata()[~mask]).all()


def test_a_stretch_of_one_label_is_a_block(image, tmp_path):
    events = recordings(tmp_path, volumes="volumes.txt")[1].load().events
    assert events["label"].tolist() == ["rest", "face", "face", "rest", "house", "house"]
    assert events["block"].tolist() == ["1-01", "1-02", "1-02", "1-03", "1-04", "1-04"]
    assert events["onset"].tolist() == [0.0, 2.0, 4.0, 6.0, 8.0, 10.0]
    assert set(events["duration"]) == {2.0}


def test_a_header_equals_the_signal(image, tmp_path):
    one = recordings(tmp_path, volumes="volumes.txt")[1]
    header, signal = one.header(), one.load()
    assert header.data is None and header.n_times == signal.n_times == 6
    assert header.space == signal.space and header.events.equals(signal.events)


def test_runs_of_one_image_have_keys_of_their_own(image, tmp_path):
    keys = [one.key for one in recordings(tmp_path, volumes="volumes.txt")]
    assert len(set(keys)) == 2


def test_volumes_that_were_left_out_leave_a_gap_in_time(image, tmp_path):
    rows = [(v, v // 50, "face" if v % 50 < 6 else "house") for v in (3, 4, 7, 8, 9, 11)]
    rows += [(v + 50, 1, "house") for v in (0, 1, 2, 3, 4, 5)]
    lines = ["row\tvolume\trun\tblock\tlabel"]
    lines += [f"{i}\t{v}\t{run}\tb{v // 7}\t{label}" for i, (v, run, label) in enumerate(rows)]
    (tmp_path / "volumes.tsv").write_text("\n".join(lines))
    first, second = recordings(tmp_path, volumes="volumes.tsv", volumes_per_run=50)
    signal = first.load()
    assert signal.sfreq is None
    assert signal.events["onset"].tolist() == [6.0, 8.0, 14.0, 16.0, 18.0, 22.0]
    assert signal.events["block"].tolist() == ["b0", "b0", "b1", "b1", "b1", "b1"]
    assert second.load().sfreq == 0.5 and second.load().events["onset"].iloc[0] == 0.0


def test_events_in_seconds_are_spread_over_volumes(image, tmp_path):
    (tmp_path / "events.tsv").write_text(
        "onset\tduration\ttrial_type\n4.0\t6.0\tface\n10.0\t4\tface\n20\t4\thouse\n"
    )
    events = recordings(tmp_path, events="events.tsv", per_volume=True)[0].load().events
    named = ["rest"] * 2 + ["face"] * 5 + ["rest"] * 3 + ["house"] * 2
    assert events["label"].tolist() == named
    # Two events of one label that follow each other stay two blocks.
    assert events["block"].tolist() == [f"1-0{i}" for i in (1, 1, 2, 2, 2, 3, 3, 4, 4, 4, 5, 5)]
    kept = recordings(tmp_path, events="events.tsv")[0].load().events
    assert kept["onset"].tolist() == [4.0, 10.0, 20.0]


@pytest.mark.parametrize(("step", "unit", "t_r"), [(1500, "msec", 1.5), (2.5, "sec", 2.5)])
def test_the_time_of_a_volume_is_read_from_the_header(image, tmp_path, step, unit, t_r):
    made = nibabel.Nifti1Image(image[0], image[2])
    made.header.set_zooms((3, 3, 4, step))
    made.header.set_xyzt_units("mm", unit)
    made.to_filename(tmp_path / "bold.nii.gz")
    signal = recordings(tmp_path, volumes="volumes.txt", t_r=None)[0].header()
    assert signal.sfreq == pytest.approx(1 / t_r)


def test_a_header_without_a_time_is_refused(image, tmp_path):
    made = nibabel.Nifti1Image(image[0], image[2])
    made.header.set_zooms((3, 3, 4, 0))
    made.to_filename(tmp_path / "bold.nii.gz")
    with pytest.raises(DataError, match="Give t_r, in seconds, in the card"):
        recordings(tmp_path, volumes="volumes.txt", t_r=None)[0].header()


def test_a_table_of_another_length_is_refused(image, tmp_path):
    (tmp_path / "volumes.txt").write_text("rest 0\nface 0\n")
    with pytest.raises(DataError, match=r"2 rows for the 12 volumes of bold.nii.gz"):
        recordings(tmp_path, volumes="volumes.txt")[0].load()


def test_two_files_of_one_recording_are_refused(image, tmp_path):
    for name in ("bold1.nii.gz", "bold2.nii.gz"):
        shutil.copy(tmp_path / "bold.nii.gz", tmp_path / name)
    with pytest.raises(DataError, match="are both sub-01_ses-1_run-0"):
        recordings(tmp_path, bold="bold{run}.nii.gz", volumes="volumes.txt")


def test_one_table_is_needed():
    with pytest.raises(ConfigError, match="as volumes or as events"):
        Options("bold.nii", "mask.nii")


def _plain_haxby(root, variant, preparation):
    """Block means of one voxel-by-volume array by numpy alone: z per run, then the mean."""
    names = {"slice": ("slice_bold", "slice_mask"), "vt": ("vt_task_bold", "vt_mask")}[variant]
    bold, mask = (np.asanyarray(nibabel.load(root / f"{n}.nii.gz").dataobj) for n in names)
    values = bold[mask > 0].T.astype(float)  # (n_volumes, n_voxels)
    if variant == "slice":
        rows = [line.split() for line in (root / "attributes.txt").read_text().splitlines()]
        labels, runs = np.array(rows).T
        blocks = np.cumsum(np.append(True, (labels[1:] != labels[:-1]) | (runs[1:] != runs[:-1])))
    else:
        rows = [line.split() for line in (root / "vt_task_volumes.tsv").read_text().splitlines()]
        _, _, runs, blocks, labels = np.array(rows[1:]).T
        blocks = blocks.astype(int)
    means = {}
    for run in dict.fromkeys(runs):
        mine = runs == run
        z = (values[mine] - values[mine].mean(axis=0)) / values[mine].std(axis=0)
        of_block, of_label = blocks[mine], labels[mine]
        means[run] = [
            (of_label[of_block == b][0], z[of_block == b].mean(axis=0)) for b in np.unique(of_block)
        ]
    return means


@pytest.mark.parametrize(
    ("variant", "file", "n_voxels"),
    [("slice", "slice_bold.nii.gz", 530), ("vt", "vt_mask.nii.gz", 577)],
)
def test_haxby_block_means_equal_plain_numpy(real, variant, file, n_voxels):
    root = real("haxby2001", file)
    plain = _plain_haxby(root, variant, None)
    found = find_recordings(load_card("haxby2001"), variant, root)
    assert len(found) == 12
    n_trials = 0
    for one in found:
        signal = BlockMean()(Zscore()(one.load()))
        assert len(signal.space) == n_voxels
        assert signal.events["label"].tolist() == [label for label, _ in plain[one.run]]
        np.testing.assert_allclose(signal.data, [mean for _, mean in plain[one.run]], atol=1e-12)
        n_trials += int((signal.events["label"] != "rest").sum())
    assert n_trials == 96


def test_the_runs_at_25_mm_name_the_same_volumes_as_the_slice(real):
    root = real("haxby2001", "openfmri_25mm")
    coarse = find_recordings(load_card("haxby2001"), "mm25", root)
    fine = find_recordings(load_card("haxby2001"), "slice", root)
    fine = {int(one.run): one.header().events["label"].tolist() for one in fine}
    assert len(coarse) == 12 and len(coarse[0].header().space) == 129
    for one in coarse:
        assert one.header().events["label"].tolist() == fine[int(one.run) - 1]
