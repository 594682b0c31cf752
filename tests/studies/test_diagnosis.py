"""A diagnosis a person: people left out, and sites left out, raw and corrected."""

import shutil
from pathlib import Path

import pytest
from whole_harness import pass_through, typed

HERE = Path(__file__).parent


@pytest.fixture
def passed(tmp_path):
    """Take the study through, by a protocol or that of its card; its rows in their order."""

    def take(protocol=None):
        more = () if protocol is None else ("--set", f"protocol={protocol}")
        done = pass_through(HERE / "diagnosis.yaml", tmp_path / "out", *more)
        raw, corrected = done.rows[:2]
        return done, raw, corrected, done.row("baseline.covariates")

    return take


@pytest.mark.slow
def test_people_left_out_lean_on_their_sites(passed):
    done, raw, corrected, covariates = passed()
    # Prevalence differs between sites, which the edges tell: so does the null, of labels that are
    # permuted within sites.
    assert covariates["mean"] > 0.65 and raw["shuffled_mean"] > 0.65
    assert "covariates" in raw["flags"] and "covariates" in corrected["flags"]
    assert corrected["shuffled_mean"] < 0.6 < corrected["mean"] < raw["mean"]
    assert "Not clearly better than baseline.covariates" in done.page


@pytest.mark.slow
def test_sites_left_out_give_the_same_raw_and_corrected(passed, tmp_path):
    done, raw, corrected, covariates = passed("{cross_group: {by: group}}")
    assert set(raw["per_unit"]) == {f"group-{site}" for site in ("NORTH", "SOUTH", "EAST", "WEST")}
    assert abs(covariates["mean"] - 0.5) < 0.15  # of a site never seen they know age and sex alone
    assert raw["mean"] == pytest.approx(corrected["mean"], abs=0.05)
    assert 0.6 < raw["mean"] < done.row("baseline.oracle")["mean"]
    folder = tmp_path / "moved"
    shutil.copytree(done.results.folder, folder)
    assert typed("table", str(folder), "--format", "json")  # neither data nor models are needed
