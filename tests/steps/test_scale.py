"""Scaling against scikit-learn and mne."""

import mne
import numpy as np
import pandas as pd
import pytest
from mne.decoding import Scaler
from sklearn.preprocessing import RobustScaler, StandardScaler

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.stages import ignores_y
from neurodecode.core.trials import Trials
from neurodecode.steps.scale import Scale


def trials(seed=0, shape=(20, 4, 30)):
    rng = np.random.default_rng(seed)
    return (
        1e-5 * (rng.normal(size=shape) + rng.normal(size=shape[1:])) * rng.uniform(1, 9, shape[1:])
    )


def test_features_are_scikit_learns():
    X, fresh = trials(), trials(1)
    peer = StandardScaler().fit(X.reshape(20, -1))
    found = Scale().fit(X).transform(fresh)
    np.testing.assert_array_equal(found, peer.transform(fresh.reshape(20, -1)).reshape(fresh.shape))


def test_channels_are_mnes():
    X, fresh = trials(), trials(1)
    with mne.use_log_level("ERROR"):
        peer = Scaler(scalings="mean").fit(X)
        expected = peer.transform(fresh)
    found = Scale(per="channel").fit(X).transform(fresh)
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-12)  # another order of sums


def test_channels_of_each_band_have_their_own():
    X = trials(shape=(20, 2, 4, 30))
    Z = Scale(per="channel").fit(X).transform(X)
    np.testing.assert_allclose(Z.mean(axis=(0, 3)), 0, atol=1e-12)
    np.testing.assert_allclose(Z.std(axis=(0, 3)), 1)


def test_what_is_constant_becomes_zero():
    X = trials()
    X[:, 2, 7] = 3e-5
    assert np.all(np.abs(Scale().fit(X).transform(X)[:, 2, 7]) < 1e-15)  # the mean is rounded


def test_channels_need_time():
    with pytest.raises(DataError, match=r"per: channel needs trials of channels by time.*\(4,\)"):
        Scale(per="channel").fit(np.ones((10, 4)))


def test_labels_are_not_looked_at():
    assert ignores_y(Scale())


def meg(X, types=("mag", "grad", "grad", "mag")):
    space = Space("sensors", ("MEG 1", "MEG 2", "MEG 3", "MEG 4"), types)
    part = Part(X, space, ("channel", "time"), 100.0, 0.0, "x")
    return Trials.of_entries(
        Rows(pd.DataFrame(index=range(len(X)))), "meg", part, np.arange(len(X))
    )


def test_channels_of_one_type_share_a_mean_and_a_scale():
    units = np.array([1e-13, 1e-11, 1e-11, 1e-13])[:, None]
    X, fresh = (units * (trials(seed) / 1e-5) for seed in (0, 1))
    step = Scale(per="type").fit(meg(X))
    Z = step.transform(meg(fresh))
    for mine in ([0, 3], [1, 2]):
        expected = (fresh[:, mine] - X[:, mine].mean()) / X[:, mine].std()
        np.testing.assert_allclose(Z[:, mine], expected, rtol=1e-12)
    # As one scale a type in mne does, up to the means that it leaves.
    info = mne.create_info(4, 100.0, ["mag", "grad", "grad", "mag"])
    ours = {kind: 1 / step.scales_[i] for i, kind in ((0, "mag"), (1, "grad"))}
    with mne.use_log_level("ERROR"):
        peer = Scaler(info, scalings=ours).fit(X, np.zeros(len(X)))
        theirs = peer.transform(fresh - step.means_[:, None])
    np.testing.assert_allclose(Z, theirs, rtol=1e-10)


def test_a_type_without_signal_becomes_zero():
    X = trials()
    X[:, [0, 3]] = 0.0
    assert not Scale(per="type").fit(meg(X)).transform(meg(X))[:, [0, 3]].any()


def test_types_that_are_not_known_or_differ_are_named():
    X = trials()
    with pytest.raises(DataError, match=r"it was handed ndarray\. Put it first"):
        Scale(per="type").fit(X)
    with pytest.raises(DataError, match="the types of these channels are not known"):
        Scale(per="type").fit(meg(X, ()))
    step = Scale(per="type").fit(meg(X))
    with pytest.raises(DataError, match="of other types than those of training"):
        step.transform(meg(X, ("grad", "mag", "grad", "mag")))


def test_medians_and_quartiles_are_scikit_learns_and_what_is_left_is_clamped():
    X, fresh = trials(), trials(1)
    X[3, 1, 5], fresh[2, 3, 7] = 1.0, -1.0  # an artefact of a volt among 10 µV
    rows = np.moveaxis(X, -1, 1).reshape(-1, 4)
    peer = RobustScaler().fit(rows)
    expected = peer.transform(np.moveaxis(fresh, -1, 1).reshape(-1, 4))
    expected = np.moveaxis(expected.reshape(20, 30, 4), 1, -1)
    assert expected.min() < -1000
    step = Scale(per="channel", center="median", clamp=20).fit(X)
    np.testing.assert_array_equal(step.transform(fresh), np.clip(expected, -20, 20))
    assert step.flags_ == ()
    # The artefact of training moves medians by next to nothing, and means and deviations by much.
    clean = np.delete(X, 3, axis=0)
    for center, least, most in (("median", 0, 0.05), ("mean", 0.5, np.inf)):
        one, other = (Scale("channel", center).fit(a).transform(fresh)[:, 1] for a in (X, clean))
        moved = np.abs(one - other).max() / np.abs(other).max()
        assert least <= moved < most


def test_a_channel_without_a_range_is_centred_and_told():
    X = trials()
    X[:, 2] = 5.0
    X[4, 2, 8] = 7.0  # a rare spike of a flat channel is not blown up
    step = Scale(per="channel", center="median").fit(X)
    assert step.flags_ == ("flat:1/4",)
    Z = step.transform(X)
    assert Z[4, 2, 8] == 2.0 and np.count_nonzero(Z[:, 2]) == 1
    typed = Scale(per="type", center="median").fit(meg(X, ("mag", "grad", "mag", "grad")))
    assert typed.flags_ == ()  # half of what a magnetometer has is not flat
    one = Scale(per="type", center="median").fit(meg(X, ("mag", "mag", "eog", "mag")))
    assert one.flags_ == ("flat:1/4",)
    np.testing.assert_array_equal(
        one.transform(meg(X, ("mag", "mag", "eog", "mag")))[:, 2], Z[:, 2]
    )
    mags = X[:, [0, 1, 3]]
    assert one.means_[0] == np.median(mags)
    assert one.scales_[3] == np.percentile(mags, 75) - np.percentile(mags, 25)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [({"center": "mode"}, "center is 'mode'. Give mean or median"),
     ({"clamp": 0}, "clamp is 0. Give a number above 0")],
)  # fmt: skip
def test_arguments_of_scaling_that_cannot_be(arguments, sentence):
    with pytest.raises(ConfigError, match=f"scale: {sentence}"):
        Scale(**arguments).fit(trials())
