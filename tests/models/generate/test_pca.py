"""Pictures by ridge to principal components, against scikit-learn's pieces put together."""

import numpy as np
import pandas as pd
import pytest
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from neurodecode.core.errors import DataError, MissingDependency
from neurodecode.models.generate._codecs.pca import Pca as Codec
from neurodecode.models.generate.pca import Pca

ALPHAS = (1.0, 30.0, 1e3)


def seen(n=60, channels=1, n_repeats=1, seed=0):
    """Brains, pictures of six blobs of any brightness, and what each row shows."""
    rng = np.random.default_rng(seed)
    at = np.stack(np.mgrid[:10, :8], axis=-1)
    places = np.array([[2, 2], [2, 6], [5, 4], [8, 2], [8, 6], [5, 7]])
    blobs = np.exp(-((at[None] - places[:, None, None]) ** 2).sum(-1) / 6)
    weight = rng.uniform(size=(n, 6, channels))
    pictures = np.einsum("nkc,khw->nhwc", weight, blobs) / 1.3
    told = np.repeat(weight.reshape(n, -1), n_repeats, axis=0)
    X = told @ rng.normal(size=(told.shape[1], 70)) + 0.5 * rng.normal(size=(len(told), 70))
    stimulus = np.repeat([f"s{i}" for i in range(n)], n_repeats)
    rows = pd.DataFrame({"subject": "01", "stimulus": stimulus})
    return X, np.repeat(pictures, n_repeats, axis=0).clip(0, 1).astype(np.float32), rows


def test_it_is_fitted_without_torch(monkeypatch):
    def absent(package, **_):
        raise MissingDependency(f"{package} is not installed")

    monkeypatch.setattr("neurodecode.core.training.require", absent)
    X, y, _ = seen(seed=3)
    assert Pca(5).fit(X[:45], y[:45]).predict(X[45:]).shape == y[45:].shape


@pytest.mark.parametrize("channels", [1, 3])
def test_pictures_are_told_as_by_scikit_learn(channels):
    X, y, _ = seen(channels=channels)
    model = Pca(5, ALPHAS, renorm="none").fit(X[:45], y[:45])
    rows = y[:45].reshape(45, -1)
    components = PCA(5, svd_solver="full").fit(rows)
    peer = make_pipeline(StandardScaler(), RidgeCV(ALPHAS)).fit(X[:45], components.transform(rows))
    expected = components.inverse_transform(peer.predict(X[45:])).clip(0, 1)
    said = model.predict(X[45:])
    assert said.shape == (15, 10, 8, channels) and said.dtype == np.float32
    # Components are of single precision, as pictures are.
    np.testing.assert_allclose(said, expected.reshape(said.shape), atol=1e-5)


def test_repeats_are_averaged_and_a_picture_counts_once():
    X, y, rows = seen(n_repeats=3)
    many = np.r_[np.arange(60), np.repeat(np.arange(3), 30)]  # one picture shown very often
    model = Pca(5, ALPHAS).fit(X[many], y[many], rows=rows.iloc[many])
    once = Codec(5).fit(y[:60:3])
    np.testing.assert_allclose(model.codec_.pca_.mean_, once.pca_.mean_, atol=1e-6)
    order = np.random.default_rng(0).permutation(len(X))
    models = [Pca(5, ALPHAS).fit(X[o], y[o], rows=rows.iloc[o]) for o in (order, order[::-1])]
    np.testing.assert_allclose(*[model.predict(X[:9]) for model in models], atol=1e-6)
    # A null deals pictures to other brains: the components are not learnt again.
    assert Pca(5, ALPHAS).fit(X, y[order], rows=rows.iloc[order]).codec_ is models[0].codec_


def test_the_ceiling_is_the_round_trip_of_new_pictures():
    X, y, _ = seen()
    model = Pca(3, ALPHAS).fit(X[:45], y[:45])
    assert list(model.ceilings(y[45:])) == ["round trip"]
    given = model.ceilings(y[45:])["round trip"]
    components = PCA(3, svd_solver="full").fit(y[:45].reshape(45, -1))
    rows = y[45:].reshape(15, -1)
    expected = components.inverse_transform(components.transform(rows)).clip(0, 1)
    np.testing.assert_allclose(given.reshape(15, -1), expected, atol=1e-5)
    off = [np.abs(one - y[45:]).mean() for one in (given, model.predict(X[45:]))]
    assert off[0] < off[1]


def test_a_picture_is_told_alone_unless_told_transductively():
    X, y, _ = seen()
    model = Pca(5, ALPHAS).fit(X[:45], y[:45])
    np.testing.assert_allclose(model.predict(X[45:46])[0], model.predict(X[45:])[0], atol=1e-6)
    assert not hasattr(model, "adapt")
    leaning = Pca(5, ALPHAS, renorm="transductive")
    assert leaning.needs.transductive
    said = leaning.fit(X[:45], y[:45]).adapt(X[45:]).predict(X[45:])
    few = leaning.fit(X[:45], y[:45]).adapt(X[45:48]).predict(X[45:48])
    assert np.abs(said[:3] - few).max() > 0.01
    with pytest.raises(DataError, match="one row: 0 / 0"):
        leaning.adapt(X[45:46])


def test_what_cannot_be_learnt_from_is_named():
    X, y, _ = seen()
    with pytest.raises(DataError, match=r"generate\.pca: .*divide by 255"):
        Pca(5).fit(X, 255 * y)
    with pytest.raises(DataError, match="n_components is 50, for 45 training trials"):
        Pca(50).fit(X[:45], y[:45])
    model = Pca(5).fit(X, y)
    with pytest.raises(DataError, match=r"pictures of 8 × 8 × 1, and it was fitted on .* 10 × 8"):
        model.ceilings(y[:, :8])
