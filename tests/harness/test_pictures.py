"""Pictures as what is told: truth, answers, scores, controls and ceilings in results."""

from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, RegressorMixin
from sklearn.linear_model import Ridge
from tests_harness import run

import neurodecode as nd
from neurodecode.core.errors import ConfigError, DataError, DataMissing, LeakError
from neurodecode.core.needs import Needs
from neurodecode.core.parts import Part, TrialSignal
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.target import Target
from neurodecode.core.trials import Trials
from neurodecode.data.manifest import file_sha256
from neurodecode.harness.apply import _table
from neurodecode.harness.contracts import check_model
from neurodecode.harness.keep import open_model
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.plan import make_plan
from neurodecode.harness.question import Tune
from neurodecode.harness.store import Store
from neurodecode.models.baseline.class_mean import ClassMean
from neurodecode.models.baseline.mean_target import MeanTarget
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.report.arrays import as_trials
from neurodecode.report.results import Results
from neurodecode.steps.pca import Pca

SHAPE = (4, 3, 3)


def of_pictures(study, n_pictures=12, noise=0.1, **question):
    """Brains of who sees small colour pictures in turn: 12 trials a run, 3 subjects, 2 runs."""
    rng = np.random.default_rng(0)
    seen = np.tile(np.arange(12) % n_pictures, 6)
    pictures = rng.uniform(0.1, 0.9, size=(n_pictures, *SHAPE)).astype(np.float16)
    brains = pictures[seen].reshape(72, -1).astype(float) @ rng.normal(size=(36, 20))
    brains += noise * rng.normal(size=brains.shape)
    inputs = Part(
        brains, Space("features", tuple(map(str, range(20)))), ("feature",), None, 0.0, "X"
    )
    flat = pictures.reshape(n_pictures, -1)
    space = Space("features", tuple(map(str, range(36))), shape=SHAPE)
    shown = Part(flat, space, ("feature",), None, 0.0, "Y")
    zeros = np.zeros(72, dtype=np.int32)
    table = study.trials.rows.table.assign(
        stimulus=[f"p{i:02d}" for i in seen], category=[f"c{i // 6}" for i in seen]
    )
    signals = {
        "eeg": TrialSignal((inputs,), zeros, np.arange(72), zeros - 1),
        "picture": TrialSignal((shown,), zeros, seen, zeros - 1),
    }
    asked = {
        "target": Target("picture", signal="picture"), "n_draws": 0, "n_pairings": 999,
        "metrics": ("pixcorr", "two_way", "top_1"),
        "models": (NamedModel("ridge", Ridge()), NamedModel("mean", MeanTarget(), "control"),
                   NamedModel.of("class", ClassMean("category"), "control")),
    }  # fmt: skip
    question = replace(study.question, **{**asked, **question})
    return replace(study, trials=Trials(Rows(table), signals), question=question)


def as_vectors(asked):
    return replace(
        asked, question=replace(asked.question, target=Target("vector", signal="picture"))
    )


class Painter(RegressorMixin, BaseEstimator):
    """Tells pictures as pictures: the mean of those it was told, lighter by `more`."""

    needs = Needs(targets=("picture",))

    def __init__(self, more=0.0, axes=4):
        self.more = more
        self.axes = axes

    def fit(self, X, y):
        assert y.ndim == 4
        assert y.dtype == np.float32
        self.mean_ = y.mean(axis=0) + self.more
        return self

    def predict(self, X):
        said = np.repeat(self.mean_[None], len(X), axis=0)
        return said if self.axes == 4 else said[..., 0]


def means(rows):
    return {(row.model, row.metric): row.mean for row in rows}


def test_a_column_of_the_card_that_is_called_y_is_not_the_truth(study, tmp_path):
    asked = of_pictures(study)
    rows = Rows(asked.trials.rows.table.assign(y=np.arange(72.0)))
    elsewhere = replace(asked, trials=Trials(rows, asked.trials.signals))
    *_, expected = run(asked, tmp_path / "without")
    *_, found = run(elsewhere, tmp_path / "with")
    assert means(found) == means(expected)
    assert means(found)["ridge", "pixcorr"] > 0.9


def test_what_learns_vectors_is_told_pictures_as_rows_of_numbers(study, tmp_path):
    asked = of_pictures(study)
    *_, rows = run(asked, tmp_path / "pictures")
    *_, same = run(as_vectors(asked), tmp_path / "vectors")
    found, expected = means(rows), means(same)
    # Answers of linear models stay between black and white here but for a few pixels.
    for metric in asked.question.metrics:
        assert found["ridge", metric] == pytest.approx(expected["ridge", metric], abs=0.01)
        assert found["mean", metric] == pytest.approx(expected["mean", metric], abs=1e-6)
    assert found["ridge", "pixcorr"] > 0.9 > found["class", "pixcorr"] > found["mean", "pixcorr"]
    assert {row.model: row.role for row in rows}["class"] == "ceiling"


def test_answers_are_stored_as_pictures_and_cut_to_black_and_white(study, tmp_path):
    class Far(Ridge):
        def predict(self, X):
            return 3 * super().predict(X)

    far = NamedModel("far", Far())
    run(of_pictures(study, models=(far,)), tmp_path / "r")
    store = Store(tmp_path / "r")
    said = store.predictions(store.index()["jobs"][0]["key"], ())
    assert said.kind == "picture"
    assert said.pred.shape[1:] == SHAPE
    assert said.pred.dtype == np.float32
    assert said.pred.min() >= 0
    assert said.pred.max() == 1.0
    told = Results(tmp_path / "r").predictions("far")
    assert told["pred"].iloc[0].shape == SHAPE


def test_the_truth_is_stored_once_for_each_picture(study, tmp_path):
    asked = of_pictures(study)
    run(asked, tmp_path / "r")
    store = Store(tmp_path / "r")
    assert np.load(tmp_path / "r" / "truth" / "vectors.npy").shape == (12, *SHAPE)
    np.testing.assert_array_equal(store.truth(store.rows()), asked.y)


def test_a_model_of_pictures_is_told_them_and_answers_with_them(study, tmp_path):
    painter = NamedModel("painter", Painter())
    mean = NamedModel("mean", MeanTarget(), "control")
    *_, rows = run(of_pictures(study, models=(painter, mean)), tmp_path / "r")
    found = means(rows)
    assert found["painter", "pixcorr"] == pytest.approx(found["mean", "pixcorr"], abs=1e-6)
    assert found["painter", "two_way"] == pytest.approx(0.5)


@pytest.mark.parametrize(
    ("painter", "said"),
    [
        (Painter(more=1.0), "predictions of Painter: pictures go from .* Scale them"),
        (Painter(axes=3), r"Painter gives predictions of shape \(.*\); one picture of 4 × 3 × 3"),
        (Painter(more=np.nan), "hold NaN"),
    ],
)
def test_answers_that_are_no_pictures_are_errors_that_name_the_model(
    painter, said, study, tmp_path
):
    asked = of_pictures(study, models=(NamedModel("painter", painter),))
    _, finished, _ = run(asked, tmp_path / "r")
    assert finished.n_failed > 0
    with pytest.raises(DataError, match=said):
        raise DataError(next(iter(finished.errors.values())))


def test_a_model_of_labels_is_refused_before_anything_is_fitted(study):
    labels = NamedModel("labels", Painter())
    labels.estimator.needs = Needs()
    ridge = NamedModel("ridge", Ridge())
    (refused,) = make_plan(of_pictures(study, models=(labels, ridge))).refused
    assert refused.reason == "it learns label, and the target is a picture."


def test_a_model_may_not_see_the_class_that_the_ceiling_is_told(study):
    asked = of_pictures(study)
    named = NamedModel("class", ClassMean("category"), "model")
    renamed = asked.trials.rows.table.rename(columns={"category": "concept"})
    told = replace(asked, trials=Trials(Rows(renamed), asked.trials.signals))
    concept = NamedModel("class", ClassMean("concept"), "model")
    ridge = NamedModel("ridge", Ridge())
    (refused,) = make_plan(
        replace(told, question=replace(told.question, models=(concept, ridge)))
    ).refused
    assert "names what it is to tell" in refused.reason
    assert not make_plan(of_pictures(study, models=(named, ridge))).refused


def test_pixels_are_reduced_and_brought_back(study, tmp_path):
    whole = Pca(n_components=11)
    asked = of_pictures(study, models=(NamedModel("ridge", Ridge()),))
    *_, plain = run(asked, tmp_path / "plain")
    reduced = replace(asked, question=replace(asked.question, reduce=whole))
    *_, rows = run(reduced, tmp_path / "reduced")
    # Twelve pictures lie in a space of eleven directions, in which ridge is the same.
    assert means(rows)["ridge", "pixcorr"] == pytest.approx(
        means(plain)["ridge", "pixcorr"], abs=1e-3
    )


def test_arguments_are_chosen_by_pictures(study, tmp_path):
    grid = Tune({"ridge": {"alpha": (1e6, 1.0)}}, n_splits=2, metric="pixcorr")
    ridge = (NamedModel("ridge", Ridge()),)
    run(of_pictures(study, models=ridge, tune=grid, protocol=CrossSubject()), tmp_path / "r")
    store = Store(tmp_path / "r")
    chosen = {store.tuned(job["key"])["chosen"]["alpha"] for job in store.index()["jobs"]}
    assert chosen == {1.0}


def test_what_leans_on_other_test_pictures_is_found(study, tmp_path):
    class Leans(Painter):
        def predict(self, X):
            return super().predict(X) + 0.05 * (len(X) % 7)

    asked = of_pictures(study, models=(NamedModel("leans", Leans()),))
    _, finished, _ = run(asked, tmp_path / "r")
    with pytest.raises(LeakError, match="another answer among the other test trials"):
        raise LeakError(next(iter(finished.errors.values())))


def test_what_holds_no_pictures_is_told(study):
    asked = of_pictures(study)
    with pytest.raises(DataError, match=r"target: eeg: an entry of shape \(20,\) is no picture"):
        make_plan(
            replace(asked, question=replace(asked.question, target=Target("picture", signal="eeg")))
        )
    with pytest.raises(ConfigError, match="a picture needs the signal"):
        Target("picture")


class Links(Painter):
    """Tells the mean; is told tokens in training, and says what its links could reach."""

    needs = Needs(targets=("picture",), training_signals=("tokens",), training_columns=("subject",))
    heard: ClassVar[list] = []

    def fit(self, X, y, rows, signals):
        assert list(rows) == ["subject"]  # of training rows; test rows have none beside them
        type(self).heard.append(("fit", np.asarray(X), y, np.asarray(signals["tokens"])))
        return super().fit(X, y)

    def ceilings(self, y, signals):
        tokens = np.asarray(signals["tokens"])
        type(self).heard.append(("ceilings", None, y, tokens))
        return {"true condition": y / 2 + tokens.mean() * 0, "round trip": y}


@pytest.fixture
def links():
    Links.heard.clear()
    return NamedModel("links", Links())


def with_tokens(asked):
    """Beside each picture tokens of 2 × 2 numbers, the first of which is its first pixel."""
    picture = asked.trials.signals["picture"]
    tokens = np.array(picture.parts[0].source[:, :4])
    space = Space("features", tuple("abcd"), shape=(2, 2))
    part = Part(tokens, space, ("feature",), None, 0.0, "tokens")
    signal = replace(picture, parts=(part,))
    return replace(
        asked, trials=Trials(asked.trials.rows, {**asked.trials.signals, "tokens": signal})
    )


def test_training_signals_go_with_the_truth_in_every_null_and_are_no_input(study, links, tmp_path):
    ridge = NamedModel("ridge", Ridge())
    asked = with_tokens(of_pictures(study, models=(links, ridge), n_draws=1, n_permutations=1))
    plan, finished, rows = run(asked, tmp_path / "r")
    assert finished.errors == {}
    told = [one for one in Links.heard if one[0] == "fit"]
    assert len(told) == len({job.key for job in plan.jobs if job.model.name == "links"})
    for _, X, y, tokens in told:
        assert X.shape[1:] == (20,)  # the brain alone
        assert tokens.shape == (len(y), 2, 2)
        np.testing.assert_array_equal(tokens.reshape(len(y), -1), y.reshape(len(y), -1)[:, :4])
    assert not np.array_equal(told[0][2], told[1][2])  # the null is told others
    assert {row.model for row in rows if not row.note} >= {"links", "ridge"}


def test_ceilings_are_rows_beside_their_model(study, links, tmp_path):
    asked = with_tokens(of_pictures(study, models=(links, NamedModel("ridge", Ridge())), n_draws=1))
    plan, _, rows = run(asked, tmp_path / "r")
    heard = [one for one in Links.heard if one[0] == "ceilings"]
    own = [job for job in plan.jobs if job.model.name == "links" and job.draw is None]
    assert len(heard) == len(own)  # none of the null
    assert all(len(y) == len(np.unique(y, axis=0)) for _, _, y, _ in heard)  # each picture once
    told = {row.model: row.role for row in rows}
    names = ("links, true condition", "links, round trip")
    assert [told[name] for name in names] == ["ceiling", "ceiling"]
    found = means(rows)
    assert [found[name, "pixcorr"] for name in names] == pytest.approx([1.0, 1.0], abs=1e-6)
    results = Results(tmp_path / "r")
    stored = results.predictions("links, true condition")
    np.testing.assert_allclose(
        np.stack(list(stored["pred"])), asked.y[_at(asked, stored["uid"])] / 2, atol=1e-6
    )
    assert set(results.predictions()["model"]) == {"links", "ridge", *names}
    text = results.text()
    assert all(name in text for name in names)


def _at(asked, uids):
    return [list(asked.trials.rows["uid"]).index(uid) for uid in uids]


def test_the_page_shows_pictures_nulls_and_ceilings(study, links, tmp_path):
    asked = with_tokens(of_pictures(study, models=(links,), n_draws=1))
    run(asked, tmp_path / "r")
    page = Results(tmp_path / "r").report().read_text()
    assert "links, true condition" in page


def test_a_ceiling_that_is_no_picture_fails_its_job(study, tmp_path):
    class Odd(Links):
        def ceilings(self, y, signals):
            return {"round trip": y[:, :2]}

    asked = with_tokens(of_pictures(study, models=(NamedModel("odd", Odd()),)))
    _, finished, _ = run(asked, tmp_path / "r")
    said = next(iter(finished.errors.values()))
    assert "ceilings of Odd: round trip: shape (12, 2, 3, 3)" in said


def test_a_signal_that_is_none_is_refused(study, links):
    asked = of_pictures(study, models=(links, NamedModel("ridge", Ridge())))
    (refused,) = make_plan(asked).refused
    assert "told the signal 'tokens' of the training rows, and there is none" in refused.reason


def test_training_signals_are_in_the_key_of_who_asks(study, links):
    asked = with_tokens(of_pictures(study, models=(links, NamedModel("ridge", Ridge()))))
    signal = asked.trials.signals["tokens"]
    part = replace(signal.parts[0], source=signal.parts[0].source + np.float32(1))
    signals = {**asked.trials.signals, "tokens": replace(signal, parts=(part,))}
    other = replace(asked, trials=Trials(asked.trials.rows, signals))
    keys = [{job.label: job.key for job in make_plan(one).jobs} for one in (asked, other)]
    same = {label for label, key in keys[0].items() if keys[1][label] == key}
    assert same == {label for label in keys[0] if label.startswith("ridge")}


def test_a_ceiling_is_no_model():
    with pytest.raises(ConfigError, match="Name it under controls"):
        NamedModel.of("baseline.class_mean", ClassMean(), "model")


def test_arrays_of_pictures_are_evaluated(tmp_path):
    rng = np.random.default_rng(0)
    pictures = rng.integers(0, 256, size=(24, 3, 4), dtype=np.uint8)
    brains = pictures.reshape(24, -1) @ rng.normal(size=(12, 20))
    asked = {"models": [Ridge(0.1)], "n_draws": 0, "verbose": False}
    results = nd.evaluate(brains, pictures, out=tmp_path / "bytes", **asked)
    found = means(results.rows())
    assert found["Ridge", "pixcorr"] > 0.9 > found["baseline.mean_target", "pixcorr"]
    assert results.store.truth(results.trials()).shape == (24, 3, 4, 1)
    same = nd.evaluate(brains, pictures / 255, out=tmp_path / "floats", **asked)
    # Bytes become the same numbers in single precision.
    assert means(same.rows()) == pytest.approx(found, abs=1e-6)
    assert results.trials()["stimulus"].nunique() == 24
    with pytest.raises(DataError, match="target: subject 1: pictures go from 0 to 2"):
        nd.evaluate(brains, pictures / 100, **asked)


def test_equal_pictures_of_arrays_are_one_stimulus(tmp_path):
    rng = np.random.default_rng(0)
    pictures = np.repeat(rng.uniform(size=(10, 4, 4)), 2, axis=0)
    brains = {who: pictures.reshape(20, -1) @ rng.normal(size=(16, 20)) for who in "ab"}
    found = nd.evaluate(
        brains, dict.fromkeys(brains, pictures), [{"generate.pca": {"n_components": 5}}],
        controls=(), metrics="pixcorr", n_draws=0, verbose=False, out=tmp_path,
    )  # fmt: skip
    (row,) = [one for one in found.rows() if one.role == "model"]
    assert row.note == "" and "shared_stimulus" in row.flags  # whom it learnt from saw them too
    assert found.trials().groupby("stimulus").size().tolist() == [4] * 10
    named = pd.DataFrame({"stimulus": np.arange(40).astype(str)})
    trials, _ = as_trials(brains, dict.fromkeys(brains, pictures), named)
    assert len(np.unique(trials.rows["stimulus"])) == 40


class Weighted(Painter):
    """A painter whose weights lie in a folder, which may be gone."""

    def __init__(self, more=0.0, axes=4, folder=""):
        super().__init__(more, axes)
        self.folder = folder

    def hashes(self, cache):
        if not Path(self.folder, "a").is_file():
            raise DataMissing(f"weights {self.folder!r} are not on this machine")
        return {"unet/a": file_sha256(Path(self.folder, "a"), cache)}


def test_weights_are_looked_for_at_plan_and_stand_in_the_key(study, tmp_path):
    models = (NamedModel("painter", Painter()), NamedModel("own", Weighted(folder=str(tmp_path))))
    asked = of_pictures(study, models=models)
    (refused,) = make_plan(asked).refused
    assert refused.model == "own" and "are not on this machine" in refused.reason
    keys = []
    for content in ("one", "two"):
        (tmp_path / "a").write_text(content)
        plan = make_plan(asked)
        assert not plan.refused
        keys.append({job.model.name: job for job in plan.jobs})
    assert keys[0]["painter"].key == keys[1]["painter"].key
    assert keys[0]["own"].key != keys[1]["own"].key
    assert keys[1]["own"].parts["weights"] == {
        "unet/a": "3fc4ccfe745870e2c0d99f71f30ff0656c8dedd41cc1d7d3d376b0dbe685e2f3"  # of "two"
    }


def test_a_model_that_is_kept_tells_pictures(study, tmp_path):
    ridge = (NamedModel("ridge", Ridge()),)
    for name, more in (("whole", {}), ("reduced", {"reduce": Pca(n_components=3)})):
        asked = of_pictures(study, models=ridge, keep="final", **more)
        run(asked, tmp_path / name)
        store = Store(tmp_path / name)
        index = store.index()
        kept = open_model(store, index["finals"]["ridge"])
        assert kept.shape == SHAPE
        said = np.array(list(_table(kept, asked.inputs, index)["pred"]))
        assert said.shape == (72, *SHAPE)
        assert 0 <= said.min() < said.max() <= 1


@pytest.mark.parametrize("model", [Painter(), Links()], ids=["plain", "told signals"])
def test_the_contract_of_a_model_of_pictures(model):
    found = check_model(model)
    assert [one for one in found if one.problem] == []
    assert (
        "its ceilings are pictures, and change nothing"
        in {one.promise for one in found if not one.not_asked}
    ) == hasattr(model, "ceilings")
