"""Ceilings from other people, on brains that share a signal."""

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.linalg.splits import block_splits
from neurodecode.metrics.ceiling import normalise
from neurodecode.metrics.cross_subject import cross_subject, extrapolated


def people(n_people=6, n_rows=300, n_targets=40, reliability=0.4, seed=0):
    """Voxels that follow five shared series, each with noise of its own."""
    rng = np.random.default_rng(seed)
    shared = rng.standard_normal((n_rows, 5))
    brains = []
    for _ in range(n_people):
        signal = shared @ rng.standard_normal((5, n_targets))
        signal /= signal.std(axis=0)
        noise = rng.standard_normal((n_rows, n_targets))
        brains.append(np.sqrt(reliability) * signal + np.sqrt(1 - reliability) * noise)
    return brains


def runs(n_rows=300, n_runs=3):
    run = np.repeat(np.arange(n_runs), n_rows // n_runs)
    return [(np.flatnonzero(run != one), np.flatnonzero(run == one)) for one in range(n_runs)]


def test_many_others_tell_nearly_all_that_noise_lets_be_told():
    found = cross_subject(people(), 0, runs())
    assert (found.unit, found.of, len(found)) == ("r", "single", 40)
    # √.4; five people of 40 voxels know the shared series to a few per cent.
    assert 0.9 * np.sqrt(0.4) < found.value.mean() < 1.01 * np.sqrt(0.4)
    in_r2 = cross_subject(people(), 0, runs(), unit="r2")
    assert in_r2.unit == "r2"
    assert 0.3 < in_r2.value.mean() < 0.4
    with pytest.raises(DataError, match="a score in r is not divided by a ceiling in r2"):
        normalise(np.ones(40), in_r2, unit="r")


def test_people_who_share_nothing_tell_nothing():
    brains = people(3)
    brains[0] = np.random.default_rng(1).standard_normal(brains[0].shape)
    assert abs(cross_subject(brains, 0, runs()).value.mean()) < 0.05


def test_the_unit_of_the_others_is_nothing_to_the_ceiling():
    """Penalties are chosen for the features that are fitted: each of standard deviation 1."""
    brains = people(3)
    rng = np.random.default_rng(2)
    scaled = [brains[0], *(10 + 1000 * one * rng.uniform(0.1, 10, 40) for one in brains[1:])]
    np.testing.assert_allclose(
        cross_subject(scaled, 0, runs()).value, cross_subject(brains, 0, runs()).value, atol=1e-6
    )


def test_penalties_are_chosen_across_the_guard_gaps_of_the_splits(monkeypatch):
    """Of 3 blocks of 10 rows with gaps of 2, no inner fold trains within 2 rows of its test."""
    from neurodecode.metrics import cross_subject as module

    seen = []

    def chosen(X, Y, alphas, splits):
        seen.extend(splits)
        return cross_validated(X, Y, alphas, splits)

    cross_validated = module.cross_validated
    monkeypatch.setattr(module, "cross_validated", chosen)
    splits = block_splits(30, 3, gap=2)
    cross_subject(people(2, n_rows=30, n_targets=3), 0, splits)
    rows = [splits[number].train for number in range(3) for _ in range(2)]
    assert len(seen) == 6
    for train_of, (train, test) in zip(rows, seen, strict=True):
        apart = np.abs(train_of[train][:, None] - train_of[test]).min()
        assert apart > 2


def test_the_curve_over_people_leads_to_the_ceiling():
    # With 6 voxels each, two people tell .7 of what noise lets be told, and all six .86.
    brains = people(n_targets=6, n_rows=600, n_people=7)
    splits = runs(600)
    found = extrapolated(brains, 0, splits, alphas=[100.0], n_draws=8)
    all_others = cross_subject(brains, 0, splits, alphas=[100.0]).value.mean()
    assert found.scores.mean(axis=1)[-1] == pytest.approx(all_others)
    assert np.all(np.diff(found.scores.mean(axis=1)) > 0)
    assert 0.97 * all_others < found.ceiling.value[0] < 1.02 * np.sqrt(0.4)
    assert found.low <= found.ceiling.value[0] <= found.high
    assert (found.ceiling.per, found.ceiling.unit) == ("subject", "r")


def test_three_people_are_too_few_to_extrapolate():
    with pytest.raises(DataError, match="4 are the least; use cross_subject"):
        extrapolated(people(3), 0, runs())


def test_a_curve_that_leads_nowhere_is_refused(monkeypatch):
    def told(brains, subject, others, *_):
        return np.array([0.03 * len(others) ** 2])

    monkeypatch.setattr("neurodecode.metrics.cross_subject._told", told)
    with pytest.raises(DataError, match="which is none"):
        extrapolated(people(6), 0, runs(), n_draws=3)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"brains": [np.ones((10, 2)), np.ones((9, 2))]}, "brains of \\[9, 10\\] rows"),
        ({"brains": [np.ones((10, 2))]}, "nobody else"),
        ({"splits": []}, "there is no split"),
        ({"splits": runs()[:1]}, "Give two splits or more, or one penalty"),
    ],
)
def test_what_cannot_be_told_is_refused(changed, said):
    asked = {"brains": people(3), "splits": runs(), **changed}
    with pytest.raises(DataError, match=said):
        cross_subject(asked["brains"], 0, asked["splits"])
