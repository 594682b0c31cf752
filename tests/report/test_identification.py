"""Regions of one person told by those of others, with intervals over people and stimuli."""

import numpy as np
import pandas as pd
import pytest

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg.rdm import euclidean
from neurodecode.linalg.rdm_identification import accuracy_variance, identify_regions
from neurodecode.simulate._rdm_world import RdmWorld


def world(seed=0, noise=1.0, n_subjects=6, n_regions=4, n_stimuli=30):
    made = RdmWorld(n_subjects, n_regions, n_stimuli, noise=noise, seed=seed)
    values = euclidean(made.patterns()[0])
    whose = [(f"S{s}", f"layer {r}") for s in range(n_subjects) for r in range(n_regions)]
    names = tuple(f"{i:02d}" for i in range(n_stimuli))
    table = pd.DataFrame(whose, columns=["subject", "region"])
    return values, nd.Rdms(values.reshape(len(whose), -1), names, table)


def test_regions_are_told_by_others_with_each_descriptor():
    values, rdms = world()
    asked = [(0, 1), (0, 0.5), "chosen"]
    found = nd.identify_regions(
        rdms, descriptors=asked, n_bootstraps=30, n_permutations=200, step=0.25
    )
    table = found.table.set_index("descriptor")
    assert list(table.index) == ["geometry", "0 to 0.5", "chosen"]
    expected = identify_regions(values)
    assert table.loc["geometry", "accuracy"] == pytest.approx(expected.accuracy)
    assert found.confusion["geometry"].to_numpy().tolist() == expected.confusion.tolist()
    assert (table["p"] == 1 / 201).all() and (table["chance"] == 0.25).all()
    assert np.all((table["low"] >= 0) & (table["low"] <= table["accuracy"]))
    assert np.all((table["accuracy"] <= table["high"]) & (table["high"] <= 1))
    assert set(found.chosen) == {f"S{s}" for s in range(6)}
    # No gain is claimed: chosen or fixed, what is between geometry and topology is level with it.
    assert np.ptp(table["accuracy"]) <= 0.15


def test_sensitivity_and_specificity_are_those_of_the_confusions():
    found = nd.identify_regions(world(noise=2.5)[1], n_bootstraps=0, n_permutations=0)
    confusion = found.confusion["geometry"].to_numpy()
    n_subjects, n_regions = 6, 4
    for i, row in enumerate(found.regions.itertuples()):
        taken = confusion[:, i].sum() - confusion[i, i]
        assert row.sensitivity == pytest.approx(confusion[i, i] / n_subjects)
        assert row.specificity == pytest.approx(1 - taken / (n_subjects * (n_regions - 1)))
    assert np.isnan(found.table[["low", "high", "p"]].to_numpy()).all()


@pytest.mark.slow
def test_the_spread_is_that_of_other_people_and_stimuli_and_some_more():
    """Drawn people have fewer others: the standard error is 1.24 times that of three worlds."""
    truths, variances = [], []
    for seed in range(3):
        patterns = RdmWorld(60, 4, 300, noise=1.0, seed=seed).patterns()[0]
        accuracies = []
        for i in range(10):  # other people and other stimuli of the same regions
            rdms = euclidean(patterns[6 * i : 6 * i + 6, :, 30 * i : 30 * i + 30])
            accuracies.append(identify_regions(rdms).accuracy)
            if i < 3:
                variances.append(accuracy_variance(rdms, [np.asarray], n_draws=80)[0])
        truths.append(np.var(accuracies, ddof=1))
    assert 1.0 < np.sqrt(np.mean(variances) / np.mean(truths)) < 1.5


@pytest.mark.parametrize(
    ("change", "error", "said"),
    [
        (lambda r: {"rdms": r.select(region="layer 0")}, DataError, "6 subjects and 1 regions"),
        (lambda r: {"comparison": "tau-a"}, ConfigError, "'tau-a' tells no regions"),
        (lambda r: {"descriptors": []}, ConfigError, "give one or more, each once"),
        (lambda r: {"descriptors": ["best"]}, ConfigError, "'best': give two quantiles"),
        (
            lambda r: {"rdms": nd.Rdms(r.values[:-1], r.conditions, r.table[:-1])},
            DataError,
            "subject S5 has no layer 3",
        ),
        (
            lambda r: {"rdms": nd.Rdms(r.values, r.conditions, r.table.assign(time=0.1))},
            DataError,
            "RDMs have times",
        ),
    ],
)
def test_what_tells_no_regions_is_refused(change, error, said):
    rdms = world()[1]
    with pytest.raises(error, match=said):
        nd.identify_regions(**{"rdms": rdms, "n_bootstraps": 0} | change(rdms))
