"""Readouts of feature maps that look where something is: what is shown moves where they look.

All of them take maps of shape (n, n_tokens, n_channels) and give (n, n_targets). Attention of all
targets to all places of a batch may be large: it is computed for some targets at a time, and anew
for gradients where there are several such parts.
"""

import math
from collections.abc import Callable, Sequence

import numpy as np
import torch
from torch import nn
from torch.utils.checkpoint import checkpoint

from neurodecode.core.errors import ConfigError
from neurodecode.nn.feature_maps import MapShape
from neurodecode.nn.readouts import first_weights

_MOST = 2**25  # numbers of attention that are held at a time: 134 MB


class RoiAttention(nn.Module):
    """A learned query for each region attends to places; its voxels weigh what it has seen.

    One layer of a transformer's decoder: queries are learnt, do not attend to each other, and
    begin with nothing of their own; places are told to keys alone. Each target weighs the output of
    its region's query and of no other. Parameters: ``n_queries * width``; ``4 width² + 4 width``
    of attention, ``2 width n_hidden + 3 width + n_hidden`` behind it, ``width + 1`` a target, and
    ``(n_channels + 1) width`` where channels are not as many as `width`.

    Parameters
    ----------
    shape : MapShape
    query_of : sequence of int, shape (n_targets,)
        Number of the query that each target reads.
    n_queries : int
    width, n_heads, n_hidden : int
        Of queries; of attention; of the layer behind it.
    dropout : float

    References
    ----------
    Adeli, Sun & Kriegeskorte 2025, arXiv 2505.17329. Theirs computes what every query says of every
    voxel, and masks it: 25 times the products, and the sum of two where regions overlap.
    """

    positions: torch.Tensor
    order: torch.Tensor
    back: torch.Tensor

    def __init__(
        self,
        shape: MapShape,
        query_of: Sequence[int],
        n_queries: int,
        width: int = 768,
        n_heads: int = 16,
        n_hidden: int = 1024,
        dropout: float = 0.1,
    ):
        super().__init__()
        if width % n_heads or width % 4:
            raise ConfigError(
                f"a width of {width} falls into {n_heads} heads, and into sines and cosines of "
                "two axes, only where both they and 4 divide it."
            )
        self.shape, self.n_heads, self.dropout = shape, n_heads, dropout
        alike = shape.n_channels == width
        self.enter = nn.Identity() if alike else nn.Linear(shape.n_channels, width)
        self.queries = nn.Parameter(torch.randn(n_queries, width))
        self.ask, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.behind = nn.Sequential(
            nn.LayerNorm(width), nn.Linear(width, n_hidden), nn.ReLU(), nn.Dropout(dropout),
            nn.Linear(n_hidden, width), nn.Dropout(dropout),
        )  # fmt: skip
        self.weight = nn.Parameter(first_weights(len(query_of), width))
        self.bias = nn.Parameter(torch.zeros(len(query_of)))
        for layer in (self.ask, self.key, self.value, self.out):
            nn.init.xavier_uniform_(layer.weight)
            nn.init.zeros_(layer.bias)
        self.register_buffer("positions", waves(shape, width), persistent=False)
        order = np.argsort(query_of, kind="stable")
        for name, index in (("order", order), ("back", np.argsort(order))):
            self.register_buffer(name, torch.tensor(index), persistent=False)
        self.counts: list[int] = np.bincount(query_of, minlength=n_queries).tolist()
        self.starts = [0, *np.cumsum(self.counts).tolist()]

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give the answer of each target, shape (n, n_targets)."""
        keys, values = self._keys(tokens)
        weight = self.weight[self.order]  # query by query
        n = len(tokens) * self.n_heads * self.shape.n_tokens
        parts = _parts(len(self.queries), n)
        said = []
        for at in parts:
            z = _recomputed(self._seen, len(parts) > 1, self.queries[at], keys, values)
            mine = slice(self.starts[at.start], self.starts[at.stop])
            said.append(self._said(z, weight[mine], self.counts[at]))
        return torch.cat(said, dim=1)[:, self.back] + self.bias

    def attention(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give what each query attends to, mean over heads, shape (n, n_queries, n_tokens)."""
        keys, _ = self._keys(tokens)
        asked = self._heads(self.ask(self.queries)[None])
        return (asked @ keys.mT / math.sqrt(asked.shape[-1])).softmax(dim=-1).mean(dim=1)

    def penalty(self) -> torch.Tensor:
        """Give what is added to the loss: nothing."""
        return self.bias.new_zeros(())

    def _keys(self, tokens: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Give keys and values by head, each (n, n_heads, n_tokens, width of a head)."""
        seen = self.enter(tokens)
        return self._heads(self.key(seen + self.positions)), self._heads(self.value(seen))

    def _heads(self, z: torch.Tensor) -> torch.Tensor:
        return z.unflatten(2, (self.n_heads, -1)).transpose(1, 2)

    def _seen(
        self, queries: torch.Tensor, keys: torch.Tensor, values: torch.Tensor
    ) -> torch.Tensor:
        """Give what some queries see, shape (n, n_queries, width)."""
        asked = self._heads(self.ask(queries)[None]).expand(len(keys), -1, -1, -1)
        dropped = self.dropout if self.training else 0.0
        z = nn.functional.scaled_dot_product_attention(asked, keys, values, dropout_p=dropped)
        z = nn.functional.dropout(self.out(z.transpose(1, 2).flatten(2)), dropped)
        return z + self.behind(z)

    def _said(self, z: torch.Tensor, weight: torch.Tensor, counts: list[int]) -> torch.Tensor:
        """Give what the targets of some queries say, in the order of queries."""
        if all(count == 1 for count in counts):
            return torch.einsum("nqd,qd->nq", z, weight)
        several = zip(z.unbind(dim=1), weight.split(counts), strict=True)
        return torch.cat([one @ own.T for one, own in several], dim=1)


class SemanticSpatial(nn.Module):
    """A map of places that what is shown moves, and weights of channels that it gates.

    A target weighs place t of a picture I by the softmax of ``l(t) + q · k(F_t) / √d``, and
    channels by ``w ⊙ σ(U e(I))``; k, U are shared, e(I) is the mean of the map. Has
    ``n_tokens + d + n_channels + 1`` parameters a target.

    Parameters
    ----------
    shape : MapShape
    n_targets : int
    n_keys : int
        d, of keys and queries.

    References
    ----------
    Saha, Chadha & Khosla 2024, OpenReview (readouts of response- and task-optimised models): the
    form is theirs in outline, the sizes are ours.
    """

    def __init__(self, shape: MapShape, n_targets: int, n_keys: int = 16):
        super().__init__()
        self.shape = shape
        self.places = nn.Parameter(torch.zeros(n_targets, shape.n_tokens))
        self.queries = nn.Parameter(0.1 * torch.randn(n_targets, n_keys))
        self.key = nn.Linear(shape.n_channels, n_keys)
        self.gate = nn.Linear(shape.n_channels, shape.n_channels)
        nn.init.zeros_(self.gate.weight)  # at first every channel passes alike
        nn.init.zeros_(self.gate.bias)
        self.weight = nn.Parameter(first_weights(n_targets, shape.n_channels))
        self.bias = nn.Parameter(torch.zeros(n_targets))

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give the answer of each target, shape (n, n_targets)."""
        gated = tokens * self.gate(tokens.mean(dim=1, keepdim=True)).sigmoid()
        keys = self.key(tokens)
        parts = _parts(len(self.bias), len(tokens) * self.shape.n_tokens)
        said = [
            _recomputed(
                self._said, len(parts) > 1, keys, gated, self.places[at], self.queries[at],
                self.weight[at],
            )
            for at in parts
        ]  # fmt: skip
        return torch.cat(said, dim=1) + self.bias

    def attention(self, tokens: torch.Tensor) -> torch.Tensor:
        """Give how much each target weighs each place, shape (n, n_targets, n_tokens)."""
        return self._attended(self.key(tokens), self.places, self.queries)

    def penalty(self) -> torch.Tensor:
        """Give what is added to the loss: nothing."""
        return self.bias.new_zeros(())

    def _attended(
        self, keys: torch.Tensor, places: torch.Tensor, queries: torch.Tensor
    ) -> torch.Tensor:
        moved = queries @ keys.mT / math.sqrt(queries.shape[1])  # (n, n_targets, n_tokens)
        return (places + moved).softmax(dim=2)

    def _said(
        self,
        keys: torch.Tensor,
        gated: torch.Tensor,
        places: torch.Tensor,
        queries: torch.Tensor,
        weight: torch.Tensor,
    ) -> torch.Tensor:
        attended = self._attended(keys, places, queries)
        return (attended * (weight @ gated.mT)).sum(dim=2)


def waves(shape: MapShape, width: int) -> torch.Tensor:
    """Tell places by sines and cosines of their rows, then columns, shape (n_tokens, width).

    Rates fall from 1 a place to 1/10,000 on a logarithm, over a quarter of the width each.

    References
    ----------
    Carion et al. 2020, arXiv 2005.12872, section A.4 (two axes); Vaswani et al. 2017, arXiv
    1706.03762, section 3.5.
    """
    n = width // 4
    rates = 10_000.0 ** (-torch.arange(n) / n)
    height, across = shape.grid
    down = torch.arange(height).repeat_interleave(across)[:, None] * rates
    right = torch.arange(across).repeat(height)[:, None] * rates
    return torch.cat([down.sin(), down.cos(), right.sin(), right.cos()], dim=1)


def _parts(n_targets: int, n_each: int) -> list[slice]:
    """Part targets so that none of the parts holds more attention than may be."""
    size = max(1, _MOST // max(1, n_each))
    return [slice(first, min(first + size, n_targets)) for first in range(0, n_targets, size)]


def _recomputed(
    function: Callable[..., torch.Tensor], anew: bool, *of: torch.Tensor
) -> torch.Tensor:
    """Call a function; where it is one of several, what it holds is made anew for gradients."""
    if anew and torch.is_grad_enabled():
        said: torch.Tensor = checkpoint(function, *of, use_reentrant=False)  # type: ignore[assignment]
        return said
    return function(*of)
