"""Figures of the recordings' README, by experiments with ``rsa`` as they are shipped."""

import numpy as np
import pytest
from scipy.stats import spearmanr

import neurodecode as nd
from neurodecode.cli import main
from neurodecode.core.errors import DataMissing
from neurodecode.data.cards import load_card
from neurodecode.data.roots import find_root
from neurodecode.report.results import Results


def results_of(name, card, folder, *overrides):
    """Run an experiment on the real recordings, or skip."""
    try:
        find_root(load_card(card), None)
    except DataMissing as error:
        pytest.skip(str(error))
    asked = [one for override in overrides for one in ("--set", override)]
    assert main(["run", name, "--engine", "inline", "--out", str(folder), *asked]) == 0
    return Results(folder / name)


def means(results, metric, **where):
    table = results.table(metric)
    for key, value in where.items():
        table = table[table[key] == value]
    return dict(zip(table["model"], table["mean"], strict=True))


# Spearman, Pearson, Kendall's tau-a and cosine with the mean human IT.
IMAGES92 = {
    "monkey IT": (0.4389, 0.4912, 0.3040, 0.9950),
    "animacy": (0.5882, 0.5766, 0.3397, 0.7499),
    "faces, bodies, things": (0.4053, 0.4177, 0.2006, 0.8874),
    "EVA": (0.354, 0.374, 0.241, 0.994),
    "HMAX": (0.222, 0.217, 0.149, 0.962),
    "V1": (0.039, 0.042, 0.026, 0.961),
    "silhouette": (0.125, 0.162, 0.084, 0.956),
    "RADON": (0.061, 0.055, 0.041, 0.803),
    "behaviour": (0.3924, 0.4675, 0.2624, 0.9767),
    "pixels": (0.033, 0.057, 0.022, 0.983),
    "Cichy IT": (0.557, 0.588, 0.392, 0.993),
    "Cichy EVC": (0.132, 0.152, 0.089, 0.990),
}


@pytest.mark.slow
def test_human_it_is_like_models_as_published(tmp_path):
    results = results_of(
        "images92_mean_rsa", "images92", tmp_path, "rsa.n_bootstraps=0", "rsa.n_permutations=300"
    )
    for at, metric in enumerate(("spearman", "corr", "tau-a", "cosine")):
        for model, found in means(results, metric).items():
            # Grey is a weighted sum of colours here; by their plain mean it is off by .004.
            near = 0.005 if model == "pixels" else 0.001
            assert found == pytest.approx(IMAGES92[model][at], abs=near), (model, metric)
    table = results.table("spearman").set_index("model")
    monkey = table.loc["monkey IT"]
    # The README: mean .000, s.d. .016 over 1000 permutations.
    assert monkey["shuffled_mean"] == pytest.approx(0, abs=0.004)
    assert monkey["shuffled_sd"] == pytest.approx(0.016, abs=0.003)
    assert monkey["p"] < 0.01
    assert table.loc["V1", "p"] > 0.05
    cosines = results.table("cosine").set_index("model")
    assert "plain_cosine" in cosines.loc["pixels", "flags"]
    assert cosines.loc["pixels", "mean"] > cosines.loc["behaviour", "mean"]  # it ranks nothing


CEILINGS = {"human IT": (0.379, 0.661), "EVC": (0.239, 0.386), "IT": (0.449, 0.535)}


@pytest.mark.slow
def test_noise_ceilings_of_human_it(tmp_path):
    """The README pools dissimilarities; we pool their ranks, the mean of which is best."""
    quick = ("rsa.n_bootstraps=0", "rsa.n_permutations=0")
    people = results_of("images92_rsa", "images92", tmp_path, *quick, "rsa.comparison=[spearman]")
    cichy = results_of("images92_cichy_rsa", "images92", tmp_path, *quick)
    found = {"human IT": (people, "")} | {one: (cichy, one) for one in ("EVC", "IT")}
    for name, (results, region) in found.items():
        first = next(row for row in results.rows() if row.region == region)
        both = first.ceiling_low, first.ceiling_high
        assert both == pytest.approx(CEILINGS[name], abs=0.008)
        rdms = results.rdms().select(region=region).values
        for i, pooled in enumerate(("others", "all")):
            scores = []
            for s, one in enumerate(rdms):
                rest = np.delete(rdms, s, 0) if pooled == "others" else rdms
                scores.append(float(spearmanr(one, rest.mean(0)).statistic))
            assert np.mean(scores) == pytest.approx(CEILINGS[name][i], abs=0.0006)


# Reliability of the mean of five repeats against the other five, over 20 random halves.
HALVES = {
    "mouse_v1_texture_rsa": {
        ("V1", "00"): 0.702, ("LM", "00"): 0.076, ("V1", "07"): 0.256, ("AL", "07"): 0.170,
        ("V1", "11"): 0.405, ("LI", "11"): 0.748,
    },
    "mouse_v1_rdk_rsa": {
        ("V1", "03"): 0.656, ("AL", "03"): 0.413, ("V1", "04"): 0.619, ("AL", "04"): 0.535,
    },
}  # fmt: skip


@pytest.mark.parametrize("name", HALVES)
def test_rdms_of_mouse_areas_are_as_reliable_as_told(name, tmp_path):
    """Twenty halves of 126 are others for each seed: their mean has an s.d. of .02 to .05."""
    results = results_of(
        name, "mouse_v1", tmp_path, "rsa.n_bootstraps=0", "rsa.n_permutations=0",
        "rsa.split_half=100",
    )  # fmt: skip
    scores = results.scores()
    halves = scores[scores["model"] == "agreement of halves"]
    found = {(one.region, one.subject): one.score for one in halves.itertuples()}
    assert set(found) == set(HALVES[name])
    for place, expected in HALVES[name].items():
        assert found[place] == pytest.approx(expected, abs=0.11), place
    order = sorted(found, key=lambda place: found[place])
    if name == "mouse_v1_texture_rsa":
        assert order[0] == ("LM", "00")
        assert set(order[-2:]) == {("V1", "00"), ("LI", "11")}


OBJECTS81 = {
    "EVC": (0.305, 0.087), "OPA": (0.097, 0.065), "PPA": (0.107, 0.078), "LOC": (0.104, 0.109),
    "PFS": (0.077, 0.175), "OFA": (0.073, 0.116), "FFA": (0.022, 0.062),
}  # fmt: skip


def test_regions_are_like_networks_and_words_as_told(tmp_path):
    results = results_of("objects81_rsa", "objects81", tmp_path, "rsa.n_bootstraps=0")
    for region, both in OBJECTS81.items():
        found = means(results, "spearman", region=region)
        assert (found["alexnet"], found["word2vec"]) == pytest.approx(both, abs=0.0006), region
    table = results.table().set_index(["region", "model"])
    # The README: s.d. .014 to .018 over 500 permutations; alexnet in FFA is not above chance.
    assert table["shuffled_sd"].between(0.012, 0.020).all()
    assert table.loc[("FFA", "alexnet"), "p_uncorrected"] > 0.05
    assert table.loc[("EVC", "alexnet"), "p"] < 0.01
    assert np.isnan(table.loc[("EVC", "alexnet"), "ceiling_low"] or np.nan)
    assert "one_subject" in table.loc[("EVC", "alexnet"), "flags"]


def test_trials_of_a_card_are_compared_in_a_notebook(tmp_path):
    try:
        trials = nd.load("objects81")
    except DataMissing as error:
        pytest.skip(str(error))
    results = nd.rsa(
        trials, {"alexnet": {"features": "alexnet"}}, regions="types", comparison="spearman",
        n_bootstraps=0, n_permutations=0, out=tmp_path, verbose=False,
    )  # fmt: skip
    for region, both in OBJECTS81.items():
        assert means(results, "spearman", region=region)["alexnet"] == pytest.approx(
            both[0], abs=0.0006
        )
