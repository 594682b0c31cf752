import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, balanced_accuracy_score, roc_auc_score

from neurodecode.core.names import catalogue, find
from neurodecode.metrics.classification import accuracy, balanced_accuracy, roc_auc
from neurodecode.metrics.metric import metric as declared

METRICS = [accuracy, balanced_accuracy, roc_auc]


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


def test_experiments_call_metrics_by_their_bare_name():
    for name in catalogue("metrics"):
        metric = find(name, "metrics")
        assert metric.name == name
        assert metric.__doc__.partition("\n")[0].endswith(".")
