"""Pictures judged by what is seen in them: features, published sets, weights that are absent."""

from dataclasses import replace

import numpy as np
import pytest
from sklearn.linear_model import Ridge
from tests_harness import run as run_plan

from neurodecode.core.errors import ConfigError
from neurodecode.core.names import find
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.pictures import to_bytes
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.features.gabor import Gabor
from neurodecode.features.random_conv import RandomConv
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.score import collect_groups
from neurodecode.harness.scorer import Scorer
from neurodecode.harness.store import Store
from neurodecode.harness.table import score_results, table_rows
from neurodecode.harness.views import FOLDER, Views, views_of
from neurodecode.metrics.retrieval import two_way
from neurodecode.metrics.views import expanded
from neurodecode.models.baseline.mean_target import MeanTarget

SHAPE = (16, 16, 3)
DECLARED = {"conv": RandomConv(size=16, channels=(8, 16), grid=2), "edges": Gabor()}
SEEN = ("pixcorr", "ssim", "two_way@conv", "two_way_image_to_brain@conv", "top_1@conv",
        "feature_distance@conv")  # fmt: skip
MINDEYE = (
    "pixcorr@mindeye", "ssim@mindeye", "two_way@mindeye.alexnet_2", "two_way@mindeye.alexnet_5",
    "two_way@mindeye.inception", "two_way@mindeye.clip", "feature_distance@mindeye.efficientnet",
    "feature_distance@mindeye.swav",
)  # fmt: skip


def of_pictures(study, metrics=SEEN, **question):
    """Brains of who sees twelve pictures in turn, as in `test_pictures`, but larger ones."""
    rng = np.random.default_rng(0)
    seen = np.tile(np.arange(12), 6)
    corners = rng.uniform(0.1, 0.9, size=(12, 4, 4, 3))
    flat = np.kron(corners, np.ones((1, 4, 4, 1))).reshape(12, -1).astype(np.float16)
    brains = flat[seen].astype(float) @ rng.normal(size=(768, 30)) + 12 * rng.normal(size=(72, 30))
    inputs = Part(brains, Space("features", tuple(map(str, range(30)))), ("feature",), None, 0, "X")
    space = Space("features", tuple(map(str, range(768))), shape=SHAPE)
    shown = Part(flat, space, ("feature",), None, 0, "Y")
    zeros = np.zeros(72, dtype=np.int32)
    table = study.trials.rows.table.assign(stimulus=[f"p{i:02d}" for i in seen])
    signals = {
        "eeg": TrialSignal((inputs,), zeros, np.arange(72), zeros - 1),
        "picture": TrialSignal((shown,), zeros, seen, zeros - 1),
    }
    asked = {
        "target": Target("picture", signal="picture"), "n_draws": 0, "n_pairings": 199,
        "metrics": metrics, "views": views_of(metrics, DECLARED, "none"),
        "models": (NamedModel("ridge", Ridge()), NamedModel("mean", MeanTarget(), "control")),
    }  # fmt: skip
    return replace(
        study,
        trials=Trials(Rows(table), signals),
        question=replace(study.question, **{**asked, **question}),
    )


def run(asked, folder):
    run_plan(asked, folder)
    return table_rows(Store(folder))


def by(rows, model):
    return {row.metric: row for row in rows if row.model == model}


@pytest.fixture
def no_weights(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def test_features_of_answers_are_scored_like_all_that_is_told(study, tmp_path):
    rows = run(of_pictures(study), tmp_path / "r")
    ridge, mean = by(rows, "ridge"), by(rows, "mean")
    assert set(ridge) == set(SEEN)
    assert ridge["two_way@conv"].shown_as == "two_way@conv@12/image"
    assert 0.6 < ridge["two_way@conv"].mean < 1
    assert ridge["two_way@conv"].chance == 0.5
    # What says one picture to all is told apart from none: exactly, for each person.
    assert set(mean["two_way@conv"].per_unit.values()) == {0.5}
    assert ridge["feature_distance@conv"].mean < mean["feature_distance@conv"].mean
    for name in SEEN:
        assert ridge[name].ci_low <= ridge[name].mean <= ridge[name].ci_high
        # 199 draws that deal the answers to the pictures anew: next to none is as good.
        assert 1 / 200 <= ridge[name].p <= 0.05
        assert ridge[name].p_of == "pairings"


def test_what_is_scored_is_the_feature_of_stored_answers(study, tmp_path):
    run(of_pictures(study), tmp_path / "r")
    store = Store(tmp_path / "r")
    group = next(g for g in collect_groups(store) if g.is_itself and g.model == "ridge")
    extract = DECLARED["conv"].open()
    # Kept as float16, as features are.
    true, pred = (
        extract(list(to_bytes(one))).reshape(len(one), -1).astype(np.float16).astype(np.float32)
        for one in (group.true, group.pred)
    )
    found = Scorer.of(store).score(replace(two_way, view="conv", kinds=("picture",)), group)
    assert found == two_way(true, pred)


def test_features_are_computed_once_and_again_where_they_were_removed(study, tmp_path, monkeypatch):
    rows = run(of_pictures(study), tmp_path / "r")
    store = Store(tmp_path / "r")
    files = sorted((tmp_path / "r" / FOLDER).rglob("*.npz"))
    assert files
    opened = []
    monkeypatch.setattr(RandomConv, "open", lambda *_: opened.append(1) or (lambda _: 1 / 0))
    assert repr(score_results(store)) == repr(rows)  # chance may be NaN
    assert not opened
    monkeypatch.undo()
    for path in files:
        path.unlink()
    assert repr(score_results(store)) == repr(rows)  # chance may be NaN
    assert sorted((tmp_path / "r" / FOLDER).rglob("*.npz"))


def test_absent_weights_are_said_and_stop_nothing(study, tmp_path, no_weights):
    assert expanded(["mindeye"]) == MINDEYE
    # Pixels need no weights, and are scored whatever is absent.
    asked = of_pictures(study, ("pixcorr", *MINDEYE[2:]))
    notes = [one for one in make_plan(asked).notes if "will not be computed" in one]
    assert len(notes) == 6
    assert "two_way@mindeye.alexnet_2: will not be computed: weights absent" in notes[0]
    ridge = by(run(asked, tmp_path / "r"), "ridge")
    assert np.isfinite(ridge["pixcorr"].mean)
    for name in MINDEYE[2:]:
        said = f"not computed: {name}: weights absent: "
        assert ridge[name].note.startswith(said)
        assert str(no_weights) in ridge[name].note
    assert "none/alexnet.pth" in ridge[MINDEYE[2]].note
    assert "none/clip-vit-large-patch14" in ridge[MINDEYE[5]].note


def test_weights_that_come_make_a_new_table(study, tmp_path, no_weights, monkeypatch):
    run(of_pictures(study), tmp_path / "r")
    store = Store(tmp_path / "r")
    monkeypatch.setattr(Views, "states", lambda _: {"conv": "came"})
    made = []
    monkeypatch.setattr("neurodecode.harness.table.score_results", lambda _: made.append(1) or [])
    table_rows(store)
    assert made == [1]


def test_a_view_that_nobody_declared_is_refused_at_once():
    with pytest.raises(ConfigError, match=r"no feature 'con' is declared\. Did you mean 'conv'"):
        views_of(["two_way@con"], DECLARED, "judges")
    with pytest.raises(ConfigError, match=r"mindeye has no judge 'clap'\. Did you mean 'clip'"):
        find("two_way@mindeye.clap", "metrics")
