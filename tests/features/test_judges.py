"""Networks from a file of weights, as torchvision saves them: what loads, and what is said."""

import hashlib
import json

import numpy as np
import pytest
import torch
from tiny_weights import PROCESSOR, VISION, save, transformers

from neurodecode.core.errors import ConfigError, DataError, DataMissing
from neurodecode.core.resizing import resize
from neurodecode.features.alexnet import Alexnet
from neurodecode.features.efficientnet_b1 import EfficientnetB1
from neurodecode.features.hf_vision import HfVision
from neurodecode.features.inception_v3 import InceptionV3
from neurodecode.features.resnet50 import Resnet50
from neurodecode.nn.judges.efficientnet import EfficientNetB1
from neurodecode.nn.judges.resnet import ResNet50


@pytest.fixture(scope="module")
def drawn():
    torch.manual_seed(0)
    return EfficientNetB1().eval()


@pytest.fixture(scope="module")
def weights(drawn, tmp_path_factory):
    path = tmp_path_factory.mktemp("judges") / "efficientnet_b1.pth"
    torch.save(drawn.state_dict(), path)
    return path


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def test_numbers_are_those_of_the_network_on_normalised_pictures(drawn, weights):
    picture = noise(50, 70, 3)
    feature = EfficientnetB1(str(weights), size=64)
    (found,) = feature.open("cpu")([picture])
    small = resize(picture[None].astype(np.float32) / 255, 64)
    # Mean and deviation of ImageNet, of which torchvision's weights are.
    pixels = (small - np.float32([0.485, 0.456, 0.406])) / np.float32([0.229, 0.224, 0.225])
    with torch.inference_mode():
        expected = drawn(torch.from_numpy(pixels).permute(0, 3, 1, 2), "avgpool")[0].numpy()
    assert found.shape == (1280,)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    # Grey is three equal channels, and sizes may differ within a batch.
    together = feature.open("cpu")([picture, noise(33, 21)])
    np.testing.assert_allclose(together[0], found, atol=1e-6)


def test_weights_are_part_of_what_it_is_made_from(weights, tmp_path):
    made = EfficientnetB1(str(weights)).made_from(tmp_path)
    digest = hashlib.sha256(weights.read_bytes()).hexdigest()
    assert made["feature"] == "efficientnet_b1"
    assert made["weights"] == {"efficientnet_b1.pth": digest}
    assert made["arguments"]["size"] == 240


def test_absent_weights_are_said_with_the_folders_that_were_looked_at(tmp_path, monkeypatch):
    monkeypatch.setenv("NEURODECODE_WEIGHTS", str(tmp_path / "mine"))
    with pytest.raises(DataMissing, match=r"'judges/alexnet.pth' are not .* none in .*mine"):
        Alexnet("judges/alexnet.pth").open("cpu")
    (tmp_path / "mine" / "judges").mkdir(parents=True)
    torch.save({}, tmp_path / "mine" / "judges" / "alexnet.pth")
    with pytest.raises(DataError, match="0 of 10 tensors of AlexNet matched"):
        Alexnet("judges/alexnet.pth").open("cpu")


def test_weights_of_another_network_are_told_by_what_matched(weights, tmp_path):
    with pytest.raises(DataError, match="0 of 265 tensors of ResNet50 matched; 265 mis"):
        Resnet50(str(weights)).open("cpu")
    whole = torch.load(weights, weights_only=True)
    lost = {name: one for name, one in whole.items() if name != "features.0.0.weight"}
    torch.save(lost, tmp_path / "lost.pth")
    said = r"436 of 437 tensors of EfficientNetB1 matched; 1 missing: features\.0\.0\.weight"
    with pytest.raises(DataError, match=said):
        EfficientnetB1(str(tmp_path / "lost.pth")).open("cpu")
    (tmp_path / "text.pth").write_text("not weights")
    with pytest.raises(DataError, match="is no file of weights as torch saves them"):
        EfficientnetB1(str(tmp_path / "text.pth")).open("cpu")


def test_a_checkpoint_that_would_run_code_is_not_opened(tmp_path):
    class Stranger:
        def __reduce__(self):
            return (print, ("run",))

    torch.save({"state_dict": Stranger()}, tmp_path / "code.pth")
    with pytest.raises(DataError, match="is no file of weights"):
        EfficientnetB1(str(tmp_path / "code.pth")).open("cpu")


def test_a_file_is_held_to_the_manifest_of_its_folder(weights, tmp_path):
    folder = weights.parent
    entry = {"folder": folder.name, "files": {weights.name: "0" * 64}}
    manifest = folder.parent / "weights.json"
    manifest.write_text(json.dumps({"judges": entry}))
    try:
        with pytest.raises(DataError, match=r"weights\.json says 000000000000"):
            EfficientnetB1(str(weights)).made_from(tmp_path)
    finally:
        manifest.unlink()


@pytest.mark.slow
def test_swav_is_read_as_published(tmp_path):
    """``module.`` before each name, no classes, and what it was trained with left over."""
    torch.manual_seed(0)
    drawn = ResNet50().eval()
    published = {
        f"module.{name}": one for name, one in drawn.state_dict().items()
        if not name.startswith("fc.") and not name.endswith("num_batches_tracked")
    }  # fmt: skip
    published["module.prototypes.weight"] = torch.zeros(3000, 128)
    torch.save(published, tmp_path / "swav_resnet50.pth")
    pictures = np.random.default_rng(0).random((1, 64, 64, 3), dtype=np.float32)
    found = Resnet50(str(tmp_path / "swav_resnet50.pth")).open_pictures("cpu")(pictures)
    pixels = (pictures - np.float32(Resnet50.mean)) / np.float32(Resnet50.deviation)
    with torch.inference_mode():
        expected = drawn(torch.from_numpy(pixels).permute(0, 3, 1, 2), "avgpool").numpy()
    np.testing.assert_allclose(found, expected, atol=1e-6)
    with pytest.raises(DataError, match=r"2 missing: fc.bias, fc.weight"):
        Resnet50(str(tmp_path / "swav_resnet50.pth"), layer="logits").open("cpu")


def test_inception_takes_pixels_from_minus_one_to_one():
    """As torchvision brings ImageNet's normalisation back for these weights."""
    theirs = (np.float32(0.3) - 0.485) / 0.229 * (0.229 / 0.5) + (0.485 - 0.5) / 0.5
    assert (0.3 - InceptionV3.mean[0]) / InceptionV3.deviation[0] == pytest.approx(theirs)


def test_what_cannot_be_asked_is_refused_before_anything_is_read():
    with pytest.raises(ConfigError, match="alexnet: layer: '6' is none of 1, 2, 3, 4, 5, logits"):
        Alexnet("none.pth", layer="6")
    with pytest.raises(ConfigError, match="resnet50: size"):
        Resnet50("none.pth", size=0)


def test_clip_takes_pictures_of_its_size_as_its_own_processor_makes_them(tmp_path):
    transformers_ = transformers()
    torch.manual_seed(0)
    model = transformers_.CLIPVisionModelWithProjection(transformers_.CLIPVisionConfig(**VISION))
    folder = save(model, tmp_path / "clip", "CLIPImageProcessor")
    size = PROCESSOR["crop_size"]["height"]
    pictures = noise(3, size, size, 3)
    feature = HfVision(str(folder))
    floats = pictures.astype(np.float32) / 255
    np.testing.assert_allclose(
        feature.open_pictures("cpu")(floats), feature.open("cpu")(list(pictures)), atol=1e-5
    )
