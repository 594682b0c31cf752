"""Figures on axes: one point a unit, chance and null where they are, nothing dropped."""

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.axes import Axes
from matplotlib.cbook import is_math_text
from matplotlib.collections import PathCollection
from matplotlib.patches import Rectangle

from neurodecode.core.errors import ConfigError
from neurodecode.report.figures import (
    both_ends,
    confusion_figure,
    plain_text,
    plot_confusion,
    plot_scores,
    scores_figure,
)


def points(ax):
    """Scores of the units, a list a row."""
    return [one.get_offsets()[:, 0] for one in ax.collections if isinstance(one, PathCollection)]


def words(ax):
    return [text.get_text() for text in ax.texts]


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_one_point_a_unit_and_the_mean_with_its_interval(table_row):
    rows = [table_row(scores=(0.6, 0.7, 0.8)), table_row("riemann.mdm", (0.5, 0.9))]
    ax = plot_scores(rows)
    assert isinstance(ax, Axes)
    assert [sorted(values) for values in points(ax)] == [[0.6, 0.7, 0.8], [0.5, 0.9]]
    means = [line.get_xdata()[0] for line in ax.lines if line.get_marker() == "D"]
    np.testing.assert_allclose(means, [row.mean for row in rows])
    drawn = [tuple(line.get_xdata()) for line in ax.lines if len(line.get_xdata()) == 2]
    for row in rows:
        assert (row.ci_low, row.ci_high) in drawn
        assert (row.chance, row.chance) in drawn
    assert ax.get_xlabel() == "accuracy"
    assert words(ax) == ["linear.svm", "riemann.mdm"]


def test_the_null_is_a_band_of_its_mean_and_deviation(table_row):
    ax = plot_scores([table_row(shuffled_mean=0.4, shuffled_sd=0.1)])
    (band,) = [one for one in ax.patches if isinstance(one, Rectangle)]
    assert (band.get_x(), band.get_width()) == pytest.approx((0.3, 0.2))
    low, high = ax.get_xlim()
    assert low < 0.3
    assert high > 0.8
    assert "shuffled, mean ± s.d." in legend(ax)


def test_a_null_of_one_draw_is_seen_and_said(table_row):
    ax = plot_scores([table_row(shuffled_mean=0.4, shuffled_sd=None)])
    (band,) = [one for one in ax.patches if isinstance(one, Rectangle)]
    assert band.get_width() == 0
    assert band.get_linewidth() > 1
    assert "shuffled, one draw" in legend(ax)
    assert not any("shuffled" in said for said in legend(plot_scores([table_row(
        shuffled_mean=None, shuffled_sd=None)])))  # fmt: skip


def test_nearly_equal_units_are_kept_apart(table_row):
    ax = plot_scores([table_row(scores=(0.5,) * 5)])
    (offsets,) = [one.get_offsets() for one in ax.collections]
    assert len({tuple(offset) for offset in offsets.tolist()}) == 5


def test_what_has_no_score_says_why_in_its_line(table_row, without_score):
    ax = plot_scores([table_row(), without_score("net", "failed: ValueError: no $thanks$")])
    assert "net" in words(ax)
    assert plain_text("failed: ValueError: no $thanks$") in words(ax)
    assert len(points(ax)) == 1


def test_controls_stand_below_whatever_the_order(table_row):
    rows = [table_row("baseline.prior", role="control"), table_row("linear.svm")]
    ax = plot_scores(rows)
    height = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert height["linear.svm"] < height["controls: no brain data"] < height["baseline.prior"]
    bottom, top = ax.get_ylim()
    assert bottom > top  # the first row is on top
    assert "controls: no brain data" not in words(plot_scores(rows[1:]))
    rows.insert(0, table_row("linear.svm, round trip", role="ceiling"))
    ax = plot_scores(rows)
    height = {text.get_text(): text.get_position()[1] for text in ax.texts}
    assert height["controls, then ceilings"] < height["baseline.prior"]
    assert height["baseline.prior"] < height["linear.svm, round trip"]


def test_a_flagged_model_is_hollow_and_says_its_flags(table_row):
    flags = ("clock", "history")
    ax = plot_scores([table_row(), table_row("flagged", flags=flags)])
    filled, hollow = [line for line in ax.lines if line.get_marker() == "D"]
    assert hollow.get_markerfacecolor() == "white"
    assert filled.get_markerfacecolor() != "white"
    assert "⚑ clock, history" in words(ax)
    assert "flagged (⚑)" in legend(ax)
    assert "flagged (⚑)" not in legend(plot_scores([table_row()]))


def test_it_draws_on_the_axes_it_is_given(table_row):
    _, mine = plt.subplots()
    assert plot_scores([table_row()], mine) is mine
    assert plot_scores([table_row()]) is not mine


def test_rows_of_one_metric_are_asked_for(table_row):
    with pytest.raises(ConfigError, match="got 2 rows of accuracy, roc_auc"):
        plot_scores([table_row(), table_row(metric="roc_auc")])
    with pytest.raises(ConfigError, match="got 0 rows of none"):
        plot_scores([])


def test_results_draw_their_first_metric(results):
    ax = results.plot()
    assert ax.get_xlabel() == "balanced accuracy"
    assert results.plot("roc_auc").get_xlabel() == "ROC AUC"
    known = [row for row in results.rows() if row.metric == "balanced_accuracy" and not row.note]
    expected = [sorted(row.per_unit.values()) for row in known]
    assert [sorted(values) for values in points(ax)] == expected
    with pytest.raises(ConfigError, match="no metric 'accuracy'; there are: balanced_accuracy"):
        results.plot("accuracy")


def test_names_are_no_formulas(table_row, hostile, tmp_path):
    figure = scores_figure(
        [table_row(hostile.model + "$x_$ $"), table_row("$\\frac{$", flags=("$",))]
    )
    assert not [text for text in words(figure.axes[0]) if is_math_text(text)]
    figure.savefig(tmp_path / "scores.svg")
    confusion_figure(np.eye(2, dtype=int), ("$\\frac{$", "$^$")).savefig(tmp_path / "c.svg")


def test_a_long_name_leaves_the_axes_their_width_and_keeps_its_end(table_row, tmp_path):
    long = "StandardScaler + " * 8 + "Svm"
    widths = []
    for name in ("svm", long):
        figure = scores_figure([table_row(name)])
        figure.savefig(tmp_path / "one.png")
        widths.append(figure.axes[0].get_position().width)
    assert widths[0] == pytest.approx(widths[1])
    (shown,) = words(figure.axes[0])
    assert shown.endswith("Svm")
    assert "…" in shown


@pytest.mark.parametrize("longest", [5, 6, 22])
def test_both_ends_of_a_name_are_kept(longest):
    name = "abcdefghijklmnopqrstuvwxyz"
    short = both_ends(name, longest)
    assert len(short) == longest
    assert short[0] == "a"
    assert short[-1] == "z"
    assert both_ends(name, 26) == name


def test_a_confusion_matrix_has_its_counts_and_shares():
    counts = np.array([[8, 2], [5, 15]])
    ax = plot_confusion(counts, ("left", "right"), title="svm")
    assert words(ax) == ["8\n80 %", "2\n20 %", "5\n25 %", "15\n75 %"]
    assert [text.get_position() for text in ax.texts] == [(0, 0), (1, 0), (0, 1), (1, 1)]
    (image,) = ax.images
    np.testing.assert_allclose(image.get_array(), [[0.8, 0.2], [0.25, 0.75]])
    assert image.get_clim() == (0, 1)
    assert [label.get_text() for label in ax.get_yticklabels()] == ["left", "right"]
    assert (ax.get_ylabel(), ax.get_xlabel()) == ("true class", "predicted class")
    assert ax.get_title(loc="left") == "svm"


@pytest.mark.parametrize("name", ["a", "a class of a long name"])
@pytest.mark.parametrize("n", [2, 8, 20])
def test_cells_have_one_size_however_long_the_names_are(n, name, tmp_path):
    figure = confusion_figure(np.eye(n, dtype=int), [f"{name} {i:02d}"[-22:] for i in range(n)])
    figure.savefig(tmp_path / "c.png")  # lays it out
    box = figure.axes[0].get_window_extent()
    inches = box.width / figure.dpi / n
    assert 0.9 < inches / {2: 0.62, 8: 0.36, 20: 0.33}[n] < 1.4


def test_a_class_that_was_never_shown_has_no_share():
    ax = plot_confusion(np.array([[3, 0], [0, 0]]), ("a", "b"))
    np.testing.assert_array_equal(ax.images[0].get_array(), [[1, 0], [0, 0]])


def test_of_many_classes_the_diagonal_is_said_in_per_cent():
    counts = np.full((20, 20), 1)
    counts[np.diag_indices(20)] = 81
    ax = plot_confusion(counts, [f"class {i}" for i in range(20)])
    assert words(ax) == ["81"] * 20


def test_a_matrix_must_fit_its_classes():
    with pytest.raises(ConfigError, match=r"shape \(2, 2\), expected \(3, 3\)"):
        plot_confusion(np.eye(2, dtype=int), ("a", "b", "c"))
    _, mine = plt.subplots()
    assert plot_confusion(np.eye(2, dtype=int), ("a", "b"), mine) is mine
