"""Diffusion priors: vectors drawn as they may be, given what was told of them.

A regression tells the mean of what could have been, which is shorter and varies less. A prior draws
from all that could have been. With t from 0 to 1, a = cos(πt/2) and s = sin(πt/2), a vector x₀ is
hidden as x = a x₀ + s ε; a network is asked what hides it, or what is hidden. What each is where
nothing else is known, s x or a x, is added to what the network says: of pure noise it need not
learn to be the identity, whose least error a step from noise would divide by a.

References
----------
Ho et al. 2020, arXiv 2006.11239 (ε); Nichol & Dhariwal 2021, arXiv 2102.09672 (cosine); Ho &
Salimans 2022, arXiv 2207.12598 (guidance); Song et al. 2021, arXiv 2010.02502 (DDIM).
"""

import itertools
import math
from collections.abc import Callable
from typing import ClassVar, Literal

import torch
from torch import nn

from neurodecode.core.errors import ConfigError

_WAVES = 32  # pairs of sine and cosine that a time is told by
# Where nothing is left of a vector, no noise says what it was: a division by a = 0.
_LATEST = 0.99


class MlpPrior(nn.Module):
    """A perceptron that narrows and widens again, told time and condition on each level: ε.

    Parameters
    ----------
    n_target, n_condition : int
        Entries of both, flattened.
    widths : tuple of int
        Of the levels, the first the widest.
    dropout : float

    References
    ----------
    Li et al. 2024, arXiv 2403.07721, section 2.3 (a prior of this form for EEG). Ours scales
    targets, and its skips are added.
    """

    predicts: ClassVar[Literal["noise", "target"]] = "noise"

    def __init__(
        self,
        n_target: int,
        n_condition: int,
        widths: tuple[int, ...] = (1024, 512, 256),
        dropout: float = 0.1,
    ):
        super().__init__()
        if not widths:
            raise ConfigError("MlpPrior: widths are empty. Give one level at least.")
        self.null = nn.Parameter(torch.zeros(n_condition))
        ups = list(reversed(widths[:-1]))
        sizes = list(zip([widths[0], *widths[:-1], *reversed(widths[1:])], [*widths, *ups],
                         strict=True))  # fmt: skip
        self.enter = nn.Linear(n_target, widths[0])
        self.levels = nn.ModuleList(
            _Level(n_in, n_out, n_condition, dropout) for n_in, n_out in sizes
        )
        self.n_down = len(widths)
        self.leave = nn.Linear(widths[0], n_target)

    def forward(
        self, noisy: torch.Tensor, time: torch.Tensor, condition: torch.Tensor, told: torch.Tensor
    ) -> torch.Tensor:
        """Say what hides vectors.

        Parameters
        ----------
        noisy : Tensor, shape (n, …)
        time : Tensor, shape (n,)
            From 0 to 1.
        condition : Tensor, shape (n, …)
        told : Tensor of bool, shape (n,)
            Whether the condition is told; else the learnt null stands in its place.

        Returns
        -------
        noise : Tensor
            In the shape of `noisy`.
        """
        condition = torch.where(told[:, None], condition.flatten(1), self.null)
        waves = time_waves(time)
        z = self.enter(noisy.flatten(1))
        kept: list[torch.Tensor] = []
        for i, level in enumerate(self.levels):
            z = level(z, waves, condition)
            if i < self.n_down - 1:
                kept.append(z)
            elif i >= self.n_down:
                z = z + kept.pop()
        a, s = _across(time, noisy)
        return s * noisy + a * self.leave(z).reshape(noisy.shape)


class TransformerPrior(nn.Module):
    """A transformer over tokens told, the time, and hidden tokens: it says what is hidden, x₀.

    Parameters
    ----------
    target_shape, condition_shape : tuple of int
        (n_tokens, n_features); of one axis, one token.
    width, depth, n_heads : int
    dropout : float

    References
    ----------
    Scotti et al. 2023, arXiv 2305.18274, appendix A.4: width 768, depth 6, 12 heads, which are the
    defaults. Positions here are learnt, where theirs turn (rotary) and add a relative bias.
    """

    predicts: ClassVar[Literal["noise", "target"]] = "target"

    def __init__(
        self,
        target_shape: tuple[int, ...],
        condition_shape: tuple[int, ...],
        width: int = 768,
        depth: int = 6,
        n_heads: int = 12,
        dropout: float = 0.0,
    ):
        super().__init__()
        if width % n_heads:
            raise ConfigError(
                f"TransformerPrior: a width of {width} does not fall into {n_heads} heads. Give a "
                "width that they divide."
            )
        (n_target, target_size), (n_told, told_size) = (
            _tokens(shape) for shape in (target_shape, condition_shape)
        )
        self.n_target = n_target
        self.null = nn.Parameter(torch.zeros(n_told, told_size))
        self.enter = nn.Linear(target_size, width)
        self.tell = nn.Linear(told_size, width)
        self.time = nn.Sequential(nn.Linear(2 * _WAVES, width), nn.SiLU(), nn.Linear(width, width))
        self.places = nn.Parameter(0.02 * torch.randn(n_told + 1 + n_target, width))
        layer = nn.TransformerEncoderLayer(
            width, n_heads, 4 * width, dropout, nn.functional.gelu, batch_first=True,
            norm_first=True,
        )  # fmt: skip
        self.layers = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.leave = nn.Sequential(nn.LayerNorm(width), nn.Linear(width, target_size))

    def forward(
        self, noisy: torch.Tensor, time: torch.Tensor, condition: torch.Tensor, told: torch.Tensor
    ) -> torch.Tensor:
        """Say what is hidden; see `MlpPrior.forward`."""
        n = len(noisy)
        known = condition.reshape(n, *self.null.shape)
        known = torch.where(told[:, None, None], known, self.null)
        tokens = noisy.reshape(n, self.n_target, -1)
        sequence = [self.tell(known), self.time(time_waves(time))[:, None], self.enter(tokens)]
        z = self.layers(torch.cat(sequence, dim=1) + self.places)
        a, s = _across(time, noisy)
        return a * noisy + s * self.leave(z[:, -self.n_target :]).reshape(noisy.shape)


def shares(time: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Give how much of the vector and of the noise there is, a and s with a² + s² = 1."""
    return torch.cos(time * math.pi / 2), torch.sin(time * math.pi / 2)


def hidden(target: torch.Tensor, noise: torch.Tensor, time: torch.Tensor) -> torch.Tensor:
    """Hide vectors, shape (n, …), as far as each one's time says: a x₀ + s ε."""
    a, s = _across(time, target)
    return a * target + s * noise


def even_times(n: int, device: torch.device | str) -> torch.Tensor:
    """Draw times that lie evenly, so that a batch's loss depends less on which were drawn."""
    start = torch.rand((), device=device)
    drawn = (torch.arange(n, device=device) / n + start) % 1
    return drawn[torch.randperm(n, device=device)]


def time_waves(time: torch.Tensor) -> torch.Tensor:
    """Tell times by sines and cosines of rates from 1 to 1000, shape (n, 64)."""
    rates = torch.logspace(0, 3, _WAVES, device=time.device, dtype=time.dtype)
    angles = time[:, None] * rates
    return torch.cat([torch.sin(angles), torch.cos(angles)], dim=1)


def denoised(
    say: Callable[[torch.Tensor, torch.Tensor], torch.Tensor],
    predicts: Literal["noise", "target"],
    noise: torch.Tensor,
    steps: int,
) -> torch.Tensor:
    """Walk from noise to vectors by DDIM, without drawing anything more.

    Parameters
    ----------
    say : callable
        ``say(noisy, time)`` with times of shape (n,); gives noise or target, as `predicts` says.
    predicts : {"noise", "target"}
    noise : Tensor, shape (n, …)
    steps : int

    Returns
    -------
    vectors : Tensor, shape (n, …)

    References
    ----------
    Song et al. 2021, arXiv 2010.02502, eq. 12 with σ = 0.
    """
    times = torch.linspace(_LATEST, 0, steps + 1, device=noise.device)
    x = noise
    for now, after in itertools.pairwise(times):
        said = say(x, now.expand(len(x)))
        a, s = shares(now)
        if predicts == "target":
            target, hides = said, (x - a * said) / s
        else:
            target, hides = (x - s * said) / a, said
        a, s = shares(after)
        x = a * target + s * hides
    return x


class _Level(nn.Module):
    """A linear layer that is told time and condition."""

    def __init__(self, n_in: int, n_out: int, n_condition: int, dropout: float):
        super().__init__()
        self.own = nn.Linear(n_in, n_out)
        self.time = nn.Linear(2 * _WAVES, n_out)
        self.condition = nn.Linear(n_condition, n_out)
        self.after = nn.Sequential(nn.LayerNorm(n_out), nn.SiLU(), nn.Dropout(dropout))

    def forward(
        self, z: torch.Tensor, waves: torch.Tensor, condition: torch.Tensor
    ) -> torch.Tensor:
        return self.after(self.own(z) + self.time(waves) + self.condition(condition))


def _across(time: torch.Tensor, vectors: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Give the shares of each time, to be multiplied with the vectors of each."""
    wide = time.reshape(-1, *[1] * (vectors.ndim - 1))
    return shares(wide)


def _tokens(shape: tuple[int, ...]) -> tuple[int, int]:
    return (1, shape[0]) if len(shape) == 1 else (shape[0], math.prod(shape[1:]))
