"""HF words: layers of a text model for each word of a film in its context, brought to volumes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np

from neurodecode.core.digest import digest
from neurodecode.core.errors import ConfigError
from neurodecode.core.stimuli import Stimuli
from neurodecode.core.training import Device
from neurodecode.features._context import last_of, tokens_in_context
from neurodecode.features._contract import Extract, check_count
from neurodecode.features._film import COLUMNS, Film, Moment, moment
from neurodecode.features._transformers import (
    FromWeights,
    TextModel,
    check_layers,
    hidden_state,
    stacked_layers,
)
from neurodecode.linalg.resampling import lanczos, means_until, step_of

_TOGETHER = 64  # words that are read at a time


@dataclass(frozen=True)
class HfWords(FromWeights):
    """Give what a text model makes of the words of a film, at each of its volumes.

    Stimuli are volumes, as those of transcripts: their table has ``film``, ``onset`` (s of each
    volume), and ``words`` and ``onsets`` as lists written out. Each word is read behind the words
    before it, never with those behind it; its tokens are pooled, and words are brought from their
    own times to those of the volumes.

    Parameters
    ----------
    weights : str
        As of `hf_vision`.
    layer : int
        Number of ``hidden_states``.
    context : int
        Words that are read before each word, of the same film.
    pooling : {"mean", "last"}
        Over the tokens of a word.
    to_volumes : {"lanczos", "mean"}
        ``lanczos``: low-passed to what volumes can hold, which looks ahead by three volumes.
        ``mean``: over what was said in the volume before each moment, 0 where nothing was.
    layers : tuple of int
        Several layers instead of one: shape (n_layers, d), for `encode.layers` to choose from.
    revision : str
        Of the hub; its main branch without.

    Notes
    -----
    Shape (d,), or (n_layers, d). Delays of the response are a step's, or a model's.
    """

    version: ClassVar[int] = 1
    of: ClassVar[Literal["text"]] = "text"
    libraries: ClassVar[tuple[str, ...]] = ("torch", "transformers", "tokenizers", "numpy")
    needed: ClassVar[tuple[str, ...]] = ("config.json", "tokenizer_config.json")
    batch_size: ClassVar[int] = 256

    weights: str
    layer: int = -1
    context: int = 20
    pooling: Literal["mean", "last"] = "mean"
    to_volumes: Literal["lanczos", "mean"] = "lanczos"
    layers: tuple[int, ...] = ()
    revision: str = ""

    def __post_init__(self):
        object.__setattr__(self, "layers", tuple(self.layers))  # a file's list
        check_layers("hf_words", self.layers, self.layer != type(self).layer, self.pooling)
        check_count("hf_words: context", self.context)
        if self.pooling not in ("mean", "last") or self.to_volumes not in ("lanczos", "mean"):
            raise ConfigError(
                f"hf_words: pooling {self.pooling!r} and to_volumes {self.to_volumes!r}: expected "
                "mean or last, and lanczos or mean."
            )

    def read(self, stimuli: Stimuli, stimulus: str) -> Moment:
        """Give the film that a volume is of, and which it is."""
        return moment(stimuli, stimulus, "hf_words")

    def contents(self, stimuli: Stimuli, cache: Path) -> str:
        """Digest of words and times."""
        table = stimuli.table
        held = [[str(one) for one in table[name]] for name in COLUMNS if name in table]
        return digest([[str(one) for one in table.index], held])

    def open(self, device: Device = "auto") -> Extract:
        """Load model and tokenizer, every tensor in its place.

        Raises
        ------
        DataMissing
            If weights or files of theirs are not on this machine.
        DataError
            If tensors are missing or left over, or there is no tokenizer.
        ConfigError
            If it is no text model, or has no such layer.
        """
        text = TextModel.open(self, device, "hf_words")
        made: dict[str, np.ndarray] = {}  # of the film that is at work, at its volumes

        def extract(moments: Sequence[Moment]) -> np.ndarray:
            values = []
            for one in moments:
                if one.film.name not in made:
                    made.clear()
                    vectors = self._words(one.film, text)
                    made[one.film.name] = self._at_volumes(one.film, vectors)
                values.append(made[one.film.name][one.number])
            return np.stack(values).astype(np.float32)

        return extract

    def _words(self, film: Film, text: TextModel) -> np.ndarray:
        """Give the vector of each word, (n_words, d) or (n_words, n_layers, d)."""
        import torch

        tower = text.tower
        pairs = [
            (" ".join(film.words[max(0, i - self.context) : i]), word)
            for i, word in enumerate(film.words)
        ]
        made = []
        for start in range(0, len(pairs), _TOGETHER):
            some = pairs[start : start + _TOGETHER]
            words, own = tokens_in_context(text.tokenizer, some, text.most_tokens)
            words = {name: one.to(tower.device) for name, one in words.items()}
            own = own.to(tower.device)
            with torch.inference_mode():
                states = tower(**words, output_hidden_states=True, return_dict=True).hidden_states
                several = []
                for layer in self.layers or (self.layer,):
                    tokens = hidden_state(states, layer, "hf_words", self.weights)
                    if self.pooling == "last":
                        tokens = tokens[range(len(tokens)), last_of(own)]
                    else:
                        said = own[:, :, None].to(tokens.dtype)
                        # A word that the tokenizer makes nothing of has no token: 0.
                        tokens = (tokens * said).sum(dim=1) / said.sum(dim=1).clamp(min=1)
                    several.append(tokens)
                vectors = stacked_layers(several, "hf_words") if self.layers else several[0]
            made.append(vectors.float().cpu().numpy())
        if made:
            return np.concatenate(made)
        shape = (len(self.layers),) if self.layers else ()
        return np.zeros((0, *shape, tower.config.hidden_size))

    def _at_volumes(self, film: Film, vectors: np.ndarray) -> np.ndarray:
        if self.to_volumes == "lanczos":
            # The middle of a volume stands for it.
            middle = film.volumes + step_of(film.volumes) / 2
            return lanczos(vectors, film.onsets, middle)
        step = step_of(film.volumes)
        return means_until(vectors, film.onsets, film.volumes + step, step)
