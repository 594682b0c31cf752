"""Embeddings, and parcels whose weights are drawn from one distribution."""

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.simulate.fmri.embeddings import Embeddings


def test_responses_are_embeddings_weighed_and_the_noise_has_unit_variance():
    world = Embeddings(n_parcels=60)
    signal = world.signal("01", "1", "1")
    X = signal.tables["embedding"].astype(float)
    np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, rtol=1e-6)
    expected = signal.tracks["oracle:fmri"]
    np.testing.assert_allclose(X @ world.weights("01").T, expected, atol=1e-5)
    # 240 × 60 draws: a standard error of .006.
    assert (signal.data - expected).std() == pytest.approx(1, abs=0.03)
    assert np.isnan(world.header("01", "1", "1").tracks["oracle:fmri"]).all()


def test_weights_of_all_people_are_of_one_distribution_of_few_dimensions():
    world = Embeddings(subjects=("01", "02"), n_parcels=3000, effect=0.7)
    one, other = world.weights("01"), world.weights("02")
    assert not np.allclose(one, other)
    assert np.linalg.matrix_rank(np.concatenate([one, other])) == 4
    expected = world.loadings.T @ world.loadings
    size = np.linalg.norm(expected)
    assert np.linalg.norm(np.cov(one.T) - expected) < 0.1 * size
    # Responses to even directions have the variance tr(C) / n_features: .7².
    assert np.trace(expected) / 24 == pytest.approx(0.49)


def test_no_two_people_are_shown_the_same_picture():
    world = Embeddings(subjects=("01", "02"), n_parcels=2)
    one, other = (world.signal(name, "1", "1") for name in world.subjects)
    assert one.space == other.space  # one parcellation
    assert not set(one.events["stimulus"]) & set(other.events["stimulus"])
    assert not np.allclose(one.tables["embedding"], other.tables["embedding"])


def test_people_may_have_voxels_of_their_own():
    world = Embeddings(subjects=("01", "02"), n_voxels={"01": 3, "02": 5})
    signals = [world.signal(name, "1", "1") for name in world.subjects]
    assert [len(one.space) for one in signals] == [one.data.shape[1] for one in signals] == [3, 5]
    alike = Embeddings(subjects=("01", "02"), n_voxels=4)
    one, other = (alike.signal(name, "1", "1") for name in alike.subjects)
    assert one.space != other.space
    parcels = Embeddings(subjects=("01", "02"), n_parcels=4).signal("02", "1", "1")
    np.testing.assert_array_equal(other.data, parcels.data)  # what they are called changes nothing
    with pytest.raises(ConfigError, match="n_voxels: subject '02' has none"):
        Embeddings(subjects=("01", "02"), n_voxels={"01": 3})


def test_a_rank_above_the_features_is_refused():
    with pytest.raises(ConfigError, match="rank: 30 of 24 features"):
        Embeddings(rank=30)
