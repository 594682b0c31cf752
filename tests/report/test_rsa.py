"""`nd.rsa`: patterns or RDMs in, a table that says what a planted geometry says."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.distance import pdist, squareform
from scipy.stats import spearmanr

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg import topology
from neurodecode.linalg.rdm_compare import compare

N_CONDITIONS, N_SUBJECTS, N_CHANNELS, N_RUNS = 10, 5, 24, 4
LATENT = np.random.default_rng(7).normal(size=(N_CONDITIONS, 3))
OTHER = np.random.default_rng(8).normal(size=(N_CONDITIONS, 3))
NAMES = [f"c{i}" for i in range(N_CONDITIONS)]
MODELS = {
    "latent": {"features": LATENT, "distance": "euclidean"},
    "other": {"features": OTHER, "distance": "euclidean"},
}


def brain(seed, noise=1.0, times=None):
    """Give trials of one subject, runs after each other, and the runs."""
    rng = np.random.default_rng(seed)
    mixed = np.tile(LATENT @ rng.normal(size=(3, N_CHANNELS)), (N_RUNS, 1))
    if times is not None:
        mixed = mixed[..., None] * np.exp(-0.5 * ((times - 0.2) / 0.05) ** 2)
    return mixed + noise * rng.normal(size=mixed.shape)


def brains(**options):
    return {f"S{s}": brain(s, **options) for s in range(N_SUBJECTS)}


def asked(data, models=None, **options):
    given = {"conditions": NAMES * N_RUNS, "n_permutations": 200, "n_bootstraps": 0} | options
    return nd.rsa(data, models or MODELS, verbose=False, **given)


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return asked(
        brains(),
        distance="euclidean",
        comparison=["rho-a", "corr"],
        out=tmp_path_factory.mktemp("rsa") / "planted",
    )


def row(results, model, metric=None, **where):
    table = results.table(metric)
    for key, value in {"model": model, **where}.items():
        table = table[table[key] == value]
    (one,) = table.to_dict("records")
    return one


def test_the_planted_geometry_is_found_and_another_is_not(found):
    planted, other = row(found, "latent", "rho-a"), row(found, "other", "rho-a")
    assert planted["mean"] > 0.6
    assert planted["p"] == pytest.approx(1 / 201)  # no permutation of 200 does as well
    assert other["p"] > 0.05
    assert planted["chance"] == 0
    assert (planted["n_units"], planted["unit"]) == (N_SUBJECTS, "subject")
    assert (planted["n_trials"], planted["tested"]) == (N_CONDITIONS, "condition")


def test_every_subject_is_compared_by_itself(found):
    model = pdist(LATENT, "sqeuclidean")
    for subject, X in brains().items():
        mean = X.reshape(N_RUNS, N_CONDITIONS, -1).mean(0)
        expected = np.corrcoef(pdist(mean, "sqeuclidean"), model)[0, 1]
        assert row(found, "latent", "corr")[subject] == pytest.approx(expected, abs=1e-10)
    scores = found.scores()
    assert len(scores) == N_SUBJECTS * len(MODELS) * 2
    assert set(scores["subject"]) == set(brains())


def test_the_ceiling_is_what_subjects_tell_of_each_other(found):
    rdms = [pdist(X.reshape(N_RUNS, N_CONDITIONS, -1).mean(0), "sqeuclidean")
            for X in brains().values()]  # fmt: skip
    z = np.array([(one - one.mean()) / one.std() for one in rdms])
    lower = np.mean([np.corrcoef(z[i], np.delete(z, i, 0).mean(0))[0, 1] for i in range(len(z))])
    upper = np.mean([np.corrcoef(one, z.mean(0))[0, 1] for one in z])
    planted = row(found, "latent", "corr")
    assert planted["ceiling_low"] == pytest.approx(lower, abs=1e-10)
    assert planted["ceiling_high"] == pytest.approx(upper, abs=1e-10)
    assert f"ceiling_of_{N_SUBJECTS}" in planted["flags"]


def test_the_null_is_at_zero(found):
    for metric in ("rho-a", "corr"):
        null = row(found, "other", metric)
        assert abs(null["shuffled_mean"]) < 3 * null["shuffled_sd"] / np.sqrt(200) + 0.02
        assert 0 < null["shuffled_sd"] < 0.2


def test_the_table_is_text_and_json(found):
    text = found.text()
    assert "ceiling" in text.splitlines()[0]
    assert "subjects, 10 conditions" in text
    from neurodecode.report.tables import format_rows

    plain = json.loads(format_rows(found.rows(), "json"))
    assert {"model", "mean", "ceiling_low", "p", "region", "per_unit"} <= set(plain[0])


def test_what_was_compared_is_kept(found):
    rdms = found.rdms()
    assert rdms.conditions == tuple(NAMES)
    mine = rdms.select(subject="latent", region="model").values[0]
    assert mine == pytest.approx(pdist(LATENT, "sqeuclidean") / 3, abs=1e-12)  # over channels
    again = nd.load_results(found.folder)
    pd.testing.assert_frame_equal(again.table(), found.table())


def test_a_second_call_computes_nothing(found, monkeypatch):
    from neurodecode.harness.rsa.sources import Source

    monkeypatch.setattr(Source, "rdms", lambda *_: pytest.fail("an RDM was computed again"))
    options = {"distance": "euclidean", "out": found.folder}
    again = asked(brains(), comparison="corr", **options)  # another comparison of the same RDMs
    assert row(again, "latent")["mean"] == row(found, "latent", "corr")["mean"]
    asked(brains(), comparison=["rho-a", "corr"], **options)


def test_rdms_that_are_there_give_the_same(found):
    data = {s: squareform(found.rdms().select(subject=s).values[0]) for s in brains()}
    models = {"latent": squareform(pdist(LATENT)), "other": pdist(OTHER)}
    again = asked(data, models, conditions=NAMES, distance="precomputed", comparison="rho-a")
    for model in models:  # ranks of distances are those of their squares
        assert row(again, model)["mean"] == pytest.approx(row(found, model, "rho-a")["mean"])
    table = nd.Rdms.of_squares(np.stack(list(data.values())), NAMES)
    from_value = asked(table, models, conditions=None, comparison="rho-a")
    assert row(from_value, "latent")["mean"] == pytest.approx(row(again, "latent")["mean"])


def test_trials_name_conditions_runs_and_regions_by_column():
    trials = nd.load("mouse_v1", "rdk_12", variant="rdk", simulate="small")
    results = nd.rsa(
        trials,
        {"motion": {"column": "motion"}},
        conditions="label",
        runs="repeat",
        regions="area",
        transform="sqrt",
        split_half=4,
        comparison="spearman",
        n_permutations=50,
        n_bootstraps=0,
        verbose=False,
    )
    table = results.table()
    assert set(table["region"]) == {"V1", "LM"}
    assert set(table[table["role"] == "ceiling"]["model"]) == {"split-half reliability"}
    assert set(table["n_trials"]) == {12}
    assert "ties" in row(results, "motion", region="V1")["flags"]


def test_numbered_conditions_stand_by_value():
    """As text 10 would come before 2, and models would be of other conditions."""
    numbers = [str(i) for i in range(2, 2 + N_CONDITIONS)]
    results = asked(brains(), conditions=numbers * N_RUNS, distance="euclidean")
    assert results.rdms().conditions == tuple(numbers)
    assert row(results, "latent")["mean"] > 0.6


def test_over_time_the_effect_is_where_it_was_planted():
    times = np.linspace(0, 0.4, 9)
    results = asked(
        brains(times=times), runs=np.repeat(range(N_RUNS), N_CONDITIONS), distance="crossnobis",
        times=times, n_permutations=300,
    )  # fmt: skip
    table = results.table()
    mine = table[table["model"] == "latent"].set_index("time")
    assert mine.loc[0.2, "mean"] > 0.6
    assert abs(mine.loc[0.0, "mean"]) < 0.3
    assert mine.loc[0.2, "p"] < 0.01
    assert mine.loc[0.0, "p"] > 0.05
    assert np.all(mine["p"] >= mine["p_uncorrected"])


def test_crossnobis_with_noise_is_that_of_the_kernel():
    from neurodecode.linalg.rdm_crossnobis import crossnobis
    from neurodecode.linalg.rdm_noise import measurement_residuals, noise_precision
    from neurodecode.linalg.rdm_patterns import patterns

    X = np.concatenate([brain(0), brain(1)])
    conditions, runs = np.array(NAMES * 8), np.tile(np.repeat(range(4), N_CONDITIONS), 2)
    results = asked(
        {"S": X}, conditions=conditions, runs=runs, distance="crossnobis", noise="shrink_diag"
    )
    left, dof = measurement_residuals(X, conditions, runs)
    means = patterns(X, conditions, runs).means
    expected = crossnobis(means, noise_precision(left, "shrink_diag", dof).precision)
    assert results.rdms().values[0] == pytest.approx(expected, rel=1e-10)


def test_categories_and_numbers_become_rdms():
    groups = list("aabbccddee")
    ages = np.arange(N_CONDITIONS) ** 2
    models = {"group": {"column": groups}, "age": {"column": ages}}
    results = asked(brains(), models, distance="euclidean")
    rdms = results.rdms()
    first, second = np.triu_indices(N_CONDITIONS, 1)
    kind = np.array(groups)
    assert np.array_equal(rdms.select(subject="group").values[0], kind[first] != kind[second])
    assert np.array_equal(rdms.select(subject="age").values[0], abs(ages[first] - ages[second]))


def test_nuisance_models_are_taken_out_of_both():
    """A model of half the nuisance and nothing else tells nothing once that is taken out."""
    rng = np.random.default_rng(0)
    nuisance = pdist(LATENT, "sqeuclidean")
    echo = nuisance + 0.3 * nuisance.std() * rng.normal(size=len(nuisance))
    models = {"echo": echo, "nuisance": nuisance}
    plain = asked(brains(), models, distance="euclidean", comparison="spearman")
    partial = asked(
        brains(), models, distance="euclidean", comparison="spearman", nuisance=["nuisance"]
    )
    assert row(plain, "echo")["mean"] > 0.6
    assert row(partial, "echo")["mean"] < row(plain, "echo")["mean"] - 0.4
    assert "nuisance" not in set(partial.table()["model"])
    subject = plain.rdms().select(subject="S0").values[0]
    expected = partial_spearman(subject, echo, nuisance)
    assert row(partial, "echo")["S0"] == pytest.approx(expected, abs=1e-10)


def test_a_model_that_nuisance_tells_whole_is_refused():
    models = {"twice": 2 * pdist(LATENT), "once": pdist(LATENT)}
    with pytest.raises(DataError, match="nuisance RDMs tell all of it"):
        asked(brains(), models, distance="euclidean", comparison="corr", nuisance=["once"])


def test_few_conditions_are_flagged():
    data = {s: X.reshape(N_RUNS, N_CONDITIONS, -1)[:, :4].reshape(16, -1)
            for s, X in brains().items()}  # fmt: skip
    models = {"latent": {"features": LATENT[:4], "distance": "euclidean"}}
    results = asked(data, models, conditions=NAMES[:4] * N_RUNS, distance="euclidean")
    assert "few_conditions" in row(results, "latent")["flags"]
    assert row(results, "latent")["p"] > 0.02  # of 24 permutations no share is smaller than 1/24


def partial_spearman(x, y, z):
    xy, xz, yz = (float(spearmanr(*pair).statistic) for pair in ((x, y), (x, z), (y, z)))  # pyright: ignore
    return (xy - xz * yz) / np.sqrt((1 - xz**2) * (1 - yz**2))


def test_plain_cosine_is_named_as_ranking_nothing():
    results = asked(brains(), distance="euclidean", comparison=["cosine", "corr"])
    mine = row(results, "other", "cosine")
    assert mine["mean"] > 0.5  # of a model that knows nothing
    assert mine["chance"] == pytest.approx(mine["mean"], abs=0.2)
    assert "plain_cosine" in mine["flags"]
    assert "plain_cosine" not in row(results, "other", "corr")["flags"]


def test_one_subject_has_no_ceiling(tmp_path):
    results = asked({"S0": brain(0)}, distance="euclidean", out=tmp_path)
    mine = row(results, "latent")
    assert pd.isna(mine["ceiling_low"])
    assert "one_subject" in mine["flags"]


def test_intervals_over_both_are_wider_than_over_subjects():
    """Spec of the two-factor bootstrap: intervals over subjects alone are too narrow."""
    width = {}
    for resample in (("subjects",), ("conditions",), ("subjects", "conditions")):
        results = asked(
            brains(noise=3.0), distance="euclidean", comparison="corr", resample=resample,
            n_bootstraps=300,
        )  # fmt: skip
        mine = row(results, "latent")
        width[resample] = mine["ci_high"] - mine["ci_low"]
        assert ("these_conditions" in mine["flags"]) == ("conditions" not in resample)
        assert ("these_subjects" in mine["flags"]) == ("subjects" not in resample)
        assert mine["ci_low"] < mine["mean"] < mine["ci_high"]
    assert width["subjects", "conditions"] > width["conditions",] * 0.99


def test_which_of_two_models_is_better_is_told():
    rng = np.random.default_rng(1)
    near = {"features": LATENT + 0.05 * rng.normal(size=LATENT.shape), "distance": "euclidean"}
    results = asked(
        brains(), MODELS | {"near": near}, distance="euclidean", comparison="corr", n_bootstraps=200
    )
    found = results.differences().set_index(["model", "other"])
    table = results.table().set_index("model")
    told = found.loc[("latent", "other")]
    assert told["difference"] == pytest.approx(
        table.loc["latent", "mean"] - table.loc["other", "mean"]
    )
    assert told["p"] < 0.05 < found.loc[("latent", "near"), "p"]
    assert np.all(found["p_corrected"] >= found["p"])
    assert "Which of two models is better" in results.report().read_text()
    assert len(asked(brains(), distance="euclidean").differences()) == 0  # nothing was drawn


def test_a_weighted_model_finds_its_weights_in_other_subjects_and_conditions():
    """Two of three sources are in the data."""
    n, rng = 16, np.random.default_rng(3)
    parts = rng.normal(size=(3, n, 3))
    data = {}
    for s in range(4):
        rdm = 2 * pdist(parts[0], "sqeuclidean") + pdist(parts[1], "sqeuclidean")
        data[f"S{s}"] = rdm + 0.5 * np.random.default_rng(s).normal(size=len(rdm))
    members = {f"part {i}": pdist(parts[i], "sqeuclidean") for i in range(3)}
    models = {**members, "all": {"weighted": members}, "way": {"interpolated": members}}
    results = asked(
        data, models, conditions=None, distance="precomputed", comparison="corr",
        n_permutations=40, n_bootstraps=10,
    )  # fmt: skip
    whole = row(results, "all")
    assert whole["mean"] > max(row(results, name)["mean"] for name in members) + 0.02
    assert whole["mean"] > 0.9
    assert whole["p"] == pytest.approx(1 / 41)  # fitted anew in each permutation: none does as well
    assert whole["chance"] == 0
    assert abs(whole["shuffled_mean"]) < 0.2  # what is fitted to nothing scores nothing
    assert whole["ci_low"] < whole["mean"] < whole["ci_high"]
    assert not {"these_conditions", "these_subjects"} & set(whole["flags"])
    assert row(results, "part 0")["p"] < 0.05
    assert row(results, "way")["mean"] > row(results, "part 2")["mean"]


def test_what_cannot_be_permuted_says_how_else():
    rng = np.random.default_rng(5)
    model = rng.random(66)
    data = {f"S{s}": model + 0.1 * rng.random(66) for s in range(3)}
    for rdm in data.values():
        rdm[7] = np.nan
    given = {"conditions": None, "distance": "precomputed", "comparison": "corr"}
    with pytest.raises(DataError, match=r"1 pairs .* are missing.* n_permutations: 0"):
        asked(data, {"true": model}, **given)
    assert row(asked(data, {"true": model}, n_permutations=0, **given), "true")["mean"] > 0.9


def test_a_weighted_model_that_no_weight_serves_scores_0():
    """Members that say the opposite of the data: weights are not negative, so all are 0."""
    rng = np.random.default_rng(4)
    against = {name: rng.random(66) for name in ("one", "other")}
    data = {f"S{s}": -against["one"] - against["other"] for s in range(3)}
    models = {"sum": {"weighted": against}}
    results = asked(data, models, conditions=None, distance="precomputed", comparison="corr")
    assert row(results, "sum")["mean"] == 0


@pytest.mark.parametrize("correction", ["max", "bh", "none"])
def test_p_is_corrected_as_asked(correction):
    rng = np.random.default_rng(0)
    models = {f"noise {i}": pdist(rng.normal(size=(N_CONDITIONS, 2))) for i in range(6)}
    results = asked(brains(), models, distance="euclidean", correction=correction)
    table = results.table()
    assert np.any(table["p"] > table["p_uncorrected"]) == (correction != "none")
    assert np.all(table["p"] >= table["p_uncorrected"])


@pytest.mark.slow
def test_the_largest_of_many_rows_is_rarely_below_005_by_chance():
    """Ten models of noise: with p corrected by the maximum, 5 % of worlds have any below .05."""
    n_worlds, any_below = 60, 0
    for world in range(n_worlds):
        rng = np.random.default_rng(1000 + world)
        data = {f"S{i}": pdist(rng.normal(size=(8, 20))) for i in range(4)}
        models = {f"m{i}": pdist(rng.normal(size=(8, 2))) for i in range(10)}
        results = nd.rsa(
            data, models, distance="precomputed", n_permutations=200, n_bootstraps=0,
            seed=world, verbose=False,
        )  # fmt: skip
        any_below += bool((results.table()["p"] < 0.05).any())
    # Binomial of 60 worlds at .05: more than 8 of them has a probability of .004.
    assert any_below <= 8


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
        ({"models": {"x": np.ones((3, 3))}}, "an RDM of shape"),
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


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"geo_topological": (0, 0.5)}, "geo_topological_0_to_0.5"),
        ({"geodesic": 0.4}, "geodesic_0.4"),
    ],
)
def test_what_is_between_geometry_and_topology_is_compared_and_named(found, options, flag):
    results = asked(brains(), distance="euclidean", **options)
    mine = row(results, "latent")
    (name, value) = next(iter(options.items()))
    made = getattr(topology, name)
    ends = value if name == "geo_topological" else (value,)
    data = found.rdms().select(subject="S1").values
    model = found.rdms().select(subject="latent", region="model").values
    expected = compare(made(data, *ends), made(model, *ends), "rho-a")[0, 0]
    assert mine["S1"] == pytest.approx(expected)
    assert mine["S1"] != pytest.approx(row(found, "latent", "rho-a")["S1"], abs=1e-3)
    assert flag in mine["flags"]
    assert mine["p"] == pytest.approx(1 / 201)
    assert flag.replace("_", " ") in results.report().read_text(encoding="utf-8")


def test_quantiles_that_leave_nothing_of_a_model_are_refused():
    models = {"groups": {"column": ["a"] * 5 + ["b"] * 5}}
    with pytest.raises(DataError, match=r"'groups', geo_topological_0.9_to_1: .* as dissimilar"):
        asked(brains(), models, distance="euclidean", geo_topological=(0.9, 1))


def test_what_is_fitted_needs_conditions_that_all_have():
    data, conditions = some_each()
    with pytest.raises(DataError, match="'all': it is fitted to conditions that all"):
        asked(data, {"all": {"weighted": MODELS}}, conditions=conditions, distance="euclidean")


def test_the_page_shows_tables_figures_and_rdms(found, tmp_path):
    page = found.report(tmp_path / "page.html").read_text(encoding="utf-8")
    assert page.count("<img") >= 4  # two comparisons, the RDMs and the map
    assert "Conditions as points: squared distances" in page
    assert re.search(r"Shown of all spread: data, mean of 5 \d+%", page)
    assert "noise ceiling is" in page
    assert "Every score by subject" in page
    assert len(page) < 2_000_000


def test_other_results_have_no_rdms(found):
    assert found.is_rsa
    with pytest.raises(ConfigError, match="RDMs that were compared"):
        found.predictions()


@pytest.mark.parametrize(
    ("data", "models", "error", "sentence"),
    [
        (brains(), pdist(LATENT), ConfigError, "ndarray is no mapping. Give one of name to RDM"),
        (brains(), {}, ConfigError, "none is given"),
        ({"S0": squareform(pdist(LATENT))}, MODELS, DataError, "Say distance='precomputed'"),
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
