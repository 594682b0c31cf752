"""Pretrained generators and codecs, each run from a folder of tiny random weights, offline."""

import json
import pickle
import shutil
import socket
import tracemalloc

import numpy as np
import pandas as pd
import pytest
import tiny_pipelines as tiny
import torch
from safetensors.torch import load_file, save_file
from sklearn.base import clone

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.files import cache_folder
from neurodecode.core.parts import Part
from neurodecode.core.rows import Rows
from neurodecode.core.space import Space
from neurodecode.core.trials import Trials
from neurodecode.models.generate._codecs.sd_vae import SdVae
from neurodecode.models.generate._generators.ip_adapter import IpAdapter
from neurodecode.models.generate._generators.kandinsky import Kandinsky
from neurodecode.models.generate._generators.stable_diffusion import StableDiffusion
from neurodecode.models.generate._generators.versatile_diffusion import VersatileDiffusion
from neurodecode.models.generate.benchetrit_generator import BenchetritGenerator
from neurodecode.models.generate.brain_diffuser import BrainDiffuser

rng = np.random.default_rng(0)
N = 3
PICTURES = rng.random((N, 20, 20, 3), dtype=np.float32)
NAMES = ("kandinsky", "stable_diffusion", "stable_diffusion_xl", "versatile_diffusion")
SHAPES = {
    "kandinsky": {"image_embeds": (24,)},
    "stable_diffusion": {"prompt_embeds": (9, 32)},
    "stable_diffusion_xl": {"prompt_embeds": (9, 64), "pooled_prompt_embeds": (32,)},
    "ip_adapter": {"image_embeds": (12,)},
    "versatile_diffusion": {"vision": (17, 32), "text": (9, 32)},
}
CASES = tuple(SHAPES)
SOME = [
    one if one in ("kandinsky", "stable_diffusion") else pytest.param(one, marks=pytest.mark.slow)
    for one in CASES
]  # what they share is tested of two; of the rest among the slow
TOLD = {
    case: {k: rng.standard_normal((N, *shape)).astype(np.float32) for k, shape in shapes.items()}
    for case, shapes in SHAPES.items()
}
# Pictures of one seed in another batch: float32 sums of another order, grown by a few steps.
ROUNDING = 1e-4


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    root = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    made = {name: getattr(tiny, name)(root / name) for name in NAMES}
    return made | {"adapter": tiny.adapter(root / "adapter", made["stable_diffusion"] / "unet")}


@pytest.fixture(autouse=True)
def offline(monkeypatch, tmp_path):
    def reached(self, address):
        raise AssertionError(f"reached for {address}")

    monkeypatch.setattr(socket.socket, "connect", reached)
    monkeypatch.setenv("NEURODECODE_CACHE", str(tmp_path / "cache"))


def link(case, folders, **arguments):
    arguments = {"steps": 2, "precision": "float32"} | arguments
    if case == "ip_adapter":
        base, adapter = str(folders["stable_diffusion"]), str(folders["adapter"])
        return IpAdapter(base, adapter, **arguments)
    made = {
        "kandinsky": Kandinsky,
        "stable_diffusion": StableDiffusion,
        "stable_diffusion_xl": StableDiffusion,
        "versatile_diffusion": VersatileDiffusion,
    }[case]
    return made(str(folders[case]), **arguments)


def fitted(case, folders, **arguments):
    return link(case, folders, **arguments).fit(PICTURES, TOLD[case])


def changed(told, row):
    """Conditions of which one row is another's."""
    other = {name: one.copy() for name, one in told.items()}
    for one in other.values():
        one[row] = -one[row]
    return other


def differ(a, b):
    return np.abs(a - b).max(axis=(1, 2, 3))


@pytest.mark.parametrize("case", CASES)
def test_a_picture_is_of_its_seed_and_its_condition_alone(case, folders):
    model, told = fitted(case, folders), TOLD[case]
    made = model.generate(told, [1, 2, 3])
    assert made.shape == PICTURES.shape and made.dtype == np.float32
    assert made.min() >= 0 and made.max() <= 1 and made.std() > 0.01
    np.testing.assert_array_equal(model.generate(told, [1, 2, 3]), made)
    alone = model.generate({k: v[1:2] for k, v in told.items()}, [2])
    assert differ(alone, made[1:2]) < ROUNDING
    other = differ(model.generate(changed(told, 1), [1, 2, 4]), made)
    assert other[0] < ROUNDING and (other[1:] > 0.01).all()


@pytest.mark.parametrize("case", SOME)
def test_a_picture_to_start_from_is_forgotten_by_strength(case, folders):
    told, seeds = TOLD[case], [1, 2, 3]
    model = fitted(case, folders, steps=4, strength=0.25)
    little = model.generate(told, seeds, PICTURES)
    other = PICTURES.copy()
    other[1] = 1 - other[1]
    moved = differ(model.generate(told, seeds, other), little)
    assert moved[[0, 2]].max() < ROUNDING and moved[1] > 0.01
    model.set_params(strength=1.0)
    assert (differ(model.generate(told, seeds, PICTURES), little) > 0.01).all()


@pytest.mark.parametrize("case", SOME)
def test_guidance_goes_beyond_what_is_said_without_condition(case, folders):
    model, told = fitted(case, folders), TOLD[case]
    one = model.set_params(guidance=1.0).generate(told, [1, 2, 3])
    assert (differ(model.set_params(guidance=3.0).generate(told, [1, 2, 3]), one) > 0.001).all()


@pytest.mark.parametrize("case", SOME)
def test_zeros_may_stand_for_no_condition_and_need_no_encoder(case, folders, tmp_path):
    base = folders["stable_diffusion" if case == "ip_adapter" else case]
    slim = shutil.copytree(base, tmp_path / "slim")
    for encoder in ("text_encoder", "tokenizer", "text_encoder_2", "tokenizer_2", "image_encoder"):
        shutil.rmtree(slim / encoder, ignore_errors=True)
    model = link(case, folders, unconditional="zeros").set_params(weights=str(slim))
    assert model.fit(PICTURES, TOLD[case]).generate(TOLD[case], [1, 2, 3]).std() > 0.01
    with pytest.raises(DataMissing, match=r"slim.* has no (image|text)_encoder/"):
        model.set_params(unconditional="empty").fit(PICTURES, TOLD[case])


def test_a_pipeline_gives_what_diffusers_gives_by_hand(folders):
    d = tiny.diffusers()
    told = torch.from_numpy(TOLD["stable_diffusion"]["prompt_embeds"])
    pipe = d.StableDiffusionPipeline.from_pretrained(
        folders["stable_diffusion"], local_files_only=True, safety_checker=None
    )
    pipe.scheduler = d.DDIMScheduler(**tiny.LATENT)
    pipe.set_progress_bar_config(disable=True)
    by_hand = pipe(
        prompt_embeds=told, num_inference_steps=2, guidance_scale=7.5, output_type="pt",
        negative_prompt_embeds=pipe.encode_prompt([""] * N, "cpu", 1, False)[0],
        height=32, width=32, generator=[torch.Generator().manual_seed(i) for i in range(N)],
    ).images  # fmt: skip
    pictures = np.zeros((N, 32, 32, 3), np.float32)  # of the pipeline's own size: none is resized
    model = link("stable_diffusion", folders).fit(pictures, TOLD["stable_diffusion"])
    made = model.generate(TOLD["stable_diffusion"], range(N))
    np.testing.assert_allclose(made, by_hand.permute(0, 2, 3, 1).numpy(), atol=1e-5)


def test_the_share_of_the_text_is_what_mixing_says(folders):
    told = TOLD["versatile_diffusion"]
    text = {**told, "text": -told["text"]}
    vision = {**told, "vision": -told["vision"]}
    model, seeds = fitted("versatile_diffusion", folders), [1, 2, 3]
    seen = model.set_params(mixing=0.0).generate(told, seeds)
    assert differ(model.generate(text, seeds), seen).max() < ROUNDING
    read = model.set_params(mixing=1.0).generate(told, seeds)
    assert differ(model.generate(vision, seeds), read).max() < ROUNDING
    half = model.set_params(mixing=0.4).generate(told, seeds)
    assert min(differ(model.generate(one, seeds), half).min() for one in (text, vision)) > 1e-3
    silent = link("versatile_diffusion", folders, text=None)
    silent.fit(PICTURES, {"vision": told["vision"]})
    assert differ(silent.generate({"vision": told["vision"]}, seeds), seen).max() < ROUNDING


def test_an_adapter_of_another_model_is_refused(folders, tmp_path):
    xl = str(folders["stable_diffusion_xl"])
    with pytest.raises(ConfigError, match=r"tokens of 32 numbers, and the U-Net .* takes 64"):
        link("ip_adapter", folders).set_params(weights=xl).fit(PICTURES, TOLD["ip_adapter"])
    folder = shutil.copytree(folders["adapter"], tmp_path / "several")
    shutil.copy(folder / "models" / "ip-adapter.safetensors", folder / "models" / "b.safetensors")
    model = link("ip_adapter", folders).set_params(adapter=str(folder))
    with pytest.raises(DataMissing, match=r"2 files that may be the adapter: .*adapter_file"):
        model.fit(PICTURES, TOLD["ip_adapter"])
    save_file({"image_proj.latents": torch.zeros(2)}, folder / "models" / "b.safetensors")
    with pytest.raises(DataError, match=r"no image_proj\.proj\.weight"):
        model.set_params(adapter_file="models/b.safetensors").fit(PICTURES, TOLD["ip_adapter"])


@pytest.mark.slow
def test_an_adapter_works_in_stable_diffusion_xl(folders, tmp_path):
    adapter = tiny.adapter(tmp_path / "adapter", folders["stable_diffusion_xl"] / "unet")
    model = IpAdapter(str(folders["stable_diffusion_xl"]), str(adapter), steps=2)
    made = model.fit(PICTURES, TOLD["ip_adapter"]).generate(TOLD["ip_adapter"], [1, 2, 3])
    turned = model.generate(changed(TOLD["ip_adapter"], 0), [1, 2, 3])
    assert differ(turned, made)[0] > 0.01 and differ(turned, made)[1:].max() < ROUNDING


def test_conditions_are_held_to_the_weights(folders):
    told = TOLD["kandinsky"]
    wide = {"image_embeds": np.zeros((N, 30), np.float32)}
    with pytest.raises(ConfigError, match=r"is 30 numbers a picture, and .* take 24 numbers"):
        link("kandinsky", folders).fit(PICTURES, wide)
    with pytest.raises(ConfigError, match=r"conditions are clip, and it takes image_embeds"):
        link("kandinsky", folders).fit(PICTURES, {"clip": told["image_embeds"]})
    named = link("kandinsky", folders, image_embeds="clip")
    named.fit(PICTURES, {"clip": told["image_embeds"]})
    few = {"prompt_embeds": np.zeros((N, 5, 32), np.float32)}
    with pytest.raises(ConfigError, match=r"has 5 tokens, and an empty text has 9"):
        link("stable_diffusion", folders).fit(PICTURES, few)
    with pytest.raises(ConfigError, match=r"30 numbers a picture, and .* take any × 32"):
        link("stable_diffusion", folders).fit(PICTURES, {"prompt_embeds": wide["image_embeds"]})
    with pytest.raises(DataError, match=r"is 2 × 24, and with 3 seeds it must be 3 × 24"):
        fitted("kandinsky", folders).generate({"image_embeds": np.zeros((2, 24))}, [1, 2, 3])
    nan = {"image_embeds": np.full((N, 24), np.nan)}
    with pytest.raises(DataError, match="not finite"):
        fitted("kandinsky", folders).generate(nan, [1, 2, 3])


def test_what_cannot_be_drawn_is_refused_before_anything_is_drawn(folders):
    told = TOLD["stable_diffusion"]
    with pytest.raises(ConfigError, match=r"20 steps of strength 0.02 are 0.4, so none"):
        fitted("stable_diffusion", folders, steps=20, strength=0.02)
    with pytest.raises(ConfigError, match=r"size: 30 is no multiple of 4.*Give 32"):
        fitted("stable_diffusion", folders, size=30)
    model = fitted("stable_diffusion", folders)
    with pytest.raises(DataError, match=r"from 0 to 2"):
        model.generate(told, [1, 2, 3], 2 * (PICTURES > 0.5))
    with pytest.raises(DataError, match=r"3 × 8 × 20 × 3, and 3 × 20 × 20 × 3 are needed"):
        model.generate(told, [1, 2, 3], PICTURES[:, :8])


def test_a_folder_of_another_model_is_refused(folders, tmp_path):
    with pytest.raises(DataError, match=r"are of KandinskyV22Pipeline, and it takes those of St"):
        StableDiffusion(str(folders["kandinsky"])).fit(PICTURES, TOLD["stable_diffusion"])
    with pytest.raises(DataMissing, match="'nowhere' are not on this machine"):
        Kandinsky("nowhere").fit(PICTURES, TOLD["kandinsky"])
    with pytest.raises(DataMissing, match="has no vae/"):
        SdVae(str(folders["kandinsky"])).fit(PICTURES)
    folder = shutil.copytree(folders["kandinsky"], tmp_path / "own")
    config = json.loads((folder / "unet" / "config.json").read_text())
    (folder / "unet" / "config.json").write_text(json.dumps(config | {"_class_name": "Unet1D"}))
    with pytest.raises(
        DataError, match=r"own/unet.* are of Unet1D, and it takes those of UNet2DCo"
    ):
        Kandinsky(str(folder)).fit(PICTURES, TOLD["kandinsky"])
    shutil.rmtree(folder / "unet")
    with pytest.raises(DataMissing, match="has no unet/"):
        Kandinsky(str(folder)).fit(PICTURES, TOLD["kandinsky"])


def test_every_tensor_must_be_there_and_weights_stay_those_of_the_fit(folders, tmp_path):
    folder = shutil.copytree(folders["kandinsky"], tmp_path / "own")
    model = Kandinsky(str(folder), steps=2).fit(PICTURES, TOLD["kandinsky"])
    parts = {name.partition("/")[0] for name in model.hashes_}
    assert parts == {"unet", "movq", "scheduler"} and len(set(model.hashes_.values())) == 5
    file = folder / "unet" / "diffusion_pytorch_model.safetensors"
    tensors = load_file(file)
    tensors["more"] = tensors.pop("conv_in.bias")
    save_file(tensors, file)
    with pytest.raises(DataError, match="not those that it was fitted with"):
        model.generate(TOLD["kandinsky"], [1, 2, 3])
    model.fit(PICTURES, TOLD["kandinsky"])
    with pytest.raises(DataError, match=r"1 missing: conv_in.bias; 1 left over: more"):
        model.generate(TOLD["kandinsky"], [1, 2, 3])


def test_a_kept_generator_gives_the_same_pictures_and_holds_no_network(folders):
    model = fitted("kandinsky", folders)
    kept = pickle.dumps(model)
    assert len(kept) < 5000
    made = model.generate(TOLD["kandinsky"], [1, 2, 3])
    np.testing.assert_array_equal(pickle.loads(kept).generate(TOLD["kandinsky"], [1, 2, 3]), made)
    assert clone(model).get_params() == model.get_params()


def test_grey_pictures_come_out_grey(folders):
    grey = PICTURES[..., :1]
    model = link("kandinsky", folders).fit(grey, TOLD["kandinsky"])
    assert model.generate(TOLD["kandinsky"], [1, 2, 3], grey).shape == grey.shape


@pytest.mark.slow
@pytest.mark.parametrize("case", ["kandinsky", "stable_diffusion", "stable_diffusion_xl"])
def test_every_sampler_runs(case, folders):
    for scheduler in link(case, folders).schedulers:
        model = fitted(case, folders, scheduler=scheduler)
        for start in (None, PICTURES):
            made = model.generate(TOLD[case], [1, 2, 3], start)
            assert np.isfinite(made).all() and made.std() > 0.01
    with pytest.raises(ConfigError, match=r"scheduler is 'ddin'\. Did you mean 'ddim'"):
        fitted(case, folders, scheduler="ddin")


def test_latents_are_the_mean_of_the_posterior_in_the_unit_of_the_unet(folders):
    codec = SdVae(str(folders["stable_diffusion"]), precision="float32", batch_size=2)
    pictures = rng.random((N, 32, 32, 3), dtype=np.float32)
    latents = codec.fit(pictures).encode(pictures)
    assert latents.shape == (N, *codec.latent_shape_) == (N, 4, 8, 8)
    vae = tiny.diffusers().AutoencoderKL.from_pretrained(folders["stable_diffusion"] / "vae")
    with torch.inference_mode():
        inside = torch.from_numpy(pictures).permute(0, 3, 1, 2) * 2 - 1
        mean = vae.encode(inside).latent_dist.mean
        back = (vae.decode(mean).sample / 2 + 0.5).clamp(0, 1).permute(0, 2, 3, 1)
    # 0.18215: the scaling factor of Stable Diffusion 1, which is the default of the class.
    np.testing.assert_allclose(latents, 0.18215 * mean.numpy(), atol=1e-5)
    np.testing.assert_allclose(codec.decode(latents), back.numpy(), atol=1e-5)
    with pytest.raises(DataError, match="it was fitted on pictures of"):
        codec.encode(pictures[:, :8])


def brains(n, n_voxels, told, pictures):
    """Brains that tell a little of everything that is told of the pictures."""
    parts = [pictures, *told.values()]
    rng = np.random.default_rng(1)
    seen = sum(p.reshape(n, -1) @ rng.normal(size=(p[0].size, n_voxels)) for p in parts)
    return seen.astype(np.float32)


def test_brain_diffuser_runs_both_stages_from_one_folder(folders):
    n, weights = 24, str(folders["versatile_diffusion"])
    pictures = rng.random((n, 20, 20, 3), dtype=np.float32)
    told = {
        k: rng.standard_normal((n, *shape)).astype(np.float32)
        for k, shape in SHAPES["versatile_diffusion"].items()
    }
    model = BrainDiffuser(
        low={"sd_vae": {"weights": weights}}, random_state=0, steps=4,
        generator={"versatile_diffusion": {"weights": weights}},
    )  # fmt: skip
    X = brains(n, 30, told, pictures)
    made = model.fit(X[:-2], pictures[:-2], signals={k: v[:-2] for k, v in told.items()})
    assert {"low/vae/config.json", "generator/text_unet/config.json"} < set(
        model.hashes(cache_folder())
    )
    made = model.predict(X[-2:])
    assert made.shape == (2, 20, 20, 3) and made.std() > 0.01
    assert differ(model.predict(X[-1:]), made[1:]) < ROUNDING
    found = model.ceilings(pictures[-2:], {k: v[-2:] for k, v in told.items()})
    assert differ(found["true condition"], found["round trip"]).min() > 0.01
    assert differ(found["true condition"], made).min() > 0.01


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")  # of a single pass
def test_benchetrit_generator_runs_both_stages_from_one_folder(folders):
    n, weights = 24, str(folders["versatile_diffusion"])
    pictures = rng.random((n, 20, 20, 3), dtype=np.float32)
    told = {
        k: rng.standard_normal((n, *shape)).astype(np.float32)
        for k, shape in SHAPES["versatile_diffusion"].items()
    }
    space = Space("sensors", tuple("abcdef"), ("mag",) * 6, rng.normal(size=(6, 3)), unit="T")
    X = 1e-13 * brains(n, 120, told, pictures).reshape(n, 6, 20)
    table = pd.DataFrame({"uid": [f"{i}" for i in range(n)], "subject": "01"})
    part = Part(X, space, ("channel", "time"), 50.0, 0.0, "X")
    trials = Trials.of_entries(Rows(table), "meg", part, np.arange(n))

    def of(rows):
        return trials.take(rows), pictures[rows], {k: v[rows] for k, v in told.items()}

    model = BenchetritGenerator(
        low={"sd_vae": {"weights": weights}}, random_state=0, steps=4,
        generator={"versatile_diffusion": {"weights": weights}},
        network={"training": {"max_epochs": 1}},
    )  # fmt: skip
    X_train, y, signals = of(np.arange(16))
    model.fit(X_train, y, signals=signals, val=of(np.arange(16, 22)))
    assert "generator/text_unet/config.json" in model.hashes(cache_folder())
    made = model.predict(trials.take([22, 23]))
    assert made.shape == (2, 20, 20, 3) and made.std() > 0.01
    assert differ(model.predict(trials.take([23])), made[1:]) < ROUNDING
    assert model.told_["vision"].network_.made_["heads"] == {"mse": 17 * 32}


@pytest.mark.slow
def test_the_papers_sizes_stay_within_memory(tmp_path):
    """257 x 768 and 77 x 768 numbers of 15,724 voxels: weights would be 12.4 and 3.7 GB."""
    torch.manual_seed(0)
    weights = str(tiny.versatile_diffusion(tmp_path / "wide", cross_attention_dim=768))
    n, n_tested = 40, 4
    pictures = rng.random((n, 64, 64, 3), dtype=np.float32)
    told = {
        "vision": rng.standard_normal((n, 257, 768)).astype(np.float32),
        "text": rng.standard_normal((n, 77, 768)).astype(np.float32),
    }
    X = rng.standard_normal((n, 15_724)).astype(np.float32)
    model = BrainDiffuser(
        low={"sd_vae": {"weights": weights}}, random_state=0, steps=2,
        generator={"versatile_diffusion": {"weights": weights, "unconditional": "zeros"}},
    )  # fmt: skip
    tracemalloc.start()
    train = {k: v[n_tested:] for k, v in told.items()}
    made = model.fit(X[n_tested:], pictures[n_tested:], signals=train).predict(X[:n_tested])
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert made.shape == (n_tested, 64, 64, 3) and np.isfinite(made).all()
    assert peak < 1e9
