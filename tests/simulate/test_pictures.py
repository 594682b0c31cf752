"""Pictures that are made here: what they show can be seen, and a seed gives the same bytes."""

import numpy as np
import pytest

from neurodecode.core.errors import ConfigError
from neurodecode.simulate.pictures import (
    BACKGROUNDS,
    COLOURS,
    DIGITS,
    FIGURES,
    LABELS,
    SHAPES,
    digits,
    drawn_shapes,
    figures,
    gallery,
    shapes,
    textures,
)

SEEDS = (0, 1, 2)


def told(train, train_names, test, test_names):
    """Share of test pictures whose nearest mean over training pictures is that of their name."""
    names = sorted(set(train_names))
    means = np.stack([train[train_names == name].mean(axis=0) for name in names])
    nearest = np.sum((test[:, None] - means) ** 2, axis=2).argmin(axis=1)
    return np.mean(np.array(names)[nearest] == test_names)


@pytest.mark.parametrize("seed", SEEDS)
def test_digits_are_told_apart_by_their_mean_pixels(seed):
    rng = np.random.default_rng(seed)
    names = np.repeat(list(DIGITS), 40)
    train, test = (digits(list(names), 28, rng).reshape(len(names), -1) / 255 for _ in range(2))
    assert told(train, names, test, names) >= 0.85  # .92 measured; chance .10
    pair = np.isin(names, ["six", "nine"])
    assert told(train[pair], names[pair], test[pair], names[pair]) >= 0.95  # .99; chance .5


@pytest.mark.parametrize("seed", SEEDS)
def test_textures_are_told_apart_by_their_spectrum_and_are_grey_on_average(seed):
    rng = np.random.default_rng(seed)
    names = np.repeat(LABELS["textures"], 20)
    family, direction = zip(*(name.split() for name in names), strict=True)
    train, test = (textures(family, direction, 64, rng) / 255 for _ in range(2))

    def spectrum(pictures):
        return np.log(1e-3 + abs(np.fft.rfft2(pictures))).reshape(len(pictures), -1)

    assert told(spectrum(train), names, spectrum(test), names) >= 0.95  # chance 1/16
    # Phases are random: over 320 pictures each pixel is grey, within 5 s.e. of s.d. 48.
    assert abs(255 * train.mean(axis=0) - 128).max() < 5 * 48 / np.sqrt(320)


@pytest.mark.parametrize("seed", SEEDS)
def test_shape_colour_and_ground_are_to_be_seen(seed):
    size, n_train = 32, 400
    table = drawn_shapes(600, np.random.default_rng(seed))
    pictures = shapes(table, size) / 255
    ground = np.median(pictures.reshape(len(table), -1, 3), axis=1)
    inside = abs(pictures - ground[:, None, None]).sum(axis=3) > 0.05
    colour = np.array([p[mask].mean(axis=0) for p, mask in zip(pictures, inside, strict=True)])
    at = np.linspace(-1, 1, 12)
    shape = []
    for mask, x, y, radius in zip(inside, table["x"], table["y"], table["radius"], strict=True):
        rows, columns = (
            np.clip((size * (centre + at * radius)).astype(int), 0, size - 1) for centre in (y, x)
        )
        shape.append(mask[np.ix_(rows, columns)].ravel())
    seen = {"background": ground, "colour": colour, "shape": np.array(shape, dtype=float)}
    for column, features in seen.items():
        names = table[column].to_numpy()
        score = told(features[:n_train], names[:n_train], features[n_train:], names[n_train:])
        assert score >= 0.95, column  # chance 1/8, 1/8, 1/6


def test_colours_and_grounds_are_far_from_each_other():
    every = np.array([*COLOURS.values(), *BACKGROUNDS.values()], dtype=float)
    apart = np.linalg.norm(every[:, None] - every, axis=2) + 1e3 * np.eye(len(every))
    assert apart.min() > 30


def test_shapes_lie_whole_within_the_picture():
    table = drawn_shapes(500, np.random.default_rng(0))
    for place in ("x", "y"):
        assert (table[place] - table["radius"]).min() >= 0
        assert (table[place] + table["radius"]).max() <= 1
    assert set(table["shape"]) == set(SHAPES)


def test_figures_are_fifteen_of_three_categories():
    drawn = figures(list(FIGURES))
    assert drawn.shape == (15, 10, 10)
    assert drawn.dtype == np.uint8
    assert set(np.unique(drawn)) == {0, 255}
    assert len({one.tobytes() for one in drawn}) == 15
    assert [*FIGURES.values()].count("geometric") == 5
    assert np.array_equal(drawn[0], drawn[0][::-1])  # a square is upright either way
    assert not np.array_equal(drawn[7], drawn[7][::-1])  # u is not
    large = figures(["plus"], 40)
    assert np.array_equal(large[0, ::4, ::4], figures(["plus"])[0])


@pytest.mark.parametrize("kind", LABELS)
def test_a_picture_is_the_same_alone_and_among_others(kind):
    def source(*names):
        return np.random.default_rng([7, *map(ord, "".join(names))])

    names = [LABELS[kind][i % len(LABELS[kind])] for i in range(70)]  # more than a piece
    made = gallery(kind, names, 20, source)
    every = np.concatenate([pictures for _, pictures in made.pieces()])
    assert every.dtype == np.uint8
    assert every.shape == (70, *made.shape)
    for i in (0, 5, 63, 64, 69):
        assert np.array_equal(made.picture(i), every[i])
    stimuli = made.stimuli([f"s{i}" for i in range(70)])
    assert stimuli.show
    assert np.array_equal(stimuli["s66"], every[66])
    assert "category" in stimuli.table
    again = gallery(kind, names, 20, source)
    assert all(
        np.array_equal(a, b) for (_, a), (_, b) in zip(made.pieces(), again.pieces(), strict=True)
    )


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda rng: digits(["sixx"], 28, rng), "no digit is called 'sixx'. Did you mean 'six'"),
        (lambda rng: figures(["small_x"]), "no figure is called 'small_x'"),
        (lambda rng: figures(["plus"], 25), "size of 25 is no multiple of 10"),
        (lambda rng: textures(["f9"], ["0"], 64, rng), "no family is called 'f9'"),
        (lambda rng: textures(["f0"], ["30"], 64, rng), "no direction is called '30'"),
        (lambda rng: textures(["f0"], ["0"], 16, rng), "16 pixels hold no 8 cycles"),
        (
            lambda rng: shapes(drawn_shapes(2, rng).assign(colour="pink"), 32),
            "no colour is called 'pink'",
        ),
    ],
)
def test_what_cannot_be_drawn_is_said(make, said):
    with pytest.raises(ConfigError, match=said):
        make(np.random.default_rng(0))
