"""Layers of CLIP, DINOv2 and ConvNeXt as transformers gives them; weights are held to strictly."""

import hashlib
import json
import shutil
import socket

import numpy as np
import pytest
import tiny_weights
import torch
from counted_feature import flat_pictures
from safetensors.torch import load_file, save_file

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.data.pretrained import quiet
from neurodecode.data.weights import find_weights
from neurodecode.features._computing import compute, look
from neurodecode.features.hf_vision import HfVision

rng = np.random.default_rng(0)
PICTURES = [rng.integers(0, 256, (40, 50, 3), np.uint8), rng.integers(0, 256, (33, 33), np.uint8)]


@pytest.fixture(autouse=True)
def _no_network(monkeypatch):
    def refuse(self, address):
        raise AssertionError(f"reached for {address}")

    monkeypatch.setattr(socket.socket, "connect", refuse)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """Folders of tiny weights, made once."""
    root = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    kinds = ("clip", "clip_vision", "dinov2", "convnext")
    folders = {name: getattr(tiny_weights, name)(root / name) for name in kinds}
    return folders | {"registers": tiny_weights.dinov2(root / "registers", num_register_tokens=2)}


@pytest.fixture
def own(made, tmp_path):
    """A copy of the folder of CLIP's vision part that a test may damage."""
    return shutil.copytree(made["clip_vision"], tmp_path / "weights" / "own")


def pixels(folder):
    """What CLIP is handed, by arithmetic of our own: size and crop are left to Pillow."""
    from PIL import Image

    mean, sd = (np.array(tiny_weights.PROCESSOR[f"image_{k}"]) for k in ("mean", "std"))
    found = []
    for one in PICTURES:
        image = Image.fromarray(one).convert("RGB")
        width, height = image.size
        short = min(width, height)
        scaled = (int(32 * width / short), int(32 * height / short))
        image = image.resize(scaled, Image.Resampling.BICUBIC)
        left, top = (scaled[0] - 32) // 2, (scaled[1] - 32) // 2
        crop = np.asarray(image.crop((left, top, left + 32, top + 32))) / 255
        found.append(((crop - mean) / sd).transpose(2, 0, 1))
    return torch.tensor(np.stack(found), dtype=torch.float32)


def reference(folder, cls):
    t = tiny_weights.transformers()
    with quiet(t):
        model = getattr(t, cls).from_pretrained(folder, local_files_only=True).eval()
    with torch.inference_mode():
        return model(pixel_values=pixels(folder), output_hidden_states=True)


def values(folder, **arguments):
    return HfVision(str(folder), **arguments).open("cpu")(PICTURES)


@pytest.mark.parametrize("name", ["clip", "clip_vision"])
def test_clips_tokens_begin_with_its_embedding(made, name):
    """visual.md 0.2: post layer norm and projection of every token; row 0 is image_embeds."""
    expected = reference(made[name], "CLIPVisionModelWithProjection").image_embeds.numpy()
    embeds, tokens = values(made[name]), values(made[name], pooling="none")
    assert tokens.shape == (2, 17, 8) and embeds.dtype == np.float32
    np.testing.assert_allclose(embeds, expected, atol=1e-5)
    np.testing.assert_array_equal(tokens[:, 0], embeds)
    np.testing.assert_allclose(
        values(made[name], pooling="mean"), tokens[:, 1:].mean(axis=1), atol=1e-6
    )


def test_all_tokens_are_divided_by_the_first_or_each_by_its_own(made):
    tokens = values(made["clip"], pooling="none")
    by_first = values(made["clip"], pooling="none", normalize="first_token")
    length = np.linalg.norm(tokens, axis=2, keepdims=True)
    np.testing.assert_allclose(by_first, tokens / length[:, :1], rtol=1e-5)
    assert not np.allclose(np.linalg.norm(by_first, axis=2), 1), "the others keep their lengths"
    by_own = values(made["clip"], pooling="none", normalize="l2")
    np.testing.assert_allclose(by_own, tokens / length, rtol=1e-5)


@pytest.mark.parametrize("layer", [0, 2, -1])
def test_every_hidden_state_of_dinov2_can_be_had(made, layer):
    states = reference(made["dinov2"], "Dinov2Model").hidden_states[layer].numpy()
    for pooling, expected in [
        ("none", states), ("cls", states[:, 0]), ("mean", states[:, 1:].mean(axis=1)),
    ]:  # fmt: skip
        found = values(made["dinov2"], layer=layer, pooling=pooling)
        np.testing.assert_allclose(found, expected, atol=1e-5)


def test_register_tokens_are_no_places(made):
    states = reference(made["registers"], "Dinov2WithRegistersModel").hidden_states[-1].numpy()
    found = values(made["registers"], layer=-1, pooling="mean")
    np.testing.assert_allclose(found, states[:, 3:].mean(axis=1), atol=1e-5)


def test_places_of_convnext_are_its_tokens_and_its_pooler_is_its_own(made):
    t, folder = tiny_weights.transformers(), made["convnext"]
    with quiet(t):
        model = t.ConvNextModel.from_pretrained(folder, local_files_only=True).eval()
        processor = t.AutoImageProcessor.from_pretrained(folder, backend="pil")
    colours = [one if one.ndim == 3 else np.stack([one] * 3, axis=2) for one in PICTURES]
    with torch.inference_mode():
        answers = model(**processor(colours, return_tensors="pt"), output_hidden_states=True)
    state = answers.hidden_states[2].numpy()  # (n, d, height, width)
    n, width, n_rows, n_columns = state.shape
    tokens = values(folder, layer=2, pooling="none")
    assert tokens.shape == (n, n_rows * n_columns, width)
    np.testing.assert_allclose(tokens[:, n_columns + 1], state[:, :, 1, 1], atol=1e-5)
    pooled = values(folder, layer="pooler")
    np.testing.assert_allclose(pooled, answers.pooler_output.numpy(), atol=1e-5)


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("dinov2", {}, "Dinov2Model of .* has no image_embeds, as CLIP has"),
        ("dinov2", {"layer": 4, "pooling": "cls"}, r"has 4 hidden_states. Give one of -4 to 3"),
        ("convnext", {"layer": 1, "pooling": "cls"}, "no class token. Give pooling: mean"),
        ("convnext", {"layer": 1, "pooling": "none", "normalize": "first_token"}, "Give l2"),
    ],
)
def test_what_a_model_does_not_have_is_said(made, name, arguments, said):
    with pytest.raises(ConfigError, match=said):
        values(made[name], **arguments)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"layer": "embeds"}, "'embeds' is none of image_embeds, pooler and a number"),
        ({"layer": -2}, "layer -2 has many tokens. Give a pooling"),
        ({"layer": "pooler", "pooling": "mean"}, "gives one vector as it is"),
        ({"normalize": "first_token"}, "divides all tokens. Give pooling: none"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        HfVision("anything", **arguments)


def changed(own, change):
    path = own / "model.safetensors"
    tensors = load_file(path)
    change(tensors)
    save_file(tensors, path, metadata={"format": "pt"})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda t: t.pop("visual_projection.weight"), "1 missing: visual_projection.weight"),
        (lambda t: t.update(more=torch.zeros(2)), "1 left over: more"),
        (
            lambda t: t.update({"visual_projection.weight": torch.zeros(8, 3)}),
            "1 of another shape: visual_projection.weight",
        ),
    ],
)
def test_tensors_are_all_in_their_places_or_it_is_an_error(own, change, said):
    changed(own, change)
    with pytest.raises(DataError, match=rf"5[56] of 56 tensors of CLIP\w+ matched; {said}"):
        values(own)


def test_a_count_that_older_releases_saved_is_no_tensor_too_many(own):
    changed(own, lambda t: t.update({"vision_model.embeddings.position_ids": torch.arange(17)}))
    assert values(own).shape == (2, 8)


@pytest.mark.parametrize("lost", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_a_file_that_is_not_there_is_named(own, lost):
    (own / lost).unlink()
    with pytest.raises(DataMissing, match=rf"own.* lacks {lost}"):
        values(own)


def test_a_stranger_s_code_is_not_run(own):
    config = json.loads((own / "config.json").read_text())
    config |= {"architectures": ["EvilModel"], "auto_map": {"AutoModel": "evil.EvilModel"}}
    (own / "config.json").write_text(json.dumps(config))
    (own / "evil.py").write_text("raise SystemExit('run')")
    with pytest.raises(ConfigError, match="the architecture 'EvilModel', which transformers"):
        values(own)


def test_a_processor_of_chance_is_refused(made, monkeypatch):
    from neurodecode.features import hf_vision

    load, chance = hf_vision.load_processor, np.random.default_rng(0)

    def augmenting(*arguments, **named):
        processor = load(*arguments, **named)

        def process(images, **more):
            return processor(images=[one[:, :: chance.choice([-1, 1])] for one in images], **more)

        return process

    monkeypatch.setattr(hf_vision, "load_processor", augmenting)
    with pytest.raises(DataError, match="gives one picture different inputs, as augmentation does"):
        values(made["clip"])


def manifest(own, **changes):
    files = {
        one.name: hashlib.sha256(one.read_bytes()).hexdigest() for one in sorted(own.iterdir())
    }
    entry = {"folder": own.name, "files": files | changes}
    (own.parent / "weights.json").write_text(json.dumps({"small-clip": entry}))


def test_weights_are_found_by_the_name_of_a_manifest_and_held_to_it(own, tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_WEIGHTS", str(own.parent))
    manifest(own)
    found = find_weights("small-clip")
    assert found.folder == own and set(found.hashes(tmp_path)) == {p.name for p in own.iterdir()}
    manifest(own, **{"config.json": "0" * 64})
    with pytest.raises(DataError, match=r"config\.json has the SHA-256 .* says 000000000000"):
        find_weights("small-clip").hashes(tmp_path)
    manifest(own, **{"more.safetensors": "0" * 64, "less.json": "0" * 64})
    with pytest.raises(DataMissing, match=r"lacks less.json, more.safetensors, which weights.json"):
        find_weights("small-clip").hashes(tmp_path)
    with pytest.raises(DataMissing, match=r"'smal-clip' are not on this machine.*Did you mean"):
        find_weights("smal-clip")
    (own.parent / "weights.json").write_text('{"small-clip": {"folder": "../out", "files": {}}}')
    with pytest.raises(DataError, match="small-clip is not"):
        find_weights("small-clip")


def test_the_hubs_cache_is_read_with_its_revision(own, tmp_path, monkeypatch):
    from huggingface_hub import constants

    hub, commit = tmp_path / "hub" / "models--some--clip", "0123456789abcdef" * 2 + "01234567"
    (hub / "refs").mkdir(parents=True)
    (hub / "refs" / "main").write_text(commit)
    shutil.copytree(own, hub / "snapshots" / commit)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    found = find_weights("some/clip")
    assert found.revision == commit == found.hashes(tmp_path)["revision"]
    with pytest.raises(DataMissing, match="hf download some/other"):
        find_weights("some/other")


@pytest.mark.parametrize("lost", ["config.json", "preprocessor_config.json", "model.safetensors"])
def test_planning_finds_what_weights_lack(own, tmp_path, lost):
    (own / lost).unlink()
    with pytest.raises(DataMissing, match=f"lacks {lost}. Save the model there"):
        look(HfVision(str(own)), flat_pictures(5), tmp_path)


def test_planning_holds_weights_to_their_manifest(own, tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_WEIGHTS", str(own.parent))
    manifest(own, **{"model.safetensors": "0" * 64})
    with pytest.raises(DataError, match=r"model\.safetensors has the SHA-256 .* says 000000000000"):
        look(HfVision("small-clip"), flat_pictures(5), tmp_path)
    shutil.rmtree(own)
    with pytest.raises(DataMissing, match=r"clip.* lacks config\.json, .*, model\.safetensors"):
        look(HfVision("small-clip"), flat_pictures(5), tmp_path)
    with pytest.raises(DataMissing, match="weights 'none' are not on this machine"):
        look(HfVision("none"), flat_pictures(5), tmp_path)


def test_a_hit_loads_no_model_and_other_weights_are_other_features(own, tmp_path, monkeypatch):
    feature = HfVision(str(own))
    table = compute(feature, flat_pictures(5), tmp_path, device="cpu")
    assert table.part.space.shape == (8,) and table.part.open().dtype == np.float16
    monkeypatch.setattr(HfVision, "open", None)
    assert compute(feature, flat_pictures(5), tmp_path).part.key == table.part.key
    changed(own, lambda t: t["visual_projection.weight"].mul_(2))
    assert look(feature, flat_pictures(5), tmp_path).n_missing == 5
