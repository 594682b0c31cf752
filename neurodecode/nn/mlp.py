"""A residual perceptron over voxels (Scotti et al. 2023): fMRI to tokens of a picture."""

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import nn

from neurodecode.core.errors import ConfigError
from neurodecode.nn._border import check_heads, check_subjects

_TINY: dict[str, Any] = {"width": 128, "n_blocks": 2, "projector": None}


class Mlp(nn.Module):
    """MindEye's backbone: voxels to a wide layer, residual blocks, tokens, and their projector.

    947,579,904 parameters from 15,724 voxels to 257 tokens of 768; 142,076,928 to one token.

    Parameters
    ----------
    n_voxels : int or sequence of int
        One number: one input layer, for one subject or for voxels that mean the same in all. A
        sequence: each subject's own voxels and own input layer, in the subjects' order.
    heads : mapping of {"clip", "mse"} to int
        Size of each output. With a projector, "mse" is what enters it and "clip" what leaves it,
        so that they are of one size; without one, each is a linear map of its own.
    width : int
        Of the layers up to the tokens.
    n_blocks : int
        Residual layers.
    drop_input, drop_prob : float
        Dropout after the input layer, and in each block.
    token_size : int or None
        Features of a token, which the projector is handed one by one; None: the output is one.
    projector : int or None
        Width of the projector.

    References
    ----------
    Scotti et al. 2023, "Reconstructing the mind's eye", arXiv 2305.18274, appendix A.
    """

    def __init__(
        self,
        n_voxels: int | Sequence[int],
        heads: Mapping[str, int],
        width: int = 4096,
        n_blocks: int = 4,
        drop_input: float = 0.5,
        drop_prob: float = 0.15,
        token_size: int | None = None,
        projector: int | None = 2048,
    ):
        super().__init__()
        sizes = check_heads(heads, "Mlp")
        self.own = not isinstance(n_voxels, int)
        self.width = width
        counts = [n_voxels] if isinstance(n_voxels, int) else list(n_voxels)
        if not counts or min(counts) < 1:
            raise ConfigError(f"Mlp: n_voxels is {n_voxels}. Give at least one voxel a subject.")
        self.inputs = nn.ModuleList(nn.Linear(n, width) for n in counts)
        self.start = nn.Sequential(nn.LayerNorm(width), nn.GELU(), nn.Dropout(drop_input))
        self.blocks = nn.ModuleList(_block(width, drop_prob) for _ in range(n_blocks))
        self.token_size = token_size
        self.names = tuple(sizes)
        if projector is None:
            self.heads = nn.ModuleDict({k: nn.Linear(width, size) for k, size in sizes.items()})
            self.projector = None
            return
        n_out = max(sizes.values())
        if min(sizes.values()) != n_out:
            raise ConfigError(
                f"Mlp: heads {sizes} differ in size, but with a projector mse is what enters it "
                "and clip what leaves it. Give both one size, or projector: null."
            )
        size = token_size or n_out
        if n_out % size:
            raise ConfigError(
                f"Mlp: an output of {n_out} is not made of tokens of {size}. Give a token_size "
                "that divides it."
            )
        self.heads = nn.ModuleDict({"tokens": nn.Linear(width, n_out)})
        self.projector = _projector(size, projector) if "clip" in sizes else None

    @classmethod
    def tiny(cls, n_voxels: int | Sequence[int], heads: Mapping[str, int], **others: Any) -> "Mlp":
        """Make a small one: 128 wide, two blocks, a linear map an output.

        142,512 parameters at 800 voxels and one head of 48: 102,528 to enter, 256 in the norm
        there, 33,536 in the blocks and 6,192 to leave.
        """
        return cls(n_voxels, heads, **(_TINY | others))

    def forward(
        self,
        x: torch.Tensor,
        subject: torch.Tensor | None = None,
        positions: torch.Tensor | None = None,
    ) -> dict[str, torch.Tensor]:
        """Give the outputs of trials.

        Parameters
        ----------
        x : Tensor, shape (n_trials, n_voxels)
            Where subjects have their own voxels, as many as the largest has: the first ones are
            the subject's, what comes after them is not read and may be NaN.
        subject : Tensor of int64, shape (n_trials,), or None
            Not read where all subjects share one input layer.
        positions : ignored

        Returns
        -------
        outputs : dict of str to Tensor, shape (n_trials, size)

        Raises
        ------
        ConfigError
            If the trials have another number of voxels, or if subjects have input layers of their
            own and one is unknown.
        """
        del positions
        z = self.start(self._enter(x, subject))
        for block in self.blocks:
            z = z + block(z)
        if "tokens" not in self.heads:
            return {name: self.heads[name](z) for name in self.names}
        tokens = self.heads["tokens"](z)
        given = {"mse": tokens}
        if self.projector is not None:
            size = self.token_size or tokens.shape[1]
            given["clip"] = self.projector(tokens.unflatten(1, (-1, size))).flatten(1)
        return {name: given[name] for name in self.names}

    def add_subject(self, n_voxels: int) -> int:
        """Make room for another subject, with an input layer that is yet to learn.

        Parameters
        ----------
        n_voxels : int

        Returns
        -------
        subject : int
            Its number.

        Raises
        ------
        ConfigError
            If subjects share one input layer.
        """
        if not self.own:
            raise ConfigError(
                "Mlp with one input layer for all has no place for a new subject. Make it with "
                "n_voxels as a list, one number a subject."
            )
        weight = next(self.parameters())
        layer = nn.Linear(n_voxels, self.width, device=weight.device, dtype=weight.dtype)
        self.inputs.append(layer)
        return len(self.inputs) - 1

    def subject_parameters(self, subject: int | None = None) -> list[nn.Parameter]:
        """Give the input layer of a subject, which is all that is its own; None: all of them."""
        if not self.own:
            return []
        if subject is None:
            return list(self.inputs.parameters())
        check_subjects(torch.tensor([subject]), len(self.inputs), 0, "Mlp")
        return list(self.inputs[subject].parameters())

    def _enter(self, x: torch.Tensor, subject: torch.Tensor | None) -> torch.Tensor:
        """Take trials from voxels to the width of the blocks."""
        layers = [layer for layer in self.inputs if isinstance(layer, nn.Linear)]
        most = max(layer.in_features for layer in layers)
        if x.ndim != 2 or x.shape[1] != most:
            padded = ", the largest of its subjects' numbers: fill up with NaN" if self.own else ""
            raise ConfigError(
                f"Mlp was made for {most} voxels{padded} and is handed trials of shape "
                f"{tuple(x.shape[1:])}. Give the voxels that it was fitted to, in their order."
            )
        if not self.own:
            return layers[0](x)
        if subject is None:
            raise ConfigError(
                "Mlp has an input layer for each subject's own voxels and is not told whose "
                "trials these are. Give the subject, or add it by add_subject and fit its layer."
            )
        check_subjects(subject, len(layers), 0, "Mlp")
        # All layers over all trials, then each trial's own: no shape depends on who is in the
        # batch, so that nothing waits for the device. NaN remains where a number is nobody's.
        entered = x.new_full((len(x), self.width), torch.nan)
        for i, layer in enumerate(layers):
            mine = (subject == i).unsqueeze(1)
            own = x[:, : layer.in_features].where(mine, 0.0)
            entered = layer(own).where(mine, entered)
        return entered


def _block(width: int, drop_prob: float) -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(width, width), nn.LayerNorm(width), nn.GELU(), nn.Dropout(drop_prob)
    )


def _projector(size: int, hidden: int) -> nn.Sequential:
    return nn.Sequential(
        nn.LayerNorm(size), nn.GELU(), nn.Linear(size, hidden),
        nn.LayerNorm(hidden), nn.GELU(), nn.Linear(hidden, hidden),
        nn.LayerNorm(hidden), nn.GELU(), nn.Linear(hidden, size),
    )  # fmt: skip
