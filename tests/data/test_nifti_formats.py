"""Every small image of `formats_nibabel` is read as it is, or refused in one clear sentence.

Each is opened in the worker, as in a run: what is made to harm must not take the parent along.
"""

import csv
import os
import shutil
from pathlib import Path

import nibabel
import numpy as np
import pytest

from neurodecode.core.errors import DataError, NeurodecodeError
from neurodecode.data.prepared import Failed, look, prepare
from neurodecode.data.readers import _images, find_recordings
from neurodecode.data.readers.nifti import Options
from neurodecode.data.specs import Card, Variant
from neurodecode.data.worker import Worker

# What a reader of voxels does not serve: surfaces, streamlines; and ECAT, whose files nibabel
# opens by a function of its own.
OTHER_KINDS = ("gifti", "streamlines", "made/lh.", "made/tri.", "made/ts.")


def folder():
    roots = os.environ.get("NEURODECODE_DATA", "").split(os.pathsep)
    found = [Path(root) / "formats_nibabel" for root in roots if root]
    return next((place for place in found if place.is_dir()), None)


def rows(opens):
    if folder() is None:
        return [pytest.param({}, id="absent")]  # one case, which is skipped with its reason
    with (folder() / "index.csv").open() as table:
        return [
            pytest.param(row, id=row["file"])
            for row in csv.DictReader(table)
            if row["opens"] == opens
        ]


@pytest.fixture(scope="module")
def worker():
    with Worker(timeout=120, max_growth=5e8) as made:
        yield made


@pytest.fixture
def source(tmp_path):
    """Give a file of the set in a folder of its own, with what lies beside it."""

    def copy(row):
        if not row:
            pytest.skip("formats_nibabel is not in NEURODECODE_DATA")
        path = folder() / row["file"]
        stem = path.name.partition(".")[0]
        for other in path.parent.glob(f"{stem}.*"):
            shutil.copy(other, tmp_path / other.name)
        return tmp_path / path.name

    return copy


def full_mask(path, shape, affine=None):
    """Write a mask of every voxel on the grid of an image."""
    affine = nibabel.load(path).affine if affine is None else affine
    mask = nibabel.Nifti1Image(np.ones(shape[:3], dtype=np.uint8), affine)
    mask.to_filename(path.parent / "all.nii.gz")


def as_bold(path, n_volumes):
    """Give the recordings of an image of volumes."""
    (path.parent / "volumes.tsv").write_text("label 0\n" * n_volumes)
    options = Options(path.name, "all.nii.gz", volumes="volumes.tsv", t_r=2.0)
    return find_recordings(Card("own", "fmri", reader=Variant("nifti", options)), "", path.parent)


def as_beta(path):
    """Give the recordings of an image of one trial."""
    (path.parent / "trials.tsv").write_text("label\nface\n")
    options = Options(betas=path.name, mask="all.nii.gz", trials="trials.tsv")
    return find_recordings(Card("own", "fmri", reader=Variant("nifti", options)), "", path.parent)


def refused(path, worker):
    """Give what is said of a file that is read as volumes, and as the image of one trial."""
    said = []
    for recordings in (lambda: as_bold(path, 8), lambda: as_beta(path)):
        try:
            found = recordings()
        except NeurodecodeError as error:
            said.append(str(error))
            continue
        (header,) = look(found, [], path.parent / "cache", worker)
        (one,) = prepare(found, [], path.parent / "cache", worker=worker)
        assert isinstance(one, Failed), one
        said += [each.message for each in (header, one) if isinstance(each, Failed)]
    assert all(path.name.partition(".")[0] in one for one in said), said
    return said


def shape_of(row):
    return tuple(int(n) for n in row["shape"].split("x"))


# They open in nibabel, and must not in a reader that is asked for the truth: row to what is said.
WRONG = {
    "broken/niigz_flipped_byte.nii.gz": "damaged: its compressed content does not check",
    "broken/nii_nan_affine.nii": "its affine is not finite",
    "broken/gii_entity_bomb.gii": "it is a surface (GIFTI)",
    "broken/gii_external_traversal.gii": "it is a surface (GIFTI)",
    "made/bold_nan.nii.gz": "are not finite (NaN or infinite) in some volume",
    "nifti/resampled_anat_moved.nii": "are not finite (NaN or infinite) in some volume",
    "minc/minc1_4d.mnc": "of a MINC image the first is time",
    "minc/minc2_4d.mnc": "of a MINC image the first is time",
    "nifti/analyze.hdr": "a file that belongs to it is missing",
    "nifti/nifti1.hdr": "a file that belongs to it is missing",
    "nifti/nifti2.hdr": "a file that belongs to it is missing",
    "ecat/tinypet.v": "cannot be read as an image",
    "made/bold.dtseries.nii": "it is of grayordinates (CIFTI)",
    "made/maps.dscalar.nii": "it is of grayordinates (CIFTI)",
    "cifti/row_major.dconn.nii": "it is of connections (CIFTI)",
}
# Those of them whose values are looked at, so that the mask must lie on their grid.
FITTED = (
    "made/bold_nan.nii.gz", "nifti/resampled_anat_moved.nii", "broken/niigz_flipped_byte.nii.gz"
)  # fmt: skip
BOMB = "broken/gzip_bomb_64MB.nii.gz"


@pytest.mark.parametrize("row", rows("yes"))
def test_what_opens_has_the_stated_shape_and_values_or_is_refused(row, source, worker):
    path = source(row)
    file = row["file"]
    if file == BOMB:
        return  # has tests of its own, below
    if file in WRONG or file.startswith(OTHER_KINDS):
        full_mask(
            path,
            shape_of(row) if file in FITTED else (1, 1, 1),
            None if file in FITTED else np.eye(4),
        )
        said = refused(path, worker)
        assert any(WRONG.get(file, "") in one for one in said), said
        return
    shape = shape_of(row)
    full_mask(path, shape)
    found = as_bold(path, shape[3]) if len(shape) == 4 else as_beta(path)
    (one,) = prepare(found, [], path.parent / "cache", worker=worker)
    assert not isinstance(one, Failed), one.message
    image = nibabel.load(path)
    assert tuple(image.shape) == shape
    assert np.asanyarray(image.dataobj).dtype == np.dtype(row["dtype"])
    assert one.signal.space.shape == shape[:3]
    values = one.part.open()
    assert values.dtype == np.float64
    assert values.shape == (shape[3] if len(shape) == 4 else 1, np.prod(shape[:3]))
    np.testing.assert_array_equal(values, image.get_fdata().reshape(values.shape[::-1]).T)


@pytest.mark.parametrize("row", rows("no"))
def test_what_does_not_open_ends_in_an_error_of_ours_that_names_it(row, source, worker):
    path = source(row)
    full_mask(path, (10, 12, 9), np.eye(4))
    assert refused(path, worker)


@pytest.mark.parametrize(
    ("mask", "said"),
    [
        ("mask_affine_far_away", "its affine differs from that of bold_4d.nii"),
        ("mask_left_right_flipped_affine", "its affine differs from that of bold_4d.nii"),
        ("mask_other_shape", r"shape \(9, 12, 9\), but bold_4d.nii has volumes of \(10, 12, 9\)"),
        ("mask_empty", "the mask has no voxel"),
        ("mask_not_binary", "a mask holds 0 and 1, this one 0, 2, 3, 4, 5, 6"),
    ],
)
def test_masks_that_do_not_fit_are_refused(mask, said, source, tmp_path):
    path = source({"file": "made/bold_4d.nii"} if folder() else {})
    shutil.copy(folder() / f"made/{mask}.nii.gz", tmp_path / "all.nii.gz")
    with pytest.raises(DataError, match=said):
        as_bold(path, 8)[0].header()


def test_the_values_of_the_made_image_are_its_indices(source, tmp_path):
    path = source({"file": "made/bold_4d.nii"} if folder() else {})
    shutil.copy(folder() / "made/mask_ok.nii.gz", tmp_path / "all.nii.gz")
    signal = as_bold(path, 8)[0].load()
    i, j, k = signal.space.ijk.T
    expected = ((i * 12 + j) * 9 + k) * 8 + np.arange(8)[:, None]  # 0 to 8639 in C order
    np.testing.assert_array_equal(signal.data, expected)


@pytest.mark.parametrize(
    ("file", "t_r"), [("bold_tr_in_msec", 2.0), ("bold_4d", 2.0), ("bold_tr_zero", None)]
)
def test_the_time_of_a_volume(file, t_r, source, tmp_path):
    path = source({"file": f"made/{file}.nii.gz"} if folder() else {})
    shutil.copy(folder() / "made/mask_ok.nii.gz", tmp_path / "all.nii.gz")
    (tmp_path / "volumes.tsv").write_text("label 0\n" * 8)
    options = Options(path.name, "all.nii.gz", volumes="volumes.tsv")
    (one,) = find_recordings(Card("own", "fmri", reader=Variant("nifti", options)), "", tmp_path)
    if t_r is None:
        with pytest.raises(DataError, match=r"says 0 \w+ from volume to volume.* Give t_r"):
            one.header()
    else:
        assert one.header().sfreq == pytest.approx(1 / t_r)


def test_an_image_without_a_place_says_so(source, tmp_path):
    path = source({"file": "made/bold_no_affine.nii.gz"} if folder() else {})
    full_mask(path, (10, 12, 9))
    (note,) = as_bold(path, 8)[0].header().notes
    assert "bold_no_affine.nii.gz says neither sform nor qform" in note


def test_a_small_file_that_unpacks_to_very_much_is_not_unpacked(source, monkeypatch):
    path = source({"file": BOMB} if folder() else {})
    _images.check_whole(path)  # 64 MB harm nobody: a sparse mask may be like that
    monkeypatch.setattr(_images, "_LARGE", 1 << 25)
    monkeypatch.setattr(_images, "_UNPACK", {".gz": None})  # it is told before it is opened
    with pytest.raises(DataError, match="65337 bytes are to unpack to 67109216"):
        _images.check_whole(path)


def test_a_bomb_is_no_series_of_volumes_and_is_refused_by_its_header(source, monkeypatch):
    path = source({"file": BOMB} if folder() else {})
    full_mask(path, (10, 12, 9), np.eye(4))
    monkeypatch.setattr(_images, "read_values", None)
    with pytest.raises(DataError, match=r"shape \(512, 512, 256\); expected four axes"):
        as_bold(path, 8)[0].header()
