"""Retrieval in results: names, galleries, likeness, p by pairings, intervals, curves."""

import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from sklearn.linear_model import Ridge
from tests_harness import run

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.chance_pairings import ChancePairings, dealt
from neurodecode.harness.compare import compare_results
from neurodecode.harness.galleries import Brains, Galleries
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.paired_bootstrap import drawn_with
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Aggregate
from neurodecode.harness.repeat_curves import _of_repeats
from neurodecode.harness.score import Group, collect_groups
from neurodecode.harness.scorer import Scorer
from neurodecode.harness.store import Store
from neurodecode.metrics._pictures import distinct, flat
from neurodecode.metrics.retrieval import (
    top_1,
    top_1_image_to_brain,
    two_way,
    two_way_image_to_brain,
)
from neurodecode.models.baseline.mean_target import MeanTarget
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.report.results import Results
from neurodecode.report.tables import format_rows

METRICS = ("top_1", "top_5", "two_way", "median_rank", "relative_rank", "mrr",
           "top_1_image_to_brain", "top_5_image_to_brain", "two_way_image_to_brain")  # fmt: skip


def of_pictures(study, n_pictures, noise=0.1, **question):
    """Brains of who sees pictures in turn, each run all of them: 12 trials a run, 3 subjects."""
    rng = np.random.default_rng(0)
    seen = np.tile(np.arange(12) % n_pictures, 6)
    pictures = rng.normal(size=(n_pictures, 8)).astype(np.float16) + 3
    brains = pictures[seen].astype(float) @ rng.normal(size=(8, 8))
    brains += noise * rng.normal(size=brains.shape)
    inputs = Part(brains, Space("features", tuple("abcdefgh")), ("feature",), None, 0.0, "X")
    shown = Part(pictures, Space("features", tuple("01234567")), ("feature",), None, 0.0, "Y")
    zeros = np.zeros(72, dtype=np.int32)
    table = study.trials.rows.table.assign(
        stimulus=[f"p{i:02d}" for i in seen], concept=[f"c{i // 2}" for i in seen]
    )
    signals = {
        "eeg": TrialSignal((inputs,), zeros, np.arange(72), zeros - 1),
        "picture": TrialSignal((shown,), zeros, seen, zeros - 1),
    }
    asked = {
        "target": Target("vector", signal="picture"), "n_draws": 0, "metrics": METRICS,
        "models": (NamedModel("ridge", Ridge()), NamedModel("mean", MeanTarget(), "control")),
        "n_pairings": 999,
    }  # fmt: skip
    question = replace(study.question, **{**asked, **question})
    return replace(study, trials=Trials(Rows(table), signals), question=question)


def found(rows, model="ridge"):
    return {row.metric: row for row in rows if row.model == model}


def test_a_metric_of_retrieval_is_shown_with_its_gallery(study, tmp_path):
    *_, rows = run(of_pictures(study, 12), tmp_path / "r")
    shown = {name: row.shown_as for name, row in found(rows).items()}
    assert shown["top_5"] == "top_5@12/image"
    assert shown["top_1_image_to_brain"] == "top_1_image_to_brain@12/brain"
    told = json.loads(format_rows(rows, "json"))
    assert {one["metric"] for one in told} == set(METRICS)
    assert {one["shown_as"] for one in told} == set(shown.values())
    assert "| ridge | top_5@12/image |" in format_rows(rows, "md")
    scores = Results(tmp_path / "r").scores()
    assert set(scores["n_candidates"]) == {12}
    # Who has learnt nothing is exactly at chance, in every metric.
    for row in found(rows, "mean").values():
        assert row.mean == pytest.approx(row.chance)


@pytest.mark.slow
def test_the_page_says_what_was_told_from_what(study, tmp_path):
    run(of_pictures(study, 12), tmp_path / "r")
    page = Results(tmp_path / "r").report().read_text()
    assert "top 5@12/image" in page
    assert "Told from the stimuli that are scored together; alike by their correlation." in page
    assert "of 999 draws that deal the answers to the stimuli anew" in page
    assert "(pairings)" in page


def test_galleries_of_several_sizes_are_shown_as_a_range(study, tmp_path):
    asked = of_pictures(study, 12)
    table = asked.trials.rows.table
    kept = ~((table["subject"] == "2") & table["stimulus"].isin(["p00", "p01"])).to_numpy()
    *_, rows = run(replace(asked, trials=asked.trials.take(kept)), tmp_path / "r")
    assert found(rows)["top_5"].shown_as == "top_5@10-12/image"


def test_prototypes_leave_out_what_was_shown(study, tmp_path):
    asked = of_pictures(study, 12, gallery="prototype", likeness="cosine")
    *_, rows = run(asked, tmp_path / "r")
    assert found(rows)["top_1"].shown_as == "top_1@6/prototype"
    assert found(rows)["top_1"].chance == pytest.approx(1 / 6)
    assert found(rows)["top_1_image_to_brain"].shown_as == "top_1_image_to_brain@12/brain"
    assert found(rows, "mean")["two_way"].mean == pytest.approx(0.5)
    # By hand, of one test run: the other picture of each concept stands for the concept.
    store = Store(tmp_path / "r")
    rows_of, y = store.rows(), np.asarray(store.truth(store.rows()))
    job = next(one for one in store.index()["jobs"] if one["model"] == "ridge")
    said = store.predictions(job["key"], ())
    at = pd.Index(rows_of["uid"]).get_indexer(pd.Index(said.uid))
    # Of each concept the one of the smaller numbers comes first.
    both = [sorted({tuple(v) for v in y[(rows_of["concept"] == f"c{c}")]}) for c in range(6)]
    hits = []
    for pred, row in zip(said.pred, at, strict=True):
        turn = next(one.index(tuple(y[row])) for one in both if tuple(y[row]) in one)
        means = [np.array(one[1 - turn]) for one in both]
        likest = np.argmax([m @ pred / np.linalg.norm(m) for m in means])
        hits.append(f"c{likest}" == rows_of["concept"][row])
    scores = Results(tmp_path / "r").scores()
    first = scores.query("model == 'ridge' and metric == 'top_1'").iloc[0]
    assert first["fold"] == job["fold"]
    assert first["score"] == pytest.approx(np.mean(hits))


def test_what_prototypes_need_is_told_before_anything_is_fitted(study):
    asked = of_pictures(study, 12, gallery="prototype")
    odd = asked.trials.rows.table.copy()
    odd.loc[odd["stimulus"] == "p03", "concept"] = "alone"
    with pytest.raises(ConfigError, match="the concept 'alone' has one picture, so none to make"):
        make_plan(replace(asked, trials=Trials(Rows(odd), asked.trials.signals)))
    odd.loc[3, "concept"] = "c1"
    with pytest.raises(DataError, match="one picture is of the concepts 'c1' and 'alone'"):
        make_plan(replace(asked, trials=Trials(Rows(odd), asked.trials.signals)))
    odd.loc[odd["stimulus"] == "p03", "concept"] = None
    with pytest.raises(ConfigError, match="1 of 12 pictures that are scored together have no con"):
        make_plan(replace(asked, trials=Trials(Rows(odd), asked.trials.signals)))
    none = Trials(Rows(odd.drop(columns="concept")), asked.trials.signals)
    with pytest.raises(ConfigError, match="the rows have no column 'concept'"):
        make_plan(replace(asked, trials=none))


def test_a_table_of_stimuli_that_were_not_shown_is_told_apart_too():
    rng = np.random.default_rng(0)
    y = rng.normal(size=(6, 4))
    rows = pd.DataFrame({"stimulus": [*"abcdef"]})
    table = np.concatenate([y[::-1], rng.normal(size=(6, 4))]), np.array([*"fedcba", *"abcdef"])
    every = Galleries.of("all", "correlation", y, rows, table)
    assert len(every.gallery(y[:3], None, None).vectors) == 12
    means = Galleries.of("prototype", "correlation", y, rows, table).gallery(y, None, None)
    for i in range(6):  # each concept has one picture beside that which was shown
        assert means.vectors[means.rounds[0, means.own[i]]] == pytest.approx(table[0][6 + i])


@pytest.mark.parametrize("aggregate", [None, Aggregate(("subject", "run", "stimulus"))])
def test_centred_cosines_know_the_mean_of_each_fold(study, tmp_path, aggregate):
    """Pooled over folds, answers of the training mean lean away from what was left out."""
    asked = of_pictures(
        study, 12, likeness="centered_cosine", within=("subject",), aggregate=aggregate,
        protocol=CrossSubject(n_splits=3),
    )  # fmt: skip
    odd = asked.trials.rows.table["subject"] == "1"  # so that folds differ in their mean
    kept = ~(odd & asked.trials.rows.table["stimulus"].isin(["p00", "p05"])).to_numpy()
    *_, rows = run(replace(asked, trials=asked.trials.take(kept)), tmp_path / "r")
    for row in found(rows, "mean").values():
        assert row.mean == pytest.approx(row.chance)
    assert found(rows)["two_way"].mean > 0.9


def test_p_deals_the_answers_anew_and_says_so(study, tmp_path):
    strong, weak = (
        run(of_pictures(study, 12, noise), tmp_path / name)[2]
        for noise, name in ((0.1, "strong"), (1000, "weak"))
    )
    for name, row in found(strong).items():
        assert row.p == 1 / 1000, name
        assert row.p_of == "pairings"
        assert found(weak)[name].p > 0.01
    assert found(strong, "mean")["top_1"].p is None
    text = format_rows(strong, "text")
    assert "0.001 (pairings)" in text
    # Whoever asks for permutations of labels gets these, and who asks for none gets none.
    *_, rows = run(of_pictures(study, 12, n_permutations=3, metrics=("top_1",)), tmp_path / "l")
    assert (found(rows)["top_1"].p, found(rows)["top_1"].p_of) == (1 / 4, "labels")
    *_, rows = run(of_pictures(study, 12, n_pairings=0), tmp_path / "n")
    assert found(rows)["top_1"].p is None
    assert "pairings" not in format_rows(rows, "text")
    with pytest.raises(ConfigError, match="score: n_pairings: -1"):
        of_pictures(study, 12, n_pairings=-1)


def group(true, pred, rows=None, **named):
    n = len(true)
    some = {"fold": "f", "session": "", "seed": 0, "centre": np.zeros((1, true.shape[1]))}
    return Group(
        "m", rows=np.arange(n) if rows is None else rows, true=true, pred=pred, scores=None,
        score_kind="", prior=np.zeros(0), draw=-1, permutation=-1, subject="s",
        centre_of=np.zeros(n, dtype=int), **{**some, **named},
    )  # fmt: skip


def pairings(groups, concept=None, inflation=1.0, n_draws=499, metrics=METRICS):
    n = 1 + max(one.rows.max() for one in groups)
    rows = pd.DataFrame({"uid": [f"{i:016x}" for i in range(n)]})
    if concept is not None:
        rows["concept"] = concept
    scorer = Scorer("vector", 0, Galleries("tested", "correlation"))
    return ChancePairings(groups, rows, scorer, metrics, n_draws, "subject", inflation)


def independent(rng):
    return [group(rng.normal(size=(30, 5)), rng.normal(size=(30, 5)))], None


def repeated(rng):
    """What is told of one picture is alike, as brains that saw it are, and has none of it."""
    which = np.repeat(np.arange(10), 3)
    pred = rng.normal(size=(10, 5))[which] + 0.3 * rng.normal(size=(30, 5))
    return [group(rng.normal(size=(10, 5))[which], pred)], None


def of_concepts(rng):
    """Pictures of a concept are alike, and so is what is told of them."""
    which = np.repeat(np.arange(10), 3)
    true, pred = (rng.normal(size=(10, 5))[which] + 0.3 * rng.normal(size=(30, 5)) for _ in "tp")
    return [group(true, pred)], [f"c{i}" for i in which]


def one_by_one(rng):
    """The same, and no column that tells of concepts."""
    return of_concepts(rng)[0], None


def of_two_folds(rng):
    """Each half is told by a regression on the other: scores lean on each other."""
    X, Y = rng.normal(size=(60, 15)), rng.normal(size=(60, 5))
    groups = []
    for test in (np.arange(60) < 30, np.arange(60) >= 30):
        pred = Ridge(10).fit(X[~test], Y[~test]).predict(X[test])
        groups.append(group(Y[test], pred, np.flatnonzero(test), fold=str(test[0])))
    return groups, None


def null_p(world, name="two_way", inflation=1.0):
    """Give p of 200 data sets without an effect."""
    drawn = [world(np.random.default_rng(seed)) for seed in range(200)]
    return np.array(
        [
            pairings(*one, inflation=inflation, n_draws=199, metrics=(name,)).p("m", name)
            for one in drawn
        ]
    )


def test_p_is_uniform_where_there_is_nothing():
    assert stats.kstest(null_p(independent), "uniform").pvalue > 0.01


@pytest.mark.slow
@pytest.mark.parametrize("world", [independent, repeated, of_concepts])
@pytest.mark.parametrize("name", ["two_way", "mrr", "two_way_image_to_brain"])
def test_p_is_uniform_whatever_is_alike(world, name):
    assert stats.kstest(null_p(world, name), "uniform").pvalue > 0.01


@pytest.mark.slow
def test_p_of_folds_that_train_each_other_is_uniform_once_their_draws_are_spread():
    assert stats.kstest(null_p(of_two_folds, inflation=2.0), "uniform").pvalue > 0.01
    assert np.mean(null_p(of_two_folds) <= 0.05) > 0.09  # it is not for nothing


@pytest.mark.slow
def test_what_counts_pairs_that_are_not_independent_finds_what_is_not_there():
    """The binomial test of the pairs, and pictures dealt one by one where concepts are alike."""
    binomial = []
    for seed in range(200):
        (one,), _ = independent(np.random.default_rng(seed))
        value = Scorer("vector", 0, Galleries("tested", "correlation")).score(two_way, one)
        binomial.append(stats.binom.sf(round(value * 30 * 29) - 1, 30 * 29, 0.5))
    assert stats.kstest(binomial, "uniform").pvalue < 1e-6
    assert stats.kstest(null_p(one_by_one), "uniform").pvalue < 0.01


def test_concepts_are_dealt_whole():
    unit = np.array([0, 1, 0, 1, 2, 2, 2])
    drawn = dealt(unit, 500, np.random.default_rng(0))
    for one in drawn:
        told = unit[one]
        assert len({(a, b) for a, b in zip(unit, told, strict=True)}) == 3
        assert one[0] != one[2]
        assert one[1] != one[3]
    assert len({tuple(unit[one]) for one in drawn}) == 6
    # Where each has one picture, these are the permutations.
    drawn = dealt(np.arange(4), 500, np.random.default_rng(0))
    assert len({tuple(one) for one in drawn}) == 24


def test_where_there_is_nothing_to_deal_anew_there_is_no_p():
    groups, _ = independent(np.random.default_rng(0))
    assert pairings(groups, ["one"] * 30).p("m", "two_way") is None
    assert pairings(groups, ["one"] * 15 + ["other"] * 15).p("m", "two_way") is not None


def test_rows_of_one_stimulus_are_drawn_together(study, tmp_path):
    asked = of_pictures(study, 6)
    run(asked, tmp_path / "r")
    store = Store(tmp_path / "r")
    names = drawn_with(store.rows(), None, "vector")
    assert names.tolist() == store.rows()["stimulus"].tolist()
    assert len(set(drawn_with(store.rows(), None, "value"))) == 72
    # Answers that differ from picture to picture and not within: with as many rows as three times
    # the pictures, the interval is that of the pictures.
    one = asked.trials.take(asked.trials.rows["subject"] == "1")
    *_, rows = run(replace(asked, trials=one), tmp_path / "one")
    assert "test-set only" in found(rows)["two_way"].flags
    comparisons, _ = compare_results(
        [Store(tmp_path / "one")], metric="two_way", models=["ridge", "mean"]
    )
    assert comparisons[0].p < 0.05
    assert "6 blocks of 24 test trials" in comparisons[0].test


def test_curves_over_repeats_begin_at_single_trials_and_end_at_all(study, tmp_path):
    asked = of_pictures(study, 6, noise=6.0)
    *_, rows = run(asked, tmp_path / "single")
    by = Aggregate(("subject", "run", "stimulus"))
    *_, averaged = run(replace(asked, question=replace(asked.question, aggregate=by)),
                       tmp_path / "averaged")  # fmt: skip
    curve = Results(tmp_path / "single").repeat_curve()
    assert set(curve["n_repeats"]) == {1, 2}
    assert set(curve["model"]) == {"ridge"}
    pd.testing.assert_frame_equal(curve, Results(tmp_path / "averaged").repeat_curve())
    for name in METRICS:
        mine = curve[curve["metric"] == name].groupby("n_repeats")[["score", "chance"]].mean()
        assert mine.loc[2, "score"] == pytest.approx(found(averaged)[name].mean)
        assert mine.loc[2, "chance"] == pytest.approx(found(averaged)[name].chance)
    group = next(g for g in collect_groups(Store(tmp_path / "single"), single=True)).read()
    picture = distinct(flat(group.true))[1]
    for i, answer in enumerate(_of_repeats(group, picture, 1, np.random.default_rng(0)).pred):
        assert answer.tolist() in group.pred[picture == i].tolist()
    single = Results(tmp_path / "single").repeat_curve("two_way").query("n_repeats == 1")
    # Five subsets of the rows: near the score of them all.
    assert single["score"].mean() == pytest.approx(found(rows)["two_way"].mean, abs=0.05)
    *_, rows = run(of_pictures(study, 12), tmp_path / "once")
    with pytest.raises(ConfigError, match="repeat_curve: there is none"):
        Results(tmp_path / "once").repeat_curve()


def test_the_brain_of_a_picture_is_the_mean_over_its_rows_and_without_a_name_each_has_its_own():
    measured = np.random.default_rng(0).normal(size=(5, 3))
    rows = pd.DataFrame({"stimulus": ["b", "a", None, "a", None]})
    made = Brains.of("correlation", rows).gallery(np.array([1, 2, 3, 4]), measured[1:], None, None)
    assert made.own[0] == made.own[2] and len(set(made.own)) == 3
    np.testing.assert_allclose(made.vectors[made.own[0]], measured[[1, 3]].mean(axis=0))
    np.testing.assert_allclose(made.vectors[made.own[3]], measured[4])
    # Both showings of a picture are told among pictures, and its prediction ties with none.
    predicted = np.stack([measured[[1, 3]].mean(axis=0), measured[2], measured[[1, 3]].mean(axis=0),
                          measured[4]])  # fmt: skip
    assert top_1(measured[1:], predicted, gallery=made) == 1.0
    assert top_1_image_to_brain(measured[1:], predicted, gallery=made) == 1.0


def test_an_encoder_that_says_one_brain_of_all_is_at_chance():
    measured = np.random.default_rng(0).normal(size=(7, 3))
    rows = pd.DataFrame({"stimulus": list("abcdefg")})
    constant = np.tile(measured[0], (7, 1))
    made = Brains.of("correlation", rows).gallery(np.arange(7), measured, None, None)
    assert top_1(measured, constant, gallery=made) == pytest.approx(1 / 7)
    assert two_way(measured, constant, gallery=made) == pytest.approx(0.5)
    assert two_way_image_to_brain(measured, constant, gallery=made) == pytest.approx(0.5)
