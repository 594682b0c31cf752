"""Benchetrit's generator: networks tell both stages, spread by rows that nothing was trained on."""

import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from sklearn.base import BaseEstimator, clone

pytest.importorskip("diffusers")

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials, stack
from neurodecode.harness.experiment import read_experiment
from neurodecode.harness.index import write_index, write_study
from neurodecode.harness.keep import open_model
from neurodecode.harness.opening import open_study
from neurodecode.harness.plan import make_plan
from neurodecode.harness.run import execute
from neurodecode.harness.store import Store
from neurodecode.harness.table import score_results
from neurodecode.models.generate._codecs.pca import Pca
from neurodecode.models.generate._network_told import NetworkTold
from neurodecode.models.generate.benchetrit_generator import BenchetritGenerator

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
SIDE, N_TRAIN, N_VAL, N_TEST = 4, 32, 10, 6
SIZES = {"n_virtual": 6, "n_features": 32, "width": 8, "n_out": 12}
FEW = {"sizes": SIZES, "training": {"max_epochs": 2, "batch_size": 16}}
# Answers of networks in batches of other sizes, in single precision.
ROUNDING = 1e-5


class Halves(BaseEstimator):
    """A network that says half of what stands in a trial, and a little of chance that is fixed."""

    def fit(self, X, y, val=None):
        self.n_targets_, self.val_ = y.shape[1], val
        return self

    def predict(self, X):
        return 0.5 * np.asarray(X, dtype=float)[:, : self.n_targets_] + 7


class Constant(Halves):
    def predict(self, X):
        return np.full((len(X), self.n_targets_), 3.0) + 1e-9 * np.arange(len(X))[:, None]


class Tinted(BaseEstimator):
    """A generator: a share of the start, the rest the colour that is told, and a little chance."""

    def fit(self, pictures, conditions):
        self.n_seen_ = len(pictures)
        return self

    def generate(self, conditions, seeds, init=None):
        told = conditions["colour"].mean(axis=1)[:, None, None, :]
        noise = [np.random.default_rng(seed).normal(size=(SIDE, SIDE, 3)) for seed in seeds]
        return np.clip(0.5 * told + 0.5 * init + 0.05 * np.stack(noise), 0, 1).astype(np.float32)


def helmet(n, seed=0):
    """Magnetometers at places of their own."""
    where = np.random.default_rng(seed).normal(size=(n, 3))
    where[:, 2] = np.abs(where[:, 2]) + 0.2
    where *= 0.1 / np.linalg.norm(where, axis=1, keepdims=True)
    names = tuple(f"M{seed}{i}" for i in range(n))
    return Space("sensors", names, ("mag",) * n, where, unit="T")


def world(n, seed, subject="01", space=None):
    """Trials of one person, pictures of four quarters, and their colour as two tokens."""
    rng = np.random.default_rng(seed)
    space = helmet(10) if space is None else space
    shown = rng.uniform(0.2, 0.8, size=(n, 2, 2, 3)).astype(np.float32)
    pictures = np.repeat(np.repeat(shown, 2, axis=1), 2, axis=2)
    mean = shown.mean(axis=(1, 2))
    mixing = np.random.default_rng(9).normal(size=(12, 99))[:, : len(space)]
    X = ((shown.reshape(n, 12) - 0.5) @ mixing)[:, :, None] * np.hanning(30)
    X = 1e-13 * (X + 0.2 * rng.normal(size=X.shape))
    table = pd.DataFrame({"uid": [f"{subject} {seed} {i}" for i in range(n)], "subject": subject})
    part = Part(X, space, ("channel", "time"), 50.0, 0.0, f"{subject} {seed}")
    trials = Trials.of_entries(Rows(table), "meg", part, np.arange(n))
    return trials, pictures, {"colour": np.stack([mean, mean], axis=1)}


def joined(one, other):
    (X, y, signals), (X_more, y_more, more) = one, other
    told = {name: np.concatenate([signals[name], more[name]]) for name in signals}
    return stack([X, X_more]), np.concatenate([y, y_more]), told


def model(**arguments):
    asked = {
        "conditions": ("colour",), "low": Pca(n_components=4), "generator": Tinted(),
        "network": FEW, "random_state": 0,
    }  # fmt: skip
    return BenchetritGenerator("tiny", **asked | arguments)


def trained(one, train=None, val=None):
    X, y, signals = world(N_TRAIN, 0) if train is None else train
    return one.fit(X, y, signals=signals, val=world(N_VAL, 1) if val is None else val)


@pytest.fixture(scope="module")
def fitted():
    """Of two people, whose sensors are elsewhere and of another number."""
    train, val = (
        joined(world(n, seed), world(n, seed + 7, "02", helmet(8, 3)))
        for n, seed in ((N_TRAIN, 0), (N_VAL, 1))
    )
    return trained(model(), train, val)


def told(renorm, kind=Halves):
    rng = np.random.default_rng(0)
    X, y = rng.normal(size=(50, 6)), 3 + 2 * rng.normal(size=(50, 2, 3))
    val = rng.normal(size=(20, 6)), rng.normal(size=(20, 2, 3))
    return NetworkTold(kind(), renorm).fit(X, y, val), y, val


def test_what_is_said_of_held_out_rows_has_mean_and_spread_of_the_training_targets():
    one, y, (X_val, _) = told("held_out")
    said = one.predict(X_val)
    assert said.shape == (20, 2, 3)
    np.testing.assert_allclose(said.mean(axis=0), y.mean(axis=0))
    np.testing.assert_allclose(said.std(axis=0), y.std(axis=0))
    raw, _, _ = told("none")
    np.testing.assert_array_equal(raw.predict(X_val).reshape(20, 6), 0.5 * X_val + 7)


@given(index=st.lists(st.integers(0, 29), min_size=1, max_size=8, unique=True))
def test_a_row_is_told_alike_whichever_others_are_tested(index):
    one, _, _ = told("held_out")
    X = np.random.default_rng(1).normal(size=(30, 6))
    among = one.predict(X)
    assert np.isfinite(among).all()
    np.testing.assert_array_equal(one.predict(X[index]), among[index])


def test_what_a_network_says_alike_of_all_becomes_the_mean_and_no_noise():
    one, y, _ = told("held_out", Constant)
    said = one.predict(np.zeros((5, 6)))
    np.testing.assert_allclose(said, np.broadcast_to(y.mean(axis=0), said.shape))


def test_the_papers_statistics_are_those_of_the_test_rows():
    one, y, _ = told("transductive")
    X = np.random.default_rng(1).normal(size=(30, 6))
    with pytest.raises(DataError, match="it was shown none"):
        one.predict(X)
    with pytest.raises(DataError, match=r"there is one row: 0 / 0\. Say renorm: held_out"):
        one.adapt(X[:1])
    np.testing.assert_allclose(one.adapt(X).predict(X).std(axis=0), y.std(axis=0))
    among = one.predict(X[:1])
    assert np.abs(one.adapt(X[:4]).predict(X[:1]) - among).max() > 0.1


def test_pictures_of_people_with_other_sensors_do_not_lean_on_each_other(fitted):
    X, y, signals = joined(world(N_TEST, 2), world(N_TEST, 3, "02", helmet(8, 3)))
    made = fitted.predict(X)
    assert (made.shape, made.dtype) == (y.shape, np.float32)
    assert np.isfinite(made).all()
    for index in ([1], [N_TEST], [7, 2, 0]):
        np.testing.assert_allclose(fitted.predict(X.take(index)), made[index], atol=ROUNDING)
    assert fitted.predict_low(X).shape == y.shape
    assert set(fitted.told_) == {"colour"}
    assert fitted.told_["colour"].target_shape_ == (2, 3)
    found = fitted.ceilings(y, signals)
    assert list(found) == ["true condition", "round trip"]


def test_it_is_stored_as_its_numbers_and_gives_the_same_pictures(fitted):
    X, *_ = world(N_TEST, 2)
    made = fitted.predict(X)
    stored = pickle.dumps(fitted)
    assert b"torch" not in stored
    np.testing.assert_array_equal(pickle.loads(stored).predict(X), made)


def test_validation_rows_train_nothing_and_set_the_spread():
    X, *_ = world(N_TEST, 2)
    one_pass = {"sizes": SIZES, "training": {"max_epochs": 1, "batch_size": 16}}
    one, other = (
        trained(model(network=one_pass), val=world(N_VAL, seed)).told_["colour"] for seed in (1, 5)
    )
    for name, weights in one.network_.weights_.items():
        np.testing.assert_array_equal(other.network_.weights_[name], weights)
    assert np.abs(one.predict(X) - other.predict(X)).max() > 1e-3
    X_val, *_ = world(N_VAL, 1)
    said = one.predict(X_val)
    _, _, signals = world(N_TRAIN, 0)
    np.testing.assert_allclose(said.std(axis=0), signals["colour"].std(axis=0), rtol=1e-5)


def test_the_paper_is_a_preset_and_its_weights_are_looked_for():
    paper = BenchetritGenerator()
    assert paper.needs.training_signals == ("vision", "text")
    assert not paper.needs.transductive and not hasattr(paper, "adapt")
    taken = BenchetritGenerator(renorm="transductive")
    assert taken.needs.transductive and hasattr(taken, "adapt")
    link = paper._generator()
    assert (link.strength, link.guidance, link.steps, link.mixing) == (0.75, 7.5, 50, 0.4)
    network = paper._network()
    assert (network.preset, network.loss) == ("paper", {"clip_weight": 0.0})
    with pytest.raises(DataMissing, match="'versatile-diffusion' are not on this machine"):
        paper.hashes(None)


def test_what_cannot_be_meant_is_refused_before_anything_is_trained():
    class Untrainable(Tinted):
        def fit(self, pictures, conditions):
            raise AssertionError("a link was trained")

    asked = model(generator=Untrainable())
    X, y, signals = world(N_TRAIN, 0)
    with pytest.raises(DataError, match=r"held_out scales by .* validation rows, and there are 0"):
        asked.fit(X, y, signals=signals)
    with pytest.raises(ConfigError, match=r"renorm is 'loo'\. Give held_out, transductive, none"):
        trained(clone(asked).set_params(renorm="loo"))
    with pytest.raises(ConfigError, match="network: loss is the model's own"):
        trained(clone(asked).set_params(network={"loss": {"clip_weight": 0.5}}))
    with pytest.raises(ConfigError, match=r"unknown key\. Did you mean 'training'"):
        trained(clone(asked).set_params(network={"trainings": {}}))
    with pytest.raises(ConfigError, match="network: scaling: expected one of robust, standard"):
        trained(clone(asked).set_params(network={"scaling": "z"}))
    with pytest.raises(ConfigError, match="max_epoch: unknown key"):
        trained(clone(asked).set_params(network={"training": {"max_epoch": 2}}))
    with pytest.raises(DataError, match="takes Trials"):
        asked.fit(X.array(), y, signals=signals, val=world(N_VAL, 1))
    with pytest.raises(DataError, match="nothing was handed over for the condition 'shape'"):
        trained(clone(asked).set_params(conditions=("shape",)))
    with pytest.raises(DataError, match=r"val: condition 'colour' has shape \(10, 2, 3\) for 6"):
        val = (*world(N_TEST, 1)[:2], world(N_VAL, 1)[2])
        asked.fit(X, y, signals=signals, val=val)


ASKED = """
data: {{card: simulated_meg_scenes, task: picture, {data}}}
protocol: {{columns: {{within: all}}}}
models:
  - generate.benchetrit_generator: {{preset: tiny, random_state: 0, {arguments}}}
controls: [baseline.mean_target]
score: {{within: [subject]}}
metrics: [two_way]
shuffled: {{n_draws: {n_draws}}}
{more}
"""
NAME = "generate.benchetrit_generator"


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("NEURODECODE_DATA", "")
    return tmp_path


def ran(place, **asked):
    """Run an experiment; give its plan, its results, and the table's rows by model."""
    (place / "asked.yaml").write_text(ASKED.format(**asked))
    plan = make_plan(open_study(read_experiment(place / "asked.yaml"), None, compute=True))
    store = Store(place / "results").open()
    write_study(plan, store, "asked", {}, "inline")
    finished = execute(plan, store)
    assert not finished.errors
    write_index(plan, store, "asked", finished.errors)
    return plan, store, {row.model: row for row in score_results(store)}


def test_an_experiment_trains_two_people_at_once_and_keeps_what_paints_the_same(place, warm):
    few = (
        "low: {pca: {n_components: 3}}, network: {baseline: 0.1, training: {max_epochs: 2}}, "
        "generator: {unet: {channels: [8, 16], n_updates: 4}}, steps: 2"
    )
    plan, store, rows = ran(
        place, data="simulate: small", arguments=few, n_draws=0, more="keep: folds"
    )
    assert (rows[NAME].n_units, rows[NAME].flags) == (2, ("simulated",))
    assert {f"{NAME}, true condition", f"{NAME}, round trip"} < set(rows)
    (job,) = (one for one in plan.jobs if one.model.name == NAME)
    kept = open_model(store, job.key).stages[-1]
    assert kept.low_.network_.subjects_ == ["01", "02"]
    said = kept.predict(plan.study.inputs.take(job.fold.index("test")))
    np.testing.assert_array_equal(said, store.predictions(job.key, ()).pred)
    with pytest.raises(ConfigError, match=r"must be shown all test rows .* or leave renorm out"):
        ran(place, data="simulate: small", arguments="renorm: transductive", n_draws=0, more="")


@pytest.mark.slow
def test_pictures_are_told_from_the_brain_and_from_no_other_brain(place):
    """Full sizes of the card, two of its people, few updates, seed 0: .729, and .506 shuffled."""
    few = (
        "network: {baseline: 0.1, training: {max_epochs: 12}}, steps: 10, "
        "low: {autoencoder: {n_updates: 200}}, "
        "generator: {unet: {codec: {autoencoder: {n_updates: 200}}, n_updates: 300}}"
    )
    of_means = "aggregate: {by: [subject, stimulus], of: inputs}"
    _, _, rows = ran(place, data='subjects: ["01", "02"]', arguments=few, n_draws=1, more=of_means)
    # 200 pictures: the s.d. of one person's two-way by chance is 1 / sqrt(12 * 200) = .020.
    assert min(rows[NAME].per_unit.values()) > 0.66
    assert rows[NAME].shuffled_mean == pytest.approx(0.5, abs=0.06)
    assert rows[f"{NAME}, true condition"].mean > 0.9  # .935
