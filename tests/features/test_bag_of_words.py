"""Bag of words: the mean over words, whatever their order and case."""

import hashlib

import numpy as np
import pandas as pd
import pytest

from neurodecode.core.errors import DataError
from neurodecode.core.stimuli import Stimuli
from neurodecode.features.bag_of_words import BagOfWords


def test_a_text_is_the_mean_of_its_words():
    extract = BagOfWords(n_features=64).open()
    cat, dog, both, other, none = extract([("cat",), ("Dog!",), ("cat dog",), ("dog, CAT",), ("",)])
    np.testing.assert_allclose(both, (cat + dog) / 2)
    np.testing.assert_array_equal(both, other)
    assert np.abs(cat).sum() == 1 and not none.any() and (cat != dog).any()
    # BLAKE2b of the letters, which no process changes: half of its first 8 bytes, modulo 64.
    digest = hashlib.blake2b(b"cat", digest_size=8).digest()
    assert int(np.flatnonzero(cat)[0]) == (int.from_bytes(digest, "little") >> 1) % 64


def test_what_is_no_text_is_named():
    stimuli = Stimuli(pd.DataFrame(index=pd.Index(["a"])), lambda _: np.zeros((2, 2)))
    with pytest.raises(DataError, match="stimulus 'a': expected a text, got ndarray"):
        BagOfWords().read(stimuli, "a")
