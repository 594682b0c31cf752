"""A core that learns its features from responses: what no linear model of pixels tells."""

import numpy as np
import pytest
from sklearn.linear_model import Ridge

pytest.importorskip("torch", reason="torch is an extra")

import torch

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.models.encode.response_optimized import ResponseOptimized
from neurodecode.nn.feature_maps import MapShape
from neurodecode.nn.response_core import FromPixels, ResponseCore, _shifted

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
TINY = {"core": (8, 16), "random_state": 0}


def energies(n=700, seed=0):
    """Pictures of noise, and voxels that answer the energy of edges in one of their corners."""
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((n, 16, 16))
    along, down = np.diff(X, axis=2)[:, :15], np.diff(X, axis=1)[:, :, :15]
    y = np.stack([(along[:, :8, :8] ** 2).mean((1, 2)), (down[:, 8:, 8:] ** 2).mean((1, 2))])
    return X, y.T


def r(a, b):
    return np.array([np.corrcoef(a[:, v], b[:, v])[0, 1] for v in range(a.shape[1])])


@pytest.mark.slow
@pytest.mark.parametrize("readout", ["gaussian", "factorized"])
def test_it_learns_what_no_linear_model_of_pixels_tells(readout):
    X, y = energies(2000)
    model = ResponseOptimized(readout=readout, shift=0.0, training={"lr": 5e-3}, **TINY)
    model.fit(X[:1400], y[:1400], val=(X[1400:1700], y[1400:1700]))
    ridge = Ridge(alpha=1e3).fit(X[:1700].reshape(1700, -1), y[:1700])
    assert r(ridge.predict(X[1700:].reshape(300, -1)), y[1700:]).max() < 0.25
    assert r(model.predict(X[1700:]), y[1700:]).min() > 0.6
    maps = model.spatial_maps()
    assert maps.shape == (2, 4, 4)
    if readout == "gaussian":
        assert maps[0, :2, :2].sum() > 0.5 < maps[1, 2:, 2:].sum()


def test_rates_are_positive_and_learnt_from_counts():
    X, _ = energies(64)
    rate = np.exp(X.mean(axis=(1, 2), keepdims=True)[:, 0])
    counts = np.random.default_rng(0).poisson(5 * rate).astype(float)
    model = ResponseOptimized(loss="poisson", training={"max_epochs": 2}, **TINY)
    said = model.fit(X, counts).predict(X)
    assert said.min() > 0
    with pytest.raises(DataError, match="responses below zero"):
        model.fit(X, counts - 3)


def test_pictures_come_grey_or_in_colour():
    X, y = energies(20)
    model = ResponseOptimized(training={"max_epochs": 1}, **TINY)
    grey = model.fit(X, y).predict(X)
    np.testing.assert_allclose(model.fit(X[..., None], y).predict(X[..., None]), grey)
    assert model.fit(np.stack([X] * 3, axis=-1), y).made_["stored"] == (16, 16, 3)
    with pytest.raises(DataError, match="reads pictures, and was handed features of shape"):
        model.fit(X.reshape(20, -1), y)
    for arguments, said in (
        ({"readout": "free"}, "give gaussian or factorized"),
        ({"loss": "l1"}, "give gaussian or poisson"),
        ({"shift": 1.5}, "give a share below one"),
        ({"core": ()}, "give one block or more"),
    ):
        with pytest.raises(ConfigError, match=said):
            ResponseOptimized(**{**TINY, **arguments}).fit(X, y)


def test_the_core_has_the_sizes_that_it_says():
    with torch.device("meta"):
        core = ResponseCore(3)
        maps = core(torch.empty(2, 3, 64, 64))
    assert sum(p.numel() for p in core.parameters()) == 242_720
    shape = ResponseCore.shape_of(MapShape.of((64, 64, 3), "last"), (32, 64, 128, 128))
    assert tuple(maps.shape[1:]) == shape.stored == (128, 16, 16)


def test_pictures_are_shifted_in_training_alone_and_no_further_than_is_said():
    pictures = torch.zeros(200, 1, 50, 50)
    pictures[:, :, 25, 25] = 1.0
    torch.manual_seed(0)
    moved = _shifted(pictures, 0.04)
    seen = moved.sum(dim=(0, 1)) > 1e-6
    where = torch.nonzero(seen)
    assert where.min() >= 22 and where.max() <= 28  # two pixels, and what lies between two
    assert seen.sum() > 9

    class Middle(torch.nn.Module):
        shape = MapShape.of((1, 50, 50))

        def forward(self, tokens):
            return tokens.sum(dim=2)

    module = FromPixels(ResponseCore(1, (1,)), Middle(), MapShape.of((1, 50, 50)), shift=0.5)
    X = torch.randn(4, 2500, 1)
    module.eval()
    torch.testing.assert_close(module(X), module(X))
    module.train()
    assert not torch.allclose(module(X), module(X))
