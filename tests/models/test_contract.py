"""Every model and step of the tree keeps scikit-learn's contract on the input it is made for."""

import copy
import pickle

import mne
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone, is_classifier
from sklearn.exceptions import NotFittedError

from neurodecode.core.names import catalogue, find
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.stages import is_stateless
from neurodecode.core.trials import Trials

mne.set_log_level("ERROR")
# Networks are given few passes here.
pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SHAPES = {
    ("class",): lambda X: np.abs(X[:, :2, 0]) / np.abs(X[:, :2, 0]).sum(axis=1, keepdims=True),
    ("channel", "channel"): lambda X: X @ X.transpose(0, 2, 1) / X.shape[-1],
    ("feature",): lambda X: X.reshape(len(X), -1),
    ("band", "channel", "channel"): lambda X: np.stack([X @ X.transpose(0, 2, 1)] * 3, axis=1),
    ("band", "channel", "time"): lambda X: np.stack([X, 2 * X, -X], axis=1),
}
NAMES = [(group, name) for group in ("models", "steps") for name in catalogue(group)]
METHODS = ("predict", "predict_proba", "decision_function", "transform")
SHORT = {"kernel_length": 7, "pool_length": 11, "pool_stride": 3}
ALIGNED = {
    "preset": "tiny", "positives": "trial", "random_state": 0,
    "training": {"max_epochs": 2, "batch_size": 16},
}  # fmt: skip
READOUT = {"grid": (1, 7), "random_state": 0, "training": {"max_epochs": 2}}
# What cannot be meant without arguments.
ARGUMENTS = {
    "band_power": {"sfreq": 100.0},
    "baseline": {"tmin": 0.0, "tmax": 0.2},  # trials begin with their event
    "baseline.covariates": {"columns": ("position", "site")},
    "deconfound": {"columns": ("position", "site")},
    "align.atm": ALIGNED | {"sizes": SHORT},
    "align.benchetrit": ALIGNED,
    "align.mlp": ALIGNED,
    "align.nice": ALIGNED | {"sizes": SHORT},
    "encode.braincorl": {"preset": "tiny", "random_state": 0, "training": {"max_epochs": 2}},
    "encode.factorized": READOUT,
    "encode.gaussian": READOUT,
    "encode.prior_ridge": {"n_iterations": 2},
    "encode.response_optimized": {
        "core": (4, 4), "random_state": 0, "training": {"max_epochs": 2}
    },
    "encode.semantic_transformer": READOUT,
    "encode.transformer_encoder": {"preset": "tiny", **READOUT},
    "encode.banded_ridge": {"bands": {"some": 100, "others": 250}, "n_draws": 4},
    "generate.autoencoder": {"n_updates": 2, "random_state": 0},
    "generate.benchetrit_generator": {
        "preset": "tiny", "low": {"pca": {"n_components": 3}}, "steps": 2, "random_state": 0,
        "network": {"training": {"max_epochs": 1}}, "renorm": "none",
        "generator": {"unet": {"channels": [8, 16], "n_updates": 2}},
    },
    "generate.brain_diffuser": {
        "preset": "tiny", "low": {"pca": {"n_components": 3}}, "steps": 2, "random_state": 0,
        "generator": {"unet": {"channels": [8, 16], "n_updates": 2}},
    },
    "generate.diffusion": {
        "low": {"pca": {"n_components": 3}}, "random_state": 0,
        "generator": {"unet": {"channels": [8, 16], "n_updates": 2, "steps": 2}},
    },
    "linear.cca_ssvep": {"freqs": (7.0, 9.0, 11.0, 13.0, 15.0), "sfreq": 100.0},
    "linear.lagged_ridge": {"sfreq": 50.0},
    # Long enough for the pooling of 50 samples, and few passes.
    "networks.eegnet": {"max_epochs": 3, "kernel_length": 16, "random_state": 0},
    "networks.shallow_convnet": {
        "max_epochs": 3, "n_filters": 8, "kernel_length": 9, "pool_length": 15, "random_state": 0
    },
}  # fmt: skip
# Networks compute in single precision: sums of another order differ by some 1e-7.
SINGLE = {
    "align.atm", "align.benchetrit", "align.mlp", "align.nice",
    "encode.banded_ridge", "encode.braincorl", "encode.factorized", "encode.fir_ridge",
    "encode.gaussian", "encode.layers", "encode.response_optimized", "encode.ridge",
    "encode.semantic_transformer", "encode.transformer_encoder",
    "generate.autoencoder", "generate.benchetrit_generator", "generate.brain_diffuser",
    "generate.diffusion",
    "networks.eegnet", "networks.shallow_convnet",
}  # fmt: skip
# Codes that stand for something else.
FIXED_CLASSES = ("linear.cca_ssvep", "online.accumulate")  # a flicker rate each; 0 is idle


def make(group, name):
    return find(name, group)(**ARGUMENTS.get(name, {}))


def input_of(model, seed=0, n=32):
    """Trials as `needs` asks for them, with codes or values."""
    rng = np.random.default_rng(seed)
    y = np.arange(n) % 2
    X = rng.normal(size=(n, 7, 50))
    X[y == 1, 0] *= 3
    values = "label" not in model.needs.targets
    if model.needs.targets == ("series",):
        return X, rng.normal(size=(n, 2, 50))
    if "picture" in model.needs.targets and not model.needs.trials:
        return SHAPES.get(model.needs.axes, lambda X: X)(X), rng.uniform(size=(n, 8, 8, 1))
    if not model.needs.trials:
        return SHAPES.get(model.needs.axes, lambda X: X)(X), rng.normal(size=n) if values else y
    table = pd.DataFrame(
        {
            "uid": [f"row {i}" for i in range(n)],
            "position": np.arange(n),
            "subject": np.repeat(["1", "2", "3", "4", "5", "6", "7", "8"], n // 8).astype(object),
            "session": np.full(n, "1", dtype=object),
            "recording": ["sub-1"] * (n // 2) + ["sub-2"] * (n - n // 2),
            "onset": rng.uniform(0, 100, size=n),
            "stop": 0.5 * np.arange(n),
            "previous": np.array([None, *(f"class {code}" for code in y[:-1])], dtype=object),
            "site": rng.choice(["north", "south"], size=n).astype(object),
            "label": np.array([f"class {code}" for code in y], dtype=object),
        }
    )
    table["start"] = table["onset"]
    if {"start", "stop"} <= set(model.needs.columns):  # of volumes that follow each other
        table["start"] = 2.0 * np.arange(n)
        table["stop"] = table["start"] + 2.0
    axes = ("channel", "time") if model.needs.axes is None else model.needs.axes
    X = SHAPES.get(axes, lambda X: X)(X)
    angle = np.linspace(0, 6, X.shape[1])
    places = 0.1 * np.column_stack([np.cos(angle), np.sin(angle), np.ones(X.shape[1])])
    names = tuple(f"channel {i}" for i in range(X.shape[1]))
    space = Space("sensors", names, positions=places)
    sfreq = 32.0 if axes[-1] == "time" else None
    part = Part(X, space, axes, sfreq, 0.0, f"seed {seed}")
    trials = Trials.of_entries(Rows(table), "eeg", part, np.arange(n))
    if "picture" in model.needs.targets:
        return trials, rng.uniform(size=(n, 8, 8, 1))
    return trials, rng.normal(size=n) if values else y


def fit(model, X, y):
    """Fit a model, and tell it of the training rows what it asks beside their pictures."""
    told = {name: y.reshape(len(y), 8, 8) for name in model.needs.training_signals}
    return model.fit(X, y, signals=told) if told else model.fit(X, y)


def answers(model, X):
    return {method: getattr(model, method)(X) for method in METHODS if hasattr(model, method)}


def assert_alike(one, other):
    assert list(one) == list(other)
    for method, values in one.items():
        np.testing.assert_array_equal(values, other[method])


each = pytest.mark.parametrize(("group", "name"), NAMES, ids=[name for _, name in NAMES])
each_classifier = pytest.mark.parametrize(
    "name",
    [n for group, n in NAMES if is_classifier(make(group, n)) and n not in FIXED_CLASSES],
)


@each
def test_what_needs_a_fit_says_so(group, name):
    model = make(group, name)
    X, _ = input_of(model)
    if model.__sklearn_tags__().requires_fit:
        for method in METHODS:
            if hasattr(model, method):
                with pytest.raises(NotFittedError):
                    getattr(model, method)(X)
        if hasattr(model, "patterns"):
            with pytest.raises(NotFittedError):
                model.patterns()
    else:
        assert len(model.transform(X)) == len(X)


@each
def test_fit_returns_the_model_and_leaves_arguments_and_input_alone(group, name):
    model = make(group, name)
    X, y = input_of(model)
    before = copy.deepcopy((X if isinstance(X, np.ndarray) else X.rows.table, y))
    arguments = model.get_params()
    assert fit(model, X, y) is model
    answers(model, X)
    assert model.get_params() == arguments
    np.testing.assert_array_equal(y, before[1])
    if isinstance(X, np.ndarray):
        np.testing.assert_array_equal(X, before[0])
    else:
        pd.testing.assert_frame_equal(X.rows.table, before[0])


@each
def test_clones_pickles_and_second_fits_answer_alike(group, name):
    model = make(group, name)
    X, y = input_of(model)
    fresh, _ = input_of(model, seed=1)
    expected = answers(fit(model, X, y), fresh)
    assert expected
    assert_alike(answers(pickle.loads(pickle.dumps(model)), fresh), expected)
    assert_alike(answers(fit(clone(model), X, y), fresh), expected)
    assert_alike(answers(fit(fit(model, *input_of(model, seed=2)), X, y), fresh), expected)


@each
def test_arguments_survive_the_round_trip(group, name):
    model = make(group, name)
    arguments = model.get_params()
    again = type(model)(**arguments)
    assert again.get_params() == arguments
    assert again.set_params(**arguments).get_params() == arguments
    assert vars(model) == arguments  # the constructor stores its arguments and nothing more


@each
def test_a_trial_is_answered_whatever_stands_beside_it(group, name):
    model = make(group, name)
    X, y = input_of(model)
    fit(model, X, y)
    fresh, _ = input_of(model, seed=1)
    order = np.random.default_rng(0).permutation(len(fresh))[:9]
    if model.needs.sequential:
        order = np.arange(9)  # those that come after it, and other recordings, change nothing
    some = fresh[order] if isinstance(fresh, np.ndarray) else fresh.take(order)
    whole = answers(model, fresh)
    for method, values in answers(model, some).items():
        # Products of matrices of other sizes round otherwise.
        rtol = 1e-5 if name in SINGLE else 1e-9
        np.testing.assert_allclose(values, whole[method][order], rtol=rtol, atol=1e-12)


@pytest.mark.parametrize("name", catalogue("steps"))
def test_a_step_says_whether_it_looks_at_labels(name):
    step = make("steps", name)
    assert isinstance(step.supervised, bool)
    assert not (step.supervised and is_stateless(step))
    X, y = input_of(step)
    if step.supervised:
        with pytest.raises((TypeError, ValueError)):
            clone(step).fit(X)
        return
    alone = answers(clone(step).fit(X), X)
    assert_alike(answers(clone(step).fit(X, y), X), alone)
    assert_alike(answers(clone(step).fit(X, y[::-1]), X), alone)


@each_classifier
def test_classes_are_those_of_training_whatever_their_codes(name):
    model = make("models", name)
    X, y = input_of(model)
    codes = np.array([1, 4])  # the training rows of a fold may lack classes of the target
    plain, other = answers(model.fit(X, y), X), answers(clone(model).fit(X, codes[y]), X)
    np.testing.assert_array_equal(other.pop("predict"), codes[plain.pop("predict")])
    assert_alike(other, plain)
    assert clone(model).fit(X, codes[y]).classes_.tolist() == codes.tolist()


@each
def test_what_is_fitted_is_kept_without_pickle(group, name):
    io = pytest.importorskip("skops.io", reason="skops is an extra")
    model = make(group, name)
    X, y = input_of(model)
    fresh, _ = input_of(model, seed=1)
    stored = io.dumps(fit(model, X, y))
    libraries = ("neurodecode.", "sklearn.", "pyriemann.", "mne.", "nilearn.", "numpy.")
    strange = [t for t in io.get_untrusted_types(data=stored) if not t.startswith(libraries)]
    assert strange == []
    opened = io.loads(stored, trusted=io.get_untrusted_types(data=stored))
    assert_alike(answers(opened, fresh), answers(model, fresh))
