"""The page shows how networks were trained, and says nothing where none was."""

import re

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is an extra")

from neurodecode.models.networks._module import OfModule  # noqa: E402
from neurodecode.report.evaluate import evaluate  # noqa: E402
from neurodecode.report.training import histories, loss_figures  # noqa: E402


class Mean(torch.nn.Module):
    """Means of channels, then classes."""

    def __init__(self, n_chans: int, n_outputs: int):
        super().__init__()
        self.layer = torch.nn.Linear(n_chans, n_outputs)

    def forward(self, X):
        return self.layer(X.mean(2))


def trials():
    rng = np.random.default_rng(0)
    y = np.tile(["left", "right"], 20)
    X = rng.normal(size=(40, 3, 10))
    X[y == "left", 0] += 1
    return X, y


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    short = OfModule(Mean, training={"max_epochs": 30, "patience": 5, "lr": 0.1})
    networks = [short, {"networks.eegnet": {"max_epochs": 2, "patience": 1}}]
    with pytest.warns(UserWarning, match="channels × time of 32 samples or more"):
        return evaluate(
            *trials(), models=[*networks, "linear.lda"], n_draws=1,
            out=tmp_path_factory.mktemp("r"), device="cpu", verbose=False,
        )  # fmt: skip


def test_a_network_that_cannot_be_made_fails_alone(results):
    rows = {row.model: row for row in results.rows()}
    assert rows["OfModule"].mean > 0.8
    assert rows["OfModule"].shuffled_mean is not None
    assert "failed" in rows["networks.eegnet"].note  # ten samples


@pytest.mark.slow
def test_a_module_class_is_a_model_of_evaluate(tmp_path):
    """Trained by the recipe that stands where none is said, which is long."""
    (row,) = evaluate(
        *trials(), models=[Mean], n_draws=1, protocol={"within_session": {"n_splits": 2}},
        controls=[], out=tmp_path, device="cpu", verbose=False,
    ).rows()  # fmt: skip
    assert row.model == "Mean" and row.mean > 0.8 and row.shuffled_mean is not None


def test_a_line_is_drawn_for_each_fold_of_each_network(results):
    found = histories(results)
    n_folds = len(results.index["folds"])
    assert {model: len(several) for model, several in found.items()} == {"OfModule": n_folds}
    ((model, figure, told),) = loss_figures(results)
    lines = figure.axes[0].get_lines()
    assert model == "OfModule" and len(lines) == 2 * n_folds
    np.testing.assert_array_equal(lines[1].get_ydata(), found["OfModule"][0]["val_loss"])
    passes = {len(history) for history in found["OfModule"]}
    said = " to ".join(f"{n}" for n in sorted({min(passes), max(passes)}))
    assert f"{n_folds} fits of {said} passes." in told
    rate = np.median(np.concatenate([h["trials_per_second"] for h in found["OfModule"]]))
    assert f"{rate:.3g} trials a second" in told


def test_the_page_has_a_section_of_trainings(results, tmp_path):
    text = results.report(tmp_path).read_text()
    assert len(re.findall("<h2>Training</h2>", text)) == 1
    assert "OfModule: Loss over passes" in text
