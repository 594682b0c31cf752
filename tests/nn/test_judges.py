"""Networks that judge pictures: they are those whose weights people have.

Counts, names and shapes are of torchvision 0.28; on the same random weights every layer's answer
was equal to its, bit for bit.
"""

import hashlib

import pytest
import torch

from neurodecode.nn.judges.alexnet import AlexNet
from neurodecode.nn.judges.efficientnet import EfficientNetB1
from neurodecode.nn.judges.inception import InceptionV3
from neurodecode.nn.judges.resnet import ResNet50

# Network, parameters, beginning of the SHA-256 of "NAME SHAPE" of its weights, line by line.
THEIRS = [
    (AlexNet, 61_100_840, "935c1ea73a7869ee"),
    (InceptionV3, 27_161_264, "4c9e13f64584de74"),
    (EfficientNetB1, 7_794_184, "391b882d956123d4"),
    (ResNet50, 25_557_032, "a87e91cd6bd1f939"),
]


@pytest.mark.parametrize(("network", "n_parameters", "digest"), THEIRS, ids=lambda one: str(one))
def test_weights_have_torchvisions_number_names_and_shapes(network, n_parameters, digest):
    with torch.device("meta"):
        made = network()
    assert sum(one.numel() for one in made.parameters()) == n_parameters
    named = [f"{name} {tuple(one.shape)}" for name, one in sorted(made.state_dict().items())]
    assert hashlib.sha256("\n".join(named).encode()).hexdigest()[:16] == digest


@pytest.mark.parametrize(
    ("network", "layer", "shape"),
    [
        # At 256 pixels, the size of the MindEye set: 184,512 and 57,600 numbers.
        (AlexNet, "2", (192, 31, 31)),
        (AlexNet, "5", (256, 15, 15)),
        (AlexNet, "logits", (1000,)),
        (InceptionV3, "avgpool", (2048,)),
        (EfficientNetB1, "avgpool", (1280,)),
        (ResNet50, "avgpool", (2048,)),
    ],
)
def test_layers_have_the_shapes_that_metrics_judge(network, layer, shape):
    with torch.device("meta"):
        made = network().eval()
        assert made(torch.empty(2, 3, 256, 256), layer).shape == (2, *shape)


def test_layers_of_alexnet_are_what_rectifiers_give():
    """AlexNet(2) and AlexNet(5) of published tables: `features.4` and `features.11`."""
    with torch.device("meta"):
        made = AlexNet()
    assert [int(AlexNet._ENDS[layer]) for layer in ("2", "5")] == [4, 11]
    for end in AlexNet._ENDS.values():
        assert isinstance(made.features[end], torch.nn.ReLU)
        assert isinstance(made.features[end - 1], torch.nn.Conv2d)


@pytest.mark.parametrize("network", [one for one, _, _ in THEIRS])
def test_what_a_layer_does_not_use_is_said(network):
    """Weights that are declared unused may be lacking; all others change the answer."""
    with torch.device("meta"):
        made = network()
    for layer in made.layers:
        begins = network.unused(layer)
        used = [name for name in made.state_dict() if not name.startswith(tuple(begins) or ("\0",))]
        assert any(name.startswith(("fc.", "classifier.")) for name in used) == (layer == "logits")
