"""Where a site or an age could give a score away, the table says so, and corrections do as told."""

import numpy as np
import pytest
from sklearn.pipeline import Pipeline
from tests_confounds import asked, of_ages, of_sites
from tests_harness import run

from neurodecode.core.target import Target
from neurodecode.harness.named_model import NamedModel
from neurodecode.harness.store import Store
from neurodecode.models.baseline.covariates import Covariates
from neurodecode.models.linear.logistic import Logistic
from neurodecode.protocols.cross_group import CrossGroup
from neurodecode.protocols.cross_subject import CrossSubject
from neurodecode.report.page import write_page
from neurodecode.report.results import Results
from neurodecode.steps.deconfound import Deconfound

FIFTHS = CrossSubject(n_splits=5, stratify=("label", "site"))
SITES = CrossGroup("site")


def corrected(*columns, **arguments):
    step = Deconfound(columns, **arguments)
    return Pipeline([("deconfound", step), ("logistic", Logistic())])


RAW = NamedModel("raw", Logistic())
CLEAN = NamedModel("clean", corrected("site", audit=False))
BESIDE = NamedModel("baseline.covariates", Covariates(("site",)), "control")
COLUMNS = {"raw": 0, "clean": 1, "covariates": 2}


@pytest.fixture(scope="module")
def scores(tmp_path_factory):
    """Mean AUC of five studies: by protocol, then by how far sites lie apart; raw, clean, beside.

    The people, and their group difference of one s.d., are those of one seed, wherever sites lie.
    """

    def mean(protocol, apart):
        several = []
        for seed in range(5):
            folder = tmp_path_factory.mktemp("r")
            study = asked(of_sites(seed, site=apart), (RAW, CLEAN, BESIDE), protocol)
            several.append([row.mean for row in run(study, folder)[2]])
        return dict(zip(COLUMNS, np.mean(several, axis=0), strict=True))

    return {name: {apart: mean(protocol, apart) for apart in (0.0, 3.0)}
            for name, protocol in (("fifths", FIFTHS), ("sites", SITES))}  # fmt: skip


def test_a_site_inflates_the_raw_score(scores):
    planted, inflated = (scores["fifths"][apart]["raw"] for apart in (0.0, 3.0))
    # Paired over the same people: .651 without sites, .753 with, where site alone gives .763.
    assert inflated - planted > 0.05
    assert scores["fifths"][3.0]["covariates"] > inflated - 0.05


def test_a_site_left_out_gives_the_planted_level(scores):
    planted = scores["fifths"][0.0]["raw"]
    error = np.sqrt(161 / (12 * 80 * 80 * 5))  # of an AUC of 80 and 80 people, in five studies
    assert scores["sites"][3.0]["raw"] == pytest.approx(planted, abs=2 * error)
    assert scores["sites"][3.0]["covariates"] == 0.5  # of a site it has never seen it knows nothing


def test_a_corrected_site_gives_the_level_of_a_study_without_sites(scores):
    for protocol in ("fifths", "sites"):
        there, not_there = (scores[protocol][apart]["clean"] for apart in (3.0, 0.0))
        # What is added to all people of a site is taken out to the last digit.
        assert there == pytest.approx(not_there, abs=0.002)
    # The correction knows no group: where sites differ in how many patients they have, it takes
    # that part of the group difference too. So its score of people of all sites together is below
    # the planted level, never above.
    assert 0.5 < scores["fifths"][3.0]["clean"] < scores["fifths"][0.0]["raw"]
    planted = scores["sites"][0.0]["raw"]
    assert scores["sites"][3.0]["clean"] == pytest.approx(planted, abs=0.02)


def test_a_score_that_site_alone_could_give_is_flagged(tmp_path):
    study = asked(of_sites(0, effect=0.0, site=3.0), (RAW, CLEAN, BESIDE), FIFTHS)
    _, _, rows = run(study, tmp_path / "r")
    raw, clean = rows[:2]
    assert raw.mean > 0.65 and "covariates" in raw.flags
    assert abs(clean.mean - 0.5) < 3 * np.sqrt(161 / (12 * 80 * 80))  # three standard errors
    page = write_page([Results(tmp_path / "r")], tmp_path / "r.html").read_text()
    assert "not clearly better than baseline.covariates" in page


def test_an_age_effect_that_linear_removal_leaves_is_named(tmp_path):
    models = [
        RAW,
        NamedModel("linear", corrected("age", "sex")),
        NamedModel("spline", corrected("age", "sex", kind="spline")),
    ]
    study = asked(of_ages(0), models, CrossSubject(n_splits=3))
    _, _, rows = run(study, tmp_path / "r")
    raw, linear, spline = rows
    assert linear.mean > 0.8 and linear.flags == ("confound:age",)
    assert raw.mean > 0.8 and raw.flags == ()
    assert spline.flags == ()
    assert abs(spline.mean - 0.5) < 3 * np.sqrt(201 / (12 * 100 * 100))
    results = Results(tmp_path / "r")
    page = write_page([results], tmp_path / "r.html").read_text()
    assert "After the correction for it, trees still told this column" in page
    store = Store(tmp_path / "r")
    logs = [store.log(job["key"]) for job in store.index()["jobs"]]
    assert any("trees still tell age (AUC 0." in log for log in logs)
    assert "confound:age" in results.text()


@pytest.mark.parametrize("kind", ["linear", "spline"])
def test_what_confounds_know_nothing_of_survives_their_removal(tmp_path, kind):
    models = [RAW, NamedModel("clean", corrected("age", "sex", kind=kind, audit=False))]
    other = Target("label", column="other", classes=("control", "patient"))
    lost = []
    for seed in range(3):
        study = asked(of_ages(seed), models, CrossSubject(n_splits=3), target=other)
        raw, clean = run(study, tmp_path / str(seed))[2]
        assert raw.mean > 0.85
        lost.append(raw.mean - clean.mean)
    assert np.mean(lost) < 0.03  # specs of the confound audit: such a group must survive
