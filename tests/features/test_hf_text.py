"""Captions: CLIP's and BERT's layers as transformers gives them, several captions averaged."""

import numpy as np
import pandas as pd
import pytest
import tiny_weights
import torch

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.stimuli import Stimuli
from neurodecode.data.pretrained import quiet
from neurodecode.features._computing import compute, look
from neurodecode.features.hf_text import HfText

CAPTIONS = [("a red dog",), ("the cat sits", "a cat")]


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    root = tmp_path_factory.mktemp("weights")
    torch.manual_seed(0)
    return {name: getattr(tiny_weights, name)(root / name) for name in ("clip", "bert")}


def values(folder, **arguments):
    return HfText(str(folder), **arguments).open("cpu")(CAPTIONS)


def reference(folder, cls, captions, length):
    t = tiny_weights.transformers()
    with quiet(t):
        model = getattr(t, cls).from_pretrained(folder, local_files_only=True).eval()
        tokenizer = t.AutoTokenizer.from_pretrained(folder, local_files_only=True)
    words = tokenizer(captions, padding="max_length", max_length=length, return_tensors="pt")
    words.pop("token_type_ids", None)
    with torch.inference_mode():
        return model(**words, output_hidden_states=True), words["attention_mask"].numpy()


def test_clips_text_is_projected_and_captions_are_averaged(made):
    every = [one for several in CAPTIONS for one in several]
    answers, _ = reference(made["clip"], "CLIPTextModelWithProjection", every, 9)
    embeds = answers.text_embeds.numpy()
    expected = np.stack([embeds[0], embeds[1:].mean(axis=0)])
    np.testing.assert_allclose(values(made["clip"]), expected, atol=1e-5)
    unit = embeds / np.linalg.norm(embeds, axis=1, keepdims=True)
    expected = np.stack([unit[0], unit[1:].mean(axis=0)])
    np.testing.assert_allclose(values(made["clip"], normalize="l2"), expected, atol=1e-5)


def test_tokens_are_divided_by_the_length_of_the_embedding(made):
    """visual.md 0.2: final layer norm and projection of all tokens, over the pooled one's norm."""
    tokens = values(made["clip"], pooling="none", normalize="pooled")
    assert tokens.shape == (2, 9, 8)
    answers, _ = reference(made["clip"], "CLIPTextModelWithProjection", list(CAPTIONS[0]), 9)
    embedding = answers.text_embeds.numpy()[0]
    end = 4  # of: start, a, red, dog, end
    np.testing.assert_allclose(tokens[0, end], embedding / np.linalg.norm(embedding), atol=1e-5)


@pytest.mark.parametrize("layer", [0, -1])
def test_words_of_bert_are_averaged_without_padding(made, layer):
    answers, mask = reference(made["bert"], "BertModel", list(CAPTIONS[0]), 12)
    state = answers.hidden_states[layer].numpy()[0]
    found = values(made["bert"], layer=layer, pooling="mean")[0]
    np.testing.assert_allclose(found, state[: mask[0].sum()].mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(
        values(made["bert"], layer=layer, pooling="cls")[0], state[0], atol=1e-5
    )


def stimuli(captions):
    table = pd.DataFrame(captions, index=[f"p{i}" for i in range(len(captions["caption"]))])
    return Stimuli(table, lambda _: "the dog", made_from=lambda _: "files")


def test_captions_stand_in_columns_or_are_the_stimuli(made, tmp_path):
    several = stimuli({"caption": ["a dog", ["a cat", "the cat"]], "more": [None, "red"]})
    feature = HfText(str(made["bert"]), ("caption", "more"), layer="pooler")
    assert feature.read(several, "p0") == ("a dog",)
    assert feature.read(several, "p1") == ("a cat", "the cat", "red")
    table = compute(feature, several, tmp_path, device="cpu")
    assert table.part.open().shape == (2, 16)
    other = stimuli({"caption": ["a dog", ["a cat", "the cat"]], "more": [None, "runs"]})
    assert look(feature, other, tmp_path).n_missing == 2, "captions are in the key"
    assert HfText("x").read(several, "p0") == ("the dog",)


def test_a_stimulus_without_a_text_is_named(made, tmp_path):
    empty = stimuli({"caption": ["a dog", ""]})
    with pytest.raises(DataError, match="stimulus 'p1' has no text under caption"):
        look(HfText(str(made["bert"]), ("caption",)), empty, tmp_path)
    with pytest.raises(DataError, match="no column 'captions'; there are: caption"):
        HfText("x", ("captions",)).read(empty, "p0")
    picture = Stimuli(empty.table, lambda _: np.zeros((2, 2)))
    with pytest.raises(DataError, match="stimulus 'p0': expected a text, got ndarray"):
        HfText("x").read(picture, "p0")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"layer": "embeds"}, "'embeds' is none of text_embeds, pooler and a number"),
        ({"layer": -2}, "layer -2 has many tokens"),
        ({"pooling": "mean"}, "text_embeds gives one vector as it is"),
        ({"layer": "pooler", "pooling": "none"}, "the pooler has no tokens"),
        ({"normalize": "pooled"}, "divides all tokens of text_embeds"),
        ({"max_length": -1}, "max_length: -1 is below zero"),
    ],
)
def test_arguments_that_cannot_be_meant_are_refused(arguments, said):
    with pytest.raises(ConfigError, match=said):
        HfText("anything", **arguments)


def test_what_a_model_does_not_have_is_said(made, tmp_path):
    with pytest.raises(ConfigError, match=r"BertModel of .* has no text_embeds, as CLIP has"):
        values(made["bert"])
    with pytest.raises(ConfigError, match=r"has 3 hidden_states. Give one of -3 to 2"):
        values(made["bert"], layer=3, pooling="cls")
