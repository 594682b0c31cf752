"""Curves of similarity over units, the layer that is most like a region, and slopes over size."""

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.report.metric_curves import metric_curve, plot_metric_curve, pseudo_depth


def view(latent, n_units, rng):
    mixed = (latent / np.sqrt(np.arange(1, 21))) @ rng.normal(size=(20, n_units))
    return mixed + 0.5 * rng.normal(size=mixed.shape)


@pytest.fixture(scope="module")
def views():
    rng = np.random.default_rng(0)
    latent = rng.normal(size=(118, 20))
    return view(latent, 300, rng), view(latent, 200, rng)


def test_the_curve_goes_as_the_table_of_the_prototype_says(views):
    """Of 118 stimuli, 10 / 100 units: cka .53 / .92, ssm .44 / .90, cca unrelated .25 / .88."""
    curve = metric_curve(*views, ("cka", "debiased_cka", "ssm", "cca"), n_units=(10, 100))
    found = curve.set_index(["metric", "n_units"])
    for metric, related in (("cka", (0.53, 0.92)), ("ssm", (0.44, 0.90))):
        for size, expected in zip((10, 100), related, strict=True):
            assert found.loc[(metric, size), "mean"] == pytest.approx(expected, abs=0.07)
    for size, expected in ((10, 0.25), (100, 0.88)):
        assert found.loc[("cca", size), "unrelated"] == pytest.approx(expected, abs=0.03)
    for metric in ("debiased_cka", "ssm"):  # at zero whatever the number
        for size in (10, 100):
            assert abs(found.loc[(metric, size), "unrelated"]) < 0.02
    assert np.all(curve["low"] <= curve["mean"]) and np.all(curve["mean"] <= curve["high"])


def test_one_metric_may_be_named_as_text(views):
    curve = metric_curve(*views, "cka", n_units=(10,), n_draws=2)
    assert list(curve["metric"]) == ["cka"]


def test_a_value_that_is_missing_is_named_by_its_place(views):
    X = views[0].copy()
    X[7, 3] = np.nan
    with pytest.raises(
        DataError, match="X: 1 values are NaN or infinite, the first of stimulus 7,"
    ):
        metric_curve(X, views[1], n_draws=2)


def test_as_many_units_are_taken_of_one_as_of_the_other(views):
    curve = metric_curve(*views, n_draws=2)
    assert list(dict.fromkeys(curve["n_units"])) == [10, 20, 50, 100, 200]
    with pytest.raises(DataError, match="2 to 200 can be"):
        metric_curve(*views, n_units=(10, 250))


def test_the_unrelated_baseline_is_always_drawn(views):
    curve = metric_curve(*views, ("cka",), n_units=(10, 50), n_draws=3)
    ax = plot_metric_curve(curve)
    drawn = [np.asarray(line.get_ydata()) for line in ax.get_lines()]
    assert any(np.allclose(y, curve["unrelated"]) for y in drawn if len(y) == 2)
    assert "stimuli permuted" in [text.get_text() for text in ax.get_legend().get_texts()]


def test_a_region_is_placed_at_the_layer_it_came_from():
    from neurodecode.simulate._rdm_world import RdmWorld

    world = RdmWorld(noise=0.3, n_subjects=1, n_channels=80, n_stimuli=100)
    layers = {f"layer {i}": one for i, one in enumerate(world.layers())}
    seen = world.patterns()[0, 0]
    for region in (0, 2, 5):
        found = pseudo_depth(seen[region], layers, n_draws=20)
        assert found.share.argmax() == region
        assert found.stable
        assert found.low <= region / 5 <= found.high
    noise = np.random.default_rng(0).normal(size=seen[0].shape)
    assert not pseudo_depth(noise, layers, n_draws=20).stable


def test_what_cannot_be_meant_is_said(views):
    with pytest.raises(ConfigError, match="no similarity 'cka2'"):
        metric_curve(*views, ("cka2",))
    with pytest.raises(DataError, match="same stimuli"):
        metric_curve(views[0], views[1][:-1])
    with pytest.raises(ConfigError, match="layers: list is no mapping"):
        pseudo_depth(views[0], [views[1]])  # pyright: ignore[reportArgumentType]
    with pytest.warns(UserWarning, match="cca: of 20 units and 59 stimuli"):
        layers = {"one": views[1], "other": views[1][:, ::-1]}
        pseudo_depth(views[0], layers, "cca", n_units=20, n_draws=2)
    with pytest.raises(ConfigError, match="Give two or more"):
        pseudo_depth(views[0], {"one": views[1]})
