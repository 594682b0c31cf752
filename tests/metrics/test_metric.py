"""What every metric promises, whatever it is: its declaration holds, and it says why not."""

import inspect

import numpy as np
import pytest

from neurodecode.core.names import catalogue, find

ALL = {name: find(name, "metrics") for name in catalogue("metrics")}
# Those that ask when rows were are judged on streams of decisions, in test_online.py.
METRICS = {name: one for name, one in ALL.items() if one.times == "none"}
LABEL = [one for one in METRICS.values() if "label" in one.kinds]
VECTOR = [one for one in METRICS.values() if "vector" in one.kinds]
PICTURE = [one for one in METRICS.values() if one.kinds == ("picture",)]
# Four rows of two classes, told right with certainty.
TRUE = np.array([0, 1, 1, 0])
SURE = np.eye(2)[TRUE]
PICTURES = np.random.default_rng(0).normal(size=(6, 60))  # or answers of a classifier
WINDOWS = np.random.default_rng(0).random((6, 16, 12, 1))  # large enough for any window
SERIES = PICTURES[:, None]


def judge(metric, true, pred, scores=None, of="probability", **named):
    kind = "label" if metric in LABEL else "vector" if metric in VECTOR else metric.kinds[0]
    return metric.evaluate(true, pred, scores=scores, score_kind=of, kind=kind, **named)


@pytest.mark.parametrize(("name", "metric"), ALL.items(), ids=ALL)
def test_experiments_call_metrics_by_their_bare_name_and_one_signature(name, metric):
    assert metric.name == name
    assert metric.__doc__.partition("\n")[0].endswith(".")
    assert list(inspect.signature(metric.function).parameters) == [
        "true", "pred", "scores", "rows", "gallery",
    ]  # fmt: skip
    assert metric.direction in ("up", "down")
    assert metric.range[0] < metric.range[1]


@pytest.mark.parametrize("metric", LABEL, ids=lambda one: one.name)
def test_the_truth_told_for_sure_reaches_the_best_end_of_the_range(metric):
    best = metric.range[metric.direction == "up"]
    found = judge(metric, TRUE, TRUE, SURE)
    assert type(found) is float
    assert found == pytest.approx(best, abs=1e-15)


@pytest.mark.parametrize("metric", VECTOR, ids=lambda one: one.name)
def test_the_true_vectors_reach_the_best_end_of_the_range(metric):
    best = metric.range[metric.direction == "up"]
    found = judge(metric, PICTURES, PICTURES)
    assert type(found) is float
    assert found == pytest.approx(best, abs=1e-15)


@pytest.mark.parametrize("metric", PICTURE, ids=lambda one: one.name)
def test_the_true_pictures_reach_the_best_end_of_the_range(metric):
    best = metric.range[metric.direction == "up"]
    assert judge(metric, WINDOWS, WINDOWS) == pytest.approx(best, abs=1e-12)


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_without_rows_there_is_no_score(metric):
    none = np.zeros((0, 2))
    found = judge(metric, none[:, 0].astype(int) if metric in LABEL else none, none, none)
    assert found == f"{metric.name} needs a test row, and there is none"


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_one_row_gives_a_number_or_a_reason_and_no_warning(metric, recwarn):
    if metric in LABEL:
        found = judge(metric, TRUE[:1], TRUE[:1], SURE[:1])
    else:
        several = PICTURES if metric in VECTOR else WINDOWS if metric in PICTURE else SERIES
        found = judge(metric, several[:1], several[1:2])
    alone = (
        metric.name in ("r", "r2", "explained_variance", "two_v_two")
        or metric.retrieval is not None
    )
    needs_more = alone or metric.min_classes > 1
    assert isinstance(found, str) == needs_more
    assert not recwarn.list
    if isinstance(found, float):
        assert np.isfinite(found)


@pytest.mark.parametrize("metric", VECTOR, ids=lambda one: one.name)
@pytest.mark.parametrize("constant", ["truth", "answers", "both"])
def test_constant_vectors_give_a_number_or_a_reason_and_no_warning(metric, constant, recwarn):
    flat = np.full(PICTURES.shape, 0.1)
    true = PICTURES if constant == "answers" else flat
    pred = PICTURES if constant == "truth" else flat
    found = judge(metric, true, pred)
    assert isinstance(found, str) or np.isfinite(found)
    assert not recwarn.list


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_another_kind_of_target_is_refused(metric):
    kind = "value" if metric in LABEL else "label"
    found = metric.evaluate(TRUE, TRUE, scores=SURE, score_kind="probability", kind=kind)
    said = f"{metric.name} judges {' or '.join(metric.kinds)}, and the target is a {kind}"
    assert found == said


OF_PROBABILITIES = [one for one in LABEL if one.scores == "probability"]


@pytest.mark.parametrize("metric", OF_PROBABILITIES, ids=lambda one: one.name)
def test_margins_are_no_probabilities(metric):
    assert judge(metric, TRUE, TRUE, SURE, of="margin") == (
        f"{metric.name} needs probabilities, and the model gives margins"
    )
    assert judge(metric, TRUE, TRUE, 2 * SURE - 1) == (
        f"{metric.name} needs probabilities, and one score is -1"
    )
    assert judge(metric, TRUE, TRUE, SURE / 2) == (
        f"{metric.name} needs probabilities that sum to 1, and those of a row sum to 0.5"
    )
    # What a softmax in float32 gives is near enough.
    assert isinstance(judge(metric, TRUE, TRUE, SURE * (1 + 1e-6)), float)


def test_there_are_metrics_of_probabilities():
    assert {one.name for one in OF_PROBABILITIES} == {"log_loss", "brier", "ece"}


OF_WINDOWS = [one.name for one in PICTURE]


@pytest.mark.parametrize("metric", METRICS.values(), ids=METRICS)
def test_chance_is_a_number_or_has_no_formula(metric):
    if metric in LABEL:
        chance = metric.chance(TRUE, np.array([0.75, 0.25]))
    else:
        chance = metric.chance(PICTURES, PICTURES.mean(axis=0))
    assert type(chance) is float
    if metric.name in ("ece", "pixcorr", "mean_log_likelihood", "feature_distance", *OF_WINDOWS):
        assert np.isnan(chance)
    else:
        assert metric.range[0] <= chance <= metric.range[1]


@pytest.mark.parametrize("name", ["r2", "rmse", "mae"])
def test_chance_of_values_is_unknown_without_the_training_mean(name):
    assert np.isnan(METRICS[name].chance(PICTURES, np.zeros(0)))


WITH_TERMS = [name for name, one in METRICS.items() if one.terms and one.summary is None]


@pytest.mark.parametrize("name", WITH_TERMS)
def test_a_score_is_the_mean_of_its_terms(name):
    judged, rng = find(name, "metrics"), np.random.default_rng(0)
    if "label" in judged.kinds:
        true, pred = rng.integers(4, size=(2, 60))
    elif name in OF_WINDOWS:
        true, pred = rng.random((2, 60, 16, 12, 3))
    else:
        true, pred = rng.standard_normal((2, 60, 60))
        true[7] = 0.5  # a flat picture
        true[20:30] = true[:10]  # shown twice
        pred[4] = pred[5]
    values, groups = judged.terms(true, pred)
    known = np.isfinite(values)
    groups = np.zeros(len(values)) if groups is None else groups
    means = [values[known & (groups == one)].mean() for one in np.unique(groups[known])]
    assert np.mean(means) == pytest.approx(judged(true, pred), rel=1e-12)


def test_scores_that_are_means_over_rows_have_terms():
    assert set(WITH_TERMS) == {
        "accuracy", "balanced_accuracy", "pixcorr", "two_way", "two_way_strict", "top_1", "top_5",
        "relative_rank", "mrr", "two_way_image_to_brain", "top_1_image_to_brain",
        "top_5_image_to_brain", "feature_distance", "n_way", "pattern_r",
        "two_v_two", *OF_WINDOWS,
    }  # fmt: skip
