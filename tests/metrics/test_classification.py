import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn import metrics as peers
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from neurodecode.core.errors import DataError
from neurodecode.metrics.classification import (
    accuracy,
    average_precision,
    balanced_accuracy,
    cohen_kappa,
    f1,
    f1_macro,
    matthews_corrcoef,
    roc_auc,
)
from neurodecode.metrics.metric import metric as declared

METRICS = [
    accuracy,
    average_precision,
    balanced_accuracy,
    cohen_kappa,
    f1_macro,
    matthews_corrcoef,
    roc_auc,
]
CLOSE = {"rel": 1e-12, "abs": 1e-12}


@st.composite
def answers(draw, min_classes=2, max_classes=5):
    """Truth, answers and scores of few different values, so that scores are often tied."""
    n_classes = draw(st.integers(min_classes, max_classes))
    n = draw(st.integers(n_classes, 40))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    true = np.concatenate([np.arange(n_classes), rng.integers(n_classes, size=n - n_classes)])
    scores = rng.integers(0, 6, size=(n, n_classes)) / 4
    return rng.permutation(true), rng.integers(n_classes, size=n), scores


@given(answers())
def test_accuracies_are_scikit_learns(answer):
    true, pred, _ = answer
    assert accuracy(true, pred) == pytest.approx(accuracy_score(true, pred))
    assert balanced_accuracy(true, pred) == pytest.approx(balanced_accuracy_score(true, pred))


@given(answers(max_classes=2))
def test_roc_auc_of_two_classes_is_scikit_learns(answer):
    true, pred, scores = answer
    expected = roc_auc_score(true, scores[:, 1])
    assert roc_auc(true, pred, scores=scores) == pytest.approx(expected)


@given(answers(min_classes=3))
def test_roc_auc_of_many_classes_is_scikit_learns_one_against_the_rest(answer):
    true, pred, scores = answer
    scores = scores + 0.1
    shares = scores / scores.sum(axis=1, keepdims=True)  # scikit-learn wants probabilities
    expected = roc_auc_score(true, shares, multi_class="ovr", average="macro")
    assert roc_auc(true, pred, scores=shares) == pytest.approx(expected)


@given(answers(min_classes=4))
def test_a_class_absent_from_the_rows_has_no_part_in_the_mean(answer):
    true, pred, scores = (array[answer[0] != 1] for array in answer)
    there = np.unique(true)
    recalls = [np.mean(pred[true == code] == code) for code in there]
    areas = [roc_auc_score(true == code, scores[:, code]) for code in there]
    assert balanced_accuracy(true, pred) == pytest.approx(np.mean(recalls))
    assert roc_auc(true, pred, scores=scores) == pytest.approx(np.mean(areas))


def test_two_of_three_classes_among_the_rows_are_each_against_the_rest():
    # Columns 0 and 2 rank differently: areas 1 and 3/4, by counting the 2 × 2 pairs.
    true = np.array([0, 0, 2, 2])
    scores = np.array([[0.8, 0.1, 0.1], [0.6, 0, 0.4], [0.4, 0.4, 0.2], [0.1, 0.4, 0.5]])
    assert roc_auc(true, true, scores=scores) == pytest.approx((1 + 3 / 4) / 2)


def test_ties_count_one_half():
    # Four pairs: two right, one tied, one wrong.
    scores = np.array([0.1, 0.5, 0.5, 0.3])
    true = np.array([0, 0, 1, 1])
    assert roc_auc(true, true, scores=np.column_stack([-scores, scores])) == 2.5 / 4


@given(answers(), st.randoms(use_true_random=False))
def test_scores_ignore_the_order_of_rows(answer, random):
    order = random.sample(range(len(answer[0])), len(answer[0]))
    for metric in METRICS:
        true, pred, scores = answer
        shuffled = metric(true[order], pred[order], scores=scores[order])
        assert shuffled == pytest.approx(metric(true, pred, scores=scores))


@given(answers())
def test_roc_auc_asks_only_for_the_rank_of_scores(answer):
    true, pred, scores = answer
    area = roc_auc(true, pred, scores=scores)
    for transformed in (np.exp(scores), scores**3, 1e-6 * scores - 3):
        assert roc_auc(true, pred, scores=transformed) == area


@given(answers())
def test_roc_auc_turns_over_with_the_scores(answer):
    true, pred, scores = answer
    turned = roc_auc(true, pred, scores=-scores)
    assert turned == pytest.approx(1 - roc_auc(true, pred, scores=scores))


@given(answers())
def test_values_stay_in_the_declared_range_and_the_truth_reaches_its_end(answer):
    true, pred, scores = answer
    best = np.eye(scores.shape[1])[true]
    for metric in METRICS:
        low, high = metric.range
        assert low <= metric(true, pred, scores=scores) <= high
        assert metric.direction == "up"
        assert metric(true, true, scores=best) == high


def test_chance_of_accuracy_is_what_the_most_frequent_training_class_reaches():
    rng = np.random.default_rng(0)
    true = rng.choice(3, p=[0.2, 0.5, 0.3], size=200)
    prior = np.array([0.6, 0.3, 0.1])  # training had most of another class than the test rows
    assert accuracy.chance(true, prior) == accuracy(true, np.zeros(200, dtype=int))


def test_chance_of_accuracy_takes_each_of_the_most_frequent_classes_as_likely():
    true = np.repeat([0, 1, 2], [60, 30, 10])
    prior = np.array([0.4, 0.2, 0.4])
    assert accuracy.chance(true, prior) == pytest.approx((0.6 + 0.1) / 2)
    # Counts of training, turned into frequencies, tie but for rounding.
    rounded = prior + np.array([1e-16, 0, 0])
    assert accuracy.chance(true, rounded) == accuracy.chance(true, prior)
    rng, n_draws = np.random.default_rng(0), 2000
    constant = [accuracy(true, np.full(100, rng.choice([0, 2]))) for _ in range(n_draws)]
    sd = 0.25 / np.sqrt(n_draws)  # the two answers lie .5 apart, so one has an s.d. of .25
    assert abs(np.mean(constant) - accuracy.chance(true, prior)) < 4 * sd


@pytest.mark.parametrize("classes", [[0, 1], [0, 2], [0, 1, 2, 3]])
def test_every_constant_answer_reaches_the_chance_of_balanced_accuracy(classes):
    true = np.repeat(classes, np.arange(1, len(classes) + 1) ** 2)
    chance = balanced_accuracy.chance(true, np.full(4, 0.25))
    assert chance == 1 / len(classes)
    for code in classes:
        assert balanced_accuracy(true, np.full(len(true), code)) == pytest.approx(chance)


@pytest.mark.parametrize("n_classes", [2, 4])
def test_scores_that_say_nothing_reach_the_chance_of_roc_auc(n_classes):
    true = np.arange(60) % n_classes
    prior = np.full(n_classes, 1 / n_classes)
    assert roc_auc.chance(true, prior) == 0.5
    assert roc_auc(true, true, scores=np.tile(prior, (60, 1))) == 0.5
    rng, n_draws = np.random.default_rng(0), 400
    areas = [roc_auc(true, true, scores=rng.normal(size=(60, n_classes))) for _ in range(n_draws)]
    # Hanley & McNeil 1982: the variance of an area of one half is (n+ + n- + 1) / (12 n+ n-).
    n_positive = 60 // n_classes
    sd = np.sqrt(61 / (12 * n_positive * (60 - n_positive)) / n_draws)
    assert abs(np.mean(areas) - 0.5) < 4 * sd


def evaluate(metric, true=(0, 1), scores=((1.0, 0.0), (0.0, 1.0)), kind="label", of="probability"):
    scores = None if scores is None else np.array(scores)
    true = np.array(true)
    return metric.evaluate(true, true, scores=scores, score_kind=of, kind=kind)


def test_what_cannot_be_computed_says_why():
    said = evaluate(accuracy, kind="value")
    assert said == "accuracy judges label, and the target is a value"
    said = evaluate(roc_auc, scores=None, of="")
    assert said == "roc_auc needs scores, and the model gives none"
    for metric in (balanced_accuracy, roc_auc):
        said = evaluate(metric, true=(1, 1))
        assert said == f"{metric.name} needs 2 classes among the rows scored together"


def test_a_metric_of_probabilities_refuses_margins():
    @declared(
        direction="down",
        range=(0, 1),
        kinds=("label",),
        chance=lambda true, prior: 1.0,
        scores="probability",
    )
    def mean_doubt(true, pred, *, scores, rows=None, gallery=None):
        return 1 - scores.max(axis=1).mean()

    said = evaluate(mean_doubt, of="margin")
    assert said == "mean_doubt needs probabilities, and the model gives margins"
    assert evaluate(mean_doubt, scores=((0.7, 0.3), (0.4, 0.6))) == pytest.approx(0.35)


def test_what_can_be_computed_is_a_plain_float():
    assert type(evaluate(accuracy, true=(1, 1), scores=None)) is float
    for metric in METRICS:
        assert type(evaluate(metric, of="margin")) is float


@given(answers())
def test_agreement_is_scikit_learns(answer):
    true, pred, _ = answer
    assert cohen_kappa(true, pred) == pytest.approx(peers.cohen_kappa_score(true, pred), **CLOSE)
    expected = peers.matthews_corrcoef(true, pred)
    assert matthews_corrcoef(true, pred) == pytest.approx(expected, **CLOSE)
    assert f1_macro(true, pred) == pytest.approx(
        peers.f1_score(true, pred, average="macro"), **CLOSE
    )


@given(answers(max_classes=2))
def test_f1_of_two_classes_is_scikit_learns_of_the_last(answer):
    true, pred, _ = answer
    assert f1(true, pred) == pytest.approx(peers.f1_score(true, pred), **CLOSE)


@given(answers(max_classes=2))
def test_average_precision_of_two_classes_is_scikit_learns_of_the_last(answer):
    true, pred, scores = answer
    expected = peers.average_precision_score(true, scores[:, 1])
    assert average_precision(true, pred, scores=scores) == pytest.approx(expected, **CLOSE)


@given(answers(min_classes=3))
def test_average_precision_of_many_classes_is_scikit_learns_one_against_the_rest(answer):
    true, pred, scores = answer
    expected = peers.average_precision_score(true, scores, average="macro")
    assert average_precision(true, pred, scores=scores) == pytest.approx(expected, **CLOSE)


def test_agreement_by_hand():
    # Of five a four are told, of five b three; six answers are a, four are b.
    true = np.repeat([0, 1], 5)
    pred = np.array([0, 0, 0, 0, 1, 1, 1, 1, 0, 0])
    # Accuracy .7; expected (.5 × .6 + .5 × .4) = .5.
    assert cohen_kappa(true, pred) == pytest.approx((0.7 - 0.5) / 0.5)
    # (4 × 3 - 1 × 2) / sqrt(5 × 5 × 6 × 4).
    assert matthews_corrcoef(true, pred) == pytest.approx(10 / np.sqrt(600))
    # Of b: precision 3 / 4, recall 3 / 5; of a: 4 / 6 and 4 / 5.
    assert f1(true, pred) == pytest.approx(2 / (4 / 3 + 5 / 3))
    assert f1_macro(true, pred) == pytest.approx((2 / 3 + 2 / (6 / 4 + 5 / 4)) / 2)


def test_average_precision_by_hand():
    # Ranked: b, a, b, a. Precision 1 at the first b, 2 / 3 at the second, each half the recall.
    true, score = np.array([1, 0, 1, 0]), np.array([4.0, 3.0, 2.0, 1.0])
    scores = np.column_stack([-score, score])
    assert average_precision(true, true, scores=scores) == pytest.approx((1 + 2 / 3) / 2)
    # The other class is looked for where it is the last one.
    assert average_precision(1 - true, true, scores=-scores) == pytest.approx((1 + 2 / 3) / 2)


@pytest.mark.parametrize("metric", [cohen_kappa, matthews_corrcoef])
@given(answers())
def test_agreement_of_one_constant_answer_is_chance(metric, answer):
    true, _, _ = answer
    for code in np.unique(true):
        constant = np.full(len(true), code)
        assert metric(true, constant) == pytest.approx(metric.chance(true, None), abs=1e-12)


@given(answers(max_classes=2))
def test_scores_that_say_nothing_reach_the_prevalence(answer):
    true, pred, _ = answer
    prior = np.array([0.9, 0.1])  # what training had changes nothing
    flat = np.tile(prior, (len(true), 1))
    chance = average_precision.chance(true, prior)
    assert chance == np.mean(true == 1)
    assert average_precision(true, pred, scores=flat) == pytest.approx(chance)


def test_scores_that_say_nothing_of_many_classes_reach_one_over_their_number():
    true = np.repeat([0, 1, 3], [5, 3, 2])
    prior = np.full(4, 0.25)
    chance = average_precision.chance(true, prior)
    assert chance == pytest.approx(1 / 3)
    flat = np.tile(prior, (10, 1))
    assert average_precision(true, true, scores=flat) == pytest.approx(chance)


@given(answers(max_classes=2))
def test_chance_of_f1_is_always_answering_the_class_looked_for(answer):
    true, _, _ = answer
    prior = np.array([0.9, 0.1])
    always = np.ones(len(true), dtype=int)
    assert f1.chance(true, prior) == pytest.approx(f1(true, always))
    assert f1.chance(true, prior) >= f1(true, 1 - always)


@given(answers())
def test_chance_of_f1_macro_is_always_answering_the_class_training_had_most_of(answer):
    true, _, scores = answer
    for code in range(scores.shape[1]):
        prior = np.full(scores.shape[1], 0.1)
        prior[code] = 0.4
        constant = np.full(len(true), code)
        assert f1_macro.chance(true, prior) == pytest.approx(f1_macro(true, constant))
    # Also of a class that no row has.
    prior, rest = np.array([0.2, 0.8, 0.0]), np.array([0, 0, 2])
    assert f1_macro.chance(rest, prior) == f1_macro(rest, np.ones(3, dtype=int)) == 0


def test_f1_is_of_two_classes():
    said = f1.evaluate(np.array([0, 2]), np.array([0, 1]), scores=None, score_kind="", kind="label")
    assert said == "f1 is of two classes, and the target has 3; use f1_macro"
    # Also where the third class is declared and among no rows.
    two = np.array([0, 1])
    said = f1.evaluate(two, two, scores=None, score_kind="", kind="label", n_classes=3)
    assert said == "f1 is of two classes, and the target has 3; use f1_macro"
    assert f1.evaluate(two, two, scores=None, score_kind="", kind="label", n_classes=2) == 1
    with pytest.raises(DataError, match="neither truth nor answers hold the class"):
        f1(np.zeros(2, dtype=int), np.zeros(2, dtype=int))


def test_truth_and_answers_of_one_class_have_no_kappa():
    with pytest.raises(DataError, match="truth and answers are all of one class"):
        cohen_kappa(np.zeros(3, dtype=int), np.zeros(3, dtype=int))
