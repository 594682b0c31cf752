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


def test_weights_are_fitted_where_conditions_differ():
    """Two of three sources are in the data; each of six subjects has 13 to 16 of 16 conditions."""
    n, rng = 16, np.random.default_rng(3)
    parts = rng.normal(size=(3, n, 3))
    names = [f"c{i:02d}" for i in range(n)]
    data, conditions = {}, {}
    for s in range(6):
        rdm = 2 * pdist(parts[0], "sqeuclidean") + pdist(parts[1], "sqeuclidean")
        rdm += 0.5 * np.random.default_rng(s).normal(size=len(rdm))
        own = np.sort(np.random.default_rng(s).choice(n, 16 - s // 2, replace=False))
        data[f"S{s}"] = squareform(squareform(rdm)[np.ix_(own, own)])
        conditions[f"S{s}"] = [names[i] for i in own]
    members = {f"part {i}": pdist(parts[i], "sqeuclidean") for i in range(3)}
    models = {**members, "all": {"weighted": members}, "way": {"interpolated": members}}
    results = asked(
        data, models, conditions=conditions, distance="precomputed", comparison="corr",
        n_permutations=40, n_bootstraps=10,
    )  # fmt: skip
    whole = row(results, "all")
    assert whole["mean"] > max(row(results, name)["mean"] for name in members) + 0.02
    assert whole["mean"] > 0.9
    assert whole["p"] == pytest.approx(1 / 41)
    assert abs(whole["shuffled_mean"]) < 0.2
    assert -1 < whole["ci_low"] < whole["mean"] < whole["ci_high"] < 1
    assert "own_conditions_14_to_16" in whole["flags"]
    assert row(results, "way")["mean"] > row(results, "part 2")["mean"]


def test_what_makes_models_other_ones_for_each_subject_fits_no_weights():
    data, conditions = some_each()
    given = {"conditions": conditions, "distance": "euclidean"}
    models = {"all": {"weighted": MODELS}}
    with pytest.raises(DataError, match=r"'all': what geo_topological_0_to_0\.5 make of it is not"):
        asked(data, models, geo_topological=(0, 0.5), **given)
    models["size"] = pdist(OTHER)
    with pytest.raises(DataError, match="'all': what nuisance RDMs make of it is not the same"):
        asked(data, models, nuisance=["size"], comparison="corr", **given)


def test_subjects_with_too_few_conditions_for_weights_are_counted():
    """Whether four of ten conditions leave three for one of two folds is a matter of the seed."""
    data, conditions = some_each((10, 8, 4, 4, 9))
    given = {"conditions": conditions, "distance": "euclidean", "n_permutations": 0}
    said = []
    for seed in range(6):
        try:
            asked(data, {"all": {"weighted": MODELS}}, seed=seed, **given)
        except DataError as error:
            said.append(str(error))
    assert 0 < len(said) < 6
    assert all("'all': " in one and "of 5 subjects are scored in no fold" in one for one in said)
