"""Published figures: read as they were printed, and set only beside what they compare with."""

import csv
import json
from collections import Counter
from pathlib import Path

import pytest
import yaml

from neurodecode.cli import main
from neurodecode.core.errors import ConfigError
from neurodecode.core.files import shipped_folder
from neurodecode.core.names import check_call
from neurodecode.core.nodes import Problems
from neurodecode.data.cards import load_card
from neurodecode.harness.experiment import read_experiment
from neurodecode.report.against import against_published, format_against
from neurodecode.report.differing import how_models_differ
from neurodecode.report.published import read_published
from neurodecode.report.results import Results

TWO_MODELS = """\
title: Two of MOABB's pipelines
data: {card: eegbci, task: left_right, subjects: ["002"]}
prepare: [{filter: {l_freq: 8, h_freq: 32, method: iir}}]
windows: {tmin: 0, tmax: 3}
protocol: {within_session: {n_splits: 5}}
models:
  - [log_variance, sklearn.discriminant_analysis.LinearDiscriminantAnalysis]
  - [mean_over_time, linear.lda]
controls: []
shuffled: {n_draws: 0}
metrics: [roc_auc, balanced_accuracy]
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Results on a subject whose recordings ship with the project."""
    place = tmp_path_factory.mktemp("published")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(place / "cache"))
        file = place / "two.yaml"
        file.write_text(TWO_MODELS)
        assert main(["run", str(file), "--out", str(place), "--engine", "inline"]) == 0
    return place / "two"


def altered(folder, to, **changes):
    """Give the results as of an experiment that was asked otherwise."""
    copy = to / "altered"
    copy.mkdir()
    for path in folder.iterdir():
        (copy / path.name).symlink_to(path)
    (copy / "resolved.yaml").unlink()
    asked = yaml.safe_load((folder / "resolved.yaml").read_text())
    (copy / "resolved.yaml").write_text(yaml.safe_dump(asked | changes))
    return Results(copy)


def test_every_figure_is_read_and_means_something():
    published = read_published()
    # 755 figures: 547 of MOABB's benchmark, 208 of the augmented covariance method.
    assert len(published.scores) == 755
    assert Counter("moabb" in one.source for one in published.scores) == {True: 547, False: 208}
    for one in published.scores:
        assert 0 < one.mean <= 1 and 0 <= one.sd < 0.5, one
        assert one.dataset in published.datasets, one
        assert one.evaluation in published.evaluations and one.paradigm in published.paradigms, one
        # By the code of MOABB's paradigms two classes have AUC, more have accuracy.
        several = one.paradigm in ("MI all classes", "MI 3 classes", "SSVEP")
        assert one.metric == ("accuracy" if several else "roc_auc"), one
    assert {one.pipeline for one in published.scores} >= set(published.pipelines)
    keys = Counter((s.dataset, s.paradigm, s.pipeline, s.evaluation) for s in published.scores)
    assert set(keys.values()) == {1}


def test_figures_are_those_that_were_printed():
    # Tables of MOABB's benchmark page and of Carrara & Papadopoulo, in percent.
    printed = {
        ("PhysionetMI", "TS+LR", "within-session 5-fold"): (67.28, 19.20),
        ("BNCI2014_001", "ACM+TS+SVM", "within-session 5-fold"): (91.71, 10.30),
    }
    found = {
        (s.dataset, s.pipeline, s.evaluation): (100 * s.mean, 100 * s.sd)
        for s in read_published().scores
        if s.paradigm == "MI left/right hand"
    }
    for key, values in printed.items():
        assert found[key] == pytest.approx(values, abs=0.05), key


def test_the_table_says_where_it_is_from():
    text = (shipped_folder("configs") / "published/moabb.csv").read_text(encoding="utf-8")
    for said in ("BSD-3-Clause", "Chevallier et al. 2024", "Carrara & Papadopoulo"):
        assert said in text.partition("\ndataset,")[0]


def test_what_is_no_bar_has_a_caution():
    scores = read_published().scores
    for one in scores:
        doubtful = one.pipeline in ("SSVEP_CCA", "SSVEP_MsetCCA") or (
            one.dataset == "BNCI2015_004" and one.paradigm == "MI right hand/feet"
        )
        assert bool(one.caution) >= doubtful, one
    assert not any(
        one.caution for one in scores if one.pipeline == "TS+LR" and "2014" in one.source
    )


def test_every_model_that_is_named_can_be_made():
    problems = Problems("moabb.yaml")
    for pipeline in read_published().pipelines.values():
        for recipe in pipeline.models:
            *steps, model = recipe.steps
            for one in steps:
                check_call(one, "steps", "", problems)
            check_call(model, "models", "", problems)
    problems.stop()


def test_cards_and_classes_are_those_of_the_shipped_cards():
    for name, known in read_published().cards.items():
        card = load_card(name)
        for task, told in known.tasks.items():
            assert card.tasks[task].target is not None
            assert set(card.tasks[task].target.classes) == set(told.classes)


RECIPES = sorted(shipped_folder("configs/experiments").glob("moabb_*.yaml"))


@pytest.mark.parametrize("file", RECIPES, ids=lambda file: file.stem)
def test_shipped_recipes_are_the_published_pipelines(file):
    """The comment beside `models` names them; step, argument and grid agree."""
    (line,) = [one for one in file.read_text().splitlines() if one.startswith("models:")]
    named = line.partition("#")[2].strip().split(", ")
    resolved = read_experiment(file)
    plain, models = resolved.plain(), resolved.question.models
    grids = plain.get("tune", {}).get("grids", {})
    pipelines = read_published().pipelines
    for name, model, shown in zip(named, plain["models"], models, strict=False):
        steps = model if isinstance(model, list) else [model]
        recipe = pipelines[name].models[0]
        differs = how_models_differ(steps, grids.get(shown.name, {}), recipe)
        if name == "ACM+TS+SVM":  # of ten orders and lags, which take hours, a few
            (told,) = differs
            assert told.startswith("chosen on inner folds from order [1, 2, 3, 4]")
        else:
            assert differs == recipe.differs
    assert len(named) == len(plain["models"])


def test_a_published_figure_stands_beside_a_model_that_is_it(folder):
    rows = against_published(Results(folder))
    beside, without = rows
    assert (beside.pipeline, beside.evaluation) == ("LogVariance+LDA", "within-session 5-fold")
    assert (beside.dataset, beside.paradigm) == ("PhysionetMI", "MI left/right hand")
    assert beside.published == pytest.approx(0.619, abs=5e-4)
    assert beside.published_sd == pytest.approx(0.144, abs=5e-4)
    assert beside.differs == ("subjects: 1 of 109",)
    assert beside.metric == without.metric == "roc_auc"  # none was published in the other
    assert without.published is None and not without.pipeline


def test_what_differs_is_said(folder, tmp_path):
    prepare = [
        {"reference": {"channels": "average"}},
        {"filter": {"l_freq": 8, "h_freq": 30, "method": "fir", "phase": "zero", "order": 4}},
    ]
    models = [
        [{"log_variance": {}},
         {"sklearn.discriminant_analysis.LinearDiscriminantAnalysis": {"solver": "lsqr"}}],
        {"linear.lda": {}},
    ]  # fmt: skip
    results = altered(
        folder, tmp_path, prepare=prepare, models=models, windows={"tmin": 0.5, "tmax": 2.5},
        protocol={"cross_run": {}, "overlap": "purge"}, target_access={"calibration": 5},
        tune={"grids": {"other": {"a": [1]}}, "n_splits": 5, "metric": "accuracy"},
    )  # fmt: skip
    told = "\n".join(against_published(results)[0].differs)
    for said in (
        "protocol: cross_run; theirs within-session 5-fold",
        "inner folds: 5; theirs 3",
        "chosen by accuracy; theirs by roc_auc",
        "band: 8 to 30 Hz; theirs 8 to 32 Hz",
        "filter: fir zero phase; theirs iir zero phase",
        "prepared by reference; theirs not",
        "window: 0.5 to 2.5 s from the event; theirs 0 to 3 s",
        "of the tested, calibration 5 is seen; theirs nothing",
        "solver lsqr; theirs svd",
    ):
        assert said in told, told


def test_windows_that_were_left_out_are_told(folder):
    results = Results(folder)
    for fold, n in zip(results.index["folds"], (3, 4), strict=False):
        fold["purged"] = n
    first = against_published(results)[0]
    assert "training windows that overlap a test window: 7 left out; theirs kept" in first.differs


def test_formats(folder, capsys):
    assert main(["table", str(folder), "--against", "published", "--format", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert [row["pipeline"] for row in rows] == ["LogVariance+LDA", ""]
    assert rows[1]["published"] is None
    assert main(["table", str(folder), "--against", "published", "--format", "csv"]) == 0
    (first, _) = csv.DictReader(capsys.readouterr().out.splitlines())
    assert first["differs"] == '["subjects: 1 of 109"]'
    assert main(["table", str(folder), "--against", "published", "--format", "md"]) == 0
    table = capsys.readouterr().out
    assert "| LogVariance+LDA | 0.619 | 0.144 | within-session 5-fold |" in table
    text = format_against(against_published(Results(folder)), "text")
    assert "two: PhysionetMI, MI left/right hand. What is not the same:\n  subjects: 1 of" in text


def test_auc_is_not_set_beside_accuracy(folder):
    with pytest.raises(ConfigError, match=r"is roc_auc, and this is balanced_accuracy.*--metric"):
        against_published(Results(folder), "balanced_accuracy")


NOTHING = [
    ({"data": {"card": "p300_muse", "task": "oddball"}}, "nothing was published of the data of p3"),
    ({"data": {"card": "eegbci", "task": "hands_feet"}}, "task hands_feet of eegbci .* is no para"),
    ({"data": {"card": "eegbci", "task": "left_right", "simulate": "full"}}, "are simulated"),
    ({"data": {"in_memory": "key"}}, "were in memory"),
    ({"models": [{"linear.lda": {}}, {"linear.svm": {}}]}, "no model .* is a pipeline"),
]


@pytest.mark.parametrize(("changes", "said"), NOTHING)
def test_where_nothing_compares_one_line_says_why(changes, said, folder, tmp_path):
    with pytest.raises(ConfigError, match=said) as error:
        against_published(altered(folder, tmp_path, **changes))
    assert len(error.value.problems) == 1 and "\n" not in str(error.value)


def test_a_card_that_moabb_reads_is_known_by_its_data_set(folder, tmp_path):
    card = Path(tmp_path / "bnci.yaml")
    card.write_text(
        "name: bnci\nmodality: eeg\nreader: {moabb: {dataset: BNCI2014_001}}\n"
        "tasks: {hands: {target: {label: label, classes: [left_hand, right_hand]}}}\n"
    )
    results = altered(
        folder, tmp_path, data={"card": str(card), "task": "hands"},
        target={"label": "label", "classes": ["left_hand", "right_hand"]},
        windows={"tmin": 0.0, "tmax": 4.0},
    )  # fmt: skip
    beside = against_published(results)[0]
    assert (beside.dataset, beside.published) == ("BNCI2014_001", pytest.approx(0.78, abs=0.005))
    # MOABB's interval of 2 to 6 s is 0 to 4 s from where its events are read.
    assert not any("window" in what for what in beside.differs)
    assert "channels: 64; theirs 22" in beside.differs
