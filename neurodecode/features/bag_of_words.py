"""Bag of words: how often each word is in a text, hashed to a number of features."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import ClassVar, Literal

import numpy as np

from neurodecode.core.errors import DataError
from neurodecode.core.stimuli import Stimuli
from neurodecode.features._contract import Extract, Feature, check_count

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)?")


@dataclass(frozen=True)
class BagOfWords(Feature):
    """Give the mean over a text's words of a hashed one-hot vector each; no weights are needed.

    A word adds 1 or -1 to one of the features, both told by its hash, so words that share one
    cancel on average. What a network says of a text should tell more than this: it knows neither
    order nor meaning.

    Parameters
    ----------
    n_features : int

    Notes
    -----
    Shape (n_features,). A text without a word is 0. Case is ignored.

    References
    ----------
    Weinberger et al. 2009, Feature hashing for large scale multitask learning, doi
    10.1145/1553374.1553516.
    """

    version: ClassVar[int] = 1
    of: ClassVar[Literal["picture", "text"]] = "text"
    libraries: ClassVar[tuple[str, ...]] = ("numpy",)
    batch_size: ClassVar[int] = 1024

    n_features: int = 256

    def __post_init__(self):
        check_count("bag_of_words: n_features", self.n_features)

    def read(self, stimuli: Stimuli, stimulus: str) -> tuple[str, ...]:
        """Give the text of one stimulus; a text may be empty, as where nothing is said.

        Raises
        ------
        DataError
            If it is no text.
        """
        content = stimuli[stimulus]
        if not isinstance(content, str):
            raise DataError(
                f"stimulus {stimulus!r}: expected a text, got {type(content).__name__}."
            )
        return (content,)

    def open(self, device: Literal["auto", "cpu", "cuda"] = "auto") -> Extract:
        """Give the function; nothing is loaded."""
        del device
        return self._extract

    def _extract(self, texts: Sequence[tuple[str, ...]]) -> np.ndarray:
        made = np.zeros((len(texts), self.n_features), dtype=np.float32)
        for row, (text,) in zip(made, texts, strict=True):
            words = _WORD.findall(text.lower())
            for word in words:
                place, sign = _hashed(word, self.n_features)
                row[place] += sign / len(words)
        return made


@lru_cache(maxsize=1 << 16)
def _hashed(word: str, n_features: int) -> tuple[int, int]:
    # Python's own hash is another one in every process.
    number = int.from_bytes(hashlib.blake2b(word.encode(), digest_size=8).digest(), "little")
    return (number >> 1) % n_features, 1 if number & 1 else -1
