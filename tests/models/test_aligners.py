"""Networks that align brains with what was shown: layouts, subjects, scales, losses."""

import copy

import numpy as np
import pandas as pd
import pytest

torch = pytest.importorskip("torch", reason="torch is an extra")

from neurodecode.core.errors import ConfigError, DataError  # noqa: E402
from neurodecode.core.parts import Part  # noqa: E402
from neurodecode.core.rows import Rows  # noqa: E402
from neurodecode.core.space import Space  # noqa: E402
from neurodecode.core.trials import Trials, stack  # noqa: E402
from neurodecode.models.align import _contrast  # noqa: E402
from neurodecode.models.align._layouts import learn, tables  # noqa: E402
from neurodecode.models.align._objective import Objective, Reading, contrast_of  # noqa: E402
from neurodecode.models.align._options import read_loss  # noqa: E402
from neurodecode.models.align.atm import Atm  # noqa: E402
from neurodecode.models.align.benchetrit import Benchetrit  # noqa: E402
from neurodecode.models.align.mlp import Mlp  # noqa: E402
from neurodecode.models.align.nice import Nice  # noqa: E402
from neurodecode.nn.positions import flatten, unit_square  # noqa: E402
from neurodecode.train import loop  # noqa: E402

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
N_TIMES, SFREQ, N_TARGETS = 40, 50.0, 6
SHORT = {"kernel_length": 7, "pool_length": 11, "pool_stride": 3}
SMALL = {
    Benchetrit: {"n_virtual": 6, "n_features": 32, "width": 8, "n_out": 12},
    Nice: SHORT | {"n_filters": 6},
    Atm: SHORT | {"n_filters": 6, "n_hidden": 16},
    Mlp: {"width": 24, "n_blocks": 1},
}


def head(n, seed=0):
    """Sensors on the upper half of a head, metres."""
    where = np.random.default_rng(seed).normal(size=(n, 3))
    where[:, 2] = np.abs(where[:, 2]) + 0.2
    return 0.1 * where / np.linalg.norm(where, axis=1, keepdims=True)


def sensors(n=8, seed=0, names=None):
    names = tuple(f"E{i}" for i in range(n)) if names is None else names
    return Space("sensors", names, ("eeg",) * n, head(n, seed), unit="V")


def trials(n=24, space=None, subject="1", seed=0, key=""):
    """Trials whose evoked pattern tells their target, the targets, and what was shown."""
    rng = np.random.default_rng(seed)
    space = sensors() if space is None else space
    Y = np.random.default_rng(7).normal(size=(n, N_TARGETS))
    mixing = np.random.default_rng(8).normal(size=(N_TARGETS, 64))[:, : len(space)]
    X = (Y @ mixing)[:, :, None] * np.hanning(N_TIMES) + rng.normal(size=(n, len(space), N_TIMES))
    part = Part(1e-5 * X, space, ("channel", "time"), SFREQ, 0.0, f"{seed} {key}")
    rows = Rows(pd.DataFrame({"subject": [subject] * n}))
    shown = pd.DataFrame({"stimulus": [str(i // 2) for i in range(n)]})
    return Trials.of_entries(rows, "eeg", part, np.arange(n)), Y + 3.0, shown


def voxels(n=24, n_voxels=30, subject="1", seed=0):
    rng = np.random.default_rng(seed)
    Y = np.random.default_rng(7).normal(size=(n, N_TARGETS))
    X = Y @ rng.normal(size=(N_TARGETS, n_voxels)) + rng.normal(size=(n, n_voxels))
    ijk = np.column_stack([np.arange(n_voxels), np.full(n_voxels, seed), np.zeros(n_voxels, int)])
    space = Space("voxels", affine=np.eye(4), shape=(99, 9, 9), ijk=ijk)
    part = Part(X, space, ("voxel",), None, 0.0, f"voxels {seed}")
    rows = Rows(pd.DataFrame({"subject": [subject] * n}))
    return Trials.of_entries(rows, "fmri", part, np.arange(n)), Y + 3.0


def small(kind, n_epochs=2, **arguments):
    training = {"max_epochs": n_epochs, "batch_size": 8, **arguments.pop("training", {})}
    asked = {"positives": "trial", "random_state": 0, **arguments}
    return kind(preset="tiny", sizes=SMALL[kind], training=training, **asked)


def top_1(model, X, Y):
    said, true = model.predict(X) - model.y_mean_, Y - model.y_mean_
    return np.mean(
        (said @ (true / np.linalg.norm(true, axis=1, keepdims=True)).T).argmax(1) == range(len(Y))
    )


SLOW = [pytest.param(kind, marks=pytest.mark.slow) for kind in (Nice, Atm, Benchetrit)]


@pytest.mark.parametrize("kind", [*SLOW, Mlp])
def test_it_learns_to_tell_what_was_shown(kind):
    several = [trials(seed=seed) for seed in range(4)]  # four repeats of 24
    rows = pd.DataFrame({"stimulus": [str(i) for i in range(24)] * 4})
    more = {} if kind is Mlp else {"baseline": 0.1}
    model = small(kind, 25, positives="stimulus", training={"lr": 5e-3}, **more)
    model.fit(stack([X for X, _, _ in several]), np.tile(several[0][1], (4, 1)), rows=rows)
    X, y, _ = trials(seed=9)
    assert top_1(model, X, y) > 0.25  # by chance 1 of 24, and more than 6 once in 10,000
    assert model.history_["train_loss"][-1] < model.history_["train_loss"][0]
    assert (model.history_["trials_per_second"] > 0).all()
    assert np.isfinite(model.history_["waiting"]).all()


def test_a_prediction_is_the_mean_target_and_a_direction_as_long_as_targets_are():
    X, y, _ = trials()
    model = small(Nice).fit(X, y)
    directions = model.embed(X)
    np.testing.assert_allclose(np.linalg.norm(directions, axis=1), 1.0)
    np.testing.assert_allclose(model.y_mean_, y.mean(axis=0))
    assert model.y_norm_ == pytest.approx(np.linalg.norm(y - y.mean(axis=0), axis=1).mean())
    np.testing.assert_allclose(model.predict(X), y.mean(axis=0) + model.y_norm_ * directions)
    plain = small(Nice, center=False).fit(X, y)
    assert not plain.y_mean_.any()
    assert plain.y_norm_ == pytest.approx(np.linalg.norm(y, axis=1).mean())


def test_an_output_of_its_own_predicts_and_both_are_weighed():
    X, y, _ = trials()
    alone = small(Nice, 30, loss={"clip_weight": 0.0}, training={"lr": 5e-3}).fit(X, y)
    assert alone.made_["heads"] == {"mse": N_TARGETS}
    # Errors are in units of the targets' variance, so that of the mean alone is one.
    assert np.mean((alone.predict(X) - y) ** 2) < 0.8 * np.mean((y - y.mean(axis=0)) ** 2)
    both = small(Nice, loss={"clip_weight": 0.75}).fit(X, y)
    assert both.made_["heads"] == {"clip": N_TARGETS, "mse": N_TARGETS}
    np.testing.assert_allclose(np.linalg.norm(both.embed(X), axis=1), 1.0)


@pytest.mark.parametrize(
    "loss",
    [
        {"kind": "soft_clip", "temperature": 0.2},
        {"kind": "bimixco", "share": 1.0, "temperature": 0.1},
        {"kind": "siglip"},
        {"normalise": "y", "symmetric": False, "temperature": "none"},
        {"queue": 16, "temperature": 0.1},
    ],
)
def test_every_loss_trains(loss):
    X, y, rows = trials()
    model = small(Nice, 2, loss=loss, positives="stimulus").fit(X, y, rows=rows)
    assert np.isfinite(model.predict(X)).all() and np.isfinite(model.history_["train_loss"]).all()


@pytest.mark.parametrize(
    ("loss", "said"),
    [
        ({"kind": "clipp"}, "kind"),
        ({"kind": "siglip", "queue": 8}, "queue is no option of siglip"),
        ({"kind": "soft_clip", "temperature": "learned"}, "soft_clip takes a number"),
        ({"temperature": -1.0}, "temperature is -1.0; give a number above zero"),
        ({"clip_weight": 2.0}, "clip_weight is 2.0; give a number from 0 to 1"),
        ({"tau": 1.0}, "tau"),
        ({"queue": -1}, "queue is -1"),
    ],
)
def test_options_that_cannot_be_meant_are_named(loss, said):
    with pytest.raises(ConfigError, match=said):
        read_loss(loss)


def test_channels_in_another_order_are_the_same_sensors_to_benchetrit():
    X, y, _ = trials()
    model = small(Benchetrit).fit(X, y)
    order = np.random.default_rng(0).permutation(8)
    part = X.signal().parts[0]
    moved = Part(part.source[:, order], part.space.take(order), part.axes, SFREQ, 0.0, "moved")
    other = Trials.of_entries(X.rows, "eeg", moved, np.arange(len(X)))
    np.testing.assert_allclose(model.predict(other), model.predict(X), atol=1e-4)


def test_another_layout_lies_in_the_square_of_the_training_one():
    X, y, _ = trials()
    model = small(Benchetrit).fit(X, y)
    other = trials(space=sensors(5, seed=3, names=("A", "B", "E2", "C", "D")))[0]
    assert np.isfinite(model.predict(other)).all()
    table = _contrast.tables(other.signal(), model.layouts_, model.flat_)
    own = next(iter(model.layouts_.values()))
    assert table.key == [""] and table.scale[0, 2] == np.float32(own["scale"][2])  # by its name
    assert table.scale[0, 0] == np.float32(np.median(own["scale"]))  # by its type
    # Fewer channels of the same cap stay where they were.
    some = X.signal().parts[0].space.take(np.array([4, 1]))
    fewer = trials(space=some)[0]
    where = _contrast.tables(fewer.signal(), model.layouts_, model.flat_).positions
    flat = flatten(head(8))
    np.testing.assert_allclose(where[0], unit_square(flat, flat)[[4, 1]])


def test_a_pass_takes_one_of_the_repeats_of_each_subject(monkeypatch):
    (X, y, _), (more, _, _) = trials(), trials(subject="2", seed=1)
    y[1::2] = y[::2]  # twelve pictures, twice each
    passes, step = [], loop._step_through

    def seen(module, loss, feed, order, *others):
        passes.append(np.sort(order))
        return step(module, loss, feed, order, *others)

    monkeypatch.setattr(loop, "_step_through", seen)
    both = stack([X, more])
    small(Benchetrit, 6, repeats="one").fit(both, np.concatenate([y, y]))
    for one in passes:
        np.testing.assert_array_equal(one // 2, np.arange(24))
    assert len({one.tobytes() for one in passes}) > 1  # drawn anew
    small(Benchetrit, 1).fit(both, np.concatenate([y, y]))
    np.testing.assert_array_equal(passes[-1], np.arange(48))
    with pytest.raises(ConfigError, match="repeats is 'some'; give all or one"):
        small(Benchetrit, repeats="some").fit(X, y)


def test_attention_is_what_each_sensor_gets_beyond_an_even_share():
    X, y, _ = trials()
    model = small(Benchetrit).fit(X, y)
    (attention,) = model.patterns().values()
    flat = flatten(head(8))
    places = torch.from_numpy(unit_square(flat, flat).astype(np.float32))
    module = _contrast.module_of(model)
    impulses = torch.eye(8)[:, :, None].repeat(1, 1, N_TIMES)  # one sensor at a time
    with torch.no_grad():
        heard = module.attention(impulses, places).mean(dim=(1, 2))
    np.testing.assert_allclose(attention, 8 * heard.numpy() - 1, atol=1e-5)
    assert attention.sum() == pytest.approx(0, abs=1e-5) and np.ptp(attention) > 0.01


def test_weights_that_belong_to_channels_refuse_others():
    X, y, _ = trials()
    renamed = trials(space=sensors(8, names=("E0", "E1", "Fz", *(f"E{i}" for i in range(3, 8)))))[0]
    for kind in (Nice, Atm):
        model = small(kind).fit(X, y)
        with pytest.raises(DataError, match=r"channel 2 is 'Fz' and was 'E2'; missing: E2"):
            model.predict(renamed)
        with pytest.raises(DataError, match=r"there are 5 and were 8; missing: E5, E6, E7"):
            model.predict(trials(space=sensors(5))[0])
        with pytest.raises(DataError, match="Bring them to one space"):
            model.fit(stack([X, renamed]), np.concatenate([y, y]))


def test_a_sensor_without_position_is_named():
    space = sensors()
    assert space.positions is not None
    space.positions[3] = np.nan
    X, y, _ = trials(space=space)
    with pytest.raises(DataError, match=r"sensor 'E3' has no position.*align.nice"):
        small(Benchetrit).fit(X, y)
    small(Nice).fit(X, y)


def test_layouts_of_several_sizes_train_together_and_answer_as_alone():
    X, y, _ = trials()
    other, z, _ = trials(space=sensors(5, seed=3, names=tuple("ABCDE")), subject="2", seed=2)
    model = small(Benchetrit).fit(stack([X, other]), np.concatenate([y, z]))
    assert len(model.layouts_) == 2 and model.subjects_ == ["1", "2"]
    together = model.predict(stack([X, other]))
    np.testing.assert_allclose(together[: len(X)], model.predict(X), atol=1e-4)
    np.testing.assert_allclose(together[len(X) :], model.predict(other), atol=1e-4)


def test_people_with_voxels_of_their_own_share_what_comes_after():
    (X, y), (other, z) = voxels(), voxels(n_voxels=21, subject="2", seed=1)
    both = stack([X, other])
    model = small(Mlp).fit(both, np.concatenate([y, z]))
    assert model.made_["counts"] == [30, 21]
    np.testing.assert_allclose(model.predict(both)[len(X) :], model.predict(other), atol=1e-4)
    strange, w = voxels(n_voxels=33, subject="3", seed=2)
    with pytest.raises(DataError, match=r"33 voxels.*not trained on \(spaces of 30, 21 were\)"):
        model.predict(strange)
    adapted = copy.deepcopy(model).adapt(strange, w)
    assert adapted.predict(strange).shape == w.shape
    np.testing.assert_allclose(adapted.predict(other), model.predict(other), atol=1e-4)


def test_a_new_person_of_several_voxel_spaces_fits_the_input_layer_of_each():
    X, y = voxels()
    model = small(Mlp).fit(X, y)
    (early, z), (late, w) = (voxels(n_voxels=n, subject="2", seed=n) for n in (21, 33))
    adapted = copy.deepcopy(model).adapt(stack([early, late]), np.concatenate([z, w]))
    assert adapted.made_["counts"] == [30, 21, 33]
    for theirs, told in ((early, z), (late, w)):
        # By chance 1 of 24, and more than 6 once in 10,000; a layer as it was drawn has no more.
        assert top_1(adapted, theirs, told) > 0.25


@pytest.mark.parametrize("how", ["mean", "token", "refuse"])
def test_an_unknown_subject_is_what_was_asked_for_and_never_the_first(how):
    (X, y, _), (more, z, _) = trials(), trials(subject="2", seed=1)
    strange = trials(subject="3", seed=2)[0]
    model = small(Benchetrit, unknown_subject=how).fit(stack([X, more]), np.concatenate([y, z]))
    if how == "refuse":
        with pytest.raises(DataError, match=r"subject '3' was not trained on.*calibration"):
            model.predict(strange)
        return
    said = model.predict(strange)
    as_first = Trials(X.rows, strange.signals)
    assert np.abs(said - model.predict(as_first)).max() > 1e-3
    if how == "mean":
        mean, weights = copy.deepcopy(model), model.weights_
        key = next(name for name in weights if name.endswith("subjects.0"))
        mean.weights_ = {**weights, key: (weights[key] + weights[key[:-1] + "1"]) / 2}
        np.testing.assert_allclose(mean.predict(as_first), said, atol=1e-4)


@pytest.mark.parametrize("kind", [Benchetrit, Atm])
def test_a_new_subject_fits_what_is_its_own_and_nothing_else(kind):
    (X, y, _), (more, z, _) = trials(), trials(subject="2", seed=1)
    model = small(kind).fit(stack([X, more]), np.concatenate([y, z]))
    few, w, rows = trials(8, subject="3", seed=2)
    unseen = copy.deepcopy(model).adapt(few, None)
    np.testing.assert_array_equal(unseen.predict(few), model.predict(few))
    adapted = copy.deepcopy(model).adapt(few, w, rows=rows)
    assert adapted.subjects_ == ["1", "2", "3"]
    assert set(adapted.weights_) - set(model.weights_) == {
        name.replace("subjects.0", "subjects.2") for name in model.weights_ if "subjects.0" in name
    }
    for name, weight in model.weights_.items():
        np.testing.assert_array_equal(adapted.weights_[name], weight)
    assert np.abs(adapted.predict(few) - model.predict(few)).max() > 1e-3
    np.testing.assert_allclose(adapted.predict(X), model.predict(X), atol=1e-6)
    assert not hasattr(Nice, "adapt")


def test_a_subject_that_was_trained_on_goes_on_from_where_training_left_it():
    (X, y, _), (more, z, _) = trials(), trials(subject="2", seed=1)
    model = small(Benchetrit).fit(stack([X, more]), np.concatenate([y, z]))
    adapted = copy.deepcopy(model).adapt(*trials(8, subject="2", seed=3)[:2])
    assert adapted.subjects_ == ["1", "2"] and set(adapted.weights_) == set(model.weights_)
    same = lambda name: np.array_equal(adapted.weights_[name], model.weights_[name])  # noqa: E731
    changed = [name for name in model.weights_ if not same(name)]
    assert len(changed) == 1 and changed[0].endswith("subjects.1")


@pytest.mark.parametrize(("n_trials", "n_steps"), [(8, 100), (20, 100), (24, 150)])
def test_a_new_subject_is_fitted_by_50_passes_and_at_least_100_steps(
    n_trials, n_steps, monkeypatch
):
    model, steps = small(Atm).fit(*trials()[:2]), []
    constrain = Objective.constrain
    monkeypatch.setattr(Objective, "constrain", lambda self: steps.append(constrain(self)))
    # Batches are of 8, and a smaller last one is left out: 1, 2 and 3 steps a pass.
    model.adapt(*trials(n_trials, subject="2", seed=1)[:2])
    assert len(steps) == n_steps


@pytest.mark.parametrize("n_targets", [1, N_TARGETS + 1])
def test_a_new_subject_is_told_targets_of_the_length_that_was_trained_on(n_targets):
    model = small(Benchetrit).fit(*trials()[:2])
    few = trials(8, subject="2", seed=1)[0]
    with pytest.raises(DataError, match=f"targets of {n_targets} entries, and it was trained on"):
        model.adapt(few, np.ones((8, n_targets)))


def test_a_new_input_layer_is_drawn_by_the_models_own_seed():
    X, Y = voxels()
    theirs, told = voxels(n_voxels=40, subject="2", seed=3)
    model, answers = small(Mlp).fit(X, Y), []
    for seed in (0, 1):
        torch.manual_seed(seed)  # whatever was drawn before
        answers.append(copy.deepcopy(model).adapt(theirs, told).predict(theirs))
    np.testing.assert_array_equal(*answers)


def test_predicted_targets_are_in_the_unit_of_those_learnt():
    X, Y = voxels()
    loss = {"clip_weight": 0}
    one, other = (small(Mlp, loss=loss).fit(X, unit * Y).predict(X) for unit in (1, 1000))
    np.testing.assert_allclose(other, 1000 * one, rtol=1e-3)


def test_only_trials_of_one_person_and_layout_are_mixed():
    X, _, _ = trials(n=6)
    space = sensors(5, seed=2, names=tuple(f"S{i}" for i in range(5)))
    both = stack([X, trials(n=2, space=space)[0]]).signal()
    read = Reading(tables(both, learn(both, "none", 0), None), 0, None, 8)
    objective = Objective(read, None, contrast_of(read_loss({"kind": "bimixco"})), 1.0, 1.0)
    told = []
    objective.contrast.draw = lambda kinds: (told.append(kinds), (kinds * 0, kinds * 0.0))[1]
    batch = {
        "X": torch.zeros(6, 8, N_TIMES), "y": torch.eye(6), "group": torch.arange(6),
        "subject": torch.tensor([-1, 0, 1, 0, 0, -1]), "layout": torch.tensor([0, 0, 0, 1, 0, 1]),
    }  # fmt: skip
    objective(lambda *inputs: {"clip": torch.eye(6)}, batch)
    pairs = list(zip(batch["subject"].tolist(), batch["layout"].tolist(), strict=True))
    same = [[a == b for b in pairs] for a in pairs]
    assert (told[0][:, None] == told[0][None]).tolist() == same


@pytest.mark.parametrize("compat", [False, True])
def test_of_mixed_trials_mixed_targets_are_predicted(compat):
    X, Y, _ = trials(n=8)
    table = tables(X.signal(), learn(X.signal(), "none", 0), None)
    read = Reading(table, 0, None, 8)
    options = read_loss({"kind": "bimixco", "clip_weight": 0, "compat": compat})
    objective = Objective(read, None, contrast_of(options), 0.0, 1.0)
    partner = torch.roll(torch.arange(8), 1)
    weight = torch.linspace(0, 1, 8)
    objective.contrast.draw = lambda kinds: (partner, weight)
    y = torch.from_numpy(Y).float()
    batch = {
        "X": torch.from_numpy(X.array()).float(), "y": y, "group": torch.arange(8),
        "layout": torch.zeros(8, dtype=torch.int64), "subject": torch.zeros(8, dtype=torch.int64),
    }  # fmt: skip
    told, _ = objective(lambda *inputs: {"mse": torch.zeros_like(y)}, batch)
    mixed = weight[:, None] * y + (1 - weight[:, None]) * y[partner]
    assert told.item() == pytest.approx(((y if compat else mixed) ** 2).mean().item(), rel=1e-5)


def test_scales_are_learnt_after_the_baseline_and_per_channel():
    X, y, _ = trials()
    part = X.signal().parts[0]
    rng = np.random.default_rng(0)
    gain, offset = rng.uniform(0.5, 2, (8, 1)), rng.normal(size=(24, 8, 1))
    moved = Part(1e6 * gain * part.source + offset, part.space, part.axes, SFREQ, 0.0, "moved")
    other = Trials.of_entries(X.rows, "eeg", moved, np.arange(len(X)))
    read = []
    for some in (X, other):
        signal = some.signal()
        table = tables(signal, learn(signal, "robust", 10), None)
        batch = {"X": torch.tensor(some.X, dtype=torch.float32), "layout": torch.tensor(table.row)}
        inputs = Reading(table, 10, 3.0, 8)(batch | {"subject": torch.zeros(24)})
        read.append(inputs[0].numpy())
    np.testing.assert_allclose(read[0], read[1], atol=1e-4)
    assert np.abs(read[0]).max() == 3.0  # clamped after they were scaled
    low, high = np.percentile(read[0], [25, 75], axis=(0, 2))
    np.testing.assert_allclose(high - low, 1, rtol=1e-3)
    with pytest.raises(ConfigError, match=r"baseline is 2.0 s, which is 100 of 40 samples"):
        small(Nice, baseline=2.0).fit(X, y)


def test_robust_scales_are_median_and_quartiles_and_a_flat_channel_is_left():
    X, _, _ = trials()
    signal = X.signal()
    source = signal.parts[0].source
    source[:, 2] = 0.0
    found = next(iter(learn(signal, "robust", 0).values()))
    values = source.transpose(1, 0, 2).reshape(8, -1)
    low, middle, high = np.percentile(values, [25, 50, 75], axis=1)
    np.testing.assert_allclose(found["center"], middle, rtol=1e-4, atol=1e-12)
    np.testing.assert_allclose(found["scale"][[0, 7]], (high - low)[[0, 7]], rtol=1e-5)
    assert found["scale"][2] == 1.0
    assert next(iter(learn(signal, "none", 0).values()))["scale"].tolist() == [1.0] * 8


def test_what_positives_need_is_asked_for():
    X, y, rows = trials()
    assert small(Nice).needs.training_columns == ()
    assert small(Nice, positives="concept").needs.training_columns == ("concept",)
    with pytest.raises(DataError, match="fit was told no column 'concept'"):
        small(Nice, positives="concept").fit(X, y, rows=rows)
    rows.loc[5, "stimulus"] = None
    with pytest.raises(DataError, match="training trial 5 has no stimulus"):
        small(Nice, positives="stimulus").fit(X, y, rows=rows)


def test_validation_trials_say_which_pass_is_best():
    X, y, rows = trials()
    val = trials(8, seed=5)
    model = small(Nice, 12, training={"patience": 3}).fit(X, y, rows=rows, val=val)
    losses = model.history_["val_loss"]
    assert model.best_epoch_ == 1 + int(np.argmin(losses))
    assert model.converged_ == (len(losses) - model.best_epoch_ >= 3)


def test_preset_and_what_was_said_otherwise_make_the_recipe():
    assert _contrast._training(Benchetrit()).batch_size == 128
    recipe = _contrast._training(Mlp(training={"max_epochs": 3}))
    assert (recipe.max_epochs, recipe.schedule, recipe.decay) == (3, "one_cycle", "matrices")
    assert _contrast._training(Nice()).betas == (0.5, 0.999)
    with pytest.raises(ConfigError, match="lrr"):
        small(Nice, training={"lrr": 1}).fit(*trials()[:2])


def test_trials_of_another_length_or_rate_are_refused():
    X, y, _ = trials()
    model = small(Nice).fit(X, y)
    part = X.signal().parts[0]
    for source, sfreq, said in (
        (part.source[..., :30], SFREQ, r"\(30,\) samples"), (part.source, 100.0, "100 Hz"),
    ):  # fmt: skip
        other = Part(source, part.space, part.axes, sfreq, 0.0, "other")
        with pytest.raises(DataError, match=said):
            model.predict(Trials.of_entries(X.rows, "eeg", other, np.arange(len(X))))
    with pytest.raises(DataError, match="all 24 targets are the same"):
        small(Nice).fit(X, np.ones_like(y))
    with pytest.raises(DataError, match="takes Trials"):
        small(Nice).fit(X.X, y)


def test_published_sizes_are_made_of_what_trials_have():
    made = {"n_chans": 63, "n_times": 250, "heads": {"clip": 768}, "n_subjects": 4, "counts": [63]}
    for model, count in ((Nice(), 1_802_496), (Benchetrit(), None)):
        module = model._build(made | ({"n_times": 181} if count is None else {}))
        # Benchetrit's 6,424,472 is of 181 samples and 4 subjects; see tests/nn.
        assert sum(p.numel() for p in module.parameters()) == (count or 6_424_472)
