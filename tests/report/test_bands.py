"""What each band of features adds to R², from the stored answers to the page."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from neurodecode.cli import main
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.predictions import Predictions
from neurodecode.data.cards import load_card
from neurodecode.data.simulated import simulated_card
from neurodecode.harness.band_answers import answers_by_band
from neurodecode.report.results import Results
from neurodecode.report.targets import target_figures

BANDED = {"cv": "runs", "n_draws": 8, "drop_one": True}  # bands as the film's features name them
ASKED = {
    "data": {
        "card": "simulated_encoding_fmri", "task": "film", "simulate": "small",
        "runs": ["1", "2", "5"],
    },
    "direction": "encode",
    "features": "features",
    "protocol": {"cross_run": {}},
    "models": [{"encode.banded_ridge": BANDED}],
    "metrics": ["r2"],
    "shuffled": {"n_draws": 0},
}  # fmt: skip
MODEL, PARTS = "encode.banded_ridge", ["r2_low", "r2_high", "r2_offset"]


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("bands")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        # The same answers, of which folds are scored one by one, and pooled.
        plain = [{MODEL: {**BANDED, "drop_one": False}}]
        pooled = {**ASKED, "models": plain, "score": {"within": ["subject"]}}
        for name, asked in (("by_fold", ASKED), ("pooled", pooled)):
            Path(f"{name}.yaml").write_text(yaml.safe_dump(asked, sort_keys=False))
            assert main(["run", f"{name}.yaml", "--engine", "inline"]) == 0
    return folder / "results"


@pytest.mark.parametrize("name", ["by_fold", "pooled"])
def test_parts_and_the_offset_sum_to_the_score(ran, name):
    results = Results(ran / name)
    targets = results.targets("r2", MODEL)
    gap = targets[PARTS].sum(axis=1) - targets["score"]
    assert gap.abs().max() < 1e-10
    parts: Any = results.parts(MODEL).set_index("part")
    assert list(parts.index) == ["low", "high", "offset", "r2"]
    row = results.rows()[0]
    assert parts["mean"]["r2"] == pytest.approx(row.mean, abs=1e-10)
    assert parts["ci_low"]["r2"] == pytest.approx(row.ci_low, abs=1e-10)
    assert dict(parts.loc["r2", ["01", "02"]]) == pytest.approx(row.per_unit, abs=1e-10)


def test_a_band_that_a_voxel_does_not_follow_adds_nothing(ran):
    made: Any = simulated_card(load_card("simulated_encoding_fmri"), "small").variant("").options
    targets = Results(ran / "by_fold").targets("r2", MODEL)
    for subject, mine in targets.groupby("subject"):
        weights, _ = made._voxels(subject, len(mine))
        for name, at in (("low", slice(0, 4)), ("high", slice(4, 10))):
            follows = weights[at].any(axis=0)
            added = mine[f"r2_{name}"].to_numpy()
            assert added[follows].mean() > 0.1
            assert abs(added[~follows].mean()) < 0.04


def test_what_is_lost_without_a_band_is_told_of_tested_rows(ran):
    results = Results(ran / "by_fold")
    parts: Any = results.parts(MODEL, "unique").set_index("part")
    assert list(parts.index) == ["low", "high", "shared", "r2"]
    assert parts["mean"]["r2"] == pytest.approx(results.rows()[0].mean, abs=1e-10)
    targets = results.targets("r2", MODEL)
    unique = targets[["r2_unique_low", "r2_unique_high"]].to_numpy()
    # Bands of the film are independent series, so hardly anything is shared: what one is lost for
    # is what it adds.
    added = targets[["r2_low", "r2_high"]].to_numpy()
    assert np.corrcoef(unique.ravel(), added.ravel())[0, 1] > 0.9
    low = f'<th scope="row">low</th><td class="n">{parts["mean"]["low"]:.3f}</td>'
    assert low in (results.folder / "report.html").read_text()


def test_what_is_lost_is_what_answers_without_the_band_lack(ran):
    results = Results(ran / "by_fold")
    index, rows = results.store.index(), results.store.rows()
    job = next(one for one in results.store.answers(index) if one["model"] == MODEL)
    said = results.store.predictions(job["key"], ())
    without = results.store.predictions(job["key"], (), band="low", without=True)
    at = pd.Index(rows["uid"]).get_indexer(pd.Index(said.uid))
    true: Any = np.asarray(results.store.truth(rows)[at])
    spread = ((true - true.mean(axis=0)) ** 2).sum(axis=0)
    r2 = [1 - ((true - one.pred) ** 2).sum(axis=0) / spread for one in (said, without)]
    frame = pd.read_parquet(results.folder / "parts.parquet")
    mine = frame[(frame["fold"] == job["fold"]) & (frame["part"] == "low")]
    (score,) = mine[mine["split"] == "unique"]["score"]
    assert score == pytest.approx((r2[0] - r2[1]).mean(), abs=1e-6)


def test_the_page_has_a_table_and_a_figure_of_bands_and_no_map_of_them(ran):
    results = Results(ran / "by_fold")
    page = (results.folder / "report.html").read_text()
    low = results.parts().set_index("part")["mean"]["low"]
    assert "What each band adds" in page
    assert f'<th scope="row">low</th><td class="n">{low:.3f}</td>' in page
    assert not [title for title, *_ in target_figures(results) if title.startswith("Best")]


def test_a_model_without_bands_has_no_parts(ran):
    results = Results(ran / "by_fold")
    assert not [name for name in results.targets("r2", "baseline.mean_target") if name in PARTS]
    with pytest.raises(
        ConfigError, match=r"split 'unique' .* there are: product\. .* drop_one: true"
    ):
        Results(ran / "pooled").parts(MODEL, "unique")
    with pytest.raises(
        ConfigError, match=r"model 'baseline.mean_target' has none .* are: encode.banded"
    ):
        results.parts("baseline.mean_target")


class Bands:
    """Says what it was given of two bands."""

    def __init__(self, *several):
        self.several = several

    def by_band(self, X):
        return dict(zip("ab", (one[X] for one in self.several), strict=True))


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (lambda z: z + np.array([[0.0], [0.1], [0.0]]), "does not sum to what predict says"),
        (lambda z: z[:, :1], r"a has shape \(3, 1\) for answers of shape \(3, 2\)"),
    ],
)
def test_bands_that_are_not_of_the_answer_are_refused(spoilt, message):
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 3, 2))
    said = Predictions(pd.Index(["1", "2", "3"]).to_numpy(), "brain", 100.0 + a + b)
    at = np.arange(3)
    found = answers_by_band(Bands(a, b), at, said)
    np.testing.assert_allclose(found["a"], a, rtol=1e-6)
    with pytest.raises(DataError, match=message):
        answers_by_band(Bands(spoilt(a), b), at, said)
