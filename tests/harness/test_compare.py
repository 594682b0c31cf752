"""Comparisons: who is paired with whom, by which test, and what is said where that cannot be."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from tests_compare import BAD, FAIR, GOOD, SUBJECTS, of_vectors, said, stored
from tests_harness import MODELS, N_PER_RUN

from neurodecode.core.errors import ConfigError
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.harness.compare import compare_results
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.store import Store
from neurodecode.linalg.permutation import sign_flip_test, wilcoxon_test
from neurodecode.linalg.stats import (
    cohen_dz,
    dz_interval,
    mean_interval,
)
from neurodecode.protocols.within_session import WithinSession


@pytest.fixture
def three(tmp_path):
    return stored(said({"good": GOOD, "fair": FAIR, "bad": BAD}), tmp_path / "three")


def test_each_pair_of_one_folder_is_tested_over_subjects(three):
    found, notes = compare_results([three])
    assert [(one.first, one.second) for one in found] == [
        ("good", "fair"), ("good", "bad"), ("fair", "bad"),
    ]  # fmt: skip
    assert notes == []
    one = found[0]
    differences = (np.array(GOOD) - FAIR) / 24
    assert list(one.per_unit) == list(SUBJECTS)
    assert list(one.per_unit.values()) == pytest.approx(differences.tolist())
    assert one.first_mean == pytest.approx(np.mean(GOOD) / 24)
    assert one.second_mean == pytest.approx(np.mean(FAIR) / 24)
    assert one.difference == pytest.approx(differences.mean())
    assert (one.ci_low, one.ci_high) == pytest.approx(mean_interval(differences))
    assert one.dz == pytest.approx(cohen_dz(differences))
    assert (one.dz_low, one.dz_high) == pytest.approx(dz_interval(differences))
    assert one.p == sign_flip_test(differences).p
    assert (one.n_units, one.unit) == (6, "subject")
    assert one.flags == ()
    # Of 64 patterns 2 are as far out for all three: Holm makes that 3, 2 and 1 times as much.
    assert one.test == "two-sided sign-flip test over 6 subjects, all 64 flips; Holm over 3"
    p = np.array([one.p for one in found])
    assert p.min() == 2 / 64
    assert found[1].p_adjusted == pytest.approx(3 * p.min())


def test_the_test_is_the_one_that_was_asked_for(three):
    differences = (np.array(GOOD) - FAIR) / 24
    for alternative in ("two-sided", "greater", "less"):
        asked = {"models": ["good", "fair"], "alternative": alternative}
        (flipped,), _ = compare_results([three], **asked)
        (ranked,), _ = compare_results([three], test="wilcoxon", **asked)
        assert flipped.p == pytest.approx(sign_flip_test(differences, alternative).p)
        # Of counts, which are tied where the shares of the table are, but for rounding.
        assert ranked.p == wilcoxon_test(np.array(GOOD) - FAIR, alternative)
        assert flipped.test == f"{alternative} sign-flip test over 6 subjects, all 64 flips"
        assert ranked.test == f"{alternative} Wilcoxon signed-rank test over 6 subjects"
        assert flipped.p_adjusted == flipped.p  # one test needs no correction


def test_a_loss_is_said_to_be_better_lower(asked, tmp_path):
    folder = stored(asked(metrics=("accuracy", "log_loss")), tmp_path / "r")
    for metric, flagged in (("accuracy", False), ("log_loss", True)):
        asked_for = {"models": ["riemann.tangent_space"], "against": "baseline.prior"}
        (one,), _ = compare_results([folder], metric=metric, **asked_for)
        assert ("lower is better" in one.flags) == flagged
        assert (one.difference < 0) == flagged


@pytest.mark.parametrize(
    ("correction", "words"),
    [("holm", "Holm over 3"), ("fdr_bh", "Benjamini-Hochberg over 3"), ("none", "not corrected")],
)
def test_every_line_says_how_p_was_corrected(three, correction, words):
    found, _ = compare_results([three], correction=correction)
    assert all(one.test.endswith(f"; {words}") for one in found)
    for one in found:
        assert one.p_adjusted >= one.p
        assert correction != "none" or one.p_adjusted == one.p


def test_one_model_is_compared_with_the_one_that_is_named(three):
    found, _ = compare_results([three], against="bad")
    assert [(one.first, one.second) for one in found] == [("good", "bad"), ("fair", "bad")]
    found, _ = compare_results([three], models=["fair"], against="good")
    assert [(one.first, one.second) for one in found] == [("fair", "good")]


def test_controls_take_part_where_they_are_named(study, tmp_path):
    folder = stored(study, tmp_path / "r")
    found, _ = compare_results([folder])
    assert [(one.first, one.second) for one in found] == [("riemann.mdm", "riemann.tangent_space")]
    found, _ = compare_results([folder], against="baseline.prior")
    assert [one.second for one in found] == ["baseline.prior"] * 2
    found, _ = compare_results([folder], models=["riemann.mdm", "baseline.clock"])
    assert [(one.first, one.second) for one in found] == [("riemann.mdm", "baseline.clock")]
    # Three subjects: of 8 patterns 2 are the farthest out.
    assert found[0].flags == ("p cannot be below 0.25",)


def test_folders_are_compared_model_by_model(three, tmp_path):
    other = stored(said({"good": FAIR, "other": BAD}), tmp_path / "other")
    found, notes = compare_results([three, other])
    (one,) = found
    assert (one.first, one.second) == (
        f"good [{three.folder}]",
        f"good [{other.folder}]",
    )  # fmt: skip  (both experiments are called "test")
    assert one.difference == pytest.approx(np.mean(np.array(GOOD) - FAIR) / 24)
    assert (one.flags, notes) == ((), [])
    lone = stored(said({"lone": FAIR}), tmp_path / "lone")
    found, _ = compare_results([three, lone])
    assert [one.second for one in found] == [f"lone [{lone.folder}]"] * 3
    found, _ = compare_results([three, other], against="good")
    assert [(one.first.partition(" ")[0], one.second) for one in found] == [
        ("fair", f"good [{three.folder}]"),
        ("bad", f"good [{three.folder}]"),
        ("other", f"good [{other.folder}]"),
    ]
    found, _ = compare_results([three, lone], against="lone")
    assert [one.first.partition(" ")[0] for one in found] == ["good", "fair", "bad"]


def resolved(store, text):
    (store.folder / "resolved.yaml").write_text(text)
    return store


def test_what_the_experiments_ask_differently_is_said(three, tmp_path):
    other = stored(said({"good": FAIR}), tmp_path / "other")
    resolved(three, "title: a\nprepare: []\nprotocol: {cross_run: {}}\n")
    resolved(other, "title: b\nprepare: [{scale: {factor: 2}}]\nprotocol: {cross_run: {}}\n")
    (one,), notes = compare_results([three, other])
    assert one.flags == ("prepare differs",)
    assert notes == [
        f"prepare differs: [] / [{{scale: {{factor: 2}}}}] ({three.folder} / {other.folder})"
    ]


def test_other_folds_other_rows_and_another_truth_are_said(three, tmp_path):
    folds = said({"good": GOOD}, protocol=WithinSession(3))
    (one,), _ = compare_results([three, stored(folds, tmp_path / "folds")])
    assert one.flags == ("folds differ", "no interval: all differences are equal")

    study = said({"good": GOOD})
    part = np.arange(len(study.trials.rows)) % N_PER_RUN < N_PER_RUN - 2
    fewer = replace(study, trials=study.trials.take(part), previous=study.previous[part])
    (one,), _ = compare_results([three, stored(fewer, tmp_path / "fewer")])
    assert one.flags == ("rows differ: 120 of 144 in both",)

    turned = said({"good": GOOD})
    question = replace(
        turned.question, target=Target("label", turned.question.target.column, classes=("b", "a"))
    )
    same = stored(replace(turned, question=question), tmp_path / "turned")
    assert not any(
        "truth" in flag for one in compare_results([three, same])[0] for flag in one.flags
    )
    rows = same.rows()
    rows.loc[:3, "y"] = 1 - rows.loc[:3, "y"]
    same.write_rows(rows)
    (one,), notes = compare_results([three, same])
    assert "truth differs" in one.flags
    assert notes[0].startswith("truth differs: 4 of 144 rows in both have another one")


def test_other_units_are_refused(three, tmp_path):
    five = stored(said({"good": GOOD[:5]}, SUBJECTS[:5]), tmp_path / "five")
    with pytest.raises(ConfigError, match="units differ: subject 6 has a score of one of the two"):
        compare_results([three, five])
    pooled = stored(said({"good": GOOD}, within=("session",)), tmp_path / "pooled")
    with pytest.raises(ConfigError, match="units differ: one is scored by subject, one by session"):
        compare_results([three, pooled])
    others = stored(said({"good": GOOD}, ("a", "b", "c", "d", "e", "f")), tmp_path / "others")
    with pytest.raises(ConfigError, match="share no recording, so nothing pairs their scores"):
        compare_results([three, others])


class Failing(LinearDiscriminantAnalysis):
    def fit(self, X, y):
        raise ValueError("no thanks")


def test_what_failed_is_not_compared_and_the_others_are(asked, tmp_path):
    models = (*MODELS, NamedModel("bad", Failing()))
    folder = stored(asked(models=models), tmp_path / "r")
    found, _ = compare_results([folder])
    assert [one.note == "" for one in found] == [True, False, False]
    assert found[1].note == "bad has no score (failed: ValueError: no thanks)"
    assert np.isnan(found[1].p)
    assert found[0].p_adjusted == found[0].p  # one p, nothing to correct for
    with pytest.raises(ConfigError, match=r"riemann.mdm, bad: bad has no score \(failed"):
        compare_results([folder], models=["riemann.mdm"], against="bad")


@pytest.mark.parametrize(
    ("asked", "sentence"),
    [
        (
            {"metric": "roc_auc"},
            "metric 'roc_auc' was not scored; there are: accuracy. Run it",
        ),
        ({"metric": "acuracy"}, "no metric is called 'acuracy'. Did you mean 'accuracy'"),
        ({"against": "god"}, "no model is called 'god'. Did you mean 'good'"),
        ({"models": ["gut"]}, "no model is called 'gut'. Known: bad, fair, good"),
        (
            {"models": ["good"]},
            "there is nothing to compare good with. Name another",
        ),
        ({"test": "t"}, "test is 't'; give one of auto, sign_flip, wilcoxon, corrected_t"),
        (
            {"alternative": "better"},
            "alternative is 'better'; give one of two-sided",
        ),
        (
            {"correction": "bonferroni"},
            "correction is 'bonferroni'; give one of holm",
        ),
    ],
)
def test_what_cannot_be_meant_is_refused(three, asked, sentence):
    with pytest.raises(ConfigError, match=sentence.replace(".", r"\.")):
        compare_results([three], **asked)


def test_a_folder_given_twice_or_without_results_is_refused(three, tmp_path):
    for again in (three, Store(three.folder / ".." / "three")):
        with pytest.raises(ConfigError, match="three is given twice"):
            compare_results([three, again])
    with pytest.raises(ConfigError, match="no results are given"):
        compare_results([])
    with pytest.raises(ConfigError, match="holds no results"):
        compare_results([Store(tmp_path / "nothing")])


def test_units_that_are_no_people_are_called_so(tmp_path):
    study = said({"good": GOOD[:2], "bad": BAD[:2]}, SUBJECTS[:2], within=("fold",))
    (one,), _ = compare_results([stored(study, tmp_path / "r")])
    assert (one.n_units, one.unit) == (4, "fold")
    # Folds of two runs train each other's models, within each subject alone: 1 of 1 other. So a
    # mean of four varies twice as much, and their spread tells 1 - 1 / 3 of it.
    assert one.test == "two-sided t test over 4 folds, their variance times 3"
    assert one.flags == ()


def test_models_of_vectors_are_compared(tmp_path):
    study, Y = of_vectors()
    folder = stored(study, tmp_path / "vectors")
    (one,), _ = compare_results([folder], metric="rmse")
    assert one.difference < 0
    assert one.p == 2 / 64
    assert one.flags == ("lower is better",)
    Y = Y.copy()
    Y[3] += 1
    other = stored(of_vectors(Y=Y)[0], tmp_path / "other")
    found, notes = compare_results([folder, other])
    assert [one.flags for one in found] == [("truth differs",)] * 2
    assert notes[0].startswith("truth differs: 1 of 144 rows in both have another one")


def test_scores_of_different_things_are_refused(three, tmp_path):
    vectors = stored(of_vectors()[0], tmp_path / "vectors")
    with pytest.raises(ConfigError, match="metric 'r' was not scored; there are: accuracy"):
        compare_results([vectors, three])
    study, Y = of_vectors()
    trials = study.trials
    value = replace(
        study,
        trials=Trials(trials.rows.with_column("size", Y[:, 0]), {"eeg": trials.signals["eeg"]}),
        question=replace(study.question, target=Target("value", column="size"), metrics=("rmse",)),
    )
    with pytest.raises(
        ConfigError, match=r"has a value as target and .* a vector, so their scores"
    ):
        compare_results([stored(value, tmp_path / "value"), vectors], metric="rmse")
