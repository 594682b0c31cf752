"""Series of regions: equal to nilearn's maskers, by volume or as one continuous series."""

import warnings

import nibabel
import numpy as np
import pytest
from nilearn.maskers import NiftiLabelsMasker, NiftiMapsMasker

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.data.cut import cut
from neurodecode.data.prepared import prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers.nifti import Options
from neurodecode.data.specs import Card, Variant
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec

AFFINE = np.diag([3.0, 3.0, 4.0, 1.0])  # as in the fixture `image`


@pytest.fixture
def labels(image, tmp_path):
    """Write an atlas of the regions 1, 3 and 7 beside the fixture's image."""
    values = np.zeros((4, 3, 2), dtype=np.int16)
    values[0], values[2, :2], values[3, 1:] = 1, 3, 7
    return save(tmp_path / "atlas.nii.gz", values)


@pytest.fixture
def maps(image, tmp_path):
    """Write an atlas of three maps that overlap."""
    values = np.random.default_rng(3).normal(size=(4, 3, 2, 3)).clip(0)
    return save(tmp_path / "atlas.nii.gz", values)


def save(path, values, affine=AFFINE):
    made = nibabel.Nifti1Image(values, affine)
    made.to_filename(path)
    return made


def recordings(folder, **options):
    options = {"bold": "bold.nii.gz", "atlas": "atlas.nii.gz", "t_r": 2.0} | options
    if not {"volumes", "events"} & set(options):
        options["volumes"] = "volumes.txt"
    variant = Variant("nifti", Options(**options))
    return find_recordings(Card("own", "fmri", reader=variant), "", folder)


def masked(masker, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        bold = nibabel.load(folder / "bold.nii.gz")
        whole = nibabel.Nifti1Image(bold.get_fdata(), bold.affine)
        return masker.fit_transform(whole)


@pytest.mark.parametrize("narrowed", [False, True])
def test_labels_equal_nilearns_masker(labels, tmp_path, narrowed):
    mask = {"mask": "mask.nii.gz"} if narrowed else {}
    image = {"mask_img": str(tmp_path / "mask.nii.gz")} if narrowed else {}
    theirs = masked(NiftiLabelsMasker(labels, standardize=None, **image), tmp_path)
    first, second = (one.load() for one in recordings(tmp_path, **mask))
    np.testing.assert_allclose(np.concatenate([first.data, second.data]), theirs, rtol=1e-14)
    assert first.axes == ("parcel",) and first.sfreq == 0.5
    assert first.space.kind == "parcels" and first.space.names == ("1", "3", "7")


@pytest.mark.parametrize("narrowed", [False, True])
def test_maps_equal_nilearns_masker(maps, tmp_path, narrowed):
    mask = {"mask": "mask.nii.gz"} if narrowed else {}
    image = {"mask_img": str(tmp_path / "mask.nii.gz")} if narrowed else {}
    theirs = masked(NiftiMapsMasker(maps, standardize=None, **image), tmp_path)
    both = np.concatenate([one.load().data for one in recordings(tmp_path, **mask)])
    # Least squares of 24 numbers around 500.
    np.testing.assert_allclose(both, theirs, rtol=1e-10)


def test_regions_have_the_names_of_their_table(labels, tmp_path):
    (tmp_path / "names.tsv").write_text("index\tname\n0\tnone\n3\tV2\n1\tV1\n7\tMT\n9\tFFA\n")
    one = recordings(tmp_path, atlas_names="names.tsv")[0]
    assert one.header().space.names == one.load().space.names == ("V1", "V2", "MT")
    assert one.key != recordings(tmp_path)[0].key
    (tmp_path / "names.tsv").write_text("index\tname\n1\tV1\n3\tV1\n7\tMT\n")
    with pytest.raises(DataError, match=r"two regions are called 'V1'"):
        recordings(tmp_path, atlas_names="names.tsv")[0].header()
    (tmp_path / "names.tsv").write_text("index\tname\n1\tV1\n3\tV2\n")
    with pytest.raises(DataError, match=r"no name for 1 of the atlas's 3 regions, the first is 7"):
        recordings(tmp_path, atlas_names="names.tsv")[0].header()
    (tmp_path / "names.tsv").write_text("number\tname\n1\tV1\n")
    with pytest.raises(DataError, match=r"no column 'index'; there are: number, name"):
        recordings(tmp_path, atlas_names="names.tsv")[0].header()
    with pytest.raises(DataMissing, match=r"the table of regions of bold.nii.gz is missing"):
        recordings(tmp_path, atlas_names="other.tsv")


def test_maps_are_named_from_one_on(maps, tmp_path):
    (tmp_path / "names.csv").write_text("index,name\n1,DMN\n2,visual\n3,motor\n")
    header = recordings(tmp_path, atlas_names="names.csv")[0].header()
    assert header.space.names == ("DMN", "visual", "motor")
    assert recordings(tmp_path)[0].header().space.names == ("1", "2", "3")


def test_a_continuous_series_is_the_same_numbers_with_time_last(labels, tmp_path):
    (tmp_path / "events.tsv").write_text(
        "onset\tduration\tlabel\n0\t8\tmovie\n8\t6\trest\n14\t10\tmovie\n"
    )
    kept = recordings(tmp_path, events="events.tsv")[0].load()
    series = recordings(tmp_path, events="events.tsv", continuous=True)[0].load()
    assert series.axes == ("parcel", "time") and series.continuous and series.sfreq == 0.5
    np.testing.assert_array_equal(series.data, kept.data.T)
    header = recordings(tmp_path, events="events.tsv", continuous=True)[0].header()
    assert header.axes == series.axes and header.n_times == series.n_times == 12


def test_spans_of_a_continuous_series_are_trials(labels, tmp_path):
    (tmp_path / "events.tsv").write_text(
        "onset\tduration\tlabel\n0\t8\tmovie\n8\t6\trest\n14\t10\tmovie\n"
    )
    found = recordings(tmp_path, events="events.tsv", continuous=True)
    made = prepare(found, [], tmp_path / "cache")
    task = Task(target=TargetSpec(label="label", classes=("movie", "rest")))
    trials = cut(made, task, WindowsSpec(span="event")).trials
    series = found[0].load().data
    shapes = [trial.shape for trial in trials.list()]
    assert shapes == [(3, 4), (3, 3), (3, 5)]
    np.testing.assert_array_equal(trials.list()[1], series[:, 4:7])


def test_voxels_can_be_continuous_too(image, tmp_path):
    (tmp_path / "events.tsv").write_text("onset\tduration\tlabel\n0\t8\tmovie\n")
    one = recordings(tmp_path, atlas="", mask="mask.nii.gz", events="events.tsv", continuous=True)[
        0
    ]
    bold, mask, _ = image
    assert one.load().axes == ("voxel", "time")
    np.testing.assert_array_equal(one.load().data, bold[mask])


def test_an_atlas_of_one_region_is_one_feature(image, tmp_path):
    bold, mask, _ = image
    save(tmp_path / "atlas.nii.gz", mask.astype(np.float32) * 5)  # numbers stored as floats
    signal = recordings(tmp_path)[0].load()
    assert signal.data.shape == (6, 1) and signal.space.names == ("5",)
    np.testing.assert_allclose(signal.data[:, 0], bold[mask].mean(axis=0)[:6], rtol=1e-14)


def test_regions_that_the_mask_leaves_nothing_of_are_told(labels, tmp_path):
    mask = np.zeros((4, 3, 2), dtype=np.uint8)
    mask[0], mask[3] = 1, 1
    save(tmp_path / "mask.nii.gz", mask)
    header = recordings(tmp_path, mask="mask.nii.gz")[0].header()
    assert header.space.names == ("1", "7")
    (note,) = header.notes
    assert note == "1 of 3 regions of the atlas have no voxel in the mask and are left out: 3"
    save(tmp_path / "mask.nii.gz", (np.arange(24).reshape(4, 3, 2) == 8).astype(np.uint8))
    with pytest.raises(DataError, match=r"none of its 3 regions has a voxel in .*mask.nii.gz"):
        recordings(tmp_path, mask="mask.nii.gz")[0].header()


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (np.zeros((4, 3, 2)), "the atlas has no region, only zeros"),
        (np.full((4, 3, 2), 0.5), "holds whole numbers from 0 on, this one 0.5"),
        (np.full((4, 3, 2), -1.0), "holds whole numbers from 0 on, this one -1"),
        (np.full((4, 3, 2), np.nan), "holds values that are not finite"),
        (np.zeros((4, 3, 2, 3)), "none of its 3 regions has a voxel in it"),
        (np.ones((4, 3, 2, 2)), "2 maps have rank 1"),
        (np.ones((4, 3, 2, 2, 2)), "an atlas has three axes .* or four"),
        (np.ones((4, 3, 3)), r"shape \(4, 3, 3\), but bold.nii.gz .* Resample the atlas"),
    ],
)
def test_an_atlas_that_is_none(values, said, image, tmp_path):
    save(tmp_path / "atlas.nii.gz", values)
    with pytest.raises(DataError, match=said):
        recordings(tmp_path)[0].header()


def test_an_atlas_that_lies_elsewhere(labels, tmp_path):
    save(tmp_path / "atlas.nii.gz", np.asarray(labels.dataobj), np.diag([2.0, 2.0, 2.0, 1.0]))
    with pytest.raises(DataError, match=r"atlas.nii.gz: its affine differs .*atlas minus image"):
        recordings(tmp_path)[0].header()


def test_a_mask_that_is_an_atlas_says_so(labels, tmp_path):
    with pytest.raises(DataError, match=r"this one 0, 1, 3, 7. An atlas of regions is named with"):
        recordings(tmp_path, mask="atlas.nii.gz")[0].header()


def test_a_voxel_of_a_region_that_is_not_finite_is_named(labels, image, tmp_path):
    bold = image[0].astype(np.float32)
    bold[2, 1, 0, 3] = np.inf
    save(tmp_path / "bold.nii.gz", bold)
    with pytest.raises(DataError, match=r"1 of 14 voxels of the atlas are .* first at 2 1 0"):
        recordings(tmp_path)[0].load()


def test_series_with_gaps_are_not_continuous(labels, tmp_path):
    rows = [f"{label}\t1\t{v}" for v, label in enumerate(["a", "b"] * 7) if v not in (3, 4)]
    (tmp_path / "volumes.tsv").write_text("label\trun\tvolume\n" + "\n".join(rows) + "\n")
    with pytest.raises(DataError, match=r"no continuous series. Leave continuous out"):
        recordings(tmp_path, volumes="volumes.tsv", continuous=True)[0].header()


def test_options_that_do_not_go_together():
    with pytest.raises(ConfigError, match=r"trials of a continuous series are the spans"):
        Options("b.nii", atlas="a.nii", events="e.tsv", continuous=True, per_volume=True)
    with pytest.raises(ConfigError, match=r"these are of the regions of an atlas"):
        Options("b.nii", "m.nii", events="e.tsv", atlas_names="n.tsv")
    with pytest.raises(ConfigError, match=r"2000 s from volume to volume cannot be.*seconds: 2"):
        Options("b.nii", "m.nii", events="e.tsv", t_r=2000.0)
