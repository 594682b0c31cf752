"""What of RDMs `nd.rsa` compares: geometry, topology, and what is between."""

import pytest
from rsa_brains import asked, brains, row

from neurodecode.core.errors import DataError
from neurodecode.linalg import topology
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
