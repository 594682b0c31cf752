"""What a person sees of files and arguments that cannot be meant: before anything is opened."""

from pathlib import Path

import pytest
import yaml

from neurodecode.cli import main

pytestmark = pytest.mark.usefixtures("mine")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("metric: [accuracy]", "metric: unknown key. Did you mean 'metrics'?"),
        ("seeds: [0]\nseeds: [1]", "seeds: this key is given twice. Keep one."),
        ("windows: {tmin: 0, tmin: 1, tmax: 2}", "windows.tmin: this key is given twice"),
        ("seeds: [yes]", "seeds[0]: expected a whole number, got 'yes'."),
        ("seeds: [1e0]", "seeds[0]: expected a whole number, got 1.0."),
        ("models: [{linear.csp_lda: {log: no}}]", "log: 'no' may be text or a switch"),
        ("models: [{linear.svm: {C: 08}}]", "C: '08' may be text or a number"),
        ("models: [[]]", "models[0]: the list of steps is empty"),
        (
            "models: [{riemann.mdm: {metric: euclidd}}]",
            "models[0].riemann.mdm.metric: expected one",
        ),
        ("data: {card: mine.yaml, task: hand, subjects: []}", "subjects: the list is empty"),
        ("data: {card: mine.yaml, task: foot}", "data.task: mine has no task 'foot'. Known: hand."),
        ("windows: {tmin: .nan, tmax: 1}", "tmin: nan is no number of seconds"),
        ("prepare: [{filter: {l_freq: '8'}}]", "prepare[0].filter.l_freq: expected a number, got"),
        ("shuffled: {n_draws: many}", "shuffled.n_draws: expected a whole number"),
        ("windows: {tmin: 1.0}", "windows: expected tmin and tmax"),
        ("windows: {tmin: 1.0, tmax: 0.5}", "is before tmin"),
        ("prepare: [{filter: {l_freq: 8, h_freq: thirty}}]", "h_freq: expected a number"),
        ("metrics: [acuracy]", "Did you mean 'accuracy'?"),
        ("score: {within: [person]}", "score.within[0]: expected one of subject"),
        (
            "data: {card: mine.yaml, task: hand, simulate: tiny}",
            "data.simulate: expected one of full, small, got 'tiny'",
        ),
        ("tune: [riemann.mdm]", "tune: expected keys and values, got a list"),
        ("tune: {deconfound: {columns: [a]}, grids: {}}", "tune.deconfound: unknown key. Known: g"),
        ("tune: {grids: {}}", "tune: grids: there is none"),
        ("tune: {grids: {riemann.mdm: [1]}}", "tune.grids.riemann.mdm: expected keys and values"),
        ("tune: {grids: {riemann.mdm: {metric: {}}}}", "riemann.mdm.metric: expected a list"),
        ("tune: {grids: {riemann.mdm: {metric: []}}}", "give each argument the values to try"),
        (
            "tune: {n_splits: many, grids: {riemann.mdm: {metric: [riemann]}}}",
            "tune.n_splits: expected a whole number, got 'many'",
        ),
    ],
)
def test_a_file_that_cannot_be_meant_says_its_line(text, sentence, neurodecode, said, done):
    written = Path("ask.yaml").read_text()
    key = text.partition(":")[0]
    kept = [line for line in written.splitlines() if not line.startswith(key + ":")]
    Path("wrong.yaml").write_text("\n".join([*kept, text]) + "\n")
    assert neurodecode("run", "wrong.yaml") == 2
    found = said()
    assert sentence in found
    assert f"wrong.yaml:{len(kept) + 1 + text.count(chr(10))}" in found
    assert done() == []


@pytest.mark.parametrize(
    "text",
    [
        "tune: {grids: {riemann.mdm: {metric: {}}}}",
        "tune: {n_splits: many, grids: {riemann.mdm: {metric: [riemann]}}}",
        "windows: {tmin: early, tmax: 1}",
        "data: {card: mine.yaml, task: hand, subjects: {}}",
    ],
)
def test_one_mistake_is_one_sentence(text, neurodecode, said):
    key = text.partition(":")[0]
    kept = [line for line in Path("ask.yaml").read_text().splitlines() if line[: len(key)] != key]
    Path("wrong.yaml").write_text("\n".join([*kept, text]) + "\n")
    assert neurodecode("run", "wrong.yaml") == 2
    assert len(said().strip().splitlines()) == 1


def test_all_that_is_wrong_is_said_at_once(neurodecode, said):
    Path("wrong.yaml").write_text(
        Path("ask.yaml").read_text() + "metric: [accuracy]\nseeds: [one]\nmetrics: [acuracy]\n"
    )
    assert neurodecode("run", "wrong.yaml") == 2
    assert said().count("wrong.yaml:") == 3


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"title: \xe9\n", "ask.yaml: not text in UTF-8 (byte 7"),
        (b"\xff\xfe\x00", "ask.yaml: not text in UTF-8"),
        (b"data:\n\tcard: x\n", "ask.yaml:2: found character '\\t'"),
        (b"", "ask.yaml:1: 'data' is missing"),
        (b"- a\n- b\n", "ask.yaml:1: expected keys and values, got a list"),
        (b"a: " + b"[" * 500, "ask.yaml: nested too deeply"),
        (b"title: !!python/object/apply:os.getcwd []\n", "ask.yaml:1: title: tags such as"),
    ],
    ids=["latin 1", "binary", "tab", "empty", "list", "deep", "tag"],
)
def test_a_file_that_is_no_experiment(content, sentence, run_it, said, done):
    Path("ask.yaml").write_bytes(content)
    assert run_it() == 2
    assert sentence in said()
    assert done() == []


def test_numbers_and_names_that_yaml_would_take_for_others_are_as_written(capsys, tmp_path):
    data = "data={card: mine.yaml, task: hand, subjects: [01], runs: [1, 08]}"
    model = "models=[{linear.logistic: {C: 1e-4}}]"
    assert main(["show", "ask.yaml", "--set", data, "--set", model]) == 0
    shown = yaml.safe_load(capsys.readouterr().out)
    assert shown["models"][0]["linear.logistic"]["C"] == 0.0001
    assert shown["data"]["subjects"] == ["01"]
    assert shown["data"]["runs"] == ["1", "08"]


@pytest.mark.parametrize(
    ("override", "sentence"),
    [
        ("seeds=[-1]", "ask.yaml: seeds: expected whole numbers from 0 to 4294967295, got -1."),
        ("seeds=[1, 1]", "ask.yaml: seeds: 1 is given twice"),
        ("metrics=[accuracy, accuracy]", "ask.yaml: metrics: 'accuracy' is given twice"),
        ("models=[]", "ask.yaml: models: there is none. Name at least one"),
        ("prepare=[{filter: {l_freq: 30, h_freq: 8}}]", "ask.yaml: filter: l_freq 30 Hz is not"),
        ("protocol={within_session: {n_splits: 1}}", "ask.yaml: within_session: n_splits is 1"),
        ("windows", "--set windows: expected KEY=VALUE"),
        ("windows={tmin: ", "--set windows:1: "),
    ],
)
def test_values_that_cannot_be_meant_together(override, sentence, run_it, said, done):
    assert run_it(override) == 2
    assert sentence in said()
    assert done() == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (("modality: eeg", "modality: eeg\nmodality: meg"), "mine.yaml:4: modality: this key is g"),
        (("modality: eeg", "modalty: eeg"), "mine.yaml:3: modalty: unknown key. Did you mean"),
        (("{files:", "{fiels:"), "mine.yaml:4: reader: no reader is called 'fiels'. Did you mean"),
        (("{run}", "{rnu}"), "mine.yaml:4: reader.files: path"),
        (('"sub', '"/etc/sub'), "leaves the data set's folder. Name one below it."),
        (("tmin: 0.0", "tmin: .inf"), "mine.yaml:9: tasks.hand.windows: tmin: inf"),
        (("    windows", "    prepare: [{filter: {lfreq: 8}}]\n    windows"), "filter.lfreq: unk"),
        (("    windows", "    protocol: {cross_rum: {}}\n    windows"), "Did you mean 'cross_run'"),
        (("name: mine", "name: \xe9"), "mine.yaml: not text in UTF-8"),
    ],
)  # fmt: skip
def test_a_card_that_cannot_be_meant(change, sentence, run_it, said, done):
    text = Path("mine.yaml").read_text()
    assert change[0] in text
    Path("mine.yaml").write_bytes(text.replace(*change).encode("latin-1"))
    assert run_it() == 2
    found = said()
    assert "ask.yaml:2: data.card: " in found
    assert sentence in found
    assert done() == []


def test_a_channel_type_that_mne_does_not_know_is_the_cards_fault(run_it, said, done):
    with Path("mine.yaml").open("a") as card:
        card.write("channels: {types: {Fz: banana}}\n")
    assert run_it() == 2
    text = said()
    assert "channels.types of the card: This function cannot change to this channel type" in text
    assert "damaged" not in text
    assert done() == []


def test_two_experiments_of_one_name_are_not_written_over_each_other(neurodecode, said, done):
    Path("other").mkdir()
    Path("other/ask.yaml").write_text(Path("ask.yaml").read_text())
    assert neurodecode("run", "ask.yaml", "other/ask.yaml") == 2
    assert "two experiments are called 'ask'" in said()
    assert done() == []


@pytest.mark.parametrize(
    ("source", "sentence"),
    [
        ("def f(:", "importing it fails (SyntaxError"),
        ("1 / 0", "importing it fails (ZeroDivisionError"),
        ("x = 1", "has 0 public classes"),
        ("class Mine: ...", "is neither a scikit-learn estimator"),
    ],
)
def test_code_that_is_no_model(source, sentence, monkeypatch, run_it, said, done):
    name = f"no_model_{len(source)}"  # each import is a first one
    Path(f"{name}.py").write_text(source + "\n")
    monkeypatch.syspath_prepend(".")
    assert run_it(more=("--model", name)) == 2
    text = said()
    assert name in text
    assert sentence in text
    assert done() == []


@pytest.mark.parametrize(
    ("model", "sentence"),
    [
        ("sklearn.svm.SVX", "sklearn.svm has no 'SVX'. Did you mean 'SVR'?"),
        ("sklearn.svn.SVC", "No module named 'sklearn.svn'. Correct the name."),
        ("sklearn.preprocessing.StandardScaler", "it has no fit and predict, so it is no model"),
        ("{sklearn.svm.SVC: {CC: 1}}", "models[0].sklearn.svm.SVC.CC: unknown key. Did you mean"),
    ],
)
def test_a_class_of_a_library_that_is_no_model(model, sentence, run_it, said, done):
    assert run_it(f"models=[{model}]") == 2
    assert sentence in said()
    assert done() == []


def test_a_metric_that_was_not_asked_is_no_empty_table(run_it, said):
    assert run_it() == 0
    said()
    assert main(["table", "results/ask", "--metric", "acuracy"]) == 2
    assert "--metric: no 'acuracy'; there are: balanced_accuracy." in said()
