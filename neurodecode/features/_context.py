"""Texts in the context of those before them, and which tokens are a text's own."""

from collections.abc import Sequence
from typing import Any

from neurodecode.core.config import nearest
from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.stimuli import Stimuli


def in_context(stimuli: Stimuli, stimulus: str, column: str) -> tuple[str, str]:
    """Give what was said before a text, and the text.

    Parameters
    ----------
    stimuli : Stimuli
        Texts.
    stimulus : str
    column : str
        Earlier texts of the same value are its context.

    Raises
    ------
    ConfigError
        If there is no such column.
    DataError
        If it is no text, or an empty one.
    """
    table = stimuli.table
    if column not in table:
        raise ConfigError(
            f"hf_text: context: the table of stimuli has no column {column!r}."
            f"{nearest(column, map(str, table.columns))}"
        )
    own = _text(stimuli, stimulus)
    if not own.strip():
        raise DataError(f"stimulus {stimulus!r} is an empty text, which has no token of its own.")
    at = table.index.get_loc(stimulus)
    same = table[column].to_numpy()[:at] == table[column].iloc[at]
    before = [_text(stimuli, one) for one in table.index[:at][same]]
    return " ".join(one.strip() for one in before if one.strip()), own.strip()


def tokens_in_context(
    tokenizer: Any, texts: Sequence[tuple[str, ...]], length: int
) -> tuple[dict[str, Any], Any]:
    """Give tokens of contexts and texts, and a mask of those of the texts themselves.

    Where both are too long, the context is cut at its beginning.

    Parameters
    ----------
    tokenizer : PreTrainedTokenizerFast
    texts : sequence of (before, own)
    length : int
        Tokens at most.

    Returns
    -------
    words : dict of Tensor, shape (n_texts, n_tokens)
    own : Tensor of int, shape (n_texts, n_tokens)
    """
    import torch

    if not getattr(tokenizer, "is_fast", False):
        raise ConfigError("hf_text: context: the tokenizer does not say where tokens come from.")
    joined = [f"{before} {own}" if before else own for before, own in texts]
    starts = [len(one) - len(own) for one, (_, own) in zip(joined, texts, strict=True)]
    sides = tokenizer.truncation_side, tokenizer.padding_side
    tokenizer.truncation_side, tokenizer.padding_side = "left", "right"
    try:
        words = tokenizer(
            joined, padding=True, truncation=True, max_length=length, return_tensors="pt",
            return_offsets_mapping=True, return_special_tokens_mask=True,
        )  # fmt: skip
    finally:
        tokenizer.truncation_side, tokenizer.padding_side = sides
    end = words.pop("offset_mapping")[:, :, 1]
    special = words.pop("special_tokens_mask").bool()
    # A token may begin with the blank before its word: it is told by where it ends.
    own = (end > torch.tensor(starts)[:, None]) & ~special & words["attention_mask"].bool()
    words.pop("token_type_ids", None)
    return dict(words), own.long()


def last_of(mask: Any) -> Any:
    """Give the place of the last token that is marked, shape (n_texts,)."""
    import torch

    places = torch.arange(mask.shape[1], device=mask.device)
    return (mask * places).argmax(dim=1)


def _text(stimuli: Stimuli, stimulus: str) -> str:
    content = stimuli[stimulus]
    if not isinstance(content, str):
        raise DataError(f"stimulus {stimulus!r}: expected a text, got {type(content).__name__}.")
    return content
