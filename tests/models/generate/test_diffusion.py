"""Pictures that are drawn, or decoded, of what ridge tells: small worlds, few steps."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from sklearn.base import clone

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.training import TrainingPlace, trained_in
from neurodecode.models.generate._codecs.autoencoder import Autoencoder as Codec
from neurodecode.models.generate._generators.unet import Unet
from neurodecode.models.generate.autoencoder import Autoencoder
from neurodecode.models.generate.diffusion import Diffusion

pytest.importorskip("diffusers")
SMALL = {"n_updates": 10, "batch_size": 16}
UNET = {"unet": {"channels": [8, 16], "width": 8, "n_tokens": 2, "steps": 3} | SMALL}


def world(n=48, channels=1, size=8, seed=0):
    """Pictures of a bright side, left or right, and of a level; brains mix both with noise."""
    rng = np.random.default_rng(seed)
    left, level = rng.integers(0, 2, n), rng.uniform(0, 0.4, n)
    pictures = np.zeros((n, size, size, channels)) + level[:, None, None, None]
    for i in range(n):
        half = slice(0, size // 2) if left[i] else slice(size // 2, size)
        pictures[i, :, half] += 0.5
    latent = np.column_stack([left, level])
    X = latent @ rng.normal(size=(2, 30)) + 0.1 * rng.normal(size=(n, 30))
    return X, pictures.astype(np.float32), left


def diffusion(**more):
    low = {"autoencoder": SMALL}
    return Diffusion(**{"low": low, "generator": UNET, "random_state": 0} | more)


@pytest.fixture(scope="module")
def fitted():
    X, pictures, _ = world()
    return diffusion().fit(X[:40], pictures[:40])


def test_a_codec_keeps_shape_and_range_and_learns_the_round_trip():
    _, pictures, _ = world(channels=3, size=10)
    codec = Codec(random_state=0, n_updates=80, batch_size=16, lr=5e-3).fit(pictures)
    latents = codec.encode(pictures)
    assert latents.shape == (48, 4, 4, 4)  # 10 is padded to 16
    back = codec.decode(latents)
    assert (back.shape, back.dtype) == (pictures.shape, np.float32)
    assert back.min() >= 0
    assert back.max() <= 1
    assert np.mean((back - pictures) ** 2) < 0.5 * np.mean((pictures - pictures.mean(0)) ** 2)
    np.testing.assert_allclose(codec.decode(latents[3:4]), back[3:4], atol=1e-5)
    with pytest.raises(DataError, match=r"pictures of \(8, 8, 3\), and it was fitted on \(10, 10"):
        codec.encode(pictures[:, :8, :8])


def test_links_are_stored_as_their_weights_and_trained_alike_from_one_seed():
    _, pictures, _ = world()
    codec = Codec(random_state=3, n_updates=5, batch_size=16).fit(pictures)
    codec.encode(pictures[:1])
    stored = pickle.dumps(codec)
    assert b"torch" not in stored
    again = clone(codec).fit(pictures)
    for other in (pickle.loads(stored), again):
        np.testing.assert_array_equal(other.encode(pictures), codec.encode(pictures))


@pytest.mark.slow
def test_a_new_process_draws_the_same_pictures_bit_for_bit(fitted, tmp_path):
    X, *_ = world()
    (tmp_path / "model.pkl").write_bytes(pickle.dumps(fitted))
    np.save(tmp_path / "X.npy", X[40:])
    code = """
import pickle, sys, numpy as np
from pathlib import Path
folder = Path(sys.argv[1])
model = pickle.loads((folder / "model.pkl").read_bytes())
np.save(folder / "drawn.npy", model.predict(np.load(folder / "X.npy")))
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    np.testing.assert_array_equal(np.load(tmp_path / "drawn.npy"), fitted.predict(X[40:]))


def test_a_stopped_training_of_a_generator_goes_on_where_it_was(tmp_path, monkeypatch):
    from neurodecode.train import loop

    _, pictures, side = world()
    told = {"side": np.eye(2, dtype=np.float32)[side]}
    unet = Unet(channels=(8, 16), width=8, n_tokens=2, n_updates=48, batch_size=4, random_state=0)
    whole = clone(unet).fit(pictures, told)
    assert len(whole.history_) == 2  # passes of 24 steps
    written, passes = loop.write_history, []

    def stopping(history, path):
        written(history, path)
        passes.append(len(history))
        if passes == [1]:
            raise KeyboardInterrupt

    monkeypatch.setattr(loop, "write_history", stopping)
    with trained_in(TrainingPlace(tmp_path)), pytest.raises(KeyboardInterrupt):
        clone(unet).fit(pictures, told)
    with trained_in(TrainingPlace(tmp_path)):
        resumed = clone(unet).fit(pictures, told)
    assert passes.count(1) == 1  # it is not trained again
    for name, weights in whole.weights_.items():
        np.testing.assert_array_equal(weights, resumed.weights_[name])


def test_autoencoder_model_tells_pictures_better_than_their_mean():
    X, pictures, _ = world()
    model = Autoencoder(n_updates=80, batch_size=16, lr=5e-3, random_state=0).fit(
        X[:40], pictures[:40]
    )
    found = model.predict(X[40:])
    assert (found.shape, found.dtype) == ((8, 8, 8, 1), np.float32)
    error = np.mean((found - pictures[40:]) ** 2)
    assert error < 0.5 * np.mean((pictures[:40].mean(0) - pictures[40:]) ** 2)
    np.testing.assert_allclose(model.predict(X[41:42]), found[1:2], atol=1e-5)
    ceiling = model.ceilings(pictures[40:])
    assert set(ceiling) == {"round trip"}
    assert np.mean((ceiling["round trip"] - pictures[40:]) ** 2) < error


def test_diffusion_draws_pictures_of_the_size_and_range_of_training_ones(fitted):
    X, pictures, _ = world()
    found = fitted.predict(X[40:])
    assert (found.shape, found.dtype) == ((8, 8, 8, 1), np.float32)
    assert 0 <= found.min() <= found.max() <= 1
    assert set(fitted.ceilings(pictures[40:])) == {"true condition", "round trip"}


def test_a_drawn_picture_depends_on_its_own_brain_alone(fitted):
    X, _, _ = world()
    found = fitted.predict(X[40:])
    for at in ([3], [5, 1], list(range(7, -1, -1))):
        np.testing.assert_allclose(fitted.predict(X[40:][at]), found[at], atol=1e-5)
    np.testing.assert_array_equal(fitted.predict(X[40:]), found)


def test_a_stored_model_draws_the_same_and_another_state_draws_another(fitted):
    X, pictures, _ = world()
    found = fitted.predict(X[40:])
    again = pickle.loads(pickle.dumps(fitted))
    np.testing.assert_array_equal(again.predict(X[40:]), found)
    again.state_ = 1
    assert np.abs(again.predict(X[40:]) - found).max() > 0.01
    refitted = diffusion().fit(X[:40], pictures[:40])
    np.testing.assert_array_equal(refitted.predict(X[40:]), found)


def test_the_mean_of_draws_is_nearer_to_the_pictures_than_one_of_them(fitted):
    X, pictures, _ = world()
    one = np.mean((fitted.predict(X[40:]) - pictures[40:]) ** 2)
    fitted.n_samples = 6
    several = np.mean((fitted.predict(X[40:]) - pictures[40:]) ** 2)
    fitted.n_samples = 1
    assert several < one


def test_the_generator_learns_from_what_is_told_of_rows_left_out():
    X, pictures, _ = world()
    seen = []

    class Told(Unet):
        def fit(self, pictures, conditions):
            seen.append((pictures, conditions["low"]))
            return super().fit(pictures, conditions)

    link = Told(**UNET["unet"] | {"n_updates": 1})
    model = diffusion(generator=link).fit(X[:40], pictures[:40])
    shown, told = seen[0]
    # The same pictures beside what ridge fitted without them says; not beside what it fitted with.
    ridge = model.ridges_["low"]
    for i in (0, 7):
        at = int(np.flatnonzero((pictures[:40] == shown[i]).all(axis=(1, 2, 3)))[0])
        assert ridge.loo_predictions(around="all")[at] == pytest.approx(told[i], abs=1e-5)
        assert np.abs(ridge.predict(X[[at]])[0] - told[i]).max() > 1e-3


def test_repeats_of_a_picture_are_one_row_and_their_order_does_not_matter():
    X, pictures, _ = world(n=20)
    X, pictures = np.concatenate([X, X + 0.01, X]), np.concatenate([pictures] * 3)
    one = diffusion().fit(X, pictures)
    assert len(one.ridges_["low"].loo_predictions()) == 20
    order = np.random.default_rng(0).permutation(len(X))
    other = diffusion().fit(X[order], pictures[order])
    np.testing.assert_allclose(one.predict(X[:3]), other.predict(X[:3]), atol=1e-4)


def test_features_of_training_pictures_are_told_beside_the_latent():
    X, pictures, left = world()
    tokens = np.random.default_rng(1).normal(size=(2, 3, 5))[left]
    model = diffusion(conditions=("meaning",), start=True)
    assert model.needs.training_signals == ("meaning",)
    model.fit(X[:40], pictures[:40], signals={"meaning": tokens[:40]})
    assert model.predict(X[40:]).shape == (8, 8, 8, 1)
    assert "true condition" in model.ceilings(pictures[40:], {"meaning": tokens[40:]})
    with pytest.raises(DataError, match="nothing was handed over for the condition 'meaning'"):
        diffusion(conditions=("meaning",)).fit(X, pictures)
    with pytest.raises(DataError, match=r"'meaning' has shape \(3, 3, 5\) for 48 pictures"):
        diffusion(conditions=("meaning",)).fit(X, pictures, signals={"meaning": tokens[:3]})


@pytest.mark.parametrize(
    ("more", "what"),
    [
        ({"generator": {"unet": {"steps": 20, "strength": 0.02}}}, "20 steps of strength 0.02"),
        ({"generator": {"unet": {"guidence": 3}}}, "Did you mean 'guidance'"),
        ({"generator": {"unet": {"drop": 0.0}}}, "with drop 0 the model never learns"),
        ({"generator": {"unet": {"codec": {"autoencodr": {}}}}}, "Did you mean 'autoencoder'"),
        ({"renorm": "test"}, r"renorm is 'test'\. Give none or loo"),
        ({"conditions": ("low",)}, "conditions name 'low', which is the latent's own name"),
        ({"n_samples": 0}, "n_samples"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_is_trained(more, what, monkeypatch):
    def never(*_):
        raise AssertionError("a codec was fitted")

    monkeypatch.setattr(Codec, "fit", never)
    X, pictures, _ = world()
    with pytest.raises(ConfigError, match=what):
        diffusion(**more).fit(X, pictures)


def test_bad_pictures_and_brains_are_refused(fitted):
    X, pictures, _ = world()
    with pytest.raises(DataError, match="divide by 255"):
        diffusion().fit(X, pictures * 255)
    with pytest.raises(ValueError, match="NaN"):
        fitted.predict(np.where(np.arange(30) == 3, np.nan, X[40:]))
    with pytest.raises(ConfigError, match="sides are multiples of 4"):
        Unet(channels=(8, 16, 32)).fit(np.zeros((4, 10, 10, 1), np.float32), {"a": np.eye(4)})
