"""Subjects of `nd.rsa` who have different conditions."""

import numpy as np
import pytest
from rsa_brains import (
    LATENT,
    MODELS,
    N_CONDITIONS,
    N_RUNS,
    NAMES,
    OTHER,
    asked,
    brains,
    partial_spearman,
    row,
)
from scipy.spatial.distance import pdist, squareform

from neurodecode.core.errors import DataError


def some_each(counts=(10, 8, 8, 7, 9)):
    """Give patterns of which each subject has some conditions, and which."""
    data, conditions = {}, {}
    for (name, X), n in zip(brains().items(), counts, strict=True):
        own = np.sort(np.random.default_rng(n).choice(N_CONDITIONS, n, replace=False))
        data[name] = X.reshape(N_RUNS, N_CONDITIONS, -1)[:, own].reshape(N_RUNS * n, -1)
        conditions[name] = [NAMES[i] for i in own] * N_RUNS
    return data, conditions


def test_subjects_who_have_some_of_the_conditions_are_compared_on_those():
    data, conditions = some_each()
    options = {"distance": "euclidean", "comparison": "corr", "n_bootstraps": 100}
    results = asked(data, conditions=conditions, **options)
    planted, other = row(results, "latent"), row(results, "other")
    own = [NAMES.index(name) for name in conditions["S3"][:7]]
    mean = data["S3"].reshape(N_RUNS, 7, -1).mean(0)
    expected = np.corrcoef(pdist(mean, "sqeuclidean"), pdist(LATENT[own], "sqeuclidean"))[0, 1]
    assert planted["S3"] == pytest.approx(expected, abs=1e-10)
    assert planted["p"] == pytest.approx(1 / 201) and other["p"] > 0.05
    assert planted["ci_low"] < planted["mean"] < planted["ci_high"]
    complete = row(asked(brains(), **options), "latent")
    assert planted["S0"] == pytest.approx(
        complete["S0"]
    )  # who has all conditions is as among those who have
    assert planted["ceiling_low"] == pytest.approx(complete["ceiling_low"], abs=0.1)
    assert planted["ceiling_low"] < planted["ceiling_high"]
    assert "own_conditions_7_to_10" in planted["flags"]
    counts = results.scores().drop_duplicates("subject").set_index("subject")["n_conditions"]
    assert counts.to_dict() == dict(zip(data, (10, 8, 8, 7, 9), strict=True))
    page = results.report().read_text(encoding="utf-8")
    assert "the fewest and the most of one" in page
    assert "S3 (7 conditions)" in page
    again = asked(results.rdms().select(region=""), {"latent": pdist(LATENT, "sqeuclidean")},
                  conditions=None, comparison="corr")  # fmt: skip
    assert row(again, "latent")["mean"] == pytest.approx(planted["mean"])


def test_nuisance_is_taken_out_of_what_each_subject_has():
    data, conditions = some_each()
    rng = np.random.default_rng(0)
    nuisance = pdist(OTHER)
    echo = pdist(LATENT) + rng.normal(size=len(nuisance))
    results = asked(
        data, {"echo": echo, "nuisance": nuisance}, conditions=conditions, distance="euclidean",
        comparison="spearman", nuisance=["nuisance"],
    )  # fmt: skip
    own = [NAMES.index(name) for name in conditions["S3"][:7]]
    mine = pdist(data["S3"].reshape(N_RUNS, 7, -1).mean(0), "sqeuclidean")
    here = [squareform(one)[np.ix_(own, own)][np.triu_indices(7, 1)] for one in (echo, nuisance)]
    assert row(results, "echo")["S3"] == pytest.approx(partial_spearman(mine, *here), abs=1e-10)


@pytest.mark.parametrize(
    ("sets", "sentence"),
    [
        ([NAMES, NAMES[:3]], "subject S1 has 3 of 10 conditions; 4 are the fewest"),
        ([NAMES[:5], NAMES[5:]], "no two of 2 subjects share 4 conditions"),
    ],
)
def test_subjects_who_share_too_few_conditions_are_refused(sets, sentence):
    rng = np.random.default_rng(0)
    data = {f"S{i}": rng.normal(size=(len(own), 9)) for i, own in enumerate(sets)}
    conditions = {f"S{i}": own for i, own in enumerate(sets)}
    with pytest.raises(DataError, match=sentence):
        asked(data, conditions=conditions)
    with pytest.raises(DataError, match="and none is named"):  # a tenth trial may be any
        asked({"S0": rng.normal(size=(10, 9)), "S1": rng.normal(size=(9, 9))}, conditions=None)


def test_what_is_fitted_needs_conditions_that_all_have():
    data, conditions = some_each()
    with pytest.raises(DataError, match="'all': it is fitted to conditions that all"):
        asked(data, {"all": {"weighted": MODELS}}, conditions=conditions, distance="euclidean")
