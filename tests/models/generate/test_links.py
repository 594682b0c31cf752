"""Names of links, fitting once, and seeds of pictures."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator

from neurodecode import build
from neurodecode.core.errors import ConfigError, DataMissing
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.models.generate._links import codec_of, generator_of, with_state
from neurodecode.models.generate._once import fitted_once
from neurodecode.models.generate._seeds import seeds_of

RNG = np.random.default_rng(0)


class Counting(BaseEstimator):
    """A link that remembers what it was fitted on."""

    n_fits = 0

    def __init__(self, size=1, random_state=None):
        self.size = size
        self.random_state = random_state

    def fit(self, pictures, conditions=None):
        type(self).n_fits += 1
        self.pictures_, self.conditions_ = pictures, conditions
        return self


def test_names_become_links_with_their_arguments():
    link = codec_of({"autoencoder": {"n_updates": 7}}, "low")
    assert (link.n_updates, link.n_latent) == (7, 4)
    assert codec_of("autoencoder", "low").n_updates == 500
    assert generator_of({"unet": {"channels": [16, 32]}}, "generator").guidance == 3
    assert codec_of(link, "low") is link


@pytest.mark.parametrize(
    ("said", "what"),
    [
        ({"autoencodr": {}}, r"low: there is no 'autoencodr'. Did you mean 'autoencoder'\?"),
        ({"unet": {}}, "there is no 'unet'"),  # a generator is no codec
        (
            {"autoencoder": {"n_update": 3}},
            r"^low: autoencoder.n_update: unknown key. Did you mean 'n_updates'\?",
        ),
        ({"autoencoder": {"n_updates": "many"}}, "n_updates: expected a whole number, got 'many'"),
        ({"autoencoder": {}, "pca": {}}, "expected one name"),
        (3, "expected one name"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_its_nearest(said, what):
    with pytest.raises(ConfigError, match=what):
        codec_of(said, "low")


@pytest.mark.parametrize(
    ("name", "arguments", "what"),
    [
        ("brain_diffuser", {"strength": 0.01}, "unet: 20 steps of strength 0.01 are 0.2, so none"),
        ("brain_diffuser", {"post_mix": 1.0}, "post_mix is 1"),
        ("brain_diffuser", {"alphas": {"hi": (1.0,)}}, "alphas of 'hi', which is none of low, sem"),
        ("brain_diffuser", {"generator": {"unet": {"scheduler": "dim"}}}, "scheduler: expected"),
        ("brain_diffuser", {"low": {"autoencoder": {"n_updates": 0}}}, "n_updates is 0. Give a"),
        ("brain_diffuser", {"generator": {"unet": {"n_updates": -1}}}, "n_updates is -1. Give a"),
        (
            "brain_diffuser",
            {"generator": {"kandinsky": {"weights": "none", "strength": 0.001}}},
            "kandinsky: 20 steps of strength 0.001 are 0.02",  # before weights are looked for
        ),
        ("benchetrit_generator", {"strength": 0.01}, "unet: 20 steps of strength 0.01"),
        ("benchetrit_generator", {"network": {"patience": 3}}, "network: patience: unknown key"),
        ("diffusion", {"n_samples": 0}, "n_samples is 0"),
        ("diffusion", {"generator": {"unet": {"drop": 1.0}}}, "drop is 1.0"),
        ("diffusion", {"low": {"pca": {"n": 3}}}, r"diffusion.low: pca.n: unknown key"),
    ],
)
def test_what_cannot_be_meant_is_known_before_anything_is_fitted(name, arguments, what, tmp_path):
    pytest.importorskip("torch", reason="torch is an extra")
    model = build(f"generate.{name}", **arguments)
    if name != "diffusion":
        model.set_params(preset="tiny")
    with pytest.raises(ConfigError, match=what):
        model.hashes(tmp_path)


@pytest.mark.parametrize("name", ["brain_diffuser", "benchetrit_generator", "diffusion"])
def test_weights_of_every_link_are_looked_for(name, tmp_path):
    pytest.importorskip("torch", reason="torch is an extra")
    nowhere = {"sd_vae": {"weights": "nowhere"}}
    links = ({"low": nowhere}, {"generator": {"unet": {"codec": nowhere}}})
    for one in links:
        model = build(f"generate.{name}", **one)
        if name != "diffusion":
            model.set_params(preset="tiny")
        with pytest.raises(DataMissing, match="'nowhere' are not on this machine"):
            model.hashes(tmp_path)


def test_open_chance_of_a_link_is_the_models():
    link = codec_of("autoencoder", "low")
    assert with_state(link, 3).random_state == 3
    assert link.random_state is None
    assert with_state(codec_of({"autoencoder": {"random_state": 5}}, "low"), 3).random_state == 5


def test_links_are_fitted_once_on_each_picture_whatever_the_order():
    pictures = RNG.random((6, 4, 4, 1), dtype=np.float32)
    shown = pictures[[0, 1, 2, 0, 1, 3, 4, 5]]
    before = Counting.n_fits
    one = fitted_once(Counting(), shown)
    assert fitted_once(Counting(), shown[::-1].copy()) is one
    assert Counting.n_fits == before + 1
    assert len(one.pictures_) == 6
    assert fitted_once(Counting(size=2), shown) is not one
    assert fitted_once(Counting(), pictures[:5]) is not one


class Drawing(Counting):
    n_fits = 0
    drawing = ("steps",)

    def __init__(self, size=1, steps=20):
        super().__init__(size)
        self.steps = steps


def test_links_that_differ_in_how_they_draw_are_fitted_once():
    pictures = RNG.random((6, 4, 4, 1), dtype=np.float32)
    few, many = (fitted_once(Drawing(steps=steps), pictures) for steps in (5, 50))
    assert Drawing.n_fits == 1
    assert (few.steps, many.steps) == (5, 50)
    assert few.pictures_ is many.pictures_
    fitted_once(Drawing(size=2, steps=5), pictures)
    assert Drawing.n_fits == 2


def test_what_a_unet_learns_depends_on_no_argument_of_drawing():
    pytest.importorskip("torch", reason="torch is an extra")
    pytest.importorskip("diffusers", reason="diffusers is an extra")
    from neurodecode.models.generate._generators.unet import Unet

    pictures = RNG.random((8, 8, 8, 1), dtype=np.float32)
    told = {"low": RNG.random((8, 3), dtype=np.float32)}
    shared: dict = {"channels": (8, 16), "n_updates": 2, "random_state": 0}
    others = {"scheduler": "ddpm", "steps": 3, "guidance": 1.0, "strength": 0.5}
    one, other = (Unet(**shared, **more).fit(pictures, told) for more in ({}, others))
    assert set(Unet.drawing) == set(others)
    for name, weights in one.weights_.items():
        np.testing.assert_array_equal(weights, other.weights_[name])


def test_pictures_that_are_told_differently_are_learnt_each():
    pictures = RNG.random((3, 4, 4, 1), dtype=np.float32)
    told = {"low": RNG.random((4, 2), dtype=np.float32)}
    shown = pictures[[0, 1, 2, 0]]
    one = fitted_once(Counting(), shown, told)
    assert len(one.pictures_) == 4
    order = [3, 1, 0, 2]
    assert fitted_once(Counting(), shown[order], {"low": told["low"][order]}) is one
    same = {"low": told["low"][[0, 1, 2, 0]]}
    assert len(fitted_once(Counting(), shown, same).pictures_) == 3
    for picture, low in zip(one.pictures_, one.conditions_["low"], strict=True):
        i = int(np.flatnonzero((told["low"] == low).all(axis=1))[0])
        np.testing.assert_array_equal(picture, shown[i])


def test_seeds_are_of_the_row_the_candidate_and_the_state():
    X = RNG.normal(size=(4, 3, 2))
    seeds = seeds_of(X, 0)
    assert len({*seeds, *seeds_of(X, 1), *seeds_of(X, 0, candidate=1)}) == 12
    assert seeds_of(X[[2]], 0) == [seeds[2]]
    assert seeds_of(X.astype(np.float32), 0) == seeds
    assert all(0 <= seed < 2**63 for seed in seeds)


def test_seeds_of_trials_are_of_their_uid():
    X = RNG.normal(size=(3, 5))
    table = pd.DataFrame({"uid": list("xyz"), "subject": "1", "session": "1", "recording": "r",
                          "onset": [0.0, 1.0, 2.0]})  # fmt: skip
    part = Part(X, Space("voxels", tuple("abcde")), ("voxel",), None, None, "k")
    trials = Trials.of_entries(Rows(table), "fmri", part, np.arange(3))
    assert seeds_of(trials.take([2, 0]), 0) == [seeds_of(trials, 0)[i] for i in (2, 0)]
