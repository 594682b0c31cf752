"""`check`: stored results against what would be computed now, and contracts of code."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

from neurodecode.cli import main
from neurodecode.core.errors import ConfigError
from neurodecode.core.names import catalogue
from neurodecode.harness.contracts import check_named
from neurodecode.harness.metric_contract import check_metric
from neurodecode.harness.planted import planted_decisions
from neurodecode.metrics._events import places
from neurodecode.metrics.metric import metric, no_formula
from neurodecode.steps.covariance import Covariance

SMALL = ("--set", "shuffled.n_draws=0", "--set", "models=[riemann.mdm]", "--engine", "inline")
# What needs arguments to be anything.
TINY = "preset: tiny, training: {max_epochs: 2}"
MAP = "grid: [1, 6], training: {max_epochs: 2}"  # trials of 6 channels
SHORT = "sizes: {kernel_length: 7, pool_length: 11, pool_stride: 3}"
FEW = (
    "low: {pca: {n_components: 3}}, generator: {unet: {channels: [8, 16], n_updates: 2, steps: 2}}"
)
# What is told the class of the tested trial, as a ceiling is.
CEILINGS = ("baseline.class_mean",)
# Two networks and a U-Net a fit, and some hundred pictures that are drawn.
SLOW = ("generate.benchetrit_generator",)
ARGUMENTS = {
    "align.atm": f"{{{TINY}, {SHORT}}}",
    "align.benchetrit": f"{{{TINY}, sizes: {{n_virtual: 6, n_features: 32, width: 8}}}}",
    "align.mlp": f"{{{TINY}}}",
    "align.nice": f"{{{TINY}, {SHORT}}}",
    "band_power": "{sfreq: 64.0, bands: [[4, 8], [8, 30]], n_bins: 2}",
    "baseline": "{tmin: 0.0, tmax: 0.25}",
    "baseline.covariates": "{columns: [onset, group]}",
    "deconfound": "{columns: [onset, group]}",
    "encode.banded_ridge": "{bands: {some: 100, others: 188}, n_draws: 4}",
    "encode.braincorl": f"{{{TINY}}}",
    "encode.factorized": f"{{{MAP}}}",
    "encode.gaussian": f"{{{MAP}}}",
    "encode.prior_ridge": "{n_iterations: 2}",
    "encode.response_optimized": "{core: [4, 4], training: {max_epochs: 2}}",
    "encode.semantic_transformer": f"{{{MAP}}}",
    "encode.transformer_encoder": f"{{preset: tiny, {MAP}}}",
    "generate.autoencoder": "{n_updates: 2}",
    "generate.benchetrit_generator": (
        f"{{preset: tiny, {FEW}, renorm: none, network: {{training: {{max_epochs: 1}}, "
        "sizes: {n_virtual: 6, n_features: 32, width: 8}}}"
    ),
    "generate.brain_diffuser": f"{{preset: tiny, {FEW}}}",
    "generate.diffusion": f"{{{FEW}}}",
    "linear.cca_ssvep": "{freqs: [10.0, 14.0], sfreq: 64.0}",
    "linear.lagged_ridge": "{sfreq: 64.0}",
    "networks.eegnet": "{max_epochs: 3}",
    "networks.shallow_convnet": "{max_epochs: 3, kernel_length: 7, pool_length: 16}",
}


@pytest.fixture(scope="module")
def after_a_run(warm, tmp_path_factory):
    """Results of a run with the cache that it filled, made once."""
    folder = tmp_path_factory.mktemp("run")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        patch.delenv("NEURODECODE_DATA", raising=False)
        assert main(["run", "quickstart_eeg", *SMALL]) == 0
    return folder


@pytest.fixture
def results(after_a_run, tmp_path, monkeypatch):
    """A copy of the same, to work in."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("NEURODECODE_DATA", raising=False)
    shutil.copytree(after_a_run, tmp_path, dirs_exist_ok=True)
    return Path("results/quickstart_eeg")


def told(capsys, *arguments):
    capsys.readouterr()
    code = main(["check", *map(str, arguments), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_what_is_stored_is_what_would_be_computed(results, capsys):
    code, found = told(capsys, results)
    assert code == 0
    assert len(found[str(results)]) == 1 + 1 + 3  # a recording, the model, three controls
    assert not any(one["problem"] for one in found[str(results)])


def test_a_prepared_signal_that_was_changed_is_found(results, capsys, tmp_path):
    folders = sorted((tmp_path / "cache" / "prepared").iterdir())
    for folder in folders:
        data = np.load(folder / "data.npy")
        data[0, 100] *= 1.001
        np.save(folder / "data.npy", data)
    code, found = told(capsys, results)
    assert code == 1
    assert "1 of" in found[str(results)][0]["problem"]
    assert "cache clear" in found[str(results)][0]["problem"]


def test_predictions_that_other_code_made_are_found(results, capsys, monkeypatch):
    inner = Covariance.transform
    # No mixing of channels: that would change no distance, and so no answer.
    louder = 1 + np.diag([3.0, *[0.0] * 63])
    monkeypatch.setattr(Covariance, "transform", lambda self, X: louder * inner(self, X))
    code, found = told(capsys, results)
    wrong = [one for one in found[str(results)] if one["problem"]]
    assert code == 1 and len(wrong) == 1 and wrong[0]["promise"].startswith("riemann.mdm")
    assert "the predictions differ" in wrong[0]["problem"]


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=pytest.mark.slow) if name in SLOW else name
        for group in ("models", "steps", "protocols", "metrics")
        for name in catalogue(group)
        if name not in CEILINGS
    ],
)
def test_ours_keep_the_contract(name):
    asked = f"{name}: {ARGUMENTS[name]}" if name in ARGUMENTS else name
    assert [one for one in check_named(asked)[1] if one.problem] == []


@pytest.mark.parametrize("name", CEILINGS)
def test_a_ceiling_is_told_by_the_contract_of_models(name):
    problems = [one.problem for one in check_named(name)[1] if one.problem]
    assert problems == ["it asks for ['label']"]


def test_a_model_that_looks_for_the_truth_fails(tmp_path, monkeypatch, capsys):
    (tmp_path / "peeking.py").write_text(
        "import numpy as np\n"
        "from sklearn.base import BaseEstimator, ClassifierMixin\n"
        "from neurodecode.core.needs import Needs\n"
        "class Asks(ClassifierMixin, BaseEstimator):\n"
        "    needs = Needs(trials=True, signals=0, columns=('label',))\n"
        "    def fit(self, X, y): self.classes_ = np.unique(y); return self\n"
        "    def predict(self, X): return (X.rows['label'] == 'b').astype(int)\n"
        "class Searches(Asks):\n"
        "    needs = Needs(trials=True, signals=0)\n"
        "class Leans(ClassifierMixin, BaseEstimator):\n"
        "    def fit(self, X, y): self.classes_ = np.unique(y); return self\n"
        "    def predict(self, X):\n"
        "        power = np.var(X.reshape(len(X), -1), axis=1)\n"
        "        return (power > np.median(power)).astype(int)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    code, found = told(capsys, "peeking:Asks", "peeking:Searches", "peeking:Leans")
    assert code == 1
    truth = "it asks for no truth, and works without"
    problems = {w: {o["promise"]: o["problem"] for o in several} for w, several in found.items()}
    assert "it asks for ['label']" in problems["peeking:Asks"][truth]
    assert "no column 'label'" in problems["peeking:Searches"][truth]
    assert problems["peeking:Leans"]["test trials do not lean on each other"]


def test_steps_and_protocols_that_lie_are_found(tmp_path, monkeypatch):
    (tmp_path / "liars.py").write_text(
        "from sklearn.base import BaseEstimator, TransformerMixin\n"
        "class Centre(TransformerMixin, BaseEstimator):\n"
        "    stateless = True\n"
        "    def fit(self, X, y=None): self.mean_ = X.mean(axis=0); return self\n"
        "    def transform(self, X): return X - self.mean_\n"
        "class Rows(TransformerMixin, BaseEstimator):\n"
        "    gives = ('feature',)\n"
        "    def fit(self, X, y=None): return self\n"
        "    def transform(self, X): return X.reshape(len(X), 2, -1)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    group, found = check_named("liars:Centre")
    assert group == "steps"
    assert [one.promise for one in found if one.problem] == [
        "what is called stateless learns nothing"
    ]
    group, found = check_named("liars:Rows")
    assert [one.promise for one in found if one.problem] == ["it gives the axes that it says"]


def promised(findings, promise):
    return next(one for one in findings if promise in one.promise)


def test_a_decoder_of_streams_may_look_back_and_not_ahead(tmp_path, monkeypatch):
    (tmp_path / "streams_ahead.py").write_text(
        "from neurodecode.models.online.accumulate import Accumulate\n"
        "class Ahead(Accumulate):\n"
        "    def predict(self, X):\n"
        "        return (X.X[:, 1] > X.X[:, 1].mean()).astype(int)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    back = "online.accumulate: {average: 3, dwell: 2, refractory: 9.0}"
    assert not [one for one in check_named(back)[1] if one.problem]
    ahead = promised(check_named("streams_ahead:Ahead")[1], "no answer leans on later trials")
    assert "once what comes after it" in ahead.problem


def test_a_step_that_inverts_and_does_not_say_so_is_found(tmp_path, monkeypatch):
    (tmp_path / "inverting.py").write_text(
        "import numpy as np\n"
        "from sklearn.base import BaseEstimator, TransformerMixin\n"
        "from neurodecode.core.needs import Needs\n"
        "class Inverts(TransformerMixin, BaseEstimator):\n"
        "    needs = Needs(axes=('channel', 'time'))\n"
        "    def fit(self, X, y=None): return self\n"
        "    def transform(self, X):\n"
        "        C = X @ X.swapaxes(1, 2)\n"
        "        return np.log(np.linalg.eigvalsh(C) - 1e-9)\n"
        "class Says(Inverts):\n"
        "    needs = Needs(axes=('channel', 'time'), full_rank=True)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    found = promised(check_named("inverting:Inverts")[1], "channels may depend")
    assert found.problem == "it gives values that are no numbers"
    found = promised(check_named("inverting:Says")[1], "channels may depend")
    assert not found.problem and "it says full_rank" in found.not_asked


def activations(true, pred, *, scores=None, rows, gallery=None):
    """How often the answer changes from row to row: not in the order of time."""
    return float(np.sum(np.diff(pred) != 0))


def share_of_idle(true, pred, *, scores=None, rows, gallery=None):
    """How often idle is decided: best for whoever always acts, where less is better."""
    return float(np.mean(pred == rows.idle))


@pytest.mark.parametrize(
    ("function", "range_", "promise"),
    [
        (activations, (0, np.inf), "the order of rows does not matter"),
        (activations, (0, 100), "scores lie within its range"),
        (share_of_idle, (0, 1), "the truth is the best answer"),
    ],
)
def test_metrics_in_time_that_lie_are_found(function, range_, promise):
    made = metric(
        direction="down", range=range_, kinds=("label",), chance=no_formula, times="tasks"
    )(function)
    assert promised(check_metric(made), promise).problem


def test_decisions_are_planted_as_tasks_are_told():
    rows, true = planted_decisions(np.random.default_rng(0))
    task, late = places(rows)
    assert np.array_equal(true, np.where((task >= 0) & ~late, rows.task_code[task], rows.idle))
    assert set(true) == {0, 1, 2, 3} and rows.n_tasks == len(np.unique(task[task >= 0]))


def test_what_is_neither_results_nor_code_is_named():
    with pytest.raises(ConfigError, match=r"Did you mean 'riemann\.mdm'"):
        check_named("riemann.mdn")


def test_results_of_other_data_are_told(results, capsys):
    text = (results / "resolved.yaml").read_text()
    (results / "resolved.yaml").write_text(text.replace("l_freq: 8", "l_freq: 9"))
    code, found = told(capsys, results)
    wrong = [one for one in found[str(results)] if one["problem"]]
    assert code == 1 and [one["promise"].split()[0] for one in wrong] == ["riemann.mdm"]
    assert "none of its jobs is stored" in wrong[0]["problem"]  # the controls see no filter


def test_a_model_that_is_told_nothing_is_checked_by_its_likelihood(capsys):
    assert main(["check", "linear.ppca"]) == 0
    said = capsys.readouterr().out
    assert said.count("  ok ") == 7 and "FAILS" not in said
    assert "each class has a score\n         not asked: it learns no classes" in said
