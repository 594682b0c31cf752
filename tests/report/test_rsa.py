"""`nd.rsa`: patterns or RDMs in, a table that says what a planted geometry says."""

import json
import re

import numpy as np
import pandas as pd
import pytest
from rsa_brains import (
    LATENT,
    MODELS,
    N_CONDITIONS,
    N_RUNS,
    N_SUBJECTS,
    NAMES,
    OTHER,
    asked,
    brain,
    brains,
    partial_spearman,
    row,
)
from scipy.spatial.distance import pdist, squareform

import neurodecode as nd
from neurodecode.core.errors import ConfigError


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    return asked(
        brains(),
        distance="euclidean",
        comparison=["rho-a", "corr"],
        out=tmp_path_factory.mktemp("rsa") / "planted",
    )


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
    scores = results.scores().set_index(["model", "region"])["score"]
    halves = scores.loc[("agreement of halves", "V1")].item()
    whole = scores.loc[("split-half reliability", "V1")].item()
    # Spearman and Brown: five repeats, of which two are in each half.
    assert whole == pytest.approx(2.5 * halves / (1 + 1.5 * halves))
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


def test_tables_of_rdms_say_which_row_is_of_which_condition(found):
    """In another order than that of the conditions they are the same RDMs."""
    order = np.random.default_rng(0).permutation(N_CONDITIONS)
    shuffled = [NAMES[i] for i in order]

    def table(vector):
        return pd.DataFrame(squareform(vector), NAMES, NAMES).loc[shuffled, shuffled]

    data = {s: table(found.rdms().select(subject=s).values[0]) for s in brains()}
    models = {"latent": table(pdist(LATENT)), "other": table(pdist(OTHER))}
    given = {"distance": "precomputed", "comparison": "rho-a"}
    for conditions in (NAMES, None):
        results = asked(data, models, conditions=conditions, **given)
        for name in models:
            assert row(results, name)["mean"] == pytest.approx(row(found, name, "rho-a")["mean"])
