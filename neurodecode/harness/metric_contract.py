"""Contract tests of a metric, on answers that are the truth and answers that are drawn."""

from functools import cache
from typing import Any

import numpy as np

from neurodecode.core.target import n_axes
from neurodecode.core.timeline import Timeline
from neurodecode.harness.planted import planted_decisions, planted_windows
from neurodecode.harness.promises import Finding, findings

_N_DRAWN = 50
_N_IN_TIME = 20  # fewer, of more rows


def check_metric(metric: Any) -> list[Finding]:
    """Hold a metric to its range, direction and chance level, on answers of some hundred rows.

    Metrics that ask when windows were get windows around events, those that ask for tasks windows
    that slide over tasks and idle.
    """
    rng = np.random.default_rng(0)
    kind = metric.kinds[0]
    true, rows = _truth(metric.times, kind, rng)
    n_rows, n_drawn = len(true), _N_DRAWN if rows is None else _N_IN_TIME
    if kind == "label":
        n_classes = int(true.max()) + 1
        best = np.eye(n_classes)[true]
        drawn = [rng.dirichlet(np.ones(n_classes), n_rows) for _ in range(n_drawn)]
    else:
        best, drawn = true, [rng.standard_normal(true.shape) for _ in range(n_drawn)]
    if kind == "none":  # there is no truth: best is what is likeliest in every row
        best = np.max(drawn, axis=0)

    def score(said: np.ndarray, index: np.ndarray | None = None) -> float:
        index = np.arange(n_rows) if index is None else index
        pred = np.argmax(said, axis=1) if kind == "label" else said
        value = metric.evaluate(
            true[index], pred[index],
            scores=said[index] if kind == "label" else None,
            score_kind="probability", kind=kind, rows=None if rows is None else rows.take(index),
        )  # fmt: skip
        assert isinstance(value, float), f"not computed: {value}"
        return value

    @cache
    def scored() -> tuple[float, list[float]]:
        return score(best), [score(said) for said in drawn]

    def in_range() -> None:
        low, high = metric.range
        for found in (scored()[0], *scored()[1]):
            assert low - 1e-9 <= found <= high + 1e-9, f"{found} is outside its range"

    def best_is_best() -> None:
        sign = 1 if metric.direction == "up" else -1
        of_truth, others = scored()
        assert sign * of_truth > max(sign * one for one in others), (
            "the truth itself is not the best answer"
        )

    def no_order() -> None:
        order = rng.permutation(n_rows)
        assert np.isclose(scored()[1][0], score(drawn[0], order)), "the order of rows matters"

    return list(
        findings(
            ("scores lie within its range", in_range),
            ("the truth is the best answer", best_is_best),
            ("the order of rows does not matter", no_order),
        )
    )


def _truth(times: str, kind: str, rng: np.random.Generator) -> tuple[np.ndarray, Timeline | None]:
    """Give what is true of rows, and when these were where a metric asks for that."""
    rows, n_rows = None, 400
    if times != "none":
        rows, true = planted_decisions(rng) if times == "tasks" else planted_windows(rng)
        if kind == "label":
            return true, rows
        n_rows = len(rows)
    if kind == "label":
        return rng.permutation(np.repeat([0, 1], n_rows // 2)), rows
    if kind == "picture":
        return rng.random((n_rows, 16, 16, 1)), rows  # larger than any window
    n_targets = 60 if kind == "vector" else 5  # as many as a classifier of 50 classes needs
    return rng.standard_normal((n_rows, *(n_targets,) * (n_axes(kind) - 1))), rows
