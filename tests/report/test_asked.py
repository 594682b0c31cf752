"""What was asked, in words."""

from neurodecode.report.asked import what_was_asked


def asked_of(results, **resolved):
    plain = {"data": {"card": "c", "task": "t"}, "windows": None, **resolved}
    return {one.term: one.lines for one in what_was_asked(results, plain)}


def test_frequencies_and_limits_have_units(results):
    filtered = [{"filter": {"l_freq": 8, "h_freq": 30, "phase": "zero"}}]
    windows = {"tmin": -0.2, "tmax": 0.8, "reject": {"eeg": 1e-4, "mag": None}}
    asked = asked_of(results, prepare=filtered, windows=windows)
    assert asked["Preparation"][0].arguments == "l_freq 8 Hz, h_freq 30 Hz, phase zero"
    assert asked["Trials"][0].text == (
        "From -0.2 s to 0.8 s after each event's onset. "
        "Left out where peak to peak is above eeg 0.0001 V."
    )


def test_what_was_not_done_is_said_too(results):
    asked = asked_of(results)
    assert asked["Preparation"][0].text == "None."
    assert asked["Trials"][0].text == (
        "Entries of the prepared signal, one a trial: a volume, a block or an epoch each."
    )
    sliding = asked_of(results, windows={"length": 2.0, "hop": 0.5})
    assert sliding["Trials"][0].text == "Windows of 2 s, a new one every 0.5 s."


def test_what_is_told_is_named(results, monkeypatch):
    def told(kind, **resolved):
        monkeypatch.setitem(
            results.index, "target", {"kind": kind, "classes": [], "rotates": False}
        )
        monkeypatch.setitem(results.index, "metrics", [])
        return asked_of(results, **resolved)["Told"][0].text

    assert told("vector", target={"vector": "clip"}) == "A vector: clip, one a trial."
    assert told("value", target={"value": "age"}) == "A value: age, a number a trial."
    assert told("brain", features={"clip": {}}) == "The brain of each trial, from clip."
    assert told("brain", features="latent") == "The brain of each trial, from latent."


def test_pipelines_in_memory_show_their_steps(results):
    stages = [
        {"class": "sklearn.feature_selection.SelectKBest", "version": "1",
         "parameters": {"k": 5, "score_func": ["f_classif", "0" * 32]}},
        {"class": "sklearn.svm.SVC", "version": "1",
         "parameters": {"C": 1.0, "probability": False, "gamma": None}},
    ]  # fmt: skip
    asked = asked_of(results, models=[{"linear.csp_lda": stages}])
    line = asked["Models"][0]
    assert line.name == "linear.csp_lda"
    assert line.arguments == "SelectKBest (k 5, score_func f_classif), SVC (C 1.0, probability no)"


def test_many_numbers_are_counted(results):
    penalties = {"alphas": [10.0 ** (n / 2) for n in range(15)], "delays": [1, 2, 3]}
    asked = asked_of(results, models=[{"linear.csp_lda": penalties}])
    assert asked["Models"][0].arguments == "alphas 15 from 1.0 to 10000000.0, delays 1, 2, 3"


def test_models_are_described_by_their_last_stage_whatever_they_are_called(results, monkeypatch):
    names = ["linear.ridge", "linear.ridge(alphas=[1.0])", "scale + linear.ridge", "mine.own"]
    models = [{"name": name, "role": "model"} for name in names]
    monkeypatch.setitem(results.index, "models", models)
    plain, among, chain, own = asked_of(results)["Models"]
    assert [one.name for one in (plain, among, chain, own)] == names
    assert plain.text and plain.text == among.text == chain.text
    assert own.text == ""


def test_an_empty_list_is_none(results):
    protocol = {"columns": {"column": "split", "test": ["test"], "val": []}}
    line = asked_of(results, protocol=protocol)["Who is tested"][0]
    assert line.arguments == "column split, test test, val none"
