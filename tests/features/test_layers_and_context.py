"""Several layers at once, and texts in the context of those before them."""

import numpy as np
import pandas as pd
import pytest
import tiny_weights
import torch

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.stimuli import Stimuli
from neurodecode.features._computing import compute
from neurodecode.features.hf_text import HfText
from neurodecode.features.hf_vision import HfVision

TEXTS = ["a dog runs", "the cat sits", "red red dog", "a cat"]
PASSAGE = ["one", "one", "two", "one"]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    return {name: getattr(tiny_weights, name)(root / name) for name in ("dinov2", "bert", "gpt2")}


def stimuli(texts=TEXTS, passage=PASSAGE):
    table = pd.DataFrame({"passage": passage}, index=[f"s{i}" for i in range(len(texts))])
    return Stimuli(table, dict(zip(table.index, texts, strict=True)).__getitem__)


def told(feature, shown):
    return feature.open("cpu")([feature.read(shown, one) for one in shown.table.index])


def test_layers_of_pictures_are_those_asked_one_by_one(made, tmp_path):
    pictures = list(np.random.default_rng(0).integers(0, 256, (2, 20, 20, 3), np.uint8))
    folder = str(made["dinov2"])
    both = HfVision(folder, layers=(1, -1), pooling="mean", normalize="l2").open("cpu")(pictures)
    for i, layer in enumerate((1, -1)):
        one = HfVision(folder, layer=layer, pooling="mean", normalize="l2").open("cpu")(pictures)
        np.testing.assert_allclose(both[:, i], one, atol=1e-6)
    shown = Stimuli(pd.DataFrame(index=["a", "b"]), dict(zip("ab", pictures, strict=True)).get)
    table = compute(HfVision(folder, layers=(1, -1), pooling="mean"), shown, tmp_path)
    assert table.part.space.shape == (2, 16)  # what `encode.layers` is handed


@pytest.mark.parametrize("name", ["bert", "gpt2"])
def test_layers_of_texts_are_those_asked_one_by_one(made, name):
    asked = {"pooling": "last", "max_length": 8}
    both = told(HfText(str(made[name]), layers=(0, 2), **asked), stimuli())
    assert both.shape == (4, 2, 16)
    for i, layer in enumerate((0, 2)):
        one = told(HfText(str(made[name]), layer=layer, **asked), stimuli())
        np.testing.assert_allclose(both[:, i], one, atol=1e-6)


def test_a_text_is_read_behind_those_of_its_passage(made):
    asked = {"layer": -1, "pooling": "mean", "context": "passage"}
    values = told(HfText(str(made["gpt2"]), **asked), stimuli())
    tokenizer = tiny_weights.transformers().AutoTokenizer.from_pretrained(made["gpt2"])
    model = tiny_weights.transformers().GPT2Model.from_pretrained(made["gpt2"]).eval()

    def tokens_of(text):
        with torch.inference_mode():
            return model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0].numpy()

    # A token before and after each text, which are nobody's own.
    np.testing.assert_allclose(values[0], tokens_of(TEXTS[0])[1:-1].mean(axis=0), atol=1e-5)
    joined = tokens_of(f"{TEXTS[0]} {TEXTS[1]}")
    np.testing.assert_allclose(values[1], joined[4:-1].mean(axis=0), atol=1e-5)
    # Another passage begins anew, and the first goes on behind it.
    np.testing.assert_allclose(values[2], tokens_of(TEXTS[2])[1:-1].mean(axis=0), atol=1e-5)
    joined = tokens_of(" ".join([TEXTS[0], TEXTS[1], TEXTS[3]]))
    np.testing.assert_allclose(values[3], joined[7:-1].mean(axis=0), atol=1e-5)


def test_no_text_looks_ahead(made):
    feature = HfText(str(made["bert"]), layer=-1, pooling="mean", context="passage")
    before = told(feature, stimuli())
    after = told(feature, stimuli([*TEXTS[:3], "red red red"]))
    # A model that reads both ways is handed nothing that comes later (encoding:trap 26).
    np.testing.assert_allclose(after[:3], before[:3], atol=1e-6)
    assert np.abs(after[3] - before[3]).max() > 1e-3


def test_a_long_context_is_cut_at_its_beginning(made):
    short = {"layer": -1, "pooling": "mean", "context": "passage", "max_length": 7}
    values = told(HfText(str(made["gpt2"]), **short), stimuli())
    other = told(HfText(str(made["gpt2"]), **short), stimuli(["red red red", *TEXTS[1:]]))
    np.testing.assert_allclose(values[3], other[3], atol=1e-6)


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"layers": (1, 1), "pooling": "mean"}, "one is named twice"),
        ({"layers": (1, 2)}, "Give a pooling"),
        ({"layers": (1,), "layer": 2, "pooling": "mean"}, "layer or layers, not both"),
        ({"layer": 1, "pooling": "cls", "context": "passage"}, "with pooling: mean or last"),
    ],
)
def test_what_cannot_be_meant_is_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        HfText("x", **arguments)


def test_an_empty_text_has_no_own_tokens(made):
    feature = HfText(str(made["gpt2"]), layer=-1, pooling="mean", context="passage")
    with pytest.raises(DataError, match="stimulus 's1' is an empty text"):
        feature.read(stimuli(["a", " ", "b", "c"]), "s1")
