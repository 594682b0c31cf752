"""The page holds what was asked, what came out, what it is worth, and how to repeat it."""

import html
import os
import re
import shutil

import numpy as np
import pytest

import neurodecode as nd
from neurodecode.core.errors import ConfigError
from neurodecode.report.page import write_page
from neurodecode.report.tables import interval, null, spaced

FEW = {"n_draws": 1, "controls": (), "verbose": False}


def told(page, term):
    """What the page says beside a term."""
    found = re.search(rf"<dt>(?:<[^>]*>)?{term}(?:</span>)?</dt><dd[^>]*>(.*?)</dd>", page.html)
    assert found, f"the page has no {term}"
    return re.sub("<[^>]*>", "", found[1])


def table_of(page, heading):
    (found,) = [t for t in page.tables if t[0][0].startswith(heading)]
    return found


def test_it_says_what_was_asked(page):
    assert "2 subjects" in told(page, "Data")
    assert "40 trials" in told(page, "Data")
    assert "(20 trials each)" in told(page, "Told apart")
    assert "cross_subject" in told(page, "Who is tested")
    assert "2 folds" in told(page, "Who is tested")
    assert "n_components 2" in told(page, "Models")
    assert "baseline.history" in told(page, "Controls")
    assert told(page, "Shuffled null").startswith("2 draws")
    assert "balanced_accuracy" in told(page, "Scores")


def test_every_row_is_in_its_table_with_chance_null_and_interval(page, results):
    for metric, heading in (("balanced_accuracy", "balanced accuracy"), ("roc_auc", "ROC AUC")):
        table = table_of(page, heading)
        found = {line[0]: line[1:] for line in table[1:]}
        rows = [row for row in results.rows() if row.metric == metric]
        assert len(rows) == 6
        for row in rows:
            cells = found[row.model]
            if row.note:
                assert cells == [row.note]
            else:
                expected = [f"{row.mean:.3f}", interval(row), f"{row.chance:.3f}", null(row)]
                assert cells[:4] == expected
                assert cells[-1].split() == (" ".join(row.flags) or "none").split()
        assert table[0][0].endswith("2 subjects, 40 trials")


def test_models_stand_before_controls(page, results):
    names = [line[0] for line in table_of(page, "balanced accuracy")[1:]]
    models = [one["name"] for one in results.index["models"]]
    assert names[3] == "Controls: they see no brain data"
    assert names[:3] + names[4:] == models


def test_each_flag_is_explained(tmp_path, models, read_page):
    X, y = models.planted(0, shape=(5,))
    y = np.sort(y)  # time alone tells the class
    results = nd.evaluate(X, y, ["linear.svm"], n_draws=0, out=tmp_path, verbose=False)
    page = read_page(results.report())
    assert "baseline.clock" in told(page, "clock")
    assert "baseline.history" in told(page, "history")
    assert "others" in told(page, "test-set only")
    assert "linear.svm is not clearly better than baseline.history" in page.text


def test_it_has_every_score_by_subject(page, results, hostile):
    table = table_of(page, "subject")
    for row in results.rows():
        if not row.note:
            column = table[0].index(f"{row.model}, {spaced(row.metric)}")
            for line in table[1:]:
                assert line[column] == f"{row.per_unit[line[0]]:.3f}"
    assert [line[0] for line in table[1:]] == sorted(hostile.subjects)
    assert len(page.alts("balanced accuracy, mean and 95 % interval")) == 1
    assert len(page.alts("ROC AUC, mean and 95 % interval")) == 1


def test_confusions_count_the_predictions(page, results, hostile):
    for model in ("linear.csp_lda", hostile.model):
        found = results.predictions(model)
        (alt,) = page.alts(f"Confusion matrix of {model}")
        for name in hostile.classes:
            mine = found[found["label"] == name]
            assert f"{name} {(mine['pred'] == name).sum()} of {len(mine)}" in alt
    assert not page.alts("Confusion matrix of Failing")
    assert not page.alts("Confusion matrix of baseline")


def test_the_confusions_of_the_best_model_come_first(page, results, hostile):
    means = results.table("balanced_accuracy").set_index("model")["mean"]
    best = max(("linear.csp_lda", hostile.model), key=lambda name: means[name])
    assert page.alts("Confusion matrix")[0].startswith(f"Confusion matrix of {best}.")


def test_it_draws_patterns_of_linear_models(page):
    assert page.alts("Maps of") == ["Maps of linear.csp_lda: component 1, component 2."]
    assert "All 4 features. Mean over 2 fitted models" in page.text
    assert "Components have no order, sign or size of their own" in page.text
    assert "leans to a class" not in page.text


def test_failed_models_and_warnings_are_told(page):
    assert "Failing failed in 6 jobs: ValueError: no <u>thanks</u>" in page.text  # folds × (1 + 2)
    assert "failures.txt" in page.text
    assert "careful with <b>this</b> & that (6 jobs:" in page.text


def test_a_refused_model_stays_on_the_page(tmp_path, models, read_page):
    X, y = models.planted(0, shape=(5,))
    with pytest.warns(UserWarning, match=r"riemann\.mdm"):
        results = nd.evaluate(X, y, ["riemann.mdm", "linear.svm"], out=tmp_path, **FEW)
    page = read_page(results.report())
    reason = results.index["refused"]["riemann.mdm"]
    assert ["riemann.mdm", f"not run: {reason}"] in table_of(page, "balanced accuracy")
    assert f"riemann.mdm was not run: {reason}" in page.text


def test_a_metric_that_was_not_computed_says_why(tmp_path, models, read_page):
    X, y = models.planted(0, shape=(5,))
    with pytest.warns(UserWarning, match="Silent"):
        results = nd.evaluate(X, y, [models.Silent()], metrics=["roc_auc"], out=tmp_path, **FEW)
    page = read_page(results.report())
    assert ["Silent", "not computed: roc_auc needs scores, and the model gives none"] in table_of(
        page, "ROC AUC"
    )
    assert "No model has a score; the table says why." in page.text
    assert not page.alts("ROC AUC")  # there is nothing to draw


def test_trials_and_recordings_left_out_are_told_by_reason(results, tmp_path, read_page):
    shutil.copytree(results.folder, tmp_path / "r")
    changed = nd.load_results(tmp_path / "r")
    ignored = {"a label <b>unknown</b>": 7, "too large": 12}
    changed.store.write_index(
        {**changed.index, "ignored": ignored, "failed": {"sub-3": "its header is cut"}}
    )
    page = read_page(nd.load_results(tmp_path / "r").report())
    expected = [
        ["events or trials", "reason"],
        ["12", "too large"],
        ["7", "a label <b>unknown</b>"],
    ]
    assert expected in page.tables
    assert "Recording sub-3 could not be prepared: its header is cut" in page.text


def test_it_says_where_it_comes_from_and_how_to_repeat_it(page, results):
    provenance = results.provenance
    for name, version in provenance["versions"].items():
        assert told(page, name) == version
    assert told(page, "git") == provenance["git"]
    assert told(page, "data") == provenance["data"]["key"]
    assert results.resolved.strip() in html.unescape(page.html)
    assert "neurodecode.evaluate" in page.text


def test_the_same_results_give_the_same_page(results, page, tmp_path):
    again = nd.load_results(results.folder).report(tmp_path / "again.html")
    assert again.read_text(encoding="utf-8") == page.html


def test_the_page_says_when_jobs_were_computed_and_not_when_it_was_asked(results, page, tmp_path):
    shutil.copytree(results.folder, tmp_path / "r")
    os.utime(tmp_path / "r" / "jobs.json", (0, 0))
    assert nd.load_results(tmp_path / "r").report().read_text(encoding="utf-8") == page.html
    for done in (tmp_path / "r" / "jobs").glob("*/done.json"):
        os.utime(done, (0, 0))
    assert "computed 1970-01-01 00:00 UTC" in nd.load_results(tmp_path / "r").report().read_text()


def test_a_page_of_several_results_has_contents(results, tmp_path, models, read_page):
    X, y = models.planted(0, shape=(5,))
    other = nd.evaluate(X, y, ["linear.svm"], title="The other", out=tmp_path / "o", **FEW)
    page = read_page(write_page([results, other], tmp_path / "both.html"))
    sections = [given["id"] for tag, given in page.tags if tag == "section"]
    assert page.attributes("href") == [f"#{anchor}" for anchor in sections]
    assert len(set(page.attributes("id"))) == len(page.attributes("id")) == 2
    for one in (results, other):
        assert page.text.count(one.title) >= 2  # in the contents, and above its section
    assert len(page.tables) > len(read_page(other.report()).tables)


def test_many_models_are_folded_away_and_none_is_dropped(tmp_path, models, read_page):
    X, y = models.planted(0, shape=(5,), n=16)
    several = [{"linear.logistic": {"C": 0.5 + i}} for i in range(14)]
    protocol = {"within_session": {"n_splits": 2}}
    results = nd.evaluate(X, y, several, protocol=protocol, out=tmp_path, **FEW)
    page = read_page(results.report())
    names = [one["name"] for one in results.index["models"]]
    assert len(set(names)) == 14
    drawn = page.alts("Confusion matrix")
    assert len(drawn) == 12
    undrawn = [name for name in names if not any(f"of {name}." in alt for alt in drawn)]
    assert "Confusions of 8 more models" in page.text
    sentence = page.text.partition("Not drawn, to keep the page small: ")[2].partition(". ")[0]
    assert all(name in page.text.partition("Not drawn")[2] for name in undrawn), sentence
    assert [line[0] for line in table_of(page, "balanced accuracy")[1:]] == names


def test_there_must_be_results_and_a_place(results, tmp_path):
    with pytest.raises(ConfigError, match="there are no results"):
        write_page([], tmp_path / "page.html")
    (tmp_path / "file").touch()
    with pytest.raises(ConfigError, match="the page cannot be written there"):
        results.report(tmp_path / "file" / "page.html")


def test_a_folder_gets_a_page_by_its_usual_name(results, tmp_path):
    assert results.report(tmp_path) == tmp_path / "report.html"
    assert (tmp_path / "report.html").is_file()
