"""Brain-Diffuser's two stages, with links that are small enough to be known by heart."""

import numpy as np
import pandas as pd
import pytest
from sklearn.base import BaseEstimator, clone

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.models.generate.brain_diffuser import BrainDiffuser

SIDE = 4
N, N_TEST = 60, 5


class Pooled(BaseEstimator):
    """A codec: the mean of each quarter of a picture."""

    def fit(self, pictures):
        self.n_seen_ = len(pictures)
        return self

    def encode(self, pictures):
        half = SIDE // 2
        return pictures.reshape(-1, 2, half, 2, half, 3).mean(axis=(2, 4)).astype(np.float32)

    def decode(self, latents):
        return np.clip(np.repeat(np.repeat(latents, 2, axis=1), 2, axis=2), 0, 1)


class Tinted(BaseEstimator):
    """A generator: a share of the start, the rest the colour that is told, and a little chance."""

    def __init__(self, strength=0.5, chance=0.0):
        self.strength, self.chance = strength, chance

    def fit(self, pictures, conditions):
        self.n_seen_, self.names_ = len(pictures), sorted(conditions)
        return self

    def generate(self, conditions, seeds, init=None):
        told = conditions["colour"].mean(axis=1)[:, None, None, :]
        noise = [np.random.default_rng(seed).normal(size=(SIDE, SIDE, 3)) for seed in seeds]
        made = self.strength * told + (1 - self.strength) * init + self.chance * np.stack(noise)
        return np.clip(made, 0, 1).astype(np.float32)


def world(seed=0, repeats=1):
    """Pictures of four quarters, their colour as two tokens, and a brain that mixes both."""
    rng = np.random.default_rng(seed)
    shown = rng.uniform(0.2, 0.8, size=(N + N_TEST, 2, 2, 3)).astype(np.float32)
    pictures = np.repeat(np.repeat(shown, 2, axis=1), 2, axis=2)
    mean = shown.mean(axis=(1, 2))
    colour = np.stack([mean, mean], axis=1)  # (n, 2 tokens, 3)
    mixing = np.random.default_rng(9).normal(size=(12, 40))
    brain = shown.reshape(len(shown), -1) @ mixing
    at = np.repeat(np.arange(N), repeats)
    X = brain[at] + 0.05 * rng.normal(size=(len(at), 40))
    rows = pd.DataFrame({"subject": "01", "stimulus": at.astype(str)})
    train = {"X": X, "y": pictures[at], "rows": rows, "signals": {"colour": colour[at]}}
    return train, brain[N:] + 0.05 * rng.normal(size=(N_TEST, 40)), pictures[N:], colour[N:]


def model(**arguments):
    arguments = {"conditions": ("colour",), "low": Pooled(), "generator": Tinted()} | arguments
    return BrainDiffuser("tiny", random_state=0, **arguments)


def test_both_stages_are_told_by_the_brain():
    train, X, pictures, colour = world()
    fitted = model().fit(**train)
    made = fitted.predict(X)
    assert made.shape == pictures.shape and made.dtype == np.float32
    tinted = 0.5 * colour.mean(axis=1)[:, None, None, :] + 0.5 * pictures
    # What the links make of the truth, but for noise of .05 in a brain whose spread is 1.
    assert np.abs(made - tinted).mean() < 0.03
    assert np.abs(fitted.predict_low(X) - pictures).mean() < 0.03


def test_what_is_told_of_a_row_does_not_lean_on_others_or_on_repeats():
    train, X, *_ = world(repeats=3)
    fitted = model(generator=Tinted(chance=0.05)).fit(**train)
    assert fitted.codec_.n_seen_ == fitted.generator_.n_seen_ == N
    made = fitted.predict(X)
    np.testing.assert_allclose(fitted.predict(X[2:3]), made[2:3], atol=1e-6)
    np.testing.assert_allclose(fitted.predict(X[::-1]), made[::-1], atol=1e-6)
    np.testing.assert_array_equal(clone(fitted).fit(**train).predict(X), made)
    other = clone(fitted).set_params(random_state=1).fit(**train).predict(X)
    assert np.abs(other - made).max(axis=(1, 2, 3)).min() > 0.01


def test_ceilings_are_what_true_conditions_and_the_codec_give():
    train, _, pictures, colour = world()
    found = model().fit(**train).ceilings(pictures, {"colour": colour})
    assert list(found) == ["true condition", "round trip"]
    np.testing.assert_allclose(found["round trip"], pictures, atol=1e-6)
    tinted = 0.5 * colour.mean(axis=1)[:, None, None, :] + 0.5 * pictures
    np.testing.assert_allclose(found["true condition"], tinted, atol=1e-6)


def test_the_picture_of_stage_1_may_be_mixed_in_and_that_is_said():
    train, X, *_ = world()
    plain = model().fit(**train)
    mixed = model(post_mix=0.25).fit(**train)
    assert (plain.flags_, mixed.flags_) == ((), ("post_mix:0.25",))
    expected = 0.75 * plain.predict(X) + 0.25 * plain.predict_low(X)
    np.testing.assert_allclose(mixed.predict(X), expected, atol=1e-6)


def test_of_several_candidates_the_one_is_kept_that_explains_the_brain():
    train, X, *_ = world()
    chance = Tinted(strength=0.0, chance=0.2)  # the start, spoilt by more or less
    one = model(generator=chance).fit(**train).predict(X)
    best = model(generator=chance, candidates=8).fit(**train)
    made, low = best.predict(X), best.predict_low(X)
    # The start is what the brain says: a candidate that explains the brain is near it.
    assert np.abs(_pooled(made - low)).mean() < 0.9 * np.abs(_pooled(one - low)).mean()
    np.testing.assert_allclose(best.predict(X[1:2]), made[1:2], atol=1e-6)


def test_a_prior_draws_conditions_that_vary_as_true_ones_do():
    """Where the brain says nothing, ridge tells every row the mean, and a prior any colour."""
    train, X, _, colour = world()
    train["X"] = np.random.default_rng(1).normal(size=train["X"].shape)
    X = np.random.default_rng(2).normal(size=(200, 40))
    prior = {"sizes": {"widths": [32], "dropout": 0.0}, "n_updates": 300, "lr": 5e-3}
    asked = {"renorm": "none", "generator": Tinted(strength=1.0)}
    ridge, drawn = (model(**asked, prior=one).fit(**train) for one in (None, prior))
    spread = [one.predict(X)[:, 0, 0].std(axis=0).mean() for one in (ridge, drawn)]
    true = np.concatenate([train["signals"]["colour"], colour]).mean(axis=1).std(axis=0).mean()
    # A colour is the mean of four quarters, each uniform over .6: its s.d. is .6 / √12 / 2 = .087.
    assert true == pytest.approx(0.087, rel=0.2)
    assert spread[0] < 0.4 * true
    assert spread[1] == pytest.approx(true, rel=0.25)  # what a prior of 60 pictures may be off
    np.testing.assert_allclose(drawn.predict(X[3:5]), drawn.predict(X)[3:5], atol=1e-5)
    assert set(drawn.priors_) == {"colour"} and not ridge.priors_


def test_the_papers_statistics_are_taken_by_name_alone():
    train, X, *_ = world()
    fitted = model(renorm="transductive").fit(**train)
    assert fitted.needs.transductive and not hasattr(model(), "adapt")
    with pytest.raises(DataError, match="it was shown none"):
        fitted.predict(X)
    few = fitted.adapt(X[:3]).predict(X[:1])
    assert np.abs(fitted.adapt(X).predict(X[:1]) - few).max() > 1e-3


def test_arguments_of_the_generator_are_said_once():
    train, *_ = world()
    assert model(strength=0.3).set_params(generator={"unet": {}})._generator().strength == 0.3
    assert model(generator={"unet": {"strength": 0.2}})._generator().strength == 0.2
    own = Tinted(strength=0.9)
    assert model(strength=0.3, generator=own)._generator().strength == 0.3 != own.strength
    assert model(generator=own)._generator().strength == 0.9
    with pytest.raises(ConfigError, match=r"strength is 0\.3 here and 0\.2 of the generator"):
        model(strength=0.3, generator={"unet": {"strength": 0.2}}).fit(**train)
    with pytest.raises(ConfigError, match=r"mixing is 0\.4, and Unet has none"):
        model(mixing=0.4, generator={"unet": {}}).fit(**train)
    with pytest.raises(ConfigError, match=r"there is no .kandinski.\. Did you mean 'kandinsky'"):
        model(generator={"kandinski": {}}).fit(**train)


@pytest.mark.parametrize(
    ("prior", "what"),
    [
        ({"networks": "mlp"}, "prior.*networks.*network"),
        ({"network": "unet"}, "prior: network: expected one of mlp, transformer"),
        ({"drop": 1.0}, "drop is 1.0. Give a share"),
    ],
)
def test_a_prior_that_cannot_be_meant_is_refused_before_anything_is_fitted(prior, what, tmp_path):
    with pytest.raises(ConfigError, match=what):
        model(prior=prior).hashes(tmp_path)


def test_what_cannot_be_meant_is_refused():
    train, *_ = world()
    with pytest.raises(DataError, match="nothing was handed over for the condition 'shape'"):
        model(conditions=("colour", "shape")).fit(**train)
    with pytest.raises(ConfigError, match="alphas of 'colours', which is none of low, colour"):
        model(alphas={"colours": (1.0,)}).fit(**train)
    with pytest.raises(ConfigError, match="'low', which is the latent's own name"):
        model(conditions=("low",)).fit(**train)
    with pytest.raises(ConfigError, match="post_mix is 1"):
        model(post_mix=1.0).fit(**train)
    with pytest.raises(DataError, match=r"has shape \(3, 2, 3\) for 60 pictures"):
        model().fit(**train | {"signals": {"colour": np.zeros((3, 2, 3))}})
    with pytest.raises(DataError, match="pictures go from 51"):
        model().fit(**train | {"y": 255 * train["y"]})


def test_the_papers_recipe_is_the_preset_and_its_weights_are_looked_for():
    paper = BrainDiffuser()
    assert paper.needs.training_signals == ("vision", "text")
    link = paper._generator()
    assert (link.strength, link.guidance, link.steps, link.mixing) == (0.75, 7.5, 50, 0.4)
    # Ozcelik & VanRullen: 50,000 of the latent, 60,000 of vision, 100,000 of text.
    penalties = {"low": (50_000.0,), "vision": (60_000.0,), "text": (100_000.0,)}
    assert paper._penalties() == penalties
    paper.set_params(alphas={"text": (1.0, 2.0)})
    assert paper._penalties() == penalties | {"text": (1.0, 2.0)}
    with pytest.raises(DataMissing, match="'versatile-diffusion' are not on this machine"):
        paper.hashes(None)


@pytest.mark.slow
def test_the_tiny_preset_trains_both_links_here_and_is_the_same_from_the_same_seed():
    rng = np.random.default_rng(0)
    shade = rng.uniform(size=(80, 1, 1, 3)).astype(np.float32)
    pictures = np.broadcast_to(shade, (80, 16, 16, 3)).copy()
    pictures[:40, :8] = 0
    tokens = np.tile(shade[:, 0], (1, 2, 1))
    brain = np.concatenate([shade.reshape(80, 3), np.repeat([[1.0], [0.0]], 40, axis=0)], axis=1)
    X = brain @ rng.normal(size=(4, 30)) + 0.01 * rng.normal(size=(80, 30))
    tested = np.arange(0, 80, 8)
    train = np.setdiff1d(np.arange(80), tested)
    low = {"autoencoder": {"n_updates": 60}}
    model = BrainDiffuser(
        "tiny", low=low, steps=4, random_state=0,
        generator={"unet": {"codec": low, "n_updates": 60, "batch_size": 16}},
    )  # fmt: skip
    told = {"semantic": tokens[train]}
    made = model.fit(X[train], pictures[train], signals=told).predict(X[tested])
    assert made.shape == (10, 16, 16, 3) and 0 <= made.min() <= made.max() <= 1
    again = clone(model).fit(X[train], pictures[train], signals=told).predict(X[tested])
    np.testing.assert_array_equal(made, again)


def _pooled(pictures):
    return Pooled().encode(pictures)
