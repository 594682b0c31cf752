"""Rows as text, Markdown, LaTeX, CSV and JSON: what programs rely on."""

import csv
import io
import json
import math
import re

import pytest

from neurodecode.report.tables import format_rows, interval, null, number, spaced

# Design section 12, and what the table has had besides since its first version.
FIELDS = (
    "experiment", "model", "metric", "mean", "ci_low", "ci_high", "chance", "shuffled_mean",
    "shuffled_sd", "p", "n_units", "unit", "n_trials", "flags", "per_unit", "note", "role",
    "evaluation", "tested", "shown_as", "p_of", "ceiling", "of_ceiling", "of_ceiling_low",
    "of_ceiling_high", "ceiling_by", "ceiling_unit", "ceiling_of", "n_above", "n_targets",
    "ceiling_note",
)  # fmt: skip


@pytest.fixture
def rows(table_row, without_score):
    return [
        table_row(flags=("clock", "history")),
        without_score("net", "failed: ValueError: no | way, \"none\""),
        table_row("baseline.prior", shuffled_mean=None, shuffled_sd=None, role="control"),
    ]  # fmt: skip


def refuse_constant(name):
    raise AssertionError(f"{name} is not JSON")


def test_json_has_the_promised_fields_and_null_for_what_does_not_exist(rows):
    found = json.loads(format_rows(rows, "json"), parse_constant=refuse_constant)
    assert [tuple(one) for one in found] == [FIELDS] * 3
    assert found[0]["flags"] == ["clock", "history"]
    assert found[0]["per_unit"] == {"S0": 0.6, "S1": 0.7, "S2": 0.8}
    assert found[0]["mean"] == rows[0].mean
    assert found[0]["p"] is None
    assert [found[1][name] for name in ("mean", "ci_low", "ci_high", "chance")] == [None] * 4
    assert found[1]["note"] == rows[1].note
    assert found[2]["role"] == "control"


def test_json_of_real_results_keeps_every_row(results):
    found = json.loads(format_rows(results.rows(), "json"), parse_constant=refuse_constant)
    assert len(found) == len(results.rows()) == 12
    for one, row in zip(found, results.rows(), strict=True):
        assert tuple(one) == FIELDS
        assert one["per_unit"] == {k: v for k, v in row.per_unit.items() if not math.isnan(v)}


def test_a_missing_score_of_one_unit_is_null(table_row):
    (found,) = json.loads(format_rows([table_row(per_unit={"A": float("nan")})], "json"))
    assert found["per_unit"] == {"A": None}


def test_csv_is_read_back(rows):
    found = list(csv.DictReader(io.StringIO(format_rows(rows, "csv"))))
    assert len(found) == 3
    assert tuple(found[0]) == FIELDS
    assert float(found[0]["mean"]) == rows[0].mean
    assert json.loads(found[0]["flags"]) == ["clock", "history"]
    assert json.loads(found[0]["per_unit"]) == rows[0].per_unit
    assert found[1]["mean"] == ""
    assert found[1]["note"] == rows[1].note
    assert format_rows([], "csv") == ""


def test_markdown_has_as_many_cells_in_each_line(rows, table_row):
    rows.append(table_row("a|b"))
    lines = [line for line in format_rows(rows, "md").splitlines() if line.startswith("|")]
    assert len(lines) == 2 + 4
    cells = [line.replace(r"\|", "").count("|") for line in lines]
    assert set(cells) == {9}
    assert r"a\|b" in lines[-1]


@pytest.mark.parametrize("form", ["md", "text"])
def test_a_failed_model_has_its_line_and_its_reason_below(rows, form):
    text = format_rows(rows, form)
    (line,) = [line for line in text.splitlines() if "net" in line and "accuracy" in line]
    assert "failed" in line
    assert text.endswith(f"net: {rows[1].note}")


SIGNS = '\\{}$&#%_^~<>|"'


def printed(tex):
    """What TeX prints of escaped text; an error where it would act on a sign."""
    said = {
        "textbackslash": "\\", "textasciitilde": "~", "textasciicircum": "^", "textless": "<",
        "textgreater": ">", "textbar": "|",
    }  # fmt: skip
    pattern = r"\\([a-z]+)\{\}|\\([&%$#_{}])|(''|--)|([^\\&%$#_{}~^<>|\"])|(.)"
    words = []
    for command, escaped, ligature, plain, wrong in re.findall(pattern, tex, re.DOTALL):
        assert not wrong, f"{wrong!r} is not escaped in {tex!r}"
        words.append(
            said[command] if command else escaped or {"''": '"', "--": "–"}.get(ligature, plain)
        )
    return "".join(words)


def tabular(text):
    """Cells of the one tabular, and what stands below it."""
    head, _, rest = text.partition("\n")
    columns = re.fullmatch(r"\\begin\{tabular\}\{([lr]+)\}", head)[1]
    body, _, below = rest.partition("\\bottomrule\n\\end{tabular}")
    top, first, middle, *lines = body.strip().splitlines()
    assert (top, middle) == ("\\toprule", "\\midrule")
    cells = []
    for line in (first, *lines):
        assert line.endswith(" \\\\")
        one = re.split(r"(?<!\\)&", line[:-3])
        assert len(one) == len(columns)
        cells.append([printed(cell.strip().removeprefix("{}")) for cell in one])
    return columns, cells, below


def test_latex_holds_the_cells_of_the_text(rows):
    columns, cells, below = tabular(format_rows(rows, "latex"))
    assert columns == "llrlrlll"
    assert cells[0] == [
        "model",
        "metric",
        "score",
        "95 % interval",
        "chance",
        "shuffled",
        "units",
        "flags",
    ]
    assert cells[1] == [
        "linear.svm", "accuracy", "0.700", "[0.600, 0.800]", "0.500", "0.480 (s.d. 0.020)",
        "3 subjects, 90 trials", "clock, history",
    ]  # fmt: skip
    assert cells[3][5] == "–"
    (note,) = re.fullmatch(r"\n\\par\\smallskip\{\\footnotesize (.*)\}", below).groups()
    assert printed(note) == f"net: {rows[1].note}"


@pytest.mark.parametrize("sign", [*SIGNS, SIGNS, "a\\b", "--x", "line\nbreak", "[x]", "*"])
def test_no_sign_of_a_name_is_acted_on_by_tex(table_row, without_score, sign):
    named = [table_row(sign), without_score("net", f"failed: {sign}")]
    _, cells, below = tabular(format_rows(named, "latex"))
    assert cells[1][0] == sign.replace("\n", " ").replace("--", "–")
    assert "\n" not in below.strip()
    lines = format_rows(named, "latex").splitlines()
    assert not [line for line in lines if line.startswith(("[", "*"))]


def test_text_stands_in_columns(rows):
    head, *lines = format_rows(rows, "text").splitlines()
    for row, line in zip(rows, lines, strict=False):
        assert line[head.index("model") :].startswith(row.model)
        assert line[head.index("metric") :].startswith("accuracy")
    assert lines[0][head.index("score") :].startswith("0.700")
    assert lines[0][head.index("95 %") :].startswith("[0.600, 0.800]")
    assert lines[0][head.index("shuffled") :].startswith("0.480 (s.d. 0.020)")
    assert lines[0][head.index("units") :].startswith("3 subjects, 90 trials")
    assert lines[0].endswith("clock, history")


def test_numbers_that_do_not_exist_are_dashes(table_row, without_score):
    assert number(None) == number(float("nan")) == "–"
    assert number(0.12345) == "0.123"
    assert interval(without_score("m", "not run yet")) == "–"
    assert null(table_row(shuffled_mean=None, shuffled_sd=None)) == "–"
    assert null(table_row(shuffled_mean=0.5, shuffled_sd=None)) == "0.500"


def test_metrics_are_words():
    assert spaced("balanced_accuracy") == "balanced accuracy"
    assert spaced("roc_auc") == "ROC AUC"


def test_p_is_a_column_where_it_was_asked_for(table_row):
    rows = [table_row(model="a", p=0.0123), table_row(model="b", p=None)]
    head, *lines = format_rows(rows, "md").splitlines()
    assert "| shuffled | p | units |" in head
    assert "| 0.012 |" in lines[1] and "| – |" in lines[2]
    assert "| p |" not in format_rows(rows[1:], "md")


def test_a_noise_ceiling_has_two_columns_and_says_of_what_it_is(table_row):
    bounded = table_row(
        ceiling=0.665, of_ceiling=0.757, of_ceiling_low=0.7, of_ceiling_high=0.82,
        ceiling_by="anova_nc", ceiling_unit="r", ceiling_of="mean_k", n_above=633, n_targets=710,
    )  # fmt: skip
    text = format_rows([bounded, table_row("other")], "text")
    head, first, second, *notes = text.splitlines()
    assert head.split("  ceiling  of ceiling")[0] != head
    assert "0.665    0.76 [0.70, 0.82]" in first
    assert "–        –" in second
    assert notes == [
        f"{bounded.metric}: noise ceiling of means of repeats by anova_nc, over 633 of 710 targets "
        "that are reliable enough"
    ]
    assert "ceiling" not in format_rows([table_row()], "text")
