"""What the page says in words."""

from types import SimpleNamespace

import pytest

from neurodecode.report.words import (
    FLAGS,
    best,
    ceilings_heading,
    chance_sentence,
    counted,
    flag_sentence,
    interval_sentence,
    pattern_notes,
    shuffled_how,
    verdict,
)


@pytest.fixture
def of():
    """Results that have nothing but these rows."""

    def made(*rows, rotates=False):
        index = {"metrics": ["accuracy"], "target": {"rotates": rotates}}
        return SimpleNamespace(index=index, rows=lambda: list(rows))

    return made


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (0.55, 0.8, "better than chance"),
        (0.45, 0.8, "includes chance"),
        (0.5, 0.8, "includes chance"),
        (0.2, 0.4, "worse than chance"),
        (float("nan"), float("nan"), "no interval"),
    ],
)
def test_the_verdict_is_that_of_the_interval(table_row, of, low, high, said):
    sentences = verdict(of(table_row(ci_low=low, ci_high=high)))
    assert said in sentences[1]
    assert "–" not in sentences[0]


def test_without_a_formula_of_chance_nothing_is_said_to_include_it(table_row, of):
    first, second, *_ = verdict(of(table_row(chance=float("nan"))))
    assert "chance has no formula here, shuffled training labels give 0.480." in first
    assert second == "What the shuffled null and the controls reach stands in for it."


def test_the_null_of_a_series_is_moved_on_and_not_permuted(table_row, of):
    first, *_ = verdict(of(table_row(), rotates=True))
    assert "training targets moved on in time give 0.480" in first
    index = {"target": {"rotates": True}, "shuffled_within": "run"}
    assert "moved on in time within its run" in shuffled_how(index)
    index["target"] = {"rotates": False}
    assert shuffled_how(index) == "training labels permuted within run or block"
    index["shuffled_within"] = "subject"
    assert shuffled_how(index) == "training labels permuted among all of their subject"


def test_the_verdict_names_the_best_model_and_the_best_control(table_row, of, without_score):
    rows = (
        table_row("weak", (0.5, 0.6)), table_row("strong", (0.8, 0.9)),
        table_row("baseline.prior", (0.4, 0.5), role="control"),
        table_row("baseline.clock", (0.9, 0.99), role="control"),
        without_score("net", "failed: no"),
    )  # fmt: skip
    first, *others = verdict(of(*rows))
    assert first.startswith("Best of 3 models: strong, accuracy 0.850 (95 % interval 0.750 to")
    assert "over 2 subjects and 90 trials; chance is 0.500" in first
    assert "shuffled training labels give 0.480" in first
    assert "The best control, which sees no brain data, is baseline.clock at 0.945." in others
    assert "The best was picked by the scores below, which favours it a little." in others


def test_an_oracle_is_the_ceiling_and_no_control(table_row, of):
    rows = (
        table_row("strong", (0.8, 0.9)), table_row("baseline.prior", (0.4, 0.5), role="control"),
        table_row("baseline.oracle", (0.9, 0.99), role="ceiling"),
    )  # fmt: skip
    _, *others = verdict(of(*rows))
    assert "The best control, which sees no brain data, is baseline.prior at 0.450." in others
    assert next(one for one in others if "oracle" in one).endswith("reaches 0.945.")


def test_other_ceilings_are_no_oracle_and_have_their_own_metric(table_row, of):
    rows = (
        table_row("strong", (0.8, 0.9)),
        table_row("strong, round trip", (0.9, 1.0), role="ceiling"),
        table_row("strong, round trip", (0.1, 0.1), role="ceiling", metric="roc_auc"),
    )  # fmt: skip
    said = " ".join(verdict(of(*rows)))
    assert "Ceilings, told what no model may know: strong, round trip 0.950." in said
    assert "oracle" not in said
    assert ceilings_heading(rows) == "Ceilings: told what no model may know"
    oracle = table_row("baseline.oracle", role="ceiling")
    assert "an oracle" in ceilings_heading([rows[0], oracle])


def test_one_model_was_not_picked(table_row, of):
    sentences = verdict(of(table_row(flags=("history",))))
    assert sentences[0].startswith("The model: linear.svm")
    assert sentences[-1].startswith("linear.svm is not clearly better than baseline.history")
    assert not any("picked" in sentence for sentence in sentences)


def test_without_a_score_there_is_no_best(of, without_score):
    assert best(of(without_score("net", "failed: no"))) is None
    assert verdict(of(without_score("net", "failed: no"))) == [
        "No model has a score; the table says why."
    ]


def test_how_intervals_were_made_depends_on_the_number_of_units(table_row, without_score):
    def made(n):
        return interval_sentence(
            [table_row(scores=(0.5,) * n)], {"unit": 1.0, "row": 2.0, "repeats": 1}
        )

    assert "bootstrap (1000 draws) of the stored predictions" in made(1)
    assert "trials also train the models of the others, it is 1.41 times" in made(1)
    assert made(4) == "The 95 % interval is Student's t over the means of 4 subjects."
    assert made(19).startswith("The 95 % interval is Student's t")
    assert made(20).startswith("The 95 % interval is a bias-corrected bootstrap")
    assert "no score" in interval_sentence([without_score("m", "failed: no")], {})
    anew = interval_sentence(
        [table_row(scores=(0.5,) * 16)], {"unit": 8.0, "row": 2.0, "repeats": 4}
    )
    # 4 times 2 / (1 - 1 / 15), and its root.
    assert "and 4 seeds test the same rows anew, it is 2.93 times as wide" in anew
    two = interval_sentence([table_row(scores=(0.5,) * 2)], {"unit": 2.0, "row": 2.0, "repeats": 1})
    assert two.startswith("No interval over 2 subjects")


@pytest.mark.parametrize(
    ("flag", "said"),
    [
        ("3 of 12 groups not computed", "does not apply"),
        ("jobs failed: 2", "ended in an error"),
        ("jobs not run yet: 4", "still to be run"),
        ("constant:1/5", "do not vary in training"),
        ("something new", "declared this"),
        *((flag, sentence) for flag, sentence in FLAGS.items()),
    ],
)
def test_every_flag_has_a_sentence(flag, said):
    assert said in flag_sentence(flag)


def test_numbers_agree_with_their_nouns():
    assert counted(1, "trial") == "1 trial"
    assert counted(0, "trial") == "0 trials"
    assert counted(2, "trial") == "2 trials"


def test_patterns_of_classes_and_of_components_are_read_otherwise():
    assert pattern_notes(set()) == []
    assert len(pattern_notes({True, False})) == 2
    assert "leans to a class" in pattern_notes({False})[0]
    assert "order, sign or size" in pattern_notes({True})[0]


def test_chance_among_pictures_is_no_matter_of_classes():
    assert "gallery" in chance_sentence(["top_1", "median_rank"])
    assert "classes" not in chance_sentence(["top_1"])
    assert "gallery" not in chance_sentence(["balanced_accuracy"])
    assert "mean" in (both := chance_sentence(["r", "top_1"])) and "gallery" in both
    assert "classes" not in both and "classes" in chance_sentence(["balanced_accuracy"])
