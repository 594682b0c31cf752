"""Pictures that were told, beside what was shown: which are chosen, drawn, and drawn never."""

from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import Ridge

import neurodecode as nd
from neurodecode.cli import main
from neurodecode.core.errors import ConfigError
from neurodecode.core.needs import Needs
from neurodecode.core.trials import stack
from neurodecode.report.reconstructed import MEAN, SHUFFLED, Line, reconstructed
from neurodecode.report.reconstruction_grid import CELL, DPI, reconstruction_figure
from neurodecode.report.results import Results

SIDE = 12  # that of the smallest pictures but one that SSIM takes


class Painter(Ridge):
    """Ridge that tells pictures, and knows what its codec can hold."""

    needs = Needs(targets=("picture",))

    def __init__(self, alpha=1.0, post_mix=0.0):
        super().__init__(alpha=alpha)
        self.post_mix = post_mix

    def fit(self, X, y):
        self.shape_ = y.shape[1:]
        return super().fit(X, y.reshape(len(y), -1))

    def predict(self, X):
        told = super().predict(X).clip(0, 1).astype(np.float32)
        return told.reshape(len(told), *self.shape_)

    def ceilings(self, y, signals):
        return {"round trip": 0.9 * y}


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Two people see 12 pictures twice; who is tested is not who is trained on."""
    folder = tmp_path_factory.mktemp("reconstructed")
    rng = np.random.default_rng(0)
    pictures = rng.uniform(0.1, 0.9, size=(12, SIDE, SIDE, 1))
    mixing = rng.normal(size=(SIDE * SIDE, 20))
    seen = np.tile(np.arange(12), 2)
    brains = {
        who: pictures[seen].reshape(24, -1) @ mixing + 2 * rng.normal(size=(24, 20))
        for who in ("1", "2")
    }
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        results = nd.evaluate(
            brains,
            dict.fromkeys(brains, pictures[seen]),
            [Painter(post_mix=0.25), {"linear.ridge": {"alphas": [1e6]}}],
            controls=["baseline.mean_target"],
            metrics=["pixcorr", "ssim", "two_way"],
            rows={"stimulus": [f"p{i:02d}" for i in np.tile(seen, 2)]},
            n_draws=1,
            out=folder / "results",
            verbose=False,
        )
    return SimpleNamespace(results=results, folder=folder)


def correlations(one, other):
    return np.array(
        [np.corrcoef(a.ravel(), b.ravel())[0, 1] for a, b in zip(one, other, strict=True)]
    )


def test_the_best_the_median_and_the_worst_are_those_of_the_metric_written_out(made):
    found = made.results.pictures()
    assert found.model == "Painter"
    told = made.results.predictions("Painter")
    truth = made.results.store.truth(made.results.trials())
    at = made.results.trials().reset_index().set_index("uid")["index"]
    value = correlations(np.stack([*told["pred"]]), truth[at[told["uid"]]])
    order = np.argsort(-value)
    assert found.n_tested == len(value) == 48
    assert list(found.trials["kind"]) == ["best"] * 3 + ["median"] * 3 + ["worst"] * 3
    ids = list(found.trials["uid"])
    assert ids[0] == told["uid"].iloc[order[0]]
    assert ids[-1] == told["uid"].iloc[order[-1]]
    ranks = [list(told["uid"].iloc[order]).index(one) for one in ids]
    assert ranks == sorted(ranks)
    assert all(12 < rank < 36 for rank in ranks[3:6])
    assert found.trials["stimulus"].nunique() == 9  # each picture once
    np.testing.assert_allclose(found.lines[0].scores["pixcorr"], value[order[ranks]], atol=1e-5)


def test_arrays_are_what_was_stored_of_the_same_rows(made):
    results, found = made.results, made.results.pictures("first", 5)
    trials = results.trials()
    assert list(found.trials["uid"]) == list(trials["uid"][:5])
    np.testing.assert_array_equal(found.shown, results.store.truth(trials)[:5])
    assert list(found.told) == ["Painter", "linear.ridge", MEAN, SHUFFLED, "Painter, round trip"]
    for name in ("Painter", "linear.ridge", "Painter, round trip"):
        stored = results.predictions(name).set_index("uid")["pred"][list(found.trials["uid"])]
        np.testing.assert_array_equal(found.told[name], np.stack([*stored]))
    mean = results.predictions("baseline.mean_target").set_index("uid")["pred"]
    np.testing.assert_allclose(found.told[MEAN][0], mean[found.trials["uid"].iloc[0]], atol=1e-6)
    (job,) = [
        one for one in results.index["jobs"]
        if (one["model"], one["draw"]) == ("Painter", 0)
        and found.trials["uid"].iloc[0] in results.store.predictions(one["key"], ()).uid
    ]  # fmt: skip
    null = results.store.predictions(job["key"], ())
    np.testing.assert_array_equal(found.told[SHUFFLED], null.pred[:5])


def test_another_model_is_ranked_and_stands_first(made):
    found = made.results.pictures(n=3, model="linear.ridge")
    assert list(found.told)[:2] == ["linear.ridge", "Painter"]
    scores = found.table()["linear.ridge", "pixcorr"].to_numpy()
    assert scores[0] > scores[1] > scores[2]
    assert list(found.table().index.get_level_values("kind")) == ["best", "median", "worst"]


def test_a_figure_has_a_column_a_picture_and_marks_what_is_missing(made):
    found = made.results.pictures("first", 2)
    gone = np.full_like(found.shown, 0.5)
    gone[1] = np.nan
    line = Line("gone $x$", "model", gone, {name: np.full(2, np.nan) for name in found.metrics})
    found.lines[1].pictures[:] = 1.0
    figure, told = reconstruction_figure(
        type(found)(**{**vars(found), "lines": (found.lines[1], line)})
    )
    canvas = figure.axes[0].images[0].get_array()
    assert figure.get_figwidth() == canvas.shape[1] / DPI  # a pixel of it is a pixel
    assert canvas.shape[1] > 2 * CELL and 3 * CELL < canvas.shape[0] < 5 * CELL
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert "–   –" in texts and r"gone \$x\$" in texts
    assert (canvas == 238).all(axis=2).sum() == CELL * CELL
    assert told.startswith("The first 2 tested pictures") and "pixcorr and ssim" in told


def test_the_page_draws_both_grids_and_says_how_to_read_them(made, tmp_path, read_page):
    page = read_page(made.results.report(tmp_path / "page.html"))
    (ranked,), (first,) = page.alts("By pixcorr of Painter"), page.alts("The first 12 tested")
    assert "pixcorr of Painter and of the mean training picture: best p" in ranked
    assert "p00 0." in first
    for said in ("Chance is not 0", "It prefers smooth grey", "(share: 0.25)", "one draw."):
        assert said in page.text
    assert "It may lie below .5" not in page.text  # pictures that are tested were trained on
    assert "Ceilings, told what no model may know: Painter, round trip 1.000." in page.text
    assert len(page.html) < 2_000_000


EXPERIMENT = """\
title: Never shown
data: {card: CARD, task: picture}
target: {picture: picture}
models: [linear.ridge]
controls: []
metrics: [pixcorr, two_way]
shuffled: {n_draws: 0}
"""
CARD = """\
name: secret
title: Pictures that may not be shown
modality: fmri
licence: {name: CC0, class: open}
citation: none
files: {manifest: SHA256SUMS}
reader:
  arrays:
    path: data.npz
    data: brain
    axes: [trial, voxel]
    columns: {stimulus: {template: "s{number:02d}"}, label: {key: label, codes: {"0": a, "1": b}}}
    tracks: {picture: {key: picture, shape: [12, 12]}}
show_stimuli: SHOW
tasks:
  picture: {target: {vector: picture}, protocol: {within_session: {n_splits: 2}}}
"""


def write_secret(folder, show):
    """Write a card and its data; give the card's path."""
    rng = np.random.default_rng(0)
    pictures = rng.uniform(size=(10, SIDE * SIDE))
    brain = pictures @ rng.normal(size=(SIDE * SIDE, 6))
    root = folder / "secret"
    root.mkdir()
    np.savez(root / "data.npz", brain=brain, label=np.arange(10) % 2, picture=pictures)
    (root / "SHA256SUMS").write_text("")
    (folder / "secret.yaml").write_text(CARD.replace("SHOW", show))
    return folder / "secret.yaml"


@pytest.mark.parametrize("show", ["never", "always"])
def test_a_card_says_whether_any_picture_is_drawn(show, tmp_path, read_page, monkeypatch):
    card = write_secret(tmp_path, show)
    asked = tmp_path / "asked.yaml"
    asked.write_text(EXPERIMENT.replace("CARD", str(card)))
    told = ["run", str(asked), "--data", str(tmp_path), "--out", str(tmp_path)]
    assert main([*told, "--engine", "inline"]) == 0
    results = Results(tmp_path / "asked")
    page = read_page(results.folder / "report.html")
    drawn = page.alts("By pixcorr") + page.alts("The first 10")
    found = results.pictures()
    assert "It may lie below .5" in page.text
    assert "It prefers smooth grey" not in page.text
    if show == "always":
        assert len(drawn) == 2
        assert found.plot().axes
        return
    assert drawn == []
    assert "No picture is drawn" in page.text
    tables = [one for one in page.tables if one[0][0] == "pixcorr and two way"]
    assert [len(one) for one in tables] == [1 + 9, 1 + 10]
    best = tables[0][1]
    assert best[0] == f"{found.names[0]} best"
    assert best[1] == "  ".join(f"{value:.2f}" for value in found.table().iloc[0, :2])
    with pytest.raises(ConfigError, match="show_stimuli: never"):
        found.plot()


@pytest.mark.parametrize("show", ["never", "always"])
def test_trials_of_a_card_are_drawn_no_further_than_it_says(show, tmp_path, read_page):
    trials = nd.load(str(write_secret(tmp_path, show)), data=tmp_path)
    taken = stack([trials.select(label="a"), trials.take(trials.rows.where(label="b"))])
    results = nd.evaluate(
        taken, "picture", ["generate.nearest"], protocol={"within_session": {"n_splits": 2}},
        metrics=["pixcorr"], controls=(), n_draws=0, out=tmp_path / "out", verbose=False,
    )  # fmt: skip
    assert results.pictures().may_be_shown == (show == "always")
    page = read_page(results.report(tmp_path / "page.html"))
    assert bool(page.alts("By pixcorr")) == (show == "always")
    assert ("No picture is drawn" in page.text) == (show == "never")
    assert not (results.folder / "shown.npz").exists()


def test_what_cannot_be_given_is_said(made, results):
    with pytest.raises(ConfigError, match=r"expected ranked or first, .* got 'random'"):
        made.results.pictures("random")
    with pytest.raises(ConfigError, match="got 'first', 0"):
        made.results.pictures("first", 0)
    with pytest.raises(ConfigError, match=r"no model 'net' .* there are: Painter, linear.ridge"):
        made.results.pictures(model="net")
    with pytest.raises(ConfigError, match="has none with a score"):
        results.pictures()  # of classes
    assert reconstructed(results) == []
