"""Pereira et al. 2018: passages and categories by numbers that count from 1."""

import numpy as np
import pytest
import scipy.io
from encoding_layouts import (
    write_pereira2018,
    write_pereira2018_concepts,
    write_pereira2018_language,
)
from visual_layouts import recordings

from neurodecode.core.errors import DataError
from neurodecode.data.cards import load_card
from neurodecode.data.stimuli import open_stimuli


@pytest.fixture(autouse=True)
def here(monkeypatch):
    """Open files in this process: that another one does otherwise costs a second each."""

    def directly(path, function, *arguments):
        return function(*arguments)

    for place in ("arrays", "_array_source"):
        monkeypatch.setattr(f"neurodecode.data.readers.{place}.safely", directly)
    monkeypatch.setattr("neurodecode.data.stimuli.safely", directly)


def test_sentences_of_passages_and_their_categories(tmp_path):
    betas, regions, sentences = write_pereira2018(tmp_path)
    write_pereira2018(tmp_path, "407")
    one, other = recordings("pereira2018", tmp_path)
    assert [one.subject, one.session, other.subject] == ["018", "243sentences", "407"]
    signal = one.load()
    np.testing.assert_array_equal(signal.data, betas)
    assert signal.space.types == tuple(map(str, regions)) and signal.space.kind == "voxels"
    rows = signal.events
    assert rows["passage"].tolist() == ["An apple."] * 3 + ["A bear."] * 2 + ["A pear."] * 2
    assert rows["category"].tolist() == ["fruit"] * 3 + ["animal"] * 2 + ["fruit"] * 2
    assert rows["concept"].iloc[3] == "243sentences passage 2"
    # The same sentences stand in the files of both people, and are read once.
    stimuli = open_stimuli(load_card("pereira2018"), tmp_path)
    assert len(stimuli) == 7
    told = [stimuli[name] for name in rows["stimulus"]]
    assert told == sentences and all(type(one) is str for one in told)
    assert stimuli.table["concept"].tolist() == rows["concept"].tolist()


def test_a_passage_that_is_none_is_named(tmp_path):
    write_pereira2018(tmp_path)
    path = tmp_path / "018/examples_243sentences.mat"
    held = {name: value for name, value in scipy.io.loadmat(path).items() if name[0] != "_"}
    wrong = held["labelsPassageForEachSentence"] - 1  # someone counted from 0
    scipy.io.savemat(path, {**held, "labelsPassageForEachSentence": wrong})
    (one,) = recordings("pereira2018", tmp_path)
    with pytest.raises(DataError, match="'keyPassages' has 3 entries, and 'passage_nr' is '0'"):
        one.header()


def test_the_language_network_has_texts_and_passages_of_the_examples(tmp_path):
    _, _, sentences = write_pereira2018(tmp_path)
    write_pereira2018_concepts(tmp_path, "018")
    betas, inside = write_pereira2018_language(tmp_path)
    (one,) = recordings("pereira2018", tmp_path, "language")
    assert (one.subject, one.session) == ("018", "243sentences")
    signal = one.load()
    np.testing.assert_array_equal(signal.data, betas[:, inside])
    rows = signal.events
    assert rows["concept"].tolist()[2:4] == ["243sentences passage 1", "243sentences passage 2"]
    stimuli = open_stimuli(load_card("pereira2018"), tmp_path, "language")
    assert [stimuli[name] for name in rows["stimulus"]] == sentences
    # The same files of passages are read beside those of words.
    assert [one.session for one in recordings("pereira2018", tmp_path)] == ["243sentences"]


def test_words_are_named_by_their_numbers_in_each_way_they_are_shown(tmp_path):
    write_pereira2018(tmp_path, "001")
    made = write_pereira2018_concepts(tmp_path)
    found = recordings("pereira2018", tmp_path, "concepts")
    assert [one.session for one in found] == ["pictures", "sentences", "wordclouds"]
    for one in found:
        np.testing.assert_array_equal(one.load().data, made[one.session])
    words = [one.header().events["stimulus"].tolist() for one in found]
    assert words[0] == ["ability", "dog", "big"] and words[1] == ["big", "ability", "dog"]
    stimuli = open_stimuli(load_card("pereira2018"), tmp_path, "concepts")
    assert {name: stimuli[name] for name in stimuli.table.index} == {
        "ability": "ability", "dog": "dog", "big": "big",
    }  # fmt: skip
