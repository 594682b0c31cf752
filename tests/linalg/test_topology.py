"""Geo-topological and geodesic transforms against their definitions."""

import numpy as np
import pytest
from scipy.sparse.csgraph import shortest_path
from scipy.spatial.distance import pdist, squareform

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.rdm import euclidean
from neurodecode.linalg.rdm_compare import compare
from neurodecode.linalg.topology import (
    choose_quantiles,
    geo_topological,
    geo_topological_family,
    geodesic,
)
from neurodecode.simulate._rdm_world import RdmWorld

# The closest pair of four conditions is the first; rsatoolbox 0.3.2's geodesic transform puts it at
# 1.82, above the largest distance, because an edge of weight 0 counts as none there.
SIX = np.array([0.1, 0.9, 0.8, 0.85, 0.95, 0.5])


@pytest.fixture
def rdms():
    rng = np.random.default_rng(0)
    return np.stack([pdist(rng.normal(size=(9, 4))) * scale for scale in (1, 30, 0.01)])


def test_from_0_to_1_it_is_the_rdm_between_its_ends(rdms):
    low, high = rdms.min(1, keepdims=True), rdms.max(1, keepdims=True)
    assert geo_topological(rdms, 0, 1) == pytest.approx((rdms - low) / (high - low), abs=1e-14)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.9])
def test_equal_bounds_leave_neighbours_and_others(rdms, quantile):
    bound = np.quantile(rdms, quantile, axis=1, keepdims=True)
    assert np.array_equal(geo_topological(rdms, quantile, quantile), (rdms > bound).astype(float))


def test_between_the_bounds_it_is_linear(rdms):
    low, high = np.quantile(rdms[0], [0.2, 0.7])
    expected = [0 if d < low else 1 if d > high else (d - low) / (high - low) for d in rdms[0]]
    assert geo_topological(rdms[0], 0.2, 0.7) == pytest.approx(expected)


def test_a_noisy_subject_changes_no_other(rdms):
    """Quantiles pooled over RDMs make the second all ones and the third all zeros."""
    together = geo_topological(rdms, 0.2, 0.7)
    alone = np.stack([geo_topological(one, 0.2, 0.7) for one in rdms])
    assert np.array_equal(together, alone)
    assert ((together > 0) & (together < 1)).sum(1).min() > 10


def test_what_is_given_stays_as_it_is(rdms):
    before = rdms.tobytes()
    for _ in geo_topological(rdms, 0.2, 0.7), geo_topological_family(rdms), geodesic(rdms, 0.5):
        assert rdms.tobytes() == before


def test_the_family_is_all_pairs_of_bounds(rdms):
    bounds, members = geo_topological_family(rdms)
    assert len(bounds) == 66  # 11 quantiles, low <= high
    for (low, high), member in zip(bounds[::7], members[::7], strict=True):
        assert np.array_equal(member, geo_topological(rdms, low, high))


def test_a_missing_pair_stays_missing(rdms):
    holed = rdms.copy()
    holed[1, 4] = np.nan
    found = geo_topological(holed, 0.1, 0.6)
    assert np.isnan(found).sum() == 1
    assert np.array_equal(np.delete(found[1], 4), geo_topological_of(np.delete(rdms[1], 4)))
    assert np.array_equal(found[[0, 2]], geo_topological(rdms, 0.1, 0.6)[[0, 2]])


def geo_topological_of(pairs):
    low, high = np.quantile(pairs, [0.1, 0.6])
    return np.clip((pairs - low) / (high - low), 0, 1)


def test_ties_at_both_bounds_become_neighbours():
    tied = np.array([0.0, 1, 1, 1, 1, 2])
    assert np.array_equal(geo_topological(tied, 0.3, 0.7), [0, 0, 0, 0, 0, 1])


@pytest.mark.parametrize("high", [0.3, 0.6, 1.0])
def test_geodesics_are_shortest_ways(rdms, high):
    found = geodesic(rdms, high)
    for one, ways in zip(rdms, found, strict=True):
        edges = squareform(np.where(one <= np.quantile(one, high), one, 0))
        expected = squareform(shortest_path(edges, directed=False), checks=False)
        expected[np.isinf(expected)] = expected[np.isfinite(expected)].max()
        assert ways == pytest.approx(expected, abs=1e-12)


def test_the_closest_pair_stays_the_closest():
    found = geodesic(SIX)
    assert found[0] == SIX[0]
    assert np.argmin(found) == 0


def test_equal_conditions_are_neighbours_of_length_0():
    """Condition 1 is where 0 is, so both are as far from 2 along the way over the other."""
    rdm = np.array([0.0, 3.0, 1.0])
    assert np.array_equal(geodesic(rdm), [0.0, 1.0, 1.0])


def test_where_no_way_leads_the_longest_stands():
    two_pairs = np.array([0.1, 5, 6, 7, 8, 0.2])  # 0-1 and 2-3 are near, all else is far
    assert np.array_equal(geodesic(two_pairs, 0.3), [0.1, 0.2, 0.2, 0.2, 0.2, 0.2])


def test_bounds_that_are_no_quantiles_are_said(rdms):
    for low, high in [(0.5, 0.2), (-0.1, 0.5), (0, 1.2)]:
        with pytest.raises(ConfigError, match="0 <= low <= high <= 1"):
            geo_topological(rdms, low, high)
    with pytest.raises(ConfigError, match=r"quantile 0;"):
        geodesic(rdms, 0)
    with pytest.raises(ConfigError, match=r"0.3 does not divide 1"):
        geo_topological_family(rdms, 0.3)


def test_what_is_no_rdm_is_said():
    with pytest.raises(DataError, match="7 entries, which is no number of pairs of"):
        geo_topological(np.ones(7), 0, 1)
    with pytest.raises(DataError, match="below 0 or missing"):
        geodesic(np.array([-0.1, 0.2, 0.3]))
    with pytest.raises(DataError, match="infinite"):
        geo_topological(np.array([np.inf, 0.2, 0.3]), 0, 1)


def seen_by_people(seed, noise, n_subjects=10):
    """RDMs of regions, and those of the layers that they are, which are the models."""
    world = RdmWorld(noise=noise, seed=seed, n_subjects=n_subjects)
    return euclidean(world.patterns()[0]).swapaxes(0, 1), euclidean(world.layers())


def told_right(rdms, layers, bounds):
    """Share of subjects' regions whose own layer is the most alike of all."""
    right = []
    for region, place in enumerate(rdms):
        for one, (low, high) in zip(place, bounds, strict=True):
            made = geo_topological(one, low, high)[None], geo_topological(layers, low, high)
            right.append(compare(*made, "corr")[0].argmax() == region)
    return np.mean(right)


def test_chosen_quantiles_are_level_with_geometry():
    """Layers were told by .956 and .956 in eight worlds, and by .642 and .648 of larger noise."""
    accuracies = []
    for seed in range(3):
        rdms, layers = seen_by_people(seed, 1.0)
        chosen = choose_quantiles(rdms, "corr", step=0.25)
        whole = np.tile([0.0, 1.0], (len(chosen.bounds), 1))
        accuracies.append([told_right(rdms, layers, one) for one in (whole, chosen.bounds)])
        assert np.all(chosen.agreement >= chosen.geometry)
    geometry, topology = np.mean(accuracies, axis=0)
    assert geometry > 0.9
    assert abs(topology - geometry) <= 0.05


def test_a_subject_has_no_say_in_its_own_quantiles():
    rdms = seen_by_people(0, 1.0, n_subjects=4)[0][:2]
    before = choose_quantiles(rdms, "rho-a", step=0.25)
    rdms[:, 2] = np.random.default_rng(0).random(rdms[:, 2].shape)
    after = choose_quantiles(rdms, "rho-a", step=0.25)
    assert np.array_equal(before.bounds[2], after.bounds[2])
    assert before.agreement[2] == after.agreement[2]
    assert not np.allclose(np.delete(before.agreement, 2), np.delete(after.agreement, 2))


def test_where_people_share_who_is_near_alone_far_pairs_are_made_equal():
    """Distances above the median are each person's own: a world in which there is a gain."""
    rng = np.random.default_rng(1)
    shared = pdist(rng.normal(size=(30, 4)))
    own = np.where(shared > np.median(shared), np.median(shared) + 9 * rng.random((6, 435)), shared)
    chosen = choose_quantiles(own[None], "corr")
    assert np.all(chosen.bounds[:, 1] <= 0.6)
    assert np.all(chosen.agreement > chosen.geometry + 0.2)


@pytest.mark.parametrize(
    ("rdms", "method", "error", "said"),
    [
        (np.ones((1, 2, 6)), "corr", DataError, "Three are the fewest"),
        (np.ones((1, 3, 6)), "cosine", ConfigError, "cosine says of any two RDMs"),
        (np.where(np.arange(18) == 4, np.nan, 1.0).reshape(1, 3, 6), "corr", DataError, "missing"),
    ],
)
def test_what_no_quantiles_can_be_chosen_of(rdms, method, error, said):
    with pytest.raises(error, match=said):
        choose_quantiles(rdms, method)
