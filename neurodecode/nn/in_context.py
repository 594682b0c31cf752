"""Weights of a voxel told from a few stimuli and its responses to them, in one pass.

The context of a voxel is a set of pairs, an embedding and a response. A transformer that was
trained on many voxels reads it and gives the weights of a linear encoder: what it has learnt of
voxels stands in for the stimuli that are lacking.

References
----------
Yu et al. 2025, arXiv 2505.15813 (BraInCoRL); Chiang & Cholak 2022, arXiv 2202.12172 (queries times
the logarithm of how many tokens there are); Shazeer 2020, arXiv 2002.05202 (SwiGLU).
"""

import math

import torch
from torch import nn

from neurodecode.core.errors import ConfigError


class InContext(nn.Module):
    """A transformer over a voxel's context; a register that it reads tells weights and offset.

    No token is told its place, so the order of a context changes nothing.

    Parameters
    ----------
    n_features : int
        Of an embedding.
    width, depth, n_heads, n_hidden : int
        Of tokens; blocks; of attention; of the gated layer behind it.
    n_registers : int
        Tokens of its own, of which the first is read.
    dropout : float

    Notes
    -----
    Attention of a batch of b voxels with contexts of n takes ``4 b n_heads (n + n_registers)²``
    bytes a block, in float32 whatever the rest is computed in: 64 voxels, 10 heads and 500
    stimuli 650 MB, 20 blocks of which are held for gradients; 8 voxels a step then take 1.6 GB.
    """

    def __init__(
        self,
        n_features: int,
        width: int = 560,
        depth: int = 20,
        n_heads: int = 10,
        n_hidden: int = 2048,
        n_registers: int = 4,
        dropout: float = 0.5,
    ):
        super().__init__()
        if width % n_heads:
            raise ConfigError(f"a width of {width} does not fall into {n_heads} heads.")
        self.enter = _Residual(n_features + 1, 2 * width, width)
        self.registers = nn.Parameter(0.02 * torch.randn(n_registers, width))
        self.blocks = nn.ModuleList(_Block(width, n_heads, n_hidden, dropout) for _ in range(depth))
        self.norm = nn.LayerNorm(width)
        self.leave = _Residual(width, 2 * width, n_features + 1)

    def forward(self, embeddings: torch.Tensor, responses: torch.Tensor) -> torch.Tensor:
        """Tell weights from contexts.

        Parameters
        ----------
        embeddings : Tensor, shape (n_voxels, n_context, n_features) or (n_context, n_features)
            Of each voxel its own stimuli, or the same of all.
        responses : Tensor, shape (n_voxels, n_context)

        Returns
        -------
        weights : Tensor, shape (n_voxels, n_features + 1)
            The last is the offset.
        """
        own = embeddings.expand(*responses.shape, embeddings.shape[-1])
        z = self.enter(torch.cat([own, responses[..., None]], dim=2))
        z = torch.cat([self.registers.expand(len(z), -1, -1), z], dim=1)
        for block in self.blocks:
            z = block(z)
        return self.leave(self.norm(z[:, 0]))


class _Residual(nn.Module):
    """Two layers, and one past them."""

    def __init__(self, n_in: int, n_hidden: int, n_out: int):
        super().__init__()
        self.first, self.second = nn.Linear(n_in, n_hidden), nn.Linear(n_hidden, n_out)
        self.past = nn.Linear(n_in, n_out)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        return self.past(z) + self.second(nn.functional.gelu(self.first(z)))


class _Block(nn.Module):
    """Attention whose sharpness goes with the number of tokens, and a gated layer."""

    def __init__(self, width: int, n_heads: int, n_hidden: int, dropout: float):
        super().__init__()
        self.n_heads = n_heads
        self.before, self.behind = nn.LayerNorm(width), nn.LayerNorm(width)
        self.query, self.key, self.value, self.out = (nn.Linear(width, width) for _ in range(4))
        self.gate, self.up = nn.Linear(width, n_hidden), nn.Linear(width, n_hidden)
        self.down = nn.Linear(n_hidden, width)
        self.dropout = nn.Dropout(dropout)

    def forward(self, z: torch.Tensor) -> torch.Tensor:
        z = z + self.dropout(self._attended(self.before(z)))
        seen = self.behind(z)
        return z + self.dropout(self.down(nn.functional.silu(self.gate(seen)) * self.up(seen)))

    def _attended(self, z: torch.Tensor) -> torch.Tensor:
        q, k, v = (
            layer(z).unflatten(2, (self.n_heads, -1)).transpose(1, 2)
            for layer in (self.query, self.key, self.value)
        )
        # float32: products that grow with the logarithm of 500 tokens leave what halves can hold.
        with torch.autocast(z.device.type, enabled=False):
            sharp = math.log(z.shape[1]) / math.sqrt(q.shape[-1])
            shares = (sharp * q.float() @ k.float().mT).softmax(dim=-1)
        seen = (shares.to(v.dtype) @ v).transpose(1, 2).flatten(2)
        return self.out(seen)
