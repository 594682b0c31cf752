"""What `nd.rsa` refuses, and what it says of it."""

import numpy as np
import pandas as pd
import pytest
from rsa_brains import LATENT, MODELS, N_RUNS, N_SUBJECTS, NAMES, asked, brains, row
from scipy.spatial.distance import pdist, squareform

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"distance": "crossnobis"}, "crossnobis compares runs"),
        ({"distance": "euclidian"}, "there is no 'euclidian'"),
        ({"comparison": "pearson"}, "comparison: pearson"),
        ({"noise": "diag"}, "noise: diag is of mahalanobis and crossnobis"),
        ({"distance": "precomputed", "transform": "sqrt"}, "the data are RDMs already"),
        ({"nuisance": ["latent"]}, "which rho-a is not of"),
        ({"nuisance": ["latnt"], "comparison": "corr"}, "no model is called 'latnt'"),
        ({"split_half": 3}, "split_half: it compares RDMs of halves"),
        ({"regions": "area"}, "regions: it is of Trials"),
        ({"geo_topological": (0.5,)}, "geo_topological: 0.5: give two quantiles"),
        ({"geo_topological": (0, 1), "geodesic": 0.5}, "geodesic: it is not computed of RDMs"),
        ({"geo_topological": 0.5}, r"geo_topological: 0.5: give two quantiles"),
        ({"n_permutations": 100.0}, "n_permutations: 100.0: give a whole number"),
        ({"n_bootstraps": 1}, "one draw has no spread"),
        ({"conditions": {"S0": NAMES * N_RUNS}}, "conditions: subject S1 has none"),
        ({"conditions": pd.DataFrame({"name": NAMES * N_RUNS})}, "has no column 'condition'"),
        ({"models": {"x": np.ones((3, 3))}}, "an RDM of shape"),
        ({"models": {"x": np.stack([squareform(pdist(LATENT))] * 2)}}, "holds 2 RDMs"),
        ({"models": {"x": pd.DataFrame(LATENT, NAMES)}}, "Name both alike"),
        ({"models": {"x": {"features": LATENT[:4]}}}, "features of 4 rows for 10 conditions"),
        ({"models": {"x": {"column": ["a"] * 10}}}, "all pairs are as dissimilar"),
        ({"models": {"x": {"colum": ["a"] * 10}}}, "give one of rdm, features"),
        ({"models": {"x": {"weighted": {"a": pdist(LATENT)}}}}, "two fixed models or more"),
        ({"conditions": NAMES}, "10 conditions for 40 trials"),
        ({"conditions": ["a", "b"] * 20}, "2 conditions have 1 pairs"),
    ],
)
def test_what_cannot_be_meant_is_said_before_anything_is_computed(options, sentence, monkeypatch):
    from neurodecode.harness.rsa.sources import Source

    monkeypatch.setattr(Source, "rdms", lambda *_: pytest.fail("an RDM was computed"))
    with pytest.raises((ConfigError, DataError), match=sentence):
        asked(brains(), **options)


@pytest.mark.parametrize(
    ("data", "options", "sentence"),
    [
        ({"S": np.full((40, 3), np.nan)}, {}, "trial 0 holds NaN"),
        ({"S": np.ones((40, 3))}, {"distance": "correlation"}, "same in all channels"),
        ({"S": -np.ones((40, 3))}, {"transform": "sqrt"}, "a value is below zero"),
        ({"S": np.ones((10, 10))}, {"distance": "precomputed", "conditions": NAMES}, "diagonal is"),
    ],
)
def test_data_that_are_not_what_they_are_said_to_be(data, options, sentence):
    with pytest.raises(DataError, match=sentence):
        asked(data, **({"distance": "euclidean"} | options))


STACK = np.stack([squareform(pdist(LATENT))] * 3)


@pytest.mark.parametrize(
    ("data", "models", "error", "sentence"),
    [
        (brains(), pdist(LATENT), ConfigError, "ndarray is no mapping. Give one of name to RDM"),
        (brains(), {}, ConfigError, "none is given"),
        ({"S0": squareform(pdist(LATENT))}, MODELS, DataError, "Say distance='precomputed'"),
        (STACK, MODELS, DataError, r"holds 3 RDMs. Of 3 subjects give .* distance='precomputed'"),
        (list(brains().values()), MODELS, ConfigError, r"a list. Give \{subject: array\}"),
        ("images92", MODELS, ConfigError, "'images92', a name"),
        ({"S0": None}, MODELS, DataError, "subject S0: a NoneType"),
    ],
)
def test_what_is_handed_in_otherwise_than_meant_is_said(data, models, error, sentence):
    with pytest.raises(error, match=sentence):
        nd.rsa(data, models, verbose=False)


def test_a_subject_that_cannot_be_compared_is_said_to_be_left_out():
    data = brains()
    data["S1"][2, 3] = np.nan
    with pytest.warns(UserWarning, match="left out: subject S1: .*trial 2 holds NaN"):
        results = asked(data)
    assert row(results, "latent")["n_units"] == N_SUBJECTS - 1


def test_a_model_that_nuisance_tells_whole_is_refused():
    models = {"twice": 2 * pdist(LATENT), "once": pdist(LATENT)}
    with pytest.raises(DataError, match="nuisance RDMs tell all of it"):
        asked(brains(), models, distance="euclidean", comparison="corr", nuisance=["once"])


def test_a_stack_of_rdms_is_of_no_single_subject():
    given = {"distance": "precomputed", "conditions": NAMES}
    with pytest.raises(DataError, match=r"shape \(3, 10, 10\) holds 3 RDMs. Of 3 subjects give"):
        asked(STACK, **given)
    times = asked({"S0": STACK}, times=[0.0, 0.1, 0.2], **given).table()["time"]
    assert set(times) == {0.0, 0.1, 0.2}
