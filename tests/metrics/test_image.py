import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.io import loadmat
from sklearn.decomposition import PCA
from sklearn.linear_model import RidgeCV
from sklearn.preprocessing import StandardScaler

from neurodecode.core.errors import DataError
from neurodecode.metrics.image import median_rank, pixcorr, top_1, top_5, two_way

PENALTIES = np.logspace(1, 6, 11)


def pictures(seed=0, n=6, shape=(4, 3)):
    return np.random.default_rng(seed).normal(size=(n, *shape))


@st.composite
def reconstructions(draw):
    """Pictures of few different values, some of them alike, and reconstructions."""
    n, n_pixels = draw(st.integers(2, 12)), draw(st.integers(3, 8))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shown = rng.integers(0, 3, size=(draw(st.integers(2, 8)), n_pixels)).astype(float)
    shown[:, 0] = np.arange(len(shown))  # so that no two are the same picture
    true = shown[rng.integers(len(shown), size=n)]
    return (
        true,
        true + draw(st.sampled_from([0, 0.5, 5])) * rng.integers(-1, 2, (n, n_pixels)),
        shown,
    )


def correlation(a, b):
    flat = np.ptp(a) == 0 or np.ptp(b) == 0
    return 0.0 if flat else stats.pearsonr(a, b).statistic


def one_by_one(true, pred, gallery):
    """Two-way and top-1 from the definition: each row against each picture of the gallery."""
    wins, firsts = [], []
    for shown, made in zip(true, pred, strict=True):
        own = correlation(shown, made)
        others = [correlation(one, made) for one in gallery if not np.array_equal(one, shown)]
        others = np.round(others, 10) - round(own, 10)  # equal but for rounding is tied
        wins.append(np.mean((others < 0) + (others == 0) / 2))
        firsts.append(np.all(others <= 0) / (1 + np.sum(others == 0)))
    return np.mean(wins), np.mean(firsts)


@given(reconstructions())
def test_identification_is_its_definition(made):
    true, pred, gallery = made
    expected = one_by_one(true, pred, gallery)
    assert two_way(true, pred, gallery=gallery) == pytest.approx(expected[0], abs=1e-12)
    assert top_1(true, pred, gallery=gallery) == pytest.approx(expected[1], abs=1e-12)


@given(reconstructions())
def test_the_gallery_is_the_pictures_scored_together_unless_given(made):
    true, pred, _ = made
    together = np.unique(true, axis=0)
    if len(together) < 2:
        with pytest.raises(DataError, match="there is one picture, so none to tell it from"):
            two_way(true, pred)
        return
    # However often each one is repeated there.
    repeated = np.concatenate([together, true])
    for metric in (two_way, top_1):
        assert metric(true, pred) == metric(true, pred, gallery=together)
        assert metric(true, pred) == metric(true, pred, gallery=repeated)
        assert metric.chance(true, np.zeros(0)) == metric.chance(true, None, gallery=repeated)


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


def test_the_gallery_holds_pictures_not_reconstructions():
    # Reconstructions A' = A and B' = A: of pictures, A' is right and B' wrong; of reconstructions,
    # as the transposed measure would have it, both would be tied.
    true = pictures(0, 2)
    assert two_way(true, true[[0, 0]]) == 0.5
    lean = true[[0, 0]] + 0.1 * true
    assert two_way(true, lean) == 0.5
    assert top_1(true, lean) == 0.5


def test_pictures_of_equal_pattern_are_tied_whatever_rounding_makes_of_them():
    one, other = pictures(0, 2)
    gallery = np.stack([one, 0.3 * one + 0.1, other])
    assert two_way(gallery[:1], gallery[:1], gallery=gallery) == 0.75
    assert top_1(gallery[:1], gallery[:1], gallery=gallery) == 0.5


def test_a_picture_that_the_gallery_lacks_is_told():
    true = pictures(0)
    said = two_way.evaluate(
        true, true, scores=None, score_kind="", kind="picture", gallery=true[:4]
    )
    assert said == "two_way: 2 of 6 true pictures are not in the gallery"
    with pytest.raises(DataError, match="reconstructions of 3 pixels for pictures of 12"):
        pixcorr(true, true[:, 0])


def test_the_null_of_two_way_has_the_documented_mean_and_spread():
    rng, n, n_draws = np.random.default_rng(0), 50, 400
    true, pred = rng.normal(size=(n, 30)), rng.normal(size=(n, 30))
    drawn = [two_way(true, pred[rng.permutation(n)]) for _ in range(n_draws)]
    sd = 1 / np.sqrt(12 * n)
    assert abs(np.mean(drawn) - 0.5) < 4 * sd / np.sqrt(n_draws)
    # 4 s.e. of a s.d. from `n_draws` draws; the formula is right to about 1 / n.
    assert np.std(drawn) == pytest.approx(sd, rel=4 / np.sqrt(2 * n_draws) + 1 / n)


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


def places(true, pred, gallery):
    """Places of the true pictures, from the definition: those before it, and those tied with it."""
    found = []
    for shown, made in zip(true, pred, strict=True):
        own = round(correlation(shown, made), 10)
        others = [correlation(one, made) for one in gallery if not np.array_equal(one, shown)]
        others = np.round(others, 10)
        found.append((int(np.sum(others > own)), int(np.sum(others == own))))
    return found


@given(reconstructions())
def test_places_are_their_definition(made):
    true, pred, gallery = made
    found = places(true, pred, gallery)
    expected = np.median([1 + before + tied / 2 for before, tied in found])
    assert median_rank(true, pred, gallery=gallery) == pytest.approx(expected)
    if len(gallery) < 6:
        return
    # Of all orders of the tied, the share in which the true one is among the first five.
    hits = [np.mean([before + i < 5 for i in range(tied + 1)]) for before, tied in found]
    assert top_5(true, pred, gallery=gallery) == pytest.approx(np.mean(hits))
    assert top_5(true, pred, gallery=gallery) >= top_1(true, pred, gallery=gallery) - 1e-12


def test_answers_that_are_all_alike_are_at_chance():
    true = pictures(n=20)
    grey = np.full_like(true, 0.5)
    for one, expected in ((top_1, 1 / 20), (top_5, 5 / 20), (median_rank, 10.5)):
        assert one(true, grey) == pytest.approx(expected)
        assert one.chance(true, np.zeros(0)) == pytest.approx(expected)


def test_five_of_five_say_nothing():
    with pytest.raises(DataError, match="all of 5 pictures are among the first five"):
        top_5(pictures(n=5), pictures(n=5))
