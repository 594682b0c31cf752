"""The loss of an aligner: trials are read, scaled and placed, then told by their targets."""

import torch
from torch import nn

from neurodecode.models.align._layouts import Tables
from neurodecode.models.align._options import LossOptions
from neurodecode.nn.losses import BiMixCo, Clip, SigLip, SoftClip
from neurodecode.train.source import Batch

Inputs = tuple[torch.Tensor, torch.Tensor, torch.Tensor | None]


class Reading(nn.Module):
    """What a module is handed of a batch: scaled trials, subjects, positions of sensors.

    Parameters
    ----------
    tables : Tables
        Of the trials at hand.
    n_baseline : int
        Samples whose mean is taken off first.
    clamp : float or None
        Largest size of what was scaled.
    n_chans : int
        Of the module; tables of smaller layouts are filled up.
    flat : bool
        Whether a trial is handed over as a row of numbers.
    """

    center: torch.Tensor
    scale: torch.Tensor
    positions: torch.Tensor | None

    def __init__(
        self,
        tables: Tables,
        n_baseline: int,
        clamp: float | None,
        n_chans: int,
        *,
        flat: bool = False,
    ):
        super().__init__()
        self.n_baseline, self.clamp, self.flat = n_baseline, clamp, flat
        more = max(0, n_chans - tables.n_channels)
        center = nn.functional.pad(torch.from_numpy(tables.center), (0, more))
        scale = nn.functional.pad(torch.from_numpy(tables.scale), (0, more), value=1.0)
        self.register_buffer("center", center, persistent=False)
        self.register_buffer("scale", scale, persistent=False)
        positions = None if tables.positions is None else torch.from_numpy(tables.positions)
        self.register_buffer("positions", positions, persistent=False)

    def forward(self, batch: Batch) -> Inputs:
        """Give what the module is called with."""
        X, layout = batch["X"], batch["layout"]
        n = X.shape[1]
        center, scale = (one[layout, :n] for one in (self.center, self.scale))
        if X.ndim == 3:
            center, scale = center.unsqueeze(-1), scale.unsqueeze(-1)
            if self.n_baseline:
                X = X - X[..., : self.n_baseline].mean(dim=-1, keepdim=True)
        X = (X - center) / scale
        if self.clamp is not None:
            X = X.clamp(-self.clamp, self.clamp)
        X = X.flatten(1) if self.flat else X
        positions = self.positions
        if positions is not None:  # of one layout they are read once, not once a trial
            positions = positions[0] if len(positions) == 1 else positions[layout]
        return X, batch["subject"], positions


class Objective(nn.Module):
    """Contrastive loss and mean squared error of a module and a batch, weighed by λ and 1 - λ.

    Parameters
    ----------
    read, read_val : Reading
        Of training and of validation trials.
    contrast : torch Module
    clip_weight : float
        λ.
    rms : float
        Standard deviation of the targets' entries, in units of which errors are.
    """

    among_others = True

    def __init__(
        self,
        read: Reading,
        read_val: Reading | None,
        contrast: nn.Module,
        clip_weight: float,
        rms: float,
    ):
        super().__init__()
        self.read, self.read_val = read, read_val
        self.contrast = contrast
        self.clip_weight, self.rms = clip_weight, rms

    def forward(self, module: nn.Module, batch: Batch) -> tuple[torch.Tensor, float]:
        """Give the loss of a batch, and its number of trials."""
        read = self.read if self.training or self.read_val is None else self.read_val
        X, subject, positions = read(batch)
        mixed, y = {}, batch["y"]
        if self.training and isinstance(self.contrast, BiMixCo):
            # Only what one person's sensors or voxels say may be mixed.
            kinds = (subject + 1) * len(read.center) + batch["layout"]
            partner, weight = self.contrast.draw(kinds)
            X = self.contrast.mixed(X, partner, weight)
            mixed = {"partner": partner, "weight": weight}
        said = module(X, subject, positions)
        # Similarities of bfloat16 would have three digits, and a temperature multiplies them.
        with torch.autocast(X.device.type, enabled=False):
            value = torch.zeros((), device=X.device)
            if "clip" in said:
                told = self.contrast(said["clip"].float(), y, batch["group"], **mixed)
                value = value + self.clip_weight * told
            if "mse" in said:
                # Of a mixed trial what is predicted is mixed, too; as published it was not.
                target, contrast = y, self.contrast
                if mixed and isinstance(contrast, BiMixCo) and not contrast.compat:
                    target = contrast.mixed(y, **mixed)
                error = nn.functional.mse_loss(said["mse"].float(), target / self.rms)
                value = value + (1 - self.clip_weight) * error
        return value, float(len(y))

    def constrain(self) -> None:
        """Bring the temperature back to where it may be."""
        constrain = getattr(self.contrast, "constrain", None)
        if constrain is not None:
            constrain()


def contrast_of(options: LossOptions) -> nn.Module:
    """Make the contrastive loss that options name."""
    tau = options.temperature
    if options.kind == "clip":
        learned = "learned" if tau is None else tau
        return Clip(options.normalise, options.symmetric, learned, options.queue)
    if options.kind == "siglip":
        return SigLip()
    number = None if isinstance(tau, str) else tau
    if options.kind == "soft_clip":
        return SoftClip() if number is None else SoftClip(number)
    return BiMixCo(0.006 if number is None else number, options.share, options.beta, options.compat)
