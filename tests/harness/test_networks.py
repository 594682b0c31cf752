"""Networks in the harness: validation rows, resuming after a kill, engines, keeping, flags."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.pipeline import make_pipeline

torch = pytest.importorskip("torch", reason="torch is an extra")

from networks_studied import TRAINING, Power, net_study, network  # noqa: E402
from tests_harness import CONTROLS, MODELS, run  # noqa: E402

from neurodecode.core.errors import ConfigError, DataError  # noqa: E402
from neurodecode.core.rows import Rows  # noqa: E402
from neurodecode.harness.jobs import device_of  # noqa: E402
from neurodecode.harness.keep import open_model  # noqa: E402
from neurodecode.harness.named_model import NamedModel  # noqa: E402
from neurodecode.harness.plan import make_plan  # noqa: E402
from neurodecode.harness.question import Tune  # noqa: E402
from neurodecode.harness.store import Store  # noqa: E402
from neurodecode.harness.validation import Validation, cut_validation, held_out_by  # noqa: E402
from neurodecode.models.networks._module import named  # noqa: E402
from neurodecode.models.networks.shallow_convnet import ShallowConvnet  # noqa: E402
from neurodecode.protocols.cross_subject import CrossSubject  # noqa: E402
from neurodecode.steps.scale import Scale  # noqa: E402


def rows_of(n, **columns):
    """Windows of one second that follow each other."""
    start = np.arange(float(n))
    table = {"recording": ["r"] * n, "subject": ["1"] * n, "session": ["1"] * n, "run": ["1"] * n}
    times = {"onset": start, "duration": np.ones(n), "start": start, "stop": start + 1}
    return Rows(pd.DataFrame({**table, **times, **columns}))


LABELS = np.arange(60) % 2


def test_groups_that_the_protocol_keeps_apart_stay_whole():
    groups = np.repeat(np.arange(6), 10)
    train, val = cut_validation(rows_of(60), LABELS, Validation(groups), "label", 0)
    assert set(groups[train]).isdisjoint(groups[val])
    assert sorted([*train, *val]) == list(range(60))
    assert 10 <= len(val) <= 20  # a fifth of six groups, rounded
    assert set(LABELS[val]) == {0, 1}


def test_what_shows_the_same_is_held_out_together_whatever_the_protocol_keeps_apart():
    concept, stimulus = np.repeat([f"c{i}" for i in range(5)], 12), np.arange(60) // 2
    shown = [str(one) for one in stimulus]
    for columns, by in (
        ({"concept": concept, "stimulus": shown}, concept),
        ({"stimulus": shown}, stimulus),
    ):
        groups = held_out_by(rows_of(60, **columns), "vector")
        assert groups is not None
        assert len(np.unique(groups)) == len(np.unique(by))
        train, val = cut_validation(
            rows_of(60, **columns), np.zeros((60, 2)), Validation(groups), "vector", 0
        )
        assert set(by[train]).isdisjoint(by[val]) and len(val) == 12
    one_concept = rows_of(60, concept=["c"] * 60, stimulus=shown)
    found = held_out_by(one_concept, "vector")
    assert found is not None and len(np.unique(found)) == 30
    assert held_out_by(rows_of(60, stimulus=shown), "label", ()) is None
    assert held_out_by(rows_of(60), "vector") is None
    of_brains = held_out_by(rows_of(60, stimulus=shown), "brain")  # encoders are shown them
    assert of_brains is not None and len(np.unique(of_brains)) == 30


def test_of_two_groups_whole_blocks_are_taken_else_trials():
    groups, block = np.repeat([0, 1], 30), np.repeat([f"b{i}" for i in range(12)], 5)
    train, val = cut_validation(
        rows_of(60, block=block), LABELS, Validation(groups), "label", 0
    )  # fmt: skip
    assert set(block[train]).isdisjoint(block[val])
    train, val = cut_validation(rows_of(60), LABELS, Validation(groups), "label", 0)
    assert len(val) == 12 and LABELS[val].sum() == 6  # a fifth of each class
    other = cut_validation(rows_of(60), LABELS, Validation(groups), "label", 1)[1]
    assert set(other) != set(val)  # drawn by the seed


def test_no_training_window_overlaps_a_validation_window():
    start = np.arange(60) * 0.25
    rows = rows_of(60, start=start, stop=start + 1)
    train, val = cut_validation(rows, LABELS, Validation(None), "label", 0)
    assert val.tolist() == list(range(48, 60))  # the last fifth, not single trials
    assert start[train].max() + 1 <= start[val].min()
    assert len(train) == 45  # three windows reach into the validation part


def test_a_class_of_one_group_is_not_left_untrained():
    groups = np.repeat(np.arange(4), 15)
    y = (groups == 0).astype(int)  # all of one class in one group
    train, val = cut_validation(rows_of(60), y, Validation(groups), "label", 0)
    assert set(y[train]) == {0, 1}
    assert set(groups[train]).isdisjoint(groups[val])


def test_rows_that_the_protocol_names_are_taken():
    given = np.arange(60) >= 50
    _, val = cut_validation(rows_of(60), LABELS, Validation(None, given), "label", 0)
    assert val.tolist() == list(range(50, 60))


def test_rows_that_cannot_be_parted_are_said():
    with pytest.raises(DataError, match="of 2 training trials none can be kept for validation"):
        cut_validation(rows_of(2), LABELS[:2], Validation(None), "label", 0)


class Watching(named(Power)().__class__):
    """The wrapper, which writes down what it is handed."""

    seen: list = []  # noqa: RUF012 (of all clones)
    version = 1

    def fit(self, X, y, val=None, init=None):
        self.seen.append((np.array(X), np.array(y), np.array(val[0]), np.array(val[1])))
        return super().fit(X, y, val=val, init=init)


def watched(tmp_path, steps=(), **question):
    Watching.seen.clear()
    last = Watching(Power, training=TRAINING)
    model = NamedModel("net", make_pipeline(*steps, last) if steps else last)
    study = net_study(models=(model, *CONTROLS), n_draws=0, **question)
    plan, finished, _ = run(study, tmp_path / "r")
    assert finished.errors == {}
    return study, plan


class Ahead(Scale):
    """Scaling that writes down how many rows it is fitted on."""

    n_fitted: list = []  # noqa: RUF012
    version = 1

    def fit(self, X, y=None):
        self.n_fitted.append(len(X))
        return super().fit(X, y)


def test_steps_are_fitted_on_trained_rows_alone_and_validation_rows_pass_through(tmp_path):
    Ahead.n_fitted.clear()
    study, plan = watched(tmp_path, steps=(Ahead(),))
    X = study.trials.X
    for planned, (handed, y, V, y_val) in zip(plan.folds, Watching.seen, strict=True):
        train = planned.fold.index("train")
        assert len(handed) + len(V) == len(train)
        assert len(handed) == len(y) and len(V) == len(y_val) > 0
        both = {one.tobytes() for one in (*handed, *V)}
        assert len(both) == len(train)
        assert {x.tobytes() for x in X[planned.fold.index("test")]}.isdisjoint(both)
    assert Ahead.n_fitted == [len(handed) for handed, *_ in Watching.seen]


def test_validation_rows_are_cut_in_inner_folds_too(tmp_path):
    Watching.seen.clear()
    model = NamedModel("net", Watching(Power, training=TRAINING))
    grid = {"training": (TRAINING, {**TRAINING, "lr": 0.1})}
    study = net_study(
        models=(model, *CONTROLS), n_draws=0, tune=Tune({"net": grid}, 3, "accuracy")
    )  # fmt: skip
    _, finished, _ = run(study, tmp_path / "r")
    assert finished.errors == {}
    per_fold = 2 * 3 + 1
    assert len(Watching.seen) == 4 * per_fold
    whole = [len(y) + len(y_val) for _, y, _, y_val in Watching.seen[:per_fold]]
    assert whole == [8] * 6 + [12]  # inner folds of twelve training rows, then all of them


def test_a_model_that_does_not_ask_has_the_key_it_had_and_trains_on_all(tmp_path):
    without = make_plan(net_study(models=(*MODELS, *CONTROLS), n_draws=1))
    beside = make_plan(net_study(models=(network(), *MODELS, *CONTROLS), n_draws=1))
    keys = {job.label: job.key for job in beside.jobs}
    assert all(keys[job.label] == job.key for job in without.jobs)
    nets = [job for job in beside.jobs if job.model.name == "net"]
    assert all("val" in job.parts for job in nets)


def test_the_key_of_a_network_holds_training_source_and_protocol():
    def key(model=None, **question):
        study = net_study(models=(model or network(), *CONTROLS), n_draws=0, **question)
        return make_plan(study).jobs[0].key

    assert key() == key()
    assert key(network(lr=0.5)) != key()
    subjects = make_plan(net_study(protocol=CrossSubject(), n_draws=0)).jobs[0]
    assert subjects.parts["val"][1] is not None  # subjects stay apart
    source = make_plan(net_study()).jobs[0].parts["model"][0]["parameters"]["module"]
    assert source[0].endswith("Power") and len(source[1]) == 32  # digest of its file


def _losses(path):
    """What a history says of a training, as text to the last digit: how long it took may differ."""
    history = pd.read_csv(path, dtype=str)
    return history.drop(columns=["trials_per_second", "waiting"]).to_csv()


def stored(folder):
    store = Store(folder)
    jobs = store.index()["jobs"]
    return {
        job["key"]: (
            store.predictions(job["key"], ("a", "b")).scores,
            _losses(folder / "jobs" / job["key"] / "history.csv"),
        )
        for job in jobs
        if job["model"] == "net"
    }


@pytest.mark.slow
def test_engines_train_bit_for_bit_alike_and_leave_a_history(tmp_path):
    found = []
    for name, options in (
        ("inline", {}), ("one", {"engine": "joblib", "n_jobs": 1}),
        ("two", {"engine": "joblib", "n_jobs": 2}),
    ):  # fmt: skip
        _, finished, rows = run(net_study(), tmp_path / name, **options)
        assert finished.errors == {}
        found.append(stored(tmp_path / name))
        assert list((tmp_path / name / "training").iterdir()) == []  # checkpoints are gone
    assert found[0].keys() == found[1].keys() == found[2].keys()
    for key, (scores, history) in found[0].items():
        for other in found[1:]:
            np.testing.assert_array_equal(scores, other[key][0])
            assert history == other[key][1]
    assert "not_converged" in next(row for row in rows if row.model == "net").flags


def test_a_network_that_converged_has_no_flag(tmp_path):
    study = net_study(models=(network(max_epochs=300, lr=0.1), *CONTROLS))
    _, _, rows = run(study, tmp_path / "r")
    assert "not_converged" not in next(row for row in rows if row.model == "net").flags


KILLED = """
import sys
sys.path[:0] = [{here!r}]
from networks_studied import net_study
from tests_harness import run
from neurodecode.train import loop
written, count = loop.write_history, []
def slowly(history, path):
    written(history, path)
    count.append(1)
    print(len(count), flush=True)
    if len(count) == 7:  # within the second training
        import time; time.sleep(60)
loop.write_history = slowly
if __name__ == "__main__":
    run(net_study(), {folder!r})
"""


def test_a_killed_run_repeats_at_most_one_pass_and_ends_bit_for_bit(tmp_path, monkeypatch):
    from neurodecode.train import loop

    code = KILLED.format(here=str(Path(__file__).parent), folder=str(tmp_path / "r"))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == "7":
                child.kill()
                break
    assert child.returncode == -9
    assert len(list((tmp_path / "r" / "training").glob("*/checkpoint-*.pt"))) == 1
    run(net_study(), tmp_path / "whole")
    steps, step = [], loop._step_through
    monkeypatch.setattr(loop, "_step_through", lambda *a: steps.append(a[6]) or step(*a))
    _, finished, _ = run(net_study(), tmp_path / "r")
    assert finished.errors == {}
    assert finished.n_found >= 1
    assert steps[0] > 1  # the training goes on, not from its first pass
    killed, whole = stored(tmp_path / "r"), stored(tmp_path / "whole")
    assert killed.keys() == whole.keys()
    for key, (scores, history) in whole.items():
        np.testing.assert_array_equal(killed[key][0], scores)
        assert killed[key][1] == history
    assert list((tmp_path / "r" / "training").iterdir()) == []


def test_networks_are_kept_as_safetensors_and_answer_alike(tmp_path):
    study = net_study(keep="folds", n_draws=0)
    plan, finished, _ = run(study, tmp_path / "r")
    assert finished.errors == {}
    store = Store(tmp_path / "r")
    with pytest.raises(ConfigError, match="code from outside"):  # Power is a stranger's
        open_model(store, plan.jobs[0].key)
    for job in (job for job in plan.jobs if job.model.name == "net"):
        kept = open_model(store, job.key, allow_code=True)
        found = kept.stages[-1].predict_proba(study.trials.X[job.fold.index("test")])
        np.testing.assert_array_equal(found, store.predictions(job.key, ("a", "b")).scores)
        assert (store.folder / "models" / job.key / "stage-0.safetensors").is_file()
    final = store.folder / "models" / plan.finals[0].key
    assert {"history.csv", "stage-0.safetensors"} <= {path.name for path in final.iterdir()}
    (final / "stage-0.safetensors").write_bytes(b"torn")
    with pytest.raises(DataError, match=r"stage-0.safetensors: damaged.*fitted anew"):
        open_model(store, plan.finals[0].key, allow_code=True)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_a_kept_network_with_batch_normalisation_is_one_to_start_from(tmp_path):
    """Its count of batches is a single number, and stays one on disk."""
    shallow = ShallowConvnet(
        n_filters=2, kernel_length=3, pool_length=4, pool_stride=2, max_epochs=2
    )  # fmt: skip
    study = net_study(models=(NamedModel("shallow", shallow),), keep="final", n_draws=0)
    plan, finished, _ = run(study, tmp_path / "r")
    assert finished.errors == {}
    (kept,) = open_model(Store(tmp_path / "r"), plan.finals[0].key).stages
    again = ShallowConvnet(**shallow.get_params()).fit(
        study.trials.X, np.arange(len(study.trials)) % 2, init=kept
    )
    shapes = [{k: np.shape(v) for k, v in one.weights_.items()} for one in (kept, again)]
    assert () in shapes[0].values() and shapes[0] == shapes[1]


def test_the_device_is_in_the_key_of_networks_alone(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    study = net_study(models=(network(), *MODELS, *CONTROLS))
    devices = {job.model.name: job.parts["device"] for job in make_plan(study).jobs}
    assert devices.pop("net") == "cuda"
    assert set(devices.values()) == {"cpu"}
    on_cpu = replace(study, question=replace(study.question, device="cpu"))
    assert {job.parts["device"] for job in make_plan(on_cpu).jobs} == {"cpu"}
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    assert device_of(study.question) == "cpu"
    with pytest.raises(ConfigError, match="device: cuda, and torch finds no GPU"):
        device_of(replace(study.question, device="cuda"))
    with pytest.raises(ConfigError, match=r"device: 'gpu'\. Give one of auto"):
        replace(study.question, device="gpu")


def test_a_package_that_is_missing_is_told_in_the_plan(monkeypatch):
    from neurodecode.harness import refusals

    found = refusals.find_spec
    monkeypatch.setattr(
        refusals, "find_spec", lambda name: None if name == "torch" else found(name)
    )
    refused = make_plan(net_study(models=(network(), *MODELS, *CONTROLS))).refused
    assert [one.model for one in refused] == ["net"]
    assert "needs torch, which is not installed" in refused[0].reason
    assert 'pip install "neurodecode[torch]"' in refused[0].reason
