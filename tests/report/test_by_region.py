"""What encoders reach in each region, on the page."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import yaml

from neurodecode.cli import main
from neurodecode.harness.store import Store
from neurodecode.report import by_region
from neurodecode.report.by_region import region_figure, region_scores
from neurodecode.report.results import Results
from neurodecode.report.targets import target_figures

ASKED = {
    "data": {"card": "simulated_retinotopic", "task": "pictures", "simulate": "small"},
    "direction": "encode",
    "features": "tokens",
    "models": [{"linear.ridge": {"alphas": [1e3]}}, {"linear.ridge": {"alphas": [1e9]}}],
    "controls": ["baseline.mean_target"],
    "metrics": ["r"],
    "shuffled": {"n_draws": 0},
}
REGIONS = ["early", "faces", "bodies", "places", "words"]


@pytest.fixture(scope="module")
def seen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("seen")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NEURODECODE_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        Path("seen.yaml").write_text(yaml.safe_dump(ASKED))
        assert main(["run", "seen.yaml", "--engine", "inline"]) == 0
    return Results(folder / "results" / "seen")


def test_regions_have_the_mean_of_their_targets(seen):
    scores = region_scores(seen, "r")
    weak, strong = "linear.ridge(alphas=[1000.0])", "linear.ridge(alphas=[1000000000.0])"
    assert list(scores.index) == [weak, strong, "baseline.oracle"]
    assert list(scores) == REGIONS  # as many targets each: in the order of the brain
    for model in scores.index:
        expected = seen.targets("r", model).groupby("region")["score"].mean()
        assert dict(scores.loc[model]) == pytest.approx(dict(expected))


def test_the_page_names_the_best_of_each_region_and_leaves_oracles_out(seen):
    told = {title: told for title, _, told in target_figures(seen)}["r by region"]
    own = region_scores(seen, "r").iloc[:2]
    for region in REGIONS:
        assert f"{region} {own[region].max():.3f} ({own[region].idxmax()})" in told
    assert "oracle" not in told
    assert "r by region" in (seen.folder / "report.html").read_text()


def test_regions_beyond_what_is_drawn_are_left_out_and_counted(seen, monkeypatch):
    monkeypatch.setattr(by_region, "_MOST_REGIONS", 3)
    found = region_figure(seen, "r")
    assert found is not None
    figure, told = found
    assert [one.get_text() for one in figure.axes[0].get_yticklabels()] == REGIONS[:3]
    assert told.startswith("Means over the targets of each region of the 3 with most targets")


def test_of_targets_without_regions_there_is_no_figure(seen, monkeypatch):
    table = seen.store.target_space(0).table()

    class OfSpace:
        def __init__(self, table):
            self._table = table

        def table(self):
            return self._table

    for other in (
        table.drop(columns="region"), table.assign(region="early"), table.assign(region=""),
        table.assign(time=0.1),
    ):  # fmt: skip
        monkeypatch.setattr(Store, "target_space", lambda store, space, of=other: OfSpace(of))
        assert region_figure(seen, "r") is None


def test_people_count_alike_however_many_targets_they_have(seen, monkeypatch):
    def two_people(judged, groups, truth):
        del judged, truth
        list(groups)
        return {("01", 0): np.array([1.0, 1.0, 0.0]), ("02", 1): np.array([0.0, np.nan, 0.0])}

    class OfSpace:
        def table(self):
            return pd.DataFrame({"region": ["a", "a", "b"]})

    monkeypatch.setattr(by_region, "target_scores", two_people)
    monkeypatch.setattr(Store, "target_space", lambda store, space: OfSpace())
    assert region_scores(seen, "r")["a"].tolist() == [0.5, 0.5, 0.5]
