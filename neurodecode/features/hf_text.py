"""HF text: any layer of a text model of transformers, such as CLIP's or BERT, of captions."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from neurodecode.core.digest import digest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.stimuli import Stimuli
from neurodecode.core.training import Device
from neurodecode.features._context import in_context, last_of, tokens_in_context
from neurodecode.features._contract import Extract
from neurodecode.features._transformers import (
    FromWeights,
    TextModel,
    check_layers,
    hidden_state,
    normalized,
    stacked_layers,
)


@dataclass(frozen=True)
class HfText(FromWeights):
    """Give a layer of a text model of transformers, the mean over the captions of a stimulus.

    Parameters
    ----------
    weights : str
        As of `hf_vision`.
    captions : tuple of str
        Columns of the table of stimuli, each with a text or a list of texts; cells without one are
        left out. None: the stimuli are texts themselves.
    layer : str or int
        ``text_embeds``: CLIP's own, the projection of the last layer. ``pooler``: what the model
        itself gives as one vector. A number: that of ``hidden_states``.
    pooling : {"", "cls", "mean", "last", "none"}
        ``cls``: the first token, as of BERT. ``mean``: over the words, without padding. ``last``:
        the last token, which of a model that reads forward alone has read all. ``none``: all
        tokens, padding among them. Where the layer is a vector it may be left out.
    normalize : {"none", "l2", "pooled"}
        ``l2``: each vector, or each token, by its length. ``pooled``: all tokens of ``text_embeds``
        by the length of the embedding.
    max_length : int
        Tokens; longer captions are cut there, shorter ones padded. 0: as many as the model takes.
    layers : tuple of int
        Several numbers of ``hidden_states`` instead of a `layer`: shape (n_layers, d), for
        `encode.layers` to choose from.
    context : str
        Column of the table of stimuli, such as a passage: earlier texts of the same value are read
        before each text, as far as `max_length` reaches, and the pooling (``mean`` or ``last``) is
        over the text's own tokens. Texts are in the order of the table; none is read ahead.
    revision : str
        Of the hub; its main branch without.

    Notes
    -----
    Shape (d,), or (max_length, d) with ``pooling: none``. With ``layer: text_embeds, pooling: none,
    normalize: pooled`` it is the form in which Versatile Diffusion takes texts (Xu et al. 2023, doi
    10.1109/ICCV51070.2023.00713). Each caption is normalised before the mean is taken.
    """

    version: ClassVar[int] = 1
    of: ClassVar[Literal["picture", "text"]] = "text"
    libraries: ClassVar[tuple[str, ...]] = ("torch", "transformers", "tokenizers")
    needed: ClassVar[tuple[str, ...]] = ("config.json", "tokenizer_config.json")
    batch_size: ClassVar[int] = 32

    weights: str
    captions: tuple[str, ...] = ()
    layer: str | int = "text_embeds"
    pooling: Literal["", "cls", "mean", "last", "none"] = ""
    normalize: Literal["none", "l2", "pooled"] = "none"
    max_length: int = 0
    layers: tuple[int, ...] = ()
    context: str = ""
    revision: str = ""

    def __post_init__(self):
        object.__setattr__(self, "captions", tuple(self.captions))  # a file's list
        object.__setattr__(self, "layers", tuple(self.layers))
        check_layers("hf_text", self.layers, self.layer != type(self).layer, self.pooling)
        if self.context and (self.captions or self.pooling not in ("mean", "last")):
            raise ConfigError(
                "hf_text: context: of stimuli that are texts themselves, with pooling: mean or "
                "last over their own tokens."
            )
        if isinstance(self.layer, str) and self.layer not in ("text_embeds", "pooler"):
            raise ConfigError(
                f"hf_text: layer: {self.layer!r} is none of text_embeds, pooler and a number of "
                "hidden_states, such as -2."
            )
        if isinstance(self.layer, int) and not self.pooling:
            raise ConfigError(
                f"hf_text: layer {self.layer} has many tokens. Give a pooling: cls, mean or none."
            )
        by_name = isinstance(self.layer, str) and not self.layers
        if by_name and self.pooling not in ("", "none"):
            raise ConfigError(
                f"hf_text: pooling: {self.pooling}: {self.layer} gives one vector as it is. Leave "
                "it out, or give layer: -1."
            )
        if self.layer == "pooler" and self.pooling:
            raise ConfigError("hf_text: pooling: none: the pooler has no tokens. Leave it out.")
        if self.normalize == "pooled" and (self.layer, self.pooling) != ("text_embeds", "none"):
            raise ConfigError(
                "hf_text: normalize: pooled divides all tokens of text_embeds. Give pooling: none, "
                "or l2."
            )
        if self.max_length < 0:
            raise ConfigError(f"hf_text: max_length: {self.max_length} is below zero.")

    def read(self, stimuli: Stimuli, stimulus: str) -> tuple[str, ...]:
        """Give the captions of one stimulus.

        Raises
        ------
        DataError
            If it has none, or is no text.
        """
        if self.context:
            return in_context(stimuli, stimulus, self.context)
        if not self.captions:
            content = stimuli[stimulus]
            if not isinstance(content, str) or not content.strip():
                raise DataError(
                    f"stimulus {stimulus!r}: expected a text, got {type(content).__name__}. Name "
                    "the columns of the table of stimuli that hold one: captions: [caption]."
                )
            return (content,)
        for name in self.captions:
            if name not in stimuli.table:
                raise DataError(
                    f"hf_text: the table of stimuli has no column {name!r}; there are: "
                    f"{', '.join(map(str, stimuli.table.columns))}."
                )
        cells = [stimuli.table.at[stimulus, name] for name in self.captions]
        several = [one for cell in cells for one in (cell if _is_list(cell) else [cell])]
        texts = tuple(one for one in several if isinstance(one, str) and one.strip())
        if not texts:
            raise DataError(
                f"stimulus {stimulus!r} has no text under {', '.join(self.captions)}. Name columns "
                "that have one for every stimulus."
            )
        return texts

    def contents(self, stimuli: Stimuli, cache: Path) -> str:
        """Digest of ids and captions, or of the texts that the stimuli are."""
        if self.context:
            column = [str(one) for one in stimuli.table[self.context]]
            return digest([stimuli.contents(cache), column])
        if not self.captions:
            return stimuli.contents(cache)
        ids = [str(one) for one in stimuli.table.index]
        return digest([[one, self.read(stimuli, one)] for one in ids])

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
        text = TextModel.open(self, device, "hf_text")
        model, tokenizer, tower = text.model, text.tokenizer, text.tower
        projection = getattr(model, "text_projection", None)
        if self.layer == "text_embeds" and not self.layers and projection is None:
            raise ConfigError(
                f"hf_text: {type(model).__name__} of {self.weights!r} has no text_embeds, as CLIP "
                "has. Give layer: pooler, or the number of one of its hidden_states."
            )
        length = self.max_length or text.most_tokens
        if length >= 1 << 20:  # what a tokenizer says that knows of no limit
            raise ConfigError(
                f"hf_text: nothing says how many tokens {self.weights!r} takes. Give max_length."
            )

        def extract(stimuli: Sequence[tuple[str, ...]]) -> np.ndarray:
            import torch

            if self.context:
                words, own = tokens_in_context(tokenizer, stimuli, length)
                words = {k: v.to(model.device) for k, v in words.items()}
                with torch.inference_mode():
                    return self._states(tower, words, own.to(model.device)).cpu().numpy()

            texts = [one for several in stimuli for one in several]
            words = tokenizer(
                texts, padding="max_length", truncation=True, max_length=length, return_tensors="pt"
            )
            words = {k: v.to(model.device) for k, v in words.items() if k != "token_type_ids"}
            with torch.inference_mode():
                made = self._layer(tower, projection, words).cpu().numpy()
            counts = [len(several) for several in stimuli]
            return np.stack([one.mean(axis=0) for one in np.split(made, np.cumsum(counts)[:-1])])

        return extract

    def _layer(self, tower: Any, projection: Any, words: Mapping[str, Any]) -> Any:
        """Give the layer that is asked, one entry a caption."""
        if self.layers or isinstance(self.layer, int):
            return self._states(tower, words, words["attention_mask"])
        answers = tower(**words, return_dict=True)
        vector = answers.get("pooler_output")
        if vector is None:
            raise ConfigError(
                f"hf_text: {self.weights!r} has no pooler. Give the number of one of its "
                "hidden_states, such as layer: -1."
            )
        if self.layer == "text_embeds":
            vector = projection(vector)
        if self.pooling != "none":
            return normalized(vector, "l2" if self.normalize == "l2" else "none")
        tokens = projection(answers.last_hidden_state)
        if self.normalize == "pooled":
            return tokens / vector.norm(dim=-1)[:, None, None]
        return normalized(tokens, "l2" if self.normalize == "l2" else "none")

    def _states(self, tower: Any, words: Mapping[str, Any], pooled: Any) -> Any:
        """Give numbered layers, pooled over the tokens that are marked, one entry a text."""
        answers = tower(**words, output_hidden_states=True, return_dict=True)
        made = []
        for one in self.layers or (int(self.layer),):
            tokens = hidden_state(answers.hidden_states, one, "hf_text", self.weights)
            if self.pooling == "cls":
                tokens = tokens[:, 0]
            elif self.pooling == "mean":
                said = pooled[:, :, None].to(tokens.dtype)
                tokens = (tokens * said).sum(dim=1) / said.sum(dim=1)
            elif self.pooling == "last":
                tokens = tokens[range(len(tokens)), last_of(pooled)]
            made.append(normalized(tokens, "l2" if self.normalize == "l2" else "none"))
        return stacked_layers(made, "hf_text") if self.layers else made[0]


def _is_list(cell: Any) -> bool:
    return isinstance(cell, list | tuple | np.ndarray)
