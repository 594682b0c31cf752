import os
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from scipy.io import loadmat
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from neurodecode.core.errors import DataError
from neurodecode.metrics.image import likeness_to_all, pixcorr
from neurodecode.metrics.retrieval import top_1, two_way

PENALTIES = np.logspace(1, 6, 11)


def pictures(seed=0, n=6, shape=(4, 3)):
    return np.random.default_rng(seed).normal(size=(n, *shape))


def test_pixcorr_is_the_mean_of_scipys_over_all_channels():
    true, pred = pictures(0, shape=(4, 3, 3)), pictures(1, shape=(4, 3, 3))
    expected = [
        stats.pearsonr(a.ravel(), b.ravel()).statistic for a, b in zip(true, pred, strict=True)
    ]
    assert pixcorr(true, pred) == pytest.approx(np.mean(expected), abs=1e-14)


def test_pixcorr_asks_for_neither_brightness_nor_contrast_but_for_the_sign():
    true, pred = pictures(0), pictures(1)
    contrast = np.linspace(0.1, 9, len(pred))[:, None, None]
    assert pixcorr(true, contrast * pred + 5) == pytest.approx(pixcorr(true, pred), abs=1e-12)
    assert pixcorr(true, -true) == -1


def test_flat_grey_is_like_no_picture():
    true, pred = pictures(0), pictures(0)
    pred[0] = 0.5
    assert pixcorr(true, pred) == pytest.approx(5 / 6)
    # Tied with the five others: half of them are less like it; one of six would be drawn.
    assert two_way(true, pred) == pytest.approx((5 + 0.5) / 6)
    assert top_1(true, pred) == pytest.approx((5 + 1 / 6) / 6)
    flat = np.full(true.shape, 0.5)
    assert two_way(true, flat) == two_way.chance(true, None) == 0.5
    assert top_1(true, flat) == pytest.approx(top_1.chance(true, None)) == pytest.approx(1 / 6)
    assert pixcorr(true, flat) == 0


def test_a_true_picture_of_flat_grey_is_left_out_of_pixcorr():
    true, pred = pictures(0), pictures(1)
    true[2] = 1
    rest = np.arange(6) != 2
    assert pixcorr(true, pred) == pytest.approx(pixcorr(true[rest], pred[rest]))
    with pytest.raises(DataError, match="every true picture is of one flat grey"):
        pixcorr(np.ones((2, 5)), pictures(1, 2, (5,)))


def test_a_picture_that_the_gallery_lacks_is_told():
    true = pictures(0)
    said = two_way.evaluate(
        true, true, scores=None, score_kind="", kind="picture", gallery=true[:4]
    )
    assert said == "two_way: 2 of 6 true pictures are not in the gallery"
    with pytest.raises(DataError, match="predictions of 3 entries, where the true ones have 12"):
        pixcorr(true, true[:, 0])


def real(name):
    """Path of a file of the recordings, of which none is shipped."""
    roots = [Path(one) for one in os.environ.get("NEURODECODE_DATA", "").split(os.pathsep) if one]
    for root in roots:
        if (root / name).is_file():
            return root / name
    return pytest.skip(f"{name} is in no folder of NEURODECODE_DATA")


def ridge(X, Y, train, test):
    scale = StandardScaler().fit(X[train])
    return (
        RidgeCV(PENALTIES)
        .fit(scale.transform(X[train]), Y[train])
        .predict(scale.transform(X[test]))
    )


def test_figures_seen_by_a_person_are_told_as_often_as_measured():
    """Scores as the notes on these recordings give them, to the digits that they give."""
    stored = np.load(real("miyawaki2008/figures_v1.npz"))
    X, figure = stored["X"].astype(float), stored["figure"]
    Y = stored["stim"].reshape(80, -1).astype(float)
    pred = np.zeros(Y.shape)
    mean = np.zeros(Y.shape)
    for left_out in np.unique(figure):
        train, test = figure != left_out, figure == left_out
        pred[test] = ridge(X, Y, train, test)
        mean[test] = Y[train].mean(axis=0)
    assert len(np.unique(Y, axis=0)) == 15  # "own figure against each of the other 14"
    assert pixcorr(Y, pred) == pytest.approx(0.812, abs=5e-4)
    assert two_way(Y, pred) == pytest.approx(0.860, abs=5e-4)
    assert top_1(Y, pred) == pytest.approx(0.450, abs=5e-4)
    assert pixcorr(Y, mean) == pytest.approx(0.563, abs=5e-4)
    # A fold holds one figure, so it is told from the others only where the gallery holds them.
    fold = figure == figure[0]
    with pytest.raises(DataError, match="there is one picture"):
        two_way(Y[fold], pred[fold])
    alone = [two_way(Y[figure == f], pred[figure == f], gallery=Y) for f in figure]
    assert np.mean(alone) == pytest.approx(two_way(Y, pred))


def test_digits_seen_by_a_person_are_told_as_often_as_measured():
    stored = loadmat(real("digits69/digit69_28x28.mat"))
    shown = {name: stored[f"stim{name}"] / 255 for name in ("Trn", "Test")}
    scale = StandardScaler().fit(stored["fmriTrn"])
    pca = PCA(20).fit(shown["Trn"])
    model = RidgeCV(PENALTIES).fit(scale.transform(stored["fmriTrn"]), pca.transform(shown["Trn"]))
    pred = pca.inverse_transform(model.predict(scale.transform(stored["fmriTest"])))
    assert pixcorr(shown["Test"], pred) == pytest.approx(0.793, abs=5e-4)
    assert two_way(shown["Test"], pred) == pytest.approx(0.933, abs=5e-4)
    mean = np.tile(shown["Trn"].mean(axis=0), (10, 1))
    assert pixcorr(shown["Test"], mean) == pytest.approx(0.655, abs=5e-4)
    assert two_way(shown["Test"], mean) == pytest.approx(0.5)


def test_each_reconstruction_is_compared_with_each_picture():
    true, pred = pictures(0), pictures(1, n=4)
    true[2] = 0.5  # flat
    values = likeness_to_all(true, pred)
    assert values.shape == (6, 4)
    assert np.isnan(values[2]).all()
    expected = np.corrcoef(true[[0, 1, 3, 4, 5]].reshape(5, -1), pred.reshape(4, -1))[:5, 5:]
    np.testing.assert_allclose(values[[0, 1, 3, 4, 5]], expected, atol=1e-14)
    own, _ = pixcorr.terms(true[:4], pred)
    np.testing.assert_allclose(np.diag(values), own, atol=1e-14)
