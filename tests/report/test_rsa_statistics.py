"""Intervals, nulls and p of `nd.rsa`, and models whose weights are fitted."""

import numpy as np
import pandas as pd
import pytest
from rsa_brains import LATENT, MODELS, N_CONDITIONS, N_RUNS, NAMES, asked, brain, brains, row
from scipy import stats
from scipy.spatial.distance import pdist

import neurodecode as nd
from neurodecode.core.errors import DataError


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
    assert "fewer pairs than the others" in results.report().read_text(encoding="utf-8")
    assert "these_" not in whole["flags"]  # the interval is over subjects and conditions
    assert row(results, "part 0")["p"] < 0.05
    assert row(results, "way")["mean"] > row(results, "part 2")["mean"]
    weights = next(one.weights for one in results.rows() if one.model == "all")
    assert list(weights.values()) == pytest.approx([2 / 3, 1 / 3, 0], abs=0.05)


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


def test_a_member_is_selected_by_subjects_and_conditions_that_are_not_scored():
    """The planted one is found in each fold; the best of three of noise gains nothing."""
    rng = np.random.default_rng(2)
    noise = {f"noise {i}": pdist(rng.normal(size=(N_CONDITIONS, 3))) for i in range(3)}
    models = {
        "layers": {"selected": noise | {"latent": MODELS["latent"]}},
        "nothing": {"selected": noise},
    }
    results = asked(brains(), models, distance="euclidean", n_permutations=40)
    found, nothing = row(results, "layers"), row(results, "nothing")
    weights = {one.model: one.weights for one in results.rows()}
    assert weights["layers"]["latent"] == 1
    assert found["mean"] > 0.5 and found["p"] == pytest.approx(1 / 41)
    assert sum(weights["nothing"].values()) == pytest.approx(1)
    assert nothing["p"] > 0.05
    page = results.report().read_text(encoding="utf-8")
    assert "What was fitted" in page and "and not against the rows of fixed models" in page
    alone = {one.model: one.member_scores for one in results.rows()}
    assert found["mean"] == pytest.approx(alone["layers"]["latent"])  # the same folds
    assert alone["layers"]["latent"] > max(alone["nothing"].values())


@pytest.mark.parametrize("kind", ["selected", "weighted", "interpolated"])
def test_categories_of_which_a_fold_has_one_alone_say_nothing_there(kind):
    """Dealt anew, four of ten conditions are often in one fold of two: their score is 0, no NaN."""
    members = {"one": {"column": list("aaaaaabbbb")}, "other": {"column": list("abbbbbbbbb")}}
    results = asked(
        brains(), {"sum": {kind: members}}, distance="euclidean", comparison="corr",
        n_permutations=30,
    )  # fmt: skip
    mine = row(results, "sum")
    assert np.isfinite([mine["mean"], mine["p"], mine["shuffled_mean"]]).all()
    assert mine["p"] > 0.05


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


def test_one_subject_has_no_ceiling(tmp_path):
    results = asked({"S0": brain(0)}, distance="euclidean", out=tmp_path)
    mine = row(results, "latent")
    assert pd.isna(mine["ceiling_low"])
    assert "one_subject" in mine["flags"]


def test_few_conditions_are_flagged():
    data = {s: X.reshape(N_RUNS, N_CONDITIONS, -1)[:, :4].reshape(16, -1)
            for s, X in brains().items()}  # fmt: skip
    models = {"latent": {"features": LATENT[:4], "distance": "euclidean"}}
    results = asked(data, models, conditions=NAMES[:4] * N_RUNS, distance="euclidean")
    assert "few_conditions" in row(results, "latent")["flags"]
    assert row(results, "latent")["p"] > 0.02  # of 24 permutations no share is smaller than 1/24


def test_plain_cosine_is_named_as_ranking_nothing():
    results = asked(brains(), distance="euclidean", comparison=["cosine", "corr"])
    mine = row(results, "other", "cosine")
    assert mine["mean"] > 0.5  # of a model that knows nothing
    assert mine["chance"] == pytest.approx(mine["mean"], abs=0.2)
    assert "plain_cosine" in mine["flags"]
    assert "plain_cosine" not in row(results, "other", "corr")["flags"]


@pytest.mark.parametrize("resample", [("subjects",), ("subjects", "conditions")])
def test_no_interval_of_a_correlation_ends_beyond_one(resample):
    """Of three people near 1 those of Student's t do, on the plain scale."""
    data = {f"S{s}": brain(s, noise=0.2 + 0.6 * s) for s in range(3)}
    results = asked(
        data, distance="euclidean", comparison="corr", resample=resample, n_bootstraps=100
    )
    mine = row(results, "latent")
    scores = np.array([mine[name] for name in data])
    plain = stats.t.ppf(0.975, 2) * scores.std(ddof=1) / np.sqrt(3)
    assert mine["mean"] + plain > 1
    assert -1 < mine["ci_low"] < mine["mean"] < mine["ci_high"] < 1
    if resample == ("subjects",):
        ends = np.arctanh([mine["ci_low"], mine["mean"], mine["ci_high"]])
        assert np.diff(ends) == pytest.approx(plain / (1 - mine["mean"] ** 2))
