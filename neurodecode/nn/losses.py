"""Contrastive losses: each prediction is told its own target from those of the other trials.

A loss is a module that is called with predictions and targets, both (n, d), and gives one number.
What it learns itself (temperature, bias) are its parameters; `constrain` brings them back to where
they may be after a step.
"""

import math
from typing import Literal

import torch
from torch import nn
from torch.nn.functional import log_softmax, logsigmoid, normalize

Sides = Literal["xy", "x", "y", "none"]

FIRST_TEMPERATURE = 0.07
LARGEST_SCALE = 100.0  # Radford et al. 2021, section 2.5: larger ones made training unstable
# Of the logarithm: its exponential in float32 must not round to above, where no gradient passes.
_LARGEST_LOG = math.log(LARGEST_SCALE) - 1e-6
_SAME = 0.999  # cosine from which two targets are taken for one (SigLip)


def positive_rows(group: torch.Tensor, other: torch.Tensor | None = None) -> torch.Tensor:
    """Give each trial's target distribution: even over all of its group.

    Two trials of one picture are no negatives of each other.

    Parameters
    ----------
    group : Tensor of int64, shape (n,)
    other : Tensor of int64, shape (m,), optional
        Groups of the candidates; those of the trials themselves without.

    Returns
    -------
    rows : Tensor, shape (n, m)
        Of float32; each row sums to one.
    """
    other = group if other is None else other
    same = (group[:, None] == other[None, :]).float()
    return same / same.sum(dim=1, keepdim=True)


def soft_cross_entropy(logits: torch.Tensor, rows: torch.Tensor) -> torch.Tensor:
    """Mean over rows of the cross entropy of softmax to a distribution; zero counts as zero.

    Parameters
    ----------
    logits, rows : Tensor, shape (n, m)
    """
    likely = log_softmax(logits.float(), dim=1)
    return -torch.where(rows > 0, rows * likely, torch.zeros_like(likely)).sum(dim=1).mean()


class Temperature(nn.Module):
    """What similarities are multiplied by before softmax.

    Parameters
    ----------
    temperature : "learned", "none" or float
        A number is divided by; ``none`` is one. ``learned`` starts from .07, as the logarithm of
        what is multiplied by, which is held to 100 at most.
    first : float
        Temperature that learning starts from.
    """

    def __init__(self, temperature: str | float = "learned", first: float = FIRST_TEMPERATURE):
        super().__init__()
        value = 1.0 if temperature == "none" else first if temperature == "learned" else temperature
        log_scale = torch.tensor(-math.log(float(value)))
        if temperature == "learned":
            self.log_scale = nn.Parameter(log_scale)
        else:
            self.register_buffer("log_scale", log_scale)
        self.learned = temperature == "learned"

    def forward(self) -> torch.Tensor:
        """Give the scale, one number."""
        scale = self.log_scale.exp()
        return scale.clamp(max=LARGEST_SCALE) if self.learned else scale

    def constrain(self) -> None:
        """Bring a learned scale back to where it may be."""
        if self.learned:
            with torch.no_grad():
                self.log_scale.clamp_(max=_LARGEST_LOG)


class Clip(nn.Module):
    """Cross entropy of each prediction among the targets of the batch, and the other way round.

    Parameters
    ----------
    normalise : {"xy", "x", "y", "none"}
        Whether predictions (x) and targets (y) are brought to length one.
    symmetric : bool
        Whether targets are also told from each other by the predictions, and the mean is taken.
    temperature : "learned", "none" or float
        See `Temperature`.
    queue : int
        How many targets of earlier batches are candidates too. They are exact, for targets do not
        change while a network is trained; those of a trial's own group are left out.

    References
    ----------
    Radford et al. 2021, arXiv 2103.00020, figure 3; Khosla et al. 2020, arXiv 2004.11362, eq. 2
    (several positives); He et al. 2020, arXiv 1911.05722 (queue).
    """

    def __init__(
        self,
        normalise: Sides = "xy",
        symmetric: bool = True,
        temperature: str | float = "learned",
        queue: int = 0,
    ):
        super().__init__()
        self.normalise: Sides = normalise
        self.symmetric = symmetric
        self.temperature = Temperature(temperature)
        self.queue = queue
        # Of what earlier batches held; the number of entries is known with the first batch.
        self.register_buffer("earlier", torch.zeros(0, 0))
        self.register_buffer("earlier_group", torch.zeros(0, dtype=torch.int64))

    def forward(
        self, x: torch.Tensor, y: torch.Tensor, group: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Give the loss of predictions `x` and targets `y`.

        Parameters
        ----------
        x, y : Tensor, shape (n, d)
        group : Tensor of int64, shape (n,), optional
            Trials of one group are positives of each other; each is its own without.
        """
        if group is None:
            group = torch.arange(len(x), device=x.device)
        x, y = sides(x, y, self.normalise)
        logits = x @ y.T * self.temperature()
        rows = positive_rows(group)
        known = logits
        if self.training and len(self.earlier):
            more = x @ sides(x, self.earlier, self.normalise)[1].T * self.temperature()
            own = group[:, None] == self.earlier_group[None, :]
            known = torch.cat([logits, more.masked_fill(own, -torch.inf)], dim=1)
            rows = torch.cat([rows, torch.zeros_like(more, dtype=rows.dtype)], dim=1)
        loss = soft_cross_entropy(known, rows)
        if self.symmetric:
            loss = (loss + soft_cross_entropy(logits.T, positive_rows(group))) / 2
        if self.queue and self.training:
            self._keep(y.detach(), group)
        return loss

    def _keep(self, y: torch.Tensor, group: torch.Tensor) -> None:
        earlier = self.earlier if len(self.earlier) else y[:0]
        self.earlier = torch.cat([y, earlier])[: self.queue]
        self.earlier_group = torch.cat([group, self.earlier_group])[: self.queue]

    def constrain(self) -> None:
        """Bring the temperature back to where it may be."""
        self.temperature.constrain()

    def _load_from_state_dict(self, state_dict, prefix, *args, **kwargs) -> None:
        # The queue has as many entries as were seen, so its size is that of what is loaded.
        for name in ("earlier", "earlier_group"):
            if prefix + name in state_dict:
                here = getattr(self, name).device
                setattr(self, name, torch.empty_like(state_dict[prefix + name], device=here))
        super()._load_from_state_dict(state_dict, prefix, *args, **kwargs)


class SoftClip(nn.Module):
    """Cross entropy to how like the targets are each other, in both directions.

    Its least value is the entropy of those likenesses, not zero.

    Parameters
    ----------
    temperature : float
        Of predictions and of targets.

    References
    ----------
    Scotti et al. 2023, arXiv 2305.18274, eq. 2 (SoftCLIP).
    """

    def __init__(self, temperature: float = 0.125):
        super().__init__()
        self.temperature = temperature

    def forward(
        self, x: torch.Tensor, y: torch.Tensor, group: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Give the loss; `group` plays no part, for equal targets are alike by themselves."""
        del group
        x, y = sides(x, y, "xy")
        rows = ((y @ y.T).float() / self.temperature).softmax(dim=1)
        logits = x @ y.T / self.temperature
        return (soft_cross_entropy(logits, rows) + soft_cross_entropy(logits.T, rows)) / 2


class BiMixCo(nn.Module):
    """Cross entropy of predictions from mixed inputs to both targets that were mixed.

    Parameters
    ----------
    temperature : float
    share : float
        Of the trials that are mixed with another one.
    beta : float
        Both parameters of the Beta distribution that weights are drawn from.
    compat : bool
        As published: a trial that is mixed with itself has its weight overwritten, and what a
        target is told from the predictions by is no distribution.

    References
    ----------
    Scotti et al. 2023, arXiv 2305.18274, eq. 1 (BiMixCo); Kim et al. 2020, arXiv 2010.06300.
    """

    def __init__(
        self,
        temperature: float = 0.006,
        share: float = 0.5,
        beta: float = 0.15,
        compat: bool = False,
    ):
        super().__init__()
        self.temperature = temperature
        self.share = share
        self.beta = beta
        self.compat = compat

    def draw(self, kinds: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Draw the partner of each trial, one of its own kind, and its own weight.

        Parameters
        ----------
        kinds : Tensor of int64, shape (n,)
            Only trials of one kind may be mixed, such as those of one person.

        Returns
        -------
        partner : Tensor of int64, shape (n,)
        weight : Tensor, shape (n,)
            One where a trial is left as it is.
        """
        n, device = len(kinds), kinds.device
        beta = torch.tensor(self.beta, device=device)
        weight = torch.distributions.Beta(beta, beta).sample((n,))
        weight = torch.where(torch.rand(n, device=device) < self.share, weight, 1.0)
        shuffled = torch.randperm(n, device=device)
        partner = torch.empty_like(shuffled)
        partner[torch.argsort(kinds, stable=True)] = shuffled[
            torch.argsort(kinds[shuffled], stable=True)
        ]
        return partner, weight

    def mixed(
        self, inputs: torch.Tensor, partner: torch.Tensor, weight: torch.Tensor
    ) -> torch.Tensor:
        """Give mixed inputs; what was handed over is left as it is."""
        weight = weight.reshape(-1, *[1] * (inputs.ndim - 1)).to(inputs.dtype)
        return weight * inputs + (1 - weight) * inputs[partner]

    def forward(
        self,
        x: torch.Tensor,
        y: torch.Tensor,
        group: torch.Tensor | None = None,
        *,
        partner: torch.Tensor | None = None,
        weight: torch.Tensor | None = None,
    ) -> torch.Tensor:
        """Give the loss of predictions from mixed inputs; unmixed ones without a partner."""
        x, y = sides(x, y, "xy")
        logits = x @ y.T / self.temperature
        n = len(x)
        each = torch.arange(n, device=x.device)
        rows = torch.eye(n, device=x.device)
        if partner is not None and weight is not None:
            weight = weight.float()
            if self.compat:
                rows[each, each] = weight
                rows[each, partner] = 1 - weight
            else:
                rows = torch.diag(weight).index_put((each, partner), 1 - weight, accumulate=True)
        if group is not None:
            rows = rows @ positive_rows(group)
        columns = rows.T
        if not self.compat:
            total = columns.sum(dim=1, keepdim=True)
            # A target that no input holds any more tells nothing.
            columns = torch.where(total > 0, columns / total.clamp(min=1e-12), 0.0)
        return (soft_cross_entropy(logits, rows) + soft_cross_entropy(logits.T, columns)) / 2


class SigLip(nn.Module):
    """Tell of each pair of prediction and target by itself whether it belongs together.

    Parameters
    ----------
    scale, bias : float
        What cosines are multiplied by and moved by, at first; both are learned.

    References
    ----------
    Zhai et al. 2023, arXiv 2303.15343, algorithm 1. Pairs whose targets are the same, or of one
    group, are positive.
    """

    def __init__(self, scale: float = 10.0, bias: float = -10.0):
        super().__init__()
        self.temperature = Temperature("learned", first=1 / scale)
        self.bias = nn.Parameter(torch.tensor(float(bias)))

    def forward(
        self, x: torch.Tensor, y: torch.Tensor, group: torch.Tensor | None = None
    ) -> torch.Tensor:
        """Give the loss: the sum over targets, the mean over predictions."""
        x, y = sides(x, y, "xy")
        together = (y @ y.T >= _SAME) | torch.eye(len(y), dtype=torch.bool, device=y.device)
        if group is not None:
            together = together | (group[:, None] == group[None, :])
        logits = (x @ y.T).float() * self.temperature() + self.bias
        return -logsigmoid(torch.where(together, logits, -logits)).sum(dim=1).mean()

    def constrain(self) -> None:
        """Bring the temperature back to where it may be."""
        self.temperature.constrain()


def sides(x: torch.Tensor, y: torch.Tensor, normalise: Sides) -> tuple[torch.Tensor, torch.Tensor]:
    """Bring the sides that `normalise` names to length one."""
    return (
        normalize(x, dim=-1) if "x" in normalise else x,
        normalize(y, dim=-1) if "y" in normalise else y,
    )
