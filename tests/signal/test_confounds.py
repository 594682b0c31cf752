"""Confounds, drifts and frequencies are taken out with nilearn's numbers."""

import warnings
from dataclasses import replace

import numpy as np
import pytest
from nilearn.signal import clean

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.signal.confounds import Clean

N = 60


@pytest.fixture
def run(volumes):
    """Give a run of 60 volumes with three confounds, one of which drifts."""
    rng = np.random.default_rng(5)
    motion = rng.normal(size=(N, 3)) + np.linspace(0, 4, N)[:, None] * [0, 0, 1]
    return volumes(n_volumes=N, tracks={"confounds": motion})


def theirs(signal, confounds=True, **arguments):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        found = signal.tracks["confounds"] if confounds else None
        return clean(signal.data, confounds=found, t_r=2.5, **arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        {},
        {"detrend": False},
        {"standardize": None},
        {"standardize": "psc"},
        {"high_pass": 0.01},
        {"high_pass": 0.01, "low_pass": 0.1},
        {"high_pass": 0.02, "filter": "cosine", "standardize": None},
        {"standardize_confounds": False},
        {"low_pass": 0.08, "detrend": False, "standardize": "psc"},
    ],
)
@pytest.mark.parametrize("confounds", [True, False])
def test_the_numbers_are_those_of_nilearn(run, arguments, confounds):
    named = {} if confounds else {"confounds": None}
    ours = Clean(**arguments, **named)(run).data
    np.testing.assert_array_equal(ours, theirs(run, confounds=confounds, **arguments))


def test_what_is_left_is_orthogonal_to_the_confounds(run):
    motion = run.tracks["confounds"]
    mixed = replace(run, data=run.data + motion @ np.random.default_rng(0).normal(size=(3, 6)))
    left = Clean(detrend=False, standardize=None)(mixed).data
    centred = motion - motion.mean(axis=0)
    # Rounding: sums of 60 products of values around 100 and 3.
    assert np.abs(centred.T @ left).max() < 1e-9
    assert np.abs(centred.T @ mixed.data).max() > 10


def test_a_continuous_series_of_regions_is_cleaned_alike(run):
    from neurodecode.core.space import Space

    space = Space("parcels", names=tuple("abcdef"))
    series = replace(run, data=run.data.T.copy(), space=space, axes=("parcel", "time"))
    np.testing.assert_array_equal(Clean()(series).data, Clean()(run).data.T)


def test_a_constant_voxel_becomes_zero_not_noise(run):
    data = run.data.copy()
    data[:, 2] = 512.3
    for arguments in ({}, {"standardize": "psc"}, {"standardize": None, "high_pass": 0.01}):
        cleaned = Clean(**arguments)(replace(run, data=data)).data
        assert (cleaned[:, 2] == 0).all()
        assert np.ptp(cleaned[:, 3]) > 0
    kept = Clean(detrend=False, standardize=None, confounds=None)(replace(run, data=data)).data
    assert (kept[:, 2] == 512.3).all()


def test_what_nilearn_warns_of_stands_in_the_notes(run):
    cleaned = Clean(high_pass=0.001, filter="cosine")(run)  # 150 s hold no half cycle of 1000 s
    assert "clean: nilearn warns: Cosine filter was not created" in cleaned.notes[0]
    assert Clean()(run).notes == ()


def test_per_cent_of_no_mean_is_refused(run):
    centred = replace(run, data=run.data - run.data.mean(axis=0))
    with pytest.raises(DataError, match="6 of 6 series have none: they were centred before"):
        Clean(standardize="psc")(centred)


def test_the_unit_goes_where_it_is_standardised(run):
    space = replace(run.space, unit="T")
    assert Clean()(replace(run, space=space)).space.unit == ""
    assert Clean(standardize=None)(replace(run, space=space)).space.unit == "T"


def test_without_its_track_it_says_where_confounds_come_from(volumes):
    with pytest.raises(DataError, match=r"no track 'confounds'; there are: none.*Give the reader"):
        Clean()(volumes())
    with pytest.raises(DataError, match="Did you mean 'motion'"):
        Clean(confounds="moton")(volumes(tracks={"motion": np.ones((30, 1))}))


def test_confounds_of_another_length_are_refused(volumes):
    signal = volumes(tracks={"confounds": np.ones((29, 2))})
    with pytest.raises(DataError, match=r"has 29 rows and the recording 30 volumes"):
        Clean().preview(replace(signal, data=None))


def test_confounds_that_are_not_finite_are_refused(volumes):
    motion = np.random.default_rng(0).normal(size=(30, 2))
    motion[4, 1] = np.nan
    with pytest.raises(DataError, match="is not finite at volume 5"):
        Clean()(volumes(tracks={"confounds": motion}))


def test_volumes_without_a_rate_are_refused(run):
    with pytest.raises(DataError, match="For volumes with gaps there are detrend and zscore"):
        Clean()(replace(run, sfreq=None, tracks=run.tracks))


def test_a_run_that_is_shorter_than_its_filter_is_told_by_its_header(volumes):
    header = replace(volumes(), data=None)
    with pytest.raises(DataError, match="mirrors 33 volumes at both ends, and the run has 30"):
        Clean(confounds=None, high_pass=0.01, low_pass=0.1).preview(header)
    Clean(confounds=None, high_pass=0.01)(volumes())  # mirrors 18


def test_a_corner_above_half_the_rate_is_told_by_the_header(run):
    with pytest.raises(ConfigError, match=r"low_pass 0.25 Hz is not below 0.2 Hz"):
        Clean(low_pass=0.25).preview(replace(run, data=None))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"filter": "fir"}, "one of butterworth, cosine"),
        ({"standardize": "zscore"}, "one of zscore_sample, psc, null"),
        ({"high_pass": 0.0}, "Give a frequency above 0"),
        ({"high_pass": 0.1, "low_pass": 0.05}, "is not below low_pass"),
        ({"filter": "cosine"}, "filter: cosine needs high_pass"),
        ({"filter": "cosine", "high_pass": 0.01, "low_pass": 0.1}, "knows no low_pass"),
        ({"detrend": False, "standardize_confounds": False}, "confounds with a mean"),
    ],
)
def test_arguments_that_cannot_be_meant(arguments, said):
    with pytest.raises(ConfigError, match=said):
        Clean(**arguments)
