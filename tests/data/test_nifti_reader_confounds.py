"""Tables of confounds beside a run: which columns, whose they are, what is missing in them."""

import numpy as np
import pandas as pd
import pytest
from nilearn.interfaces.fmriprep import load_confounds

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.data.prepared import prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.readers._confounds import ConfoundsSpec
from neurodecode.data.readers.nifti import Options
from neurodecode.data.specs import Card, Variant
from neurodecode.signal.confounds import Clean

N = 12  # volumes of the fixture `image`, six a run
MOTION = [f"{kind}_{axis}" for kind in ("trans", "rot") for axis in "xyz"]


def table(seed=4):
    """Give a table as fMRIPrep writes it, with a displacement that begins with n/a."""
    rng = np.random.default_rng(seed)
    made = pd.DataFrame({name: rng.normal(size=N) for name in MOTION})
    made.insert(0, "csf", rng.normal(size=N))
    made.insert(0, "global_signal", 500 + rng.normal(size=N))
    for name in MOTION:
        made[f"{name}_derivative1"] = made[name].diff()
    made["framewise_displacement"] = made[MOTION].diff().abs().sum(axis=1, min_count=1)
    made["motion_outlier00"] = (np.arange(N) == 4).astype(int)
    return made


def write(folder, made, name="confounds.tsv"):
    made.to_csv(folder / name, sep="\t", index=False, na_rep="n/a")


def recordings(folder, columns=(), path="confounds.tsv", **options):
    options = {
        "bold": "bold.nii.gz",
        "mask": "mask.nii.gz",
        "volumes": "volumes.txt",
        "t_r": 2.0,
        "confounds": ConfoundsSpec(path, tuple(columns)),
    } | options
    variant = Variant("nifti", Options(**options))
    return find_recordings(Card("own", "fmri", reader=variant), "", folder)


def both(found):
    return np.concatenate([one.load().tracks["confounds"] for one in found])


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        (["csf", "global_signal"], ["global_signal", "csf"]),
        (["trans_?", "rot_?"], MOTION),
        (["trans_x", "*_x"], ["trans_x", "rot_x"]),
    ],
)
def test_columns_are_chosen_by_name_or_pattern(image, tmp_path, columns, names):
    made = table()
    write(tmp_path, made)
    found = recordings(tmp_path, columns)
    np.testing.assert_allclose(both(found), made[names], rtol=1e-15)
    header = found[1].header()
    np.testing.assert_allclose(header.tracks["confounds"], made[names][6:], rtol=1e-15)
    assert header.notes == ()
    assert found[0].key != recordings(tmp_path, [*columns, "motion_outlier*"])[0].key


def test_a_plain_file_of_motion_has_numbered_columns(image, tmp_path):
    values = np.random.default_rng(0).normal(size=(N, 6))
    for name, text in (
        ("moco.txt", "\n".join("  ".join(f"{v:.17g}" for v in row) + "  " for row in values)),
        ("rp.csv", "\n".join(",".join(f"{v:.17g}" for v in row) for row in values)),
        ("motion.1D", "# made by 3dvolreg\n" + "\n".join(
            " ".join(f"{v:.17g}" for v in row) for row in values)),
    ):  # fmt: skip
        (tmp_path / name).write_text(text + "\n")
        np.testing.assert_array_equal(both(recordings(tmp_path, path=name)), values)
        some = both(recordings(tmp_path, ["1", "[45]"], path=name))
        np.testing.assert_array_equal(some, values[:, [0, 3, 4]])


def test_a_first_value_that_is_missing_is_that_of_the_second_volume(image, tmp_path):
    made = table()
    write(tmp_path, made)
    one = recordings(tmp_path, ["framewise_displacement", "trans_x_derivative1"])[0]
    signal = one.load()
    expected = made[["trans_x_derivative1", "framewise_displacement"]].bfill(limit=1)
    np.testing.assert_allclose(signal.tracks["confounds"], expected[:6], rtol=1e-15)
    (note,) = signal.notes
    assert note == (
        "the first value of trans_x_derivative1, framewise_displacement is missing and taken from "
        "the second volume, as nilearn does"
    )
    assert one.header().notes == signal.notes


def test_fmripreps_motion_equals_nilearns_own_reading(image, tmp_path):
    bold = "sub-01_task-x_space-MNI_desc-preproc_bold.nii.gz"
    (tmp_path / "bold.nii.gz").rename(tmp_path / bold)
    write(tmp_path, table(), "sub-01_task-x_desc-confounds_timeseries.tsv")
    (tmp_path / "sub-01_task-x_desc-confounds_timeseries.json").write_text("{}")
    theirs, _ = load_confounds(
        str(tmp_path / bold), strategy=("motion",), motion="derivatives", demean=False
    )
    ours = both(
        recordings(
            tmp_path,
            ["rot_*"],
            "sub-01_task-x_desc-confounds_timeseries.tsv",
            bold=bold,
        )
    )
    names = [*MOTION[3:], *(f"{name}_derivative1" for name in MOTION[3:])]
    np.testing.assert_allclose(ours, theirs[names], rtol=1e-15)


def test_confounds_pass_through_the_cache_and_clean_takes_them_out(image, tmp_path):
    write(tmp_path, table())
    found = recordings(tmp_path, ["trans_x"])
    (one, _) = prepare(found, [Clean(detrend=False)], tmp_path / "cache")
    cleaned, motion = one.part.open(), one.tracks["confounds"].open()
    assert motion.shape == (6, 1)
    centred = motion - motion.mean()
    assert np.abs(centred.T @ cleaned).max() < 1e-12
    (kept, _) = prepare(found, [], tmp_path / "cache")
    assert kept.key != one.key


def test_a_constant_column_is_told_and_left_out(image, tmp_path):
    made = table().assign(csf=3.0)
    write(tmp_path, made)
    signal = recordings(tmp_path, ["csf", "trans_x"])[0].header()
    assert signal.tracks["confounds"].shape == (6, 1)
    assert signal.notes == ("constant confounds are left out: csf",)
    with pytest.raises(DataError, match=r"all 1 confounds are constant \(csf\)"):
        recordings(tmp_path, ["csf"])[0].header()


def test_a_column_that_is_not_there_has_a_neighbour(image, tmp_path):
    write(tmp_path, table())
    with pytest.raises(DataError, match=r"no confound is called 'trans_w'. Did you mean 'trans_"):
        recordings(tmp_path, ["trans_w"])[0].header()
    with pytest.raises(DataError, match=r"no confound is called 'aroma_\*'.*There are 16: global"):
        recordings(tmp_path, ["aroma_*"])[0].header()


def test_confounds_of_another_run(image, tmp_path):
    write(tmp_path, table().iloc[:10])
    with pytest.raises(
        DataError, match=r"10 rows of confounds for 12 volumes. They belong to anoth"
    ):
        recordings(tmp_path, ["trans_x"])[0].header()


def test_a_value_that_is_missing_later_is_named(image, tmp_path):
    made = table()
    made.loc[7, "csf"] = np.nan
    write(tmp_path, made)
    with pytest.raises(DataError, match=r"csf has no finite value for volume 8 of 12"):
        recordings(tmp_path, ["csf"])[0].header()
    made["csf"] = made["csf"].astype(object)
    made.loc[7, "csf"] = "high"
    write(tmp_path, made)
    with pytest.raises(DataError, match=r"csf of volume 8 is 'high', not a number"):
        recordings(tmp_path, ["csf"])[0].header()
    made.loc[7, "csf"] = "inf"
    write(tmp_path, made)
    with pytest.raises(DataError, match=r"csf has no finite value for volume 8"):
        recordings(tmp_path, ["csf"])[0].header()


def test_more_confounds_than_volumes_are_refused(image, tmp_path):
    write(tmp_path, table())
    with pytest.raises(DataError, match=r"16 confounds for 12 volumes would take everything out"):
        recordings(tmp_path)[0].header()


@pytest.mark.parametrize("content", [b"", b'a\tb\n1\t2\t3\n4\n"', b"\xff\xfe\x00bad"])
def test_what_is_no_table_is_named(content, image, tmp_path):
    (tmp_path / "confounds.tsv").write_bytes(content)
    with pytest.raises(DataError, match=r"confounds\.tsv: "):
        recordings(tmp_path)[0].header()


def test_a_table_that_is_not_there(image, tmp_path):
    with pytest.raises(DataMissing, match=r"confounds\.tsv: the confounds of bold.nii.gz is miss"):
        recordings(tmp_path)
    with pytest.raises(ConfigError, match=r"leaves the data set's folder"):
        ConfoundsSpec("../confounds.tsv")
    with pytest.raises(ConfigError, match=r"name the table of confounds"):
        ConfoundsSpec("")
    with pytest.raises(ConfigError, match=r"confounds: it is of volumes"):
        Options(betas="b.nii", trials="t.tsv", mask="m.nii", confounds=ConfoundsSpec("c.tsv"))
