"""Reliability of RDMs: what halves of the runs tell of all of them."""

import numpy as np
import pytest

from neurodecode.core.errors import DataError
from neurodecode.harness.rsa.options import RsaOptions
from neurodecode.harness.rsa.reliability import reliability, stepped_up
from neurodecode.harness.rsa.sources import Source
from neurodecode.linalg.rdm import euclidean
from neurodecode.linalg.rdm_compare import compare

N_RUNS, N_CONDITIONS, N_CHANNELS = 8, 20, 50


def source(X):
    conditions = np.tile([f"{i:02d}" for i in range(X.shape[1])], len(X))
    runs = np.repeat([str(i) for i in range(len(X))], X.shape[1])
    flat = X.reshape(-1, X.shape[2])
    return Source("S", "", lambda: flat, "", conditions, runs)


@pytest.mark.parametrize("comparison", ["corr", "rho-a", "tau-a"])
def test_stepped_up_halves_are_near_how_whole_data_agree(comparison):
    """Of two data sets that agree by .89, .87 and .69, halves do by .12, .14 and .15 less.

    Stepped up they are .02, .03 and .035 too low, standard errors .01 of forty worlds.
    """
    options = RsaOptions(runs="run", distance="euclidean", comparison=(comparison,), split_half=6)
    rng = np.random.default_rng(0)
    found = []
    for _ in range(40):
        signal = rng.normal(size=(N_CONDITIONS, 6)) @ rng.normal(size=(6, N_CHANNELS)) * 0.22
        one, other = signal + rng.normal(size=(2, N_RUNS, N_CONDITIONS, N_CHANNELS))
        told = reliability(source(one), options, 0)
        assert told.times == 2
        both = [euclidean(X.mean(axis=0))[None] for X in (one, other)]
        halves = np.array(told.halves[comparison])
        whole = stepped_up(halves, told.times, comparison)
        found.append([compare(*both, comparison)[0, 0], halves[0], whole[0]])
    truth, halves, whole = np.mean(found, axis=0)
    assert halves < truth - 0.1
    assert abs(whole - truth) < (truth - halves) / 3


def test_what_is_below_zero_stays_as_near_to_it():
    r = np.array([-0.5, -0.1, 0.0, 0.1, 0.5, 1.0])
    for comparison in ("rho-a", "tau-a"):
        whole = stepped_up(r, 2.0, comparison)
        assert whole[:3] == pytest.approx(-whole[4:1:-1])
        assert whole[-1] == pytest.approx(1)


def test_runs_that_lack_a_condition_have_no_halves():
    X = np.random.default_rng(0).normal(size=(2, 4, 5))
    one = source(X)
    options = RsaOptions(runs="run", split_half=2)
    one.conditions[0] = "02"
    with pytest.raises(DataError, match="a half of the runs lacks a condition"):
        reliability(one, options, 0)
    with pytest.raises(DataError, match="one run has no halves"):
        reliability(source(X[:1]), options, 0)
