"""Words of films: read behind those before them, and brought to volumes."""

import numpy as np
import pandas as pd
import pytest
import tiny_weights
import torch

from neurodecode.core.errors import DataError
from neurodecode.core.stimuli import Stimuli
from neurodecode.features._film import literal_list
from neurodecode.features.hf_words import HfWords
from neurodecode.linalg.resampling import lanczos

SAID = [["a", "dog"], [], ["runs"], ["the", "cat", "sits"], [], ["red"]]
ONSETS = [[0.2, 1.1], [], [3.3], [4.6, 4.9, 5.8], [], [8.0]]


@pytest.fixture(scope="module")
def gpt2(tmp_path_factory):
    torch.manual_seed(0)
    return tiny_weights.gpt2(tmp_path_factory.mktemp("weights") / "gpt2")


def film(said=SAID, onsets=ONSETS, t_r=1.5):
    table = pd.DataFrame(
        {
            "film": ["f01"] * 6 + ["f02"] * 2,
            "onset": [*(t_r * np.arange(6)), 0.0, t_r],
            "words": [str(one) for one in said] + ["['dog']", None],
            "onsets": [str(one) for one in onsets] + ["[0.5]", None],
        },
        index=[f"f01/{i}" for i in range(6)] + ["f02/0", "f02/1"],
    )
    return Stimuli(table, str)


def told(feature, shown):
    return feature.open("cpu")([feature.read(shown, one) for one in shown.table.index])


def words_of(folder, context):
    """Vector of each word, from an explicit reading of what is before it."""
    t = tiny_weights.transformers()
    tokenizer = t.AutoTokenizer.from_pretrained(folder)
    model = t.GPT2Model.from_pretrained(folder).eval()
    words = [one for several in SAID for one in several]
    made = []
    for i in range(len(words)):
        text = " ".join(words[max(0, i - context) : i + 1])
        with torch.inference_mode():
            tokens = model(**tokenizer(text, return_tensors="pt")).last_hidden_state[0]
        made.append(tokens[-2].numpy())  # the last one ends the text
    return np.array(made)


def test_words_are_read_behind_those_before_and_interpolated(gpt2):
    values = told(HfWords(str(gpt2), context=3), film())
    times = np.concatenate([one for one in ONSETS if one])
    middle = 1.5 * np.arange(6) + 0.75
    np.testing.assert_allclose(values[:6], lanczos(words_of(gpt2, 3), times, middle), atol=1e-4)


def test_means_are_of_what_was_said_during_the_volume(gpt2):
    values = told(HfWords(str(gpt2), context=3, to_volumes="mean"), film())
    words = words_of(gpt2, 3)
    np.testing.assert_allclose(values[0], words[:2].mean(axis=0), atol=1e-5)
    np.testing.assert_allclose(values[3], words[3:6].mean(axis=0), atol=1e-5)
    assert not values[1].any() and not values[7].any()  # nobody spoke


def test_what_is_said_later_changes_nothing_before(gpt2):
    feature = HfWords(str(gpt2), to_volumes="mean", layers=(0, 2))
    before = told(feature, film())
    after = told(feature, film(said=[*SAID[:3], ["dog", "dog", "dog"], [], ["a"]]))
    assert before.shape == (8, 2, 16)
    np.testing.assert_allclose(after[:3], before[:3], atol=1e-6)
    assert (after[3] != before[3]).any()


def test_films_begin_anew(gpt2):
    feature = HfWords(str(gpt2), to_volumes="mean")
    shown = film()
    alone = Stimuli(shown.table.iloc[6:], str)
    np.testing.assert_allclose(told(feature, shown)[6:], told(feature, alone), atol=1e-6)


def test_lists_are_literals_and_run_nothing(tmp_path):
    harm = f"[__import__('pathlib').Path({str(tmp_path / 'made')!r}).touch()]"
    with pytest.raises(DataError, match="is no list of words"):
        literal_list(harm, str, "s")
    assert not (tmp_path / "made").exists()
    assert literal_list("[\"it's\", 'so']", str, "s") == ["it's", "so"]
    assert literal_list("", float, "s") == literal_list(float("nan"), float, "s") == []
    with pytest.raises(DataError, match=r"stimulus 's': .* is no list of numbers"):
        literal_list("['a']", float, "s")


def test_words_without_onsets_are_named(gpt2):
    with pytest.raises(DataError, match="stimulus 'f01/2': 1 words and 2 onsets"):
        told(HfWords(str(gpt2)), film(onsets=[*ONSETS[:2], [3.0, 3.1], *ONSETS[3:]]))
