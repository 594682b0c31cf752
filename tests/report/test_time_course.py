"""Scores over time, drawn and put on the page."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from neurodecode.report import page
from neurodecode.report.time_course import curve_figures


def course(train_times, n_units=3):
    rng = np.random.default_rng(0)
    times = [-0.1, 0.0, 0.1, 0.2]
    rows = [
        {
            "model": "timed", "metric": "roc_auc", "train_time": train, "time": time,
            "subject": str(unit), "score": 0.5 + 0.4 * (time == 0.1) + 0.01 * rng.random(),
            "chance": 0.5, "shuffled": 0.49,
        }
        for train in train_times for time in times for unit in range(n_units)
    ]  # fmt: skip
    return pd.DataFrame(rows)


def test_a_curve_has_the_mean_chance_and_null_at_each_time():
    ((model, figure, told),) = curve_figures(course([np.nan]), "subject")
    (ax,) = figure.axes
    lines = {line.get_label(): line for line in ax.lines}
    assert model == "timed" and set(lines) >= {"mean", "chance", "shuffled"}
    np.testing.assert_allclose(lines["mean"].get_xdata(), [-0.1, 0.0, 0.1, 0.2])
    expected = course([np.nan]).groupby("time")["score"].mean()
    np.testing.assert_allclose(lines["mean"].get_ydata(), expected)
    assert "the largest at 0.100 s" in told
    assert len(ax.collections) == 1  # the interval over subjects


def test_the_band_is_as_wide_as_the_tables_intervals():
    def widths(inflation):
        ((_, figure, _),) = curve_figures(course([np.nan]), "subject", inflation)
        (band,) = figure.axes[0].collections
        ends = band.get_paths()[0].vertices
        return np.array([np.ptp(ends[ends[:, 0] == time, 1]) for time in (-0.1, 0.0, 0.1, 0.2)])

    # Of three who train each other's models: 2 / (1 - 1 / 2).
    np.testing.assert_allclose(widths(2.0), 2 * widths(1.0))


def test_a_course_over_folds_is_a_mean_over_seeds_and_has_the_band_of_one(monkeypatch):
    drawn = []
    monkeypatch.setattr(page, "curve_figures", lambda *asked: drawn.append(asked[1:]) or ())
    of_folds = course([np.nan]).rename(columns={"subject": "fold"})
    results = SimpleNamespace(
        scores=lambda: of_folds,
        time_course=lambda: of_folds,
        # Folds of two seeds that train each other's models.
        index={"within": ["fold"], "inflation": {"repeats": 2.0, "unit": 4.0, "row": 2.0}},
    )
    assert list(page._courses(results)) == []
    assert drawn == [("fold", 2.0)]


def test_one_unit_has_no_band():
    ((_, figure, _),) = curve_figures(course([np.nan], n_units=1), "subject")
    assert len(figure.axes[0].collections) == 0


def test_generalization_has_its_diagonal_as_a_curve_and_a_matrix_around_chance():
    several = list(curve_figures(course([-0.1, 0.0, 0.1, 0.2]), "subject"))
    assert len(several) == 2
    curve, matrix = (figure.axes[0] for _, figure, _ in several)
    assert len(curve.lines[1].get_xdata()) == 4
    (image,) = matrix.images
    assert image.get_array().shape == (4, 4)
    assert sum(image.get_clim()) / 2 == pytest.approx(0.5)
