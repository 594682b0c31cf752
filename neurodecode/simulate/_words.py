"""Words that nobody knows, for texts that are made here."""

import numpy as np

_CONSONANTS, _VOWELS = "bdfklmnprstv", "aeiou"
_SYLLABLES = 3


def vocabulary(rng: np.random.Generator, n: int) -> np.ndarray:
    """Give different words of three syllables.

    Returns
    -------
    words : ndarray of object, shape (n,)
    """
    base = len(_CONSONANTS) * len(_VOWELS)
    numbers = rng.choice(base**_SYLLABLES, n, replace=False)
    return np.array([_spelt(int(number), base) for number in numbers], dtype=object)


def _spelt(number: int, base: int) -> str:
    syllables = []
    for _ in range(_SYLLABLES):
        number, one = divmod(number, base)
        syllables.append(_CONSONANTS[one // len(_VOWELS)] + _VOWELS[one % len(_VOWELS)])
    return "".join(syllables)
