"""What of RDMs `nd.rsa` compares: geometry, topology, and what is between."""

import numpy as np
import pytest
from rsa_brains import MODELS, asked, brains, row

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.linalg import topology
from neurodecode.linalg.rdm_ceilings import ceilings
from neurodecode.linalg.rdm_compare import compare


@pytest.mark.parametrize(
    ("options", "flag"),
    [
        ({"geo_topological": (0, 0.5)}, "geo_topological_0_to_0.5"),
        ({"geodesic": 0.4}, "geodesic_0.4"),
    ],
)
def test_what_is_between_geometry_and_topology_is_compared_and_named(options, flag):
    found = asked(brains(), distance="euclidean")
    results = asked(brains(), distance="euclidean", **options)
    mine = row(results, "latent")
    (name, value) = next(iter(options.items()))
    made = getattr(topology, name)
    ends = value if name == "geo_topological" else (value,)
    data = found.rdms().select(subject="S1").values
    model = found.rdms().select(subject="latent", region="model").values
    expected = compare(made(data, *ends), made(model, *ends), "rho-a")[0, 0]
    assert mine["S1"] == pytest.approx(expected)
    assert mine["S1"] != pytest.approx(row(found, "latent")["S1"], abs=1e-3)
    assert flag in mine["flags"]
    assert mine["p"] == pytest.approx(1 / 201)
    assert flag.replace("_", " ") in results.report().read_text(encoding="utf-8")


def test_quantiles_that_leave_nothing_of_a_model_are_refused():
    models = {"groups": {"column": ["a"] * 5 + ["b"] * 5}}
    with pytest.raises(DataError, match=r"'groups', geo_topological_0.9_to_1: .* as dissimilar"):
        asked(brains(), models, distance="euclidean", geo_topological=(0.9, 1))


def test_quantiles_are_chosen_by_the_others_and_written_down():
    options = {"distance": "euclidean", "comparison": "corr", "n_bootstraps": 20}
    results = asked(brains(noise=2.0), geo_topological="chosen", **options)
    mine = row(results, "latent")
    assert "geo_topological_chosen" in mine["flags"] and "own_conditions" not in mine["flags"]
    assert mine["p"] < 0.05
    assert -1 < mine["ci_low"] < mine["mean"] < mine["ci_high"] < 1
    data = results.rdms()
    subjects = list(brains())
    rdms = np.stack([data.select(subject=one).values[0] for one in subjects])
    model = data.select(subject="latent", region="model").values
    bounds = topology.choose_quantiles(rdms[None], "corr").bounds
    assert len(set(map(tuple, bounds))) > 1  # else nothing below is told apart
    scores = results.scores()
    scores = scores[scores["model"] == "latent"].set_index("subject")
    lower = []
    for i, (one, (low, high)) in enumerate(zip(subjects, bounds, strict=True)):
        assert (scores.loc[one, "quantile_low"], scores.loc[one, "quantile_high"]) == (low, high)
        made = topology.geo_topological(rdms, low, high)
        expected = compare(made[[i]], topology.geo_topological(model, low, high), "corr")[0, 0]
        assert mine[one] == pytest.approx(expected)
        lower.append(ceilings(made, "corr").each_lower[i])
    assert mine["ceiling_low"] == pytest.approx(np.mean(lower))
    page = results.report().read_text(encoding="utf-8")
    assert f"S0 (quantiles {bounds[0][0]:g} to {bounds[0][1]:g})" in page
    assert "chosen for each subject by how well the others agree" in page


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"comparison": "cosine"}, "geo_topological: chosen: .* Compare by another"),
        ({"geo_topological": "best"}, "'best': give two quantiles"),
        ({"split_half": 2, "runs": np.repeat(range(4), 10)}, "split_half: it is not computed"),
        ({"models": {"all": {"weighted": MODELS}}}, "differ in their conditions or quantiles"),
    ],
)
def test_what_cannot_be_chosen_is_refused(options, said):
    given = {"geo_topological": "chosen", "comparison": "corr", "distance": "euclidean"} | options
    with pytest.raises((ConfigError, DataError), match=said):
        asked(brains(noise=2.0), **given)


def test_two_subjects_choose_no_quantiles():
    data = {name: X for name, X in brains().items() if name in ("S0", "S1")}
    with pytest.raises(DataError, match=r"geo_topological: chosen: .*2 subjects. Three"):
        asked(data, geo_topological="chosen", comparison="corr", distance="euclidean")
