"""ATM-S (Li et al. 2024): channels attend to each other and to a token of the subject."""

import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import nn

from neurodecode.core.errors import ConfigError
from neurodecode.nn._border import check_one_of, check_sensors, check_times
from neurodecode.nn.heads import outputs, residual_heads
from neurodecode.nn.subjects import TOKEN_PROB, PerSubject
from neurodecode.nn.time_space import TimeSpaceConvolution

_TINY: dict[str, Any] = {
    "n_heads": 2, "n_hidden": 64,
    "n_filters": 16, "kernel_length": 13, "pool_length": 25, "pool_stride": 5,
}  # fmt: skip
_WHY = "each channel's time course is one token, of that length"


class Atm(nn.Module):
    """The adaptive thinking mapper: one layer of attention over channels, then NICE's encoder.

    3,075,412 parameters at 63 channels, 250 samples, 10 subjects and one head of 1024, all of
    which can learn but the 248 of the key's bias, which adds alike to all that softmax compares.
    With ``compat="atm"`` 3,202,413: the published module registers 127,001 that it never uses.

    Its convolution is NICE's, but attention, norms and a feed-forward layer come before it and are
    not linear in the trial: it is not blind to power whose phase is random.

    Parameters
    ----------
    n_chans, n_times : int
        Weights belong to sensors and samples: other layouts and lengths are refused.
    heads : mapping of {"clip", "mse"} to int
        Size of each output.
    n_subjects : int
        Each has a token. 0: one token for everybody.
    token_prob : float
        How often, in training, a trial's subject is called unknown: the shared token, which an
        unknown subject is read with, learns from it.
    slice : {"channels", "released"}
        The tokens are the subject's and then one a channel. "channels" passes on those of the
        channels, as the paper draws it. "released" passes on the first ``n_chans``, as the
        released retrieval script does: the subject's token is taken for a channel, and the last
        channel of the montage is dropped.
    n_heads, n_hidden : int
        Of the attention, and of the feed-forward layer after it.
    drop_tokens : float
        Dropout of tokens, attention and feed-forward layer.
    n_filters, kernel_length, pool_length, pool_stride : int
        See `neurodecode.nn.time_space.TimeSpaceConvolution`.
    drop_prob : float
        Dropout of the convolution and of the head.
    compat : "atm" or None
        "atm": subjects as published. Their numbers count from 1 in a table whose rows count from
        0, so that row 0 is never read and the last subject reads the shared token; a subject
        never seen in training reads a row that never learnt; the shared token learns from the
        last subject only. The published code also gives the shared token to a whole batch as soon
        as one trial needs it, which its batches of one subject never show; here it is trial by
        trial. What that code registers without use is registered.

    References
    ----------
    Li et al. 2024, "Visual decoding and reconstruction via EEG embeddings with guided diffusion",
    arXiv 2403.07721.
    """

    def __init__(
        self,
        n_chans: int,
        n_times: int,
        heads: Mapping[str, int],
        n_subjects: int = 0,
        token_prob: float = TOKEN_PROB,
        slice: Literal["channels", "released"] = "channels",  # noqa: A002 - the option's known name
        n_heads: int = 4,
        n_hidden: int = 256,
        drop_tokens: float = 0.25,
        n_filters: int = 40,
        kernel_length: int = 25,
        pool_length: int = 51,
        pool_stride: int = 5,
        drop_prob: float = 0.5,
        compat: Literal["atm"] | None = None,
    ):
        super().__init__()
        check_one_of(compat, (None, "atm"), "compat", "Atm")
        check_one_of(slice, ("channels", "released"), "slice", "Atm")
        if not 1 <= n_heads <= n_times:
            raise ConfigError(
                f"Atm: {n_heads} heads cannot share trials of {n_times} samples. Give from 1 to "
                "as many heads as samples."
            )
        self.n_chans, self.n_times = n_chans, n_times
        self.first = 1 if slice == "channels" else 0
        self.published = compat == "atm"
        self.embed = nn.Linear(n_times, n_times)
        self.tokens = PerSubject(
            n_subjects, (n_times,), 1.0, "token", 0.0 if self.published else token_prob
        )
        self.drop = nn.Dropout(drop_tokens)
        self.encoder = ChannelEncoder(n_times, n_heads, n_hidden, drop_tokens)
        self.norm = nn.LayerNorm(n_times)
        self.convolution = TimeSpaceConvolution(
            n_chans, n_times, n_filters, kernel_length, pool_length, pool_stride, drop_prob
        )
        self.heads = residual_heads(self.convolution.n_features, heads, "Atm", drop_prob)
        if self.published:
            self.unused = _unused(n_times)

    @classmethod
    def tiny(cls, n_chans: int, n_times: int, heads: Mapping[str, int], **others: Any) -> "Atm":
        """Make a small one: 2 heads, 64 hidden, then NICE's tiny convolution and head.

        83,364 parameters at 24 channels, 100 samples and one head of 48 with one token: 10,100 to
        embed channels, 100 for the token, 53,964 in the encoder and its norm, 19,200 after it.
        """
        return cls(n_chans, n_times, heads, **(_TINY | others))

    def forward(
        self,
        x: torch.Tensor,
        subject: torch.Tensor | None = None,
        positions: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Give the outputs of trials.

        Parameters
        ----------
        x : Tensor, shape (n_trials, n_chans, n_times)
        subject : Tensor of int64, shape (n_trials,), or None
            Counted from 0; -1 where the subject is unknown; None: all are.
        positions : ignored
            Weights belong to channels, wherever they are.

        Returns
        -------
        outputs : dict of str to Tensor, shape (n_trials, size)

        Raises
        ------
        ConfigError
            If the trials have other channels or samples than the module was made for, or a
            subject is none of the module's.
        """
        del positions
        check_sensors(x, self.n_chans, "Atm")
        check_times(x, self.n_times, "Atm", _WHY)
        token = self.tokens(self._rows(subject), len(x)).unsqueeze(1)  # (n_trials, 1, n_times)
        z = self.embed(x)
        # The subject comes first, so that channel i is token i + 1.
        z = self.drop(torch.cat([token.to(z.dtype), z], dim=1))
        z = self.norm(self.encoder(z))[:, self.first : self.first + self.n_chans]
        return outputs(self.convolution(z), self.heads)

    def add_subject(self) -> int:
        """Make room for another subject, read as an unknown one for now, and give its number."""
        if self.published or not len(self.tokens):
            raise ConfigError(
                "Atm with compat: atm or without tokens of subjects has no place for a new "
                "subject. Make it with n_subjects of 1 or more, and without compat."
            )
        return self.tokens.add()

    def subject_parameters(self, subject: int | None = None) -> list[nn.Parameter]:
        """Give the token of a subject, which is all that is its own; None: of every subject."""
        if not len(self.tokens):
            return []
        if subject is None or not self.published:
            return self.tokens.of(subject)
        return self.tokens.of(subject + 1) if subject + 1 < len(self.tokens) else []

    def _rows(self, subject: torch.Tensor | None) -> torch.Tensor | None:
        """Give the row of the table that each subject reads, -1 for the shared token."""
        if subject is None or not len(self.tokens):
            return None
        if not self.published:
            return subject
        has_one = (subject >= 0) & (subject + 1 < len(self.tokens))
        return torch.where(has_one, subject + 1, -1)


class ChannelEncoder(nn.Module):
    """Self-attention and a feed-forward layer, each added to its input and then normalised.

    Parameters
    ----------
    n_features : int
        Of a token.
    n_heads : int
        Each of ``n_features // n_heads``, so that some of the width is lost where that leaves a
        rest.
    n_hidden : int
    drop_prob : float

    References
    ----------
    Vaswani et al. 2017, arXiv 1706.03762, section 3; channels as tokens: Liu et al. 2024,
    arXiv 2310.06625.
    """

    def __init__(self, n_features: int, n_heads: int, n_hidden: int, drop_prob: float):
        super().__init__()
        self.n_heads, self.drop_prob = n_heads, drop_prob
        inner = n_features // n_heads * n_heads
        self.query = nn.Linear(n_features, inner)
        self.key = nn.Linear(n_features, inner)
        self.value = nn.Linear(n_features, inner)
        self.out = nn.Linear(inner, n_features)
        self.norm_attention = nn.LayerNorm(n_features)
        self.hidden = nn.Linear(n_features, n_hidden)
        self.back = nn.Linear(n_hidden, n_features)
        self.norm_hidden = nn.LayerNorm(n_features)
        self.drop = nn.Dropout(drop_prob)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        """Encode tokens, shape (n_trials, n_tokens, n_features)."""
        query, key, value = (
            layer(z).unflatten(-1, (self.n_heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )  # each (n_trials, n_heads, n_tokens, inner // n_heads)
        attended = nn.functional.scaled_dot_product_attention(
            query, key, value, dropout_p=self.drop_prob if self.training else 0.0
        )
        z = self.norm_attention(z + self.drop(self.out(attended.transpose(1, 2).flatten(-2))))
        hidden = self.drop(nn.functional.gelu(self.hidden(z)))
        return self.norm_hidden(z + self.drop(self.back(hidden)))


def _unused(n_times: int) -> nn.Module:
    """Register what the published module does: never called, kept to be counted and read."""
    module = nn.Module()
    module.subject_wise = nn.ModuleList(nn.Linear(n_times, n_times) for _ in range(2))
    module.time_features = nn.Linear(4, n_times, bias=False)
    module.masks = nn.Parameter(torch.randn(2, n_times))
    module.logit_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))  # losses have their own
    return module
