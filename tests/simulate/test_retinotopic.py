"""Maps of features, and voxels that see a place or an object: what is planted is there."""

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.data.cards import load_card
from neurodecode.data.simulated import simulated_card
from neurodecode.simulate.fmri.retinotopic import Retinotopic

SMALL = {"n_pictures": 300, "n_test": 100, "n_each": 5}
REGIONS = ("early", "faces", "bodies", "places", "words")


def correlation(a, b):
    a, b = a - a.mean(axis=0), b - b.mean(axis=0)
    return (a * b).sum(axis=0) / np.sqrt((a * a).sum(axis=0) * (b * b).sum(axis=0))


def test_a_recording_shows_all_pictures_and_points_to_their_tokens():
    world = Retinotopic(**SMALL)
    signal = world.signal("01", "1", "1")
    assert signal.data.shape == (300, 25)
    assert signal.space.types == tuple(np.repeat(REGIONS, 5))
    assert sorted(signal.events["stimulus"]) == sorted(world.stimuli().table.index)
    assert (signal.events["split"] == "test").sum() == 100
    at = signal.events["at:tokens"].to_numpy()
    np.testing.assert_allclose(signal.tables["tokens"][at[3]], world.tokens[at[3]], atol=1e-6)
    expected = world.responses("01")[at]
    np.testing.assert_array_equal(signal.tracks["oracle:fmri"], expected)
    header = world.header("01", "1", "1")
    assert header.data is None
    assert np.isnan(header.tracks["oracle:fmri"]).all()


def test_half_of_the_variance_is_noise_where_effect_is_one():
    world = simulated_card(load_card("simulated_retinotopic"), "small").variant("").options
    signal = world.signal("01", "1", "1")
    r = correlation(signal.data, signal.tracks["oracle:fmri"])
    # 1 / sqrt(2) at a ratio of variances of 1; standard error of the mean of 30 voxels .005.
    assert r.mean() == pytest.approx(0.707, abs=0.02)
    flat = Retinotopic(**SMALL, effect=0.0).signal("01", "1", "1")
    np.testing.assert_array_equal(flat.tracks["oracle:fmri"], 0)


def test_objects_stand_where_they_are_said_to_be():
    world = Retinotopic(**SMALL)
    along = np.einsum("ntd,cd->nct", world.tokens, world.codes)
    there = world.planted >= 0
    assert set(there.sum(axis=1)) == {1, 2}
    picture, category = np.nonzero(there)
    own = along[picture, category, world.planted[picture, category]]
    # Codes have length 4, and what an object has of its own s.d. 1 along each.
    assert own.mean() == pytest.approx(4, abs=0.2)
    np.testing.assert_allclose(world.codes @ world.codes.T, np.eye(4), atol=1e-12)


def test_early_voxels_see_a_place_and_categories_an_object_wherever_it_is():
    """Ridge on the tokens at each place, and on the object's: which tells which voxel."""
    world = Retinotopic(n_pictures=1500, n_test=500, n_each=5)
    responses = world.responses("01")
    faces = world.planted[:, 0]
    shown = np.flatnonzero(faces >= 0)
    object_ = np.column_stack([world.tokens[shown, faces[shown]], np.ones(len(shown))])
    every = np.column_stack([world.tokens[shown].reshape(len(shown), -1), np.ones(len(shown))])

    def told(X, half):
        n = len(X) // 2
        gram = X[:n].T @ X[:n] + 20 * np.eye(X.shape[1])
        weights = np.linalg.solve(gram, X[:n].T @ half[:n])
        return correlation(X[n:] @ weights, half[n:])

    by_object, by_places = told(object_, responses[shown]), told(every, responses[shown])
    face, early = slice(5, 10), slice(0, 5)
    assert by_object[face].min() > 0.8 > by_places[face].max()
    assert by_places[early].min() > 0.6 > by_object[early].max()


def test_people_share_pictures_and_not_voxels():
    world = Retinotopic(**SMALL, subjects=("01", "02"))
    one, other = (world.header(name, "1", "1") for name in world.subjects)
    assert one.space != other.space
    assert not np.allclose(world.responses("01"), world.responses("02"))
    np.testing.assert_array_equal(one.tables["tokens"], other.tables["tokens"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"n_pictures": 5, "n_test": 5}, "n_test: 5 of 5 pictures"),
        ({"categories": ("faces",)}, "two or more that differ"),
        ({"categories": ("early", "faces")}, "none of them early"),
        ({"n_channels": 3}, "codes of 4 categories need as many channels"),
        ({"grid": 1}, "two objects need two tokens"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        Retinotopic(**arguments)
