"""Cards whose recordings are made instead of read; tables that events point into."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import neurodecode as nd
from neurodecode.core.config import Call
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.recording import Recording, Signal
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.data._oracle import in_order_of, oracle_answers
from neurodecode.data.cards import load_card
from neurodecode.data.cut import cut
from neurodecode.data.prepared import look, prepare
from neurodecode.data.readers import find_recordings
from neurodecode.data.simulated import simulated_card
from neurodecode.data.tasks import TargetSpec, Task, WindowsSpec
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.opening import open_study, with_oracle
from neurodecode.harness.plan import make_plan
from neurodecode.harness.refusals import why_refused
from neurodecode.harness.resolve import resolve
from neurodecode.harness.spec import DataSpec, Experiment
from neurodecode.models.baseline.oracle import Oracle
from neurodecode.models.riemann.mdm import Mdm

CARD = """
name: made
modality: fmri
simulate:
  generator:
    fmri.categories:
      {form: betas, subjects: ["01", "02"], runs: ["1", "2"], n_voxels: 30, repeats: 4,
       categories: [cat, dog, house], effect: 0.8, seed: 3}
  small: {subjects: ["01"]}
  ceiling: {animal: {balanced_accuracy: 0.9}}
tasks:
  three_way: {target: {label: label, classes: [cat, dog, house]}, protocol: {cross_run: {}}}
  animal:
    rows: {label: {cat: animal, dog: animal, house: thing}}
    target: {label: label, classes: [thing, animal]}
    protocol: {cross_run: {}}
"""
TASKS = CARD.partition("tasks:")[2]
READ = "reader: {arrays: {path: x.npz, data: X, axes: [trial, voxel], columns: {label: y}}}\n"


@pytest.fixture(autouse=True)
def own_cache(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def card_file(tmp_path):
    def write(text: str = CARD):
        path = tmp_path / "made.yaml"
        path.write_text(text)
        return path

    return write


def study(path, task="three_way", **data):
    models = ((Call("linear.logistic"),),)
    experiment = Experiment(data=DataSpec(str(path), task, **data), models=models)
    resolved = resolve("asked", experiment)
    return resolved, open_study(resolved, None, compute=True)


def test_a_card_without_a_reader_is_made_whole(card_file):
    resolved, found = study(card_file())
    assert resolved.name == "asked" and found.simulated
    assert set(found.trials.rows["subject"]) == {"01", "02"}
    assert len(found.trials) == 2 * 2 * 3 * 4
    assert "seed=3" in found.sources["simulated"]


def test_a_card_with_a_reader_is_made_where_it_is_asked(card_file):
    path = card_file(CARD + READ)
    resolved, found = study(path, simulate="small")
    assert resolved.name == "asked_simulated"
    assert set(found.trials.rows["subject"]) == {"01"}
    assert resolved.plain()["data"]["simulate"] == "small"


def test_a_subject_does_not_depend_on_the_others(card_file):
    path = card_file()
    alone = study(path, subjects=("02",))[1].trials
    among = study(path)[1].trials.select(subject="02")
    np.testing.assert_array_equal(alone.array("fmri"), among.array("fmri"))
    assert alone.rows["uid"].tolist() == among.rows["uid"].tolist()
    small = simulated_card(load_card(path), "small")
    (one, *_) = find_recordings(small, "", path.parent)
    whole = find_recordings(simulated_card(load_card(path), "full"), "", path.parent)
    assert one.key == whole[0].key != whole[1].key


def test_no_column_of_an_oracle_reaches_the_rows(card_file):
    trials = study(card_file())[1].trials
    assert not [name for name in trials.rows.table if ":" in name]
    assert trials.array("oracle").shape == (48, 3)


def test_the_oracle_answers_in_the_classes_of_the_task(card_file):
    path = card_file()
    three = study(path)[1].trials.array("oracle")
    two = study(path, "animal")[1].trials.array("oracle")
    # cat, dog, house are equally likely within their class, so an animal's likelihood is the mean.
    np.testing.assert_allclose(two[:, 0], three[:, 2])
    np.testing.assert_allclose(np.exp(two[:, 1]), np.exp(three[:, :2]).mean(axis=1), rtol=1e-9)


def test_the_oracle_answers_in_the_order_of_whoever_asks(card_file):
    """`nd.evaluate` orders classes by name, and the card as it says."""
    trials = study(card_file(), "animal")[1].trials
    asked = in_order_of(trials.signal("oracle"), ("animal", "thing"))
    turned = np.asarray(asked.parts[0].open())[asked.at]
    np.testing.assert_array_equal(turned, trials.array("oracle")[:, ::-1])
    assert asked.parts[0].space.names == ("animal", "thing")
    assert in_order_of(trials.signal("oracle"), ("animal", "plant")) is None


def test_evaluate_shows_the_oracle_beside_models_on_simulated_trials(card_file):
    trials = nd.load(str(card_file()), "animal")
    results = nd.evaluate(trials, models=["linear.lda"], n_draws=1, verbose=False,
                          protocol="cross_run", controls=[])  # fmt: skip
    table = results.table().set_index("model")
    # An oracle whose classes were turned around would be as far below chance.
    assert table.loc["baseline.oracle", "mean"] > 0.8
    assert table["flags"].str.contains("simulated").all()


def test_the_oracle_is_no_input_and_stands_in_the_table_as_a_ceiling(card_file):
    _, found = study(card_file())
    assert list(found.inputs.signals) == ["fmri"]
    assert [(m.name, m.role) for m in found.question.models][-1] == ("baseline.oracle", "ceiling")


def test_a_header_plans_what_preparing_cuts(card_file, own_cache):
    path = card_file()
    card = simulated_card(load_card(path), "full")
    recordings = find_recordings(card, "", path.parent)
    task = card.tasks["three_way"]
    planned = cut(look(recordings, (), own_cache), task, None)
    done = cut(prepare(recordings, (), own_cache), task, None)
    assert planned.trials.rows["uid"].tolist() == done.trials.rows["uid"].tolist()
    assert np.isfinite(done.trials.array("oracle")).all()


def test_an_answer_that_lacks_a_class_is_none():
    columns = {"oracle:label=a": np.zeros(3), "oracle:label=b": np.zeros(3)}
    task = Task(target=TargetSpec(label="label", classes=("a", "b", "idle")))
    assert oracle_answers(columns, task) is None
    value = Task(target=TargetSpec(value="age"))
    assert oracle_answers({"oracle:age": np.arange(3)}, value).tolist() == [[0], [1], [2]]
    assert oracle_answers(columns, value) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (CARD.replace("fmri.categories", "fmri.categorys"), "no simulation is called"),
        (CARD.replace("seed: 3", "sede: 3"), "unknown key. Did you mean 'seed'"),
        (CARD.replace('{subjects: ["01"]}', "{subject: 1}"), "small.subject: unknown key"),
        (CARD.replace("effect: 0.8", "effect: -1"), r"made: simulate \(full\): effect: -1 is b"),
        (READ + "name: x\nmodality: fmri\ntasks: {three_way: {}}\n", "does not say how it is sim"),
    ],
)
def test_a_wrong_simulation_is_named(card_file, text, said):
    with pytest.raises(ConfigError, match=said):
        study(card_file(text), simulate="full")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("seed: 3", "sede: 3"), "8: simulate.generator.fmri.categories.sede: unknown key."),
        (("seed: 3", "order: x"), "8: simulate.generator.fmri.categories.order: expected one of"),
        (('{subjects: ["01"]}', "{order: x}"), "9: simulate.small.order: expected one of"),
        (('{subjects: ["01"]}', "{n_voxel: 3}"), "9: simulate.small.n_voxel: unknown key."),
    ],
)
def test_a_mistake_in_a_simulation_is_said_once_with_its_line(card_file, change, said):
    path = card_file(CARD.replace(*change))
    with pytest.raises(ConfigError) as caught:
        load_card(path)
    (problem,) = caught.value.problems
    assert problem.startswith(f"{path}:{said}")


def shown(at, entries=3) -> Signal:
    events = pd.DataFrame({"onset": np.arange(4.0), "duration": 0.5, "label": list("abab")})
    events["at:features"] = at
    space = Space("sensors", ("C3", "C4"), ("eeg", "eeg"), unit="V")
    X = np.random.default_rng(0).normal(size=(2, 500)) * 1e-5
    table = np.arange(entries * 2.0).reshape(entries, 2)
    return Signal(X, space, ("channel", "time"), 100.0, events,
                  n_times=500, tables={"features": table})  # fmt: skip


def recording_of(at) -> Recording:
    signal = shown(at)
    header = replace(signal, data=None, tables={"features": np.zeros((0, 2))})
    return Recording("01", "1", "1", "eeg", (), {"at": list(at)}, lambda: signal, lambda: header)


def test_events_share_the_entries_of_a_table(own_cache):
    recording = recording_of([2, 0, 2, 1])
    task, windows = Task(target=TargetSpec(vector="features")), WindowsSpec(tmin=0.0, tmax=0.2)
    planned = cut(look([recording], (), own_cache), task, windows).trials
    trials = cut(prepare([recording], (), own_cache), task, windows).trials
    assert trials.array("features").tolist() == [[4, 5], [0, 1], [4, 5], [2, 3]]
    assert trials.signal("features").at.tolist() == planned.signal("features").at.tolist()
    assert "at:features" not in trials.rows.table


def test_an_event_that_points_nowhere_lacks_the_entry(own_cache):
    prepared = prepare([recording_of([2, -1, 0, 1])], (), own_cache)
    task, windows = Task(target=TargetSpec(vector="features")), WindowsSpec(tmin=0.0, tmax=0.2)
    trials = cut(prepared, task, windows).trials
    assert trials.signal("features").part.tolist() == [0, -1, 0, 0]


def test_a_table_whose_events_point_past_its_end_is_refused():
    with pytest.raises(DataError, match="entries of the table 'features', which has 3"):
        shown([0, 1, 2, 3])


def asks_the_oracle(role):
    return NamedModel("peeks", Oracle(), role)


def test_no_model_is_told_what_the_oracle_says(card_file):
    _, found = study(card_file())
    for role in ("model", "control"):
        assert "the ceiling alone" in str(why_refused(asks_the_oracle(role), found))
    assert why_refused(asks_the_oracle("ceiling"), found) is None


def test_an_oracle_that_was_asked_for_as_a_control_is_the_one_ceiling():
    good = NamedModel("good", Mdm())
    again = with_oracle((NamedModel("baseline.oracle", Oracle(), "control"), good))
    assert [(one.name, one.role) for one in again] == [
        ("good", "model"), ("baseline.oracle", "ceiling"),
    ]  # fmt: skip


def test_recordings_that_were_read_have_no_oracle(card_file):
    _, found = study(card_file())
    signals = {name: one for name, one in found.trials.signals.items() if name != "oracle"}
    read = replace(found, trials=Trials(found.trials.rows, signals))
    assert "only simulated recordings" in str(why_refused(asks_the_oracle("ceiling"), read))


def test_one_more_person_changes_no_job_of_the_oracle(card_file):
    path = card_file()
    plans = [make_plan(study(path, **one)[1]) for one in ({"subjects": ("02",)}, {})]
    alone, both = (
        {job.key for job in plan.jobs if job.model.name == "baseline.oracle"} for plan in plans
    )
    assert len(alone) == 2 and len(both) == 4 and alone < both


def test_every_row_says_that_it_was_simulated(card_file):
    plan = make_plan(study(card_file())[1])
    assert plan.folds and all("simulated" in one.flags for one in plan.folds)


@pytest.mark.parametrize("preset", ["tiny", "Full", True])
def test_a_preset_that_there_is_not_is_no_full_one(card_file, preset):
    said = f"simulate: expected full or small, got {preset!r}"
    for ask in (nd.load, nd.stimuli):
        with pytest.raises(ConfigError, match=said):
            ask(str(card_file(CARD + READ)), simulate=preset)


@pytest.mark.parametrize(
    ("right", "wrong", "said"),
    [
        ("{animal: {", "{animl: {", r"ceiling\.animl: made has no task 'animl'\. Did you mean"),
        (
            "balanced_accuracy: 0",
            "balanced: 0",
            r"ceiling\.animal\.balanced: no metric is called 'balanced'",
        ),
    ],
)
def test_a_ceiling_is_of_a_task_and_a_metric_that_there_are(card_file, right, wrong, said):
    """Else no test would hold an oracle to it, and nobody would know."""
    with pytest.raises(ConfigError, match=f"made.yaml:10: simulate.{said}"):
        load_card(card_file(CARD.replace(right, wrong)))
    own = READ.replace("reader: ", "variants: {a: {reader: ").strip()
    with pytest.raises(ConfigError, match=rf"variants\.a\.simulate\.{said}"):
        ceiling = "ceiling: {animal: {balanced_accuracy: 0.9}}".replace(right, wrong)
        made = f"simulate: {{generator: fmri.vectors, {ceiling}}}}}}}\n"
        load_card(card_file(f"{CARD.partition('simulate:')[0]}{own}, {made}tasks:{TASKS}"))


@pytest.mark.parametrize(
    ("generator", "said"),
    [
        ("eeg_meg.contacts: {conditions: [face]}", "labels: expected two or more that differ"),
        ("eeg_meg.p300: {channels: [Cz, X9]}", "electrode 'X9' is not in"),
    ],
)
def test_what_a_generator_finds_later_is_said_of_its_card(card_file, generator, said):
    before, _, after = CARD.partition("fmri.categories:")
    path = card_file(before + generator + "\n  ceiling" + after.partition("ceiling")[2])
    made = simulated_card(load_card(path), "full")
    with pytest.raises(ConfigError, match=f"^made: simulate: {said}"):
        find_recordings(made, "", path.parent)
