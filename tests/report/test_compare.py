"""What `nd.compare` prints and returns."""

import csv
import io
import json

import numpy as np
import pytest

import neurodecode as nd
from neurodecode.core.errors import ConfigError
from neurodecode.harness.compare import Comparison
from neurodecode.report.compare import Comparisons, compare


@pytest.fixture
def comparisons():
    """One that was made, one that could not be."""
    return Comparisons(
        [
            Comparison(
                "a|b", "c_d", "accuracy", 0.8, 0.7, 0.1, 0.02, 0.18, 1.25, 0.2, 2.3, 0.03125,
                0.0625, 6, "subject", "two-sided sign-flip test", ("prepare differs",),
                {"01": 0.1, "02": 0.1},
            ),
            Comparison("a|b", "net", "accuracy", note="net has no score (failed: no)"),
        ],
        ["prepare differs: [] / [{scale: {factor: 2}}]"],
    )  # fmt: skip


def test_models_of_one_experiment_are_compared(results):
    made = nd.compare(results)
    first, failing, _ = made.rows
    assert first.first == "linear.csp_lda"
    table = results.table("balanced_accuracy").set_index("model")
    means = [table.loc[name, "mean"] for name in (first.first, first.second)]
    assert [first.first_mean, first.second_mean] == pytest.approx(means)
    assert first.difference == pytest.approx(means[0] - means[1])
    # Two subjects, each tested by a model of the other, differ by nothing that would tell.
    assert first.test.startswith("two-sided t test over 2 subjects") and np.isnan(first.p)
    assert first.flags == ("no interval: subjects share too much",)
    assert failing.note.startswith("Failing has no score (failed: ValueError")
    assert str(nd.compare(str(results.folder)).rows) == str(made.rows)  # NaN is not equal to itself
    assert nd.compare(results, metric="roc_auc").rows[0].metric == "roc_auc"


def test_the_table_is_pandas(comparisons):
    table = comparisons.table()
    assert list(table["first"]) == ["a|b", "a|b"]
    assert table["01"].tolist() == pytest.approx([0.1, np.nan], nan_ok=True)
    assert table.loc[0, "flags"] == "prepare differs"
    assert table.loc[0, "p_adjusted"] == 0.0625


def test_text_tells_difference_test_and_what_could_not_be(comparisons):
    lines = comparisons.text().splitlines()
    assert repr(comparisons) == comparisons.text()
    for said in (
        "a|b – c_d", "0.800", "0.700", "+0.100", "[0.020, 0.180]", "1.25 [0.20, 2.30]", "0.031",
        "0.062", "two-sided sign-flip test", "prepare differs",
    ):  # fmt: skip
        assert said in lines[1]
    assert "not compared" in lines[2]
    assert lines[3:] == ["a|b – net: net has no score (failed: no)", comparisons.notes[0]]


def test_small_p_is_not_rounded_to_zero():
    row = Comparison("a", "b", "m", p=0.0002, p_adjusted=0.0006)
    assert "2.0e-04" in Comparisons([row], []).text()


def test_markdown_has_as_many_cells_in_each_line(comparisons):
    lines = [line for line in comparisons.text("md").splitlines() if line.startswith("|")]
    assert {line.replace(r"\|", "").count("|") for line in lines} == {12}
    assert len(lines) == 4


def test_latex_escapes_names(comparisons):
    assert r"a\textbar{}b -- c\_d & accuracy & 0.800" in comparisons.text("latex")


def test_json_and_csv_have_every_field(comparisons):
    found = json.loads(comparisons.text("json"))
    assert found["notes"] == list(comparisons.notes)
    one, other = found["comparisons"]
    assert list(one) == list(Comparison.__dataclass_fields__)
    assert one["flags"] == ["prepare differs"]
    assert one["per_unit"] == {"01": 0.1, "02": 0.1}
    assert other["p"] is None
    rows = list(csv.DictReader(io.StringIO(comparisons.text("csv"))))
    assert float(rows[0]["p"]) == 0.03125
    assert json.loads(rows[0]["per_unit"]) == {"01": 0.1, "02": 0.1}
    assert rows[1]["p"] == ""


def test_a_folder_that_holds_nothing_is_named(tmp_path):
    with pytest.raises(ConfigError, match="holds no results"):
        compare(tmp_path)
