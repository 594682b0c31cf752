"""The loop: best weights, stopping, clipping, constraints, and resuming bit for bit."""

import random
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.nn.losses import Clip
from neurodecode.train import feeding, loop
from neurodecode.train.chance import seeded
from neurodecode.train.loop import batches_of, train
from neurodecode.train.losses import accuracy, cross_entropy, squared_error
from neurodecode.train.source import Source
from neurodecode.train.training import Training


class Net(torch.nn.Module):
    """A small classifier with all that a resumed training could get wrong."""

    def __init__(self, n_features=5):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Linear(n_features, 8),
            torch.nn.BatchNorm1d(8),
            torch.nn.ReLU(),
            torch.nn.Dropout(0.3),
            torch.nn.Linear(8, 2),
        )

    def forward(self, X):
        return self.layers(X)


class Slope(torch.nn.Module):
    """One weight, from 0; of `y` that is a constant the loss is known."""

    def __init__(self):
        super().__init__()
        self.weight = torch.nn.Parameter(torch.zeros(1))

    def forward(self, X):
        return X * self.weight


def planted(n=41, seed=0):
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    return Source({"X": rng.normal(size=(n, 5)) + y[:, None] * 0.5, "y": y})


def ones(n=8, y=1.0):
    return Source({"X": np.ones((n, 1)), "y": np.full((n, 1), y)})


def net(seed=0):
    with seeded(seed, 0):
        return Net()


def trained(module=None, **options):
    module = net() if module is None else module
    training = Training(**{"max_epochs": 12, "batch_size": 8, "patience": 12, **options})
    return module, training


def go(folder=None, max_epochs=12, module=None, seed=3, **options):
    module, training = trained(module, max_epochs=max_epochs, **options)
    done = train(
        module, cross_entropy(), planted(), training, val=planted(20, 1), metric=accuracy,
        seed=seed, folder=folder, identity="x",
    )  # fmt: skip
    return module, done


def assert_alike(one, other):
    for name, value in one.state_dict().items():
        assert torch.equal(value, other.state_dict()[name]), name


def test_the_best_weights_are_those_of_the_pass_with_the_lowest_validation_loss():
    module, done = go(lr=0.03)
    losses = [one.val_loss for one in done.history]
    assert done.best_epoch == int(np.argmin(losses)) + 1 < len(losses)
    again, _ = go(max_epochs=done.best_epoch, lr=0.03)  # stopped there, these are its last weights
    assert_alike(module, again)
    val = planted(20, 1).read(np.arange(20))
    with torch.no_grad():
        value = torch.nn.functional.cross_entropy(module(val["X"]), val["y"]).item()
    assert value == pytest.approx(min(losses), rel=1e-5)  # batches are summed in another order


def test_training_stops_once_patience_has_passed_without_a_better_loss(monkeypatch):
    losses = iter([0.9, 0.8, 0.85, 0.8, 0.81, 0.5])  # the last one is never reached
    monkeypatch.setattr(loop, "_mean", lambda module, loss, *_: next(losses) if loss else None)
    done = train(Slope(), squared_error, ones(), Training(max_epochs=9, patience=3), val=ones())
    assert len(done.history) == 5
    assert done.best_epoch == 2  # of two equal ones the earliest
    assert done.converged


@pytest.mark.parametrize(("max_epochs", "converged"), [(4, False), (5, True)])
def test_a_loss_that_falls_within_patience_of_the_cap_has_not_converged(
    monkeypatch, max_epochs, converged
):
    losses = iter([0.9, 0.8, 0.85, 0.8, 0.81])
    monkeypatch.setattr(loop, "_mean", lambda module, loss, *_: next(losses) if loss else None)
    training = Training(max_epochs=max_epochs, patience=3)
    assert train(Slope(), squared_error, ones(), training, val=ones()).converged is converged


@pytest.mark.parametrize(
    ("schedule", "last", "converged"),
    [("cosine", 0.4990, True), ("cosine", 0.4, False), ("constant", 0.4990, False)],
)
def test_a_rate_that_fell_to_zero_ends_a_training_that_had_settled(
    monkeypatch, schedule, last, converged
):
    # Of 0.5 that were gained, the last pass of five brought 0.001: less than a hundredth; or 0.1.
    losses = iter([1.0, 0.7, 0.6, 0.5, last])
    monkeypatch.setattr(loop, "_mean", lambda module, loss, *_: next(losses) if loss else None)
    training = Training(max_epochs=5, patience=3, schedule=schedule)
    assert train(Slope(), squared_error, ones(), training, val=ones()).converged is converged


def test_without_validation_trials_the_training_loss_decides():
    _, done = go(max_epochs=3)
    module, training = trained(max_epochs=3)
    alone = train(module, cross_entropy(), planted(), training, seed=3)
    assert [one.train_loss for one in alone.history] == [one.train_loss for one in done.history]
    assert alone.history[0].val_loss is None
    assert alone.best_epoch == 1 + int(np.argmin([one.train_loss for one in alone.history]))


def test_validation_trials_change_no_weight():
    one, _ = go(max_epochs=1)
    module, training = trained(max_epochs=1)
    train(module, cross_entropy(), planted(), training, seed=3)
    assert_alike(one, module)


def test_gradients_are_clipped_to_their_norm():
    """With SGD's first step known, AdamW's is not: look at the gradients themselves."""
    seen = []

    def watched(module, batch):
        value, n = squared_error(module, batch)
        module.weight.register_hook(lambda gradient: seen.append(gradient.item()))
        return value, n

    module = Slope()
    training = Training(max_epochs=1, batch_size=8, max_grad_norm=0.5)
    train(module, watched, ones(y=1000.0), training)
    assert seen == [-2000.0]  # d/dw (w - 1000)^2 at w = 0
    assert module.weight.grad.item() == pytest.approx(-0.5, rel=1e-6)


def test_constrain_is_called_after_each_step():
    class Held(Slope):
        def constrain(self):
            with torch.no_grad():
                self.weight.clamp_(max=1e-4)

    module = Held()
    train(module, squared_error, ones(), Training(max_epochs=2, lr=0.1))
    assert module.weight.item() == pytest.approx(1e-4)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_loss_that_is_not_finite_names_the_pass(value):
    count = iter(range(100))

    def broken(module, batch):
        loss, n = squared_error(module, batch)
        return (loss * value if next(count) == 2 else loss), n

    with pytest.raises(DataError, match=r"training loss is (nan|inf) in pass 3 of 9.*lower lr"):
        train(Slope(), broken, ones(), Training(max_epochs=9))


def test_a_last_batch_of_one_trial_joins_the_one_before():
    sizes = [len(index) for index in batches_of(np.arange(17), 8)]
    assert sizes == [8, 9]
    assert [len(index) for index in batches_of(np.arange(18), 8)] == [8, 8, 2]
    assert [len(index) for index in batches_of(np.arange(1), 8)] == [1]


def test_the_order_differs_from_pass_to_pass_and_every_trial_is_seen_once():
    seen = []

    def watched(module, batch):
        seen.append(batch["X"][:, 0].tolist())
        return squared_error(module, {"X": batch["X"], "y": batch["X"]})

    source = Source({"X": np.arange(10.0)[:, None]})
    train(Slope(), watched, source, Training(max_epochs=2, batch_size=4))
    first, second = ([i for batch in half for i in batch] for half in (seen[:3], seen[3:]))
    assert sorted(first) == sorted(second) == list(range(10))
    assert first != second


def test_chance_outside_is_left_as_it_was():
    def drawn():
        return torch.rand(1).item(), np.random.rand(), random.random()  # noqa: NPY002

    for seed in (torch.manual_seed, np.random.seed, random.seed):
        seed(5)
    expected = drawn()
    for seed in (torch.manual_seed, np.random.seed, random.seed):
        seed(5)
    go(max_epochs=2)
    assert drawn() == expected


class Stop(Exception):
    pass


@pytest.mark.parametrize("after", [1, 5, 11])
@pytest.mark.parametrize("schedule", ["constant", "cosine"])
def test_a_training_that_was_stopped_ends_bit_for_bit_as_one_that_was_not(
    tmp_path, monkeypatch, after, schedule
):
    options = {"schedule": schedule, "warmup_epochs": 2, "max_grad_norm": 1.0, "weight_decay": 0.1}
    whole, expected = go(tmp_path / "whole", **options)
    written = loop.write_history

    def stopping(history, path):
        written(history, path)
        if len(history) == after:
            raise Stop

    monkeypatch.setattr(loop, "write_history", stopping)
    with pytest.raises(Stop):
        go(tmp_path / "parts", **options)
    monkeypatch.setattr(loop, "write_history", written)
    assert len(pd.read_csv(tmp_path / "parts" / "history.csv")) == after
    stepped = []
    step = loop._step_through
    monkeypatch.setattr(loop, "_step_through", lambda *a: stepped.append(a[6]) or step(*a))
    # What the module is like when it comes again does not matter: weights come from the checkpoint.
    resumed, found = go(tmp_path / "parts", module=net(seed=9), **options)
    assert stepped == list(range(after + 1, 13))  # no pass is made twice
    assert_alike(resumed, whole)
    assert found.history == expected.history
    assert found.best_epoch == expected.best_epoch
    histories = [pd.read_csv(tmp_path / p / "history.csv") for p in ("whole", "parts")]
    timed = ["trials_per_second", "waiting"]  # never the same twice
    assert all((one[timed] > 0).all(axis=None) for one in histories)
    assert histories[0].drop(columns=timed).equals(histories[1].drop(columns=timed))


def test_a_training_that_was_over_is_not_made_again(tmp_path, monkeypatch):
    whole, _ = go(tmp_path)
    (tmp_path / "history.csv").unlink()
    monkeypatch.setattr(loop, "_step_through", None)
    again, _ = go(tmp_path, module=net(seed=9))
    assert_alike(again, whole)
    assert len(pd.read_csv(tmp_path / "history.csv")) == 12


def test_a_damaged_checkpoint_is_taken_for_none(tmp_path):
    whole, _ = go(tmp_path)
    (tmp_path / "checkpoint-x.pt").write_bytes(b"torn")
    again, _ = go(tmp_path)
    assert_alike(again, whole)


def test_a_folder_that_is_taken_away_between_passes_harms_nothing(tmp_path, monkeypatch):
    written = loop.write_checkpoint

    def taken(state, path):
        shutil.rmtree(tmp_path / "x", ignore_errors=True)
        if len(state.history) == 3:
            raise FileNotFoundError(path)
        written(state, path)

    monkeypatch.setattr(loop, "write_checkpoint", taken)
    module, _ = go(tmp_path / "x")
    assert_alike(module, go()[0])


KILLED = """
import sys, time
sys.path.insert(0, {here!r})
import test_loop
from neurodecode.nn.losses import Clip
from neurodecode.train import feeding, loop
written = loop.write_history
def slowly(history, path):
    written(history, path)
    print(len(history), flush=True)
    if len(history) == 5:
        time.sleep(60)
loop.write_history = slowly
from pathlib import Path
test_loop.go(Path({folder!r}))
"""


def test_a_process_that_is_killed_resumes_bit_for_bit(tmp_path):
    code = KILLED.format(here=str(Path(__file__).parent), folder=str(tmp_path / "killed"))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        for line in child.stdout:
            if line.strip() == "5":
                child.kill()  # SIGKILL: nothing is cleaned up
                break
    assert child.returncode == -9
    assert len(pd.read_csv(tmp_path / "killed" / "history.csv")) == 5
    resumed, _ = go(tmp_path / "killed")
    whole, _ = go()
    assert_alike(resumed, whole)


def test_another_training_has_another_checkpoint(tmp_path):
    go(tmp_path, seed=3)
    module, training = trained()
    train(
        module, cross_entropy(), planted(), training, val=planted(20, 1), seed=4,
        folder=tmp_path, identity="y",
    )  # fmt: skip
    other, _ = go(seed=4)
    assert_alike(module, other)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"max_epochs": 0}, "max_epochs is 0; give a whole number, 1 or more"),
        ({"batch_size": 2.5}, "batch_size is 2.5"),
        ({"patience": True}, "patience is True"),
        ({"lr": 0}, "lr is 0; give a number, above zero"),
        ({"lr": float("nan")}, "lr is nan"),
        ({"weight_decay": -1}, "weight_decay is -1; give a number, zero or more"),
        ({"max_grad_norm": "1"}, "max_grad_norm is '1'"),
        ({"decay": "none"}, "decay is 'none'; give all or matrices"),
        ({"betas": (0.9, 1.0)}, "betas is .* two numbers from 0 to below 1"),
        ({"schedule": "step"}, "schedule is 'step'; give constant or cosine"),
    ],
)
def test_arguments_that_cannot_be_meant_are_named(arguments, said):
    with pytest.raises(ConfigError, match=said):
        Training(**arguments)


def test_on_a_gpu_the_loss_is_computed_under_bfloat16(monkeypatch):
    """No GPU is needed to see what is asked of one: autocast also runs on the CPU."""
    asked = []
    real = torch.autocast

    def recorded(device, dtype):
        asked.append((device, dtype))
        return real("cpu", dtype=dtype)

    monkeypatch.setattr(torch, "autocast", recorded)
    monkeypatch.setattr(torch.nn.Module, "to", lambda self, device: self)
    for place in (loop, feeding):
        monkeypatch.setattr(place, "on", lambda batch, device: batch)
    kinds = set()

    def watched(module, batch):
        said = module(batch["X"])
        kinds.add(said.dtype)
        return torch.nn.functional.cross_entropy(said.float(), batch["y"]), len(batch["y"])

    module, training = trained(max_epochs=2)
    done = train(module, watched, planted(), training, val=planted(20, 1), device="cuda")
    assert set(asked) == {("cuda", torch.bfloat16)}
    assert kinds == {torch.bfloat16}
    assert {p.dtype for p in module.parameters()} == {torch.float32}
    assert np.isfinite([one.val_loss for one in done.history]).all()


def test_progress_tells_the_metric_now_and_then(capsys, monkeypatch):
    monkeypatch.setattr("neurodecode.core.progress._SECONDS_BETWEEN_LINES", -1.0)
    module, training = trained(max_epochs=3)
    train(
        module, cross_entropy(), planted(), training, val=planted(20, 1), metric=accuracy,
        label="eegnet, fold 1",
    )  # fmt: skip
    lines = capsys.readouterr().err.splitlines()
    assert lines[0].startswith("eegnet, fold 1: pass 1 of 3, loss 0.")
    assert "validation 0." in lines[0] and "score 0." in lines[0]
    assert len(lines) == 2


class Told(torch.nn.Module):
    """A contrastive loss as estimators use it: with a temperature and a queue of its own."""

    among_others = True

    def __init__(self):
        super().__init__()
        self.clip = Clip(queue=16)
        self.sizes = []

    def forward(self, module, batch):
        self.sizes.append((self.training, len(batch["y"])))
        return self.clip(module(batch["X"]), batch["Y"], batch["y"]), float(len(batch["y"]))

    def constrain(self):
        self.clip.constrain()


def contrast(folder=None, module=None, max_epochs=6, **options):
    rng = np.random.default_rng(0)
    X, loss = rng.normal(size=(42, 5)), Told()
    module = net() if module is None else module
    source = Source({"X": X, "Y": X[:, :2] + 0.1, "y": np.arange(42) // 2})
    training = Training(**{"max_epochs": max_epochs, "batch_size": 8, "lr": 0.02, **options})
    done = train(module, loss, source, training, val=source, folder=folder, identity="x")
    return module, loss, done


def test_what_a_loss_learns_is_trained_along_and_resumes_bit_for_bit(tmp_path, monkeypatch):
    whole, loss, expected = contrast(tmp_path / "whole")
    assert loss.clip.temperature.log_scale.item() != pytest.approx(-np.log(0.07), abs=1e-3)
    written = loop.write_history

    def stopping(history, path):
        written(history, path)
        if len(history) == 3:
            raise Stop

    monkeypatch.setattr(loop, "write_history", stopping)
    with pytest.raises(Stop):
        contrast(tmp_path / "parts")
    monkeypatch.setattr(loop, "write_history", written)
    resumed, again, found = contrast(tmp_path / "parts", net(seed=9))
    assert_alike(resumed, whole)
    assert_alike(again, loss)
    assert found.history == expected.history


def test_batches_in_which_trials_are_told_from_each_other_are_of_one_size():
    _, loss, _ = contrast(max_epochs=2)
    assert [n for is_training, n in loss.sizes if is_training] == [8] * 10  # 2 of 42 are left out
    assert [n for is_training, n in loss.sizes if not is_training] == [7] * 12
    assert [len(one) for one in batches_of(np.arange(5), 8, whole=True)] == [5]
    assert [len(one) for one in batches_of(np.arange(16), 8, whole=True)] == [8, 8]


def test_a_thread_that_reads_ahead_changes_no_number(monkeypatch):
    plain, _, expected = contrast()
    monkeypatch.setattr(loop, "WORTH_A_THREAD", -1.0)  # from the second pass on
    ahead, _, found = contrast()
    assert_alike(ahead, plain)
    assert found.history == expected.history


def test_what_a_thread_cannot_read_is_told():
    class Torn(Source):
        def read(self, index):
            if 3 in index:
                raise DataError("trial 3 cannot be read.")
            return super().read(index)

    feed = feeding.Feed(Torn({"X": np.arange(6.0)}), "cpu", ahead=True)
    coming = feed.batches([np.array([0, 1]), np.array([2, 3]), np.array([4, 5])])
    assert next(coming)["X"].tolist() == [0, 1]
    with pytest.raises(DataError, match="trial 3"):
        next(coming)
    assert feed.waited > 0


def test_biases_and_norms_are_decayed_only_where_all_is_and_a_temperature_never():
    module = torch.nn.Sequential(torch.nn.Linear(3, 2), torch.nn.BatchNorm1d(2))
    for training, count in (
        (Training(weight_decay=0.1), [4, 1]),
        (Training(weight_decay=0.1, decay="matrices"), [1, 4]),
    ):
        groups = loop._optimizer(module, [Clip()], training).param_groups
        assert [len(group["params"]) for group in groups] == count
        assert [group["weight_decay"] for group in groups] == [0.1, 0.0]


def test_nothing_is_compiled_on_the_cpu(monkeypatch):
    monkeypatch.setattr(torch, "compile", None)
    train(Slope(), squared_error, ones(), Training(max_epochs=1, compile=True))
