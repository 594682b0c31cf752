"""Networks as estimators: what they learn, refuse, start from, and hold in memory."""

import warnings

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning

torch = pytest.importorskip("torch", reason="torch is an extra")

from neurodecode.core.errors import ConfigError, DataError  # noqa: E402
from neurodecode.core.parts import Part  # noqa: E402
from neurodecode.core.rows import Rows  # noqa: E402
from neurodecode.core.space import Space  # noqa: E402
from neurodecode.core.training import TrainingPlace, trained_in  # noqa: E402
from neurodecode.core.trials import Trials  # noqa: E402
from neurodecode.models.networks._module import OfModule, named, training_of  # noqa: E402
from neurodecode.models.networks._network import module_of  # noqa: E402
from neurodecode.models.networks.eegnet import Eegnet  # noqa: E402
from neurodecode.models.networks.shallow_convnet import ShallowConvnet  # noqa: E402

FEW = {"max_epochs": 3, "random_state": 0}
NETWORKS = [Eegnet(kernel_length=16, **FEW), ShallowConvnet(n_filters=8, **FEW)]
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Plain(torch.nn.Module):
    """A plain module: no library's, no base class."""

    def __init__(self, n_chans: int, n_outputs: int, n_times: int, hidden: int = 6):
        super().__init__()
        self.layers = torch.nn.Sequential(
            torch.nn.Flatten(), torch.nn.Linear(n_chans * n_times, hidden), torch.nn.Tanh()
        )
        self.head = torch.nn.Linear(hidden, n_outputs)

    def forward(self, X):
        return self.head(self.layers(X))


def planted(n=80, seed=0, effect=1.0, n_classes=2):
    """Volts of 5 channels, 128 samples: a class is a stronger channel of its own."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % n_classes
    X = rng.normal(size=(n, 5, 128))
    X[np.arange(n), y] *= 1 + effect
    return X * 1e-6 + 1e-4, y


def as_trials(X):
    part = Part(X, Space("sensors", tuple("abcde")), ("channel", "time"), 128.0, 0.0, "made")
    table = pd.DataFrame({"recording": ["sub-1"] * len(X)})
    return Trials.of_entries(Rows(table), "eeg", part, np.arange(len(X)))


@pytest.mark.parametrize(
    "model",
    [
        Eegnet(kernel_length=16, max_epochs=60, random_state=0, lr=1e-2),
        ShallowConvnet(max_epochs=20, random_state=0),
    ],
    ids=lambda one: type(one).__name__,
)
def test_a_planted_effect_is_found_in_volts(model):
    model = clone(model).fit(*planted(), val=planted(40, 1))
    assert model.score(*planted(200, 2)) > 0.9


@pytest.mark.parametrize("model", NETWORKS, ids=lambda one: type(one).__name__)
def test_trials_are_learnt_as_the_arrays_they_stand_for(model):
    X, y = planted()
    one = clone(model).fit(X, y, val=planted(20, 1))
    V, y_val = planted(20, 1)
    other = clone(model).fit(as_trials(X), y, val=(as_trials(V), y_val))
    for name, weights in one.weights_.items():
        np.testing.assert_array_equal(weights, other.weights_[name])
    np.testing.assert_array_equal(one.predict_proba(V), other.predict_proba(as_trials(V)))


def test_units_and_offsets_of_channels_change_next_to_nothing():
    X, y = planted()
    scale = np.array([1.0, 1e3, 1e-3, 1.0, 1e6])[:, None]
    one = clone(NETWORKS[0]).fit(X, y)
    other = clone(NETWORKS[0]).fit(X * scale + scale, y)
    # The input is in single precision, where an offset of 1e6 scales leaves five digits.
    np.testing.assert_allclose(
        one.predict_proba(X), other.predict_proba(X * scale + scale), atol=0.02
    )
    np.testing.assert_allclose(one.weights_["mean"], X.mean((0, 2))[:, None], rtol=1e-5)


def test_probabilities_are_the_softmax_of_the_module_s_scores():
    X, y = planted(n_classes=3)
    model = clone(NETWORKS[0]).fit(X, y)
    with torch.no_grad():
        scores = module_of(model)(torch.from_numpy(X.astype(np.float32)))
    found = model.predict_proba(X)
    # The peer rounds to single precision.
    np.testing.assert_allclose(found, torch.softmax(scores, 1).numpy(), rtol=1e-5)
    np.testing.assert_array_equal(model.predict(X), found.argmax(1))


class Noisy(Plain):
    """Draws while it answers too."""

    def forward(self, X):
        return super().forward(X + 1e-6 * torch.randn(X.shape))


def test_a_module_that_draws_answers_alike_and_leaves_chance_as_it_was():
    X, y = planted()
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    model = named(Noisy)(training={"max_epochs": 2}, random_state=0).fit(X, y)
    first = model.predict_proba(X)
    assert torch.equal(torch.rand(1), expected)
    np.testing.assert_array_equal(model.predict_proba(X), first)


class Linear(torch.nn.Module):
    """Logistic regression."""

    def __init__(self, n_chans: int, n_outputs: int):
        super().__init__()
        self.layer = torch.nn.Linear(n_chans, n_outputs)

    def forward(self, X):
        return self.layer(X)


@pytest.mark.parametrize(("class_weight", "expected"), [(None, 0.2), ("balanced", 0.5)])
def test_weights_of_classes_set_what_probabilities_sum_to(class_weight, expected):
    """At the optimum of logistic regression, weighted residuals sum to zero."""
    X = np.random.default_rng(0).normal(size=(50, 3))
    y = (np.arange(50) % 5 == 0).astype(int)
    training = {"max_epochs": 300, "patience": 300, "batch_size": 50, "lr": 0.05}
    model = named(Linear)(training=training, class_weight=class_weight, random_state=0).fit(X, y)
    weight = 1 if class_weight is None else np.where(y == 1, 2.5, 0.625)
    rare = model.predict_proba(X)[:, 1]
    # Adam has not wholly come to rest after 300 steps.
    assert np.average(rare, weights=weight * np.ones(50)) == pytest.approx(expected, abs=0.01)


def test_convergence_is_told_where_it_is_called():
    with pytest.warns(
        ConvergenceWarning, match=r"with pass 3 of 3.*waits for 50 .*more max_epochs"
    ) as said:
        model = clone(NETWORKS[0]).fit(*planted())
    assert said[0].filename == __file__
    assert not model.converged_
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.set_params(max_epochs=200, patience=2, lr=0.05).fit(*planted(), val=planted(20, 1))
    assert model.converged_
    assert model.n_epochs_ == model.best_epoch_ + 2 == len(model.history_["val_loss"])


@pytest.mark.parametrize("model", NETWORKS, ids=lambda one: type(one).__name__)
def test_training_starts_from_the_weights_of_init(model):
    X, y = planted(n_classes=3)
    first = clone(model).fit(X, y)
    # A learning rate of next to nothing: what comes out is what went in.
    still = clone(model).set_params(lr=1e-12, max_epochs=1, random_state=1)
    assert_near(still.fit(X, y, init=first), first, set())
    two = clone(still).fit(X[y < 2], y[y < 2], init=first)
    head = {"module.classifier.weight", "module.classifier.bias"}
    assert_near(two, first, head)
    assert two.weights_["module.classifier.weight"].shape[0] == 2


def assert_near(one, other, but):
    for name, weights in one.weights_.items():
        # Normalisation follows the trials, whatever the learning rate.
        if name not in but and "running" not in name and "tracked" not in name:
            np.testing.assert_allclose(weights, other.weights_[name], atol=1e-6)


@pytest.mark.parametrize(
    ("init", "said"),
    [
        (Eegnet(), "an unfitted Eegnet"),
        (ShallowConvnet(), "this is a ShallowConvnet"),
        (Eegnet(F1=4, F2=8, kernel_length=16, **FEW), "another architecture"),
        (Eegnet(kernel_length=16, **FEW), r"trials of shape \(4, 128\), and these are \(5, 128\)"),
    ],
)
def test_an_init_that_does_not_fit_is_refused(init, said):
    X, y = planted()
    if init.get_params()["max_epochs"] == 3:
        init = clone(init).fit(X[:, :4] if "shape" in said else X, y)
    with pytest.raises(ConfigError, match=said):
        clone(NETWORKS[0]).fit(X, y, init=init)


def test_an_init_of_other_classes_may_differ_in_nothing_else():
    X, y = planted(n_classes=3)
    init = Eegnet(F1=4, F2=8, kernel_length=16, **FEW).fit(X[y < 2], y[y < 2])
    with pytest.raises(ConfigError, match="another architecture"):
        clone(NETWORKS[0]).fit(X, y, init=init)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda X, y: (X[:, :, :20], y), r"shape \(5, 20\); channels × time of 32 samples or more"),
        (lambda X, y: (X, np.zeros_like(y)), "all 80 trials are of one class"),
        (lambda X, y: (np.where(np.arange(128) == 7, np.nan, X), y), "trial 0 of 80 holds NaN"),
        (lambda X, y: (as_trials(X), y[:-1]), "80 trials and 79 targets"),
    ],
)
def test_trials_that_cannot_be_learnt_are_named(change, said):
    with pytest.raises(DataError, match=said):
        clone(NETWORKS[0]).fit(*change(*planted()))


def test_validation_trials_of_a_strange_class_or_shape_are_named():
    X, y = planted()
    with pytest.raises(DataError, match="validation trials are of class 7"):
        clone(NETWORKS[0]).fit(X, y, val=(X[:2], [0, 7]))
    with pytest.raises(DataError, match=r"validation trials of shape \(4, 128\)"):
        clone(NETWORKS[0]).fit(X, y, val=(X[:2, :4], [0, 1]))


def test_a_tested_trial_that_holds_nan_is_named():
    X, y = planted()
    model = clone(NETWORKS[0]).fit(X, y)
    X[3, 0, 5] = np.nan
    for trials in (X, as_trials(X)):
        with pytest.raises(DataError, match="predict: trial 3 of 80 holds NaN or infinite values"):
            model.predict(trials)


def test_other_channels_are_refused_in_predict():
    X, y = planted()
    model = clone(NETWORKS[0]).fit(X, y)
    with pytest.raises(DataError, match=r"trials of shape \(5, 64\).*trained on \(5, 128\)"):
        model.predict(X[:, :, :64])
    assert model.predict_proba(X[:0]).shape == (0, 2)


def test_a_gpu_that_is_not_there_is_said(monkeypatch):
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    with (
        trained_in(TrainingPlace(device="cuda")),
        pytest.raises(ConfigError, match="device: cuda, and torch finds no GPU"),
    ):
        clone(NETWORKS[0]).fit(*planted())


def test_a_stopped_fit_goes_on_where_it_was(tmp_path, monkeypatch):
    from neurodecode.train import loop

    X, y = planted()
    whole = clone(NETWORKS[0]).fit(X, y)
    written, place = loop.write_history, TrainingPlace(tmp_path)

    def stopping(history, path):
        written(history, path)
        if len(history) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "write_history", stopping)
    with trained_in(place), pytest.raises(KeyboardInterrupt):
        clone(NETWORKS[0]).fit(X, y)
    monkeypatch.setattr(loop, "write_history", written)
    with trained_in(place):
        resumed = clone(NETWORKS[0]).fit(X, y)
        clone(NETWORKS[0]).fit(X[:60], y[:60])  # other trials, another checkpoint
    for name, weights in whole.weights_.items():
        np.testing.assert_array_equal(weights, resumed.weights_[name])
    assert len(list(tmp_path.glob("checkpoint-*.pt"))) == 2


def plain(**arguments):
    training = {"max_epochs": 40, "patience": 40, "lr": 0.01}
    return named(Plain)(training=training, random_state=0, **arguments)


def test_a_plain_module_classifies_and_is_cloned_with_its_arguments():
    X, y = planted()
    X[y == 1, 0] += 3e-6
    model = clone(plain(hidden=9)).fit(X, y)
    assert (model.predict(X) == y).mean() > 0.95
    assert model.weights_["module.layers.1.weight"].shape == (9, 5 * 128)
    assert clone(model).get_params()["hidden"] == 9
    assert model.set_params(hidden=4).get_params()["hidden"] == 4


@pytest.mark.parametrize("shape", [(80,), (80, 3)])
def test_a_plain_module_regresses_in_the_units_of_its_targets(shape):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(80, 5, 4))
    y = X.reshape(80, -1)[:, : shape[-1] if len(shape) > 1 else 1].reshape(shape) * 1e-6 + 5
    model = plain().fit(X, y)
    assert model.predict(X).shape == shape
    assert not hasattr(model, "predict_proba")
    residual = (model.predict(X) - y).std() / y.std()
    assert residual < 0.5


class Series(torch.nn.Module):
    """As many outputs as samples."""

    def __init__(self, n_chans: int, n_outputs: int):
        super().__init__()
        self.over_channels = torch.nn.Conv1d(n_chans, n_outputs, 1)

    def forward(self, X):
        return self.over_channels(X)


def test_a_series_is_regressed_sample_by_sample():
    X = np.random.default_rng(0).normal(size=(60, 4, 20))
    y = 2 * X[:, 1:2] - X[:, 2:3]
    training = {"max_epochs": 200, "patience": 200, "lr": 0.03}
    model = named(Series)(training=training, random_state=0).fit(X, y)
    assert model.predict(X).shape == y.shape
    assert np.corrcoef(model.predict(X).ravel(), y.ravel())[0, 1] > 0.99


class Wrong(torch.nn.Module):
    """One output too many."""

    def __init__(self, n_outputs: int, fails: str = ""):
        super().__init__()
        self.head, self.fails = torch.nn.Linear(128, n_outputs + 1), fails
        if fails == "made":
            raise RuntimeError("broken")

    def forward(self, X):
        if self.fails == "run":
            raise ValueError("broken")
        if self.fails == "learnt":
            return self.head(X[:, 0])[:, 1:].detach()
        return self.head(X[:, 0])


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        ("learnt", "nothing can be learnt: what the module gives has no gradient to any weight"),
        ("", r"gives \(2, 3\) for 2 trials, and \(2, 2\) is needed: a score for each class"),
        ("run", r"the module fails on trials of shape \(5, 128\) \(ValueError: broken\)"),
        ("made", r"Wrong cannot be made for trials of shape \(5, 128\) \(RuntimeError: broken\)"),
    ],
)
def test_a_module_that_cannot_be_used_is_told_before_training(fails, said):
    with pytest.raises(ConfigError, match=said):
        named(Wrong)(fails=fails).fit(*planted())


@pytest.mark.filterwarnings("ignore:Initializing zero-element tensors")  # torch, of the former
@pytest.mark.parametrize("model", [Eegnet(kernel_length=0), Eegnet(drop_prob=1.5)], ids=str)
def test_arguments_that_no_network_can_have_are_told(model):
    with pytest.raises(ConfigError, match=r"Eegnet cannot be made .*Look at its arguments"):
        clone(model).fit(*planted())


def test_arguments_of_a_module_may_not_have_our_names():
    class Clashing(torch.nn.Module):
        def __init__(self, training: bool = True):
            super().__init__()

    with pytest.raises(ConfigError, match="its argument 'training' has the name of one of ours"):
        named(Clashing)


def test_arguments_of_training_are_read_strictly():
    with pytest.raises(ConfigError, match=r"(?s)max_epoch: unknown key.*max_epochs.*lr: expected"):
        training_of({"max_epoch": 3, "lr": "fast"})


def test_braindecode_s_networks_are_models():
    models = pytest.importorskip("braindecode.models", reason="braindecode does not import")
    X, y = planted()
    model = named(models.EEGNet)(training={"max_epochs": 2}, random_state=0)
    assert model.fit(X, y).predict_proba(X).shape == (80, 2)


def test_the_module_s_class_is_an_argument():
    model = OfModule(Plain, hidden=3)
    assert repr(model).startswith("OfModule(hidden=3, module=<class")
