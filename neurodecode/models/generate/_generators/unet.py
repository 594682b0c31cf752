"""A small diffusion model of pictures, trained here on what is told of them."""

import math
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import torch
from torch import nn

from neurodecode.core.errors import ConfigError, DataError
from neurodecode.core.hugging_face import import_hugging_face
from neurodecode.core.training import resolve_device, training_place
from neurodecode.models.generate._contract import Conditions
from neurodecode.models.generate._links import codec_of, look_at, with_state
from neurodecode.models.generate._once import fitted_once
from neurodecode.models.generate._sampling import (
    Tensors,
    check_scheduler,
    check_steps,
    draw,
    scheduler_of,
)
from neurodecode.models.generate._training import Learnt, module_of, start, train_steps
from neurodecode.nn.pictures import from_tensor, signed, to_tensor, unsigned
from neurodecode.steps._input import check_count
from neurodecode.train.source import Batch
from neurodecode.train.training import Training

_WHERE = "unet"
# At the last of the times nothing is left of a picture: the model is asked for a mixture of noise
# and picture that has an answer there, and steps begin there.
_NOISE = {
    "num_train_timesteps": 1000,
    "beta_schedule": "squaredcos_cap_v2",
    "prediction_type": "v_prediction",
    "clip_sample": False,
    "timestep_spacing": "trailing",
}


class Unet(Learnt):
    """Draw pictures by a U-Net that attends to what is told, in the latent space of a codec.

    985,444 parameters at 4 x 8 x 8 latents and tokens of 32, beside those that bring what is told
    to tokens of that width.

    Parameters
    ----------
    codec : mapping or None
        Whose latents are drawn, such as ``{autoencoder: {}}``; None draws pixels.
    channels : tuple of int
        Of each level; each after the first is half as wide and high.
    width : int
        Of a token.
    n_tokens : int
        That a vector is brought to; what comes as tokens keeps its number.
    drop : float
        Share of training pictures of which nothing is told: their tokens are zero.
    n_updates, batch_size : int
    lr : float
        Of AdamW, at the top of one cycle.
    scheduler : {"ddim", "ddpm", "dpm_solver", "unipc"}
    steps : int
        From noise to a picture.
    guidance : float
        How far what is told is followed; 1 draws from what could have been, more from less of it.
    strength : float
        Of a picture that drawing starts from, how far it is forgotten.
    random_state : int or None
        Of training; of a link within a model, None is the model's.

    Attributes
    ----------
    codec_ : Codec or None
    latent_mean_, latent_std_ : float
        Of the training latents, in units of which they are drawn.
    moments_ : dict of str to tuple of ndarray
        Mean and standard deviation of each condition over training pictures.
    weights_ : dict of str to ndarray

    References
    ----------
    Rombach et al. 2022, arXiv 2112.10752 (latents, cross-attention); Ho & Salimans 2022, arXiv
    2207.12598; Salimans & Ho 2022, arXiv 2202.00512 (v); Lin et al. 2024, arXiv 2305.08891 (steps
    that begin where nothing is left).
    """

    drawing: ClassVar[tuple[str, ...]] = ("scheduler", "steps", "guidance", "strength")

    def __init__(
        self,
        codec: dict[str, Any] | None = None,
        channels: tuple[int, ...] = (32, 64),
        width: int = 32,
        n_tokens: int = 8,
        drop: float = 0.1,
        n_updates: int = 1500,
        batch_size: int = 64,
        lr: float = 2e-3,
        scheduler: Literal["ddim", "ddpm", "dpm_solver", "unipc"] = "ddim",
        steps: int = 20,
        guidance: float = 3.0,
        strength: float = 0.75,
        random_state: int | None = None,
    ):
        self.codec = codec
        self.channels = channels
        self.width = width
        self.n_tokens = n_tokens
        self.drop = drop
        self.n_updates = n_updates
        self.batch_size = batch_size
        self.lr = lr
        self.scheduler: Literal["ddim", "ddpm", "dpm_solver", "unipc"] = scheduler
        self.steps = steps
        self.guidance = guidance
        self.strength = strength
        self.random_state = random_state

    def check(self) -> None:
        """Refuse arguments that cannot be meant, before anything is trained."""
        check_count(self.n_updates, "n_updates", self)
        check_steps(self.steps, self.strength, _WHERE)
        check_scheduler(self.scheduler, _WHERE)
        if not 0 <= self.drop < 1:
            raise ConfigError(f"{_WHERE}: drop is {self.drop!r}. Give a share from 0 to below 1.")
        if self.drop == 0 and self.guidance != 1:
            raise ConfigError(
                f"{_WHERE}: guidance is {self.guidance:g}, and with drop 0 the model never learns "
                "what pictures are like of which nothing is told. Say drop: 0.1, or guidance: 1."
            )
        if self.codec is not None:
            codec_of(self.codec, f"{_WHERE}.codec")

    def hashes(self, cache: Path) -> dict[str, str]:
        """Give SHA-256 of every file of weights that its codec is made from."""
        codec = None if self.codec is None else codec_of(self.codec, f"{_WHERE}.codec")
        return look_at({} if codec is None else {"codec": codec}, cache)

    def fit(self, pictures: np.ndarray, conditions: Conditions) -> "Unet":
        """Learn training pictures, each with what is told of it.

        Parameters
        ----------
        pictures : ndarray, shape (n, height, width, channels)
        conditions : mapping of str to ndarray, shape (n, n_features) or (n, n_tokens, n_features)

        Raises
        ------
        ConfigError
            If an argument cannot be meant.
        DataError
            If nothing is told.
        """
        self.check()
        if not conditions:
            raise DataError(f"{_WHERE}: there are no conditions. Tell one at least.")
        self.shape_ = tuple(int(n) for n in pictures.shape[1:])
        link = None
        if self.codec is not None:
            link = with_state(codec_of(self.codec, f"{_WHERE}.codec"), self.random_state)
        self.codec_ = None if link is None else fitted_once(link, pictures)
        latents = self._latents(pictures)
        self.latent_shape_ = tuple(int(n) for n in latents.shape[1:])
        self._check_size()
        self.latent_mean_ = float(latents.mean(dtype=np.float64))
        self.latent_std_ = float(latents.std(dtype=np.float64)) or 1.0
        self.moments_, columns = {}, {}
        for name, one in sorted(conditions.items()):
            mean, sd = one.mean(axis=0, dtype=np.float64), one.std(axis=0, dtype=np.float64)
            moments = mean.astype(np.float32), np.where(sd > 0, sd, 1.0).astype(np.float32)
            self.moments_[name] = moments
            columns[f"told:{name}"] = ((one - moments[0]) / moments[1]).astype(np.float32)
        seed, module = start(self, self._build)
        columns["latent"] = (latents - self.latent_mean_) / self.latent_std_
        recipe = Training(batch_size=self.batch_size, lr=self.lr, weight_decay=0.01,
                          schedule="one_cycle", max_grad_norm=1.0)  # fmt: skip
        loss = _Denoising(scheduler_of("ddpm", _WHERE, **_NOISE), self.drop)
        self.history_ = train_steps(
            module, loss, columns, n_updates=self.n_updates, recipe=recipe, link=self,
            seed=seed,
        )  # fmt: skip
        self.weights_ = {k: v.numpy().copy() for k, v in module.state_dict().items()}
        return self

    def generate(
        self, conditions: Conditions, seeds: Any, init: np.ndarray | None = None
    ) -> np.ndarray:
        """Draw a picture for each row of the conditions.

        Parameters
        ----------
        conditions : mapping of str to ndarray
            By the names and of the sizes that it was fitted on.
        seeds : sequence of int
            One a picture.
        init : ndarray, shape (n, height, width, channels), optional
            Pictures to start from.

        Returns
        -------
        pictures : ndarray of float32, shape (n, height, width, channels)

        Raises
        ------
        ConfigError
            If no step would be run.
        DataError
            If a condition is missing, unknown, or of another size.
        """
        self.check()
        told = self._told(conditions, len(seeds))
        module: Any = module_of(self, self._build)
        device = resolve_device(training_place().device)
        module.to(device)
        with torch.inference_mode():
            tokens = module.tokens({k: v.to(device) for k, v in told.items()})
        start = None
        if init is not None:
            start = (self._latents(init) - self.latent_mean_) / self.latent_std_

        def say(noisy: torch.Tensor, time: torch.Tensor, told: Tensors) -> torch.Tensor:
            return module.unet(noisy, time, encoder_hidden_states=told["tokens"]).sample

        drawn = draw(
            say,
            scheduler_of(self.scheduler, _WHERE, **_NOISE),
            self.latent_shape_,
            seeds,
            conditions={"tokens": tokens},
            null={"tokens": torch.zeros_like(tokens[:1])},
            guidance=self.guidance,
            steps=self.steps,
            init=None if start is None else torch.from_numpy(start),
            strength=self.strength,
            where=_WHERE,
        )
        latents = drawn.numpy() * self.latent_std_ + self.latent_mean_
        if self.codec_ is not None:
            return self.codec_.decode(latents)
        return from_tensor(unsigned(torch.from_numpy(latents)))

    def _latents(self, pictures: np.ndarray) -> np.ndarray:
        if pictures.shape[1:] != self.shape_:
            raise DataError(
                f"{_WHERE}: pictures of {pictures.shape[1:]}, and it was fitted on {self.shape_}. "
                "Give the same height, width and channels."
            )
        if self.codec_ is None:
            return signed(to_tensor(pictures)).numpy()
        return self.codec_.encode(pictures)

    def _check_size(self) -> None:
        halved = 2 ** (len(self.channels) - 1)
        if len(self.latent_shape_) != 3 or any(n % halved for n in self.latent_shape_[1:]):
            raise ConfigError(
                f"{_WHERE}: what is drawn has shape {self.latent_shape_}, and {len(self.channels)} "
                f"levels need maps whose sides are multiples of {halved}. Give fewer channels, or "
                "a codec with such latents, as the autoencoder's are."
            )

    def _told(self, conditions: Conditions, n: int) -> dict[str, torch.Tensor]:
        if set(conditions) != set(self.moments_):
            raise DataError(
                f"{_WHERE}: conditions are {', '.join(sorted(conditions))}, and it was fitted on "
                f"{', '.join(self.moments_)}. Tell the same."
            )
        told = {}
        for name, (mean, sd) in self.moments_.items():
            one = np.asarray(conditions[name], dtype=np.float32)
            if one.shape != (n, *mean.shape):
                raise DataError(
                    f"{_WHERE}: {name!r} has shape {one.shape} for {n} pictures, and was fitted "
                    f"with {mean.shape} each. Give one row a seed."
                )
            told[name] = torch.from_numpy((one - mean) / sd)
        return told

    def _build(self) -> nn.Module:
        diffusers = import_hugging_face("diffusers", purpose="the generator unet")
        n_levels, n_latent = len(self.channels), self.latent_shape_[0]
        down = ["CrossAttnDownBlock2D"] * n_levels
        down[0] = "DownBlock2D"
        unet = diffusers.UNet2DConditionModel(
            sample_size=self.latent_shape_[1],
            in_channels=n_latent,
            out_channels=n_latent,
            down_block_types=tuple(down),
            up_block_types=tuple(one.replace("Down", "Up") for one in reversed(down)),
            block_out_channels=tuple(self.channels),
            layers_per_block=1,
            cross_attention_dim=self.width,
            attention_head_dim=4,
            norm_num_groups=8,
        )
        shapes = {name: mean.shape for name, (mean, _) in self.moments_.items()}
        return _Told(unet, shapes, self.width, self.n_tokens)


class _Told(nn.Module):
    """A U-Net, and what brings conditions to tokens of its width."""

    def __init__(self, unet: nn.Module, shapes: dict[str, tuple[int, ...]], width: int, n: int):
        super().__init__()
        self.unet, self.width = unet, width
        self.names = tuple(shapes)
        sizes = [(1, n * width, math.prod(s)) if len(s) == 1 else (s[0], width, math.prod(s[1:]))
                 for s in shapes.values()]  # fmt: skip
        self.maps = nn.ModuleList(nn.Linear(n_in, n_out) for _, n_out, n_in in sizes)
        # Attention sees a set: what tells one token from another must be in it.
        self.places = nn.ParameterList(
            nn.Parameter(0.02 * torch.randn(n_told * n_out // width, width))
            for n_told, n_out, _ in sizes
        )
        self.counts = [n_told for n_told, _, _ in sizes]

    def tokens(self, told: Tensors) -> torch.Tensor:
        """Give all that is told as tokens, shape (n, n_tokens, width)."""
        made = []
        for name, bring, place, count in zip(
            self.names, self.maps, self.places, self.counts, strict=True
        ):
            one = told[name]
            made.append(bring(one.reshape(len(one), count, -1)).reshape(len(one), -1, self.width)
                        + place)  # fmt: skip
        return torch.cat(made, dim=1)


class _Denoising:
    """Mean squared error of what the network says of noisy latents; of some nothing is told."""

    def __init__(self, scheduler: Any, drop: float):
        self.scheduler, self.drop = scheduler, drop

    def __call__(self, module: Any, batch: Batch) -> tuple[torch.Tensor, float]:
        latent = batch["latent"]
        n, n_times = len(latent), self.scheduler.config.num_train_timesteps
        # Spread evenly over the times: a batch's loss depends less on which were drawn.
        share = (torch.arange(n, device=latent.device) + torch.rand(n, device=latent.device)) / n
        time = (share[torch.randperm(n, device=latent.device)] * n_times).long()
        noise = torch.randn_like(latent)
        tokens = module.tokens({name: batch[f"told:{name}"] for name in module.names})
        kept = torch.rand(n, device=latent.device) >= self.drop
        tokens = tokens * kept[:, None, None]
        noisy = self.scheduler.add_noise(latent, noise, time)
        said = module.unet(noisy, time, encoder_hidden_states=tokens).sample
        wanted = self.scheduler.get_velocity(latent, noise, time)
        return nn.functional.mse_loss(said.float(), wanted), float(n)
