"""Classical scaling finds points from their distances, and says what it does not show."""

import numpy as np
import pytest
from scipy.spatial.distance import pdist

from neurodecode.core.errors import DataError
from neurodecode.linalg.mds import classical_mds


def test_points_in_a_plane_are_found_but_for_turns():
    points = np.random.default_rng(0).normal(size=(9, 2))
    places, share = classical_mds(pdist(points, "sqeuclidean"))
    assert pdist(places) == pytest.approx(pdist(points))
    assert share == pytest.approx(1)
    assert places.mean(axis=0) == pytest.approx(0, abs=1e-12)


def test_what_is_not_shown_is_told():
    """Equal distances of n points have n - 1 equal eigenvalues, two of which are shown."""
    _, share = classical_mds(np.ones(10 * 9 // 2))
    assert share == pytest.approx(2 / 9)


def test_the_axes_are_those_of_principal_components():
    X = np.random.default_rng(1).normal(size=(12, 5)) * [5, 3, 1, 1, 1]
    centred = X - X.mean(0)
    U, size, _ = np.linalg.svd(centred, full_matrices=False)
    places, share = classical_mds(pdist(X, "sqeuclidean"))
    assert np.abs(places) == pytest.approx(np.abs(U[:, :2] * size[:2]))
    assert share == pytest.approx((size[:2] ** 2).sum() / (size**2).sum())


def test_a_missing_pair_is_refused():
    with pytest.raises(DataError, match="1 dissimilarities are NaN"):
        classical_mds(np.array([1.0, np.nan, 2.0]))


def test_fewer_conditions_than_dimensions_have_zero_in_the_rest():
    places, share = classical_mds(np.array([4.0]), n_dims=3)
    assert places[:, 0] == pytest.approx([1, -1]) or places[:, 0] == pytest.approx([-1, 1])
    assert not places[:, 1:].any()
    assert share == pytest.approx(1)
